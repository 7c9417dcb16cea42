"""What people read for each finding: what is wrong, and what would mend it, in English and Chinese."""

from __future__ import annotations

TEXTS: dict[str, dict[str, tuple[str, str]]] = {
    "when-kind-unknown": {
        "en": ("no case can be of the kind {kind}", "use one of: {known}; or name the kind in [kinds]"),
        "zh": ("不会有类别为 {kind} 的案件", "请改用:{known};或在 [kinds] 中写上该类别"),
    },
    "clock-never-starts": {
        "en": (
            "the clock {clock} never starts, so none of its rungs fires",
            "name in `start` an action that someone may take, or a state that can be reached",
        ),
        "zh": ("时钟 {clock} 从不启动,其阶梯都不会触发", "请在 `start` 中写上有人可为的动作,或可到达的状态"),
    },
    "stops-what-it-starts": {
        "en": (
            "{action} starts the clock {clock} when it rests and ends it when it runs",
            "name it in one of the two",
        ),
        "zh": ("{action} 在时钟 {clock} 未运行时启动它,运行时又结束它", "请只在其一中写上"),
    },
    "clock-never-stops": {
        "en": (
            "nothing stops the clock {clock} while it runs: nobody can be in time",
            "name in `stop` what the clock waits for, or give a rung `then`",
        ),
        "zh": (
            "时钟 {clock} 运行时没有动作能使其停止:无人能够按时",
            "请在 `stop` 中写上所等待的动作,或为某级写上 `then`",
        ),
    },
    "rung-after-end": {
        "en": (
            "{level} never fires: at {before} the system takes {action}, which ends the clock",
            "take the rung away, or put `then` at the last rung",
        ),
        "zh": (
            "{level} 从不触发:{before} 时系统已进行 {action},时钟随之结束",
            "请去掉该级,或把 `then` 放在最后一级",
        ),
    },
    "state-out-of-reach": {
        "en": (
            "no case comes to the state {state}: every way there is barred by roles or guards",
            "let someone take an action that leads there",
        ),
        "zh": ("没有案件能到达状态 {state}:通往它的动作都被角色或守卫挡住", "请让某一角色可进行通往它的动作"),
    },
    "case-without-clock": {
        "en": ("no clock is for a case submitted with {case}", "let a clock without `when` catch the rest"),
        "zh": ("以 {case} 提交的案件没有任何时钟", "请设一个不带 `when` 的时钟兜底"),
    },
    "state-without-clock": {
        "en": (
            "no clock runs in the state {state}: a case may lie there for ever",
            "let a clock start no later than there, and stop at what ends the wait",
        ),
        "zh": (
            "处于状态 {state} 时没有时钟运行:案件可能无限期搁置",
            "请让某个时钟最迟在此启动,并在结束等待的动作处停止",
        ),
    },
    "pause-never-ends": {
        "en": (
            "{action} pauses the clock {clock}, and nothing lets it run on",
            "name in `resume` what ends the pause, or pause by a state that is left again",
        ),
        "zh": (
            "{action} 暂停时钟 {clock} 后,没有动作能使其继续",
            "请在 `resume` 中写上结束暂停的动作,或按状态暂停",
        ),
    },
    "endless-pause": {
        "en": (
            "{action} can pause the clock {clock} as often as anyone likes, so its deadline need never come",
            "let a case be paused once on any way through its states, or let the clock run on",
        ),
        "zh": (
            "{action} 可无限次暂停时钟 {clock},期限可永不到来",
            "请使流程中只能暂停一次,或不再暂停该时钟",
        ),
    },
    "endless-retraction": {
        "en": (
            "{action} can revive the clock {clock} as often as anyone likes, each time with the time since"
            " its stop as a pause",
            "take it out of `revive`, or live with it because only {roles} may {action}",
        ),
        "zh": (
            "{action} 可无限次恢复时钟 {clock},每次停止至恢复之间都算暂停",
            "请从 `revive` 中去掉该动作;或因只有 {roles} 可 {action} 而接受",
        ),
    },
    "endless-restart": {
        "en": (
            "{action} can begin the clock {clock} anew as often as anyone likes, each time with its full"
            " length",
            "cap it with a guard such as reopens_left or returns_left, or let the clock run through",
        ),
        "zh": (
            "{action} 可无限次重新启动时钟 {clock},每次都从头计时",
            "请用 reopens_left 或 returns_left 等守卫限次,或让时钟不中断",
        ),
    },
    "extension-outlives-rung": {
        "en": (
            "extensions of {cap} days may move {level} of the clock {clock} (due after {after}) to where,"
            " without them, {rungs} would have come",
            "lower limits.extensions or limits.extension_days, unless the law gives that much",
        ),
        "zh": (
            "延期 {cap} 天可把时钟 {clock} 的 {level}({after})推到原本 {rungs} 之时",
            "请降低 limits.extensions 或 limits.extension_days,除非依据允许",
        ),
    },
    "extension-uncapped": {
        "en": ("{action} may be taken as often as anyone likes", "give it the guard {guard}"),
        "zh": ("{action} 没有次数上限", "请加上守卫 {guard}"),
    },
    "extension-after-breach": {
        "en": ("{action} may come after the deadline", "give it the guard {guard}"),
        "zh": ("{action} 可在期限过后提出", "请加上守卫 {guard}"),
    },
    "notice-to-nobody": {
        "en": ("nobody is told of {level}", "name roles in `recipients`"),
        "zh": ("{level} 不通知任何人", "请在 `recipients` 中写上角色"),
    },
    "notice-to-program": {
        "en": (
            "{level} is told only to {roles}, which may do everything and so is a program, not a person",
            "name a role of people in `recipients`",
        ),
        "zh": (
            "{level} 只通知 {roles},它可进行一切动作,是程序而非人",
            "请在 `recipients` 中写上由人担任的角色",
        ),
    },
    "notice-without-unit": {
        "en": (
            "{level} is told only to {roles} of the unit that holds the case; in the state {state} there"
            " may be none",
            "add a role that is not bound to a unit, such as the dispatcher's",
        ),
        "zh": (
            "{level} 只通知承办单位的 {roles};处于 {state} 时可能尚无承办单位",
            "请加上不限单位的角色,例如分转人员",
        ),
    },
    "document-without-office": {
        "en": (
            "{document} goes with {level}, but no office over all cases is told that could issue it",
            "name among the recipients a role of scope `any`",
        ),
        "zh": ("{level} 附有{document},但没有通知可发文的部门", "请在收件角色中加上 scope 为 `any` 的角色"),
    },
    "horizon-too-near": {
        "en": (
            "{level} of the clock {clock} is {days} days away, but the calendar is certain only from {first}"
            " to {last}: for a case of {today} its instant is unknown (last certain start: {latest})",
            "extend the calendar; cases under way adopt it",
        ),
        "zh": (
            "时钟 {clock} 的 {level} 为 {days} 天,而日历只在 {first} 至 {last} 确定:{today} 的案件期限未知"
            "(最后可确定的起始日:{latest})",
            "请延长日历;在办案件可改用新日历",
        ),
    },
    "role-idle": {
        "en": (
            "the role {role} may do nothing and is told of nothing",
            "name it in actions, or take it away",
        ),
        "zh": ("角色 {role} 不能进行任何动作,也不收通知", "请写入某些动作,或去掉它"),
    },
    "action-for-nobody": {
        "en": ("nobody may {action}", "name roles, or take the action away"),
        "zh": ("没有人可以 {action}", "请写上角色,或去掉该动作"),
    },
    "role-never-acts": {
        "en": (
            "the role {role} acts only on cases that its unit holds, and where {action} is legal ({states})"
            " no unit ever does",
            "name a role that is not bound to a unit, or let the action be legal later",
        ),
        "zh": (
            "角色 {role} 只能处理本单位承办的案件,而可 {action} 之处({states})从无承办单位",
            "请改用不限单位的角色,或允许以后进行该动作",
        ),
    },
}
"""Code -> language -> (what is wrong, what would mend it)."""

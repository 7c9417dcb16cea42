"""What people read for each code, in English and Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_TEXTS: dict[str, tuple[str, str]] = {
    # values at the door
    "bad-instant": (
        "{what}: {found} is not an instant; write ISO 8601 such as 2025-03-03T09:30:00+08:00",
        "{what}:{found} 不是时间;请写成 ISO 8601,例如 2025-03-03T09:30:00+08:00",
    ),
    "naive-instant": (
        "{what}: {found} has no offset; add one, such as +08:00",
        "{what}:{found} 没有时区偏移;请补上,例如 +08:00",
    ),
    "unknown-zone": (
        "{what}: no zone is called {found}; use an IANA name such as Asia/Shanghai",
        "{what}:没有名为 {found} 的时区;请用 IANA 名称,例如 Asia/Shanghai",
    ),
    "empty-week": ("{what}: the working week is empty: {found}", "{what}:工作周为空:{found}"),
    "bad-horizon": (
        "{what}: the last certain day precedes the first: {found}",
        "{what}:最后确定日早于首日:{found}",
    ),
    "holiday-and-makeup": (
        "{what}: {found} is both a holiday and a make-up working day",
        "{what}:{found} 既是假日又是补班日",
    ),
    "bad-counting": (
        "{what}: {found}; use natural, working or elapsed, and roll none or next-working-day",
        "{what}:{found};应为 natural、working 或 elapsed,roll 为 none 或 next-working-day",
    ),
    "bad-count": (
        "{what}: {found}; give days or hours, one of them, 1 or more",
        "{what}:{found};请给出天数或小时数之一,至少为 1",
    ),
    "too-long": (
        "{what}: {found}; no count is longer than 36525 days, a hundred years",
        "{what}:{found};最长为 36525 天,即一百年",
    ),
    "no-such-date": (
        "{what}: {found} is no date of the years 1 to 9999",
        "{what}:{found} 不在公元 1 年至 9999 年之内",
    ),
    "hours-need-elapsed": (
        "{what}: hours can only be counted as elapsed, not {found}",
        "{what}:小时只能按 elapsed 计,不能按 {found}",
    ),
    "roll-needs-days": ("{what}: {found} does not go with elapsed", "{what}:{found} 不能与 elapsed 同用"),
    "calendar-needed": (
        "{what}: working days and rolling need a calendar; found {found}",
        "{what}:工作日与顺延需要日历;现为 {found}",
    ),
    "bad-name": (
        "{what}: {found} is not a name; printable characters, 1 to 200 of them",
        "{what}:{found} 不能作名称;须为 1 至 200 个可见字符",
    ),
    "bad-pause": ("{what}: {found}; a pause ends after it begins", "{what}:{found};暂停的结束须晚于开始"),
    "bad-bool": ("{what}: {found} is neither true nor false", "{what}:{found} 不是 true 或 false"),
    "bad-int": ("{what}: {found} is not a whole number", "{what}:{found} 不是整数"),
    "bad-date": (
        "{what}: {found} is not a day; write 2025-03-03",
        "{what}:{found} 不是日期;请写成 2025-03-03",
    ),
    "bad-option": ("{what}: {found}", "{what}:{found}"),
    "bad-lang": ("{what}: {found}; it is one of {missing}", "{what}:{found};应为 {missing} 之一"),
    "not-beside": ("{what} does not go with {found}", "{what} 不能与 {found} 同用"),
    "no-store": (
        "{what}: {found} is no store, and no function that opens one",
        "{what}:{found} 不是存储,也不是打开存储的函数",
    ),
    "past-horizon": (
        "{what}: the calendar {found} ends on {last}; give one that reaches further",
        "{what}:日历 {found} 止于 {last};请给出更长的日历",
    ),
    "clock-moves-back": ("{what}: {found} lies before the clock's time", "{what}:{found} 早于当前时钟"),
    # policies
    "policy-invalid": ("the policy has {count} problem{s}:", "政策文件有 {count} 处问题:"),
    "not-a-file": ("this is no file: {found}", "不是文件:{found}"),
    "too-large": ("the file is too large: {found}", "文件过大:{found}"),
    "too-deep": ("tables are nested too deeply: {found}", "表嵌套过深:{found}"),
    "bad-toml": ("this is not TOML: {found}", "不是合法的 TOML:{found}"),
    "not-utf8": ("this is not UTF-8: {found}", "不是 UTF-8:{found}"),
    "unknown-policy": (
        "no shipped policy and no file is called {found}; shipped are: wuhu",
        "没有名为 {found} 的内置政策或文件;内置政策:wuhu",
    ),
    "unknown-key": ("unknown key {found}", "未知的键 {found}"),
    "missing-key": ("the key is missing", "缺少此键"),
    "wrong-type": ("wrong type: {found}", "类型不对:{found}"),
    "not-finite": ("not a finite number: {found}", "不是有限数:{found}"),
    "unknown-format": ("format {found} is not known; this version reads 1", "未知格式 {found};本版本只读 1"),
    "unknown-state": ("no state is called {found}", "没有名为 {found} 的状态"),
    "unknown-role": ("no role is called {found}", "没有名为 {found} 的角色"),
    "unknown-guard": ("no guard is called {found}", "没有名为 {found} 的守卫"),
    "unknown-stage": ("no stage is called {found}", "没有名为 {found} 的阶段"),
    "unknown-scope": ("scope is own, unit or any; found {found}", "scope 应为 own、unit 或 any;现为 {found}"),
    "unknown-field-type": ("no field type is called {found}", "没有名为 {found} 的字段类型"),
    "unknown-calendar": ("no calendar is called {found}", "没有名为 {found} 的日历"),
    "unknown-clock-target": ("no action or state is called {found}", "没有名为 {found} 的动作或状态"),
    "unknown-occasion": (
        "{found} is no occasion; write an action, event:NAME, rung:LEVEL or rung:CLOCK/LEVEL",
        "{found} 不是通知时机;请写动作、event:名称、rung:级别或 rung:时钟/级别",
    ),
    "notice-says-nothing": ("a notice needs both on and to", "通知须同时写明 on 与 to"),
    "issuer-not-over-all": (
        "the issuer {found} must be a role whose scope is any",
        "签发角色 {found} 的范围须为 any",
    ),
    "unknown-then": ("no action is called {found}", "没有名为 {found} 的动作"),
    "then-needs-fields": (
        "the system cannot take {found} by itself: it needs fields, a reason or another case",
        "系统无法自行进行 {found}:它需要字段、理由或另一案件",
    ),
    "extends-itself": ("extending {found} comes back to this file", "extends {found} 又回到本文件"),
    "unknown-subject": (
        "subject is empty, unit or co_handler; found {found}",
        "subject 应为空、unit 或 co_handler;现为 {found}",
    ),
    "unknown-rung-kind": (
        "kind is warning or breach; found {found}",
        "kind 应为 warning 或 breach;现为 {found}",
    ),
    "unreachable-state": ("no action leads to the state {found}", "没有动作能到达状态 {found}"),
    "no-way-to-an-end": ("no way leads from the state {found} to an end", "状态 {found} 无法到达终点"),
    "no-end": ("no state is final", "没有终点状态"),
    "no-start": (
        "no action starts a case; give submit the move start",
        "没有动作能开始案件;请为 submit 写上 start",
    ),
    "start-not-submit": (
        "only submit may start a case; found {found}",
        "只有 submit 能开始案件;现为 {found}",
    ),
    "fields-of-built-in": (
        "a built-in action brings its own fields; found {found}",
        "内置动作自带字段;现为 {found}",
    ),
    "reserved-name": ("{found} is reserved", "{found} 是保留名称"),
    "rungs-out-of-order": ("rungs rise in time; found {found}", "阶梯须按时间递增;现为 {found}"),
    "level-twice": ("the level {found} stands twice in one ladder", "同一阶梯中级别 {found} 重复"),
    "soft-after-hard": ("a warning after the first breach: {found}", "提醒晚于首个违限级别:{found}"),
    "no-rungs": ("the clock has no rungs", "时钟没有阶梯"),
    "placeholder-completes": (
        "a clock that stops on completion never stops on a placeholder; found {found}",
        "办结时钟不得因占位回复停止;现为 {found}",
    ),
    "calendar-unavailable": ("the calendar cannot be read: {found}", "无法读取日历:{found}"),
    # scenarios
    "scenario-invalid": ("the scenario has {count} problem{s}:", "情景文件有 {count} 处问题:"),
    "unknown-scenario": (
        "no shipped scenario and no file is called {found}; shipped are: city",
        "没有名为 {found} 的内置情景或文件;内置情景:city",
    ),
    "scenario-action": (
        "the policy has no action {found}, which this needs; leave it out or set it to 0",
        "政策中没有所需的动作 {found};请删去此键或设为 0",
    ),
    "unknown-kind": ("the policy has no kind {found}", "政策中没有类别 {found}"),
    "unknown-reason": ("the policy has no reason {found}", "政策中没有理由 {found}"),
    "not-a-share": ("a share is 0 to 1; found {found}", "比例应为 0 至 1;现为 {found}"),
    "negative": (
        "numbers are 0 or more, and not all of them 0; found {found}",
        "数值不得为负,且不得全为 0;现有 {found}",
    ),
    "too-few": ("the number is too small: {found}", "数目过小:{found}"),
    "too-many-days": ("at most {found} days can be simulated", "最多可模拟 {found} 天"),
    "wrong-length": ("so many numbers stand here: {found}", "数字的个数不对:{found}"),
    "bad-spread": ("the spread is 1 or more; found {found}", "spread 至少为 1;现为 {found}"),
    "bad-percent": (
        "quantiles go by percents from 0 to 100; found {found}",
        "分位数按 0 至 100 的百分数;现有 {found}",
    ),
    "not-rising": ("quantiles rise from 0; found {found}", "分位数须自 0 递增;现为 {found}"),
    "bad-hours": (
        "hours are written 08:30-12:00, on quarters of an hour; found {found}",
        "时间写作 08:30-12:00,以一刻钟为单位;现为 {found}",
    ),
    "unknown-weekday": (
        "weekdays are mon, tue, wed, thu, fri, sat, sun; found {found}",
        "星期写作 mon、tue、wed、thu、fri、sat、sun;现为 {found}",
    ),
    "never-works": ("this office never works", "该办公时间为空"),
    "bad-choice": ("not one of the choices: {found}", "不在可选值内:{found}"),
    "bad-change": (
        "{found} is no change; write CLOCK.LEVEL=3 days, or a scenario's key such as units.X.officers=+2",
        "{found} 不是可用的改动;请写 CLOCK.LEVEL=3 days,或情景文件的键,例如 units.X.officers=+2",
    ),
    "unknown-change": (
        "{found}: {what} is unknown there; known are {missing}",
        "{found}:此处没有 {what};可用的有 {missing}",
    ),
    "useless-change": (
        "{found} would change nothing once the scenario is read; use {missing}",
        "{found} 在情景读入后不再起作用;请用 {missing}",
    ),
    "nothing-to-fit": (
        "{what}: {found} cases with an instant of submission and a reply; too few to fit",
        "{what}:只有 {found} 件有提交和答复时间,不足以拟合",
    ),
    # refusals
    "unknown-action": ("the policy has no action {action}", "政策中没有动作 {action}"),
    "not-in-state": (
        "is {state}, which accepts {missing}; got {action}",
        "处于 {state},可用动作为 {missing};收到 {action}",
    ),
    "case-exists": ("exists already; got {action}", "已经存在;收到 {action}"),
    "case-incomplete": (
        "holds an event this version does not know ({found}); upgrade before {action}",
        "含有本版本不认识的事件({found});请升级后再 {action}",
    ),
    "state-unknown": ("is {state}, which the new rules do not know", "处于 {state},新规则中没有此状态"),
    "role-may-not": (
        "the role {found} may not {action}; these may: {missing}",
        "角色 {found} 不得 {action};可由 {missing} 进行",
    ),
    "not-your-case": ("belongs to another citizen; {action} is for its own", "属于其他公民;{action} 限本人"),
    "not-your-unit": (
        "is held by {missing}; the unit {found} may not {action}",
        "由 {missing} 承办;单位 {found} 不得 {action}",
    ),
    "in-the-future": ("effective_at lies in the future", "生效时间在将来"),
    "may-not-backdate": ("this role may not record a fact late", "该角色无权补记"),
    "before-submission": ("effective_at lies before the submission", "生效时间早于提交"),
    "before-reopening": (
        "effective_at lies before the case was reopened; the cycle before that is over",
        "生效时间早于重新开启,此前一轮已经结束",
    ),
    "field-missing": ("{action} needs {missing}", "{action} 缺少 {missing}"),
    "field-unknown": (
        "{action} has no field {found}; it has {missing}",
        "{action} 没有字段 {found};可用 {missing}",
    ),
    "field-not-text": ("{found} is not text", "{found} 不是文本"),
    "field-not-a-choice": ("{found} is not one of the choices", "{found} 不在可选值内"),
    "field-not-printable": ("{found} is too long or not printable", "{found} 过长或含不可见字符"),
    "field-not-int": ("{found} is not a whole number", "{found} 不是整数"),
    "field-not-bool": ("{found} is neither true nor false", "{found} 不是布尔值"),
    "field-out-of-range": ("{found} is out of range", "{found} 超出范围"),
    "field-not-names": (
        "{found} is not a list of names, 1 to 100 texts",
        "{found} 不是名称列表(1 至 100 个文本)",
    ),
    "nothing-to-redact": (
        "holds no text called {found}; it holds {missing}",
        "没有名为 {found} 的文本;现有 {missing}",
    ),
    "field-not-sha256": ("{found} is not 64 hexadecimal digits", "{found} 不是 64 位十六进制"),
    "text-too-long": ("{found}: text longer than 100,000 characters", "{found}:文本超过 100,000 字"),
    "text-with-nul": ("{found}: text with a NUL character", "{found}:文本含 NUL 字符"),
    "text-with-surrogate": ("{found}: text with a lone surrogate", "{found}:文本含孤立代理项"),
    "bad-case-id": (
        "the case id {found} is not usable: 1 to 200 printable characters without spaces at the ends",
        "案件编号 {found} 不可用:须为 1 至 200 个可见字符,首尾无空格",
    ),
    "no-unit": ("no unit holds the case; {missing} first", "尚无承办单位;请先 {missing}"),
    "no-document": (
        "no numbered document {found} was issued; there are: {missing}",
        "没有签发过编号文书 {found};现有:{missing}",
    ),
    "document-void": ("the document {found} is void", "文书 {found} 已作废"),
    "not-your-document": (
        "the document is addressed to {missing}; the unit {found} may not sign for it",
        "文书发往 {missing};单位 {found} 不得签收",
    ),
    "no-reply": ("no public reply stands; {missing} first", "尚无公开答复;请先 {missing}"),
    "already-rated": ("was rated already", "已经评价过"),
    "returns-used-up": ("was returned {found} times, which is the cap", "已退单 {found} 次,达到上限"),
    "reopens-used-up": ("was reopened {found} times, which is the cap", "已重开 {found} 次,达到上限"),
    "clock-not-running": ("the clock does not run", "时钟未在运行"),
    "extensions-used-up": ("was extended {found} times, which is the cap", "已延期 {found} 次,达到上限"),
    "extension-too-long": ("the extension is too long: {found} days", "延期过长:{found} 天"),
    "after-breach": ("the deadline has passed; ask before it does", "期限已过;延期须在期限前申请"),
    "no-extension-pending": ("no extension was asked for; {missing} first", "没有待批的延期;请先 {missing}"),
    "extension-already-pending": ("an extension waits for {missing}", "已有延期等待 {missing}"),
    "rectification-not-linked": (
        "the rectification {found} is not waiting; {missing}",
        "整改 {found} 不在待核之列;{missing}",
    ),
    "rectification-open": ("waits for the rectifications {missing}", "尚有整改未核实:{missing}"),
    "primary-unknown": ("no primary case {found}", "没有主案件 {found}"),
    "merge-cycle": ("merging into {found} would be a cycle", "并入 {found} 会形成循环"),
    "primary-ended": ("the primary {found} is ended; {missing}", "主案件 {found} 已结束;{missing}"),
    "primary-is-younger": (
        "the clock of {found} started later; it cannot be primary",
        "{found} 的时钟开始较晚,不能作主案件",
    ),
    "may-not-adopt": (
        "the role {found} may not take over cases; these may: {missing}",
        "角色 {found} 不得接收既有案件;可由 {missing} 进行",
    ),
    "adopt-state": (
        "no case can be taken over in the state {found}; the open ones are {missing}",
        "不能以状态 {found} 接收案件;可用的未结状态:{missing}",
    ),
    "adopt-future": ("{found} lies after the takeover", "{found} 晚于接收时间"),
    "adopt-before-submission": ("{found} lies before submitted_at", "{found} 早于 submitted_at"),
    "adopt-pause": ("a pause ends after it begins", "暂停的结束须晚于开始"),
    "adopt-no-pause": ("the policy pauses no clock; name the clock", "该政策不暂停任何时钟;请写明时钟"),
    "adopt-clock": (
        "no clock {found} is for this case; it has {missing}",
        "本案没有时钟 {found};有 {missing}",
    ),
    "adopt-since": (
        "stands in {state}, which {found} hangs on: {missing} is needed",
        "处于 {state},与 {found} 有关:需要 {missing}",
    ),
    "inherited": ("was due before the case was taken over", "在接收案件之前已到期"),
    # stores
    "unknown-case": ("no case has the id {case}", "没有编号为 {case} 的案件"),
    "stale": (
        "case {case} is at version {found}, not {expected}: load it again",
        "案件 {case} 的版本是 {found},不是 {expected}:请重新读取",
    ),
    "key-reused": (
        "the key {key} of {actor} belongs to another command",
        "{actor} 的幂等键 {key} 已用于另一命令",
    ),
    "store-foreign": ("{path} is not a caseflow store: {found}", "{path} 不是 caseflow 数据库:{found}"),
    "store-newer": (
        "{path} has schema {found}, newer than this version reads ({known}); upgrade caseflow",
        "{path} 的结构版本为 {found},高于本版本({known});请升级 caseflow",
    ),
    "store-older": (
        "{path} has schema {found}, older than this version needs ({known}); run: caseflow store migrate"
        " --store URL",
        "{path} 的结构版本为 {found},低于本版本所需({known});请运行:caseflow store migrate --store URL",
    ),
    "store-read-only": ("{path} cannot be written: {found}", "{path} 不可写:{found}"),
    "store-busy": (
        "{path} is locked by another process for longer than {seconds} s; try again",
        "{path} 被其他进程锁定超过 {seconds} 秒;请重试",
    ),
    "store-full": (
        "{path}: there is no room left ({found}); nothing of the change was kept; make room and try again",
        "{path}:存储空间已满({found});本次更改未保存;请腾出空间后重试",
    ),
    "store-failed": ("{path}: {found}", "{path}:{found}"),
    "store-not-branched": (
        "a {found} cannot be copied for a branch; use a MemoryStore or a SqliteStore",
        "{found} 无法复制为分支;请使用 MemoryStore 或 SqliteStore",
    ),
    "store-url-quoting": (
        "the store's URL has an @ after its host: write @, / and : of a user or password as %40, %2F and %3A",
        "存储 URL 的主机之后含有 @:用户名或密码中的 @、/、: 请写作 %40、%2F、%3A",
    ),
    "store-url": (
        "{found} is no store URL; write sqlite:///relative.db, sqlite:////absolute.db,"
        " postgresql://user@host/database or mariadb://user@host/database",
        "{found} 不是存储地址;请写 sqlite:///relative.db、sqlite:////absolute.db、"
        "postgresql://user@host/database 或 mariadb://user@host/database",
    ),
    "store-driver": (
        "no driver for this database is installed ({found}); install caseflow-gov[postgres] or [mariadb]",
        "未安装该数据库的驱动({found});请安装 caseflow-gov[postgres] 或 [mariadb]",
    ),
    "store-missing": (
        "{path} holds no caseflow tables; run: caseflow store init --store URL",
        "{path} 中没有 caseflow 的数据表;请运行:caseflow store init --store URL",
    ),
    "bad-part": (
        "{found} is no part of a sweep; the first of four is (1, 4), or --part 1/4",
        "{found} 不是扫描的分片;四分之一写作 (1, 4),或 --part 1/4",
    ),
    "store-diverged": (
        "case {case} went on differently in the two stores (here: {found}); nothing of its page was copied",
        "案件 {case} 在两处存储中的历史不同(此处:{found});该批案件均未复制",
    ),
    # the audit
    "audit-no-case": ("case {case}: rows without their case: {found}", "案件 {case}:有行而无案件:{found}"),
    "audit-gap": (
        "case {case}, version {version}: the event is missing; version {found} stands in its place",
        "案件 {case},版本 {version}:事件缺失,其位置为版本 {found}",
    ),
    "audit-chain": (
        "case {case}, version {version}: the event does not fit its hash, or not the event before",
        "案件 {case},版本 {version}:事件与其哈希或前一事件不符",
    ),
    "audit-tail": (
        "case {case}, version {version}: the events end here, the case's row says version {found}",
        "案件 {case},版本 {version}:事件到此为止,案件行所载版本为 {found}",
    ),
    "audit-head": (
        "case {case}, version {version}: the head of the chain is not the last event's hash",
        "案件 {case},版本 {version}:链首与末个事件的哈希不符",
    ),
    "audit-event": ("case {case}: an event cannot be read: {found}", "案件 {case}:有事件无法读取:{found}"),
    "audit-column": (
        "case {case}, version {version}: the column {found} is not what the events lead to",
        "案件 {case},版本 {version}:列 {found} 与事件所得不符",
    ),
    "audit-snapshot": (
        "case {case}, version {version}: the snapshot is not what the events lead to",
        "案件 {case},版本 {version}:快照与事件所得不符",
    ),
    "audit-text": (
        "case {case}, version {version}: the text {found} does not fit its hash",
        "案件 {case},版本 {version}:文本 {found} 与其哈希不符",
    ),
    "audit-text-extra": (
        "case {case}, version {version}: no event speaks of the text {found}",
        "案件 {case},版本 {version}:没有事件提及文本 {found}",
    ),
    "audit-text-lost": (
        "case {case}, version {version}: the text {found} is gone and was not redacted",
        "案件 {case},版本 {version}:文本 {found} 缺失,且未经删除",
    ),
    "audit-text-back": (
        "case {case}, version {version}: the text {found} is there although it was redacted",
        "案件 {case},版本 {version}:文本 {found} 已删除却仍在",
    ),
    "audit-version": (
        "case {case}: a row of {found} speaks of version {version}, which the case does not have",
        "案件 {case}:{found} 所指版本 {version} 不存在",
    ),
    "audit-kind": (
        "case {case}, version {version}: {found} holds a value of another kind",
        "案件 {case},版本 {version}:{found} 的值类型不对",
    ),
    "audit-told": (
        "case {case}, version {version}: {found} is not what the event and its policy lead to",
        "案件 {case},版本 {version}:{found} 与事件及其政策所得不符",
    ),
    "audit-told-lost": (
        "case {case}, version {version}: of what was written with the event this is gone: {found}",
        "案件 {case},版本 {version}:与事件同时写入者缺失:{found}",
    ),
    "audit-told-extra": (
        "case {case}, version {version}: no event owes this: {found}",
        "案件 {case},版本 {version}:并无事件引起:{found}",
    ),
    "audit-policy": ("the policy {found} does not fit its hash", "政策 {found} 与其哈希不符"),
    "audit-policy-unread": (
        "the policy {found} cannot be read by this version; what its cases owe was not checked",
        "此版本无法读取政策 {found};其案件应发之通知与文书未核对",
    ),
    "audit-policy-lost": (
        "case {case}: the policy {found} that it pins is gone",
        "案件 {case}:其所依政策 {found} 缺失",
    ),
    "audit-key": (
        "case {case}: the key {found} speaks of versions the case does not have, or lacks its hash",
        "案件 {case}:幂等键 {found} 所指版本不存在,或缺少哈希",
    ),
    "audit-number": ("document numbers have a gap: {found}", "文书编号有缺:{found}"),
    "audit-case-gone": (
        "case {case}: the checkpoint has it at version {found}; it is gone",
        "案件 {case}:存证载有版本 {found},现已缺失",
    ),
    "audit-cut-off": (
        "case {case}, version {version}: events from here on are gone; the checkpoint has version {found}",
        "案件 {case},版本 {version}:存证载有版本 {found},自此以后的事件缺失",
    ),
    "audit-rewritten": (
        "case {case}: up to version {version} its history is another than the checkpoint's",
        "案件 {case}:至版本 {version} 的历史与存证不同",
    ),
    "audit-file-there": (
        "{what} is there already; name another file",
        "{what} 已存在;请另取文件名",
    ),
    "audit-told-rewritten": (
        "case {case}: its notices or documents up to version {version} are others than the checkpoint's",
        "案件 {case}:至版本 {version} 的通知或文书与存证不同",
    ),
    "audit-not-written": ("{what} cannot be written: {found}", "{what} 无法写入:{found}"),
    "audit-bad-checkpoint": (
        "{what} is not a checkpoint that this version reads: {found}",
        "{what} 不是可读的存证:{found}",
    ),
    "audit-bad-signature": (
        "{what} was changed, or signed by another key",
        "{what} 已被改动,或由其他密钥签名",
    ),
    "audit-bad-key": (
        "{what} is not an unencrypted Ed25519 key in PEM form: {found}",
        "{what} 不是未加密的 PEM 格式 Ed25519 密钥:{found}",
    ),
    "export-header": (
        "{file}, line {line}: this is no export of a store that this version reads",
        "{file} 第 {line} 行:不是本版本可读的存储导出文件",
    ),
    "export-lean": (
        "{file}, line {line}: this file is for other readers and holds no histories; export with --whole, or"
        " as jsonl",
        "{file} 第 {line} 行:该文件供其他程序阅读,不含完整历史;请加 --whole 导出,或导出为 jsonl",
    ),
    "export-no-policy": (
        "{file}: cases pin the policy {found}, which neither file nor store holds; nothing was written",
        "{file}:案件固定的政策 {found} 不在文件中,存储中也没有;未写入",
    ),
    "export-cut": (
        "{file}, line {line}: the file is cut off after {found} cases; nothing was written",
        "{file} 第 {line} 行:文件在 {found} 件案件后中断;未写入",
    ),
    "export-broken": (
        "{file}, line {line}: the history of case {case} does not fit its hash; nothing was written",
        "{file} 第 {line} 行:案件 {case} 的历史与其哈希不符;未写入",
    ),
    "export-text": (
        "{file}, line {line}: the text {found} of case {case} does not fit the hash in its event; nothing was"
        " written",
        "{file} 第 {line} 行:案件 {case} 的文本 {found} 与事件中的哈希不符;未写入",
    ),
    "export-policy": (
        "{file}, line {line}: this policy is not the one of the hash {found}; nothing was written",
        "{file} 第 {line} 行:政策与其哈希 {found} 不符;未写入",
    ),
    "export-twice": (
        "{file}, line {line}: case {case} stands there twice; nothing was written",
        "{file} 第 {line} 行:案件 {case} 重复出现;未写入",
    ),
    "export-line": (
        "{file}, line {line}: {found}; nothing was written",
        "{file} 第 {line} 行:{found};未写入",
    ),
    "store-broken-chain": (
        "case {case} is not copied: its history does not fit its hashes from version {version} on; run"
        " caseflow audit verify",
        "案件 {case} 未复制:自版本 {version} 起历史与其哈希不符;请运行 caseflow audit verify",
    ),
    "store-restored": (
        "{path} was restored from a dump: run caseflow store migrate --store URL once, so that its feed"
        " goes on",
        "{path} 由转储恢复:请先运行一次 caseflow store migrate --store URL,以便事件流继续",
    ),
    "store-unreachable": ("{path} cannot be reached: {found}", "无法连接 {path}:{found}"),
    "store-unsure": (
        "{path}: the connection was lost while a change was being committed, and whether it is there is not"
        " known; give the same command again with its idempotency key",
        "{path}:提交更改时连接中断,无法确定是否已保存;请用同一幂等键重新提交该命令",
    ),
    "django-unmigrated": (
        "{path} has schema {found} of caseflow's tables, this version needs {known}; run: manage.py migrate"
        " caseflow",
        "{path} 中 caseflow 数据表的结构版本为 {found},本版本需要 {known};请运行:manage.py migrate caseflow",
    ),
    "unknown-pin": (
        "the store lacks the policy {found} that the case pins",
        "存储中缺少案件所依政策 {found}",
    ),
    "bad-text": (
        "the stored texts of version {found} cannot be read; run caseflow audit verify",
        "无法读取第 {found} 版的已存文本;请运行 caseflow audit verify",
    ),
    "bad-event": ("the stored event cannot be read: {found}", "无法读取已存事件:{found}"),
    "no-clock": (
        "case {case} has no clock {found}; it has {missing}",
        "案件 {case} 没有时钟 {found};有 {missing}",
    ),
    "bad-cursor": ("the cursor {found} is not one of this query's", "游标 {found} 无效"),
    # golden histories
    "bad-golden": (
        "{what}: this is no golden history that can be read: {found}",
        "{what}:不是可读的基准历史:{found}",
    ),
    "golden-suffix": (
        "{what}: a golden history is a .json file, not {found}",
        "{what}:基准历史应为 .json 文件,而非 {found}",
    ),
    "golden-refused": (
        "{what}: an act of the history is refused today ({found}); it stays as it is",
        "{what}:其中一项操作现被拒绝({found});文件保持不变",
    ),
    "no-golden-files": ("{what}: there is no golden history, {found}", "{what}:没有基准历史 {found}"),
    # telling people
    "unknown-document": (
        "case {case} has no numbered document {found}; caseflow document list shows them",
        "案件 {case} 没有编号文书 {found};请用 caseflow document list 查看",
    ),
    "bad-relay-config": ("{what}: {found}", "{what}:{found}"),
    "bad-template": (
        "{what}: {found} stands where a place such as $unit was expected; write $$ for a dollar sign",
        "{what}:{found} 处应为 $unit 这样的占位;美元符号请写成 $$",
    ),
    "template-unknown-word": (
        "{what}: nothing fills ${found}; there are {known}",
        "{what}:没有 ${found} 这个占位;现有 {known}",
    ),
    "no-template-folder": ("{what}: {found} is no folder", "{what}:{found} 不是文件夹"),
    "bad-person": (
        "{what}: {found}; a person has an id, and addresses by channel",
        "{what}:{found};人员须有 id 以及按渠道列出的地址",
    ),
    "no-recipient": ("nobody holds the role {found}", "没有人担任 {found}"),
    "no-case": ("the case {found} is not in the store", "存储中没有案件 {found}"),
    "notifier-broke": ("the notifier failed: {found}", "通知渠道出错:{found}"),
    "directory-broke": ("the directory failed: {found}", "人员目录出错:{found}"),
    "cannot-word": ("the message cannot be written: {found}", "无法写成消息:{found}"),
    "delivery-failed": ("{what}: could not be told: {found}", "{what}:未能送达:{found}"),
    "no-address": (
        "{what}: nobody can be told {found} without an address; give one in the directory",
        "{what}:{found} 没有收件地址,无法送达;请在通讯录中补上",
    ),
    "bad-delivery": (
        "{what}: the {found} is not one that can be sent; one line without control characters",
        "{what}:{found} 不能发送;须为一行,不含控制字符",
    ),
    "delivery-timeout": ("{what}: no answer in time ({found})", "{what}:限时内没有回应({found})"),
    "delivery-refused": ("{what}: the receiver refused: {found}", "{what}:接收方拒收:{found}"),
    "delivery-too-large": (
        "{what}: {found} bytes are more than may be sent; shorten the text",
        "{what}:{found} 字节,超过可发送的长度;请缩短正文",
    ),
    "host-unreachable": ("{what}: cannot be reached: {found}", "{what}:无法连接:{found}"),
    "host-unknown": (
        "{what}: {found} is none of the receivers; add it with a secret of its own",
        "{what}:{found} 不在接收方名单中;请连同其密钥一并加入",
    ),
    "address-forbidden": (
        "{what}: {found} is no public address; name its network in own_networks if it is yours",
        "{what}:{found} 不是公网地址;如属本单位网络,请写入 own_networks",
    ),
    "hook-failed": (
        "the hook {what} stopped the command with {found}; let it act on cases after the commit",
        "钩子 {what} 以 {found} 中止了操作;请让它在提交之后再处理案件",
    ),
    "bad-secret": (
        "{what}: a secret is whsec_ and base64 of 24 to 64 bytes; found {found} bytes",
        "{what}:密钥应为 whsec_ 加 24 至 64 字节的 base64;现为 {found} 字节",
    ),
    # logs
    "log-missing": ("{file}: {found}", "{file}:{found}"),
    "log-encoding": (
        "{file}, line {line}, byte {column}: {found} is not {encoding}; try --encoding gb18030",
        "{file} 第 {line} 行第 {column} 字节:{found} 不是 {encoding};请试 --encoding gb18030",
    ),
    "log-columns": (
        "{file}, line 1: the columns {found} are missing; there are {missing}",
        "{file} 第 1 行:缺少列 {found};现有 {missing}",
    ),
    "log-row": ("{file}, line {line}, column {column}: {found}", "{file} 第 {line} 行,{column} 列:{found}"),
    "log-duplicate": (
        "{file}, line {line}: the same row as line {first}",
        "{file} 第 {line} 行:与第 {first} 行完全相同",
    ),
    "log-cells": (
        "{file}, line {line}: {found} cells, expected {expected}",
        "{file} 第 {line} 行:有 {found} 格,应为 {expected} 格",
    ),
    "log-unmapped": (
        "{file}, line {line}: no event of the mapping is for this row; add one, or a skip",
        "{file} 第 {line} 行:映射中没有适用于此行的事件;请补上事件或 skip",
    ),
    "unknown-rows": (
        "rows is all, first or later; found {found}",
        "rows 应为 all、first 或 later;现为 {found}",
    ),
    "no-such-time": ("{found} does not exist in {zone}", "{zone} 没有时刻 {found}"),
    "log-naive": ("{found} has no offset; give --timezone", "{found} 没有时区偏移;请给出 --timezone"),
}


def text_of(code: str, lang: str, data: Mapping[str, Any], *, placed: bool = False) -> str:
    """The text of a code with its data filled in; the code itself where it is not known.

    With ``placed`` the text follows a place that is already named, and does not name it again.
    """
    if code not in _TEXTS:
        return code
    text = template(code, lang)
    if placed:
        text = text.removeprefix("{what}").removeprefix(":").removeprefix(":").strip()
    return text.format_map(_Filled(data))


def template(code: str, lang: str) -> str:
    """The text of a code before its data are filled in."""
    return _TEXTS[code][1 if lang == "zh" else 0]


def codes() -> tuple[str, ...]:
    """Every code that has a text, sorted."""
    return tuple(sorted(_TEXTS))


class _Filled(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "-"

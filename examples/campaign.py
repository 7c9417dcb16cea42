"""问计: many messages become proposals for a drafting group, and everyone learns what became of theirs.

Run it:  python examples/campaign.py               a small campaign
         python examples/campaign.py --full        316,400 messages in a SQLite file, with times
It prints:
    announced; a message before the window: not-in-state
    collected 633 messages; the first again: 0 taken, 100 known
    set aside 12, merged 621 into 18 proposals; the largest comes from 145
    scored by 3 each; Fleiss' kappa 0.36
    selected 3 of 18, handed over as one bundle: 3 proposals from 75 messages
    adopted 1, answered 3
    messages: answered 75, not_selected 546, set_aside 12
    by channel: web 411, phone 222; apart: 合作网站论坛 4000 (合作网站, 2026-02-28)
    told: 708 notices to citizens
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from caseflow import Actor, Desk, ManualClock, Refused, SqliteStore, load_policy
from caseflow.campaigns.agreement import agreement, ranked, scores_of
from caseflow.campaigns.intake import (
    CitizenMessage,
    act_on_proposals,
    collect,
    draw_up,
    figures,
    merge_in,
    set_aside,
)
from caseflow.campaigns.proposal_bundle import write_bundle
from caseflow.core.time.instants import micros

ORGANISER, SCREENER = Actor("org-1", role="organiser"), Actor("scr-1", role="screener")
DRAFTER, SCORERS = Actor("dra-1", role="drafter"), [Actor(f"sco-{n}", role="scorer") for n in (1, 2, 3)]
CAMPAIGN = "2026-report"


class Sizes:
    """How large a campaign is: messages, proposals that they are merged into, and how many are selected."""

    def __init__(self, messages: int, proposals: int, selected: int, apart: int) -> None:
        self.messages, self.proposals, self.selected, self.apart = messages, proposals, selected, apart


SMALL, FULL = Sizes(633, 18, 3, 4_000), Sizes(316_400, 9_000, 1_500, 1_990_000)


def topics(sizes: Sizes) -> list[int]:
    """What each message is about: a few topics of many messages, many of a few; -1 for nothing."""
    chance = random.Random(12)
    weights = [1 / (rank + 1) ** 0.9 for rank in range(sizes.proposals)]
    drawn = chance.choices(range(sizes.proposals), weights, k=sizes.messages)
    drawn[: sizes.proposals] = range(sizes.proposals)  # each topic has a message
    return [-1 if number % 50 == 49 else topic for number, topic in enumerate(drawn)]


def messages(sizes: Sizes, about: list[int]) -> Iterator[CitizenMessage]:
    """The messages: two in three by the page, the rest by phone."""
    for number, topic in enumerate(about):
        title = f"关于第{topic}个问题的建议" if topic >= 0 else "您好"
        channel = "phone" if number * 7 % 20 < 7 else "web"
        yield CitizenMessage(f"m{number:06}", channel, title, "希望写进报告。", citizen=f"c-{number}")


def run(folder: Path, sizes: Sizes, mark: Callable[[str], None]) -> Desk:
    """The whole campaign, from its announcement to the answers."""
    policies = [load_policy(name) for name in ("campaign", "proposal", "message")]
    clock = ManualClock("2026-01-05T09:00:00+08:00")
    desk = Desk(policies, SqliteStore(folder / "campaign.db"), clock=clock)
    window = {
        "opens": micros("2026-01-10T00:00:00+08:00"),
        "closes": "2026-02-20",
        "channels": ["web", "phone"],
    }
    desk.submit(title="我为报告献一策", by=ORGANISER, case_id=CAMPAIGN, policy="campaign", own_fields=window)
    about = topics(sizes)
    try:
        collect(desk, CAMPAIGN, messages(sizes, about), by=ORGANISER)
    except Refused as error:
        mark(f"announced; a message before the window: {error.code}")

    clock.set("2026-01-12T09:00:00+08:00")
    desk.sweep()
    taken = collect(desk, CAMPAIGN, messages(sizes, about), by=ORGANISER).taken
    again = collect(desk, CAMPAIGN, islice(messages(sizes, about), 100), by=ORGANISER)
    mark(f"collected {taken} messages; the first again: {again.taken} taken, {len(again.known)} known")

    clock.set("2026-02-21T09:00:00+08:00")
    desk.sweep()  # the window closes
    proposals = [f"p{topic:05}" for topic in range(sizes.proposals)]

    merged: dict[str, list[str]] = {case_id: [] for case_id in proposals}
    aside: dict[str, str] = {}
    for number, topic in enumerate(about):
        if topic < 0:
            aside[f"m{number:06}"] = "no_proposal"
        else:
            merged[proposals[topic]].append(f"m{number:06}")
    set_aside(desk, aside, by=SCREENER)
    draw_up(desk, CAMPAIGN, {case_id: f"建议{case_id}" for case_id in proposals}, by=SCREENER)
    merge_in(desk, merged, by=SCREENER)
    sizes_of = [len(ids) for ids in merged.values()]
    mark(
        f"set aside {len(aside)}, merged {sum(sizes_of)} into {len(proposals)} proposals; "
        f"the largest comes from {max(sizes_of)}"
    )

    desk.act(CAMPAIGN, "begin_scoring", by=ORGANISER)
    act_on_proposals(desk, proposals, "begin_scoring", by=SCREENER)
    chance = random.Random(7)
    worth = {case_id: chance.randint(1, 5) for case_id in proposals}
    for scorer in SCORERS:

        def points(case_id: str) -> dict[str, int]:
            return {"points": min(max(worth[case_id] + chance.choice((0, 0, 0, 0, 1, -1)), 1), 5)}

        act_on_proposals(desk, proposals, "score", by=scorer, fields=points)
    scores = scores_of(desk, proposals)
    kappa = agreement(scores).kappa
    mark(f"scored by {len(SCORERS)} each; Fleiss' kappa {kappa:.2f}")

    order = [one.proposal for one in ranked(scores)]
    best, rest = order[: sizes.selected], order[sizes.selected :]
    act_on_proposals(desk, best, "select", by=ORGANISER)
    act_on_proposals(desk, rest, "decline", by=ORGANISER, fields=lambda _: {"reason": "同类建议已入选"})
    finished = {"agreement": f"{kappa:.4f}", "selected": len(best)}
    desk.act(CAMPAIGN, "finish_selection", by=ORGANISER, fields=finished)
    bundle = write_bundle(desk, best, folder / "bundle.jsonl")
    handed = {"bundle": bundle.sha256, "proposals": bundle.proposals, "messages": bundle.messages}
    desk.act(CAMPAIGN, "hand_over", by=ORGANISER, fields=handed | {"answer_by": "2026-03-20"})
    act_on_proposals(desk, best, "hand_over", by=ORGANISER, fields=lambda _: {"bundle": bundle.sha256})
    desk.act(CAMPAIGN, "take_receipt", by=DRAFTER)
    mark(
        f"selected {len(best)} of {len(order)}, handed over as one bundle: {bundle.proposals} proposals "
        f"from {bundle.messages} messages"
    )

    clock.set("2026-03-05T09:00:00+08:00")
    adopted = best[: len(best) // 3]
    passage = {"document": "报告", "passage": "增加便民网点。"}
    act_on_proposals(desk, adopted, "adopt_passage", by=DRAFTER, fields=lambda _: passage)
    act_on_proposals(desk, best, "answer", by=ORGANISER, fields=lambda _: {"text": "已研究采纳。"})
    desk.act(CAMPAIGN, "answer", by=ORGANISER, fields={"text": "感谢参与，采纳情况见附表。"})
    mark(f"adopted {len(adopted)}, answered {len(best)}")
    return desk


def report(desk: Desk, sizes: Sizes, mark: Callable[[str], None]) -> None:
    """What became of the messages, and how many there were, by channel and apart."""
    ids = [f"m{number:06}" for number in range(sizes.messages)]
    states = Counter(desk.get(case_id).state for case_id in ids)
    mark("messages: " + ", ".join(f"{state} {count}" for state, count in sorted(states.items())))
    elsewhere = {"channel": "合作网站论坛", "count": sizes.apart, "counted_by": "合作网站"}
    desk.act(CAMPAIGN, "count_apart", by=ORGANISER, fields=elsewhere | {"as_of": "2026-02-28"})
    counted = figures(desk, CAMPAIGN, ids)
    by_channel = ", ".join(f"{channel} {count}" for channel, count in counted.received.items())
    (other,) = counted.apart
    mark(
        f"by channel: {by_channel}; apart: {other.channel} {other.count} ({other.counted_by}, {other.as_of})"
    )
    position, told = 0, 0
    while page := desk.store.notices(after=position, limit=10_000):
        told += sum(posted.notice.role == "citizen" for posted in page)
        position = page[-1].position
    mark(f"told: {told} notices to citizens")


def main() -> None:
    """Run it, small or in full."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="316,400 messages, with times")
    is_full = parser.parse_args().full
    sizes, begun = FULL if is_full else SMALL, time.perf_counter()

    def mark(line: str) -> None:
        took = f"{time.perf_counter() - begun:7.1f} s, of the processor {time.process_time():6.1f} s  "
        print(took + line if is_full else line, flush=True)

    with tempfile.TemporaryDirectory() as folder:
        desk = run(Path(folder), sizes, mark)
        report(desk, sizes, mark)
        desk.store.close()


if __name__ == "__main__":
    main()

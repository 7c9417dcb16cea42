"""What a case costs in `MemoryStore` beyond its own text, and what each further event adds."""

from __future__ import annotations

import gc
import sys
import tracemalloc

from benchmarks.life import COORDINATOR, OFFICER, START, UNIT, guarded_policy
from benchmarks.report import Row
from caseflow import Actor, Desk, ManualClock, MemoryStore

FURTHER = 7
"""Events of a case's life after its submission."""


def rows(*, quick: bool) -> tuple[Row, ...]:
    """Bytes, as tracemalloc counts them."""
    cases = 1_000 if quick else 10_000
    submitted, further = _measured(cases, tells=False)
    told = _measured(cases, tells=True)[1]
    return (
        Row(work="memory, a case just submitted", unit="B", ours=submitted, against="beyond its own text",
            score=submitted, sense="", at_least=False, must=1_400, hoped=1_024),
        Row(work="memory, each further event", unit="B", ours=further, against="mean of seven",
            score=further, sense="", at_least=False, must=240, hoped=200),
        Row(work="the same, with half a notice", unit="B", ours=told, against="mean of seven",
            score=told, sense="", at_least=False),
    )  # fmt: skip


def _measured(cases: int, *, tells: bool) -> tuple[float, float]:
    """Bytes for a case just submitted, without its texts, and for each further event of its life."""
    desk = Desk(guarded_policy(), MemoryStore(), clock=ManualClock(START), tells=tells)
    _submit(desk, -1)  # what is made once for all is made before
    _finish(desk, -1)
    gc.collect()
    tracemalloc.start()
    try:
        texts = sum(_submit(desk, number) for number in range(cases))
        first = _traced()
        for number in range(cases):
            _finish(desk, number)
        last = _traced()
    finally:
        tracemalloc.stop()
    return (first - texts) / cases, (last - first) / cases / FURTHER


def _traced() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def _submit(desk: Desk, number: int) -> int:
    """Submit a case of a citizen of its own; returns the bytes of its texts as Python keeps them."""
    title, body = f"第{number}号路灯不亮", f"小区北门第{number}号路灯已经三天不亮了,晚上出行不便,请尽快修复。"
    desk.submit(title=title, body=body, kind="complaint", by=_citizen(number), case_id=f"case-{number:06d}")
    return sys.getsizeof(title) + sys.getsizeof(body)


def _finish(desk: Desk, number: int) -> None:
    case_id, citizen = f"case-{number:06d}", _citizen(number)
    desk.acknowledge(case_id, by=COORDINATOR)
    desk.route(case_id, to=UNIT, by=COORDINATOR)
    desk.dispatch(case_id, by=OFFICER)
    desk.act(case_id, "reply", by=OFFICER, fields={"text": "已修复"})
    desk.complete(case_id, by=OFFICER)
    desk.rate(case_id, score=5, by=citizen)
    desk.close(case_id, by=COORDINATOR)


def _citizen(number: int) -> Actor:
    return Actor(f"c-{number}", role="citizen")

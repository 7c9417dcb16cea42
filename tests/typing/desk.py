"""Read by mypy, never run: what a user writes must type-check, and what is wrong must not."""

from __future__ import annotations

from datetime import datetime

from caseflow import (
    Actor,
    BadInput,
    Card,
    Case,
    Desk,
    ManualClock,
    MemoryStore,
    Refused,
    SqliteStore,
    Stage,
    load_policy,
)
from caseflow.ports import Clock, Store

desk = Desk(policies=load_policy("wuhu"), store=SqliteStore("cases.db"), clock=ManualClock(0))
officer = Actor("o-4", role="handler", unit="城管局")

case: Case = desk.submit(title="路灯不亮", body="三天了", kind="complaint", to="城管局", by=officer, key="k")
case = desk.reply(case.id, text="已修复", by=officer, effective_at="2025-03-03T09:30:00+08:00", reason="r")
case = desk.placeholder(case.id, text="已收到", by=officer, expected_version=3)
case = desk.rate(case.id, score=5, by=officer)
case = desk.act(case.id, "visit", by=officer, fields={"floor": 7})

cards: tuple[Card, ...] = desk.sweep(limit=10, until=datetime.now().astimezone()).cards
effective: datetime = cards[0].effective_at
annulled: datetime | None = cards[0].annulled_at
stage: Stage = case.stage
ids: list[str] = [one.id for one in desk.cases(unit="城管局", overdue=True, limit=50)]
days: list[int] = [day.count for explained in desk.explain(case.id, clock="reply") for day in explained.days]
whens: list[datetime] = [step.at for step in desk.forecast(case.id)]
stores: list[Store] = [MemoryStore(), SqliteStore(":memory:")]
clocks: list[Clock] = [ManualClock("2025-03-03T09:30:00+08:00")]

try:
    desk.close(case.id, by=officer)
except Refused as refused:
    missing: tuple[str, ...] = refused.refusal.missing
    text: str = refused.text("zh")
except BadInput as wrong:
    code: str = wrong.code

desk.rate(case.id, score="5", by=officer)  # type: ignore[arg-type]  # a score is a number
desk.route(case.id, by=officer)  # type: ignore[call-arg]  # a route leads to a unit
desk.note(case.id, text="x", by="o-4")  # type: ignore[arg-type]  # an actor is no text
desk.reply(case.id, text="x", by=officer, colour="red")  # type: ignore[call-arg]  # no such term
desk.reply(case.id, "x", officer)  # type: ignore[call-arg]  # everything after the case is named
case.version = 9  # type: ignore[misc]  # values are frozen
Actor("o-4")  # type: ignore[call-arg]  # nobody acts without a role
refused_lang: str = Refused.text(Refused.__new__(Refused), 7)  # type: ignore[arg-type]  # a language is a tag


async def awaited() -> tuple[bool, list[str], list[str], str]:
    """The coroutines of a desk have the signatures of its methods."""
    case = await desk.aio.reply("c1", text="已修复", by=officer, key="k")
    page = [one.id for one in await desk.aio.cases(unit="城管局", overdue=True)]
    file = await desk.aio.seen_by(officer).open("c1")
    await desk.aio.reply("c1", text=7, by=officer)  # type: ignore[arg-type]  # a reply is a text
    await desk.aio.reply("c1", text="x", by=officer, colour="red")  # type: ignore[call-arg]  # no such term
    await desk.aio.route("c1", by=officer)  # type: ignore[call-arg]  # a route leads to a unit
    (await desk.aio.rate("c1", score=5, by=officer)).lower()  # type: ignore[attr-defined]  # it is a case
    return case.is_repeat, page, [one.text for one in await file.texts()], str(await file.story(lang="en"))

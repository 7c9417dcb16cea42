"""领导留言板: a year of messages to offices on three levels, and the figures that it came to.

Run it:  python examples/leader_board.py           a small year
         python examples/leader_board.py --full    220,000 messages to 2,300 offices, with the time
It prints:
    31 provinces, 2300 offices
    with a reply: 31 of 31 provinces
    with a mechanism: 25 of 31 provinces
    replied to: 2200 of 2310 messages open in the year
    rated: 1468 of 2200 messages replied to
    satisfied: 1127 of 1468 messages rated
    replied: 59 of 63 leaders in office, province
    replied: 512 of 738 leaders in office, city
    replied: 1412 of 1500 leaders in office, county
    against 1566 the year before: +40.5 %
    省00书记: h-0, then h-0-next
    cards of offices that never answer: 3 each
"""

from __future__ import annotations

import argparse
import random
import time
from collections import deque
from datetime import date

from caseflow import Actor, Desk, ManualClock, MemoryStore, load_policy
from caseflow.offices.office_figures import BoardYear, coverage
from caseflow.offices.office_register import (
    Jurisdiction,
    Level,
    Mechanism,
    OfficeRegister,
    PublicOffice,
    Term,
)
from caseflow.views.rates import Growth

YEAR, FIRST, CHANGE = 2010, date(2007, 1, 1), date(2010, 7, 1)
PROVINCES, CITIES, COUNTIES = 31, 369, 1_500
ANSWERING = {Level.PROVINCE: 58, Level.CITY: 512, Level.COUNTY: 1_412}
"""Offices that answer; of one of them the holder changes within the year."""
SECOND, DAY = 1_000_000, 86_400_000_000


def register() -> OfficeRegister:
    """Two offices of each province and city, one of each county; 25 provinces have a mechanism document."""
    places: list[Jurisdiction] = []
    offices: list[PublicOffice] = []

    def add(
        name: str, level: Level, parent: str, titles: tuple[str, ...], rules: tuple[Mechanism, ...]
    ) -> None:
        places.append(Jurisdiction(name=name, level=level, parent=parent, mechanisms=rules))
        for title in titles:
            terms: tuple[Term, ...] = (Term(holder=f"h-{len(offices)}", since=FIRST),)
            if not offices:
                terms = (Term(holder="h-0", since=FIRST, until=CHANGE), Term(holder="h-0-next", since=CHANGE))
            offices.append(PublicOffice(name=f"{name}{title}", jurisdiction=name, terms=terms))

    for number in range(PROVINCES):
        document = Mechanism(
            title="网民留言办理工作办法", number=f"办发〔2009〕{number + 1}号",
            issued=date(2009, 6, 1), valid_from=date(2009, 7, 1),
        )  # fmt: skip
        add(f"省{number:02}", Level.PROVINCE, "", ("书记", "省长"), (document,) if number < 25 else ())
    for number in range(CITIES):
        add(f"市{number:03}", Level.CITY, f"省{number % PROVINCES:02}", ("书记", "市长"), ())
    for number in range(COUNTIES):
        add(f"县{number:04}", Level.COUNTY, f"市{number % CITIES:03}", ("书记",), ())
    return OfficeRegister(places, offices)


def answering(offices: OfficeRegister) -> tuple[list[str], list[str]]:
    """Offices that answer, and those that do not: first of each place one office, then the second ones."""
    named = sorted(offices.offices(), key=lambda office: not office.name.endswith("书记"))
    replies: list[str] = []
    for level, count in ANSWERING.items():
        replies += [office.name for office in named if offices.level(office.name) == level][:count]
    silent = {*(office.name for office in named)} - {*replies}
    return replies, sorted(silent)


def live(desk: Desk, offices: OfficeRegister, count: int) -> None:
    """A year: so many messages are replied to and completed, and most rated.

    One more in twenty-one is sent to an office that never answers.
    """
    chance, (replying, silent) = random.Random(3), answering(offices)
    begin, waiting = ManualClock(f"{YEAR}-01-01T08:00:00+08:00").now_us(), deque[tuple[str, str, Actor]]()
    pace, lag = 350 * DAY // count, count * 4 // 350

    def send(number: int, office: str) -> tuple[str, str, Actor]:
        citizen = Actor(f"c-{number}", role="citizen")
        case_id = f"b{number:06}"
        desk.submit(title="路灯不亮", body="中山路。", to=office, by=citizen, case_id=case_id, channel="web")
        return case_id, office, citizen

    for number in range(count):
        desk.clock.set(begin + number * pace)
        waiting.append(send(number, replying[number % len(replying)]))
        if number % 20 == 0:
            send(count + number, chance.choice(silent))
        if len(waiting) > lag:
            answer(desk, *waiting.popleft(), score=chance.choice((None, None, 5, 5, 4, 2)))
    for one in waiting:
        desk.clock.advance(seconds=1)
        answer(desk, *one, score=chance.choice((None, None, 5, 5, 4, 2)))
    desk.clock.set(f"{YEAR + 1}-02-01T08:00:00+08:00")
    desk.sweep()


def answer(desk: Desk, case_id: str, office: str, citizen: Actor, *, score: int | None) -> None:
    """The office's people take charge of it, reply and complete it; the citizen may rate it."""
    handler = Actor(f"o-{office}", role="handler", unit=office)
    desk.take_charge(case_id, by=handler)
    desk.reply(case_id, text="已修复。", by=handler)
    desk.complete(case_id, by=handler)
    if score is not None:
        desk.rate(case_id, score=score, by=citizen)


def show(year: BoardYear, before: int) -> None:
    """Each figure with its denominator."""
    print(f"with a reply: {year.provinces}")
    print(f"with a mechanism: {year.mechanisms}")
    print(f"replied to: {year.replied}")
    print(f"rated: {year.rated}")
    print(f"satisfied: {year.satisfied}")
    for figure in year.leaders.values():
        print(f"replied: {figure}")
    growth = Growth(year.replied.numerator, before).percent or 0
    print(f"against {before} the year before: {float(growth):+.1f} %")


def main() -> None:
    """Run it, small or in full."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="220,000 messages, with times")
    is_full = parser.parse_args().full
    count, before = (220_000, 156_584) if is_full else (2_200, 1_566)
    offices, begun = register(), time.perf_counter()
    print(f"{PROVINCES} provinces, {len(offices)} offices")
    desk = Desk(load_policy("leader-board"), MemoryStore(), clock=ManualClock(0), units=offices)
    live(desk, offices, count)
    if is_full:
        print(f"lived in {time.perf_counter() - begun:.1f} s, of the processor {time.process_time():.1f} s")
    ids = [f"b{number:06}" for number in range(count)]
    ids += [f"b{count + number:06}" for number in range(0, count, 20)]
    show(coverage(map(desk.get, ids), offices, YEAR), before)
    first = offices.offices()[0].name
    print(f"{first}: {offices.holder(first, date(YEAR, 6, 30))}, then {offices.holder(first, CHANGE)}")
    print(f"cards of offices that never answer: {len(desk.get(ids[-1]).cards)} each")


if __name__ == "__main__":
    main()

"""When a generated life begins and how its time goes on: by hours, to a midnight, to what is due, back."""

from __future__ import annotations

from datetime import datetime, timedelta

from caseflow.core.instants import DAY, HOUR, micros, zone_info
from caseflow.core.policy import Policy
from caseflow.testing.laws.arithmetic import midnight_of
from caseflow.testing.laws.life import Life

MINUTE = HOUR // 60


def starts_of(policy: Policy) -> tuple[int, ...]:
    """First instants worth beginning at: a Monday morning, summer time's eve, and before a horizon.

    Every one lies inside the calendars that the policy's clocks use; the first is the plainest.
    """
    zone = zone_info(policy.timezone)
    plain = datetime(2025, 3, 3, 9, 30, tzinfo=zone)
    found = [plain, datetime(2025, 3, 28, 23, 59, 59, tzinfo=zone), datetime(2025, 10, 24, tzinfo=zone)]
    for table in policy.tables.values():
        found = [at for at in found if table.first <= at.date() <= table.last]
        late = max(table.first, table.last - timedelta(days=9))
        found.append(datetime(late.year, late.month, late.day, 16, 0, tzinfo=zone))
    return tuple(dict.fromkeys(micros(at) for at in found))


def wait(life: Life, kind: int, number: int) -> None:
    """Some hours or days, to a midnight or the instant before."""
    now, zone = life.clock.now, life.desk.rules.policy.timezone
    day = datetime.fromtimestamp(now / 1e6, tz=zone_info(zone)).date()
    midnight = midnight_of(zone, day + timedelta(days=1 + number % 9))
    to = {
        0: now + number * HOUR,
        1: now + number * DAY,
        2: now + number % 7 * DAY + number * MINUTE,
        3: midnight,
        4: midnight - 1,
    }.get(kind, now + number * HOUR * (kind - 3))
    life.wait(to=to)


def to_next_due(life: Life, offset: int, *, swept: bool) -> None:
    """To so many microseconds from the next due instant, unless that is past; and sweep there."""
    due = min((c.next_due_us for c in life.seen.values() if c.next_due_us is not None), default=None)
    if due is None or due + offset < life.clock.now:
        return
    life.wait(to=due + offset)
    if swept:
        life.sweep()


def go_back(life: Life, minutes: int) -> None:
    """Up to three days back, but not behind the start or what the system did by itself."""
    floor = max([life.start, *(life.by_itself(case_id) for case_id in life.seen)])
    to = max(life.clock.now - (1 + minutes % 4320) * MINUTE, floor)
    if to < life.clock.now:
        life.wait(to=to)

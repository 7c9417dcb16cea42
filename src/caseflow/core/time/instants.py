"""Instants and an office's days: UTC microseconds inside, aware datetimes at the door.

Inside the core an instant is an ``int``: microseconds since 1970-01-01T00:00:00Z. A day is an ``int``
too, the proleptic ordinal of its date (``datetime.date.toordinal``).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from caseflow.core.bounds import EARLIEST, LATEST
from caseflow.errors import BadInput

SECOND = 1_000_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_MICROSECOND = timedelta(microseconds=1)


def micros(moment: datetime | str | int, *, what: str = "instant") -> int:
    """The instant as epoch microseconds (UTC).

    Args:
        moment: an aware datetime, its ISO 8601 text with an offset, or epoch microseconds.
        what: how a message names it.

    Raises:
        BadInput: text that is no instant, or a time without an offset.
    """
    if type(moment) is int:
        if not EARLIEST <= moment <= LATEST:
            raise BadInput("bad-instant", what=what, found=moment)
        return moment
    if isinstance(moment, str):
        try:
            moment = datetime.fromisoformat(moment)
        except ValueError as error:
            raise BadInput("bad-instant", what=what, found=moment) from error
    if not isinstance(moment, datetime):
        raise BadInput("bad-instant", what=what, found=repr(moment))
    if moment.utcoffset() is None:
        raise BadInput("naive-instant", what=what, found=moment.isoformat())
    us = datetime.__sub__(moment, _EPOCH) // _MICROSECOND  # a subclass may subtract in its own way
    if not EARLIEST <= us <= LATEST:
        raise BadInput("no-such-date", what=what, found=moment.isoformat())
    return us


def moment(us: int, zone: str = "UTC") -> datetime:
    """The aware datetime of epoch microseconds, in the named zone.

    Raises:
        BadInput: it lies before year 1 or after year 9999, there.
    """
    try:
        utc = _EPOCH + timedelta(microseconds=us)
        return utc if zone == "UTC" else utc.astimezone(zone_info(zone))
    except OverflowError as error:
        raise BadInput("no-such-date", what="instant", found=f"{us} microseconds") from error


_LONGEST_ZONE = 100
"""Characters of a zone's name, which is looked up as the name of a file."""


class _Zone(ZoneInfo):
    """A zone that was read from a file, so that instants in it pass through pickle and copies by its name."""

    def __reduce__(self) -> tuple[Callable[[str], ZoneInfo], tuple[str]]:
        return zone_info, (self.key,)

    def __repr__(self) -> str:
        return f"zoneinfo.ZoneInfo(key={self.key!r})"


@cache
def zone_info(name: str) -> ZoneInfo:
    """The zone of that IANA name, read from the ``tzdata`` package and never from the machine.

    Every machine with the same ``tzdata`` computes the same days, whatever its system knows.

    Raises:
        BadInput: no such zone.
    """
    if name == "UTC":
        return ZoneInfo("UTC")
    parts = name.split("/")
    safe = all(part.replace("_", "").replace("-", "").replace("+", "").isalnum() for part in parts)
    if safe and len(name) <= _LONGEST_ZONE:
        from importlib import resources  # a good part of the time of importing caseflow

        entry = resources.files("tzdata").joinpath("zoneinfo", *parts)
        if entry.is_file():
            with entry.open("rb") as file:
                try:
                    return _Zone.from_file(file, key=name)
                except ValueError:
                    pass
    raise BadInput("unknown-zone", what="time zone", found=name)


class OfficeDays:
    """The days of an office: day ``d`` is every instant in ``[midnight(d), midnight(d + 1))``.

    Where summer time makes midnight happen twice, the first one counts; where it skips midnight, the day
    begins at the first instant after the gap; a date that the zone skipped altogether has no instants.
    Midnights are remembered, since a deadline is a look-up of two of them.
    """

    __slots__ = ("_guess", "_midnights", "zone")

    def __init__(self, zone: str) -> None:
        self.zone = zone
        self._midnights: dict[int, int] = {}
        info = zone_info(zone)
        offset = datetime(2000, 1, 1, tzinfo=info).utcoffset() or timedelta(0)
        self._guess = offset // _MICROSECOND

    def midnight(self, day: int) -> int:
        """The first instant of the day."""
        known = self._midnights.get(day)
        if known is None:
            known = self._midnights[day] = _first_instant(self.zone, day)
        return known

    def at(self, day: int, minutes: int, *, is_end: bool = False) -> int:
        """The instant of so many minutes after midnight on that day, by the clocks there.

        A time that summer time skips is the first instant after the gap; of one that comes twice it is the
        first, or the second for what ends then.
        """
        midnight = self.midnight(day)
        if self.midnight(day + 1) - midnight == DAY:
            return midnight + minutes * 60 * SECOND
        if minutes == 24 * 60:
            return self.midnight(day + 1)
        info = zone_info(self.zone)
        local = datetime.fromordinal(day).replace(tzinfo=info) + timedelta(minutes=minutes)
        first, second = micros(local), micros(local.replace(fold=1))
        if first > second:  # in a gap: fold 0 reads it by the offset before
            return _gap_end(self.zone, local, second, first)
        return second if is_end else first

    def day_of(self, us: int) -> int:
        """The day that holds the instant."""
        day = (us + self._guess) // DAY + _EPOCH_DAY
        midnights = self._midnights
        try:
            if midnights[day] <= us < midnights[day + 1]:
                return day
        except KeyError:
            pass  # not met yet
        while self.midnight(day) > us:
            day -= 1
        while self.midnight(day + 1) <= us:
            day += 1
        return day

    def exists(self, day: int) -> bool:
        """Whether the zone has such a day (Samoa had no 30 December 2011)."""
        return self.midnight(day) < self.midnight(day + 1)


@cache
def office_days(zone: str) -> OfficeDays:
    """The days of that zone, shared by all who ask.

    Raises:
        BadInput: no such zone.
    """
    return OfficeDays(zone)


def _first_instant(zone: str, day: int) -> int:
    info = zone_info(zone)
    try:
        local = datetime.fromordinal(day).replace(tzinfo=info)
    except ValueError as error:
        raise BadInput("no-such-date", what="day", found=day) from error
    before, after = local.utcoffset() or timedelta(0), local.replace(fold=1).utcoffset() or timedelta(0)
    us = (day - _EPOCH_DAY) * DAY - before // _MICROSECOND
    if before >= after:
        return us if EARLIEST <= us <= LATEST else micros(local)
    return _gap_end(zone, local, us - (after - before) // _MICROSECOND, us)


def _gap_end(zone: str, local: datetime, early: int, late: int) -> int:
    """The first instant between these two at which the clocks there show that time or a later one."""
    wall = local.replace(tzinfo=None)
    while early < late:
        middle = (early + late) // 2
        if moment(middle, zone).replace(tzinfo=None) >= wall:
            late = middle
        else:
            early = middle + 1
    return late

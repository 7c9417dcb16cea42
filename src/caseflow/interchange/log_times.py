"""How tables of other systems write times: ISO 8601, a pattern, or the day numbers of a spreadsheet."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from caseflow.core.time.instants import micros, zone_info
from caseflow.errors import BadInput

ISO = "iso"
"""The name of ISO 8601, which is read where nothing else is said."""
SERIALS = {"serial-1900": datetime(1899, 12, 30), "serial-1904": datetime(1904, 1, 1)}
"""The day numbers of spreadsheets -> day 0, as numbers from 61 on count."""

_DIRECTIVES = frozenset("YymdHIMSfpz%")
_NUMBER = re.compile(r"[0-9]{1,7}(?:[.,][0-9]{1,15})?")
_DAY_NEVER_WAS = 60
"""29 February 1900, which the system of 1900 counts though there was none."""
_PROBE = datetime(2001, 2, 3, hour=4, minute=5, second=6, tzinfo=UTC)
_SHAPE = re.compile(
    r"(?P<a>\d{1,4})(?P<s>[-/.年])(?P<b>\d{1,2})(?P<t>[-/.月])(?P<c>\d{1,4})(?P<e>日?)"
    r"(?P<gap>[ T]*)(?P<time>\d{1,2}:\d{1,2}(?P<sec>:\d{1,2})?)?(?P<half>\s*[AaPp][Mm])?"
)


def wrong_times(names: Sequence[str]) -> tuple[str, str]:
    """What is wrong with ways to write a time: a code and what was found; empty for nothing.

    Each is ``iso``, a name of `SERIALS`, or a pattern of `datetime.strptime` with year, month and day by
    number. What one of them writes no other may read as another time.
    """
    for name in names:
        if name != ISO and name not in SERIALS and not _is_pattern(name):
            return "unknown-times", name
    if set(SERIALS) <= set(names):
        return "times-clash", ", ".join(SERIALS)
    for one in filter(_is_pattern, names):
        text = _PROBE.strftime(one)
        for other in names:
            if _reader(other)(text) not in (None, _by_pattern(text, one)):
                return "times-clash", f"{one}, {other}"
    return "", ""


def _is_pattern(name: str) -> bool:
    used = re.findall("%(.)", name)
    is_dated = {"m", "d"} <= set(used) and len({"Y", "y"} & set(used)) == 1 and ("I" in used) == ("p" in used)
    return is_dated and set(used) <= _DIRECTIVES and _by_pattern(_PROBE.strftime(name), name) is not None


def _by_pattern(text: str, pattern: str) -> datetime | None:
    try:
        return datetime.strptime(text, pattern)
    except ValueError:
        return None


def _by_iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _by_serial(text: str, system: str) -> datetime | None:
    """The time of a day number, to the millisecond, which is as exact as spreadsheets are."""
    if not _NUMBER.fullmatch(text):
        return None
    number = Decimal(text.replace(",", "."))
    day, zero = int(number), SERIALS[system]
    if system == "serial-1900":
        if day in (0, _DAY_NEVER_WAS):
            return None
        zero += timedelta(days=day < _DAY_NEVER_WAS)
    try:
        return zero + timedelta(days=day, milliseconds=round((number - day) * 86_400_000))
    except OverflowError:  # after the year 9999
        return None


def _reader(name: str) -> Callable[[str], datetime | None]:
    if name == ISO:
        return _by_iso
    if name in SERIALS:
        return lambda text: _by_serial(text, name)
    return lambda text: _by_pattern(text, name)


def suggested(text: str) -> dict[str, datetime]:
    """The ways to write times that would read this one, each with what it would come to; empty for none."""
    ways = [*SERIALS, ISO, *_patterns_like(text.strip())]
    read = {way: _reader(way)(text) for way in ways}
    return {way: time for way, time in read.items() if time is not None}


def _patterns_like(text: str) -> Iterator[str]:
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        return
    year = "%Y" if max(len(shape["a"]), len(shape["c"])) == len("2025") else "%y"
    orders = [(year, "%m", "%d")] if len(shape["a"]) > 2 else [("%m", "%d", year), ("%d", "%m", year)]
    clock = ""
    if shape["time"]:
        clock = shape["gap"] + ("%I" if shape["half"] else "%H") + ":%M" + (":%S" if shape["sec"] else "")
    half = "" if not shape["half"] else " %p" if shape["half"][0].isspace() else "%p"
    for first, second, third in orders:
        yield f"{first}{shape['s']}{second}{shape['t']}{third}{shape['e']}{clock}{half}"


class TimeReader:
    """Reads times as a table writes them; naive ones as local times of the zone.

    An ambiguous local time takes its first reading and is counted in `ambiguous`; one that does not exist
    is an error. Local midnights are remembered by day where one offset holds for the whole day, since looking
    offsets up costs more than all the rest.
    """

    def __init__(self, zone: str | None, times: Sequence[str] = ()) -> None:
        """Take a zone and ways to write a time.

        Args:
            zone: the IANA name for naive times; ``None`` refuses them.
            times: ways to write a time (see `wrong_times`), of which the first that fits is taken; by
                default ISO 8601.
        """
        self.zone = zone
        self.times = tuple(times) or (ISO,)
        self.ambiguous = 0
        self._info = None if zone is None else zone_info(zone)
        self._midnights: dict[int, int | None] = {}
        self._ways = tuple(_reader(name) for name in self.times)

    def local(self, text: str) -> datetime:
        """The time as it is written, with an offset or without.

        Raises:
            BadInput: none of the ways to write times fits; it says which would.
        """
        for way in self._ways:
            read = way(text)
            if read is not None:
                return read
        would = suggested(text)
        if would:
            listed = ", ".join(f'"{way}" ({time.isoformat(" ")})' for way, time in would.items())
            raise BadInput("log-time", what="time", found=text, missing=listed)
        if self.times == (ISO,):
            raise BadInput("bad-instant", what="time", found=text)
        raise BadInput("log-time-other", what="time", found=text, expected=", ".join(self.times))

    def read(self, text: str) -> int:
        """Epoch microseconds.

        Raises:
            BadInput: it is written in another way, without a zone, or the zone skipped it.
        """
        read = self.local(text)
        if read.tzinfo is not None:
            return micros(read)
        if self._info is None:
            raise BadInput("log-naive", found=text)
        day = read.toordinal()
        midnight = self._midnights.get(day)
        if midnight is None:
            if day not in self._midnights:
                midnight = self._midnights[day] = self._midnight(read)
            if midnight is None:
                return self._exactly(read)
        seconds = (read.hour * 60 + read.minute) * 60 + read.second
        return midnight + seconds * 1_000_000 + read.microsecond

    def _midnight(self, read: datetime) -> int | None:
        """When the local day began; `None` when more than one offset holds in it, looked at hour by hour."""
        begin = read.replace(hour=0, minute=0, second=0, microsecond=0)
        hours = [begin.replace(hour=hour) for hour in range(24)]
        last = begin.replace(hour=23, minute=59, second=59, microsecond=999_999)
        offsets = {
            local.replace(tzinfo=self._info, fold=fold).utcoffset()
            for local in (*hours, last)
            for fold in (0, 1)
        }
        only = offsets.pop()
        return None if offsets or only is None else (begin - _NAIVE_EPOCH - only) // _MICROSECOND

    def _exactly(self, read: datetime) -> int:
        first, second = (micros(read.replace(tzinfo=self._info, fold=fold)) for fold in (0, 1))
        if second < first:
            raise BadInput("no-such-time", found=read.isoformat(), zone=self.zone)
        self.ambiguous += second > first
        return first


_NAIVE_EPOCH = datetime(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)

"""Times as logs write them: with an offset, or local ones read in a named zone."""

from __future__ import annotations

from datetime import datetime

from caseflow.core.instants import micros, zone_info
from caseflow.errors import BadInput

_NAIVE_EPOCH = datetime(1970, 1, 1)
_HOUR = len("2025-03-03T09")


class TimeReader:
    """Reads ISO 8601 times; naive ones as local times of the zone.

    An ambiguous local time takes its first reading and is counted in `ambiguous`; one that does not exist
    is an error. Offsets are remembered by local hour where one offset holds for the whole hour, since
    looking them up costs more than all the rest.
    """

    def __init__(self, zone: str | None) -> None:
        """Args: zone: the IANA name for naive times; ``None`` refuses them."""
        self.zone = zone
        self.ambiguous = 0
        self._info = None if zone is None else zone_info(zone)
        self._offsets: dict[str, int | None] = {}

    def read(self, text: str) -> int:
        """Epoch microseconds.

        Raises:
            BadInput: no ISO 8601 time, a naive one without a zone, or one that the zone skipped.
        """
        try:
            read = datetime.fromisoformat(text)
        except ValueError as error:
            raise BadInput("bad-instant", what="time", found=text) from error
        if read.tzinfo is not None:
            return micros(read)
        if self._info is None:
            raise BadInput("log-naive", found=text)
        gap = read - _NAIVE_EPOCH
        local = (gap.days * 86_400 + gap.seconds) * 1_000_000 + gap.microseconds
        hour = text[:_HOUR]
        offset = self._offsets.get(hour)
        if offset is None:
            if hour not in self._offsets:
                offset = self._offsets[hour] = self._offset_of_hour(read)
            if offset is None:
                return self._exactly(read)
        return local - offset

    def _offset_of_hour(self, read: datetime) -> int | None:
        begin = read.replace(minute=0, second=0, microsecond=0)
        end = read.replace(minute=59, second=59, microsecond=999_999)
        offsets = {
            moment.replace(tzinfo=self._info, fold=fold).utcoffset()
            for moment in (begin, read.replace(minute=30), end)
            for fold in (0, 1)
        }
        only = offsets.pop()
        if offsets or only is None:
            return None
        return (only.days * 86_400 + only.seconds) * 1_000_000 + only.microseconds

    def _exactly(self, read: datetime) -> int:
        first, second = (micros(read.replace(tzinfo=self._info, fold=fold)) for fold in (0, 1))
        if second < first:
            raise BadInput("no-such-time", found=read.isoformat(), zone=self.zone)
        self.ambiguous += second > first
        return first

"""The time that an office is open: its openings, and when so much of it has run.

Openings are laid out once in blocks of eight days, with the time that has run at each closing. A length is
then found by taking whole blocks off it and looking up the rest in the last one, so that a deadline of weeks
costs a few look-ups; an opening that summer time shortens is as short in its block.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from caseflow.core.time.calendar import Calendar
from caseflow.core.time.instants import OfficeDays

BLOCK = 8
"""Days of a block."""
MOST = 64
"""Offices that are remembered; with more of them all are laid out anew."""


class OfficeBlock(NamedTuple):
    """The openings of eight days, in order and apart.

    Attributes:
        opens, closes: the instants of each, in epoch microseconds.
        ran: how long the office had been open in the block at each closing.
        total: how long in all.
    """

    opens: tuple[int, ...]
    closes: tuple[int, ...]
    ran: tuple[int, ...]
    total: int


class OfficeOpenings:
    """The openings of one calendar in one zone."""

    __slots__ = ("_blocks", "_calendar", "_days")

    def __init__(self, calendar: Calendar, days: OfficeDays) -> None:
        self._calendar = calendar
        self._days = days
        self._blocks: dict[int, OfficeBlock] = {}

    def used_up(self, start: int, day: int, budget: int) -> int:
        """The first instant at which so much office time has run since the start.

        Args:
            start: epoch microseconds.
            day: the first day that counts, the start's or a later one.
            budget: microseconds, 1 or more.
        """
        number = day // BLOCK
        block = self._blocks.get(number) or self._block(number)
        begin = max(start, self._days.midnight(day))
        turn = bisect_right(block.closes, begin)
        left = budget + (block.ran[turn - 1] if turn else 0)
        if turn < len(block.opens) and begin > block.opens[turn]:
            left += begin - block.opens[turn]
        while left > block.total:
            left -= block.total
            number += 1
            block = self._blocks.get(number) or self._block(number)
        turn = bisect_left(block.ran, left)
        return block.closes[turn] - block.ran[turn] + left

    def around(self, at: int, day: int) -> tuple[int, int, bool]:
        """The opening that holds the instant, or the closed time, as far as it lies on that day.

        Returns:
            From when to when, the end left out, and whether the office is open then.
        """
        begin, end = self._days.midnight(day), self._days.midnight(day + 1)
        number = day // BLOCK
        block = self._blocks.get(number) or self._block(number)
        turn = bisect_right(block.opens, at)
        if turn and at < block.closes[turn - 1]:
            return block.opens[turn - 1], block.closes[turn - 1], True
        if turn:
            begin = max(begin, block.closes[turn - 1])
        if turn < len(block.opens):
            end = min(end, block.opens[turn])
        return begin, end, False

    def openings(self, day: int) -> Iterator[tuple[int, int]]:
        """From when to when the office is open, from that day on, without end."""
        number, midnight = day // BLOCK, self._days.midnight(day)
        while True:
            block = self._blocks.get(number) or self._block(number)
            for opens, closes in zip(block.opens, block.closes, strict=True):
                if opens >= midnight:
                    yield opens, closes
            number += 1

    def _block(self, number: int) -> OfficeBlock:
        opens, closes, ran = list[int](), list[int](), list[int]()
        total = before = 0
        for day in range(number * BLOCK, number * BLOCK + BLOCK):
            for first, last in self._calendar.open_hours(day):
                # Where a time comes twice, one opening may end after the next begins.
                begin = max(self._days.at(day, first), before if opens else 0)
                end = self._days.at(day, last, is_end=True)
                if begin < end:
                    total += end - begin
                    opens.append(begin)
                    closes.append(end)
                    ran.append(total)
                    before = end
        block = OfficeBlock(tuple(opens), tuple(closes), tuple(ran), total)
        self._blocks[number] = block
        return block


_OFFICES: dict[tuple[str, str], OfficeOpenings] = {}


def office_time(calendar: Calendar, days: OfficeDays) -> OfficeOpenings:
    """The openings of that calendar in that zone, shared by all who ask."""
    key = (calendar.digest, days.zone)
    office = _OFFICES.get(key)
    if office is None:
        if len(_OFFICES) >= MOST:
            _OFFICES.clear()
        office = _OFFICES[key] = OfficeOpenings(calendar, days)
    return office


def forget() -> None:
    """Lay every office out anew when it is next asked."""
    _OFFICES.clear()

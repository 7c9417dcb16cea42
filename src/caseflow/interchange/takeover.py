"""A portal's own table of cases taken over: every row, or none and a list of what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import attrs

from caseflow.core.engine.fields import from_text
from caseflow.core.model.commands import Actor
from caseflow.core.time.instants import moment
from caseflow.core.value import Value
from caseflow.desk import Desk
from caseflow.desk.adopter import Adoption, Granted, Holder, LegacyCase, PastRating, Paused
from caseflow.errors import BadInput, CaseflowError, LogError, Refused
from caseflow.interchange.log_mapping import ASIDE, INSTANTS, PLAIN, LegacyMapping, Source
from caseflow.interchange.log_reader import IMPORTER, Cells, LogRow, check_columns, getter, read_header
from caseflow.interchange.log_times import TimeReader

Get = Callable[[Cells], str]


class Takeover(Value):
    """What a takeover of a table came to, or would come to.

    Attributes:
        adoption: the counts; see `caseflow.desk.adopter.Adoption`.
        skipped: rows that the mapping passes over.
        identical: rows set aside since they are identical to earlier ones, each with its line.
        wrong: rows that cannot be taken over, each with its line and column, in the order of lines. Unless
            it is empty nothing was written.
    """

    adoption: Adoption
    skipped: int = 0
    identical: tuple[LogError, ...] = ()
    wrong: tuple[LogError, ...] = ()


def take_over(
    desk: Desk,
    path: Path,
    mapping: LegacyMapping,
    *,
    by: Actor = IMPORTER,
    reason: str,
    timezone: str | None = None,
    encoding: str | None = None,
    dry_run: bool = False,
    progress: Callable[[int], object] = lambda _: None,
) -> Takeover:
    """Take over the cases of a table, one row a case. Run again it changes nothing.

    Args:
        desk: on the store that the cases go to, with their policy.
        path: a CSV or CSV.gz file.
        mapping: what its columns mean.
        by, reason: who takes them over, and why.
        timezone: the IANA zone of times without an offset; without it they are an error.
        encoding: of the file; by default as the mapping says, else UTF-8.
        dry_run: judge only.
        progress: told after each batch how many cases were written.

    Raises:
        LogError: the file cannot be read, or lacks a column that the mapping names.
        BadInput: an unknown zone.
    """
    mapping = mapping if encoding is None else attrs.evolve(mapping, encoding=encoding)
    table = _Table(path, mapping, TimeReader(timezone, mapping.times), desk)
    bad = [error for _, error in table.read() if isinstance(error, LogError)]
    lines: list[int] = []

    def cases() -> Iterator[LegacyCase]:
        lines.clear()
        for line, case in table.read():
            if isinstance(case, LegacyCase):
                lines.append(line)
                yield case

    adoption = desk.adopt_all(cases, by=by, reason=reason, dry_run=dry_run or bool(bad), progress=progress)
    bad += [table.wrong(lines[wrong.index], wrong.error) for wrong in adoption.wrong]
    bad.sort(key=lambda error: int(error.data["line"]))
    return Takeover(adoption, table.skipped, tuple(table.identical), tuple(bad))


class _Table:
    """The rows of the table as cases."""

    def __init__(self, path: Path, mapping: LegacyMapping, times: TimeReader, desk: Desk) -> None:
        self.skipped = 0
        self.identical: list[LogError] = []
        self._path = path
        self._mapping = mapping
        self._times = times
        self._desk = desk

    def read(self) -> Iterator[tuple[int, LegacyCase | LogError]]:
        """Each row's line, and its case or what is wrong with it."""
        header, rows = read_header(self._path, self._mapping)
        check_columns(self._path, header, self._mapping.columns(), self._mapping)
        index = {name: place for place, name in enumerate(header)}
        get = _Getters(self._mapping, index)
        skip = [(index[condition.column], condition.holds) for condition in self._mapping.skip]
        self.skipped = 0
        self.identical.clear()
        lines: dict[Cells, int] = {}
        for row in rows:
            if any(holds(row.cells[place]) for place, holds in skip):
                self.skipped += 1
                continue
            first = lines.setdefault(row.cells, row.line)
            if first != row.line and self._mapping.identical == ASIDE:
                self.identical.append(LogError("log-duplicate", file=self._path, line=row.line, first=first))
                continue
            yield row.line, self._case(row, get)

    def _case(self, row: LogRow, get: _Getters) -> LegacyCase | LogError:
        cells = row.cells
        try:
            parts: dict[str, Any] = {name: get.case[name](cells) for name in PLAIN}
            parts |= {name: self._instant(get.case[name](cells), name) for name in INSTANTS}
            parts["submitted_at"] = parts["submitted_at"] or ""
            return LegacyCase(
                **parts,
                ratings=tuple(self._ratings(cells, get, str(parts["policy"]))),
                extensions=tuple(self._extensions(cells, get)),
                pauses=tuple(self._pauses(cells, get)),
                holders=tuple(self._holders(cells, get)),
                started=self._instants(cells, get.started, "started"),
                ended=self._instants(cells, get.ended, "ended"),
            )
        except BadInput as error:
            return self.wrong(row.line, error)

    def _instant(self, text: str, what: str) -> Any:
        if not text:
            return None
        try:
            return moment(self._times.read(text))
        except BadInput as error:
            raise BadInput(error.code, **{**error.data, "what": what}) from error

    def _instants(self, cells: Cells, getters: dict[str, Get], what: str) -> dict[str, Any]:
        read = {clock: self._instant(get(cells), f"{what}.{clock}") for clock, get in getters.items()}
        return {clock: at for clock, at in read.items() if at is not None}

    def _extensions(self, cells: Cells, get: _Getters) -> Iterator[Granted]:
        for index, (at, days, clock) in enumerate(get.extensions):
            granted = self._instant(at(cells), f"extensions[{index}].at")
            if granted is not None:
                length = _whole(days(cells), f"extensions[{index}].days")
                yield Granted(at=granted, days=length, clock=clock(cells))

    def _ratings(self, cells: Cells, get: _Getters, policy: str) -> Iterator[PastRating]:
        rules = self._desk.policies.get(policy, self._desk.rules)
        for index, (at, by, fields) in enumerate(get.ratings):
            rated = self._instant(at(cells), f"ratings[{index}].at")
            texts = {name: text for name, of in fields.items() if (text := of(cells))}
            if rated is None or not texts:
                continue
            try:
                said = from_text(rules.fields.get("rate", {}), texts)
            except BadInput as error:
                name = f"ratings[{index}].fields.{error.data.get('what', '')}"
                raise BadInput(error.code, **{**error.data, "what": name}) from error
            yield PastRating(at=rated, fields=said, by=by(cells))

    def _pauses(self, cells: Cells, get: _Getters) -> Iterator[Paused]:
        for index, (since, until, clock, days, hours) in enumerate(get.pauses):
            place = f"pauses[{index}]"
            begin = self._instant(since(cells), f"{place}.since")
            if begin is not None:
                end = self._instant(until(cells), f"{place}.until")
                yield Paused(since=begin, until=end, clock=clock(cells))
            texts = {unit: get(cells) for unit, get in (("days", days), ("hours", hours))}
            total = {unit: _whole(text, f"{place}.{unit}") for unit, text in texts.items() if text.strip("0")}
            if total:
                yield Paused(clock=clock(cells), **total)

    def _holders(self, cells: Cells, get: _Getters) -> Iterator[Holder]:
        for index, (unit, since) in enumerate(get.holders):
            begin = self._instant(since(cells), f"holders[{index}].since")
            if begin is not None:
                yield Holder(unit=unit(cells), since=begin)

    def wrong(self, line: int, error: CaseflowError) -> LogError:
        """The error with its line and column."""
        name = str(error.data.get("what", "case_id"))
        if isinstance(error, Refused):
            _, _, name = error.refusal.rule.rpartition("fields.")
            name = "case_id" if error.refusal.rule in ("", "adopt") or not name else name
        return LogError(
            "log-row", file=self._path, line=line, column=self._mapping.column_of(name), found=error
        )


def _whole(text: str, what: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise BadInput("bad-int", what=what, found=text) from error


class _Getters:
    """What reads each part of a case from the cells of a row."""

    def __init__(self, mapping: LegacyMapping, index: dict[str, int]) -> None:
        def of(*sources: Source) -> tuple[Get, ...]:
            return tuple(getter(source, index) for source in sources)

        def all_of(sources: dict[str, Source]) -> dict[str, Get]:
            return {name: getter(source, index) for name, source in sources.items()}

        self.case = all_of({name: getattr(mapping.case, name) for name in (*PLAIN, *INSTANTS)})
        self.extensions: Iterable[tuple[Get, ...]] = [
            of(columns.at, columns.days, columns.clock) for columns in mapping.extensions
        ]
        self.pauses: Iterable[tuple[Get, ...]] = [
            of(columns.since, columns.until, columns.clock, columns.days, columns.hours)
            for columns in mapping.pauses
        ]
        self.holders: Iterable[tuple[Get, ...]] = [
            of(columns.unit, columns.since) for columns in mapping.holders
        ]
        self.ratings: Iterable[tuple[Get, Get, dict[str, Get]]] = [
            (getter(columns.at, index), getter(columns.by, index), all_of(columns.fields))
            for columns in mapping.ratings
        ]
        self.started = all_of(mapping.started)
        self.ended = all_of(mapping.ended)

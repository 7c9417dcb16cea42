"""A log replayed under a policy: commands in the order of time, swept as they fall due, and counted."""

from __future__ import annotations

import csv
import gc
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from operator import itemgetter
from pathlib import Path
from typing import Any

import attrs

from caseflow.clock import ManualClock
from caseflow.core.engine.actions import ACTIONS
from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.engine.decide import step as step_of
from caseflow.core.engine.escalation import escalate
from caseflow.core.engine.fields import from_text
from caseflow.core.model.case import Card, Case
from caseflow.core.model.commands import ELSEWHERE, SYSTEM, Actor, Command, Withheld
from caseflow.core.model.events import Event, Merged, Migrated, Redacted
from caseflow.core.policy import Policy, Stage
from caseflow.core.time.instants import micros, moment
from caseflow.core.value import Value
from caseflow.desk import Desk
from caseflow.desk.call_checks import checked_call
from caseflow.errors import BadInput, CaseflowError, LogError, Refused, StoreError, UnknownCase
from caseflow.interchange.cells import safe_cell
from caseflow.interchange.commands_csv import WITHHELD
from caseflow.interchange.log_mapping import LogMapping
from caseflow.interchange.log_reader import (
    IMPORTER,
    EventReader,
    LogRow,
    Reject,
    Step,
    read_steps,
)
from caseflow.interchange.log_times import TimeReader
from caseflow.ports import Append, Store, Text
from caseflow.serialization.redaction import sealed

EVERY = 500
"""Commands between two reports of progress."""
BATCH = 500
"""Cases that are appended in one transaction."""
NEEDS_DESK = frozenset(name for name, spec in ACTIONS.items() if spec.event in (Merged, Redacted, Migrated))
"""Actions that reach beyond the case's own events: to another case, to kept texts, to other rules."""
CARD_COLUMNS = (
    "case_id", "clock", "subject", "cycle", "level", "unit", "effective_at", "detected_at", "annulled_at",
)  # fmt: skip

_PUBLIC = frozenset({"reply", "placeholder"})
"""What is said in public. A log without a column for it leaves it elsewhere; an empty cell says nothing."""

Refuse = Callable[[Step, CaseflowError], None]
Progress = Callable[[int, int], None]


@contextmanager
def no_collection() -> Generator[None]:
    """Without the cyclic garbage collector: a replay keeps much and makes no cycles, so that looking for
    them only takes time.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@no_collection()  # around the whole, so that what a replay held is let go before the collector looks on
def replay(
    logs: Sequence[Path],
    *,
    policy: Policy,
    store: Store,
    mapping: LogMapping | None = None,
    as_of: datetime | str | None = None,
    timezone: str | None = None,
    encoding: str | None = None,
    on_error: str = "stop",
    rejects: Path | None = None,
    in_order: bool = False,
    progress: Progress | None = None,
) -> Summary:
    """Replay logs under a policy into the store.

    Of each case events come in the order of time; at equal instants first what is due, then in the order of
    the files, of their rows and of the mapping. Sweeps happen at each due instant.

    Into an empty store cases are decided one by one and appended some hundred at a time, whole: in the feed
    a case's events stand together, and cases in the order of their first command. Cases with a merge, their
    primaries, and cases with a redaction or a change of rules come last, through a desk, in the order of time
    among each other. Into a store that holds events already, and with ``in_order``, every command goes
    through a desk, so that the feed stands in the order of time; it takes longer. Cases, cards and units are
    the same either way.

    Args:
        logs: CSV or CSV.gz files.
        policy: the rules; its zone decides what a day is.
        store: where the cases go; the log's case ids are kept. Nobody else should write to it meanwhile.
        mapping: what the columns mean; by default they are caseflow's own.
        encoding: of the files; by default as the mapping says, else UTF-8.
        as_of: where to stop, inclusive; later events are left out and counted. By default the last event.
        timezone: the IANA zone of times without an offset; without it they are an error.
        on_error: ``stop`` at the first row that cannot be replayed, in the order in which rows are taken, or
            ``skip`` it.
        rejects: a CSV file for the rows that were skipped, and for identical ones that the mapping sets
            aside, each with its file, line and reason.
        in_order: whether the feed must stand in the order of time over all cases.
        progress: called now and then with commands done and commands in all.

    Raises:
        LogError: with file, line and column; what was committed before it stands.
        BadInput: an unknown zone, a naive ``as_of``.
    """
    mapping = mapping or LogMapping()
    mapping = mapping if encoding is None else attrs.evolve(mapping, encoding=encoding)
    times, counts = TimeReader(timezone, mapping.times), Counts()
    with ExitStack() as stack:
        write = _writer(stack, rejects)
        reject = _rejecter(write, on_error, counts)

        def aside(path: Path, row: LogRow, column: str, error: object) -> None:
            counts.identical += 1
            write(path, row, column, error)

        steps = [
            step
            for path in logs
            for step in read_steps(path, mapping, times=times, reject=reject, aside=aside)
        ]
        steps.sort(key=itemgetter(0))
        counts.ambiguous = times.ambiguous
        end = micros(as_of, what="as_of") if as_of is not None else steps[-1][0] if steps else None
        if end is not None:
            counts.later = sum(step[0] > end for step in steps)
            del steps[len(steps) - counts.later :]
            stops = on_error == "stop"
            run = _Run(CompiledPolicy(policy), store, end=end, reject=reject, stops=stops, progress=progress)
            run.take(steps, in_order=in_order or bool(store.feed(limit=1)))
            counts.touched, counts.events = run.touched, len(steps) - len(run.refused)
    return _summary(policy, store, counts, end)


# -- rows that do not fit ----------------------------------------------------------------------------------


def _writer(stack: ExitStack, path: Path | None) -> Reject:
    """What writes rows that are not replayed to a file, if there is one."""
    writer = None
    if path is not None:
        file = stack.enter_context(path.open("w", encoding="utf-8", newline=""))
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("file", "line", "column", "reason", "row"))

    def write(path: Path, row: LogRow, column: str, error: object) -> None:
        if writer is not None:
            text = (str(path), row.line, column, str(error), *row.cells)
            writer.writerow([safe_cell(str(cell)) for cell in text])

    return write


def _rejecter(write: Reject, on_error: str, counts: Counts) -> Reject:
    """What is done with a row that cannot be replayed."""
    if on_error not in ("stop", "skip"):
        raise BadInput("bad-option", what="on_error", found=f"{on_error}, expected stop or skip")

    def reject(path: Path, row: LogRow, column: str, error: object) -> None:
        if on_error == "stop":
            if isinstance(error, LogError):
                raise error
            cause = error if isinstance(error, BaseException) else None
            raise LogError("log-row", file=path, line=row.line, column=column, found=error) from cause
        counts.rejected += 1
        write(path, row, column, error)

    return reject


def _column(error: CaseflowError, reader: EventReader) -> str:
    """The column a refusal speaks of, as near as it can be told."""
    if isinstance(error, Refused):
        path, _, name = error.refusal.rule.rpartition(".")
        named = (
            name
            if path.endswith(".fields")
            else {"effective_at": name, "merge": "primary"}.get(name, "action")
        )
        return reader.column_of(named)
    return reader.column_of(str(error.data.get("what", "case_id")))


# -- commands decided --------------------------------------------------------------------------------------


def needs_desk(steps: Iterable[Step]) -> set[str]:
    """The ids of cases that cannot be decided alone: see `NEEDS_DESK`; with a merge also the primary."""
    ids = set[str]()
    for _, case_id, action, reader, row in steps:
        if action in NEEDS_DESK:
            ids.add(case_id)
            if action == "merge":
                ids.add(reader.fields(row.cells).get("primary", case_id))
    return ids


def by_case(steps: Iterable[Step]) -> dict[str, list[Step]]:
    """The commands of each case, cases in the order of their first command."""
    cases: dict[str, list[Step]] = {}
    for step in steps:
        of_case = cases.get(step[1])
        if of_case is None:
            cases[step[1]] = [step]
        else:
            of_case.append(step)
    return cases


def history_of(
    case_id: str, steps: Iterable[Step], rules: CompiledPolicy, *, end: int, refuse: Refuse
) -> Append | None:
    """The whole history of a case that others have no say in (see `needs_desk`); `None` when it never began.

    It is what a desk makes of it that sweeps at every due instant up to ``end``; pure, but for the salts of
    texts.

    Args:
        steps: its commands in the order of time, none after ``end``.
        refuse: is told of each command that cannot be taken, with the error.
    """
    case, events, texts = Case(case_id), list[Event](), list[Text]()
    for step in steps:
        case = _caught_up(rules, case, step[0], events)
        try:
            case = _taken(rules, case, step, events=events, texts=texts)
        except CaseflowError as error:
            refuse(step, error)
    if not events:
        return None
    case = _caught_up(rules, case, end, events)
    return Append(case=case, expected=0, events=tuple(events), texts=tuple(texts))


def _caught_up(rules: CompiledPolicy, case: Case, at: int, events: list[Event]) -> Case:
    """The case with everything issued that is due up to the instant, each noticed when it is due."""

    def recorded() -> tuple[Event, ...]:
        return tuple(events)

    while (due := case.next_due_us) is not None and due <= at:
        case, issued = escalate(rules, case, due, history=recorded)
        events += issued
    return case


def _taken(rules: CompiledPolicy, case: Case, step: Step, *, events: list[Event], texts: list[Text]) -> Case:
    """The case after the command, decided as a desk would; its events and texts are added to those there.

    Raises:
        CaseflowError: it cannot be read or is refused; nothing was added.
    """
    at, case_id, action, reader, _ = step
    says_more = reader.says_more or action in _PUBLIC
    by, fields, since = _read(rules, step) if says_more else (IMPORTER, None, None)
    if not case.version or by.role == SYSTEM.role:
        checked_call(case_id, action, by)
        if not case.version and action != "submit":
            raise UnknownCase(case_id)
    kept: tuple[Text, ...] = ()
    if fields:
        command, kept = sealed(rules, action, by, fields, since)
    else:
        command = Command(action, by, effective_us=since)
    before = case.version
    case, brought = step_of(rules, case, command, at, history=lambda: events)
    if kept:
        version = next(turn for turn, event in enumerate(brought, before + 1) if event.texts)
        texts += [text.replace(version=version) for text in kept]
    events += brought
    return case


def _read(rules: CompiledPolicy, step: Step) -> tuple[Actor, dict[str, Any] | None, int | None]:
    """Who acts, with which fields, and since when it is true.

    Raises:
        BadInput: a cell cannot be read.
    """
    _, _, action, reader, row = step
    cells = row.cells
    fields = reader.fields(cells)
    rules_of_fields = rules.fields.get(action, {})
    for name in fields.keys() & rules_of_fields.keys():
        kind = rules_of_fields[name].type
        if kind in ("instant", "date"):
            fields[name] = reader.in_iso(name, fields[name], is_date=kind == "date")
    typed = from_text(rules_of_fields, fields) if fields else None
    for name, text in fields.items():
        if text == WITHHELD and typed and name in rules_of_fields and rules_of_fields[name].type == "text":
            typed[name] = Withheld(text)
    if action in _PUBLIC and not reader.tells("text"):
        typed = {**(typed or {}), "text": ELSEWHERE}
    return reader.actor(cells), typed, reader.effective_us(cells)


# -- into a store ------------------------------------------------------------------------------------------


class _Run:
    """Takes the commands of a log into a store."""

    def __init__(
        self,
        rules: CompiledPolicy,
        store: Store,
        *,
        end: int,
        reject: Reject,
        stops: bool,
        progress: Progress | None,
    ) -> None:
        self.touched: dict[str, None] = {}
        self.refused: dict[int, CaseflowError] = {}
        """By the identity of its command."""
        self._rules, self._store, self._end = rules, store, end
        self._reject, self._stops = reject, stops
        self._progress: Progress = progress or (lambda done, of: None)
        self._done = self._all = 0

    def take(self, steps: Sequence[Step], *, in_order: bool) -> None:
        """Take every command, then what is due up to the end; tell of those refused in the order of time."""
        self._all = len(steps)
        if in_order:
            self._act(steps)
        else:
            apart = needs_desk(steps)
            self._append([step for step in steps if step[1] not in apart] if apart else steps)
            if apart:
                self._act([step for step in steps if step[1] in apart])
        for step in steps if self.refused else ():
            error = self.refused.get(id(step))
            if error is not None:
                self._tell(step, error)
        self._progress(self._all, self._all)

    def _refuse(self, step: Step, error: CaseflowError) -> None:
        if self._stops:
            self._tell(step, error)
        self.refused[id(step)] = error

    def _tell(self, step: Step, error: CaseflowError) -> None:
        *_, reader, row = step
        self._reject(reader.path, row, _column(error, reader), error)

    def _append(self, steps: Iterable[Step]) -> None:
        """Case by case, whole histories, many in one transaction."""
        batch: list[Append] = []
        for case_id, of_case in by_case(steps).items():
            entry = history_of(case_id, of_case, self._rules, end=self._end, refuse=self._refuse)
            self._done += len(of_case)
            if entry is not None:
                batch.append(entry)
            if len(batch) == BATCH:
                self._flush(batch)
        if batch:
            self._flush(batch)

    def _flush(self, batch: list[Append]) -> None:
        if not self.touched:
            self._store.pin(self._rules.pin, self._rules.document)
        self._store.append(batch)
        self.touched.update([(entry.case.id, None) for entry in batch])
        batch.clear()
        self._progress(self._done, self._all)

    def _act(self, steps: Sequence[Step]) -> None:
        """Command by command through a desk, in the order of time, swept at each due instant."""
        desk = Desk(self._rules, self._store, clock=ManualClock(0), tells=False)
        due = _sweep_until(desk, steps[0][0] if steps else self._end)
        for step in steps:
            at = step[0]
            if due is not None and due <= at:
                due = _sweep_until(desk, at)
            desk.clock.set(at)
            self._done += 1
            try:
                case = _act(desk, step)
            except StoreError:
                raise
            except CaseflowError as error:
                self._refuse(step, error)
                continue
            self.touched[case.id] = None
            later = case.next_due_us
            if later is not None and (due is None or later < due):
                due = later
            if self._done % EVERY == 0:
                self._progress(self._done, self._all)
        _sweep_until(desk, self._end)


def _act(desk: Desk, step: Step) -> Case:
    _, case_id, action, _, _ = step
    by, fields, since = _read(desk.rules, step)
    return desk.act(
        case_id, action, by=by, fields=fields, effective_at=None if since is None else moment(since)
    )


def _sweep_until(desk: Desk, at: int) -> int | None:
    """Sweep at each due instant up to `at`; returns the next one after it."""
    due = desk.store.next_due()
    while due is not None and due <= at:
        desk.clock.set(due)
        swept = desk.sweep()
        after = desk.store.next_due()
        if after == due and not (swept.cards or swept.reminders):
            return None  # only cases that this version cannot sweep are due
        due = after
    return due


# -- what it came to ---------------------------------------------------------------------------------------


@attrs.define
class Counts:
    """What is counted while a replay runs."""

    events: int = 0
    rejected: int = 0
    identical: int = 0
    later: int = 0
    ambiguous: int = 0
    touched: dict[str, None] = attrs.field(factory=dict[str, None])
    """Ids in the order in which their cases lie in memory, which is quicker to go through."""


class Summary(Value):
    """What a replay came to.

    Attributes:
        as_of_us: the last instant that was replayed; `None` when no event was read and none was given.
        cases: cases the log touched; events: accepted commands; rejected: rows or commands skipped.
        identical: rows set aside since they are identical to earlier ones of their file.
        later: commands after ``as_of``; ambiguous_times: local times read as the first of two.
        replied: cases with a public substantive reply that stands.
        open: cases not in a final state, replied or not.
        stages, cards, reminders: counts by stage and level, annulled ones left out, every key present.
        issued: the breaches, in the order of effective instant and case id; reminded: the warnings.
    """

    as_of_us: int | None
    zone: str
    cases: int
    events: int
    rejected: int
    identical: int
    later: int
    ambiguous_times: int
    replied: int
    open: int
    stages: dict[str, int]
    cards: dict[str, int]
    reminders: dict[str, int]
    issued: tuple[Card, ...]
    reminded: tuple[Card, ...]

    def document(self) -> dict[str, Any]:
        """The summary as JSON-able data; ``as_of`` in the policy's zone, `None` for a log without events."""
        names = (
            "cases", "events", "rejected", "identical", "later", "ambiguous_times", "replied", "open",
            "stages", "cards", "reminders",
        )  # fmt: skip
        end = self.as_of_us
        head = {"as_of": None if end is None else moment(end, self.zone).isoformat()}
        return head | {name: getattr(self, name) for name in names}


def _summary(policy: Policy, store: Store, counts: Counts, as_of_us: int | None) -> Summary:
    """The summary of the cases a replay touched."""
    rungs = [rung for clock in policy.clocks.values() for rung in clock.rungs]
    stages = dict.fromkeys([stage.value for stage in Stage], 0)
    cards = dict.fromkeys([rung.level for rung in rungs if rung.kind == "breach"], 0)
    reminders = dict.fromkeys([rung.level for rung in rungs if rung.kind == "warning"], 0)
    cases = replied = still_open = 0
    issued, reminded = list[Card](), list[Card]()
    for case in filter(None, map(store.load, counts.touched)):
        cases += 1
        replied += case.has_reply
        still_open += case.is_open
        stages[case.place.stage] = stages.get(case.place.stage, 0) + 1
        for rung in case.escalations:
            (issued if rung.is_breach else reminded).append(rung)
            if rung.stands:
                table = cards if rung.is_breach else reminders
                table[rung.level] = table.get(rung.level, 0) + 1
    for listed in (issued, reminded):
        listed.sort(key=lambda card: (card.effective_us, card.case_id))
    return Summary(
        as_of_us=as_of_us,
        zone=policy.timezone,
        cases=cases,
        events=counts.events,
        rejected=counts.rejected,
        identical=counts.identical,
        later=counts.later,
        ambiguous_times=counts.ambiguous,
        replied=replied,
        open=still_open,
        stages=stages,
        cards=cards,
        reminders=reminders,
        issued=tuple(issued),
        reminded=tuple(reminded),
    )


def write_cards(cards: Iterable[Card], path: Path) -> None:
    """Write cards or reminders as CSV in the order given, instants in the policy's zone with offset."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(CARD_COLUMNS)
        for card in cards:
            annulled = card.annulled_at
            row = (
                card.case_id, card.clock, card.subject, card.cycle, card.level, card.unit,
                card.effective_at.isoformat(), card.detected_at.isoformat(),
                annulled.isoformat() if annulled else "",
            )  # fmt: skip
            writer.writerow([safe_cell(str(cell)) for cell in row])

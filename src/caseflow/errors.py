"""Everything caseflow raises: one root, stable codes, data as fields, texts in every language."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from caseflow.i18n import Lang, bracketed, code_text, keys, mark, text


class CaseflowError(Exception):
    """The root of every error caseflow raises; a value: pickled, copied, and compared by what it says.

    Attributes:
        code: stable; programs decide by it, never by the text.
        data: what the text speaks of, by name.
    """

    def __init__(self, code: str, **data: Any) -> None:
        super().__init__(code, data)
        self.code = code
        self.data: Mapping[str, Any] = data

    def text(self, lang: Lang = "en") -> str:
        """The message for people: what, where, what came, and the way out."""
        data = {
            name: value.text(lang) if isinstance(value, CaseflowError) else value
            for name, value in self.data.items()
        }
        return code_text(self.code, lang, data)

    def __str__(self) -> str:
        return self.text()

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return _said(self) == _said(other)

    def __hash__(self) -> int:
        return hash((type(self), self.code))

    def __reduce__(self) -> tuple[Callable[..., CaseflowError], tuple[Any, ...]]:
        return _restored, (type(self), self.args, self.__dict__)


def _said(error: object) -> dict[str, Any]:
    """What an error says, without notes that were added on its way."""
    return {name: value for name, value in vars(error).items() if name != "__notes__"}


def _restored(kind: type[CaseflowError], args: tuple[Any, ...], fields: Mapping[str, Any]) -> CaseflowError:
    """The error with those fields, without its ``__init__``: each kind has its own signature."""
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(fields)
    return error


class BadInput(CaseflowError):
    """A value that cannot be what it should be: a naive time, an unknown zone, a count of 0."""


class StoreError(CaseflowError):
    """The place where cases are kept cannot be used: another program's file, a newer schema, read-only."""


class StoreBusy(StoreError):
    """Another process holds the store's lock; the same call may succeed later."""


class BadRecord(StoreError):
    """One thing that is kept, or is to be kept, is not as it should be; the store serves everything else.

    A batch sets it aside; see `caseflow.ports.Quarantined`.
    """


_OF_THE_STORE = frozenset({
    "store-busy", "store-unreachable", "store-unsure", "store-full", "store-read-only", "store-missing",
    "store-newer", "store-older", "store-foreign", "store-restored",
})  # fmt: skip


def is_of_the_store(error: Exception) -> bool:
    """Whether the store cannot be used, so that no single thing in it can be to blame."""
    return isinstance(error, StoreError) and error.code in _OF_THE_STORE


class UnknownCase(CaseflowError):
    """No case has that id."""

    def __init__(self, case_id: str) -> None:
        super().__init__("unknown-case", case=case_id)


class Stale(CaseflowError):
    """A case moved on: its version is not the expected one. Load it again and decide again."""

    def __init__(self, case_id: str, *, expected: int, found: int | None = None) -> None:
        super().__init__("stale", case=case_id, expected=expected, found="?" if found is None else found)


class KeyReused(CaseflowError):
    """An idempotency key came again with another command."""

    def __init__(self, key: str, *, actor: str) -> None:
        super().__init__("key-reused", key=key, actor=actor)


class DeliveryFailed(CaseflowError):
    """A message was not handed on.

    Attributes:
        retry: whether the same message may be handed on later; without, it goes to the dead letters at once.
    """

    def __init__(self, code: str = "delivery-failed", *, retry: bool, **data: Any) -> None:
        super().__init__(code, **data)
        self.retry = retry


class HookFailed(CaseflowError):
    """A hook stopped a command by an error that would pass for the command's own; nothing was recorded.

    What it raised stands in ``__cause__``.
    """

    def __init__(self, hook: str, *, found: str) -> None:
        super().__init__("hook-failed", what=hook, found=found)


class LogError(CaseflowError):
    """A line of a log that cannot be replayed; names file, line and column."""


@attrs.frozen
class Problem:
    """One thing wrong with a policy: where it stands, what was found, and what it should be."""

    file: str
    path: str
    code: str
    found: str = ""

    def text(self, lang: Lang = "en") -> str:
        """``file: key.path: message``; without a path when it is the file as a whole."""
        place = f"{self.file}: {self.path}" if self.path != "." else self.file
        return f"{place}{mark('colon', lang)}{code_text(self.code, lang, {'found': self.found}, placed=True)}"


class PolicyError(CaseflowError):
    """A policy that cannot be used; lists every problem at once."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("policy-invalid", problems=self.problems)

    def text(self, lang: Lang = "en") -> str:
        """A line for each problem, in the order of the file's tables."""
        lines = "\n".join(f"  {problem.text(lang)}" for problem in self.problems)
        head = code_text(self.code, lang, {"count": len(self.problems)})
        return f"{head}\n{lines}"


class UnitsError(PolicyError):
    """A register of units that cannot be used; lists every problem at once."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        CaseflowError.__init__(self, "units-invalid", problems=self.problems)


class ScenarioError(PolicyError):
    """A scenario that cannot be simulated; lists every problem at once, those of its policy included."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        CaseflowError.__init__(self, "scenario-invalid", problems=self.problems)


@attrs.frozen(kw_only=True)
class Refusal:
    """Why a command was refused, as data.

    Attributes:
        code: which rule refused, stable.
        action: what was asked.
        state: the case's state at that moment, after everything due had been issued.
        rule: the key path of the policy that says so.
        missing: what would have been needed (fields, roles, actions that would be accepted).
        possible_from: epoch microseconds from which the same command would be possible, when time decides.
        possible_until: epoch microseconds, the first instant at which it was too late, when time decides.
        source: the legal source the policy names for the rule.
    """

    code: str
    action: str
    state: str = ""
    rule: str = ""
    missing: tuple[str, ...] = ()
    found: str = ""
    possible_from: int | None = None
    possible_until: int | None = None
    source: str = ""

    def text(self, lang: Lang = "en") -> str:
        """The refusal for people, with its remedy."""
        data = {
            "action": self.action,
            "state": self.state or "-",
            "missing": mark("list", lang).join(self.missing) or "-",
            "found": self.found,
        }
        source = bracketed(self.source, lang) if self.source else ""
        without = f"helpless.{self.code}"
        if not self.missing and without in keys("helpless"):
            return f"{text(without, lang, **data)}{source}"
        return f"{code_text(self.code, lang, data)}{source}"


class Refused(CaseflowError):
    """A command that the rules do not allow; nothing was recorded.

    Attributes:
        refusal: which rule, in what state, what is missing, and the source.
    """

    def __init__(self, refusal: Refusal, *, case_id: str = "") -> None:
        super().__init__(refusal.code, case=case_id)
        self.refusal = refusal
        self.case_id = case_id

    def text(self, lang: Lang = "en") -> str:
        """``case c1: <refusal>``."""
        reason = self.refusal.text(lang)
        return text("phrases.in-case", lang, case=self.case_id, text=reason) if self.case_id else reason

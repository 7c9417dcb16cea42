"""The laws by name, and the error that says which of them was broken, by what."""

from __future__ import annotations

from caseflow.core.value import Value
from caseflow.i18n import Lang, text

LAWS = (
    "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11",
    "lifecycle", "clocks", "holder", "merge", "liveness", "rungs",
)  # fmt: skip
"""The keys of the laws; the catalogue says what each holds. The numbers are those of the laws of the engine;
the others follow from them or from the policy itself."""


def law_text(law: str, lang: Lang = "en") -> str:
    """The law by number and name: ``3, never early, and at its instant it fires``."""
    name = text(f"laws.{law}", lang)
    return f"{law}, {name}" if law.isdigit() else name


class LawBroken(AssertionError):
    """A law does not hold.

    Attributes:
        law: its key in `LAWS`.
        what: what was found, in one sentence.
        case_id: the case; empty when it is about the policy.
    """

    def __init__(self, law: str, what: str, *, case_id: str = "") -> None:
        super().__init__(f"law {law_text(law)}: {what}")
        self.law = law
        self.what = what
        self.case_id = case_id


def hold(holds: object, law: str, what: str, *, case_id: str = "") -> None:
    """Raise `LawBroken` unless what was found is true."""
    if not holds:
        raise LawBroken(law, what, case_id=case_id)


class Violation(Value):
    """A law that does not hold, with the shortest life found that shows it.

    Attributes:
        law: its key in `LAWS`.
        what: what was found.
        story: what happened, a dated line for each event; empty when it is about the policy itself.
        snippet: Python that lives through it again and raises the same error.
    """

    law: str
    what: str
    story: str = ""
    snippet: str = ""

    def text(self, lang: Lang = "en") -> str:
        """Law, what was found, and the story."""
        head = text("proof.law", lang, law=law_text(self.law, lang))
        return "\n".join([head, f"  {self.what}", *(f"    {line}" for line in self.story.splitlines())])

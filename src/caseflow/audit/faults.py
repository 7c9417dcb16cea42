"""What an audit finds: one fault, and the report over a whole store."""

from __future__ import annotations

from caseflow.core.values import Value, value
from caseflow.errors import Lang
from caseflow.messages import text_of


@value
class Fault(Value):
    """One thing in a store that is not as it was recorded.

    Attributes:
        case_id: the case; empty for what belongs to none.
        version: the first version that is wrong; 0 when no single one is.
        code: what is wrong; stable.
        found: the column, text or number it is about.
    """

    case_id: str
    version: int
    code: str
    found: str = ""

    def text(self, lang: Lang = "en") -> str:
        """The fault for people, the case and version first."""
        data = {"case": self.case_id or "-", "version": self.version, "found": self.found}
        return text_of(self.code, lang, data)


@value
class AuditReport(Value):
    """What an audit looked at and found.

    Attributes:
        cases, events: how many were read.
        faults: the first of them, in the order of case ids, at most as many as were asked for; those of the
            store's other tables come last.
        more: how many further faults there are.
        checked: how many cases of a checkpoint were compared; `None` without one.
        made_at: when that checkpoint was made (UTC, ISO 8601); empty without one.
    """

    cases: int
    events: int
    faults: tuple[Fault, ...] = ()
    more: int = 0
    checked: int | None = None
    made_at: str = ""

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found."""
        return not self.faults

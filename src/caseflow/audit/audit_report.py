"""The report of an audit: what it read, and each fault it came upon."""

from __future__ import annotations

from caseflow.core.value import Value
from caseflow.i18n import Lang, code_text


class Fault(Value):
    """One thing in a store that is not as it was recorded.

    Attributes:
        case_id: the case; empty for what belongs to none.
        version: the first version that is wrong; 0 when no single one is.
        code: what is wrong; stable.
        about: the column, text or number that is wrong.
    """

    case_id: str
    version: int
    code: str
    about: str = ""

    def text(self, lang: Lang = "en") -> str:
        """The fault for people, the case and version first."""
        data = {"case": self.case_id or "-", "version": self.version, "found": self.about}
        return code_text(self.code, lang, data)


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

"""A command as a life asks it, and what comes back: a case, a refusal, or the end of trying."""

from __future__ import annotations

from typing import Any

import attrs

from caseflow.core import events as e
from caseflow.core.case import Case
from caseflow.desk import Desk
from caseflow.errors import CaseflowError, Refusal, Refused, Stale
from caseflow.testing.laws.broken import LawBroken
from caseflow.testing.laws.engine import Crash

Outcome = Case | Refusal | Stale | Crash


@attrs.frozen(kw_only=True)
class Asked:
    """A command: on which case, which action, with what, and at which of a life's two desks.

    Attributes:
        terms: ``by``, ``fields`` and for a fact recorded late ``effective_at``, as for `caseflow.Desk.act`.
        desk: 0 for the desk under the policy, 1 for the one under its longer twin.
    """

    case_id: str
    action: str
    terms: dict[str, Any]
    desk: int = 0

    def of(self, desks: tuple[Desk, Desk], *, key: str | None = None) -> Outcome:
        """What the desk answers; any other error than those of `Outcome` breaks law 8."""
        try:
            return desks[self.desk].act(self.case_id, self.action, key=key, **self.terms)
        except Refused as error:
            return error.refusal
        except (Stale, Crash) as error:
            return error
        except CaseflowError as error:
            what = f"{self.action} failed with {error.code}: {error}"
            raise LawBroken("8", what, case_id=self.case_id) from error


@attrs.frozen(kw_only=True)
class Done:
    """An accepted command: what was asked under which key, and the case it gave back."""

    asked: Asked
    key: str
    after: Case


def answer(found: Outcome) -> str:
    """The kind of an outcome, and the code of a refusal."""
    return f"refused: {found.code}" if isinstance(found, Refusal) else type(found).__name__.lower()


def is_act(event: e.Event) -> bool:
    """Whether somebody did it, or the system by itself: not a card, its annulment or a follower's mark."""
    return not isinstance(event, e.RungEvent | e.CardAnnulled | e.Followed)

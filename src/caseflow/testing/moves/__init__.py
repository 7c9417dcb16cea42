"""For any policy, case and action: an actor who may take it and fields that fit, or wrong ones on request.

Everything is drawn from one integer by its digits: 0 is the simplest choice everywhere, and the same integer
always gives the same move. Nothing here knows a particular policy.
"""

from __future__ import annotations

from caseflow.testing.moves.actors import STRANGER, UNITS, fitting_actor, fitting_actors, unfitting_actor
from caseflow.testing.moves.digits import Digits
from caseflow.testing.moves.fields import SAID, fitting_fields
from caseflow.testing.moves.fitting_moves import Move, fitting
from caseflow.testing.moves.rows import accepted, row_of
from caseflow.testing.moves.wrong_moves import Wrong, wrong_fields

__all__ = [
    "SAID",
    "STRANGER",
    "UNITS",
    "Digits",
    "Move",
    "Wrong",
    "accepted",
    "fitting",
    "fitting_actor",
    "fitting_actors",
    "fitting_fields",
    "row_of",
    "unfitting_actor",
    "wrong_fields",
]

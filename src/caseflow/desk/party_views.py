"""Cases as their parties may have them, kept while the store gives the very same ones."""

from __future__ import annotations

from collections.abc import Sequence

from caseflow.core.engine.rights import for_parties
from caseflow.core.model.case import Case

KEPT_VIEWS = 4096
"""So many are kept; then all are forgotten."""


class PartyViews:
    """What `for_parties` makes of the cases of lists: of a case that comes again as it was it is made once.

    A store that keeps a case in memory gives the same object until it changes, so that one look tells whether
    what was made of it still holds; of any other object it is made anew, however equal it is. Without this a
    citizen's list of fifty cases costs half as much again as it costs to read them.
    """

    def __init__(self) -> None:
        self._views: dict[str, tuple[Case, Case]] = {}

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._views)

    def of(self, cases: Sequence[Case]) -> list[Case]:
        """The cases as their parties may have them, in the same order."""
        known = self._views.get
        return [
            view[1] if (view := known(case.id)) is not None and view[0] is case else self._view(case)
            for case in cases
        ]

    def _view(self, case: Case) -> Case:
        view = for_parties(case)
        if len(self._views) >= KEPT_VIEWS:
            self._views.clear()
        self._views[case.id] = (case, view)
        return view

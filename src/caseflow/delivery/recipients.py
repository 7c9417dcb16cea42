"""Who hears of a notice: the holders of its role; of what a citizen is told, those too whose cases follow."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.model import events as e
from caseflow.core.model.case import Case
from caseflow.core.notices import Notice
from caseflow.delivery.renderer import CaseContext, Recipient
from caseflow.errors import DeliveryFailed, StoreError
from caseflow.ports import Store, Text
from caseflow.ports.protocols import Directory
from caseflow.ports.records import printable

_log = logging.getLogger("caseflow.relay")
_OF_ONE_CITIZEN = frozenset({
    e.Submitted.name, e.InformationRequested.name, e.Withdrawn.name, e.Rejected.name, e.Merged.name,
    e.Followed.name, e.Resumed.name,
})  # fmt: skip
"""What is no follower's: it is asked of the primary's own citizen, or is where the following ends."""


class Recipients:
    """Whom a notice is for, as a directory names them.

    Attributes:
        error: the code of what kept somebody from being named, so that the notice is tried again.
    """

    def __init__(self, context: CaseContext, notice: Notice, *, directory: Directory, store: Store) -> None:
        self._notice, self._directory, self._store = notice, directory, store
        self._is_own = _is_of_citizen(context.rules, notice)
        self.error = ""
        self.named = [*self._of(context.case, context.texts)]
        if self._is_own and notice.topic not in _OF_ONE_CITIZEN:
            for follower in self._followers(context.case):
                self.named += self._guarded(follower)

    def _of(self, case: Case, texts: tuple[Text, ...]) -> Iterator[Recipient]:
        people = self._directory.holders(self._notice.role, unit=self._notice.unit, case=case)
        for person in people:
            if not self._is_own or person.id == case.citizen:
                yield Recipient(person, case, texts)

    def _followers(self, primary: Case) -> Iterator[str]:
        """The ids of the cases that follow this one, and of those that follow them, each once."""
        waiting, known = [primary], {primary.id}
        while waiting:
            case = waiting.pop(0)
            for name in case.facts.followers:
                if name in known:
                    continue
                known.add(name)
                follower = self._loaded(name)
                if follower is not None and follower.facts.primary == case.id:
                    waiting.append(follower)
                    yield name

    def _loaded(self, case_id: str) -> Case | None:
        try:
            return self._store.load(case_id)
        except StoreError as error:
            self.error = error.code
            return None

    def _guarded(self, case_id: str) -> list[Recipient]:
        """Those of a case that follows: what goes wrong there keeps nobody else from being told."""
        try:
            case = self._store.load(case_id)
            return [] if case is None else [*self._of(case, self._store.texts(case_id))]
        except (StoreError, DeliveryFailed) as error:
            self.error = printable(str(error.code))[:200]
        except Exception as error:  # the portal's own directory
            _log.error("directory failed: %s", type(error).__name__)
            self.error = DIRECTORY_BROKE
        return []


DIRECTORY_BROKE = "directory-broke"
"""The code of a directory that raised what it may not."""


def _is_of_citizen(rules: CompiledPolicy, notice: Notice) -> bool:
    """Whether it is for whoever asked, and for nobody else who has the role."""
    role = rules.roles.get(notice.role)
    return role is not None and role.scope == "own"

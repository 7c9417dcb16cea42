"""Policies broken in one named way each, and the problem that loading one tells."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from caseflow.config import load_policy
from caseflow.core.policy import Policy
from caseflow.core.values import Value, value
from caseflow.errors import BadInput, PolicyError, Problem
from caseflow.testing.strategies.given import PolicyLike, for_policy
from caseflow.testing.strategies.policies import policies
from caseflow.testing.strategies.toml import as_toml
from caseflow.testing.strategies.ways import WAYS, Way

FILE = "policy.toml"
"""What a broken policy's file is called; one that extends itself names it."""


@value
class BrokenPolicy(Value):
    """A policy's file with one fault.

    Attributes:
        way: the fault in words.
        code: the code of the problem that loading it tells.
        path: the key path where the problem is told.
        content: the bytes of the file.
    """

    way: str
    code: str
    path: str
    content: bytes

    def problems(self) -> tuple[Problem, ...]:
        """What loading the file tells; empty when the fault was not noticed."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / FILE
            file.write_bytes(self.content)
            try:
                load_policy(file)
            except PolicyError as error:
                return error.problems
        return ()

    def __repr__(self) -> str:
        text = self.content.decode(errors="replace")
        shown = text if len(text) < 4000 else f"{text[:2000]}\n... {len(text)} characters"
        return f"<policy in which {self.way}: {self.path} is {self.code}\n{shown}>"


def broken_policies(
    policy: PolicyLike | None = None, *, codes: Sequence[str] | None = None
) -> st.SearchStrategy[BrokenPolicy]:
    """A valid policy with one thing wrong, with the code and key path of the problem that must be told.

    Everything that reading and checking a policy can find fault with is drawn, `WAYS` lists it. Other
    problems may follow from the one that was planted, and stand beside it.

    Shrinks to the first way, planted in the plainest policy.

    Args:
        policy: what is broken; small policies of all kinds by default.
        codes: only faults with these codes.

    Raises:
        BadInput: a code that no way leads to.
    """
    ways = [way for way in WAYS if codes is None or way.code in codes]
    missing = sorted(set(codes or ()) - {way.code for way in ways})
    if not ways or missing:
        known = ", ".join(sorted({way.code for way in WAYS}))
        raise BadInput("bad-option", what="codes", found=f"{missing}, expected some of {known}")
    whole = for_policy(policies() if policy is None else policy, lambda rules: st.just(rules.policy))
    return st.builds(broken_by, st.sampled_from(ways), whole)


def broken_by(way: Way, policy: Policy) -> BrokenPolicy:
    """The sound policy with that fault planted in it."""
    broken = _without_nothing(policy.document()["policy"])
    path = way.plant(broken)
    content = broken.pop("", None)
    text = as_toml(broken).encode() if content is None else content
    return BrokenPolicy(way.name, way.code, path, text.ljust(way.padded))


def _without_nothing(found: Any) -> Any:
    """The table with lists instead of tuples and without what says nothing, as a person would write it."""
    if isinstance(found, Mapping):
        kept = {key: _without_nothing(part) for key, part in found.items()}
        return {key: part for key, part in kept.items() if part not in (None, "", {}, []) or key == "week"}
    if isinstance(found, list | tuple):
        return [_without_nothing(part) for part in found]
    return found

"""Compiled policies by content hash, each compiled once in a process: whoever reads a case asks here."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from caseflow import forks
from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.policy import Policy, pin_of
from caseflow.errors import StoreError
from caseflow.policies.parse import policy_from_document

Pinned = Callable[[str], Mapping[str, Any] | None]
"""The document that a store keeps under a content hash; ``None`` when there is none."""

MOST = 64
"""Compiled policies that a process keeps; the one that was not asked for longest goes first."""

_lock = threading.Lock()
_compiled: OrderedDict[str, CompiledPolicy] = OrderedDict()


def _renew_lock() -> None:
    global _lock
    _lock = threading.Lock()


forks.in_child(_renew_lock)


def compiled(policy: Policy | CompiledPolicy) -> CompiledPolicy:
    """The policy made ready; the same object for the same content, while the process keeps it."""
    if isinstance(policy, CompiledPolicy):
        return _kept(policy)
    known = _known(policy.pin)
    return _kept(CompiledPolicy(policy)) if known is None else known


def rules_of(pin: str, pinned: Pinned) -> CompiledPolicy:
    """The rules of a content hash: those this process knows, or what the store keeps under it.

    Content is what the hash says, so that rules of one store serve every other.

    Raises:
        StoreError: ``unknown-pin`` when nobody knows the hash, or what is kept under it has another.
        PolicyError: what the store keeps is no policy of this version.
    """
    known = _known(pin)
    if known is not None:
        return known
    document = pinned(pin)
    if document is None or pin_of(dict(document)) != pin:
        raise StoreError("unknown-pin", found=pin)
    return _kept(CompiledPolicy(policy_from_document(document)), pin)


def _known(pin: str) -> CompiledPolicy | None:
    with _lock:
        rules = _compiled.get(pin)
        if rules is not None:
            _compiled.move_to_end(pin)
        return rules


def _kept(rules: CompiledPolicy, pin: str = "") -> CompiledPolicy:
    with _lock:
        rules = _compiled.setdefault(pin or rules.pin, rules)
        if len(_compiled) > MOST:
            _compiled.popitem(last=False)
        return rules

"""Compiled policies by content hash, each compiled once in a process: whoever reads a case asks here."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from copy import copy
from typing import Any

from caseflow import forks
from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.policy import Policy, pin_of
from caseflow.errors import BadRecord, CaseflowError, PolicyError, Problem
from caseflow.policies.parse import policy_from_document

Pinned = Callable[[str], Mapping[str, Any] | None]
"""The document that a store keeps under a content hash; ``None`` when there is none."""

MOST = 64
"""Compiled policies that a process keeps; the one that was not asked for longest goes first."""

_lock = threading.Lock()
_compiled: OrderedDict[str, CompiledPolicy] = OrderedDict()
_useless: OrderedDict[str, CaseflowError] = OrderedDict()
"""Hash -> why its document is no policy of this version, which it will not be later either."""


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
        BadRecord: ``unknown-pin`` when nobody knows the hash, or what is kept under it has another;
            ``bad-policy`` when that is no policy at all.
        PolicyError: what the store keeps is no policy of this version.
    """
    known = _known(pin)
    if known is not None:
        return known
    useless = _useless.get(pin)
    if useless is not None:
        raise copy(useless)
    document = pinned(pin)
    if document is None or _hash_of(document) != pin:
        raise BadRecord("unknown-pin", found=pin)
    try:
        return _kept(compiled_document(document), pin)
    except Exception as error:
        useless = error if isinstance(error, CaseflowError) else BadRecord("bad-policy", found=pin)
        with _lock:
            _useless[pin] = copy(useless)  # without the frames that it came through
            if len(_useless) > MOST:
                _useless.popitem(last=False)
        raise useless from error if useless is not error else None


def compiled_document(document: Mapping[str, Any]) -> CompiledPolicy:
    """The rules of what `Policy.document` described.

    Raises:
        PolicyError: it is no policy of this version.
    """
    try:
        return CompiledPolicy(policy_from_document(document))
    except LookupError as error:  # it names what it does not have
        raise PolicyError([Problem("stored policy", ".", "unknown-key", str(error))]) from error


def _hash_of(document: Mapping[str, Any]) -> str:
    try:
        return pin_of(dict(document))
    except (ValueError, RecursionError):  # what no UTF-8 can hold
        return ""


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

"""Errors are values: they pass through pickle and copy with everything they hold."""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from caseflow import errors
from caseflow.errors import (
    BadInput,
    BadRecord,
    CaseflowError,
    DeliveryFailed,
    HookFailed,
    KeyReused,
    LogError,
    PolicyError,
    Problem,
    Refusal,
    Refused,
    ScenarioError,
    Stale,
    StoreBusy,
    StoreError,
    UnitsError,
    UnknownCase,
)

PROBLEMS = [Problem("p.toml", "states.x", "unreachable-state", "x"), Problem("p.toml", ".", "no-end")]
REFUSAL = Refusal(code="no-unit", action="reply", state="submitted", missing=("route",), source="第三条")
EXAMPLES: dict[type[CaseflowError], CaseflowError] = {
    CaseflowError: CaseflowError("bad-option", what="x", found="y"),
    BadInput: BadInput("bad-instant", what="at", found="yesterday"),
    StoreError: StoreError("store-failed", path="c.db", found="no such file"),
    BadRecord: BadRecord("bad-policy", found="p"),
    StoreBusy: StoreBusy("store-busy", path="c.db", seconds=10),
    UnknownCase: UnknownCase("c1"),
    Stale: Stale("c1", expected=3),
    KeyReused: KeyReused("k", actor="a-1"),
    DeliveryFailed: DeliveryFailed(retry=True, what="email", found="550"),
    HookFailed: HookFailed("mine", found="ValueError"),
    LogError: LogError("log-row", file="l.csv", line=2, column="at", found=BadInput("bad-int", what="n")),
    PolicyError: PolicyError(PROBLEMS),
    ScenarioError: ScenarioError(PROBLEMS),
    UnitsError: UnitsError(PROBLEMS),
    Refused: Refused(REFUSAL, case_id="c1"),
}
WAYS: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle 0": lambda error: pickle.loads(pickle.dumps(error, 0)),
    "pickle 5": lambda error: pickle.loads(pickle.dumps(error, 5)),
}


def test_every_kind_has_an_example() -> None:
    """No kind of error is left out below."""
    kinds = {cls for _, cls in inspect.getmembers(errors, inspect.isclass) if issubclass(cls, CaseflowError)}
    assert kinds == set(EXAMPLES)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", EXAMPLES, ids=lambda kind: kind.__name__)
def test_an_error_comes_back_as_it_was(kind: type[CaseflowError], way: str) -> None:
    """Kind, code, data, own fields, notes and texts in both languages are those of the original."""
    error = EXAMPLES[kind]
    error.__notes__ = ["while importing"]
    twin = WAYS[way](error)
    assert type(twin) is kind and twin is not error
    assert (twin.code, [twin.text(lang) for lang in ("en", "zh")], twin.__notes__) == (
        error.code,
        [error.text(lang) for lang in ("en", "zh")],
        ["while importing"],
    )
    assert str(twin.__dict__) == str(error.__dict__)
    assert (str(twin), repr(twin)) == (str(error), repr(error))


def test_a_copy_is_raised_and_caught_like_its_original() -> None:
    """It can travel between processes and be raised there."""
    with pytest.raises(Refused, match="no unit holds the case") as caught:
        raise pickle.loads(pickle.dumps(Refused(REFUSAL, case_id="c1")))
    assert (caught.value.refusal, caught.value.case_id) == (REFUSAL, "c1")
    with pytest.raises(DeliveryFailed) as failed:
        raise copy.deepcopy(DeliveryFailed("no-address", retry=False, what="sms", found="z-2"))
    assert failed.value.retry is False

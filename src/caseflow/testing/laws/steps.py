"""A step of a life as a value: it can be told as Python, and lived again."""

from __future__ import annotations

from typing import Any

from caseflow.core.instants import moment
from caseflow.core.values import Value, value


@value
class Step(Value):
    """A call of one of a life's methods, so that it can be lived again."""

    method: str
    args: tuple[Any, ...]
    terms: dict[str, Any]

    def __str__(self) -> str:
        terms = {name: found for name, found in self.terms.items() if found not in ("", 0, None, {})}
        said = [*map(repr, self.args), *(f"{name}={found!r}" for name, found in terms.items())]
        return f"life.{self.method}({', '.join(said)})"


def when(us: int) -> str:
    """An instant as code says it."""
    return moment(us).isoformat()

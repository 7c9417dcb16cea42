"""The decorator under every value of the core: a frozen attrs class that is built at plain speed.

A frozen attrs class pays about 0.05 us for each field, because its ``__init__`` must go around its own
``__setattr__``. Here the object is filled while it still belongs to a writable twin class of the same
layout, and becomes an instance of the frozen class at the end; from then on every assignment raises
``attrs.exceptions.FrozenInstanceError``. Ten fields cost a third of what they cost otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, Self, TypeVar, dataclass_transform

import attrs

_T = TypeVar("_T", bound=type)
_P = ParamSpec("_P")
_R = TypeVar("_R")


class Value:
    """What every value can do besides being compared, hashed and printed."""

    __slots__ = ()

    def replace(self, **changes: Any) -> Self:
        """The same value with some fields changed (filled in for each class by `value`)."""
        return attrs.evolve(self, **changes)  # type: ignore[misc]  # subclasses are attrs classes


@dataclass_transform(frozen_default=True, field_specifiers=(attrs.field,))
def value(cls: _T) -> _T:
    """Make ``cls`` a frozen, slotted attrs class without validators or factories."""
    made: Any = attrs.frozen(cls, init=False)
    writable = {"__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
    twin = type(made)(made.__name__, (made,), {"__slots__": (), **writable})
    fields = attrs.fields(made)
    known: dict[str, Any] = {"_made": made, "_new": object.__new__, "_twin": twin, "_same": _SAME}
    known |= {f"_default_{f.name}": f.default for f in fields}
    plain = ", ".join(f.name if f.default is attrs.NOTHING else f"{f.name}=_default_{f.name}" for f in fields)
    fill = "".join(f"\n    self.{f.name} = {f.name}" for f in fields)
    asked = ", ".join(f"{f.name}=_same" for f in fields)
    mixed = "".join(f"\n    self.{f.name} = old.{f.name} if {f.name} is _same else {f.name}" for f in fields)
    end = "\n    self.__class__ = _made\n    return self\n"
    exec(  # the text is made of field names only, as attrs makes its own __init__
        f"def __new__(cls, {plain}):\n    self = _new(_twin){fill}{end}"
        f"def make({plain}):\n    self = _new(_twin){fill}{end}"
        f"def replace(old, *, {asked}):\n    self = _new(_twin){mixed}{end}",
        known,
    )
    made.__new__ = known["__new__"]
    made._make = staticmethod(known["make"])
    made.replace = known["replace"]
    made.__getnewargs__ = lambda self: tuple(getattr(self, f.name) for f in fields)
    return made  # type: ignore[no-any-return]  # attrs hands back the class it was given


def maker(cls: Callable[_P, _R]) -> Callable[_P, _R]:
    """The plain function that builds a value of the class: the same arguments, without the class call.

    For the few places where a command builds its values; the interpreter runs a call of a plain function
    in the caller's own frame.
    """
    made: Callable[_P, _R] = cls._make  # type: ignore[attr-defined]  # `value` puts it there
    return made


_SAME = object()

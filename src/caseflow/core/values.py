"""The decorator under every value of the core: a frozen attrs class that is built at plain speed.

A frozen attrs class pays about 0.05 us for each field, because its ``__init__`` must go around its own
``__setattr__``. Here the object is filled while it still belongs to a writable twin class of the same
layout, and becomes an instance of the frozen class at the end; from then on every assignment raises
``attrs.exceptions.FrozenInstanceError``. Ten fields cost a third of what they cost otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any, ClassVar, ParamSpec, Self, TypeVar, dataclass_transform

import attrs

_T = TypeVar("_T", bound=type)
_P = ParamSpec("_P")
_R = TypeVar("_R")


class Value:
    """What every value can do: be compared, hashed, printed, copied and changed into another."""

    __slots__ = ()
    _parts: ClassVar[Callable[[Any], tuple[Any, ...]]]

    def __eq__(self, other: object) -> bool:
        if other.__class__ is not self.__class__:
            return NotImplemented
        parts = type(self)._parts
        return parts(self) == parts(other)

    def __hash__(self) -> int:
        return hash((self.__class__, *type(self)._parts(self)))

    def __repr__(self) -> str:
        fields = zip(attrs.fields(type(self)), type(self)._parts(self), strict=True)  # type: ignore[arg-type]
        return f"{type(self).__name__}({', '.join(f'{field.name}={part!r}' for field, part in fields)})"

    def __getnewargs__(self) -> tuple[Any, ...]:
        return type(self)._parts(self)

    def replace(self, **changes: Any) -> Self:
        """The same value with some fields changed."""
        cls = type(self)
        cls.replace = _replacer(cls)  # type: ignore[method-assign]  # made when it is first needed
        return self.replace(**changes)


@dataclass_transform(frozen_default=True, field_specifiers=(attrs.field,))
def value(cls: _T) -> _T:
    """Make ``cls`` a frozen, slotted attrs class without validators or factories."""
    made: Any = attrs.frozen(cls, init=False, eq=False, repr=False)
    writable = {"__setattr__": object.__setattr__, "__delattr__": object.__delattr__}
    twin = type(made)(made.__name__, (made,), {"__slots__": (), **writable})
    fields = attrs.fields(made)
    names = [field.name for field in fields]
    known = {f"_default_{field.name}": field.default for field in fields}
    plain = [
        n if f.default is attrs.NOTHING else f"{n}=_default_{n}" for n, f in zip(names, fields, strict=True)
    ]
    fill = [f"    self.{name} = {name}" for name in names]
    made._twin = twin
    made._make = staticmethod(_compiled(made, f"def make({', '.join(plain)}):", fill, known))
    made.__new__ = _new
    made.replace = Value.replace  # its own, not the one made for a class it derives from
    made._parts = staticmethod(attrgetter(*names) if len(names) > 1 else _parts_of(names))
    return made  # type: ignore[no-any-return]  # attrs hands back the class it was given


def _parts_of(names: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    """The fields of a value that has one or none; a getter of one field would give no tuple."""
    return lambda found: tuple(getattr(found, name) for name in names)


def _new(cls: Any, *fields: Any, **named: Any) -> Any:
    return cls._make(*fields, **named)


def _replacer(cls: Any) -> Any:
    names = [field.name for field in attrs.fields(cls)]
    asked = ", ".join(["*", *(f"{name}=_same" for name in names)]) if names else ""
    mixed = [f"    self.{name} = old.{name} if {name} is _same else {name}" for name in names]
    return _compiled(cls, f"def make(old, {asked}):", mixed, {"_same": object()})


def _compiled(cls: Any, head: str, fill: list[str], known: dict[str, Any]) -> Any:
    """A function that fills the writable twin and hands it out frozen; its text is made of names only."""
    known |= {"_object": object.__new__, "_twin": cls._twin, "_made": cls}
    lines = [head, "    self = _object(_twin)", *fill, "    self.__class__ = _made", "    return self"]
    exec("\n".join(lines), known)
    return known["make"]


def maker(cls: Callable[_P, _R]) -> Callable[_P, _R]:
    """The plain function that builds a value of the class: the same arguments, without the class call.

    For the few places where a command builds its values; the interpreter runs a call of a plain function
    in the caller's own frame.
    """
    made: Callable[_P, _R] = cls._make  # type: ignore[attr-defined]  # `value` puts it there
    return made

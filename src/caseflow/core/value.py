"""The base of every value of the library: frozen, compared by content, printed in full, changed by copy."""

from __future__ import annotations

from typing import Any, Self, dataclass_transform

import msgspec


@dataclass_transform(frozen_default=True, field_specifiers=(msgspec.field,))
class Value(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A frozen `msgspec.Struct`: built, compared, encoded and decoded by compiled code.

    An assignment to a field raises `AttributeError`. As JSON a value is an object without the fields
    that are at their defaults, which is its one canonical form only while every default is a single object
    of the interpreter: `None`, a bool, a small int, an empty string, tuple or mapping.
    """

    def replace(self, **changes: Any) -> Self:
        """The same value with some fields changed."""
        return msgspec.structs.replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Every field by name, values within it and within its tuples as dicts too."""
        return {name: _plain(getattr(self, name)) for name in self.__struct_fields__}


class CompactValue(Value, array_like=True, omit_defaults=False, gc=False):
    """A value of which a case holds many: as JSON a list of all its fields, in their order.

    The garbage collector does not look into it, so that none may come to contain itself.
    """


def _plain(part: Value | tuple[Any, ...] | str | int | None) -> Any:
    if isinstance(part, Value):
        return part.to_dict()
    return [_plain(item) for item in part] if isinstance(part, tuple) else part

"""Random tamperings with a store: any bytes in any cell, rows gone, doubled or moved; the same for a seed."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from typing import Any

from caseflow.stores.sql.schema import STEPS

TABLES = ("cases", "helpers", "events", "texts", "keys", "policies", "notices", "documents")
KEYS = {
    "cases": ("id",), "events": ("position",), "texts": ("case_id", "version"), "keys": ("actor", "name"),
    "helpers": ("case_id", "unit"), "policies": ("pin",), "notices": ("position",),
    "documents": ("position",),
}  # fmt: skip
"""Table -> what identifies a row of it."""

ODD = (
    "{}",
    "[]",
    "null",
    "[" * 3_000,
    '{"a":',
    '"x"',
    "1e999",
    '{"event":"submitted"}',
    "\x1b[31m",
    "\u202e",
    "A" * 9_000,
)
NUMBERS = (0, -1, 1, 2, 1 << 62, -(1 << 63), (1 << 63) - 1)

Run = Callable[..., Sequence[Sequence[Any]]]
"""Runs one statement with its values, ``?`` for each; its rows, if it has any."""


def any_cell(rng: random.Random, before: Any) -> Any:
    """Another value: a number, bytes, letters of any script, broken JSON, or some bytes changed."""
    kind = rng.randrange(9)
    raw = before if isinstance(before, bytes) else str(before).encode("utf-8", "surrogateescape")
    place = rng.randrange(len(raw) or 1)
    match kind:
        case 0:
            return None
        case 1:
            return rng.choice((*NUMBERS, rng.randrange(-(1 << 63), 1 << 63)))
        case 2:
            return rng.randbytes(rng.randrange(40))
        case 3:
            signs = (rng.randrange(1, 128), rng.randrange(160, 0xD800), rng.randrange(0x10000, 0x110000))
            return "".join(chr(rng.choice(signs)) for _ in range(rng.randrange(30)))
        case 4:
            return ""
        case 5:
            return rng.choice(ODD)
        case 6:
            return raw[:place] + bytes([rng.randrange(256)]) + raw[place + 1 :]
        case 7:
            return raw[:place] + raw[place + rng.randrange(1, 9) :]
    return raw[:place] + rng.randbytes(3) + raw[place:]


def any_json(rng: random.Random, body: bytes) -> bytes:
    """The JSON of an event with one of its values exchanged: still JSON, of an event's form or not."""
    document = json.loads(body)
    places: list[tuple[Any, Any]] = []

    def walk(part: Any) -> None:
        for key in part if isinstance(part, dict) else range(len(part)):
            places.append((part, key))
            if isinstance(part[key], dict | list):
                walk(part[key])

    walk(document)
    holder, key = rng.choice(places)
    other, same = rng.choice(places)
    values: tuple[Any, ...] = (
        None,
        "",
        "x",
        [],
        {},
        True,
        -1,
        1.5,
        *NUMBERS,
        other[same],
        "\udcff".encode(errors="replace").decode(),
    )
    holder[key] = rng.choice(values)
    try:
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    except (ValueError, RecursionError):  # a part that contains itself
        return body


def tampered(rng: random.Random, run: Run, errors: type[Exception], cast: Callable[[Any], str]) -> list[str]:
    """One to three changes to the store, as far as the database takes them; what was changed."""
    done: list[str] = []
    for _ in range(rng.randrange(1, 4)):
        table = rng.choice(TABLES)
        keys = ", ".join(KEYS[table])
        try:
            rows = sorted(run(f"SELECT {keys} FROM caseflow_{table}"), key=repr)
            row = tuple(rng.choice(rows))
            where = " AND ".join(f"{key} = ?" for key in KEYS[table])
            if rng.randrange(12) == 0:
                run(f"DELETE FROM caseflow_{table} WHERE {where}", *row)
                done.append(f"{table} gone")
                continue
            column = rng.choice(COLUMNS[table])
            (before,) = run(f"SELECT {column} FROM caseflow_{table} WHERE {where}", *row)[0]
            cell = any_cell(rng, before)
            if cell == before:
                continue
            run(f"UPDATE caseflow_{table} SET {column} = {cast(cell)} WHERE {where}", cell, *row)
            done.append(f"{table}.{column}: {before!r:.40} -> {cell!r:.40}")
        except (*_REFUSED, errors, IndexError):
            continue
    return done


_REFUSED = (UnicodeError, OverflowError, ValueError, TypeError)

COLUMNS = {
    table.name.removeprefix("caseflow_"): tuple(
        column.split()[0] for column in table.columns if column.split()[0].islower()
    )
    for table in STEPS[1]
}
"""Table -> its columns."""

"""Stores whose abilities are broken on purpose: batches, moves, and the rows that the audit reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from caseflow import SqliteStore
from caseflow.core import notices as o
from tests.contracts.handles import EVERYTHING, Handle, Method, broken, reading

ALONE, MOVES, KEYS = (
    "many_cases_are_read_as_each_is_alone",
    "cases_move_in_and_out_whole",
    "keys_are_paged_by_code_point",
)


def documents_of(handle: Any, ids: Sequence[str]) -> Any:
    return {name: documents for name in ids if (documents := handle.place.documents(name))}


def batches(load: Method, texts: Method, documents: Method = documents_of) -> dict[str, Any]:
    return {"load_many": load, "texts_many": texts, "documents_many": documents}


def loads(handle: Any, ids: Sequence[str]) -> Any:
    return {name: case for name in ids if (case := handle.place.load(name))}


def texts_of(handle: Any, ids: Sequence[str]) -> Any:
    return {name: texts for name in ids if (texts := handle.place.texts(name))}


broken(
    "batch_gives_none", ALONE, **batches(lambda h, ids: {name: h.place.load(name) for name in ids}, texts_of)
)
broken("batch_at_most_999", ALONE, **batches(lambda h, ids: loads(h, ids[:999]), texts_of))
broken(
    "batch_texts_of_all", ALONE, **batches(loads, lambda h, ids: {name: h.place.texts(name) for name in ids})
)
broken(
    "batch_documents_of_all",
    ALONE,
    **batches(loads, texts_of, lambda h, ids: {name: h.place.documents(name) for name in ids}),
)
broken("pins_one", MOVES, pins=lambda h: h.place.pins()[:1])
broken("keeps_no_texts", MOVES, **reading("kept", lambda kept: kept.replace(texts=())))
broken(
    "resets_states",
    MOVES,
    keep=lambda h, cases: h.place.keep(
        [
            kept.replace(
                notices=tuple(o.Posted(0, row.notice, next_try_us=row.notice.at_us) for row in kept.notices)
            )
            for kept in cases
        ]
    ),
)
broken("numbers_anew", MOVES, keep=lambda h, cases: h.place.keep([kept.replace(documents=tuple(
    one.replace(number=one.number + 1) for one in kept.documents)) for kept in cases]))  # fmt: skip
broken("pages_keys_by_actor", KEYS, keys=lambda h, after=("", ""), *, limit=1000: tuple(
    [one for one in h.place.keys(limit=EVERYTHING) if one.actor > after[0]][:limit]))  # fmt: skip
broken(
    "pages_keys_by_case",
    KEYS,
    keys=lambda h, after=("", ""), *, limit=1000: tuple(
        [
            one
            for one in sorted(
                h.place.keys(limit=EVERYTHING), key=lambda one: (one.actor.lower(), one.key.lower())
            )
            if (one.actor.lower(), one.key.lower()) > (after[0].lower(), after[1].lower())
        ][:limit]
    ),
)
broken("keys_at_most_1000", KEYS, keys=lambda h, after=("", ""), *, limit=1000: h.place.keys(
    after, limit=min(limit, 1000)))  # fmt: skip


class OnTables(Handle):
    """A handle to a place whose rows can be seen."""

    def __init__(self, place: Any = None) -> None:
        super().__init__(SqliteStore(":memory:") if place is None else place)


def rows(change: Callable[[str, dict[str, Any]], Any]) -> dict[str, Any]:
    """Rows changed one by one; `None` for one that is lost."""

    def raw(handle: Any, table: str, **terms: Any) -> Any:
        changed = (change(table, dict(row)) for row in handle.place.raw(table, **terms))
        return tuple(row for row in changed if row is not None)

    return {"raw": raw}


def cells(change: Method) -> dict[str, Any]:
    return rows(lambda table, row: {column: change(cell) for column, cell in row.items()})


def bounded(upto_too: bool, after_too: bool) -> dict[str, Any]:
    def raw(handle: Any, table: str, *, after: Any = None, upto: Any = None, limit: Any = None) -> Any:
        column = "id" if table == "cases" else "case_id"
        shown = handle.place.raw(table, limit=limit)
        return tuple(
            row for row in shown if column not in row or (
                (after is None or row[column] > after or (after_too and row[column] == after))
                and (upto is None or row[column] < upto or (upto_too and row[column] == upto))
            )
        )  # fmt: skip

    return {"raw": raw}


BETWEEN, SAYS = "rows_are_shown_between_any_two_ids", "rows_say_what_the_store_answers"
broken("rows_without_the_last_id", BETWEEN, base=OnTables, **bounded(False, False))
broken("rows_with_the_id_before", BETWEEN, base=OnTables, **bounded(True, True))
broken("rows_in_any_order", BETWEEN, base=OnTables,
       raw=lambda h, table, **terms: h.place.raw(table, **terms)[::-1])  # fmt: skip
broken("rows_at_most_1000", BETWEEN, base=OnTables,
       raw=lambda h, table, **terms: h.place.raw(table, **terms)[:1000])  # fmt: skip
broken(
    "rows_without_the_sent",
    SAYS,
    base=OnTables,
    **rows(lambda _, row: None if row.get("status") == "sent" else row),
)
broken("rows_without_nothing", SAYS, base=OnTables, **rows(
    lambda _, row: {column: cell for column, cell in row.items() if cell is not None}))  # fmt: skip
broken(
    "rows_in_hexadecimal",
    SAYS,
    base=OnTables,
    **cells(lambda cell: cell.hex() if isinstance(cell, bytes) else cell),
)
broken(
    "rows_as_views",
    SAYS,
    base=OnTables,
    **cells(lambda cell: memoryview(cell) if isinstance(cell, bytes) else cell),
)
broken("rows_without_series", SAYS, base=OnTables,
       raw=lambda h, table, **terms: () if table == "series" else h.place.raw(table, **terms))  # fmt: skip
broken("rows_of_some_policies", SAYS, base=OnTables, **rows(
    lambda table, row: None if table == "policies" and row["pin"] == "q" else row))  # fmt: skip

"""The index of titles of a database: begun, filled with what is there, asked, and erased."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from caseflow.core.model.case import Case
from caseflow.ports.records import Text
from caseflow.ports.title_search import holds, pairs
from caseflow.stores.sql.dialects import Cursor
from caseflow.stores.sql.statements import Statements

BATCH = 500
"""Cases whose titles are added in one transaction."""


def mark(cursor: Cursor, sql: Statements, *, is_on: bool) -> None:
    """Say whether there is an index: a command that began before it does not see this writes nothing."""
    if "await_commands" in sql:
        cursor.execute(sql["await_commands"])
    cursor.execute(sql["mark_titles"], (int(is_on),))
    if not is_on:
        cursor.execute(sql["delete_titles"])


def pairs_of(cursor: Cursor, sql: Statements, words: tuple[str, ...]) -> list[str]:
    """The pairs of these words, the rarest first: by that one they are read."""
    every = list(dict.fromkeys(pair for word in words for pair in pairs(word)))
    if len(every) == 1:
        return every
    counts = dict[str, int]()
    for pair in every:
        cursor.execute(sql["count_pair"], (pair,))
        counts[pair] = cursor.fetchone()[0]
    return sorted(every, key=counts.__getitem__)


def holding(page: Sequence[Case], texts: Mapping[str, Sequence[Text]], words: tuple[str, ...]) -> list[Case]:
    """The cases whose title holds the words: the index tells which pairs it has, not how they stand."""
    return [
        case
        for case in page
        if any(
            holds(text.text, words)
            for text in texts.get(case.id, ())
            if (text.version, text.field) == (1, "title")
        )
    ]


def add(cursor: Cursor, sql: Statements, ids: tuple[str, ...]) -> None:
    """Put the titles of these cases in, under their locks: none is redacted meanwhile."""
    if not ids:
        return
    cursor.execute(*sql.of_many("select_titled", ids))
    rows = [
        (pair, submitted, case_id)
        for case_id, submitted, fields in cursor.fetchall()
        for pair in pairs(json.loads(fields).get("title", ("", ""))[1])
    ]
    if rows:
        cursor.executemany(sql["insert_title"], rows)

"""What recurring problems are looked for in: one row a case, of what kind, where, when and in which words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from caseflow.core.model.case import Case
from caseflow.core.value import Value
from caseflow.errors import BadRecord
from caseflow.ports import BatchReader, Quarantined, Query, Store, Text
from caseflow.ports.records import Aside

PAGE = 10_000
"""Cases that are read at once."""
TEXTS_PAGE = 500
"""Cases whose texts are asked for at once."""
WORDS = ("title", "body")
"""The texts of a submission, as `caseflow.Desk.submit` calls them."""


class Occurrence(Value, gc=False):
    """A case as it counts: when it was submitted (epoch microseconds, UTC), its kind and place, its words.

    Kind and place are any names; rows from elsewhere than a store are as good.
    """

    id: str
    kind: str
    place: str
    at_us: int
    text: str = ""


def occurrences(
    store: Store,
    *,
    kind: str = "kind",
    place: str = "region",
    texts_since_us: int | None = 0,
    counts: Callable[[Case], bool] = lambda _: True,
    aside: Aside | None = None,
) -> Iterator[Occurrence]:
    """The cases of a store, in no order that means anything.

    Args:
        store: where they are kept.
        kind: the field of the submission that tells the kind, the policy's own fields included.
        place: the field that tells where; ``unit`` is who holds the case now.
        texts_since_us: title and body, unless redacted, are read of cases submitted since then; of none
            for `None`.
        counts: which cases count; all of them when left out.
        aside: is told of each case that cannot be read; the rest goes on.
    """
    query = Query(limit=PAGE)
    while cases := store.find(query, aside=aside):
        counted = [case for case in cases if counts(case)]
        since = texts_since_us
        late = [case.id for case in counted if since is not None and case.submitted_us >= since]
        words = _words(store, late, aside) if late else {}
        for case in counted:
            where = case.unit if place == "unit" else _name(case, place)
            yield Occurrence(case.id, _name(case, kind), where, case.submitted_us, words.get(case.id, ""))
        query = query.replace(after=query.place(cases[-1]))


def _name(case: Case, field: str) -> str:
    value = case.origin.field(field)
    return "" if value is None else str(value)


def _words(store: Store, ids: Sequence[str], aside: Aside | None) -> dict[str, str]:
    """Title and body of each case's submission, by case."""
    many = getattr(store, "texts_many", None)
    if many is not None:
        reader: BatchReader = store  # type: ignore[assignment]  # it has the method
        pages = (ids[start : start + TEXTS_PAGE] for start in range(0, len(ids), TEXTS_PAGE))
        read = (reader.texts_many(page, aside=aside).items() for page in pages)
        return {case_id: _joined(texts) for page in read for case_id, texts in page}
    return {case_id: words for case_id in ids if (words := _alone(store, case_id, aside))}


def _alone(store: Store, case_id: str, aside: Aside | None) -> str:
    try:
        return _joined(store.texts(case_id))
    except BadRecord as error:  # it counts without its words
        if aside is not None:
            aside(Quarantined.of("text", case_id, error))
        return ""


def _joined(texts: Iterable[Text]) -> str:
    first = [text for text in texts if text.version == 1 and text.field in WORDS]
    return "\n".join(text.text for text in sorted(first, key=lambda text: WORDS.index(text.field)))

"""Stores that write wrongly on purpose: halves of appends, gaps, pins, erasures, leaks."""

from __future__ import annotations

import fnmatch
import json
import time
from collections.abc import Callable, Sequence
from typing import Any

from caseflow.core import notices as o
from caseflow.errors import KeyReused, Stale, StoreError
from caseflow.ports import is_redacted_by
from tests.contracts.handles import (
    Method,
    broken,
    every_document,
    every_post,
    like,
    reading,
    writing,
)


def committing() -> None:
    """The time that lies between two transactions."""
    time.sleep(0.001)


# -- an append in several transactions ----------------------------------------------------------------------

LARGE, LONG = "a_large_append_is_all_or_nothing", "a_long_entry_is_all_or_nothing"


def in_chunks(size: int) -> Method:
    def append(handle: Any, appends: Sequence[Any], claim: Any = None) -> None:
        for first in range(0, len(appends), size):
            handle.place.append(
                appends[first : first + size], claim if first + size >= len(appends) else None
            )

    return append


for _size in (50, 500):
    broken(f"commits_every_{_size}", LARGE, append=in_chunks(_size))


def events_in_chunks(handle: Any, appends: Sequence[Any], claim: Any = None) -> None:
    for entry in appends:
        if len(entry.events) > 100:
            handle.place.append([entry.replace(events=entry.events[:100])])
            raise KeyReused("k", actor="a")
    handle.place.append(appends, claim)


broken("commits_events_in_chunks", LONG, append=events_in_chunks)


def key_afterwards(handle: Any, appends: Sequence[Any], claim: Any = None) -> None:
    if claim and handle.place.recall(claim.actor, claim.key):
        raise KeyReused(claim.key, actor=claim.actor)
    handle.place.append(appends)
    if claim:
        committing()
        handle.place.keep_keys([claim])


def key_before(handle: Any, appends: Sequence[Any], claim: Any = None) -> None:
    if claim and handle.place.recall(claim.actor, claim.key):
        raise KeyReused(claim.key, actor=claim.actor)
    if claim:
        handle.place.keep_keys([claim])
        committing()
    try:
        handle.place.append(appends)
    except Stale:
        if claim:
            del handle.place._keys[claim.actor, claim.key]
        raise


def key_in_a_race(handle: Any, appends: Sequence[Any], claim: Any = None) -> None:
    if claim and handle.place.recall(claim.actor, claim.key):
        raise KeyReused(claim.key, actor=claim.actor)
    committing()
    handle.place.append(appends)
    if claim:
        handle.place.keep_keys([claim])


SEEN = "what_goes_with_an_append_is_seen_with_it"
broken("writes_the_key_afterwards", SEEN, append=key_afterwards)
broken("writes_the_key_before", SEEN, append=key_before)
broken("looks_for_the_key_before_it_writes", "racing_commands_take_a_key_once", append=key_in_a_race)
broken("looks_for_the_key_on_its_own_handle", "handles_take_a_key_once", append=key_in_a_race)


def parts_afterwards(part: str, work: Callable[[Any, Any], object]) -> Method:
    def append(handle: Any, appends: Sequence[Any], claim: Any = None) -> None:
        handle.place.append([entry.replace(**{part: ()}) for entry in appends], claim)
        committing()
        with handle.place._lock:
            for entry in appends:
                work(handle.place, entry)

    return append


def _add_texts(place: Any, entry: Any) -> None:
    place._texts[entry.case.id] = (*place._texts.get(entry.case.id, ()), *entry.texts)


broken("writes_texts_afterwards", SEEN, append=parts_afterwards("texts", _add_texts))
broken(
    "posts_afterwards", SEEN, append=parts_afterwards("notices", lambda p, one: p._outbox.post(one.notices))
)
broken(
    "numbers_afterwards",
    SEEN,
    append=parts_afterwards("documents", lambda p, one: p._register.issue(one.documents)),
)
broken("cancels_last", "what_takes_away_comes_first",
       append=parts_afterwards("cancels", lambda p, one: p._outbox.cancel(one.cancels)))  # fmt: skip
broken("voids_last", "what_takes_away_comes_first",
       append=parts_afterwards("voids", lambda p, one: p._register.void(one.voids)))  # fmt: skip
broken("skips_what_has_no_events", "parts_without_events_are_kept", append=lambda h, appends, claim=None:
       h.place.append([entry for entry in appends if entry.events], claim))  # fmt: skip
broken("skips_a_key_alone", "a_key_may_come_alone", append=lambda h, appends, claim=None:
       h.place.append(appends, claim) if appends else None)  # fmt: skip
broken(
    "sorts_its_entries",
    "an_append_is_read_in_the_order_it_was_given",
    append=lambda h, appends, claim=None: h.place.append(
        sorted(appends, key=lambda entry: str(entry.case.id)), claim
    ),
)


def refuses_doubles(handle: Any, appends: Sequence[Any], claim: Any = None) -> None:
    ids = [notice.id for entry in appends for notice in entry.notices]
    if len(set(ids)) < len(ids):
        raise StoreError("store-failed", path="x", found="UNIQUE constraint failed")
    handle.place.append(appends, claim)


broken("refuses_a_notice_named_twice", "a_notice_named_twice_is_posted_once", append=refuses_doubles)


def posts_lazily(handle: Any, appends: Sequence[Any], claim: Any = None) -> None:
    handle.place.append([entry.replace(notices=()) for entry in appends], claim)
    for entry in appends:
        for notice in entry.notices:
            json.dumps(dict(notice.body))
            handle.place._outbox.post([notice])


broken("finds_out_too_late", "what_has_no_form_leaves_no_trace", append=posts_lazily)


def shares_bodies(handle: Any, appends: Sequence[Any], claim: Any = None) -> None:
    handle.place.append(appends, claim)
    handle.memo |= {notice.id: notice.body for entry in appends for notice in entry.notices}


broken("keeps_bodies_as_they_are", "a_body_is_kept_and_not_shared", append=shares_bodies,
       notices=lambda h, **terms: tuple(
           row.replace(notice=row.notice.replace(body=h.memo.get(row.notice.id, row.notice.body)))
           for row in h.place.notices(**terms)))  # fmt: skip

# -- numbers ------------------------------------------------------------------------------------------------


def _lose_a_number(place: Any, draft: Any) -> None:
    with place._lock:
        key, latest = (draft.series, draft.year), place._register._latest
        latest[key] = latest.get(key, 0) + 1


def gap_after(*errors: type[Exception]) -> dict[str, Any]:
    def append(handle: Any, appends: Sequence[Any], claim: Any = None) -> None:
        try:
            handle.place.append(appends, claim)
        except errors:
            for draft in (draft for entry in appends for draft in entry.documents):
                _lose_a_number(handle.place, draft)
            raise

    return {"append": append}


def gap_after_known(handle: Any, appends: Sequence[Any], claim: Any = None) -> None:
    known = {document.draft.id for document in every_document(handle)}
    handle.place.append(appends, claim)
    for draft in (draft for entry in appends for draft in entry.documents):
        if draft.id in known:
            _lose_a_number(handle.place, draft)


broken("gap_after_a_stale", "a_failed_append_uses_up_no_number", **gap_after(Stale))
broken("gap_after_a_taken_key", "a_taken_key_uses_up_no_number", **gap_after(KeyReused))
broken("gap_after_what_has_no_form", "what_has_no_form_leaves_no_trace", **gap_after(TypeError))
broken(
    "gap_after_a_known_document",
    "a_known_document_uses_up_no_number",
    append=gap_after_known,
)

# -- policies -----------------------------------------------------------------------------------------------

LETTER = "a_policy_comes_back_to_the_letter"


def pins_by_label(handle: Any, pin: str, document: Any) -> None:
    handle.memo[pin] = document.get("policy", {}).get("name", pin)
    handle.place.pin(handle.memo[pin], document)


def as_floats(part: Any) -> Any:
    match part:
        case dict():
            return {name: as_floats(one) for name, one in part.items()}
        case list():
            return [as_floats(one) for one in part]
        case int():
            return float(part)
    return part


def shared_answer(handle: Any, pin: str) -> Any:
    if pin not in handle.memo:
        handle.memo[pin] = handle.place.pinned(pin)
    return handle.memo[pin]


broken("pins_by_label", "a_pin_is_no_name_of_a_policy", pin=pins_by_label,
       pinned=lambda h, pin: h.place.pinned(h.memo.get(pin, pin)))  # fmt: skip
broken(
    "pins_the_newest",
    "a_pin_is_no_name_of_a_policy",
    pin=lambda h, pin, document: h.memo.update({pin: document}),
    pinned=lambda h, pin: h.memo.get(pin),
)
broken(
    "pins_in_another_order", LETTER, **reading("pinned", lambda d: json.loads(json.dumps(d, sort_keys=True)))
)
broken("pins_numbers_as_floats", LETTER, **reading("pinned", as_floats))
broken(
    "pins_without_empty_values",
    LETTER,
    **reading(
        "pinned",
        lambda document: {
            name: {key: value for key, value in part.items() if value} for name, part in document.items()
        },
    ),
)
broken(
    "pins_what_its_owner_changes",
    "a_policy_is_kept_and_not_shared",
    pin=lambda h, pin, document: h.memo.setdefault(pin, document),
    pinned=lambda h, pin: h.memo.get(pin),
)
broken("hands_out_what_it_keeps", "a_policy_is_kept_and_not_shared", pinned=shared_answer)

# -- erasure ------------------------------------------------------------------------------------------------


def erasing(takes: Callable[[Sequence[str], str, int], bool]) -> dict[str, Any]:
    """Texts go by that rule."""

    def change(handle: Any, entry: Any) -> Any:
        texts = [
            text
            for text in handle.place.texts(entry.case.id)
            if takes(entry.redacts, text.field, text.version)
        ]
        return entry.replace(redacts=tuple(f"{text.field}@{text.version}" for text in texts))

    return writing(change)


SPELLS = "a_redaction_means_the_names_it_spells"
ERASES: dict[str, Callable[[Sequence[str], str, int], bool]] = {
    "beginnings": lambda names, field, version: any(f"{field}@{version}".startswith(name) for name in names),
    "like": lambda names, field, version: any(like(n, field) or n == f"{field}@{version}" for n in names),
    "glob": lambda names, field, version: any(fnmatch.fnmatchcase(field, name) for name in names),
    "case": lambda names, field, version: any(
        name.lower() in (field.lower(), f"{field}@{version}".lower()) for name in names
    ),
    "paths": lambda names, field, version: any(
        name in (field, f"{field}@{version}") or field.startswith(f"{name}.") for name in names
    ),
    "blanks": lambda names, field, version: any(
        name.strip() in (field, f"{field}@{version}") for name in names
    ),
    "every_version": lambda names, field, version: any(name.partition("@")[0] == field for name in names),
    "beginnings_of_versions": lambda names, field, version: (
        field in names or any("@" in name and f"{field}@{version}".startswith(name) for name in names)
    ),
}
for _kind, _takes in ERASES.items():
    broken(f"erases_by_{_kind}", SPELLS, **erasing(_takes))
broken(
    "erases_the_newest_only",
    "a_redaction_takes_every_version_of_a_field",
    **erasing(lambda names, field, version: is_redacted_by(names, field, version) and version > 2),
)


def erases_elsewhere(handle: Any, appends: Sequence[Any], claim: Any = None) -> None:
    handle.place.append(appends, claim)
    texts = handle.place._texts
    for entry in appends:
        for name in texts if entry.redacts else ():
            texts[name] = tuple(
                t for t in texts[name] if not is_redacted_by(entry.redacts, t.field, t.version)
            )


broken("erases_in_every_case", "a_redaction_takes_every_version_of_a_field", append=erases_elsewhere)

# -- errors that leak ---------------------------------------------------------------------------------------


class DriverError(Exception):
    """What a database's library raises."""


def _is_odd(part: Any) -> bool:
    if isinstance(part, int):
        return not -(1 << 63) <= part < 1 << 63
    return isinstance(part, str) and (
        "\0" in part or part.encode(errors="replace") != part.encode(errors="ignore")
    )


def leaking(method: str) -> dict[str, Any]:
    def ask(handle: Any, *args: Any, **terms: Any) -> Any:
        parts = [
            *args,
            *terms.values(),
            *(part for one in args if hasattr(one, "unit") for part in (one.unit, one.citizen)),
        ]
        if any(map(_is_odd, parts)):
            raise DriverError("invalid byte sequence")
        return getattr(handle.place, method)(*args, **terms)

    return {method: ask}


for _method in (
    "load",
    "events",
    "texts",
    "recall",
    "links",
    "find",
    "pinned",
    "notices",
    "documents",
    "issued",
):
    broken(f"leaks_for_a_name_in_{_method}", "any_text_may_be_asked_for", **leaking(_method))
for _method in ("due", "feed", "waiting", "notices", "issued"):
    broken(f"leaks_for_a_number_in_{_method}", "any_instant_may_be_asked_for", **leaking(_method))


def closed(method: str) -> Method:
    def ask(handle: Any, *args: Any, **terms: Any) -> Any:
        if handle.memo.get("closed"):
            raise DriverError("connection already closed")
        return getattr(handle.place, method)(*args, **terms)

    return ask


broken(
    "leaks_when_closed",
    "a_closed_store_says_so",
    close=lambda h: h.memo.update(closed=True),
    load=closed("load"),
)


def leaks_a_unique_key(handle: Any, appends: Sequence[Any], claim: Any = None) -> None:
    try:
        handle.place.append(appends, claim)
    except (Stale, KeyReused) as error:
        if all(not entry.expected for entry in appends):
            raise DriverError("UNIQUE constraint failed") from error
        raise


broken("leaks_a_unique_key", "handles_that_begin_one_case_are_told_stale", append=leaks_a_unique_key)


def holds_before(handle: Any, appends: Sequence[Any], claim: Any = None) -> None:
    for entry in appends:
        case = handle.place.load(entry.case.id)
        if entry.expected != (case.version if case else 0):
            raise Stale(entry.case.id, expected=entry.expected)
    committing()
    handle.place.append([entry for entry in appends if entry.events or entry.has_more], claim)


broken("holds_before", "of_handles_that_hold_what_others_change_one_is_through", append=holds_before)


def leaks_a_text(handle: Any, appends: Sequence[Any], claim: Any = None) -> None:
    if any(_is_odd(text.text) for entry in appends for text in entry.texts):
        raise DriverError("Incorrect string value")
    handle.place.append(appends, claim)


def halves_a_text(handle: Any, appends: Sequence[Any], claim: Any = None) -> None:
    if any(_is_odd(text.text) for entry in appends for text in entry.texts):
        handle.place.append([entry.replace(texts=()) for entry in appends], claim)
        raise StoreError("store-failed", path="x", found="Incorrect string value")
    handle.place.append(appends, claim)


HOLD = "what_the_place_cannot_hold_is_refused_whole"
broken("leaks_for_a_text", HOLD, append=leaks_a_text)
broken("keeps_half_of_what_it_cannot_hold", HOLD, append=halves_a_text)
broken("drops_what_it_cannot_hold", HOLD, **writing(lambda h, entry: entry.replace(
    texts=tuple(text for text in entry.texts if not _is_odd(text.text)))))  # fmt: skip

# -- outcomes -----------------------------------------------------------------------------------------------


def forgets_tellings(handle: Any, ids: Sequence[str], now_us: int) -> Any:
    requeued = handle.place.requeue(ids, now_us)
    for row in every_post(handle):
        if row.notice.id in requeued:
            handle.place._outbox._put(row.replace(told_us=None))
    return requeued


def keeps_errors(handle: Any, outcomes: Sequence[o.Outcome]) -> Any:
    before = {row.notice.id: row.error for row in every_post(handle)}
    return handle.place.settle([one.replace(error=one.error or before.get(one.id, "")) for one in outcomes])


def tells_twice(handle: Any, outcomes: Sequence[o.Outcome]) -> Any:
    settled = handle.place.settle(outcomes)
    return tuple(one.id for one in outcomes if one.id in settled)


broken("forgets_tellings", "a_requeue_forgets_no_telling", requeue=forgets_tellings)
broken("keeps_errors", "the_last_outcome_is_the_one_that_is_told", settle=keeps_errors)
broken("settles_by_ids", "the_last_outcome_is_the_one_that_is_told", settle=tells_twice)

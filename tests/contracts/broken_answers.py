"""Stores that answer wrongly on purpose: what others wrote, letters, lengths, orders, pages, instants."""

from __future__ import annotations

import html
import json
import re
import unicodedata
from typing import Any

from caseflow.core.notices import Posted
from caseflow.ports import NEVER, Query
from tests.contracts.handles import (
    EVERYTHING,
    SAME,
    Method,
    Same,
    bare,
    broken,
    due_order,
    every_case,
    every_document,
    every_id,
    every_post,
    like,
    nfc,
    nfkc,
    reading,
    utf16,
)

# -- what another handle wrote ------------------------------------------------------------------------------


def cached(method: str) -> Method:
    def ask(handle: Any, *args: Any, **terms: Any) -> Any:
        key = (args, tuple(sorted(terms.items())))
        if key not in handle.memo:
            handle.memo[key] = getattr(handle.place, method)(*args, **terms)
        return handle.memo[key]

    return ask


def forgetting(method: str) -> Method:
    def work(handle: Any, *args: Any, **terms: Any) -> Any:
        handle.memo.clear()
        return getattr(handle.place, method)(*args, **terms)

    return work


OWN_WRITES: dict[str, Any] = {
    name: forgetting(name) for name in ("append", "pin", "claim", "settle", "requeue")
}
SEES = "what_one_handle_writes_the_other_answers"
for _name in (
    "load",
    "events",
    "texts",
    "links",
    "heads",
    "recall",
    "pinned",
    "due",
    "next_due",
    "waiting",
    "find",
    "feed",
    "notices",
    "documents",
    "issued",
):
    broken(f"caches_{_name}", SEES, **OWN_WRITES, **{_name: cached(_name)})
broken("keeps_an_erased_text", "an_erased_text_is_gone_for_every_handle", **OWN_WRITES, texts=cached("texts"))


def remembers(handle: Any, appends: Any, claim: Any = None) -> None:
    handle.place.append(appends, claim)
    handle.memo |= {entry.case.id: entry.case for entry in appends}
    if claim:
        handle.memo[claim.actor, claim.key] = claim


def due_from_memory(handle: Any, before: int, *, limit: int, after: Any = None) -> Any:
    cases = [case for case in handle.memo.values() if getattr(case, "next_due_us", None) is not None]
    rows = sorted((case.next_due_us, case.id) for case in cases if case.next_due_us <= before)
    return tuple([row for row in rows if after is None or row > tuple(after)][:limit])


broken("due_index_of_its_own", SEES, append=remembers, due=due_from_memory)
broken("keys_of_its_own", SEES, append=remembers, recall=lambda h, actor, key: h.memo.get((actor, key)))


def recalls_what_it_missed(handle: Any, actor: str, key: str) -> Any:
    """Whoever looked once and saw the key free sees it free for ever."""
    return handle.memo.setdefault((actor, key), handle.place.recall(actor, key))


broken("key_that_stays_free", "a_double_click_is_never_refused", recall=recalls_what_it_missed)
broken(
    "pins_of_its_own", SEES, pin=lambda h, pin, document: h.memo.setdefault(pin, dict(document)),
    pinned=lambda h, pin: h.memo.get(pin),
)  # fmt: skip

# -- letters ------------------------------------------------------------------------------------------------


def find_by(column: str, same: Same) -> Method:
    def find(handle: Any, query: Query) -> Any:
        wanted = getattr(query, column)
        if wanted is None:
            return handle.place.find(query)
        cases = handle.place.find(query.replace(limit=EVERYTHING).replace(**{column: None}))
        return tuple([case for case in cases if same(wanted, _column(case, column))][: query.limit])

    return find


def _column(case: Any, column: str) -> str:
    text: str = getattr(case, column)
    return text


for _column_name in ("unit", "citizen", "state"):
    for _kind, _same in SAME.items():
        broken(
            f"find_{_column_name}_by_{_kind}", "a_pattern_finds_nothing", find=find_by(_column_name, _same)
        )
    broken(
        f"find_all_for_no_{_column_name}", "find_compares_to_the_letter",
        find=lambda h, query, column=_column_name: h.place.find(
            query.replace(**{column: getattr(query, column) or None})
        ),
    )  # fmt: skip

ANOTHER = "no_question_takes_another_name_for_its_own"


def by_name(method: str, same: Same) -> dict[str, Any]:
    """The question, asked of the first case whose id is taken for the same."""

    def ask(handle: Any, name: str, *args: Any, **terms: Any) -> Any:
        near = next((one for one in every_id(handle) if same(name, one)), name)
        return getattr(handle.place, method)(near, *args, **terms)

    return {method: ask}


for _method in ("load", "events", "texts", "links", "documents"):
    for _kind, _same in SAME.items():
        broken(f"{_method}_by_{_kind}", ANOTHER, **by_name(_method, _same))


def recall_by(same: Same) -> Method:
    def recall(handle: Any, actor: str, key: str) -> Any:
        claims = handle.place.keys(limit=EVERYTHING)
        return next((one for one in claims if same(actor, one.actor) and same(key, one.key)), None)

    return recall


def notices_by(same: Same) -> Method:
    def notices(
        handle: Any, *, case_id: str = "", status: str = "", after: int = 0, limit: int = 1000
    ) -> Any:
        posts = handle.place.notices(status=status, after=after, limit=EVERYTHING)
        return tuple([post for post in posts if not case_id or same(case_id, post.notice.case_id)][:limit])

    return notices


def issued_by(same: Same) -> Method:
    def issued(handle: Any, series: str, year: int, *, after: int = 0, limit: int = 1000) -> Any:
        rows = [one for one in every_document(handle) if same(series, one.draft.series)]
        return tuple([one for one in rows if one.draft.year == year and one.number > after][:limit])

    return issued


IDLE = "a_name_that_nothing_has_touches_nothing"
for _kind, _same in SAME.items():
    broken(f"recall_by_{_kind}", ANOTHER, recall=recall_by(_same))
    broken(f"notices_by_{_kind}", ANOTHER, notices=notices_by(_same))
    broken(f"issued_by_{_kind}", ANOTHER, issued=issued_by(_same))
    broken(
        f"pinned_by_{_kind}", ANOTHER,
        pinned=lambda h, pin, same=_same: h.place.pinned(
            next((one for one in h.place.pins() if same(pin, one)), pin)
        ),
    )  # fmt: skip

    def _notices(handle: Any, name: str, same: Same = _same) -> list[str]:
        return [post.notice.id for post in every_post(handle) if same(name, post.notice.id)] or [name]

    broken(
        f"cancels_by_{_kind}", IDLE,
        append=lambda h, appends, claim=None, near=_notices: h.place.append(
            [one.replace(cancels=tuple(i for name in one.cancels for i in near(h, name))) for one in appends],
            claim,
        ),
    )  # fmt: skip
    broken(
        f"settles_by_{_kind}", IDLE,
        settle=lambda h, outcomes, near=_notices: h.place.settle(
            [one.replace(id=name) for one in outcomes for name in near(h, one.id)]
        ),
    )  # fmt: skip
    broken(
        f"requeues_by_{_kind}", IDLE,
        requeue=lambda h, ids, now_us, near=_notices: h.place.requeue(
            [i for name in ids for i in near(h, name)], now_us
        ),
    )  # fmt: skip
    broken(
        f"token_by_{_kind}",
        "notices_are_told_apart_to_the_letter",
        settle=lambda h, outcomes, same=_same: h.place.settle(
            [
                one.replace(
                    token=next((p.token for p in every_post(h) if p.token and same(one.token, p.token)), "")
                )
                for one in outcomes
            ]
        ),
    )

broken("pins_cut_to_12", "a_pin_is_no_name_of_a_policy", pin=lambda h, pin, d: h.place.pin(pin[:12], d),
       pinned=lambda h, pin: h.place.pinned(pin[:12]))  # fmt: skip

# -- letters that are put right -----------------------------------------------------------------------------

PUT_RIGHT: dict[str, Method] = {
    "normal_form": nfc,
    "width": nfkc,
    "strip": str.strip,
    "newlines": lambda text: text.replace("\r\n", "\n"),
    "invisible": lambda text: "".join(sign for sign in text if unicodedata.category(sign) != "Cf"),
    "mark": lambda text: text.removeprefix("\ufeff"),
    "controls": lambda text: re.sub(r"[\x00-\x08\x0b-\x1f]", "", text),
    "quotes": lambda text: text.replace("''", "'"),
    "backslashes": lambda text: text.replace("\\\\", "\\"),
    "entities": html.unescape,
    "percent": lambda text: text.replace("%%", "%"),
    "plane": lambda text: "".join("?" if ord(sign) > 0xFFFF else sign for sign in text),
}
for _kind, _change in PUT_RIGHT.items():
    broken(f"puts_texts_right_{_kind}", "texts_are_not_put_right",
           **reading("texts", lambda text, change=_change: text.replace(text=change(text.text))))  # fmt: skip
broken("drops_empty_texts", "texts_are_not_put_right",
       texts=lambda h, name: tuple(text for text in h.place.texts(name) if text.text))  # fmt: skip
broken("lowers_fields", "texts_are_not_put_right",
       **reading("texts", lambda text: text.replace(field=text.field.lower())))  # fmt: skip
broken(
    "takes_dots_for_paths",
    "texts_are_not_put_right",
    texts=lambda h, name: tuple(text for text in h.place.texts(name) if "." not in text.field),
)


def in_body(change: Method) -> Method:
    """A post whose notice's body was written differently."""

    def post(row: Posted) -> Posted:
        return row.replace(notice=row.notice.replace(body=change(dict(row.notice.body))))

    return post


broken("puts_bodies_right", "bodies_are_not_put_right", **reading("notices", in_body(
    lambda body: json.loads(nfc(json.dumps(body, ensure_ascii=False))))))  # fmt: skip
broken("sorts_bodies", "bodies_are_not_put_right", **reading("notices", in_body(
    lambda body: dict(sorted(body.items())))))  # fmt: skip
broken("drops_empty_values", "bodies_are_not_put_right", **reading("notices", in_body(
    lambda body: {name: part for name, part in body.items() if part is not None})))  # fmt: skip

# -- lengths ------------------------------------------------------------------------------------------------

WHOLE = "nothing_is_cut"
for _name, _most in {"unit": 100, "citizen": 64, "id": 120}.items():
    broken(
        f"cuts_{_name}",
        WHOLE,
        **reading("load", lambda case, n=_name, m=_most: case.replace(**{n: getattr(case, n)[:m]})),
    )
for _name, _most in {"actor": 64, "key": 64, "digest": 32, "case_id": 36}.items():
    broken(
        f"cuts_a_keys_{_name}",
        WHOLE,
        **reading("recall", lambda claim, n=_name, m=_most: claim.replace(**{n: getattr(claim, n)[:m]})),
    )
for _name, _most in {"id": 255, "unit": 255, "role": 64, "corrects": 255, "topic": 40}.items():
    broken(f"cuts_a_notices_{_name}", WHOLE, **reading("notices", lambda row, n=_name, m=_most: row.replace(
        notice=row.notice.replace(**{n: getattr(row.notice, n)[:m]}))))  # fmt: skip
for _name, _most in {"token": 36, "error": 255}.items():
    broken(
        f"cuts_{_name}s",
        WHOLE,
        **reading("notices", lambda row, n=_name, m=_most: row.replace(**{n: getattr(row, n)[:m]})),
    )
broken("loses_long_bodies", WHOLE, **reading("notices", in_body(
    lambda body: body if len(json.dumps(body)) < 65_536 else {})))  # fmt: skip
broken("cuts_reasons", WHOLE,
       **reading("documents", lambda one: one.replace(void_reason=one.void_reason[:255])))  # fmt: skip
broken("cuts_salts", WHOLE, **reading("texts", lambda text: text.replace(salt=text.salt[:32])))
broken("cuts_texts_at_64_k", WHOLE, **reading("texts", lambda text: text.replace(
    text=text.text.encode()[:262_144].decode(errors="ignore"))))  # fmt: skip
broken("loses_long_policies", "long_events_and_policies_are_whole",
       **reading("pinned", lambda policy: policy if len(str(policy)) < 65_536 else None))  # fmt: skip

# -- orders -------------------------------------------------------------------------------------------------


def find_sorted(key: Method) -> Method:
    def find(handle: Any, query: Query) -> Any:
        cases = sorted(every_case(handle, query), key=key)
        ids = [case.id for case in cases]
        begin = ids.index(query.after[1]) + 1 if query.after and query.after[1] in ids else 0
        return tuple(cases[begin : begin + query.limit])

    return find


def due_sorted(key: Method) -> Method:
    def due(handle: Any, before: int, *, limit: int, after: Any = None) -> Any:
        rows = sorted(handle.place.due(before, limit=EVERYTHING), key=lambda row: (row[0], key(row[1])))
        place = None if after is None else (after[0], key(after[1]))
        return tuple([row for row in rows if place is None or (row[0], key(row[1])) > place][:limit])

    return due


def heads_sorted(key: Method) -> Method:
    def heads(handle: Any, after: str = "", *, limit: int = 1000) -> Any:
        rows = sorted(handle.place.heads(limit=EVERYTHING), key=lambda head: key(head.case_id))
        return tuple([head for head in rows if not after or key(head.case_id) > key(after)][:limit])

    return heads


def naturally(name: str) -> list[tuple[bool, int, str]]:
    parts = re.split(r"([0-9]+)", name)
    return [(not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts if part]


TIES = "cases_due_at_once_come_by_code_point"
for _kind, _key in {
    "casefolded": str.casefold,
    "utf16": utf16,
    "accents_away": bare,
    "naturally": naturally,
}.items():
    broken(f"find_orders_{_kind}", TIES,
           find=find_sorted(lambda case, key=_key: (due_order(case), key(case.id))))  # fmt: skip
    broken(f"due_orders_{_kind}", TIES, due=due_sorted(_key))
    broken(f"heads_order_{_kind}", TIES, heads=heads_sorted(_key))
broken(
    "find_ends_before_the_never_due",
    "cases_never_due_come_by_code_point",
    find=lambda h, query: () if query.after and query.after[0] in (None, NEVER) else h.place.find(query),
)
broken("texts_by_field", "texts_are_not_put_right",
       texts=lambda h, name: tuple(sorted(h.place.texts(name), key=lambda text: text.field)))  # fmt: skip
broken(
    "texts_by_version_as_text",
    "a_history_is_in_the_order_of_versions",
    texts=lambda h, name: tuple(sorted(h.place.texts(name), key=lambda text: str(text.version))),
)
broken("events_by_instant", "a_history_is_in_the_order_of_versions",
       events=lambda h, name: tuple(sorted(h.place.events(name), key=lambda event: event.at_us)))  # fmt: skip
broken(
    "links_by_version_as_text",
    "a_history_is_in_the_order_of_versions",
    links=lambda h, name: tuple(sorted(h.place.links(name), key=lambda link: str(link.version))),
)
broken(
    "documents_by_number",
    "documents_of_a_case_come_in_the_order_of_issue",
    documents=lambda h, name: tuple(sorted(h.place.documents(name), key=lambda one: one.number)),
)
broken(
    "notices_by_id",
    "an_append_is_read_in_the_order_it_was_given",
    notices=lambda h, **terms: tuple(sorted(h.place.notices(**terms), key=lambda row: row.notice.id)),
)

# -- pages --------------------------------------------------------------------------------------------------

CASES, POSTS = "many_cases_are_paged_to_the_last", "many_notices_and_documents_are_paged_to_the_last"


def at_most(method: str, most: int) -> dict[str, Any]:
    def ask(handle: Any, *args: Any, limit: int = 1000, **terms: Any) -> Any:
        return getattr(handle.place, method)(*args, limit=min(limit, most), **terms)

    return {method: ask}


for _most in (100, 1000):
    for _method in ("feed", "due", "heads"):
        broken(f"{_method}_at_most_{_most}", CASES, **at_most(_method, _most))
    for _method in ("notices", "issued"):
        broken(f"{_method}_at_most_{_most}", POSTS, **at_most(_method, _most))
    broken(f"find_at_most_{_most}", CASES,
           find=lambda h, query, m=_most: h.place.find(query.replace(limit=min(query.limit, m))))  # fmt: skip
    for _method in ("events", "links", "texts"):
        broken(f"{_method}_at_most_{_most}", "a_long_history_is_whole",
               **{_method: lambda h, name, n=_method, m=_most: getattr(h.place, n)(name)[:m]})  # fmt: skip


def after_a_case(handle: Any, query: Query) -> Any:
    ids = [case.id for case in every_case(handle, query)]
    if query.after is not None and query.after[1] not in ids:
        return ()
    return find_sorted(lambda case: (due_order(case), case.id))(handle, query)


def after_a_due_case(handle: Any, before: int, *, limit: int, after: Any = None) -> Any:
    rows = list(handle.place.due(before, limit=EVERYTHING))
    begin = rows.index(tuple(after)) + 1 if after is not None and tuple(after) in rows else 0
    return tuple(rows[begin : begin + limit])


def limit_first(handle: Any, query: Query) -> Any:
    cases = handle.place.find(Query(limit=query.limit, after=query.after))
    columns = ("unit", "citizen", "state")
    return tuple(
        case for case in cases if all(getattr(query, one) in (None, getattr(case, one)) for one in columns)
    )


def notices_limit_first(
    handle: Any, *, case_id: str = "", status: str = "", after: int = 0, limit: int = 1000
) -> Any:
    posts = handle.place.notices(after=after, limit=limit)
    return tuple(row for row in posts if case_id in ("", row.notice.case_id) and status in ("", row.status))


MOVED = "a_page_goes_on_where_nobody_stands_any_more"
broken("find_goes_on_after_a_case", MOVED, find=after_a_case)
broken("due_goes_on_after_a_case", MOVED, due=after_a_due_case)
broken("find_limits_before_it_filters", "a_limit_counts_what_fits", find=limit_first)
broken("notices_limits_before_it_filters", "a_limit_counts_what_fits", notices=notices_limit_first)
broken(
    "due_loses_ties",
    TIES,
    due=lambda h, before, *, limit, after=None: tuple(
        [row for row in h.place.due(before, limit=EVERYTHING) if after is None or row[0] > after[0]][:limit]
    ),
)

# -- instants -----------------------------------------------------------------------------------------------


def _in_posts(name: str, rounded: Method) -> dict[str, Any]:
    def change(row: Any) -> Any:
        if name == "at_us":
            return row.replace(notice=row.notice.replace(at_us=rounded(row.notice.at_us)))
        at = getattr(row, name)
        return row if at is None else row.replace(**{name: rounded(at)})

    return reading("notices", change)


LISTS, KEPT = "lists_count_microseconds", "notices_and_documents_keep_microseconds"
for _kind, _rounded in {
    "milliseconds": lambda at: at - at % 1000,
    "a_float": lambda at: int(float(at)),
}.items():
    for _name in ("at_us", "next_try_us", "told_us"):
        broken(f"keeps_{_name}_in_{_kind}", KEPT, **_in_posts(_name, _rounded))
    broken(f"voids_in_{_kind}", KEPT, **reading("documents", lambda one, r=_rounded: one.replace(
        voided_us=None if one.voided_us is None else r(one.voided_us))))  # fmt: skip
    broken(f"next_due_in_{_kind}", LISTS, **reading("next_due", _rounded))
    broken(f"waiting_in_{_kind}", LISTS, waiting=lambda h, before, r=_rounded: sum(
        case.waits_from is not None and r(case.waits_from) <= before for case in every_case(h)))  # fmt: skip
    broken(f"finds_in_order_of_{_kind}", LISTS, find=find_sorted(
        lambda case, r=_rounded: (r(due_order(case)), case.id)))  # fmt: skip
    broken(f"overdue_in_{_kind}", LISTS, find=lambda h, query, r=_rounded: tuple(
        case for case in every_case(h, query.replace(overdue_at=None))
        if query.overdue_at is None
        or (case.deadline_us is not None and r(case.deadline_us) <= query.overdue_at)))  # fmt: skip
broken("claims_a_millisecond_early", KEPT,
       claim=lambda h, now_us, **terms: h.place.claim(now_us + 999, **terms))  # fmt: skip
broken("overdue_is_later_only", LISTS, find=lambda h, query: h.place.find(
    query if query.overdue_at is None else query.replace(overdue_at=query.overdue_at - 1)))  # fmt: skip
broken("texts_like", ANOTHER, texts=lambda h, name: tuple(
    text for one in every_id(h) if like(name, one) for text in h.place.texts(one)))  # fmt: skip

# -- lists for readers ---------------------------------------------------------------------------------------

for _column_name, _promise in (
    ("kind", "lists_filter_by_what_was_submitted"), ("region", "lists_filter_by_what_was_submitted"),
    ("since", "lists_filter_by_what_was_submitted"), ("until", "lists_filter_by_what_was_submitted"),
    ("level", "the_level_is_that_of_the_highest_card_that_stands"),
):  # fmt: skip
    broken(f"find_whatever_{_column_name}", _promise,
           find=lambda h, query, c=_column_name: h.place.find(query.replace(**{c: None})))  # fmt: skip
broken("counts_everything", "counts_tell_states_units_and_levels_apart",
       counts=lambda h, query: h.place.counts(Query()))  # fmt: skip
broken("finds_any_words", "titles_are_found_by_words_of_two_characters",
       find=lambda h, query: h.place.find(query.replace(words=())))  # fmt: skip
broken("worst_first_by_what_is_due", "worst_first_is_by_the_deadline_that_runs",
       find=lambda h, query: h.place.find(query.replace(order="due")))  # fmt: skip

"""What a store owes of letters: no two names are the same but the same, nothing is cut or put right."""

from __future__ import annotations

from typing import Any

import pytest

from caseflow.core import notices as o
from caseflow.core.model import events as e
from caseflow.core.model.case import Case
from caseflow.core.notices import Document, Draft, Notice, Void
from caseflow.errors import CaseflowError, StoreError
from caseflow.ports import KeyClaim, Query, Store, Text
from caseflow.testing.contract.case_factory import BY, FAR, claim_of, ids_of, submitted, then

NAME = "Ü%b_c*1"
NEAR = (
    "ü%b_c*1", "Ü%B_C*1", "U%b_c*1", "U\u0308%b_c*1", "Ü%b_c*1 ", " Ü%b_c*1", "Ü%b_c*１", "Üxxb_c*1",
    "Ü%bxc*1", "Ü%b_cxx1", "Ü%b_c*", "Ü%b_c*10", "%", "_", "*",
)  # fmt: skip
"""What one database or another takes for the same: by case, accents, normal form, blanks, width, as a pattern
of LIKE or GLOB that fits, as a beginning. In JSON, SQL and Python they are all different.
"""  # fmt: skip
ALL = (NAME, *NEAR)

NO_NAMES = ("a\0b", "\ud800", "x" * 5_000, "'; --")
"""Texts that some places cannot hold: nothing has such a name, and to ask for it is no error."""
TOO_LARGE = 1 << 70


class LettersContract:
    """A name is the same name if and only if each of its letters is."""

    @pytest.mark.parametrize("column", ["unit", "citizen", "state"])
    def test_find_compares_to_the_letter(self, store: Store, column: str) -> None:
        """A query finds the cases of that very unit, citizen and state; none by a pattern or another case."""
        store.append(
            [submitted(f"c{place:02}", **{column: name}) for place, name in enumerate(ALL)]  # type: ignore[arg-type]  # all three are texts
        )
        for place, name in enumerate(ALL):
            assert ids_of(store, Query().replace(**{column: name})) == [f"c{place:02}"], name
            case = store.load(f"c{place:02}")
            assert case is not None
            assert {"unit": case.unit, "citizen": case.citizen, "state": case.place.state}[column] == name
        for name in ("", "%b%", "Ü%", "ss"):
            assert ids_of(store, Query().replace(**{column: name})) == [], name

    @pytest.mark.parametrize("column", ["unit", "citizen", "state"])
    def test_a_pattern_finds_nothing(self, store: Store, column: str) -> None:
        """Where none of the cases has the name, it finds none, whatever it looks like to a database."""
        store.append(
            [submitted(f"c{place:02}", **{column: name}) for place, name in enumerate(NEAR)]  # type: ignore[arg-type]  # all three are texts
        )
        assert ids_of(store, Query().replace(**{column: NAME})) == []

    def test_no_question_takes_another_name_for_its_own(self, store: Store) -> None:
        """Cases, texts, histories, notices, documents, keys, policies of a name that is near are not its."""
        _begin(store, NAME)
        for name in NEAR:
            assert _asked(store, name) == _NOTHING, name
        for name in NEAR:
            _begin(store, name)
        for name in ALL:
            case, texts, events, links, documents, posts, key, policy, issued = _asked(store, name)
            assert case is not None
            assert (case.id, texts, events, links) == (name, (name,), 1, 1)
            assert (documents, posts, issued) == (1, (f"n-{name}",), 1)
            assert (key, policy) == (name, {"of": name})
            if name != NAME:
                assert store.recall(NAME, name) is store.recall(name, NAME) is None

    def test_notices_are_told_apart_to_the_letter(self, store: Store) -> None:
        """A cancel, an outcome, a token and a requeue mean the notice whose id or token they spell."""
        first = submitted("c1")
        store.append([first.replace(notices=tuple(Notice(name, "c1", 1, "card") for name in ALL))])
        assert [post.notice.id for post in store.notices()] == list(ALL)
        second = then(first.case).replace(cancels=(NAME, "nothing"))
        store.append([second])
        assert [post.notice.id for post in store.notices(status=o.CANCELLED)] == [NAME]
        held = {item.notice.id: item for item in store.claim(10, limit=99, lease_us=50, token="Tök_n")}
        assert sorted(held) == sorted(NEAR)
        wrong = ("tök_n", "To\u0308k_n", "Tökxn", "Tök_n ", "T%", "Tök")
        assert store.settle([o.Outcome(NEAR[0], token, o.SENT, 11) for token in wrong]) == ()
        assert store.settle([o.Outcome(NAME, "Tök_n", o.SENT, 11)]) == ()
        gone = [o.dead(held[name], "x") for name in NEAR[1:]]
        assert store.settle(gone) == NEAR[1:]
        assert store.requeue([NAME, NEAR[0]], 20) == ()
        assert store.requeue([NEAR[3]], 20) == (NEAR[3],)
        assert [post.notice.id for post in store.notices(status=o.PENDING)] == [NEAR[3]]
        for status in ("sen", "PENDING", "pending ", "%", "_ending"):
            assert store.notices(status=status) == (), status

    def test_a_name_that_nothing_has_touches_nothing(self, store: Store) -> None:
        """Where only names that are near are there, a cancel, void, outcome, requeue, correction is idle."""
        first = submitted("c1")
        near = tuple(Notice(name, "c1", 1, "card") for name in NEAR)
        drafts = tuple(Draft(name, "s", 2025, "c1", 1) for name in NEAR)
        store.append([first.replace(notices=near, documents=drafts)])
        idle = then(first.case).replace(cancels=(NAME,), voids=(Void(NAME, 5, "x"),))
        store.append([idle])
        assert {post.status for post in store.notices()} == {o.PENDING}
        assert not any(document.is_void for document in store.documents("c1"))
        held = store.claim(10, limit=99, lease_us=5, token="t")
        assert store.settle([o.Outcome(NAME, "t", o.SENT, 11)]) == ()
        store.settle([o.dead(item, "x") for item in held])
        assert store.requeue([NAME], 20) == ()
        assert {post.status for post in store.notices()} == {o.DEAD}
        again = Notice("again", "c1", 2, "correction", corrects=NAME)
        store.append([then(idle.case).replace(notices=(again,))])
        assert [item.corrected for item in store.claim(20, limit=9, lease_us=5, token="u")] == [""]

    def test_documents_are_told_apart_to_the_letter(self, store: Store) -> None:
        """Each id is a document with a number of its own, and a void means the one it spells."""
        first = submitted("c1")
        drafts = tuple(Draft(name, "催办", 2025, "c1", 1) for name in ALL)
        store.append([first.replace(documents=drafts)])
        assert [document.number for document in store.documents("c1")] == list(range(1, len(ALL) + 1))
        store.append([then(first.case).replace(voids=(Void(NAME, 5, "x"), Void("nothing", 5, "x")))])
        assert [document.draft.id for document in store.documents("c1") if document.is_void] == [NAME]

    def test_texts_are_not_put_right(self, store: Store) -> None:
        """Normal forms, blanks, marks that nobody sees, entities and empty texts come back as they came."""
        contents = (
            "caf\u00e9", "cafe\u0301", "", " ", "  two  ", "tab\t", "\ufeffmark", "zero\u200bwidth\u200e",
            "a\r\nb\rc\nd", "&amp;lt;", "%% %s {x}", "''\\'\"\\\\n", "ｆｕｌｌ，，", "Null",
            "0", "\x1b[31m", "𠮷👩‍🔧",
        )  # fmt: skip
        assert len(set(contents)) == len(contents)
        names = (*(f"f{place}" for place in range(len(contents))), "F0", "f.0", "f 0", "$.f0", 'f"0', "字段")
        texts = tuple(
            Text(1, name, f"Sálz{place}", contents[place % len(contents)]) for place, name in enumerate(names)
        )
        store.append([submitted("c1").replace(texts=texts)])
        assert store.texts("c1") == texts

    def test_bodies_are_not_put_right(self, store: Store) -> None:
        """Of notices and documents too: normal forms, the order of names, numbers, empty values."""
        body: dict[str, Any] = {
            "z": "cafe\u0301", "a": "caf\u00e9", "": None, "n": [1, 1.5, -0.5, 1 << 53, True], "e": {},
            "t": "",
        }  # fmt: skip
        first = submitted("c1")
        notice, draft = Notice("n", "c1", 1, "card", body=body), Draft("d", "s", 2025, "c1", 1, body=body)
        store.append([first.replace(notices=(notice,), documents=(draft,))])
        for kept in (store.notices()[0].notice.body, store.documents("c1")[0].draft.body):
            assert (list(kept), repr(dict(kept))) == (list(body), repr(body))

    def test_a_body_is_kept_and_not_shared(self, store: Store) -> None:
        """What its owner does to a body afterwards changes nothing that is kept."""
        body: dict[str, Any] = {"days": [3], "more": {"x": 1}}
        notice, draft = Notice("n", "c1", 1, "card", body=body), Draft("d", "s", 2025, "c1", 1, body=body)
        store.append([submitted("c1").replace(notices=(notice,), documents=(draft,))])
        body["days"].append(5)
        assert store.notices()[0].notice.body == {"days": [3], "more": {"x": 1}}
        assert store.documents("c1")[0].draft.body == {"days": [3], "more": {"x": 1}}

    def test_nothing_is_cut(self, store: Store) -> None:
        """Names of 200 letters, units of 500, a text of 100,000, any body and reason: all are whole."""
        name, long = "长" * 199 + "尾", "𠮷" * 99_999 + "尾"
        case_id, unit, other = name, "局" * 499 + "尾", "局" * 499 + "异"
        first = submitted(case_id, unit=unit, citizen=unit, state=name)
        notice = Notice(
            "知" * 600, case_id, 1, name, name, role=name, unit=unit, channel=name, corrects="前" * 600,
            body={"x": long[-90_000:]},
        )  # fmt: skip
        draft = Draft("文" * 600, name, 2025, case_id, 1, body={"x": long[-90_000:]})
        text = Text(1, name, "盐" * 100, long)
        claim = KeyClaim(actor=name, key=name, digest="f" * 64, case_id=case_id, first=1, last=1)
        store.append([first.replace(texts=(text,), notices=(notice,), documents=(draft,))], claim)
        more = submitted("c2", unit=other, citizen=other)
        store.append([more], claim.replace(actor=name[:-1] + "异", case_id="c2"))
        assert (store.load(case_id), store.texts(case_id)) == (first.case, (text,))
        assert (store.recall(name, name), store.notices()[0].notice) == (claim, notice)
        assert (store.recall(name, name[:-1] + "异"), store.load("c2")) == (None, more.case)
        assert (ids_of(store, Query(unit=unit)), ids_of(store, Query(citizen=other))) == ([case_id], ["c2"])
        assert store.issued(name, 2025) == (Document(draft, 1),)
        store.append([then(first.case).replace(voids=(Void("文" * 600, 5, name * 20),))])
        assert store.documents(case_id) == (Document(draft, 1, 5, name * 20),)
        (held,) = store.claim(10, limit=1, lease_us=5, token=name)
        assert (held.token, store.notices()[0].token) == (name, name)
        assert store.settle([o.dead(held, name * 20)]) == ("知" * 600,)
        assert store.notices()[0].error == name * 20

    def test_long_events_and_policies_are_whole(self, store: Store) -> None:
        """An event of 200,000 bytes, and a policy of as many, are what was given."""
        first, long = submitted("c1"), "长" * 70_000
        fields = tuple((f"f{number}", "长" * 450) for number in range(150))
        more = then(first.case, e.Acted(2, BY, action="a", fields=fields))
        store.append([first])
        store.append([more])
        assert (store.load("c1"), store.events("c1")) == (more.case, (*first.events, *more.events))
        store.pin("p", {"policy": {"name": long}})
        assert store.pinned("p") == {"policy": {"name": long}}


_NOTHING = (None, (), 0, 0, 0, (), None, None, 0)


def _begin(store: Store, name: str) -> None:
    """A case of that name with all that goes with one, under a key, an actor and a policy of that name."""
    first = submitted(name)
    notice, draft = Notice(f"n-{name}", name, 1, "card"), Draft(f"d-{name}", name, 2025, name, 1)
    entry = first.replace(texts=(Text(1, "title", "s", name),), notices=(notice,), documents=(draft,))
    store.append([entry], claim_of(name, actor=name, key=name))
    store.pin(name, {"of": name})


def _asked(store: Store, name: str) -> tuple[Any, ...]:
    """What each question knows of that name."""
    key = store.recall(name, name)
    return (
        store.load(name), tuple(text.text for text in store.texts(name)), len(store.events(name)),
        len(store.links(name)), len(store.documents(name)),
        tuple(post.notice.id for post in store.notices(case_id=name)), key and key.case_id,
        store.pinned(name), len(store.issued(name, 2025)),
    )  # fmt: skip


class AnyInputContract:
    """Whatever is asked, the answer is an answer; whatever cannot be kept is refused whole."""

    @pytest.mark.parametrize("name", NO_NAMES, ids=["nul", "half a sign", "long", "sql"])
    def test_any_text_may_be_asked_for(self, store: Store, name: str) -> None:
        """A name that the place could not even hold is nobody's: every question says so, and none raises."""
        store.append([submitted("c1", unit="u")])
        assert _asked(store, name) == _NOTHING
        for column in ("unit", "citizen", "state"):
            assert store.find(Query().replace(**{column: name})) == ()
        assert store.notices(status=name) == ()
        assert store.settle([o.Outcome(name, "t", o.SENT, 1), o.Outcome("n", name, o.SENT, 1)]) == ()
        assert store.requeue([name], 1) == ()

    @pytest.mark.parametrize("number", [TOO_LARGE, -TOO_LARGE])
    def test_any_instant_may_be_asked_for(self, store: Store, number: int) -> None:
        """A number beyond what the place can hold is after everything, or before it."""
        store.append([submitted("c1", due=9), submitted("c2", due=9, certain=False)])
        ever = number > 0
        assert store.due(number, limit=9) == (((9, "c1"),) if ever else ())
        assert store.due(99, limit=9, after=(number, "")) == (() if ever else ((9, "c1"),))
        assert store.waiting(number) == int(ever)
        assert ids_of(store, Query(overdue_at=number)) == (["c1"] if ever else [])
        assert len(store.feed(number)) == (0 if ever else 2)
        assert (store.notices(after=number), store.issued("s", 2025, after=number)) == ((), ())
        assert store.issued("s", number) == ()

    @pytest.mark.parametrize("odd", ["a\0b", "half \ud800 sign"], ids=["nul", "half a sign"])
    @pytest.mark.parametrize("where", ["text", "unit", "key", "notice", "document"])
    def test_what_the_place_cannot_hold_is_refused_whole(self, store: Store, where: str, odd: str) -> None:
        """It is kept to the letter, or refused with all that came with it, by no driver's error."""
        first, claim = submitted("c1", due=9, unit=odd if where == "unit" else "u"), claim_of("c1")
        body = {"x": odd if where == "notice" else "y"}
        text = Text(1, "title", "s", odd if where == "text" else "x")
        notice = Notice("n", "c1", 1, "card", body=body)
        draft = Draft("d", odd if where == "document" else "s", 2025, "c1", 1)
        claim = claim.replace(key=odd) if where == "key" else claim
        entry = first.replace(texts=(text,), notices=(notice,), documents=(draft,))
        try:
            store.append([submitted("c0"), entry], claim)
        except (CaseflowError, ValueError, TypeError):
            assert (store.load("c0"), store.load("c1"), store.texts("c1")) == (None, None, ())
            assert (store.notices(), store.documents("c1"), store.feed()) == ((), (), ())
            assert store.recall(claim.actor, claim.key) is None
            store.append([submitted("c0"), submitted("c1").replace(documents=(draft.replace(series="s"),))])
            assert store.issued("s", 2025) == (Document(draft.replace(series="s"), 1),)
        else:
            assert (store.load("c1"), store.texts("c1")) == (first.case, (text,))
            assert (store.notices()[0].notice, store.documents("c1")[0].draft) == (notice, draft)
            assert store.recall(claim.actor, claim.key) == claim

    def test_a_closed_store_says_so(self, store: Store) -> None:
        """After `close` a question is answered or raises `StoreError`, never a driver's own error."""
        case = _kept(store)
        store.close()
        works = (
            lambda: store.load("c1"), lambda: store.texts("c1"), lambda: store.due(FAR, limit=1),
            lambda: store.find(Query()), lambda: store.append([then(case)]),
            lambda: store.claim(1, limit=1, lease_us=1, token="t"), lambda: store.pin("p", {}),
        )  # fmt: skip
        for work in works:
            try:
                work()
            except StoreError as error:
                assert error.code.startswith("store-")


def _kept(store: Store) -> Case:
    first = submitted("c1")
    store.append([first])
    return first.case

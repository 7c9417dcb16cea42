"""What a store owes of cases: events, texts, idempotency keys, the audit chain and the schema."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from caseflow import load_policy
from caseflow.core.model import events as e
from caseflow.core.model.case import Case
from caseflow.core.model.evolve import replay
from caseflow.errors import KeyReused, Stale, StoreError
from caseflow.ports import Append, Query, Store, Text
from caseflow.ports.records import Head
from caseflow.serialization.codec import START, chained, encode, first_broken, link
from caseflow.testing.contract.case_factory import BY, claim_of, submitted, then, written


class EventsContract:
    """Cases, their events, and appends that hold whole or not at all."""

    def test_an_empty_store_has_nothing(self, store: Store) -> None:
        """Nothing is found, due, waiting or fed; asking is no error."""
        assert store.load("c1") is None
        assert (store.events("c1"), store.texts("c1"), store.feed()) == ((), (), ())
        assert (store.due(1 << 62, limit=9), store.next_due(), store.waiting(1 << 62)) == ((), None, 0)
        assert store.find(Query()) == ()
        assert store.recall("a", "k") is None
        assert store.pinned("p") is None

    def test_what_was_appended_is_loaded(self, store: Store) -> None:
        """The case, its events in order, and their fold are what was given."""
        first = submitted("c1", remind=5_000, due=9_000, unit="城管局", citizen="c-1")
        second = then(first.case)
        store.append([first])
        store.append([second])
        assert store.load("c1") == second.case
        assert store.events("c1") == (*first.events, *second.events)
        assert replay("c1", store.events("c1")) == second.case

    @pytest.mark.parametrize("expected", [0, 2, 7])
    def test_a_second_writer_is_refused_without_a_trace(self, store: Store, expected: int) -> None:
        """An append at another version than the case's raises `Stale` and leaves all as it was."""
        first = submitted("c1", due=9_000)
        store.append([first])
        late = then(first.case, texts=(Text(2, "text", "salt", "x"),)).replace(expected=expected)
        with pytest.raises(Stale) as caught:
            store.append([late], claim_of("c1", version=2))
        assert caught.value.data["case"] == "c1"
        assert store.load("c1") == first.case
        assert store.events("c1") == first.events
        assert (store.texts("c1"), store.recall("a", "k"), len(store.feed())) == ((), None, 1)

    @pytest.mark.parametrize("bad", [0, 1, 2])
    def test_an_append_over_several_cases_is_all_or_nothing(self, store: Store, bad: int) -> None:
        """When one of three is stale, whichever it is, none of them moves, and nothing becomes due."""
        olds = [submitted(name, unit="u") for name in ("a", "b")]
        store.append(olds)
        news = [then(olds[0].case), then(olds[1].case), submitted("n", due=5)]
        news[bad] = news[bad].replace(expected=8)
        with pytest.raises(Stale):
            store.append(news, claim_of("a", version=2))
        assert [store.load(name) for name in ("a", "b", "n")] == [olds[0].case, olds[1].case, None]
        assert (store.next_due(), len(store.feed()), store.recall("a", "k")) == (None, 2, None)
        assert len(store.find(Query(unit="u"))) == 2

    def test_one_append_names_a_case_once(self, store: Store) -> None:
        """Two entries for one case at the same version cannot both hold: `Stale`, and neither is kept."""
        first = submitted("c1")
        store.append([first])
        with pytest.raises(Stale):
            store.append([then(first.case), then(first.case)])
        assert store.load("c1") == first.case
        assert store.events("c1") == first.events

    def test_an_entry_without_events_holds_its_case(self, store: Store) -> None:
        """It is at its expected version, or nothing of the append is kept; the case stays as it is."""
        held, moved = submitted("a"), submitted("b", due=5)
        store.append([held, moved])
        for expected in (0, 2):
            with pytest.raises(Stale):
                store.append([then(moved.case), Append(held.case, expected, ())])
            assert (store.load("b"), len(store.feed())) == (moved.case, 2)
        store.append([Append(held.case, 1, ()), then(moved.case)])
        assert (store.load("a"), store.events("a"), len(store.feed())) == (held.case, held.events, 3)

    def test_several_cases_move_together(self, store: Store) -> None:
        """An append over two cases brings both to their new versions."""
        olds = [submitted(name) for name in ("a", "b")]
        store.append(olds)
        news = [then(old.case) for old in olds]
        store.append(news)
        assert [store.load(name) for name in ("a", "b")] == [new.case for new in news]

    @pytest.mark.parametrize("name", ["案件-1", "🚧", "a'b\"c", "x" * 200, "%_", "\\", "ß"])
    def test_case_ids_are_kept_to_the_letter(self, store: Store, name: str) -> None:
        """Ids differ by case, accents and width; none is read as a pattern or as SQL."""
        store.append([submitted(name), submitted(name + "A"), submitted(name + "a")])
        case = store.load(name)
        assert case is not None
        assert case.id == name
        assert store.load(name + " ") is None
        assert len(store.events(name)) == 1

    @pytest.mark.parametrize("at", [0, 1, 1_741_000_000_000_001, 253_402_300_799_999_999])
    def test_instants_keep_their_microseconds(self, store: Store, at: int) -> None:
        """From the epoch to the year 9999 an instant comes back to the microsecond, everywhere."""
        first = submitted("c1", due=at + 1, at=at)
        store.append([first])
        case = store.load("c1")
        assert case is not None
        assert (case.submitted_us, case.next_due_us) == (at, at + 1)
        assert store.events("c1")[0].at_us == at
        assert store.due(at + 1, limit=1) == ((at + 1, "c1"),)

    def test_an_event_of_an_unknown_name_keeps_its_bytes(self, store: Store) -> None:
        """What another version wrote is kept to the byte, its odd spaces and number forms included."""
        body = b'{"event":"teleported","at":7,"by":["x-1","system",""],"where":{"moon":[1,2.50]} }'
        first = submitted("c1")
        unknown = e.UnknownEvent(7, BY, unknown="teleported", body=body)
        store.append([first])
        store.append([then(first.case, unknown)])
        assert [link.body for link in store.links("c1")][1] == body
        event = store.events("c1")[1]
        assert isinstance(event, e.UnknownEvent)
        assert (event.unknown, event.body) == ("teleported", body)

    def test_what_cannot_be_written_leaves_no_trace(self, store: Store) -> None:
        """An append whose event has no JSON form raises, and nothing of it or of its companions is kept."""
        first = submitted("c1", due=9)
        unwritable: Any = object()
        odd = then(submitted("c2").case, e.Acted(2, BY, action="a", fields=(("x", unwritable),)))
        with pytest.raises(TypeError):
            store.append([first, odd.replace(expected=0)], claim_of("c1"))
        assert (store.load("c1"), store.load("c2"), store.feed()) == (None, None, ())
        assert (store.recall("a", "k"), store.next_due()) == (None, None)
        store.append([first])

    def test_a_policy_is_kept_under_its_pin(self, store: Store) -> None:
        """A policy's document comes back equal; the same pin again changes nothing."""
        wuhu = load_policy("wuhu")
        store.pin(wuhu.pin, wuhu.document())
        store.pin(wuhu.pin, wuhu.document())
        store.pin("another", {"policy": {"name": "另一"}})
        kept: Any = store.pinned(wuhu.pin)
        assert kept["policy"]["states"]["routed"]["labels"]["zh"] == "已分转"
        assert store.pinned("another") == {"policy": {"name": "另一"}}
        assert store.pinned("none") is None

    def test_a_policy_comes_back_to_the_letter(self, store: Store) -> None:
        """The order of its names, its numbers and its empty values are what they were: they are hashed."""
        document: dict[str, Any] = {
            "policy": {"name": "p", "z": 1, "a": 1.0, "": None, "e": {}, "l": [1, 2.5, -0.5, True, ""]},
            "states": {"z": {}, "b": {"labels": {"zh": "一", "en": "e\u0301"}}, "a": []},
        }  # fmt: skip
        store.pin("p", document)
        assert written(store.pinned("p")) == written(document)

    def test_a_pin_is_no_name_of_a_policy(self, store: Store) -> None:
        """Two policies of one name are two; what is pinned first under a hash stays; hashes are not cut."""
        pins = [f"{'0' * 62}{ending}" for ending in ("ab", "aB", "a")]
        for place, pin in enumerate(pins):
            store.pin(pin, {"policy": {"name": "same"}, "version": place})
        store.pin(pins[0], {"policy": {"name": "same"}, "version": 7})
        assert [(store.pinned(pin) or {})["version"] for pin in pins] == [0, 1, 2]
        assert store.pinned("0" * 64) is store.pinned("same") is None

    def test_a_policy_is_kept_and_not_shared(self, store: Store) -> None:
        """What its owner does to the document, or a reader to his answer, changes nothing that is kept."""
        document: dict[str, Any] = {"policy": {"name": "p", "states": ["a"]}}
        store.pin("p", document)
        document["policy"]["states"].append("b")
        answer: Any = store.pinned("p")
        answer["policy"]["name"] = "other"
        answer["policy"]["states"].clear()
        assert store.pinned("p") == {"policy": {"name": "p", "states": ["a"]}}


class TextsContract:
    """Personal texts, and their erasure."""

    def test_texts_survive_to_the_letter(self, store: Store) -> None:
        """Chinese, emoji, line ends, quotes and 100,000 characters come back in the order they came."""
        contents = [
            "路灯不亮,三天了",
            "👩‍🔧🚧",
            "a\r\nb\tc\n",
            '"quoted" \\ {json}',
            "长" * 100_000,
            "\u00e9 ≠ e\u0301",
        ]
        append = submitted("c1")
        texts = tuple(Text(1, f"f{n}", f"s{n}", text) for n, text in enumerate(contents))
        store.append([append.replace(texts=texts)])
        more = Text(2, "text", "salt", "再来一条")
        store.append([then(append.case, texts=(more,))])
        assert store.texts("c1") == (*texts, more)

    def test_texts_of_several_versions_come_in_one_append(self, store: Store) -> None:
        """Each text keeps the version that it came with."""
        first = submitted("c1")
        both = then(first.case, e.Noted(2, BY), e.Noted(3, BY))
        texts = (Text(2, "text", "s2", "二"), Text(3, "text", "s3", "三"), Text(3, "reason", "s4", "因"))
        store.append([first])
        store.append([both.replace(texts=texts)])
        assert store.texts("c1") == texts

    def test_a_redaction_takes_every_version_of_a_field(self, store: Store) -> None:
        """The named field's texts are gone, salts and all; other fields and other cases keep theirs."""
        _, befores = _with_texts(store, "c0")
        case, texts = _with_texts(store, "c1")
        _, others = _with_texts(store, "c2")
        store.append([then(case).replace(redacts=("text",))])
        assert store.texts("c1") == (texts[0], texts[3])
        assert (store.texts("c0"), store.texts("c2")) == (befores, others)

    def test_a_redaction_may_name_one_version(self, store: Store) -> None:
        """``text@2`` takes the text of version 2 alone; a name that fits nothing takes nothing."""
        case, texts = _with_texts(store, "c1")
        store.append([then(case).replace(redacts=("text@2", "title@2", "tex", "nothing"))])
        assert store.texts("c1") == (texts[0], *texts[2:])

    def test_a_redaction_means_the_names_it_spells(self, store: Store) -> None:
        """No beginning, pattern, path, case, blank or normal form of a name takes another's text."""
        names = (
            "text",
            "Text",
            "text2",
            "te_t",
            "t%",
            "te*t",
            "text.b",
            "text ",
            "t\u00e9xt",
            "te\u0301xt",
            "@2",
            '"',
        )
        first = submitted("c1")
        many = then(first.case, *(e.Noted(version, BY) for version in range(2, 23)))
        texts = tuple(
            Text(version, name, f"s{version}", "x") for version in (2, 12, 20, 22) for name in names
        )
        store.append([first])
        store.append([many.replace(texts=texts)])
        case = many.case
        for redacts in (
            ("tex", "%", "_ext", "*", "TEXT", " text", "$.text", "text[0]", "2", "xt"),
            ("text@", "text@222", "text@02", "text@1", "text@*", "%@2", "TEXT@2", "@"),
        ):
            entry = then(case).replace(redacts=redacts)
            store.append([entry])
            case = entry.case
            assert store.texts("c1") == texts
        entry = then(case).replace(redacts=("Text@2", "te_t", "t%", "text", "te\u0301xt@20", '"', "text @12"))
        store.append([entry])
        taken = {"te_t", "t%", "text", '"'}
        single = {("Text", 2), ("te\u0301xt", 20), ("text ", 12)}
        assert store.texts("c1") == tuple(
            text for text in texts if text.field not in taken and (text.field, text.version) not in single
        )

    def test_a_redaction_spares_the_texts_of_its_own_append(self, store: Store) -> None:
        """What goes was there before; the reason given for it stays."""
        case, texts = _with_texts(store, "c1")
        own = Text(4, "reason", "s9", "本人申请")
        store.append([then(case).replace(redacts=("reason",), texts=(own,))])
        assert store.texts("c1") == (*texts[:3], own)

    def test_history_and_chain_hold_after_a_redaction(self, store: Store) -> None:
        """Every event, the case's fold and its audit chain are what they were."""
        case, _ = _with_texts(store, "c1")
        events, links = store.events("c1"), store.links("c1")
        gone = then(case, e.Redacted(9, BY, fields=("title", "text", "reason"), basis="法"))
        store.append([gone.replace(redacts=("title", "text", "reason"))])
        assert store.texts("c1") == ()
        assert store.events("c1") == (*events, *gone.events)
        assert store.links("c1")[:3] == links
        assert first_broken("c1", store.links("c1")) is None
        assert store.load("c1") == replay("c1", store.events("c1"))

    def test_a_refused_redaction_erases_nothing(self, store: Store) -> None:
        """At another version than the case's the texts stay."""
        case, texts = _with_texts(store, "c1")
        with pytest.raises(Stale):
            store.append([then(case).replace(redacts=("text",), expected=7)])
        assert store.texts("c1") == texts


def _with_texts(store: Store, case_id: str) -> tuple[Case, tuple[Text, ...]]:
    """A case of three events with four texts."""
    texts = (
        Text(1, "title", "s1", "路灯不亮"), Text(2, "text", "s2", "甲"), Text(3, "text", "s3", "乙"),
        Text(3, "reason", "s4", "丙"),
    )  # fmt: skip
    first = submitted(case_id)
    second = then(first.case)
    third = then(second.case)
    store.append([first.replace(texts=texts[:1])])
    store.append([second.replace(texts=texts[1:2])])
    store.append([third.replace(texts=texts[2:])])
    return third.case, texts


class KeysContract:
    """Idempotency keys belong to their actors, and are taken once."""

    def test_a_key_belongs_to_its_actor(self, store: Store) -> None:
        """The same key of another actor is free; taken again by the same one it is refused whole."""
        first = submitted("c1")
        claim = claim_of("c1", key="钥匙")
        store.append([first], claim)
        assert store.recall("a", "钥匙") == claim
        assert store.recall("b", "钥匙") is None
        with pytest.raises(KeyReused):
            store.append([then(first.case)], claim.replace(digest="other"))
        assert store.load("c1") == first.case
        assert store.recall("a", "钥匙") == claim
        store.append([then(first.case)], claim.replace(actor="b"))

    def test_a_refused_key_leaves_no_trace(self, store: Store) -> None:
        """The append that comes with a taken key leaves nothing: no event, no case, no second meaning."""
        claim = claim_of("c1")
        store.append([submitted("c1")], claim)
        with pytest.raises(KeyReused):
            store.append([submitted("c2", due=5)], claim.replace(case_id="c2"))
        assert (store.load("c2"), store.events("c2"), store.next_due()) == (None, (), None)
        assert store.recall("a", "k") == claim

    @pytest.mark.parametrize("name", ["K", "k ", "ｋ", "ḱ"])
    def test_keys_are_kept_to_the_letter(self, store: Store, name: str) -> None:
        """Keys and actors differ by case, accents, width and spaces."""
        claim = claim_of("c1")
        store.append([submitted("c1")], claim)
        assert store.recall("a", name) is None
        store.append([submitted("c2")], claim.replace(key=name, case_id="c2"))
        store.append([submitted("c3")], claim.replace(actor="A", case_id="c3"))
        assert store.recall("a", "k") == claim


class ChainContract:
    """The audit chain covers every byte of every event."""

    def test_the_chain_is_the_formula(self, store: Store) -> None:
        """Each hash covers the one before it, the case's id, the version and the event's canonical bytes."""
        first = submitted("案件")
        second = then(first.case, e.Noted(5, BY), e.Noted(6, BY))
        store.append([first])
        store.append([second])
        bodies = [encode(event) for event in (*first.events, *second.events)]
        assert store.links("案件") == chained("案件", bodies)
        one, two = store.links("案件")[:2]
        assert one.hash == link(START, "案件", 1, bodies[0])
        assert two.hash == link(one.hash, "案件", 2, bodies[1])

    def test_each_case_has_a_chain_of_its_own(self, store: Store) -> None:
        """Appends to several cases at once, in any order, lead to the same chains as one after the other."""
        firsts = [submitted(name) for name in ("a", "b")]
        store.append(firsts)
        store.append([then(firsts[1].case)])
        store.append([then(firsts[0].case), then(then(firsts[1].case).case)])
        for name, length in (("a", 2), ("b", 3)):
            links = store.links(name)
            assert [one.version for one in links] == list(range(1, length + 1))
            assert first_broken(name, links) is None
        assert store.links("none") == ()

    def test_heads_are_the_newest_links_in_the_order_of_ids(self, store: Store) -> None:
        """Every case's head is its last hash; pages go on after the last id seen, by code point."""
        names = ["Z", "a", "案", "😀", "ab"]
        for name in names:
            first = submitted(name)
            store.append([first])
            store.append([then(first.case)])
        heads = store.heads()
        assert heads == tuple(Head(name, 2, store.links(name)[-1].hash) for name in sorted(names))
        for place, head in enumerate(heads):
            assert store.heads(head.case_id, limit=2) == heads[place + 1 : place + 3]

    def test_a_refused_append_does_not_lengthen_the_chain(self, store: Store) -> None:
        """After a stale append the head is the old one, and the next append goes on from it."""
        first = submitted("c1")
        store.append([first])
        head = store.heads()
        with pytest.raises(Stale):
            store.append([then(first.case).replace(expected=0)])
        assert store.heads() == head
        store.append([then(first.case)])
        assert first_broken("c1", store.links("c1")) is None


class SchemaContract:
    """A place that a later version wrote is refused."""

    @pytest.fixture
    def newer(self) -> Any:
        """Opens a place of a later schema; a store that knows schemas overrides this."""
        pytest.skip("this store says of no schema: it brings no fixture `newer`")

    def test_a_newer_schema_is_refused(self, newer: Callable[[], object]) -> None:
        """Opening raises ``store-newer`` in two languages, so that an old program spoils nothing."""
        with pytest.raises(StoreError) as caught:
            newer()
        assert caught.value.code == "store-newer"
        assert caught.value.text("en") != caught.value.text("zh")

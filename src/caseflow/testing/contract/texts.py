"""What a store owes of personal texts: kept to the letter, erased for good."""

from __future__ import annotations

import pytest

from caseflow.chain import first_broken
from caseflow.core import events as e
from caseflow.core.case import Case
from caseflow.core.evolve import replay
from caseflow.errors import Stale
from caseflow.ports import Store, Text
from caseflow.testing.contract.made import BY, submitted, then


class TextsContract:
    """Personal texts, and their erasure."""

    def test_texts_survive_to_the_letter(self, store: Store) -> None:
        """Chinese, emoji, line ends, quotes and 100,000 characters come back in the order they came."""
        given = ["路灯不亮,三天了", "👩‍🔧🚧", "a\r\nb\tc\n", '"quoted" \\ {json}', "长" * 100_000, "é ≠ é"]
        append = submitted("c1")
        texts = tuple(Text(1, f"f{n}", f"s{n}", text) for n, text in enumerate(given))
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
        case, texts = _with_texts(store, "c1")
        _, others = _with_texts(store, "c2")
        store.append([then(case).replace(redacts=("text",))])
        assert store.texts("c1") == (texts[0], texts[3])
        assert store.texts("c2") == others

    def test_a_redaction_may_name_one_version(self, store: Store) -> None:
        """``text@2`` takes the text of version 2 alone; a name that fits nothing takes nothing."""
        case, texts = _with_texts(store, "c1")
        store.append([then(case).replace(redacts=("text@2", "title@2", "tex", "nothing"))])
        assert store.texts("c1") == (texts[0], *texts[2:])

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

"""Personal data is found by its form: boundaries, properties, and recall and precision on citizens' texts."""

from __future__ import annotations

import csv
import gzip
import time
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caseflow.core.personal_data import (
    PERSONAL_DATA_RULES,
    hidden,
    is_card_number,
    is_citizen_id,
    personal_data,
)
from tests.core.personal_values import MAKERS, widened

DATA = Path(__file__).resolve().parents[2] / ".." / "shared" / "data"
TEXTS = {
    "tipdm_message_replies": ("title", "text", "reply_text"), "tipdm_messages_votes": ("title", "text"),
    "beijing_letters": ("title", "text", "reply_text"), "tipdm_labelled_sample": ("title", "text"),
    "zhejiang_board_ratings": ("title", "text"),
}  # fmt: skip
"""Log of Chinese texts -> its columns. What was personal in them is masked by ``*``."""
CHARACTERS = "".join(("0123456789０１X-@. ", "京A粤路号栋室中山大道街小区弄邮箱a", "(（)）+*"))


@pytest.mark.parametrize(
    "text, rules",
    [
        ("身份证11010519491231002X。", ["citizen-id"]),  # GB 11643-1999, the example of annex A
        ("身份证110105194912310021。", []),  # another check digit, which no card number has either
        ("身份证110105194913310024。", []),  # no such day
        ("卡号4111 1111 1111 1111谢谢", ["bank-card"]),
        ("卡号4111 1111 1111 1112谢谢", []),
        ("电话13800138000转告", ["mobile"]),
        ("电话１３８００１３８０００", ["mobile"]),
        ("+86 138-0013-8000", ["mobile"]),
        ("编号213800138000", []),  # a part of a longer number
        ("编号1380013800", []),
        ("0553-3812345", ["landline"]),
        ("（010）66123456", ["landline"]),
        ("热线12345", []),
        ("邮箱li.wei@qq.com，", ["e-mail"]),
        ("皖B·12345", ["plate"]),
        ("皖BD12345的车", ["plate"]),
        ("皖B1234挂", ["plate"]),
        ("浙ABCDEFG", []),  # a plate has a figure
        ("住中山路12号3栋2单元101室。", ["address"]),
        ("国发〔2020〕12号", []),
        ("2025年3月3日", []),
    ],
)
def test_what_each_rule_finds(text: str, rules: list[str]) -> None:
    """A value of its form, beside Chinese characters without a blank; and nothing that looks like one."""
    assert [one.rule for one in personal_data(text)] == rules


def test_published_examples_of_check_digits() -> None:
    """The examples of GB 11643-1999 and ISO/IEC 7812-1, and each with one digit changed."""
    assert is_citizen_id("11010519491231002X") and is_citizen_id("440524188001010014")
    assert is_card_number("79927398713")
    assert sum(is_card_number(f"7992739871{digit}") for digit in range(10)) == 1


@given(st.text(CHARACTERS, max_size=200), st.sets(st.sampled_from(PERSONAL_DATA_RULES)))
def test_places_are_places_of_the_text(text: str, rules: set[str]) -> None:
    """They lie in the text, in order, apart, under the rules asked for; hidden, the rest is as it was."""
    places, last = personal_data(text, rules), 0
    for place in places:
        assert place.rule in rules and last <= place.start < place.end <= len(text)
        last = place.end
    shown = hidden(text, places)
    assert len(shown) == len(text)
    assert all(
        (one == "*") if any(place.start <= at < place.end for place in places) else one == text[at]
        for at, one in enumerate(shown)
    )


@given(
    st.sampled_from(PERSONAL_DATA_RULES), st.integers(0), st.sampled_from(("电话", "，", "我的", "：", ""))
)
def test_what_is_hidden_is_found_no_more(rule: str, seed: int, before: str) -> None:
    """A value between Chinese characters is found whole, and hiding it leaves nothing of it to be found."""
    chance = Random(seed)
    value = widened(chance, MAKERS[rule](chance))
    text = f"请看{before}{value}。谢谢"
    places = personal_data(text)
    start = text.index(value)
    assert [(one.rule, one.end) for one in places] == [(rule, start + len(value))]
    assert places[0].start <= start
    assert personal_data(hidden(text, places)) == ()


@pytest.mark.parametrize(
    "piece", ["1", "1 ", "a.", "a@", "京A1", "路1号", "中", "1栋1", "1-1-", "6222 ", "0"]
)
def test_no_text_takes_long(piece: str) -> None:
    """A hundred thousand characters of whatever a rule begins with are looked through in seconds."""
    text = piece * (100_000 // len(piece))
    start = time.perf_counter()
    personal_data(text)
    assert time.perf_counter() - start < 5


@pytest.mark.soak
@pytest.mark.skipif(not DATA.is_dir(), reason="shared/data is not beside this checkout")
def test_recall_and_precision_on_citizens_texts() -> None:
    """One value planted in each of 16,694 texts of citizens and offices: which rule finds how many, whole.

    What personal data the texts had is masked, so that a find besides the planted one is a false one: but for
    addresses, which the masking left.
    """
    chance, planted, hits, false = Random(5), Counter[str](), Counter[str](), Counter[str]()
    for log, columns in TEXTS.items():
        with gzip.open(DATA / f"{log}.csv.gz", "rt", encoding="utf-8-sig", newline="") as file:
            texts = [row[column] for row in csv.DictReader(file) for column in columns if row[column]]
        for text in texts:
            rule = chance.choice(PERSONAL_DATA_RULES)
            value, at = widened(chance, MAKERS[rule](chance)), chance.randrange(len(text) + 1)
            before, after = chance.choice(("，", "。", "我的联系方式", "电话", "：")), chance.choice("，。请")
            places = personal_data(text[:at] + before + value + after + text[at:])
            start = at + len(before)
            planted[rule] += 1
            hits[rule] += any(
                one.rule == rule and one.start <= start and start + len(value) <= one.end for one in places
            )
            false.update(one.rule for one in places if one.end <= start or start + len(value) <= one.start)
    assert sum(planted.values()) > 16_000
    for rule in PERSONAL_DATA_RULES:
        assert hits[rule] / planted[rule] >= 0.999, rule
        if rule != "address":
            assert hits[rule] / (hits[rule] + false[rule]) >= 0.999, rule

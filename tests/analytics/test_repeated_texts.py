"""Texts that say nearly the same: what a group is, and how few pairs a sketch misses."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from itertools import combinations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import DisjointSet

from caseflow import BadInput, analytics
from caseflow.analytics import near_duplicates
from caseflow.analytics.repeated_texts import SHORTEST, plain_text

SIGNS = "路灯垃圾噪音施工小区物业停车占道公交学校医院水电气暖门口夜间长期无人处理希望尽快解决"
Pair = tuple[str, str]


def sentence(chance: Random, length: int = 80) -> str:
    return "".join(chance.choice(SIGNS) for _ in range(length))


def edited(chance: Random, text: str, edits: int) -> str:
    signs = list(text)
    for _ in range(edits):
        signs[chance.randrange(len(signs))] = chance.choice(SIGNS)
    return "".join(signs)


def plainly(texts: Mapping[str, str], similar: float) -> set[Pair]:
    """The pairs of a group as every pair compared with every other has them."""
    plain = {one: plain_text(text) for one, text in texts.items()}
    grams = {
        one: {text[place : place + 3] for place in range(len(text) - 2)}
        for one, text in plain.items()
        if len(text) >= SHORTEST
    }
    connected = DisjointSet(sorted(grams))
    for one, other in combinations(sorted(grams), 2):
        if len(grams[one] & grams[other]) >= similar * len(grams[one] | grams[other]):
            connected.merge(one, other)
    return {pair for subset in connected.subsets() for pair in combinations(sorted(subset), 2)}


def pairs(groups: tuple[tuple[str, ...], ...]) -> set[Pair]:
    return {pair for group in groups for pair in combinations(group, 2)}


def crowd(seed: int, *, matters: int = 40) -> dict[str, str]:
    """Some matters told once, others several times in other words."""
    chance, texts = Random(seed), dict[str, str]()
    for matter in range(matters):
        text = sentence(chance)
        for number in range(1 + matter % 4):
            texts[f"{matter:02}-{number}"] = edited(chance, text, number * number)
    return texts


@pytest.mark.parametrize("similar", [0.3, 0.5, 0.7, 0.9])
def test_groups_are_those_of_every_pair_compared(similar: float) -> None:
    """No pair too many, and of the true ones at most one in fifty is missed by the sketches."""
    true = extra = missed = 0
    for seed in range(5):
        texts = crowd(seed)
        ours, plain = pairs(near_duplicates(texts, similar=similar)), plainly(texts, similar)
        true, extra, missed = true + len(plain), extra + len(ours - plain), missed + len(plain - ours)
    assert true >= 10
    assert extra == 0
    assert missed <= true / 50


@settings(max_examples=20)
@given(st.integers(0, 10**6))
def test_the_order_of_texts_does_not_matter(seed: int) -> None:
    """Texts in any order, the same groups."""
    texts = crowd(7, matters=8)
    names = list(texts)
    Random(seed).shuffle(names)
    assert near_duplicates({name: texts[name] for name in names}) == near_duplicates(texts)


def test_a_chain_is_one_group_though_its_ends_differ() -> None:
    """Each is near the next one, so that all are one matter; the first and the last alone are two."""
    chance = Random(2)
    chain = [sentence(chance, 120)]
    for step in range(6):
        at = step * 20
        chain.append(chain[-1][:at] + sentence(chance, 20) + chain[-1][at + 20 :])
    texts = {str(number): text for number, text in enumerate(chain)}
    assert near_duplicates(texts) == (("0", "1", "2", "3", "4", "5", "6"),)
    assert near_duplicates({"0": chain[0], "6": chain[-1]}) == ()


def test_width_case_spaces_and_punctuation_do_not_matter() -> None:
    """One text in two ways of writing is one text."""
    texts = {
        "a": "A3区 幸福路 12号,路灯不亮!",
        "b": "a3区幸福路12号路灯不亮",
        "c": "另一件完全不同的事情发生了",
    }
    assert near_duplicates(texts, similar=1) == (("a", "b"),)


def test_short_texts_are_compared_with_none() -> None:
    """Five characters say too little to be a repetition."""
    assert near_duplicates({"a": "路灯不亮!", "b": "路灯不亮!", "c": ""}) == ()


def test_the_largest_group_comes_first_and_small_ones_can_be_left_out() -> None:
    """By size, then by ids."""
    texts = {"z1": "一" * 12, "z2": "一" * 12, "a1": "二" * 12, "a2": "二" * 12, "m1": "三" * 12}
    texts |= {"m2": "三" * 12, "m3": "三" * 12}
    assert near_duplicates(texts) == (("m1", "m2", "m3"), ("a1", "a2"), ("z1", "z2"))
    assert near_duplicates(texts, least=3) == (("m1", "m2", "m3"),)


@pytest.mark.parametrize("similar", [0, 1.1, float("nan")])
def test_a_share_out_of_bounds_is_refused(similar: float) -> None:
    """A share lies above 0 and is at most 1."""
    with pytest.raises(BadInput, match="similar"):
        near_duplicates({}, similar=similar)


def test_every_public_name_of_the_package_is_no_module() -> None:
    """A function that bears the name of its module is found all the same, in a process of its own."""
    names = ", ".join(analytics.__all__)
    count = f"print(sum(type(one).__name__ == 'module' for one in ({names})))"
    program = f"from caseflow.analytics import {names}\n{count}"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "0\n"

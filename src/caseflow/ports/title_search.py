"""How titles are searched: which words a text asks for, which pairs of characters an index keeps of a title.

A title is found by any part of any of its words from two characters on, so that Chinese needs no dictionary:
an index of pairs leads to the titles that may hold a word, and the title itself says whether it does. What
is compared has no case, and its forms of width and composition are one (NFKC). A store's index holds what
`pairs` gave when it was written: a change of it is another schema.
"""

from __future__ import annotations

from unicodedata import normalize

LONGEST = 200
"""So many characters of a title are searched."""


def words_of(text: str) -> tuple[str, ...]:
    """The words of a text, as they are compared, in their order: what stands between spaces."""
    return tuple(normalize("NFKC", text).casefold().split())


def pairs(text: str) -> tuple[str, ...]:
    """Every two neighbouring characters in the words of a title, each pair once, as they appear."""
    words = _searched(text).split()
    return tuple(dict.fromkeys(word[at : at + 2] for word in words for at in range(len(word) - 1)))


def holds(title: str, words: tuple[str, ...]) -> bool:
    """Whether the title holds each of the words."""
    searched = _searched(title)
    return all(word in searched for word in words)


def _searched(title: str) -> str:
    return normalize("NFKC", title[:LONGEST]).casefold().replace("\0", " ")  # PostgreSQL has no NUL

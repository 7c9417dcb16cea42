"""A finding about a policy: its code, where it is, its texts, and how much it matters."""

from __future__ import annotations

from collections.abc import Iterable

from caseflow.core.value import Value
from caseflow.i18n import Lang, mark, text

CITIZEN, CARD, ORDER = "citizen", "card", "order"
"""What a finding touches, the gravest first: a citizen is failed, a card is wrong or untold, tidiness."""
WEIGHTS = (CITIZEN, CARD, ORDER)

_CARD = frozenset({
    "unit-clock-after-hand-over", "clock-never-stops", "runs-on-after-end",
    "warning-not-before", "extension-outlives-rung", "extension-after-breach", "extension-for-nobody",
    "notice-to-nobody", "notice-to-program", "notice-without-unit", "document-without-office",
    "hangs-on-nothing", "calendar-without-migrate", "horizon-too-near", "cut-off-outside-hours",
})  # fmt: skip
_ORDER = frozenset({
    "role-idle", "action-for-nobody", "role-never-acts", "state-out-of-reach", "state-lacks-actions",
    "update-unasked", "update-without-field",
})  # fmt: skip


class Finding(Value):
    """One thing about a policy that is usable but hardly meant.

    Attributes:
        code: stable; programs decide by it.
        path: the key path of the policy it is about.
        what: the words that the text speaks of, by name.
        way: the actions from before the submission that show it, in order; empty when none is needed.
        loop: the actions that can then be repeated without end.
    """

    code: str
    path: str
    what: tuple[tuple[str, str], ...] = ()
    way: tuple[str, ...] = ()
    loop: tuple[str, ...] = ()

    def text(self, lang: Lang = "en") -> str:
        """What is wrong, in one sentence."""
        return text(f"findings.{self.code}.problem", lang, **self.names)

    def remedy(self, lang: Lang = "en") -> str:
        """What would mend it."""
        return text(f"findings.{self.code}.remedy", lang, **self.names)

    def shown(self, lang: Lang = "en") -> str:
        """The way and the loop on one line; empty when there are none."""
        comma = mark("list", lang)
        way = comma.join(self.way)
        if not self.loop:
            return way
        again = f"{text('findings.again', lang)}{comma.join(self.loop)}"
        return f"{way}{comma}{again}" if way else again

    @property
    def touches(self) -> str:
        """Who or what it touches: one of `WEIGHTS`."""
        return CARD if self.code in _CARD else ORDER if self.code in _ORDER else CITIZEN

    @property
    def names(self) -> dict[str, str]:
        """`what` as a table."""
        return dict(self.what)


def finding(
    code: str,
    path: str,
    *,
    way: tuple[str, ...] = (),
    loop: tuple[str, ...] = (),
    **what: object,
) -> Finding:
    """A finding with its words as keywords."""
    return Finding(code, path, tuple((name, str(word)) for name, word in what.items()), way, loop)


def by_weight(rows: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings with what matters most first; those of one code together, each in the order it came in."""
    ordered = list(rows)
    codes = list(dict.fromkeys(row.code for row in ordered))
    return tuple(sorted(ordered, key=lambda row: (WEIGHTS.index(row.touches), codes.index(row.code))))

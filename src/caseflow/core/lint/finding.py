"""A finding: what a policy gets wrong although it can be used, with the shortest way that shows it."""

from __future__ import annotations

from caseflow.core.lint.texts import TEXTS
from caseflow.core.values import Value, value
from caseflow.errors import Lang

AGAIN = {"en": "and again:", "zh": "反复:"}


@value
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
        return TEXTS[self.code][lang][0].format_map(dict(self.what))

    def remedy(self, lang: Lang = "en") -> str:
        """What would mend it."""
        return TEXTS[self.code][lang][1].format_map(dict(self.what))

    def shown(self, lang: Lang = "en") -> str:
        """The way and the loop on one line; empty when there are none."""
        way = ", ".join(self.way)
        if not self.loop:
            return way
        return f"{way}{', ' if way else ''}{AGAIN[lang]} {', '.join(self.loop)}"

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
    return Finding(code, path, tuple((name, str(found)) for name, found in what.items()), way, loop)

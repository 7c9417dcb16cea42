"""A finding about a policy: its code, where it is, its texts, and how much it matters."""

from __future__ import annotations

from caseflow.core.value import Value
from caseflow.i18n import Lang, text


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
        way = ", ".join(self.way)
        if not self.loop:
            return way
        return f"{way}{', ' if way else ''}{text('findings.again', lang)} {', '.join(self.loop)}"

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

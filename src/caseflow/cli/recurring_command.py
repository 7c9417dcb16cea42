"""``caseflow recurring``: kinds and places that exceed their own past, and texts that repeat."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

import click

from caseflow import Desk
from caseflow.cli.options import (
    Lang,
    columns,
    echo,
    json_option,
    lang_option,
    of_extra,
    open_desk,
    print_json,
    say_aside,
    store_option,
    word,
)
from caseflow.ports import Quarantined

if TYPE_CHECKING:  # needs the extra `analytics`, which only this command needs
    from caseflow.analytics import Proposal, Proposals, Search

MOST_TOO_NEW = 5
"""Kinds and places without enough past that are listed; the rest is counted."""
UNITS = {"d": 1, "w": 7}


class _Days(click.ParamType):  # type: ignore[type-arg]  # generic in new releases of click alone
    """A length in whole days: ``30d``, ``4w``."""

    name = "days"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number of days."""
        match = re.fullmatch(r"([1-9][0-9]{0,2})([dw])", str(value))
        if match is None:
            self.fail(f"{value!r} is no length such as 30d or 4w", param, ctx)
        return int(match[1]) * UNITS[match[2]]


class _Day(click.ParamType):  # type: ignore[type-arg]  # as above
    """A date in ISO 8601."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """The date."""
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no date such as 2025-03-03", param, ctx)


@click.command()
@store_option
@click.option("--window", "days", type=_Days(), default="28d", show_default=True, metavar="N[d|w]",
              help="Its length; whole weeks hold every weekday equally often.")  # fmt: skip
@click.option("--until", type=_Day(), metavar="DATE", help="The day after its last; by default today.")
@click.option("--kind", default="kind", show_default=True, help="The field that tells the kind.")
@click.option("--place", default="region", show_default=True, help="The field that tells where; or unit.")
@click.option(
    "--policy", "policies", multiple=True, help="Only cases under it; by default rectification is left out."
)
@click.option(
    "--level", type=float, default=0.05, show_default=True, help="Share of false alarms put up with."
)
@click.option(
    "--baseline", type=click.Choice(["like-periods", "recent"]), help="By default as the log reaches."
)
@click.option("--least-cases", type=click.IntRange(2), default=3, show_default=True, help="Of a proposal.")
@click.option("--no-texts", is_flag=True, help="Compare no texts.")
@click.option("--timezone", "zone", default=None, help="Whose days they are; by default Asia/Shanghai.")
@json_option
@lang_option
def recurring(
    store_url: str, policies: tuple[str, ...], no_texts: bool, as_json: bool, lang: Lang, **options: Any
) -> int:
    """Propose recurring problems: kinds and places with more cases than their own past lets expect.

    Each comes with its cases, expectation, bound and adjusted p, and those of its texts that nearly repeat.
    A person opens a rectification or dismisses it.
    """
    analytics = of_extra("caseflow.analytics.proposals", "analytics", lang)
    aside: list[Quarantined] = []
    desk = open_desk(store_url)
    result: Proposals = analytics.proposals_of(
        desk, policies=policies or None, with_texts=not no_texts, aside=aside.append, **options
    )
    if as_json:
        print_json({**result.document(), "quarantined": [one.to_dict() for one in aside]})
    else:
        for line in _lines(result, desk, lang):
            echo(line)
    return say_aside(aside, lang, err=as_json)


def _lines(result: Proposals, desk: Desk, lang: Lang) -> Iterator[str]:
    search = result.search
    yield word(
        "recurring-head", lang, since=search.window.since.isoformat(), until=search.window.until.isoformat(),
        looked_at=search.looked_at, windows=search.windows, level=f"{search.level:g}",
        baseline=word(search.baseline, lang),
    )  # fmt: skip
    yield from _too_new(search, lang)
    if result.decided:
        yield word("recurring-decided", lang, count=len(result.decided))
    if not result.proposals:
        yield word("recurring-none", lang)
        return
    yield ""
    heads = ("kind", "place", "cases", "expected", "bound", "adjusted-p", "repeated", "proposal")
    yield from columns(
        [[word(head, lang) for head in heads], *(_row(one, desk, lang) for one in result.proposals)]
    )


def _row(proposal: Proposal, desk: Desk, lang: Lang) -> list[str]:
    one, repeated = proposal.excess, sum(map(len, proposal.groups))
    kind = desk.rules_of(proposal.cases[0]).policy.kinds.get(proposal.kind)
    label = kind.labels.get(lang, proposal.kind) if kind else proposal.kind
    numbers = ["-"] * 3 if one is None else [f"{one.expected:.1f}", str(one.bound), f"{one.adjusted_p:.2g}"]
    return [
        label or "-",
        proposal.place or "-",
        str(len(proposal.cases)),
        *numbers,
        str(repeated),
        proposal.id,
    ]


def _too_new(search: Search, lang: Lang) -> Iterator[str]:
    """What was not judged for want of a past."""
    if not search.too_new:
        return
    listed = ", ".join(
        f"{one.kind or '-'} / {one.place or '-'} ({one.count})" for one in search.too_new[:MOST_TOO_NEW]
    )
    yield word("recurring-too-new", lang, count=len(search.too_new), listed=listed)

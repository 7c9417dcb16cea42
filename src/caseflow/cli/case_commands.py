"""``caseflow show``, ``annul``, ``cases``, ``counts``, ``forecast``, ``sweep``, ``calendar``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import click

from caseflow import Actor, Card, Case, CaseflowError, ClockRun, Desk, Policy
from caseflow.cli.options import (
    Lang,
    echo,
    instant,
    json_option,
    labelled,
    lang_option,
    open_desk,
    print_json,
    print_utf8,
    say,
    say_aside,
    spare_inputs,
    store_option,
    usage,
    word,
)
from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.time.instants import moment
from caseflow.desk.case_list import CaseCounts
from caseflow.i18n import bracketed, mark
from caseflow.policies.registry import rules_of
from caseflow.ports import Quarantined
from caseflow.ports.records import Order
from caseflow.views.documents import case_document, counts_document, forecast_document, page_document
from caseflow.views.forecast import Forecast
from caseflow.views.labels import term_label


@click.command()
@click.argument("case_id", metavar="CASE")
@store_option
@json_option
@lang_option
def show(case_id: str, store_url: str, as_json: bool, lang: Lang) -> None:
    """Show one case: where it stands, its clocks, its cards."""
    desk = open_desk(store_url)
    case, policy, number = desk.get(case_id), desk.rules_of(case_id).policy, desk.number(case_id, lang=lang)
    if as_json:
        rules, now = desk.rules_of(case), desk.clock.now_us()
        print_json(case_document(rules, case, now, number=number, lang=lang).to_dict())
        return
    for key, line in _head_lines(case, policy, moment(desk.clock.now_us()), lang):
        echo(labelled(word(key, lang), line, lang))
    for run in case.clocks:
        echo(labelled(word("clocks", lang), _run_line(run, case, policy, lang), lang))
    for key, cards in (("cards", case.cards), ("reminders", case.reminders)):
        for card in cards:
            echo(labelled(word(key, lang), _card_line(card, policy, lang), lang))


def _head_lines(case: Case, policy: Policy, now: datetime, lang: Lang) -> tuple[tuple[str, str], ...]:
    return (
        ("case", case.id),
        ("state", f"{state_label(policy, case.state, lang)}{bracketed(case.state, lang)}"),
        ("stage", word(case.stage, lang)),
        ("unit", case.unit or word("nobody", lang)),
        ("submitted", instant(case.submitted_at)),
        ("next", due(case.next_due, now=now, lang=lang)),
        ("version", str(case.version)),
    )


def _run_line(run: ClockRun, case: Case, policy: Policy, lang: Lang) -> str:
    label = clock_label(policy, run.clock, lang)
    name = run.clock if label == run.clock else f"{label}{bracketed(run.clock, lang)}"
    status = term_label("paused" if run.is_running and run.is_paused else run.status, lang)
    since = instant(moment(run.since_us, case.origin.zone))
    subject = f" {run.subject}" if run.subject else ""
    cycle, begun = f"{word('cycle', lang)} {run.cycle}", f"{word('since', lang)} {since}"
    return mark("comma", lang).join((f"{name}{subject}", cycle, status, begun))


def _card_line(card: Card, policy: Policy, lang: Lang) -> str:
    level = level_label(policy, card.clock, card.level, lang)
    end = (
        f"{mark('comma', lang)}{word('annulled', lang)} {instant(card.annulled_at)}"
        if card.annulled_us is not None
        else ""
    )
    name, unit = f"{level}{bracketed(card.clock, lang)}", card.unit or word("nobody", lang)
    return f"{name} {instant(card.effective_at)} {unit}{end}"


def card_document(card: Card) -> dict[str, Any]:
    """The card as JSON-able data; instants in the office's zone."""
    annulled = card.annulled_at
    return {
        "case_id": card.case_id,
        "clock": card.clock,
        "subject": card.subject,
        "cycle": card.cycle,
        "level": card.level,
        "unit": card.unit,
        "effective_at": card.effective_at.isoformat(),
        "detected_at": card.detected_at.isoformat(),
        "annulled_at": annulled.isoformat() if annulled else None,
    }


@click.command()
@click.argument("case_id", metavar="CASE")
@store_option
@click.option("--clock", required=True, help="The clock of the card.")
@click.option("--level", required=True, help="Its level, such as yellow.")
@click.option("--subject", default=None, help="Whose clock it is, where each unit has its own.")
@click.option(
    "--cycle", type=click.IntRange(1), default=None, help="Its cycle, where several such cards stand."
)
@click.option("--reason", required=True, help="Why the appeal holds.")
@click.option("--by", required=True, help="The id of whoever decided it.")
@click.option("--role", default="supervisor", show_default=True, help="Theirs.")
@lang_option
def annul(case_id: str, store_url: str, by: str, role: str, lang: Lang, **card: Any) -> None:
    """Annul a card of a case on appeal; whoever was told of it is told so by the relay."""
    desk = open_desk(store_url)
    case = desk.annul_card(case_id, by=Actor(by, role=role), **card)
    *_, appealed = case.appealed
    annulled = next(one for one in reversed(case.cards) if (case.clock_of(one), one.level) == appealed)
    echo(f"{word('cards', lang)}: {_card_line(annulled, desk.rules_of(case).policy, lang)}")


@click.command()
@click.argument("case_id", metavar="CASE")
@store_option
@json_option
@lang_option
def forecast(case_id: str, store_url: str, as_json: bool, lang: Lang) -> None:
    """Tell what happens to a case, and when, if nobody acts."""
    desk = open_desk(store_url)
    items = desk.forecast(case_id)
    if as_json:
        print_json(forecast_document(desk.rules_of(case_id), items, lang=lang).to_dict())
        return
    policy, now = desk.rules_of(case_id).policy, moment(desk.clock.now_us())
    for item in items:
        phrase = "" if item.certain else f"{word('not-before', lang)} "
        echo(f"{phrase}{due(item.at, now=now, lang=lang)}  {_coming(item, policy, lang)}")
    if not items:
        say("nothing-to-come", lang)


def _coming(item: Forecast, policy: Policy, lang: Lang) -> str:
    if not item.level:
        return word("becomes", lang, state=state_label(policy, item.state, lang))
    clock = bracketed(clock_label(policy, item.clock, lang), lang)
    return f"{level_label(policy, item.clock, item.level, lang)}{clock}"


def _terms(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say which cases."""
    options = (
        click.option("--unit", default=None, help="Only cases this unit holds or helps with."),
        click.option(
            "--held", "helping", flag_value=False, default=True, help="Without those it only helps with."
        ),
        click.option("--state", default=None, help="Only cases in this state."),
        click.option("--kind", default=None, help="Only cases of this kind."),
        click.option("--region", default=None, help="Only cases of this region."),
        click.option("--policy", default=None, help="Only cases under a policy of this name."),
        click.option(
            "--level", default=None, help="Only cases whose highest standing card is of this level."
        ),
        click.option("--since", default=None, help="Only cases submitted from this date or instant on."),
        click.option("--until", default=None, help="Only cases submitted before this date or instant."),
        click.option("--overdue", is_flag=True, help="Only cases with a running clock past its deadline."),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@store_option
@_terms
@click.option("--text", default="", help="Only cases whose title holds each of these words; newest first.")
@click.option(
    "--order",
    type=click.Choice(get_args(Order)),
    default=None,
    help="By next due instant, longest overdue first, or newest first; by default due, worst if overdue.",
)
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@click.option("--cursor", default="", help="Where the last page ended.")
@json_option
@lang_option
def cases(store_url: str, as_json: bool, lang: Lang, **query: Any) -> None:
    """List cases: by next due instant, worst overdue first, or newest first."""
    desk = open_desk(store_url)
    page, at = desk.cases(**query), desk.clock.now_us()
    numbers = desk.numbers(page, lang=lang) if as_json else {}
    aside, shown = list(page.quarantined), list[Any]()
    for case in page:
        try:
            rules = desk.rules_of(case)
            shown.append(
                case_document(rules, case, at, number=numbers.get(case.id, ""), lang=lang)
                if as_json
                else _case_line(case, rules, moment(at), lang)
            )
        except Exception as error:  # its policy, or a zone that there is not: the others are shown
            aside.append(Quarantined.of("case", case.id, error))
    if as_json:
        print_json(page_document(shown, page.cursor, quarantined=[one.name for one in aside]).to_dict())
        return
    for line in shown:
        echo(line)
    if not shown:
        say("no-cases", lang)
    say_aside(aside, lang)
    if page.cursor:
        say("more", lang, cursor=page.cursor)


@click.command()
@store_option
@_terms
@json_option
@lang_option
def counts(store_url: str, as_json: bool, lang: Lang, **terms: Any) -> None:
    """Count cases by state, unit and level of card."""
    desk = open_desk(store_url)
    done = desk.counts(**terms)
    document = counts_document(
        _rules_of_most(done, desk), states=done.by("state"), units=done.by("unit"), levels=done.by("level"),
        lang=lang,
    )  # fmt: skip
    if as_json:
        print_json(document.to_dict())
        return
    for what, counted in (("states", document.states), ("levels-reached", document.levels)):
        echo(word(what, lang))
        for one in counted:
            echo(f"  {one.what.label if one.what else '-'}  {one.cases}")
    echo(word("units", lang))
    for unit in document.units:
        echo(f"  {unit.unit or '-'}  {unit.cases}")
    say("total-cases", lang, count=document.total)


def _rules_of_most(counts: CaseCounts, desk: Desk) -> CompiledPolicy:
    """The rules of most of the cases, by whose labels they are told; the desk's where there are none."""
    by_policy = Counter[str]()
    for row in counts.rows:
        by_policy[row.policy_hash] += row.cases
    try:
        return rules_of(by_policy.most_common(1)[0][0], desk.store.pinned)
    except (CaseflowError, IndexError):
        return desk.rules


def _case_line(case: Case, rules: CompiledPolicy, now: datetime, lang: Lang) -> str:
    policy = rules.policy
    state, until = state_label(policy, case.state, lang), due(case.next_due, now=now, lang=lang)
    labels = (level_label(policy, card.clock, card.level, lang) for card in case.cards if card.stands)
    cards = mark("list", lang).join(labels)
    return f"{case.id}  {state}  {case.unit or '-'}  {until}  {cards}".rstrip()


@click.command()
@store_option
@click.option("--limit", type=click.IntRange(1), default=None, help="Look at no more than so many cases.")
@click.option("--until", default=None, help="Only what is due at or before this instant (with an offset).")
@click.option("--shared", is_flag=True, help="Draw batches by chance, for several workers at once.")
@json_option
@lang_option
def sweep(
    store_url: str, limit: int | None, until: str | None, shared: bool, as_json: bool, lang: Lang
) -> None:
    """Fire every rung that is due now; run it from cron as often as you like."""
    done = open_desk(store_url).sweep(limit=limit, until=until, shared=shared)
    if as_json:
        print_json(
            {"cards": [card_document(card) for card in done.cards],
             "reminders": [card_document(card) for card in done.reminders],
             "conflicts": list(done.conflicts), "quarantined": [one.to_dict() for one in done.quarantined],
             "waiting": done.waiting, "more": done.more}
        )  # fmt: skip
        return
    counts = {"cards": len(done.cards), "reminders": len(done.reminders), "conflicts": len(done.conflicts)}
    say("swept", lang, **counts, waiting=done.waiting)
    say_aside(done.quarantined, lang)
    if done.more:
        say("more-due", lang)


@click.command()
@click.option("--unit", required=True, help="The unit that holds the cases.")
@store_option
@click.option(
    "--out", type=click.Path(path_type=Path, allow_dash=True), default="-", help="FILE.ics; - for stdout."
)
@click.option("--name", default="", help="What programs call the calendar; the unit by default.")
@click.option(
    "--alarm-hours", type=click.IntRange(0, 8760), default=24, show_default=True,
    help="Remind so long before; 0 for never.",
)  # fmt: skip
@lang_option
def calendar(unit: str, store_url: str, out: Path, name: str, alarm_hours: int, lang: Lang) -> None:
    """Write the deadlines to come in the cases a unit holds as iCalendar (RFC 5545).

    It holds ids, labels and instants, and no personal text.
    """
    try:
        from caseflow.contrib.calendar_feed import unit_calendar
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "icalendar":
            raise
        raise usage("extra-missing", lang, package="icalendar", extra="ical") from error
    spare_inputs((store_url,), (out,), lang)
    desk = open_desk(store_url)
    alarm = timedelta(hours=alarm_hours) if alarm_hours else None
    feed = unit_calendar(desk, unit, name=name, lang=lang, alarm=alarm)
    if str(out) == "-":
        print_utf8(feed)
        return
    out.write_bytes(feed.encode())  # as bytes: its lines end with CRLF everywhere
    say("calendar-written", lang, path=out, count=feed.count("BEGIN:VEVENT"), unit=unit)


def state_label(policy: Policy, state: str, lang: Lang) -> str:
    """What people call the state; the key where the policy has no word."""
    rule = policy.states.get(state)
    return rule.labels.get(lang, state) if rule else state


def clock_label(policy: Policy, clock: str, lang: Lang) -> str:
    """What people call the clock; the key where the policy has no word."""
    rule = policy.clocks.get(clock)
    return rule.labels.get(lang, clock) if rule else clock


def level_label(policy: Policy, clock: str, level: str, lang: Lang) -> str:
    """What people call a rung of the clock; the key where the policy has no word."""
    rule = policy.clocks.get(clock)
    for rung in rule.rungs if rule else ():
        if rung.level == level:
            return rung.labels.get(lang, level)
    return level


def due(at: datetime | None, *, now: datetime, lang: Lang) -> str:
    """The instant, and how far off it is; `nothing` for none."""
    if at is None:
        return word("never", lang)
    return word("due", lang, at=instant(at), phrase=from_now(at, now=now, lang=lang))


def from_now(at: datetime, *, now: datetime, lang: Lang) -> str:
    """How far off the instant is, in the largest unit that fits: ``in 3 days``, ``3天后``, ``2 days ago``.

    It is only said, never counted with; in English where pendulum does not speak the language.
    """
    import pendulum  # a tenth of a second, and needed only where people read

    gap = pendulum.instance(at.astimezone(UTC)).diff(pendulum.instance(now.astimezone(UTC)))
    try:
        return pendulum.format_diff(gap, locale=lang)
    except ValueError:
        return pendulum.format_diff(gap, locale="en")

"""Referrals that rules propose from cards and returns, and points that go when a card is annulled."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, datetime, time
from functools import partial

from caseflow.core.bounds import MOST_NAMES
from caseflow.core.model.case import Case
from caseflow.core.model.commands import Actor
from caseflow.core.policy import ConductRule
from caseflow.core.time.instants import micros, zone_info
from caseflow.core.value import Value
from caseflow.desk import Desk
from caseflow.errors import BadInput
from caseflow.i18n import Lang, text
from caseflow.oversight.evidence import Evidence, EvidenceReader, read_log, rules_of_referrals
from caseflow.oversight.referral_file import ADD, CAUSE, EVIDENCE, TAKE_BACK, referral_file
from caseflow.ports import Quarantined

Period = tuple[date, date]
"""The first day, and the day after the last."""


class Referred(Value):
    """What a run did: the referrals that it proposed or changed, and what it could not read.

    Attributes:
        referrals: their ids, in the order of units and kinds of conduct, or of their submission.
        taken_back: of a review: ``(referral, evidence)`` of each piece whose card was annulled.
    """

    referrals: tuple[str, ...]
    taken_back: tuple[tuple[str, str], ...] = ()
    quarantined: tuple[Quarantined, ...] = ()


def propose_referrals(
    desk: Desk, *, since: date | str, until: date | str, by: Actor, lang: Lang = "zh"
) -> Referred:
    """Propose a referral for each unit and kind of conduct of which enough is on record in the period.

    The desk's policy of referrals says what is enough (``[conduct.NAME] propose``). What any referral of the
    same conduct holds already is not counted again, whatever became of that one; so a repeat proposes
    nothing, and no card is held against a unit twice.

    Args:
        since, until: the first day and the day after the last, of the policy's zone: cards by the instant at
            which they took effect, returns by when they were made. Only cards that stand now count.
        by: the program that proposes; the policy must let its role submit and add evidence.
        lang: the language of the titles.

    Raises:
        BadInput: the desk has no policy of referrals (``no-conduct``), or a day that is none.
        Refused: the policy does not let the actor propose.
    """
    rules = rules_of_referrals(desk)
    days = (day_of("since", since), day_of("until", until))
    begin, end = (_midnight(day, rules.policy.timezone) for day in days)
    log, reader = read_log(desk), EvidenceReader(desk)
    used = defaultdict[str, set[str]](set)
    for name in log.referrals:
        file = reader.tried(name, partial(referral_file, desk, name))
        if file is not None:
            used[file.conduct].update(file.evidence)
    by_unit = defaultdict[str, list[Evidence]](list)
    for case_id in log.cases:
        for row in reader.of_case(case_id).values():
            if begin <= row.since_us < end and row.annulled_us is None:
                by_unit[row.unit].append(row)
    proposed: list[str] = []
    for unit in sorted(by_unit):
        for conduct, rule in rules.policy.conduct.items():
            rows = [row for row in by_unit[unit] if row.name not in used[conduct]]
            held = _held(rule, rows)
            if held:
                label = rules.policy.conduct[conduct].labels.get(lang, conduct)
                title = text("oversight.title", lang, conduct=label, unit=unit, since=days[0], until=days[1])
                case = _proposed(desk, (conduct, unit), days, held, (by, title, rules.policy.name))
                proposed.append(case.id)
    return Referred(tuple(proposed), quarantined=tuple(reader.aside))


def _held(rule: ConductRule, rows: Iterable[Evidence]) -> tuple[str, ...]:
    """What is held against a unit, oldest first, if there is enough of it."""
    items = [(row, row.item(rule.propose, rule.points)) for row in rows]
    counts = Counter(item for _, item in items)
    if not any(counts[item] >= number for item, number in rule.propose.items()):
        return ()
    held = sorted((row.since_us, row.case_id, row.version, row.name) for row, item in items if item)
    return tuple(name for *_, name in held)


def _proposed(
    desk: Desk, of: tuple[str, str], days: Period, held: tuple[str, ...], how: tuple[Actor, str, str]
) -> Case:
    """The referral, under a key of its own, so that two runs at once propose one.

    A name list has a bound: what is beyond it is added afterwards.
    """
    (conduct, unit), (by, title, policy) = of, how
    key = _key("propose", conduct, unit, *held)
    own = {"since": days[0], "until": days[1], EVIDENCE: held[:MOST_NAMES]}
    case = desk.submit(title=title, kind=conduct, to=unit, by=by, key=key, policy=policy, own_fields=own)
    for start in range(MOST_NAMES, len(held), MOST_NAMES):
        more = held[start : start + MOST_NAMES]
        case = desk.act(case.id, ADD, by=by, fields={EVIDENCE: more}, key=_key(ADD, case.id, *more))
    return case


def review_referrals(desk: Desk, *, by: Actor) -> Referred:
    """Take back what referrals hold against a unit by cards that were annulled since, each with a record.

    Whatever state a referral is in; the points of a finding that stands go with it, from that day on. A
    repeat finds nothing to do.

    Args:
        by: the program that does it; the policy must let its role ``take_back``.

    Raises:
        Refused: the policy does not let the actor take anything back.
    """
    reader = EvidenceReader(desk)
    changed, taken = dict[str, None](), list[tuple[str, str]]()
    for case_id in read_log(desk).referrals:
        file = reader.tried(case_id, partial(referral_file, desk, case_id))
        for name in file.evidence if file is not None else ():
            row = None if file is None or name in file.gone else reader.get(name)
            if row is not None and row.annulled_us is not None:
                fields = {EVIDENCE: name, CAUSE: row.cause}
                desk.act(case_id, TAKE_BACK, by=by, fields=fields, key=_key(TAKE_BACK, case_id, name))
                changed[case_id] = None
                taken.append((case_id, name))
    return Referred(tuple(changed), tuple(taken), tuple(reader.aside))


def _key(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def period_us(since: date | str, until: date | str, zone: str) -> tuple[int, int]:
    """The period in epoch microseconds: from the beginning of the one day to that of the other.

    Raises:
        BadInput: a day that is none.
    """
    return _midnight(day_of("since", since), zone), _midnight(day_of("until", until), zone)


def day_of(what: str, day: date | str) -> date:
    """The day that an option names.

    Raises:
        BadInput: it is none.
    """
    if isinstance(day, date) and not isinstance(day, datetime):
        return day
    try:
        return date.fromisoformat(day)  # type: ignore[arg-type]  # a datetime is refused as what it is
    except (TypeError, ValueError) as error:
        raise BadInput("bad-option", what=what, found=f"{day!r:.80}") from error


def _midnight(day: date, zone: str) -> int:
    return micros(datetime.combine(day, time(), zone_info(zone)))

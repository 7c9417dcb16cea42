"""What a citizen may have of their case is listed field by field; whatever is not listed is kept back."""

from __future__ import annotations

from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caseflow.core.engine.rights import for_parties
from caseflow.core.model.case import Card, Case, Facts, RepeatedCase
from caseflow.core.value import Value
from tests.core.values import values

SHOWN = {
    "Case": "id version place unit citizen submitted_us last_us acted_us next_due_us clocks escalations "
    "steps origin facts",
    "CaseState": "state stage final",
    "Origin": "policy_hash zone policy kind channel region urgency fields",
    "ClockRun": "clock subject cycle status since_us until_us ladder dues unknown fired pauses grants floors "
    "policy_hash basis",
    "Basis": "from_us fields calendar zone is_chained",
    "Card": "case_id level clock subject cycle unit effective_us detected_us is_breach zone annulled_us "
    "annulled_because inherited",
    "Facts": "cycle past_units co_handlers replies reopens ratings rectifications primary unknown_event "
    "adopted_us reopenings renamed merged_us led links",
    "Reply": "at_us cycle retracted_us",
    "Rating": "at_us score cycle by is_own satisfied resolved causes fields token",
    "Rectification": "id linked_us verified_us dropped_us",
    "CaseLink": "type case inward at_us is_public state has_ended",
}
"""What a citizen may have of each kind of value; of cards and links see the law below."""
KEPT_BACK = {
    "Facts": "returns extensions assessments attachments followers redactions receipts came_from taken "
    "invitation appealed",
}
"""What the office keeps to itself."""


def kinds(hint: Any) -> set[type[Value]]:
    """The kinds of value that a citizen gets with one of that type."""
    if not (isinstance(hint, type) and issubclass(hint, Value)):
        return {kind for part in get_args(hint) for kind in kinds(part)}
    hints, shown = get_type_hints(hint), SHOWN.get(hint.__name__, "").split()
    return {hint}.union(*[kinds(hints[name]) for name in hint.__struct_fields__ if name in shown])


@pytest.mark.parametrize("kind", sorted(kinds(Case), key=str))
def test_every_field_is_said_to_be_shown_or_kept_back(kind: type[Value]) -> None:
    """Whoever adds a field to what a citizen gets says here which it is, and keeps it back if it is that."""
    names = f"{SHOWN.get(kind.__name__, '')} {KEPT_BACK.get(kind.__name__, '')}"
    assert sorted(kind.__struct_fields__) == sorted(names.split())


CASES = st.builds(
    Case, st.just("c"), citizen=st.just("c-1"), facts=values(Facts),
    escalations=st.lists(values(Card), max_size=3).map(tuple),
)  # fmt: skip


@given(CASES | st.just(Case("c")))
@settings(max_examples=50)
def test_a_citizen_has_what_is_shown_and_nothing_that_is_kept_back(case: Case) -> None:
    """No reminder, no link that is not public; all else as it is, or as before anything happened."""
    seen = for_parties(case)
    assert seen == case.replace(escalations=case.cards, facts=seen.facts)
    shown = {name: getattr(case.facts, name) for name in SHOWN["Facts"].split()}
    shown["links"] = tuple(link for link in case.facts.links if link.is_public)
    assert seen.facts == Facts(**shown)


def test_who_repeats_a_command_is_still_told_so() -> None:
    """Whatever is kept back of the case."""
    for facts in (Facts(), Facts(returns=1)):
        assert for_parties(RepeatedCase.of(Case("c", facts=facts))).is_repeat

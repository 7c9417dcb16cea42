"""Cases of several policies on one desk, linked to each other: both ends know, and one acts for the other."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from caseflow import Actor, BadInput, Case, Desk, ManualClock, Policy, Refused, load_policy
from caseflow.core.engine.rights import for_parties
from caseflow.core.model import events as e
from caseflow.core.model.evolve import replay
from caseflow.ports import Store
from caseflow.views.documents import MOST_LINKS, case_document, public_document
from caseflow.views.story import told
from tests.journeys.people import MONDAY

CLERK = Actor("clerk-1", role="clerk")
STRANGER = Actor("nobody-1", role="stranger")

INQUIRY = """
name = "inquiry"
[roles.clerk]
[roles.stranger]
[states.waiting]
stage = "handling"
[states.checked]
stage = "evaluation"
[states.closed]
stage = "ended"
final = true
[actions.submit]
moves = { start = "waiting" }
roles = ["clerk"]
[actions.link]
moves = { open = "=", closed = "=" }
roles = ["clerk"]
[actions.unlink]
moves = { open = "=" }
roles = ["clerk"]
[actions.check]
moves = { waiting = "checked" }
fields.repair.type = "string"
[actions.close]
moves = { open = "closed" }
roles = ["clerk"]
linked_ended = ["from:part-of"]
[links.gave-rise-to]
to = ["repair"]
public = true
labels = { zh = "引发整改", en = "gave rise to" }
[links.gave-rise-to.when_linked.verified]
then = "check"
with = { repair = "linked" }
labels = { zh = "已验收", en = "verified" }
[links.part-of]
to = ["inquiry"]
from = ["inquiry"]
acyclic = true
[clocks.reply]
start = ["submit"]
stop = ["close", "state:checked"]
rungs = [{ level = "yellow", days = 5 }]
"""

REPAIR = """
name = "repair"
[roles.clerk]
[states.mending]
stage = "rectification"
[states.verified]
stage = "rectification"
[states.done]
stage = "ended"
final = true
[actions.submit]
moves = { start = "mending" }
roles = ["clerk"]
[actions.link]
moves = { open = "=" }
roles = ["clerk"]
[actions.unlink]
moves = { open = "=" }
roles = ["clerk"]
[actions.verify]
moves = { mending = "verified" }
roles = ["clerk"]
[actions.close]
moves = { open = "done" }
roles = ["clerk"]
[links.gave-rise-to]
from = ["*"]
public = true
"""


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> tuple[Policy, Policy]:
    folder = tmp_path_factory.mktemp("policies")

    def loaded(name: str, text: str) -> Policy:
        file = folder / f"{name}.toml"
        file.write_text(text, encoding="utf-8")
        return load_policy(file)

    return loaded("inquiry", INQUIRY), loaded("repair", REPAIR)


@pytest.fixture
def desk(policies: tuple[Policy, Policy], store: Store) -> Desk:
    return Desk(policies=policies, store=store, clock=ManualClock(MONDAY))


@pytest.fixture
def pair(desk: Desk) -> tuple[Case, Case]:
    """An inquiry and the repair that it gave rise to."""
    desk.submit(title="路灯不亮", by=CLERK, case_id="q-1")
    repair = desk.submit(title="更换路灯", by=CLERK, case_id="r-1", policy="repair")
    return desk.link("q-1", "r-1", as_="gave-rise-to", by=CLERK), repair


def links(case: Case) -> list[tuple[str, str, bool]]:
    return [link.key for link in case.facts.links]


def refused(do: Callable[[], object]) -> str:
    with pytest.raises(Refused) as caught:
        do()
    assert caught.value.refusal.text("zh") and caught.value.refusal.text("en")
    return caught.value.refusal.code


def test_cases_stand_under_the_policy_that_they_name(desk: Desk) -> None:
    assert list(desk.policies) == ["inquiry", "repair"]
    first = desk.submit(title="甲", by=CLERK)
    other = desk.submit(title="乙", by=CLERK, policy="repair")
    assert (first.state, other.state) == ("waiting", "mending")
    assert desk.rules_of(other).policy.name == "repair"
    with pytest.raises(Refused) as caught:
        desk.submit(title="丙", by=CLERK, policy="audit")
    refused = caught.value.refusal
    assert (refused.code, refused.missing) == ("policy-not-offered", ("inquiry", "repair"))


class Interleaved:
    """A store before whose next append somebody else does something."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.first: Callable[[], object] = lambda: None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def append(self, *entries: Any) -> None:
        first, self.first = self.first, lambda: None
        first()
        self._store.append(*entries)


def test_two_links_far_apart_close_no_circle(policies: tuple[Policy, Policy], store: Store) -> None:
    """Each of two commands at once sees no circle; the second to be recorded walks again, and is refused."""
    slow = Interleaved(store)
    one, other = (Desk(policies, place, clock=ManualClock(MONDAY)) for place in (slow, store))
    for name in "abcdef":
        other.submit(title=name, by=CLERK, case_id=name)
    for here, there in ("bc", "ef"):  # b > c, e > f: with c > e and f > b a circle of four
        other.link(here, there, as_="part-of", by=CLERK)
    slow.first = lambda: other.link("f", "b", as_="part-of", by=CLERK)
    with pytest.raises(Refused) as caught:
        one.link("c", "e", as_="part-of", by=CLERK)
    assert caught.value.code == "link-cycle"
    assert one.link("a", "e", as_="part-of", by=CLERK).facts.links[0].case == "e"


def test_a_case_that_is_walked_stays_as_it_is(desk: Desk) -> None:
    """Held to its version, it gets no event by a link beyond it."""
    for name in "abc":
        desk.submit(title=name, by=CLERK, case_id=name)
    before = desk.link("b", "c", as_="part-of", by=CLERK), desk.get("c")
    desk.link("a", "b", as_="part-of", by=CLERK)
    assert (desk.get("c"), len(desk.history("c"))) == (before[1], before[1].version)


@pytest.mark.parametrize("wrong", [[], ["twice", "twice"]])
def test_policies_have_names_of_their_own(
    wrong: list[str], policies: tuple[Policy, Policy], store: Store
) -> None:
    with pytest.raises(BadInput):
        Desk(policies=[policies[0] for _ in wrong], store=store)


def test_a_key_belongs_to_the_policy_too(desk: Desk) -> None:
    first = desk.submit(title="甲", by=CLERK, key="k", policy="repair")
    assert desk.submit(title="甲", by=CLERK, key="k", policy="repair") == first


def test_both_histories_say_it(desk: Desk, pair: tuple[Case, Case]) -> None:
    assert links(desk.get("q-1")) == [("gave-rise-to", "r-1", False)]
    assert links(desk.get("r-1")) == [("gave-rise-to", "q-1", True)]
    for case_id in ("q-1", "r-1"):
        history = desk.history(case_id)
        assert isinstance(history[-1], e.Linked) and history[-1].at_us == desk.clock.now_us()
        assert replay(case_id, history) == desk.get(case_id)


def test_it_is_told_and_shown(desk: Desk, pair: tuple[Case, Case]) -> None:
    rules = {desk.rules_of(case).pin: desk.rules_of(case) for case in pair}
    story = str(told(rules.__getitem__, "q-1", desk.history("q-1"), (), lang="zh"))
    assert "引发整改" in story and "r-1" in story
    assert [(link.type, link.case) for link in desk.public("q-1").links] == [("gave-rise-to", "r-1")]


def test_documents_name_links_with_their_labels(desk: Desk, pair: tuple[Case, Case]) -> None:
    """Those for the public and the parties name public links alone; of many the first are named."""
    desk.submit(title="同一处", by=CLERK, case_id="q-2")
    inquiry = desk.link("q-1", "q-2", as_="part-of", by=CLERK)
    rules = desk.rules_of(inquiry)
    shown = case_document(rules, inquiry, 0, lang="zh")
    names = [(link.type.key, link.type.label, link.case, link.inward) for link in shown.links]
    assert names == [("gave-rise-to", "引发整改", "r-1", False), ("part-of", "part-of", "q-2", False)]
    of_public = (public_document(rules, desk.public("q-1")), case_document(rules, for_parties(inquiry), 0))
    for document in of_public:
        assert ([link.case for link in document.links], document.link_count) == (["r-1"], 1)
    many = inquiry.facts.replace(links=inquiry.facts.links * MOST_LINKS)
    crowded = case_document(rules, inquiry.replace(facts=many), 0)
    assert (len(crowded.links), crowded.link_count) == (MOST_LINKS, 2 * MOST_LINKS)


def test_a_link_is_public_only_if_both_ends_say_so(desk: Desk) -> None:
    for name in ("q-1", "q-2"):
        desk.submit(title=name, by=CLERK, case_id=name)
    desk.link("q-1", "q-2", as_="part-of", by=CLERK)
    assert desk.public("q-1").links == ()


def test_what_one_reaches_is_done_to_the_other_in_the_same_append(
    desk: Desk, pair: tuple[Case, Case]
) -> None:
    positions = [record.position for record in desk.store.feed(0)]
    desk.act("r-1", "verify", by=CLERK)
    inquiry = desk.get("q-1")
    assert inquiry.state == "checked"
    *_, moved, done = desk.history("q-1")
    assert isinstance(moved, e.LinkedCaseMoved) and (moved.state, moved.skipped) == ("verified", "")
    assert isinstance(done, e.Acted) and done.fields == (("repair", "r-1"),) and done.by.role == "system"
    assert len(list(desk.store.feed(0))) == len(positions) + 3
    assert replay("q-1", desk.history("q-1")) == inquiry


def test_an_action_that_is_refused_is_not_taken_and_stops_nobody(desk: Desk, pair: tuple[Case, Case]) -> None:
    desk.close("q-1", by=CLERK)
    assert desk.act("r-1", "verify", by=CLERK).state == "verified"
    moved = desk.history("q-1")[-1]
    assert isinstance(moved, e.LinkedCaseMoved) and moved.skipped == "not-in-state"


def test_who_is_linked_later_learns_where_the_other_stands(desk: Desk) -> None:
    desk.submit(title="路灯", by=CLERK, case_id="q-1")
    desk.submit(title="更换", by=CLERK, case_id="r-1", policy="repair")
    desk.act("r-1", "verify", by=CLERK)
    assert desk.link("q-1", "r-1", as_="gave-rise-to", by=CLERK).state == "checked"


def test_cards_that_are_due_come_first(desk: Desk, pair: tuple[Case, Case]) -> None:
    desk.clock.advance(days=7)
    desk.act("r-1", "verify", by=CLERK)
    names = [event.name for event in desk.history("q-1")]
    assert names == ["submitted", "linked", "card-issued", "linked-case-moved", "acted"]


def test_a_guard_waits_for_linked_cases(desk: Desk) -> None:
    for name in ("q-1", "q-2", "q-3"):
        desk.submit(title=name, by=CLERK, case_id=name)
    for part in ("q-2", "q-3"):
        desk.link(part, "q-1", as_="part-of", by=CLERK)
    with pytest.raises(Refused) as caught:
        desk.close("q-1", by=CLERK)
    assert caught.value.refusal.code == "linked-case-open" and caught.value.refusal.missing == ("q-2", "q-3")
    desk.unlink("q-2", "q-1", as_="part-of", by=CLERK)
    assert links(desk.get("q-2")) == [] and links(desk.get("q-1")) == [("part-of", "q-3", True)]
    assert desk.close("q-3", by=CLERK).state == "closed"  # a part waits for nobody
    assert desk.close("q-1", by=CLERK).state == "closed"


REFUSALS: dict[str, tuple[str, Callable[[Desk], object]]] = {
    "to itself": ("linked-to-itself", lambda d: d.link("q-1", "q-1", as_="part-of", by=CLERK)),
    "twice": ("already-linked", lambda d: d.link("q-1", "r-1", as_="gave-rise-to", by=CLERK)),
    "by a type that there is not": ("link-not-possible", lambda d: d.link("q-1", "r-1", as_="kin", by=CLERK)),
    "the other way round": (
        "link-not-possible",
        lambda d: d.link("r-1", "q-2", as_="gave-rise-to", by=CLERK),
    ),
    "to a policy it does not name": (
        "link-not-possible",
        lambda d: d.link("q-2", "r-1", as_="part-of", by=CLERK),
    ),
    "to no case": ("linked-case-unknown", lambda d: d.link("q-1", "q-9", as_="part-of", by=CLERK)),
    "to no case, in the past": (
        "linked-case-unknown",
        lambda d: d.link("q-1", "q-9", as_="part-of", by=CLERK, effective_at=MONDAY, reason="迟录"),
    ),
    "to itself by who may not": (
        "role-may-not",
        lambda d: d.link("q-1", "q-1", as_="part-of", by=STRANGER),
    ),
    "by who may not": ("role-may-not", lambda d: d.link("q-1", "q-2", as_="part-of", by=STRANGER)),
    "in the past": (
        "takes-effect-when-recorded",
        lambda d: d.link("q-1", "q-2", as_="part-of", by=CLERK, effective_at=MONDAY, reason="迟录"),
    ),
    "by no type": ("field-missing", lambda d: d.act("q-1", "link", by=CLERK, fields={"other": "r-1"})),
    "what was not": ("not-linked", lambda d: d.unlink("q-1", "q-2", as_="part-of", by=CLERK)),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_is_refused_changes_neither_end(name: str, desk: Desk, pair: tuple[Case, Case]) -> None:
    desk.submit(title="又", by=CLERK, case_id="q-2")
    before = [desk.get(case_id) for case_id in ("q-1", "q-2", "r-1")]
    code, do = REFUSALS[name]
    desk.clock.advance(hours=1)
    assert refused(lambda: do(desk)) in (code, "may-not-backdate")
    assert [desk.get(case_id) for case_id in ("q-1", "q-2", "r-1")] == before


def test_links_of_one_kind_lead_nowhere_twice(desk: Desk) -> None:
    for name in ("a", "b", "c"):
        desk.submit(title=name, by=CLERK, case_id=name)
    desk.link("a", "b", as_="part-of", by=CLERK)
    desk.link("b", "c", as_="part-of", by=CLERK)
    assert refused(lambda: desk.link("c", "a", as_="part-of", by=CLERK)) == "link-cycle"


def test_a_sweep_tells_linked_cases_as_a_command_does(tmp_path: Path, store: Store) -> None:
    texts = {
        "inquiry": INQUIRY,
        "repair": REPAIR
        + """
[actions.verify.labels]
[clocks.mend]
start = ["submit"]
stop = ["state:verified"]
rungs = [{ level = "red", days = 3, then = "verify" }]
""",
    }
    loaded = []
    for name, text in texts.items():
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
        loaded.append(load_policy(tmp_path / f"{name}.toml"))
    desk = Desk(policies=loaded, store=store, clock=ManualClock(MONDAY))
    desk.submit(title="路灯", by=CLERK, case_id="q-1")
    desk.submit(title="更换", by=CLERK, case_id="r-1", policy="repair")
    desk.link("q-1", "r-1", as_="gave-rise-to", by=CLERK)
    desk.clock.advance(days=4)
    desk.sweep()
    assert (desk.get("r-1").state, desk.get("q-1").state) == ("verified", "checked")
    assert desk.sweep().cards == ()


def test_a_change_of_rules_goes_by_the_name_of_the_policy(
    desk: Desk, pair: tuple[Case, Case], policies: tuple[Policy, Policy], tmp_path: Path, store: Store
) -> None:
    file = tmp_path / "repair.toml"
    more = '[actions.migrate]\nmoves = { open = "=" }\nroles = ["clerk"]\n'
    file.write_text(f'version = "2"\n{REPAIR}{more}', encoding="utf-8")
    newer = Desk(policies=[policies[0], load_policy(file)], store=store, clock=desk.clock)
    done = newer.migrate_all(by=CLERK, reason="新规")
    assert done.unchanged == 1 and len(done.refused) == 1  # the old rules let nobody migrate
    assert newer.rules_of("q-1").policy.name == "inquiry"


EYES = """
[actions.verify]
moves = { mending = "verified" }
roles = ["clerk"]
not_by = ["submit", "measure_done"]
clocks_ended = ["measure"]
[actions.set_measure]
moves = { open = "=" }
roles = ["clerk"]
[actions.set_measure.fields]
measure = { type = "string", required = true }
due = { type = "date", required = true }
[actions.measure_done]
moves = { open = "=" }
roles = ["clerk"]
fields.measure = { type = "string", required = true }
[clocks.measure]
start = ["set_measure"]
stop = ["measure_done"]
subject = "field:measure"
rungs = [{ level = "yellow", at = "field:due" }]
"""


def test_two_pairs_of_eyes_and_measures_that_run(tmp_path: Path, store: Store) -> None:
    """Nobody verifies what they did themselves, in whatever role, nor while a measure runs."""
    text = REPAIR.replace('[actions.verify]\nmoves = { mending = "verified" }\nroles = ["clerk"]\n', "")
    (tmp_path / "repair.toml").write_text(text + EYES, encoding="utf-8")
    desk = Desk(load_policy(tmp_path / "repair.toml"), store, clock=ManualClock(MONDAY))
    other, third = Actor("clerk-2", role="clerk"), Actor("clerk-3", role="clerk")
    desk.submit(title="更换路灯", by=CLERK, case_id="r-1")
    for name in ("lamp", "cable"):
        fields = {"measure": name, "due": "2025-03-10"}
        desk.act("r-1", "set_measure", by=CLERK, fields=fields)
    desk.act("r-1", "measure_done", by=other, fields={"measure": "lamp"})
    with pytest.raises(Refused) as caught:
        desk.act("r-1", "verify", by=third)
    assert (caught.value.refusal.code, caught.value.refusal.missing) == ("clock-runs", ("cable",))
    desk.clock.advance(days=9)
    desk.act("r-1", "measure_done", by=other, fields={"measure": "cable"})
    assert [(card.subject, card.level) for card in desk.get("r-1").cards] == [("cable", "yellow")]
    for by in (CLERK, other):
        assert refused(partial(desk.act, "r-1", "verify", by=by)) == "by-the-same"
    assert desk.act("r-1", "verify", by=third).state == "verified"

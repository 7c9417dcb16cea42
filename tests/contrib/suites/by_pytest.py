"""What suites of portals do under pytest-django, on whatever database and with or without migrations."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import TestCase, TransactionTestCase

from caseflow import Actor, ManualClock
from caseflow.contrib.django import DjangoStore, desk
from caseflow.contrib.django.config import roles
from caseflow.testing import Timeline

CITIZEN = Actor("c-17", role="citizen")
OFFICER = Actor("o-4", role="handler", unit="城管局")


def submit() -> str:
    """A case of the portal's."""
    return desk().submit(title="路灯不亮", to="城管局", by=CITIZEN).id


class TestCommitted:
    """``transaction=True``: committed, and gone for the next test."""

    pytestmark = pytest.mark.django_db(transaction=True)

    @pytest.mark.parametrize("turn", [1, 2])
    def test_each_begins_without_cases(self, turn: int) -> None:
        """Whichever comes second finds none."""
        assert len(desk().cases().cases) == 0
        submit()
        assert len(desk().cases().cases) == 1


class FromTheClass(TestCase):
    """``setUpTestData``: one case for every test of the class, each on its own copy of the database."""

    case_id: str

    @classmethod
    def setUpTestData(cls) -> None:
        """The case."""
        cls.case_id = submit()

    def reply(self) -> None:
        """A reply, and the version it brings is the same in each test."""
        assert desk().reply(self.case_id, text="已修复", by=OFFICER).version == 2

    test_one = test_two = reply


class Flushed(TransactionTestCase):
    """After all of them a ``TransactionTestCase`` of Django's begins without cases as well."""

    def test_one(self) -> None:
        """Whichever comes second finds none."""
        assert len(desk().cases().cases) == 0
        submit()

    test_two = test_one


@pytest.mark.django_db
class TestOverridden:
    """``settings.CASEFLOW``: what is not named stays."""

    def test_a_clock_alone(self, settings: Any, django_capture_on_commit_callbacks: Any) -> None:
        """The portal's own roles hold, and hooks that were subscribed before; they wait for the commit."""
        seen: list[str] = []
        leave = desk().subscribe("submitted", lambda happened: seen.append(happened.case.id))
        clock = ManualClock("2025-03-03T09:30:00+08:00")
        settings.CASEFLOW = {"CLOCK": clock}
        with django_capture_on_commit_callbacks(execute=True):
            case_id = submit()
            clock.advance(days=6)
            desk().sweep()
        leave()
        assert list(roles()) == ["督办", "城管局", ""]
        assert ([card.level for card in desk().get(case_id).cards], seen) == (["yellow"], [case_id])


@pytest.mark.django_db
@pytest.mark.caseflow(store=DjangoStore, start="2025-01-20T09:00:00+08:00")
class TestStory:
    """Timelines on the portal's own database, inside the transaction that the test is rolled back by."""

    @pytest.mark.parametrize("turn", [1, 2])
    def test_it_tells_what_the_test_did(self, timeline: Timeline, turn: int) -> None:
        """Nothing of other tests, and everything of this one, in its order."""
        case = timeline.submit("路灯不亮", to="城管局")
        timeline.advance(days=6)
        timeline.reply(case, "已修复", by=OFFICER)
        happened = [line.what for line in timeline.story(lang="zh").lines]
        assert happened == ["提交", "提醒", "黄牌警示", "公开答复"]
        assert timeline.cards(case) == ("yellow",)
        assert len(timeline.desk.cases().cases) == 1

    def test_the_portals_desk_and_the_timelines_see_one_store(
        self, timeline: Timeline, settings: Any
    ) -> None:
        """What the portal's own code does is in the story, at the instant that the clock shows."""
        settings.CASEFLOW = {"CLOCK": timeline.clock}
        case_id = submit()
        timeline.advance(days=6)
        assert "黄牌警示" in str(timeline.story(lang="zh"))
        assert desk().get(case_id).cards[0].level == "yellow"

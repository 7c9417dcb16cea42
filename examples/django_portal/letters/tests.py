"""Each test is rolled back, cases and all; the clock is moved by hand."""

from io import StringIO

from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.test import TestCase, override_settings

from caseflow import ManualClock
from caseflow.contrib.django import desk

from .models import Letter

LETTER = {"title": "路灯不亮", "to": "城管局", "citizen": "c-17", "receipt": "R-1"}
REPLY = {"text": "已修复", "form": "form-1"}


class Letters(TestCase):
    """A citizen asks, an officer answers, time goes by."""

    def setUp(self) -> None:
        """A desk whose clock stands at a Monday morning."""
        self.clock = ManualClock("2025-03-03T09:30:00+08:00")
        settings = override_settings(CASEFLOW={"CLOCK": self.clock})
        settings.enable()
        self.addCleanup(settings.disable)

    def test_letter_and_case_come_together(self) -> None:
        """A receipt that was used leaves neither a second row nor a second case."""
        self.assertEqual(self.client.post("/letters/", LETTER).status_code, 201)
        self.assertEqual(self.client.post("/letters/", LETTER).status_code, 409)
        self.assertEqual((Letter.objects.count(), len(desk().cases())), (1, 1))

    def test_an_answer_counts_once(self) -> None:
        """The same form sent twice is one reply; for another letter it is refused."""
        place = f"/letters/{self.client.post('/letters/', LETTER).json()['case']}/answer"
        for _ in range(2):
            self.assertEqual(self.client.post(place, REPLY).json(), {"state": "answered"})
        self.assertEqual(self.client.post("/letters/none/answer", REPLY).status_code, 409)
        other = REPLY | {"form": "form-2"}
        self.assertEqual(self.client.post("/letters/none/answer", other).status_code, 404)

    def test_another_office_may_not_answer(self) -> None:
        """The rules refuse it, and say so in Chinese."""
        case_id = self.client.post("/letters/", LETTER | {"to": "教育局"}).json()["case"]
        refused = self.client.post(f"/letters/{case_id}/answer", REPLY)
        self.assertEqual((refused.status_code, refused.json()["code"]), (409, "not-your-unit"))

    def test_the_admin_shows_a_case(self) -> None:
        """To a user whose group has a role, with its story."""
        case_id = self.client.post("/letters/", LETTER).json()["case"]
        boss = User.objects.create_superuser("boss")
        boss.groups.add(Group.objects.create(name="督办"))
        self.client.force_login(boss)
        page = self.client.get(
            f"/admin/caseflow/storedcase/{case_id}/change/", headers={"accept-language": "zh-hans"}
        )
        self.assertContains(page, "路灯不亮")
        self.assertContains(page, "答复时限")

    def test_silence_brings_a_yellow_card(self) -> None:
        """More than five days without a reply, and the sweep says so."""
        case_id = self.client.post("/letters/", LETTER).json()["case"]
        self.clock.advance(days=6)
        out = StringIO()
        call_command("caseflow", "sweep", stdout=out)
        self.assertIn("1 cards", out.getvalue())
        self.assertEqual([card.level for card in desk().get(case_id).cards], ["yellow"])

"""Each test is rolled back, cases and all; the clock is moved by hand."""

from io import StringIO
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch
from uuid import uuid4

from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db.models.fields.files import FieldFile
from django.test import TestCase, override_settings

from caseflow import Case, ManualClock
from caseflow.contrib.django import desk, relay
from caseflow.contrib.django.config import roles
from inquiries.demo_people import make_people
from inquiries.models import Appeal, Attachment, Message
from inquiries.published import publications
from inquiries.registers import units

ASKED = {
    "kind": "complaint",
    "title": "路灯不亮",
    "body": "文昌路口的路灯不亮，已经三天了。",
    "region": "滨江区",
}


class Portal(TestCase):
    """People of every role, and a desk whose clock stands at a Monday morning."""

    people: dict[str, User]

    @classmethod
    def setUpTestData(cls) -> None:
        """The people of the example, without its city; nobody types a password here."""
        with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
            cls.people = make_people()

    def setUp(self) -> None:
        """The clock, and what is published by it."""
        self.clock = ManualClock("2025-03-03T09:30:00+08:00")
        folder = TemporaryDirectory()
        settings = override_settings(CASEFLOW={"CLOCK": self.clock}, MEDIA_ROOT=folder.name)
        settings.enable()
        publications.cache_clear()
        self.addCleanup(publications.cache_clear)
        self.addCleanup(folder.cleanup)
        self.addCleanup(settings.disable)

    def by(self, username: str, address: str, data: dict[str, Any] | None = None) -> Any:
        """What the portal answers to that person."""
        self.client.force_login(self.people[username])
        if data is None:
            return self.client.get(address)
        return self.client.post(address, {"key": uuid4().hex, **data})

    def asked(self, **changed: Any) -> Case:
        """The citizen's case after they asked."""
        answer = self.by("chen", "/ask/", {**ASKED, "key": "k-1", **changed})
        self.assertEqual(answer.status_code, 200)
        return next(iter(desk().cases(order="newest")))

    def answered(self) -> Case:
        """A case that was routed, and to which its unit replied."""
        case = self.asked()
        self.by("zhao", f"/cases/{case.id}/do/route/", {"to": "城管局"})
        self.by("wang", f"/cases/{case.id}/do/reply/", {"text": "已修复，请查看。"})
        return desk().get(case.id)


class Citizens(Portal):
    """Ask, follow, supplement, rate."""

    def test_an_inquiry_and_its_file_come_together(self) -> None:
        """The case has the digest; the same form sent twice is one case; one with a bad file none."""
        file = SimpleUploadedFile("灯.txt", "三盏不亮".encode(), "text/plain")
        case = self.asked(file=file)
        kept = Attachment.objects.get()
        self.assertEqual((kept.case_id, kept.name, kept.size), (case.id, "灯.txt", 12))
        self.assertIn(kept.sha256, str(desk().history(case.id)))
        download = self.by("chen", f"/cases/{case.id}/files/{kept.sha256}/")
        self.assertEqual(b"".join(download), "三盏不亮".encode())
        download.close()
        self.asked()
        self.assertEqual(len(desk().cases()), 1)
        wrong = SimpleUploadedFile("x.exe", b"x", "application/x-msdownload")
        self.assertEqual(self.by("chen", "/ask/", {**ASKED, "key": "k-2", "file": wrong}).status_code, 422)
        self.assertEqual(len(desk().cases()), 1)

    def test_a_file_that_cannot_be_recorded_leaves_no_case(self) -> None:
        """The portal's rows and the case are one transaction."""
        file = SimpleUploadedFile("a.txt", b"x", "text/plain")
        with patch.object(FieldFile, "save", side_effect=OSError):
            self.assertRaises(OSError, self.asked, file=file)
        self.assertFalse(Attachment.objects.exists())
        self.assertEqual(len(desk().cases()), 0)

    def test_nobody_sees_what_is_anothers(self) -> None:
        """Another citizen and another unit find no such case; the public sees its state, and no text."""
        case = self.asked()
        self.people["other"] = User.objects.create_user("other")
        for reader in ("other", "wang"):
            self.assertEqual(self.by(reader, f"/cases/{case.id}/").status_code, 404)
        self.client.logout()
        self.assertEqual(self.client.get(f"/cases/{case.id}/").status_code, 302)
        page = self.client.get("/find/?year=2025&number=1", follow=True)
        self.assertContains(page, "民声〔2025〕第1号")
        self.assertNotContains(page, "文昌路口")

    def test_an_office_asks_and_the_citizen_supplements(self) -> None:
        """What was asked stands on the citizen's page, and what they answered on the office's."""
        case = self.asked()
        self.by("zhao", f"/cases/{case.id}/do/route/", {"to": "城管局"})
        self.by("wang", f"/cases/{case.id}/do/request_information/", {"text": "哪一盏？"})
        self.assertContains(self.by("chen", f"/cases/{case.id}/"), "哪一盏？")
        self.by("chen", f"/cases/{case.id}/do/receive_information/", {"text": "东头第一盏"})
        self.assertContains(self.by("wang", f"/cases/{case.id}/"), "东头第一盏")
        self.assertEqual(desk().get(case.id).state, "handling")

    def test_a_link_rates_once(self) -> None:
        """Without an account; another rating by the same link is refused, and so is a link that is none."""
        case = self.answered()
        link = self.by("wang", f"/cases/{case.id}/invite/", {}).context["link"]
        self.client.logout()
        self.assertEqual(self.client.post(link, {"key": "r", "score": 5, "speed": 4}).status_code, 302)
        rating = desk().get(case.id).rating
        self.assertEqual((rating and rating.score, rating and rating.is_own), (5, True))
        self.assertEqual(self.client.post(link, {"key": "s", "score": 1}).status_code, 409)
        self.assertEqual(self.client.post("/rate/nonsense/", {"key": "t", "score": 1}).status_code, 403)

    def test_a_message_goes_to_a_leaders_office(self) -> None:
        """Under the leader board's own policy; the office's people see it, a bureau's do not."""
        self.by("chen", "/leaders/滨江市市长/", {**ASKED, "key": "k-9"})
        (case,) = desk().cases()
        self.assertEqual((case.unit, desk().rules_of(case).policy.name), ("滨江市市长", "leader-board"))
        self.assertEqual(self.by("mayor", f"/cases/{case.id}/").status_code, 200)
        self.assertEqual(self.by("wang", f"/cases/{case.id}/").status_code, 404)
        self.assertEqual(self.by("chen", "/leaders/无此职位/").status_code, 404)


class Office(Portal):
    """Handle, and be held to it."""

    def test_an_answer_counts_once(self) -> None:
        """The same form sent twice is one reply; with other words it is refused."""
        case = self.asked()
        self.by("zhao", f"/cases/{case.id}/do/route/", {"to": "城管局"})
        address, reply = f"/cases/{case.id}/do/reply/", {"text": "已修复", "key": "form-1"}
        for _ in range(2):
            self.assertEqual(self.by("wang", address, reply).status_code, 302)
        self.assertEqual(len(desk().get(case.id).replies), 1)
        self.assertEqual(self.by("wang", address, {**reply, "text": "别的"}).status_code, 422)
        self.assertEqual(self.by("wang", "/cases/none/do/reply/", reply).status_code, 404)

    def test_the_page_says_what_is_not_possible_and_why(self) -> None:
        """Of the role's own actions alone; taken all the same, one is refused in words."""
        case = self.answered()
        page = self.by("wang", f"/cases/{case.id}/")
        self.assertEqual(
            {one.action.key for one in page.context["impossible"]} & {"take_charge"}, {"take_charge"}
        )
        self.assertNotIn("grant_extension", {one.action.key for one in page.context["impossible"]})
        refused = self.by("wang", f"/cases/{case.id}/do/take_charge/", {})
        self.assertContains(refused, "已答复", status_code=409)

    def test_near_duplicates_stand_together_and_are_merged(self) -> None:
        """The later one beside the earlier, which may be its primary."""
        first = self.asked()
        self.clock.advance(hours=1)
        second = self.asked(key="k-2", body=f"{ASKED['body']}请尽快。")
        page = self.by("zhao", "/intake/")
        near = {row["case"].id: [one["case"].id for one in row["near"]] for row in page.context["rows"]}
        self.assertEqual(near, {first.id: [second.id], second.id: [first.id]})
        self.by("zhao", f"/cases/{second.id}/do/merge/", {"primary": first.id})
        self.assertEqual(desk().get(second.id).state, "merged")

    def test_silence_brings_a_card_and_a_message_each_once(self) -> None:
        """More than five days without a reply: sweep and relay, however often."""
        case = self.asked()
        self.by("zhao", f"/cases/{case.id}/do/route/", {"to": "城管局"})
        self.clock.advance(days=6)
        for _ in range(2):
            call_command("caseflow", "sweep", stdout=StringIO())
            relay().until_empty()
        self.assertEqual([card.level for card in desk().get(case.id).cards], ["yellow"])
        mail = Message.objects.filter(user=self.people["wang"], subject__contains="黄牌警示")
        self.assertEqual(mail.count(), 1)
        self.assertContains(self.by("wang", "/messages/"), "黄牌警示")
        self.assertEqual(self.by("wang", "/desk/").context["overdue"], 1)

    def test_an_appeal_annuls_a_card_or_not(self) -> None:
        """The unit appeals once, the supervising office decides, and the history says both."""
        case = self.asked()
        self.by("zhao", f"/cases/{case.id}/do/route/", {"to": "城管局"})
        self.clock.advance(days=16)
        desk().sweep()
        for level in ("yellow", "red", "red"):
            self.by("wang", f"/cases/{case.id}/appeal/{level}/", {"reason": "系统停运", "key": f"a-{level}"})
        yellow, red = Appeal.objects.all()
        self.assertContains(self.by("sun", "/appeals/"), "系统停运")
        self.by("sun", f"/appeals/{yellow.pk}/", {"reason": "属实", "decision": "uphold"})
        self.by("sun", f"/appeals/{red.pk}/", {"reason": "不属实", "decision": "dismiss"})
        cards = {card.level: card.stands for card in desk().get(case.id).cards}
        self.assertEqual(cards, {"yellow": False, "red": True})
        self.assertFalse(Appeal.objects.filter(is_decided=False).exists())

    def test_an_urging_notice_is_issued_and_signed_for(self) -> None:
        """After thirty days: numbered, printed, and signed for by its unit."""
        case = self.asked()
        self.by("zhao", f"/cases/{case.id}/do/route/", {"to": "城管局"})
        self.clock.advance(days=31)
        desk().sweep()
        (document,) = desk().documents(case.id)
        self.assertContains(self.by("sun", "/notices/"), "催办〔2025〕第1号")
        paper = self.by("wang", f"/cases/{case.id}/documents/{document.draft.id}/")
        self.assertContains(paper, "催办通知单")
        self.by("wang", f"/cases/{case.id}/do/sign_receipt/", {"document": document.draft.id})
        self.assertEqual(desk().get(case.id).facts.receipts[0].unit, "城管局")

    def test_two_publish_and_nothing_personal(self) -> None:
        """Proposed by one, published by another; a telephone number is hidden, or refused."""
        case = self.asked(body="路灯不亮，电话13800138000，请回电。")
        self.by("zhao", f"/cases/{case.id}/do/route/", {"to": "城管局"})
        self.by("wang", f"/cases/{case.id}/do/note/", {"text": "内部记录"})
        self.by("wang", f"/cases/{case.id}/do/reply/", {"text": "已修复，请查看。"})
        page = self.by("wang", f"/cases/{case.id}/publish/")
        texts = page.context["form"].initial
        self.assertEqual(
            texts,
            {"title": "路灯不亮", "body": f"路灯不亮，电话{'*' * 11}，请回电。", "text": "已修复，请查看。"},
        )
        shown = {**texts, "body": "电话13800138000"}
        self.assertEqual(
            self.by("wang", f"/cases/{case.id}/publish/", {**shown, "key": "p-0"}).status_code, 422
        )
        self.by("wang", f"/cases/{case.id}/publish/", {**texts, "key": "p-1"})
        self.assertEqual(self.client.get(f"/answers/{case.id}/").status_code, 404)
        self.assertContains(self.by("zhou", "/publications/"), "路灯不亮")
        self.by("zhou", f"/cases/{case.id}/publish/", {**texts, "key": "p-2"})
        self.client.logout()
        self.assertContains(self.client.get(f"/answers/{case.id}/"), "已修复，请查看。")

    def test_the_admin_shows_a_case(self) -> None:
        """To a user whose group has a role, with its story."""
        case = self.asked()
        User.objects.filter(username="sun").update(is_staff=True, is_superuser=True)
        page = self.by("sun", f"/admin/caseflow/storedcase/{case.id}/change/")
        self.assertContains(page, "答复时限")


class Lists(Portal):
    """What follows the feed, which on PostgreSQL ends before the transaction that a test case is."""

    def test_what_is_published_is_listed_and_fed(self) -> None:
        """On the first page, among the answers, and as Atom with the addresses of pages."""
        case, texts = self.answered(), {"title": "路灯", "body": "不亮", "text": "已修复"}
        for username in ("wang", "zhou"):
            self.by(username, f"/cases/{case.id}/publish/", texts)
        self.client.logout()
        for address in ("/", "/answers/", "/answers/feed.atom"):
            self.assertContains(self.client.get(address), f"/answers/{case.id}/")


class Words(Portal):
    """Two languages, and pages for their roles."""

    def test_every_role_has_its_people_and_every_group_its_unit(self) -> None:
        """The settings, the registers and the policy go together."""
        names = {unit for _, unit in roles().values() if unit}
        self.assertEqual(names, set(units.names()))

    def test_pages_are_for_their_roles(self) -> None:
        """Others are told so."""
        for address in ("/intake/", "/cards/", "/appeals/", "/publications/", "/desk/"):
            self.assertEqual(self.by("chen", address).status_code, 403)

    def test_pages_speak_the_readers_language(self) -> None:
        """By the browser, or by the button."""
        self.assertContains(self.client.get("/", headers={"accept-language": "en"}), "Ask now")
        self.assertContains(self.client.get("/", headers={"accept-language": "zh-CN"}), "我要问")
        self.client.post("/language/", {"language": "en", "next": "/"})
        self.assertContains(self.client.get("/", headers={"accept-language": "zh-CN"}), 'lang="en"')

    def test_the_city_can_be_seeded(self) -> None:
        """Once; its cases have cards and published answers, and near-duplicates wait; nobody is missing."""
        with override_settings(CASEFLOW={"CLOCK": ManualClock("2025-06-02T10:00:00+08:00")}):
            for _ in range(2):
                call_command("seed", stdout=StringIO())
            desk().sweep()
            relay().until_empty()
            self.assertEqual(desk().store.notices(status="dead"), ())
            self.assertGreater(desk().counts().total, 200)
            self.assertGreater(desk().counts().by("level")["yellow"], 10)
            self.assertTrue(any(row["near"] for row in self.by("zhao", "/intake/").context["rows"]))
            for address in ("/", "/boards/", "/leaders/", "/answers/"):
                self.assertEqual(self.client.get(address).status_code, 200)

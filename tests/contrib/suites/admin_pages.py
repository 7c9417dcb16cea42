"""The admin's pages, the template tags and the roles, by Django's own test runner."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import AnonymousUser, Group, Permission, User
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.template import Context, Template
from django.test import RequestFactory, TestCase, override_settings
from django.utils.translation import override

from caseflow import Actor, Case, ManualClock
from caseflow.contrib.django import actor_of, admin, desk, relay
from caseflow.contrib.django.config import roles
from caseflow.core.notices import DEAD, PENDING
from caseflow.i18n import has_own

CITIZEN = Actor("c-17", role="citizen")
OFFICER = Actor("o-4", role="handler", unit="城管局")
CASES, LETTERS, ASIDE = (f"/admin/caseflow/{name}/" for name in ("storedcase", "deadletter", "setaside"))
ODD = "a/_b ?<i>"
"""A case's id that a URL and a page must both carry whole."""
PAGES = (CASES, f"{CASES}one/change/", LETTERS, ASIDE, f"{ASIDE}?read=1")


class Pages(TestCase):
    """A supervising user, a handling one, and cases with cards and dead letters."""

    clock: ManualClock
    boss: User
    officer: User

    @classmethod
    def setUpTestData(cls) -> None:
        """Two cases whose deadlines have passed, and notices that nobody would take."""
        cls.clock = ManualClock("2025-03-03T09:30:12.345678+08:00")
        cls.boss = User.objects.create_superuser("boss")
        cls.boss.groups.add(Group.objects.create(name="督办"))
        cls.officer = User.objects.create_user("officer", is_staff=True)
        cls.officer.groups.add(Group.objects.create(name="城管局"))
        cls.officer.user_permissions.add(
            *Permission.objects.filter(codename__in=("view_storedcase", "view_deadletter"))
        )
        with override_settings(CASEFLOW=cls.ours()):
            for unit, case_id in (("城管局", "one"), ("教育局", ODD)):
                desk().submit(title="路灯<b>", body="内文", to=unit, by=CITIZEN, case_id=case_id)
            desk().note("one", text="内部记录", by=OFFICER)
            cls.clock.advance(days=20)
            desk().sweep()
            relay().until_empty()

    @classmethod
    def ours(cls) -> dict[str, Any]:
        """The portal's settings with the clock of the tests, and a way out that is closed."""
        closed = {"NOTIFIERS": "tests.contrib.suites.people.Refusing"}
        return {**settings.CASEFLOW, "CLOCK": cls.clock, **closed}

    def setUp(self) -> None:
        """Signed in as the supervising office."""
        overridden = override_settings(CASEFLOW=self.ours())
        overridden.enable()
        self.addCleanup(overridden.disable)
        self.client.force_login(self.boss)

    def page(self, path: str, lang: str = "zh-hans") -> str:
        """The page's own text."""
        answer = self.client.get(path, headers={"accept-language": lang})
        self.assertEqual(answer.status_code, 200, path)
        return answer.content.decode()

    def test_the_list_shows_what_the_role_sees(self) -> None:
        """All to the supervising office, its unit's to a handler; by unit, state and whether overdue."""
        self.assertEqual(self.ids(self.page(CASES)), {"one", "a/_b ?&lt;i&gt;"})
        for query, shown in (
            ("unit=城管局", {"one"}),
            ("state=answered", set()),
            ("overdue=1&unit=城管局", {"one"}),
        ):
            self.assertEqual(self.ids(self.page(f"{CASES}?{query}")), shown)
        self.client.force_login(self.officer)
        self.assertEqual(self.ids(self.page(CASES)), {"one"})

    @staticmethod
    def ids(page: str) -> set[str]:
        """The cases that a list leads to."""
        return set(re.findall(rf'<a href="{CASES}[^"?]+/change/">(.*?)</a>', page))

    def test_a_page_of_the_list_leads_to_the_next(self) -> None:
        """Each case stands on one page, and a number alone opens its case."""
        for number in range(50):
            desk().submit(title="t", to="城管局", by=CITIZEN, case_id=f"n{number}")
        first = self.page(CASES)
        following = re.findall(r'<a href="(\?[^"]*cursor=[^"]+)"', first)
        second = self.page(f"{CASES}{following[0].replace('&amp;', '&')}")
        self.assertEqual((len(self.ids(first)), len(self.ids(second))), (50, 2))
        self.assertEqual(self.ids(first) & self.ids(second), set())
        self.assertEqual(self.client.get(f"{CASES}?id=one").headers["Location"], f"{CASES}one/change/")
        self.assertEqual(self.client.get(f"{CASES}?cursor=nonsense").status_code, 404)

    def test_a_case_shows_its_deadlines_picture_and_story(self) -> None:
        """In the reader's words, with what the office keeps to itself; what a citizen wrote is escaped."""
        page = self.page(f"{CASES}one/change/")
        for words in (
            "红牌督办",
            "答复时限",
            "15 个自然日",
            "2025-03-19 00:00",
            "<svg",
            "内部记录",
            "路灯&lt;b&gt;",
            "催办通知单",
        ):
            self.assertIn(words, page)
        self.assertNotRegex(page, r":\d\d\.\d")
        self.assertIn("red card", self.page(f"{CASES}one/change/", "en"))

    def test_every_page_opens_in_both_languages(self) -> None:
        """And a case whose id a URL and a page must escape."""
        for lang in ("zh-hans", "en"):
            for path in (*PAGES, f"{CASES}a_2F_5Fb%20_3F_3Ci_3E/change/"):
                self.page(path, lang)

    def test_every_word_of_a_template_is_in_the_catalogue(self) -> None:
        """A key that has no text would stand on the page."""
        templates = Path(admin.__file__).parent / "templates"
        names = {
            name
            for file in templates.rglob("*.html")
            for name in re.findall(r"words\.(\w+)", file.read_text())
        }
        keys = {f"django.{name.replace('_', '-')}" for name in names}
        self.assertEqual({f"django.{word}" for word in admin._WORDS}, keys)
        self.assertEqual([key for key in sorted(keys) if not has_own(key, "en")], [])

    def test_whoever_may_not_is_kept_out(self) -> None:
        """Without the permission, without a role, and of a case that is not theirs."""
        self.client.force_login(self.officer)
        self.assertEqual(self.client.get(ASIDE).status_code, 403)
        self.assertEqual(self.client.post(LETTERS, {"all": "1"}).status_code, 403)
        other = self.client.get(f"{CASES}a_2F_5Fb%20_3F_3Ci_3E/change/")
        unknown = self.client.get(f"{CASES}none/change/")
        self.assertEqual((other.status_code, unknown.status_code), (404, 404))
        with override_settings(CASEFLOW={**self.ours(), "ROLES": {}}):
            self.assertIn("未为您所在的组指定角色", self.page(CASES))
            self.assertEqual(self.client.get(f"{CASES}one/change/").status_code, 403)
        self.client.logout()
        self.assertEqual(self.client.get(CASES).status_code, 302)

    def test_nothing_can_be_added_changed_or_deleted(self) -> None:
        """Not by a superuser either."""
        for path in (f"{CASES}add/", f"{CASES}one/delete/", f"{LETTERS}add/", f"{ASIDE}add/"):
            self.assertIn(self.client.post(path).status_code, (302, 403), path)
        self.assertEqual(self.client.post(f"{CASES}one/change/", {"unit": "x"}).status_code, 200)
        self.assertEqual([case.id for case in desk().cases(unit="城管局")], ["one"])

    def test_dead_letters_are_sent_again(self) -> None:
        """Those chosen, or all; the admin's log says who did; what was sent meanwhile is counted apart."""
        dead = desk().store.notices(status=DEAD)
        first, second = dead[0].notice.id, dead[1].notice.id
        self.assertIn("重新发送", self.page(LETTERS))
        answer = self.client.post(
            LETTERS, {"id": [first, "none"]}, follow=True, headers={"accept-language": "zh"}
        )
        self.assertIn("将重新发送 1 条通知", answer.content.decode())
        self.assertIn("所选之中有 1 条", answer.content.decode())
        self.assertEqual([row.notice.id for row in desk().store.notices(status=PENDING)], [first])
        self.assertEqual(
            [(entry.object_id, entry.user) for entry in LogEntry.objects.all()], [(first, self.boss)]
        )
        shown = re.findall(r'name="shown" value="([^"]+)"', self.page(LETTERS))
        self.assertIn(second, shown)
        self.client.post(LETTERS, {"shown": shown, "all": "1"})
        self.assertEqual(desk().store.notices(status=DEAD), ())

    # -- roles and tags ------------------------------------------------------------------------------------

    def request(self, user: Any) -> Any:
        """A request of that user's."""
        request = RequestFactory().get("/")
        request.user = user
        return request

    def test_groups_give_roles(self) -> None:
        """The first in the order of the settings; nobody's is none; an entry for everybody else."""
        boss, officer = self.request(self.boss), self.request(self.officer)
        self.assertEqual(actor_of(boss), Actor(str(self.boss.pk), role="supervisor"))
        self.assertEqual(actor_of(officer), Actor(str(self.officer.pk), role="handler", unit="城管局"))
        self.officer.groups.clear()
        self.assertEqual(actor_of(officer), Actor(str(self.officer.pk), role="citizen"))
        self.assertIsNone(actor_of(self.request(AnonymousUser())))
        self.assertIsNone(actor_of(RequestFactory().get("/")))
        self.officer.is_active = False
        self.assertIsNone(actor_of(officer))
        with override_settings(CASEFLOW={"ROLES": {}}):
            self.assertIsNone(actor_of(boss))

    def test_roles_that_cannot_be_used_are_told(self) -> None:
        """A role that the policy has not, what is no role, and what is no table."""
        for option in ({"督办": "boss"}, {"督办": 7}, {"督办": ("handler", 7)}, ["督办"]):
            with (
                override_settings(CASEFLOW={"ROLES": option}),
                self.assertRaisesMessage(ImproperlyConfigured, "ROLES"),
            ):
                roles()

    def test_the_api_takes_the_roles_of_the_settings(self) -> None:
        """Who is signed in asks as who the settings say they are; nobody is told to sign in."""
        self.client.force_login(self.officer)
        self.assertEqual([case["id"] for case in self.client.get("/api/cases").json()["cases"]], ["one"])
        self.client.logout()
        self.assertEqual(self.client.get("/api/cases").status_code, 401)

    def tags(self, text: str, case: Case, **context: Any) -> str:
        """A template of the portal's, filled in."""
        return Template("{% load caseflow_tags %}" + text).render(Context({"case": case, **context}))

    def test_tags_show_state_deadline_and_timeline(self) -> None:
        """In the active language; the picture as far as the reader may see."""
        case, boss = desk().get("one"), self.request(self.boss)
        with override("zh-hans"):
            self.assertEqual(self.tags("{{ case|state_label }}", case), "已分转")
            self.assertIn(
                "<time>2025-03-08</time> <strong>已逾期", self.tags("{% case_deadline case %}", case)
            )
            self.assertIn("黄牌警示", self.tags("{% case_timeline case %}", case, request=boss))
            self.assertIn("内部备注", self.tags("{% case_timeline case %}", case, request=boss))
            own = self.tags("{% case_timeline case by=by %}", case, by=CITIZEN)
        self.assertIn("黄牌警示", own)
        self.assertNotIn("内部备注", own)
        self.assertNotIn("提醒 ", own)
        stranger = Actor("c-99", role="citizen")
        for context in ({"by": stranger}, {"request": self.request(AnonymousUser())}, {}):
            self.assertEqual(self.tags("{% case_timeline case.id by=by %}", case, **context), "")
        answered = desk().reply("one", text="已修复", by=OFFICER)
        with override("en"):
            self.assertIn("no deadline runs", self.tags("{% case_deadline case %}", answered))

    # -- the command line ----------------------------------------------------------------------------------

    def test_djangos_tools_see_no_change(self) -> None:
        """No migration is missing in any language, and a dump holds none of our names."""
        for lang in ("en", "zh-hans"):
            with override(lang):
                call_command("makemigrations", "--check", "--dry-run", verbosity=0)
        self.assertEqual(self.said("dumpdata", "--all", "caseflow"), "[]")

    @staticmethod
    def said(*arguments: str) -> str:
        """What a command of ``manage.py`` prints."""
        from io import StringIO

        out = StringIO()
        call_command(*arguments, stdout=out, stderr=out)
        return out.getvalue().strip()

    def test_the_command_line_works_on_the_portals_cases(self) -> None:
        """Its store, its desk with its clock, its relay and its language, without being told."""
        self.clock.advance(days=15)
        with override("zh-hans"):
            self.assertTrue(
                self.said("caseflow", "sweep").startswith("发出 "), self.said("caseflow", "sweep")
            )
            self.assertIn("案件 2", self.said("caseflow", "store", "status"))
            self.assertIn("2 件案件", self.said("caseflow", "audit", "verify"))
        self.assertIn("claimed", self.said("caseflow", "relay", "--once"))
        self.assertIn("routed", self.said("caseflow", "show", "one", "--lang", "en"))
        with self.assertRaises(CommandError) as caught:
            self.said("caseflow", "relay", "dead")
        self.assertEqual(caught.exception.returncode, 1)
        migrate = ("policy", "migrate", "--policy", "wuhu", "--by", "s-1", "--reason", "检查", "--dry-run")
        self.assertIn("2", self.said("caseflow", *migrate))

"""What every page shows: who is signed in, where they may go, what waits for them."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from caseflow.contrib.django import actor_of, desk
from caseflow.contrib.django.config import language
from caseflow.views.labels import PolicyLabels
from inquiries.models import Message

PAGES = {
    "citizen": (("mine", _("My inquiries")),),
    "handler": (("desk", _("Our cases")),),
    "lead_official": (("desk", _("Our cases")),),
    "coordinator": (("intake", _("Intake")), ("desk", _("All cases"))),
    "supervisor": (
        ("cards", _("Cards")),
        ("notices", _("Urging notices")),
        ("appeals", _("Appeals")),
        ("desk", _("All cases")),
    ),
    "moderator": (("proposals", _("To be published")), ("desk", _("All cases"))),
}
"""Role -> the pages of its own, in the order of the menu."""


def reader(request: HttpRequest) -> dict[str, Any]:
    """The actor, their role in words, their pages, and how many messages are unread."""
    actor = actor_of(request)
    if actor is None:
        return {"actor": None}
    role = PolicyLabels(desk().rules, language()).role(actor.role)
    return {
        "actor": actor,
        "actor_role": actor.unit or role,
        "own_pages": PAGES.get(actor.role, ()),
        "unread": Message.objects.filter(user_id=actor.id, is_read=False).count(),
    }

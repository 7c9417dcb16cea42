"""Who is told of what, and how: the users of the portal, in their inboxes."""

from collections.abc import Iterator

from django.contrib.auth.models import User

from caseflow import Case
from caseflow.contrib.django.config import roles
from caseflow.ports import Delivery, Person
from inquiries.models import Message

STANDS_FOR = {"duty_officer": "handler"}
"""Here a unit's handlers look in daily themselves."""


class Staff:
    """Users by the groups that the settings give roles to; a citizen's notices go to that citizen."""

    def holders(self, role: str, *, unit: str, case: Case) -> list[Person]:
        """Everybody with the role, of that unit if it is one unit's."""
        if role == "citizen":
            users = User.objects.filter(pk=case.citizen) if case.citizen.isdigit() else User.objects.none()
        else:
            users = User.objects.filter(groups__name__in=_groups(STANDS_FOR.get(role, role), unit))
        return [
            Person(id=str(user.pk), name=user.get_full_name(), addresses={"inbox": user.username})
            for user in users.filter(is_active=True).distinct()
        ]


def _groups(role: str, unit: str) -> Iterator[str]:
    return (group for group, (name, own) in roles().items() if name == role and own in ("", unit))


class Inbox:
    """Puts a message into the inbox; a second time under the same id it changes nothing."""

    def send(self, delivery: Delivery) -> None:
        """Keep it, once."""
        Message.objects.get_or_create(
            delivery_id=delivery.id,
            defaults={
                "user": User.objects.get(username=delivery.address),
                "case_id": delivery.notice.case_id,
                "subject": delivery.subject,
                "text": delivery.text,
            },
        )

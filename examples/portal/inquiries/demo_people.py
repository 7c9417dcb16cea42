"""The people of the example: one of each role to sign in as, and an account for every unit."""

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, User

from caseflow.contrib.django.config import roles

SHOWN = (
    ("chen", "陈市民 · 市民 / citizen"),
    ("wang", "王办理 · 城管局 / handler"),
    ("li", "李局长 · 城管局领导 / lead official"),
    ("zhao", "赵分转 · 分转 / coordinator"),
    ("sun", "孙督办 · 督办 / supervisor"),
    ("zhou", "周审核 · 公开审核 / moderator"),
    ("mayor", "市长办公室 · 滨江市市长 / a leader's office"),
)
"""Username, which is the password as well -> who it is."""
PEOPLE = {
    "chen": ("陈市民", ""),
    "wang": ("王办理", "城管局"),
    "li": ("李局长", "城管局领导"),
    "zhao": ("赵分转", "分转"),
    "sun": ("孙督办", "督办"),
    "zhou": ("周审核", "公开审核"),
    "mayor": ("市长办公室", "滨江市市长"),
}


def make_people() -> dict[str, User]:
    """Users and groups by username; those that are there stay as they are."""
    groups = {name: Group.objects.get_or_create(name=name)[0] for name in roles() if name}
    people = {
        username: _user(username, name, groups.get(group)) for username, (name, group) in PEOPLE.items()
    }
    for number, (name, group) in enumerate(groups.items()):
        if not User.objects.filter(groups=group).exists():
            _user(f"unit{number}", name, group, password=None)
    return people


def _user(username: str, name: str, group: Group | None, password: str | None = "") -> User:
    secret = make_password(username if password == "" else None)
    user, is_new = User.objects.get_or_create(
        username=username, defaults={"first_name": name, "password": secret}
    )
    if is_new and group is not None:
        user.groups.add(group)
    return user

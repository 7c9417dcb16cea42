"""Personal data in Chinese texts, found by named rules: what a moderator is shown before publication.

The rules know what has a form. The name of a person has none, nor has what a text tells of somebody: a
person reads each text before it is published.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from datetime import date

from caseflow.core.value import Value


class PersonalData(Value):
    """A place in a text: the rule that found something there, and the offsets of its characters."""

    rule: str
    start: int
    end: int


_WIDE = {ord("　"): " "} | {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}
"""Full-width signs and their plain ones, one for one, so that offsets stay."""
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_NAME = "[^\\W\\d_a-zA-Z住在于到是的了和与及从至位我家]"
"""A character of a street's name; those with which a sentence leads up to it are left out."""
_ESTATE = f"(?:{_NAME}{{2,8}}(?:小区|花园|公寓|大厦|家园|苑|庭|府|城))?"
_ROOMS = (
    f"(?:[, ]?{_ESTATE}[0-9A-Z]{{1,4}}(?:号楼|栋|幢|座|单元|层|楼|室|户|房|[-—][0-9]{{1,4}}))*"
    "(?:[0-9]{3,4}(?![0-9]))?"
)


def is_citizen_id(text: str) -> bool:
    """Whether it is a citizen's number of 18 places with its date and check digit.

    Source: GB 11643-1999 (公民身份号码): weights ``2**(18 - i) mod 11``, check digit by ISO 7064 MOD 11-2.
    """
    try:
        date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return False
    rest = sum(int(digit) * weight for digit, weight in zip(text, _WEIGHTS, strict=False)) % 11
    return "10X98765432"[rest] == text[17:].upper()


def is_card_number(text: str) -> bool:
    """Whether the last digit is the check digit by Luhn; blanks and hyphens do not count.

    Source: ISO/IEC 7812-1, annex B.
    """
    digits = [int(sign) for sign in reversed(text) if sign.isdigit()]
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _is_any(text: str) -> bool:
    return True


_RULES: dict[str, tuple[re.Pattern[str], Callable[[str], bool]]] = {
    "citizen-id": (re.compile("(?<![0-9])[1-9][0-9]{16}[0-9Xx](?![0-9])"), is_citizen_id),
    "bank-card": (
        re.compile("(?<![0-9])[3-6](?:[0-9]{15,18}|[0-9]{3}(?:[ -][0-9]{4}){3}(?:[ -][0-9]{1,3})?)(?![0-9])"),
        is_card_number,
    ),
    "mobile": (
        re.compile("(?<![0-9])(?:(?:\\+|00)?86[ -]?)?1[3-9][0-9](?:[ -]?[0-9]{4}){2}(?![0-9])"),
        _is_any,
    ),
    "landline": (
        re.compile(
            "(?<![0-9])(?:\\(0[1-9][0-9]{1,2}\\) ?|(?:(?:\\+|00)86[ -]?)?0?(?<=0)[1-9][0-9]{1,2}[ -]?)"
            "[2-9][0-9]{2,3}[ -]?[0-9]{4}(?:(?:-|转)[0-9]{1,6})?(?![0-9])"
        ),
        _is_any,
    ),
    "e-mail": (
        re.compile("[a-z0-9][a-z0-9._%+-]{0,63}@(?:[a-z0-9-]{1,63}\\.){1,8}[a-z]{2,24}", re.IGNORECASE),
        _is_any,
    ),
    "plate": (
        re.compile(
            f"[{_PROVINCES}][A-HJ-NP-Z][·•. -]?(?=[A-Z]{{0,5}}[0-9])"
            "(?:[A-HJ-NP-Z0-9]{5,6}(?![A-Z0-9])|[A-HJ-NP-Z0-9]{4}[挂学警港澳])",
            re.IGNORECASE,
        ),
        _is_any,
    ),
    "address": (
        re.compile(
            f"{_NAME}{{1,8}}(?:路|街|道|巷|弄|胡同|里|村|组|屯)[0-9]{{1,5}}(?:-[0-9]{{1,4}})?"
            f"(?:号|弄(?:[0-9]{{1,4}}号)?){_ROOMS}"
            f"|{_ESTATE}[0-9A-Z]{{1,4}}(?:栋|幢|号楼|座)[, ]?"
            "(?:[0-9A-Z]{1,3}单元)?[, ]?[0-9]{1,5}(?:室|户|房|号)?",
            re.IGNORECASE,
        ),
        _is_any,
    ),
}
PERSONAL_DATA_RULES = tuple(_RULES)
"""The rules by name; where several find something in one place, the first of them counts.

``citizen-id`` 公民身份号码 and ``bank-card`` 银行卡号 with their check digits; ``mobile`` 手机号 and
``landline`` 固定电话; ``e-mail``; ``plate`` 车牌; ``address``: a house number or a room, with the
street's name before it.
"""


def personal_data(text: str, rules: Collection[str] = PERSONAL_DATA_RULES) -> tuple[PersonalData, ...]:
    """What the rules find, in the order of places; no two overlap.

    Full-width figures and letters are read like plain ones.

    Args:
        rules: names of `PERSONAL_DATA_RULES`.
    """
    plain, places = text.translate(_WIDE), list[PersonalData]()
    is_taken = bytearray(len(text))
    for name, (pattern, is_one) in _RULES.items():
        if name in rules:
            for hit in pattern.finditer(plain):
                start, end = hit.span()
                if not any(is_taken[start:end]) and is_one(hit.group()):
                    is_taken[start:end] = b"1" * (end - start)
                    places.append(PersonalData(name, start, end))
    return tuple(sorted(places, key=lambda one: one.start))


def hidden(text: str, places: Iterable[PersonalData], mark: str = "*") -> str:
    """The text with every character of those places replaced by the mark; offsets stay."""
    signs = list(text)
    for place in places:
        signs[place.start : place.end] = mark * (place.end - place.start)
    return "".join(signs)

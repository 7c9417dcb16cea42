"""Personal values that belong to nobody, each under the rule that must find it."""

from __future__ import annotations

from random import Random
from typing import Any

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"


def digits(chance: Random, count: int) -> str:
    return "".join(chance.choice("0123456789") for _ in range(count))


def citizen_id(chance: Random) -> str:
    born = f"{chance.randint(1930, 2015)}{chance.randint(1, 12):02}{chance.randint(1, 28):02}"
    body = chance.choice(("110105", "340203", "440106")) + born + digits(chance, 3)
    rest = sum(int(one) * weight for one, weight in zip(body, WEIGHTS, strict=True)) % 11
    return body + "10X98765432"[rest]


def luhn(body: str) -> str:
    """The number with its check digit: every second digit from the right doubled, nines cast out."""
    doubled = [int(one) * 2 if place % 2 == 0 else int(one) for place, one in enumerate(reversed(body))]
    return body + str(-sum(value - 9 if value > 9 else value for value in doubled) % 10)


def bank_card(chance: Random) -> str:
    card = luhn(chance.choice(("6222", "6217", "4367")) + digits(chance, chance.choice((11, 14))))
    return card if chance.random() < 0.6 else " ".join(card[at : at + 4] for at in range(0, len(card), 4))


def mobile(chance: Random) -> str:
    parts = chance.choice(("130", "138", "159", "177", "189", "198")), digits(chance, 4), digits(chance, 4)
    return chance.choice(("", "+86 ", "86")) + chance.choice(("", "-", " ")).join(parts)


def landline(chance: Random) -> str:
    area = chance.choice(("010", "021", "0553", "0731"))
    number = chance.choice("2345678") + digits(chance, 6 if len(area) == 4 else 7)
    form = chance.choice(("{}-{}", "{}{}", "({}){}", "（{}）{}", "{} {}", "{}-{}转801"))
    return form.format(area, number)


def e_mail(chance: Random) -> str:
    name = chance.choice(("li.wei", "zhang_san", "wxm")) + digits(chance, 3)
    return f"{name}@{chance.choice(('qq.com', '163.com', 'mail.example.com.cn'))}"


def plate(chance: Random) -> str:
    head = chance.choice("皖京粤浙湘") + chance.choice(LETTERS) + chance.choice(("", "·", " "))
    tails = (
        digits(chance, 5), chance.choice(LETTERS) + digits(chance, 4), "D" + digits(chance, 5),
        digits(chance, 3) + chance.choice(LETTERS) + digits(chance, 1), digits(chance, 4) + "挂",
    )  # fmt: skip
    return head + chance.choice(tails)


def address(chance: Random) -> str:
    road = chance.choice(("中山路", "人民大道", "黄山西路", "解放街", "白云巷", "城东村", "长江中路"))
    house, room = chance.randint(1, 999), chance.randint(101, 2904)
    forms = (
        f"{road}{house}号", f"{road}{house}号{chance.randint(1, 30)}栋{chance.randint(1, 5)}单元{room}室",
        f"阳光花园{chance.randint(1, 30)}栋{room}", f"{road}{house}弄{chance.randint(1, 90)}号{room}室",
    )  # fmt: skip
    return chance.choice(forms)


MAKERS: dict[str, Any] = {
    "citizen-id": citizen_id, "bank-card": bank_card, "mobile": mobile, "landline": landline,
    "e-mail": e_mail, "plate": plate, "address": address,
}  # fmt: skip
"""Rule -> what makes a value for it."""


def widened(chance: Random, value: str) -> str:
    """The value, now and then with full-width figures, as people's keyboards write them."""
    if chance.random() < 0.9:
        return value
    return "".join(chr(ord(one) + 0xFEE0) if one.isascii() and one.isdigit() else one for one in value)

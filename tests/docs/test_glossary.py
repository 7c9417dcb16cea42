"""The glossary and the program use the same Chinese words."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
GLOSSARY = ROOT / "docs" / "glossary.md"
SOURCE = ROOT / "src" / "caseflow"
SPOKEN = (SOURCE / "locale" / "zh.toml", SOURCE / "locale" / "messages.zh.txt",
          SOURCE / "cli" / "systems.toml", *(SOURCE / "policies").glob("*.toml"))  # fmt: skip
"""Where the words stand that people read."""
OF_THE_FIELD = {
    "限时办结", "调休", "响应率", "解决率", "满意率", "智慧问政", "未诉先办", "保留来源", "对职务不对人",
    "年度数字", "外网受理", "外网公开反馈", "简称",
}  # fmt: skip
"""What the field says and the program has no occasion to."""


def rows() -> list[str]:
    """What each row of the glossary explains, in Chinese."""
    cells = re.findall(r"^\| ([^|]+) \|", GLOSSARY.read_text(encoding="utf-8"), re.MULTILINE)
    return [cell for cell in cells if cell != "中文"]


def test_the_program_says_each_term() -> None:
    """A term is a word of the messages, help or policies, unless it is one that only the field uses."""
    spoken = "".join(file.read_text(encoding="utf-8") for file in SPOKEN)
    terms = {term for row in rows() for term in re.split(r"[/·、：（）\s]+", row) if term}
    assert {term for term in terms if term not in spoken} <= OF_THE_FIELD <= terms


def test_a_row_names_what_no_other_does() -> None:
    """No two rows begin alike: each term is explained once."""
    assert sorted(rows()) == sorted(set(rows()))

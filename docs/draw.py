"""Draw the pictures of the policies' pages from the pages' own examples: ``python docs/draw.py``.

The Python blocks of a page are run in order; what their ``timeline`` tells of their ``case`` is the picture.
A test keeps the pictures up to date.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

POLICIES = Path(__file__).parent / "policies"
BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


def pages() -> tuple[Path, ...]:
    """The pages that show a picture of their own, by name."""
    found = POLICIES.glob("*.md")
    return tuple(sorted(page for page in found if f"]({page.stem}.svg)" in page.read_text(encoding="utf-8")))


def picture(page: Path) -> str:
    """What the examples of the page draw."""
    known: dict[str, Any] = {}
    for block in BLOCK.findall(page.read_text(encoding="utf-8")):
        exec(block, known)
    drawn: str = known["timeline"].svg(known["case"])
    return drawn


if __name__ == "__main__":
    for page in pages():
        page.with_suffix(".svg").write_text(picture(page), encoding="utf-8")

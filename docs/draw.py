"""Draw the pictures of the policies' pages from the pages' own examples: ``python docs/draw.py``.

The Python blocks of a page are run in order; what their ``timeline`` tells of their ``case`` is the picture,
and in Chinese that of the Chinese page. A test keeps the pictures up to date.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

POLICIES = Path(__file__).parent / "policies"
CHINESE = Path(__file__).parent / "zh" / "policies"
BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


def pages() -> tuple[Path, ...]:
    """The English pages that show a picture of their own, by name."""
    found = POLICIES.glob("*.md")
    return tuple(sorted(page for page in found if f"]({page.stem}.svg)" in page.read_text(encoding="utf-8")))


def pictures(page: Path) -> dict[Path, str]:
    """File -> what the examples of the page draw there: in its language, and in Chinese."""
    known: dict[str, Any] = {}
    for block in BLOCK.findall(page.read_text(encoding="utf-8")):
        exec(block, known)
    svg, case = known["timeline"].svg, known["case"]
    name = f"{page.stem}.svg"
    return {POLICIES / name: svg(case), CHINESE / name: svg(case, lang="zh")}


if __name__ == "__main__":
    for page in pages():
        for file, picture in pictures(page).items():
            file.write_text(picture, encoding="utf-8")

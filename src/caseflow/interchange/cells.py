"""Cells of a CSV that any file can hold, and spreadsheets open without running them."""

from __future__ import annotations

import re

_SIGNS = "=+@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b-"
"""With what a formula may begin: the signs, their full-width and small forms."""
_SKIPPED = r"\s\x00-\x1f\x7f-\xa0\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"
"""What a program may skip before it, or take away: blanks and what is not seen."""
_FORMULA = re.compile(rf"(^[\t\r\n]|(?:^|[;\t])(?=[{_SKIPPED}]*[{_SIGNS}]))")


def safe_cell(text: str) -> str:
    """The cell with an apostrophe in front of what a spreadsheet would take for a formula.

    Full-width signs count as well, since some programs read them as the plain ones; so do signs behind blanks
    and characters that are not seen, and behind a semicolon, which parts cells where a comma is decimal.

    >>> safe_cell("=1+1"), safe_cell("\uff1d1+1"), safe_cell("1+1")
    ("'=1+1", "'\uff1d1+1", '1+1')
    >>> safe_cell("\ufeff =1+1"), safe_cell("a;=1+1")
    ("'\ufeff =1+1", "a;'=1+1")

    Source:
        OWASP, CSV Injection.
    """
    if not text or (text[0].isalnum() and ";" not in text and "\t" not in text):
        return text
    return _FORMULA.sub(_guarded, text)


def _guarded(match: re.Match[str]) -> str:
    return f"'{match[0]}" if match.start() == 0 else f"{match[0]}'"


def writable(text: str) -> str:
    """The text with what no UTF-8 can hold written out: half of a pair, or bytes that were no text."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()

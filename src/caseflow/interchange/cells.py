"""Cells of a CSV that any file can hold, and spreadsheets open without running them."""

from __future__ import annotations

_SIGNS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b"
"""With what a formula may begin: the signs, their full-width and small forms, and what a program may skip."""


def safe_cell(text: str) -> str:
    """The cell with an apostrophe in front when a spreadsheet would take it for a formula.

    Full-width signs count as well, since some programs read them as the plain ones.

    >>> safe_cell("=1+1"), safe_cell("\uff1d1+1"), safe_cell("1+1")
    ("'=1+1", "'\uff1d1+1", '1+1')

    Source:
        OWASP, CSV Injection.
    """
    return f"'{text}" if text and text[0] in _SIGNS else text


def writable(text: str) -> str:
    """The text with what no UTF-8 can hold written out: half of a pair, or bytes that were no text."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()

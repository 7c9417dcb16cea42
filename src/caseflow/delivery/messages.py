"""The messages: shipped in two languages, any of them replaced by a portal's own file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path

from caseflow.delivery.wording import WORDS
from caseflow.errors import BadInput
from caseflow.views.letter import check_folder
from caseflow.views.templates import Message, sections

FALLBACK = "event"
"""The message for a key that no file has."""


class Messages:
    """Key and language -> message.

    Args:
        folder: the portal's own ``messages.zh.txt`` and ``messages.en.txt``: each section takes the place of
            the shipped one of that key, or adds a key; and its own pages of documents.

    Raises:
        BadInput: a message or page with a place that nothing fills.
    """

    def __init__(self, folder: str | Path | None = None) -> None:
        self.folder = None if folder is None else Path(folder)
        self._own: dict[str, Mapping[str, Message]] = {}
        if self.folder is not None:
            check_folder(self.folder)
            self._own = {lang: _read(self.folder / f"messages.{lang}.txt") for lang in ("zh", "en")}

    def of(self, key: str, lang: str) -> Message:
        """The message in that language: the portal's, the shipped one, or the plainest."""
        own, shipped = self._own.get(lang, {}), _shipped(lang)
        return own.get(key) or shipped.get(key) or own.get(FALLBACK) or shipped[FALLBACK]


def _read(file: Path) -> Mapping[str, Message]:
    if not file.is_file():
        return {}
    try:
        return sections(file.read_text(encoding="utf-8"), WORDS, what=str(file))
    except UnicodeDecodeError as error:
        raise BadInput("bad-template", what=str(file), found=f"byte {error.start}, not UTF-8") from error


@cache
def _shipped(lang: str) -> Mapping[str, Message]:
    file = resources.files("caseflow.delivery.texts").joinpath(f"messages.{lang}.txt")
    return sections(file.read_text(encoding="utf-8"), WORDS, what=file.name)

"""The messages: shipped beside the catalogue of texts, any of them replaced by a portal's own file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path

from caseflow.delivery.renderer import WORDS
from caseflow.errors import BadInput
from caseflow.i18n import FALLBACK, SHIPPED, languages
from caseflow.views.letter import Message, check_folder, sections

PLAINEST = "event"
"""The message for a key that no file has."""


class Messages:
    """Key and language -> message.

    Args:
        folder: the portal's own ``messages.zh.txt``, ``messages.en.txt``, or one of a language that it
            loaded: each section takes the place of the shipped one of that key, or adds a key; and its own
            pages of documents.

    Raises:
        BadInput: a message or page with a place that nothing fills.
    """

    def __init__(self, folder: str | Path | None = None) -> None:
        self.folder = None if folder is None else Path(folder)
        self._own: dict[str, Mapping[str, Message]] = {}
        if self.folder is not None:
            check_folder(self.folder)
            self._own = {lang: _read(self.folder / f"messages.{lang}.txt") for lang in languages()}

    def of(self, key: str, lang: str) -> Message:
        """The message: the portal's, the shipped one (in English where there is none), or the plainest."""
        own, shipped = self._own.get(lang, {}), _shipped(lang if lang in SHIPPED else FALLBACK)
        return own.get(key) or shipped.get(key) or own.get(PLAINEST) or shipped[PLAINEST]


def _read(file: Path) -> Mapping[str, Message]:
    if not file.is_file():
        return {}
    try:
        return sections(file.read_text(encoding="utf-8"), WORDS, what=str(file))
    except UnicodeDecodeError as error:
        raise BadInput("bad-template", what=str(file), found=f"byte {error.start}, not UTF-8") from error


@cache
def _shipped(lang: str) -> Mapping[str, Message]:
    file = resources.files("caseflow").joinpath("locale", f"messages.{lang}.txt")
    return sections(file.read_text(encoding="utf-8"), WORDS, what=file.name)

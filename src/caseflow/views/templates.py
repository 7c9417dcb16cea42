"""Texts with places for words: read from files, checked, and filled in so that HTML stays safe."""

from __future__ import annotations

import html
from collections.abc import Mapping, Set
from string import Template

from caseflow.core.values import Value, value
from caseflow.errors import BadInput


def checked(text: str, known: Set[str], *, what: str) -> Template:
    """The template of a text with places such as ``$unit`` or ``${unit}``; ``$$`` is a dollar sign.

    Raises:
        BadInput: a place that nothing fills, or a dollar sign alone.
    """
    template = Template(text)
    if not template.is_valid():
        raise BadInput("bad-template", what=what, found="$")
    unknown = sorted(set(template.get_identifiers()) - known)
    if unknown:
        raise BadInput("template-unknown-word", what=what, found=unknown[0], known=", ".join(sorted(known)))
    return template


def as_html(words: Mapping[str, str]) -> dict[str, str]:
    """The words with every character escaped that means something in HTML; line breaks become ``<br>``."""
    return {name: html.escape(word).replace("\n", "<br>") for name, word in words.items()}


def paragraphs(text: str, lang: str) -> str:
    """A plain text as a small HTML document: a paragraph for each block of lines."""
    blocks = [block for block in text.split("\n\n") if block.strip()]
    body = "\n".join(f"<p>{html.escape(block.strip()).replace(chr(10), '<br>')}</p>" for block in blocks)
    head = f'<!doctype html>\n<html lang="{lang}"><head><meta charset="utf-8"></head>'
    return f"{head}<body>\n{body}\n</body></html>\n"


@value
class Message(Value):
    """What is said: one line, and a text."""

    subject: Template
    text: Template


def sections(raw: str, known: Set[str], *, what: str) -> dict[str, Message]:
    """The messages of a file: ``# key``, the subject on the next line, and the text below it.

    Raises:
        BadInput: a section without a subject, or a template that cannot be filled.
    """
    found: dict[str, Message] = {}
    for part in ("\n" + raw.replace("\r\n", "\n")).split("\n# ")[1:]:
        key, _, rest = part.partition("\n")
        subject, _, text = rest.strip("\n").partition("\n")
        here = f"{what}: {key.strip()}"
        if not key.strip() or not subject.strip():
            raise BadInput("bad-template", what=here, found="''")
        found[key.strip()] = Message(
            checked(subject.strip(), known, what=here), checked(text.strip() + "\n", known, what=here)
        )
    return found

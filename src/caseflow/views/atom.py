"""A feed of Atom (RFC 4287) from entries, as bytes; a later page is linked as RFC 5005 says."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from xml.etree import ElementTree

from caseflow.core.value import Value

MEDIA_TYPE = "application/atom+xml"
_SPACE = "http://www.w3.org/2005/Atom"
_NO_XML = {code: "\ufffd" for code in (*range(32), 0xFFFE, 0xFFFF) if code not in (9, 10, 13)}
"""Characters that no XML document may hold (XML 1.0, 2.2)."""


class AtomEntry(Value):
    """One entry: ``address`` is its own, and its id for ever."""

    address: str
    title: str
    content: str
    published_at: datetime


def atom(
    entries: Iterable[AtomEntry],
    *,
    address: str,
    title: str,
    author: str,
    updated_at: datetime,
    next_address: str = "",
) -> bytes:
    """The feed as UTF-8.

    Args:
        address: of the feed itself, and its id.
        author: the office that publishes.
        updated_at: when the newest entry was published; any instant for an empty feed.
        next_address: of the page with the entries before these; empty for none.
    """
    ElementTree.register_namespace("", _SPACE)
    feed = ElementTree.Element(f"{{{_SPACE}}}feed")
    _add(feed, "id", address)
    _add(feed, "title", title)
    _add(feed, "updated", updated_at.isoformat())
    _add(_add(feed, "author"), "name", author)
    _add(feed, "link", rel="self", href=address)
    if next_address:
        _add(feed, "link", rel="next", href=next_address)
    for one in entries:
        entry = _add(feed, "entry")
        _add(entry, "id", one.address)
        _add(entry, "title", one.title)
        _add(entry, "published", one.published_at.isoformat())
        _add(entry, "updated", one.published_at.isoformat())
        _add(entry, "link", rel="alternate", href=one.address)
        _add(entry, "content", one.content, type="text")
    document: bytes = ElementTree.tostring(feed, encoding="utf-8", xml_declaration=True)
    return document


def _add(parent: ElementTree.Element, name: str, text: str = "", **attributes: str) -> ElementTree.Element:
    part = ElementTree.SubElement(parent, f"{{{_SPACE}}}{name}", attributes)
    part.text = text.translate(_NO_XML) or None
    return part

"""A whole XES log read again: its traces as the lines of `exits.jsonl` would say them, one at a time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn
from xml.sax import SAXException, make_parser
from xml.sax.handler import ContentHandler, LexicalHandler, property_lexical_handler
from xml.sax.xmlreader import AttributesImpl, IncrementalParser

from caseflow.errors import LogError
from caseflow.exits.whole import HEAD, Object, case_object

CHUNK = 1 << 16


def traces_read(path: Path) -> Iterator[Object]:
    """The header, policies, cases and the end.

    Raises:
        LogError: ``export-lean`` for a log that was not written whole; XML that is cut off, is none, or
            declares a document type, which could let a small file grow without end.
    """
    traces = _Traces()
    parser: Any = make_parser()
    assert isinstance(parser, IncrementalParser)
    parser.setContentHandler(traces)
    parser.setProperty(property_lexical_handler, _NoDoctype())
    with path.open("rb") as file:
        try:
            while chunk := file.read(CHUNK):
                parser.feed(chunk)
                yield from traces.taken()
            parser.close()
            yield from traces.taken()
        except _Lean as error:
            raise LogError("export-lean", file=path, line=traces.line) from error
        except (SAXException, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            found = getattr(error, "getMessage", error.__str__)()
            raise LogError("export-line", file=path, line=traces.line, found=found[:120]) from error


class _Lean(Exception):  # it is no error of ours: the file was written for other readers
    """The log was not written to be imported."""


class _NoDoctype(LexicalHandler):
    def startDTD(self, name: str, public_id: str | None, system_id: str | None) -> NoReturn:  # noqa: N802  # SAX
        raise ValueError("a document type is declared")


class _Traces(ContentHandler):
    """Gathers what the elements say into objects."""

    def __init__(self) -> None:
        super().__init__()
        self._found: list[Object] = []
        self._log: dict[str, str] = {}
        self._trace: dict[str, str] = {}
        self._event: dict[str, str] = {}
        self._bodies: dict[int, str] = {}
        self._inside: list[str] = []
        self._cases = 0
        self._has_begun = False

    def taken(self) -> list[Object]:
        """What was gathered since the last time."""
        found, self._found = self._found, []
        return found

    @property
    def line(self) -> int:
        """Where the parser stands."""
        return max(1, self._locator.getLineNumber() or 1) if self._locator else 1  # type: ignore[attr-defined]  # SAX sets it

    def startElement(self, name: str, attrs: AttributesImpl) -> None:  # noqa: N802  # SAX
        owner = self._inside[-1] if self._inside else ""
        self._inside.append(name)
        if name == "trace":
            self._begin()
            self._trace, self._bodies = {}, {}
        elif name == "event":
            self._event = {}
        elif "key" in attrs and "value" in attrs and owner in ("log", "trace", "event"):
            held = {"log": self._log, "trace": self._trace, "event": self._event}[owner]
            held[attrs["key"]] = attrs["value"]

    def endElement(self, name: str) -> None:  # noqa: N802  # SAX
        self._inside.pop()
        if name == "event":
            self._bodies[int(self._event["version"])] = self._event["body"]
        elif name == "trace":
            case_id, bodies = self._trace["concept:name"], self._bodies
            if sorted(bodies) != list(range(1, len(bodies) + 1)):
                raise ValueError(f"the events of case {case_id} are not whole")
            self._add_policies(self._trace.get("policies", "{}"))
            shown = [bodies[version] for version in sorted(bodies)]
            self._found.append((self.line, *case_object(case_id, shown, self._trace["head"])))
            self._cases += 1
        elif name == "log":
            self._begin()
            end = {"cases": self._cases, "keys": 0, "position": int(self._log["position"])}
            self._found.append((self.line, {"end": end}, ()))

    def _begin(self) -> None:
        """Before the first trace: the header and the policies."""
        if self._has_begun:
            return
        self._has_begun = True
        if "policies" not in self._log or "position" not in self._log:
            raise _Lean
        self._found.append((1, HEAD, ()))
        self._add_policies(self._log["policies"])

    def _add_policies(self, said: str) -> None:
        for pin, document in json.loads(said).items():
            self._found.append((self.line, {"policy": pin, "document": document}, ()))

"""What was done with a timeline, kept so that it can be written down as a Python test."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

from caseflow.testing.step import Call, python_source

INDENT = "    "


class Journal:
    """The calls made so far, in order, as they would be written.

    Calls are kept as they came and written only when asked for: most runs never are.
    """

    def __init__(self, opening: str, *, remark: str = "") -> None:
        self._opening = opening
        self._remark = remark
        self._entries: list[tuple[int, str, tuple[str, tuple[Any, ...], Mapping[str, Any]] | None]] = []
        """Depth, the line or what a method is called on, and the method with its arguments."""
        self._depth = 0
        self._names = 0

    def call(self, target: str, method: str, args: tuple[Any, ...], named: Mapping[str, Any]) -> int:
        """A command by its method and arguments; returns its place, so that its refusal can be noted."""
        self._entries.append((self._depth, target, (method, args, named)))
        return len(self._entries) - 1

    def refused(self, place: int, code: str) -> None:
        """That command was refused."""
        depth, target, call = self._entries[place]
        self._entries[place] = (depth, f"with timeline.refused({python_source(code)}):", None)
        self._entries.insert(place + 1, (depth + 1, target, call))

    def line(self, text: str) -> None:
        """A statement."""
        self._entries.append((self._depth, text, None))

    def name(self, stem: str) -> str:
        """A name that no other step has."""
        self._names += 1
        return f"{stem}_{self._names}"

    def enter(self, text: str) -> int:
        """A block begins; returns where, for `leave` or `forget`."""
        self._entries.append((self._depth, text, None))
        self._depth += 1
        return len(self._entries) - 1

    def leave(self, begun: int) -> None:
        """The block ended."""
        if len(self._entries) == begun + 1:
            self.line("pass")
        self._depth -= 1

    def forget(self, begun: int) -> None:
        """The block ended and left no trace."""
        self._depth = self._entries[begun][0]
        del self._entries[begun:]

    def source(self, name: str, story: str) -> str:
        """A test function that does the same and expects the same story."""
        body = [f"# {self._remark}"] if self._remark else []
        body.append(f"timeline = {self._opening}")
        for depth, line, call in self._entries:
            body.append(INDENT * depth + (line if call is None else Call(*call).source(line)))
        if self._entries and body[-1].endswith(":"):
            body.append(INDENT * self._depth + "pass")
        body += _expectation(story)
        document = "policy_from_document" in self._opening
        heads = ["import json\n", "from caseflow.policies.parse import policy_from_document"]
        lines = [*(heads if document else ()), "from caseflow.testing import Timeline"]
        if any("datetime.fromisoformat(" in line for line in body):
            lines.insert(0, "from datetime import datetime\n")
        if any("Actor(" in line for line in body):
            lines.insert(len(lines) - 1, "from caseflow import Actor")
        lines += ["", "", f"def {name}():", *(INDENT + line if line else "" for line in body)]
        return "\n".join(lines) + "\n"


def _expectation(story: str) -> list[str]:
    if "\\" in story or '"""' in story:
        return [
            "timeline.assert_story(",
            *(f"{INDENT}{line + chr(10)!r}" for line in story.splitlines()),
            ")",
        ]
    return ['timeline.assert_story("""', *textwrap.indent(story, INDENT).splitlines(), '""")']

"""What was done with a timeline, kept so that it can be written down as a Python test."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from caseflow.core.commands import Actor

INDENT = "    "


class Journal:
    """The calls made so far, in order, as they would be written.

    Calls are kept as they came and written only when asked for: most runs never are.
    """

    def __init__(self, opening: str, *, remark: str = "") -> None:
        self._opening = opening
        self._remark = remark
        self._steps: list[tuple[int, str, tuple[Any, ...]]] = []
        self._depth = 0
        self._names = 0

    def call(self, method: str, first: tuple[Any, ...], named: Mapping[str, Any]) -> int:
        """A command by its method and arguments; returns the step, so that its refusal can be noted."""
        self._steps.append((self._depth, "act", (method, first, named)))
        return len(self._steps) - 1

    def refused(self, step: int, code: str) -> None:
        """That command was refused."""
        depth, _, call = self._steps[step]
        self._steps[step] = (depth, "refused", (*call, code))

    def line(self, text: str) -> None:
        """A statement."""
        self._steps.append((self._depth, "line", (text,)))

    def time(self, options: Mapping[str, Any]) -> None:
        """An advance."""
        self._steps.append((self._depth, "advance", (options,)))

    def next(self, level: str) -> None:
        """A deadline that was gone to."""
        self._steps.append((self._depth, "next", (level,)))

    def name(self, stem: str) -> str:
        """A name that no other step has."""
        self._names += 1
        return f"{stem}_{self._names}"

    def enter(self, text: str) -> int:
        """A block begins; returns where, for `leave` or `forget`."""
        self._steps.append((self._depth, "block", (text,)))
        self._depth += 1
        return len(self._steps) - 1

    def leave(self, begun: int) -> None:
        """The block ended."""
        if len(self._steps) == begun + 1:
            self.line("pass")
        self._depth -= 1

    def forget(self, begun: int) -> None:
        """The block ended and left no trace."""
        self._depth = self._steps[begun][0]
        del self._steps[begun:]

    def source(self, name: str, story: str) -> str:
        """A test function that does the same and expects the same story."""
        body = [f"# {self._remark}"] if self._remark else []
        body.append(f"timeline = {self._opening}")
        for depth, kind, what in self._steps:
            body += [INDENT * depth + line for line in _WRITTEN[kind](*what)]
        if self._steps and self._steps[-1][1] == "block":
            body.append(INDENT * self._depth + "pass")
        body += _expectation(story)
        document = "policy_from_document" in self._opening
        heads = ["import json\n", "from caseflow.core.policy_document import policy_from_document"]
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


def _act(method: str, first: tuple[Any, ...], named: Mapping[str, Any]) -> list[str]:
    arguments = [*map(written, first), *(f"{name}={written(found)}" for name, found in named.items())]
    return [f"{method}({', '.join(arguments)})"]


def _refused(method: str, first: tuple[Any, ...], named: Mapping[str, Any], code: str) -> list[str]:
    return [f"with timeline.refused({written(code)}):", INDENT + _act(method, first, named)[0]]


def _advance(options: Mapping[str, Any]) -> list[str]:
    given = (f"{name}={written(found)}" for name, found in options.items() if found)
    return [f"timeline.advance({', '.join(given)})"]


def _next(level: str) -> list[str]:
    return [f"assert timeline.to_next_deadline().level == {written(level)}"]


def _line(text: str) -> list[str]:
    return [text]


_WRITTEN: dict[str, Any] = {
    "act": _act, "refused": _refused, "advance": _advance, "next": _next, "line": _line, "block": _line,
}  # fmt: skip


def written(found: Any) -> str:
    """The value as Python source."""
    if isinstance(found, Actor):
        unit = f", unit={written(found.unit)}" if found.unit else ""
        return f"Actor({written(found.id)}, role={written(found.role)}{unit})"
    if isinstance(found, date):
        found = found.isoformat()
    if isinstance(found, Mapping):
        return f"{{{', '.join(f'{written(name)}: {_field(part)}' for name, part in found.items())}}}"
    if type(found) in (list, tuple):
        parts = ", ".join(map(_field, found))
        return f"[{parts}]" if type(found) is list else f"({parts}{',' * (len(found) == 1)})"
    if isinstance(found, str) and found.isprintable():
        return json.dumps(found, ensure_ascii=False)  # the same text as in Python, in double quotes
    return repr(found)


def _field(found: Any) -> str:
    """A value inside another as Python source: an instant stays one, since fields take no text for it."""
    is_instant = isinstance(found, datetime)
    return f"datetime.fromisoformat({found.isoformat()!r})" if is_instant else written(found)

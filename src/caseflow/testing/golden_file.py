"""Golden files: a history as JSON that people read and compare, one event or card on a line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from textwrap import indent
from typing import Any

from caseflow.codec import decode, encode
from caseflow.errors import BadInput, CaseflowError
from caseflow.ports import Text
from caseflow.testing.golden import GoldenHistory, story_of_history

FORMAT = 1
"""The version of the files."""
SUFFIX = ".json"
"""How their names end."""
LARGEST = 20_000_000
"""Bytes of a file."""


def golden_files(folder: str | Path) -> tuple[Path, ...]:
    """Every golden file of a folder, by name; what a test is parametrised with.

    Raises:
        BadInput: there is none, so that a test over them would prove nothing.
    """
    found = tuple(sorted(Path(folder).glob(f"*{SUFFIX}")))
    if not found:
        raise BadInput("no-golden-files", what=str(folder), found=f"*{SUFFIX}")
    return found


def write_golden(path: str | Path, history: GoldenHistory) -> None:
    """Write the history to a golden file.

    Raises:
        BadInput: the name does not end in ``.json``.
    """
    path = Path(path)
    if path.suffix != SUFFIX:
        raise BadInput("golden-suffix", what=str(path), found=path.suffix or "-")
    path.write_text(written(history), encoding="utf-8")


def written(history: GoldenHistory) -> str:
    """The text of the history's file."""
    parts = {
        "format": _flat(FORMAT),
        "about": _flat(history.about),
        "cases": _table({case_id: _case(history, case_id) for case_id in history.ids()}),
        "events": _list([[case_id, json.loads(encode(event))] for case_id, event in history.events]),
        "texts": _table(
            {
                case_id: _list([[text.version, text.field, text.salt, text.text] for text in texts])
                for case_id, texts in history.texts.items()
            }
        ),
        "policies": _table({pin: _flat(document) for pin, document in history.policies.items()}),
    }
    return _table(parts) + "\n"


def _case(history: GoldenHistory, case_id: str) -> str:
    return _table(
        {
            "story": _list(str(story_of_history(history, case_id)).splitlines()),
            "cards": _list(history.cards[case_id]),
            "case": _table({name: _flat(found) for name, found in history.cases[case_id].items()}),
        }
    )


def _flat(found: Any) -> str:
    return json.dumps(found, ensure_ascii=False)


def _table(parts: Mapping[str, str]) -> str:
    lines = [f"{_flat(name)}: {part}" for name, part in parts.items()]
    return "{" + _spread(lines) + "}"


def _list(items: Iterable[Any]) -> str:
    return "[" + _spread([_flat(item) for item in items]) + "]"


def _spread(lines: list[str]) -> str:
    return "\n" + indent(",\n".join(lines), "  ") + "\n" if lines else ""


def read_golden(path: str | Path) -> GoldenHistory:
    """The history of a golden file.

    Raises:
        BadInput: the file cannot be read, is not a golden file, or is of a newer format.
    """
    path = Path(path)
    try:
        if path.stat().st_size > LARGEST:
            raise BadInput("bad-golden", what=str(path), found=f"more than {LARGEST} bytes")
        document = json.loads(path.read_bytes())
        if document["format"] != FORMAT:
            raise BadInput("bad-golden", what=str(path), found=f"format {document['format']}")
        return _history(document)
    except OSError as error:
        raise BadInput("bad-golden", what=str(path), found=error.strerror or str(error)) from error
    except BadInput:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, CaseflowError) as error:
        raise BadInput(
            "bad-golden", what=str(path), found=f"{type(error).__name__}: {error}"[:200]
        ) from error


def _history(document: Mapping[str, Any]) -> GoldenHistory:
    events = tuple((str(case_id), decode(_flat(body).encode())) for case_id, body in document["events"])
    cases = document["cases"]
    history = GoldenHistory(
        str(document["about"]),
        events,
        dict(document["policies"]),
        {case_id: tuple(Text(*text) for text in texts) for case_id, texts in document["texts"].items()},
        {case_id: list(said["cards"]) for case_id, said in cases.items()},
        {case_id: dict(said["case"]) for case_id, said in cases.items()},
    )
    if not events or set(history.ids()) != set(cases):
        raise ValueError("events and cases do not name the same cases")
    return history

"""Exported files of every kind of event, each with one value otherwise, and the chain computed anew."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from functools import cache
from io import StringIO
from pathlib import Path
from random import Random
from typing import Any

from caseflow import MemoryStore
from caseflow.core.policy import pin_of
from caseflow.interchange import jsonl
from caseflow.serialization.codec import chained, encode
from caseflow.testing.golden.golden_history import golden_files, read_golden
from tests.audit.lived import live

GOLDEN = Path(__file__).parents[1] / "golden"
Lines = list[dict[str, Any]]
Path_ = tuple[Any, ...]

DEEP: list[Any] = []
for _ in range(300):
    DEEP = [DEEP]

ODD: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 5, 10**6, 2**31, 2**53, 2**63 - 1, 2**63, -(2**63), 10**30, -(10**30), 0.5,
    1e308, 253402300799999999, 253402300800000000, -62135596800000000, -62135596800000001, float("nan"),
    "", "x", "\x1b[31m", "\0", "\ud800", "\u202e", "a" * 201, "a" * 501, "x" * 100_001, "城管局", "UTC",
    "Nowhere/Land", "../../etc", "2025-02-30", "9999-12-31", "=1+1", "running", "void", "handling", "yellow",
    "reply", "submit", "field:x", "months", "٣", [], {}, [[]], [None], [1], ["x"], ["x", 1], [1, "x"],
    [[1, 2]], [["x", 1]], [["x", True]], [["x", 1, "days"]], [["x", "y"]], {"x": 1}, {"a": {"b": [1]}}, DEEP,
)  # fmt: skip
"""Other types, extremes, what is out of order, what does not print, what nests."""


@cache
def bases() -> tuple[Lines, ...]:
    """Exports in which every kind of event, notices, documents, texts, keys and policies occur."""
    store, out = MemoryStore(), StringIO()
    live(store)
    jsonl.write(store, out)
    lived = [json.loads(line) for line in out.getvalue().splitlines()]
    return (lived, lived, lived, *map(_of_golden, golden_files(GOLDEN)))


def _of_golden(path: Path) -> Lines:
    history = read_golden(path)
    lines: Lines = [{"caseflow": "store", "format": 1, "texts": True, "since": 0}]
    lines += [{"policy": pin, "document": document} for pin, document in history.policies.items()]
    for case_id in history.ids():
        texts = [[text.version, text.field, text.salt, text.text] for text in history.texts.get(case_id, ())]
        events = [json.loads(encode(event)) for event in history.of(case_id)]
        lines.append({"case": case_id, "events": events, "head": "", "texts": texts})
    return [*lines, {"end": {"cases": len(history.ids()), "keys": 0, "position": 3}}]


def mutated(number: int) -> tuple[Path_, str]:
    """A file in which one thing is otherwise: where that is, and the file's text."""
    random = Random(number)
    lines = copy.deepcopy(random.choice(bases()))
    cases = [line for line in lines if "case" in line]
    policies = [line for line in lines if "policy" in line]
    turn = random.random()
    if turn < 0.7:
        place = _change(random.choice(random.choice(cases)["events"]), random)
    elif turn < 0.8:
        place = _change(random.choice(cases), random)
    elif turn < 0.93 and policies:
        place = _change_policy(random.choice(policies), cases, random)
    else:
        place = _change(random.choice([line for line in lines if "events" not in line]), random)
    for line in cases:
        chain_anew(line)
    is_ascii = random.random() < 0.3
    return place, "".join(
        json.dumps(line, ensure_ascii=is_ascii, separators=(",", ":")) + "\n" for line in lines
    )


def _change(node: Any, random: Random) -> Path_:
    """Change one value somewhere within: another, none, twice, a further key, or one from elsewhere."""
    paths = [path for path in _paths(node) if path]
    path = random.choice(paths)
    holder, key = _at(node, path[:-1]), path[-1]
    turn = random.random()
    if turn < 0.1:
        del holder[key]
    elif turn < 0.15 and isinstance(holder, list):
        holder.insert(key, copy.deepcopy(holder[key]))
    elif turn < 0.2 and isinstance(holder, dict):
        holder[random.choice(["x", "zone", "unit", "at", ""])] = copy.deepcopy(random.choice(ODD))
    elif turn < 0.3:
        holder[key] = copy.deepcopy(_at(node, random.choice(paths)))
    elif turn < 0.4 and type(holder[key]) is int:
        holder[key] += random.choice(
            [-1, 1, 10**6, -(10**6), 86_400 * 10**6 * 400, -86_400 * 10**6 * 400_000]
        )
    else:
        holder[key] = copy.deepcopy(random.choice(ODD))
    return path


def _change_policy(line: dict[str, Any], cases: Lines, random: Random) -> Path_:
    """Change a policy, and let its cases pin what has become of it."""
    old, place = line["policy"], _change(line["document"], random)
    try:
        line["policy"] = pin_of(line["document"])
    except (ValueError, RecursionError):
        return place  # halves of signs have no bytes to hash
    for case in cases:
        anew = json.loads(json.dumps(case).replace(json.dumps(old), json.dumps(line["policy"])))
        case.clear()
        case |= anew
    return place


def chain_anew(line: dict[str, Any]) -> None:
    """Let the head of a case fit its events, as anybody can."""
    try:
        bodies = [jsonl.as_bytes(event) for event in line["events"]]
        line["head"] = chained(line["case"], bodies)[-1].hash.hex()
    except (KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError):
        return  # there is nothing to chain


def _paths(node: Any, path: Path_ = ()) -> Iterator[Path_]:
    yield path
    parts = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, part in parts:
        yield from _paths(part, (*path, key))


def _at(node: Any, path: Path_) -> Any:
    for key in path:
        node = node[key]
    return node

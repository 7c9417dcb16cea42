"""How long, how many and how large what comes in may be: every bound but the lengths of legal time.

What is decoded is held to them by its types, what is written in files and commands by their checks. The
lengths of legal time stand in `caseflow.core.time.span`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal, get_args

from msgspec import Meta

EARLIEST = -62_135_596_800_000_000
"""0001-01-01T00:00:00Z in epoch microseconds, the first instant a datetime can be."""
LATEST = 253_402_300_799_999_999
"""9999-12-31T23:59:59.999999Z, the last one."""
LONGEST_NAME = 200
"""Characters of an id, a role, a unit, a key, and of every name in a policy: what a column holds."""
LONGEST_STRING = 500
"""Characters of a ``string``: these stay in events for ever and are no place for prose."""
LONGEST_TEXT = 100_000
"""Characters of a ``text``."""
LONGEST_LABEL = 2_000
"""Characters of a label, a source and every other sentence in a policy."""
MOST_NAMES = 100
"""Names in one ``names``."""
MOST_RUNGS = 1_000
"""Rungs of a clock, repeats included."""
MOST_TIMES = 1_000
"""The largest of a policy's ``limits``, and the repeats of a rung."""
MOST_EXTENDS = 10
"""Policies that one policy file may stand on, each extending the next."""
MOST_LEVELS = 12
"""Levels of nesting in a file that people write, those of a dotted key included."""
MOST_COLUMNS = 1_000
"""Columns of a CSV file."""
LARGEST_FILE = 1_000_000
"""Bytes of a policy, a calendar, a mapping and every other file that people write."""
LARGEST_LOG = 500_000_000
"""Bytes of a CSV file, as it is unpacked."""
LARGEST_LINE = 100_000_000
"""Bytes of one line, one case, of an exported file."""
LARGEST_INT = (1 << 63) - 1
"""The largest whole number, and but for its sign the smallest."""
MOST_DOCUMENTS = 10_000_000
"""The largest number of a document in its series and year."""

TEMPLATE = re.compile(rf"[\w-]{{1,{LONGEST_NAME}}}")
"""The key of a page or message: letters, digits, ``_`` and ``-``, which lead to no other folder."""

Name = Annotated[str, Meta(max_length=LONGEST_NAME)]
Word = Annotated[str, Meta(max_length=LONGEST_STRING)]
Mark = Annotated[str, Meta(max_length=100)]
"""A hash or salt as text."""
Prose = Annotated[str, Meta(max_length=LONGEST_TEXT)]
Whole = Annotated[int, Meta(ge=-LARGEST_INT, le=LARGEST_INT)]
Count = Annotated[int, Meta(ge=0, le=LARGEST_INT)]
Turn = Annotated[int, Meta(ge=1, le=1_000_000_000)]
"""A version, a cycle, a number: counted from 1."""
Instant = Annotated[int, Meta(ge=EARLIEST, le=LATEST)]
"""Epoch microseconds of the years 1 to 9999."""
Mask = Annotated[int, Meta(ge=0)]
"""Bits for the rungs of a ladder."""
StageName = Literal["inquiry", "handling", "evaluation", "rectification", "ended"]
"""The value of a `caseflow.core.policy.Stage`."""
STAGES: Mapping[str, StageName] = {name: name for name in get_args(StageName)}
"""Each of them by itself, for what is read as any text."""

"""Elapsed time explained: its stretches agree with the deadline, whatever the pauses."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from caseflow.core.time.deadline import breach
from caseflow.core.time.instants import HOUR, office_days
from caseflow.core.time.pauses import Pause
from caseflow.core.time.running_time import stretches
from caseflow.core.time.span import Span

SHANGHAI = office_days("Asia/Shanghai")
HOURS = st.integers(-5, 40).map(lambda hour: hour * HOUR)
PAUSES = st.lists(
    st.tuples(HOURS, st.none() | st.integers(1, 20)).map(
        lambda pair: (pair[0], None if pair[1] is None else pair[0] + pair[1] * HOUR)
    ),
    max_size=4,
)


@settings(derandomize=True, database=None, deadline=None, max_examples=300)
@given(st.integers(1, 30), PAUSES)
def test_the_stretches_add_up_to_the_deadline(hours: int, pauses: list[Pause]) -> None:
    """They leave no gaps, run for the whole budget, and end one microsecond before the breach."""
    span = Span.of(hours=hours, counting="elapsed")
    pieces = tuple(stretches(span, 0, pauses, SHANGHAI))
    late = breach(span, 0, pauses, SHANGHAI)
    assert pieces[0].begin_us == 0
    assert all(a.end_us == b.begin_us for a, b in pairwise(pieces))
    last = pieces[-1]
    assert (last.end_us is None) == (late.at_us is None)
    if last.end_us is not None:
        assert (late.at_us, last.ran_us, last.why) == (last.end_us + 1, hours * HOUR, "used-up")
    ran = sum((p.end_us or 0) - p.begin_us for p in pieces if p.why != "paused")
    assert ran == last.ran_us

"""The analytic tables: which there are, what a row of each is, and what each column holds.

Every instant is UTC in epoch microseconds, every day a date of the office's own zone, which this library
computes when it writes the row: no engine that reads the tables knows of time zones. No column holds a
personal text or the id of a citizen or officer.
"""

from __future__ import annotations

from typing import Literal

import pyarrow as pa

from caseflow.core.value import Value

FORMAT = 1
"""The version of these schemas; tables of another are made anew."""

Sort = Literal["id", "code", "unit", "instant", "day", "number", "flag"]
"""What a column may hold: an id of a case or link, a word of the rules, a unit's name, an instant (UTC,
microseconds), an office's day, a whole number, or yes and no."""
TYPES: dict[Sort, pa.DataType] = {
    "id": pa.string(), "code": pa.string(), "unit": pa.string(), "instant": pa.int64(),
    "day": pa.date32(), "number": pa.int64(), "flag": pa.bool_(),
}  # fmt: skip


class Column(Value):
    """A column: what it holds, whether it may be null, and what it means."""

    name: str
    sort: Sort
    text: str
    nullable: bool = False


class AnalyticTable(Value):
    """A table: its grain, that is what one row is, and its columns."""

    name: str
    grain: str
    columns: tuple[Column, ...]

    @property
    def schema(self) -> pa.Schema:
        """The table as Arrow and Parquet have it."""
        return pa.schema([pa.field(one.name, TYPES[one.sort], nullable=one.nullable) for one in self.columns])


def _table(name: str, grain: str, columns: tuple[Column, ...]) -> AnalyticTable:
    return AnalyticTable(name, grain, (*_CASE, *columns))


def _unit(when: str) -> Column:
    return Column("unit", "unit", f"The unit that held the case {when}; empty for nobody.")


_CASE = (
    Column("case_id", "id", "The case."),
    Column("batch", "number", "In which run of the export the row was written; the case's last run counts."),
    Column("policy", "code", "The name of the policy that the case follows; empty where nobody knows it."),
    Column("kind", "code", "What kind of inquiry it is, as submitted."),
    Column("channel", "code", "The channel by which it came."),
    Column("region", "code", "The region that it is about."),
    Column("counts", "flag", "Whether the policy's `boards` let the case count."),
)
"""What every table begins with, so that each can be grouped by itself."""
_CYCLE = Column("cycle", "number", "The cycle of the case, from 1.")
_CLOCK = Column("clock", "code", "The clock, by the name that it has now.")

CASES = _table(
    "cases",
    "one cycle of one case: its first, and one for each time it was reopened",
    (
        _CYCLE,
        Column("is_present", "flag", "Whether it is the case's last cycle."),
        Column("version", "number", "How many events the case had when the row was written."),
        Column("zone", "code", "The office's time zone, of which the days are."),
        Column("urgency", "code", "How urgent it is, as submitted."),
        Column("state", "code", "The state in which the case is now."),
        Column(
            "outcome",
            "code",
            "How the cycle ended: withdrawn, rejected, merged, `closed` for every other end, or `open`.",
        ),
        Column("reason", "code", "The code with which it was rejected; empty otherwise."),
        Column(
            "unit",
            "unit",
            "The unit that the cycle counts for: who held the case at the first reply that"
            " stands, else at the end of the cycle or now; empty for nobody.",
        ),
        Column("submitted_us", "instant", "When the case was submitted."),
        Column("submitted_day", "day", "The office's day of that."),
        Column("begun_us", "instant", "When the cycle began: the submission, or the reopening."),
        Column("begun_day", "day", "The office's day of that."),
        Column("replied_us", "instant", "The first public reply of the cycle that stands.", nullable=True),
        Column("replied_day", "day", "The office's day of that.", nullable=True),
        Column(
            "completed_us", "instant", "The first completion notice of the cycle (办结告知).", nullable=True
        ),
        Column("completed_day", "day", "The office's day of that.", nullable=True),
        Column("ended_us", "instant", "When the cycle came to the end that it has.", nullable=True),
        Column("ended_day", "day", "The office's day of that.", nullable=True),
        Column("reply_us", "number", "From begin to reply, in microseconds; pauses count.", nullable=True),
        Column(
            "reply_days",
            "number",
            "The same in natural days of the office: the day of the begin is day 0.",
            nullable=True,
        ),
        Column(
            "reply_working_days",
            "number",
            "The same in working days of the reply clock's calendar, else"
            " of the policy's first; null where there is none, or it does not reach so far.",
            nullable=True,
        ),
        Column(
            "on_time",
            "flag",
            "Yes when a reply stands and no breach card of a reply clock does; no when such"
            " a card stands; null while neither is so, or where no clock waits for a reply.",
            nullable=True,
        ),
        Column("is_rated", "flag", "Whether a rating of the cycle stands."),
        Column("score", "number", "Its score, 1 to 5.", nullable=True),
        Column("satisfied", "flag", "What it says of satisfaction.", nullable=True),
        Column("resolved", "flag", "What it says of resolution.", nullable=True),
    ),
)
HOLDINGS = _table(
    "holdings",
    "one stretch of time in which one unit, or nobody, held one case",
    (
        Column("unit", "unit", "The unit; empty for nobody (the coordinator has it)."),
        Column("is_primary", "flag", "Whether the unit held the primary that the case then followed."),
        Column("since_us", "instant", "From when; at this very instant the one before still held it."),
        Column("since_day", "day", "The office's day of that."),
        Column("until_us", "instant", "Until and with this instant; null for now.", nullable=True),
        Column("until_day", "day", "The office's day of that.", nullable=True),
    ),
)
REPLIES = _table(
    "replies",
    "one reply that was made public, placeholders (已收到) among them",
    (
        _CYCLE,
        Column("is_placeholder", "flag", "Whether it only says that there will be one."),
        _unit("at that instant"),
        Column("at_us", "instant", "When it took effect."),
        Column("day", "day", "The office's day of that."),
        Column("retracted_us", "instant", "When it was taken back.", nullable=True),
        Column("stands", "flag", "Whether it was not taken back."),
    ),
)
CARDS = _table(
    "cards",
    "one card or reminder, standing or annulled",
    (
        _CYCLE,
        _CLOCK,
        Column("level", "code", "The level of its rung, as the policy names it."),
        Column("is_breach", "flag", "Whether it is a card; else a reminder."),
        Column(
            "unit",
            "unit",
            "Whom it is against: the clock's subject, else who held the case as it took"
            " effect; empty for nobody.",
        ),
        Column("at_us", "instant", "When it took effect."),
        Column("day", "day", "The office's day on which it took effect."),
        Column("detected_us", "instant", "When it was noticed."),
        Column("annulled_us", "instant", "When it was annulled.", nullable=True),
        Column("annulled_because", "code", "The event or action for which it was; empty while it stands."),
        Column("is_appealed", "flag", "Whether it was annulled on appeal."),
        Column("stands", "flag", "Whether it was not annulled."),
    ),
)
RATINGS = _table(
    "ratings",
    "one rating that a citizen gave, changed ones among them",
    (
        _CYCLE,
        _unit("at the first standing reply of the cycle, else at the rating"),
        Column("at_us", "instant", "When it was given."),
        Column("day", "day", "The office's day of that."),
        Column("score", "number", "For the whole, 1 to 5; 0 where none was given."),
        Column("satisfied", "flag", "What it says of satisfaction.", nullable=True),
        Column("resolved", "flag", "What it says of resolution.", nullable=True),
        Column("is_own", "flag", "Whether the citizen gave it; else an officer asked (回访)."),
        Column("stands", "flag", "Whether it is the one of its cycle that counts."),
    ),
)
NON_RESPONSES = _table(
    "non_responses",
    "one cycle of one case with a standing reply and without a rating that stands",
    (
        _CYCLE,
        _unit("at the first standing reply of the cycle"),
        Column("replied_us", "instant", "The first reply that stands."),
        Column("day", "day", "The office's day of that."),
        Column("is_invited", "flag", "Whether a one-time token to rate the cycle was ever issued."),
    ),
)
RETURNS = _table(
    "returns",
    "one return of a case to the coordinator (退单)",
    (
        _CYCLE,
        _unit("until then"),
        Column("at_us", "instant", "When it took effect."),
        Column("day", "day", "The office's day of that."),
    ),
)
EXTENSIONS = _table(
    "extensions",
    "one request for more time, or one grant that nobody asked for",
    (
        _CYCLE,
        _CLOCK,
        _unit("as it was asked for"),
        Column("at_us", "instant", "When it was asked for."),
        Column("day", "day", "The office's day of that."),
        Column("outcome", "code", "granted, refused, or pending."),
        Column("answered_us", "instant", "When it was granted or refused.", nullable=True),
        Column("answered_day", "day", "The office's day of that.", nullable=True),
    ),
)
RECTIFICATIONS = _table(
    "rectifications",
    "one rectification that one case is linked to",
    (
        Column("rectification", "id", "The rectification."),
        _unit("as it was linked"),
        Column("at_us", "instant", "When it was linked."),
        Column("day", "day", "The office's day of that."),
        Column("verified_us", "instant", "When it was checked and accepted as done.", nullable=True),
        Column("verified_day", "day", "The office's day of that.", nullable=True),
    ),
)
LINKS = _table(
    "links",
    "one link of one case to another, as the one or the other end has it",
    (
        Column("type", "code", "The type of the link."),
        Column("other", "id", "The case at the other end."),
        Column("inward", "flag", "Whether the link leads from the other case to this one."),
        Column("at_us", "instant", "When it was made."),
        Column("day", "day", "The office's day of that."),
        Column("removed_us", "instant", "When it was taken back.", nullable=True),
    ),
)

TABLES: dict[str, AnalyticTable] = {
    one.name: one
    for one in (
        CASES, HOLDINGS, REPLIES, CARDS, RATINGS, NON_RESPONSES, RETURNS, EXTENSIONS, RECTIFICATIONS, LINKS,
    )
}  # fmt: skip
"""The tables by name. Each case has one row or more in ``cases``, by which the other tables are current."""

"""From single cases to recurring problems: what to put right. It needs the extra ``analytics``."""

from caseflow.analytics.decisions import Opening, dismiss, evidence, open_rectification
from caseflow.analytics.excess import Excess, Period, Search, TooNew, excesses
from caseflow.analytics.occurrences import Occurrence, occurrences
from caseflow.analytics.proposals import Proposal, Proposals, proposals_of, propose
from caseflow.analytics.repeated_texts import near_duplicates

__all__ = [
    "Excess",
    "Occurrence",
    "Opening",
    "Period",
    "Proposal",
    "Proposals",
    "Search",
    "TooNew",
    "dismiss",
    "evidence",
    "excesses",
    "near_duplicates",
    "occurrences",
    "open_rectification",
    "proposals_of",
    "propose",
]

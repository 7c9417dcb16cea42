"""What is seen over many cases: recurrences after a rectification, and units held to account (效能问责)."""

from caseflow.oversight.evidence_sheet import EvidenceSheet, SheetRow, evidence_sheet, sheet_html
from caseflow.oversight.points import PointEntry, PointLedger, point_ledger, write_points
from caseflow.oversight.recurrences import Recurrences, recurrences
from caseflow.oversight.referrals import Referred, propose_referrals, review_referrals

__all__ = [
    "EvidenceSheet",
    "PointEntry",
    "PointLedger",
    "Recurrences",
    "Referred",
    "SheetRow",
    "evidence_sheet",
    "point_ledger",
    "propose_referrals",
    "recurrences",
    "review_referrals",
    "sheet_html",
    "write_points",
]

"""What is seen over many cases: recurrences, units held to account (效能问责), governance (良治)."""

from caseflow.oversight.evidence_sheet import EvidenceSheet, SheetRow, evidence_sheet, sheet_html
from caseflow.oversight.governance import GovernanceMeasure, GovernanceReport, governance_report
from caseflow.oversight.points import PointEntry, PointLedger, point_ledger, write_points
from caseflow.oversight.recurrences import Recurrences, recurrences
from caseflow.oversight.referrals import Referred, propose_referrals, review_referrals

__all__ = [
    "EvidenceSheet",
    "GovernanceMeasure",
    "GovernanceReport",
    "PointEntry",
    "PointLedger",
    "Recurrences",
    "Referred",
    "SheetRow",
    "evidence_sheet",
    "governance_report",
    "point_ledger",
    "propose_referrals",
    "recurrences",
    "review_referrals",
    "sheet_html",
    "write_points",
]

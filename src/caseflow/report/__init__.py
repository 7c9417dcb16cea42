"""A period's figures as one page to publish: volumes, terms, boards, cards, and what keeps coming back.

It needs the extra ``report``. Nothing else in the library imports it but the command line.
"""

from caseflow.report.figures import ReportFigures, report_figures
from caseflow.report.page import report_page, write_report

__all__ = ["ReportFigures", "report_figures", "report_page", "write_report"]

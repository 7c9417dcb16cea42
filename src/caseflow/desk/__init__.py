"""The desk, the one door through which cases are changed: load, decide, append."""

from caseflow.desk.adopting import Adoption
from caseflow.desk.desk import Desk
from caseflow.desk.hooks import Happened
from caseflow.desk.questions import Page
from caseflow.desk.sweeping import Sweep

__all__ = ["Adoption", "Desk", "Happened", "Page", "Sweep"]

"""The systems of this folder and of `caseflow.offices`, as a list of systems names them."""

from __future__ import annotations

from caseflow.core.policy import Labels
from caseflow.core.value import Value


class System(Value):
    """A system that a portal can run.

    Attributes:
        policies: the shipped ones that it runs under; the first is for cases that name none.
        example: the program that runs it, and at its own scale with ``--full``; below the repository's root.
        page: what describes it; below the repository's root.
    """

    name: str
    labels: Labels
    policies: tuple[str, ...]
    example: str
    page: str


SYSTEMS = (
    System(
        "campaign",
        Labels(zh="网络问计", en="a campaign: the government asks"),
        ("campaign", "proposal", "message"),
        "examples/campaign.py",
        "docs/how-to/run-a-campaign.md",
    ),
    System(
        "leader-board",
        Labels(zh="领导留言板", en="boards of leaders' offices"),
        ("leader-board",),
        "examples/leader_board.py",
        "docs/how-to/boards-of-an-office.md",
    ),
)
"""In the order in which they are described."""

"""What can be reached step by step: the one walk that findings and the test kit take under a policy."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

Node = TypeVar("Node")
Steps = Callable[[Node], Iterable[tuple[str, Node]]]
"""What leads on from somewhere: the name of each step, and where it ends."""


class Walk(Generic[Node]):
    """Everything that can be reached from some nodes, nearest first.

    Args:
        starts: where it begins.
        steps: what leads on from a node; asked once for each.
        until: the node at which it may stop, if any.
        most: how many nodes are reached at the most, those reached from the last one aside.

    Attributes:
        into: each node that was reached, in this order -> the step that first led there and its origin;
            ``None`` for those where the walk began.
        walked: the nodes from which every step was taken.
    """

    def __init__(
        self,
        starts: Iterable[Node],
        steps: Steps[Node],
        *,
        until: Node | None = None,
        most: int | None = None,
    ) -> None:
        self.into: dict[Node, tuple[str, Node] | None] = dict.fromkeys(starts)
        self.walked: list[Node] = []
        into, edge = self.into, deque(self.into)
        while edge and until not in into and (most is None or len(into) < most):
            here = edge.popleft()
            self.walked.append(here)
            for name, there in steps(here):
                if there not in into:
                    into[there] = (name, here)
                    edge.append(there)
        self.edge = frozenset(edge)

    @property
    def is_complete(self) -> bool:
        """Whether there was nowhere left to go."""
        return not self.edge

    def way_to(self, node: Node) -> tuple[str, ...]:
        """The fewest steps from a start to a node that was reached, by name."""
        names: list[str] = []
        while (step := self.into[node]) is not None:
            name, node = step
            names.append(name)
        return tuple(reversed(names))


def leading(steps: Iterable[tuple[Node, Node]], targets: Iterable[Node]) -> set[Node]:
    """The nodes from which one of the targets can be reached, these included.

    Args:
        steps: each as its origin and its end.
    """
    back: dict[Node, list[tuple[str, Node]]] = {}
    for origin, target in steps:
        back.setdefault(target, []).append(("", origin))
    return set(Walk(targets, lambda node: back.get(node, ())).into)

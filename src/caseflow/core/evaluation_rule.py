"""How a policy has a case evaluated by both sides: scales, axes, causes, tokens, and what follows."""

from __future__ import annotations

from typing import Any

import attrs

from caseflow.core.policy_keys import Labels, Named, optional, table


@attrs.frozen(kw_only=True)
class SystemAction:
    """What the system does to a case by itself: because of a linked case, or of a dissatisfied rating."""

    then: str
    """The action."""
    fields: dict[str, Any] = optional({}, key="with")
    """Its fields; ``linked`` in a field of type ``string`` stands for the id of the other case."""
    labels: Labels = Labels()
    """What is said of the linked case then."""


@attrs.frozen(kw_only=True)
class Verdict:
    """One answer of a scale."""

    score: int = 0
    """What it counts for, 1 to 5; 0 where it says nothing of the matter (不了解)."""
    labels: Labels = Labels()


@attrs.frozen(kw_only=True)
class Scale:
    """The answers of which one is chosen, the best first."""

    verdicts: dict[str, Verdict] = table()
    """Each by its key, such as ``satisfied``."""


@attrs.frozen(kw_only=True)
class Axis:
    """One thing that is rated by itself: attitude, speed, result."""

    scale: str = optional("")
    """One of ``scales``; 1 to 5 stars when left out."""
    required: bool = optional(False)
    """Whether a rating without it is refused."""
    weight: int = optional(1)
    """What it counts for among the axes of an assessment."""
    labels: Labels = Labels()


SCORE = "score"
"""The axis that `rate` has without any rule: 1 to 5 stars for the whole."""


@attrs.frozen(kw_only=True)
class EvaluationRule:
    """How a case is evaluated by both sides. The axes become fields of ``rate`` and ``assess``.

    How long a rating may be given, and changed, is what ``within`` of the action ``rate`` says.
    """

    scales: dict[str, Scale] = optional({})
    """Named scales."""
    axes: dict[str, Axis] = optional({})
    """What the citizen rates, each an optional or required field of ``rate``."""
    satisfaction: str = optional(SCORE)
    """The axis by which a rating is one of a satisfied citizen (满意率): ``score``, the stars for the whole,
    or one of ``axes``; ``rate`` then has no ``score``. Empty for none: only the axes are rated."""
    resolution: str = optional("")
    """The axis by which the matter is resolved (解决率); empty for none."""
    satisfied: int = optional(4)
    """The least score that counts as satisfied, or resolved."""
    causes: dict[str, Named] = optional({})
    """What may be said to be the causes of dissatisfaction: ``causes`` of ``rate``, a list."""
    dissatisfied: SystemAction | None = optional(None)
    """What the system does after the rating of a citizen who is not satisfied, in the same append, unless it
    is told late. Where the action is refused, as by its ``at_most``, the event says why (``skipped``)."""
    token_days: int | None = optional(None)
    """How many natural days a one-time token is good for, by which people without an account rate; no tokens
    when left out. The action ``invite`` says who may issue one."""
    assessment: dict[str, Axis] = optional({})
    """What the authority assesses, 1 to 5 each or by a scale: fields of ``assess``, instead of its own
    ``efficiency`` and ``effect``."""
    source: str = optional("")

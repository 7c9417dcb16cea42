"""The case that all works share: submit, acknowledge, route, dispatch, reply, complete, rate, close."""

from __future__ import annotations

from pathlib import Path

from caseflow import Actor, Policy, load_policy

STEPS = ("submit", "acknowledge", "route", "dispatch", "reply", "complete", "rate", "close")
STATES = ("start", "submitted", "routed", "handling", "answered", "evaluation", "closed")
MOVES = {
    "submit": ("start", "submitted"),
    "acknowledge": ("submitted", "submitted"),
    "route": ("submitted", "routed"),
    "dispatch": ("routed", "handling"),
    "reply": ("handling", "answered"),
    "complete": ("answered", "evaluation"),
    "rate": ("evaluation", "evaluation"),
    "close": ("evaluation", "closed"),
}
"""What the peers are given of the policy: from where to where each step leads."""

UNIT = "城管局"
TITLE, BODY, ANSWER = (
    "路灯不亮",
    "小区北门的路灯已经三天不亮了,晚上出行不便,请尽快修复。",
    "已派人修复,感谢来信。",
)
START = "2025-03-03T09:30:00+08:00"

CITIZEN = Actor("c-17", role="citizen")
COORDINATOR = Actor("d-1", role="coordinator")
OFFICER = Actor("o-4", role="handler", unit=UNIT)

WORKPLACE = Path(__file__).resolve().parents[1] / "build"
"""Beside the checkout's own files, so that stores are measured on the disk and not in memory."""


def guarded_policy() -> Policy:
    """The shipped policy with one guard on each step."""
    policy = load_policy(Path(__file__).with_name("guarded.toml"))
    assert all(len(policy.actions[step].guards) == 1 for step in STEPS), "one guard on each move"
    return policy

"""Write the timeline's methods from the desk's: ``python docs/timeline_methods.py``.

`caseflow.desk.typed_actions` is the one place where an action's arguments and words stand. A timeline needs
nobody named who acts, takes a case as well as its id, and the one field that an action is about by its place.
A test keeps the module up to date.
"""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from caseflow.desk.typed_actions import TypedActions

MODULE = Path(__file__).parents[1] / "src" / "caseflow" / "testing" / "timeline" / "timeline_actions.py"

HEAD = '''"""The built-in actions as methods of a timeline: text or target first, nobody named who acts.

Written by ``docs/timeline_methods.py`` from the desk's own methods.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

from caseflow.core.model.case import Case
from caseflow.desk.call_checks import checked_list
from caseflow.testing.timeline.timeline_terms import ActionTaker, Doing, case_id_of


class TimelineActions(ActionTaker):
    """One method for each built-in action. A case is its id, or any value of it, however old.

    All return the case afterwards and raise what `Desk.act` raises.
    """
'''

OF_THE_DESK = {"self", "case_id", "by", "terms"}
OWN = {"act", "submit", "rate_by_token"}
"""What a timeline has a word of its own for, or rates by ``rate`` with a token."""
OPTIONAL_FIRST = {("rate", "score"), ("assess", "efficiency")}
"""Arguments that need no name although they may be left out."""
DEFAULTS = {("placeholder", "text"): '"已收到"'}
"""What a timeline says by itself."""
OTHER_CASES = {("merge", "primary"), ("link", "other"), ("unlink", "other")}
"""Arguments that name another case."""
FIELDS = {"as_": "type"}
"""Arguments that the action's fields call otherwise."""
PASSED = {
    "Case | str": "case_id_of({name})",
    "Sequence[str]": '{name} if isinstance({name}, str) else checked_list("{name}", {name})',
}
"""Type of an argument -> what is passed on for it, where that is not the argument itself."""


def module() -> str:
    """The module, as it is before it is formatted."""
    methods = (
        _method(name, method)
        for name, method in vars(TypedActions).items()
        if inspect.isfunction(method) and not name.startswith("_") and name not in OWN
    )
    return HEAD + "".join(methods)


def _method(name: str, method: Callable[..., Any]) -> str:
    fields = [one for one in inspect.signature(method).parameters.values() if one.name not in OF_THE_DESK]
    is_about = fields and (
        len(fields) == 1 or fields[0].default is fields[0].empty or (name, fields[0].name) in OPTIONAL_FIRST
    )
    first = fields[0] if is_about and not str(fields[0].annotation).startswith("bool") else None
    parts = ["self", "case: Case | str", *_parts(name, [first] if first else [])]
    named = list(_parts(name, [one for one in fields if one is not first]))
    parts += ["*", *named] if named else []
    passed = [
        f'"{name}"',
        "case",
        "doing",
        *(f"{FIELDS.get(one.name, one.name)}={_passed(name, one)}" for one in fields),
    ]
    words, more, _ = (inspect.getdoc(method) or "").partition("\n\n")
    if more:
        words = f"{words}\n\n        See `Desk.{name}`.\n        "
    return f'''
    def {name}({", ".join([*parts, "**doing: Unpack[Doing]"])}) -> Case:
        """{words}"""
        return self._do({", ".join(passed)})
'''


def _parts(action: str, fields: list[inspect.Parameter]) -> Iterator[str]:
    for one in fields:
        default = DEFAULTS.get((action, one.name), "" if one.default is one.empty else repr(one.default))
        yield f"{one.name}: {_type(action, one)}" + (f" = {default}" if default else "")


def _type(action: str, field: inspect.Parameter) -> str:
    return "Case | str" if (action, field.name) in OTHER_CASES else str(field.annotation)


def _passed(action: str, field: inspect.Parameter) -> str:
    return PASSED.get(_type(action, field), "{name}").format(name=field.name)


if __name__ == "__main__":
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(MODULE), "-"]
    done = subprocess.run(
        command, input=module(), capture_output=True, text=True, check=True, encoding="utf-8"
    )
    MODULE.write_text(done.stdout, encoding="utf-8")

"""Write the reference pages from the code: ``python docs/generate.py``. A test keeps them up to date."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs

from caseflow import errors, load_policy, messages
from caseflow.core import events, policy
from caseflow.core.actions import ACTIONS
from caseflow.core.guards import GUARDS
from caseflow.core.lint.texts import TEXTS as FINDINGS
from caseflow.simulation import delays, habits, scenario
from caseflow.views.diagram import diagram

REFERENCE = Path(__file__).parent / "reference"
TABLES = {
    "The file itself": policy.Policy,
    "[limits]": policy.Limits,
    "[roles.NAME]": policy.Role,
    "[kinds.NAME] and [reasons.NAME]": policy.Named,
    "[states.NAME]": policy.State,
    "[actions.NAME]": policy.Action,
    "[actions.NAME.fields.FIELD]": policy.FieldRule,
    "[clocks.NAME]": policy.ClockRule,
    "[clocks.NAME.when]": policy.When,
    "[[clocks.NAME.rungs]]": policy.Rung,
    "[calendars.NAME]": policy.CalendarSource,
}
"""Where a policy file holds what each class describes."""
SCENARIO = {
    "The file itself": scenario.Scenario,
    "[arrivals]": habits.Arrivals,
    "[office]": habits.Office,
    "[dispatch]": habits.Dispatch,
    "[handling]": habits.Handling,
    "[evaluation]": habits.Evaluation,
    "[units.NAME]": scenario.Unit,
    "[kinds.NAME]": scenario.Kind,
    "[roles]": scenario.Roles,
    "[texts]": scenario.Texts,
    "A delay": delays.Delay,
}
"""Where a scenario holds what each class describes."""
SHARED = {
    "labels": 'For people: `{ zh = "...", en = "..." }`.',
    "source": "Where the rule comes from; explanations and refusals repeat it.",
}
"""Keys that mean the same wherever they stand."""


def pages() -> dict[str, str]:
    """File name -> text of every generated page."""
    return {
        "policy-keys.md": "".join(_policy_keys()),
        "actions.md": "".join(_actions()),
        "scenario-keys.md": "".join(_scenario_keys()),
        "events.md": "".join(_events()),
        "errors.md": "".join(_errors()),
        "findings.md": "".join(_findings()),
        "wuhu.md": "".join(_wuhu()),
    }


def _policy_keys() -> Iterator[str]:
    yield "# Policy keys\n\nEvery table of a policy file, with its defaults.\n"
    yield "`caseflow policy show wuhu` prints a whole file. Besides these keys a file may say\n"
    yield '`extends = "NAME or FILE"` and `remove = ["actions.NAME", ...]`: it is then laid over that\n'
    yield "policy, tables key by key, and anything else as a whole.\n"
    notes = _attribute_docs(policy)
    for place, cls in TABLES.items():
        heading = place if place[0] != "[" else " and ".join(f"`{part}`" for part in place.split(" and "))
        yield f"\n## {heading}\n\n{_described(cls)}\n\n"
        yield "| key | type | default | meaning |\n|---|---|---|---|\n"
        for field in attrs.fields(cls):
            if field.metadata.get("document", True):
                note = notes.get((cls.__name__, field.name), SHARED.get(field.name, ""))
                yield f"| `{field.name}` | {_type(field)} | {_default(field)} | {note} |\n"


def _scenario_keys() -> Iterator[str]:
    yield "# Scenario keys\n\nEvery table of a scenario for `caseflow simulate`, with its defaults. What is\n"
    yield "left out does not happen. Shares are parts of 1. Delays are tables too: office hours unless\n"
    yield "it is said otherwise.\n"
    notes = _attribute_docs(habits) | _attribute_docs(scenario) | _attribute_docs(delays)
    for place, cls in SCENARIO.items():
        heading = place if place[0] != "[" and place[0] != "`" else f"`{place}`"
        yield f"\n## {heading}\n\n{_described(cls)}\n\n"
        yield "| key | type | default | meaning |\n|---|---|---|---|\n"
        for field in attrs.fields(cls):
            if field.metadata.get("document", True):
                note = notes.get((cls.__name__, field.name), "")
                yield f"| `{field.name}` | {_type(field)} | {_default(field)} | {note} |\n"


def _described(cls: type[Any]) -> str:
    """The class's docstring, without what it says of attributes that no file holds."""
    hidden = tuple(f"``{f.name}``" for f in attrs.fields(cls) if not f.metadata.get("document", True))
    paragraphs = (inspect.getdoc(cls) or "").split("\n\n")
    return "\n\n".join(_cell(text) for text in paragraphs if not text.startswith(hidden))


def _actions() -> Iterator[str]:
    yield "# Built-in actions\n\nEach becomes the event beside it. Every action also takes `reason`; `!`\n"
    yield "marks what must be given. Which of them a portal knows, and who may take them, is its\n"
    yield "policy's table.\n\n"
    yield "| action | event | fields |\n|---|---|---|\n"
    for name, spec in ACTIONS.items():
        fields = ", ".join(
            f"`{field}` {rule.type}{'!' if rule.required else ''}"
            for field, rule in spec.fields.items()
            if field != "reason"
        )
        yield f"| `{name}` | `{spec.event.name}` | {fields or '-'} |\n"
    yield "\n## Guards\n\n| guard | holds when |\n|---|---|\n"
    for name, guard in GUARDS.items():
        yield f"| `{name}` | {_one_paragraph(inspect.getdoc(guard))} |\n"


def _events() -> Iterator[str]:
    yield "# Events\n\nThe registered names never change. Besides its own fields every event says\n"
    yield "`at`, `by`, and where they apply `to` (state, stage, final), `clocks`, `effective_us`,\n"
    yield "`clamped_us` and `texts` (salted hashes). Instants are epoch microseconds, UTC.\n\n"
    yield "| name | class | own fields | meaning |\n|---|---|---|---|\n"
    base = set(_field_names(events.Event))
    for name, cls in events.EVENTS.items():
        own = ", ".join(f"`{field}`" for field in _field_names(cls) if field not in base)
        yield f"| `{name}` | `{cls.__name__}` | {own or '-'} | {inspect.getdoc(cls)} |\n"


def _errors() -> Iterator[str]:
    yield "# Errors and codes\n\nEvery error is a `CaseflowError` with a stable `code`, its `data`, and\n"
    yield "`text(lang)`.\n\n"
    yield "| class | meaning |\n|---|---|\n"
    for name, cls in vars(errors).items():
        if inspect.isclass(cls) and issubclass(cls, errors.CaseflowError):
            yield f"| `{name}` | {_one_paragraph(inspect.getdoc(cls))} |\n"
    yield "\nA refusal has `code`, `action`, `state`, `rule` (the policy's key path), `missing`, `found`,\n"
    yield "`possible_from` and `source`.\n\n| code | English | 中文 |\n|---|---|---|\n"
    for code in messages.codes():
        english, chinese = (_cell(messages.template(code, lang)) for lang in ("en", "zh"))
        yield f"| `{code}` | {english} | {chinese} |\n"


def _findings() -> Iterator[str]:
    yield "# Findings about policies\n\nWhat `caseflow policy lint` finds in a policy that can be used; see\n"
    yield "[check a policy's deadlines](../how-to/lint-a-policy.md). The codes are stable.\n\n"
    yield "| code | what is wrong | what would mend it | 中文 |\n|---|---|---|---|\n"
    for code, texts in FINDINGS.items():
        chinese = "。".join(texts["zh"])
        yield f"| `{code}` | {_cell(texts['en'][0])} | {_cell(texts['en'][1])} | {_cell(chinese)} |\n"


def _wuhu() -> Iterator[str]:
    wuhu = load_policy("wuhu")
    yield f"# The Wuhu lifecycle\n\n{wuhu.labels.zh} · {wuhu.labels.en}\n\n```mermaid\n{diagram(wuhu)}```\n\n"
    yield "| clock | level | after | source |\n|---|---|---|---|\n"
    for name, clock in wuhu.clocks.items():
        for rung in clock.rungs:
            label = f"{rung.level} ({rung.labels.zh})"
            yield f"| `{name}` | {label} | {rung.days} {clock.counting} days | {rung.source} |\n"


def _field_names(cls: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in attrs.fields(cls))


def _attribute_docs(module: Any) -> dict[tuple[str, str], str]:
    """(class, attribute) -> the string that stands after the attribute."""
    found: dict[tuple[str, str], str] = {}
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.ClassDef):
            for before, after in zip(node.body, node.body[1:], strict=False):
                if isinstance(before, ast.AnnAssign) and isinstance(after, ast.Expr):
                    name, text = before.target, after.value
                    if isinstance(name, ast.Name) and isinstance(text, ast.Constant):
                        found[node.name, name.id] = _cell(inspect.cleandoc(str(text.value)))
    return found


def _type(field: attrs.Attribute[Any]) -> str:
    """The TOML a value of the field is written in."""
    written = str(field.type)
    if written.startswith("tuple[Rung"):
        return "tables"
    if written.startswith("tuple"):
        return "numbers" if "int" in written or "float" in written else "texts"
    names = {
        "str": "text", "int": "number", "int | None": "number", "bool": "true or false", "float": "number",
        "date": "date", "Delay": "delay", "Delay | None": "delay",
    }  # fmt: skip
    return names.get(written, "table")


def _default(field: attrs.Attribute[Any]) -> str:
    default = field.default
    if default is attrs.NOTHING:
        return "required"
    if isinstance(default, bool | int | float):
        return f"`{str(default).lower()}`"
    if isinstance(default, str) and default:
        return f'`"{default}"`'
    if isinstance(default, tuple) and len(default) > 3 and len(set(default)) == 1:
        return f"{len(default)} times `{default[0]}`"
    if isinstance(default, tuple) and default:
        return f"`{list(default)}`"
    return "none"


def _one_paragraph(text: str | None) -> str:
    return _cell((text or "").split("\n\n")[0])


def _cell(text: str) -> str:
    return text.replace("\n", " ").replace("|", "\\|").replace("``", "`")


if __name__ == "__main__":
    REFERENCE.mkdir(exist_ok=True)
    for name, text in pages().items():
        (REFERENCE / name).write_text(text, encoding="utf-8")

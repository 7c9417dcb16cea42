"""Write the reference pages from the code: ``python docs/generate.py``. A test keeps them up to date."""

from __future__ import annotations

import ast
import enum
import inspect
import json
import re
import sys
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import attrs

import caseflow
from caseflow import errors, i18n, load_policy, ports, testing
from caseflow.analytics.boards import BOARDS
from caseflow.analytics.measures import MEASURES, RateMeasure
from caseflow.analytics.table_schemas import FORMAT
from caseflow.analytics.table_schemas import TABLES as TABLES_OF_CASES
from caseflow.core import bounds, evaluation_rule, policy, policy_keys
from caseflow.core.engine.actions import ACTIONS
from caseflow.core.engine.preconditions import GUARDS
from caseflow.core.model import events
from caseflow.core.time import span
from caseflow.policies import parse
from caseflow.simulation import delays, scenario
from caseflow.views.document_schemas import DOCUMENTS, document_schema
from caseflow.views.mermaid import diagram

REFERENCE = Path(__file__).parent / "reference"
TABLES = {
    "The file itself": policy.Policy,
    "[limits]": policy.Limits,
    "[roles.NAME]": policy.Role,
    "[kinds.NAME] and [reasons.NAME]": policy_keys.Named,
    "[states.NAME]": policy.State,
    "[actions.NAME]": policy.Action,
    "[actions.NAME.fields.FIELD]": policy.FieldRule,
    "[actions.NAME.within]": policy.Within,
    "[clocks.NAME]": policy.ClockRule,
    "[clocks.NAME.when]": policy_keys.When,
    "[[clocks.NAME.rungs]]": policy.Rung,
    "[clocks.NAME.extension]": policy.ExtensionRule,
    "[units.NAME]": policy.UnitRule,
    "[notices.NAME]": policy.NoticeRule,
    "[documents.NAME]": policy.DocumentRule,
    "[duty]": policy.DutyRule,
    "[links.NAME]": policy.LinkRule,
    "[links.NAME.when_made] and [evaluation.dissatisfied]": evaluation_rule.SystemAction,
    "[evaluation]": evaluation_rule.EvaluationRule,
    "[evaluation.scales.NAME]": evaluation_rule.Scale,
    "[evaluation.scales.NAME.verdicts.KEY]": evaluation_rule.Verdict,
    "[evaluation.axes.NAME] and [evaluation.assessment.NAME]": evaluation_rule.Axis,
    "[conduct.NAME]": policy.ConductRule,
    "[zones.NAME]": policy.ZoneRule,
    "[zones.NAME.sends.ACTION]": policy.SendRule,
    "[calendars.NAME]": policy.CalendarSource,
}
"""Where a policy file holds what each class describes."""
SCENARIO = {
    "The file itself": scenario.Scenario,
    "[arrivals]": scenario.Arrivals,
    "[office]": scenario.Office,
    "[dispatch]": scenario.Dispatch,
    "[handling]": scenario.Handling,
    "[evaluation]": scenario.Evaluation,
    "[units.NAME]": scenario.UnitBehaviour,
    "[kinds.NAME]": scenario.InquiryKind,
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
WRITTEN = {policy_keys.When: {"admits": "FIELD", "excludes": "not"}}
"""Class -> what a file has for an attribute of it, where that is no table of its own."""


def pages() -> dict[str, str]:
    """File name -> text of every generated page."""
    return {
        "policy-keys.md": "".join(_policy_keys()),
        "actions.md": "".join(_actions()),
        "scenario-keys.md": "".join(_scenario_keys()),
        "events.md": "".join(_events()),
        "errors.md": "".join(_errors()),
        "bounds.md": "".join(_bounds()),
        "findings.md": "".join(_findings()),
        "wuhu.md": "".join(_wuhu()),
        "api.md": "".join(_api()),
        "documents.md": "".join(_documents()),
        "measures.md": "".join(_measures()),
        "analytic-tables.md": "".join(_analytic_tables()),
        **{f"schemas/{name}.json": _schema(name) for name in DOCUMENTS},
    }


BOUNDS = (bounds, span, parse)
"""Where bounds stand."""


def _bounds() -> Iterator[str]:
    yield "# Bounds\n\nHow long, how many and how large what comes in may be. What is beyond is refused\n"
    yield "with the bound: a command by its code (`field-not-printable`, `text-too-long`,\n"
    yield "`field-out-of-range`), a file with its place (`out-of-bounds`, `bad-name`, `too-large`,\n"
    yield "`too-deep`, `log-row`), a line of an export with its number (`export-line`, `export-event`,\n"
    yield "`export-row`). An event beyond them that lies in a store keeps its bytes and marks its case\n"
    yield "incomplete.\n\n"
    yield "| bound | value | of |\n|---|---|---|\n"
    for module in BOUNDS:
        for name, value in vars(module).items():
            if name.isupper() and type(value) is int and (note := _module_note(module, name)):
                yield f"| `{name}` | {value:,} | {note} |\n"
    yield "\nNames and ids are printable characters, at least one. Files may begin with a byte order mark.\n"
    yield "\n## Types of events\n\n| type | what it may be |\n|---|---|\n"
    for name, hint in vars(bounds).items():
        meta = next(iter(getattr(hint, "__metadata__", ())), None)
        if meta is not None:
            limits = [f"{key} {getattr(meta, key):,}" for key in LIMITS if getattr(meta, key) is not None]
            yield f"| `{name}` | {hint.__origin__.__name__}, {', '.join(limits)} |\n"


LIMITS = ("ge", "le", "min_length", "max_length")
"""What a type may be bounded by."""


def _policy_keys() -> Iterator[str]:
    yield "# Policy keys\n\nEvery table of a policy file, with its defaults.\n"
    yield "`caseflow policy show wuhu` prints a whole file. Besides these keys a file may say\n"
    yield '`extends = "NAME or FILE"` and `remove = ["actions.NAME", ...]`: it is then laid over that\n'
    yield "policy, tables key by key, and anything else as a whole.\n"
    notes = _attribute_docs(policy) | _attribute_docs(policy_keys) | _attribute_docs(evaluation_rule)
    for place, cls in TABLES.items():
        heading = place if place[0] != "[" else " and ".join(f"`{part}`" for part in place.split(" and "))
        yield f"\n## {heading}\n\n{_described(cls)}\n\n"
        yield "| key | type | default | meaning |\n|---|---|---|---|\n"
        for field in attrs.fields(cls):
            if field.metadata.get("document", True):
                note = notes.get((cls.__name__, field.name), SHARED.get(field.name, ""))
                yield f"| `{_key(cls, field)}` | {_type(field)} | {_default(field)} | {note} |\n"


def _key(cls: type[Any], field: attrs.Attribute[Any]) -> str:
    """What files call the attribute."""
    return str(WRITTEN.get(cls, {}).get(field.name) or field.metadata.get("key", field.name))


def _scenario_keys() -> Iterator[str]:
    yield "# Scenario keys\n\nEvery table of a scenario for `caseflow simulate`, with its defaults. What is\n"
    yield "left out does not happen. Shares are parts of 1. Delays are tables too: office hours unless\n"
    yield "it is said otherwise.\n"
    notes = _attribute_docs(scenario) | _attribute_docs(delays)
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
        meaning = _cell(" ".join((inspect.getdoc(cls) or "").split()))
        yield f"| `{name}` | `{cls.__name__}` | {own or '-'} | {meaning} |\n"


def _errors() -> Iterator[str]:
    yield "# Errors and codes\n\nEvery error is a `CaseflowError` with a stable `code`, its `data`, and\n"
    yield "`text(lang)`. Errors are values: they can be pickled and copied.\n\n"
    yield from _languages()
    yield "| class | meaning |\n|---|---|\n"
    for name, cls in vars(errors).items():
        if inspect.isclass(cls) and issubclass(cls, errors.CaseflowError):
            yield f"| `{name}` | {_one_paragraph(inspect.getdoc(cls))} |\n"
    yield "\nA refusal has `code`, `action`, `state`, `rule` (the policy's key path), `missing`, `found`,\n"
    yield "`possible_from` and `source`.\n\n| code | English | 中文 |\n|---|---|---|\n"
    for code in i18n.codes():
        english, chinese = (_cell(i18n.template(code, lang)) for lang in ("en", "zh"))
        yield f"| `{code}` | {english} | {chinese} |\n"


def _languages() -> Iterator[str]:
    yield "Texts come from one catalogue, in `en` and `zh`; a portal may\n"
    yield "[add a language or change a sentence](../how-to/add-a-language.md).\n\n"


def _findings() -> Iterator[str]:
    yield "# Findings about policies\n\nWhat `caseflow policy lint` finds in a policy that can be used; see\n"
    yield "[check a policy's deadlines](../how-to/lint-a-policy.md). The codes are stable.\n\n"
    yield "| code | what is wrong | what would mend it | 中文 |\n|---|---|---|---|\n"
    for code in i18n.findings():
        cells = (_cell(i18n.sentence(f"findings.{code}.{part}", "en")) for part in ("problem", "remedy"))
        chinese = "。".join(i18n.sentence(f"findings.{code}.{part}", "zh") for part in ("problem", "remedy"))
        yield f"| `{code}` | {' | '.join(cells)} | {_cell(chinese)} |\n"


def _measures() -> Iterator[str]:
    yield "# Measures of boards\n\nEach is defined once, in `caseflow.analytics.measures`, and is the same\n"
    yield "on DuckDB, PostgreSQL and Spark; see [publish boards](../how-to/publish-boards.md).\n"
    yield "The period is that of the last column, a day of the office. Cases that the policy's\n"
    yield "`not_counted` names are left out, but for `withdrawn`, `rejected` and `merged`.\n\n"
    yield "| measure | 名称 | what is counted | 如何计算 | denominator | one row is | by the day |\n"
    yield "|---|---|---|---|---|---|---|\n"
    for name, one in MEASURES.items():
        texts = (("measures", "zh"), ("meanings", "en"), ("meanings", "zh"))
        cells = [_cell(i18n.text(f"{part}.{name}", lang)) for part, lang in texts]
        of = "-"
        if isinstance(one, RateMeasure):
            of = f"{one.of} {i18n.text(f'denominators.{one.of}', 'zh')}"
        grain = " ".join(i18n.text(f"grains.{one.table}", lang) for lang in ("en", "zh"))
        yield f"| {' | '.join([f'`{name}`', *cells, of, grain, f'`{one.table}.{one.day}`'])} |\n"
    yield "\n## Boards\n\n| board | 榜单 | what it shows | ranked by |\n|---|---|---|---|\n"
    for name, kind in BOARDS.items():
        shown = "every measure" if len(kind.measures) == len(MEASURES) else ", ".join(kind.measures)
        how = f"`{kind.ranks}`, {'the best' if kind.best else 'the worst'} first" if kind.ranks else "-"
        yield f"| `{name}` | {i18n.text(f'boards.{name}', 'zh')} | {shown} | {how} |\n"


def _analytic_tables() -> Iterator[str]:
    yield "# Analytic tables\n\nWhat `caseflow analytics export` writes; see\n"
    yield "[analyse cases](../how-to/analyse-cases.md). Instants are UTC in epoch microseconds, days\n"
    yield "are those of the office's zone. No column holds a personal text or the id of a person.\n"
    yield f"Format {FORMAT}.\n"
    for table in TABLES_OF_CASES.values():
        yield f"\n## {table.name}\n\nOne row is {table.grain}.\n\n"
        yield "| column | type | null | |\n|---|---|---|---|\n"
        for column in table.columns:
            kind = str(table.schema.field(column.name).type).replace("[day]", "")
            null = "may be" if column.nullable else "never"
            yield f"| `{column.name}` | {column.sort}, {kind} | {null} | {_cell(column.text)} |\n"


def _documents() -> Iterator[str]:
    yield "# Documents and their schemas\n\nWhat a portal sends to its pages; see\n"
    yield "[send documents to pages and programs](../how-to/send-documents-to-pages.md).\n"
    yield "Each has a JSON Schema (2020-12), made from its class.\n"
    yield "A label is an object of `key` and `label`; instants are ISO 8601 in the office's\n"
    yield "zone, in whole seconds.\n\n"
    for name, cls in DOCUMENTS.items():
        yield f"## {name}\n\n{_prose(inspect.getdoc(cls) or '')}\n\n"
        yield f"[schemas/{name}.json](schemas/{name}.json)\n\n"
        yield "| field | type |\n|---|---|\n"
        for field, kind in _written_annotations(cls).items():
            yield f"| `{field}` | `{_cell(kind)}` |\n"
        yield "\n"


def _schema(name: str) -> str:
    return json.dumps(document_schema(name), ensure_ascii=False, indent=2) + "\n"


def _wuhu() -> Iterator[str]:
    wuhu = load_policy("wuhu")
    yield f"# The Wuhu lifecycle\n\n{wuhu.labels.zh} · {wuhu.labels.en}\n\n```mermaid\n{diagram(wuhu)}```\n\n"
    yield "| clock | level | after | source |\n|---|---|---|---|\n"
    for name, clock in wuhu.clocks.items():
        for rung in clock.rungs:
            label = f"{rung.level} ({rung.labels.zh})"
            yield f"| `{name}` | {label} | {rung.days} {clock.counting} days | {rung.source} |\n"


# -- the public names, from their docstrings -----------------------------------------------------------------

DOORS = {
    caseflow: "What a portal imports.",
    testing: "The [test kit](../how-to/simulate-a-case.md), with the extra `testing`.",
    ports: "What a plug-in owes, and the records that pass between.",
}
"""Package -> what stands above its names."""
SECTIONS = ("Args", "Attributes", "Returns", "Raises", "Boundary", "Yields")


def _api() -> Iterator[str]:
    yield "# The public names\n\n"
    yield "All that `caseflow`, `caseflow.testing` and `caseflow.ports` offer, from the docstrings.\n"
    yield "Names that end in `_us` are integers of epoch microseconds, UTC.\n"
    for door, about in DOORS.items():
        yield f"\n## {door.__name__}\n\n{about}\n"
        for name in sorted(door.__all__, key=str.lower):
            yield from _public(door, name)


def _public(door: ModuleType, name: str) -> Iterator[str]:
    """A name with its signature, its docstring and its public methods."""
    thing = getattr(door, name)
    yield f"\n### {name}\n"
    if not callable(thing):
        yield f"\n{_module_note(door, name)}\n"
        return
    yield f"\n```py\n{_signature(name, thing)}\n```\n\n{_prose(inspect.getdoc(thing) or '')}\n"
    if not inspect.isclass(thing):
        return
    if issubclass(thing, enum.Enum):
        yield "".join(["\n", *(f"- `{member.name}`: `{member.value!r}`\n" for member in thing)])
    for method, function in _methods(thing):
        if isinstance(function, property):
            kind = f"{name}.{method}: {_annotated(function.fget)}"
        else:
            kind = _signature(f"{name}.{method}", function)
        head = f"```py\n{kind}\n```" if "\n" in kind else f"**`{kind}`**"
        yield f"\n{head}\n\n{_prose(inspect.getdoc(function) or '')}\n"


def _methods(cls: type[Any]) -> Iterator[tuple[str, Any]]:
    """The public methods and properties that caseflow itself gives a class; no tests, no steps of walks."""
    if any(base.__module__.startswith("hypothesis") for base in cls.__mro__):
        return
    seen = set()
    for base in cls.__mro__:
        if base.__module__.startswith("caseflow.") and base.__name__ not in ("Value", "CaseflowError"):
            for name, member in vars(base).items():
                function = member.__func__ if isinstance(member, classmethod | staticmethod) else member
                is_public = not name.startswith(("_", "test_")) and inspect.getdoc(function)
                if is_public and isinstance(function, FunctionType | property) and name not in seen:
                    seen.add(name)
                    yield name, function


def _signature(name: str, thing: Any) -> str:
    """How it is called, a parameter a line when it is long."""
    if inspect.isclass(thing) and (issubclass(thing, enum.Enum) or getattr(thing, "_is_protocol", False)):
        return f"class {name}"
    signature = inspect.signature(thing)
    parts, is_keyword = [], False
    for parameter in signature.parameters.values():
        if parameter.name in ("self", "cls") or parameter.name.startswith("__"):
            continue
        if parameter.kind is parameter.VAR_POSITIONAL:
            is_keyword = True
        if parameter.kind is parameter.KEYWORD_ONLY and not is_keyword:
            parts.append("*")
            is_keyword = True
        parts.append(_parameter(thing, parameter))
    result = "" if inspect.isclass(thing) else f" -> {_annotated(thing)}"
    begin = f"class {name}" if inspect.isclass(thing) else name
    line = f"{begin}({', '.join(parts)}){result}"
    return line if len(line) <= 100 else f"{begin}(\n    " + ",\n    ".join(parts) + f",\n){result}"


def _parameter(thing: Any, parameter: inspect.Parameter) -> str:
    stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(parameter.kind, "")
    written = parameter.annotation
    if inspect.isclass(thing) and not isinstance(written, str):
        written = _written_annotations(thing).get(parameter.name, "Any")
    text = f"{stars}{parameter.name}: {written}"
    if parameter.default is parameter.empty:
        return text
    return f"{text} = {_written(parameter.default) if _is_literal(parameter.default) else '...'}"


def _is_literal(default: Any) -> bool:
    if isinstance(default, tuple):
        return all(_is_literal(part) for part in default)
    return default is None or type(default) in (bool, int, float, str)


def _written(default: Any) -> str:
    return repr(default).replace("'", '"')


def _annotated(function: Any) -> str:
    return str(function.__annotations__.get("return", "None"))


@cache
def _written_annotations(cls: type[Any]) -> dict[str, str]:
    """Field -> its type as the source writes it, those of the bases included."""
    written: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        if base.__module__.startswith("caseflow."):
            for node in ast.parse(inspect.getsource(sys.modules[base.__module__])).body:
                if isinstance(node, ast.ClassDef) and node.name == base.__name__:
                    fields = (part for part in node.body if isinstance(part, ast.AnnAssign))
                    written |= {ast.unparse(field.target): ast.unparse(field.annotation) for field in fields}
    return written


def _module_note(door: ModuleType, name: str) -> str:
    """The string that stands after the name where a module below the door sets it."""
    for module in [door, *(part for key, part in sys.modules.items() if key.startswith(f"{door.__name__}."))]:
        body = ast.parse(inspect.getsource(module)).body
        for before, after in pairwise(body):
            is_named = isinstance(before, ast.Assign) and ast.unparse(before.targets[0]) == name
            if is_named and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
                return _prose(inspect.cleandoc(str(after.value.value)))
    return ""


ENTRY = re.compile(r"    ((?:\*{0,2}\w+(?:, | to )?)+): (.*)")
"""An entry of a section: a name, or several."""


def _prose(doc: str) -> str:
    """A docstring as Markdown: sections with a bold head and their entries as a list, sessions fenced."""
    lines: list[str] = []
    in_section = in_session = False
    for line in doc.replace("``", "`").splitlines():
        if in_session != (line.startswith(">>>") or (in_session and line != "")):
            lines.append("```" if in_session else "```pycon")
            in_session = not in_session
        if line.removesuffix(":") in SECTIONS and line.endswith(":"):
            in_section = True
            line = f"**{line.removesuffix(':')}**\n"
        elif in_section and line.startswith("    "):
            is_list = lines[-1].startswith(("- ", "  "))
            if (entry := ENTRY.fullmatch(line)) is not None:
                names = re.sub(r"\*{0,2}\w+", lambda name: f"`{name[0]}`", entry[1].replace(" to ", " … "))
                line = f"- {names}: {entry[2]}"
            else:
                line = ("  " if is_list else "") + line.strip()
        elif line:
            in_section = False
        lines.append(line)
    return "\n".join([*lines, "```"] if in_session else lines)


def _field_names(cls: type[Any]) -> tuple[str, ...]:
    return tuple(cls.__struct_fields__)


def _attribute_docs(module: Any) -> dict[tuple[str, str], str]:
    """(class, attribute) -> the string that stands after the attribute."""
    notes: dict[tuple[str, str], str] = {}
    for node in ast.parse(inspect.getsource(module)).body:
        if isinstance(node, ast.ClassDef):
            for before, after in pairwise(node.body):
                if isinstance(before, ast.AnnAssign) and isinstance(after, ast.Expr):
                    name, text = before.target, after.value
                    if isinstance(name, ast.Name) and isinstance(text, ast.Constant):
                        notes[node.name, name.id] = _cell(inspect.cleandoc(str(text.value)))
    return notes


def _type(field: attrs.Attribute[Any]) -> str:
    """The TOML a value of the field is written in."""
    written = str(field.type)
    if written.startswith("tuple[Rung"):
        return "tables"
    if written.startswith("tuple"):
        return "numbers" if "int" in written or "float" in written else "texts"
    names = {
        "str": "text", "int": "number", "int | None": "number", "int | str | None": "number or text",
        "bool": "true or false", "float": "number",
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
    (REFERENCE / "schemas").mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (REFERENCE / name).write_text(text, encoding="utf-8")

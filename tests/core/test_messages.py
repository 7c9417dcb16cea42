"""The catalogue: every code has its text in every language, and every text gets what it speaks of."""

from __future__ import annotations

import ast
import errno
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from caseflow import i18n
from caseflow.core.engine.actions import ACTIONS
from caseflow.core.model.events import EVENTS
from caseflow.errors import Problem, Refusal
from caseflow.i18n import CatalogueError, load_catalogue, placeholders, text

SOURCE = Path(__file__).resolve().parents[2] / "src" / "caseflow"
ERRORS = {"BadInput", "StoreError", "StoreBusy", "LogError", "CaseflowError", "DeliveryFailed", "__init__"}
Site = tuple[str, str, set[str]]
"""Where a code is raised, the code, and the names its text may use."""


@pytest.fixture(autouse=True)
def catalogues(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a test loads is forgotten again; those of each code and place load nothing, and read none anew."""
    yield
    if not {"site", "code"} & {*request.fixturenames}:
        i18n.reset()


def constants(node: ast.expr | None, function: ast.AST) -> list[str]:
    """The strings an expression may be: literals, both ends of a choice, or what a name was assigned."""
    match node:
        case ast.Constant(value=str(code)):
            return [code]
        case ast.IfExp(body=body, orelse=orelse):
            return constants(body, function) + constants(orelse, function)
        case ast.Name(id=name):
            values = [n.value for n in ast.walk(function) if isinstance(n, ast.Assign)
                      and any(isinstance(t, ast.Name) and t.id == name for t in n.targets)]  # fmt: skip
            return [
                code
                for value in values
                if not isinstance(value, ast.Name)
                for code in constants(value, function)
            ]
    return []


def sites_of(call: ast.Call, function: ast.AST) -> Iterator[tuple[str, set[str]]]:
    """``(code, names)`` of a call that names a code, with the names that it fills in."""
    name = getattr(call.func, "id", getattr(call.func, "attr", ""))
    keywords = {keyword.arg: keyword.value for keyword in call.keywords if keyword.arg}
    names, args = set(keywords), call.args
    code: ast.expr | None = None
    if name in ERRORS and args:
        code, names = (
            args[0],
            names | ({"count"} if "problems" in names else set()),
        )
    elif name in ("refusal", "Refusal"):
        code = args[0] if name == "refusal" and args else keywords.get("code")
        names = {"action", "state"} | (names & {"found", "missing"})
    elif name == "add" and ast.unparse(call.func) == "notes.add":
        code, names = args[1], {"found"} if len(args) > 2 else set()
    elif name == "Problem" and len(args) > 2:
        code, names = args[2], {"found"} if len(args) > 3 else set()
    elif name == "_all_known":
        code, names = args[3], {"found"}
    yield from ((constant, names) for constant in constants(code, function))


def sites() -> list[Site]:
    rows: list[Site] = []
    for path in sorted(SOURCE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
            where = f"{path.relative_to(SOURCE)}:{function.lineno}"
            for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
                rows += [(where, code, names) for code, names in sites_of(call, function)]
            if function.name.endswith("_mistake"):  # it returns the code of a refusal about a field
                returns = [node.value for node in ast.walk(function) if isinstance(node, ast.Return)]
                codes = [code for value in returns for code in constants(value, function) if code]
                rows += [(where, code, {"action", "state", "found"}) for code in codes]
    return rows


SITES = sites()


def test_the_search_finds_the_codes() -> None:
    """The search through the source sees every way in which a code is named."""
    known = {code for _, code, _ in SITES}
    assert {"bad-instant", "role-may-not", "not-in-state", "case-exists", "unknown-guard", "policy-invalid",
            "text-with-nul", "unknown-case", "stale", "bad-case-id"} <= known  # fmt: skip


@pytest.mark.parametrize("site", SITES, ids=lambda site: f"{site[0]}-{site[1]}")
def test_every_code_raised_has_its_text_and_fills_it(site: Site) -> None:
    """A code has texts in every language, and whoever raises it gives every name they use."""
    _, code, names = site
    assert code in i18n.codes()
    for lang in i18n.SHIPPED:
        sentence = i18n.template(code, lang)
        # a problem of a policy stands behind its key path, and does not name the place again
        assert placeholders(sentence.removeprefix("{what}") if names <= {"found"} else sentence) <= names


def table_of(lang: str) -> dict[str, Any]:
    """The texts of the language's own file, by key."""
    tables = tomllib.loads((SOURCE / "locale" / f"{lang}.toml").read_text(encoding="utf-8"))
    return dict(i18n._flattened(tables))


ENGLISH, CHINESE = table_of("en"), table_of("zh")


def test_every_language_has_the_same_keys() -> None:
    """Both files hold the same keys in the same order, and a code stands in one section."""
    both = [key for key in CHINESE if not key.startswith("help.")]  # its English stands with each command
    assert list(ENGLISH) == both == list(i18n.keys())
    assert len(set(i18n.codes())) == len(i18n.codes())


def test_every_language_says_the_same() -> None:
    """A text fills in the same names in either language; a day alone is written from other parts."""
    differ = [key for key in ENGLISH if placeholders(ENGLISH[key]) != placeholders(CHINESE[key])]
    assert differ == ["letters.day"]


HAN = r"[\u3007\u3400-\u9fff]"
CODE = re.compile(r"`[^`]*`|(?:field|event|rung):[\w{}/]+|\b[a-z]+://\S*|\d[:,]\d|https?\S+")
"""What is written as programs read it."""


def ascii_marks(sentence: str) -> list[str]:
    """The marks of a Chinese sentence that are not Chinese ones, codes left out."""
    return re.findall(r".?[,;:?!()].?", CODE.sub("", sentence)) if re.search(HAN, sentence) else []


def forms_of(text: Any) -> list[str]:
    return [text] if isinstance(text, str) else list(text.values())


def test_chinese_is_written_with_chinese_marks() -> None:
    """Every sentence of the catalogue: no ASCII comma, colon, semicolon, bracket or question mark."""
    sentences = [(key, form) for key, text in CHINESE.items() for form in forms_of(text)]
    assert [(key, form) for key, form in sentences if ascii_marks(f"字 {form}")] == []


def chinese_of(table: Any) -> Iterator[str]:
    """Every Chinese text of a document, at whatever depth."""
    if isinstance(table, dict):
        for value in table.values():
            yield from chinese_of(value)
    elif isinstance(table, list):
        for value in table:
            yield from chinese_of(value)
    elif isinstance(table, str) and re.search(HAN, table):
        yield table


@pytest.mark.parametrize("file", sorted((SOURCE / "policies").glob("*.toml")), ids=lambda file: file.stem)
def test_labels_and_sources_are_written_with_chinese_marks(file: Path) -> None:
    """What the shipped policies give people to read, too."""
    texts = chinese_of(tomllib.loads(file.read_text(encoding="utf-8")))
    assert [text for text in texts if ascii_marks(text)] == []


def test_citizens_read_no_english_word_in_chinese() -> None:
    """What stories, letters, notices, drawings and pages of the admin are made of."""
    sections = (
        "story",
        "events",
        "stages",
        "words",
        "lengths",
        "terms",
        "letters",
        "notices",
        "skipped",
        "django",
    )
    rows = [(key, text) for key, text in CHINESE.items() if key.partition(".")[0] in sections]
    english = [
        key
        for key, text in rows
        for form in forms_of(text)
        if re.search("[A-Za-z_]{2,}", re.sub(r"{.*?}", "", form))
    ]
    assert english == ["django.actor-unknown"]  # it names the setting


def test_the_rule_sees_what_is_wrong() -> None:
    """And lets codes be."""
    assert ascii_marks("单位,状态") and ascii_marks("单位:{name}") and ascii_marks("状态(新)")
    assert ascii_marks("不早于 09:30，写作 field:NAME、`a, b` 或 sqlite:///x.db") == []


@pytest.mark.parametrize("code", i18n.codes())
def test_codes_are_told_in_words(code: str) -> None:
    """The English text is plain ASCII; the Chinese one holds Chinese, and neither leaves a name out."""
    english, chinese = (i18n.template(code, lang) for lang in i18n.SHIPPED)
    assert english.isascii()
    assert placeholders(english) >= placeholders(chinese)
    literal = re.sub(r"\{.*?\}", "", chinese)
    says_nothing = all(not sign.isalpha() for sign in literal)
    assert says_nothing or any("\u4e00" <= sign <= "\u9fff" for sign in literal)


def test_no_text_is_left_over() -> None:
    """Every text belongs to a key that the source names somewhere: whole, or by its last part."""
    words = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                words.add(node.value)
    for page in SOURCE.rglob("*.jinja"):
        words |= set(re.findall(r'word\("([\w-]+)"', page.read_text(encoding="utf-8")))
    words |= set(EVENTS) | set(errno.errorcode.values())
    words |= {name for spec in ACTIONS.values() for name in spec.fields}
    unused = [key for key in ENGLISH if not {key, key.partition(".")[2]} & words]
    # the rest is put together: a kind of change, of measure, a column; each finding has twins of its own
    golden = r"golden\.(card|case) (gone|new)"
    cli = r"cli\.(simulated|aside|health|by|remark|coverage)-([\w-]+)"
    report = r"report\.[\w-]+-(title|note)|report\.remark-[\w-]+"
    beyond = r"governance\.beyond-[\w-]+"
    together = re.compile(
        rf"{golden}|{cli}|{report}|{beyond}|usage\.(Options|Commands)|findings\..*|problems\.\d+"
    )
    assert [key for key in unused if not together.fullmatch(key)] == []


def test_an_import_reads_no_catalogue() -> None:
    """The texts are read at the first one, and then only those of the language that is asked for."""
    program = (
        "import caseflow, caseflow.i18n as i18n\n"
        "assert not i18n._catalogues\n"
        "i18n.text('cli.clean', 'zh')\n"
        "assert list(i18n._catalogues) == ['zh']\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_portal_adds_a_language(tmp_path: Path, encoding: str) -> None:
    """What it translated is said in it, with its own plural; the rest in English; nothing else changes."""
    file = tmp_path / "cs.toml"
    file.write_text(
        '[story]\ndays = { one = "{n} den", few = "{n} dny", other = "{n} dní" }\n'
        '[refusals]\nno-unit = "případ nikdo nemá; nejprve {missing}"\n',
        encoding=encoding,
    )
    load_catalogue("cs", file, plural=lambda n: "one" if n == 1 else "few" if 1 < n < 5 else "other")
    assert [text("story.days", "cs", n=n) for n in (1, 3, 7)] == ["1 den", "3 dny", "7 dní"]
    refusal = Refusal(code="no-unit", action="reply", missing=("route",))
    assert refusal.text("cs") == "případ nikdo nemá; nejprve route"
    assert text("cli.clean", "cs") == "no problems"
    assert text("cli.clean", "zh") == "没有问题"
    assert i18n.languages() == ("en", "zh", "cs")


def test_a_portal_changes_a_sentence() -> None:
    """One key is laid over the shipped ones, and every other stays; a second load adds to the first."""
    load_catalogue("zh", {"cli": {"clean": "一切正常"}})
    load_catalogue("zh", {"cli.no-cases": "暂无案件"})
    assert (text("cli.clean", "zh"), text("cli.no-cases", "zh")) == ("一切正常", "暂无案件")
    assert text("cli.more-due", "zh") == "还有到期"
    assert text("cli.clean", "en") == "no problems"


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"cli": {"cleen": "x"}}, "cli.cleen: no such key"),
        ({"cli": {"clean": "{who} is fine"}}, "cli.clean: nothing fills in {who}"),
        ({"cli": {"wrote": "{path.parent}"}}, "is not a name alone"),
        ({"cli": {"wrote": "{path!r}"}}, "is not a name alone"),
        ({"cli": {"wrote": "{"}}, "cli.wrote: "),
        ({"cli": {"wrote": 7}}, "cli.wrote: "),
        ({"story": {"days": {"one": "x"}}}, "story.days.one: no such key"),
    ],
)
def test_a_catalogue_that_cannot_be_used_is_refused(tables: dict[str, Any], message: str) -> None:
    """Each wrong key is named, and nothing of the catalogue is taken."""
    with pytest.raises(CatalogueError) as caught:
        load_catalogue("mn", {"cli.clean": "зүгээр", **tables})
    assert message in str(caught.value)
    assert "mn" not in i18n.languages()


@pytest.mark.parametrize("lang", ["", "x", "../en", "en.toml", "a b"])
def test_a_language_has_a_tag(lang: str) -> None:
    """What is no tag is refused, and a file that is none as well."""
    with pytest.raises(CatalogueError):
        load_catalogue(lang, {})
    with pytest.raises(CatalogueError, match=r"missing\.toml"):
        load_catalogue("mn", "missing.toml")


@pytest.mark.parametrize(
    ("tag", "lang"),
    [("zh_CN.UTF-8", "zh"), ("zh-Hans", "zh"), ("zh-hant-tw", "zh-Hant"), ("en_GB", "en"), ("C", "en"),
     ("", "en"), ("de_DE@euro", "en"), ("ZH", "zh"), ("zhx", "en")],
)  # fmt: skip
def test_the_nearest_language_is_chosen(tag: str, lang: str) -> None:
    """A locale or a tag with a region takes the language it names, the closest there is, else English."""
    load_catalogue("zh-Hant", {"cli": {"clean": "沒有問題"}})
    assert i18n.nearest(tag) == lang


def test_what_nobody_knows_is_said_plainly() -> None:
    """An unknown language is English, an unknown key its own name, a value that was not given a dash."""
    assert text("cli.clean", "xx") == "no problems"
    assert text("cli.no {such} key") == "no {such} key"
    assert text("cli.wrote", "en") == "wrote -"
    assert i18n.event_text("from-the-future", "zh") == "from the future"


def test_a_refusal_speaks_both_languages_and_names_its_source() -> None:
    """The text holds action, state, what is missing and the source, in either language."""
    refusal = Refusal(
        code="not-in-state", action="close", state="routed", missing=("reply",), source="办法第三条"
    )
    assert refusal.text("en") == "is routed, which accepts reply; got close (办法第三条)"
    assert refusal.text("zh") == "处于 routed，可用动作为 reply；收到 close（办法第三条）"


@pytest.mark.parametrize(
    "code", ["bad-count", "length-unfit", "term-needs-days", "calendar-needed", "bad-term"]
)
def test_a_problem_reads_as_a_sentence(code: str) -> None:
    """A policy's problem says file, key and fault, without a gap where a name was not known."""
    for lang in ("en", "zh"):
        text = Problem("mine.toml", "clocks.c", code, "elapsed").text(lang)
        assert text.startswith(f"mine.toml: clocks.c{i18n.mark('colon', lang)}")
        assert "-:" not in text

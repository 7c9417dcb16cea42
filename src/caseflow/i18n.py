"""Every sentence that people read, by key and language: one catalogue, which a portal may extend or change.

The texts of a language stand in ``locale/LANG.toml`` and are read when the first one is asked for, never at
import. A key is ``section.name``; those of ``help`` have no English, which stands with each command. What a
language lacks is said in English, as is all in one nobody loaded. A portal adds a language, or puts its own
sentence in the place of a shipped one::

    from caseflow.i18n import load_catalogue

    load_catalogue("mn", "mongolian.toml")
    load_catalogue("en", {"refusals": {"no-unit": "nobody holds the case yet; {missing} first"}})
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from string import Formatter
from threading import RLock
from typing import Any

from caseflow import forks

Lang = str
"""A language by its tag: ``en``, ``zh``, or one that a portal loaded."""
SHIPPED: tuple[Lang, ...] = ("en", "zh")
"""The languages that come with the package; the first is what every other falls back to."""
FALLBACK: Lang = SHIPPED[0]
PLURALS = frozenset({"zero", "one", "two", "few", "many", "other"})
"""The plural forms of the Unicode CLDR; a text that has any has ``other``."""
_COUNTS = ("n", "count")
"""The values whose number chooses the form, the first that there is."""
_TAG = re.compile(r"[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8})*")

_UNSHOWN = re.compile("[\0-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""What moves a cursor, ends a line, turns the direction of writing, or is no character."""

Text = str | Mapping[str, str]
"""A sentence, or its plural forms by name."""


class CatalogueError(ValueError):
    """A catalogue that cannot be used; names every key that is wrong, and nothing of it was taken."""


class _Catalogue:
    """The texts of one language, and how it forms a plural."""

    def __init__(self, texts: Mapping[str, Text], plural: Callable[[int], str]) -> None:
        self.texts = texts
        self.plural = plural


_catalogues: dict[Lang, _Catalogue] = {}
_lock = RLock()


def _renew_lock() -> None:
    global _lock
    _lock = RLock()


forks.in_child(_renew_lock)


def text(key: str, lang: Lang = FALLBACK, /, **values: Any) -> str:
    """The text of a key in a language, with its values filled in.

    A value that was not given stands as ``-``; a key that no language has is its own text, without section.
    """
    return _filled(key, lang, values)


def code_text(code: str, lang: Lang, data: Mapping[str, Any], *, placed: bool = False) -> str:
    """The text of an error's or a refusal's code; the code itself where it is not known.

    With ``placed`` the text follows a place that is already named, and does not name it again.
    """
    return _filled(_key_of_code(code), lang, data, placed=placed)


def codes() -> tuple[str, ...]:
    """Every code of an error or refusal that has a text, sorted."""
    return tuple(sorted(key.partition(".")[2] for key in keys("errors", "refusals")))


def findings() -> tuple[str, ...]:
    """Every code of a finding about a policy that has its texts, in the order of the catalogue."""
    return tuple(dict.fromkeys(key.split(".")[1] for key in keys("findings") if key.count(".") > 1))


def sentence(key: str, lang: Lang) -> str:
    """The text of a key before its values are filled in; of one with plural forms the general one."""
    form = _form(key, lang)[0]
    return form if isinstance(form, str) else form["other"]


def mark(name: str, lang: Lang) -> str:
    """What parts of a sentence are joined by: ``comma``, ``list`` between names, ``colon``, ``semicolon``."""
    return sentence(f"marks.{name}", lang)


def bracketed(part: str, lang: Lang) -> str:
    """The part in brackets, as it stands behind a word."""
    return _filled("marks.brackets", lang, {"text": part})


def template(code: str, lang: Lang) -> str:
    """The text of a code before its data are filled in."""
    return sentence(_key_of_code(code), lang)


def has_own(key: str, lang: Lang) -> bool:
    """Whether the language itself has a text of that key."""
    return lang in languages() and key in _catalogue(lang).texts


def keys(*sections: str) -> tuple[str, ...]:
    """Every key, or those of some sections, in the order of the English catalogue."""
    every = _catalogue(FALLBACK).texts
    return tuple(key for key in every if not sections or key.partition(".")[0] in sections)


def languages() -> tuple[Lang, ...]:
    """The languages there are: those shipped, then those that were loaded, in that order."""
    return tuple(dict.fromkeys((*SHIPPED, *_catalogues)))


def nearest(tag: str) -> Lang:
    """The language there is that comes nearest to a tag or locale such as ``zh-Hans`` or ``zh_CN.UTF-8``."""
    return _nearest(tag, languages())


@lru_cache(maxsize=64)
def _nearest(tag: str, known: tuple[Lang, ...]) -> Lang:
    tag = re.split("[.@]", tag)[0].replace("_", "-").lower()
    near = [lang for lang in known if f"{tag}-".startswith(f"{lang.replace('_', '-').lower()}-")]
    return max(near, key=len, default=FALLBACK)


def locale_language() -> Lang:
    """The language nearest to that of the locale (``LC_ALL``, ``LC_MESSAGES``, ``LANG``), or English."""
    variables = (os.environ.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return nearest(next(filter(None, variables), ""))


def event_text(name: str, lang: Lang) -> str:
    """What an event of that registered name is called; the name itself where there is no word."""
    key = f"events.{name}"
    return _filled(key, lang, {}) if key in _catalogue(FALLBACK).texts else name.replace("-", " ")


def story_text(key: str, lang: Lang, **values: Any) -> str:
    """A phrase of stories, drawings and calendars."""
    return _filled(f"story.{key}", lang, values)


def timeline_text(key: str, lang: Lang, **values: Any) -> str:
    """What a timeline of the test kit says."""
    return _filled(f"timeline.{key}", lang, values)


def golden_text(key: str, lang: Lang, **values: Any) -> str:
    """What a check of golden histories says."""
    return _filled(f"golden.{key}", lang, values)


def load_catalogue(
    lang: Lang,
    source: Mapping[str, Any] | str | Path,
    *,
    plural: Callable[[int], str] | None = None,
) -> None:
    """Add a language, or lay texts over those of one that is there.

    Load before the first text is needed: at the start of the program, once.

    Args:
        lang: its tag, such as ``mn`` or ``zh-Hant``.
        source: tables of texts as ``locale/en.toml`` has them, or the path of such a file. What it lacks is
            said as before, and at last in English.
        plural: which form of `PLURALS` a count takes; by default ``one`` for 1, and ``other``.

    Raises:
        CatalogueError: the tag is none, the file cannot be read, a key is not one of `keys`, or a text uses a
            name in braces that no shipped one does.
    """
    if not _TAG.fullmatch(lang):
        raise CatalogueError(f"{lang!r} is no language tag; write one such as mn or zh-Hant")
    tables, place = (source, "") if isinstance(source, Mapping) else (_read(Path(source)), f"{source}: ")
    texts = dict(_flattened(tables))
    with _lock:
        _check(texts, place)
        before = _catalogue(lang) if lang in languages() else _Catalogue({}, _one_or_other)
        _catalogues[lang] = _Catalogue({**before.texts, **texts}, plural or before.plural)


def reset() -> None:
    """Forget every catalogue that was loaded; the shipped ones are read again."""
    with _lock:
        _catalogues.clear()


def _key_of_code(code: str) -> str:
    refusal = f"refusals.{code}"
    return refusal if refusal in _catalogue(FALLBACK).texts else f"errors.{code}"


def _filled(key: str, lang: Lang, values: Mapping[str, Any], *, placed: bool = False) -> str:
    form, plural = _form(key, lang)
    if not isinstance(form, str):
        count = next((values[name] for name in _COUNTS if isinstance(values.get(name), int)), None)
        form = form.get("other" if count is None else plural(count), form["other"])
    if placed:
        form = form.removeprefix("{what}").lstrip(":\uff1a ")
    return visible(form.format_map(_Values(values)))


def visible(text: str) -> str:
    r"""The text with every character that would do something on a screen written as its escape.

    Line feeds and tabs stay, as do letters of every script and what joins them. Every sentence of the
    catalogue is so, whatever was filled in.

    >>> visible("a\x1b[2J\u202eb")
    'a\\x1b[2J\\u202eb'
    """
    return text if text.isprintable() else _UNSHOWN.sub(_escaped, text)


def is_visible(text: str) -> bool:
    """Whether the text does nothing on a screen but stand there."""
    return text.isprintable() or not _UNSHOWN.search(text)


def _escaped(match: re.Match[str]) -> str:
    return match[0].encode("unicode-escape").decode()


def _form(key: str, lang: Lang) -> tuple[Text, Callable[[int], str]]:
    """The sentence or its forms, and the plural rule of the language that has it."""
    for name in (lang, FALLBACK) if lang in SHIPPED or lang in _catalogues else (FALLBACK,):
        catalogue = _catalogue(name)
        if key in catalogue.texts:
            return catalogue.texts[key], catalogue.plural
    return key.partition(".")[2].replace("{", "{{").replace("}", "}}"), _one_or_other


def _catalogue(lang: Lang) -> _Catalogue:
    """The catalogue of a language that is there; a shipped one is read now."""
    if lang not in _catalogues:
        with _lock:
            if lang not in _catalogues:
                _catalogues[lang] = _Catalogue(dict(_flattened(_shipped(lang))), _one_or_other)
    return _catalogues[lang]


def _shipped(lang: Lang) -> dict[str, Any]:
    import tomllib  # both only when a text is needed: an import of the package reads nothing
    from importlib import resources

    file = resources.files("caseflow").joinpath("locale", f"{lang}.toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _read(path: Path) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:  # ValueError: neither UTF-8 nor TOML
        raise CatalogueError(f"{path}: {error}") from error


def _flattened(tables: Any, path: str = "") -> Iterator[tuple[str, Text]]:
    """``section.name`` -> text or plural forms; keys may come nested or with dots."""
    for name, part in tables.items():
        key = f"{path}.{name}" if path else name
        if isinstance(part, Mapping) and not ("other" in part and part.keys() <= PLURALS):
            yield from _flattened(part, key)
        else:
            yield key, part


def _check(texts: Mapping[str, Text], place: str) -> None:
    """Refuse keys that nothing asks for, and names that nothing fills in."""
    shipped, wrong = [_catalogue(lang).texts for lang in SHIPPED], list[str]()
    for key, form in texts.items():
        if not any(key in texts for texts in shipped):
            wrong.append(f"{key}: no such key")
            continue
        try:
            known = (placeholders(texts[key]) for texts in shipped if key in texts)
            extra = placeholders(form).difference(*known)
        except (TypeError, ValueError) as error:
            wrong.append(f"{key}: {error}")
            continue
        wrong += [f"{key}: nothing fills in {{{name}}}" for name in sorted(extra)]
    if wrong:
        raise CatalogueError(place + "; ".join(wrong))


def placeholders(form: Any) -> frozenset[str]:
    """The names in braces of a text, or of all its plural forms.

    Raises:
        TypeError: it is no text.
        ValueError: a brace stands alone, or asks for more than a name.
    """
    sentences: list[Any]
    match form:
        case str():
            sentences = [form]
        case {**plurals}:
            sentences = list(plurals.values())
        case _:
            raise TypeError(f"{form!r} is no text")
    names = set[str]()
    for sentence in sentences:
        for _, name, spec, conversion in Formatter().parse(sentence):
            if name is not None:
                if not name.isidentifier() or spec or conversion:
                    raise ValueError(f"{{{name}}} is not a name alone")
                names.add(name)
    return frozenset(names)


def _one_or_other(count: int) -> str:
    return "one" if count == 1 else "other"


class _Values(dict[str, Any]):
    """What is filled in; a name that was not given stands as a dash."""

    def __missing__(self, key: str) -> str:
        return "-"

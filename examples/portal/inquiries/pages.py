"""Cases as pages show them: documents in the reader's language, with titles."""

from collections.abc import Iterable, Iterator
from typing import Any

from caseflow import Actor, Case
from caseflow.contrib.django import desk
from caseflow.contrib.django.config import language
from caseflow.views.documents import CaseDocument, case_document
from caseflow.views.labels import PolicyLabels

PAGE = 1000


def document_of(case: Case) -> CaseDocument:
    """The case's document, as of now."""
    return case_document(desk().rules_of(case), case, desk().clock.now_us(), lang=language())


def rows(actor: Actor, cases: Iterable[Case]) -> list[dict[str, Any]]:
    """Each case of a list with its title, as far as the actor may read it."""
    cases = list(cases)
    titles = desk().seen_by(actor).titles(cases)
    return [{"case": document_of(case), "title": titles.get(case.id, "")} for case in cases]


def every_case(**terms: Any) -> Iterator[Case]:
    """All cases that the terms hold for, page by page."""
    cursor = ""
    while True:
        page = desk().cases(limit=PAGE, cursor=cursor, **terms)
        yield from page
        cursor = page.cursor
        if not cursor:
            return


def labels() -> PolicyLabels:
    """The words of the portal's own policy."""
    return PolicyLabels(desk().rules, language())


def kinds() -> list[tuple[str, str]]:
    """The kinds of inquiries, with their labels."""
    table = desk().rules.policy.kinds
    return [(kind, labels().named(table, kind)) for kind in table]

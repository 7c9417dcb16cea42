"""JSON documents of what is published of cases, and of what a moderator looks at before."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from caseflow.core.engine.compiled_policy import CompiledPolicy
from caseflow.core.engine.publication import PUBLISH
from caseflow.core.model.case import Case
from caseflow.core.personal_data import PersonalData
from caseflow.i18n import Lang, text
from caseflow.views.documents import JsonDocument, Labelled, TextDocument
from caseflow.views.labels import PolicyLabels


class PublicTextDocument(JsonDocument):
    """A text as it was approved for anyone, by the field of the action that published it."""

    field: Labelled
    text: str


class PublicationDocument(JsonDocument):
    """What is published of a case."""

    id: str
    kind: Labelled | None
    unit: str
    published_at: datetime
    texts: tuple[PublicTextDocument, ...]


class PublicationsDocument(JsonDocument):
    """Some publications, the newest first, and the cursor for those before them; empty on the last page."""

    publications: tuple[PublicationDocument, ...]
    cursor: str


class PlaceDocument(JsonDocument):
    """A place in a text where a rule finds personal data; offsets count characters."""

    rule: Labelled
    start: int
    end: int


class PreviewDocument(JsonDocument):
    """A text of a case, the places that are to be hidden before it is published, and how it reads then."""

    version: int
    field: Labelled
    text: str
    hidden: str
    places: tuple[PlaceDocument, ...]


class PreviewsDocument(JsonDocument):
    """The texts of a case before anything of them is published."""

    texts: tuple[PreviewDocument, ...]


def publication_document(
    rules: CompiledPolicy, case: Case, published_at: datetime, texts: Iterable[tuple[str, str]], *, lang: Lang
) -> PublicationDocument:
    """What is published of a case, in a language."""
    labels, kind = PolicyLabels(rules, lang), case.origin.kind
    return PublicationDocument(
        id=case.id,
        kind=Labelled(key=kind, label=labels.named(rules.policy.kinds, kind)) if kind else None,
        unit=case.unit,
        published_at=published_at.replace(microsecond=0),
        texts=tuple(
            PublicTextDocument(field=Labelled(key=field, label=labels.field(field, PUBLISH)), text=words)
            for field, words in texts
        ),
    )


def preview_document(
    shown: TextDocument, hidden: str, places: Iterable[PersonalData], *, lang: Lang = "en"
) -> PreviewDocument:
    """A text that is not erased, with the places that are to be hidden."""
    return PreviewDocument(
        version=shown.version,
        field=shown.field,
        text=shown.text or "",
        hidden=hidden,
        places=tuple(
            PlaceDocument(
                rule=Labelled(key=one.rule, label=text(f"personal.{one.rule}", lang)),
                start=one.start,
                end=one.end,
            )
            for one in places
        ),
    )

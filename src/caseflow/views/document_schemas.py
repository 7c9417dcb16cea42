"""The JSON Schema of every document, made from its class, by the document's name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from caseflow.views import documents as d
from caseflow.views import publication_documents as published
from caseflow.views.action_forms import ActionsDocument
from caseflow.views.explanation_documents import ExplanationsDocument
from caseflow.views.health import HealthDocument
from caseflow.views.problem import ProblemDocument

DOCUMENTS: Mapping[str, type[d.JsonDocument]] = {
    "actions": ActionsDocument,
    "case": d.CaseDocument,
    "counts": d.CountsDocument,
    "explanations": ExplanationsDocument,
    "forecast": d.ForecastDocument,
    "health": HealthDocument,
    "page": d.PageDocument,
    "previews": published.PreviewsDocument,
    "problem": ProblemDocument,
    "publication": published.PublicationDocument,
    "publications": published.PublicationsDocument,
    "public-case": d.PublicCaseDocument,
    "story": d.StoryDocument,
    "texts": d.TextsDocument,
}
"""The documents by name."""


def document_schema(name: str) -> dict[str, Any]:
    """The JSON Schema (2020-12) of a document.

    Args:
        name: a key of `DOCUMENTS`.

    Raises:
        KeyError: there is no such document.
    """
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(DOCUMENTS[name])}


def schema_components(template: str = "#/components/schemas/{name}") -> dict[str, Any]:
    """The schemas of all documents and their parts by class name, as OpenAPI keeps them.

    Args:
        template: how one refers to another.
    """
    return msgspec.json.schema_components(tuple(DOCUMENTS.values()), ref_template=template)[1]

"""Attachments: the portal keeps the file, the case its digest; both are committed together."""

from __future__ import annotations

import hashlib
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction

from caseflow import Actor
from caseflow.contrib.django import desk
from inquiries.models import Attachment


def attach(case_id: str, file: UploadedFile[Any], *, by: Actor, key: str) -> None:
    """Keep the file and record it in the case; the same file again changes nothing."""
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    name, size, media_type = file.name or digest, file.size or 0, file.content_type or ""
    with transaction.atomic():
        kept, is_new = Attachment.objects.get_or_create(
            case_id=case_id,
            sha256=digest,
            defaults={
                "name": name, "size": size, "media_type": media_type, "is_internal": by.role != "citizen",
            },
        )  # fmt: skip
        if not is_new:
            return
        desk().attach(
            case_id, reference=f"attachments/{digest}", sha256=digest, size=size, media_type=media_type,
            name=name, by=by, key=key,
        )  # fmt: skip
        kept.content.save(digest, file)


def attachments_for(case_id: str, by: Actor) -> list[Attachment]:
    """Those that the actor may read; whether they may read the case was asked before."""
    kept = Attachment.objects.filter(case_id=case_id).order_by("pk")
    return list(kept.filter(is_internal=False) if by.role == "citizen" else kept)

"""Forms: those of the portal, and the one made from an action's document, whatever the policy says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import uuid4

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from caseflow.core.bounds import LONGEST_TEXT
from caseflow.views.action_forms import ActionDocument, FieldDocument

LARGEST = 5 * 1024 * 1024
"""Bytes of an attachment."""
MEDIA_TYPES = {
    "image/jpeg": _("JPEG picture"),
    "image/png": _("PNG picture"),
    "application/pdf": _("PDF"),
    "text/plain": _("plain text"),
}
NEVER_BY_FORM = frozenset({"token", "clock", "subject", "cycle"})
"""Fields of actions that a person does not type in: one clock runs here at a time."""


class KeyedForm(forms.Form):
    """A form that is taken once, however often it is sent: its key goes along with the command."""

    key = forms.CharField(widget=forms.HiddenInput, initial=lambda: uuid4().hex, max_length=64)


class FileForm(KeyedForm):
    """A file, within the bounds of what the portal keeps."""

    file = forms.FileField(
        label=_("File"),
        help_text=_("JPEG, PNG, PDF or plain text, at most 5 MB."),
        widget=forms.FileInput(attrs={"accept": ",".join(MEDIA_TYPES)}),
    )

    def clean_file(self) -> UploadedFile[Any] | None:
        """No larger one, and none of another type."""
        file: UploadedFile[Any] | None = self.cleaned_data["file"]
        if file is None:
            return None
        if (file.size or 0) > LARGEST:
            raise forms.ValidationError(_("The file is larger than 5 MB. Attach a smaller one."))
        if file.content_type not in MEDIA_TYPES:
            raise forms.ValidationError(_("Attach a JPEG, PNG, PDF or plain text file."))
        return file


class InquiryForm(FileForm):
    """What a citizen asks."""

    kind = forms.ChoiceField(label=_("What is it?"), widget=forms.RadioSelect)
    title = forms.CharField(label=_("In one sentence"), max_length=60)
    region = forms.CharField(label=_("Where is it?"), max_length=60, required=False)
    body = forms.CharField(
        label=_("What happened?"),
        help_text=_("Leave out what is personal: what you write is read by those who handle it."),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 7}),
    )
    field_order = ("kind", "title", "region", "body", "file")

    def __init__(self, *args: Any, kinds: Iterable[tuple[str, str]], **options: Any) -> None:
        super().__init__(*args, **options)
        kind, file = self.fields["kind"], self.fields["file"]
        assert isinstance(kind, forms.ChoiceField)
        kind.choices, file.required = tuple(kinds), False


class FindForm(forms.Form):
    """The number of an inquiry, as ``民声〔2026〕第3号`` has it."""

    year = forms.IntegerField(label=_("Year"), min_value=2000, max_value=9999)
    number = forms.IntegerField(label=_("Number"), min_value=1)


class ReasonForm(KeyedForm):
    """Why."""

    reason = forms.CharField(
        label=_("Reason"), max_length=LONGEST_TEXT, widget=forms.Textarea(attrs={"rows": 4})
    )


class RouteForm(KeyedForm):
    """Where a case goes."""

    to = forms.ChoiceField(label=_("Unit"), choices=[("", "–"), *((unit, unit) for unit in settings.BUREAUS)])


class ActionForm(KeyedForm):
    """The fields of an action as its document describes them; any policy's.

    Args:
        fixed: fields that the link to the form fills in.
    """

    def __init__(
        self, *args: Any, action: ActionDocument, fixed: Mapping[str, str] | None = None, **options: Any
    ) -> None:
        super().__init__(*args, **({"initial": fixed} | options))
        self._fields = [field for field in action.fields if field.type in FIELDS and _is_asked(field, action)]
        for field in self._fields:
            self.fields[field.name] = FIELDS[field.type](field)
        for name in fixed or ():
            if isinstance(self.fields.get(name), forms.CharField):
                self.fields[name].widget.attrs["readonly"] = True

    def answers(self) -> dict[str, Any]:
        """What was filled in, as the desk takes it."""
        values = {field.name: self.cleaned_data[field.name] for field in self._fields}
        dated = {name: str(value) if hasattr(value, "isoformat") else value for name, value in values.items()}
        return {name: value for name, value in dated.items() if value not in (None, "", [])}


def _is_asked(field: FieldDocument, action: ActionDocument) -> bool:
    """A reason is asked for where it is needed; every action would take one."""
    return field.name not in NEVER_BY_FORM and (field.name != "reason" or field.required)


def _options(field: FieldDocument) -> dict[str, Any]:
    return {"label": field.label, "required": field.required}


def _text(field: FieldDocument) -> forms.Field:
    widget = forms.Textarea(attrs={"rows": 2 if field.name == "title" else 5})
    return forms.CharField(max_length=field.max_length, widget=widget, **_options(field))


def _string(field: FieldDocument) -> forms.Field:
    if not field.choices:
        return forms.CharField(max_length=field.max_length, **_options(field))
    return forms.ChoiceField(choices=_choices(field), **_options(field))


def _choices(field: FieldDocument) -> list[tuple[str, str]]:
    named = [(one.key, one.label) for one in field.choices]
    return named if field.required else [("", "–"), *named]


def _unit(field: FieldDocument) -> forms.Field:
    units = [(unit, unit) for unit in settings.BUREAUS]
    return forms.ChoiceField(choices=[("", "–"), *units], **_options(field))


def _int(field: FieldDocument) -> forms.Field:
    if field.min is None or field.max is None or field.max - field.min > 10:
        return forms.IntegerField(min_value=field.min, max_value=field.max, **_options(field))
    marks = [(mark, str(mark)) for mark in range(field.max, field.min - 1, -1)]
    return forms.TypedChoiceField(
        choices=marks, coerce=int, empty_value=None, widget=forms.RadioSelect(attrs={"class": "marks"}),
        **_options(field),
    )  # fmt: skip


def _names(field: FieldDocument) -> forms.Field:
    choices = [(one.key, one.label) for one in field.choices]
    return forms.MultipleChoiceField(choices=choices, widget=forms.CheckboxSelectMultiple, **_options(field))


def _date(field: FieldDocument) -> forms.Field:
    return forms.DateField(widget=forms.DateInput(attrs={"type": "date"}), **_options(field))


def _bool(field: FieldDocument) -> forms.Field:
    return forms.BooleanField(label=field.label, required=False)


FIELDS: dict[str, Callable[[FieldDocument], forms.Field]] = {
    "text": _text, "string": _string, "unit": _unit, "int": _int, "names": _names, "date": _date,
    "bool": _bool,
}  # fmt: skip
"""Type of a field -> the field of the form; the others no person fills in."""

"""The portal's pages, as JSON."""

from django.contrib import admin
from django.db import IntegrityError, transaction
from django.http import HttpRequest, JsonResponse
from django.urls import path

from caseflow import Actor, KeyReused, Refused, UnknownCase
from caseflow.contrib.django import desk

from .models import Letter


def ask(request: HttpRequest) -> JsonResponse:
    """Take a letter: the case and the portal's row, both or neither."""
    form = request.POST
    citizen = Actor(form["citizen"], role="citizen")
    try:
        with transaction.atomic():
            case = desk().submit(title=form["title"], to=form["to"], by=citizen)
            Letter.objects.create(receipt=form["receipt"], case_id=case.id)
    except IntegrityError:
        return JsonResponse({"error": "this receipt was used"}, status=409)
    return JsonResponse({"case": case.id}, status=201)


def answer(request: HttpRequest, case_id: str) -> JsonResponse:
    """Reply, once however often the form is sent; what the rules do not allow is told as they say it."""
    officer = Actor("o-4", role="handler", unit="城管局")  # a real portal takes it from request.user
    try:
        case = desk().reply(case_id, text=request.POST["text"], by=officer, key=request.POST["form"])
    except UnknownCase as error:
        return JsonResponse({"error": error.text("zh")}, status=404)
    except (Refused, KeyReused) as error:
        return JsonResponse({"error": error.text("zh"), "code": error.code}, status=409)
    return JsonResponse({"state": case.state})


urlpatterns = [
    path("letters/", ask),
    path("letters/<case_id>/answer", answer),
    path("admin/", admin.site.urls),
]

"""What surrounds every view: headers, and errors of the library as pages that say the way out."""

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from caseflow import CaseflowError
from caseflow.contrib.django.config import desk, language
from caseflow.views.problem import problem

POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; form-action 'self'"
"""Nothing comes from elsewhere; printed documents bring their styles along."""

GetResponse = Callable[[HttpRequest], HttpResponse]


class ContentSecurityPolicy:
    """Says in a header what the pages may load."""

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Let the view answer; the admin's pages keep their own ways."""
        response = self._get_response(request)
        if not request.path.startswith("/admin/"):
            response.headers.setdefault("Content-Security-Policy", POLICY)
        return response


class Problems:
    """Shows what the library refuses, with the HTTP status that fits."""

    def __init__(self, get_response: GetResponse) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Let the view answer."""
        return self._get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Refusals, unknown cases, a busy store; any other error is Django's."""
        if not isinstance(error, CaseflowError):
            return None
        return problem_page(request, error)


def problem_page(request: HttpRequest, error: CaseflowError) -> HttpResponse:
    """The page of an error, in words of the reader's language."""
    document = problem(error, desk().rules, lang=language())
    return render(request, "inquiries/problem.html", {"problem": document}, status=document.status)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """There is no such page."""
    return _plain(request, HTTPStatus.NOT_FOUND, _("There is no such page"))


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The page is for others."""
    return _plain(request, HTTPStatus.FORBIDDEN, _("This page is not for you"))


def _plain(request: HttpRequest, status: HTTPStatus, title: str) -> HttpResponse:
    return render(request, "inquiries/problem.html", {"problem": {"title": title}}, status=status)

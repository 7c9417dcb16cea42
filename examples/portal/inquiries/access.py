"""Who may open a page: signed in, and in one of its roles."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from caseflow import Actor
from caseflow.contrib.django import actor_of

View = Callable[..., HttpResponseBase]
ActorsView = Callable[Concatenate[HttpRequest, Actor, ...], HttpResponseBase]


def for_actors(*roles: str) -> Callable[[ActorsView], View]:
    """A view that is handed who is signed in; in one of these roles, or in any where none is named.

    What they may see and do there the library decides, by the policy.
    """

    def decorated(view: ActorsView) -> View:
        @wraps(view)
        def opened(request: HttpRequest, *args: Any, **parts: Any) -> HttpResponseBase:
            actor = actor_of(request)
            if actor is None:
                return redirect_to_login(request.get_full_path())
            if roles and actor.role not in roles:
                raise PermissionDenied
            return view(request, actor, *args, **parts)

        return opened

    return decorated

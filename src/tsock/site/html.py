"""Answers that people read: whether a page is wanted, and what goes with one."""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from http import HTTPStatus
from urllib.parse import quote, urlencode

from tsock.api.problem import Problem
from tsock.api.request import Request, Response
from tsock.site.rendering import PAGES, render

PRIVATE = {
    "cache-control": "no-store",
    "vary": "Accept, Authorization, Cookie",
    "x-content-type-options": "nosniff",
}
"""What goes with an answer that depends on who asks, whatever its form."""

_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# Not "no-referrer": with it, a browser hides from us as well that a form is our own.
_PAGE = {**PRIVATE, "content-security-policy": _POLICY, "referrer-policy": "same-origin"}
_WEIGHT = re.compile(r"q=([01](?:\.\d{0,3})?)")


def wants_page(request: Request) -> bool:
    """Whether the client would rather have HTML than JSON; programs that do not say get JSON."""
    return prefers_html(request.headers.get("accept", ""))


def prefers_html(accept: str) -> bool:
    """What the header says of HTML, compared with what it says of JSON."""
    weights = {"text/html": 0.0, "application/json": 0.0}
    for choice in accept.lower().split(","):
        name, *parameters = (part.strip() for part in choice.split(";"))
        if name in weights:
            given = next(filter(None, map(_WEIGHT.fullmatch, parameters)), None)
            weights[name] = float(given[1]) if given else 1.0
    return weights["text/html"] > weights["application/json"]


def page(template: str, /, status: int = 200, headers: Mapping[str, str] = {}, **shown: object) -> Response:
    """A page. It loads and runs only what is served here for all of them, and is neither framed nor kept."""
    body = render(template, **shown)
    return Response(status, body, "text/html; charset=utf-8", {**_PAGE, **headers})


def problem_page(request: Request, problem: Problem, headers: Mapping[str, str]) -> Response:
    """An error as a person reads it; to whoever has to sign in, the form to do so.

    A browser is not challenged: it would ask for the credentials by itself, keep them, and send them with
    whatever any page sends here.
    """
    headers = {name: value for name, value in headers.items() if name != "www-authenticate"}
    if problem.status == 401:
        return page("sign_in.html", 401, headers, action=sign_in(_target(request)), said=None)
    heading = HTTPStatus(problem.status).phrase
    near = (
        get_close_matches("/" + "/".join(request.path), ("/", *PAGES), n=1) if problem.status == 404 else []
    )
    return page("problem.html", problem.status, headers, heading=heading, problem=problem, near=near)


def see_other(path: str, headers: Mapping[str, str] = {}) -> Response:
    """Elsewhere on this server."""
    return Response(303, headers={**PRIVATE, "location": path, **headers})


def sign_in(path: str) -> str:
    """Where to go to see `path` as an operator."""
    return f"/sign-in?next={quote(path)}"


def _target(request: Request) -> str:
    """Where a page is that was asked for; what was sent to it is to be sent again from there."""
    path = "/" + "/".join(quote(segment, safe="") for segment in request.path)
    return f"{path}?{urlencode(request.query)}" if request.query else path

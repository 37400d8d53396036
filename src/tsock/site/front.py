"""The way in for people: the first page, the stylesheet, signing in and out."""

import re

from tsock.accounts.sign_ins import LIFE_S
from tsock.api.gatekeeper import COOKIE, Gatekeeper
from tsock.api.request import Answer, Door, Request, Response
from tsock.api.rest.fields import of_form
from tsock.api.router import Route
from tsock.errors import ApiError, invalid
from tsock.site.html import page, see_other, sign_in, wants_page
from tsock.site.rendering import STYLE
from tsock.site.viewers import Viewers

_is_path = re.compile(r"/(?!/)[!-\[\]-~]*").fullmatch
"""A path, never another server's address: no second slash, and no backslash, which browsers take for one."""


class FrontHandlers:
    """`/`, `/style.css`, `/sign-in` and `/sign-out`."""

    def __init__(self, gatekeeper: Gatekeeper, viewers: Viewers, public_url: str | None) -> None:
        """`public_url` tells of TLS that a proxy ends, whether or not it says so with each request."""
        self._gatekeeper = gatekeeper
        self._viewers = viewers
        self._has_tls = (public_url or "").startswith("https:")

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        return [
            Route(Door.HTTP, "GET", "/", self.index),
            Route(Door.HTTP, "GET", "/style.css", self.style),
            Route(Door.HTTP, "GET", "/sign-in", self.form),
            Route(Door.HTTP, "POST", "/sign-in", self.sign_in),
            Route(Door.HTTP, "POST", "/sign-out", self.sign_out),
        ]

    def index(self, request: Request) -> Answer:
        """What there is to read here."""
        return page("index.html", viewer=self._viewers.known(request))

    def style(self, request: Request) -> Answer:
        """How pages look."""
        headers = {"cache-control": "max-age=300", "x-content-type-options": "nosniff"}
        return Response(200, STYLE, "text/css; charset=utf-8", headers)

    def form(self, request: Request) -> Answer:
        """The form to sign in with; whoever is signed in goes on to `next`."""
        target = _target(request)
        if self._viewers.known(request) is not None:
            return see_other(target)
        return page("sign_in.html", action=sign_in(target), said=None)

    def sign_in(self, request: Request) -> Answer:
        """Go on to `next` with a cookie that stands for the credentials, or back with what is wrong."""
        target = _target(request)
        fields = of_form(request)
        try:
            text = self._gatekeeper.sign_in(
                fields.text("sid") or "", fields.text("secret") or "", request.address
            )
        except ApiError as error:
            if not wants_page(request):
                raise
            return page("sign_in.html", error.status, action=sign_in(target), said=error.message)
        return see_other(target, {"set-cookie": self._cookie(request, text, LIFE_S)})

    def sign_out(self, request: Request) -> Answer:
        """Have the browser forget the cookie."""
        return see_other("/", {"set-cookie": self._cookie(request, "", 0)})

    def _cookie(self, request: Request, text: str, life_s: int) -> str:
        """Kept from scripts and requests of other sites, and where there is TLS from connections without."""
        secure = "; Secure" if self._has_tls or request.origin.startswith("https:") else ""
        return f"{COOKIE}={text}; Path=/; Max-Age={life_s}; HttpOnly; SameSite=Strict{secure}"


def _target(request: Request) -> str:
    target = request.params.get("next", "/")
    if not _is_path(target):
        raise invalid("next is a path on this server, such as /errors/51215")
    return target

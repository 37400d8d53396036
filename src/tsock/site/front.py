"""The way in for people: the first page, the stylesheet, and signing in."""

import re

from tsock.api.request import Access, Answer, Door, Request, Response
from tsock.api.router import Route
from tsock.errors import invalid
from tsock.site.html import page, see_other
from tsock.site.rendering import STYLE
from tsock.site.viewers import Viewers

_is_path = re.compile(r"/(?!/)[!-\[\]-~]*").fullmatch
"""A path, never another server's address: no second slash, and no backslash, which browsers take for one."""


class FrontHandlers:
    """`/`, `/style.css` and `/sign-in`."""

    def __init__(self, viewers: Viewers) -> None:
        self._viewers = viewers

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        return [
            Route(Door.HTTP, "GET", "/", self.index),
            Route(Door.HTTP, "GET", "/style.css", self.style),
            Route(Door.HTTP, "GET", "/sign-in", self.sign_in, Access.VIEWER),
        ]

    def index(self, request: Request) -> Answer:
        """What there is to read here."""
        return page("index.html")

    def style(self, request: Request) -> Answer:
        """How pages look."""
        headers = {"cache-control": "max-age=300", "x-content-type-options": "nosniff"}
        return Response(200, STYLE, "text/css; charset=utf-8", headers)

    def sign_in(self, request: Request) -> Answer:
        """Go on to `next` with credentials, which a browser then sends with every request."""
        target = request.params.get("next", "/")
        if not _is_path(target):
            raise invalid("next is a path on this server, such as /errors/51215")
        return see_other(target)

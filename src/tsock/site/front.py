"""The way in for people: the first page, the stylesheet, signing in and out."""

import re

import msgspec

from tsock.accounts.bootstrap import Bootstrap
from tsock.accounts.directory import Directory
from tsock.accounts.sign_ins import LIFE_S
from tsock.api.gatekeeper import COOKIE, Gatekeeper
from tsock.api.request import Answer, Door, Read, Request, Response
from tsock.api.rest.fields import of_form
from tsock.api.router import Route
from tsock.debugger import denials
from tsock.debugger.denials import Denial
from tsock.errors import ApiError, invalid
from tsock.site.html import page, see_other, sign_in, wants_page
from tsock.site.rendering import ICON, SCRIPT, STYLE
from tsock.site.viewers import Viewers

_is_path = re.compile(r"/(?!/)[!-\[\]-~]*").fullmatch
"""A path, never another server's address: no second slash, and no backslash, which browsers take for one."""


_FRESH = {"cache-control": "max-age=300", "x-content-type-options": "nosniff"}
DENIALS_MAX = 5
"""Refusals that the first page shows in development."""


class Development(msgspec.Struct, frozen=True):
    """What the first page shows in development."""

    url: str
    websocket: str
    credentials: dict[str, str]
    """By the names that the env file gives them."""
    denials: list[Denial]

    def __repr__(self) -> str:
        return f"Development({self.url})"


class FrontHandlers:
    """`/`, what every page loads, `/sign-in` and `/sign-out`."""

    def __init__(
        self,
        gatekeeper: Gatekeeper,
        directory: Directory,
        viewers: Viewers,
        public_url: str | None,
        ready_made: Bootstrap | None,
    ) -> None:
        """Take what is shown and checked.

        Args:
            gatekeeper: checks who signs in.
            directory: knows secrets that were rotated since the start.
            viewers: tell who looks.
            public_url: tells of TLS that a proxy ends, whether or not it says so with each request.
            ready_made: the credentials of development; they are shown to anybody.
        """
        self._gatekeeper = gatekeeper
        self._directory = directory
        self._viewers = viewers
        self._public_url = public_url
        self._ready_made = ready_made
        self._has_tls = (public_url or "").startswith("https:")

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        return [
            Route(Door.HTTP, "GET", "/", self.index),
            Route(Door.HTTP, "GET", "/style.css", self.style),
            Route(Door.HTTP, "GET", "/page.js", self.script),
            Route(Door.HTTP, "GET", "/icon.svg", self.icon),
            Route(Door.HTTP, "GET", "/favicon.ico", self.old_icon),
            Route(Door.HTTP, "GET", "/sign-in", self.form),
            Route(Door.HTTP, "POST", "/sign-in", self.sign_in),
            Route(Door.HTTP, "POST", "/sign-out", self.sign_out),
        ]

    def index(self, request: Request) -> Answer:
        """What there is to read here; in development all that is needed to connect."""
        made, viewer = self._ready_made, self._viewers.known(request)
        if made is None:
            return page("index.html", viewer=viewer, dev=None)
        url = self._public_url or request.origin
        return Read(
            lambda tx: denials.latest(tx, DENIALS_MAX),
            lambda latest: page(
                "index.html",
                viewer=viewer,
                dev=Development(
                    url=url,
                    websocket=f"ws{url.removeprefix('http')}/v3/wsconnect",
                    credentials=self._credentials(made),
                    denials=latest,
                ),
            ),
        )

    def _credentials(self, made: Bootstrap) -> dict[str, str]:
        account = self._directory.account(made.account_sid)
        assert account is not None, "accounts are never deleted"
        return {
            "TWILIO_ACCOUNT_SID": made.account_sid,
            "TWILIO_AUTH_TOKEN": self._directory.auth_token(account).decode(),
            "TWILIO_API_KEY": made.key_sid,
            "TWILIO_API_SECRET": made.key_secret,
            "TWILIO_SYNC_SERVICE_SID": made.sync_service_sid,
            "TWILIO_CHAT_SERVICE_SID": made.chat_service_sid,
        }

    def style(self, request: Request) -> Answer:
        """How pages look."""
        return Response(200, STYLE, "text/css; charset=utf-8", _FRESH)

    def script(self, request: Request) -> Answer:
        """What pages do more where scripts run."""
        return Response(200, SCRIPT, "text/javascript; charset=utf-8", _FRESH)

    def icon(self, request: Request) -> Answer:
        """The icon of the pages."""
        return Response(200, ICON, "image/svg+xml", _FRESH)

    def old_icon(self, request: Request) -> Answer:
        """Where browsers look for an icon of what is no page."""
        return see_other("/icon.svg")

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

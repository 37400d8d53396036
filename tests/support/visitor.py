"""Somebody with a browser, and a program, on the pages of an installation."""

import base64
from urllib.parse import urlencode

from tests.support.reading import Reading
from tests.support.rig import Rig
from tests.support.web import Page, Web

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
"""What browsers accept."""


class Visitor:
    """Reads pages as a browser does, and asks as a program does, signed in or not."""

    def __init__(self, rig: Rig) -> None:
        self._web = Web(rig)
        self.credentials: list[tuple[str, str]] = []

    def sign_in(self, user: str, password: str) -> None:
        """Send these credentials from now on."""
        encoded = base64.b64encode(f"{user}:{password}".encode()).decode()
        self.credentials = [("authorization", f"Basic {encoded}")]

    async def fill_in(self, target: str, user: str, password: str) -> Page:
        """Send the form to sign in, and keep the cookie that comes back."""
        page = await self.see(target, urlencode({"sid": user, "secret": password}))
        if "set-cookie" in page.headers:
            self.credentials = [("cookie", "theme=dark; " + page.headers["set-cookie"].partition(";")[0])]
        return page

    async def see(self, target: str, form: str | None = None) -> Page:
        """What a browser gets; with a form, for what it sends."""
        headers = [("accept", BROWSER), *self.credentials]
        if form is None:
            return await self._web("GET", target, headers=headers)
        headers.append(("content-type", "application/x-www-form-urlencoded"))
        return await self._web("POST", target, form.encode(), headers=headers)

    async def read(self, target: str, form: str | None = None, *, status: int = 200) -> Reading:
        """A page that a browser gets."""
        page = await self.see(target, form)
        assert page.status == status
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        return Reading(page.body)

    async def ask(self, method: str, target: str, body: bytes = b"", *headers: tuple[str, str]) -> Page:
        """What a program gets that does not say what it accepts."""
        return await self._web(method, target, body, headers=[*self.credentials, *headers])

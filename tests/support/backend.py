"""A backend that uses Sync over REST, as the helper libraries do."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from tests.support.rig import BASE_URL, Rig
from tests.support.web import Page, Web


class Backend:
    """Asks below one service, with the Auth Token of the ready-made account unless told otherwise."""

    def __init__(
        self, rig: Rig, service: str = "default", *, credentials: tuple[str, str] | None = None
    ) -> None:
        self.rig = rig
        self.web = Web(rig)
        self.credentials = credentials or (rig.made.account_sid, rig.made.auth_token)
        self.place = f"/sync/v1/Services/{service}"
        self.url = f"{BASE_URL}/sync/v1/Services/{rig.made.sync_service_sid}"
        """What the URLs in answers begin with."""

    async def get(self, path: str, *, headers: Sequence[tuple[str, str]] = ()) -> Page:
        return await self.web("GET", self.place + path, credentials=self.credentials, headers=headers)

    async def post(
        self,
        path: str,
        form: Mapping[str, str] | None = None,
        *,
        raw: bytes | None = None,
        headers: Sequence[tuple[str, str]] = (),
    ) -> Page:
        """Send a form; `raw` as it is."""
        if raw is not None:
            headers = [*headers, ("content-type", "application/x-www-form-urlencoded")]
            return await self.web(
                "POST", self.place + path, raw, credentials=self.credentials, headers=headers
            )
        return await self.web(
            "POST", self.place + path, form=form or {}, credentials=self.credentials, headers=headers
        )

    async def delete(self, path: str, *, headers: Sequence[tuple[str, str]] = ()) -> Page:
        return await self.web("DELETE", self.place + path, credentials=self.credentials, headers=headers)

    async def make(self, path: str, **form: str) -> Any:
        """Create something; its body."""
        made = await self.post(path, form)
        assert made.status == 201, made
        return made.json

    async def follow(self, url: str) -> Any:
        """A page by a link of another one, which must stay on this server; its body."""
        assert url.startswith(BASE_URL)
        parts = urlsplit(url)
        page = await self.web("GET", f"{parts.path}?{parts.query}", credentials=self.credentials)
        assert page.status == 200, page
        return page.json

    async def walk(self, url: str, key: str, link: str = "next_page_url") -> list[list[Any]]:
        """The records of this page and of those that its links lead to."""
        found: list[list[Any]] = []
        following: str | None = url
        while following is not None:
            page = await self.follow(following)
            assert page["meta"]["key"] == key
            found.append(page[key])
            following = page["meta"][link]
        return found

"""Media over plain HTTP: of a user with an Access Token, or of a back end with credentials."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec

from tests.support.rig import Rig
from tests.support.web import Page, Web
from tsock.accounts.caller import CHAT
from tsock.installation import layout

Headers = Sequence[tuple[str, str]]
BOUNDARY = "----WebKitFormBoundary7MA4YWxkTrZu0gW"
FORM = ("content-type", f"multipart/form-data; boundary={BOUNDARY}")


class Uploader:
    """Paths are below one service."""

    def __init__(self, rig: Rig, identity: str | None = None, *, service: str | None = None) -> None:
        """Without an identity, a back end."""
        self.rig = rig
        self.web = Web(rig)
        self.service = service or rig.made.chat_service_sid
        self.place = f"/mcs/v1/Services/{self.service}"
        self.credentials = None if identity else (rig.made.account_sid, rig.made.auth_token)
        self.token = rig.token(identity, products={CHAT: self.service}) if identity else None

    async def ask(self, method: str, path: str, *chunks: bytes, headers: Headers = ()) -> Page:
        if self.token is not None:
            headers = [*headers, ("x-twilio-token", self.token)]
        return await self.web(
            method, self.place + path, *chunks, headers=headers, credentials=self.credentials
        )

    async def upload(
        self, *chunks: bytes, content_type: str | None = "image/png", headers: Headers = (), **params: str
    ) -> Page:
        """Upload these bytes as they are."""
        query = f"?{urlencode(params)}" if params else ""
        if content_type is not None:
            headers = [*headers, ("content-type", content_type)]
        return await self.ask("POST", f"/Media{query}", *chunks, headers=headers)

    async def stored(self, content: bytes = b"content", **options: Any) -> Any:
        """Upload; the record."""
        page = await self.upload(content, **options)
        assert page.status == 201, page
        return page.json

    async def send_form(self, *chunks: bytes) -> Page:
        return await self.ask("POST", "/Media", *chunks, headers=[FORM])

    async def set(self, *sids: str) -> Page:
        """Ask for many records."""
        body = {"command": "get", "list": [{"media_sid": sid} for sid in sids]}
        return await self.ask("POST", "/MediaSet", msgspec.json.encode(body))

    async def download(self, record: Any, method: str = "GET", headers: Headers = ()) -> Page:
        """The content by the record's temporary URL, with no credentials."""
        url = urlsplit(record["links"]["content_direct_temporary"])
        return await self.web(method, url.path, headers=headers)

    async def take(self, *sids: str) -> str:
        """Send them with a message of a conversation of the back end's own; the message's path."""
        place = f"/conversations/v1/Services/{self.service}/Conversations"
        made = await self.web("POST", place, form={}, credentials=self.credentials)
        path = f"{place}/{made.json['sid']}/Messages"
        sent = await self.web("POST", path, form={"MediaSid": sids[0]}, credentials=self.credentials)
        assert sent.status == 201, sent
        return f"{path}/{sent.json['sid']}"


def form(*parts: tuple[str, bytes], closed: bool = True) -> bytes:
    """A form of these parts: the lines of their heads, and what they hold."""
    text = b"".join(
        b"--%b\r\n%b\r\n\r\n%b\r\n" % (BOUNDARY.encode(), head.encode(), content) for head, content in parts
    )
    return text + (b"--%b--\r\n" % BOUNDARY.encode() if closed else b"")


def file_part(name: str = "f", filename: str | None = "a.png", content_type: str | None = "image/png") -> str:
    """The head of a part with a file."""
    text = f'Content-Disposition: form-data; name="{name}"'
    text += "" if filename is None else f'; filename="{filename}"'
    return text + ("" if content_type is None else f"\r\nContent-Type: {content_type}")


def files(rig: Rig) -> list[Path]:
    """What lies in the folder of media."""
    return list((rig.installed.data / layout.MEDIA).iterdir())

"""A conversation whose participants send until every message is acknowledged, whatever connections end."""

import asyncio
import uuid
from collections.abc import AsyncGenerator, Callable, Sequence
from random import Random
from typing import Any

import httpx2
from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import ChatGrant

from tests.interop.server import Server
from tests.simulation.client import Connection, Lost, connected, outcome
from tests.simulation.follower import Follower
from tests.simulation.views import History, View
from tsock.accounts.caller import CHAT

FILE_BYTES_MAX = 512 * 1024
PIECE_BYTES = 16 * 1024
PLACE = "/Client/v2/Services/{service}/Conversations"


def chat_token(server: Server, identity: str) -> str:
    """As the official helper library makes it."""
    own = server.credentials
    token = AccessToken(
        own["TWILIO_ACCOUNT_SID"], own["TWILIO_API_KEY"], own["TWILIO_API_SECRET"], identity=identity
    )
    token.add_grant(ChatGrant(service_sid=own["TWILIO_CHAT_SERVICE_SID"]))
    return token.to_jwt()


class Chat:
    """A conversation, and the objects that it stands on."""

    def __init__(self, server: Server, sid: str, parts: dict[str, str]) -> None:
        self.server = server
        self.sid = sid
        self.path = f"{_place(server)}/{sid}"
        self.parts = parts
        """SID of document, list and roster by kind."""
        self.history = History()

    @property
    def media_url(self) -> str:
        """What files are uploaded to."""
        service = self.server.credentials["TWILIO_CHAT_SERVICE_SID"]
        return f"{self.server.url}/mcs/v1/Services/{service}/Media"

    def follower(self, identity: str, *, uri: str | None = None) -> Follower:
        """A participant that follows everything of it and knows nothing yet."""
        views = [View(sid, kind, self.history) for kind, sid in self.parts.items()]
        token = chat_token(self.server, identity)
        return Follower(uri or self.server.uri, token, views, product=CHAT)

    def messages(self, follower: Follower) -> View:
        """What a follower knows of the messages."""
        return follower.views[self.parts["list"]]


async def open_chat(server: Server, identities: Sequence[str]) -> Chat:
    """A conversation that the first of these has made, and that all of them take part in."""
    async with connected(server.uri, chat_token(server, identities[0]), product=CHAT) as connection:
        await connection.get("/Client/v2/Configuration")
        made = (await connection.post(_place(server), {"attributes": "{}"})).ok(201)
        place = f"{_place(server)}/{made['sid']}"
        for identity in identities:
            (await connection.post(f"{place}/Participants", {"identity": identity})).ok(201)
        parts: dict[str, str] = {}
        for kind, segment, name in (
            ("document", "Documents", "conversation"),
            ("list", "Lists", "messages"),
            ("map", "Maps", "participants"),
        ):
            found = (await connection.get(f"/v3/{segment}/{made['sync_objects'][name]}")).ok()
            parts[kind] = found["sid"]
    return Chat(server, made["sid"], parts)


class Sender:
    """One participant. What was not acknowledged is sent again under its own mutation id."""

    def __init__(self, chat: Chat, identity: str, chance: Random | None = None) -> None:
        self.identity = identity
        self.acknowledged: dict[str, int | None] = {}
        """Bodies of messages that were acknowledged, each with its index, where the reply told it."""
        self._chat = chat
        self._chance = chance or Random(identity)
        self._pending: dict[str, str] = {}
        """Mutation id of each body that was sent and not acknowledged."""
        self._written = 0

    async def run(self, uri: str, *, burst: int, enough: Callable[[], bool]) -> None:
        """Connect and send, up to `burst` at a time, until it is enough or the connection is lost."""
        try:
            token = chat_token(self._chat.server, self.identity)
            async with connected(uri, token, product=CHAT) as connection:
                while self._pending or not enough():
                    if not self._pending:
                        self._draw(self._chance.randint(1, burst))
                    await self._send(connection)
        except Lost:
            pass

    async def settle(self, uri: str) -> None:
        """Have everything acknowledged that was ever sent."""
        while self._pending:
            await self.run(uri, burst=1, enough=lambda: True)

    def _draw(self, count: int) -> None:
        for _ in range(count):
            self._written += 1
            self._pending[f"{self.identity} {self._written}"] = str(uuid.uuid4())

    async def _send(self, connection: Connection) -> None:
        replies = [
            (
                body,
                await connection.send(
                    "POST",
                    f"{self._chat.path}/Messages",
                    await self._message(body),
                    mutation_id=mutation_id,
                ),
            )
            for body, mutation_id in self._pending.items()
        ]
        for body, reply in replies:
            answer = await outcome(reply)
            assert answer.status in (201, 202), answer  # 202: it was carried out before
            self.acknowledged[body] = answer.ok(201)["index"] if answer.status == 201 else None
            del self._pending[body]

    async def _message(self, body: str) -> dict[str, Any]:
        return {"body": body, "attributes": "{}"}


class FileSender(Sender):
    """One whose messages have a file each; an upload that was not acknowledged is made anew."""

    def __init__(self, chat: Chat, identity: str, chance: Random) -> None:
        super().__init__(chat, identity, chance)
        self.files: dict[str, tuple[str, bytes]] = {}
        """SID and bytes of each upload that was acknowledged, by the body of its message."""

    async def _message(self, body: str) -> dict[str, Any]:
        if body not in self.files:
            self.files[body] = await self._upload()
        return {**await super()._message(body), "media_sids": [self.files[body][0]]}

    async def _upload(self) -> tuple[str, bytes]:
        content = self._chance.randbytes(self._chance.randint(1, FILE_BYTES_MAX))

        async def pieces() -> AsyncGenerator[bytes]:
            for start in range(0, len(content), PIECE_BYTES):
                yield content[start : start + PIECE_BYTES]
                await asyncio.sleep(0)  # so that others get on, and a kill comes between

        headers = {
            "x-twilio-token": chat_token(self._chat.server, self.identity),
            "content-type": "video/mp4",
        }
        try:
            async with httpx2.AsyncClient() as client:
                answer = await client.post(self._chat.media_url, content=pieces(), headers=headers)
        except httpx2.TransportError as error:
            raise Lost from error
        assert answer.status_code == 201, answer.text
        return answer.json()["sid"], content


def require_every_message_once(chat: Chat, senders: Sequence[Sender], followers: Sequence[Follower]) -> None:
    """Fail unless the list has what was acknowledged, once and in order, and followers heard just that."""
    for follower in followers:
        view = chat.messages(follower)
        assert view.arrivals == list(range(len(view.state))), view
        bodies = {index: data["text"] for index, (_, data) in view.state.items()}
        told: dict[str, Any] = {body: index for index, body in bodies.items()}
        assert len(told) == len(bodies), "a message is there twice"
        for sender in senders:
            for body, index in sender.acknowledged.items():
                assert body in told, f"{body} was acknowledged and is lost"
                assert index in (None, told[body])
            order = [told[body] for body in sender.acknowledged]
            assert order == sorted(order), f"{sender.identity}'s messages changed their order"


def require_every_file_once(chat: Chat, senders: Sequence[FileSender], follower: Follower) -> None:
    """Fail unless each file is whole, in the message that it was sent with and no other."""
    medias = {data["text"]: data.get("medias", []) for _, data in chat.messages(follower).state.values()}
    kept = [media["sid"] for shown in medias.values() for media in shown]
    assert len(set(kept)) == len(kept), "a file is in two messages"
    assert len(kept) == sum(len(sender.acknowledged) for sender in senders)
    credentials = chat.server.account
    with httpx2.Client(auth=(credentials.sid, credentials.auth_token)) as client:
        for sender in senders:
            for body in sender.acknowledged:
                sid, content = sender.files[body]
                assert [media["sid"] for media in medias[body]] == [sid]
                answer = client.get(f"{chat.media_url}/{sid}/Content")
                assert (answer.status_code, answer.content) == (200, content), body


async def in_step(chat: Chat, followers: Sequence[Follower], count: int) -> None:
    """Wait until everybody knows so many messages."""
    for follower in followers:
        await follower.until(
            lambda follower=follower: follower.live and len(chat.messages(follower).state) >= count,
            f"{count} messages",
        )


async def following(group: asyncio.TaskGroup, followers: Sequence[Follower]) -> list[asyncio.Task[None]]:
    """Begin to follow, and wait until everything is established."""
    tasks = [group.create_task(follower.follow()) for follower in followers]
    for follower in followers:
        await follower.until(lambda follower=follower: follower.live, "everything established")
    return tasks


def _place(server: Server) -> str:
    return PLACE.format(service=server.credentials["TWILIO_CHAT_SERVICE_SID"])

"""People in one conversation, over SDK connections and over REST: they send, read, join and leave at random.

What each of them knows is made from events alone, as by an SDK: the map of one's own conversations says when
to follow a conversation, and when one is in it no longer.
"""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from random import Random
from typing import Any, NamedTuple

import httpx2
import msgspec

from tests.interop.server import Server
from tests.simulation.chat import Chat, chat_token
from tests.simulation.client import Told, connected
from tests.simulation.follower import Follower
from tests.simulation.load import Target, stored
from tests.simulation.views import Broken, Key, View
from tsock.accounts.caller import CHAT

Ask = Callable[["Action"], Awaitable[tuple[int, Any]]]
"""Carries out an action, by one door or the other: status and body of the answer."""
LEVELS = ("default", "muted")
REFUSALS = {
    (403, 50107),  # not with this role
    (403, 50430),  # not in it
    (404, 20404),  # nobody, or nothing, of that name, says REST
    (404, 50432),  # no such participant
    (404, 50500),  # no such message
    (409, 50433),  # in it already
}
"""What somebody may be told whose picture of the conversation is a moment old."""


class Member(Follower):
    """Somebody who comes and goes: follows the conversation for as long as the map of its own has it."""

    def __init__(self, chat: Chat, identity: str, own: View) -> None:
        super().__init__(chat.server.uri, chat_token(chat.server, identity), [own], product=CHAT)
        self.identity = identity
        self.own = own
        self._chat = chat

    @property
    def is_in(self) -> bool:
        """Whether it takes part, as far as it knows."""
        return self._chat.sid in self.own.state

    def _hear(self, told: Told, pending: int) -> list[View]:
        if not self._concerns(told, pending):
            return []
        again = super()._hear(told, pending)
        entered: list[View] = []
        if not self.is_in:
            self.views = {self.own.sid: self.own}
        elif self.own.live and len(self.views) == 1:
            entered = [View(sid, kind, self._chat.history) for kind, sid in self._chat.parts.items()]
            self.views |= {view.sid: view for view in entered}
        return again + entered

    def _concerns(self, told: Told, pending: int) -> bool:
        """Whether it is of something that it follows, and not of what it followed before it was out."""
        payload = msgspec.json.decode(told.payload)
        if payload["event_type"].startswith("subscription_"):
            followed = all(entry["object_sid"] in self.views for entry in payload["events"])
            return followed and payload["correlation_id"] == pending
        event = payload["event"]
        view = self.views.get(event.get("document_sid") or event.get("list_sid") or event["map_sid"])
        if view is None:
            raise Broken(f"{self.identity} is out, and was told {told.payload!r}")
        # What comes live before the replay is over is of an earlier subscription; the replay has it too.
        return view.live or told.message_type == "twilio.sync.event"


async def member(chat: Chat, identity: str) -> Member:
    """Somebody whose own map is known, and nothing else."""
    async with connected(chat.server.uri, chat_token(chat.server, identity), product=CHAT) as connection:
        name = (await connection.get("/Client/v2/Configuration")).ok()["sync_objects"]["my_conversations"]
        found = (await connection.get(f"/v3/Maps/{name}")).ok()
    return Member(chat, identity, View(found["sid"], "map", chat.history))


class Action(NamedTuple):
    """A request below the service: as an SDK has it, and with other spelling REST too."""

    method: str
    path: str
    given: dict[str, Any]


class Crowd:
    """What everybody who acts has in common: the conversation, each other, and the messages so far."""

    def __init__(self, chat: Chat, identities: Sequence[str], first_message: str) -> None:
        self.done = 0
        """How many actions were carried out."""
        self._chat = chat
        self._identities = identities
        self._messages = [first_message]

    async def person(self, identity: str, chance: Random, enough: Callable[[], bool]) -> None:
        """Somebody with an SDK acts until it is enough."""
        server = self._chat.server
        async with connected(server.uri, chat_token(server, identity), product=CHAT) as connection:
            links = (await connection.get("/Client/v2/Configuration")).ok()["links"]
            place, _, user = links["current_user"].partition("/Users/")

            async def ask(action: Action) -> tuple[int, Any]:
                reply = await connection.request(action.method, f"{place}{action.path}", action.given)
                return reply.status, msgspec.json.decode(reply.body) if reply.body else None

            while not enough():
                await self._act(ask, self._draw(chance, user))

    async def back_end(self, chance: Random, enough: Callable[[], bool]) -> None:
        """A back end acts over REST until it is enough."""
        async with back_end(self._chat.server) as client:

            async def ask(action: Action) -> tuple[int, Any]:
                form = {name.title().replace("_", ""): str(value) for name, value in action.given.items()}
                answer = await client.request(action.method, action.path, data=form)
                return answer.status_code, answer.json() if answer.content else None

            while not enough():
                await self._act(ask, self._draw(chance, chance.choice(self._identities)))

    async def remove_newest(self) -> None:
        """A back end removes the newest message, which seldom happens last of all by chance."""
        path = f"/Conversations/{self._chat.sid}/Messages"
        async with back_end(self._chat.server) as client:
            (newest,) = (await _one(client, f"{path}?Order=desc&PageSize=1"))["messages"]
            assert (await client.delete(f"{path}/{newest['sid']}")).status_code == 204

    async def _act(self, ask: Ask, action: Action) -> None:
        status, body = await ask(action)
        if status >= 400:
            assert (status, body["code"]) in REFUSALS, (action, status, body)
            return
        self.done += 1
        if action.path.endswith("/Messages"):
            self._messages.append(body["sid"])

    def _draw(self, chance: Random, user: str) -> Action:
        """Something to do, for a user whom SID or identity names."""
        path = f"/Conversations/{self._chat.sid}"
        number = chance.randrange(100)
        message = f"{path}/Messages/{chance.choice((self._messages[-1], chance.choice(self._messages)))}"
        somebody = chance.choice(self._identities)
        weights, actions = zip(
            (6, Action("POST", f"{path}/Messages", {"body": f"{number} of {user}"})),
            (1, Action("POST", message, {"body": f"{number} instead"})),
            (1, Action("POST", message, {"attributes": str(number)})),
            (1, Action("DELETE", message, {})),
            (3, Action("POST", f"/Users/{user}{path}", {"last_read_message_index": number})),
            (1, Action("POST", f"/Users/{user}{path}", {"notification_level": chance.choice(LEVELS)})),
            (3, Action("POST", f"{path}/Participants", {"identity": somebody})),
            (2, Action("DELETE", f"{path}/Participants/{somebody}", {})),
            (1, Action("POST", f"{path}/Participants/{somebody}", {"attributes": str(number)})),
            (1, Action("POST", path, {"friendly_name": f"named {number}"})),
            strict=True,
        )
        return chance.choices(actions, weights)[0]


@contextlib.asynccontextmanager
async def back_end(server: Server) -> AsyncIterator[httpx2.AsyncClient]:
    """What asks below the service over REST."""
    own = server.account
    url = f"{server.url}/conversations/v1/Services/{server.credentials['TWILIO_CHAT_SERVICE_SID']}"
    async with httpx2.AsyncClient(base_url=url, auth=(own.sid, own.auth_token)) as client:
        yield client


async def require_agreement_with_sync(chat: Chat, each: Member) -> None:
    """Fail unless somebody's picture becomes what it reads anew of the objects that it follows."""
    async with connected(chat.server.uri, each.token, product=CHAT) as connection:
        found = {each.own.sid: await stored(connection, Target(each.own.sid, "map"))}
        if chat.sid in found[each.own.sid][1]:
            for kind, sid in chat.parts.items():
                found[sid] = await stored(connection, Target(sid, kind))

    def picture() -> dict[str, tuple[int, dict[Key, tuple[int, Any]]]]:
        return {sid: (view.last_event_id, view.state) for sid, view in each.views.items()}

    await each.until(
        lambda: each.live and _counters(picture()) == _counters(found), f"{each.identity} has heard all"
    )
    assert picture() == found
    for sid, (_, state) in found.items():
        assert chat.history.state(sid) == state, sid


def _counters(found: Mapping[str, tuple[int, Any]]) -> dict[str, int]:
    return {sid: counter for sid, (counter, _) in found.items()}


async def require_agreement_with_rest(chat: Chat, owner: Member, members: Sequence[Member]) -> None:
    """Fail unless REST shows what the owner and each member made of events."""
    document, messages, roster = (
        {key: data for key, (_, data) in owner.views[chat.parts[kind]].state.items()}
        for kind in ("document", "list", "map")
    )
    (told,) = document.values()
    marks = {data["identity"]: data["lastConsumedMessageIndex"] for data in roster.values()}
    assert len(marks) == len(roster), "somebody is in it twice"
    assert marks.keys() == {each.identity for each in (owner, *members) if each.is_in}
    path = f"/Conversations/{chat.sid}"
    async with back_end(chat.server) as client:
        shown = await _one(client, path)
        assert _only(shown, "friendly_name", "state") == [told["friendlyName"], told["state"]["current"]]
        listed = await _all(client, f"{path}/Messages", "messages")
        assert {each["index"]: _only(each, "sid", "author", "body", "attributes") for each in listed} == {
            index: _only(data, "sid", "author", "text", "attributes") for index, data in messages.items()
        }
        assert told["lastMessage"] is not None
        assert told["lastMessage"]["index"] == listed[-1]["index"]
        people = await _all(client, f"{path}/Participants", "participants")
        assert {each["sid"]: _only(each, "identity", "role_sid", "attributes") for each in people} == {
            sid: _only(data, "identity", "roleSid", "attributes") for sid, data in roster.items()
        }
        assert {each["identity"]: each["last_read_message_index"] for each in people} == marks
        for each in members:
            own = [data for _, data in each.own.state.values()]
            mine = await _all(client, f"/Users/{each.identity}/Conversations", "conversations")
            assert [_only(one, "notification_level", "last_read_message_index") for one in mine] == [
                _only(data, "notificationLevel", "lastConsumedMessageIndex") for data in own
            ]
            assert [data["lastConsumedMessageIndex"] for data in own] == [
                mark for identity, mark in marks.items() if identity == each.identity
            ]


def _only(record: Mapping[str, Any], *names: str) -> list[Any]:
    return [record[name] for name in names]


async def _one(client: httpx2.AsyncClient, path: str) -> Any:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def _all(client: httpx2.AsyncClient, path: str, key: str) -> list[Any]:
    """The records of all pages."""
    found: list[Any] = []
    url: str | None = f"{path}?PageSize=50"
    while url is not None:
        page = await _one(client, url)
        found += page[key]
        url = page["meta"]["next_page_url"]
    return found

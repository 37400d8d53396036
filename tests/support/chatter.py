"""A user of Conversations with an SDK, as its requests look on the wire."""

from typing import Any

from tests.support.rig import Reply, Rig
from tsock.accounts.caller import CHAT

AIM = "aim.us1.twilio.com"
TYPES = (
    "twilio.ipmsg.typing_indicator",
    "twilio.sync.event",
    *(f"com.twilio.rtd.cds.{kind}" for kind in ("document", "list", "map")),
)


class Chatter:
    """Paths are below the service."""

    def __init__(self, rig: Rig, identity: str, service: str | None = None) -> None:
        self.rig = rig
        self.identity = identity
        self.service = service or rig.made.chat_service_sid
        self.place = f"/Client/v2/Services/{self.service}"
        self.client = rig.open()
        registration = {"product": CHAT, "type": "ers", "notification_protocol_version": 0}
        reply = self.client.init(
            rig.token(identity, products={CHAT: self.service}),
            registrations=[{**registration, "message_types": TYPES}],
        )
        assert reply.header["status"]["code"] == 200, reply

    async def start(self) -> "Chatter":
        """Ask for the configuration, as every client does first."""
        self.configuration = (await self.ask("GET", "/Client/v2/Configuration")).body
        self.links = self.configuration["links"]
        return self

    async def ask(self, method: str, path: str, body: Any = None, **options: Any) -> Reply:
        """Ask for any path."""
        return await self.client.request(method, path, body, grant=CHAT, host=AIM, **options)

    async def get(self, path: str, **params: str) -> Reply:
        return await self.ask("GET", self.place + path, params=params)

    async def post(self, path: str, body: Any, *, mutation_id: str | None = None) -> Reply:
        headers = {} if mutation_id is None else {"X-Twilio-Mutation-Id": mutation_id}
        return await self.ask("POST", self.place + path, body, headers=headers)

    async def delete(self, path: str, *, mutation_id: str | None = None) -> Reply:
        headers = {} if mutation_id is None else {"X-Twilio-Mutation-Id": mutation_id}
        return await self.ask("DELETE", self.place + path, {}, headers=headers)

    async def conversation(self, *others: str, **body: Any) -> str:
        """A conversation that it joined and added others to; its path."""
        made = await self.post("/Conversations", {"attributes": "{}", **body})
        assert made.status == 201, made
        path = f"/Conversations/{made.body['sid']}"
        for identity in (self.identity, *others):
            added = await self.post(f"{path}/Participants", {"identity": identity})
            assert added.status == 201, added
        return path

    async def say(self, path: str, body: str) -> Any:
        """Send a message; what is answered."""
        sent = await self.post(f"{path}/Messages", {"body": body, "attributes": "{}"})
        assert sent.status == 201, sent
        return sent.body

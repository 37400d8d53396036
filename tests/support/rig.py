"""A gateway on a real store, with transports of our own and clocks moved by hand."""

import asyncio
import inspect
import itertools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec

from tests.support.memory import ON_POSTGRES, new_database
from tests.support.transport import AT_ONCE, Packet, Transport, frame, packets
from tsock.accounts.bootstrap import Bootstrap, bootstrap
from tsock.accounts.caller import SYNC
from tsock.accounts.directory import Directory
from tsock.accounts.keys import SigningKey
from tsock.accounts.principal import OPERATOR
from tsock.accounts.secrets import Vault
from tsock.announcements import Announcements
from tsock.api.gatekeeper import Gatekeeper
from tsock.assembly import Assembly, Surroundings, assemble
from tsock.clock import Clock
from tsock.deadlines import Deadlines
from tsock.debugger import alerts, denials
from tsock.debugger.alerts import Alert
from tsock.debugger.denials import Denial
from tsock.events import Fact
from tsock.gateway.websocket import WebSocket
from tsock.ids import Ids
from tsock.installation import layout
from tsock.installation.installation import Installation
from tsock.settings import SETTINGS, Settings
from tsock.storage.blobs import FileBlobs
from tsock.storage.opening import open_store
from tsock.storage.store import Tx, fetched, written
from tsock.telemetry.metrics import Metrics
from tsock.tokens.mint import mint
from tsock.wire import frame as packet_frame

T = TypeVar("T")

NOON_MS = 1_935_489_600_000
BASE_URL = "https://tsock.example"
_SERVES = (
    "INSERT INTO nodes (id, name, version, address, started_ms, until_ms) "
    "VALUES (:id, '', '', '', 0, 4000000000000) ON CONFLICT (id) DO NOTHING"
)
CAPABILITIES = ("client_update", "offline_storage", "telemetry.v1")


class Rig:
    """Made inside a running loop; `start` makes the ready-made account."""

    made: Bootstrap

    def __init__(self, folder: Path, *, explain: bool = False, **settings: Any) -> None:
        self.passed_ms = 0
        if ON_POSTGRES:
            settings["database_url"] = new_database()
        self.settings = Settings(**settings)
        self.clock = Clock(lambda: NOON_MS + self.passed_ms, lambda: self.passed_ms / 1000)
        self.errors: list[Any] = []
        """What deadlines and callbacks of the loop raised; a test that leaves any fails."""
        asyncio.get_running_loop().set_exception_handler(lambda _, context: self.errors.append(context))
        self.deadlines = Deadlines(self.clock, self.errors.append)
        self.metrics = Metrics()
        self.ids = Ids(2)
        self.store = open_store(
            folder / "tsock.db", self.settings, clock=self.clock, ids=self.ids, metrics=self.metrics
        )
        self.vault = Vault(b"m" * 32)
        self.directory = Directory(self.vault)
        self.facts: list[Fact] = []
        self.announcements = Announcements(self.directory.apply)
        self._nodes: list[Assembly] = []
        self.problem: str | None = None
        self._explain = explain
        self.installed = Installation(
            data=folder,
            settings=self.settings,
            origins=dict.fromkeys(SETTINGS, "default"),
            clock=self.clock,
            ids=self.ids,
            metrics=self.metrics,
            store=self.store,
            blobs=FileBlobs(folder / layout.MEDIA),
            vault=self.vault,
            directory=self.directory,
            master_key="a file",
            data_set="x",
        )

    async def start(self) -> None:
        self.store.listen(self._hear)
        self.made = await written(self.store, lambda tx: bootstrap(tx, self.vault, Ids(1), region="us1"))
        self._assemble()

    def restart(self) -> None:
        """What a server that starts on the same store does; the one before has let its clients go."""
        self._nodes.clear()
        self._assemble()
        self.look()

    async def join(self) -> Assembly:
        """One more node on the same store, to which clients come from now on."""
        self._assemble()
        for parts in self._nodes:
            await self._note(_SERVES, parts)
        return self.parts

    async def vanish(self, node: Assembly) -> None:
        """Have the others find that a node serves no longer; it does not know."""
        await self._note("DELETE FROM nodes WHERE id = :id", node)

    async def come_back(self, node: Assembly) -> None:
        """Have a node that had vanished find out."""
        await self._note(_SERVES, node)
        for watcher in node.watchers:
            watcher.restate()

    async def _note(self, sql: str, node: Assembly) -> None:
        await self.do(lambda tx: tx.run(sql, {"id": node.context.node}))

    def look(self) -> None:
        """What a node does when it starts, and each second while it leads."""
        for watcher in self.parts.watchers:
            watcher.look()

    def _assemble(self) -> None:
        parts = assemble(
            self.installed,
            Surroundings(
                deadlines=self.deadlines,
                base_url=BASE_URL,
                problem=lambda: self.problem,
                resolve=_itself,
                run_due=self.run_all,
                ready_made=self.made,
                explain=self._explain,
            ),
        )
        self._nodes.append(parts)
        self.use(parts)

    def use(self, parts: Assembly) -> None:
        """Let clients come to this node."""
        self.parts = parts
        self.debugger = self.parts.context.debugger
        self.tail = self.parts.context.tail
        self.sessions = self.parts.sessions
        self.router = self.parts.router
        self.gateway = self.parts.gateway
        self.announcements = self.parts.announcements

    async def stop(self) -> None:
        await self.parts.hook_client.close()
        self.installed.blobs.close()
        await self.store.close()

    def _hear(self, facts: Sequence[Fact]) -> None:
        self.facts.extend(facts)
        self.announcements.hear(facts)
        for other in self._nodes:
            if other is not self.parts:
                other.announcements.hear(facts)

    def gatekeeper(self) -> Gatekeeper:
        """What judges credentials over HTTP."""
        return Gatekeeper(self.directory, self.vault, self.settings, self.clock)

    # Time

    def pass_s(self, seconds: float) -> None:
        """Let real time pass, with each deadline at its own moment."""
        end_ms = self.passed_ms + round(seconds * 1000)
        while True:
            delay_s = self.deadlines.run_due()
            if delay_s == 0:
                continue
            left_ms = end_ms - self.passed_ms
            if left_ms == 0:
                return
            self.passed_ms += left_ms if delay_s is None else min(max(1, round(delay_s * 1000)), left_ms)

    def advance_s(self, seconds: float) -> None:
        """Move the wall clock alone."""
        self.clock.advance(round(seconds * 1000))
        self.run_all()

    def run_all(self) -> None:
        while self.deadlines.run_due() == 0:
            pass

    # Store

    async def do(self, rule: Callable[..., T], *args: Any, **named: Any) -> T:
        """Commit `rule(tx, …)`; a change is the operator's unless a test says otherwise."""
        if "by" in inspect.signature(rule).parameters:
            named = {"by": OPERATOR, **named}
        return await written(self.store, lambda tx: rule(tx, *args, **named))

    async def settled(self) -> None:
        """Whatever was asked for before is stored, answered and told; closed sockets are gone."""
        while True:
            await written(self.store, _nothing)
            for _ in range(3):
                await asyncio.sleep(0)
            if not any(session.in_flight for session in self.sessions):
                return

    async def alerts(self) -> list[Alert]:
        """Every alert, the oldest first."""
        await self.settled()
        return (await fetched(self.store, lambda tx: alerts.latest(tx, 1000)))[::-1]

    async def denials(self) -> list[Denial]:
        """The records of refusals, in the order of their making."""
        await self.settled()
        kept = await fetched(self.store, lambda tx: tx.all("SELECT sid FROM denials ORDER BY rowid", {}))
        found = [await fetched(self.store, lambda tx, sid=row[0]: denials.find(tx, sid)) for row in kept]
        return [one for one in found if one is not None]

    # Clients

    def token(
        self,
        identity: str = "alice",
        *,
        key: SigningKey | None = None,
        ttl_s: int = 3600,
        products: dict[str, str] | None = None,
    ) -> str:
        now_s = self.clock.now_ms() // 1000
        return mint(
            key or self.made.signing_key,
            identity,
            {SYNC: "default"} if products is None else products,
            now_s=now_s,
            ttl_s=ttl_s,
        )

    def open(self, address: str = "192.0.2.7") -> "Client":
        """A connection that has said nothing yet."""
        return Client(self, address)

    def connect(
        self, identity: str = "alice", *, capabilities: tuple[str, ...] = CAPABILITIES, **options: Any
    ) -> "Client":
        """A connection that was let in."""
        client = self.open()
        reply = client.init(self.token(identity, **options), capabilities=capabilities)
        assert reply.header["status"] == {"code": 200, "status": "OK"}, reply
        return client


async def _itself(host: str, port: int) -> list[str]:
    """Finds no address but this machine's: nothing leaves a rig."""
    return [host] if host == "127.0.0.1" else []


def _nothing(tx: Tx) -> None:
    """Commits behind what was asked for before."""


class Reply(NamedTuple):
    """What answered a request."""

    status: int
    body: Any

    @property
    def error(self) -> tuple[int, int]:
        """Status and code of a refusal; the body repeats the status."""
        assert self.body["status"] == self.status
        return self.status, self.body["code"]


class Client:
    """The client's end of one connection."""

    def __init__(self, rig: Rig, address: str) -> None:
        self._rig = rig
        self._ids = map("TMc{}".format, itertools.count(1))
        self.transport = Transport(address)
        self.socket = WebSocket(self.transport, AT_ONCE)
        self.transport.set_protocol(self.socket)
        self.transport.on_end = self._end
        self.lost = False
        rig.gateway.open(self.socket, address, BASE_URL, lambda: None)
        self.session: Any = self.socket.listener

    def _end(self) -> None:
        asyncio.get_running_loop().call_soon(self.lose)

    def lose(self) -> None:
        """The connection is over, whoever ended it."""
        if not self.lost:
            self.lost = self.transport.closing = True
            self.socket.connection_lost(None)

    # Sending

    def raw(self, packet: bytes) -> None:
        """Send any bytes as a binary message."""
        if not self.transport.closing:
            self.socket.data_received(frame(packet))

    def send(self, method: str, payload: bytes = b"", **fields: Any) -> str:
        """Send one packet; its id."""
        packet_id = next(self._ids)
        header = {"id": packet_id, "method": method, **fields, "payload_size": len(payload)}
        self.raw(packet_frame.encode(msgspec.json.encode(header), payload))
        return packet_id

    def init(self, token: Any, *, capabilities: tuple[str, ...] = CAPABILITIES, **fields: Any) -> Packet:
        """Send `init`; the reply, which comes at once."""
        return self.reply_to(self.send("init", token=token, capabilities=capabilities, **fields))

    def update(self, token: Any) -> Packet:
        return self.reply_to(self.send("update", token=token))

    def ack(self, packet_id: str) -> None:
        header = {"id": packet_id, "method": "reply", "status": {"code": 200, "status": "OK"}}
        self.raw(packet_frame.encode(msgspec.json.encode(header)))

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        grant: str = SYNC,
        params: dict[str, Any] | None = None,
        headers: dict[str, Any] | None = None,
        host: str = "cds.us1.twilio.com",
    ) -> str:
        """Send a request without waiting; the packet's id. A body of bytes goes as it is."""
        payload = body if isinstance(body, bytes) else b"" if body is None else msgspec.json.encode(body)
        request = {
            "host": host,
            "path": path,
            "method": method,
            "params": params or {},
            "headers": headers or {},
        }
        return self.send(
            "message", payload, active_grant=grant, payload_type="application/json", http_request=request
        )

    async def request(self, method: str, path: str, body: Any = None, **options: Any) -> Reply:
        """The reply to a request; what else arrived stays to be taken."""
        return await self.answered(self.ask(method, path, body, **options))

    async def answered(self, packet_id: str) -> Reply:
        """The reply to a request that was sent, however long what it asks outside takes."""
        await self._rig.settled()
        while packet_id not in self._replied():
            await self._rig.settled()
        return self.answer(packet_id)

    def _replied(self) -> set[str]:
        arrived = packets(bytes(self.transport.sent))
        return {packet.header["id"] for packet in arrived if _is_reply(packet)}

    def batch(self, method: str, path: str, number: int) -> list[str]:
        """Send so many requests at once; the packets' ids."""
        request = {"host": "cds.us1.twilio.com", "path": path, "method": method}
        ids = [next(self._ids) for _ in range(number)]
        headers = (
            {"id": one, "method": "message", "active_grant": SYNC, "http_request": request} for one in ids
        )
        self.socket.data_received(
            b"".join(frame(packet_frame.encode(msgspec.json.encode(header))) for header in headers)
        )
        return ids

    def answer(self, packet_id: str) -> Reply:
        packet = self.reply_to(packet_id)
        assert packet.header["status"] == {"code": 200, "status": "OK"}
        return Reply(packet.header["http_status"]["code"], packet.payload)

    # Receiving

    def reply_to(self, packet_id: str) -> Packet:
        """The one reply with this id."""
        arrived = packets(bytes(self.transport.sent))
        (reply,) = (packet for packet in arrived if packet.header["id"] == packet_id and _is_reply(packet))
        others = (packet.frame for packet in arrived if packet is not reply)
        self.transport.sent[:] = b"".join(others)
        return reply

    def take(self) -> list[Packet]:
        """Every packet since the last look."""
        return packets(self.transport.take())

    def notifications(self) -> list[tuple[str, Any]]:
        """Message type and payload of each packet since the last look; all must be notifications."""
        arrived = self.take()
        assert all(packet.header["method"] == "notification" for packet in arrived), arrived
        return [(packet.header["message_type"], packet.payload) for packet in arrived]


def _is_reply(packet: Packet) -> bool:
    return packet.header["method"] == "reply"

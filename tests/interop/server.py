"""A real server in a process of its own, and tokens for it made by the official helper library."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx2
import jwt
from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import ChatGrant, SyncGrant

from tests.support.memory import ON_POSTGRES, new_database

NODES = int(os.environ.get("TEST_NODES", "1"))
"""How many nodes each server of the suites has."""
START_S = 60.0
POLL_S = 0.02
HEADERS = {"cty": "twilio-fpa;v=1"}


class Server:
    """`tsock dev` on a free port, with its data in a directory of its own and some settings changed."""

    def __init__(self, directory: Path, **settings: Any) -> None:
        self.directory = directory
        self.data = directory / "data"
        if ON_POSTGRES and "database_url" not in settings:
            settings["database_url"] = new_database()
        self.media: Path = settings.get("media_directory", self.data / "media")
        """Where files are."""
        self.environment = {**os.environ, **{f"TSOCK_{name.upper()}": str(v) for name, v in settings.items()}}
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.uri = f"ws://127.0.0.1:{self.port}/v3/wsconnect"
        self.log = directory / "server.log"
        self.program: Sequence[str] = ("-m", "tsock")
        """What Python is to run."""
        self.ahead_s = 0
        self.credentials: dict[str, str] = {}
        self.nodes: Sequence[Server] = (self,)
        """Every process that it is made of."""

    @property
    def account(self) -> "Account":
        """The ready-made account."""
        own = self.credentials
        return Account(
            self,
            own["TWILIO_ACCOUNT_SID"],
            own["TWILIO_API_KEY"],
            own["TWILIO_API_SECRET"],
            auth_token=own["TWILIO_AUTH_TOKEN"],
        )

    def start(self) -> None:
        """Start it, or start it again on the same port and data, and wait until it is ready."""
        env_file = self.directory / "env"
        command = [sys.executable, *self.program, "dev", "--host", "127.0.0.1", "--port", str(self.port)]
        command += ["--data", str(self.data), "--env-file", str(env_file)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, cwd=self.directory, env=self.environment
            )
        self._until_ready()
        lines = [line.partition("=") for line in env_file.read_text().splitlines() if "=" in line]
        self.credentials = {name: value.strip("\"'") for name, _, value in lines}

    def stop(self) -> None:
        """End it as an operator would, and wait until it has."""
        self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(START_S) == 0, self.log.read_text()

    def kill(self) -> None:
        """End it without any warning."""
        self._process.kill()
        self._process.wait()

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def advance(self, seconds: int) -> None:
        """Move its clock forward; what became due has happened when this returns."""
        asked = {"advance_s": seconds}
        # A node that was killed is waited for as long as its lease lasts, which is as long as a client waits.
        httpx2.post(f"{self.url}/dev/clock", json=asked, timeout=START_S).raise_for_status()
        self.ahead_s += seconds

    def tsock(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command about its data, run to its end."""
        command = [sys.executable, "-m", "tsock", *arguments, "--data", str(self.data)]
        return subprocess.run(command, capture_output=True, check=False, text=True, env=self.environment)

    def in_step(self) -> None:
        """Have every node know what was changed of accounts, keys and services at any of them.

        What is taken away may be used at the others for as long as the news travels; a node that is about to
        refuse somebody waits for that.
        """
        for node in self.nodes:
            answer = httpx2.get(f"http://127.0.0.1:{node.port}/2010-04-01/Accounts.json")
            assert answer.status_code == 401, answer.text

    def back_up(self, target: Path) -> None:
        """Copy its data, as an operator would."""
        done = self.tsock("backup", str(target))
        assert done.returncode == 0, done.stderr

    def operator(self, method: str, path: str, body: Any = None) -> Any:
        """A request through the operator's door."""
        transport = httpx2.HTTPTransport(uds=str(self.data / "control.sock"))
        with httpx2.Client(transport=transport, base_url="http://operator") as client:
            answer = client.request(method, path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def new_account(self, owner: "Account | None" = None) -> "Account":
        """Another account with a key, or a subaccount."""
        made = self.operator("POST", "/accounts", {"owner_sid": owner and owner.sid})
        key = self.operator("POST", f"/accounts/{made['sid']}/keys", {})
        names = ("test_sid", "test_token", "auth_token")
        return Account(self, made["sid"], key["sid"], key["secret"], **{name: made[name] for name in names})

    def token(self, identity: str = "alice", *, ttl_s: int = 3600, service: str = "default") -> str:
        """A token of the ready-made account."""
        return self.account.token(identity, ttl_s=ttl_s, service=service)

    def now_s(self) -> int:
        """The time by its clock, in Unix seconds."""
        return int(time.time()) + self.ahead_s

    def _until_ready(self) -> None:
        deadline = time.monotonic() + START_S
        while True:
            try:
                if httpx2.get(f"http://127.0.0.1:{self.port}/healthz").status_code == 200:
                    return
            except httpx2.TransportError:
                if not self.running or time.monotonic() > deadline:
                    raise AssertionError(f"no server:\n{self.log.read_text()}") from None
            time.sleep(POLL_S)


class Account:
    """An account with a key: makes tokens, and is changed through the operator's door."""

    def __init__(
        self,
        server: Server,
        sid: str,
        key_sid: str,
        key_secret: str,
        *,
        auth_token: str = "",
        test_sid: str = "",
        test_token: str = "",
    ) -> None:
        self.server = server
        self.sid = sid
        self.key_sid = key_sid
        self.key_secret = key_secret
        self.auth_token = auth_token
        self.test_sid = test_sid
        self.test_token = test_token

    def operator(self, method: str, path: str, body: Any = None) -> Any:
        """A request about something of the account; without a path, about the account itself."""
        return self.server.operator(method, f"/accounts/{self.sid}/{path}".rstrip("/"), body)

    def new_key(self, **options: Any) -> "Account":
        """The same account with another key."""
        key = self.operator("POST", "keys", options)
        more = {"auth_token": self.auth_token, "test_sid": self.test_sid, "test_token": self.test_token}
        return Account(self.server, self.sid, key["sid"], key["secret"], **more)

    def new_service(self, product: str = "sync", **options: Any) -> str:
        """SID of another service of a product."""
        return self.operator("POST", f"services/{product}", options)["sid"]

    def revoke_key(self) -> None:
        self.operator("DELETE", f"keys/{self.key_sid}")

    def set_status(self, status: str) -> None:
        self.operator("POST", "", {"status": status})

    def token(
        self,
        identity: str | None = "alice",
        *,
        ttl_s: int = 3600,
        starts_s: int = 0,
        service: str | None = "default",
        grants: list[Any] | None = None,
        account_sid: str = "",
        key_sid: str = "",
        key_secret: str = "",
        **options: Any,
    ) -> str:
        """An Access Token for Sync, valid from `starts_s` for `ttl_s` by the server's clock."""
        start = self.server.now_s() + starts_s
        token = AccessToken(
            account_sid or self.sid,
            key_sid or self.key_sid,
            key_secret or self.key_secret,
            identity=identity,
            nbf=start,
            valid_until=start + ttl_s,
            grants=[SyncGrant(service_sid=service)] if grants is None else grants,
            **options,
        )
        return token.to_jwt()

    def chat_token(self, identity: str, *, service: str = "default", **options: Any) -> str:
        """An Access Token for Conversations."""
        return self.token(identity, grants=[ChatGrant(service_sid=service)], **options)

    def signed(self, *, headers: dict[str, Any] = HEADERS, algorithm: str = "HS256", **changes: Any) -> str:
        """A token that no helper library writes; a claim of None is left out."""
        claims = {
            "iss": self.key_sid,
            "sub": self.sid,
            "exp": self.server.now_s() + 60,
            "grants": {"identity": "alice", "data_sync": {"service_sid": "default"}},
            **changes,
        }
        secret = "" if algorithm == "none" else self.key_secret
        return jwt.encode({n: v for n, v in claims.items() if v is not None}, secret, algorithm, headers)


def running(directory: Path, **settings: Any) -> Iterator[Server]:
    """A server for as long as a fixture lasts; it must not have logged an error of its own."""
    server = _made(directory, **settings)
    server.start()
    yield server
    if server.running:
        server.stop()
    for node in server.nodes:
        assert "Traceback" not in node.log.read_text()


def _made(directory: Path, **settings: Any) -> Server:
    if NODES > 1:
        from tests.interop.cluster import Cluster

        return Cluster(directory, NODES, **settings)
    return Server(directory, **settings)


def until(condition: Callable[[], Any], what: str) -> Any:
    """What `condition` returns, once that is true: for what a server does after it has answered."""
    deadline = time.monotonic() + START_S
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(POLL_S)
    return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]

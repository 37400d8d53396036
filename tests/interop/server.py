"""A real server in a process of its own, and tokens for it made by the official helper library."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx2
import jwt
from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import SyncGrant

START_S = 20.0
POLL_S = 0.02
HEADERS = {"cty": "twilio-fpa;v=1"}


class Server:
    """`tsock dev` on a free port, with its data in a directory of its own and some settings changed."""

    def __init__(self, directory: Path, **settings: Any) -> None:
        self.directory = directory
        self.data = directory / "data"
        self.environment = {**os.environ, **{f"TSOCK_{name.upper()}": str(v) for name, v in settings.items()}}
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.uri = f"ws://127.0.0.1:{self.port}/v3/wsconnect"
        self.log = directory / "server.log"
        self.ahead_s = 0
        self.credentials: dict[str, str] = {}

    def start(self) -> None:
        """Start it, or start it again on the same port and data, and wait until it is ready."""
        env_file = self.directory / "env"
        command = [sys.executable, "-m", "tsock", "dev", "--host", "127.0.0.1", "--port", str(self.port)]
        command += ["--data", str(self.data), "--env-file", str(env_file)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, cwd=self.directory, env=self.environment
            )
        self._until_ready()
        lines = [line.partition("=") for line in env_file.read_text().splitlines() if "=" in line]
        self.credentials = {name: value.strip("\"'") for name, _, value in lines}
        self.ahead_s = 0

    def stop(self) -> None:
        """End it as an operator would, and wait until it has."""
        self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(START_S) == 0, self.log.read_text()

    def kill(self) -> None:
        """End it without any warning."""
        self._process.kill()
        self._process.wait()

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def advance(self, seconds: int) -> None:
        """Move its clock forward; what became due has happened when this returns."""
        httpx2.post(f"{self.url}/dev/clock", json={"advance_s": seconds}).raise_for_status()
        self.ahead_s += seconds

    def operator(self, method: str, path: str, body: Any = None) -> Any:
        """A request through the operator's door, below the ready-made account unless `path` is a full one."""
        below = path if path.startswith("/accounts") else f"/accounts/{self.account_sid}/{path}"
        transport = httpx2.HTTPTransport(uds=str(self.data / "control.sock"))
        with httpx2.Client(transport=transport, base_url="http://operator") as client:
            answer = client.request(method, below, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    @property
    def account_sid(self) -> str:
        return self.credentials["TWILIO_ACCOUNT_SID"]

    def token(
        self,
        identity: str | None = "alice",
        *,
        ttl_s: int = 3600,
        service: str | None = "default",
        grants: list[Any] | None = None,
        account_sid: str = "",
        key_sid: str = "",
        key_secret: str = "",
        starts_s: int = 0,
        **claims: Any,
    ) -> str:
        """An Access Token for Sync, valid from `starts_s` for `ttl_s` by the server's clock."""
        now = int(time.time()) + self.ahead_s + starts_s
        token = AccessToken(
            account_sid or self.account_sid,
            key_sid or self.credentials["TWILIO_API_KEY"],
            key_secret or self.credentials["TWILIO_API_SECRET"],
            identity=identity,
            nbf=now,
            valid_until=now + ttl_s,
            grants=[SyncGrant(service_sid=service)] if grants is None else grants,
            **claims,
        )
        return token.to_jwt()

    def signed(self, *, headers: dict[str, Any] = HEADERS, algorithm: str = "HS256", **changes: Any) -> str:
        """A token that no helper library writes; a claim of None is left out."""
        claims = {
            "iss": self.credentials["TWILIO_API_KEY"],
            "sub": self.account_sid,
            "exp": int(time.time()) + self.ahead_s + 60,
            "grants": {"identity": "alice", "data_sync": {"service_sid": "default"}},
            **changes,
        }
        secret = "" if algorithm == "none" else self.credentials["TWILIO_API_SECRET"]
        return jwt.encode({n: v for n, v in claims.items() if v is not None}, secret, algorithm, headers)

    def _until_ready(self) -> None:
        deadline = time.monotonic() + START_S
        while True:
            try:
                if httpx2.get(f"{self.url}/healthz").status_code == 200:
                    return
            except httpx2.TransportError:
                if not self.running or time.monotonic() > deadline:
                    raise AssertionError(f"no server:\n{self.log.read_text()}") from None
            time.sleep(POLL_S)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]

"""Two nodes on one database of PostgreSQL behind a balancer, used like one server."""

import shutil
from pathlib import Path
from typing import Any

from tests.interop.server import Server
from tests.support.balancer import Balancer


class Cluster(Server):
    """`TEST_NODES=2` puts it in place of every server of the suites."""

    def __init__(self, directory: Path, **settings: Any) -> None:
        settings["media_directory"] = directory / "media"
        super().__init__(directory, **settings)
        self._balancer: Balancer | None = None
        second = directory / "second"
        second.mkdir()
        self.second = Server(second, **{**settings, "database_url": self.environment["TSOCK_DATABASE_URL"]})
        self.nodes = (self, self.second)

    def start(self) -> None:
        super().start()
        # The same credentials, and the key that opens what the database has of them.
        self.second.data.mkdir(exist_ok=True)
        shutil.copyfile(self.data / "development", self.second.data / "development")
        self.second.environment["TSOCK_MASTER_KEY_FILE"] = str(self.data / "master.key")
        self.second.start()
        if self._balancer is None:
            self._balancer = Balancer([self.port, self.second.port])
        self.url = f"http://127.0.0.1:{self._balancer.port}"
        self.uri = f"ws://127.0.0.1:{self._balancer.port}/v3/wsconnect"

    def stop(self) -> None:
        self.second.stop()
        super().stop()

    def kill(self) -> None:
        self.second.kill()
        super().kill()

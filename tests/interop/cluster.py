"""Several nodes on one database of PostgreSQL behind a balancer, used like one server."""

import shutil
from pathlib import Path
from typing import Any

from tests.interop.server import Server
from tests.support.balancer import Balancer


class Cluster(Server):
    """`TEST_NODES` puts one of so many in place of every server of the suites.

    It is its own first node, and files are where all nodes find them.
    """

    def __init__(self, directory: Path, nodes: int = 2, **settings: Any) -> None:
        settings["media_directory"] = directory / "media"
        super().__init__(directory, **settings)
        settings["database_url"] = self.environment["TSOCK_DATABASE_URL"]
        self._balancer: Balancer | None = None
        self.others = [self._other(number, settings) for number in range(2, nodes + 1)]
        self.nodes = (self, *self.others)

    def _other(self, number: int, settings: dict[str, Any]) -> Server:
        directory = self.directory / f"node-{number}"
        directory.mkdir()
        return Server(directory, **settings)

    def start(self) -> None:
        super().start()
        for other in self.others:
            # The same credentials, and the key that opens what the database has of them.
            other.data.mkdir(exist_ok=True)
            shutil.copyfile(self.data / "development", other.data / "development")
            other.environment["TSOCK_MASTER_KEY_FILE"] = str(self.data / "master.key")
            other.start()
        if self._balancer is None:
            self._balancer = Balancer([node.port for node in self.nodes])
        self.url = f"http://127.0.0.1:{self._balancer.port}"
        self.uri = f"ws://127.0.0.1:{self._balancer.port}/v3/wsconnect"

    def stop(self) -> None:
        for other in self.others:
            other.stop()
        super().stop()

    def kill(self) -> None:
        for other in self.others:
            other.kill()
        super().kill()

"""What goes beyond its bounds is refused: times of a far future, and data that others may change."""

import subprocess
import sys
from pathlib import Path

import httpx2

from tests.interop.server import Server

IMPOSSIBLE = ("10000-01-01", "+10000-01-01T00:00:00Z", "9999-12-31T23:59:59-01:00", "9999-366")


def test_date_past_the_year_9999_is_refused(shared_server: Server) -> None:
    own = shared_server.account
    for date in IMPOSSIBLE:
        said = httpx2.get(
            f"{shared_server.url}/monitor/v1/Alerts",
            params={"StartDate": date},
            auth=(own.sid, own.auth_token),
        )
        assert (said.status_code, said.json()["code"]) == (400, 20422), date


def test_data_that_a_group_may_write_are_not_served(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    data.chmod(0o770)
    command = [sys.executable, "-m", "tsock", "serve", "--port", "0", "--data", str(data)]
    refused = subprocess.run(command, capture_output=True, check=False, text=True, timeout=60, cwd=tmp_path)
    assert refused.returncode != 0
    assert f"run chmod 700 {data}" in refused.stderr
    assert list(data.iterdir()) == []

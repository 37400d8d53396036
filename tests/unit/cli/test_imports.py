"""What a server that starts does not load."""

import subprocess
import sys

import pytest

UNNEEDED = ("httpcore2", "httpx2", "jinja2", "nats", "prometheus_client", "psycopg", "twilio")


@pytest.mark.parametrize("command", ["serve", "dev"])
def test_that_a_server_starts_without_what_only_some_need(command: str) -> None:
    asked = f"import sys, tsock.cli.main, tsock.cli.{command}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True)
    assert not set(UNNEEDED) & set(loaded.stdout.split())

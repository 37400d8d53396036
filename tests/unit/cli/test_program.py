"""Commands in what is printed: they run as they stand."""

import sys
from pathlib import Path

import pytest

from tsock.cli.location import Location
from tsock.cli.program import runnable


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program is where no shell finds it by its name."""
    monkeypatch.setattr(sys, "argv", ["/opt/tsock/bin/tsock"])


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("`tsock account create`", "`/opt/tsock/bin/tsock account create --port 8914`"),
        ("`tsock account create --data x`", "`/opt/tsock/bin/tsock account create --data x`"),
        ("`tsock errors 51215`", "`/opt/tsock/bin/tsock errors 51215`"),
        ("`tsock why 'a b'` or `tsock dev`",
         "`/opt/tsock/bin/tsock why 'a b' --port 8914` or `/opt/tsock/bin/tsock dev`"),
        ("`tsock why '` and tsock why", "`tsock why '` and tsock why"),
        ("`tsock why \\`", "`tsock why \\`"),
    ],
)  # fmt: skip
def test_command_in_a_text_is_completed(said: str, told: str) -> None:
    assert runnable(said, "--port", "8914") == told


def test_flags_that_led_to_an_installation_lead_there_again() -> None:
    location = Location(data="my data", config=Path("x.toml"))

    assert location.runnable("`tsock key list`") == (
        "`/opt/tsock/bin/tsock key list --data 'my data' --config x.toml`"
    )
    assert Location().runnable("`tsock key list`") == "`/opt/tsock/bin/tsock key list`"

"""What the how-to about production lets through to REST and the pages."""

import re
from pathlib import Path

import pytest

from tsock.api.request import Door
from tsock.api.router import Router

PAGE = Path(__file__).parents[3] / "docs" / "howto" / "production.md"
KEPT_INSIDE = {"healthz", "readyz", "metrics", "dev"}
"""For the operator, and of development."""


@pytest.fixture(scope="module")
def locations() -> list[re.Pattern[str]]:
    found = re.findall(r"^    location ~ (\S+) \{$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert found
    return [re.compile(pattern) for pattern in found]


def test_every_product_and_page_is_let_through(everything: Router, locations: list[re.Pattern[str]]) -> None:
    paths = {route.pattern for route in everything.routes() if route.door is Door.HTTP}
    shut = [path for path in paths if not any(location.search(path) for location in locations)]
    assert {path.split("/")[1] for path in shut} == KEPT_INSIDE


@pytest.mark.parametrize(
    "path", ["/2010-04-01/Accounts.json", "/v1/Keys", "/v1/AuthTokens/Secondary", "/v2/Services"]
)
def test_path_that_tells_its_product_without_naming_it_is_let_through(
    locations: list[re.Pattern[str]], path: str
) -> None:
    assert any(location.search(path) for location in locations)

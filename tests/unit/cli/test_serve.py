"""When `tsock serve` refuses to start."""

from pathlib import Path
from typing import Any

import pytest

from tsock.cli.serve import safe_data
from tsock.errors import ConfigError
from tsock.settings import Settings


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"host": "::1"},
        {"host": "localhost"},
        {"host": "127.0.0.2"},
        {"public_url": "https://rt.example.com"},
        {"host": "0.0.0.0", "public_url": "https://rt.example.com"},
        {"public_url": "http://localhost:8080"},
    ],
)
def test_safe_settings_name_the_data(settings: dict[str, Any], tmp_path: Path) -> None:
    assert safe_data(Settings(data=str(tmp_path), **settings)) == tmp_path


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"host": "0.0.0.0"}, "host: 0.0.0.0 can be reached from other machines"),
        ({"host": "::"}, "host: :: can be reached"),
        ({"host": "192.168.0.7"}, "host: 192.168.0.7 can be reached"),
        ({"host": "300.1.2.3"}, r"host: '300\.1\.2\.3' is neither an address nor a name"),
        ({"host": "nosuch.invalid"}, r"host: 'nosuch\.invalid' is neither an address nor a name"),
        (
            {"host": "127.0.0.1:80"},
            r"host: '127\.0\.0\.1:80' .* without the port, which is given with --port",
        ),
        ({"host": "[::1]:80"}, ".* without brackets and without the port"),
        ({"host": "http://127.0.0.1"}, ".* without the scheme"),
        ({"host": "a" * 64 + ".invalid"}, "host: 'a+.* is neither an address nor a name"),
        ({"public_url": "http://rt.example.com"}, "public_url: expected https://"),
        ({"host": "0.0.0.0", "public_url": "http://rt.example.com"}, "public_url: expected https://"),
        ({"host": "0.0.0.0", "public_url": "http://localhost:8080"}, "host: 0.0.0.0 can be reached"),
        ({"data": None}, "data: expected a directory that keeps everything"),
    ],
)
def test_unsafe_setting_is_named(settings: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"^{said}"):
        safe_data(Settings(**{"data": str(tmp_path), **settings}))


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o720, 0o702])
def test_data_that_others_may_change_are_refused(tmp_path: Path, mode: int) -> None:
    tmp_path.chmod(mode)

    with pytest.raises(ConfigError, match=f"run chmod 700 {tmp_path}"):
        safe_data(Settings(data=str(tmp_path)))


def test_media_that_others_may_change_are_refused(tmp_path: Path) -> None:
    (tmp_path / "media").mkdir()
    (tmp_path / "media").chmod(0o777)

    with pytest.raises(
        ConfigError, match=f"^data: everybody may write to .*run chmod go-w {tmp_path}/media$"
    ):
        safe_data(Settings(data=str(tmp_path)))

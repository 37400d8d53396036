"""Which installation a command is about: flag, environment, port, and what is said when there is none."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tsock.cli import runtime
from tsock.cli.location import Location, locate
from tsock.errors import ConfigError
from tsock.installation import layout


@pytest.fixture(autouse=True)
def own_world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No server, settings file or variable of the machine is seen."""
    links = tmp_path / "run"
    links.mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(links))
    for name in [name for name in os.environ if name.startswith("TSOCK_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def _data(tmp_path: Path, name: str) -> Path:
    data = tmp_path / name
    data.mkdir()
    (data / layout.DATABASE).touch()
    return data


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Path]:
    """A directory whose door somebody answers."""
    data = _data(tmp_path, "served")
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(data / layout.SOCKET))
        door.listen()
        yield data


def test_flag_beats_environment_beats_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    by_flag, by_environment, by_file = (_data(tmp_path, name) for name in ("a", "b", "c"))
    (tmp_path / "tsock.toml").write_text(f'data = "{by_file}"\n')
    assert locate(Location()).data == by_file
    monkeypatch.setenv("TSOCK_DATA", str(by_environment))
    assert locate(Location()).data == by_environment

    assert locate(Location(data=str(by_flag))).data == by_flag


def test_server_is_found_by_its_port(served: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TSOCK_DATA", str(_data(tmp_path, "other")))

    with runtime.announced(8123, served):
        place = locate(Location(port="8123"))

    assert place.data == served
    assert place.is_served()


def test_server_on_the_usual_port_is_found_without_a_word(served: Path) -> None:
    with runtime.announced(8080, served):
        assert locate(Location()).data == served


def test_stopped_server_leaves_no_trace(served: Path) -> None:
    with runtime.announced(8080, served):
        pass

    with pytest.raises(ConfigError, match="none of yours runs on port 8080"):
        locate(Location())


def test_link_of_a_killed_server_is_no_server(tmp_path: Path) -> None:
    runtime.link(8080).symlink_to(_data(tmp_path, "dead"))

    with pytest.raises(ConfigError, match="start one with `tsock dev`, or name it with --port"):
        locate(Location())


def test_link_of_a_killed_server_is_replaced(served: Path, tmp_path: Path) -> None:
    runtime.link(8080).symlink_to(_data(tmp_path, "dead"))

    with runtime.announced(8080, served):
        assert locate(Location()).data == served


def test_link_to_data_that_are_gone_is_cleared_away(served: Path, tmp_path: Path) -> None:
    gone = runtime.link(8081)
    gone.symlink_to(tmp_path / "gone")

    with runtime.announced(8080, served):
        assert not gone.is_symlink()


def test_link_that_another_server_took_over_is_left_alone(served: Path, tmp_path: Path) -> None:
    with runtime.announced(8080, _data(tmp_path, "first")):
        runtime.link(8080).unlink()
        runtime.link(8080).symlink_to(served)

    assert locate(Location()).data == served


def test_directory_without_data_is_named_with_its_origin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TSOCK_DATA", str(tmp_path / "typo"))

    with pytest.raises(ConfigError, match=r"typo \(from TSOCK_DATA\) holds no data of tsock"):
        locate(Location())
    assert not (tmp_path / "typo").exists()


@pytest.mark.parametrize("fault", ["others may read it", "a link to somewhere else"])
def test_links_that_somebody_else_could_have_put_there_are_not_followed(
    fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    links = tmp_path / "run" / "tsock"
    if fault == "others may read it":
        links.mkdir()
        links.chmod(0o755)
    else:
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        links.symlink_to(tmp_path / "elsewhere")

    with pytest.raises(ConfigError, match="is not a directory that only you can use"):
        locate(Location())


def test_without_a_runtime_directory_the_temporary_one_is_used(
    served: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    with runtime.announced(8080, served):
        assert locate(Location()).data == served

    assert (tmp_path / f"tsock-{os.getuid()}").stat().st_mode & 0o777 == 0o700

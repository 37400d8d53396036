"""Which modes let others change data, and what is said of them."""

from pathlib import Path

import pytest

from tsock.installation.modes import exposed


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A directory as a server leaves it, below one that is open to read."""
    made = tmp_path / "a" / "b" / "data"
    (made / "media").mkdir(parents=True)
    for path in (tmp_path, tmp_path / "a", tmp_path / "a" / "b"):
        path.chmod(0o755)
    for path in (made, made / "media"):
        path.chmod(0o700)
    for name in ("tsock.db", "tsock.db-wal", "tsock.db-shm", "watermark"):
        (made / name).touch(mode=0o600)
    return made


def test_directory_as_a_server_leaves_it_is_nobody_elses(data: Path) -> None:
    assert exposed(data) is None
    assert exposed(data / "not" / "made") is None


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o1777, 0o702])
def test_directory_itself_is_for_nobody_else_even_with_the_sticky_bit(data: Path, mode: int) -> None:
    data.chmod(mode)

    found = exposed(data)

    assert found is not None
    assert (found.path, found.mode, found.fix) == (data, mode, f"chmod 700 {data}")


@pytest.mark.parametrize("name", ["media", "tsock.db", "tsock.db-wal", "tsock.db-shm", "watermark"])
@pytest.mark.parametrize(
    ("mode", "whose"), [(0o720, "its group"), (0o702, "everybody"), (0o777, "everybody")]
)
def test_what_lies_in_it_is_for_nobody_else(data: Path, name: str, mode: int, whose: str) -> None:
    (data / name).chmod(mode)

    found = exposed(data)

    assert found is not None
    assert (found.path, found.whose) == (data / name, whose)
    assert found.fix == f"chmod go-w {data / name}"


@pytest.mark.parametrize("above", ["a", "a/b"])
def test_nobody_may_put_another_in_its_place(data: Path, tmp_path: Path, above: str) -> None:
    (tmp_path / above).chmod(0o777)

    found = exposed(data)

    assert found is not None
    assert (found.path, found.fix) == (tmp_path / above, f"chmod o-w {tmp_path / above}")


@pytest.mark.parametrize("mode", [0o1777, 0o775])
def test_directory_above_may_be_everybodys_with_the_sticky_bit_or_its_groups(data: Path, mode: int) -> None:
    data.parent.chmod(mode)

    assert exposed(data) is None


def test_link_counts_where_it_stands_and_where_it_leads(data: Path, tmp_path: Path) -> None:
    place = tmp_path / "links"
    place.mkdir(mode=0o755)
    (place / "link").symlink_to(data)
    assert exposed(place / "link") is None

    place.chmod(0o777)
    assert (found := exposed(place / "link")) is not None
    assert found.path == place

    place.chmod(0o755)
    data.parent.chmod(0o777)
    assert (found := exposed(place / "link")) is not None
    assert found.path == data.parent

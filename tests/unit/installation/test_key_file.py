import stat
from pathlib import Path

import pytest

from tsock.accounts.secrets import parse_master_key
from tsock.errors import ConfigError
from tsock.installation.key_file import read_key_file

FRESH = bytes(range(32))


def test_first_start_makes_a_file_that_only_its_owner_can_read(tmp_path: Path):
    path = tmp_path / "master.key"
    assert parse_master_key(read_key_file(path, fresh=FRESH), str(path)) == FRESH
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_later_start_reads_the_same_key(tmp_path: Path):
    path = tmp_path / "master.key"
    first = read_key_file(path, fresh=FRESH)
    assert read_key_file(path, fresh=b"x" * 32) == read_key_file(path, fresh=None) == first


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610])
def test_file_that_others_may_use_is_refused(tmp_path: Path, mode: int):
    path = tmp_path / "master.key"
    read_key_file(path, fresh=FRESH)
    path.chmod(mode)
    with pytest.raises(ConfigError, match="expected 0600"):
        read_key_file(path, fresh=None)


def test_lost_file_of_a_store_with_secrets_is_not_made_anew(tmp_path: Path):
    path = tmp_path / "master.key"
    with pytest.raises(ConfigError, match="the master key is missing"):
        read_key_file(path, fresh=None)
    assert not path.exists()


def test_draft_left_by_a_crash_does_not_stand_in_the_way(tmp_path: Path):
    (tmp_path / "master.key.new").write_text("half a k")
    path = tmp_path / "master.key"
    assert parse_master_key(read_key_file(path, fresh=FRESH), str(path)) == FRESH

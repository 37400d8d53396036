"""`tsock backup`, `tsock restore` and `tsock epoch`: a copy of an installation, and its return."""

import json
import shutil
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.e2e.cli.conftest import Start
from tests.e2e.cli.process import Server, tsock


def accounts(directory: Path, data: str) -> list[str]:
    listed = tsock("account", "list", "--json", "--data", data, directory=directory)
    return [each["sid"] for each in json.loads(listed.stdout)]


def test_copy_of_a_running_server_is_put_back_with_all_that_it_held(tmp_path: Path, start: Start) -> None:
    server = start(Server, tmp_path, "serve", "--data", "data")
    made = tsock("account", "create", "Mine", "--json", "--data", "data", directory=tmp_path)
    copied = tsock("backup", "copy", "--data", "data", directory=tmp_path)
    assert (copied.returncode, copied.stdout.startswith("copy: a database of")) == (0, True)
    tsock("account", "create", "Later", "--data", "data", directory=tmp_path)
    refused = tsock("epoch", "--data", "data", directory=tmp_path)
    assert (refused.returncode, "stop it first" in refused.stderr) == (2, True)
    assert server.end() == 0

    refused = tsock("restore", "copy", "--data", "data", directory=tmp_path)
    assert (refused.returncode, "is not empty" in refused.stderr) == (2, True)
    shutil.rmtree(tmp_path / "data")
    restored = tsock("restore", "copy", "--data", "data", directory=tmp_path)

    assert (restored.returncode, restored.stderr) == (0, "")
    assert restored.stdout == "restored to data; a new epoch has begun\n"
    again = start(Server, tmp_path, "serve", "--data", "data")
    assert accounts(tmp_path, "data") == [json.loads(made.stdout)["sid"]]
    assert again.end() == 0
    assert "epoch.begun" not in again.err.read_text()
    assert tsock("epoch", "--data", "data", directory=tmp_path).returncode == 0


def test_key_that_is_in_no_file_is_said_to_be_missing(tmp_path: Path) -> None:
    key = {"TSOCK_MASTER_KEY": "0a" * 32}
    tsock("account", "create", "Mine", "--data", "data", directory=tmp_path, **key)

    copied = tsock("backup", "copy", "--data", "data", directory=tmp_path, **key)

    assert copied.returncode == 0
    assert "the master key is not in it" in copied.stderr
    refused = tsock("restore", "copy", "--data", "back", directory=tmp_path)
    assert refused.returncode == 2
    assert "the master key is missing" in refused.stderr


def test_restore_of_a_directory_that_a_killed_server_left_loses_nothing(tmp_path: Path, start: Start) -> None:
    server = start(Server, tmp_path, "serve", "--data", "data")
    made = tsock("account", "create", "Mine", "--json", "--data", "data", directory=tmp_path)
    server.end(signal.SIGKILL)

    restored = tsock("restore", "data", "--data", "back", directory=tmp_path)

    assert (restored.returncode, restored.stderr) == (0, "")
    assert accounts(tmp_path, "back") == [json.loads(made.stdout)["sid"]]


def test_files_that_a_copy_lacks_are_told(tmp_path: Path) -> None:
    tsock("account", "create", "Mine", "--data", "data", directory=tmp_path)
    tsock("backup", "copy", "--data", "data", directory=tmp_path)
    with closing(sqlite3.connect(tmp_path / "copy" / "tsock.db", isolation_level=None)) as database:
        for name in ("here", "lost", "gone"):
            database.execute(
                "INSERT INTO chat_media VALUES (?, 'IS', ?, 'media', NULL, '', 1, 'al', 1, 1, NULL, NULL)",
                (f"ME{name}", name),
            )
    (tmp_path / "copy" / "media" / "here").write_text("x")

    restored = tsock("restore", "copy", "--data", "back", directory=tmp_path)
    shutil.rmtree(tmp_path / "copy" / "media")
    again = tsock("restore", "copy", "--data", "other", directory=tmp_path)

    assert restored.returncode == again.returncode == 0
    assert "files of conversations that are not in copy/media: 2 of 3;" in restored.stderr
    assert "files of conversations that are not in copy/media: 3 of 3;" in again.stderr
    assert (tmp_path / "back" / "media" / "here").exists()


def test_copy_that_another_master_key_sealed_leaves_nothing_behind(tmp_path: Path) -> None:
    tsock("account", "create", "Mine", "--data", "data", directory=tmp_path)
    tsock("backup", "copy", "--data", "data", directory=tmp_path)

    refused = tsock("restore", "copy", "--data", "back", directory=tmp_path, TSOCK_MASTER_KEY="0a" * 32)

    assert (refused.returncode, "not the one that sealed this data" in refused.stderr) == (2, True)
    assert not (tmp_path / "back").exists()


def test_damage_is_said_by_whatever_opens_the_directory(tmp_path: Path) -> None:
    """So much of it that not even a command can open the directory."""
    tsock("account", "create", "Mine", "--data", "data", directory=tmp_path)
    database = tmp_path / "data" / "tsock.db"
    content = bytearray(database.read_bytes())
    for at in range(4096, len(content), 4096):
        content[at : at + 4096] = b"\xa5" * 4096
    database.write_bytes(content)

    checked = tsock("check", "--data", "data", directory=tmp_path)
    as_json = tsock("check", "--json", "--data", "data", directory=tmp_path)
    others = [
        tsock(*command, "--data", "data", directory=tmp_path)
        for command in (("epoch",), ("account", "list"), ("serve",), ("backup", "copy"))
    ]

    assert (checked.returncode, checked.stderr) == (1, "")
    assert checked.stdout.startswith("problem  database")
    assert "tsock restore" in checked.stdout
    assert as_json.returncode == 1
    assert [each["id"] for each in json.loads(as_json.stdout)["checks"]] == ["database"]
    for refused in others:
        assert (refused.returncode, "Traceback" in refused.stderr) == (2, False)
        assert "data/tsock.db" in refused.stderr

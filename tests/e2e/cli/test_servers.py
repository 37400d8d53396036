"""`tsock dev` and `tsock serve` from start to exit, and every reason not to start."""

import json
import re
import signal
import socket
import stat
import subprocess
from pathlib import Path

import httpx2
import pytest

from tests.e2e.cli.conftest import Start
from tests.e2e.cli.process import PATIENCE_S, Client, Process, Server, free_port, tsock, until

VARIABLES = [
    "TSOCK_URL",
    "TSOCK_WS",
    "TWILIO_ACCOUNT_SID",
    "TWILIO_AUTH_TOKEN",
    "TWILIO_API_KEY",
    "TWILIO_API_SECRET",
    "TWILIO_SYNC_SERVICE_SID",
    "TWILIO_CHAT_SERVICE_SID",
]


def _folder(tmp_path: Path, name: str) -> Path:
    folder = tmp_path / name
    folder.mkdir()
    return folder


def test_development_server_gives_the_same_credentials_for_a_seed(tmp_path: Path, start: Start) -> None:
    first, again, other = (
        start(Server, _folder(tmp_path, name), "dev", "--seed", seed)
        for name, seed in (("a", "7"), ("b", "7"), ("c", "8"))
    )
    secrets = [
        {name: value for name, value in server.credentials.items() if name.startswith("TWILIO")}
        for server in (first, again, other)
    ]

    assert [server.end() for server in (first, again, other)] == [0, 0, 0]
    assert secrets[0] == secrets[1]
    assert set(secrets[0].values()).isdisjoint(secrets[2].values())


def test_without_a_seed_credentials_are_random_for_each_data_directory(tmp_path: Path, start: Start) -> None:
    secrets: list[str] = []
    for name in ("a", "a", "b"):
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        server = start(Server, folder, "dev", "--data", "data")
        secrets.append(server.credentials["TWILIO_AUTH_TOKEN"])
        assert server.end() == 0
    assert secrets[0] == secrets[1] != secrets[2]
    assert stat.S_IMODE((tmp_path / "a" / "data" / "development").stat().st_mode) == 0o600


def test_development_answers_to_a_name_that_it_was_started_for(tmp_path: Path, start: Start) -> None:
    server = start(
        Server, tmp_path, "dev", "--allow-host", "https://Dev.example:1", "--allow-host", "10.0.2.2"
    )

    def asked(**headers: str) -> int:
        return httpx2.get(f"{server.url}/healthz", headers=headers).status_code

    assert (
        asked(Host="dev.example:8080") == asked(Host="10.0.2.2") == asked(Origin="https://dev.example") == 200
    )
    assert asked(Host="other.example") == asked(Origin="https://other.example") == 403
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    upgrade["Sec-WebSocket-Key"] = "dGhlIHNhbXBsZSBub25jZQ=="
    url = f"{server.url}/v3/wsconnect"
    assert httpx2.get(url, headers={**upgrade, "Origin": "https://third.example"}).status_code == 403
    told = server.err.read_text()
    assert "--allow-host other.example" in told
    assert "--allow-host third.example" in told
    assert "host.refused" not in told
    assert server.end() == 0


def test_development_says_what_is_no_name_of_a_host(tmp_path: Path) -> None:
    done = tsock("dev", "--allow-host", "*.test", directory=tmp_path)
    assert done.returncode == 2
    assert "expected a name or address, such as app.test" in done.stderr


def test_development_advises_what_the_cause_of_a_refusal_asks_for(tmp_path: Path, start: Start) -> None:
    server = start(Server, tmp_path, "dev")

    httpx2.get(f"{server.url}/", headers={"Host": "other.example"})
    httpx2.get(f"{server.url}/", headers={"Origin": "null"})
    httpx2.post(f"{server.url}/sign-out", headers={"Sec-Fetch-Site": "cross-site"})
    httpx2.get(f"{server.url}/v3/wsconnect")
    httpx2.get(f"{server.url}/chat", headers={"Connection": "Upgrade", "Upgrade": "websocket"})

    assert server.end() == 0
    told = server.err.read_text()
    assert [line.strip() for line in told.splitlines() if "fix: " in line] == [
        "fix: Open the page from this machine, or from a name given with --allow-host",
        "fix: Send it from a back end, not from a page",
        "fix: Let the proxy pass on both headers, if there is one",
    ]


def test_variables_are_in_the_file_when_the_server_says_it_is_ready(tmp_path: Path, start: Start) -> None:
    server = start(Server, tmp_path, "dev", "--env-file", "made.env")
    file = tmp_path / "made.env"

    written = dict(line.split("=", 1) for line in file.read_text().splitlines())

    assert list(written) == VARIABLES
    assert written == server.credentials
    assert written["TSOCK_WS"] == f"ws://127.0.0.1:{server.port}/v3/wsconnect"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert server.end() == 0


def test_moved_clock_stays_with_its_data_until_it_is_set_right(tmp_path: Path, start: Start) -> None:
    server = start(Server, tmp_path, "dev", "--data", "data")
    assert "s ahead" not in server.out.read_text()
    httpx2.post(f"{server.url}/dev/clock", json={"advance_s": 7200}).raise_for_status()
    assert server.end() == 0

    without = tsock("token", "--identity", "a", "--json", "--data", "data", directory=tmp_path)

    again = start(Server, tmp_path, "dev", "--data", "data")
    assert "The clock is 7200 s ahead" in again.out.read_text()
    shown = httpx2.get(f"{again.url}/dev/clock").json()
    assert shown["ahead_s"] == 7200
    assert shown["now"] < json.loads(without.stdout)["date_expires"]  # it was minted by the same clock
    assert again.end() == 0

    right = start(Server, tmp_path, "dev", "--data", "data", "--clock", "NOW")
    assert "s ahead" not in right.out.read_text()
    assert httpx2.get(f"{right.url}/dev/clock").json()["ahead_s"] == 0
    assert right.end() == 0


def test_file_of_variables_goes_with_the_server_unless_it_was_there_before(
    tmp_path: Path, start: Start
) -> None:
    """So whoever waits for the file waits for the server."""
    kept = tmp_path / "kept.env"
    kept.write_text("OLD=1\n")
    gone = start(Server, _folder(tmp_path, "a"), "dev", "--env-file", "../gone.env")
    keeps = start(Server, _folder(tmp_path, "b"), "dev", "--env-file", "../kept.env")
    assert "TSOCK_URL=" in (tmp_path / "gone.env").read_text()

    assert [server.end() for server in (gone, keeps)] == [0, 0]

    assert not (tmp_path / "gone.env").exists()
    assert f"TSOCK_URL={keeps.url}\n" in kept.read_text()


def test_banner_leads_to_pages_and_to_commands_that_run_as_they_stand(tmp_path: Path, start: Start) -> None:
    server = start(Server, tmp_path, "dev")
    lines = [line.strip() for line in server.out.read_text().splitlines()]
    pages = [line.split()[0] for line in lines if line.startswith(server.url)]
    commands = [lines[n + 1] for n, line in enumerate(lines) if line.startswith("# ")][
        :-1
    ]  # the last is of JS

    assert pages == [f"{server.url}{path}" for path in ("/", "/doctor", "/denials", "/errors")]
    assert {httpx2.get(page).status_code for page in pages} == {200}
    assert len(commands) == 5
    for command in commands:
        if " tail " not in command:
            done = subprocess.run(
                command,
                shell=True,
                cwd="/",
                env=server.environment,
                input="hello",
                capture_output=True,
                check=False,
                text=True,
                timeout=PATIENCE_S,
            )
            assert done.returncode in (0, 1), done.stderr
            assert "error: " not in done.stderr.replace("error: nobody was denied", "")
    assert server.end() == 0


def test_what_happens_is_told_for_reading(tmp_path: Path, start: Start) -> None:
    server = start(Server, tmp_path, "dev")
    token = httpx2.get(f"{server.url}/dev/token?identity=alice").text
    for text in (token, "hello"):
        client = Client(server.url)
        client.init(text)
        client.close()
    httpx2.get(f"{server.url}/sync/v1/nothing")

    until(lambda: "20404" in server.err.read_text(), "the error over REST")
    server.end()

    told = server.err.read_text()
    assert "connected alice" in told
    assert "denied    20101 Invalid Access Token" in told
    assert "fix: Pass the raw string" in told
    assert f"GET {server.url}/sync/v1/nothing" in told
    assert not [line for line in told.splitlines() if line.startswith("{") or "code=" in line]


def test_log_in_json_stays_a_log(tmp_path: Path, start: Start) -> None:
    server = start(Server, tmp_path, "dev", "--log-format", "json")
    client = Client(server.url)
    client.init("hello")
    client.close()

    until(lambda: "client.denied" in server.err.read_text(), "the refusal")
    server.end()

    assert {"client.denied"} <= {json.loads(line)["event"] for line in server.err.read_text().splitlines()}


def test_address_that_others_reach_is_warned_of(tmp_path: Path, start: Start) -> None:
    server = start(Server, tmp_path, "dev", "--host", "0.0.0.0")
    server.end()

    assert "whoever does gets tokens" in server.err.read_text()
    assert f"this listens on port {server.port} of every address of this machine," in server.err.read_text()


def test_production_says_where_it_listens_and_that_nobody_can_connect_yet(
    tmp_path: Path, start: Start
) -> None:
    arguments = ("serve", "--data", "data", "--public-url", "https://rt.example.com")
    server = start(Server, tmp_path, *arguments)
    said = server.out.read_text()
    assert f"It listens on {server.url}, which clients reach as https://rt.example.com." in said
    (command,) = re.findall("There is no account yet.*: (.*)", said)
    assert subprocess.run(command, shell=True, cwd=tmp_path, check=False, capture_output=True).returncode == 0
    server.end()

    again = start(Server, tmp_path, *arguments)
    again.end()
    assert "no account" not in again.out.read_text()


def test_data_of_an_ephemeral_server_go_with_it(tmp_path: Path, start: Start) -> None:
    server = start(Server, tmp_path, "dev", TMPDIR=str(tmp_path))
    (data,) = tmp_path.glob("tsock-*")
    assert "Nothing is kept" in server.out.read_text()
    assert stat.S_IMODE(data.stat().st_mode) == 0o700

    assert server.end(signal.SIGINT) == 0

    assert not data.exists()
    assert server.err.read_text().count("Traceback") == 0


def test_commands_find_an_ephemeral_server_by_its_port_until_it_stops(tmp_path: Path, start: Start) -> None:
    server = start(Server, tmp_path, "dev")
    find = ("account", "list", "--port", str(server.port))

    found = tsock(*find, directory=tmp_path)
    assert server.credentials["TWILIO_ACCOUNT_SID"] in found.stdout, found.stderr
    server.end()
    lost = tsock(*find, directory=tmp_path)

    assert (lost.returncode, lost.stdout) == (2, "")
    assert f"none of yours runs on port {server.port}" in lost.stderr


def test_production_server_has_nothing_of_development(tmp_path: Path, start: Start) -> None:
    server = start(Server, tmp_path, "serve", "--data", "data")

    assert server.credentials == {}
    assert httpx2.get(f"{server.url}/healthz").status_code == 200
    for path in ("/dev/token?identity=alice", "/dev/clock", "/accounts", "/check", "/tail"):
        assert httpx2.get(server.url + path).status_code == 404
    assert tsock("account", "list", "--data", "data", "--json", directory=tmp_path).stdout == "[]\n"
    assert server.end() == 0


def test_only_the_owner_may_use_what_a_server_makes(tmp_path: Path, start: Start) -> None:
    server = start(Server, tmp_path, "serve", "--data", "data")

    data = tmp_path / "data"
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in (data, *data.iterdir())}

    assert server.end() == 0
    assert {"control.sock", "master.key", "tsock.db"} <= modes.keys()
    assert {name: mode for name, mode in modes.items() if mode & 0o077} == {}


def test_account_can_be_made_before_the_first_start(tmp_path: Path, start: Start) -> None:
    made = tsock("account", "create", "--json", "--data", "new/data", directory=tmp_path)

    assert made.returncode == 0, made.stderr
    assert stat.S_IMODE((tmp_path / "new" / "data").stat().st_mode) == 0o700
    server = start(Server, tmp_path, "serve", "--data", "new/data")
    found = tsock("account", "list", "--json", "--data", "new/data", directory=tmp_path)
    assert [each["sid"] for each in json.loads(found.stdout)] == [json.loads(made.stdout)["sid"]]
    assert server.end() == 0
    _refused(tmp_path, "account", "list", "--data", "typo")
    assert not (tmp_path / "typo").exists()


@pytest.mark.parametrize(("first", "then"), [("dev", "serve"), ("serve", "dev")])
def test_credentials_of_a_seed_and_real_users_do_not_share_a_directory(
    first: str, then: str, tmp_path: Path, start: Start
) -> None:
    start(Server, _folder(tmp_path, "first"), first, "--data", str(tmp_path / "data")).end()

    refused = tsock(then, "--port", "0", "--data", "data", directory=tmp_path)

    assert refused.returncode == 2
    assert "name another directory" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_settings_come_from_flag_environment_and_file(tmp_path: Path, start: Start) -> None:
    (tmp_path / "other.toml").write_text('ping_interval_s = 20\nack_timeout_s = 10\nregion = "ie1"\n')
    server = start(
        Server,
        tmp_path,
        "dev",
        "--config",
        "other.toml",
        "--ping-interval-s",
        "21s",
        TSOCK_PING_INTERVAL_S="22",
        TSOCK_ACK_TIMEOUT_S="11",
    )

    shown = tsock("check", "--port", str(server.port), directory=tmp_path).stdout

    rows = {line.split()[0]: line.split()[1:] for line in shown.splitlines() if line}
    assert rows["ping_interval_s"] == ["21.0", "--ping-interval-s"]
    assert rows["ack_timeout_s"] == ["11.0", "TSOCK_ACK_TIMEOUT_S"]
    assert rows["region"] == ["ie1", "other.toml"]
    assert rows["drain_s"] == ["20.0", "default"]
    server.end()


# What makes a start impossible: one clear line, exit code 2.


def _refused(tmp_path: Path, *arguments: str, **variables: str) -> str:
    done = tsock(*arguments, directory=tmp_path, **variables)
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])

        said = _refused(tmp_path, "dev", "--port", port)

    assert f"cannot listen on 127.0.0.1 port {port}" in said


def test_directory_in_use_is_named_with_its_owner(tmp_path: Path, start: Start) -> None:
    server = start(Server, _folder(tmp_path, "first"), "dev", "--data", str(tmp_path / "data"))

    said = _refused(tmp_path, "dev", "--port", str(free_port()), "--data", "data")

    assert "is in use by another tsock (process " in said
    assert server.end() == 0


def test_command_waits_for_a_directory_in_use_and_then_says_so(tmp_path: Path, start: Start) -> None:
    """A server that drains answers no more, and owns the directory still."""
    server = start(Server, _folder(tmp_path, "first"), "dev", "--data", str(tmp_path / "data"))
    (tmp_path / "data" / "control.sock").unlink()

    said = _refused(tmp_path, "account", "list", "--data", "data")

    assert "is in use by another tsock" in said
    server.end()


@pytest.fixture
def stopped(tmp_path: Path, start: Start) -> Path:
    """The directory in which `data` was left by a server."""
    assert start(Server, _folder(tmp_path, "first"), "serve", "--data", str(tmp_path / "data")).end() == 0
    return tmp_path


@pytest.mark.parametrize("command", [("serve", "--port", "0"), ("account", "list")])
def test_wrong_master_key_is_named(stopped: Path, command: tuple[str, ...]) -> None:
    said = _refused(stopped, *command, "--data", "data", TSOCK_MASTER_KEY="00" * 32)
    assert "the master key is not the one that sealed this data" in said
    assert "00" * 32 not in said

    (stopped / "data" / "master.key").chmod(0o640)
    assert "can be read by others" in _refused(stopped, *command, "--data", "data")
    (stopped / "data" / "master.key").unlink()
    assert "the master key is missing" in _refused(stopped, *command, "--data", "data")


def test_damaged_database_is_named(stopped: Path) -> None:
    (stopped / "data" / "tsock.db").write_bytes(b"this is no database" * 100)

    said = _refused(stopped, "serve", "--port", "0", "--data", "data")

    assert "tsock.db cannot be opened" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["serve"], "data: expected a directory that keeps everything"),
        (["serve", "--data", "d", "--host", "0.0.0.0"], "host: 0.0.0.0 can be reached from other machines"),
        (["serve", "--data", "d", "--host", "300.1.2.3"], "'300.1.2.3' is neither an address nor a name"),
        (["dev", "--ping-interval-s", "90"], "ping_interval_s: expected a number of s from 0.001 to 44"),
        (["dev", "--config", "none.toml"], "none.toml: the settings file cannot be read"),
        (
            ["dev", "--port", "0", "--env-file", "no/such/folder"],
            "--env-file no/such/folder cannot be written: there is no directory no/such",
        ),
        (["dev", "--port", "0", "--env-file", "."], "it is a directory; name a file in it"),
        (["dev", "--host", "no such host"], "host: 'no such host' is neither an address nor a name"),
        (["dev", "--host", "192.0.2.1"], "host: 192.0.2.1 is no address of this machine"),
        (["dev", "--data", "a-file"], "the data directory a-file cannot be made"),
        (["dev", "--port", "0", "--data", "d" * 120], "the whole path may have about 100 bytes"),
    ],
)
def test_what_makes_a_start_impossible_is_named(arguments: list[str], said: str, tmp_path: Path) -> None:
    (tmp_path / "a-file").touch()

    assert said in _refused(tmp_path, *arguments)


def test_server_that_is_still_starting_can_be_interrupted(tmp_path: Path, start: Start) -> None:
    process = start(Process, tmp_path, "dev", "--port", "0", "--data", "data")
    until(lambda: (tmp_path / "data").exists() or not process.running, "the data directory")

    code = process.end(signal.SIGINT)

    assert code in (0, 130)
    assert "Traceback" not in process.err.read_text()

"""`tsock dev`: a server to develop against, with ready-made credentials."""

import contextlib
import os
import shlex
import tempfile
from collections.abc import Callable, Generator, Mapping
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from tsock import __version__
from tsock.accounts.bootstrap import Bootstrap
from tsock.api.known_hosts import named_host
from tsock.app import Dev, Ready
from tsock.cli import output, process
from tsock.cli.choice import ANY_CASE
from tsock.cli.file_name import FILE_NAME
from tsock.cli.flags import NO_FLAGS, SettingFlags
from tsock.cli.program import command
from tsock.errors import ConfigError
from tsock.settings import Settings, load
from tsock.urls import is_loopback, without_password


def dev(
    *,
    seed: int | None = None,
    allow_host: Annotated[tuple[str, ...], Parameter(metavar="NAME", negative="", show_default=False)] = (),
    clock: Annotated[Literal["kept", "now"], ANY_CASE] = "kept",
    env_file: Annotated[Path | None, FILE_NAME, Parameter(metavar="FILE")] = None,
    config: Annotated[Path | None, FILE_NAME, Parameter(metavar="FILE")] = None,
    flags: SettingFlags = NO_FLAGS,
) -> None:
    """Start a server for development: everything on, with a ready-made account, key and services.

    Without `--data` nothing outlives it. Clients are told the full reason of a refusal, and `/dev/token`
    gives a token to anybody who can reach the port by a name of this machine or an allowed one.

    Args:
        seed: The ready-made ids and secrets follow from it, so that they are the same everywhere; without one
            they are random for each data directory.
        allow_host: A further name or address by which it may be reached, and whose pages may use it, beside
            those of this machine; may be repeated.
        clock: Whether a clock that `/dev/clock` moved ahead on these data stays so; `now` sets it right.
        env_file: Write URLs and credentials there, as `NAME=value` lines, once the server is ready; a file
            that was not there before goes when the server ends.
        config: Settings file instead of `tsock.toml`.
        flags: Every setting.
    """
    hosts = tuple(map(named_host, allow_host))
    loaded = load(flags.given(), os.environ, config, dev=True)
    with _env_file(env_file) as write, _directory(loaded.settings.data) as data:

        def ready(server: Ready) -> None:
            assert server.ready_made is not None
            variables = _variables(server.url, server.ready_made)
            write(variables)
            if server.ahead_ms:
                output.line(
                    f"The clock is {server.ahead_ms / 1000:g} s ahead, as these data had it; "
                    "--clock now sets it right."
                )
            settings = loaded.settings
            _welcome(server, variables, settings.host, _kept_in(settings))

        process.run(loaded, data, dev=Dev(seed, hosts, clock_is_kept=clock == "kept"), on_ready=ready)


@contextlib.contextmanager
def _directory(given: str | None) -> Generator[Path]:
    if given is not None:
        yield Path(given)
        return
    with tempfile.TemporaryDirectory(prefix="tsock-", ignore_cleanup_errors=True) as made:
        yield Path(made)


def _variables(url: str, made: Bootstrap) -> dict[str, str]:
    """What apps and their tests need to find the server and sign tokens."""
    return {
        "TSOCK_URL": url,
        "TSOCK_WS": "ws" + url.removeprefix("http") + "/v3/wsconnect",
        "TWILIO_ACCOUNT_SID": made.account_sid,
        "TWILIO_AUTH_TOKEN": made.auth_token,
        "TWILIO_API_KEY": made.key_sid,
        "TWILIO_API_SECRET": made.key_secret,
        "TWILIO_SYNC_SERVICE_SID": made.sync_service_sid,
        "TWILIO_CHAT_SERVICE_SID": made.chat_service_sid,
    }


@contextlib.contextmanager
def _env_file(path: Path | None) -> Generator[Callable[[Mapping[str, str]], None]]:
    """What writes the file, whole or not at all, for its owner alone; one that was not there goes again.

    Raises:
        ConfigError: it cannot be written.
    """
    if path is None:
        yield lambda variables: None
        return
    if path.is_dir():
        raise ConfigError(f"--env-file {path} cannot be written: it is a directory; name a file in it")
    if not path.parent.is_dir():
        raise ConfigError(f"--env-file {path} cannot be written: there is no directory {path.parent}")
    is_ours = not path.exists()
    draft = path.with_name(f"{path.name}.{os.getpid()}")

    def write(variables: Mapping[str, str]) -> None:
        try:
            draft.touch(mode=0o600)
            draft.write_text("".join(f"{name}={value}\n" for name, value in variables.items()))
            draft.replace(path)
        except OSError as error:
            raise _unwritable(path, error) from None

    try:
        draft.touch(mode=0o600)  # before the start, so that nothing starts in vain
        draft.unlink()
    except OSError as error:
        raise _unwritable(path, error) from None
    try:
        yield write
    finally:
        draft.unlink(missing_ok=True)
        if is_ours:
            path.unlink(missing_ok=True)


def _unwritable(path: Path, error: OSError) -> ConfigError:
    return ConfigError(f"--env-file {path} cannot be written: {error.strerror}")


def _kept_in(settings: Settings) -> str | None:
    return settings.data if settings.database_url is None else without_password(settings.database_url)


def _welcome(server: Ready, variables: Mapping[str, str], host: str, kept_in: str | None) -> None:
    line, url, here = output.line, server.url, ("--port", str(server.port))
    if not is_loopback(host):
        output.remark(
            f"this listens on {server.address}, which other machines may reach: whoever does gets tokens for "
            "any identity and moves the clock; without --host only this machine can"
        )
    if kept_in is None:
        line("Nothing is kept: the data directory is temporary. Keep it with --data DIR.")
    else:
        line(f"The data are kept in {kept_in}.")
    line()
    for name, value in variables.items():
        line((name, "cyan"), f"={value}")
    ahead = '{"advance_s": 3600}'
    move = shlex.join(["curl", f"{url}/dev/clock", "-H", "content-type: application/json", "-d", ahead])
    line()
    line(("Pages", "bold"))
    for page, purpose in _PAGES.items():
        line("  ", (f"{url}{page:<10}", "cyan"), purpose)
    _list(
        "Commands",
        {
            shlex.join(["curl", f"{url}/dev/token?identity=alice"]): "a token",
            command("why", *here): "the latest refusal, every check",
            command("doctor", "-", *here): "the same for a token that you paste",
            command("tail", *here): "everything, changes too, as it happens",
            move: "an hour passes",
        },
    )
    _list(
        "In the app",
        {f'new SyncClient(token, {{ twilsock: {{ uri: "{variables["TSOCK_WS"]}" }} }})': "npm twilio-sync"},
    )
    line()
    # The last line: a script that waits for it has everything else. What happens is told on standard error.
    line((f"tsock {__version__}", "bold"), " for development is ready at ", (url, "bold green"))


_PAGES = {
    "/": "credentials, a token, a snippet to run",
    "/doctor": "why a token is refused",
    "/denials": "who was refused lately, and why",
    "/errors": "what every code means",
}


def _list(title: str, entries: Mapping[str, str]) -> None:
    """What can be run as it stands, each behind what it is for."""
    output.line()
    output.line((title, "bold"))
    for entry, purpose in entries.items():
        output.line("  ", (f"# {purpose}", "dim"))
        output.line("  ", (entry, "cyan"))

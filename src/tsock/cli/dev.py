"""`tsock dev`: a server to develop against, with ready-made credentials."""

import contextlib
import os
import tempfile
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from tsock import __version__
from tsock.accounts.bootstrap import Bootstrap
from tsock.app import Dev, Ready
from tsock.cli import output, process
from tsock.cli.flags import NO_FLAGS, SettingFlags
from tsock.errors import ConfigError
from tsock.settings import load


def dev(
    *,
    seed: int = 0,
    clock: Literal["kept", "now"] = "kept",
    env_file: Annotated[Path | None, Parameter(metavar="FILE")] = None,
    config: Annotated[Path | None, Parameter(metavar="FILE")] = None,
    flags: SettingFlags = NO_FLAGS,
) -> None:
    """Start a server for development: everything on, with a ready-made account, key and services.

    Without `--data` nothing outlives it. Clients are told the full reason of a refusal, and `/dev/token`
    gives a token to anybody who can reach the port.

    Args:
        seed: The ready-made ids and secrets follow from it, so that they are the same at every start.
        clock: Whether a clock that `/dev/clock` moved ahead on these data stays so; `now` sets it right.
        env_file: Write URLs and credentials there, as `NAME=value` lines.
        config: Settings file instead of `tsock.toml`.
        flags: Every setting.
    """
    loaded = load(flags.given(), os.environ, config, dev=True)
    with _directory(loaded.settings.data) as data:

        def ready(server: Ready) -> None:
            assert server.ready_made is not None
            variables = _variables(server.url, server.ready_made)
            if env_file is not None:
                _write(env_file, variables)
            if server.ahead_ms:
                output.line(
                    f"The clock is {server.ahead_ms / 1000:g} s ahead, as these data had it; "
                    "--clock now sets it right."
                )
            _welcome(server.url, variables, data, ephemeral=loaded.settings.data is None)

        process.run(loaded, data, dev=Dev(seed, clock_is_kept=clock == "kept"), on_ready=ready)


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


def _write(path: Path, variables: Mapping[str, str]) -> None:
    """Write the file whole or not at all; only its owner may read it."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        draft.touch(mode=0o600)
        draft.write_text("".join(f"{name}={value}\n" for name, value in variables.items()))
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise ConfigError(f"--env-file {path} cannot be written: {error.strerror}") from None


def _welcome(url: str, variables: Mapping[str, str], data: Path, *, ephemeral: bool) -> None:
    line = output.line
    if ephemeral:
        line("Nothing is kept: the data directory is temporary. Keep it with --data DIR.")
    else:
        line(f"The data are kept in {data}.")
    line()
    for name, value in variables.items():
        line((name, "cyan"), f"={value}")
    line()
    hints = {
        "a token": f"curl '{url}/dev/token?identity=alice'",
        "a client": f'new SyncClient(token, {{ twilsock: {{ uri: "{variables["TSOCK_WS"]}" }} }})',
        "why denied": "tsock why DN…, or tsock doctor TOKEN",
        "watch": "tsock tail",
        "an hour on": (
            f"curl '{url}/dev/clock' -H 'content-type: application/json' -d '{{\"advance_s\": 3600}}'"
        ),
    }
    for name, hint in hints.items():
        line((f"{name:<12}", "cyan"), hint)
    line()
    # The last line: a script that waits for it has everything else.
    line((f"tsock {__version__}", "bold"), " for development is ready at ", (url, "bold green"))

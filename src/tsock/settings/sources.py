"""Reading settings: flag, else environment, else file, else profile, else default.

Every mistake is an error at start that names the setting, what was expected, what came, and from where.
"""

import difflib
import math
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec

from tsock.errors import ConfigError
from tsock.settings.table import SETTINGS, Setting, Settings

FILE = Path("tsock.toml")
"""The settings file, read from the working directory unless another one is named."""

OTHER_VARIABLES = {
    "TSOCK_CONFIG": "path of the settings file",
    "TSOCK_MASTER_KEY": "the key that encrypts secrets at rest; no setting, because settings are shown",
    "TSOCK_PURE_PYTHON": "1 does without the compiled part; no setting, because it is read at import",
    "TSOCK_URL": "base URL of a running server, for clients and the command line",
    "TSOCK_WS": "WebSocket URL of a running server, for clients",
}
"""Environment variables that are named like a setting and are none."""

SCALES: tuple[dict[str, int], ...] = (
    {"ms": 1, "s": 1000, "m": 60_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000, "days": 86_400_000},
    {"bytes": 1, "B": 1, "KiB": 1024, "MiB": 1024**2, "GiB": 1024**3},
)
"""Units that convert into each other, each as a multiple of the smallest."""

ORDERED = (
    ("drain_reconnect_ms_min", "drain_reconnect_ms_max"),
    ("backoff_ms_min", "backoff_ms_max"),
    ("ack_timeout_s", "ping_interval_s"),
    ("webhook_retry_s_min", "webhook_retry_s_max"),
    ("header_bytes_max", "packet_bytes_max"),
    ("token_bytes_max", "init_bytes_max"),
    ("request_body_bytes_max", "packet_bytes_max"),
    ("sync_data_bytes_max", "request_body_bytes_max"),
    ("sync_message_bytes_max", "request_body_bytes_max"),
)
"""Pairs of which the first must be less. A client draws its delay from min to max and fails on an empty
range; of pings at most one is unanswered; what is inside must fit into its wrapping."""


_OF_SEVERAL_NODES = ("bus_url", "media_directory")
"""Mean nothing to a database that is in the data directory, as its files are."""

_BUS_URL = r"(nats|tls)://([^\s/@]*@)?([^\s/@:]+|\[[\da-fA-F:.]+\])(:\d+)?/?"


class Loaded(msgspec.Struct, frozen=True):
    """The settings in force, and where each value came from."""

    settings: Settings
    origins: Mapping[str, str]
    """By name: `--flag`, `TSOCK_VARIABLE`, path of the file, `profile twilio`, `tsock dev` or `default`."""


def load(
    flags: Mapping[str, object],
    environ: Mapping[str, str],
    file: Path | None = None,
    *,
    dev: bool = False,
) -> Loaded:
    """Merge and check all sources.

    Numbers are in the unit of the setting's name, or text with a unit (`25s`, `1h`, `16KiB`).

    Args:
        flags: values by setting name; None stands for a flag that was not given.
        environ: the environment; an empty variable counts as absent.
        file: the settings file; if None, what `TSOCK_CONFIG` names, else `tsock.toml` where there is one.
        dev: whether the values meant for `tsock dev` apply.

    Raises:
        ConfigError: a name is unknown; a value has the wrong type, unit or range, or contradicts another.
    """
    values: dict[str, Any] = {}
    origins = dict.fromkeys(SETTINGS, "default")
    config = environ.get("TSOCK_CONFIG")
    if file is None and config:
        file = Path(config)
    for name, raw, origin in (*_from_file(file), *_from_environment(environ), *_from_flags(flags)):
        values[name] = _value(SETTINGS[name], raw, origin)
        origins[name] = origin
    if values.get("profile") == "twilio":
        _preset(values, origins, "profile twilio", {n: s.limit.twilio for n, s in SETTINGS.items()})
    if dev:
        _preset(values, origins, "tsock dev", {n: s.limit.dev for n, s in SETTINGS.items()})
    settings = Settings(**values)
    _check_together(settings, origins)
    return Loaded(settings, origins)


Given = Iterator[tuple[str, object, str]]
"""Name, value as written, origin."""


def _from_file(named: Path | None) -> Given:
    file = named or FILE
    if named is None and not file.exists():
        return
    try:
        table = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{file}: the settings file cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"{file}: expected TOML in UTF-8, a setting on each line: {error}") from error
    for name, raw in table.items():
        yield _known(name, SETTINGS, str(file)), raw, str(file)


def _from_environment(environ: Mapping[str, str]) -> Given:
    names = {f"TSOCK_{name.upper()}": name for name in SETTINGS}
    for variable, raw in environ.items():
        if raw and variable.startswith("TSOCK_") and variable not in OTHER_VARIABLES:
            known = _known(variable, (*names, *OTHER_VARIABLES), "the environment")
            yield names[known], raw, variable


def _from_flags(flags: Mapping[str, object]) -> Given:
    for name, raw in flags.items():
        if raw is not None:
            yield _known(name, SETTINGS, "the command line"), raw, "--" + name.replace("_", "-")


def _known(name: str, names: Iterable[str], origin: str) -> str:
    """`name`, if it is one of `names`. Its value stays out of the error: it may be a misspelt secret."""
    if name in names:
        return name
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]}?" if near else "remove it; `tsock check` lists all settings"
    raise ConfigError(f"{name} (from {origin}): there is no such setting; {hint}")


def _preset(values: dict[str, Any], origins: dict[str, str], origin: str, preset: Mapping[str, Any]) -> None:
    for name, value in preset.items():
        if value is not None and name not in values:
            values[name] = SETTINGS[name].kind(value)
            origins[name] = origin


def _value(setting: Setting, raw: object, origin: str) -> Any:
    """`raw` as the type of the setting; a ConfigError if it is none of what the setting expects."""
    if setting.kind is tuple:
        value = _texts(raw)
    elif setting.kind is str:
        value = _text(setting, raw) if isinstance(raw, str) and raw else None
    else:
        value = _number(setting, raw)
    if value is None:
        units = next((scale for scale in SCALES if setting.unit in scale), ())
        also = f", or text with one of the units {' '.join(units)}" if units else ""
        raise ConfigError(
            f"{setting.name}: expected {setting.expects}{also}; got {raw!r:.80} (from {origin})"
        )
    return value


def _text(setting: Setting, raw: str) -> str | None:
    if not setting.choices:
        return raw
    return raw.lower() if raw.lower() in setting.choices else None


def _texts(raw: object) -> tuple[str, ...] | None:
    try:
        parts = msgspec.convert(raw.split(",") if isinstance(raw, str) else raw, list[str])
    except msgspec.ValidationError:
        return None
    return tuple(part.strip() for part in parts if part.strip())


def _number(setting: Setting, raw: object) -> int | float | None:
    exact = _in_unit(setting.unit, raw)
    low, high = setting.limit.low, setting.limit.high
    if exact is None or (low is not None and exact < low) or (high is not None and exact > high):
        return None
    if setting.kind is float:
        return float(exact)
    return int(exact) if exact.denominator == 1 else None


def _in_unit(unit: str, raw: object) -> Fraction | None:
    """`raw` as an exact number of `unit`s; None where it is no number or its unit does not convert."""
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        return Fraction(raw) if math.isfinite(raw) else None
    written = (
        re.fullmatch(r"\s*(-?\d{1,18}(?:\.\d{1,18})?)\s*([A-Za-z]*)\s*", raw)
        if isinstance(raw, str)
        else None
    )
    if written is None:
        return None
    number, own_unit = Fraction(written[1]), written[2] or unit
    if own_unit == unit:
        return number
    for scale in SCALES:
        if own_unit in scale and unit in scale:
            return number * scale[own_unit] / scale[unit]
    return None


def _check_together(settings: Settings, origins: Mapping[str, str]) -> None:
    for lesser, greater in ORDERED:
        low, high = getattr(settings, lesser), getattr(settings, greater)
        if low >= high:
            raise ConfigError(
                f"{lesser}: expected less than {greater}, which is {high} (from {origins[greater]});"
                f" got {low} (from {origins[lesser]})"
            )
    url = settings.public_url
    if url is not None and not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*[^\s?#/])?", url):
        shown = re.sub(r"//.*@", "//…@", url)  # what stands before an @ is a password
        raise ConfigError(
            "public_url: expected http:// or https://, a host, and no slash at the end, such as"
            f" https://rt.example.com; got {shown!r:.80} (from {origins['public_url']})"
        )
    for name in _OF_SEVERAL_NODES:
        if getattr(settings, name) is not None and settings.database_url is None:
            raise ConfigError(
                f"{name} (from {origins[name]}): is for several nodes, which share a database of PostgreSQL: "
                "set database_url too, or leave it out"
            )
    buses = settings.bus_url
    if buses is not None and not all(re.fullmatch(_BUS_URL, each) for each in buses.split(",")):
        raise ConfigError(  # without what came: it may hold a password
            f"bus_url (from {origins['bus_url']}): expected nats:// or tls:// and a host, such as "
            "nats://bus.example.com:4222, or several with commas between them"
        )

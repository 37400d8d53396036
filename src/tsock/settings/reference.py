"""The reference page of all settings: `python -m tsock.settings.reference > docs/reference/settings.md`."""

import sys
from typing import cast

from tsock.settings.sources import OTHER_VARIABLES
from tsock.settings.table import SECTIONS, SETTINGS, Setting, descriptions

_INTRODUCTION = """\
# Settings

This page is generated from the sections in `src/tsock/settings`, a module each; a test compares the two.

A value comes from the command line (`--ping-interval-s 20`), else from the environment
(`TSOCK_PING_INTERVAL_S=20`), else from `tsock.toml` in the working directory
(`ping_interval_s = 20`), else from the profile, else it is the default. `tsock check` prints every
value in force and its origin. An unknown name and a value of the wrong type, unit or range end the
start with an error that names the setting.

A number is in the unit of the setting's name. Text with a unit is converted: `ms` `s` `min` `h` `d`
for times, `B` `KiB` `MiB` `GiB` for sizes. The error is what a client meets at the limit;
`tsock errors CODE` explains it.
"""


def page() -> str:
    """The whole page, as Markdown."""
    lines = [_INTRODUCTION.rstrip()]
    for name, setting in SETTINGS.items():
        if name in SECTIONS:
            lines += _head(SECTIONS[name], "Setting", "Default", "Range", "Error", "Meaning")
        lines.append(_row(*_line(setting)))
    lines += _head("Other variables", "Variable", "Meaning")
    lines += [_row(f"`{name}`", text[0].upper() + text[1:] + ".") for name, text in OTHER_VARIABLES.items()]
    return "\n".join(lines) + "\n"


def _head(title: str, *columns: str) -> tuple[str, ...]:
    return "", f"## {title}", "", _row(*columns), _row(*["---"] * len(columns))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _line(setting: Setting) -> tuple[str, ...]:
    text = descriptions()[setting.name]
    if setting.limit.twilio is not None:
        text += f" Profile `twilio`: {_shown(setting.limit.twilio)}."
    if setting.limit.dev is not None:
        text += f" `tsock dev`: {_shown(setting.limit.dev)}."
    code = str(setting.limit.code or "")
    return f"`{setting.name}`", _shown(setting.default), setting.expects, code, text


def _shown(value: object) -> str:
    if value is None or value == ():
        return "unset"
    if isinstance(value, tuple):
        return f"`{','.join(cast('tuple[str, ...]', value))}`"
    return f"`{value}`" if isinstance(value, str) else str(value).removesuffix(".0")


if __name__ == "__main__":
    sys.stdout.write(page())

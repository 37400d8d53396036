"""A flag for every setting, made from the table of settings."""

import dataclasses
from functools import partial
from typing import Annotated, Any

from cyclopts import Group, Parameter

from tsock.settings import SECTIONS, SETTINGS, Setting, descriptions


def _fields() -> list[tuple[str, Any, None]]:
    fields: list[tuple[str, Any, None]] = []
    group = Group()
    for name, setting in SETTINGS.items():
        if name in SECTIONS:
            group = Group.create_ordered(SECTIONS[name])  # pyright: ignore[reportUnknownMemberType]
        flag = Parameter(
            help=descriptions()[name],
            group=group,
            metavar=_metavar(setting),
            show_default=partial(_default, setting),
        )
        # Values stay text: one place reads "25s", whether from a flag, a variable or the file.
        fields.append((name, Annotated[str | None, flag], None))
    return fields


def _metavar(setting: Setting) -> str:
    if setting.choices:
        return "|".join(setting.choices)
    if setting.kind is tuple:
        return "TEXT,…"
    return "TEXT" if setting.kind is str else "NUMBER"


def _default(setting: Setting, _given: None) -> str | None:
    if setting.default is None or setting.default == ():
        return None
    return str(setting.default).removesuffix(".0")


_Flags: Any = dataclasses.make_dataclass(
    "_Flags", _fields(), kw_only=True, namespace={"__module__": __name__}
)


@Parameter(name="*")
class SettingFlags(_Flags):
    """One text or None for each setting, by its name."""

    def given(self) -> dict[str, object]:
        """What `settings.load` takes."""
        return dataclasses.asdict(self)


NO_FLAGS = SettingFlags()

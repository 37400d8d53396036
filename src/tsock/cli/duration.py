"""Lengths of time on the command line: `90`, `90s`, `1h`, `-5min`."""

import re

from tsock.errors import ConfigError
from tsock.settings.sources import SCALES


def seconds(text: str, flag: str) -> int:
    """Whole seconds.

    Raises:
        ConfigError: `text`, given as `flag`, is no length of time.
    """
    scale = next(scale for scale in SCALES if "s" in scale)
    written = re.fullmatch(r"(-?[0-9]{1,12}) *([a-z]*)", text)
    if written is not None:
        unit = written[2] or "s"
        length, rest = divmod(int(written[1]) * scale.get(unit, 0), scale["s"])
        if unit in scale and not rest:
            return length
    raise ConfigError(
        f"{flag}: expected whole seconds, or a number with one of {' '.join(scale)}; got {text[:32]}"
    )

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
    written = re.fullmatch(r"(-?\d{1,12})\s*([a-z]*)", text)
    unit = (written[2] or "s") if written else ""
    if written is None or unit not in scale:
        raise ConfigError(
            f"{flag}: expected seconds, or a number with one of {' '.join(scale)}; got {text[:32]}"
        )
    return int(written[1]) * scale[unit] // scale["s"]

"""Settings: what there is (`table.py`, by sections) and where the values come from (`sources.py`)."""

from tsock.settings.limit import Limit
from tsock.settings.sources import Loaded, load
from tsock.settings.table import SECTIONS, SETTINGS, Setting, Settings, descriptions

__all__ = ["SECTIONS", "SETTINGS", "Limit", "Loaded", "Setting", "Settings", "descriptions", "load"]

"""Settings: what there is (`table.py`) and where the values come from (`sources.py`)."""

from tsock.settings.sources import Loaded, load
from tsock.settings.table import SECTIONS, SETTINGS, Limit, Setting, Settings, descriptions

__all__ = ["SECTIONS", "SETTINGS", "Limit", "Loaded", "Setting", "Settings", "descriptions", "load"]

"""What lies in a data directory, by file name."""

from pathlib import Path

from tsock.settings import Settings

DATABASE = "tsock.db"
"""Everything that is kept; SQLite adds files of its own beside it."""

MEDIA = "media"
"""Folder of the files that the database has records of, under names that nobody can guess."""

WATERMARK = "watermark"
"""How far the database had come (`watermark.py`); no part of a copy."""

LOCK = "lock"
"""Locked by the process that owns the directory, and naming it."""

MASTER_KEY = "master.key"
"""Encrypts the secrets in the database, unless the key is kept elsewhere."""

SOCKET = "control.sock"
"""The operator's door to a running server; who may open the directory may use it."""

DEV = "development"
"""Marks a directory with ready-made credentials, and holds what they follow from where no seed was given."""


def media_folder(data: Path, settings: Settings) -> Path:
    """Where the files of conversations are."""
    return Path(settings.media_directory) if settings.media_directory else data / MEDIA

"""Files of conversations that are gone or cut short, by the records of the database; beside a server too."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tsock.installation import layout


def lost_files(data: Path) -> tuple[list[str], int]:
    """The SIDs of the media that are lost, and how many there should be.

    An older version knew none.

    Raises:
        sqlite3.Error: the database cannot be read.
    """
    with closing(sqlite3.connect(data / layout.DATABASE)) as database:
        if database.execute("SELECT 1 FROM sqlite_master WHERE name = 'chat_media'").fetchone() is None:
            return [], 0
        there = 0
        missed: list[str] = []
        for sid, blob, size in database.execute("SELECT sid, blob, size FROM chat_media"):
            there += 1
            if not _is_whole(data / layout.MEDIA / blob, size):
                missed.append(sid)
        # What was removed meanwhile, with its record, is not lost.
        asked = "SELECT 1 FROM chat_media WHERE sid = ?"
        return [sid for sid in missed if database.execute(asked, (sid,)).fetchone() is not None], there


def _is_whole(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size
    except OSError:
        return False

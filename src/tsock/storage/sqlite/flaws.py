"""What is damaged in a database, as SQLite finds it; by a connection of its own, so beside a server too."""

import sqlite3
from pathlib import Path

FLAWS_MAX = 10


def flaws(path: Path) -> list[str]:
    """Up to `FLAWS_MAX` things that are wrong with the structure of the file; none in a sound one."""
    try:
        connection = sqlite3.connect(path)
    except sqlite3.Error as error:
        return [str(error)]
    try:
        rows = connection.execute(f"PRAGMA quick_check({FLAWS_MAX})").fetchall()
    except sqlite3.Error as error:
        return [str(error)]
    finally:
        connection.close()
    return [line for (text,) in rows for line in str(text).splitlines() if line != "ok"]

"""A table of figures, printed row by row as they come."""

from typing import Any


def print_row(*cells: Any) -> None:
    """Print one row."""
    print(
        "|",
        " | ".join(f"{cell:,.1f}" if isinstance(cell, float) else str(cell) for cell in cells),
        "|",
        flush=True,
    )

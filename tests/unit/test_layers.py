"""The page about the architecture shows the layers that `make check` enforces."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_table_of_layers_is_that_of_the_import_linter() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text()
    table = page.partition("## Layers\n")[2].partition("\n## ")[0]
    shown = [re.findall(r"`(\w+)`", row.split("|")[1]) for row in table.splitlines() if row.startswith("| `")]

    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (enforced,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    assert shown == [re.split(" [:|] ", layer) for layer in enforced]


def test_server_on_sqlite_loads_no_driver_of_another_store_or_bus() -> None:
    look = "import sys, tsock.app, tsock.cli.main; print({'nats', 'psycopg'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", look], check=True, capture_output=True, text=True)
    assert done.stdout == "set()\n"

"""What the how-to about the debugger says of levels."""

import re
from pathlib import Path

from tsock import dictionary

PAGE = Path(__file__).parents[3] / "docs" / "howto" / "debugger.md"


def test_levels_of_codes_are_those_of_the_dictionary() -> None:
    rows = re.findall(
        r"^\| .+ \| (error|warning|notice) \| (.*\d{5}.*) \|$", PAGE.read_text("utf-8"), re.MULTILINE
    )
    told = {int(code): level for level, codes in rows for code in re.findall(r"\d{5}", codes)}

    assert {20104, 51005, 51006, 51214} == told.keys()
    assert {code: dictionary.entries()[code].level for code in told} == told

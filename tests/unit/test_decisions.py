"""Every decision has a status and a date, and the index tells the same."""

import re
from pathlib import Path

DECISIONS = Path(__file__).parents[2] / "docs" / "decisions"
PAGE = re.compile(r"# (?P<number>\d+)\. (?P<title>.+)\n\n\*\*Status\.\*\* (?P<status>.+)\.\n\n")
STATUS = re.compile(r"(Accepted|Superseded by \[\d+\]\(\d{4}-[\w-]+\.md\)) on \d{4}-\d{2}-\d{2}")


def test_index_tells_number_title_status_and_date_of_every_page_in_order() -> None:
    rows = ["| | Decision | Status |", "| --- | --- | --- |"]
    numbers: list[int] = []
    for path in sorted(DECISIONS.glob("[0-9]*.md")):
        page = PAGE.match(path.read_text())
        assert page is not None, f"{path.name} does not begin as docs/decisions/README.md says"
        assert STATUS.fullmatch(page["status"]), f"{path.name}: {page['status']}"
        numbers.append(int(path.name[:4]))
        assert int(page["number"]) == numbers[-1]
        rows.append(f"| [{numbers[-1]}]({path.name}) | {page['title']} | {page['status']} |")

    assert len(set(numbers)) == len(numbers)
    index = (DECISIONS / "README.md").read_text().splitlines()
    assert [line for line in index if line.startswith("|")] == rows

"""A page as a reader without scripts meets it, checked while it is taken apart."""

from html.parser import HTMLParser
from typing import Any

_VOID = {"meta", "link", "input", "br", "img"}
_NEEDS_LABEL = {"input", "textarea", "select"}
_BLOCKS = {
    "p",
    "h1",
    "h2",
    "h3",
    "ul",
    "li",
    "dl",
    "dt",
    "dd",
    "div",
    "table",
    "tr",
    "td",
    "th",
    "title",
    "nav",
}


class Reading(HTMLParser):
    """The parts of a page; raises `AssertionError` for markup that is not well-formed or not accessible."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.text = ""
        self.title = ""
        self.headings: list[tuple[str, str]] = []
        """Tag and text."""
        self.links: list[str] = []
        self.ids: list[str] = []
        self.forms: list[dict[str, Any]] = []
        """Method, action, and what each of its fields starts with."""
        self.tables: list[list[list[str]]] = []
        self._open: list[str] = []
        self._labelled: set[str] = set()
        self._fields: list[str] = []
        source = page.decode()
        assert source.startswith('<!doctype html>\n<html lang="en">')
        self.feed(source)
        self.close()
        assert self._open == []
        assert self.title.removesuffix(" · tsock")
        assert len([tag for tag, _ in self.headings if tag == "h1"]) == 1
        assert len(set(self.ids)) == len(self.ids)
        assert set(self._fields) <= self._labelled
        assert {link[1:] for link in self.links if link.startswith("#")} <= set(self.ids)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        assert len(given) == len(attrs), f"an attribute twice in {tag}"
        assert tag not in ("style", "iframe", "object"), tag
        assert tag != "script" or given == {"src": "/page.js", "defer": None}, given
        assert not any(name == "style" or name.startswith("on") for name in given), given
        if tag in _BLOCKS and "p" in self._open:
            raise AssertionError(f"{tag} inside a paragraph")
        if tag not in _VOID:
            self._open.append(tag)
        self.text += "\n" if tag in _BLOCKS else ""
        self._note(tag, given)

    def _note(self, tag: str, given: dict[str, str | None]) -> None:
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if tag == "a":
            self.links.append(str(given["href"]))
        elif tag == "form":
            self.forms.append({"method": given.get("method", "get"), "action": given["action"]})
        elif tag == "label":
            self._labelled.add(str(given["for"]))
        elif tag in _NEEDS_LABEL:
            self._fields.append(str(given["id"]))
            self.forms[-1][str(given["name"])] = given.get("value") or ""
        elif tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
        elif tag in ("h1", "h2", "h3"):
            self.headings.append((tag, ""))

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open.pop() == tag, f"</{tag}> closes something else"

    def handle_data(self, data: str) -> None:
        self.text += data
        if "title" in self._open:
            self.title += data
        if "td" in self._open or "th" in self._open:
            self.tables[-1][-1][-1] += data
        if any(tag in self._open for tag in ("h1", "h2", "h3")):
            tag, heading = self.headings[-1]
            self.headings[-1] = (tag, heading + data)

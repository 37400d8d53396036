"""`tsock errors`: the error dictionary."""

import msgspec

from tsock import dictionary
from tsock.cli import output
from tsock.cli.output import AsJson, line, paragraph
from tsock.dictionary import Entry

COLUMNS = ("code", "title", "area", "status")


def errors(*words: str, json: AsJson = False) -> int:
    """Explain error codes, or find them by words.

    Args:
        words: Codes such as 51215, or words to look for; nothing for the whole dictionary.
        json: Print JSON.
    """
    text = " ".join(words)
    if not text:
        _list(list(dictionary.entries().values()), json=json)
        return 0
    by_word = {word: _lookup(word) for word in words}
    found = [entry for entry in by_word.values() if entry is not None]
    if len(found) == len(by_word):
        if json:
            output.document(found[0] if len(found) == 1 else found)
            return 0
        for number, entry in enumerate(found):
            if number:
                line()
            _explain(entry)
        return 0
    if found:  # the others are codes too, as far as one can tell
        text = next(word for word, entry in by_word.items() if entry is None)
    near = dictionary.suggest(text)
    is_search = not any(character.isdigit() for character in text)
    if near and is_search:
        _list(near, json=json)
        return 0
    what = "no error is described by" if is_search else "there is no error"
    output.complaint(f"{what} {text[:64]}{'; did you mean one of these?' if near else ''}")
    for each in near:
        line(f"  {each.code}  {each.title}", errors=True)
    return 1


def _lookup(word: str) -> Entry | None:
    return dictionary.lookup(int(word)) if word.isascii() and word.isdigit() else None


def _list(entries: list[Entry], *, json: bool) -> None:
    output.table([msgspec.to_builtins(entry) for entry in entries], COLUMNS, json=json)


def _explain(entry: Entry) -> None:
    line((str(entry.code), "bold"), "  ", (entry.title, "bold"))
    status = "" if entry.status is None else f", HTTP status {entry.status}"
    line((f"{entry.area}, {entry.level}{status}", "dim"))
    line()
    paragraph(entry.meaning)
    for title, texts in (("Causes", entry.causes), ("Fixes", entry.fixes)):
        line()
        line((title, "bold"))
        for text in texts:
            paragraph(text, "  - ")

"""`tsock errors`: the error dictionary."""

import msgspec

from tsock import dictionary
from tsock.cli import output
from tsock.cli.exits import DONE, NO, decided
from tsock.cli.output import AsJson, line, paragraph
from tsock.dictionary import Entry

COLUMNS = ("code", "title", "area", "status")


def errors(*words: str, json: AsJson = False) -> int:
    """Explain error codes, or find them by words.

    Args:
        words: Codes such as 51215 or E51215, also with commas, or words to look for; nothing for the whole
            dictionary.
        json: Print JSON.
    """
    asked = [word for each in words for word in dictionary.words_in(each)]
    if not asked:
        _list(list(dictionary.entries().values()), json=json)
        return DONE
    known = {word: entry for word in asked if (entry := _lookup(word)) is not None}
    if not known:
        return _search(" ".join(words), json=json)
    found = list(known.values())
    unknown = [word for word in asked if word not in known]
    with decided(NO if unknown else DONE):
        if json:
            output.document(found[0] if len(asked) == 1 else found)
        for number, entry in enumerate(() if json else found):
            if number:
                line()
            _explain(entry)
    for word in unknown:
        _miss(word, dictionary.suggest(word))
    return NO if unknown else DONE


def _lookup(word: str) -> Entry | None:
    code = dictionary.code_in(word)
    return None if code is None else dictionary.lookup(code)


def _search(text: str, *, json: bool) -> int:
    near = dictionary.suggest(text)
    if near and not _has_digit(text):
        _list(near, json=json)
        return DONE
    _miss(text, near)
    return NO


def _miss(text: str, near: list[Entry]) -> None:
    if _has_digit(text):
        said = f"there is no error {text[:64]}{'; did you mean one of these?' if near else ''}"
    elif near:
        said = f"{text[:64]} is no code; these may be about it:"
    else:
        said = f"no error is described by {text[:64]}"
    output.complaint(said)
    for each in near:
        line(f"  {each.code}  {each.title}", errors=True)


def _has_digit(text: str) -> bool:
    return any(character.isdigit() for character in text)


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

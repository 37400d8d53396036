"""What a JSON text was that could not be read, in our own words: the library's name types of a language."""

import json
import re

import msgspec

UNREADABLE = (msgspec.MsgspecError, UnicodeError, RecursionError)
"""What reading JSON ends in where it is none, or not what was expected."""

_WORDS = {
    "array": "a list",
    "bool": "true or false",
    "float": "a number",
    "int": "a whole number",
    "null": "null",
    "object": "an object",
    "str": "a text",
}
_PLACE = r"(?: - at `\$\.?(?P<place>[^`]*)`)?"
_wrong_type = re.compile(r"Expected `(?P<expected>[^`]*)`, got `(?P<found>[^`]*)`" + _PLACE).fullmatch
_missing = re.compile(r"Object missing required field `(?P<name>[^`]*)`" + _PLACE).fullmatch
_unknown = re.compile(r"Object contains unknown field `(?P<name>[^`]*)`" + _PLACE).fullmatch
_at_byte = re.compile(r"\(byte ([0-9]+)\)$").search


def found_instead(raw: bytes, error: Exception) -> str:
    """What `raw` is, given the error that reading it ended in; completes "expected a JSON object, found"."""
    if isinstance(error, msgspec.ValidationError):
        return _other_value(str(error))
    if isinstance(error, UnicodeError):
        return "text that is not UTF-8"
    if isinstance(error, RecursionError):
        return "values nested too deeply"
    if _has_unpaired_surrogate(raw):
        return "text with an unpaired surrogate, half of a UTF-16 pair such as \\ud800 alone"
    place = _at_byte(str(error))
    return f"malformed text (at byte {place[1]})" if place else "malformed text (cut short)"


def _other_value(said: str) -> str:
    if wrong := _wrong_type(said):
        found = _named(wrong["found"])
        return (
            f"{found} in {wrong['place']}, where {_named(wrong['expected'])} belongs"
            if wrong["place"]
            else found
        )
    if missing := _missing(said):
        return f"no {missing['name']}{_within(missing['place'])}"
    if unknown := _unknown(said):
        return f"{unknown['name']:.64}{_within(unknown['place'])}, which is not known"
    return "another value"


def _named(types: str) -> str:
    return " or ".join(_WORDS.get(name, "another value") for name in types.split(" | "))


def _within(place: str | None) -> str:
    return f" in {place}" if place else ""


def _has_unpaired_surrogate(raw: bytes) -> bool:
    """Whether JSON is sound but for this, which the fast reader takes for a text cut short."""
    try:
        json.dumps(json.loads(raw.decode()), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    except (ValueError, RecursionError):
        pass
    return False

"""The errors Sync answers with: status, documented code and public text (`protocol/sync.md`, Errors).

Texts begin as the SDKs know them and say what came, and where it helps what was expected. That of a unique
name like a SID is kept to the letter: the Kotlin test-suite compares it.
"""

from tsock.errors import ApiError
from tsock.ids import is_sid
from tsock.storage.texts import NUL, measured
from tsock.sync.kinds import DOCUMENT, LIST, MAP, STREAM, Kind

_BAD_DATA = {
    DOCUMENT: (54101, "Invalid Document data"),
    LIST: (54156, "Invalid List Item data"),
    MAP: (54206, "Invalid Map Item data"),
    STREAM: (54251, "Invalid Message Stream Message data"),
}
_MISMATCH = {
    DOCUMENT: (54103, "Document revision mismatch"),
    LIST: (54155, "List Item revision mismatch"),
    MAP: (54205, "Map Item revision mismatch"),
}
_ITEM_NOT_FOUND = {LIST: 54151, MAP: 54201}


def bad_if_match(found: str) -> ApiError:
    """400/54003."""
    return ApiError(
        400,
        54003,
        f"Invalid If-Match header: expected a revision, or -1 for an absent item, not {found!r:.64}",
    )


def too_large(what: str, size: int, bytes_max: int) -> ApiError:
    """413/54006 for data above its limit."""
    return ApiError(
        413, 54006, f"Request entity too large: {what} has {size} bytes, at most {bytes_max} are allowed"
    )


def too_many_items(kind: Kind, items_max: int) -> ApiError:
    """413/54006 for a collection that is full."""
    return ApiError(413, 54006, f"Request entity too large: a {kind.name} holds at most {items_max} items")


def forbidden(why: str, fix: str | None = None) -> ApiError:
    """403/54007; `why` says what is missing, `fix` to operators how it is given."""
    return ApiError(403, 54007, f"Access forbidden for identity: {why}", fix=fix)


def service_out_of_reach() -> ApiError:
    """403/54056 for a service that an operator disabled, or that is not the one of the grant."""
    return ApiError(403, 54056, "Account cannot access requested Service Instance")


def of_earlier_epoch(kind: Kind, sid: str) -> ApiError:
    """404 for a number that a restored backup does not know: clients take the object for removed."""
    text = f"{kind.title} {sid} was read before a backup was restored: open it anew"
    return ApiError(404, kind.not_found, text)


def bad_json(found: str) -> ApiError:
    """400/54008; `found` completes "expected a JSON object, found"."""
    return ApiError(400, 54008, f"Invalid JSON: expected a JSON object, found {found}")


def nothing_to_change() -> ApiError:
    """400/54010."""
    return ApiError(400, 54010, "No parameters specified: expected data or a ttl")


def bad_ttl(found: object, ttl_s_max: int) -> ApiError:
    """400/54011."""
    return ApiError(
        400, 54011, f"Invalid TTL: expected whole seconds from 0 to {ttl_s_max}, not {found!r:.32}"
    )


def object_not_found(kind: Kind, sid: str) -> ApiError:
    """404 with the code of the kind; also what a subscription to an absent object fails with."""
    return ApiError(404, kind.not_found, f"{kind.title} not found: {sid[:64]}")


def not_found(kind: Kind, sid_or_name: str) -> ApiError:
    """404 for what a path names: the kind's code for a SID, 54300 for anything else."""
    if is_sid(sid_or_name):
        return object_not_found(kind, sid_or_name)
    return ApiError(404, 54300, f"Unique name not found: there is no {kind.name} named {sid_or_name[:64]}")


def data_missing(kind: Kind) -> ApiError:
    """400 where data is required and absent or null."""
    code, text = _BAD_DATA[kind]
    return ApiError(400, code, f"{text}: expected a JSON object, found none")


def mismatch(kind: Kind, revision: str | None, if_match: str) -> ApiError:
    """412 for an `If-Match` that does not hold; `revision` is the one in force, None of what is absent."""
    code, text = _MISMATCH[kind]
    found = "there is no such item" if revision is None else f"it is {revision}"
    return ApiError(412, code, f"{text}: expected {if_match}, but {found}")


def item_not_found(kind: Kind, root_sid: str, key: int | str) -> ApiError:
    """404 for an absent item."""
    what = "index" if kind is LIST else "key"
    return ApiError(404, _ITEM_NOT_FOUND[kind], f"Item not found: {root_sid} has none of {what} {key!s:.64}")


def item_exists(root_sid: str, key: str) -> ApiError:
    """409/54208."""
    return ApiError(409, 54208, f"Map Item already exists: {root_sid} has one of key {key[:64]}")


def bad_key(found: object, chars_max: int) -> ApiError:
    """400/54209."""
    came = measured(found) if isinstance(found, str) else "none"
    return ApiError(400, 54209, f"Invalid Map Item key: expected 1-{chars_max} characters, not {came}")


def name_taken(kind: Kind, name: str) -> ApiError:
    """409/54301."""
    return ApiError(409, 54301, f"Unique name already exists: there is a {kind.name} named {name[:64]}")


def bad_unique_name(found: object, chars_max: int) -> ApiError:
    """400/54302; of a name that looks like a SID in the words of the Kotlin test-suite."""
    if not isinstance(found, str):
        came = "; this is none"
    elif 1 <= len(found) <= chars_max and NUL not in found:
        came = ""
    else:
        came = f"; this one has {measured(found)}"
    return ApiError(
        400,
        54302,
        f"Invalid unique name. Expected a string with length 1-{chars_max} "
        f"not matching the SID pattern [A-Z]{{2}}[a-f0-9]{{32}}{came}",
    )


def bad_identity(found: str, chars_max: int) -> ApiError:
    """400/54351."""
    return ApiError(400, 54351, f"Invalid identity: expected 1-{chars_max} characters, not {len(found)}")


def permission_not_found(root_sid: str, identity: str) -> ApiError:
    """404/54354."""
    return ApiError(404, 54354, f"Permission not found: nothing is set on {root_sid} for {identity[:64]}")


def bad_query(code: int, parameter: str, expected: str) -> ApiError:
    """400 for a parameter of an item query (54451 to 54458)."""
    return ApiError(400, code, f"Invalid {parameter}: expected {expected}")

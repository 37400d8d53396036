"""Templates of content: put here by an operator, listed by clients, filled in by messages.

A template has variants, such as `twilio/text`, each a JSON object whose texts may hold placeholders: `{{1}}`
stands for the variable `1`.
"""

import re
from collections.abc import Mapping
from typing import Any, cast

import msgspec

from tsock.conversations.media import Upload
from tsock.errors import ApiError, invalid, not_found
from tsock.ids import is_sid
from tsock.misread import UNREADABLE, found_instead
from tsock.storage.store import Row, Tx
from tsock.storage.texts import refuse_nul
from tsock.sync.tables import Get

TYPES = {
    "twilio/text": ("body",),
    "twilio/media": ("media",),
    "twilio/location": ("latitude", "longitude"),
    "twilio/quick-reply": ("body", "actions"),
    "twilio/call-to-action": ("body", "actions"),
    "twilio/list-picker": ("body", "button", "items"),
    "twilio/card": ("title",),
}
"""The types of variant that clients read, each with the members that it cannot do without."""

VARIABLES_MAX = 100
KEY_CHARS_MAX = 16
VALUE_CHARS_MAX = 256
NAME_CHARS_MAX = 450
VARIANTS_BYTES_MAX = 64 * 1024

_TEXTS = ("body", "title", "label")
"""The members of variants that are their texts."""
_PLACEHOLDER = re.compile(r"\{\{\s*([^{}\s]+)\s*\}\}")


class Template(msgspec.Struct, gc=False):
    """A row of `chat_templates`; fields in the order of its columns."""

    sid: str
    account_sid: str
    friendly_name: str
    variables: str
    variants: str
    created_ms: int
    updated_ms: int


class Rendered(msgspec.Struct, frozen=True):
    """One variant of a template, filled in."""

    type: str
    """Such as `twilio/text`."""
    data: dict[str, Any]

    @property
    def text(self) -> str | None:
        """What clients show that know nothing of templates."""
        texts = (self.data.get(name) for name in _TEXTS)
        return next((text for text in texts if isinstance(text, str)), None)

    @property
    def content_type(self) -> str:
        """The media type of the file that carries it in a message."""
        return f"application/x-vnd.com.twilio.rich.{self.type.replace('/', '.')}"

    @property
    def content(self) -> bytes:
        """That file."""
        return msgspec.json.encode({"data": self.data})


class Content(msgspec.Struct, frozen=True):
    """What a message has of a template beside its text: the stored file of what was filled in."""

    template_sid: str
    upload: Upload


_COLUMNS = ", ".join(Template.__struct_fields__)
_SELECT = f"SELECT {_COLUMNS} FROM chat_templates WHERE account_sid = :account_sid"
_GET = f"{_SELECT} AND sid = :sid"
_PAGE = f"{_SELECT} AND sid > :after ORDER BY sid LIMIT :limit"
_PUT = (
    f"INSERT INTO chat_templates ({_COLUMNS}) VALUES "
    f"({', '.join(f':{name}' for name in Template.__struct_fields__)}) "
    "ON CONFLICT (sid) DO UPDATE SET friendly_name = :friendly_name, variables = :variables, "
    "variants = :variants, updated_ms = :updated_ms"
)
_DELETE = "DELETE FROM chat_templates WHERE account_sid = :account_sid AND sid = :sid"


def put(
    tx: Tx,
    account_sid: str,
    sid: str | None,
    *,
    friendly_name: str,
    variables: Mapping[str, str],
    variants: Mapping[str, Any],
) -> Template:
    """Make a template, or replace the one with this SID.

    Raises:
        ApiError: 20404 no such template; 20422 bad name, or too large; 50542 unknown type, or a member is
            missing; 50529, 50540, 50541 too many or too long variables.
    """
    if not 1 <= len(friendly_name) <= NAME_CHARS_MAX:
        raise invalid(f"a friendly name has 1 to {NAME_CHARS_MAX} characters, this {len(friendly_name)}")
    refuse_nul(friendly_name, "a friendly name")
    _check_variables(variables)
    encoded = _checked(variants)
    known = None if sid is None else _found(tx.claim, account_sid, sid)
    template = Template(
        sid=sid or tx.sid("HX"),
        account_sid=account_sid,
        friendly_name=friendly_name,
        variables=msgspec.json.encode(variables).decode(),
        variants=encoded,
        created_ms=tx.date_ms if known is None else known.created_ms,
        updated_ms=tx.date_ms,
    )
    tx.run(_PUT, msgspec.structs.asdict(template))
    return template


def get(tx: Tx, account_sid: str, sid: str) -> Template:
    """The template of an account with this SID.

    Raises:
        ApiError: 20404.
    """
    return _found(tx.one, account_sid, sid)


def page(tx: Tx, account_sid: str, after: str, limit: int) -> list[Template]:
    """Up to `limit` templates of an account behind a SID, in the order of SIDs."""
    return [
        _template(row) for row in tx.all(_PAGE, {"account_sid": account_sid, "after": after, "limit": limit})
    ]


def delete(tx: Tx, account_sid: str, sid: str) -> Template:
    """Forget a template; messages made from it stay as they are.

    Raises:
        ApiError: 20404.
    """
    template = _found(tx.claim, account_sid, sid)
    tx.run(_DELETE, {"account_sid": account_sid, "sid": sid})
    return template


def render(tx: Tx, account_sid: str, sid: str, variables: str | None) -> Rendered:
    """The first variant of a template, with the variables that a message gives as JSON.

    Raises:
        ApiError: 50526 there is no such template; 50527 no JSON object of texts; 50529, 50540, 50541 too many
            or too long.
    """
    row = tx.one(_GET, {"account_sid": account_sid, "sid": sid}) if is_sid(sid) else None
    if row is None:
        raise ApiError(400, 50526, f"Invalid content SID: the account has no template {sid[:64]}")
    template = _template(row)
    given = _decoded(variables)
    _check_variables(given)
    values = {**msgspec.json.decode(template.variables, type=dict[str, str]), **given}
    ((kind, data), *_) = msgspec.json.decode(template.variants, type=dict[str, dict[str, Any]]).items()
    return Rendered(kind, cast("dict[str, Any]", _filled(data, values)))


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    match value:
        case str():
            return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), value)
        case list():
            return [_filled(each, values) for each in cast("list[Any]", value)]
        case dict():
            return {name: _filled(each, values) for name, each in cast("dict[str, Any]", value).items()}
        case _:
            return value


def _decoded(variables: str | None) -> dict[str, str]:
    if not variables:
        return {}
    try:
        return msgspec.json.decode(variables, type=dict[str, str])
    except UNREADABLE as error:
        raise ApiError(
            400,
            50527,
            "Invalid content variables format: expected a JSON object of texts, found "
            f"{found_instead(variables.encode('utf-8', 'surrogatepass'), error)}",
        ) from None


def _check_variables(variables: Mapping[str, str]) -> None:
    if len(variables) > VARIABLES_MAX:
        raise ApiError(
            400,
            50529,
            f"Content variables are too long: {len(variables)}, at most {VARIABLES_MAX} are allowed",
        )
    for name, value in variables.items():
        if len(name) > KEY_CHARS_MAX:
            raise ApiError(
                400,
                50540,
                f"Content variable key is too long: {name[:32]!r}, at most {KEY_CHARS_MAX} characters",
            )
        if len(value) > VALUE_CHARS_MAX:
            raise ApiError(
                400,
                50541,
                f"Content variable value is too long: that of {name!r} has {len(value)} characters, "
                f"at most {VALUE_CHARS_MAX} are allowed",
            )


def _checked(variants: Mapping[str, Any]) -> str:
    """Variants as JSON, none without what clients read of it."""
    if not variants:
        raise ApiError(400, 50542, "Unsupported Content Template Type: expected at least one variant")
    for kind, data in variants.items():
        if kind not in TYPES:
            raise ApiError(
                400, 50542, f"Unsupported Content Template Type: {kind[:64]!r} is none of {', '.join(TYPES)}"
            )
        missing = [name for name in TYPES[kind] if not isinstance(data, dict) or name not in data]
        if missing:
            raise ApiError(
                400, 50542, f"Unsupported Content Template Type: {kind} needs {', '.join(missing)}"
            )
    encoded = msgspec.json.encode(variants)
    if len(encoded) > VARIANTS_BYTES_MAX:
        raise invalid(
            f"the types of a template have at most {VARIANTS_BYTES_MAX} bytes, these {len(encoded)}"
        )
    return encoded.decode()


def _found(get: Get, account_sid: str, sid: str) -> Template:
    row = get(_GET, {"account_sid": account_sid, "sid": sid})
    if row is None:
        raise not_found(f"no template {sid[:64]}")
    return _template(row)


def _template(row: Row) -> Template:
    return Template(*row)

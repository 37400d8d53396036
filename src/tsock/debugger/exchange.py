"""What may be kept of a request and its answer: enough to find the fault, and nothing that is secret.

Values of parameters and headers are kept by name, so that a name nobody thought of hides its value: data,
message bodies, credentials. What looks like a token or a secret is withheld wherever it stands.
"""

import re
from collections.abc import Iterable, Mapping
from itertools import islice
from urllib.parse import parse_qsl, unquote

import msgspec

from tsock.storage.texts import NUL
from tsock.urls import without_password

FORM = "application/x-www-form-urlencoded"
FORM_BYTES_MAX = 64 * 1024
"""A larger form is not looked into."""
VARIABLES_MAX = 50
VALUE_CHARS_MAX = 256
URL_CHARS_MAX = 1024
BODY_CHARS_MAX = 4096
"""Of the answer that a webhook got."""

WITHHELD = "(withheld)"
NUL_SIGN = "\N{SYMBOL FOR NULL}"
"""Stands for U+0000, which no column can hold: what went wrong is recorded, whatever it was."""
_SECRET = re.compile(
    # A JWT: its header begins with {" in base64. A word is gone through once, not from each `eyJ` in it on,
    # since anybody can send a long one.
    r"(?<![\w-])(?>[\w-]*?eyJ)[\w-]{8,}+(?:\.[\w-]*){1,4}"
    r"|(?<![A-Z]{2})(?<![0-9A-Fa-f])[0-9A-Fa-f]{32}(?![0-9A-Fa-f])"  # an Auth Token or a key's secret, no SID
    # What a temporary URL of media ends in, but for the SID of the media.
    r"|(?<=ME[0-9a-f]{32})\.[0-9]{1,13}\.[\w-]{43,}"
)
_METHOD = re.compile("[A-Z]{1,16}")
_NAME = re.compile(r"[A-Za-z][A-Za-z.]{0,31}")

_is_plain_variable = re.compile(
    r"(Account|Actor|Document|List|Map|Resource|Service)Sid"
    r"|(Document|List|Map)?UniqueName|(Document|List|Map|Item)Revision"
    r"|(Item|Collection)?Ttl|(Item)?Key|ItemIndex|FriendlyName|Identity|EndpointId|EventId|EventType"
    r"|(Start|End)Date|LogLevel|SourceIpAddress|Status|KeyType|Read|Write|Manage"
    r"|Page|PageSize|Order|From|Bounds|AclEnabled|WebhooksFromRestEnabled"
    r"|Reachability(WebhooksEnabled|DebouncingEnabled|DebouncingWindow)"
).fullmatch
_is_plain_header = re.compile(
    r"accept|content-(type|length)|date|host|if-match|location|retry-after|server|user-agent|www-authenticate"
    r"|i-twilio-idempotency-token|twilio-request-id|x-twilio-client|x-twilio-webhook-enabled",
    re.IGNORECASE,
).fullmatch

Pairs = tuple[tuple[str, str], ...]
"""Names and values, a name maybe more than once."""


class Exchange(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request and its answer, as far as they may be kept; made by `kept` alone."""

    method: str | None = None
    url: str | None = None
    """Without credentials, query and fragment; the parameters of the query are among the variables."""
    variables: Pairs = ()
    headers: Mapping[str, str] = {}
    status: int | None = None
    """Of the answer; None without one."""
    response_headers: Mapping[str, str] = {}
    response_body: str = ""


NOTHING = Exchange()


def kept(
    method: str | None,
    url: str,
    variables: Iterable[tuple[str, str]] = (),
    headers: Mapping[str, str] = {},
    *,
    status: int | None = None,
    response_headers: Mapping[str, str] = {},
    response_body: str = "",
) -> Exchange:
    """What may be kept of a request and, behind the star, of its answer; what is too long is cut.

    What was no request has no `method`, and an empty `url`.
    """
    place, _, rest = without_password(url).partition("?")
    query = parse_qsl(rest.partition("#")[0], keep_blank_values=True)
    return Exchange(
        method=method if method is None or _METHOD.fullmatch(method) else WITHHELD,
        url=_place(place.partition("#")[0]) or None,
        variables=_variables((*query, *variables)),
        headers=_headers(headers),
        status=status,
        response_headers=_headers(response_headers),
        response_body=clear(response_body, BODY_CHARS_MAX),
    )


def form_variables(body: bytes, content_type: str) -> list[tuple[str, str]]:
    """The parameters of a form, as far as it is one; malformed ones are left out."""
    if len(body) > FORM_BYTES_MAX or content_type.partition(";")[0].strip().lower() != FORM:
        return []
    return parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)


def clear(text: str, chars_max: int) -> str:
    """The text without what looks like a secret, at most `chars_max` characters of it; U+0000 by its sign."""
    found = _SECRET.sub(WITHHELD, text).replace(NUL, NUL_SIGN)
    return found if len(found) <= chars_max else f"{found[: chars_max - 1]}…"


def _place(text: str) -> str:
    """A URL as it came; without its escapes, if only so it is seen what must be withheld."""
    plain = unquote(text)
    hides = plain != text and _SECRET.search(plain)
    return clear(plain if hides else text, URL_CHARS_MAX)


def _variables(pairs: Iterable[tuple[str, str]]) -> Pairs:
    return tuple(_variable(name, value) for name, value in islice(pairs, VARIABLES_MAX))


def _variable(name: str, value: str) -> tuple[str, str]:
    if _is_plain_variable(name):
        return name, clear(value, VALUE_CHARS_MAX)
    # JSON that was sent as a form arrives as a name.
    return name if _NAME.fullmatch(name) else WITHHELD, f"({len(value)} characters)"


def _headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: _header(name, value) for name, value in headers.items() if _is_plain_header(name)}


def _header(name: str, value: str) -> str:
    shown = without_password(value).partition("?")[0] if name.lower() == "location" else value
    return clear(shown, VALUE_CHARS_MAX)

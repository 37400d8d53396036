"""Addresses of participants who have no identity: what carries messages to them, and what is none.

No carrier is attached: such participants are stored, checked and listed.
"""

import re

import msgspec

from tsock.errors import ApiError
from tsock.storage.texts import NUL

ADDRESS_CHARS_MAX = 256

_PHONE = re.compile(r"\+[1-9][0-9]{1,14}")
_MAILBOX = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PREFIXES = {
    "whatsapp": _PHONE,
    "messenger": re.compile(r"[^\s:]+"),
    "rcs": _PHONE,
    "apple": re.compile(r"\S+"),
}


class Binding(msgspec.Struct, frozen=True):
    """How somebody without an identity takes part, or by which number an identity is seen in a group MMS."""

    address: str
    proxy_address: str | None = None
    name: str | None = None
    """Of an e-mail address, as is `level`."""
    level: str | None = None
    projected_address: str | None = None
    """The number that stands for somebody in a group MMS; alone, it is that of an identity."""

    @property
    def is_mask(self) -> bool:
        """Whether it only says by which number the others in a group MMS see an identity."""
        return self.projected_address is not None and not self.address and self.proxy_address is None


def check_mask(binding: Binding) -> None:
    """Refuse a projected address that is no phone number.

    Raises:
        ApiError: 50443.
    """
    if _kind(binding.projected_address or "") != "sms":
        raise ApiError(
            400,
            50443,
            "Failed to add a projected address to a participant: expected a number such as +15558675310",
        )


def check(binding: Binding) -> str:
    """What carries messages to a binding's address, such as `sms`, `whatsapp` or `email`.

    Raises:
        ApiError: 50411, 50412 empty; 50407, 50408 malformed; 50409 both the same; 50414 of different kinds.
    """
    address, proxy = binding.address, binding.proxy_address
    if not address:
        raise ApiError(400, 50411, "Participant address is empty: expected one such as +15558675310")
    kind = _kind(address)
    if kind is None:
        raise _malformed(50407, "messaging binding address")
    if proxy is None:
        return kind
    if not proxy:
        raise ApiError(400, 50412, "Participant proxy address is empty: expected one such as +15558675310")
    if _kind(proxy) is None:
        raise _malformed(50408, "participant proxy address")
    if address == proxy:
        raise ApiError(400, 50409, "Participant address equals proxy address: expected two different ones")
    if _kind(proxy) != kind:
        raise ApiError(400, 50414, f"Address and proxy address types differ: expected both to be {kind}")
    return kind


def shown(binding: Binding, kind: str) -> dict[str, str]:
    """A binding as the roster has it."""
    told = {"address": binding.address} if binding.address else {}
    if binding.projected_address:
        told["projected_address"] = binding.projected_address
    if kind == "email":
        told |= {"name": binding.name or "", "level": binding.level or "to"}
    return told


def _kind(address: str) -> str | None:
    if len(address) > ADDRESS_CHARS_MAX or NUL in address:
        return None
    prefix, colon, rest = address.partition(":")
    if colon and prefix in _PREFIXES:
        return prefix if _PREFIXES[prefix].fullmatch(rest) else None
    if _PHONE.fullmatch(address):
        return "sms"
    return "email" if _MAILBOX.fullmatch(address) else None


def _malformed(code: int, what: str) -> ApiError:
    return ApiError(
        400,
        code,
        f"Invalid {what}: expected a phone number such as +15558675310, whatsapp: and one, or a mailbox, "
        f"of at most {ADDRESS_CHARS_MAX} characters",
    )

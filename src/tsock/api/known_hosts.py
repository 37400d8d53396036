"""By which names development is reached, and pages of which names may ask it.

Everybody who reaches it may use it, so a stranger's page in a browser on this machine must not reach it:
neither by asking across origins, nor by giving its own name this machine's address (DNS rebinding).
"""

import ipaddress
import re
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

import structlog

from tsock.api.addressing import OFFICIAL
from tsock.errors import ApiError, ConfigError
from tsock.settings import Settings
from tsock.telemetry.throttle import Throttle
from tsock.urls import is_loopback

log = structlog.get_logger(__name__)

_ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - compared, not bound
_HOST = r"([a-z0-9_.-]{1,253}|\[[0-9a-f:.]{2,45}\])(?::[0-9]{1,5})?"
_is_origin = re.compile(f"(?:https?|capacitor|ionic|tauri)://{_HOST}", re.IGNORECASE).fullmatch
"""Of a page, or of an app that shows its own pages under a scheme of its own (`capacitor://localhost`)."""
_is_host = re.compile(f"(?:https?://)?{_HOST}/?", re.IGNORECASE).fullmatch


def named_host(text: str) -> str:
    """The name or address in what an operator names a host by: with or without scheme and port.

    Raises:
        ConfigError: there is none.
    """
    try:
        return str(ipaddress.ip_address(text.strip("[]")))
    except ValueError:
        found = _is_host(text)
    if found is None:
        raise ConfigError(f"--allow-host {text!r}: expected a name or address, such as app.test or 10.0.2.2")
    return _bare(found[1])


class KnownHosts:
    """Loopback names, those of `*.twilio.com`, which DNS may lead here, and what a server was started for."""

    def __init__(self, named: Iterable[str], settings: Settings, monotonic_s: Callable[[], float]) -> None:
        """`named` are those beside the address to listen on and the host of `public_url`."""
        own = [*named, urlsplit(settings.public_url or "").hostname or ""]
        if settings.host not in _ANY_ADDRESS:
            own.append(settings.host)
        self._named = {_bare(name) for name in own if name}
        self._lines = Throttle(settings.refusal_lines_per_address_per_min, monotonic_s)

    def check(self, reached: str, asking: str | None, address: str) -> None:
        """Refuse what was sent to another name, or by a page of one.

        Args:
            reached: scheme, host and port by which the client reached this server.
            asking: the header `Origin`; None without one, as programs send none.
            address: of the client, for the log.

        Raises:
            ApiError: 403/20403.
        """
        name = _name(reached)
        if not (self._is_own(name) or name.endswith(OFFICIAL)):
            raise self._refused(address, f"was not started for the name {name}", name)
        if asking is None or asking.lower() == reached.lower():
            return
        page = _is_origin(asking)
        name = _bare(page[1]) if page else ""
        if not self._is_own(name):
            shown = asking[:200] if asking.isprintable() else "another origin"
            raise self._refused(address, f"does not answer to pages of {shown}", name)

    def _is_own(self, name: str) -> bool:
        return name in self._named or is_loopback(name) or name.endswith(".localhost")

    def _refused(self, address: str, why: str, name: str) -> ApiError:
        named = f"; if it is yours, start tsock dev with --allow-host {name}" if name else ""
        left_out = self._lines.admit(address)
        if left_out is not None:
            log.warning("host.refused", reason=f"tsock dev {why}{named}", address=address, left_out=left_out)
        fix = "" if name else "Open the page from this machine, or from a name given with --allow-host"
        return ApiError(403, 20403, f"Forbidden: tsock dev {why}{named}", fix=fix)


def _name(reached: str) -> str:
    """Of the host by which the server was reached; empty where that has none."""
    try:
        return urlsplit(reached).hostname or ""
    except ValueError:
        return ""


def _bare(host: str) -> str:
    return host.strip("[]").lower()

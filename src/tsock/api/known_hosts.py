"""By which names development is reached, and pages of which names may ask it.

Everybody who reaches it may use it, so a stranger's page in a browser on this machine must not reach it:
neither by asking across origins, nor by giving its own name this machine's address (DNS rebinding).
"""

from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

import structlog

from tsock.api.addressing import OFFICIAL
from tsock.errors import ApiError
from tsock.settings import Settings
from tsock.telemetry.throttle import Throttle
from tsock.urls import is_loopback

log = structlog.get_logger(__name__)

_ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - compared, not bound


class KnownHosts:
    """Loopback names, those of `*.twilio.com`, which DNS may lead here, and what a server was started for."""

    def __init__(self, named: Iterable[str], settings: Settings, monotonic_s: Callable[[], float]) -> None:
        """`named` are those beside the address to listen on and the host of `public_url`."""
        own = [*named, urlsplit(settings.public_url or "").hostname or ""]
        if settings.host not in _ANY_ADDRESS:
            own.append(settings.host)
        self._named = {name.strip("[]").lower() for name in own if name}
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
        if asking is not None and asking.lower() != reached.lower() and not self._is_own(_name(asking)):
            shown = asking[:200] if asking.isprintable() else "another origin"
            raise self._refused(address, f"does not answer to pages of {shown}", _name(asking))

    def _is_own(self, name: str) -> bool:
        return name in self._named or is_loopback(name) or name.endswith(".localhost")

    def _refused(self, address: str, why: str, name: str) -> ApiError:
        named = f"; if it is yours, start tsock dev with --allow-host {name}" if name else ""
        left_out = self._lines.admit(address)
        if left_out is not None:
            log.warning("host.refused", reason=f"tsock dev {why}{named}", address=address, left_out=left_out)
        fix = "" if name else "Open the page from this machine, or from a name given with --allow-host"
        return ApiError(403, 20403, f"Forbidden: tsock dev {why}{named}", fix=fix)


def _name(origin: str) -> str:
    """Of its host; empty where it has none, such as `null`."""
    try:
        return urlsplit(origin).hostname or ""
    except ValueError:
        return ""

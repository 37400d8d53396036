"""How a URL that a customer configured is shown, and which hosts are this machine."""

import ipaddress
import re

# Without the scheme: to look for the beginning of one takes the square of the length of a long word.
_CREDENTIALS = re.compile(r"(?<=://)[^/?#]*@")


def without_password(text: str) -> str:
    """The text, without what stands before the host in a URL."""
    return _CREDENTIALS.sub("", text)


def is_loopback(host: str) -> bool:
    """Whether this host, a name or an address without brackets, is this machine by its own word."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

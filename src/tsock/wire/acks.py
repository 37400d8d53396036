"""The acknowledgements that the official clients write for what has an id of `packet_ids`.

Busy servers receive little else, and there is nothing to be done about one: length, first and last bytes tell
it from all that could mean something else.
"""

from typing import NamedTuple

_ID_DIGITS = 32


class Form(NamedTuple):
    """How clients of one kind write it: the bytes before and behind the digits of the id."""

    head: bytes
    tail: bytes

    @property
    def size(self) -> int:
        """Of the packet, in bytes."""
        return len(self.head) + _ID_DIGITS + len(self.tail)


JS = Form(
    b'TWILSOCK V3.0 147\r\n{"id":"TM',
    b'","method":"reply","payload_type":"application/json",'
    b'"status":{"code":200,"status":"OK"},"payload_size":0}\r\n',
)
KOTLIN = Form(
    b'TWILSOCK V3.0 96\r\n{"method":"reply","id":"TM',
    b'","status":{"status":"ok","code":200}}\r\n',
)
FORMS = (JS, KOTLIN)
"""Of different sizes."""


def is_plain_ack(packet: bytes) -> bool:
    """Whether `packet` acknowledges something, in one of these forms."""
    size = len(packet)
    return any(
        size == form.size and packet.endswith(form.tail) and packet.startswith(form.head) for form in FORMS
    )

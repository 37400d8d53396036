"""The acknowledgement that JS clients write for what has an id of `packet_ids`.

Busy servers receive little else, and there is nothing to be done about one: length, first and last bytes tell
it from all that could mean something else.
"""

HEAD = b'TWILSOCK V3.0 147\r\n{"id":"TM'
TAIL = (
    b'","method":"reply","payload_type":"application/json",'
    b'"status":{"code":200,"status":"OK"},"payload_size":0}\r\n'
)
SIZE = len(HEAD) + 32 + len(TAIL)
"""In bytes, with the 32 digits of an id."""


def is_plain_ack(packet: bytes) -> bool:
    """Whether `packet` acknowledges something, in this form."""
    return len(packet) == SIZE and packet.endswith(TAIL) and packet.startswith(HEAD)

"""What is taken for a plain acknowledgement, by sight."""

from tsock.wire.acks import is_plain_ack
from tsock.wire.client import ack
from tsock.wire.frame import encode
from tsock.wire.packets import packet_ids

ACK = ack(next(packet_ids()))


def test_ack_as_js_clients_write_it_is_known() -> None:
    assert is_plain_ack(ACK)


def test_ack_as_kotlin_clients_write_it_is_known() -> None:
    header = b'{"method":"reply","id":"TM%b","status":{"status":"ok","code":200}}' % (b"0" * 32)
    assert is_plain_ack(encode(header))


def test_any_other_packet_is_not() -> None:
    assert not is_plain_ack(ACK.replace(b"200", b"400"))
    assert not is_plain_ack(ACK.replace(b'"TM', b'"RQ'))
    assert not is_plain_ack(ACK[:-1])
    assert not is_plain_ack(ACK + b" ")
    assert not is_plain_ack(b"")

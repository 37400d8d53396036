"""Where a body in chunks is cut: with its end, however it comes, and else so that no piece costs much."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsock.http.chunks import CHUNKS_PER_PIECE, TRAILER_BYTES_PER_PIECE, Chunks

NEXT = b"GET / HTTP/1.1\r\n\r\n"


def body(*chunks: bytes, extension: bytes = b"", trailers: bytes = b"") -> bytes:
    parts = [b"%x%b\r\n%b\r\n" % (len(chunk), extension, chunk) for chunk in chunks]
    return b"".join((*parts, b"0%b\r\n" % extension, trailers, b"\r\n"))


def pieces(data: bytes, chunks: Chunks) -> list[bytes]:
    """All of it, cut."""
    found: list[bytes] = []
    at = 0
    while at < len(data):
        stop = chunks.stop(data, at)
        assert at < stop <= len(data)
        found.append(data[at:stop])
        at = stop
    return found


@pytest.mark.parametrize("data", [b"\r\n" * 100_000, b"0\r\n\r\n" * 40_000, b"x" * 200_000])
@pytest.mark.parametrize("extension", [b"", b";a", b';a="b;c"', b";" + b"a" * 5000])
@pytest.mark.parametrize("trailers", [b"", b"X-Late: 1\r\n"])
def test_body_is_one_piece_whatever_is_in_its_chunks(data: bytes, extension: bytes, trailers: bytes) -> None:
    whole = body(data, data[:1], extension=extension, trailers=trailers)
    assert pieces(whole + NEXT, Chunks())[0] == whole


@given(
    data=st.lists(st.sampled_from([b"a", b"\r\n\r\n", b"0\r\n\r\n", b"x" * 300]), max_size=4),
    extension=st.sampled_from([b"", b";a"]),
    places=st.lists(st.integers(0, 400), max_size=6),
)
def test_body_ends_where_it_does_however_it_is_cut(
    data: list[bytes], extension: bytes, places: list[int]
) -> None:
    whole = body(*data, extension=extension)
    end = len(whole) - 3  # cut behind this, the empty line is not seen whole
    places = sorted({place % end for place in places} - {0})
    chunks = Chunks()
    for start, stop in zip([0, *places], places, strict=False):
        assert pieces(whole[start:stop], chunks) == [whole[start:stop]]
    rest = whole[places[-1] if places else 0 :]
    assert pieces(rest + NEXT, chunks)[0] == rest


def test_many_chunks_and_long_trailers_are_many_pieces() -> None:
    count = 10 * CHUNKS_PER_PIECE
    assert len(pieces(body(*[b"x"] * count), Chunks())) == 11
    trailers = b"a:b\r\n" * (TRAILER_BYTES_PER_PIECE * 10 // 5)
    assert len(pieces(body(trailers=trailers), Chunks())) == 11


@given(data=st.lists(st.sampled_from([b"\r", b"\n", b"0", b"f", b";", b"-", b"x" * 40])).map(b"".join))
def test_nonsense_is_cut_somewhere(data: bytes) -> None:
    pieces(data, Chunks())

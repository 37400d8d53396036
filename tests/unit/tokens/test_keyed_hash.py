"""HMAC with a key that is prepared: the same as the standard library's."""

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tsock.tokens.keyed_hash import KeyedHash


@pytest.mark.parametrize("name", ["sha256", "sha384", "sha512"])
@given(key=st.binary(max_size=200), messages=st.lists(st.binary(max_size=300), max_size=3))
def test_every_message_has_the_hmac_that_the_standard_library_makes(
    name: str, key: bytes, messages: list[bytes]
):
    keyed = KeyedHash(key, name)
    assert [keyed.digest(message) for message in messages] == [
        hmac.digest(key, message, name) for message in messages
    ]

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.world import World
from tsock.accounts.records import Account, ApiKey
from tsock.accounts.secrets import Vault, claim_store, has_sealed_secrets, parse_master_key
from tsock.errors import ConfigError

VAULT = Vault(b"k" * 32)


@given(sid=st.text("ACS0123456789", min_size=1), secret=st.text(st.characters(exclude_categories=["Cs"])))
def test_sealed_secret_opens_for_its_sid_only(sid: str, secret: str):
    sealed = VAULT.seal(sid, secret)
    assert VAULT.open(sid, sealed) == secret
    with pytest.raises(ConfigError, match="cannot be opened"):
        VAULT.open(sid + "x", sealed)


def test_sealed_secret_opens_under_its_master_key_only():
    sealed = VAULT.seal("SK1", "secret")
    with pytest.raises(ConfigError, match="SK1"):
        Vault(b"j" * 32).open("SK1", sealed)


@given(place=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_sealed_secret_with_one_bit_changed_does_not_open(place: int, bit: int):
    raw = bytearray(base64.b64decode(VAULT.seal("SK1", "secret")))
    raw[place % len(raw)] ^= 1 << bit
    with pytest.raises(ConfigError):
        VAULT.open("SK1", base64.b64encode(raw).decode())


@pytest.mark.parametrize("sealed", ["", "AAAA", "no base64!", "ü"])
def test_row_that_was_never_sealed_does_not_open(sealed: str):
    with pytest.raises(ConfigError):
        VAULT.open("SK1", sealed)


def test_two_secrets_never_share_a_nonce():
    nonces = {VAULT.seal(sid, secret)[:16] for sid in ("SK1", "SK2") for secret in ("a", "b", "c")}
    assert len(nonces) == 6


def test_store_holds_no_secret_in_plain_text(world: World):
    dump = "\n".join(world.database.iterdump())
    assert world.key.key_sid in dump
    assert world.key.secret not in dump
    assert world.auth_token not in dump


def test_records_and_vault_show_no_secret(world: World):
    records = [record for record in world.facts if isinstance(record, Account | ApiKey)]
    assert len(records) == 2
    assert world.key.secret not in f"{records} {world.vault!r}"
    assert "kkkk" not in repr(VAULT)


@pytest.mark.parametrize(
    "text",
    [
        "6b" * 32,
        "6B" * 32,
        base64.b64encode(b"k" * 32).decode(),
        base64.urlsafe_b64encode(b"k" * 32).decode() + "\n",
    ],
)
def test_master_key_is_read_as_hex_or_base64(text: str):
    assert parse_master_key(text, "TSOCK_MASTER_KEY") == b"k" * 32


@pytest.mark.parametrize(
    "text", ["", "k" * 32, "6b" * 31, "zz" * 32, "correct horse battery staple", "ü" * 64]
)
def test_text_that_is_no_master_key_is_refused_without_repeating_it(text: str):
    with pytest.raises(ConfigError, match="TSOCK_MASTER_KEY holds no master key") as refused:
        parse_master_key(text, "TSOCK_MASTER_KEY")
    assert not text or text not in str(refused.value)


def test_store_is_bound_to_the_first_master_key(world: World):
    assert not has_sealed_secrets(world.tx)
    world(claim_store, world.vault)
    assert has_sealed_secrets(world.tx)
    world(claim_store, world.vault)
    with pytest.raises(ConfigError, match="not the one that sealed this data"):
        world(claim_store, Vault(b"x" * 32))

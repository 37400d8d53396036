"""Secrets at rest: sealed with AES-256-GCM under the master key, bound to the SID they belong to."""

import base64
import binascii
import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tsock.errors import ConfigError
from tsock.storage.store import Tx

KEY_BYTES = 32
_NONCE_BYTES = 12


class Vault:
    """Seals secrets and opens them again; also derives keys for other purposes from the master key.

    The nonce is a keyed hash of SID and secret, so that sealing is a pure function and a nonce serves two
    texts only if HMAC-SHA256, cut to 96 bits, collides. All that shows is that one SID was given the same
    secret twice.
    """

    def __init__(self, master_key: bytes) -> None:
        if len(master_key) != KEY_BYTES:
            raise ValueError(f"a master key has {KEY_BYTES} bytes, not {len(master_key)}")
        self._master_key = master_key
        self._cipher = AESGCM(self.derive("seal"))
        self._nonce_key = self.derive("nonce")

    def __repr__(self) -> str:
        return "Vault()"

    def derive(self, purpose: str) -> bytes:
        """A key of 32 bytes for one purpose; reveals nothing of the master key or of other purposes."""
        return hmac.digest(self._master_key, b"tsock " + purpose.encode(), "sha256")

    def seal(self, sid: str, secret: str) -> str:
        """The sealed secret of the record `sid`, as base64 text."""
        plain = secret.encode()
        nonce = hmac.digest(self._nonce_key, f"{sid}\n{secret}".encode(), "sha256")[:_NONCE_BYTES]
        return base64.b64encode(nonce + self._cipher.encrypt(nonce, plain, sid.encode())).decode()

    def open(self, sid: str, sealed: str) -> str:
        """The secret behind `sealed`.

        Raises:
            ConfigError: sealed under another master key or for another SID, or damaged.
        """
        try:
            raw = base64.b64decode(sealed, validate=True)
            plain = self._cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], sid.encode())
        except (binascii.Error, InvalidTag, ValueError):
            raise ConfigError(
                f"the secret of {sid} cannot be opened with this master key: the row was damaged or changed "
                "by hand; restore it from a backup"
            ) from None
        return plain.decode()


def parse_master_key(text: str, source: str) -> bytes:
    """A master key written as 64 hex digits or as base64 of 32 bytes.

    Args:
        text: the key; blanks around it are ignored.
        source: where the text came from, for the error.

    Raises:
        ConfigError: the text is no such key.
    """
    text = text.strip()
    try:
        if len(text) == 2 * KEY_BYTES:
            return bytes.fromhex(text)
        key = base64.b64decode(text.replace("-", "+").replace("_", "/"), validate=True)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise ConfigError(
            f"{source} holds no master key: expected 64 hex digits or base64 of {KEY_BYTES} bytes, "
            f"found a text of {len(text)} characters"
        )
    return key


def has_sealed_secrets(tx: Tx) -> bool:
    """Whether the store holds secrets, so that only the master key that sealed them will do."""
    return tx.one("SELECT 1 FROM master_key", {}) is not None


def claim_store(tx: Tx, vault: Vault) -> None:
    """Bind an empty store to the master key, or check that it is the one the store is bound to.

    Raises:
        ConfigError: the store was sealed with another master key.
    """
    value = vault.derive("check").hex()
    tx.lock("master_key")  # two that start on an empty store bind it to one key
    row = tx.one("SELECT check_value FROM master_key", {})
    if row is None:
        tx.run("INSERT INTO master_key (check_value) VALUES (:value)", {"value": value})
    elif not hmac.compare_digest(row[0], value):
        raise ConfigError(
            "the master key is not the one that sealed this data: give TSOCK_MASTER_KEY or the key file "
            "that was in use when the data directory was created"
        )

"""Rules that end tokens before their time (`protocol/tokens.md`, Revocation).

A revocation is kept until every token it could meet has expired. `life_ms` is how long a token that is
accepted now can live: see `token_life_ms`.
"""

from tsock.accounts.accounts import get_account
from tsock.accounts.keys import get_key
from tsock.accounts.principal import Author
from tsock.accounts.records import Revocation
from tsock.accounts.tables import begin_change, page, save
from tsock.errors import invalid
from tsock.settings import Settings
from tsock.storage.store import Tx
from tsock.storage.texts import refuse_nul

_FORGET_ROWS = 1000
_APART_S = 5
"""No node's clock differs from that of another by more: nodes follow that of their database."""


def token_life_ms(settings: Settings) -> int:
    """How long a token that is accepted now can live: the longest lifetime and what clocks may differ."""
    differ_s = settings.token_skew_s + settings.token_exp_skew_s + _APART_S
    return (settings.token_lifetime_s_max + differ_s) * 1000


def revoke_token(tx: Tx, account_sid: str, digest: str, *, life_ms: int, by: Author) -> Revocation:
    """Refuse one token, known by the SHA-256 of its text in hex.

    Raises:
        ApiError: 404/20404, no such account; 400/20422, this is no digest.
    """
    begin_change(tx)
    get_account(tx, account_sid)
    digest = digest.lower()
    if len(digest) != 64 or set(digest) - set("0123456789abcdef"):
        raise invalid("expected the SHA-256 of the token's text, 64 hex digits")
    return save(
        tx,
        Revocation(
            sid=tx.sid("RV"),
            account_sid=account_sid,
            kind="token",
            at_ms=tx.date_ms,
            until_ms=tx.now_ms + life_ms,
            digest=digest,
        ),
        by,
    )


def revoke_identity(tx: Tx, account_sid: str, identity: str, *, life_ms: int, by: Author) -> Revocation:
    """Refuse every token of an identity that was issued up to now; those issued later are welcome.

    Raises:
        ApiError: 404/20404, no such account; 400/20422, the identity is empty, or has U+0000.
    """
    begin_change(tx)
    get_account(tx, account_sid)
    if not identity:
        raise invalid("expected an identity of at least one character")
    refuse_nul(identity, "an identity")
    # Issue times are whole seconds: those of the running second may have been issued before this.
    before_s = tx.now_ms // 1000 + 1
    return save(
        tx,
        Revocation(
            sid=tx.sid("RV"),
            account_sid=account_sid,
            kind="identity",
            at_ms=tx.date_ms,
            until_ms=before_s * 1000 + life_ms,
            identity=identity,
            before_s=before_s,
        ),
        by,
    )


def revoke_issued_before(
    tx: Tx, account_sid: str, before_s: int, *, key_sid: str | None = None, life_ms: int, by: Author
) -> Revocation:
    """Refuse every token of an account, or of one of its keys, issued before a moment in Unix seconds.

    Raises:
        ApiError: 404/20404, no such account or key; 400/20422, the moment is negative or lies ahead.
    """
    begin_change(tx)
    get_account(tx, account_sid)
    if key_sid is not None:
        get_key(tx, account_sid, key_sid)
    if not 0 <= before_s <= tx.now_ms // 1000 + 1:
        raise invalid("expected Unix seconds that do not lie ahead")
    return save(
        tx,
        Revocation(
            sid=tx.sid("RV"),
            account_sid=account_sid,
            kind="issued_before",
            at_ms=tx.date_ms,
            until_ms=before_s * 1000 + life_ms,
            key_sid=key_sid,
            before_s=before_s,
        ),
        by,
    )


def list_revocations(tx: Tx, account_sid: str, *, after: str = "", limit: int) -> list[Revocation]:
    """What can still meet a token of the account, in the order of the SIDs, from behind `after` on."""
    where = "account_sid = :account AND sid > :after AND until_ms > :now"
    return page(tx, Revocation, where, limit, account=account_sid, after=after, now=tx.now_ms)


def forget_revocations(tx: Tx) -> int:
    """Delete some of those that can meet no token any more; the number deleted, 0 when none is left.

    The directory forgets them by `Directory.forget`.
    """
    return tx.count(
        "DELETE FROM revocations WHERE sid IN "
        "(SELECT sid FROM revocations WHERE until_ms <= :now LIMIT :rows)",
        {"now": tx.now_ms, "rows": _FORGET_ROWS},
    )

"""The name of a client's cache of Sync objects (`protocol/twilsock.md`, Init reply)."""

import hashlib

import msgspec

_encode = msgspec.json.Encoder().encode


def storage_id(data_set_id: str, account_sid: str, service_sid: str, identity: str) -> str:
    """32 hex digits: the same at every call for one user of one service, and others for anybody else.

    A new set of data has another `data_set_id`, so that no cache outlives the data it was made from.
    """
    parts = _encode([data_set_id, account_sid, service_sid, identity])
    return hashlib.sha256(parts).hexdigest()[:32]

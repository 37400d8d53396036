"""Whoever tries keys learns from the time of an answer nothing about which there are."""

import base64
import hmac

import pytest

from tests.support.world import World
from tsock.accounts.keys import delete_key
from tsock.api.gatekeeper import Gatekeeper
from tsock.api.request import Access, Door, Request, Response
from tsock.api.router import Route
from tsock.clock import Clock
from tsock.errors import ApiError

PERMISSION = "/twilio/sync/documents/read"


def never(request: object) -> Response:
    raise AssertionError("a gatekeeper calls no handler")


def test_unknown_foreign_revoked_restricted_and_good_keys_cost_the_same_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    compared: list[tuple[int, int]] = []
    compare = hmac.compare_digest

    def counting(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return compare(one, other)

    monkeypatch.setattr(hmac, "compare_digest", counting)
    _, foreign = world.another_account()
    revoked = world.another_key()
    world(delete_key, world.account_sid, revoked.key_sid)
    restricted = world.another_key(kind="restricted", policy=f'{{"allow": ["{PERMISSION}"]}}')
    route = Route(Door.HTTP, "GET", "/x", never, Access.DATA, PERMISSION)
    work: list[list[tuple[int, int]]] = []
    for sid in ("SK" + "9" * 32, foreign.key_sid, revoked.key_sid, restricted.key_sid, world.key.key_sid):
        compared.clear()
        guess = {"authorization": "Basic " + base64.b64encode(f"{sid}:{'f' * 32}".encode()).decode()}
        gatekeeper = Gatekeeper(world.directory, world.vault, world.settings, Clock())
        with pytest.raises(ApiError, match=r"^401/20003 "):
            gatekeeper.asker(Request(Door.HTTP, "GET", ("x",), {}, guess, b"", address="192.0.2.7"), route)
        work.append([*compared])
    assert work == work[:1] * len(work)
    assert work[0]

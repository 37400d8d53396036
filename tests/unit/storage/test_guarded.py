"""The transaction that tests run rules in tells of those that would spoil what others do."""

import pytest

from tests.support.chat_world import ChatWorld
from tests.support.sync_world import ALICE, SERVICE, json
from tests.support.world import World
from tsock.accounts.keys import get_key
from tsock.accounts.principal import OPERATOR
from tsock.accounts.records import ApiKey
from tsock.accounts.tables import begin_change, save
from tsock.conversations import tables
from tsock.storage.store import Tx
from tsock.sync import documents, roots
from tsock.sync.kinds import DOCUMENT


def test_document_is_changed_only_by_who_has_claimed_it() -> None:
    world = ChatWorld()
    sid = world(roots.create, ALICE, DOCUMENT).sid

    def rule(tx: Tx, *, claims: bool) -> None:
        root = (roots.claim if claims else roots.find)(tx, ALICE, DOCUMENT, sid)
        root.data = json(n=1)
        documents.save(tx, root, origin=None)

    world(rule, claims=True)
    with pytest.raises(AssertionError, match="is not held"):
        world(rule, claims=False)


def test_row_of_a_conversation_is_claimed_with_its_objects_and_no_other_is() -> None:
    world = ChatWorld()
    mine, other = world.conversation(), world.conversation()

    def rule(tx: Tx, sid: str) -> None:
        tables.claimed(tx, SERVICE, mine, "messages_sid", by_sid=True)
        row = tables.by_sid(tx, sid)
        assert row is not None
        tables.save_conversation(tx, row)

    world(rule, mine)
    with pytest.raises(AssertionError, match="is not held"):
        world(rule, other)


def test_directory_is_changed_only_by_who_has_begun_before_it_read(world: World) -> None:
    def rule(tx: Tx, *, begins: str) -> ApiKey:
        if begins == "first":
            begin_change(tx)
        key = get_key(tx, world.account_sid, world.key.key_sid)
        if begins == "late":
            begin_change(tx)
        return save(tx, key, OPERATOR, before=key)

    world(rule, begins="first")
    for begins, problem in (("late", "was read before"), ("never", "does not move the version")):
        with pytest.raises(AssertionError, match=problem):
            world(rule, begins=begins)

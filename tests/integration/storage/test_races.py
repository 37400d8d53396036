"""Rules that run at the same time, where one could spoil what the other has just looked at."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import msgspec
import pytest

from tests.support.chat_world import ALICE, BOB, LIMITS, REST
from tests.support.races import Races
from tests.support.records import alert
from tests.support.sync_world import ALICE as WRITER
from tests.support.sync_world import NOON_MS, json
from tsock.accounts.accounts import create_account
from tsock.accounts.caller import CHAT
from tsock.accounts.keys import create_key
from tsock.accounts.principal import OPERATOR
from tsock.accounts.secrets import Vault, claim_store
from tsock.accounts.services import claim_service, ensure_default
from tsock.cluster import nodes
from tsock.cluster.nodes import Node
from tsock.conversations import (
    bindings,
    conversations,
    departures,
    invites,
    media,
    messages,
    mutations,
    participants,
    roles,
    states,
    users,
)
from tsock.conversations import reachability as chat_reachability
from tsock.conversations.actor import ChatActor
from tsock.conversations.addresses import Binding
from tsock.conversations.bindings import NewBinding
from tsock.conversations.configuration import OptionsChange, change_options
from tsock.conversations.conversations import ConversationChange
from tsock.conversations.media import Upload
from tsock.conversations.messages import NewMessage
from tsock.conversations.participants import NewParticipant
from tsock.conversations.reachability import Sighting
from tsock.conversations.users import UserChange
from tsock.debugger import alerts
from tsock.errors import ConfigError
from tsock.settings import Settings
from tsock.storage.store import Tx
from tsock.sync import cleanup, expiry, items, maps, reachability, roots
from tsock.sync.actor import Actor
from tsock.sync.kinds import MAP
from tsock.webhooks import outbox
from tsock.webhooks.outbox import Post
from tsock.webhooks.targets import StoredUrl

VAULT = Vault(b"m" * 32)
MINUTE_MS = 60_000


@pytest.fixture(scope="module")
def opened() -> Iterator[Races]:
    made = Races(NOON_MS)
    yield made
    made.close()


@pytest.fixture
def races(opened: Races) -> Races:
    for identity in ("alice", "bob"):
        opened(users.ensure, ALICE, identity)
    return opened


def conversation(races: Races, *others: str, **change: Any) -> str:
    sid = races(conversations.create, REST, ConversationChange(**change)).row.sid
    for identity in ("alice", *others):
        races(participants.add, REST, sid, NewParticipant(identity=identity))
    return sid


def places(races: Races, sid: str) -> list[Any]:
    return races.rows("SELECT sid FROM chat_participants WHERE conversation_sid = %s", sid)


def leave_everything(races: Races) -> None:
    """Nobody takes part anywhere, so that no limit is met by chance."""
    for (sid,) in races.rows("SELECT sid FROM chat_conversations"):
        races(conversations.remove, REST, sid)


@pytest.fixture(autouse=True)
def emptied(races: Races) -> Iterator[None]:
    yield
    leave_everything(races)


def adding(identity: str) -> Any:
    return lambda sid: (
        lambda tx: participants.add(tx, REST, sid, NewParticipant(identity=identity)) and "added"
    )


def sending(sid: str) -> Any:
    return lambda tx: messages.send(tx, ALICE, sid, NewMessage(body="hello")) and "sent"


def fresh(races: Races, *others: str, **change: Any) -> Any:
    """Makes a conversation, the only one."""

    def prepare() -> str:
        leave_everything(races)
        return conversation(races, *others, **change)

    return prepare


def test_one_identity_is_added_once(races: Races) -> None:
    for sid, first, second in races.of(fresh(races), adding("bob"), adding("bob")):
        assert {first, second} == {"added", 50433}
        assert len(places(races, sid)) == 2


def test_last_place_of_a_conversation_is_taken_once(races: Races) -> None:
    prepare = fresh(races, "a", "b", "c")
    for sid, first, second in races.of(prepare, adding("bob"), adding("carol")):
        assert sorted(map(str, (first, second))) == ["50417", "added"]
        assert len(places(races, sid)) == 5


def test_pair_of_addresses_is_in_one_conversation(races: Races) -> None:
    def prepare() -> tuple[str, str]:
        leave_everything(races)
        return conversation(races), conversation(races)

    new = NewParticipant(binding=Binding("+15551234567", "+15557654321"))
    rules = [
        lambda sids, place=place: lambda tx: participants.add(tx, REST, sids[place], new) and "added"
        for place in (0, 1)
    ]
    for _, first, second in races.of(prepare, *rules):
        assert {first, second} == {"added", 50416}


def test_user_is_made_once(races: Races) -> None:
    numbers = count()

    def using(identity: str) -> Any:
        return lambda tx: users.ensure(tx, ALICE, identity).sid

    for _, first, second in races.of(lambda: f"new {next(numbers)}", using, using):
        assert first == second


def test_message_to_a_conversation_that_ends_is_refused_or_goes_with_it(races: Races) -> None:
    def removing(sid: str) -> Any:
        return lambda tx: conversations.remove(tx, REST, sid) and "removed"

    for rules in ((sending, removing), (removing, sending)):
        for _, *ended in races.of(fresh(races), *rules):
            assert sorted(map(str, ended)) in (["removed", "sent"], ["50350", "removed"])
            left = "SELECT object_sid FROM sync_list_items EXCEPT SELECT object_sid FROM sync_leftovers"
            assert races.rows(left) == []


def test_participant_added_to_a_conversation_that_ends_is_nowhere(races: Races) -> None:
    def removing(sid: str) -> Any:
        return lambda tx: conversations.remove(tx, REST, sid) and "removed"

    for rules in ((adding("bob"), removing), (removing, adding("bob"))):
        for _, *ended in races.of(fresh(races), *rules):
            assert sorted(map(str, ended)) in (["added", "removed"], ["50350", "removed"])
            assert races.rows("SELECT 1 FROM chat_participants") == []
            assert (
                races.rows("SELECT 1 FROM sync_map_items WHERE left(item_key, 2) = 'CH' AND removed = 0")
                == []
            )


def test_nobody_joins_a_conversation_behind_its_end(races: Races) -> None:
    def closing(sid: str) -> Any:
        return lambda tx: conversations.update(tx, REST, sid, ConversationChange(state="closed")) and "closed"

    for _, *ended in races.of(fresh(races), closing, adding("bob")):
        assert sorted(map(str, ended)) in (["added", "closed"], ["50377", "closed"])


def test_message_keeps_a_conversation_awake(races: Races) -> None:
    def prepare() -> str:
        sid = fresh(races, inactive_after="PT1M")()
        races.now_ms += MINUTE_MS
        return sid

    def expiring(sid: str) -> Any:
        return lambda tx: states.expire_due(tx, 10, lambda service_sid: None)

    for rules in ((sending, expiring), (expiring, sending)):
        for sid, *_ in races.of(prepare, *rules):
            (row,) = races.rows("SELECT state, inactive_ms FROM chat_conversations WHERE sid = %s", sid)
            assert row == ("active", races.now_ms + MINUTE_MS)
            assert races(conversations.fetch, REST, sid).data.state.current == "active"


def test_invitation_is_taken_up_or_taken_back(races: Races) -> None:
    def prepare() -> str:
        sid = fresh(races)()
        races(invites.invite, REST, sid, "bob")
        return sid

    def joining(sid: str) -> Any:
        return lambda tx: participants.add(tx, BOB, sid, NewParticipant(identity="bob")) and "joined"

    def withdrawing(sid: str) -> Any:
        return lambda tx: invites.withdraw(tx, REST, sid, "bob") or "withdrawn"

    for rules in ((joining, withdrawing), (withdrawing, joining)):
        for sid, *ended in races.of(prepare, *rules):
            mine = f"SELECT 1 FROM sync_map_items WHERE item_key = '{sid}' AND removed = 0"
            assert ("joined" in ended) == (len(races.rows(mine)) == 2)
            assert ("joined" in ended) != ("withdrawn" in ended)


def test_command_that_is_repeated_is_carried_out_once(races: Races) -> None:
    names = count()

    def once(about: tuple[str, str]) -> Any:
        sid, name = about

        def rule(tx: Tx) -> str:
            if mutations.find(tx, ALICE, name) is not None:
                return "known"
            messages.send(tx, ALICE, sid, NewMessage(body="hello"))
            mutations.note(tx, ALICE, name, "url")
            return "sent"

        return rule

    for _, *ended in races.of(lambda: (fresh(races)(), f"m{next(names)}"), once, once):
        assert sorted(ended) == ["known", "sent"]


def test_user_who_is_deleted_does_not_come_back_with_a_change(races: Races) -> None:
    names = count()

    def prepare() -> str:
        return races(users.ensure, ALICE, f"gone {next(names)}").identity

    def renaming(identity: str) -> Any:
        return lambda tx: users.update(tx, REST, identity, UserChange(friendly_name="x")) and "renamed"

    def deleting(identity: str) -> Any:
        return lambda tx: departures.delete_user(tx, REST, identity) and "deleted"

    for rules in ((renaming, deleting), (deleting, renaming)):
        for identity, *_ in races.of(prepare, *rules):
            ((deleted_ms,),) = races.rows("SELECT deleted_ms FROM chat_users WHERE identity = %s", identity)
            assert deleted_ms is not None


def test_user_who_is_deleted_takes_part_only_as_a_new_one(races: Races) -> None:
    names = count()

    def prepare() -> tuple[str, str]:
        return fresh(races)(), races(users.ensure, ALICE, f"there {next(names)}").identity

    def joining(about: tuple[str, str]) -> Any:
        return adding(about[1])(about[0])

    def deleting(about: tuple[str, str]) -> Any:
        return lambda tx: departures.delete_user(tx, REST, about[1]) and "deleted"

    for rules in ((joining, deleting), (deleting, joining)):
        for (sid, identity), *ended in races.of(prepare, *rules):
            assert sorted(ended) == ["added", "deleted"]
            ((deleted_ms,),) = races.rows("SELECT deleted_ms FROM chat_users WHERE identity = %s", identity)
            assert (len(places(races, sid)) == 2) == (deleted_ms is None)


def test_role_that_becomes_a_default_is_not_deleted(races: Races) -> None:
    account_sid = races(create_account, VAULT, by=OPERATOR).sid
    service_sid = races(ensure_default, account_sid, CHAT, by=OPERATOR).sid

    def prepare() -> str:
        return races(roles.create, service_sid, "x", "service", ["joinConversation"]).sid

    def choosing(sid: str) -> Any:
        def rule(tx: Tx) -> str:
            service = claim_service(tx, account_sid, CHAT, service_sid)
            change_options(tx, service, OptionsChange(service_role_sid=sid), by=OPERATOR)
            return "chosen"

        return rule

    def deleting(sid: str) -> Any:
        return lambda tx: roles.delete(tx, service_sid, sid) or "deleted"

    for rules in ((choosing, deleting), (deleting, choosing)):
        for _, *ended in races.of(prepare, *rules):
            assert sorted(map(str, ended)) in (["20409", "chosen"], ["50100", "deleted"])


def test_devices_are_no_more_than_a_user_may_have_and_told_of(races: Races) -> None:
    names = count()

    def prepare() -> ChatActor:
        actor = msgspec.structs.replace(ALICE, identity=f"owner {next(names)}")
        for number in range(LIMITS.bindings_per_user_max - 1):
            races(bindings.register, actor, device(actor, number))
        return actor

    def device(actor: ChatActor, number: int) -> NewBinding:
        return NewBinding(type="fcm", endpoint=f"{actor.identity}/{number}")

    def registering(number: int) -> Any:
        return lambda actor: lambda tx: bindings.register(tx, actor, device(actor, number)).sid

    for actor, *_ in races.of(prepare, registering(7), registering(8)):
        kept = races.rows("SELECT endpoint FROM chat_bindings WHERE identity = %s", actor.identity)
        assert len(kept) == LIMITS.bindings_per_user_max


def test_upload_is_a_messages_or_removed(races: Races) -> None:
    names = count()

    def prepare() -> tuple[str, str]:
        sid, blob = fresh(races)(), f"blob {next(names)}"
        races(media.expect, blob, races.now_ms + 1000)
        return sid, races(media.record, ALICE, Upload(blob, "media", None, "text/plain", 1)).sid

    def taking(about: tuple[str, str]) -> Any:
        new = NewMessage(media_sids=(about[1],))
        return lambda tx: messages.send(tx, ALICE, about[0], new) and "sent"

    def releasing(about: tuple[str, str]) -> Any:
        return lambda tx: media.release_unclaimed(tx, races.now_ms + 1, 10)

    for rules in ((taking, releasing), (releasing, taking)):
        for (_, sid), *ended in races.of(prepare, *rules):
            found = races.rows("SELECT blob FROM chat_media WHERE sid = %s", sid)
            assert ("sent" in ended) == bool(found)
            for (blob,) in found:
                assert races.rows("SELECT 1 FROM chat_loose_blobs WHERE blob = %s", blob) == []


def test_name_is_given_once(races: Races) -> None:
    names = count()

    def making(name: str) -> Any:
        return lambda tx: roots.create(tx, WRITER, MAP, unique_name=name) and "made"

    for _, *ended in races.of(lambda: f"name {next(names)}", making, making):
        assert sorted(map(str, ended)) == ["54301", "made"]


def test_object_that_lives_longer_does_not_expire(races: Races) -> None:
    def prepare() -> str:
        sid = races(roots.create, WRITER, MAP, ttl=60).sid
        races.now_ms += MINUTE_MS - 1
        return sid

    def prolonging(sid: str) -> Any:
        return lambda tx: roots.set_ttl(tx, WRITER, MAP, sid, 3600) and "prolonged"

    def expiring(sid: str) -> Any:
        def rule(tx: Tx) -> None:
            tx.now_ms += 1
            expiry.expire_due(tx, 100)

        return rule

    for rules in ((prolonging, expiring), (expiring, prolonging)):
        for sid, *ended in races.of(prepare, *rules):
            assert ("prolonged" in ended) == bool(
                races.rows("SELECT 1 FROM sync_objects WHERE sid = %s", sid)
            )


def test_empty_store_is_bound_to_one_key(races: Races) -> None:
    def prepare() -> None:
        races(lambda tx: tx.run("DELETE FROM master_key", {}))

    def binding(key: bytes) -> Any:
        def rule(tx: Tx) -> str:
            try:
                claim_store(tx, Vault(key))
            except ConfigError:
                return "refused"
            return "bound"

        return lambda _: rule

    for _, *ended in races.of(prepare, binding(b"a" * 32), binding(b"b" * 32)):
        assert sorted(ended) == ["bound", "refused"]


def test_item_that_comes_back_is_not_forgotten_with_its_tombstone(races: Races) -> None:
    def prepare() -> str:
        sid = races(roots.create, WRITER, MAP).sid
        races(maps.put, WRITER, sid, "k", json(n=1))
        races(items.remove, WRITER, MAP, sid, "k")
        return sid

    def putting(sid: str) -> Any:
        return lambda tx: maps.put(tx, WRITER, sid, "k", json(n=2))

    def trimming(sid: str) -> Any:
        return lambda tx: cleanup.trim_tombstones(tx, races.now_ms + 1000, 100)

    for rules in ((putting, trimming), (trimming, putting)):
        for sid, *_ in races.of(prepare, *rules):
            assert races(items.fetch, WRITER, MAP, sid, "k").data == json(n=2)


def test_last_key_that_an_account_may_have_is_made_once(races: Races) -> None:
    settings = msgspec.structs.replace(Settings(), keys_per_account_max=1)

    def making(sid: str) -> Any:
        return lambda tx: create_key(tx, VAULT, settings, sid, by=OPERATOR) and "made"

    def prepare() -> str:
        return races(create_account, VAULT, by=OPERATOR).sid

    for sid, *ended in races.of(prepare, making, making):
        assert sorted(map(str, ended)) == ["70151", "made"]
        numbers = races.rows("SELECT number FROM audit_events WHERE account_sid = %s ORDER BY number", sid)
        assert numbers == [(number,) for number in range(1, len(numbers) + 1)]


def test_alerts_of_an_account_have_a_number_each(races: Races) -> None:
    names = count()

    def recording(account_sid: str) -> Any:
        return lambda tx: alerts.record(tx, alert(tx.sid("NO"), account_sid, tx.date_ms))

    for sid, *_ in races.of(lambda: f"AC{next(names)}", recording, recording):
        numbers = races.rows("SELECT number FROM alerts WHERE account_sid = %s ORDER BY number", sid)
        assert numbers == [(1,), (2,)]


def putting(topic: str) -> Any:
    post = Post("AC1", None, "sync", "changed", topic, StoredUrl("https://hooks.example/"), {})
    return lambda tx: outbox.put(tx, post)


def delivering(topic: str) -> Any:
    def rule(tx: Tx) -> None:
        for each in outbox.of_lane(tx, "hooks.example:443", 1000):
            if each.topic == topic:
                outbox.delivered(tx, each)

    return rule


def giving_up(topic: str) -> Any:
    return lambda tx: outbox.shed(tx, 11200, "too many", 1000)


def test_webhook_does_not_stay_behind_one_that_is_gone(races: Races) -> None:
    topics = count()

    def prepare() -> str:
        topic = f"topic {next(topics)}"
        races(putting(topic))
        return topic

    for rules in ((putting, delivering), (delivering, putting)):
        for topic, *_ in races.of(prepare, *rules):
            left = races.rows("SELECT is_first, next_ms FROM webhook_deliveries WHERE topic = %s", topic)
            assert left == [(1, races.now_ms)]


def test_webhook_that_is_given_up_is_not_first(races: Races) -> None:
    topics = count()

    def prepare() -> str:
        topic = f"crowd {next(topics)}"
        races(putting(topic))
        races(putting(topic))
        return topic

    pairs = ((giving_up, delivering), (delivering, giving_up), (putting, giving_up), (giving_up, putting))
    columns = "is_first = 1, next_ms IS NOT NULL, given_up_ms IS NULL"
    for rules in pairs:
        for topic, *_ in races.of(prepare, *rules):
            left = races.rows(f"SELECT {columns} FROM webhook_deliveries WHERE topic = %s", topic)
            waiting = [row for row in left if row[2]]
            assert not waiting or (True, True, True) in waiting
            assert {row for row in left if not row[2]} <= {(False, False, False)}


def at_node(rule: Any, node: str) -> Any:
    def carry_out(endpoint: Actor) -> Any:
        def locked(tx: Tx) -> None:
            reachability.lock(tx, endpoint.service_sid)
            rule(tx, endpoint, node)

        return locked

    return carry_out


def test_endpoint_that_moves_between_nodes_is_where_it_is_told_to_be(races: Races) -> None:
    names = count()
    url = StoredUrl("https://hooks.example/")
    leaving = at_node(reachability.leave, "a")

    def prepare() -> Actor:
        endpoint = msgspec.structs.replace(
            WRITER, identity=f"e{next(names)}", endpoint_id="x", webhook_url=url
        )
        races(at_node(reachability.come, "a")(endpoint))
        return endpoint

    for second in (at_node(reachability.come, "b"), leaving):
        for rules in ((leaving, second), (second, leaving)):
            for endpoint, *_ in races.of(prepare, *rules):
                topic = f"{endpoint.service_sid}/{endpoint.identity}"
                told = races.rows("SELECT event_type FROM webhook_deliveries WHERE topic = %s", topic)
                stands = races.rows("SELECT 1 FROM sync_presence WHERE identity = %s", endpoint.identity)
                assert told.count(("endpoint_connected",)) == len(stands) + told.count(
                    ("endpoint_disconnected",)
                )
                assert bool(stands) == (second is not leaving)


def test_node_that_begins_to_serve_again_keeps_what_it_says_then(races: Races) -> None:
    names = count()
    url = StoredUrl("https://hooks.example/")

    def prepare() -> Actor:
        named = {"identity": f"r{next(names)}", "endpoint_id": "x", "webhook_url": url}
        endpoint = msgspec.structs.replace(WRITER, **named)
        races(at_node(reachability.come, endpoint.identity)(endpoint))
        return endpoint

    def settling(endpoint: Actor) -> Any:
        def rule(tx: Tx) -> None:
            if endpoint.identity in nodes.spoken_for(tx, [endpoint.identity], "own"):
                at_node(reachability.leave, endpoint.identity)(endpoint)(tx)

        return rule

    def returning(endpoint: Actor) -> Any:
        return lambda tx: nodes.renew(tx, Node(endpoint.identity, "", "", ""))

    for rules in ((settling, returning), (returning, settling)):
        for endpoint, *_ in races.of(prepare, *rules):
            races(at_node(reachability.come, endpoint.identity)(endpoint))
            stands = races.rows("SELECT 1 FROM sync_presence WHERE identity = %s", endpoint.identity)
            assert stands == [(1,)]


def test_user_who_moves_between_nodes_is_shown_online(races: Races) -> None:
    names = count()
    options = msgspec.structs.replace(ALICE.options, reachability_enabled=True)

    def seen(actor: ChatActor, node: str, *, is_connected: bool) -> Any:
        sighting = Sighting(actor, node, is_connected)
        return lambda tx: chat_reachability.settle(tx, [sighting], node)

    def prepare() -> ChatActor:
        actor = msgspec.structs.replace(ALICE, identity=f"m{next(names)}", options=options)
        races(seen(actor, "a", is_connected=True))
        return actor

    def leaving(actor: ChatActor) -> Any:
        return seen(actor, "a", is_connected=False)

    def coming(actor: ChatActor) -> Any:
        return seen(actor, "b", is_connected=True)

    for rules in ((leaving, coming), (coming, leaving)):
        for actor, *_ in races.of(prepare, *rules):
            ((info_sid,),) = races.rows("SELECT info_sid FROM chat_users WHERE identity = %s", actor.identity)
            told = races.rows(
                "SELECT data FROM sync_map_items WHERE object_sid = %s AND item_key = 'reachability'",
                info_sid,
            )
            assert [msgspec.json.decode(data)["online"] for (data,) in told] == [True]

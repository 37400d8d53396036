from tests.support.sync_world import ALICE, LOCKED_BOB, World, json
from tsock.sync import roots, streams
from tsock.sync.kinds import STREAM


def test_message_is_announced_and_nothing_is_stored(world: World) -> None:
    root = world(roots.create, ALICE, STREAM, unique_name="chat")
    before = list(world.database.iterdump())

    sid = world(streams.publish, ALICE, "chat", json(x=1))

    assert sid.startswith("TZ")
    (event,) = world.heard()
    assert (event.topic, event.seq, event.kind, event.origin) == (
        root.sid,
        None,
        "stream_message_published",
        ("n", 1),
    )
    assert event.body.decode() == (
        f'{{"stream_sid":"{root.sid}","stream_unique_name":"chat","message_sid":"{sid}",'
        '"message_data":{"x":1},"date_created":"2031-05-02T12:00:00.000Z"}'
    )
    assert list(world.database.iterdump()) == before


def test_absent_or_expired_stream_takes_no_message(world: World) -> None:
    root = world(roots.create, ALICE, STREAM, ttl=60)
    world.after(60)

    assert world.refusal(streams.publish, ALICE, root.sid, json()) == (404, 54250, "Message Stream not found")
    assert world.refusal(streams.publish, ALICE, "chat", json())[1] == 54300


def test_streams_are_open_to_everybody_in_a_service_with_acl(world: World) -> None:
    root = world(roots.create, ALICE, STREAM)

    world(roots.fetch, LOCKED_BOB, STREAM, root.sid)
    world(streams.publish, LOCKED_BOB, root.sid, json())
    world(roots.remove, LOCKED_BOB, STREAM, root.sid)

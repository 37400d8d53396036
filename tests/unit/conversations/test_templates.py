"""Templates of content."""

from typing import Any

import pytest
from msgspec import UNSET

from tests.support.chat_world import ALICE, BOB, CAROL, ChatWorld
from tests.support.sync_world import ACCOUNT
from tsock.conversations import media, messages, templates
from tsock.conversations.media import Upload
from tsock.conversations.messages import NewMessage
from tsock.conversations.templates import VARIANTS_BYTES_MAX, Content, Template
from tsock.errors import StoreDown

HELLO = {"twilio/quick-reply": {"body": "Hi {{1}}", "actions": [{"title": "{{2}}", "id": 7}]}}


def put(world: ChatWorld, **given: Any) -> Template:
    told = {"friendly_name": "hello", "variables": {"1": "you"}, "variants": HELLO, **given}
    return world(templates.put, ACCOUNT, told.pop("sid", None), **told)


def test_placeholders_take_what_the_message_says_and_else_the_default(world: ChatWorld) -> None:
    sid = put(world).sid

    found = world(templates.render, ACCOUNT, sid, '{"2":"Go"}')

    assert found.data == {"body": "Hi you", "actions": [{"title": "Go", "id": 7}]}
    assert found.content_type == "application/x-vnd.com.twilio.rich.twilio.quick-reply"
    assert world(templates.render, ACCOUNT, sid, None).data["actions"] == [{"title": "{{2}}", "id": 7}]


def test_template_is_its_account_s(world: ChatWorld) -> None:
    sid = put(world).sid
    assert world.refusal(templates.get, "AC" + "f" * 32, sid)[:2] == (404, 20404)
    assert world.refusal(templates.render, "AC" + "f" * 32, sid, None)[:2] == (400, 50526)
    assert world(templates.page, "AC" + "f" * 32, "", 10) == []


def test_replaced_template_keeps_its_sid_and_its_age(world: ChatWorld) -> None:
    made = put(world)
    world.after(5)
    changed = put(world, sid=made.sid, friendly_name="bye")
    assert [each.friendly_name for each in world(templates.page, ACCOUNT, "", 10)] == ["bye"]
    assert (changed.created_ms, changed.updated_ms) == (made.created_ms, made.created_ms + 5000)
    world(templates.delete, ACCOUNT, made.sid)
    assert world(templates.page, ACCOUNT, "", 10) == []


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"friendly_name": ""}, 20422),
        ({"friendly_name": "a\0b"}, 20422),
        ({"variants": {}}, 50542),
        ({"variants": {"twilio/flow": {}}}, 50542),
        ({"variants": {"twilio/text": {"text": "x"}}}, 50542),
        ({"variants": {"twilio/text": "x"}}, 50542),
        ({"variants": {"twilio/text": {"body": "x" * VARIANTS_BYTES_MAX}}}, 20422),
        ({"variables": {"x" * 17: ""}}, 50540),
        ({"variables": {"1": "x" * 257}}, 50541),
        ({"variables": {str(n): "" for n in range(101)}}, 50529),
        ({"sid": "HX" + "0" * 32}, 20404),
    ],
)
def test_bad_templates_are_refused(world: ChatWorld, given: dict[str, Any], code: int) -> None:
    told = {"friendly_name": "x", "variables": {}, "variants": HELLO, **given}
    sid = told.pop("sid", None)
    assert world.refusal(templates.put, ACCOUNT, sid, **told)[1] == code


@pytest.mark.parametrize("variables", ["[]", '{"1":2}', "x"])
def test_bad_variables_of_a_message_are_refused(world: ChatWorld, variables: str) -> None:
    sid = put(world).sid
    assert world.refusal(templates.render, ACCOUNT, sid, variables)[:2] == (400, 50527)


@pytest.mark.parametrize(
    ("variants", "text"),
    [
        (HELLO, "Hi you"),
        ({"twilio/card": {"title": "Shoes", "subtitle": "red"}}, "Shoes"),
        ({"twilio/location": {"latitude": 1, "longitude": 2, "label": "here"}}, "here"),
        ({"twilio/media": {"media": ["https://example.com/a.png"]}}, None),
    ],
)
def test_clients_that_know_no_templates_are_shown_its_text(
    world: ChatWorld, variants: dict[str, Any], text: str | None
) -> None:
    sid = put(world, variants=variants).sid
    assert world(templates.render, ACCOUNT, sid, None).text == text


def filled_in(world: ChatWorld) -> Content:
    """What a message has of a template, the file stored already."""
    blob = world.tx.secret()
    world(media.expect, blob, world.tx.now_ms + 1000)
    upload = Upload(blob, "body", None, "application/x-vnd.com.twilio.rich.twilio.text", 20)
    return Content("HX" + "1" * 32, upload)


def test_message_has_the_file_of_its_template(world: ChatWorld) -> None:
    sid = world.conversation("bob")
    new = NewMessage(body="Hi you", attributes='{"k":1}', content=filled_in(world))

    data = world(messages.send, BOB, sid, new).data

    assert (data.text, data.content_sid, data.type) == ("Hi you", "HX" + "1" * 32, "text")
    assert (data.attributes, data.media) == ('{"k":1}', UNSET)
    assert data.medias is not UNSET
    (file,) = data.medias
    assert (file.category, file.filename, file.size) == ("body", None, 20)
    assert file.content_type == "application/x-vnd.com.twilio.rich.twilio.text"
    record = world(media.fetch, ALICE, file.sid)
    assert (record.message_sid, record.author) == (data.sid, "bob")
    assert world.refusal(media.fetch, CAROL, file.sid)[:2] == (404, 50507)


def test_file_of_a_template_goes_with_its_message(world: ChatWorld) -> None:
    sid = world.conversation()
    content = filled_in(world)
    message = world(messages.send, ALICE, sid, NewMessage(content=content)).data
    assert world(media.loose, 10) == []
    world(messages.remove, ALICE, sid, message.sid)
    assert world(media.loose, 10) == [content.upload.blob]


def test_nothing_is_left_of_a_template_whose_message_is_refused(world: ChatWorld) -> None:
    sid = world.conversation("bob")
    content = filled_in(world)
    assert world.refusal(messages.send, CAROL, sid, NewMessage(content=content))[:2] == (403, 50430)
    world.after(2)
    assert world(media.loose, 10) == [content.upload.blob]
    with pytest.raises(StoreDown):
        world(messages.send, BOB, sid, NewMessage(content=content))

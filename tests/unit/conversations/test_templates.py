"""Templates of content."""

from typing import Any

import pytest

from tests.support.chat_world import ChatWorld
from tests.support.sync_world import ACCOUNT
from tsock.conversations import templates
from tsock.conversations.templates import Template

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
        ({"variants": {}}, 50542),
        ({"variants": {"twilio/flow": {}}}, 50542),
        ({"variants": {"twilio/text": {"text": "x"}}}, 50542),
        ({"variants": {"twilio/text": "x"}}, 50542),
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

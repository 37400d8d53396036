"""What an error says beside its code: how long, how many or what it was that came."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.chat_world import ALICE, REST, VAULT, ChatWorld
from tests.support.sync_world import ACCOUNT
from tsock.conversations import bindings, conversations, credentials, messages, scoped_webhooks, templates
from tsock.conversations.bindings import NewBinding
from tsock.conversations.conversations import ConversationChange
from tsock.conversations.credentials import CredentialChange
from tsock.conversations.messages import NewMessage
from tsock.conversations.scoped_webhooks import NewWebhook

Refused = Callable[..., str]


@pytest.fixture
def refused(world: ChatWorld) -> Refused:
    """The text of what a rule raises."""
    return lambda rule, *args, **named: world.error(rule, *args, **named).message


@pytest.mark.parametrize(
    ("given", "came"),
    [
        ({"type": "sms", "endpoint": "phone"}, "not 'sms'"),
        ({"type": "fcm", "endpoint": ""}, "this 0"),
        ({"type": "fcm", "endpoint": "x" * 4097}, "this 4097"),
        ({"type": "fcm", "endpoint": "phone", "message_types": ["a", "bc"] * 11}, "not 22 of up to 2"),
        ({"type": "fcm", "endpoint": "phone", "message_types": ["a" * 101]}, "not 1 of up to 101"),
    ],
)
def test_device(refused: Refused, given: Any, came: str) -> None:
    assert refused(bindings.register, ALICE, NewBinding(**given)).endswith(came)


@pytest.mark.parametrize(
    ("given", "came"),
    [
        ({"type": "sms"}, "not 'sms'"),
        ({"friendly_name": "x" * 65}, "65 characters, at most 64 are allowed"),
        ({"secrets": {"api_key": "x", "secret": "y" * 16_385}}, "not 16385"),
    ],
)
def test_credential(refused: Refused, given: Any, came: str) -> None:
    said = refused(credentials.create, VAULT, ACCOUNT, CredentialChange(**given))
    assert said.endswith(came)
    assert "yyy" not in said


@pytest.mark.parametrize(("name", "came"), [("", "this 0"), ("x" * 451, "this 451")])
def test_template(refused: Refused, name: str, came: str) -> None:
    put = {"friendly_name": name, "variables": {}, "variants": {"twilio/text": {"body": "x"}}}
    assert refused(templates.put, ACCOUNT, None, **put).endswith(came)


@pytest.mark.parametrize(
    ("given", "came"),
    [
        ({"friendly_name": "x" * 257}, "257 characters, at most 256 are allowed"),
        ({"unique_name": "x" * 257}, "257 characters, at most 256 are allowed"),
        ({"attributes": '"%s"' % ("x" * 16_383)}, "16385 bytes, at most 16384 are allowed"),
    ],
)
def test_conversation(refused: Refused, given: Any, came: str) -> None:
    assert refused(conversations.create, ALICE, ConversationChange(**given)).endswith(came)


def test_message_and_trigger_of_a_conversation(world: ChatWorld, refused: Refused) -> None:
    sid = world.conversation()
    long = NewMessage(body="\N{GREEK SMALL LETTER ALPHA}" * 16_385)
    assert refused(messages.send, ALICE, sid, long).endswith("32770 bytes, at most 32768 are allowed")
    wordy = NewWebhook(target="trigger", url="https://x.test/", triggers=("stop", "x" * 257))
    assert refused(scoped_webhooks.create, VAULT, REST, sid, wordy).endswith("not 257")

"""What a page shows is told all the same, though the SDKs work through replies before events."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.interop.conftest import Connect
from tests.interop.sdk import Js, SdkObject

Own = Callable[[str], str]

NUMBERS = range(30)


def read_ahead(read: str, *, busy_ms: int = 0) -> Js:
    """Asks for each number until it is there, so that every page is asked for when an event is on its way.

    A client that is busy meanwhile finds in one piece what has arrived.
    """
    return Js(
        f"""async function () {{
          for (let n = 0; n < {len(NUMBERS)};) {{
            const reading = {read};
            for (const until = Date.now() + {busy_ms}; Date.now() < until;);
            if (await reading) n++;
          }}
        }}"""
    )


def told(object_: SdkObject, event: str) -> list[Any]:
    """The payload of as many events as there are numbers."""
    return [object_.next(event, timeout_s=5) for _ in NUMBERS]


@pytest.mark.parametrize(("sdk", "busy_ms"), [(4, 0), (4, 30), (3, 0)])
def test_list_item_is_told_though_it_is_being_read(
    alice: SdkObject, connect: Connect, name: str, sdk: int, busy_ms: int
) -> None:
    mine, seen = alice.list(name), connect("bob", sdk=sdk).list(name).subscribed()
    reading = seen.run(read_ahead("this.get(n).catch(() => null)", busy_ms=busy_ms))
    for number in NUMBERS:
        mine.push({"n": number})
    assert [each["item"]["index"] for each in told(seen, "itemAdded")] == list(NUMBERS)
    reading.result(15)


def test_map_item_is_told_though_it_is_being_read(alice: SdkObject, bob: SdkObject, name: str) -> None:
    mine, seen = alice.map(name), bob.map(name).subscribed()
    reading = seen.run(read_ahead("this.get(String(n)).catch(() => null)"))
    for number in NUMBERS:
        mine.set(str(number), {"n": number})
    assert [each["item"]["key"] for each in told(seen, "itemAdded")] == list(map(str, NUMBERS))
    reading.result(15)


@pytest.mark.parametrize("sdk", [3, 2.6])
def test_message_is_told_though_its_page_is_being_read(connect: Connect, own: Own, sdk: float) -> None:
    """C-056."""
    alice, bob = connect.chat(own("alice")), connect.chat(own("bob"), sdk=sdk)
    conversation = alice.createConversation({})
    conversation.join()
    alice.next("conversationJoined")
    conversation.add(own("bob"))
    theirs = bob.next("conversationJoined")
    conversation.sendMessage("the first")
    theirs.next("messageAdded")  # by then, the SDK follows the messages
    reading = theirs.run(
        read_ahead('this.getMessages(1, n + 1, "forward").then((page) => page.items.length)')
    )
    for number in NUMBERS:
        conversation.sendMessage(str(number))
    assert [message.now()["body"] for message in told(theirs, "messageAdded")] == list(map(str, NUMBERS))
    reading.result(15)

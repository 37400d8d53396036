"""How far messages have come with those outside, and whom they go to by mail."""

import pytest

from tests.support.chat_world import ALICE, BOB, CAROL, REST, ChatWorld
from tsock.conversations import conversations, messages, participants, receipts, recipients
from tsock.conversations.addresses import Binding
from tsock.conversations.models import Delivery
from tsock.conversations.participants import NewParticipant
from tsock.conversations.receipts import Report
from tsock.storage.keyset import START


def outside(world: ChatWorld, sid: str, *addresses: str) -> list[str]:
    """Add these; their SIDs."""
    return [
        world(participants.add, REST, sid, NewParticipant(binding=Binding(address, level="cc"))).place.sid
        for address in addresses
    ]


def test_message_to_nobody_outside_has_no_delivery(world: ChatWorld) -> None:
    sid = world.conversation("bob")
    world.say(sid, "hello")
    (data,) = [data for kind, data in world.told() if kind == "list_item_added"]
    assert "delivery" not in data


def test_reports_come_together_in_the_message(world: ChatWorld) -> None:
    sid = world.conversation("bob")
    one, two = outside(world, sid, "+15550000001", "+15550000002")
    (message,) = world.say(sid, "hello")
    assert world(messages.fetch, ALICE, sid, message).data.delivery == Delivery(2)

    def delivery(participant: str, status: str) -> object:
        world(receipts.report, REST, sid, Report(message, participant, status))
        return world(messages.fetch, ALICE, sid, message).data.delivery

    world.told()
    assert delivery(one, "delivered") == Delivery(2, sent="some", delivered="some")
    ((kind, told),) = world.told()
    assert (kind, told["delivery"]["delivered"]) == ("list_item_updated", "some")
    assert delivery(two, "failed") == Delivery(2, sent="some", delivered="some", failed="some")
    assert delivery(two, "read") == Delivery(2, sent="all", delivered="all", read="some")
    found, _ = world(receipts.page, REST, sid, message, START, 10)
    assert [(receipt.participant_sid, receipt.status) for receipt in found] == [
        (one, "delivered"),
        (two, "read"),
    ]


def test_client_reads_receipts_page_by_page(world: ChatWorld) -> None:
    sid = world.conversation("bob")
    (message,) = world.say(sid, "hello")
    made = {
        world(receipts.report, REST, sid, Report(message, participant, "read")).sid
        for participant in outside(world, sid, "+15550000001", "+15550000002")
    }
    first, last = world(receipts.behind, BOB, sid, message, "", 1)
    assert last == first[0].sid
    second, end = world(receipts.behind, BOB, sid, message, last, 1)
    assert end is None
    assert {receipt.sid for receipt in (*first, *second)} == made
    assert world.refusal(receipts.behind, CAROL, sid, message, "", 1)[:2] == (403, 50430)


@pytest.mark.parametrize(
    ("who", "status", "code"), [("bob", "read", 20422), ("+", "lost", 20422), ("x", "read", 50432)]
)
def test_wrong_report_is_refused(world: ChatWorld, who: str, status: str, code: int) -> None:
    sid = world.conversation("bob")
    (address,) = outside(world, sid, "+15550000001")
    (message,) = world.say(sid, "hello")
    known = {"bob": world(participants.fetch, REST, sid, "bob").place.sid, "+": address}
    report = Report(message, known.get(who, who), status)
    assert world.refusal(receipts.report, REST, sid, report)[1] == code


def test_receipts_go_with_their_conversation(world: ChatWorld) -> None:
    sid = world.conversation("bob")
    (address,) = outside(world, sid, "+15550000001")
    (message,) = world.say(sid, "hello")
    world(receipts.report, REST, sid, Report(message, address, "sent"))
    world(conversations.remove, REST, sid)
    assert world.tx.all("SELECT sid FROM chat_receipts", {}) == []


def test_recipients_of_mail_are_told_message_by_message(world: ChatWorld) -> None:
    sid = world.conversation("bob")
    outside(world, sid, "ann@example.com", "+15550000001")
    one, two = world.say(sid, "hello", "again")
    (told,) = world(recipients.page, BOB, sid, two, "", 10)[0]
    assert (told.message_sid, told.type, told.level, told.address) == (two, "email", "cc", "ann@example.com")
    first, last = world(recipients.page, BOB, sid, None, "", 1)
    assert ([recipient.message_sid for recipient in first], last) == ([one], one)
    second, end = world(recipients.page, BOB, sid, None, last, 1)
    assert ([recipient.message_sid for recipient in second], end) == ([two], None)
    assert world.refusal(recipients.page, CAROL, sid, None, "", 1)[:2] == (403, 50430)

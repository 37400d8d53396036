"""How far messages come with those outside, as an operator tells it and the SDK shows it."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.interop.conftest import Connect, Room
from tests.interop.sdk import SdkObject
from tests.interop.server import Server
from tests.interop.test_chat_edit import both

Own = Callable[[str], str]
PHONE, OTHER_PHONE = "+15558675310", "+15558675311"
AMOUNTS = ("sent", "delivered", "read", "undelivered", "failed")


class Outside:
    """A message that went to two phones, and what an operator tells of it."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self.phones = [
            room.rest.participants.create(messaging_binding_address=address)["sid"]
            for address in (PHONE, OTHER_PHONE)
        ]
        room.conversation.sendMessage("hello")
        self.message = room.theirs.next("messageAdded")

    def report(self, phone: int, status: str, *options: str) -> None:
        """`tsock receipt report`, and wait until the SDK has told of it."""
        room = self._room
        names = (room.conversation.sid, self.message.sid, self.phones[phone])
        command = [sys.executable, "-m", "tsock", "receipt", "report", *names, status, *options]
        command += ["--account", room.account.sid, "--data", str(room.account.server.data)]
        subprocess.run(command, check=True, capture_output=True)
        assert room.theirs.next("messageUpdated")["updateReasons"] == ["deliveryReceipt"]

    def amounts(self) -> dict[str, Any]:
        shown = self.message.now()["aggregatedDeliveryReceipt"]
        return {name: shown[name] for name in ("total", *AMOUNTS)}


@pytest.fixture
def outside(room: Room) -> Outside:
    return Outside(room)


def told(total: int = 2, **amounts: str) -> dict[str, Any]:
    return {"total": total, **dict.fromkeys(AMOUNTS, "none"), **amounts}


def test_receipts_are_added_up_as_they_come(outside: Outside) -> None:
    assert outside.amounts() == told()
    outside.report(0, "sent")
    assert outside.amounts() == told(sent="some")
    outside.report(1, "delivered")
    assert outside.amounts() == told(sent="all", delivered="some")
    outside.report(0, "read")
    assert outside.amounts() == told(sent="all", delivered="all", read="some")
    outside.report(1, "undelivered", "--error-code", "30003")
    assert outside.amounts() == told(sent="all", delivered="some", read="some", undelivered="some")


def test_each_receipt_is_shown(outside: Outside) -> None:
    outside.report(0, "read")
    outside.report(1, "failed", "--error-code", "30008")
    receipts = {each["participantSid"]: each for each in outside.message.getDetailedDeliveryReceipts()}
    read, failed = (receipts[sid] for sid in outside.phones)
    assert (read["status"], read["errorCode"]) == ("read", 0)  # none, to the SDK
    assert (failed["status"], failed["errorCode"]) == ("failed", 30008)
    for receipt in (read, failed):
        assert receipt["sid"].startswith("DY")
        assert receipt["messageSid"] == outside.message.sid
        assert receipt["dateCreated"] <= receipt["dateUpdated"]


def test_receipts_stay_when_the_message_changes_and_for_clients_that_come_later(
    room: Room, outside: Outside
) -> None:
    outside.report(0, "delivered")
    room.conversation.next("messageAdded").updateBody("changed")
    assert "deliveryReceipt" not in room.theirs.next("messageUpdated")["updateReasons"]
    assert outside.amounts() == told(sent="some", delivered="some")
    later = room.chat("bob").next("conversationJoined").getMessages().now()["items"][0]
    assert later.now()["aggregatedDeliveryReceipt"]["delivered"] == "some"
    assert len(later.getDetailedDeliveryReceipts()) == 1


@pytest.mark.settings(chat_page_rows=2)
def test_all_pages_of_receipts_are_read(own_server: Server, room: Room) -> None:
    """C-073."""
    phones = [
        room.rest.participants.create(messaging_binding_address=f"+1555867{number:04}")["sid"]
        for number in range(5)
    ]
    room.conversation.sendMessage("hello")
    message = room.theirs.next("messageAdded")
    for phone in phones:
        names = {"conversation": room.conversation.sid, "message": message.sid, "participant": phone}
        room.account.operator("POST", "receipts", {**names, "status": "delivered"})
    while message.now()["aggregatedDeliveryReceipt"]["delivered"] != "all":
        room.theirs.next("messageUpdated")
    receipts = message.getDetailedDeliveryReceipts()
    assert sorted(each["participantSid"] for each in receipts) == sorted(phones)


def test_recipients_of_mail_are_those_with_a_mailbox(connect: Connect, own: Own) -> None:
    """C-075."""
    _, _, conversation, theirs = both(connect, own)
    for name, level in (("Ann", "to"), ("Cy", "cc")):
        address = f"{name}-{own('x')}@example.com".lower()
        conversation.addNonChatParticipant(
            "help@example.com", address, {}, {"email": {"name": name, "level": level}}
        )
        joined = theirs.next("participantJoined").now()
        assert (joined["type"], joined["bindings"]["email"]["address"]) == ("email", address)
    for text in ("one", "two"):
        conversation.sendMessage(text)
    messages = [theirs.next("messageAdded") for _ in range(2)]

    def shown(recipients: list[dict[str, Any]], message: SdkObject) -> set[tuple[str, str]]:
        of_message = [each for each in recipients if each["messageSid"] == message.sid]
        assert {each["type"] for each in of_message} == {"email"}
        return {(each["name"], each["level"]) for each in of_message}

    both_of_them = {("Ann", "to"), ("Cy", "cc")}
    assert shown(messages[0].getMessageRecipients(), messages[0]) == both_of_them
    page, found = theirs.getMessageRecipients({"pageSize": 1}), list[dict[str, Any]]()
    while True:
        found += page.now()["items"]
        if not page.now()["hasNextPage"]:
            break
        page = page.nextPage()
    for message in messages:
        assert shown(found, message) == both_of_them

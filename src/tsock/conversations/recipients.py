"""Whom the messages of a conversation go to by mail: its participants with a mailbox."""

from typing import Literal, cast

import msgspec
from msgspec import UNSET

from tsock.conversations import conversations, messages, refusals
from tsock.conversations.actor import ChatActor
from tsock.conversations.messages import Message
from tsock.conversations.participants import Participant, page_of_opened
from tsock.storage.keyset import START, Cursor
from tsock.storage.store import Tx

MAIL = "email"
Level = Literal["to", "from", "cc"]


class Recipient(msgspec.Struct, frozen=True):
    """One of a message."""

    message_sid: str
    level: Level
    name: str
    address: str
    type: Literal["email"] = MAIL


def page(
    tx: Tx, actor: ChatActor, name: str, message_sid: str | None, after: str, size: int
) -> tuple[list[Recipient], str | None]:
    """The recipients of one message, or of up to `size` messages behind a SID, whose index counts.

    Returns:
        Them, and the SID of the last message if more may follow.

    Raises:
        ApiError: 50350; 50430; 50500.
    """
    opened = conversations.fetch(tx, actor, name)
    if actor.is_bound and opened.own is None:
        raise refusals.not_a_participant()
    mailboxes = [
        participant
        for participant in page_of_opened(tx, opened.row, START, actor.limits.participants_max)[0]
        if participant.data.type == MAIL
    ]
    if message_sid is not None:
        return _of(messages.fetch(tx, actor, name, message_sid), mailboxes), None
    place = Cursor((messages.index_of(after),)) if after else START
    listed, rows = messages.page(tx, actor, name, place, size, descending=False)
    found = [recipient for message in listed for recipient in _of(message, mailboxes)]
    return found, listed[-1].data.sid if rows.next is not None else None


def _of(message: Message, mailboxes: list[Participant]) -> list[Recipient]:
    found: list[Recipient] = []
    for participant in mailboxes:
        bindings = participant.data.bindings
        told = {} if bindings is UNSET else bindings.get(MAIL, {})
        wrote = participant.place.sid == message.data.member_sid
        level = "from" if wrote else cast("Level", told.get("level", "to"))
        found.append(
            Recipient(message.data.sid, level, told.get("name", ""), participant.place.address or "")
        )
    return found

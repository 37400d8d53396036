"""Of what a service notifies users on their devices, and how (`protocol/conversations.md`, Push)."""

import re
from collections.abc import Mapping

import msgspec

from tsock.errors import ApiError

TEMPLATE_CHARS_MAX = 2048
SOUND_CHARS_MAX = 256
TEXT_CHARS_MAX = 178
"""Of a text that was made of a template."""

_VARIABLE = re.compile(r"\$\{([A-Z_]+)\}")


class Notice(msgspec.Struct, frozen=True, gc=False):
    """How users are notified of one kind of event."""

    template: str
    """What is told; `${…}` stands for what a variable is worth then."""
    enabled: bool = False
    sound: str = ""
    """What is played; nothing if it is empty."""


class MediaNotice(msgspec.Struct, frozen=True, gc=False):
    """How messages with files differ from others."""

    template: str
    enabled: bool = False


class MessageNotice(Notice, frozen=True, gc=False):
    """How users are notified of messages."""

    badge_count_enabled: bool = False
    """Whether it is told in how many conversations a user has unread messages."""
    with_media: MediaNotice = MediaNotice("${CONVERSATION}:${PARTICIPANT}: ${MEDIA}")


class Notifications(msgspec.Struct, frozen=True, gc=False):
    """What is configured for a service; the defaults are those of a new one."""

    log_enabled: bool = False
    """Kept for whoever asks; what is sent is on record in any case."""
    new_message: MessageNotice = MessageNotice("${CONVERSATION}:${PARTICIPANT}: ${MESSAGE}")
    added_to_conversation: Notice = Notice("${PARTICIPANT} added you to ${CONVERSATION}")
    removed_from_conversation: Notice = Notice("${PARTICIPANT} removed you from ${CONVERSATION}")


def check(notifications: Notifications) -> None:
    """Refuse texts that are too long.

    Raises:
        ApiError: 50058, 50059.
    """
    message = notifications.new_message
    notices = (message, notifications.added_to_conversation, notifications.removed_from_conversation)
    for template in (message.with_media.template, *(notice.template for notice in notices)):
        if len(template) > TEMPLATE_CHARS_MAX:
            raise ApiError(
                400,
                50058,
                f"Notification template too long: {len(template)} characters, at most {TEMPLATE_CHARS_MAX} "
                "are allowed",
            )
    for notice in notices:
        if len(notice.sound) > SOUND_CHARS_MAX:
            raise ApiError(
                400,
                50059,
                f"Notification sound name too long: {len(notice.sound)} characters, at most "
                f"{SOUND_CHARS_MAX} are allowed",
            )


def rendered(template: str, variables: Mapping[str, str]) -> str:
    """The beginning of what a template says; what is no variable stays as it is."""
    text = _VARIABLE.sub(lambda found: variables.get(found[1], found[0]), template)
    return text[:TEXT_CHARS_MAX]

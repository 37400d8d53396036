"""What conversations, participants and messages may be."""

from typing import Annotated

from tsock.settings.limit import Limit
from tsock.settings.sync import SyncSettings


class ChatSettings(SyncSettings, frozen=True, kw_only=True):
    """Conversations."""

    chat_body_bytes_max: Annotated[int, Limit(code=50504, low=1, high=1024 * 1024)] = 32 * 1024
    """The body of a message."""
    chat_conversation_attributes_bytes_max: Annotated[int, Limit(code=50303, low=2)] = 16 * 1024
    """The attributes of a conversation."""
    chat_attributes_bytes_max: Annotated[int, Limit(code=50303, low=2)] = 4 * 1024
    """The attributes of a message, a participant or a user."""
    chat_friendly_name_chars_max: Annotated[int, Limit(code=50003, low=1)] = 256
    """The friendly name of a conversation or a user."""
    chat_unique_name_chars_max: Annotated[int, Limit(code=50004, low=1)] = 256
    """The unique name of a conversation."""
    chat_identity_chars_max: Annotated[int, Limit(code=50207, low=1)] = 256
    """The identity of a user."""
    chat_participants_max: Annotated[int, Limit(code=50417, low=1, high=10_000)] = 1_000
    """Participants of one conversation."""
    chat_outside_participants_max: Annotated[int, Limit(code=50418, low=0)] = 50
    """Those of them who take part by an address."""
    chat_conversations_per_user_max: Annotated[int, Limit(code=50214, low=1)] = 1_000
    """Conversations that are not closed and that one user takes part in."""
    chat_unread_max: Annotated[int, Limit(low=1)] = 1_000
    """Unread messages are counted up to here."""
    chat_page_rows: Annotated[int, Limit(low=1, high=100)] = 50
    """Rows of a page of an SDK's own conversations; told to clients."""
    chat_users_followed_max: Annotated[int, Limit(low=1)] = 100
    """Users whose changes a client follows at once; told to clients, which keep to it."""
    chat_mutations_per_conversation_per_s: Annotated[float, Limit(code=50063, low=0, twilio=30)] = 0.0
    """Changes of one conversation and all in it, by its SID and by its unique name apart; of a service,
    conversations made in it. 0: off."""
    chat_typing_timeout_s: Annotated[int, Limit(low=1, high=60)] = 5
    """How long a typist counts as typing, and a client says so no second time."""
    push_url: str | None = None
    """Where push notifications are sent, each as a signed webhook; unset, nobody is notified on a device."""
    chat_bindings_per_user_max: Annotated[int, Limit(low=1, high=1000)] = 20
    """Devices on which one user is notified; the one that was registered longest ago is forgotten."""
    chat_registration_id_chars_max: Annotated[int, Limit(code=20422, low=1)] = 4096
    """What the push service calls a device, as a client registers it."""
    chat_binding_message_types_max: Annotated[int, Limit(code=20422, low=1)] = 20
    """What a device can be notified of: as many message types as it registers for."""
    chat_message_type_chars_max: Annotated[int, Limit(code=20422, low=1)] = 100
    """The name of a message type that a device registers for."""
    chat_reachability_grace_s: Annotated[float, Limit(low=0)] = 5.0
    """How long an absence lasts before a user counts as offline; one who says goodbye is so at once."""

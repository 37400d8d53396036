"""How large objects may become, by the settings of an installation."""

from tsock.conversations.actor import ChatLimits
from tsock.settings import Settings
from tsock.sync.actor import SyncLimits


def sync_limits(settings: Settings) -> SyncLimits:
    """Of documents, lists, maps and streams."""
    return SyncLimits(
        data_bytes_max=settings.sync_data_bytes_max,
        message_bytes_max=settings.sync_message_bytes_max,
        unique_name_chars_max=settings.sync_unique_name_chars_max,
        key_chars_max=settings.sync_key_chars_max,
        ttl_s_max=settings.sync_ttl_s_max,
        items_max=settings.sync_items_max,
        page_rows_max=settings.sync_page_rows_max,
        page_chars_max=settings.sync_page_chars_max,
    )


def chat_limits(settings: Settings) -> ChatLimits:
    """Of conversations and what is in them."""
    return ChatLimits(
        name_chars_max=settings.chat_friendly_name_chars_max,
        unique_name_chars_max=settings.chat_unique_name_chars_max,
        conversation_attributes_bytes_max=settings.chat_conversation_attributes_bytes_max,
        attributes_bytes_max=settings.chat_attributes_bytes_max,
        body_bytes_max=settings.chat_body_bytes_max,
        identity_chars_max=settings.chat_identity_chars_max,
        participants_max=settings.chat_participants_max,
        outside_participants_max=settings.chat_outside_participants_max,
        conversations_per_user_max=settings.chat_conversations_per_user_max,
        unread_max=settings.chat_unread_max,
        bindings_per_user_max=settings.chat_bindings_per_user_max,
        registration_id_chars_max=settings.chat_registration_id_chars_max,
        binding_message_types_max=settings.chat_binding_message_types_max,
        message_type_chars_max=settings.chat_message_type_chars_max,
        is_push_configured=settings.push_url is not None,
        media_per_message_max=settings.media_per_message_max,
        media_per_message_bytes_max=settings.media_per_message_bytes_max,
        page_rows_max=settings.sync_page_rows_max,
    )

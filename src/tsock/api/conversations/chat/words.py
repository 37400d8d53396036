"""What Chat and Conversations call otherwise among the values of a resource: events, permissions, types."""

from collections.abc import Mapping

EVENTS: Mapping[str, str] = {
    "onMessageSend": "onMessageAdd",
    "onMessageSent": "onMessageAdded",
    "onChannelAdd": "onConversationAdd",
    "onChannelAdded": "onConversationAdded",
    "onChannelUpdate": "onConversationUpdate",
    "onChannelUpdated": "onConversationUpdated",
    "onChannelDestroy": "onConversationRemove",
    "onChannelDestroyed": "onConversationRemoved",
    "onMemberAdd": "onParticipantAdd",
    "onMemberAdded": "onParticipantAdded",
    "onMemberUpdate": "onParticipantUpdate",
    "onMemberUpdated": "onParticipantUpdated",
    "onMemberRemove": "onParticipantRemove",
    "onMemberRemoved": "onParticipantRemoved",
}
"""Each name of Chat with that of Conversations; the others are the same."""
PERMISSIONS: Mapping[str, str] = {
    "addMember": "addParticipant",
    "createChannel": "createConversation",
    "destroyChannel": "deleteConversation",
    "editChannelAttributes": "editConversationAttributes",
    "editChannelName": "editConversationName",
    "joinChannel": "joinConversation",
    "leaveChannel": "leaveConversation",
    "removeMember": "removeParticipant",
    "inviteMember": "addParticipant",
}
"""Likewise; whoever may add may invite, and is shown to have the first."""
ROLE_TYPES: Mapping[str, str] = {"channel": "conversation", "deployment": "service"}


def in_chat(names: Mapping[str, str], text: str) -> str:
    """A value of Conversations as Chat calls it."""
    return next((ours for ours, theirs in names.items() if theirs == text), text)

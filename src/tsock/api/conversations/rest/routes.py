"""All that back ends ask of Conversations over REST (`protocol/rest.md`, Conversations)."""

from tsock.accounts.secrets import Vault
from tsock.api.conversations.contents import Contents
from tsock.api.conversations.pre_hooks import PreHooks
from tsock.api.conversations.rest.bindings import BindingHandlers
from tsock.api.conversations.rest.configuration import ConfigurationHandlers
from tsock.api.conversations.rest.conversation_with_participants import ConversationWithParticipantsHandlers
from tsock.api.conversations.rest.conversations import ConversationHandlers
from tsock.api.conversations.rest.credentials import CredentialHandlers
from tsock.api.conversations.rest.messages import MessageHandlers
from tsock.api.conversations.rest.notifications import NotificationHandlers
from tsock.api.conversations.rest.participant_conversations import ParticipantConversationHandlers
from tsock.api.conversations.rest.participants import ParticipantHandlers
from tsock.api.conversations.rest.receipts import ReceiptHandlers
from tsock.api.conversations.rest.roles import RoleHandlers
from tsock.api.conversations.rest.scope import RestScope
from tsock.api.conversations.rest.services import ServiceHandlers
from tsock.api.conversations.rest.user_conversations import UserConversationHandlers
from tsock.api.conversations.rest.users import UserHandlers
from tsock.api.conversations.rest.webhooks import WebhookHandlers
from tsock.api.router import Route


def routes(scope: RestScope, pre_hooks: PreHooks, vault: Vault, contents: Contents) -> list[Route]:
    """The part of the route table that is served here."""
    return [
        *ServiceHandlers(scope).routes(),
        *ConfigurationHandlers().routes(),
        *ConversationHandlers(scope, pre_hooks).routes(),
        *ConversationWithParticipantsHandlers(scope, pre_hooks).routes(),
        *ParticipantConversationHandlers(scope).routes(),
        *ParticipantHandlers(scope, pre_hooks).routes(),
        *MessageHandlers(scope, pre_hooks, contents).routes(),
        *ReceiptHandlers(scope).routes(),
        *UserHandlers(scope, pre_hooks).routes(),
        *UserConversationHandlers(scope, pre_hooks).routes(),
        *RoleHandlers(scope).routes(),
        *BindingHandlers(scope).routes(),
        *CredentialHandlers(vault).routes(),
        *NotificationHandlers().routes(),
        *WebhookHandlers(scope, vault).routes(),
    ]

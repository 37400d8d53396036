"""What makes and changes an object of Conversations, and what stands below a user."""

import itertools
import json

Form = dict[str, str]
_numbers = itertools.count()

ATTRIBUTES = json.dumps({"text": "grüße & more", "n": 1})
DATES = {"DateCreated": "2031-01-31T08:00:00Z", "DateUpdated": "2031-02-01"}
CONVERSATION = {
    "FriendlyName": "a conversation",
    "Attributes": ATTRIBUTES,
    "MessagingServiceSid": "MG" + "a" * 32,
    "State": "active",
    "Timers.Inactive": "PT10M",
    "Timers.Closed": "P1D",
    "Bindings.Email.Address": "support@example.com",
    "Bindings.Email.Name": "Support",
    **DATES,
}
READ = {"LastReadMessageIndex": "0", "LastReadTimestamp": "2031-01-31T08:00:00Z"}
TEMPLATE = {"friendly_name": "hello", "types": {"twilio/text": {"body": "Hi {{1}}"}}}
"""An operator's, which messages are made from."""
UPDATES: dict[str, Form] = {
    "Configuration": {
        "DefaultInactiveTimer": "PT10M",
        "DefaultClosedTimer": "P1D",
        "ReachabilityEnabled": "true",
    },
    "Conversations": {**CONVERSATION, "UniqueName": ""},
    "Messages": {"Author": "alice", "Body": "another", "Attributes": ATTRIBUTES, "Subject": "s", **DATES},
    "Participants": {"Attributes": ATTRIBUTES, **DATES, **READ},
    "Roles": {"Permission": "leaveConversation"},
    "Users": {"FriendlyName": "another name", "Attributes": ATTRIBUTES},
    "UserConversations": {"NotificationLevel": "muted", **READ},
}
"""By kind, the form that changes one."""

SINGLE = ("Configuration", "ConversationWithParticipants", "ParticipantConversations")
"""What is no list of objects that are made one by one."""


def kind(path: str) -> str:
    """The kind of what lies in a collection; a user's conversations are one of their own."""
    segments = path.split("/")
    below_user = segments[-1] == "Conversations" and "Users" in segments
    return "UserConversations" if below_user else segments[-1]


def creation(path: str) -> Form:
    """The form that makes an object in a collection, unlike any other of its kind."""
    name = f"number {next(_numbers)}"
    conversation = {**CONVERSATION, "UniqueName": name}
    return {
        "Configuration": UPDATES["Configuration"],
        "Conversations": conversation,
        "ConversationWithParticipants": {**conversation, "Participant": json.dumps({"identity": name})},
        "Messages": UPDATES["Messages"],
        "Participants": {"Identity": name, "Attributes": ATTRIBUTES, **DATES},
        "Roles": {"FriendlyName": name, "Type": "conversation", "Permission": "sendMessage"},
        "Services": {"FriendlyName": name},
        "Users": {"Identity": name, "FriendlyName": name, "Attributes": ATTRIBUTES},
    }[kind(path)]

"""The errors Conversations answers with: status, documented code and public text.

Texts say what was expected. Over REST an unknown object is answered as everywhere there, with 20404.
"""

from collections.abc import Sequence

from tsock.errors import ApiError, invalid


def conversation_not_found(name: str) -> ApiError:
    """404/50350."""
    return ApiError(404, 50350, f"Conversation not found: there is none named {name[:64]}")


def not_a_participant() -> ApiError:
    """403/50430."""
    return ApiError(
        403, 50430, "Participant is not a member of conversation: whoever is inside, or REST, can add it"
    )


def unauthorized(permission: str, roles: Sequence[str]) -> ApiError:
    """403/50107; `roles` are those of which one would have needed the permission."""
    return ApiError(
        403, 50107, f"User not authorized for command: {permission} is missing in {' and in '.join(roles)}"
    )


def participant_not_found(name: str) -> ApiError:
    """404/50432."""
    return ApiError(404, 50432, f"Participant not found: there is none named {name[:64]} in the conversation")


def participant_exists(identity: str) -> ApiError:
    """409/50433."""
    return ApiError(409, 50433, f"Participant already exists: {identity[:64]} is in the conversation")


def already_invited(identity: str) -> ApiError:
    """409/50212."""
    return ApiError(409, 50212, f"User already invited: {identity[:64]} may join or decline")


def invite_not_found(name: str) -> ApiError:
    """404/50601."""
    return ApiError(404, 50601, f"Invite not found: there is none of {name[:64]} to the conversation")


def has_joined(identity: str) -> ApiError:
    """400/50602."""
    return ApiError(
        400,
        50602,
        f"Cannot decline invite when already channel member: {identity[:64]} is in the conversation, "
        "and may leave it",
    )


def message_not_found(sid: str) -> ApiError:
    """404/50500."""
    return ApiError(404, 50500, f"Message not found: there is none named {sid[:64]} in the conversation")


def no_channel_metadata(sid: str) -> ApiError:
    """404/50530."""
    return ApiError(404, 50530, f"Channel Metadata not found: {sid} came from no other channel")


def user_not_found(identity: str) -> ApiError:
    """404/50200."""
    return ApiError(404, 50200, f"User not found: the service knows no {identity[:64]}")


def user_exists(identity: str) -> ApiError:
    """409/50201."""
    return ApiError(409, 50201, f"User already exists: {identity[:64]}")


def closed() -> ApiError:
    """400/50377."""
    return ApiError(400, 50377, "Can't update conversation as it's in final closed state")


def initializing() -> ApiError:
    """409/50386."""
    return ApiError(
        409, 50386, "Conversation in 'initializing' state may not be updated or used for message sending"
    )


def name_taken(name: str) -> ApiError:
    """409/50353."""
    return ApiError(409, 50353, f"Conversation with provided unique name already exists: {name[:64]}")


def name_like_sid() -> ApiError:
    """400/50390."""
    return ApiError(400, 50390, "Unique name should not match conversation sid pattern: CH and 32 hex digits")


def name_too_long(code: int, what: str, chars: int, chars_max: int) -> ApiError:
    """400/50003, 400/50004 or another code for a text that is too long."""
    return ApiError(400, code, f"{what} too long: {chars} characters, at most {chars_max} are allowed")


def attributes_too_long(size: int, bytes_max: int) -> ApiError:
    """400/50303."""
    return ApiError(400, 50303, f"Attributes too long: {size} bytes, at most {bytes_max} are allowed")


def attributes_not_json(problem: str) -> ApiError:
    """400/50304."""
    return ApiError(400, 50304, f"Attributes not valid JSON: {problem}")


def body_too_long(size: int, bytes_max: int) -> ApiError:
    """400/50504."""
    return ApiError(400, 50504, f"Message body is too long: {size} bytes, at most {bytes_max} are allowed")


def media_not_found(sid: str) -> ApiError:
    """404/50507."""
    return ApiError(404, 50507, f"Media not found: there is none named {sid[:64]} in the service")


def media_taken(sid: str) -> ApiError:
    """409/50508."""
    return ApiError(409, 50508, f"Media already sent with another message: {sid}; upload it again")


def bad_media_sid() -> ApiError:
    """400/50510."""
    return ApiError(400, 50510, "Invalid message media SID: expected ME and 32 hex digits")


def too_many_media(number: int, most: int) -> ApiError:
    """400/20422."""
    return invalid(f"expected at most {most} media for a message, {number} were given")


def media_too_large(size: int, bytes_max: int) -> ApiError:
    """413/50512."""
    return ApiError(
        413, 50512, f"Message media size is too large: {size} bytes together, at most {bytes_max} are allowed"
    )


def bad_index() -> ApiError:
    """400/50421."""
    return ApiError(
        400, 50421, "Invalid last read message index: expected the index of a message, a whole number from 0"
    )


def bad_level() -> ApiError:
    """400/50210."""
    return ApiError(400, 50210, "Invalid notification level: expected default or muted")


def too_many_participants(most: int) -> ApiError:
    """403/50417."""
    return ApiError(403, 50417, f"Participants limit exceeded: a conversation has at most {most}")


def too_many_outside(most: int) -> ApiError:
    """403/50418."""
    return ApiError(403, 50418, f"Non-Chat participants limit exceeded: a conversation has at most {most}")


def too_many_conversations(identity: str, most: int) -> ApiError:
    """403/50214."""
    return ApiError(
        403,
        50214,
        f"User conversation limit exceeded: {identity[:64]} is in {most} that are not closed, and in no more",
    )


def pair_in_use() -> ApiError:
    """409/50416."""
    return ApiError(
        409,
        50416,
        "Participant and proxy address pair is already in use in a conversation that is not closed",
    )


def no_identity() -> ApiError:
    """400/50204."""
    return ApiError(400, 50204, "Identity not provided: expected an identity, or a messaging binding")


def reserved_identity(identity: str) -> ApiError:
    """400/50203."""
    return ApiError(400, 50203, f"Identity reserved: {identity} stands for REST")


def identity_like_sid() -> ApiError:
    """400/50206."""
    return ApiError(400, 50206, "Identity should not match user SID pattern: US and 32 hex digits")


def identity_and_address() -> ApiError:
    """400/50211."""
    return ApiError(
        400, 50211, "Identity parameter not acceptable for this Participant: it takes part by an address"
    )


def role_not_found(code: int, sid: str) -> ApiError:
    """404/50100, 50102 or 50109."""
    return ApiError(404, code, f"Role not found: the service has none of that type named {sid[:64]}")


def nothing_to_change() -> ApiError:
    """400/20161."""
    return ApiError(400, 20161, "Invalid request: an update needs at least one parameter")


def by_hook(event: str, status: int) -> ApiError:
    """403/50056."""
    return ApiError(
        403, 50056, f"Webhook disabled processing of command: the hook answered {status} to {event}"
    )

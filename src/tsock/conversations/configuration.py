"""What can be set of a chat service: the roles of newcomers, reachability, notifications."""

import msgspec
from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from tsock.accounts import services
from tsock.accounts.principal import Author
from tsock.accounts.records import Service
from tsock.accounts.services import ServiceChange
from tsock.conversations import roles
from tsock.conversations.notifications import Notifications, check
from tsock.conversations.roles import RoleType
from tsock.conversations.services import ChannelOptions, ChatOptions, options_of
from tsock.storage.store import Tx


class OptionsChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is to be set of a service's options; what is unset keeps its value."""

    service_role_sid: str | UnsetType = UNSET
    creator_role_sid: str | UnsetType = UNSET
    conversation_role_sid: str | UnsetType = UNSET
    reachability_enabled: bool | UnsetType = UNSET


def change_options(tx: Tx, service: Service, change: OptionsChange, *, by: Author) -> Service:
    """Set what the change says, of a claimed service.

    Raises:
        ApiError: 50100, no such role.
    """
    _check_role(tx, service, change.service_role_sid, "service")
    _check_role(tx, service, change.creator_role_sid, "conversation")
    _check_role(tx, service, change.conversation_role_sid, "conversation")
    options = replace(options_of(service), **msgspec.to_builtins(change))
    return _change(tx, service, options, by)


def change_notifications(tx: Tx, service: Service, notifications: Notifications, *, by: Author) -> Service:
    """Set of what users are notified.

    Raises:
        ApiError: 50058, 50059.
    """
    check(notifications)
    return _change(tx, service, replace(options_of(service), notifications=notifications), by)


def change_channels(tx: Tx, service: Service, channels: ChannelOptions, *, by: Author) -> Service:
    """Set what only Programmable Chat's API sets."""
    return _change(tx, service, replace(options_of(service), channels=channels), by)


def _change(tx: Tx, service: Service, options: ChatOptions, by: Author) -> Service:
    # A service that was made with its account has no options yet: what changes is told against the defaults.
    as_known = replace(service, options=_written(options_of(service)))
    return services.change_service(tx, as_known, ServiceChange(options=_written(options)), by=by)


def _check_role(tx: Tx, service: Service, sid: str | UnsetType, kind: RoleType) -> None:
    if sid is not UNSET:
        roles.claim(tx, service.sid, sid, kind, 50100)


def _written(options: ChatOptions) -> str:
    return msgspec.json.encode(options).decode()

"""Of what users of a service are notified, over REST (`protocol/rest.md`, Services and configuration)."""

from typing import TypeVar

import msgspec
from msgspec.structs import replace

from tsock.accounts import services
from tsock.accounts.caller import CHAT
from tsock.accounts.records import Service
from tsock.api.conversations.rest import bodies
from tsock.api.conversations.rest.route import route
from tsock.api.request import Answer, Read, Request, Response, Write, answer
from tsock.api.rest import fields
from tsock.api.rest.asker import asker
from tsock.api.rest.fields import Fields
from tsock.api.router import Route
from tsock.conversations import configuration
from tsock.conversations.notifications import MediaNotice, MessageNotice, Notice, Notifications
from tsock.conversations.services import options_of
from tsock.storage.store import Tx

_PLACE = "/Services/{service}/Configuration/Notifications"

Told = TypeVar("Told", Notice, MessageNotice, MediaNotice)


class NotificationHandlers:
    """Fetch and change."""

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        return [
            route("GET", _PLACE, self.fetch, "service-notifications/read"),
            route("POST", _PLACE, self.change, "service-notifications/update"),
        ]

    def fetch(self, request: Request, name: str) -> Answer:
        """What is configured."""
        account_sid = asker(request).account.sid

        def query(tx: Tx) -> Response:
            return answer(_shown(services.get_service(tx, account_sid, CHAT, name), request.base))

        return Read(query)

    def change(self, request: Request, name: str) -> Answer:
        """Set what is given."""
        principal, form = asker(request), fields.of_form(request)
        _changed(Notifications(), form)  # refuses what is malformed before anything is looked up

        def rule(tx: Tx) -> Response:
            service = services.claim_service(tx, principal.account.sid, CHAT, name)
            wanted = _changed(options_of(service).notifications, form)
            changed = configuration.change_notifications(tx, service, wanted, by=principal.author)
            return answer(_shown(changed, request.base))

        return Write(rule)


def _changed(known: Notifications, form: Fields) -> Notifications:
    message = notice(known.new_message, form, "NewMessage")
    badge = form.flag("NewMessage.BadgeCountEnabled")
    log = form.flag("LogEnabled")
    return Notifications(
        log_enabled=known.log_enabled if log is None else log,
        new_message=replace(
            message,
            badge_count_enabled=message.badge_count_enabled if badge is None else badge,
            with_media=notice(message.with_media, form, "NewMessage.WithMedia"),
        ),
        added_to_conversation=notice(known.added_to_conversation, form, "AddedToConversation"),
        removed_from_conversation=notice(known.removed_from_conversation, form, "RemovedFromConversation"),
    )


def notice(known: Told, form: Fields, name: str) -> Told:
    """A notice with what the parameters that begin with `name` set."""
    given = {
        "enabled": form.flag(f"{name}.Enabled"),
        "template": form.text(f"{name}.Template"),
        "sound": form.text(f"{name}.Sound") if isinstance(known, Notice) else None,
    }
    return replace(known, **{member: value for member, value in given.items() if value is not None})


def _shown(service: Service, base: str) -> bodies.Body:
    return {
        "account_sid": service.account_sid,
        "chat_service_sid": service.sid,
        **msgspec.to_builtins(options_of(service).notifications),
        "url": f"{base}/v1/Services/{service.sid}/Configuration/Notifications",
    }

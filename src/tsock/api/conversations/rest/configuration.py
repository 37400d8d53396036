"""What holds for all conversations of an account, and of a service, over REST."""

from msgspec import UNSET

from tsock.accounts import services
from tsock.accounts.caller import CHAT
from tsock.accounts.directory import DEFAULT
from tsock.accounts.records import Service
from tsock.api.conversations.rest import bodies
from tsock.api.conversations.rest import fields as given
from tsock.api.conversations.rest.route import route
from tsock.api.request import Answer, Read, Request, Response, Write, answer
from tsock.api.rest import fields
from tsock.api.rest.asker import asker
from tsock.api.router import Route
from tsock.conversations import configuration, defaults, roles
from tsock.conversations.configuration import OptionsChange
from tsock.conversations.defaults import DefaultsChange
from tsock.conversations.services import options_of
from tsock.storage.store import Tx

_OF_ACCOUNT, _OF_SERVICE = "/Configuration", "/Services/{service}/Configuration"


class ConfigurationHandlers:
    """Fetch and change."""

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        return [
            route("GET", _OF_ACCOUNT, self.fetch_account, "configuration/read"),
            route("POST", _OF_ACCOUNT, self.change_account, "configuration/update"),
            route("GET", _OF_SERVICE, self.fetch_service, "service-configuration/read"),
            route("POST", _OF_SERVICE, self.change_service, "service-configuration/update"),
        ]

    def fetch_account(self, request: Request) -> Answer:
        """The default service, and what new conversations begin with."""
        account_sid = asker(request).account.sid

        def query(tx: Tx) -> Response:
            default = services.get_service(tx, account_sid, CHAT, DEFAULT)
            return answer(bodies.configuration(default, defaults.of_account(tx, account_sid), request.base))

        return Read(query)

    def change_account(self, request: Request) -> Answer:
        """Set what is given."""
        principal = asker(request)
        account_sid = principal.account.sid
        form = fields.of_form(request)
        service_sid = form.sid("DefaultChatServiceSid", "IS")
        change = DefaultsChange(
            messaging_service_sid=given.sid(form, "DefaultMessagingServiceSid", "MG"),
            inactive_after=given.text(form, "DefaultInactiveTimer"),
            closed_after=given.text(form, "DefaultClosedTimer"),
        )

        def rule(tx: Tx) -> Response:
            if service_sid is not None:
                services.make_default(tx, account_sid, CHAT, service_sid, by=principal.author)
            known = defaults.update(tx, account_sid, change)
            default = services.get_service(tx, account_sid, CHAT, DEFAULT)
            return answer(bodies.configuration(default, known, request.base))

        return Write(rule)

    def fetch_service(self, request: Request, name: str) -> Answer:
        """Roles of newcomers, and whether it is told who is online."""
        account_sid = asker(request).account.sid

        def rule(tx: Tx) -> Response:
            service = services.get_service(tx, account_sid, CHAT, name)
            return answer(_of_service(tx, service, request.base))

        return Write(rule)  # the first use of a service makes its roles

    def change_service(self, request: Request, name: str) -> Answer:
        """Set what is given."""
        principal = asker(request)
        form = fields.of_form(request)
        flag = form.flag("ReachabilityEnabled")
        change = OptionsChange(
            service_role_sid=given.sid(form, "DefaultChatServiceRoleSid", "RL"),
            creator_role_sid=given.sid(form, "DefaultConversationCreatorRoleSid", "RL"),
            conversation_role_sid=given.sid(form, "DefaultConversationRoleSid", "RL"),
            reachability_enabled=UNSET if flag is None else flag,
        )

        def rule(tx: Tx) -> Response:
            service = services.claim_service(tx, principal.account.sid, CHAT, name)
            changed = configuration.change_options(tx, service, change, by=principal.author)
            return answer(_of_service(tx, changed, request.base))

        return Write(rule)


def roles_of(tx: Tx, service: Service) -> dict[str, str]:
    """The roles of newcomers; those of a new service are made now."""
    options = options_of(service)

    def role(chosen: str | None, name: roles.BuiltIn) -> str:
        return chosen or roles.built_in(tx, service.sid, name).sid

    return {
        "default_conversation_creator_role_sid": role(options.creator_role_sid, "channel admin"),
        "default_conversation_role_sid": role(options.conversation_role_sid, "channel user"),
        "default_chat_service_role_sid": role(options.service_role_sid, "service user"),
    }


def _of_service(tx: Tx, service: Service, base: str) -> bodies.Body:
    url = f"{base}/v1/Services/{service.sid}/Configuration"
    return {
        "chat_service_sid": service.sid,
        **roles_of(tx, service),
        "reachability_enabled": options_of(service).reachability_enabled,
        "url": url,
        "links": {"notifications": f"{url}/Notifications", "webhooks": f"{url}/Webhooks"},
    }

"""Services of Chat: what are four resources in Conversations is one here."""

from msgspec import UNSET
from msgspec.structs import replace

from tsock.accounts import services, webhook_urls
from tsock.accounts.caller import CHAT
from tsock.accounts.secrets import Vault
from tsock.accounts.services import ServiceChange
from tsock.api.conversations.chat.route import IN_SERVICE, Handler, route
from tsock.api.conversations.chat.translation import Body, Resource, same, translated
from tsock.api.conversations.chat.words import EVENTS, in_chat
from tsock.api.conversations.rest import bodies
from tsock.api.conversations.rest import configuration as rest_configuration
from tsock.api.conversations.rest import fields as given
from tsock.api.conversations.rest.notifications import notice
from tsock.api.conversations.rest.scope import RestScope
from tsock.api.conversations.rest.services import ServiceHandlers as RestServiceHandlers
from tsock.api.conversations.rest.services import checked_name
from tsock.api.request import Answer, Request, Response, Write, answer
from tsock.api.rest import fields
from tsock.api.rest.asker import asker
from tsock.api.rest.fields import Fields
from tsock.api.router import Route
from tsock.conversations import configuration, hook_settings
from tsock.conversations.actor import limited
from tsock.conversations.configuration import OptionsChange
from tsock.conversations.hook_settings import HooksChange
from tsock.conversations.notifications import Notice, Notifications
from tsock.conversations.services import ChannelOptions, options_of
from tsock.settings import Settings
from tsock.storage.store import Tx

_RETRIES_MAX = 3
_SECONDS_MAX = 3600
_MEMBERS_MAX = 1000
_MIB = 1024 * 1024

SERVICE = Resource(
    many="services",
    parameters=same(
        "FriendlyName",
        "DefaultServiceRoleSid",
        "DefaultChannelRoleSid",
        "DefaultChannelCreatorRoleSid",
        "ReadStatusEnabled",
        "ReachabilityEnabled",
        "TypingIndicatorTimeout",
        "ConsumptionReportInterval",
        "Limits.ChannelMembers",
        "Limits.UserChannels",
        "Media.CompatibilityMessage",
        "PreWebhookUrl",
        "PostWebhookUrl",
        "WebhookMethod",
        "WebhookFilters",
        "PreWebhookRetryCount",
        "PostWebhookRetryCount",
        "Notifications.LogEnabled",
        "Notifications.NewMessage.BadgeCountEnabled",
        *(
            f"Notifications.{event}.{member}"
            for event in ("NewMessage", "AddedToChannel", "RemovedFromChannel", "InvitedToChannel")
            for member in ("Enabled", "Template", "Sound")
        ),
    ),
    members=same("sid", "account_sid", "friendly_name", "date_created", "date_updated", "url"),
)


class ServiceHandlers:
    """Create, list, fetch, change, delete; all but the change is that of Conversations."""

    def __init__(self, scope: RestScope, vault: Vault, settings: Settings) -> None:
        self._conversations = RestServiceHandlers(scope)
        self._limits = scope.limits
        self._vault = vault
        self._settings = settings

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        resource = replace(SERVICE, more=self._more)

        def chat(handler: Handler) -> Handler:
            return translated(handler, resource, writes=True)  # the first use of a service makes its roles

        many, one = "/Services", IN_SERVICE
        return [
            route("POST", many, chat(self._conversations.create), "services/create"),
            route("GET", many, chat(self._conversations.every), "services/list"),
            route("GET", one, chat(self._conversations.fetch), "services/read"),
            route("POST", one, chat(self.change), "services/update"),
            route("DELETE", one, self._conversations.delete, "services/delete"),
        ]

    def change(self, request: Request, name: str) -> Answer:
        """Set what is given."""
        principal, form = asker(request), fields.of_form(request)
        _channel_options(ChannelOptions(), form)  # refuses what is malformed before anything is looked up
        _notifications(Notifications(), form)
        name_given = form.text("FriendlyName")
        friendly_name = None if name_given is None else checked_name(name_given)
        options, hooks = _options(form), _hooks(form)

        def rule(tx: Tx) -> Response:
            service, by = services.claim_service(tx, principal.account.sid, CHAT, name), principal.author
            if friendly_name is not None:
                service = services.change_service(
                    tx, service, ServiceChange(friendly_name=friendly_name), by=by
                )
            if options != OptionsChange():
                service = configuration.change_options(tx, service, options, by=by)
            if hooks != HooksChange():
                service = hook_settings.change_of_service(tx, self._vault, service, hooks, by=by)
            known = options_of(service)
            notifications, channels = (
                _notifications(known.notifications, form),
                _channel_options(known.channels, form),
            )
            if notifications != known.notifications:
                service = configuration.change_notifications(tx, service, notifications, by=by)
            if channels != known.channels:
                service = configuration.change_channels(tx, service, channels, by=by)
            return answer(bodies.service(service, request.base))

        return Write(rule)

    def _more(self, tx: Tx, body: Body) -> Body:
        """What Conversations has in the resources below a service."""
        service = services.get_service(tx, body["account_sid"], CHAT, body["sid"])
        options, roles = options_of(service), rest_configuration.roles_of(tx, service)
        channels, hooks, notifications = options.channels, options.webhooks, options.notifications
        limits = limited(self._limits, options)
        message = notifications.new_message
        return {
            "default_service_role_sid": roles["default_chat_service_role_sid"],
            "default_channel_role_sid": roles["default_conversation_role_sid"],
            "default_channel_creator_role_sid": roles["default_conversation_creator_role_sid"],
            "read_status_enabled": channels.read_status_enabled,
            "reachability_enabled": options.reachability_enabled,
            "typing_indicator_timeout": channels.typing_timeout_s or self._settings.chat_typing_timeout_s,
            "consumption_report_interval": channels.report_interval_s,
            "limits": {
                "channel_members": limits.participants_max,
                "user_channels": limits.conversations_per_user_max,
            },
            "pre_webhook_url": webhook_urls.shown(self._vault, service.account_sid, hooks.pre_url),
            "post_webhook_url": webhook_urls.shown(self._vault, service.account_sid, hooks.post_url),
            "webhook_method": hooks.method,
            "webhook_filters": [in_chat(EVENTS, name) for name in hooks.filters],
            "pre_webhook_retry_count": channels.pre_webhook_retries,
            "post_webhook_retry_count": channels.post_webhook_retries,
            "notifications": {
                "log_enabled": notifications.log_enabled,
                "new_message": {**_notice(message), "badge_count_enabled": message.badge_count_enabled},
                "added_to_channel": _notice(notifications.added_to_conversation),
                "removed_from_channel": _notice(notifications.removed_from_conversation),
                "invited_to_channel": _notice(channels.invited),
            },
            "media": {
                "size_limit_mb": self._settings.media_bytes_max // _MIB,
                "compatibility_message": channels.compatibility_message,
            },
            "links": {
                name.lower(): f"{body['url']}/{name}" for name in ("Channels", "Users", "Roles", "Bindings")
            },
        }


def _options(form: Fields) -> OptionsChange:
    flag = form.flag("ReachabilityEnabled")
    return OptionsChange(
        service_role_sid=given.sid(form, "DefaultServiceRoleSid", "RL"),
        creator_role_sid=given.sid(form, "DefaultChannelCreatorRoleSid", "RL"),
        conversation_role_sid=given.sid(form, "DefaultChannelRoleSid", "RL"),
        reachability_enabled=UNSET if flag is None else flag,
    )


def _hooks(form: Fields) -> HooksChange:
    names = form.texts("WebhookFilters")
    return HooksChange(
        pre_url=given.text(form, "PreWebhookUrl"),
        post_url=given.text(form, "PostWebhookUrl"),
        filters=tuple(EVENTS.get(name, name) for name in names) if names else UNSET,
        method=given.text(form, "WebhookMethod"),
    )


def _notifications(known: Notifications, form: Fields) -> Notifications:
    log = form.flag("Notifications.LogEnabled")
    badge = form.flag("Notifications.NewMessage.BadgeCountEnabled")
    message = notice(known.new_message, form, "Notifications.NewMessage")
    return replace(
        known,
        log_enabled=known.log_enabled if log is None else log,
        new_message=replace(
            message, badge_count_enabled=message.badge_count_enabled if badge is None else badge
        ),
        added_to_conversation=notice(known.added_to_conversation, form, "Notifications.AddedToChannel"),
        removed_from_conversation=notice(
            known.removed_from_conversation, form, "Notifications.RemovedFromChannel"
        ),
    )


def _channel_options(known: ChannelOptions, form: Fields) -> ChannelOptions:
    told = {
        "read_status_enabled": form.flag("ReadStatusEnabled"),
        "typing_timeout_s": form.whole("TypingIndicatorTimeout", 1, _SECONDS_MAX),
        "report_interval_s": form.whole("ConsumptionReportInterval", 1, _SECONDS_MAX),
        "members_max": form.whole("Limits.ChannelMembers", 1, _MEMBERS_MAX),
        "channels_per_user_max": form.whole("Limits.UserChannels", 1, _MEMBERS_MAX),
        "compatibility_message": form.text("Media.CompatibilityMessage"),
        "pre_webhook_retries": form.whole("PreWebhookRetryCount", 0, _RETRIES_MAX),
        "post_webhook_retries": form.whole("PostWebhookRetryCount", 0, _RETRIES_MAX),
        "invited": notice(known.invited, form, "Notifications.InvitedToChannel"),
    }
    return replace(known, **{name: value for name, value in told.items() if value is not None})


def _notice(known: Notice) -> Body:
    return {"enabled": known.enabled, "template": known.template, "sound": known.sound}

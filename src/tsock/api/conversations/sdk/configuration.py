"""The first thing that a client asks: who it is, where everything is, what it may do."""

from tsock.api.conversations.media.links import media_url
from tsock.api.conversations.sdk.scope import ChatScope, base, service_url
from tsock.api.request import Answer, Door, Request, Response, Write, answer
from tsock.api.router import Route
from tsock.conversations import objects, users
from tsock.settings import Settings
from tsock.storage.store import Tx

TEXT_TYPES = ["text/plain", "text/html"]
_MIB = 1024 * 1024


class ConfigurationHandlers:
    """Makes the user of an identity that comes for the first time."""

    def __init__(self, scope: ChatScope, settings: Settings) -> None:
        self._scope = scope
        self._settings = settings

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        return [
            Route(Door.TUNNEL, "GET", f"/Client/{version}/Configuration", self.configuration)
            for version in ("v1", "v2")
        ]

    def configuration(self, request: Request) -> Answer:
        """Identity, options, names of the caller's own maps, and links."""
        actor = self._scope.actor(request)
        caller = request.caller
        assert caller is not None
        root, place = base(request), service_url(request, actor)
        # Clients of the first generation show the rows of that list as they are, so theirs are whole.
        own_list = "Channels" if request.path[1] == "v1" else "Conversations"
        settings = self._settings
        media = media_url(settings.public_url or request.origin, actor.service_sid)
        options = {
            "reachability_enabled": actor.options.reachability_enabled,
            "user_infos_to_subscribe": settings.chat_users_followed_max,
            # Of each answer, repeated questions would see the old one for that long.
            "http_cache_interval": "PT0S",
            "consumption_report_interval": f"PT{actor.options.channels.report_interval_s}S",
            "my_conversations_page_size": settings.chat_page_rows,
            "media_attachments_count_limit": settings.media_per_message_max,
            "media_attachment_size_limit_in_mb": settings.media_bytes_max // _MIB,
            "media_attachments_total_size_limit_in_mb": settings.media_per_message_bytes_max // _MIB,
            "email_bodies_allowed_mime_types": TEXT_TYPES,
            "email_histories_allowed_mime_types": TEXT_TYPES,
        }

        def rule(tx: Tx) -> Response:
            user = users.ensure(tx, actor, actor.identity, role_sid=caller.role_sid)
            own = f"{place}/Users/{user.sid}"
            return answer(
                {
                    "identity": actor.identity,
                    "url": f"{root}/{'/'.join(request.path)}",
                    "sync_objects": {
                        "my_conversations": user.conversations_sid,
                        "my_channels": user.conversations_sid,
                        "my_user_info": user.info_sid,
                    },
                    "options": options,
                    "links": {
                        "my_conversations": f"{own}/{own_list}",
                        "conversations": f"{place}/Conversations",
                        "users": f"{place}/Users",
                        "current_user": own,
                        "typing": f"{root}/v1/typing",
                        "media_service": media,
                        "media_set_service": f"{media}Set",
                        "messages_receipts": f"{place}/Conversations/%s/Messages/%s/Receipts",
                    },
                }
            )

        return Write(rule, about=objects.INFO)

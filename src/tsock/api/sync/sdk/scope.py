"""Whose Sync objects a request may reach: the service that its grant names, and nothing else."""

from tsock.accounts.caller import CHAT
from tsock.accounts.directory import Directory
from tsock.api.addressing import tunnelled_base
from tsock.api.request import Request
from tsock.api.sync.links import Links
from tsock.errors import ApiError
from tsock.sync import refusals
from tsock.sync.actor import Actor, Readable, SyncLimits
from tsock.sync.announce import CDS_HOST
from tsock.sync.services import options_of


class SdkScope:
    """Names the actor of a tunnelled request, and the base of the URLs it is shown."""

    def __init__(self, directory: Directory, limits: SyncLimits, chat_readable: Readable) -> None:
        """`chat_readable` tells what may be read of Conversations' objects, which have no permissions."""
        self._directory = directory
        self._chat_readable = chat_readable
        self.limits = limits

    def actor(self, request: Request) -> Actor:
        """Who asks, in the service of the grant that the request is made under.

        Raises:
            ApiError: 54050, of Conversations 50050, the service was deleted meanwhile; 54056 it was
                disabled; 54007 a write to what only Conversations changes.
        """
        caller = request.caller
        session = request.session
        assert caller is not None
        assert session is not None
        service = self._directory.service(caller.products[request.product])
        if service is None or service.deleted_ms is not None:
            code = 50050 if request.product == CHAT else 54050
            raise ApiError(404, code, "Service Instance not found")
        if not service.enabled:
            raise refusals.service_out_of_reach()
        endpoint_id = caller.endpoint_id or session.endpoint_id
        if request.product == CHAT:
            if request.method != "GET" and request.path[-1] != "Subscriptions":
                raise refusals.forbidden(
                    "what is of a conversation is changed by way of the conversation alone"
                )
            return Actor(
                account_sid=caller.account_sid,
                service_sid=service.sid,
                identity=caller.identity,
                readable=self._chat_readable,
                endpoint_id=endpoint_id,
                limits=self.limits,
            )
        options = options_of(service)
        return Actor(
            account_sid=caller.account_sid,
            service_sid=service.sid,
            identity=caller.identity,
            acl_enabled=options.acl_enabled,
            connection=session.origin,
            webhook_url=options.webhook_url,
            endpoint_id=endpoint_id,
            limits=self.limits,
        )


def links(request: Request, actor: Actor) -> Links:
    """URLs on the host that the client asked, so that `cdsUri` and `region` clients stay on it."""
    base = tunnelled_base(request.headers.get("host", ""), CDS_HOST)
    return Links(actor.account_sid, actor.service_sid, base, "v3")

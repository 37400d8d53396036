"""Permissions on Sync objects, which bind clients of a service whose `acl_enabled` is on."""

from tsock.accounts.caller import SYNC
from tsock.accounts.services import get_service
from tsock.api.operator.body import PAGE_ROWS, Body, decoded, page
from tsock.api.request import Answer, Door, Read, Request, Response, Write, answer
from tsock.api.router import Route
from tsock.errors import invalid
from tsock.storage.keyset import Cursor
from tsock.storage.store import Tx
from tsock.sync import permissions, roots
from tsock.sync.actor import Actor
from tsock.sync.kinds import KINDS, STREAM
from tsock.sync.models import Root


class PermissionBody(Body, frozen=True):
    """What an identity may do; all of it is replaced."""

    read: bool = False
    write: bool = False
    manage: bool = False


class _Object:
    """An object as a path names it: account, service, kind, SID or unique name."""

    def __init__(self, account: str, service: str, kind: str, name: str) -> None:
        if kind not in KINDS or KINDS[kind] is STREAM:
            raise invalid(f"document, list and map have permissions, not {kind[:32]}")
        self._account = account
        self._service = service
        self._kind = KINDS[kind]
        self._name = name

    def find(self, tx: Tx) -> Root:
        return roots.find(tx, self._actor(tx), self._kind, self._name)

    def claim(self, tx: Tx) -> Root:
        return roots.claim(tx, self._actor(tx), self._kind, self._name)

    def _actor(self, tx: Tx) -> Actor:
        service = get_service(tx, self._account, SYNC, self._service)
        return Actor(self._account, service.sid)


class PermissionHandlers:
    """Set, show, take back what an identity may do with a document, list or map."""

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        many = "/accounts/{account}/sync/{service}/{kind}/{object}/permissions"
        one = many + "/{identity}"
        return [
            Route(Door.OPERATOR, "GET", many, self.every),
            Route(Door.OPERATOR, "GET", one, self.fetch),
            Route(Door.OPERATOR, "POST", one, self.grant),
            Route(Door.OPERATOR, "DELETE", one, self.remove),
        ]

    def every(self, request: Request, account: str, service: str, kind: str, name: str) -> Answer:
        """What was set for every identity."""
        of, behind = _Object(account, service, kind, name), Cursor((request.params.get("after", ""),))

        def query(tx: Tx) -> Response:
            found, _ = permissions.page(tx, of.find(tx), behind, PAGE_ROWS)
            return page("permissions", found, lambda permission: permission, key="identity")

        return Read(query)

    def fetch(
        self, request: Request, account: str, service: str, kind: str, name: str, identity: str
    ) -> Answer:
        """What was set for one identity."""
        of = _Object(account, service, kind, name)
        return Read(lambda tx: answer(permissions.fetch(tx, of.find(tx), identity)))

    def grant(
        self, request: Request, account: str, service: str, kind: str, name: str, identity: str
    ) -> Answer:
        """Set what an identity may do, over what was set before."""
        of, body = _Object(account, service, kind, name), decoded(request, PermissionBody)

        def rule(tx: Tx) -> Response:
            root = of.claim(tx)
            return answer(
                permissions.grant(tx, root, identity, read=body.read, write=body.write, manage=body.manage)
            )

        return Write(rule)

    def remove(
        self, request: Request, account: str, service: str, kind: str, name: str, identity: str
    ) -> Answer:
        """Take back whatever was set; the answer shows it."""
        of = _Object(account, service, kind, name)

        def rule(tx: Tx) -> Response:
            root = of.claim(tx)
            before = permissions.fetch(tx, root, identity)
            permissions.remove(tx, root, identity)
            return answer(before)

        return Write(rule)

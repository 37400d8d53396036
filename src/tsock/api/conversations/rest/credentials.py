"""Push credentials over REST, without their secrets (`protocol/rest.md`, Bindings and push credentials)."""

from msgspec import UNSET

from tsock.accounts.secrets import Vault
from tsock.api.conversations.rest import bodies
from tsock.api.conversations.rest import fields as given
from tsock.api.conversations.rest.route import route
from tsock.api.request import Answer, Read, Request, Response, Write, answer
from tsock.api.rest import fields, paging
from tsock.api.rest.asker import asker
from tsock.api.router import Route
from tsock.conversations import bindings, credentials
from tsock.conversations.credentials import CredentialChange
from tsock.storage.store import Tx

ROWS_MAX = 100

_SECRETS = {
    "Certificate": "certificate",
    "PrivateKey": "private_key",
    "ApiKey": "api_key",
    "Secret": "secret",
}


class CredentialHandlers:
    """Create, list, fetch, change, delete; of the account that asks."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        many, one = "/Credentials", "/Credentials/{credential}"
        return [
            route("POST", many, self.create, "credentials/create"),
            route("GET", many, self.every, "credentials/list"),
            route("GET", one, self.fetch, "credentials/read"),
            route("POST", one, self.change, "credentials/update"),
            route("DELETE", one, self.delete, "credentials/delete"),
        ]

    def create(self, request: Request) -> Answer:
        """A new one."""
        account_sid, change = asker(request).account.sid, _change(request)
        if change.type is UNSET:
            bindings.check_type("")

        def rule(tx: Tx) -> Response:
            made = credentials.create(tx, self._vault, account_sid, change)
            return answer(bodies.credential(request.base, made), 201)

        return Write(rule)

    def every(self, request: Request) -> Answer:
        """A page of them, the newest first."""
        account_sid = asker(request).account.sid
        asked = paging.asked(request, fields.of_query(request), rows_max=ROWS_MAX)
        place = asked.place

        def query(tx: Tx) -> Response:
            found, rows = credentials.page(tx, account_sid, place, asked.size)
            records = [bodies.credential(request.base, one) for one in found]
            return paging.page(asked, "credentials", records, rows)

        return Read(query)

    def fetch(self, request: Request, sid: str) -> Answer:
        """One of them."""
        account_sid = asker(request).account.sid

        def query(tx: Tx) -> Response:
            return answer(bodies.credential(request.base, credentials.find(tx, account_sid, sid)))

        return Read(query)

    def change(self, request: Request, sid: str) -> Answer:
        """Set what is given."""
        account_sid, change = asker(request).account.sid, _change(request)

        def rule(tx: Tx) -> Response:
            changed = credentials.update(tx, self._vault, account_sid, sid, change)
            return answer(bodies.credential(request.base, changed))

        return Write(rule, about=sid)

    def delete(self, request: Request, sid: str) -> Answer:
        """Forget one."""
        account_sid = asker(request).account.sid

        def rule(tx: Tx) -> Response:
            credentials.delete(tx, account_sid, sid)
            return Response(204)

        return Write(rule, about=sid)


def _change(request: Request) -> CredentialChange:
    form = fields.of_form(request)
    sandbox = form.flag("Sandbox")
    secrets = {member: text for name, member in _SECRETS.items() if (text := form.text(name)) is not None}
    return CredentialChange(
        type=given.text(form, "Type"),
        friendly_name=given.text(form, "FriendlyName"),
        sandbox=UNSET if sandbox is None else sandbox,
        secrets=secrets,
    )

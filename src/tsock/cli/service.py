"""`tsock service`: services of Sync and Conversations."""

import dataclasses
from typing import Annotated, Any

from cyclopts import App, Parameter

from tsock.cli import output
from tsock.cli.location import HERE, InAccount, Location, Product
from tsock.cli.operator import Operator, operator
from tsock.cli.output import AsJson
from tsock.cli.sid import Sid
from tsock.errors import ConfigError

service = App("service", help="Services of Sync and Conversations: create, show, change, delete.")


@Parameter(name="*")
@dataclasses.dataclass(frozen=True, kw_only=True)
class Webhooks:
    """The flags that say what is told by webhook."""

    url: Annotated[str | None, Parameter(metavar="URL")] = None
    "Where changes are told; an empty text for nowhere."
    from_rest: bool | None = None
    "Whether changes made over REST are told too."
    reachability: bool | None = None
    "Whether it is told which endpoints connect and disconnect."
    debouncing: bool | None = None
    "Whether an identity that disconnects may come back before that is told."
    debouncing_window_ms: Annotated[int | None, Parameter(metavar="MS")] = None
    "How long it has for that, 1000 to 30000."

    def options(self) -> dict[str, Any]:
        """The same by the names of the service's fields."""
        given = {
            "webhook_url": self.url,
            "webhooks_from_rest_enabled": self.from_rest,
            "reachability_webhooks_enabled": self.reachability,
            "reachability_debouncing_enabled": self.debouncing,
            "reachability_debouncing_window_ms": self.debouncing_window_ms,
        }
        changed = {field: value for field, value in given.items() if value is not None}
        return changed if self.url != "" else {**changed, "webhook_url": None}


UNCHANGED = Webhooks()
"""Nothing said about them."""

COLUMNS = ("sid", "product", "unique_name", "friendly_name", "enabled", "acl_enabled", "date_created")


@service.command
async def create(
    name: str | None = None,
    /,
    *,
    product: Product = "sync",
    acl: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    account: InAccount = None,
    json: AsJson = False,
    location: Location = HERE,
) -> None:
    """Create a service.

    Args:
        name: A name for people.
        product: What it serves.
        acl: Give clients only what `tsock permission` allows them.
        account: The account.
        json: Print JSON.
        location: Where.
    """
    async with operator(location) as ask:
        path = await _path(ask, account, product)
        acl_option = {"acl_enabled": True} if acl else {}
        output.record(await ask.post(*path, body={"friendly_name": name, **acl_option}), json=json)


@service.command(name="list")
async def list_(
    *,
    product: Product | None = None,
    account: InAccount = None,
    json: AsJson = False,
    location: Location = HERE,
) -> None:
    """List the services.

    Args:
        product: Only those of one product.
        account: The account.
        json: Print JSON.
        location: Where.
    """
    products = ("sync", "chat") if product is None else (product,)
    async with operator(location) as ask:
        sid = await ask.account(account)
        none = f"{sid} has no {'' if product is None else f'{product} '}services"
        rows = [row for each in products for row in await ask.every("accounts", sid, "services", each)]
    output.table(rows, COLUMNS, json=json, none=none)


@service.command
async def fetch(
    sid: Sid = "default",
    /,
    *,
    product: Product = "sync",
    account: InAccount = None,
    json: AsJson = False,
    location: Location = HERE,
) -> None:
    """Show a service.

    Args:
        sid: Its SID, or `default`.
        product: What it serves.
        account: The account.
        json: Print JSON.
        location: Where.
    """
    async with operator(location) as ask:
        path = await _path(ask, account, product, sid)
        output.record(await ask.get(*path), json=json)


@service.command
async def update(
    sid: Sid,
    /,
    *,
    name: str | None = None,
    acl: bool | None = None,
    enabled: bool | None = None,
    product: Product = "sync",
    account: InAccount = None,
    json: AsJson = False,
    location: Location = HERE,
) -> None:
    """Change a service.

    Args:
        sid: Its SID, or `default`.
        name: A name for people.
        acl: Whether clients get only what `tsock permission` allows them.
        enabled: Whether it may be used at all.
        product: What it serves.
        account: The account.
        json: Print JSON.
        location: Where.
    """
    options = {"friendly_name": name, "acl_enabled": acl, "enabled": enabled}
    body = {option: value for option, value in options.items() if value is not None}
    async with operator(location) as ask:
        path = await _path(ask, account, product, sid)
        output.record(await ask.post(*path, body=body), json=json)


@service.command(name="webhooks")
async def set_webhooks(
    sid: Sid,
    /,
    *,
    webhooks: Webhooks = UNCHANGED,
    account: InAccount = None,
    json: AsJson = False,
    location: Location = HERE,
) -> None:
    """Change what a Sync service tells by webhook, and where.

    Args:
        sid: Its SID, or `default`.
        webhooks: What to change.
        account: The account.
        json: Print JSON.
        location: Where.
    """
    async with operator(location) as ask:
        path = await _path(ask, account, "sync", sid)
        output.record(await ask.post(*path, body=webhooks.options()), json=json)


@service.command
async def delete(
    sid: Sid,
    /,
    *,
    yes: Annotated[bool, Parameter(negative="", show_default=False)] = False,
    product: Product = "sync",
    account: InAccount = None,
    json: AsJson = False,
    location: Location = HERE,
) -> None:
    """Delete a service and all it contains; a deleted default service is followed by an empty one.

    Args:
        sid: Its SID, or `default`.
        yes: Do it: there is no way back.
        product: What it serves.
        account: The account.
        json: Print JSON.
        location: Where.
    """
    if not yes:
        raise ConfigError(f"deleting {sid} deletes all it contains; to do it, repeat this with --yes")
    async with operator(location) as ask:
        path = await _path(ask, account, product, sid)
        output.record(await ask.delete(*path), json=json)


async def _path(ask: Operator, account: str | None, product: Product, *sid: str) -> tuple[str, ...]:
    return ("accounts", await ask.account(account), "services", product, *sid)

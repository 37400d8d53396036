"""`tsock permission`: what identities may do with the objects of a service with ACL."""

import dataclasses
from typing import Annotated, Literal, TypeAlias, get_args

from cyclopts import App, Parameter

from tsock.cli import output
from tsock.cli.choice import ANY_CASE
from tsock.cli.exits import Refused
from tsock.cli.location import HERE, InAccount, Location
from tsock.cli.operator import Operator, operator
from tsock.cli.output import AsJson
from tsock.cli.sid import SID
from tsock.errors import ConfigError
from tsock.ids import is_sid
from tsock.sync.kinds import KIND_OF_PREFIX

permission = App("permission", help="What identities may do with Sync objects, in services whose ACL is on.")

_Kind: TypeAlias = Literal["document", "list", "map"]
_KINDS: tuple[_Kind, ...] = get_args(_Kind)
_NO_SUCH_NAME = 54300

COLUMNS = ("identity", "read", "write", "manage")


@Parameter(name="*")
@dataclasses.dataclass(frozen=True, kw_only=True)
class Where:
    """The flags that complete the name of an object."""

    kind: Annotated[_Kind | None, ANY_CASE] = None
    "Kind of the object, where several have its unique name."
    service: Annotated[str, SID, Parameter(metavar="IS…")] = "default"
    "The service of the object."
    account: InAccount = None

    async def path(self, ask: Operator, name: str) -> tuple[str, ...]:
        """The path of the permissions of the object `name`.

        Raises:
            ConfigError: objects of several kinds have that name.
            Refused: none has.
        """
        kind = self.kind
        service = ("accounts", await ask.account(self.account), "sync", self.service)
        if kind is None and is_sid(name) and name[:2] in KIND_OF_PREFIX:
            kind = KIND_OF_PREFIX[name[:2]].name
        return (*service, kind or await _kind(ask, service, name), name, "permissions")


async def _kind(ask: Operator, service: tuple[str, ...], name: str) -> str:
    """The kind of the only object with a unique name."""
    found: list[str] = []
    for kind in _KINDS:
        try:
            await ask.get(*service, kind, name, "permissions")
        except Refused as refused:
            if refused.code != _NO_SUCH_NAME:
                raise
        else:
            found.append(kind)
    if len(found) == 1:
        return found[0]
    if found:
        raise ConfigError(f"there is a {' and a '.join(found)} named {name}: say with --kind which is meant")
    raise Refused(_NO_SUCH_NAME, f"Unique name not found: there is no document, list or map named {name:.64}")


DEFAULT_SERVICE = Where()
Flag: TypeAlias = Annotated[bool, Parameter(negative="", show_default=False)]


@permission.command(name="set")
async def set_(
    name: str,
    identity: str,
    /,
    *,
    read: Flag = False,
    write: Flag = False,
    manage: Flag = False,
    where: Where = DEFAULT_SERVICE,
    json: AsJson = False,
    location: Location = HERE,
) -> None:
    """Set what an identity may do with an object; what is not named here is taken back.

    Args:
        name: SID or unique name of the object.
        identity: Whom it is about.
        read: See the object and its items, and hear of changes.
        write: Change the object and its items.
        manage: Remove the object.
        where: What completes its name.
        json: Print JSON.
        location: Where.
    """
    body = {"read": read, "write": write, "manage": manage}
    async with operator(location) as ask:
        path = await where.path(ask, name)
        output.record(await ask.post(*path, identity, body=body), json=json)
        _, account, _, service = path[:4]
        if not (await ask.get("accounts", account, "services", "sync", service))["acl_enabled"]:
            on = f"`tsock service update {service} --acl --account {account}`"
            output.remark(
                "this has no effect yet: the ACL of the service is off, so every identity may do everything; "
                f"turn it on with {location.runnable(on)}"
            )


@permission.command
async def get(
    name: str,
    identity: str,
    /,
    *,
    where: Where = DEFAULT_SERVICE,
    json: AsJson = False,
    location: Location = HERE,
) -> None:
    """Show what was set for an identity on an object.

    Args:
        name: SID or unique name of the object.
        identity: Whom it is about.
        where: What completes its name.
        json: Print JSON.
        location: Where.
    """
    async with operator(location) as ask:
        path = await where.path(ask, name)
        output.record(await ask.get(*path, identity), json=json)


@permission.command(name="list")
async def list_(
    name: str,
    /,
    *,
    where: Where = DEFAULT_SERVICE,
    json: AsJson = False,
    location: Location = HERE,
) -> None:
    """List what was set on an object.

    Args:
        name: SID or unique name of the object.
        where: What completes its name.
        json: Print JSON.
        location: Where.
    """
    async with operator(location) as ask:
        path = await where.path(ask, name)
        output.table(
            await ask.every(*path), COLUMNS, json=json, none="nothing is set on this object for anybody"
        )


@permission.command
async def remove(
    name: str,
    identity: str,
    /,
    *,
    where: Where = DEFAULT_SERVICE,
    json: AsJson = False,
    location: Location = HERE,
) -> None:
    """Take back what was set for an identity on an object.

    Args:
        name: SID or unique name of the object.
        identity: Whom it is about.
        where: What completes its name.
        json: Print JSON.
        location: Where.
    """
    async with operator(location) as ask:
        path = await where.path(ask, name)
        output.record(await ask.delete(*path, identity), json=json)

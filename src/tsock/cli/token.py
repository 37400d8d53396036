"""`tsock token`: mints an Access Token."""

from typing import Annotated

from cyclopts import Parameter

from tsock.cli import output
from tsock.cli.duration import seconds
from tsock.cli.location import HERE, InAccount, Location
from tsock.cli.operator import operator
from tsock.cli.output import AsJson
from tsock.cli.sid import SID
from tsock.ids import typed_sid

_GRANT = Parameter(metavar="[IS…]", consume_multiple=(0, 1), negative="")


async def token(
    identity: str,
    *,
    sync: Annotated[list[str] | None, _GRANT] = None,
    chat: Annotated[list[str] | None, _GRANT] = None,
    ttl: Annotated[str, Parameter(metavar="TIME", allow_leading_hyphen=True)] = "1h",
    account: InAccount = None,
    key: Annotated[str | None, SID, Parameter(metavar="SK…")] = None,
    json: AsJson = False,
    location: Location = HERE,
) -> None:
    """Mint an Access Token and print it, with nothing around it.

    Without `--sync` and `--chat` it has both grants. A token that would be refused is minted all the same,
    so that a refusal can be tried; a note on standard error says so.

    Args:
        identity: Whom it speaks for.
        sync: Grant Sync: the default service, or the one named.
        chat: Grant Conversations: the default service, or the one named.
        ttl: How long it lasts: seconds, or with a unit as in `90s`, `10min`, `1h`; below zero it has expired.
        account: The account.
        key: The key that signs; by default the account's oldest main or standard key.
        json: Print JSON.
        location: Where.
    """
    asked = {"sync": sync, "chat": chat}
    given = {name: (named or ["default"])[0] for name, named in asked.items() if named is not None}
    products = {name: typed_sid(service) for name, service in given.items()}
    body: dict[str, object] = {
        "identity": identity,
        "ttl_s": seconds(ttl, "--ttl"),
        "key_sid": key,
        "account_sid": account,
    }
    if products:
        body["products"] = products
    async with operator(location) as ask:
        body["key_sid"] = key
        body["account_sid"] = await ask.account(account) if key is None else account
        minted = await ask.post("tokens", body=body)
        report = await ask.post("doctor", body=minted["token"])
    if json:
        output.document(minted)
    else:
        print(minted["token"])
    if report["verdict"] == "denied":
        output.remark(f"the gateway refuses this token with {report['code']}: {report['summary']}")

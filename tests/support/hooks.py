"""A service that wants to hear by webhook, and what it is told."""

from typing import Any, NamedTuple

import msgspec
from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import SyncGrant

from tests.support.rig import Rig
from tsock.accounts.caller import SYNC
from tsock.accounts.principal import OPERATOR
from tsock.storage.store import fetched
from tsock.sync.services import ServiceOptions, update_service
from tsock.tokens.jws import from_base64url
from tsock.webhooks.outbox import Posted

URL = "https://hooks.example/sync"


class Told(NamedTuple):
    """The main parameters of one row of the outbox."""

    event_type: str
    identity: str
    endpoint_id: str | None


async def wants(rig: Rig, service: str = "default", **options: Any) -> None:
    """Change the options of the service that clients of the rig use."""
    await rig.do(
        update_service, rig.vault, rig.made.account_sid, SYNC, service, ServiceOptions(**options), by=OPERATOR
    )


async def rows(rig: Rig) -> list[tuple[str, str, dict[str, str]]]:
    """Topic, URL and parameters of what was put into the outbox since the last look, in that order."""
    await rig.store.settled()
    sids = [fact.sid for fact in rig.facts if isinstance(fact, Posted)]
    rig.facts = [fact for fact in rig.facts if not isinstance(fact, Posted)]
    sql = "SELECT topic, url, parameters FROM webhook_deliveries WHERE sid = :sid"
    found = [await fetched(rig.store, lambda tx, sid=sid: tx.one(sql, {"sid": sid})) for sid in sids]
    return [(row[0], row[1], msgspec.json.decode(row[2])) for row in found if row]


async def told(rig: Rig) -> list[Told]:
    """The same, in short."""
    return [Told(own["EventType"], own["Identity"], own.get("EndpointId")) for _, _, own in await rows(rig)]


def endpoint_id(continuation_token: str) -> str:
    """The endpoint that a continuation token names."""
    return msgspec.json.decode(from_base64url(continuation_token.partition(".")[0]))["endpointId"]


def token_of(rig: Rig, identity: str, endpoint: str | None) -> str:
    """An Access Token whose grant names the endpoint."""
    key = rig.made.signing_key
    now_s = rig.clock.now_ms() // 1000
    made = AccessToken(
        key.account_sid, key.key_sid, key.secret, identity=identity, nbf=now_s, valid_until=now_s + 3600
    )
    made.add_grant(SyncGrant(service_sid="default", endpoint_id=endpoint))
    return made.to_jwt()

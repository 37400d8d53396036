"""Credentials over HTTP, and what each kind opens (`protocol/rest.md`, Credentials)."""

import base64
from collections.abc import Mapping

import pytest

from tests.support.world import World
from tsock.accounts.accounts import rotate_auth_token, set_status
from tsock.accounts.keys import delete_key, update_key
from tsock.accounts.principal import Author, Principal
from tsock.accounts.records import Account
from tsock.api.gatekeeper import Gatekeeper
from tsock.api.request import Access, Door, Request, Response
from tsock.api.router import Route
from tsock.clock import Clock
from tsock.errors import ApiError

PERMISSION = "/twilio/sync/documents/read"
POLICY = f'{{"allow": ["{PERMISSION}"]}}'
ADDRESS = "192.0.2.7"


def never(request: object) -> Response:
    raise AssertionError("a gatekeeper calls no handler")


def basic(user: str, password: str | bytes) -> dict[str, str]:
    raw = password if isinstance(password, bytes) else password.encode()
    return {"authorization": "Basic " + base64.b64encode(user.encode() + b":" + raw).decode()}


def admit(
    world: World,
    headers: Mapping[str, str],
    access: Access = Access.DATA,
    permission: str = PERMISSION,
) -> Principal | None:
    route = Route(Door.HTTP, "GET", "/x", never, access, permission)
    request = Request(Door.HTTP, "GET", ("x",), {}, headers, b"", address=ADDRESS)
    gatekeeper = Gatekeeper(world.directory, world.vault, world.settings, Clock())
    principal = gatekeeper.asker(request, route)
    if principal is not None:
        gatekeeper.permit(principal, route)
    return principal


def refusal(
    world: World,
    headers: Mapping[str, str],
    access: Access = Access.DATA,
    permission: str = PERMISSION,
) -> tuple[int, int]:
    with pytest.raises(ApiError) as refused:
        admit(world, headers, access, permission)
    error = refused.value
    assert ("www-authenticate" in error.headers) == (error.status == 401)
    return error.status, error.code


def account_of(world: World, sid: str | None = None) -> Account:
    account = world.directory.account(sid or world.account_sid)
    assert account is not None
    return account


def credentials(world: World, kind: str, account_sid: str | None = None) -> dict[str, str]:
    """Of an account: its Auth Token, its test credentials, or a key of a kind."""
    account = account_of(world, account_sid)
    if kind == "auth_token":
        return basic(account.sid, world.directory.auth_token(account))
    if kind == "test":
        return basic(account.test_sid, world.directory.test_token(account))
    key, secret = world.key_made(account.sid, kind=kind, policy=POLICY if kind == "restricted" else None)
    return basic(key.sid, secret)


@pytest.mark.parametrize(
    ("kind", "data", "administration"),
    [
        ("auth_token", None, None),
        ("main", None, None),
        ("standard", None, (401, 20003)),
        ("restricted", None, None),
        ("test", (403, 20008), (403, 20008)),
    ],
)
def test_each_kind_of_credential_opens_what_it_is_for(
    world: World, kind: str, data: tuple[int, int] | None, administration: tuple[int, int] | None
) -> None:
    headers = credentials(world, kind)
    for access, expected in ((Access.DATA, data), (Access.ADMINISTRATION, administration)):
        if expected is None:
            principal = admit(world, headers, access)
            assert principal is not None
            assert principal.account.sid == world.account_sid
            assert principal.author == Author(world.account_sid, "account", "api", ADDRESS)
            assert principal.administers == (kind in ("auth_token", "main"))
        else:
            assert refusal(world, headers, access) == expected


@pytest.mark.parametrize("access", [Access.DATA, Access.ADMINISTRATION])
def test_restricted_key_is_refused_what_its_policy_does_not_list(world: World, access: Access) -> None:
    headers = credentials(world, "restricted")
    assert refusal(world, headers, access, "/twilio/sync/documents/delete") == (403, 20006)
    assert refusal(world, headers, access, "") == (403, 20006)


def test_another_policy_holds_from_the_next_request_on(world: World) -> None:
    key, secret = world.key_made(kind="restricted", policy=POLICY)
    headers = basic(key.sid, secret)
    assert admit(world, headers)
    world(update_key, world.account_sid, key.sid, policy='{"allow": []}')
    assert refusal(world, headers) == (403, 20006)


@pytest.mark.parametrize("access", [Access.ANYBODY, Access.CLIENT])
def test_route_for_anybody_asks_for_no_credentials_and_reads_none(world: World, access: Access) -> None:
    for headers in ({}, {"authorization": "nonsense"}, credentials(world, "auth_token")):
        assert admit(world, headers, access) is None


def test_no_credentials_are_challenged(world: World) -> None:
    with pytest.raises(ApiError, match=r"^401/20003 Authenticate: expected HTTP Basic") as refused:
        admit(world, {})
    assert refused.value.headers["www-authenticate"].startswith('Basic realm="Twilio API"')


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic ",
        "Basic !!!!",
        "Basic QUM6",  # "AC:", an account that there is not
        "Basic " + base64.b64encode(b"no colon").decode(),
        "Basic " + base64.b64encode(b"\xff\xfe:x").decode(),
        "Basic " + base64.b64encode(b":").decode(),
        "Basic QUM\N{LATIN SMALL LETTER E WITH ACUTE}",
        "Digest username=x",
        "Bearer eyJhbGciOiJIUzI1NiJ9.e30.x",
    ],
)
def test_malformed_header_is_401(world: World, header: str) -> None:
    assert refusal(world, {"authorization": header}) == (401, 20003)


def test_access_token_opens_no_rest_route(world: World) -> None:
    with pytest.raises(ApiError, match="an Access Token opens no REST route"):
        admit(world, {"authorization": f"Bearer {world.token()}"})


def test_scheme_is_read_in_any_case_and_a_password_may_have_colons(world: World) -> None:
    headers = credentials(world, "auth_token")
    encoded = headers["authorization"].partition(" ")[2]
    for scheme in ("basic", "BASIC"):
        assert admit(world, {"authorization": f"{scheme}  {encoded} "})
    assert refusal(world, basic(world.account_sid, f"{world.auth_token}:x")) == (401, 20003)


def test_wrong_password_is_401_whoever_it_is_of(world: World) -> None:
    sub, sub_key = world.subaccount()
    main = account_of(world)
    wrong = [
        (world.account_sid, world.auth_token + "0"),
        (world.account_sid, world.auth_token.upper()),
        (world.account_sid, ""),
        (world.account_sid, b"\xff"),
        (world.account_sid, world.key.secret),
        (world.account_sid, world.directory.test_token(main)),
        (world.account_sid, world.directory.auth_token(account_of(world, sub.sid))),
        (world.key.key_sid, sub_key.secret),
        (world.key.key_sid, world.auth_token),
        (main.test_sid, world.auth_token),
        (world.account_sid.lower(), world.auth_token),
        (f" {world.account_sid}", world.auth_token),
        ("", world.auth_token),
    ]
    for user, password in wrong:
        assert refusal(world, basic(user, password)) == (401, 20003), (user, password)


def test_refusal_tells_no_secret_and_not_what_was_wrong(world: World) -> None:
    texts: set[str] = set()
    for user, password in (
        (world.account_sid, "guess"),
        ("AC" + "0" * 32, "guess"),
        ("SK" + "0" * 32, "guess"),
    ):
        with pytest.raises(ApiError) as refused:
            admit(world, basic(user, password))
        texts.add(str(refused.value))
    (text,) = texts
    assert "guess" not in text


def test_deleted_key_and_replaced_auth_token_are_401(world: World) -> None:
    key, secret = world.key_made(kind="main")
    assert admit(world, basic(key.sid, secret))
    world(delete_key, world.account_sid, key.sid)
    assert refusal(world, basic(key.sid, secret)) == (401, 20003)

    fresh = world(rotate_auth_token, world.vault, world.account_sid)
    assert refusal(world, basic(world.account_sid, world.auth_token)) == (401, 20003)
    assert admit(world, basic(world.account_sid, fresh))


@pytest.mark.parametrize("status", ["suspended", "closed"])
@pytest.mark.parametrize("whose", ["own", "owner's"])
@pytest.mark.parametrize("kind", ["auth_token", "main", "standard", "restricted"])
def test_account_that_is_not_active_is_403_with_credentials_that_hold(
    world: World, status: str, whose: str, kind: str
) -> None:
    sub, _ = world.subaccount()
    headers = credentials(world, kind, sub.sid)
    world(set_status, sub.sid if whose == "own" else world.account_sid, status)
    assert refusal(world, headers) == (403, 20403)
    assert refusal(world, basic(sub.sid, "wrong")) == (401, 20003)


def test_suspended_account_is_served_again_once_it_is_active(world: World) -> None:
    headers = credentials(world, "auth_token")
    world(set_status, world.account_sid, "suspended")
    world(set_status, world.account_sid, "active")
    assert admit(world, headers)


def test_page_for_anybody_is_no_way_around_the_count_of_wrong_credentials(world: World) -> None:
    gatekeeper = Gatekeeper(world.directory, world.vault, world.settings, Clock())

    def viewed(password: str) -> Principal | None:
        headers = basic(world.account_sid, password)
        return gatekeeper.viewer(Request(Door.HTTP, "GET", (), {}, headers, b"", address=ADDRESS))

    burst = world.settings.credential_failures_per_address_burst
    assert [viewed("guess") for _ in range(burst)] == [None] * burst
    with pytest.raises(ApiError, match=r"^429/20429 "):
        viewed("guess")
    assert viewed(world.auth_token)

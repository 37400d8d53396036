"""The doctor over HTTP: the contract of `POST /doctor`, and the same as a page."""

import html
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote_plus, urlencode

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.craft import claims, header, part, sign
from tests.support.rig import Rig
from tests.support.visitor import Visitor
from tests.support.world import World
from tsock.accounts.accounts import create_account, create_subaccount, get_account
from tsock.accounts.keys import SigningKey, create_key
from tsock.accounts.principal import OPERATOR
from tsock.api.gatekeeper import Gatekeeper
from tsock.api.request import Door, Request, Response
from tsock.api.rest.fields import FORM
from tsock.cli import output
from tsock.clock import Clock
from tsock.debugger import alerts
from tsock.site.doctor import EXAMPLE, DoctorHandlers
from tsock.site.viewers import Viewers
from tsock.storage.store import fetched, written
from tsock.tokens.examiner import Examiner


@pytest.fixture
def visitor(rig: Rig, visitor: Visitor) -> Visitor:
    """Who has signed in as the ready-made account."""
    visitor.sign_in(rig.made.account_sid, rig.made.auth_token)
    return visitor


async def another_key(rig: Rig, *, sub: bool) -> tuple[SigningKey, str]:
    """A key of a subaccount or of a stranger, and that account's Auth Token."""

    def rule(tx: Any) -> tuple[SigningKey, str]:
        if sub:
            account = create_subaccount(tx, rig.vault, rig.settings, rig.made.account_sid, by=OPERATOR)
        else:
            account = create_account(tx, rig.vault, "Stranger", by=OPERATOR)
        key, secret = create_key(tx, rig.vault, rig.settings, account.sid, by=OPERATOR)
        return SigningKey(account.sid, key.sid, secret), rig.vault.open(account.sid, account.auth_token)

    return await written(rig.store, rule)


async def test_answer_is_200_whatever_the_verdict_and_type(rig: Rig, visitor: Visitor) -> None:
    for content_type in ("text/plain", "text/html; charset=utf-8", "application/json", "image/png", None):
        headers = [("content-type", content_type)] if content_type else []
        for text, verdict in ((rig.token(), "accepted"), ("hello", "denied"), ("", "denied")):
            page = await visitor.ask("POST", "/doctor", text.encode(), *headers)
            assert (page.status, page.json["verdict"]) == (200, verdict)
            assert page.headers["cache-control"] == "no-store"


async def test_body_is_the_text_even_if_it_looks_like_a_form(rig: Rig, visitor: Visitor) -> None:
    body = f"text={rig.token()}".encode()
    for accept in ("*/*", "text/html"):
        headers = ("content-type", "application/x-www-form-urlencoded"), ("accept", accept)
        report = (await visitor.ask("POST", "/doctor", body, *headers)).json
        assert (report["cause"], report["notes"]) == ("not_a_jwt", ["url_encoded"])


async def test_product_asks_for_its_grant(rig: Rig, visitor: Visitor) -> None:
    token = rig.token(products={"data_sync": "default"})
    for query, cause in (("", None), ("?product=sync", None), ("?product=chat", "grant_missing")):
        assert (await visitor.ask("POST", f"/doctor{query}", token.encode())).json["cause"] == cause
        form = urlencode({"text": token, "product": query.partition("=")[2]})
        reading = await visitor.read("/doctor/report", form)
        assert ("grant_missing" if cause else "Accepted") in reading.text.partition("Every check")[0]
    page = await visitor.ask("POST", f"/doctor?product={rig.made.key_secret}", token.encode())
    assert page.error == (400, 20422)
    assert rig.made.key_secret not in page.body.decode()


@pytest.mark.settings(http_body_bytes_max=2 * 1024 * 1024)
async def test_text_beyond_a_mebibyte_is_413_20413(visitor: Visitor) -> None:
    assert (await visitor.ask("POST", "/doctor", b"x" * 1024 * 1024)).json["cause"] == "too_large"
    assert (await visitor.ask("POST", "/doctor", b"x" * (1024 * 1024 + 1))).error == (413, 20413)
    reading = await visitor.read("/doctor/report", "text=" + "x" * (1024 * 1024 + 1), status=413)
    assert "1048576 bytes, not 1048577" in reading.text


@pytest.mark.parametrize("credentials", [None, ("AC" + "0" * 32, "x" * 32), "standard key"])
async def test_stranger_is_401_20003_and_learns_nothing(rig: Rig, credentials: Any) -> None:
    visitor = Visitor(rig)
    if credentials == "standard key":
        credentials = (rig.made.key_sid, rig.made.key_secret)
    if credentials:
        visitor.sign_in(*credentials)
    for method, target in (("POST", "/doctor"), ("POST", "/doctor/report")):
        page = await visitor.ask(method, target, rig.token().encode())
        assert page.error == (401, 20003)
        assert page.headers["www-authenticate"].startswith("Basic ")
    reading = await visitor.read("/doctor")
    assert reading.forms == []
    assert "/sign-in?next=/doctor" in reading.links


@pytest.mark.settings(explain=True)
async def test_in_development_anybody_may_ask_and_sees_every_account(rig: Rig) -> None:
    visitor = Visitor(rig)
    stranger, auth_token = await another_key(rig, sub=False)
    token = rig.token(key=SigningKey(stranger.account_sid, stranger.key_sid, auth_token))
    report = (await visitor.ask("POST", "/doctor", token.encode())).json
    assert (report["cause"], report["notes"]) == ("signature", ["auth_token_as_secret"])
    assert (await visitor.read("/doctor")).forms == [
        {"method": "post", "action": "/doctor/report", "text": "", "product": ""}
    ]


async def test_secrets_are_tried_only_of_accounts_that_the_asker_may_see(rig: Rig, visitor: Visitor) -> None:
    made = rig.made
    own = SigningKey(made.account_sid, made.key_sid, made.auth_token)
    below, below_token = await another_key(rig, sub=True)
    other, other_token = await another_key(rig, sub=False)
    tokens = [
        (rig.token(key=own), True),
        (rig.token(key=SigningKey(below.account_sid, below.key_sid, below_token)), True),
        (rig.token(key=SigningKey(other.account_sid, other.key_sid, other_token)), False),
    ]
    for token, may_see in tokens:
        report = (await visitor.ask("POST", "/doctor", token.encode())).json
        assert report["cause"] == "signature"
        assert report["notes"] == (["auth_token_as_secret"] if may_see else [])
    visitor.sign_in(below.account_sid, below_token)
    for token, notes in zip([token for token, _ in tokens], ([], ["auth_token_as_secret"], []), strict=True):
        assert (await visitor.ask("POST", "/doctor", token.encode())).json["notes"] == notes


async def test_secret_of_another_accounts_key_is_not_tried(rig: Rig, visitor: Visitor) -> None:
    stranger, _ = await another_key(rig, sub=False)
    mixed = SigningKey(rig.made.account_sid, stranger.key_sid, stranger.secret + "\n")
    report = (await visitor.ask("POST", "/doctor", rig.token(key=mixed).encode())).json
    assert (report["cause"], report["notes"]) == ("key_other_account", [])


async def test_report_is_byte_for_byte_what_the_command_line_prints(
    rig: Rig, visitor: Visitor, capsys: pytest.CaptureFixture[str]
) -> None:
    big = sign(
        header(),
        {"exp": 2**64, "nbf": -(2.0**60), "iat": 1e3, "grants": {"identity": "\N{SNOWMAN}\u202e"}},
        "x",
    )
    for text in (rig.token(), rig.token(ttl_s=-60), f'{{"token": "{rig.token()}"}}', "hello", "", big):
        page = await visitor.ask("POST", "/doctor", text.encode())
        output.document(msgspec.json.decode(msgspec.json.encode(rig_report(rig, text))))
        assert page.body.decode() == capsys.readouterr().out


def rig_report(rig: Rig, text: str) -> Any:
    examiner = Examiner(rig.directory, rig.settings)
    return examiner.examine(text, rig.clock.now_ms(), may_see=lambda sid: True)


async def test_page_tells_verdict_cause_fix_notes_claims_and_every_check(rig: Rig, visitor: Visitor) -> None:
    wrapped = f'{{"token": "{rig.token(ttl_s=-60)}"}}'
    reading = await visitor.read("/doctor/report", urlencode({"text": wrapped}))
    report = rig_report(rig, wrapped)
    for told in (
        "Denied",
        "20101 Invalid Access Token",
        "not_a_jwt",
        report.summary,
        report.fix,
        "json_wrapper",
        rig.made.key_sid,
        "alice",
        "2031-05-02T11:59:00Z",
    ):
        assert told in reading.text
    assert reading.text.count(report.fix) == 1
    failed, others = reading.tables
    for table, is_shown in ((failed, True), (others, False)):
        assert table[0] == ["Outcome", "Check", "Expected", "Found"]
        assert [(row[0].partition(" ")[0], *row[1:]) for row in table[1:]] == [
            (check.verdict, check.id, check.expected, check.found or "-")
            for check in report.checks
            if (check.verdict == "fail") is is_shown
        ]
    assert [row[1] for row in failed[1:] if "decides" in row[0]] == ["not_a_jwt"]
    assert f"{len(others) - 1} passed" in reading.text


async def test_id_stays_on_one_line(rig: Rig, visitor: Visitor) -> None:
    page = await visitor.see("/doctor/report", urlencode({"text": rig.token()}))
    for sid in (rig.made.account_sid, rig.made.key_sid):
        assert page.body.decode().count(f'<span class="id">{sid}</span>') == page.body.decode().count(sid) > 0


async def test_form_explains_itself_by_an_example(visitor: Visitor) -> None:
    reading = await visitor.read("/doctor")
    assert EXAMPLE in reading.text
    assert "json_wrapper" in reading.text
    assert "parse the answer of the token endpoint" in reading.text


async def test_page_of_an_accepted_token_has_no_cause(rig: Rig, visitor: Visitor) -> None:
    reading = await visitor.read("/doctor/report", urlencode({"text": rig.token()}))
    assert "Accepted" in reading.text
    assert "Denied" not in reading.text
    assert "decides" not in reading.text


async def test_who_comes_back_to_a_report_is_led_to_the_form(visitor: Visitor) -> None:
    page = await visitor.see("/doctor/report")
    assert (page.status, page.headers["location"]) == (303, "/doctor")


@pytest.mark.parametrize(
    "form",
    ["{secret}", "text={secret}%", "text=a&text={secret}", "text=%ff{secret}", "text=\N{SNOWMAN}{secret}",
     "product={secret}&text=x"],
)  # fmt: skip
async def test_form_that_is_none_is_refused_without_repeating_it(
    rig: Rig, visitor: Visitor, form: str
) -> None:
    secret = rig.made.key_secret
    reading = await visitor.read("/doctor/report", form.format(secret=secret), status=400)
    assert secret not in reading.text


async def test_alert_of_a_refused_request_keeps_nothing_that_was_pasted(rig: Rig, visitor: Visitor) -> None:
    secret, token = rig.made.key_secret, rig.token()
    for text in (secret, token, f"FriendlyName={secret}"):
        for who in (Visitor(rig), visitor):
            await who.see("/doctor/report", urlencode({"text": text, "product": text}))
            await who.see("/doctor/report", text)
            await who.ask(
                "POST", f"/doctor?product={quote_plus(text)}", text.encode(), ("content-type", FORM)
            )
    await rig.store.settled()
    recorded = msgspec.json.encode(await fetched(rig.store, lambda tx: alerts.latest(tx, 100))).decode()
    assert recorded.count('"code":20422') > 3
    assert recorded.count('"code":20003') > 3
    assert secret not in recorded
    assert not any(piece in recorded for piece in token.split("."))


# What must never be told, wherever it stood in what was pasted


class Planted:
    """A doctor without a server, and everything that it must not repeat."""

    def __init__(self) -> None:
        world = World()
        account = get_account(world.tx, world.account_sid)
        self.key = world.key
        self.secrets = [
            world.key.secret,
            world.auth_token,
            world.vault.open(account.test_sid, account.test_token),
        ]
        self._world = world
        self._doctor = DoctorHandlers(
            Examiner(world.directory, world.settings),
            Clock(wall_ms=lambda: world.now_ms),
            Viewers(
                Gatekeeper(world.directory, world.vault, world.settings, Clock(), everybody=True),
                world.directory,
            ),
        )

    def token(self, **changes: Any) -> str:
        return sign(header(), {**claims(self._world), **changes}, self.key.secret)

    def told(self, text: str) -> Iterator[str]:
        """Both answers, as a reader sees them."""
        for handler, body in (
            (self._doctor.examine, text),
            (self._doctor.report, f"text={quote_plus(text)}"),
        ):
            response = ask(handler, body.encode())
            assert response.status == 200
            yield html.unescape(response.body.decode())


def ask(handler: Callable[[Request], Any], body: bytes) -> Response:
    return handler(Request(Door.HTTP, "POST", (), {}, {}, body))


PLANTED = Planted()
SECRET = st.sampled_from(PLANTED.secrets)
FIELD = st.sampled_from(["iss", "sub", "exp", "nbf", "iat", "jti", "aud", "custom"])
HEADER_FIELD = st.sampled_from(["alg", "typ", "cty", "twr", "kid", "crit", "x"])
GRANT = st.sampled_from(["data_sync", "chat", "ip_messaging", "voice", "video"])
GRANT_FIELD = st.sampled_from(
    ["service_sid", "endpoint_id", "deployment_role_sid", "push_credential_sid", "x"]
)


LAYERS = [
    *("Bearer %s", '"%s"', "'%s", " %s\n", "token=%s&x=y", "<html><p>%s</p>", "%s.%s", "%s.x.y", "ey.%s"),
    *('{"token": "%s"}', '[{"%s": "%s"}]', 'TWILSOCK V3.0 5\r\n{"token": "%s"}', "{token: %s"),
]
"""What may stand around something that is pasted."""


def inside(value: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from([value, [value], {value: 1}, {"a": {"b": value}}, f"x {value}"])


@st.composite
def tokens_with_a_secret(draw: Any) -> str:
    """A token that has a secret where none belongs, signed by a secret, by another one or not at all."""
    value = draw(SECRET.flatmap(inside))
    head, body = dict(header()), dict(claims(PLANTED._world))
    match draw(st.sampled_from(["header", "claim", "grant", "grant name", "field"])):
        case "header":
            head[draw(HEADER_FIELD)] = value
        case "claim":
            body[draw(FIELD)] = value
        case "grant":
            body["grants"] = {"identity": "alice", draw(GRANT): value}
        case "grant name":
            body["grants"] = {"identity": "alice", draw(SECRET): {"service_sid": "default"}}
        case "field":
            body["grants"] = {"identity": "alice", draw(GRANT): {draw(GRANT_FIELD): value}}
    secret = draw(st.sampled_from([*PLANTED.secrets, "x"]))
    return sign(head, body, secret) if draw(st.booleans()) else f"{part(head)}.{part(body)}.{secret}"


@st.composite
def pasted(draw: Any) -> str:
    """Something with a secret in it, and layers around that."""
    text = draw(SECRET | tokens_with_a_secret())
    for _ in range(draw(st.integers(0, 3))):
        text = draw(st.sampled_from(LAYERS)).replace("%s", draw(st.sampled_from([text, quote_plus(text)])))
    return text


@settings(max_examples=300)
@given(pasted())
def test_no_secret_and_no_signature_is_ever_repeated_over_http_or_on_the_page(text: str) -> None:
    signature = text.rpartition(".")[2].rstrip("\"'\n}&<>/p ")
    for told in PLANTED.told(text):
        assert not any(secret in told for secret in PLANTED.secrets)
        assert text not in told
        if len(signature) > 20:
            assert signature not in told


@settings(max_examples=200)
@given(st.text(min_size=21, max_size=80))
def test_any_text_is_described_and_never_repeated(text: str) -> None:
    for told in PLANTED.told(text):
        assert text not in told


def test_accepted_token_is_not_repeated_either() -> None:
    token = PLANTED.token()
    for told in PLANTED.told(token):
        assert "ccepted" in told
        assert not any(piece in told for piece in token.split("."))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = ("iss", "sub", "exp", "nbf", "iat", "grants", "identity", "chat", "data_sync", "service_sid")
MEMBERS = st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=8), JSON, max_size=5)


@settings(max_examples=200, deadline=None)
@given(body=MEMBERS, granted=JSON | MEMBERS)
@example(body={}, granted={"exp": {}})
@example(body={}, granted={"iat": {"service_sid": 1}, "exp": {"exp": {}}})
@example(body={"exp": 2**70, "nbf": -1, "iat": 1e300}, granted={"identity": {"nbf": []}})
def test_answer_and_page_show_whatever_a_token_says(body: dict[str, Any], granted: Any) -> None:
    token = PLANTED.token(**{**body, "grants": granted})
    for told in PLANTED.told(token):
        assert "denied" in told.lower()

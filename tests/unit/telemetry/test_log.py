import io
import json
import logging
import time

import msgspec
import pytest
import structlog

from tsock.telemetry import log

TOKEN = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCIsImN0eSI6InR3aWxpby1mcGE7dj0xIn0"
    ".eyJqdGkiOiJTSzAwIiwiZ3JhbnRzIjp7ImlkZW50aXR5IjoiYWxpY2UifX0"
    ".q8Zx0JmN3vT5yLk2PwQr7sUf9aBcDeFgHiJkLmNoPqR"
)
SECRET = "0123456789abcdef0123456789abcdef"
MIXED_SECRET = "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF"
SID = "ACfedcba98765432100fedcba987654321"
HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


class Output(io.StringIO):
    """What was logged."""

    def lines(self) -> list[dict]:
        return [json.loads(line) for line in self.getvalue().splitlines()]


@pytest.fixture(params=["json", "console"])
def style(request):
    return request.param


@pytest.fixture(autouse=True)
def logging_of_the_test_run():
    """Gives the test run its own logging back."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def output(style):
    stream = Output()
    log.configure("info", style, stream)
    return stream


class Key(msgspec.Struct):
    sid: str
    secret: str


class Event(msgspec.Struct):
    topic: str
    body: bytes


def leaking_error() -> None:
    error = ValueError(f"cannot read {TOKEN} signed with {SECRET}")
    structlog.get_logger("test").error("request.failed", exc_info=error)


def leaking_library() -> None:
    error = KeyError(TOKEN)
    logging.getLogger("asyncio").error("lost %s of %s", TOKEN, Key(SID, SECRET), exc_info=error)


MISTAKES = {
    "as the event itself": lambda to: to.info(f"got {TOKEN} and {SECRET}"),
    "as a value": lambda to: to.info("got", what=TOKEN, which=SECRET, other=MIXED_SECRET),
    "under its own name": lambda to: to.info("got", token=TOKEN[:30], auth_token="x", keySecret=MIXED_SECRET),
    "nested": lambda to: to.info("got", claims={"jwt": [TOKEN], "key": {"secret": MIXED_SECRET}}),
    "as a name": lambda to: to.info("got", counts={TOKEN: 1}),
    "in an object": lambda to: to.info("got", key=Key(SID, MIXED_SECRET), keys=[Key(SID, SECRET)]),
    "cut off": lambda to: to.info("got", found=TOKEN[:-30]),
    "in a query": lambda to: to.info("got", url=f"/dev?token={TOKEN}&secret={MIXED_SECRET}"),
    "in JSON text": lambda to: to.info("got", text=f'{{"secret": "{MIXED_SECRET}", "jwt": "{TOKEN}"}}'),
    "in a header": lambda to: to.info("got", head=f"Authorization: Basic {MIXED_SECRET}=="),
    "in a URL": lambda to: to.info("got", url=f"postgresql://tsock:{MIXED_SECRET}x@db/tsock"),
    "as bytes": lambda to: to.info("got", raw=TOKEN.encode()),
    "in an exception": lambda _: leaking_error(),
    "by a library": lambda _: leaking_library(),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_token_or_secret_logged_by_mistake_is_not_written(output, mistake):
    MISTAKES[mistake](structlog.get_logger("test"))
    written = output.getvalue()
    assert written
    for part in (*TOKEN.split("."), SECRET, MIXED_SECRET):
        assert part[:16] not in written


def test_temporary_url_is_not_written_but_for_the_media(output):
    structlog.get_logger("test").info("got", url=f"/media/ME{SECRET}.1764518400000.{'aZ_-9' * 8}abc")
    assert f"/media/ME{SECRET}." in output.getvalue()
    assert "1764518400000" not in output.getvalue()
    assert "aZ_-9" not in output.getvalue()


def test_customer_data_is_not_written(output):
    to = structlog.get_logger("test")
    to.info("got", body='{"pin": 4711}', payload=4711, data={"pin": "4711"})
    to.info("got", what=Event("MP1", b'{"pin": 4711}'), raw=b"4711")
    assert "4711" not in output.getvalue()


@pytest.mark.parametrize("style", ["json"], indirect=True)
def test_what_an_operator_needs_is_written_unchanged(output):
    facts = {"account_sid": SID, "token_sha256": HASH, "code": 20104, "identity": "alice@example.com"}
    structlog.get_logger("tsock.gateway").warning("connection.denied", **facts, skew_s=1.5, reason=None)
    (line,) = output.lines()
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "connection.denied",
        "level": "warning",
        "logger": "tsock.gateway",
        **facts,
        "skew_s": 1.5,
        "reason": None,
    }


@pytest.mark.parametrize("style", ["json"], indirect=True)
def test_exception_is_written_with_its_traceback(output):
    try:
        _ = 1 // 0
    except ZeroDivisionError as error:
        structlog.get_logger("test").error("request.failed", exc_info=error)
    (line,) = output.lines()
    assert line["exception"].startswith("Traceback")
    assert line["exception"].endswith("ZeroDivisionError: integer division or modulo by zero")


@pytest.mark.parametrize("style", ["json"], indirect=True)
def test_lines_of_libraries_look_like_our_own(output):
    logging.getLogger("asyncio").warning("slow callback: %d ms", 120)
    (line,) = output.lines()
    assert (line["event"], line["level"], line["logger"]) == ("slow callback: 120 ms", "warning", "asyncio")


def test_less_severe_lines_are_left_out(output):
    structlog.get_logger("test").debug("detail")
    logging.getLogger("test").debug("detail")
    assert output.getvalue() == ""


def test_auto_is_json_where_nobody_reads_along():
    stream = Output()
    log.configure("info", "auto", stream)
    structlog.get_logger("test").info("server.started", port=8080)
    assert stream.lines()[0]["port"] == 8080


def test_auto_is_readable_on_a_terminal():
    class Terminal(Output):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    log.configure("info", "auto", stream)
    structlog.get_logger("test").info("server.started", port=8080)
    assert "server.started" in stream.getvalue()
    assert "{" not in stream.getvalue()


@pytest.mark.parametrize(
    "unit", ["ey-", "ey/", "a", "token=", "basic ", "//a:", "b'\\", 'secret"', "a1", "."]
)
def test_hostile_text_is_cut_and_costs_little_time(unit):
    began = time.process_time()
    shown = log.redacted(unit * (1_000_000 // len(unit)))
    assert time.process_time() - began < 0.5  # a pattern that backtracks would take minutes
    assert len(str(shown)) <= 2 * log.TEXT_CHARS_MAX  # a replacement may be longer than what it replaces


@pytest.mark.parametrize(
    "hostile",
    [
        *("\x1b[2J\x1b]0;owned\x07", "a\x9b2Jb", "abc\u202edcba", "a\x7fb", "\u2066x"),
        *(f"a{end}1999-12-31 [error] store.down" for end in ("\n", "\r\n", "\x85", "\u2028")),
    ],
)
def test_text_of_a_client_steers_no_terminal_that_shows_the_log(output: Output, hostile: str) -> None:
    logger = structlog.get_logger("test")
    logger.warning("client.denied", sdk=hostile, deep={"sdk": [hostile]}, spaced=f"a {hostile}")
    logger.warning(hostile)
    logging.getLogger("library").warning("said %s", hostile)
    logger.error("request.failed", exc_info=ValueError(hostile))
    lines = output.getvalue().split("\n")
    assert all(line.isprintable() and not line.startswith("1999-12-31") for line in lines)
    assert len(lines) >= 4

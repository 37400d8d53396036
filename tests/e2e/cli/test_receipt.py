"""`tsock receipt`, through a server and without one."""

from tests.e2e.cli.conftest import Command


def test_receipt_of_what_there_is_not_is_refused(command: Command, account: str) -> None:
    names = [f"{prefix}{'0' * 32}" for prefix in ("CH", "IM", "MB")]
    outcome = command("receipt", "report", *names, "delivered", "--account", account)
    assert outcome.code != 0
    assert "no conversation" in outcome.err

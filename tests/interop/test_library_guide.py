"""The code of `docs/howto/helper-libraries.md`, run as a reader would run it."""

import ast
import asyncio
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from twilio.rest import Client

from tests.interop.library import as_guided, guide_code
from tests.interop.sdk import PATIENCE_S
from tests.interop.server import Account

WITH_CLIENT, ASYNC, WITHOUT_CLIENT = guide_code("python")
_, IN_NODE, IN_NODE_WITHOUT_CLIENT = guide_code("js")


@pytest.fixture
def environment(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `tsock dev --env-file` writes."""
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", account.sid)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", account.auth_token)
    monkeypatch.setenv("TSOCK_URL", account.server.url)


def node(directory: Path, script: str) -> str:
    as_guided(directory)
    main = directory / "main.mjs"
    main.write_text(script)
    run = subprocess.run(
        ["node", main], cwd=directory, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_python_as_guided(environment: None, account: Account, capsys: pytest.CaptureFixture[str]) -> None:
    names: dict[str, Any] = {"account_sid": account.sid, "auth_token": account.auth_token}
    exec(WITH_CLIENT, names)
    names["client"].http_client.session.close()
    assert capsys.readouterr().out == f"{names['greeting'].sid} {{'text': 'hello'}}\n"
    code = compile(ASYNC, "guide", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    asyncio.run(eval(code, names))


def test_python_without_the_client_as_guided(environment: None, account: Account) -> None:
    names: dict[str, Any] = {"os": os, "client": Client(account.sid, account.auth_token)}
    exec(WITHOUT_CLIENT, names)
    listed = names["client"].sync.v1.services.list(page_size=1)
    names["client"].http_client.session.close()
    assert [service.unique_name for service in listed] == ["default"]


def test_node_as_guided(environment: None, tmp_path: Path) -> None:
    assert node(tmp_path, IN_NODE).endswith(" { text: 'hello' }\n")


def test_node_without_the_client_as_guided(environment: None, tmp_path: Path) -> None:
    script = f"""
        import twilio from "twilio";
        const client = twilio();
        {IN_NODE_WITHOUT_CLIENT}
        const listed = await client.sync.v1.services.list({{ pageSize: 1 }});
        console.log(listed.map((service) => service.uniqueName).join());
    """
    assert node(tmp_path, script) == "default\n"

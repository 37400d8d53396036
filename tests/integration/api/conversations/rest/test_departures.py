"""The end of a user who takes part in much."""

import asyncio
import threading
from typing import Any

import pytest

from tests.support.backend import Backend
from tests.support.rig import Rig
from tsock.conversations import participants


async def test_others_are_let_in_while_a_user_leaves_all_its_conversations(
    rig: Rig, backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend.place = f"/conversations/v1/Services/{rig.made.chat_service_sid}"
    place = f"/Conversations/{(await backend.make('/Conversations'))['sid']}"
    await backend.make(f"{place}/Participants", Identity="alice")
    leaving, go_on = threading.Event(), threading.Event()
    take_out = participants.take_out

    def slowly(*args: Any) -> Any:
        leaving.set()
        assert go_on.wait(10), "nobody went on"
        return take_out(*args)

    monkeypatch.setattr(participants, "take_out", slowly)
    ending = asyncio.create_task(backend.delete("/Users/alice"))
    await asyncio.to_thread(leaving.wait, 10)
    rig.connect("bob")  # who is let in
    assert not ending.done()
    go_on.set()
    assert (await ending).status == 204
    assert (await backend.get("/Users/alice")).error == (404, 20404)
    assert (await backend.get(f"{place}/Participants")).json["participants"] == []

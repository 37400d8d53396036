import pytest

from tests.support.chat_world import ChatWorld


@pytest.fixture
def world() -> ChatWorld:
    return ChatWorld()

"""Live and instant queries, of which this server has no index (`protocol/sync.md`, Queries)."""

import pytest

from tests.interop.bare import Bare
from tests.interop.sdk import SdkError, SdkObject


def test_live_query_of_an_unknown_index_is_refused(alice: SdkObject) -> None:
    with pytest.raises(SdkError) as refused:
        alice.liveQuery("tr-worker", 'data.team == "red"')

    assert (refused.value.status, refused.value.code) == (400, 54502)


def test_instant_query_of_an_unknown_index_is_refused(alice: SdkObject) -> None:
    query = alice.instantQuery("tr-worker")

    with pytest.raises(SdkError) as refused:
        query.search('data.team == "red"')

    assert (refused.value.status, refused.value.code) == (400, 54502)


def test_subscription_to_an_unknown_query_fails(bare: Bare) -> None:
    bare.establish(("q-77", "live_query", None))

    assert bare.outcomes()["q-77"]["error"]["status"] in (400, 404)

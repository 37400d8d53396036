import itertools

from tsock.tokens.storage_id import storage_id


def test_storage_id_is_stable_and_differs_in_every_part():
    assert storage_id("set", "AC1", "IS1", "alice") == "413d8e264ab4e80ab2691be2808c34a6"
    parts = itertools.product(("set", "other"), ("AC1", "AC2"), ("IS1", "IS2"), ("alice", "bob"))
    assert len({storage_id(*each) for each in parts}) == 16


def test_storage_id_does_not_run_parts_together():
    assert storage_id("a", "b", "c", '","') != storage_id("a", "b", 'c","', '"')

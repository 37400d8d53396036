import random
import re

import pytest

from tsock.ids import Ids, canonical_sid, is_sid


def test_sid_is_its_prefix_and_32_hex_digits() -> None:
    sid = Ids().sid("MP")
    assert re.fullmatch("MP[0-9a-f]{32}", sid)
    assert is_sid(sid)


def test_secret_is_32_hex_digits() -> None:
    assert re.fullmatch("[0-9a-f]{32}", Ids().secret())


def test_small_numbers_keep_their_leading_zeros(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random.Random, "getrandbits", lambda self, bits: 10)
    ids = Ids(1)
    assert (ids.sid("AC"), ids.secret()) == ("AC" + "0" * 31 + "a", "0" * 31 + "a")


def test_without_a_seed_no_two_are_the_same() -> None:
    drawn = [text for ids in (Ids(), Ids()) for text in (ids.secret(), ids.secret())]
    assert len(set(drawn)) == 4


@pytest.mark.parametrize("seed", [0, 7, "a seed"])
def test_seed_repeats_a_run(seed: int | str) -> None:
    first, again = Ids(seed), Ids(seed)
    drawn = [first.sid("AC"), first.secret(), first.sid("SK")]
    assert [again.sid("AC"), again.secret(), again.sid("SK")] == drawn
    assert len({text[-32:] for text in drawn}) == 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("AC" + "0" * 32, True),
        ("ZZ" + "abcdef0123456789" * 2, True),
        ("AC" + "0" * 31, False),
        ("AC" + "0" * 33, False),
        ("AC" + "A" * 32, False),
        ("ac" + "0" * 32, False),
        ("A1" + "0" * 32, False),
        ("AC" + "0" * 32 + "\n", False),
        (" AC" + "0" * 32, False),
        ("AC" + "\N{ARABIC-INDIC DIGIT ONE}" * 32, False),
        ("", False),
        ("TO111", False),
    ],
)
def test_what_counts_as_a_sid(text: str, expected: bool) -> None:
    assert is_sid(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("AC" + "ABCDEF0123456789" * 2, "AC" + "abcdef0123456789" * 2),
        ("AC" + "a" * 32, "AC" + "a" * 32),
        ("ac" + "A" * 32, "ac" + "A" * 32),
        ("AC" + "A" * 33, "AC" + "A" * 33),
        ("A Name", "A Name"),
        ("", ""),
    ],
)
def test_hex_digits_of_a_sid_may_be_capitals_where_it_is_looked_up(text: str, expected: str) -> None:
    assert canonical_sid(text) == expected

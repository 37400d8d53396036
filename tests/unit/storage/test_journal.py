"""Trimming what grows at one end, on the table of audit events."""

from tests.support.world import World
from tsock.accounts import audit
from tsock.accounts.accounts import rename_account
from tsock.storage import journal


def kept(world: World) -> dict[str, list[int]]:
    """The numbers that are left, by account."""
    rows = world.database.execute("SELECT account_sid, number FROM audit_events ORDER BY number").fetchall()
    return {account: [n for a, n in rows if a == account] for account, _ in rows}


def trimmed(world: World, keep: int, limit: int = 100) -> int:
    """Trim by number from one account to the next; how many steps it took."""
    place: str | None = ""
    steps = 0
    while place is not None:
        place = world(journal.forget_beyond, audit.TABLE, keep, limit, place)
        steps += 1
    return steps


def test_each_account_keeps_its_own_newest_and_none_pushes_out_anothers(world: World) -> None:
    other, _ = world.another_account()
    for _ in range(10):
        world(rename_account, world.account_sid, f"x{_}")
    before = kept(world)
    assert before == {world.account_sid: [*range(1, 15)], other.sid: [*range(1, 5)]}
    trimmed(world, 5)
    assert kept(world) == {world.account_sid: [*range(10, 15)], other.sid: [*range(1, 5)]}
    world(rename_account, world.account_sid, "y")
    assert kept(world)[world.account_sid] == [*range(10, 16)]


def test_much_is_trimmed_in_steps_of_a_few_rows(world: World) -> None:
    for number in range(10):
        world(rename_account, world.account_sid, f"x{number}")
    assert trimmed(world, 4, limit=3) == 5  # 3, 3, 3, 1, and the end
    assert kept(world) == {world.account_sid: [*range(11, 15)]}


def test_what_is_old_is_forgotten_the_oldest_first(world: World) -> None:
    begin_ms = world.now_ms
    for number in range(3):
        world.now_ms = begin_ms + (number + 1) * 1000
        world(rename_account, world.account_sid, f"x{number}")
    assert world(journal.forget_before, audit.TABLE, begin_ms + 2000, 4)
    assert kept(world) == {world.account_sid: [5, 6, 7]}
    assert not world(journal.forget_before, audit.TABLE, begin_ms + 2000, 4)
    assert kept(world) == {world.account_sid: [6, 7]}


def test_empty_table_needs_no_trimming(world: World) -> None:
    world.database.execute("DELETE FROM audit_events")
    assert trimmed(world, 1) == 1

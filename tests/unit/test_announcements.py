"""Who hears of what a commit announced, and in which order."""

from typing import Any

from tsock.announcements import Announcements
from tsock.events import Change, Event, ReadRevoked, Work


class Renamed(Change, frozen=True):
    """A change of the directory."""

    sid: str


class Sent(Work, frozen=True):
    """Work that is due."""

    sid: str


EVENT = Event("MP1", "IS1", 0, "map_item_added", "com.twilio.rtd.cds.map", b"{}")
REVOKED = ReadRevoked("IS1", "MP1", "bob")


def listening(heard: list[Any]) -> Announcements:
    def note(who: str) -> Any:
        return lambda what: heard.append((who, what))

    return Announcements(
        directory=note("directory"),
        changed=(note("gateway"), note("sync")),
        rights=note("revoked"),
        events=note("events"),
        work=[note("work")],
    )


def test_the_directory_is_first_and_whoever_lost_access_gets_no_event_behind_that():
    heard: list[Any] = []
    listening(heard).hear([EVENT, REVOKED, Sent("1"), Renamed("a"), EVENT, Renamed("b")])
    assert heard == [
        ("directory", Renamed("a")),
        ("directory", Renamed("b")),
        ("gateway", Renamed("a")),
        ("sync", Renamed("a")),
        ("gateway", Renamed("b")),
        ("sync", Renamed("b")),
        ("events", [EVENT]),
        ("revoked", REVOKED),
        ("events", [EVENT]),
        ("work", [Sent("1")]),
    ]


def test_nobody_hears_of_nothing():
    heard: list[Any] = []
    listening(heard).hear([Sent("1")])
    listening(heard).hear([EVENT])
    assert heard == [("work", [Sent("1")]), ("events", [EVENT])]

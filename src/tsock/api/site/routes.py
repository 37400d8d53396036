"""The pages for people, put together."""

from tsock.api.gatekeeper import Gatekeeper
from tsock.api.router import Route
from tsock.api.site.denial_story import DenialStory
from tsock.api.site.doctor import Doctor
from tsock.api.site.error_entries import ErrorEntries
from tsock.api.site.front import Front
from tsock.api.site.viewers import Viewers
from tsock.auth.directory import Directory
from tsock.auth.tokens import Examiner
from tsock.clock import Clock


def site(
    gatekeeper: Gatekeeper, directory: Directory, examiner: Examiner, clock: Clock, *, everybody: bool
) -> list[Route]:
    """Every route of a page; with `everybody`, as in development, nobody has to sign in."""
    viewers = Viewers(gatekeeper, directory, everybody=everybody)
    parts = (
        Front(viewers),
        ErrorEntries(viewers, clock),
        Doctor(examiner, clock, viewers),
        DenialStory(viewers),
    )
    return [route for part in parts for route in part.routes()]

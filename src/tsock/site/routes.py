"""The pages for people, put together."""

from tsock.accounts.directory import Directory
from tsock.api.gatekeeper import Gatekeeper
from tsock.api.router import Route
from tsock.clock import Clock
from tsock.site.denial_story import DenialHandlers
from tsock.site.doctor import DoctorHandlers
from tsock.site.error_entries import ErrorHandlers
from tsock.site.front import FrontHandlers
from tsock.site.viewers import Viewers
from tsock.tokens.examiner import Examiner


def site(
    gatekeeper: Gatekeeper, directory: Directory, examiner: Examiner, clock: Clock, public_url: str | None
) -> list[Route]:
    """Every route of a page; `public_url` is where people reach them, if that is set."""
    viewers = Viewers(gatekeeper, directory)
    parts = (
        FrontHandlers(gatekeeper, viewers, public_url),
        ErrorHandlers(viewers, clock),
        DoctorHandlers(examiner, clock, viewers),
        DenialHandlers(viewers),
    )
    return [route for part in parts for route in part.routes()]

"""The pages for people, put together."""

from tsock.accounts.bootstrap import Bootstrap
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
    gatekeeper: Gatekeeper,
    directory: Directory,
    examiner: Examiner,
    clock: Clock,
    public_url: str | None,
    ready_made: Bootstrap | None,
) -> list[Route]:
    """Every route of a page.

    Args:
        gatekeeper: tells who looks.
        directory: tells what is theirs.
        examiner: judges tokens.
        clock: tells the time.
        public_url: where people reach the pages, if that is set.
        ready_made: the credentials of development.
    """
    viewers = Viewers(gatekeeper, directory)
    parts = (
        FrontHandlers(gatekeeper, directory, viewers, public_url, ready_made),
        ErrorHandlers(viewers, clock),
        DoctorHandlers(examiner, clock, viewers),
        DenialHandlers(viewers),
    )
    return [route for part in parts for route in part.routes()]

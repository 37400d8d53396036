"""From a template and what it shows to the HTML of a page.

Every value is escaped unless a template says otherwise, and none does; a name that a template misspells is an
error. Text that clients chose stands in `<bdi>`, so that none of it turns the writing around it.
"""

import functools
from importlib import resources
from typing import TYPE_CHECKING

from tsock import dictionary
from tsock.clock import iso_s
from tsock.site.prose import ids, prose
from tsock.tokens.hints import remarks
from tsock.tokens.report import Claims

if TYPE_CHECKING:
    from jinja2 import Environment, Template

_FILES = resources.files("tsock.site")
STYLE = _FILES.joinpath("style.css").read_bytes()
"""The stylesheet of every page."""
SCRIPT = _FILES.joinpath("page.js").read_bytes()
"""What every page does more where scripts run; none needs it."""
ICON = _FILES.joinpath("icon.svg").read_bytes()
"""The icon of every page."""

PAGES = {"/errors": "Errors", "/doctor": "Doctor", "/denials": "Denials"}
"""Path and name of what every page leads to."""

_SHARED: dict[str, object] = {
    "AREAS": dictionary.AREAS,
    "NO_CLAIMS": Claims(),
    "OF_TOKENS": dictionary.OF_TOKENS,
    "PAGES": PAGES,
    "UNPUBLISHED": dictionary.UNPUBLISHED,
    "YEAR_10000_S": 253_402_300_800,
    "date": iso_s,
    "viewer": None,
    "meaning": dictionary.title,
    "ids_of": ids,
    "parts_of": prose,
    "place": "",
    "remarks": remarks,
}
"""What every template knows."""


def render(template: str, /, **shown: object) -> bytes:
    """The page that `template` makes of what is to be shown, as UTF-8."""
    return _template(template).render(shown).encode()


@functools.cache
def _template(name: str) -> "Template":
    return _environment().get_template(name)


@functools.cache
def _environment() -> "Environment":
    # Only now: the import takes as long as a tenth of a start, and most processes show no page.
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415

    environment = Environment(
        loader=PackageLoader("tsock.site"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals.update(_SHARED)  # pyright: ignore[reportUnknownMemberType]
    return environment

"""From a template and what it shows to the HTML of a page.

Every value is escaped unless a template says otherwise, and none does; a name that a template misspells is an
error. Text that clients chose stands in `<bdi>`, so that none of it turns the writing around it.
"""

import functools
from importlib import resources
from typing import TYPE_CHECKING

from tsock import dictionary
from tsock.clock import iso_s
from tsock.site.prose import prose
from tsock.tokens.hints import HINTS
from tsock.tokens.report import Claims

if TYPE_CHECKING:
    from jinja2 import Template

STYLE = resources.files("tsock.site").joinpath("style.css").read_bytes()
"""The stylesheet of every page."""

_SHARED: dict[str, object] = {
    "AREAS": dictionary.AREAS,
    "HINTS": HINTS,
    "NO_CLAIMS": Claims(),
    "UNPUBLISHED": dictionary.UNPUBLISHED,
    "YEAR_10000_S": 253_402_300_800,
    "date": iso_s,
    "viewer": None,
    "meaning": dictionary.title,
    "parts_of": prose,
}
"""What every template knows."""


def render(template: str, /, **shown: object) -> bytes:
    """The page that `template` makes of what is to be shown, as UTF-8."""
    return _template(template).render(shown).encode()


@functools.cache
def _template(name: str) -> "Template":
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
    return environment.get_template(name, globals=_SHARED)

"""The doctor over HTTP: what a client was given goes in, why it is accepted or denied comes out."""

import msgspec

from tsock.api.operator.body import PRODUCTS
from tsock.api.request import Access, Answer, Door, Request, Response
from tsock.api.rest.fields import FORM, Fields, pairs
from tsock.api.router import Route
from tsock.clock import Clock
from tsock.errors import ApiError, invalid
from tsock.site.html import PRIVATE, page, see_other, sign_in
from tsock.site.viewers import Viewer, Viewers
from tsock.telemetry.printable import printable_json
from tsock.tokens.examiner import Examiner
from tsock.tokens.report import Report

TEXT_BYTES_MAX = 1024 * 1024

EXAMPLE = '{"token": "eyJhbGciOi.eyJqdGki.c2lnbg"}'
"""What the page of the doctor explains itself by: an answer that was not taken apart."""


class DoctorHandlers:
    """`/doctor`: for programs text in and JSON out, for people a form."""

    def __init__(self, examiner: Examiner, clock: Clock, viewers: Viewers) -> None:
        self._examiner = examiner
        self._clock = clock
        self._viewers = viewers

    def routes(self) -> list[Route]:
        """The part of the route table that is served here."""
        return [
            Route(Door.HTTP, "POST", "/doctor", self.examine, Access.VIEWER),
            Route(Door.HTTP, "GET", "/doctor", self.form),
            Route(Door.HTTP, "POST", "/doctor/report", self.report, Access.VIEWER),
            Route(Door.HTTP, "GET", "/doctor/report", self.again),
        ]

    def examine(self, request: Request) -> Answer:
        """The report on the body, whatever its type: byte for byte what `tsock doctor --json` prints."""
        viewer = self._viewers.signed_in(request)
        report = self._report(request.body, request.params.get("product"), viewer)
        body = printable_json(msgspec.json.format(msgspec.json.encode(report), indent=2).decode())
        return Response(200, f"{body}\n".encode(), headers=PRIVATE)

    def form(self, request: Request) -> Answer:
        """A page to paste into."""
        viewer = self._viewers.known(request)
        return self._page(viewer, None if viewer else sign_in("/doctor"), None)

    def report(self, request: Request) -> Answer:
        """The report on what was pasted, as a page."""
        viewer = self._viewers.signed_in(request)
        text, product = _filled_in(request)
        return self._page(viewer, None, self._report(text.encode(), product or None, viewer))

    def again(self, request: Request) -> Answer:
        """To the form, for whoever comes back to a report: nothing of it was kept."""
        return see_other("/doctor")

    def _page(self, viewer: Viewer | None, sign_in: str | None, report: Report | None) -> Response:
        return page(
            "doctor.html",
            report=report,
            sign_in=sign_in,
            chars_max=TEXT_BYTES_MAX,
            viewer=viewer,
            example_text=EXAMPLE,
            example=self._examiner.examine(EXAMPLE, self._clock.now_ms()),
        )

    def _report(self, text: bytes, product: str | None, viewer: Viewer) -> Report:
        if len(text) > TEXT_BYTES_MAX:
            raise ApiError(413, 20413, f"The text must be at most {TEXT_BYTES_MAX} bytes, not {len(text)}")
        if product is not None and product not in PRODUCTS:
            raise invalid("product is sync or chat")  # whatever else was put there is not repeated
        return self._examiner.examine(
            text.decode(errors="replace"),
            self._clock.now_ms(),
            registered=() if product is None else (PRODUCTS[product],),
            may_see=viewer.may_see,
        )


def _filled_in(request: Request) -> tuple[str, str]:
    """The fields of the form; an error about them repeats nothing of what may be a secret."""
    try:
        fields = Fields(pairs(request.body.decode("ascii"), "form"))
        return fields.text("text") or "", fields.text("product") or ""
    except (ApiError, UnicodeDecodeError):
        raise invalid(f"expected the fields text and product as {FORM}") from None

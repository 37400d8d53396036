"""Results: how one is measured, and how it is shown."""

import time
from collections.abc import Sequence

import msgspec

from tsock.bench.process import Process


class Figure(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer to one question in one case. Latencies are in microseconds."""

    question: str
    case: str
    operations: int
    per_s: float
    cpu_us: float | None = None
    """CPU time of the server per operation, in all its threads."""
    p50_us: float | None = None
    p99_us: float | None = None
    server_busy: float | None = None
    """Share of one CPU that the server used."""
    load_busy: float | None = None
    """Share of one CPU that the load used. Near 1, the rate is the load's limit and not the server's."""
    notes: dict[str, float] = {}
    """What only this question measures; the unit is in the name."""

    def beside_other_work(self) -> "Figure":
        """Without CPU per operation, since the server did more than these operations."""
        return msgspec.structs.replace(self, cpu_us=None)

    def noting(self, **notes: float) -> "Figure":
        """With further notes."""
        return msgspec.structs.replace(self, notes={**self.notes, **notes})


class Scale(msgspec.Struct, frozen=True):
    """How large and how long a run is; 1.0 is the size that the published figures have."""

    share: float = 1.0
    seconds: float = 5.0

    def of(self, number: int) -> int:
        """So many clients or items, or the share of them."""
        return max(1, round(number * self.share))


class Meter:
    """Measures from its making until `figure`."""

    def __init__(self, server: Process | None) -> None:
        self._server = server
        self._server_s = server.cpu_s() if server else 0.0
        self._load_s = time.process_time()
        self._started = time.perf_counter()

    def figure(self, question: str, case: str, operations: int, latencies_s: Sequence[float] = ()) -> Figure:
        """What `operations` took since this was made."""
        elapsed_s = time.perf_counter() - self._started
        load_s = time.process_time() - self._load_s
        server_s = self._server.cpu_s() - self._server_s if self._server else None
        return Figure(
            question=question,
            case=case,
            operations=operations,
            per_s=operations / elapsed_s,
            cpu_us=None if server_s is None else server_s / max(operations, 1) * 1e6,
            p50_us=quantile(latencies_s, 0.5) * 1e6 if latencies_s else None,
            p99_us=quantile(latencies_s, 0.99) * 1e6 if latencies_s else None,
            server_busy=None if server_s is None else server_s / elapsed_s,
            load_busy=load_s / elapsed_s,
        )


def quantile(values: Sequence[float], share: float) -> float:
    """The value that `share` of all do not exceed."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


COLUMNS = ("question", "case", "per second", "CPU us", "p50 us", "p99 us", "server", "load", "also")


def row(figure: Figure) -> dict[str, str]:
    """A figure as text, by column; what is not known is empty."""
    cells = (
        figure.question,
        figure.case,
        f"{figure.per_s:,.0f}",
        _number(figure.cpu_us, 1),
        _number(figure.p50_us),
        _number(figure.p99_us),
        _share(figure.server_busy),
        _share(figure.load_busy),
        ", ".join(f"{name} {_note(value)}" for name, value in figure.notes.items()),
    )
    return dict(zip(COLUMNS, cells, strict=True))


def _number(value: float | None, digits: int = 0) -> str:
    return "" if value is None else f"{value:,.{digits}f}"


def _note(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.0%}"

"""Results of benches."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median
from typing import Any


class BenchError(RuntimeError):
    """A subject did not do its work, so there is nothing to measure."""


@dataclass(frozen=True, slots=True)
class Row:
    """One subject of a bench and its figures; a figure's name ends with its unit."""

    subject: str
    figures: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Intended ratio of Dateline to a peer: either ``at_most`` or ``at_least``."""

    what: str
    ratio: float
    at_most: float | None = None
    at_least: float | None = None

    @property
    def met(self) -> bool:
        too_high = self.at_most is not None and self.ratio > self.at_most
        too_low = self.at_least is not None and self.ratio < self.at_least
        return not (too_high or too_low)

    @property
    def wanted(self) -> str:
        return f"at most {self.at_most}" if self.at_most is not None else f"at least {self.at_least}"


@dataclass(slots=True, kw_only=True)
class Result:
    """A finished bench; ``method`` explains the figures, ``notes`` list missing measurements."""

    bench: str
    method: str
    rows: list[Row] = field(default_factory=list)
    targets: list[Target] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[dict[str, Any]]:
        """One JSON object for each row, target and note."""
        yield {"bench": self.bench, "method": self.method}
        for row in self.rows:
            yield {"bench": self.bench, "subject": row.subject, **row.figures}
        for target in self.targets:
            ratio = {"target": target.what, "ratio": round(target.ratio, 3), "wanted": target.wanted}
            yield {"bench": self.bench, **ratio, "met": target.met}
        for note in self.notes:
            yield {"bench": self.bench, "note": note}


def median_ratio(ours: list[float], theirs: list[float]) -> float:
    """Return the median over rounds of ours divided by theirs, so that a slow round affects both."""
    return median(one / other for one, other in zip(ours, theirs, strict=True))

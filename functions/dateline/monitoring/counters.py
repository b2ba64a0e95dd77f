"""Counters: daily numbers of a source, consistent by construction.

The table has an item per source and day (``item_keys.day``) with the sums of the day's crawls and WARC files. The day
of a crawl and of its captures is the date in the crawl's name (UTC), however late the captures are archived::

    discovered = known + waiting + failed + left + captured                    URLs discovered by crawls
    failed     = failed_robots + failed_timeout + ...                          one counter per reason
    captured   = archived + unchanged + not_article + duplicate + gone + quarantined + unread     pages fetched

``left`` are URLs abandoned by all crawls, such as those beyond a ``--limit``; URLs handed to a continuation count
there. ``revisited`` are captured URLs that were known, ``passed_over`` looks beyond the source's cap of the day;
``revised`` are archived pages of known stories. ``unread`` is not stored but computed from the third line:
pages with captures not archived yet, or in damaged WARC files (counted as ``damaged``). It is negative during a crawl,
because captured pages are counted at its end.

Imported pages belong to no crawl; their outcomes count as ``imported_archived`` and so on, on the day of their capture.
``expected_2-60`` counts the crawls with an expectation of 2 to 60 stories a day, ``rules_missed`` the extraction rules
without a match. Each report and each WARC file is added once, in any order, so a rebuild gives the same numbers.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Self

from dateline.article import Outcome
from dateline.keys.object_keys import Stem
from dateline.messages import CrawlReport, Expect

if TYPE_CHECKING:
    from dateline.outcomes import PageOutcome

Counted = Mapping[str, int]
Yields = Literal["low", "high"]

_FAILED, _IMPORTED, _EXPECTED = "failed_", "imported_", "expected_"
_MAX_REASONS = 25  # of one crawl, the rest is "other": a server may think up a status for each page


def of_crawl(report: CrawlReport) -> Counted:
    """Return the counters of a crawl report."""
    handed_on = report.left if report.continued_by else 0
    numbers = {
        "crawls": 1,
        "histories": int(report.history),
        "discovered": report.discovered - handed_on,
        "known": report.known,
        "waiting": report.waiting,
        "failed": len(report.failures),
        "left": report.left - handed_on,
        "captured": report.captured,
        "revisited": report.revisited,
        "passed_over": report.passed_over,
        "feeds_failed": len([visit for visit in report.feeds if visit.failed]),
    }
    numbers |= {f"{_FAILED}{reason}": count for reason, count in _reasons(report).items()}
    numbers |= {f"{_EXPECTED}{report.expect.min}-{report.expect.max}": 1} if report.expect else {}
    return {name: number for name, number in numbers.items() if number}


def of_pages(stem: Stem, pages: Iterable["PageOutcome"]) -> Counted:
    """Return the counters of a WARC file's pages, with zeros, since corrections may lower a number to zero."""
    pages, prefix = list(pages), _IMPORTED if stem.imported else ""
    found = Counter(page.outcome for page in pages if not page.is_rest)
    outcomes = {f"{prefix}{outcome.value}": found[outcome] for outcome in Outcome}
    revised = len([page for page in pages if page.outcome is Outcome.ARCHIVED and (page.revision or 0) > 1])
    missed = sum(len(page.rules_missed) for page in pages)
    damaged = len([page for page in pages if page.is_rest])
    habit = {} if stem.imported else {"revised": revised}
    return outcomes | habit | {"damaged": damaged, "rules_missed": missed}


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A source's day; ``counts`` are the item's numbers, 0 for missing ones.

    ``expect`` is the expectation stated by the day's crawls, the widest bounds if they differ.
    """

    source: str
    date: str
    counts: Counter[str] = field(default_factory=Counter)
    expect: Expect | None = None

    @classmethod
    def of_item(cls, item: Mapping[str, Any]) -> Self:
        source, date = (str(item[name]).partition("#")[2] for name in ("PK", "SK"))
        counts = Counter({name: int(value) for name, value in item.items() if name not in ("PK", "SK")})
        bounds = [tuple(map(int, each.split("-"))) for each in _named(counts, _EXPECTED)]
        expect = Expect(min(low for low, _ in bounds), max(high for _, high in bounds)) if bounds else None
        return cls(source=source, date=date, counts=counts, expect=expect)

    @property
    def outcomes(self) -> dict[str, int]:
        """How many pages of the day's crawls came to each outcome."""
        return {outcome.value: self.counts[outcome.value] for outcome in Outcome}

    @property
    def unread(self) -> int:
        """How many pages more were captured than came to an outcome."""
        return self.counts["captured"] - sum(self.outcomes.values())

    @property
    def failures(self) -> dict[str, int]:
        """How many URLs failed, by reason."""
        return _named(self.counts, _FAILED)

    @property
    def imported(self) -> dict[str, int]:
        """How many imported pages came to each outcome."""
        return _named(self.counts, _IMPORTED)

    @property
    def yields(self) -> Yields | None:
        """Whether fewer new and changed stories came in than expected, or more; a history's are of other days."""
        archived = self.counts["archived"]
        if self.expect and archived < self.expect.min:
            return "low"
        return "high" if self.expect and archived > self.expect.max and not self.counts["histories"] else None


def _named(counts: Mapping[str, int], prefix: str) -> dict[str, int]:
    found = sorted(name for name, count in counts.items() if name.startswith(prefix) and count)
    return {name.removeprefix(prefix): counts[name] for name in found}


def _reasons(report: CrawlReport) -> Counter[str]:
    found = Counter(report.reasons())
    named = Counter(dict(found.most_common(_MAX_REASONS)))
    return named + Counter(other=found.total() - named.total())

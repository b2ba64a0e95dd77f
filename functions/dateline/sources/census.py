"""What is registered, by country, and what files contradict about it; no request is made."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, fields

from dateline.sources.registry import Source
from dateline.urls import canonical


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Sources of a country's outlets: those that are crawled, those that refuse, and those that a live check confirmed.

    ``seeds`` are feeds, sitemaps and listings.
    """

    country: str
    sources: int
    crawled: int
    refused: int
    confirmed: int
    seeds: int


def counts(sources: Iterable[Source]) -> list[Count]:
    """Return the counts of each country, by its code."""
    found = defaultdict[str, list[Source]](list)
    for source in sources:
        found[source.country].append(source)
    return [_count(country, some) for country, some in sorted(found.items())]


def _count(country: str, sources: list[Source]) -> Count:
    refused = sum(source.access == "refused" for source in sources)
    return Count(
        country=country,
        sources=len(sources),
        crawled=len(sources) - refused,
        refused=refused,
        confirmed=sum(source.checked is not None for source in sources),
        seeds=sum(len(_seeds(source)) for source in sources),
    )


def total(counts: Iterable[Count]) -> Count:
    """Return the sums of all countries, under the name ``all``."""
    rows = [asdict(count) for count in counts]
    names = [each.name for each in fields(Count) if each.name != "country"]
    return Count(country="all", **{name: sum(row[name] for row in rows) for name in names})


def contradictions(sources: Iterable[Source]) -> Iterator[str]:
    """Yield what cannot be right: a seed in two sources, and a crawled source without any.

    Each file by itself is checked when it is loaded (``registry``).
    """
    found = list(sources)
    seeds = Counter((canonical(seed), source.id) for source in found for seed in _seeds(source))
    homes = defaultdict[str, list[str]](list)
    for seed, id in seeds:
        homes[seed].append(id)
    for seed, ids in homes.items():
        if len(ids) > 1:
            yield f"{' and '.join(sorted(ids))} have the same feed, sitemap or listing: {seed}"
    for source in found:
        if source.access == "open" and not _seeds(source):
            yield f'{source.id} has no feed, sitemap or listing; add one, or access = "refused"'


def _seeds(source: Source) -> tuple[str, ...]:
    return source.feeds + source.sitemaps + source.listings

"""Bills: what a million stories, or a month, cost by the counted use and the price table.

A story's first year has its capture, extraction and index, the looks at it, its edits, and twelve months of storage.
Costs without a story (schedules, alarms, keys) are a month's, and apart.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from dateline.cost import measured, prices, rounds
from dateline.cost.measured import Use
from dateline.cost.prices import Price

_GB = 1e9
_MONTHS = 12
_DAY = 86_400  # seconds
DAYS = 365 / 12  # of a month
MILLION = 1_000_000


class Driver(StrEnum):
    """What money is spent on."""

    CRAWL = "crawl functions"
    EXTRACTION = "extraction functions"
    STREAM = "search and event functions"
    TABLE_WRITES = "table writes"
    TABLE_READS = "table reads"
    TABLE_STORAGE = "table storage"
    S3_STORAGE = "S3 storage"
    S3_REQUESTS = "S3 requests"
    QUEUES = "queues and events"
    LOGS = "logs"
    FIXED = "schedules, alarms and keys"


class Line(NamedTuple):
    """So many units of a price, for a driver."""

    driver: Driver
    price: Price
    quantity: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """Outlets with so many new stories a day each.

    ``looks`` and ``edits`` are those of a story in its first year; ``rewritten`` is the share of looks that find other
    bytes with the same words. ``every`` is a source's interval in minutes. ``crawls`` are its crawls in a day;
    0 for those of an outlet with these stories. ``hosts`` are those of an invocation of the crawl function; 0 for the
    share of the outlets in a shard. ``subscribed``: the event bus has a rule, so there is an event for each new story
    and each edit.
    """

    outlets: int = 500
    stories_a_day: float = 100
    looks: float = measured.LOOKS
    edits: float = measured.EDITS
    rewritten: float = measured.REWRITTEN
    every: float = rounds.EVERY
    crawls: float = 0
    hosts: float = 0
    infrequent_access: bool = False
    backup: bool = False
    subscribed: bool = False

    @property
    def side_by_side(self) -> float:
        """Average number of hosts of an invocation."""
        return self.hosts or rounds.side_by_side(self.outlets)

    @property
    def crawls_a_day(self) -> float:
        """Crawls of one outlet in a day: scheduled ones, and those of pages that they had no time for."""
        return self.crawls or rounds.crawls(self.stories_a_day, self.pages_a_day, self.every)

    @property
    def pages_a_day(self) -> float:
        """Pages that one outlet's crawls capture in a day: new stories, and looks at those of the year before."""
        return self.stories_a_day * (1 + self.looks)

    @property
    def batches(self) -> float:
        """Batches of the table's stream for each story: one for a WARC file, or for a window with several."""
        stories = self.outlets * self.stories_a_day
        most = _DAY / measured.STREAM_WINDOW
        return min(self.files * self.outlets * self.pages_a_day, most) / stories if stories else 0

    @property
    def files(self) -> float:
        """WARC files for each page: a crawl with pages has one at least, more where memory is short."""
        crawls = min(self.crawls_a_day, self.pages_a_day)
        return max(crawls / self.pages_a_day, 1 / measured.PAGES_PER_FILE) if self.pages_a_day else 0


def story(work: Workload) -> Iterator[Line]:
    """Yield the lines of a story's first look and its index, without storage."""
    yield from _page(work, measured.STORY)
    yield Line(Driver.TABLE_WRITES, Price.TABLE_WRITE, places())
    yield from _stream(work)
    yield from _scaled(_batch(), work.batches)
    yield Line(Driver.LOGS, Price.LOGS, measured.STORY_LOG / _GB)
    yield from _scaled(_crawl(work), work.crawls_a_day / work.stories_a_day)
    yield from _scaled(_used(measured.PACK_DAY), 1 / work.stories_a_day)


def look(work: Workload) -> Iterator[Line]:
    """Yield the lines of a look that finds nothing new; some find other bytes."""
    yield from _scaled(_page(work, measured.LOOK, extracted=False), 1 - work.rewritten)
    yield from _scaled(_page(work, measured.REWRITTEN_LOOK), work.rewritten)
    yield from _scaled(_used(measured.PACK_LOOK), work.rewritten)
    first = min(measured.REWRITES / work.looks, 1) if work.looks else 0
    yield from _scaled(_used(measured.STATE), work.rewritten * first)


def edit(work: Workload) -> Iterator[Line]:
    """Yield the lines of a look that finds other words, on top of a look."""
    more = _less(measured.EDIT, measured.LOOK)
    yield from _used(more)
    yield Line(Driver.EXTRACTION, Price.LAMBDA_COMPUTE, _extraction(more, extracted=True))
    yield from _stream(work)


def storage(work: Workload, months: float = _MONTHS) -> Iterator[Line]:
    """Yield the storage of a story and its looks for some months."""
    yield from _table_storage(work, months)
    yield from _s3_storage(work, months)


def first_year(work: Workload) -> Iterator[Line]:
    """Yield the lines of one story in its first year."""
    yield from story(work)
    yield from _scaled(look(work), work.looks)
    yield from _scaled(edit(work), work.edits)
    yield from storage(work)


def month(work: Workload) -> Iterator[Line]:
    """Yield the lines of the twelfth month: a month's stories and looks, and the storage of a year's stories."""
    stories = work.outlets * work.stories_a_day * DAYS
    if stories:
        yield from _scaled(story(work), stories)
        yield from _scaled(look(work), stories * work.looks)
        yield from _scaled(edit(work), stories * work.edits)
        yield from _scaled(storage(work, 1), stories * _MONTHS)
    yield from fixed(work)


def fixed(work: Workload) -> Iterator[Line]:
    """Yield a month's costs without a story: schedules, polls of queues, alarms, metrics, keys."""
    runs = measured.DISPATCHES * DAYS
    yield Line(Driver.FIXED, Price.LAMBDA_COMPUTE, runs * measured.DISPATCH_GB_SECONDS)
    yield Line(Driver.FIXED, Price.LAMBDA_COMPUTE, measured.SCHEDULED_GB_SECONDS * DAYS)
    yield Line(Driver.FIXED, Price.SCHEDULE, runs + measured.SCHEDULED * DAYS)
    yield Line(Driver.FIXED, Price.TABLE_READ, runs * work.outlets * measured.DISPATCH_READS)
    yield Line(Driver.FIXED, Price.SQS_REQUEST, measured.POLLS * DAYS)
    yield Line(Driver.FIXED, Price.SQS_FIFO_REQUEST, measured.POLLS * DAYS)
    yield Line(Driver.FIXED, Price.ALARM, measured.ALARMS)
    yield Line(Driver.FIXED, Price.METRIC, measured.METRICS if work.stories_a_day else measured.IDLE_METRICS)
    yield Line(Driver.FIXED, Price.KEY, 1)


def dollars(lines: Iterable[Line], work: Workload, times: float = 1) -> dict[Driver, float]:
    """Return the dollars of lines by driver, the largest first."""
    table = prices.DOLLARS | (prices.INFREQUENT_ACCESS if work.infrequent_access else {})
    found: dict[Driver, float] = defaultdict(float)
    for line in lines:
        found[line.driver] += line.quantity * table[line.price] * times
    return dict(sorted(found.items(), key=lambda each: -each[1]))


def allowance(lines: Iterable[Line]) -> float:
    """Return the dollars of a month's lines that AWS's lasting free allowances cover."""
    used: dict[Price, float] = defaultdict(float)
    for line in lines:
        used[line.price] += line.quantity
    return sum(_covered(used, together, free) for together, free in prices.FREE.items())


def _covered(used: Mapping[Price, float], together: Iterable[Price], free: float) -> float:
    saved = 0.0
    for price in together:
        taken = min(used.get(price, 0.0), free)
        saved, free = saved + taken * prices.DOLLARS[price], free - taken
    return saved


def per_million(work: Workload) -> dict[Driver, float]:
    """Return the dollars of a million stories in their first year, by driver."""
    return dollars(first_year(work), work, MILLION)


def of_counts(*, stories: float, looks: float, crawls: float) -> dict[Driver, float]:
    """Return the dollars of so many new stories or revisions, looks and crawls, without storage."""
    work = Workload()
    pages = [*_page(work, measured.STORY), Line(Driver.TABLE_WRITES, Price.TABLE_WRITE, places())]
    pages += [Line(Driver.STREAM, Price.LAMBDA_COMPUTE, measured.STREAM_GB_SECONDS)]
    lines = [*_scaled(pages, stories), *_scaled(look(work), looks), *_scaled(_crawl(work), crawls)]
    return dollars(lines, work)


def _page(work: Workload, use: Use, *, extracted: bool = True) -> Iterator[Line]:
    """A captured page with its share of a WARC file."""
    yield Line(Driver.CRAWL, Price.LAMBDA_COMPUTE, rounds.page_gb_seconds(work.side_by_side))
    yield Line(Driver.EXTRACTION, Price.LAMBDA_COMPUTE, _extraction(use, extracted=extracted))
    yield from _used(use)
    yield Line(Driver.EXTRACTION, Price.LAMBDA_COMPUTE, measured.PACK_SECONDS * measured.EXTRACT_MEMORY)
    yield from _scaled(_file(), work.files)


def _file() -> Iterator[Line]:
    yield from _used(measured.FILE)
    yield Line(Driver.EXTRACTION, Price.LAMBDA_COMPUTE, _extraction(measured.FILE, extracted=False))
    yield Line(Driver.EXTRACTION, Price.LAMBDA_REQUEST, 1)
    yield from _used(measured.PACK_FILE)
    yield Line(Driver.QUEUES, Price.SQS_REQUEST, measured.QUEUE_REQUESTS)
    yield Line(Driver.LOGS, Price.LOGS, measured.FILE_LOG / _GB)


def _stream(work: Workload) -> Iterator[Line]:
    """A revision in the functions behind the table's stream, without its share of a batch."""
    yield Line(Driver.STREAM, Price.LAMBDA_COMPUTE, measured.STREAM_GB_SECONDS)
    if work.subscribed:
        yield Line(Driver.QUEUES, Price.EVENT, 1)


def _batch() -> Iterator[Line]:
    """A batch of the table's stream, for search and for events."""
    yield from _used(measured.BATCH)
    yield Line(Driver.STREAM, Price.LAMBDA_REQUEST, 2)


def _crawl(work: Workload) -> Iterator[Line]:
    """A scheduled crawl of a source without anything new, whose feed has changed all the same."""
    yield Line(Driver.CRAWL, Price.LAMBDA_COMPUTE, rounds.start_gb_seconds(work.side_by_side))
    yield Line(Driver.CRAWL, Price.LAMBDA_REQUEST, 1 / work.side_by_side)
    yield from _used(measured.QUIET_CRAWL)
    yield from _used(measured.LISTED)
    yield Line(Driver.QUEUES, Price.SQS_FIFO_REQUEST, measured.QUEUE_REQUESTS / work.side_by_side)
    yield Line(Driver.LOGS, Price.LOGS, measured.CRAWL_LOG / _GB)


def _used(use: Use) -> Iterator[Line]:
    yield Line(Driver.TABLE_WRITES, Price.TABLE_WRITE, use.write_units)
    yield Line(Driver.TABLE_READS, Price.TABLE_READ, use.read_units)
    yield Line(Driver.S3_REQUESTS, Price.S3_PUT, use.puts)
    yield Line(Driver.S3_REQUESTS, Price.S3_GET, use.gets)
    yield Line(Driver.QUEUES, Price.EVENT, use.events)


def places() -> float:
    """Return the write units of a story's place items."""
    return measured.PLACES * measured.PLACE.write_units


def _extraction(use: Use, *, extracted: bool) -> float:
    seconds = use.waits * measured.CALL_SECONDS + (measured.EXTRACT_SECONDS if extracted else 0)
    return seconds * measured.EXTRACT_MEMORY


def table_bytes(work: Workload) -> float:
    """Return the bytes of a story in the table, on average over its first year."""
    kept, items = measured.STORY_BYTES, measured.PLACES * measured.PLACE_BYTES
    same = work.rewritten * ((1 + work.edits) * measured.SAME_BYTES + work.looks * measured.SAME_LOOK_BYTES)
    rest = same + work.edits * measured.REVISION_BYTES
    pages = 1 + work.looks
    done = measured.DONE_BYTES * (work.files * pages + work.crawls_a_day / work.stories_a_day)
    seen = measured.SEEN_BYTES * measured.SEEN_LASTS * pages
    return kept.table + kept.bands * measured.BANDS_LAST + items + rest + done + seen


def s3_bytes(work: Workload) -> tuple[float, float]:
    """Return the bytes of a story's captures in its first year, and of what is derived from them."""
    looks = work.looks * ((1 - work.rewritten) * measured.LOOK_CAPTURE + work.rewritten * measured.REWRITTEN_CAPTURE)
    derived = measured.STORY_ARCHIVE * (1 + work.edits) + work.looks * measured.LOOK_ARCHIVE
    return measured.STORY_CAPTURE * (1 + work.edits) + looks, derived


def _table_storage(work: Workload, months: float) -> Iterator[Line]:
    yield Line(Driver.TABLE_STORAGE, Price.TABLE_STORAGE, table_bytes(work) / _GB * months)
    if work.backup:
        yield Line(Driver.TABLE_STORAGE, Price.TABLE_BACKUP, table_bytes(work) / _GB * months)


def _s3_storage(work: Workload, months: float) -> Iterator[Line]:
    captures, derived = (size / _GB for size in s3_bytes(work))
    warm = months * measured.WARM_DAYS / (DAYS * _MONTHS)
    yield Line(Driver.S3_STORAGE, Price.S3_STORAGE, captures * warm + derived * months)
    yield Line(Driver.S3_STORAGE, Price.S3_COLD_STORAGE, captures * (months - warm))
    packs = 1 / work.stories_a_day if work.stories_a_day else 0  # one for a source and day
    yield Line(Driver.S3_STORAGE, Price.S3_TRANSITION, packs * months / _MONTHS)


def _scaled(lines: Iterable[Line], times: float) -> Iterator[Line]:
    return (line._replace(quantity=line.quantity * times) for line in lines)


def _less(one: Use, other: Use) -> Use:
    names: Mapping[str, float] = {name: getattr(one, name) - getattr(other, name) for name in Use.__slots__}
    return Use(**names)

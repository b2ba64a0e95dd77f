"""Counted use of AWS: what a story, a look and a crawl consume, by the calls of the functions' handlers.

tests/cost/test_measured.py runs the handlers on an emulated AWS and counts again; a change of the code that changes a
count fails there and is recorded here. Bytes and times are of recorded pages (142 real ones and 60 invented ones).
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Consumption of one unit of work: capacity units, S3 requests, events, and its calls one after the other.

    Events are put only if the bus has a rule (``model.Workload.subscribed``); here it has none.

    Calls of several threads at once count as the share of a thread.
    """

    write_units: float = 0
    read_units: float = 0
    puts: float = 0
    gets: float = 0
    events: float = 0
    waits: float = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Bytes:
    """What a story keeps in the table for good, and in the bands of copies while these last."""

    table: float
    bands: float


# Counted: a crawl without news; a WARC file with its extraction; a batch of the table's stream; then the share of each
# page in them. Outlets have https: a page under http costs half a read unit more, for its story's former id.
QUIET_CRAWL: Final = Use(write_units=5, read_units=3.5, puts=1, gets=4)
LISTED: Final = Use(read_units=13)  # assumed: 26 known stories in the feed of a crawl; none if the feed is unchanged
ROUND: Final = Use(write_units=2, read_units=1)  # of all crawls of a round, so next to nothing for each
FILE: Final = Use(write_units=6, read_units=2, puts=4, gets=2, waits=9.5)  # one PUT is of the crawl's due times
BATCH: Final = Use(puts=2, gets=3)
STORY: Final = Use(write_units=11, read_units=10.5, gets=1, waits=2.1)  # without its place items
PLACE: Final = Use(write_units=1)  # one place item
LOOK: Final = Use(read_units=2)  # unchanged: 304, or the same bytes
REWRITTEN_LOOK: Final = Use(write_units=1, read_units=4, waits=1.1)  # other bytes, the same words
STATE: Final = Use(write_units=1)  # of a page, also at its first REWRITES looks with other bytes
EDIT: Final = Use(write_units=10, read_units=15, gets=1, waits=4.1)  # other words: a revision, same places
STORY_BYTES: Final = Bytes(table=3_000, bands=1_685)  # without its place items
PLACE_BYTES: Final = 171
DONE_BYTES: Final = 272  # of a WARC file or a crawl report
SEEN_BYTES: Final = 66  # of a page that was there
SAME_BYTES: Final = 252  # of a revision with looks that find other bytes, for the chain of revisions
SAME_LOOK_BYTES: Final = 69  # and of each of these looks
REVISION_BYTES: Final = 930  # of an edit

# Of recorded pages, by 202 of them.
PLACES: Final = 4.5  # place items of a story
STORY_CAPTURE: Final = 52_800  # bytes of WARC, gzip
STORY_ARCHIVE: Final = 4_300  # bytes of the article 3,100, outcome 300, search index 900
LOOK_CAPTURE: Final = 1_600  # bytes of WARC without the body
PACKED_AFTER: Final = 7  # days: then a day's files are one, and rewritten pages have lost their bodies
REWRITTEN_CAPTURE: Final = (PACKED_AFTER * 52_800 + (365 - PACKED_AFTER) * 2_000) / 365  # on average in a year
PACK_SECONDS: Final = 0.004  # CPU of a page read, packed and compared (infra/bench)
PACK_FILE: Final = Use(gets=3)  # tests/maintenance/test_packing.py counts them
# Of a page with other bytes, whose words are looked for; assumed: two of the looks at a file's stories are of one day.
PACK_LOOK: Final = Use(read_units=1, gets=0.5)
# Of a source: two PUTs, LISTs, the tree, the pack read again; and the manifests of some other days, assumed to be 15 of
# five months.
PACK_DAY: Final = Use(puts=12, gets=18)
LOOK_ARCHIVE: Final = 150  # bytes of the outcome's line
# CPU of a page: extraction 0.034, by turns 0.92 of the 0.037 before; the rest for reading, fingerprint and items.
EXTRACT_SECONDS: Final = 0.041
EXTRACT_MEMORY: Final = 1769 / 1024  # GB, for a whole processor

# Of the revisit plan.
LOOKS: Final = 5.9  # at a story in its first year: python -m infra.bench edits
EDITS: Final = 0.3  # revisions after the first: one story in five is edited, one and a half times
REWRITTEN: Final = 0.5  # share of looks with other bytes and the same words: outlets without validators
REWRITES: Final = 2  # such looks at a page, until its state stays as it is

# Of template.yaml and of AWS; see the comments.
BANDS_LAST: Final = 30 / 365  # of the first year
SEEN_LASTS: Final = 30 / 365
PAGES_PER_FILE: Final = 50  # at most: 128 MB in the open files of 83 hosts, 30 kB a page
STREAM_WINDOW: Final = 45  # seconds of changes in a batch of the table's stream for search
CALL_SECONDS: Final = 0.006  # assumed: of a call to DynamoDB or S3 within the region
STREAM_GB_SECONDS: Final = 0.05  # assumed: of a story, 1 GB for half a second and 256 MB for 0.2 s for a dozen of them
WARM_DAYS: Final = PACKED_AFTER + 1  # until a pack moves to Glacier Instant Retrieval
QUEUE_REQUESTS: Final = 3  # of a message: sent, received, deleted
STORY_LOG: Final = 450  # bytes: a line for each event
FILE_LOG: Final = 3_500  # bytes: lines of three invocations, those of the runtime included
CRAWL_LOG: Final = 1_400  # bytes
DISPATCHES: Final = 288  # a day, one in five minutes
DISPATCH_GB_SECONDS: Final = 0.1  # assumed: 256 MB for 0.4 s
DISPATCH_READS: Final = 1.0  # read units of a source: its schedule and its health
SCHEDULED: Final = 50  # runs a day: compaction and search hourly, coverage and stamps daily
SCHEDULED_GB_SECONDS: Final = 140  # assumed, a day: 24 compactions of 2 s at 2 GB, merges, coverage, stamps
POLLS: Final = 21_600  # a day and queue: five pollers of 20 s, as AWS describes them
ALARMS: Final = 34
METRICS: Final = 24  # with crawls every hour; AWS bills a metric by the hour
IDLE_METRICS: Final = 8  # of the schedules

"""S3 keys and table keys, built here and nowhere else (docs/storage.md explains them).

S3, dates are capture dates in UTC::

    CaptureBucket
        captures/<source>/<yyyy>/<mm>/<dd>/<crawl>-<n>.warc.gz   WARC file: server responses, one gzip member per record
        packs/<source>/<yyyy>/<mm>/<dd>-<name>.warc.gz           WARC files of a day, one after the other
        packs/<source>/<yyyy>/<mm>/<dd>-<name>.json              manifest of that pack
        crawls/<source>/<yyyy>/<mm>/<dd>/<crawl>.json            crawl report
        frontiers/<source>/<yyyy>/<mm>/<dd>/<crawl>.json.gz      URLs left for the continuation of a crawl
        withdrawals/<id>.json                                    tombstone of a withdrawn story
        withdrawals/captures/...                                 copy of a WARC file during its redaction
        withdrawals/packs/...                                    copy of a pack during its redaction
        certificates/<sha256>.der                                certificate that a server showed, once for all captures
        proofs/<yyyy>/<mm>/<dd>/leaves.jsonl.gz                  leaf hashes of a daily tree, by WARC file
        proofs/<yyyy>/<mm>/<dd>/root.json                        root of the day
        proofs/<yyyy>/<mm>/<dd>/root.sig                         signature of the root
        proofs/<yyyy>/<mm>/<dd>/<authority>.tsr                  timestamp of the root (RFC 3161)
        proofs/<yyyy>/<mm>/<dd>/<calendar>.ots                   timestamp of the root by a Bitcoin block
        proofs/<yyyy>/<mm>/<dd>/<calendar>.pending.ots           promise of one
        proofs/key.pem                                           public key of all signatures
        proofs/authorities/<name>.pem                            certificates of a timestamp authority
        proofs/roots.json                                        newest roots, a JSON Feed to publish
    ArchiveBucket
        articles/<source>/<yyyy>/<mm>/<dd>/<crawl>-<n>.jsonl.gz  articles of a WARC file, one gzip member each
        outcomes/<source>/<yyyy>/<mm>/<dd>/<crawl>-<n>.jsonl.gz  one line per page of a WARC file
        quarantine/<source>/<crawl>-<n>/<offset>.json            report on a page with a failed extraction
        reports/coverage/<yyyy-mm-dd>.json                       coverage of one day, one row per source
        reports/coverage/index.json                              digests of the daily reports
        reports/coverage/state.json                              progress of the daily reports
        reports/rebuilds.json                                    times of index rebuilds
        reports/reextract/<run>/<source>/<crawl>-<n>.json        changes in one WARC file's articles
        reports/reextract/<run>.json                             summary of a re-extraction
        dataset/articles/country=<cc>/month=<yyyy-mm>/part-<dd>.parquet   current revisions, to the next part's day
        dataset/state.json                                       progress of compaction
        reports/maintain/<run>/<job>.json                        shards of a maintenance run in the stack
        reports/maintain/<run>/<job>/<source>/<yyyy-mm>.json     result of a shard
        reports/maintain/<run>/verify/<source>/<yyyy-mm>.sqlite  records that verification saw in a shard
        reports/verify/<run>.jsonl                               verification report, one line per finding
        due/<source>.txt                                         due times of a source's URLs (``state.due_times``)
        search/manifest.json                                     list of the search index's parts
        search/<yyyy-mm>/<name>.tar                              part of the search index for a month
        watches/watches.json                                     kept searches

A crawl's name starts with the UTC second of its request (``20190417T061500Z-sample``). The capture date is therefore
part of the name, and a message delivered twice names the same objects. Imported pages belong to a crawl of the day of
their capture, ``20190416T000000Z-import``. Articles are in an object ``<crawl>-<n>.<extraction>.jsonl.gz``, named by
the outcomes object: 12 hex digits of a digest. Changed articles (re-extraction, an earlier capture archived later) get
an object of their own, and the earlier one is deleted. Before November 2026 the first objects had no such digits.

DynamoDB, one table, keys ``PK`` and ``SK``::

    ARTICLE#<id>                 CURRENT              newest revision with the index attributes below, or a tombstone
    ARTICLE#<id>                 REV#<captured_at>    one revision
    ARTICLE#<id>                 SAME#<captured_at>#<key>#<offset>  capture without a revision of its own
    ARTICLE#<id>                 PRESENCE             last absence of a page that was gone (404, 410), and its return
    BAND#<band>                  <appeared>#<id>#<captured_at>  MinHash band of a revision; expires in 90 days
    CLUSTER#<id>                 <appeared>#<id>      member of a cluster of copies; the first one names it
    URL#<hash>                   ARTICLE              story id of a non-canonical URL
    URL#<hash>                   STATE                crawl state of a URL
    SOURCE#<source>              FEED#<hash>          crawl state of a feed, sitemap or listing
    SOURCE#<source>              SCHEDULE             interval of the last scheduled crawl
    SOURCE#<source>              HEALTH               results of crawls, time of the next due page
    SOURCE#<source>              DUE#<instant>#<hash> URL due for a revisit, as written before December 2026
    SOURCE#<source>              DAY#<yyyy-mm-dd>     counters of a day (``counters``)
    SOURCE#<source>              SEEN#<key>           pages of a WARC file that were there; ``expires`` after a month
    SOURCE#<source>              DONE#<key>           contribution of a WARC file or crawl report to the counters
    LATE                         <yyyy-mm-dd>#<source>  counters changed days later; deleted by the next coverage run
    SOURCE#<source>#<yyyy-mm>    <published_key>      story of the source, published in the month
    COUNTRY#<cc>#<yyyy-mm>       <published_key>      story of an outlet of the country
    PLACE#<place>#<yyyy-mm>      <published_key>      story about the place or country
    INDEXED#<yyyy-mm-dd>         <indexed_key>        story whose newest revision was indexed on the day
    SOURCE#<source>              MONTH#<yyyy-mm>#LISTED  there are such stories of the month
    COUNTRY#<cc>                 MONTH#<yyyy-mm>#LISTED  the same
    PLACE#<place>                MONTH#<yyyy-mm>      the same
    HOST#<scheme>://<host>       ROBOTS               robots.txt of a host; ``expires`` after 30 days
    POSTPONED                    <crawl>#<source>     message of a continuation with a later start
    ROUNDS                       <number>/<shards>    rounds of a shard: sent, answered, killed (``state.rounds``)
    HOST#<host>                  HOLD                 end of a pause requested by the host; ``expires`` then
    WATCH#<name>                 STORY#<id>           revision of a story for which a watch fired last
    WATCH#<name>                 HIT#<fired_at>#<id>  a watch fired: entry of its feed
    WATCH#<name>                 MAILED               last hit in a mail
    ARCHIVE                      SOURCE#<source>      the archive has stories of the source
    ARCHIVE                      COUNTRY#<cc>         and of outlets of the country
    ARCHIVE                      INDEXED#<yyyy-mm-dd>#LISTED  INDEXED has stories of the day

A ``published_key`` is ``<published_at in UTC>#<id>``, an ``indexed_key`` ``<indexed_at>#<id>``. List items have keys
alone: readers get the CURRENT items of their ids.

A story without a date is filed under the month and instant of its first capture and has no ``published_at``; a story
with a day only, under the day. Outlets without a known country have the country ``zz``, a code that ISO 3166 reserves
for its users. A place is a GeoNames id, or ISO 3166 for stories about a country. MONTH and INDEXED items list the
existing partitions, so readers need not guess.

Until December 2026, CURRENT items had attributes for indexes instead of list items; registers without ``#LISTED`` name
the months and days there::

    BySource   source_month   <source>#<yyyy-mm>   published_key
    ByCountry  country_month  <cc>#<yyyy-mm>       published_key
    ByIndexed  indexed_day    <yyyy-mm-dd>         indexed_key
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime, time
from typing import Any, Literal, NamedTuple

ListKind = Literal["SOURCE", "COUNTRY", "PLACE"]  # of lists by publication

REBUILDS = "reports/rebuilds.json"
COVERAGE_INDEX, COVERAGE_STATE = "reports/coverage/index.json", "reports/coverage/state.json"
NOWHERE = "zz"  # for outlets without a known country
DATASET, DATASET_STATE = "dataset/articles/", "dataset/state.json"
SEARCH = "search/"
DUE_TIMES = "due/"
SEARCH_MANIFEST = f"{SEARCH}manifest.json"
WATCHES = "watches/watches.json"
HIT, WATCH = "HIT#", "WATCH#"  # sort keys, and partitions, which no bucket can restore

REEXTRACTIONS = "reports/reextract/"
MAINTENANCE, ALL_MONTHS = "reports/maintain/", "all"
PACKS = "packs/"  # by source
CAPTURES, CRAWLS, WITHDRAWALS = "captures/", "crawls/", "withdrawals/"  # folders of the capture bucket
CERTIFICATES = "certificates/"  # a folder of it too
PROOFS = "proofs/"  # another one, with these objects in it
PROOF_KEY, PROOF_FEED = f"{PROOFS}key.pem", f"{PROOFS}roots.json"
ARTICLES, OUTCOMES, QUARANTINE = "articles/", "outcomes/", "quarantine/"  # and of the archive bucket, by source
CURRENT, REVISION, PRESENCE, ALIAS = "CURRENT", "REV#", "PRESENCE", "ARTICLE"  # sort keys, or their prefixes
SAME = "SAME#"
DAY, DONE = "DAY#", "DONE#"
BAND, CLUSTER = "BAND#", "CLUSTER#"  # begin partitions
LATE = "LATE"  # partition of counters that changed late
OF_CRAWLS = ("STATE", "FEED#", "SCHEDULE", "HEALTH", "DUE#", "ROBOTS", "HOLD")
LISTED = "#LISTED"  # ends registers of partitions in the table
INDEXED = "INDEXED#"
REGISTERS = ("MONTH#", "SOURCE#", "COUNTRY#", INDEXED)  # which partitions there are
_STEM = re.compile(
    r"(?P<kind>captures|articles|outcomes)/(?P<source>[a-z0-9-]+)/(?P<day>\d{4}/\d\d/\d\d)/"
    r"(?P<crawl>[A-Za-z0-9-]+)-(?P<number>\d+)(?:\.[0-9a-f]{12})?\.(?:warc|jsonl)\.gz"
)
_CRAWL = re.compile(r"(\d{8}T\d{6}Z)-[a-z0-9-]+")
_SCHEDULED = "schedule"  # how the names of the schedule's crawls end
_ROOT = re.compile(r"proofs/(\d{4}/\d\d/\d\d)/root\.json")
_PART = re.compile(r"(?P<label>.+?)(?:-c(?P<part>\d+))?")


class Stem(NamedTuple):
    """The common part of the keys of a WARC file and its derived objects."""

    source: str
    crawl: str
    number: int

    @property
    def day(self) -> str:
        """Capture date in UTC, ``yyyy-mm-dd``."""
        return crawl_time(self.crawl).strftime("%Y-%m-%d")

    @property
    def imported(self) -> bool:
        """Whether its pages were imported, so no crawl reports on them."""
        return self.crawl == imports(crawl_time(self.crawl))

    @property
    def capture(self) -> str:
        return f"captures/{self._path}.warc.gz"

    @property
    def articles(self) -> str:
        return self.extracted(None)

    def extracted(self, extraction: str | None) -> str:
        """Return the key of a later extraction's articles; None is the first one."""
        return f"{self.articles_prefix}{extraction}.jsonl.gz" if extraction else f"{self.articles_prefix}jsonl.gz"

    @property
    def articles_prefix(self) -> str:
        """Common prefix of this WARC file's articles objects, of all extractions."""
        return f"articles/{self._path}."

    @property
    def outcomes(self) -> str:
        return f"outcomes/{self._path}.jsonl.gz"

    @property
    def _path(self) -> str:
        return f"{_folder(self.source, self.crawl)}/{self.crawl}-{self.number}"


def parse(key: str) -> Stem:
    """Return the stem of a captures, articles or outcomes key. Raises ValueError for other keys."""
    match = _STEM.fullmatch(key)
    if not match:
        raise ValueError(f"{key!r} is not a key of captures/, articles/ or outcomes/")
    stem = Stem(match["source"], match["crawl"], int(match["number"]))
    if stem.day != match["day"].replace("/", "-"):
        raise ValueError(f"{key!r}: the folder's date is not the crawl's")
    return stem


def of_capture(key: str) -> dict[str, str]:
    """Return the fields by which log lines about a WARC file are found. Raises ValueError for other keys."""
    stem = parse(key)
    return {"source": stem.source, "crawl": stem.crawl, "capture": key}


def crawl_name(requested_at: datetime, label: str) -> str:
    """Return a crawl's name: the time of its request (UTC, to the second) and a distinguishing label."""
    return f"{requested_at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{label}"


def scheduled_crawl(slot: datetime) -> str:
    """Return the name of the scheduled crawl of an interval, given its start."""
    return crawl_name(slot, _SCHEDULED)


def scheduled_at(crawl: str) -> datetime | None:
    """Return the start of a scheduled crawl's interval, or None for other crawls."""
    return crawl_time(crawl) if crawl.partition("-")[2] == _SCHEDULED else None


def imports(at: datetime) -> str:
    """Return the crawl name for imported pages captured on the same day (UTC)."""
    return crawl_name(datetime.combine(at.astimezone(UTC), time(), UTC), "import")


def crawl_time(crawl: str) -> datetime:
    """Return the time of a crawl's request. Raises ValueError for another form of name."""
    match = _CRAWL.fullmatch(crawl)
    if not match:
        raise ValueError(f"{crawl!r} is not a crawl's name, such as 20190417T061500Z-sample")
    return datetime.strptime(match[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def folder(kind: str, source: str) -> str:
    """Return the prefix of a source's objects; ``kind`` is CAPTURES, CRAWLS, ARTICLES and so on."""
    return f"{kind}{source}/"


def captures_prefix(source: str, crawl: str) -> str:
    """Return the common prefix of a crawl's WARC files."""
    return f"captures/{_folder(source, crawl)}/{crawl}-"


def packs(stem: Stem) -> str:
    """Return the common prefix of the packs, and their manifests, of a WARC file's source and day."""
    return f"{PACKS}{stem.source}/{stem.day.replace('-', '/')}-"


def pack(stem: Stem, name: str) -> str:
    """Return the key of a pack for a WARC file's source and day; ``name`` is 12 hex digits of a digest."""
    return f"{packs(stem)}{name}.warc.gz"


def captures_of_day(source: str, day: str) -> str:
    """Return the common prefix of a source's WARC files of a day (``yyyy-mm-dd``)."""
    return f"{CAPTURES}{source}/{day.replace('-', '/')}/"


def crawl_report(source: str, crawl: str) -> str:
    return f"crawls/{_folder(source, crawl)}/{crawl}.json"


def crawl_reports(source: str, date: str) -> str:
    """Return the common prefix of a source's crawl reports of a day (``yyyy-mm-dd``, UTC)."""
    return f"crawls/{source}/{date.replace('-', '/')}/"


def coverage_report(date: str) -> str:
    return f"reports/coverage/{date}.json"


def continuation(crawl: str, at: datetime) -> str:
    """Return the name of a crawl's continuation: with its own time, and ``-c1``, ``-c2`` and so on."""
    match = _PART.fullmatch(crawl.partition("-")[2])
    if not match:
        raise ValueError(f"{crawl!r} is not a crawl's name")
    return crawl_name(at, f"{match['label']}-c{int(match['part'] or 0) + 1}")


def is_continuation(crawl: str) -> bool:
    """Return whether a crawl is a continuation."""
    match = _PART.fullmatch(crawl.partition("-")[2])
    return match is not None and match["part"] is not None


def due_times(source: str) -> str:
    """Return the key of the object with the due times of a source's URLs."""
    return f"{DUE_TIMES}{source}.txt"


def frontier(source: str, crawl: str) -> str:
    """Return the key of a crawl's frontier."""
    return f"frontiers/{_folder(source, crawl)}/{crawl}.json.gz"


def quarantine(stem: Stem, offset: int) -> str:
    """Return the key of a report on a quarantined page; ``offset`` is its record's in the WARC file."""
    return f"{quarantine_prefix(stem)}{offset}.json"


def quarantine_prefix(stem: Stem) -> str:
    """Return the common prefix of the quarantine reports of a WARC file."""
    return f"quarantine/{stem.source}/{stem.crawl}-{stem.number}/"


def reextractions(run: str) -> str:
    """Return the common prefix of a re-extraction's reports on WARC files."""
    return f"{REEXTRACTIONS}{run}/"


def reextraction(run: str, stem: Stem | None = None) -> str:
    """Return the key of the report on a re-extraction, or on one WARC file of it."""
    name = f"{REEXTRACTIONS}{run}"
    return f"{name}/{stem.source}/{stem.crawl}-{stem.number}.json" if stem else f"{name}.json"


def partition(country: str, month: str) -> str:
    """Return the dataset's folder for a country and a month (``yyyy-mm``)."""
    return f"dataset/articles/country={country}/month={month}/"


def part(country: str, month: str, day: int) -> str:
    """Return the key of the Parquet file starting at a day of the month."""
    return f"{partition(country, month)}part-{day:02}.parquet"


def search_part(month: str, name: str) -> str:
    """Return the key of a part of the search index for a month (``yyyy-mm``); ``name`` is unique."""
    return f"{SEARCH}{month}/{name}.tar"


def withdrawal(id: str) -> str:
    """Return the key of a withdrawn story's tombstone."""
    return f"withdrawals/{id}.json"


def withdrawing(key: str) -> str:
    """Return the key of a WARC file's or pack's copy during redaction."""
    return f"{WITHDRAWALS}{key}"


def verification(run: str) -> str:
    """Return the key of a verification report."""
    return f"reports/verify/{run}.jsonl"


def certificate(digest: str) -> str:
    """Return the key of a server's certificate; ``digest`` is its SHA-256 in hexadecimal."""
    return f"{CERTIFICATES}{digest}.der"


def shards(run: str, job: str) -> str:
    """Return the key of the list of a maintenance run's shards."""
    return f"{MAINTENANCE}{run}/{job}.json"


def shard_results(run: str, job: str) -> str:
    """Return the common prefix of the results of a run's shards."""
    return f"{MAINTENANCE}{run}/{job}/"


def shard_result(run: str, job: str, source: str, month: str) -> str:
    """Return the key of a shard's result; an empty ``month`` stands for all of the source's."""
    return f"{shard_results(run, job)}{source}/{month or ALL_MONTHS}.json"


def shard_spool(run: str, source: str, month: str) -> str:
    """Return the key of what verification saw in a shard."""
    return f"{shard_results(run, 'verify')}{source}/{month}.sqlite"


def proof(day: str, name: str) -> str:
    """An object of a day's tree (``yyyy-mm-dd``, UTC): ``leaves.jsonl.gz``, ``root.json``, ``root.sig``, a stamp."""
    return f"{PROOFS}{day.replace('-', '/')}/{name}"


def proof_day(key: str) -> str | None:
    """The day of a tree's root, by its key; None for other keys."""
    match = _ROOT.fullmatch(key)
    return match[1].replace("/", "-") if match else None


def proof_authority(name: str) -> str:
    """The certificates of a timestamp authority."""
    return f"{PROOFS}authorities/{name}.pem"


def article_id(canonical_url: str) -> str:
    """Return 26 characters of base32(sha256(canonical URL)): identity of the page, not of its content.

    A page has the same id under http and https: that of its https URL.
    """
    scheme, _, rest = canonical_url.partition(":")
    return _hash(f"https:{rest}" if scheme == "http" else canonical_url)


def former_article_id(canonical_url: str) -> str:
    """Return the id until November 2026, when http and https were two: old outcomes have it until re-extraction."""
    return _hash(canonical_url)


def event_id(id: str, name: str) -> str:
    """Return the id of an event of a story, equal for repetitions."""
    return _hash(f"{id}#{name}")


def article(id: str) -> dict[str, str]:
    return {"PK": f"ARTICLE#{id}", "SK": "CURRENT"}


def revision(id: str, captured_at: str) -> dict[str, str]:
    return {"PK": f"ARTICLE#{id}", "SK": f"REV#{captured_at}"}


def same(id: str, captured_at: str, capture: str, offset: int) -> dict[str, str]:
    """A capture of a story that made no revision; ``capture`` is the key of its WARC file."""
    return {"PK": f"ARTICLE#{id}", "SK": f"SAME#{captured_at}#{capture}#{offset}"}


def captured(same: Mapping[str, Any]) -> tuple[str, str, int]:
    """Return the instant, the WARC file and the offset of a capture, given its ``same`` item."""
    _, captured_at, capture, offset = str(same["SK"]).split("#")
    return captured_at, capture, int(offset)


def presence(id: str) -> dict[str, str]:
    return {"PK": f"ARTICLE#{id}", "SK": "PRESENCE"}


def watch(name: str) -> str:
    """Return the partition of a watch."""
    return f"{WATCH}{name}"


def watched(name: str, id: str) -> dict[str, str]:
    """The state of a story for a watch."""
    return {"PK": watch(name), "SK": f"STORY#{id}"}


def hit(name: str, at: str, id: str) -> dict[str, str]:
    """Return the key of a watch's hit; ``at`` is the instant of firing."""
    return {"PK": watch(name), "SK": f"{HIT}{at}#{id}"}


def mailed(name: str) -> dict[str, str]:
    """How far the hits of a watch were mailed."""
    return {"PK": watch(name), "SK": "MAILED"}


def band(name: str, sort: str) -> dict[str, str]:
    """Return the key of a band item; ``sort`` is time of appearance, id and capture time, or a prefix."""
    return {"PK": f"{BAND}{name}", "SK": sort}


def cluster(id: str) -> str:
    """Return the partition of a cluster's stories."""
    return f"CLUSTER#{id}"


def member(cluster_id: str, appeared: str, id: str) -> dict[str, str]:
    return {"PK": cluster(cluster_id), "SK": f"{appeared}#{id}"}


def alias(id: str) -> dict[str, str]:
    """Return the key for the id of a non-canonical URL."""
    return {"PK": f"URL#{id}", "SK": "ARTICLE"}


def url_state(canonical_url: str) -> dict[str, str]:
    return hashed_state(url_hash(canonical_url))


def hashed_state(url_hash: str) -> dict[str, str]:
    """Return the key of a URL's state, given its hash."""
    return {"PK": f"URL#{url_hash}", "SK": "STATE"}


def url_hash(canonical_url: str) -> str:
    """Return the 26 characters that stand for a URL in keys and due times."""
    return _hash(canonical_url)


def feed_state(source: str, feed_url: str) -> dict[str, str]:
    return {"PK": f"SOURCE#{source}", "SK": f"FEED#{_hash(feed_url)}"}


def robots(host: str) -> dict[str, str]:
    return {"PK": f"HOST#{host}", "SK": "ROBOTS"}


def hold(host: str) -> dict[str, str]:
    return {"PK": f"HOST#{host}", "SK": "HOLD"}


def postponed(source: str, crawl: str) -> dict[str, str]:
    return {"PK": "POSTPONED", "SK": f"{crawl}#{source}"}


def rounds(shard: str) -> dict[str, str]:
    return {"PK": "ROUNDS", "SK": shard}


def schedule(source: str) -> dict[str, str]:
    return {"PK": f"SOURCE#{source}", "SK": "SCHEDULE"}


def health(source: str) -> dict[str, str]:
    return {"PK": f"SOURCE#{source}", "SK": "HEALTH"}


def due(source: str, instant: str, canonical_url: str | None = None) -> dict[str, str]:
    """Return the key of a URL due at an instant (UTC, to the second) in earlier tables; without the URL, a bound."""
    suffix = _hash(canonical_url) if canonical_url else "~" if instant else ""
    return {"PK": f"SOURCE#{source}", "SK": f"DUE#{instant}#{suffix}" if instant else "DUE#"}


def day(source: str, date: str) -> dict[str, str]:
    return {"PK": f"SOURCE#{source}", "SK": f"DAY#{date}"}


def seen(source: str, capture: str) -> dict[str, str]:
    """Return the key of the pages of a WARC file, given its key, that were there."""
    return {"PK": f"SOURCE#{source}", "SK": f"SEEN#{capture}"}


def done(source: str, key: str) -> dict[str, str]:
    return {"PK": f"SOURCE#{source}", "SK": f"DONE#{key}"}


def late(date: str, source: str) -> dict[str, str]:
    """Return the key of the note that a source's counters of a day (``yyyy-mm-dd``, UTC) changed days later."""
    return {"PK": LATE, "SK": f"{date}#{source}"}


def month(kind: ListKind, name: str, month: str) -> dict[str, str]:
    """Return the key of a month (``yyyy-mm``) with stories of a source, a country's outlets or a place."""
    listed = LISTED if kind != "PLACE" else ""
    return {"PK": f"{kind}#{name}", "SK": f"MONTH#{month}{listed}"}


def indexed_day(day: str) -> dict[str, str]:
    """Return the key of a day (``yyyy-mm-dd``) on which stories were indexed."""
    return register("INDEXED", f"{day}{LISTED}")


def registered(register: Mapping[str, Any]) -> tuple[str, bool]:
    """Return the month or day of a register, and whether its stories are in the table, not in an index."""
    name = str(register["SK"]).partition("#")[2]
    listed = name.endswith(LISTED) or str(register["PK"]).startswith("PLACE#")
    return name.removesuffix(LISTED), listed


def register(kind: Literal["SOURCE", "COUNTRY", "INDEXED"], name: str = "") -> dict[str, str]:
    """Return the key of an archived source or country; without a name, the prefix of the sort keys."""
    return {"PK": "ARCHIVE", "SK": f"{kind}#{name}"}


def listed(kind: ListKind, name: str, published_key: str) -> dict[str, str]:
    """Return the key of a story in the list of a source, a country's outlets, or a place."""
    return {"PK": f"{kind}#{name}#{published_key[:7]}", "SK": published_key}


def indexed(indexed_key: str) -> dict[str, str]:
    """Return the key of a story in the list of a day's indexed ones."""
    return {"PK": f"INDEXED#{indexed_key[:10]}", "SK": indexed_key}


def is_listed(partition: str) -> bool:
    """Return whether a partition is a list of stories."""
    kind, *names = partition.split("#")
    return kind == "INDEXED" or (kind in ("SOURCE", "COUNTRY", "PLACE") and len(names) == 2)


def id_of(key: str) -> str:
    """Return the story's id in a ``published_key`` or an ``indexed_key``."""
    return key.rpartition("#")[2]


def published_key(id: str, published_at: str | None, first_seen_at: str) -> str:
    """Return a story's sort key in lists: instant in UTC or day, then the id; it starts with the month."""
    if published_at is None:
        return f"{first_seen_at}#{id}"
    if len(published_at) == len("yyyy-mm-dd"):
        return f"{published_at}#{id}"
    return f"{utc(datetime.fromisoformat(published_at), 'seconds')}#{id}"


def appeared(published_at: str | None, first_seen_at: str) -> str:
    """Return the latest possible time of a story's appearance, in UTC, to the second.

    This is the stated time (for a bare day, its end), unless the story was captured earlier.
    """
    seen = utc(datetime.fromisoformat(first_seen_at), "seconds")
    if published_at is None:
        return seen
    if len(published_at) == len("yyyy-mm-dd"):
        return min(seen, f"{published_at}T23:59:59Z")
    return min(seen, utc(datetime.fromisoformat(published_at), "seconds"))


def utc(instant: datetime, precision: Literal["seconds", "milliseconds", "microseconds"] = "milliseconds") -> str:
    """Format an aware instant as in the archive: ``2019-04-17T06:15:02.000Z``."""
    return instant.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")


def _hash(text: str) -> str:
    return base64.b32encode(hashlib.sha256(text.encode()).digest()).decode().lower()[:26]


def _folder(source: str, crawl: str) -> str:
    return f"{source}/{crawl_time(crawl):%Y/%m/%d}"

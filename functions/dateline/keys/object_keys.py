"""S3 keys of both buckets, built here and nowhere else (docs/storage.md explains them).

Dates are capture dates in UTC::

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
"""

import re
from typing import NamedTuple

from dateline.keys.crawl_names import crawl_time, imports

REBUILDS = "reports/rebuilds.json"
COVERAGE_INDEX, COVERAGE_STATE = "reports/coverage/index.json", "reports/coverage/state.json"
DATASET, DATASET_STATE = "dataset/articles/", "dataset/state.json"
SEARCH = "search/"
DUE_TIMES = "due/"
SEARCH_MANIFEST = f"{SEARCH}manifest.json"
WATCHES = "watches/watches.json"
REEXTRACTIONS = "reports/reextract/"
MAINTENANCE, ALL_MONTHS = "reports/maintain/", "all"
PACKS = "packs/"  # by source
CAPTURES, CRAWLS, WITHDRAWALS = "captures/", "crawls/", "withdrawals/"  # folders of the capture bucket
CERTIFICATES = "certificates/"  # a folder of it too
PROOFS = "proofs/"  # another one, with these objects in it
PROOF_KEY, PROOF_FEED = f"{PROOFS}key.pem", f"{PROOFS}roots.json"
ARTICLES, OUTCOMES, QUARANTINE = "articles/", "outcomes/", "quarantine/"  # and of the archive bucket, by source
_STEM = re.compile(
    r"(?P<kind>captures|articles|outcomes)/(?P<source>[a-z0-9-]+)/(?P<day>\d{4}/\d\d/\d\d)/"
    r"(?P<crawl>[A-Za-z0-9-]+)-(?P<number>\d+)(?:\.[0-9a-f]{12})?\.(?:warc|jsonl)\.gz"
)
_ROOT = re.compile(r"proofs/(\d{4}/\d\d/\d\d)/root\.json")


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
    def name(self) -> str:
        return f"{self.source}/{self.crawl}-{self.number}"

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


def of_name(name: str) -> Stem:
    """Return the stem of a name: ``<source>/<crawl>-<number>``."""
    source, _, file = name.partition("/")
    crawl, _, number = file.rpartition("-")
    return Stem(source, crawl, int(number))


def of_capture(key: str) -> dict[str, str]:
    """Return the fields by which log lines about a WARC file are found. Raises ValueError for other keys."""
    stem = parse(key)
    return {"source": stem.source, "crawl": stem.crawl, "capture": key}


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
    return f"{QUARANTINE}{stem.name}/"


def reextractions(run: str) -> str:
    """Return the common prefix of a re-extraction's reports on WARC files."""
    return f"{REEXTRACTIONS}{run}/"


def reextraction(run: str, stem: Stem | None = None) -> str:
    """Return the key of the report on a re-extraction, or on one WARC file of it."""
    name = f"{REEXTRACTIONS}{run}"
    return f"{name}/{stem.name}.json" if stem else f"{name}.json"


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


def _folder(source: str, crawl: str) -> str:
    return f"{source}/{crawl_time(crawl):%Y/%m/%d}"

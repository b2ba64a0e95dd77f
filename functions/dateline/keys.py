"""Where everything is kept: the S3 keys and the table keys, built here and nowhere else.

S3, dates are capture dates in UTC::

    CaptureBucket
        captures/<source>/<yyyy>/<mm>/<dd>/<crawl>-<n>.warc.gz   what the servers sent, one gzip member a record
        crawls/<source>/<yyyy>/<mm>/<dd>/<crawl>.json            what the crawl did and learned
        frontiers/<source>/<yyyy>/<mm>/<dd>/<crawl>.json.gz      what the crawl had no time for, for its continuation
        withdrawals/<id>.json                                    that a story was withdrawn, why, where its pages were
        withdrawals/captures/...                                 a capture object while pages are taken out of it
    ArchiveBucket
        articles/<source>/<yyyy>/<mm>/<dd>/<crawl>-<n>.jsonl.gz  the articles of that capture, one gzip member each
        outcomes/<source>/<yyyy>/<mm>/<dd>/<crawl>-<n>.jsonl.gz  a line for each of its pages, articles or not
        quarantine/<source>/<crawl>-<n>/<offset>.json            a page that extraction gave up on, why, and until when
        reports/coverage/<yyyy-mm-dd>.json                       what came of that day, a row for each source
        reports/coverage/index.json                              a digest of each day's rows
        reports/rebuilds.json                                    when the table was made anew
        reports/reextract/<run>/<source>/<crawl>-<n>.json        what a re-extraction changed in that capture's articles
        reports/reextract/<run>.json                             and in all of the run's
        dataset/articles/country=<cc>/month=<yyyy-mm>/part-<dd>.parquet   its stories, from that day to the next part's
        dataset/state.json                                       how far the dataset has come
        reports/verify/<run>.jsonl                               what a verification looked at, a line for each finding
        search/manifest.json                                     which parts of the search index there are
        search/<yyyy-mm>/<name>.tar                              a part of it: some or all stories of that month

A crawl's name starts with the UTC second at which it was asked for (``20190417T061500Z-sample``), so the capture
date is in the name and a message delivered twice names the same objects. Imported pages are kept as those of a crawl of
the day of their own capture, ``20190416T000000Z-import``. Articles that were extracted anew are in an object
``<crawl>-<n>.<extraction>.jsonl.gz`` (12 hex digits), which the outcomes object names; the one before it is removed.

DynamoDB, one table, keys ``PK`` and ``SK``::

    ARTICLE#<id>                 CURRENT              the newest revision; carries the index attributes below. Of a
                                                      story that was withdrawn, that it was, and nothing else
    ARTICLE#<id>                 REV#<captured_at>    one for each revision
    ARTICLE#<id>                 PRESENCE             when its page was last there, and last gone (404, 410)
    BAND#<band>                  <appeared>#<id>#<captured_at>  a revision that has this passage; expires in a year
    CLUSTER#<id>                 <appeared>#<id>      a story of a cluster of several, named by the first
    URL#<hash>                   ARTICLE              the id of the story at a URL that is not the story's canonical one
    URL#<hash>                   STATE                what the crawl knows of a URL
    SOURCE#<source>              FEED#<hash>          what the crawl knows of a feed
    SOURCE#<source>              SCHEDULE             the interval for which the schedule last asked for it
    SOURCE#<source>              HEALTH               how its crawls have gone, and when a page of it is due next
    SOURCE#<source>              DUE#<instant>#<hash> a URL to look at again then; its STATE has the same ``due``
    SOURCE#<source>              DAY#<yyyy-mm-dd>     what the crawls and captures of that day came to (``counters``)
    SOURCE#<source>              DONE#<key>           what this capture or crawl report has added to the counters
    PLACE#<place>#<yyyy-mm>      <published_key>      a story of that month that names the place or is about the country
    PLACE#<place>                MONTH#<yyyy-mm>      there have been such stories of that month
    SOURCE#<source>              MONTH#<yyyy-mm>      BySource has stories of that month
    COUNTRY#<cc>                 MONTH#<yyyy-mm>      ByCountry has
    HOST#<scheme>://<host>       ROBOTS               its robots.txt; ``expires`` after 30 days
    POSTPONED                    <crawl>#<source>     the message for a continuation that begins when its name says
    HOST#<host>                  HOLD                 until when it asked to be left alone; ``expires`` then
    ARCHIVE                      SOURCE#<source>      the archive has stories of that source
    ARCHIVE                      COUNTRY#<cc>         and of outlets of that country
    ARCHIVE                      INDEXED#<yyyy-mm-dd> ByIndexed has stories of that day

    BySource   source_month   <source>#<yyyy-mm>   published_key  <published_at in UTC>#<id>
    ByCountry  country_month  <cc>#<yyyy-mm>       published_key
    ByIndexed  indexed_day    <yyyy-mm-dd>         indexed_key    <indexed_at>#<id>

A story without a date is filed under the month and instant at which it was first seen, without ``published_at``; one
with a day only under that day. One of an outlet whose country is not known is filed under the country ``zz``, which ISO
3166 leaves to its users. A place is a GeoNames id, or ISO 3166 of a country that stories are about. The MONTH and
INDEXED items say which partitions exist, so that no reader need guess.
"""

import base64
import hashlib
import re
from datetime import UTC, datetime, time
from typing import Literal, NamedTuple

REBUILDS = "reports/rebuilds.json"
COVERAGE_INDEX = "reports/coverage/index.json"
NOWHERE = "zz"  # the country of an outlet whose country is not known
DATASET_STATE = "dataset/state.json"
SEARCH = "search/"
SEARCH_MANIFEST = f"{SEARCH}manifest.json"

REEXTRACTIONS = "reports/reextract/"
_STEM = re.compile(
    r"(?P<kind>captures|articles|outcomes)/(?P<source>[a-z0-9-]+)/(?P<day>\d{4}/\d\d/\d\d)/"
    r"(?P<crawl>[A-Za-z0-9-]+)-(?P<number>\d+)(?:\.[0-9a-f]{12})?\.(?:warc|jsonl)\.gz"
)
_CRAWL = re.compile(r"(\d{8}T\d{6}Z)-[a-z0-9-]+")
_SCHEDULED = "schedule"  # how the names of the schedule's crawls end
_PART = re.compile(r"(?P<label>.+?)(?:-c(?P<part>\d+))?")


class Stem(NamedTuple):
    """The part of a key that a capture object and what is derived from it share."""

    source: str
    crawl: str
    number: int

    @property
    def day(self) -> str:
        """Capture date in UTC, ``yyyy-mm-dd``."""
        return crawl_time(self.crawl).strftime("%Y-%m-%d")

    @property
    def imported(self) -> bool:
        """Whether its pages come from elsewhere, and no crawl of the source reports on them."""
        return self.crawl == imports(crawl_time(self.crawl))

    @property
    def capture(self) -> str:
        return f"captures/{self._path}.warc.gz"

    @property
    def articles(self) -> str:
        return self.extracted(None)

    def extracted(self, extraction: str | None) -> str:
        """The articles object of a later extraction; of the first without a name."""
        return f"{self.articles_prefix}{extraction}.jsonl.gz" if extraction else f"{self.articles_prefix}jsonl.gz"

    @property
    def articles_prefix(self) -> str:
        """What the keys of this capture's articles objects begin with, of whatever extraction."""
        return f"articles/{self._path}."

    @property
    def outcomes(self) -> str:
        return f"outcomes/{self._path}.jsonl.gz"

    @property
    def _path(self) -> str:
        return f"{_folder(self.source, self.crawl)}/{self.crawl}-{self.number}"


def parse(key: str) -> Stem:
    """The stem of a capture, articles or outcomes key; ValueError names a key that is none of these."""
    match = _STEM.fullmatch(key)
    if not match:
        raise ValueError(f"{key!r} is not a key of captures/, articles/ or outcomes/")
    stem = Stem(match["source"], match["crawl"], int(match["number"]))
    if stem.day != match["day"].replace("/", "-"):
        raise ValueError(f"{key!r}: the folder's date is not the crawl's")
    return stem


def crawl_name(requested_at: datetime, label: str) -> str:
    """A crawl's name: when it was asked for (to the second, UTC) and a short label that tells two of them apart."""
    return f"{requested_at.astimezone(UTC):%Y%m%dT%H%M%SZ}-{label}"


def scheduled_crawl(slot: datetime) -> str:
    """The name of the crawl that the schedule asks for in the interval that begins then."""
    return crawl_name(slot, _SCHEDULED)


def scheduled_at(crawl: str) -> datetime | None:
    """The start of the interval in which the schedule asked for a crawl; None where it was asked for otherwise."""
    return crawl_time(crawl) if crawl.partition("-")[2] == _SCHEDULED else None


def imports(at: datetime) -> str:
    """The name under which the imported pages are kept that were captured on the same day (UTC)."""
    return crawl_name(datetime.combine(at.astimezone(UTC), time(), UTC), "import")


def crawl_time(crawl: str) -> datetime:
    """When a crawl was asked for; ValueError where that is not how its name begins."""
    match = _CRAWL.fullmatch(crawl)
    if not match:
        raise ValueError(f"{crawl!r} is not a crawl's name, such as 20190417T061500Z-sample")
    return datetime.strptime(match[1], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)


def captures_prefix(source: str, crawl: str) -> str:
    """What the keys of all of a crawl's capture objects begin with."""
    return f"captures/{_folder(source, crawl)}/{crawl}-"


def crawl_report(source: str, crawl: str) -> str:
    return f"crawls/{_folder(source, crawl)}/{crawl}.json"


def crawl_reports(source: str, date: str) -> str:
    """What the keys of the reports of a source's crawls of one day (``yyyy-mm-dd``, UTC) begin with."""
    return f"crawls/{source}/{date.replace('-', '/')}/"


def coverage_report(date: str) -> str:
    return f"reports/coverage/{date}.json"


def continuation(crawl: str, at: datetime) -> str:
    """The name of the crawl that goes on where one stopped: of its own time, ``-c1``, ``-c2`` and so on."""
    match = _PART.fullmatch(crawl.partition("-")[2])
    if not match:
        raise ValueError(f"{crawl!r} is not a crawl's name")
    return crawl_name(at, f"{match['label']}-c{int(match['part'] or 0) + 1}")


def is_continuation(crawl: str) -> bool:
    """Whether a crawl goes on where another one stopped."""
    match = _PART.fullmatch(crawl.partition("-")[2])
    return match is not None and match["part"] is not None


def frontier(source: str, crawl: str) -> str:
    """Where a crawl puts what it had no time for."""
    return f"frontiers/{_folder(source, crawl)}/{crawl}.json.gz"


def quarantine(stem: Stem, offset: int) -> str:
    """Where the report on a page is put that extraction gave up on; ``offset`` is its record's in the capture."""
    return f"{quarantine_prefix(stem)}{offset}.json"


def quarantine_prefix(stem: Stem) -> str:
    """What the keys of the reports on all of a capture object's such pages begin with."""
    return f"quarantine/{stem.source}/{stem.crawl}-{stem.number}/"


def reextractions(run: str) -> str:
    """What the keys of the reports on all of a run's capture objects begin with."""
    return f"{REEXTRACTIONS}{run}/"


def reextraction(run: str, stem: Stem | None = None) -> str:
    """Where the report on a run of ``reextract`` is put, or on what it did to one capture object."""
    name = f"{REEXTRACTIONS}{run}"
    return f"{name}/{stem.source}/{stem.crawl}-{stem.number}.json" if stem else f"{name}.json"


def partition(country: str, month: str) -> str:
    """The folder of the dataset's files of a country's stories of a month (``yyyy-mm``)."""
    return f"dataset/articles/country={country}/month={month}/"


def part(country: str, month: str, day: int) -> str:
    """The file of those that begins with a day of the month."""
    return f"{partition(country, month)}part-{day:02}.parquet"


def search_part(month: str, name: str) -> str:
    """A part of the search index's stories of a month (``yyyy-mm``); ``name`` is of no other part."""
    return f"{SEARCH}{month}/{name}.tar"


def withdrawal(id: str) -> str:
    """Where it is kept that a story was withdrawn."""
    return f"withdrawals/{id}.json"


def withdrawing(stem: Stem) -> str:
    """Where a capture object is kept while it is replaced."""
    return f"withdrawals/{stem.capture}"


def verification(run: str) -> str:
    """Where the report on a run of ``verify`` is put."""
    return f"reports/verify/{run}.jsonl"


def article_id(canonical_url: str) -> str:
    """26 letters and digits of base32(sha256(canonical URL)): the identity of the page, not of its content."""
    return _hash(canonical_url)


def event_id(id: str, name: str) -> str:
    """Of something that happened to a story: the same however often it is told."""
    return _hash(f"{id}#{name}")


def article(id: str) -> dict[str, str]:
    return {"PK": f"ARTICLE#{id}", "SK": "CURRENT"}


def revision(id: str, captured_at: str) -> dict[str, str]:
    return {"PK": f"ARTICLE#{id}", "SK": f"REV#{captured_at}"}


def presence(id: str) -> dict[str, str]:
    return {"PK": f"ARTICLE#{id}", "SK": "PRESENCE"}


def band(name: str, sort: str) -> dict[str, str]:
    """An item of a band: ``sort`` is when a story appeared, its id, and when the revision was captured, or a part."""
    return {"PK": f"BAND#{name}", "SK": sort}


def cluster(id: str) -> str:
    """The partition of a cluster's stories."""
    return f"CLUSTER#{id}"


def member(cluster_id: str, appeared: str, id: str) -> dict[str, str]:
    return {"PK": cluster(cluster_id), "SK": f"{appeared}#{id}"}


def alias(id: str) -> dict[str, str]:
    """Of the id that a URL would have by itself, where its page names another URL as the canonical one."""
    return {"PK": f"URL#{id}", "SK": "ARTICLE"}


def url_state(canonical_url: str) -> dict[str, str]:
    return {"PK": f"URL#{article_id(canonical_url)}", "SK": "STATE"}


def feed_state(source: str, feed_url: str) -> dict[str, str]:
    return {"PK": f"SOURCE#{source}", "SK": f"FEED#{article_id(feed_url)}"}


def robots(host: str) -> dict[str, str]:
    return {"PK": f"HOST#{host}", "SK": "ROBOTS"}


def hold(host: str) -> dict[str, str]:
    return {"PK": f"HOST#{host}", "SK": "HOLD"}


def postponed(source: str, crawl: str) -> dict[str, str]:
    return {"PK": "POSTPONED", "SK": f"{crawl}#{source}"}


def schedule(source: str) -> dict[str, str]:
    return {"PK": f"SOURCE#{source}", "SK": "SCHEDULE"}


def health(source: str) -> dict[str, str]:
    return {"PK": f"SOURCE#{source}", "SK": "HEALTH"}


def due(source: str, instant: str, canonical_url: str | None = None) -> dict[str, str]:
    """A URL that is due at an instant (UTC, to the second); without the URL, a bound that is after all of them."""
    suffix = article_id(canonical_url) if canonical_url else "~" if instant else ""
    return {"PK": f"SOURCE#{source}", "SK": f"DUE#{instant}#{suffix}" if instant else "DUE#"}


def day(source: str, date: str) -> dict[str, str]:
    return {"PK": f"SOURCE#{source}", "SK": f"DAY#{date}"}


def done(source: str, key: str) -> dict[str, str]:
    return {"PK": f"SOURCE#{source}", "SK": f"DONE#{key}"}


def months(kind: Literal["SOURCE", "COUNTRY", "PLACE"], name: str) -> str:
    """The partition that lists a source's, an outlet country's or a place's months."""
    return f"{kind}#{name}"


def mention(place: str, published_key: str) -> dict[str, str]:
    """Of a story in a place's or a country's partition; ``published_key`` is the story's."""
    return {"PK": f"PLACE#{place}#{published_key[:7]}", "SK": published_key}


def published_key(id: str, published_at: str | None, first_seen_at: str) -> str:
    """Sort key of BySource and ByCountry: an instant in UTC or a bare day, then the id; its first 7 are the month."""
    if published_at is None:
        return f"{first_seen_at}#{id}"
    if len(published_at) == len("yyyy-mm-dd"):
        return f"{published_at}#{id}"
    return f"{utc(datetime.fromisoformat(published_at), 'seconds')}#{id}"


def appeared(published_at: str | None, first_seen_at: str) -> str:
    """When a story had appeared at the latest, in UTC, to the second.

    That is when it says so, for a bare day the end of it, unless it was seen before.
    """
    seen = utc(datetime.fromisoformat(first_seen_at), "seconds")
    if published_at is None:
        return seen
    if len(published_at) == len("yyyy-mm-dd"):
        return min(seen, f"{published_at}T23:59:59Z")
    return min(seen, utc(datetime.fromisoformat(published_at), "seconds"))


def utc(instant: datetime, precision: Literal["seconds", "milliseconds", "microseconds"] = "milliseconds") -> str:
    """An aware instant as the archive writes it: ``2019-04-17T06:15:02.000Z``."""
    return instant.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")


def _hash(text: str) -> str:
    return base64.b32encode(hashlib.sha256(text.encode()).digest()).decode().lower()[:26]


def _folder(source: str, crawl: str) -> str:
    return f"{source}/{crawl_time(crawl):%Y/%m/%d}"

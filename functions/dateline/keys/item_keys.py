"""Table keys, built here and nowhere else (docs/storage.md explains them).

DynamoDB, one table, keys ``PK`` and ``SK``::

    ARTICLE#<id>                 CURRENT              newest revision with the index attributes below, or a tombstone
    ARTICLE#<id>                 REV#<captured_at>    one revision
    ARTICLE#<id>                 SAME#<outcome>#<digest>#<published_at>  captures with these words and no revision
    ARTICLE#<id>                 SAME#<captured_at>#<key>#<offset>  such a capture, as written before December 2026
    ARTICLE#<id>                 PRESENCE             last absence of a page that was gone (404, 410), and its return
    BAND#<band>                  <appeared>#<id>#<captured_at>  MinHash band of a revision; expires in 30 days
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

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from dateline.instants import utc
from dateline.keys.identifiers import hashed, url_hash

ListKind = Literal["SOURCE", "COUNTRY", "PLACE"]  # of lists by publication
NOWHERE = "zz"  # for outlets without a known country
HIT, WATCH = "HIT#", "WATCH#"  # sort keys, and partitions, which no bucket can restore
CURRENT, REVISION, PRESENCE, ALIAS = "CURRENT", "REV#", "PRESENCE", "ARTICLE"  # sort keys, or their prefixes
SAME = "SAME#"
DAY, DONE = "DAY#", "DONE#"
BAND, CLUSTER = "BAND#", "CLUSTER#"  # begin partitions
LATE = "LATE"  # partition of counters that changed late
ROUNDS = "ROUNDS"  # partition of rounds under way
OF_CRAWLS = ("STATE", "FEED#", "SCHEDULE", "HEALTH", "DUE#", "ROBOTS", "HOLD")
LISTED = "#LISTED"  # ends registers of partitions in the table
INDEXED = "INDEXED#"
REGISTERS = ("MONTH#", "SOURCE#", "COUNTRY#", INDEXED)  # which partitions there are


def article(id: str) -> dict[str, str]:
    return {"PK": f"ARTICLE#{id}", "SK": "CURRENT"}


def revision(id: str, captured_at: str) -> dict[str, str]:
    return {"PK": f"ARTICLE#{id}", "SK": f"REV#{captured_at}"}


def same(id: str, outcome: str, digest: str, published_at: str | None) -> dict[str, str]:
    """The captures of a story with these words and this date that made no revision."""
    return {"PK": f"ARTICLE#{id}", "SK": f"{SAME}{outcome}#{digest}#{published_at or ''}"}


def same_words(same: Mapping[str, Any]) -> tuple[str, str, str | None] | None:
    """Return outcome, digest and date of a ``same`` item; None for one of before December 2026."""
    _, outcome, digest, published_at = str(same["SK"]).split("#")
    return None if outcome[:1].isdigit() else (outcome, digest, published_at or None)


def same_capture(id: str, captured_at: str, capture: str, offset: int) -> dict[str, str]:
    """A capture of a story that made no revision, as before December 2026; ``capture`` is the key of its WARC file."""
    return {"PK": f"ARTICLE#{id}", "SK": f"{SAME}{captured_at}#{capture}#{offset}"}


def captured(same: Mapping[str, Any]) -> tuple[str, str, int]:
    """Return the instant, the WARC file and the offset of a capture, given its ``same_capture`` item."""
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


def feed_state(source: str, feed_url: str) -> dict[str, str]:
    return {"PK": f"SOURCE#{source}", "SK": f"FEED#{hashed(feed_url)}"}


def robots(host: str) -> dict[str, str]:
    return {"PK": f"HOST#{host}", "SK": "ROBOTS"}


def hold(host: str) -> dict[str, str]:
    return {"PK": f"HOST#{host}", "SK": "HOLD"}


def postponed(source: str, crawl: str) -> dict[str, str]:
    return {"PK": "POSTPONED", "SK": f"{crawl}#{source}"}


def rounds(shard: str) -> dict[str, str]:
    return {"PK": ROUNDS, "SK": shard}


def schedule(source: str) -> dict[str, str]:
    return {"PK": f"SOURCE#{source}", "SK": "SCHEDULE"}


def health(source: str) -> dict[str, str]:
    return {"PK": f"SOURCE#{source}", "SK": "HEALTH"}


def due(source: str, instant: str, canonical_url: str | None = None) -> dict[str, str]:
    """Return the key of a URL due at an instant (UTC, to the second) in earlier tables; without the URL, a bound."""
    suffix = hashed(canonical_url) if canonical_url else "~" if instant else ""
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

"""The reader of feeds: what it takes from a feed, and what it says of one that it cannot read."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from dateline.sources.registry import Source
from spiders.discovery import feed
from spiders.discovery.date_range import Window
from spiders.discovery.seed_reader import DiscoveredUrl, Seed, SeedPage, UnreadableError
from tests.support.outlet import item, rss
from tests.support.samples import gzipped

HOME = "https://gazette.example/"
URL = f"{HOME}en/feed/"
TRIPOLI = ZoneInfo("Africa/Tripoli")


def read(body: str | bytes, content_type: str = "application/rss+xml", **changes: Any) -> Sequence[DiscoveredUrl]:
    values: dict[str, Any] = {"name": "S", "home": "https://gazette.example/", "country": "ly", "languages": ("en",)}
    source = Source(id="gazette", path=Path(), timezone="Africa/Tripoli", **(values | changes))
    data = body.encode() if isinstance(body, str) else body
    page = SeedPage(seed=Seed(url=URL), url=URL, content_type=content_type, body=data)
    return feed.FeedReader().read(source, page, Window()).found


def test_item_has_link_title_date() -> None:
    """A story has its link title and date."""
    raw = "Tue, 20 Oct 2026 08:00:00 GMT"
    (found,) = read(rss(item("https://gazette.example/1", "Rain &amp; wind\n in  Sebha", raw)))
    assert found == DiscoveredUrl(
        url="https://gazette.example/1",
        kind="feed",
        seed=URL,
        title="Rain & wind in Sebha",
        date=datetime(2026, 10, 20, 8, tzinfo=UTC),
        date_raw=raw,
        link="https://gazette.example/1",
    )


ATOM = """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://gazette.example/news/">
<title>Sample</title><entry><title type="html">&lt;b&gt;Harbour&lt;/b&gt; reopens</title>
<link rel="self" href="feed"/><link rel="alternate" href="2026/harbour"/>
<published>2026-10-20T08:00:00+02:00</published><updated>2026-10-21T09:00:00Z</updated></entry></feed>"""
RDF = """<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns="http://purl.org/rss/1.0/"><item rdf:about="x">
<title>Harbour reopens</title><link>../news/2026/harbour</link><dc:date>2026-10-20T08:00:00+02:00</dc:date></item>
</rdf:RDF>"""


RSS_090 = """<?xml version="1.0"?><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
xmlns="http://my.netscape.com/rdf/simple/0.9/" xmlns:dc="http://purl.org/dc/elements/1.1/"><item>
<title>Harbour reopens</title><link>https://gazette.example/news/2026/harbour</link>
<dc:date>2026-10-20T06:00:00Z</dc:date></item></rdf:RDF>"""
RSS_091 = """<?xml version="1.0"?><!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN"
"http://my.netscape.com/publish/formats/rss-0.91.dtd"><rss version="0.91"><channel><item>
<title>Harbour reopens</title><link>/news/2026/harbour</link><pubDate>Tue, 20 Oct 2026 06:00:00 GMT</pubDate>
</item></channel></rss>"""
JSON = """{"version": "https://jsonfeed.org/version/1.1", "title": "Sample", "items": [7, {"title": "No link"},
{"id": "7", "url": "/news/2026/harbour", "title": "Harbour reopens", "date_published": "2026-10-20T08:00:00+02:00"}]}"""


@pytest.mark.parametrize(
    "body",
    [ATOM, RDF.replace("../", "/"), RSS_090, RSS_091, JSON, f"\ufeff{JSON}"],
    ids=["atom", "rdf", "rss-0.90", "rss-0.91", "json", "json-bom"],
)
def test_other_formats_say_the_same(body: str) -> None:
    (found,) = read(body, "application/xml")
    assert (found.url, found.title) == ("https://gazette.example/news/2026/harbour", "Harbour reopens")
    assert found.date == datetime(2026, 10, 20, 6, tzinfo=UTC)


@pytest.mark.parametrize(
    ("raw", "instant"),
    [
        ("Tue, 20 Oct 2026 08:00:00 +0200", "2026-10-20T08:00:00+02:00"),
        ("Tue, 20 Oct 2026 08:00:00 +02:00", "2026-10-20T08:00:00+02:00"),
        ("Tue, 20 Oct 2026 08:00:00 GMT", "2026-10-20T08:00:00+00:00"),
        ("Tue, 20 Oct 2026 08:00:00 -0000", "2026-10-20T08:00:00+00:00"),
        ("Tue, 20 Oct 2026 08:00:00", "2026-10-20T08:00:00+02:00"),  # no zone: the source's
        ("2026-10-20T08:00:00Z", "2026-10-20T08:00:00+00:00"),
        ("2026-10-20 08:00", "2026-10-20T08:00:00+02:00"),
        ("2026-10-20", None),  # a day is no instant
        ("Tue, 20 Oct 2026 08:00:00 XYZT", None),  # a zone, but which?
        ("Tuesday 20/10/2026", None),
        ("04/05/2026 10:00", None),  # April or May?
        ("الثلاثاء 20 أكتوبر 2026", None),
        ("Tue, 20 Oct 99999 08:00:00 +0200", None),
        ("0000-00-00 00:00:00", None),
    ],
)
def test_date_parsed_or_kept(raw: str, instant: str | None) -> None:
    """A date is an instant or left as it was written."""
    (found,) = read(rss(item("https://gazette.example/1", date=raw)))
    assert found.date == (datetime.fromisoformat(instant) if instant else None)
    assert found.date_raw == raw


def test_only_web_links() -> None:
    """Only links to web pages are stories."""
    bad = (
        "javascript:alert(1)",
        "mailto:desk@gazette.example",
        "ftp://gazette.example/x",
        "http://[::1",
        "https://",
        "",
    )
    found = read(rss(*(item(link) for link in (*bad, "")), item("/2026/story"), item("//gazette.example/other")))
    assert [story.url for story in found] == ["https://gazette.example/2026/story", "https://gazette.example/other"]


@pytest.mark.parametrize("base", ["https://gazette.example/news/", "/news/"])
def test_links_are_relative(base: str) -> None:
    """A link is relative to what the feed says."""
    entry = '<entry><title>A</title><link href="1"/></entry>'
    atom = f'<feed xmlns="http://www.w3.org/2005/Atom" xml:base="{base}">{entry}</feed>'
    assert [found.url for found in read(atom)] == ["https://gazette.example/news/1"]


def test_proxy_link_is_replaced() -> None:
    """A proxys link gives way to the outlets own."""
    proxied = (
        '<item><link>https://feeds.example/~r/1</link><x:origLink xmlns:x="http://rssnamespace.org/feedburner/ext/1.0">'
        "https://gazette.example/1</x:origLink></item>"
    )
    (found,) = read(rss(proxied))
    assert (found.url, found.link) == ("https://gazette.example/1", "https://feeds.example/~r/1")


def test_nameless_proxy_is_skipped() -> None:
    """A proxy that names no page is left aside."""
    namespace = "http://rssnamespace.org/feedburner/ext/1.0"
    broken = f'<item><link>/1</link><x:origLink xmlns:x="{namespace}">http://[::1</x:origLink></item>'
    assert [found.url for found in read(rss(broken))] == ["https://gazette.example/1"]


def test_permalink_guid_is_link() -> None:
    """A permalink guid is a link."""
    assert [found.url for found in read(rss("<item><guid>https://gazette.example/1</guid></item>"))] == [
        "https://gazette.example/1"
    ]


def test_repeated_item_is_one() -> None:
    """A story listed twice is one."""
    found = read(rss(item("/1", "First"), item("/1?utm_source=rss", "Again"), item("/1#comments")))
    assert [(story.url, story.title) for story in found] == [("https://gazette.example/1", "First")]


def test_the_sources_patterns_choose() -> None:
    links = rss(item("/2026/story"), item("/video/7"), item("/about"))
    found = read(links, article=("/20[0-9]{2}/", "/video/"), skip=("/video/",))
    assert [story.url for story in found] == ["https://gazette.example/2026/story"]


def alternates(body: str, url: str = HOME) -> list[str]:
    source = Source(id="gazette", path=Path(), name="S", home=HOME, country="ly", languages=("en",), timezone="UTC")
    page = SeedPage(seed=Seed(url=HOME), url=url, content_type="text/html", body=body.encode())
    reading = feed.FeedReader().read(source, page, Window())
    assert (reading.found, reading.settled) == ((), False)
    return [seed.url for seed in reading.further]


def named(href: str, type_: str = "application/rss+xml", title: str = "Sample") -> str:
    return f'<link rel="alternate" type="{type_}" title="{title}" href="{href}">'


def test_home_page_names_feeds() -> None:
    """A home page names its feeds."""
    links = named("/feed/") + named("en.json", "application/feed+json") + named("/atom.xml", "application/atom+xml")
    others = (
        named("/fr/", "text/html"),
        named("/comments/feed/"),
        named("/c2", title="Comments"),
        named("https://elsewhere.example/feed"),
        named("http://[::1"),
        named("/"),
        '<link rel="stylesheet" type="application/rss+xml" href="/x">',
    )
    found = alternates("<html><head>" + links + "".join(others))
    assert found == [f"{HOME}feed/", f"{HOME}en.json", f"{HOME}atom.xml"]


@pytest.mark.parametrize("body", ["", "<html><p>Soon", rss(item("/1"))])
def test_home_page_without_feeds(body: str) -> None:
    """A home page that names no feeds is an error."""
    with pytest.raises(UnreadableError, match="names no feeds"):
        alternates(body)


def test_endless_feed_is_cut() -> None:
    """A feed without end is cut."""
    assert len(read(rss(*(item(f"/{number}") for number in range(feed.MAX_ITEMS + 9))))) == feed.MAX_ITEMS


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"<!DOCTYPE html><html><body><h1>Down for maintenance", "HTML"),
        (b'{"items": []}', "not a feed"),
        (b'{"version": "https://jsonfeed.org/version/1", "items": []}', "no items"),
        (b'{"version": "https://jsonfeed.org/version/1", "items": {}}', "not a feed"),
        (b'{"version": "https://jsonfeed.org/version/1", "items": [{"title": "x"}]}', "no links"),
        (b'{"items": ' * 100_000, "not a feed"),
        (b'{"items": [', "not a feed"),
        (b"/etc/hostname", "not a feed"),
        (b"\x00\x01\x02\x03", "not a feed"),
        (rss().encode(), "no items"),
        (rss("<item><title>No link</title></item>").encode(), "no links"),
    ],
)
def test_no_feed_is_error(body: bytes, why: str) -> None:
    """What is no feed is said to be none."""
    with pytest.raises(UnreadableError, match=why):
        read(body)


@pytest.mark.parametrize(
    "body",
    [
        rss(item("/1", "قصة")).encode()[:-30],  # breaks off
        rss(item("/1", "A & B <")).encode(),  # not well formed
        rss(item("/1", "قصة")).replace("?>", ' encoding="windows-1256"?>').encode("windows-1256"),
        rss(item("/1", "قصة")).replace("?>", ' encoding="utf-8"?>').encode("windows-1256"),  # lies
        rss(item("/1", "قصة")).replace("?>", ' encoding="klingon"?>').encode(),
        b"\xef\xbb\xbf\n\n" + rss(item("/1")).encode(),  # space before the declaration
        rss(item("/1")).encode("utf-16"),
        rss(item("/1", "قصة")).replace("?>", ' encoding="utf-16"?>').encode("utf-16"),
        rss(item("/1", "&eacute;t&eacute;")).encode(),  # HTML's entities
    ],
)
def test_broken_feed_lists_stories(body: bytes) -> None:
    """A broken feed still lists its stories."""
    assert [found.url for found in read(body)] == ["https://gazette.example/1"]


def test_entities_are_limited() -> None:
    """Entities are not expanded without end."""
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY l0 "ha">{laughs}]>' + rss(item("/1", "&l11;"))[21:]
    (found,) = read(bomb)
    assert len(found.title or "") < 1000


def test_item_hash_follows_title() -> None:
    """A fingerprint follows title and instant."""

    def fingerprint(title: str, date: str) -> str:
        return read(rss(item("/1", title, date)))[0].item_hash

    first = fingerprint("Rain", "Tue, 20 Oct 2026 08:00:00 +0200")
    assert fingerprint("Rain", "2026-10-20T08:00:00+02:00") == first
    assert fingerprint("Heavy rain", "Tue, 20 Oct 2026 08:00:00 +0200") != first
    assert fingerprint("Rain", "Tue, 20 Oct 2026 09:00:00 +0200") != first


ARABIC = "رصيف الميناء يفتح من جديد"
TURKISH = "Doğu rıhtımı açıldı"
FRENCH = "L\u2019été à Sfax, près du marché"


def titled(title: str, declared: str, charset: str) -> bytes:
    body = f'<rss version="2.0"><channel><item><title>{title}</title><link>{HOME}1</link></item></channel></rss>'
    return f'<?xml version="1.0" encoding="{declared}"?>{body}'.encode(charset)


@pytest.mark.parametrize(
    ("title", "declared", "charset"),
    [
        (ARABIC, "windows-1256", "utf-8"),
        (ARABIC, "utf-8", "cp1256"),
        (ARABIC, "iso-8859-1", "cp1256"),
        (ARABIC, "iso-8859-6", "iso8859-6"),
        (ARABIC, "utf-8", "iso8859-6"),
        (ARABIC, "no-such-charset", "cp1256"),
        (TURKISH, "iso-8859-9", "iso8859-9"),
        (TURKISH, "windows-1256", "utf-8"),
        (FRENCH, "utf-8", "cp1252"),
        (FRENCH, "iso-8859-1", "cp1252"),
        (FRENCH, "utf-16", "utf-8"),
        ("Порт открыт", "windows-1251", "cp1251"),
        (ARABIC, "utf-16", "utf-16"),
        (ARABIC, "utf-16", "utf-16-le"),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_titles_despite_false_declarations(title: str, declared: str, charset: str, packed: bool) -> None:
    """The letters of a title are right whatever the feed declares, gzipped or not."""
    body = titled(title, declared, charset)
    (found,) = read(gzipped(body) if packed else body, "text/xml")
    assert found.title == title


@pytest.mark.parametrize("bad", [b"\xff", b"\xe9", b"\xd8", b"\xc7\xe1"])
def test_bad_bytes_cost_themselves(bad: bytes) -> None:
    """A byte that is no UTF-8 in a later item leaves the titles as they are."""
    body = titled(ARABIC, "utf-8", "utf-8").replace(b"</item>", b"<description>" + bad + b"</description></item>")
    (found,) = read(body)
    assert found.title == ARABIC


@pytest.mark.parametrize(
    "other",
    [
        '<link rel="enclosure" type="audio/mpeg"/>',
        '<link rel="enclosure" type="audio/mpeg">https://cdn.example/a.mp3</link>',
        '<link rel="enclosure"></link>',
        "<link/>",
        '<link rel="related"/>',
        '<link rel="replies" type="text/html" href="https://gazette.example/1/comments"/>',
    ],
)
@pytest.mark.parametrize("first", [False, True])
def test_links_without_address_are_none(other: str, first: bool) -> None:
    """A link without ``href``, or of another kind, never takes the place of the story's."""
    story = '<link rel="alternate" type="text/html" href="https://gazette.example/1"/>'
    links = other + story if first else story + other
    (found,) = read(f'<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>Quay</title>{links}</entry></feed>')
    assert found.url == "https://gazette.example/1"


@pytest.mark.parametrize(
    "raw",
    [
        "Mon, 01 Jan 0001 00:00:00 GMT",
        "0001-01-01T00:00:00Z",
        "Thu, 31 Dec 1931 10:00:00 +0000",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "9999-12-31T23:59:59Z",
        "1 Jan 001 10:00:00 GMT",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Wed, 30 Nov -0001 00:00:00 +0000",
    ],
)
def test_impossible_years_are_refused(raw: str) -> None:
    """A year that no story has is no date, and is not read as another year; the text is kept."""
    (found,) = read(rss(item(f"{HOME}1", "Quay", raw)))
    assert (found.date, found.date_raw) == (None, raw)


@pytest.mark.parametrize("element", ["item", "channel", "title", "link", "rss"])
def test_elements_of_many_attributes(element: str) -> None:
    """An element with 20,000 attributes costs no more than it weighs, and its stories are read."""
    attributes = " ".join(f'a{number}="x"' for number in range(20_000))
    body = rss(item(f"{HOME}1", "Quay", "Tue, 20 Oct 2026 08:00:00 GMT")).replace(
        f"<{element}>", f"<{element} {attributes}>"
    )
    began = time.process_time()
    (found,) = read(body)
    assert (found.url, found.title) == (f"{HOME}1", "Quay")
    assert time.process_time() - began < 2


@pytest.mark.parametrize("number", ["99999999", "x110000", "xD800", "55296", "9" * 5000, "x0000dfff"])
def test_impossible_characters_cost_themselves(number: str) -> None:
    """A reference to no character, in a feed that is not well-formed, leaves its stories readable."""
    body = (
        f"<rss><channel><b><item><title>Quay &#{number}; open &#233;</title><link>{HOME}1</link></item></channel></rss>"
    )
    (found,) = read(body)
    assert found.title == "Quay \ufffd open é"


def test_broken_attributes_name_feeds() -> None:
    """A link with an attribute whose name lxml refuses names its feed."""
    assert alternates(named("/feed/").replace("<link", "<link x\x1dy='1'")) == [f"{HOME}feed/"]

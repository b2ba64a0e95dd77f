"""The reader of sitemaps: which files and stories of a sitemap it takes, and what it says of one that is none."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dateline.sources.registry import Source
from dateline.state.records import UrlState
from spiders.discovery import sitemap, sitemap_file
from spiders.discovery.date_range import Window
from spiders.discovery.seed_reader import Reading, Seed, SeedPage, UnreadableError
from tests.support.samples import gzipped

SITE = "https://gazette.example"
URL = f"{SITE}/sitemap.xml"
NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
APRIL = Window.of("2019-04-01", "2019-04-30")


def read(body: str | bytes, window: Window | None = None, url: str = URL, depth: int = 0, **changes: Any) -> Reading:
    values: dict[str, Any] = {"name": "S", "home": f"{SITE}/", "country": "ly", "languages": ("en",)}
    source = Source(id="gazette", path=Path(), timezone="Africa/Tripoli", **(values | changes))
    data = body.encode() if isinstance(body, str) else body
    page = SeedPage(seed=Seed(url=url, depth=depth), url=url, content_type="text/xml", body=data)
    return sitemap.SitemapReader().read(source, page, window or Window())


def urlset(*entries: str, namespace: str = NAMESPACE) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="{namespace}">{"".join(entries)}</urlset>'


def index(*files: str) -> str:
    listed = "".join(file.replace("<url>", "<sitemap>").replace("</url>", "</sitemap>") for file in files)
    return urlset(listed).replace("urlset", "sitemapindex")


def entry(loc: str, lastmod: str = "", more: str = "") -> str:
    changed = f"<lastmod>{lastmod}</lastmod>" if lastmod else ""
    return f"<url><loc>{loc}</loc>{changed}{more}</url>"


def paths(reading: Reading) -> list[str]:
    return [found.url.removeprefix(SITE) for found in reading.found]


def files(reading: Reading) -> list[str]:
    return [seed.url.removeprefix(SITE) for seed in reading.further]


def news(date: str, title: str) -> str:
    space = "http://www.google.com/schemas/sitemap-news/0.9"
    return (
        f'<n:news xmlns:n="{space}"><n:publication><n:name>S</n:name></n:publication>'
        f"<n:publication_date>{date}</n:publication_date><n:title>{title}</n:title></n:news>"
    )


def test_news_sitemap_like_feed() -> None:
    """A news sitemap gives title and date as a feed does."""
    image = '<i:image xmlns:i="x"><i:loc>https://gazette.example/a.jpg</i:loc><i:title>No</i:title></i:image>'
    body = urlset(
        entry(f"{SITE}/1", "2026-10-20T09:00:00Z", image + news("2026-10-20T08:00:00+02:00", "Rain &amp; wind"))
    )
    (found,) = read(body).found
    assert (found.url, found.kind, found.title) == (f"{SITE}/1", "sitemap", "Rain & wind")
    assert (found.date, found.date_raw) == (datetime(2026, 10, 20, 6, tzinfo=UTC), "2026-10-20T08:00:00+02:00")
    assert found.metadata()["feed_date"] == "2026-10-20T08:00:00+02:00"
    assert found.metadata()["lastmod"] == "2026-10-20T11:00:00+02:00"


def test_lastmod_is_no_date() -> None:
    """When a page changed is no date of its story."""
    (found,) = read(urlset(entry(f"{SITE}/1", "2026-10-20"))).found
    assert (found.date, found.metadata()["feed_date"]) == (None, None)
    assert found.metadata()["lastmod"] == "2026-10-20T00:00:00+02:00"


GOOD = urlset(entry(f"{SITE}/1"), entry(f"{SITE}/2"))


@pytest.mark.parametrize(
    "body",
    [
        GOOD,
        gzipped(GOOD.encode()),
        GOOD.replace("UTF-8", "UTF-16").encode("utf-16"),
        b"\xef\xbb\xbf" + GOOD.encode(),
        b"\n\n" + GOOD.encode(),
        urlset(entry(f"{SITE}/1"), entry(f"{SITE}/2"), namespace="http://www.google.com/schemas/sitemap/0.84"),
        GOOD.replace(f' xmlns="{NAMESPACE}"', ""),
        GOOD.replace("</urlset>", ""),  # breaks off
        urlset(entry(f"{SITE}/1"), entry(f"{SITE}/2"), "<url><loc>https://gazette.exa")[: -len("</urlset>")],
        urlset(entry("/1"), entry(" \n2\n "), entry("")),  # relative, and nothing
        urlset(entry(f"{SITE}/1"), "<url/>", entry("javascript:x"), entry("http://[::1"), entry("//a..b"), entry("/2")),
        urlset(entry(f"{SITE}/1"), entry("https://elsewhere.example/x"), entry("https://www.gazette.example/2")),
        urlset(entry(f"{SITE}/1"), entry(f"{SITE}/1#top"), entry(f"{SITE}/2?utm_source=x"), entry(f"{SITE}/2")),
        f"{SITE}/1\n# a comment\njunk\n\n{SITE}/2\nftp://gazette.example/x\n",
        f"\ufeff{SITE}/1\r\n{SITE}/2",
    ],
)
def test_sitemap_in_any_form(body: str | bytes) -> None:
    """A sitemap is read however it is written."""
    identities = [found.identity.replace("www.", "").removeprefix(SITE) for found in read(body).found]
    assert identities == ["/1", "/2"]


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"<!DOCTYPE html><html><body><h1>Page not found", "HTML"),
        (b"<rss version='2.0'><channel/></rss>", "under `feeds`"),
        (b"<feed xmlns='http://www.w3.org/2005/Atom'/>", "under `feeds`"),
        (b"<sitemap>", "not a sitemap"),
        (b"<<<>>>", "not a sitemap"),
        (b'{"urls": []}', "not a sitemap"),
        (b"\x00\x01\x02", "not a sitemap"),
        (b"/etc/passwd\njunk", "not a sitemap"),
        (gzipped(GOOD.encode())[:-40], "ends early"),
        (gzipped(b"<urlset>" + b" " * (sitemap_file.MAX_BYTES + 1)), "longer than"),
        (index(entry(URL)), "names no sitemaps"),
        (index(entry("https://elsewhere.example/sitemap.xml")), "names no sitemaps"),
        (index(), "names no sitemaps"),
    ],
)
def test_no_sitemap_is_error(body: str | bytes, why: str) -> None:
    """What is no sitemap is said to be none."""
    with pytest.raises(UnreadableError, match=why):
        read(body)


def test_empty_sitemap_is_fine() -> None:
    """An empty sitemap is none of these."""
    reading = read(urlset())
    assert (reading.found, reading.further, reading.settled) == ([], (), True)


ENTITIES = '<!ENTITY file SYSTEM "file:///etc/hostname"><!ENTITY web SYSTEM "http://127.0.0.1:1/x"><!ENTITY l0 "ha">'


def with_entity(name: str) -> str:
    dtd = f'<?xml version="1.0"?><!DOCTYPE urlset [{ENTITIES}{LAUGHS}]>'
    return dtd + urlset(entry(f"{SITE}/1&{name};"), entry(f"{SITE}/2")).partition("?>")[2]


@pytest.mark.parametrize("entity", ["file", "web", "l0"])
def test_no_entity_is_expanded(entity: str) -> None:
    assert paths(read(with_entity(entity))) == ["/1", "/2"]


def test_entity_bomb_is_refused() -> None:
    """A bomb of entities is refused."""
    with pytest.raises(UnreadableError, match=r"broken: .*amplification"):
        read(with_entity("l11"))


def test_endless_sitemap_is_cut() -> None:
    """A sitemap without end is cut and says so."""
    reading = read(urlset(*(entry(f"/{number}") for number in range(60_000))))
    assert len(reading.found) == sitemap_file.MAX_ENTRIES
    assert "no more are read" in (reading.note or "")


def test_nested_indexes_end() -> None:
    """Indexes of indexes come to an end."""
    further = read(index(entry(f"{SITE}/2.xml")), depth=sitemap.MAX_DEPTH - 1).further
    assert [seed.depth for seed in further] == [sitemap.MAX_DEPTH]
    with pytest.raises(UnreadableError, match="deep"):
        read(index(entry(f"{SITE}/3.xml")), depth=sitemap.MAX_DEPTH)


def test_robots_txt_names_sitemaps() -> None:
    robots = "User-agent: *\nDisallow: /x\nSitemap: https://gazette.example/a.xml\nsitemap: /b.xml.gz\n"
    reading = read(robots, url=f"{SITE}/robots.txt")
    assert (files(reading), reading.settled) == (["/a.xml", "/b.xml.gz"], False)


@pytest.mark.parametrize(("lastmod", "settled"), [("2026-10-20", True), ("", False)])
def test_index_settled_by_lastmod(lastmod: str, settled: bool) -> None:
    """An index is settled if it tells of changes."""
    reading = read(index(entry(f"{SITE}/a.xml", "2026-10-01"), entry(f"{SITE}/b.xml", lastmod)))
    assert reading.settled is settled
    assert dict(zip(files(reading), (found.lastmod for found in reading.further), strict=True)) == {
        "/a.xml": "2026-10-01",
        "/b.xml": lastmod or None,
    }


def test_newest_files_for_news() -> None:
    """For news the newest files and stories are read."""
    days = [f"2026-{month:02}-{day:02}" for month in range(1, 11) for day in range(1, 29)]
    reading = read(index(*(entry(f"{SITE}/{day}.xml", day) for day in days)))
    assert files(reading) == [f"/{day}.xml" for day in sorted(days, reverse=True)[: sitemap.NEWEST_FILES]]
    stories = [entry(f"{SITE}/{number}", f"2026-10-{1 + number % 28:02}") for number in range(2000)]
    reading = read(urlset(*stories, entry(f"{SITE}/undated")))
    assert len(reading.found) == sitemap.NEWEST_STORIES + 1
    assert "/undated" in paths(reading)
    assert min(found.lastmod for found in reading.found if found.lastmod).day > 10


def test_shared_stamp_is_ignored() -> None:
    """A stamp that all stories share is none of theirs."""
    stamped = [entry(f"{SITE}/{number}", "2026-10-20T08:00:00Z") for number in range(30)]
    reading = read(urlset(*stamped, entry(f"{SITE}/changed", "2026-10-19T08:00:00Z")))
    assert [found.url for found in reading.found if found.lastmod] == [f"{SITE}/changed"]


@pytest.mark.parametrize(
    ("lastmod", "captured_at", "changed"),
    [
        ("2026-10-20T08:00:00Z", "2026-10-20T07:59:59Z", True),
        ("2026-10-20T08:00:00Z", "2026-10-20T08:00:01Z", False),
        ("2026-10-20T08:00:00+02:00", "2026-10-20T07:00:00Z", False),
        ("2026-10-20", "2026-10-19T21:00:00Z", True),  # the day begins at 22:00 UTC in Tripoli
        ("2026-10-20", "2026-10-20T21:00:00Z", False),
        ("2099-01-01", "2026-10-20T21:00:00Z", False),  # not yet
        ("0001-01-01", "2026-10-20T21:00:00Z", False),
        ("yesterday", "2026-10-20T21:00:00Z", False),
        ("", "2026-10-20T21:00:00Z", False),
    ],
)
def test_changed_by_later_lastmod(lastmod: str, captured_at: str, changed: bool) -> None:
    """A story has changed if its lastmod is later than its capture."""
    (found,) = read(urlset(entry(f"{SITE}/1", lastmod))).found
    assert found.changed(UrlState(url=found.identity, source="gazette", captured_at=captured_at, status=200)) is changed


@pytest.mark.parametrize(
    ("file", "lastmod", "wanted"),
    [
        ("/2019-04.xml", "2026-10-20", True),  # made again since
        ("/2019-03.xml", "2026-10-20", False),
        ("/sitemap-201904.xml.gz", "", True),
        ("/sitemap-201905.xml.gz", "", False),
        ("/sitemap/2019/4.xml", "", True),
        ("/sitemap/2019/04/30/", "", True),
        ("/sitemap/2019/05/01/", "", False),
        ("/sitemap.xml?yyyy=2019&mm=04&dd=16", "", True),
        ("/sitemap.xml?yyyy=2018&mm=04&dd=16", "", False),
        ("/sitemap-2019.xml", "", True),
        ("/sitemap-2018.xml", "", False),
        ("/posts7.xml", "2019-03-31", False),
        ("/posts7.xml", "2019-04-01", True),
        ("/posts7.xml", "2024-01-01", True),
        ("/posts7.xml", "", True),
    ],
)
def test_files_outside_window(file: str, lastmod: str, wanted: bool) -> None:
    """Files outside the window are not read."""
    listed = entry(f"{SITE}{file}".replace("&", "&amp;"), lastmod)
    assert files(read(index(listed), APRIL)) == ([file] if wanted else [])


@pytest.mark.parametrize(
    ("loc", "lastmod", "more", "wanted"),
    [
        ("/1", "2019-04-01", "", True),
        ("/1", "2019-04-30T23:59:00+02:00", "", True),
        ("/1", "2019-05-01", "", False),
        ("/1", "2019-03-31T23:30:00Z", "", True),  # in Tripoli, it is April already
        ("/1", "2019-03-31T21:30:00Z", "", False),
        ("/2019/04/16/a", "2024-01-01", "", True),  # edited years later
        ("/2019/03/16/a", "2019-04-02", "", False),
        ("/2019/4/6/a", "", "", True),
        ("/2019-04/a", "", "", True),
        ("/a-20190416.html", "", "", True),
        ("/1", "2024-01-01", news("2019-04-16", "A"), True),
        ("/1", "2019-04-16", news("2019-05-16", "A"), False),
    ],
)
def test_stories_outside_window(loc: str, lastmod: str, more: str, wanted: bool) -> None:
    """Stories outside the window are not taken."""
    assert paths(read(urlset(entry(SITE + loc, lastmod, more)), APRIL)) == ([loc] if wanted else [])


def test_dateless_story_of_period() -> None:
    """A story without a date is of the period that its file is named for."""
    assert paths(read(GOOD, APRIL, url=f"{SITE}/2019-04.xml")) == ["/1", "/2"]
    with pytest.raises(UnreadableError, match="none of its 2 stories has a date"):
        read(GOOD, APRIL)


def test_the_sources_patterns_choose() -> None:
    body = urlset(*(entry(f"{SITE}{path}") for path in ("/2026/a", "/video/2026/b", "/about")))
    assert paths(read(body, article=("/2026/",), skip=("/video/",))) == ["/2026/a"]


@pytest.mark.parametrize(
    ("loc", "path"),
    [
        ("/terms&policies", "/terms&policies"),
        ("/a?b=1&c=2", "/a?b=1&c=2"),
        ("/a?b=1&amp;c=2", "/a?b=1&c=2"),
        ("/a?b=1&amp;amp;c=2", "/a?b=1&c=2"),
        ("/a?b=1&#38;c=2", "/a?b=1&c=2"),
        ("/a?b=1&copy=2&reg;=3", "/a?b=1&copy=2&reg;=3"),
        ("/a?b=1&", "/a?b=1&"),
    ],
)
@pytest.mark.parametrize("form", ["{}", "<![CDATA[{}]]>", "\n <![CDATA[{}]]> \n"])
@pytest.mark.parametrize("charset", ["utf-8", "utf-16"])
def test_ampersands_belong_to_addresses(loc: str, path: str, form: str, charset: str) -> None:
    """A ``&`` is read in ``loc`` however it is escaped, or is not."""
    address = form.format(f"https://gazette.example{loc}")
    body = f"<urlset><url><loc>{address}</loc></url><url><loc>https://gazette.example/2</loc></url></urlset>"
    assert [found.url for found in read(body.encode(charset)).found] == [
        f"https://gazette.example{path}",
        "https://gazette.example/2",
    ]


@pytest.mark.parametrize("close", ["", "</", "</lo", "</loc>", "</loc></url>"])
@pytest.mark.parametrize("lead", ["<loc>", "<loc><![CDATA["])
def test_half_addresses_are_left_out(lead: str, close: str) -> None:
    """A file that breaks off in an address gives the stories before it; one that is whole is kept."""
    whole = close.replace("</", "]]></", 1) if "CDATA" in lead else close
    body = f"<urlset><url><loc>https://gazette.example/1</loc></url><url>{lead}https://gazette.example/20{whole}"
    urls = [found.url for found in read(body).found]
    assert urls == ["https://gazette.example/1", *(["https://gazette.example/20"] if close else [])]


@pytest.mark.parametrize("year", ["0001", "1970", "1989", "2999", "9999"])
def test_impossible_years_are_no_dates(year: str) -> None:
    """A year before 1990 or after tomorrow is refused for changes and publication alike."""
    body = urlset(entry("/1", f"{year}-01-01"), entry("/2", "", news(f"{year}-05-05T10:00:00Z", "Quay")))
    assert [(found.date, found.lastmod) for found in read(body).found] == [(None, None), (None, None)]


@pytest.mark.parametrize("name", ["urls:", ":x", "a:b:c", "news:"])
def test_impossible_names_cost_nothing(name: str) -> None:
    """An element whose name XML does not allow is passed over."""
    body = f"<urlset><{name}>x</{name}><url><{name}/><loc>https://gazette.example/1</loc></url></urlset>"
    assert paths(read(body)) == ["/1"]

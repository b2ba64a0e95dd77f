"""The sample newsroom: what it serves is what its stories say, and it behaves as servers do."""

import gzip
import http.client
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit
from urllib.robotparser import RobotFileParser
from xml.etree import ElementTree

import feedparser
import pytest
from parsel import Selector

from dateline.sources import registry
from infra.newsroom import Newsroom, PortTakenError, serve

SOURCES = ["sample-courrier", "sample-difaf", "sample-gazette"]
SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"
ROOT = Path(__file__).parents[2]


class Answer(NamedTuple):
    status: int
    headers: http.client.HTTPMessage
    body: bytes


def get(url: str, *, method: str = "GET", **headers: str) -> Answer:
    """One request, redirects not followed; header names with ``_`` for ``-``."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    connection.request(method, target, headers={name.replace("_", "-"): value for name, value in headers.items()})
    response = connection.getresponse()
    answer = Answer(response.status, response.headers, response.read())
    connection.close()
    return answer


@pytest.fixture
def newsroom(tmp_path: Path) -> Iterator[Newsroom]:
    with serve(tmp_path / "newsroom") as running:
        yield running


@pytest.fixture
def sources(newsroom: Newsroom) -> dict[str, registry.Source]:
    return registry.load(newsroom.sources)


def words(page: bytes) -> str:
    """All that a reader sees, and what the page hides, as one line."""
    return " ".join(Selector(page.decode()).xpath("string(//body)").get("").split())


def landing(url: str) -> str:
    """Where a link of a feed leads: without what tracks its reader, and after a redirect."""
    answer = get(url)
    return answer.headers["Location"] if answer.status == 301 else url.partition("?utm")[0]


def locations(url: str) -> list[str]:
    """What a sitemap or an index of them lists."""
    return [element.text or "" for element in ElementTree.fromstring(get(url).body).iter(f"{SITEMAP}loc")]


def test_outlets_are_sources(sources: dict[str, registry.Source]) -> None:
    """The outlets are sources of the registry."""
    assert list(sources) == SOURCES
    assert all(source.crawlable and source.delay == 0 for source in sources.values())
    assert len({source.host for source in sources.values()}) == len(SOURCES)


@pytest.mark.parametrize("id", SOURCES)
def test_page_has_whole_story(newsroom: Newsroom, id: str) -> None:
    """A page has all of its story."""
    stories = newsroom.stories(id)
    assert len(stories) >= 8
    for url, story in stories.items():
        page = words(get(url).body)
        around = [story.title, story.standfirst or "", story.printed_dateline or "", *story.authors]
        assert [text for text in (*around, *story.paragraphs) if text not in page] == []
        for image in story.images:
            assert page.count(f"{image.caption} ({image.credit})") == 2


@pytest.mark.parametrize(
    ("id", "date"),
    [
        ("sample-gazette", "Tuesday 16/04/2019"),
        ("sample-difaf", "الثلاثاء 16 أبريل 2019 - 19:20"),
        ("sample-courrier", "mardi 16 avril 2019 à 10h05"),
    ],
)
def test_dates_in_outlets_form(newsroom: Newsroom, id: str, date: str) -> None:
    """Dates are printed as the outlet does."""
    assert date in words(get(next(iter(newsroom.stories(id)))).body)


@pytest.mark.parametrize("id", SOURCES)
def test_feed_lists_dated_stories(newsroom: Newsroom, sources: dict[str, registry.Source], id: str) -> None:
    """A feed lists dated stories and leaves the oldest to the sitemap."""
    parsed = feedparser.parse(get(sources[id].feeds[0]).body)
    assert not parsed.bozo
    assert all(entry.title and ("published" in entry or "updated" in entry) for entry in parsed.entries)
    listed = {landing(entry.link) for entry in parsed.entries}
    in_sitemaps = {page for sitemap in locations(sources[id].sitemaps[0]) for page in locations(sitemap)}
    assert listed - set(sources[id].listings) < in_sitemaps == set(newsroom.stories(id))


@pytest.mark.parametrize("id", SOURCES)
def test_sections_lead_to_stories(newsroom: Newsroom, sources: dict[str, registry.Source], id: str) -> None:
    """Section fronts lead to every story."""
    fronts, linked = list(sources[id].listings), set()
    for front in fronts:
        page = Selector(get(front).body.decode())
        linked |= {urljoin(front, link) for link in page.css("h3 a, h2 a, .cards a").xpath("@href").getall()}
        fronts += [urljoin(front, link) for link in page.css("[rel=next], .older a").xpath("@href").getall()]
    assert linked == set(newsroom.stories(id))
    assert len(fronts) > len(sources[id].listings)


@pytest.mark.parametrize(("id", "forbidden"), [("sample-gazette", "/print/"), ("sample-courrier", "/abonnes/")])
def test_robots_forbids_one(newsroom: Newsroom, sources: dict[str, registry.Source], id: str, forbidden: str) -> None:
    """Robots forbids one story of the feed."""
    robots = RobotFileParser()
    robots.parse(get(f"{newsroom.urls[id]}/robots.txt").body.decode().splitlines())
    links = [entry.link for entry in feedparser.parse(get(sources[id].feeds[0]).body).entries]
    refused = [link for link in links if not robots.can_fetch("Dateline", link)]
    assert [forbidden in link for link in refused] == [True]


@pytest.mark.parametrize(
    ("edition", "wanted"),
    [
        (
            2,
            {
                "gabes-palmeraie-canaux": (200, 200, False, False),
                "sirte-fish-market": (200, 200, False, False),
                "ghat-flood-warning": (200, 410, True, True),
                "siwa-salt-lakes": (200, 404, True, True),
            },
        ),
        (
            3,
            {
                "gabes-palmeraie-canaux": (200, 200, False, True),
                "ras-jdir-customs-hall": (200, 200, True, False),
                "sirte-fish-market": (200, 200, True, True),
                "nalut-school-radio": (200, 404, True, True),
                "siwa-salt-lakes": (404, 200, True, True),
            },
        ),
    ],
)
def test_edition_changes_stories(
    newsroom: Newsroom, edition: int, wanted: dict[str, tuple[int, int, bool, bool]]
) -> None:
    """What becomes of the story before: its status, whether its title and its words are the same."""
    newsroom.set_edition(edition - 1)
    before = {id: newsroom.stories(id) for id in SOURCES}
    newsroom.set_edition(edition)
    for id in SOURCES:
        for url, story in newsroom.stories(id).items():
            answer = get(url)
            assert answer.status == story.status
            assert story.status != 200 or story.title in words(answer.body)
    changed = {
        story.slug: (earlier.status, story.status, earlier.title == story.title, earlier.text == story.text)
        for id in SOURCES
        for url, story in newsroom.stories(id).items()
        if (earlier := before[id][url]) != story
    }
    assert changed == wanted


def test_changed_story_moves_date(newsroom: Newsroom, sources: dict[str, registry.Source]) -> None:
    """A changed story moves its date in the feed."""
    dates = []
    for edition in (1, 2):
        newsroom.set_edition(edition)
        entries = feedparser.parse(get(sources["sample-gazette"].feeds[0]).body).entries
        dates += [entry.published for entry in entries if "sirte-fish-market" in entry.link]
    assert dates == ["Mon, 15 Apr 2019 15:30:00 +0000", "Wed, 17 Apr 2019 11:05:00 +0000"]


def test_wire_story_in_two(newsroom: Newsroom) -> None:
    """Two outlets carry one wire story."""
    gazette, courrier = (newsroom.stories(id).values() for id in ("sample-gazette", "sample-courrier"))
    pairs = [(ours, theirs) for ours in gazette for theirs in courrier if set(ours.paragraphs) & set(theirs.paragraphs)]
    ((ours, theirs),) = pairs
    assert len(set(ours.paragraphs) & set(theirs.paragraphs)) == 5
    assert ours.title != theirs.title


def test_story_moves_and_travels(newsroom: Newsroom) -> None:
    """A story may move and travel in other ways."""
    stories = {story.slug: story for story in newsroom.stories("sample-gazette").values()}
    old = get(newsroom.urls["sample-gazette"] + (stories["leptis-mosaic-school"].moved_from or ""))
    assert (old.status, old.headers["Location"]) == (301, stories["leptis-mosaic-school"].url)
    chunked = get(stories["benghazi-mobile-library"].url)
    assert (chunked.headers["Transfer-Encoding"], chunked.headers["Content-Length"]) == ("chunked", None)
    plain, packed = (get(stories["jufra-date-cold-store"].url, Accept_Encoding=way) for way in ("identity", "gzip, br"))
    assert (plain.headers["Content-Encoding"], packed.headers["Content-Encoding"]) == (None, "gzip")
    assert gzip.decompress(packed.body) == plain.body


@pytest.mark.parametrize("path", ["/feed/", "/news/benghazi-mobile-library/", "/news/jufra-date-cold-store/", "/"])
def test_validators_are_honoured(newsroom: Newsroom, path: str) -> None:
    url = newsroom.urls["sample-gazette"] + path
    headers = get(url, Accept_Encoding="gzip").headers
    known = [{"If_None_Match": f'"other", W/{headers["ETag"]}'}, {"If_Modified_Since": headers["Last-Modified"]}]
    stale: list[dict[str, str]] = [
        {"If_None_Match": '"other"', "If_Modified_Since": headers["Last-Modified"]},
        {"If_Modified_Since": "Mon, 01 Apr 2019 00:00:00 GMT"},
        {"If_Modified_Since": "yesterday"},
    ]
    answers = [get(url, Accept_Encoding="gzip", **condition) for condition in known + stale]
    assert [answer.status for answer in answers] == [304, 304, 200, 200, 200]
    assert [bool(answer.body) for answer in answers] == [False, False, True, True, True]


def test_head_and_missing_page(newsroom: Newsroom) -> None:
    """A head request and a page that is not there."""
    url = newsroom.urls["sample-gazette"]
    full, head = get(f"{url}/feed/"), get(f"{url}/feed/", method="HEAD")
    assert (head.status, head.headers["Content-Length"], head.body) == (200, str(len(full.body)), b"")
    assert get(f"{url}/nothing/here").status == 404


def test_access_log_is_complete(newsroom: Newsroom) -> None:
    """The access log has each request."""
    url = newsroom.urls["sample-gazette"]
    get(f"{url}/robots.txt", User_Agent="Dateline/0.1")
    get(f"{url}/nowhere?x=1", method="HEAD")
    first, second = newsroom.requests()
    assert first.pop("time") <= second.pop("time")
    assert first == {
        "outlet": "sample-gazette",
        "method": "GET",
        "host": urlsplit(url).netloc,
        "path": "/robots.txt",
        "status": 200,
        "user_agent": "Dateline/0.1",
    }
    assert (second["method"], second["path"], second["status"]) == ("HEAD", "/nowhere?x=1", 404)


def test_ports_and_edition_are_remembered(tmp_path: Path) -> None:
    with serve(tmp_path, edition=2) as newsroom:
        before = newsroom.urls
    with serve(tmp_path) as newsroom:
        assert (newsroom.urls, newsroom.edition) == (before, 2)


def test_taken_port_is_named(tmp_path: Path) -> None:
    """A taken port is an error that names it."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        message = f"port {port} of sample-courrier is taken"
        with pytest.raises(PortTakenError, match=message), serve(tmp_path, ports=[port]):
            pass


RECORDED = [
    {
        "id": "a",
        "url": "https://example.org/2019/story.html",
        "html": "<title>First &amp; best</title><p>قصة</p>",
    },
    {"id": "b/c?d", "url": "https://example.org/2019/story.html", "html": "<p>Same address, another page</p>"},
    {"id": "e", "url": "https://example.org/قصة?id=7&x=é#top", "html": "<title>\x0b</title><p>half a pair: \ud83d</p>"},
    {"id": "f", "url": "https://example.org", "html": ""},
]


def test_recorded_pages_are_an_outlet(tmp_path: Path) -> None:
    file = tmp_path / "Some_Pages.jsonl.gz"
    file.write_bytes(gzip.compress("".join(json.dumps(page) + "\n" for page in RECORDED).encode()))
    with serve(tmp_path / "state", recorded=[file]) as newsroom:
        source = registry.load(newsroom.sources)["recorded-some-pages"]
        parsed = feedparser.parse(get(source.feeds[0]).body)
        assert [entry.title for entry in parsed.entries] == ["First & best", "b/c?d", "e", "f"]
        links = [entry.link for entry in parsed.entries]
        assert newsroom.recorded(source.id) == dict(zip(["a", "b/c?d", "e", "f"], links, strict=True))
        bodies = [get(link).body for link in links]
        assert bodies == [page["html"].encode("utf-8", "replace") for page in RECORDED]
        assert gzip.decompress(get(links[0], Accept_Encoding="gzip").body) == bodies[0]
        assert (get(f"{source.home}other").status, get(f"{source.home}robots.txt").status) == (404, 200)


def test_process_starts_and_stops(tmp_path: Path) -> None:
    """The process says where it is and stops at once."""
    command = [sys.executable, "-m", "infra.newsroom", "--state", f"{tmp_path}"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        urls = dict(process.stdout.readline().split() for _ in SOURCES)
        state = json.loads((tmp_path / "newsroom.json").read_text())
        assert state == {"pid": process.pid, "ports": {id: urlsplit(url).port for id, url in urls.items()}}
        idle = http.client.HTTPConnection(urlsplit(urls["sample-gazette"]).netloc)
        idle.request("GET", "/feed/")
        assert idle.getresponse().read()
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0  # not the minute for which an idle connection is kept
        idle.close()
    assert json.loads((tmp_path / "newsroom.json").read_text())["pid"] is None

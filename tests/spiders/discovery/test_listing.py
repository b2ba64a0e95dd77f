"""The reader of listings: which links of a section page are stories, which page comes after it, and where to stop."""

from pathlib import Path
from typing import Any

import pytest

from dateline.sources.registry import Source
from spiders.discovery import listing
from spiders.discovery.date_range import Window
from spiders.discovery.seed_reader import Reading, Seed, SeedPage, UnreadableError

SITE = "https://gazette.example"
URL = f"{SITE}/section/libya/"
APRIL = Window.of("2019-04-01", "2019-04-30")
STORY = '<a href="/news/harbour-reopens-today">Harbour</a>'


def read(body: str | bytes, window: Window | None = None, url: str = URL, depth: int = 0, **changes: Any) -> Reading:
    values: dict[str, Any] = {"name": "S", "home": f"{SITE}/", "country": "ly", "languages": ("en",)}
    source = Source(id="gazette", path=Path(), timezone="Africa/Tripoli", **(values | changes))
    data = body.encode() if isinstance(body, str) else body
    page = SeedPage(seed=Seed(url=url, depth=depth), url=url, content_type="text/html; charset=utf-8", body=data)
    return listing.ListingReader().read(source, page, window or Window())


def paths(reading: Reading) -> list[str]:
    return [found.url.removeprefix(SITE) for found in reading.found]


def older(reading: Reading) -> list[str]:
    return [seed.url.removeprefix(SITE) for seed in reading.further]


@pytest.mark.parametrize(
    ("href", "text"),
    [
        ("/news/harbour-reopens-today", "Harbour"),
        ("/news/harbour-reopens-today/", ""),
        ("/2026/10/harbour.html", ""),
        ("/article/48213", ""),
        ("post.php?lang=ar&id=48213", ""),
        ("/story/2019/04/%D9%85%D9%88%D8%B3%D9%85-%D8%A7%D9%84%D8%B3%D8%B1%D8%AF%D9%8A%D9%86-%D8%A7%D9%84", ""),
        ("/story/موسم-السردين-الإسكندرية", ""),
        ("/x7", "The harbour reopens after eleven years"),
        ("https://www.gazette.example/news/harbour-reopens-today", ""),
    ],
)
def test_story_by_address_or_headline(href: str, text: str) -> None:
    """A story is told by its address or its headline."""
    assert len(read(f'<p><a href="{href}">{text}</a>').found) == 1


@pytest.mark.parametrize(
    ("href", "text"),
    [
        ("/", "The Gazette: all the news of the gulf"),
        ("", ""),
        ("#top", "Back to the top of this page"),
        (URL, "All the news from Libya today"),
        ("/section/libya/page/2/", "Older stories from Libya and elsewhere"),
        ("/section/economy/", "Economy"),
        ("/about", "About us"),
        ("/tag/date-palm-harvest", "date palm harvest"),
        ("/author/salem-al-farsi", "Salem al-Farsi"),
        ("/category/news-of-egypt/", "News of Egypt"),
        ("/login?next=/news/harbour-reopens-today", "Log in"),
        ("/contact", "Contact"),
        ("/images/harbour-at-dawn-2026.jpg", ""),
        ("/reports/annual-report-2026.pdf", "Read our annual report of 2026"),
        ("mailto:desk@gazette.example", "Write to us with your news"),
        ("javascript:void(0)", "Share this on your favourite network"),
        ("whatsapp://send?text=harbour-reopens-today", "Send"),
        ("http://[::1/news/harbour-reopens-today", ""),
        ("https://elsewhere.example/news/harbour-reopens-today", "Harbour"),
    ],
)
def test_other_links_are_skipped(href: str, text: str) -> None:
    """What is no story is left alone."""
    assert paths(read(f'{STORY}<p><a href="{href}">{text}</a>')) == ["/news/harbour-reopens-today"]


@pytest.mark.parametrize("place", ["nav", "footer"])
def test_menus_have_no_stories(place: str) -> None:
    menu = f'<{place}><ul><li><a href="/special/libya-ten-years-on">Libya ten years on, a special</a></ul></{place}>'
    assert paths(read(menu + STORY)) == ["/news/harbour-reopens-today"]


def test_source_patterns_come_first() -> None:
    """The sources patterns choose before any guess."""
    links = "".join(f'<a href="{path}">x</a>' for path in ("/a/1", "/a/2?print=1", "/news/harbour-reopens-today"))
    assert paths(read(links, article=("/a/",), skip=("print",))) == ["/a/1"]
    assert paths(read(links, skip=("/a/",))) == ["/news/harbour-reopens-today"]


def test_repeated_link_is_one() -> None:
    """A story linked twice is one and the base counts."""
    links = f'<base href="{SITE}/b/">{STORY * 2}<a href="fish-market-opens">x</a><a href="fish-market-opens#c">2</a>'
    assert paths(read(links)) == ["/news/harbour-reopens-today", "/b/fish-market-opens"]


@pytest.mark.parametrize("body", [b"", b"<html><p>Soon", b"{}", b"\x00\xff", b"<a href='/about'>About</a>"])
def test_listing_without_stories(body: bytes) -> None:
    """A page without stories is said to be none."""
    with pytest.raises(UnreadableError, match="links to no stories"):
        read(body)


@pytest.mark.parametrize(
    ("here", "links", "next_"),
    [
        (URL, '<a rel="next" href="?p=2">', "/section/libya/?p=2"),
        (URL, '<link rel="next" href="page/2/">', "/section/libya/page/2/"),
        (URL, '<a rel="nofollow next" href="/section/libya/two">', "/section/libya/two"),
        (
            URL,
            '<a href="page/2/">Older</a><a href="page/3/">3</a><a href="page/19/">Last</a>',
            "/section/libya/page/2/",
        ),
        (f"{URL}page/2/", '<a href="../1/">1</a><a href="../3/">3</a><a href="../4/">4</a>', "/section/libya/page/3/"),
        (f"{URL}?page=2", '<a href="?page=1">1</a><a href="?page=3">3</a>', "/section/libya/?page=3"),
        (f"{SITE}/c.php?id=8", '<a href="?id=9&page=2">x</a><a href="?id=8&page=2">2</a>', "/c.php?id=8&page=2"),
        (URL, '<a href="/section/economy/page/2/">2</a>', None),
        (f"{URL}page/7/", '<a href="../6/">6</a>', None),
        (URL, '<a rel="next" href="https://elsewhere.example/page/2/">', None),
        (URL, '<a rel="next" href="http://[::1">', None),
        (URL, "", None),
    ],
)
def test_the_page_after_it(here: str, links: str, next_: str | None) -> None:
    reading = read(STORY + links, url=here)
    assert older(reading) == ([next_] if next_ else [])
    assert reading.while_new


@pytest.mark.parametrize(("window", "pages"), [(Window(), listing.NEWS_PAGES), (APRIL, listing.HISTORY_PAGES)])
def test_endless_pages_end(window: Window, pages: int) -> None:
    """Pages without end come to one."""
    body = '<a href="/2019/04/16/a">x</a><a rel="next" href="?p=2">'
    assert older(read(body, window, depth=pages - 2))
    assert not older(read(body, window, depth=pages - 1))


def teaser(path: str, date: str) -> str:
    return f'<div class="teaser"><h3><a href="/news/{path}-of-the-day">x</a></h3>{date}</div>'


@pytest.mark.parametrize(
    ("date", "wanted"),
    [
        ('<time datetime="2019-04-16T08:15:00+02:00">Tuesday</time>', True),
        ('<time datetime="2019-03-31T23:30:00Z">Sunday</time>', True),  # in Tripoli, it is April already
        ('<time datetime="2019-05-01">1 May</time>', False),
        ('<p class="date">Tuesday 16/04/2019</p>', True),
        ("<span>05.03.2019</span>", False),
        ("<span>2019-04-16 08:15</span>", True),
    ],
)
def test_teaser_date_and_window(date: str, wanted: bool) -> None:
    """A teasers date says whether its story is of the window."""
    body = teaser("one", date) + teaser("two", '<time datetime="2019-04-02">')
    expected = ["/news/one-of-the-day"] if wanted else []
    assert paths(read(body, APRIL)) == [*expected, "/news/two-of-the-day"]


@pytest.mark.parametrize(
    ("days", "goes_on"),
    [
        (("2019-06-02", "2019-05-30"), True),  # not there yet
        (("2019-05-02", "2019-04-30"), True),
        (("2019-04-01", "2019-03-31"), True),
        (("2019-03-31", "2019-03-30"), False),
        (("2019-03-31", "2019-05-30"), True),  # an old one that is kept at the top
    ],
)
def test_section_followed_to_window(days: tuple[str, ...], goes_on: bool) -> None:
    """A section is followed until it is older than the window."""
    stories = "".join(teaser(f"d{number}", f'<time datetime="{day}">') for number, day in enumerate(days))
    assert bool(older(read(f'{stories}<a rel="next" href="?p=2">', APRIL))) is goes_on


def test_dateless_section_no_history() -> None:
    """A section without dates has no history."""
    with pytest.raises(UnreadableError, match="none of its 1 stories has a date"):
        read(STORY, APRIL)
    assert paths(read(STORY, APRIL, url=f"{SITE}/archive/2019/04/")) == ["/news/harbour-reopens-today"]


def test_only_front_is_conditional() -> None:
    """Only a sections front is asked conditionally."""
    assert read(STORY).settled
    assert not read(STORY, depth=1).settled


def test_broken_attributes_are_no_end() -> None:
    """A link with an attribute whose name lxml refuses is read, and so are the others."""
    links = '<a rel\x1dx href="/2019/the-pump-runs-again">The pump</a><a href="/2019/the-well-is-open-now">The well</a>'
    assert paths(read(links)) == ["/2019/the-pump-runs-again", "/2019/the-well-is-open-now"]

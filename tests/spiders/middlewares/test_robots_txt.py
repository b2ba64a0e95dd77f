"""Reading a robots.txt: groups, names and sitemaps, however they are written."""

import pytest

from spiders.middlewares import robots_txt

PAGE = "https://gazette.example/news/7"


def allowed(text: str | bytes, url: str = PAGE) -> bool:
    data = text if isinstance(text, bytes) else text.encode()
    return robots_txt.parse(data, "Dateline").can_fetch(url, "Dateline")


@pytest.mark.parametrize(
    "names",
    [
        "Dateline",
        "dateline/1.0",
        "DATELINE/2.1 (+https://archive.example/bot)",
        "Mozilla/5.0 (compatible; Dateline/1.0; +https://archive.example/)",
        "Otherbot, Dateline",
        "Otherbot Dateline Thirdbot",
        "Dateline*",
        "*",
        "  Dateline   # the archive",
        "\u00a0Dateline",
    ],
)
def test_groups_that_are_ours(names: str) -> None:
    """A line that names the token whole makes the group ours, in whatever company."""
    assert not allowed(f"User-agent: {names}\nDisallow: /")


@pytest.mark.parametrize(
    "names",
    [
        "DA",
        "Date",
        "Datelinebot",
        "Dateline-News",
        "My-Dateline",
        "Date*",
        "x/Dateline",
        "+https://dateline.example/ Y",
    ],
)
def test_groups_of_other_crawlers(names: str) -> None:
    """A name that only begins, ends or contains ours is another crawler's."""
    assert allowed(f"User-agent: {names}\nDisallow: /")


@pytest.mark.parametrize("between", ["Crawl-delay: 9", "Sitemap: https://gazette.example/s.xml", "", "Host: x", "# x"])
def test_names_stay_one_group(between: str) -> None:
    """Only rules end the names of a group."""
    text = f"User-agent: Dateline\n{between}\nUser-agent: Otherbot\nDisallow: /news"
    assert not allowed(text)
    assert allowed(text, "https://gazette.example/about")


def test_rules_end_a_group() -> None:
    """What is forbidden to the next crawler is not forbidden to us, and our group goes before that for all."""
    assert allowed("User-agent: Dateline\nDisallow:\nUser-agent: *\nDisallow: /")
    assert allowed("User-agent: Dateline\nAllow: /news\nUser-agent: Otherbot\nDisallow: /")
    assert not allowed("User-agent: Dateline\nDisallow: /a\n\nUser-agent: Dateline\nDisallow: /news")


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\r\r\n", " \t\n\n"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf", b"\xef\xbb\xbf\xef\xbb\xbf", b"# a comment"])
def test_lines_end_in_any_way(start: bytes, end: str) -> None:
    """Line ends, byte order marks and comments change no rule."""
    lines = ["", "User-agent: Dateline", "Crawl-delay: 4", "Disallow: /news"] if start[:1] == b"#" else []
    lines = lines or ["User-agent: Dateline", "Crawl-delay: 4", "Disallow: /news"]
    data = start + end.join(lines).encode()
    assert not allowed(data)
    assert robots_txt.parse(data, "Dateline").crawl_delay("Dateline") == 4


@pytest.mark.parametrize(
    ("line", "urls"),
    [
        ("Sitemap: https://gazette.example/s.xml", ["https://gazette.example/s.xml"]),
        ("\ufeffsitemap : https://gazette.example/s.xml", ["https://gazette.example/s.xml"]),
        ("# all\rUser-agent: *\rSITEMAP:https://gazette.example/s.xml\r", ["https://gazette.example/s.xml"]),
        ("  \t Sitemap:\thttps://gazette.example/s.xml  # news", ["https://gazette.example/s.xml"]),
        ("Sitemap: /s.xml", ["https://gazette.example/s.xml"]),
        ("Sitemap: <https://gazette.example/s.xml>", ["https://gazette.example/s.xml"]),
        ("Sitemap https://gazette.example/s.xml", ["https://gazette.example/s.xml"]),
        ("Sitemap: https://a.example/1 https://a.example/2", ["https://a.example/1", "https://a.example/2"]),
        ("# Sitemap: https://gazette.example/s.xml", []),
        ("Sitemap:", []),
        ("Sitemapper: https://gazette.example/s.xml", []),
    ],
)
def test_sitemap_lines_are_found(line: str, urls: list[str]) -> None:
    """Sitemap lines are read in any spelling that is met."""
    assert robots_txt.sitemaps(line.encode(), "https://gazette.example/robots.txt") == urls

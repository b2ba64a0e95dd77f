"""One URL, one form."""

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dateline import urls

RECORDED = Path(__file__).parents[2] / "shared" / "data" / "dev"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("HTTP://News.Example.ORG:80/A/Story", "http://news.example.org/A/Story"),
        ("https://news.example.org:443/", "https://news.example.org/"),
        ("http://127.0.0.1:8080/a", "http://127.0.0.1:8080/a"),
        ("https://news.example.org", "https://news.example.org/"),
        ("https://news.example.org/a#comments", "https://news.example.org/a"),
        ("https://news.example.org/a?utm_source=x&b=2&fbclid=y&a=1", "https://news.example.org/a?a=1&b=2"),
        ("https://news.example.org/a?Id=3&id=4&PHPSESSID=0", "https://news.example.org/a?Id=3&id=4"),
        ("https://news.example.org/a;jsessionid=0AB?b=1", "https://news.example.org/a?b=1"),
        ("https://news.example.org/ليبيا/", "https://news.example.org/%D9%84%D9%8A%D8%A8%D9%8A%D8%A7/"),
        ("https://news.example.org/%d9%84%d9%8a", "https://news.example.org/%D9%84%D9%8A"),
        ("https://reader:secret@news.example.org/a", "https://news.example.org/a"),
        (" https://news.example.org/a\n", "https://news.example.org/a"),
        ("https://news.example.org/a?id=7&amp;utm_source=x", "https://news.example.org/a?id=7"),
        ("https://news.example.org/a?id=7&amp;amp;page=2", "https://news.example.org/a?id=7&page=2"),
        ("https://news.example.org/a?gclsrc=x&mtm_kwd=1&srsltid=z&at_medium=rss", "https://news.example.org/a"),
        (
            "https://news.example.org/a?ga=41&pk=7&ns_id=1&utm=2&item=3",
            "https://news.example.org/a?ga=41&item=3&ns_id=1&pk=7&utm=2",
        ),
        ("https://news.example.org/#!/news/41", "https://news.example.org/#!/news/41"),
        ("https://news.example.org/a#!", "https://news.example.org/a"),
        ("https://news.example.org:0443/a", "https://news.example.org/a"),
        ("http://u:p@ss@news.example.org:/a", "http://news.example.org/a"),
        ("http://news.example.org:08080/a", "http://news.example.org:8080/a"),
        ("https://news.example.org/x/../a/./b", "https://news.example.org/a/b"),
        ("https://news.example.org/../../a/..", "https://news.example.org/"),
        ("https://news.example.org/x/%2E%2e/a...", "https://news.example.org/a..."),
        ("https://news.example.org/a;PHPSESSID=7f?b=1", "https://news.example.org/a?b=1"),
        ("https://news.example.org/a/b;session_id=7f", "https://news.example.org/a/b"),
        ("https://news.example.org/(S(lit3py55t21z5v55vlm25s55))/a.aspx?id=4", "https://news.example.org/a.aspx?id=4"),
        ("https://news.example.org/(A(x)S(lit3py))/a", "https://news.example.org/a"),
        ("https://news.example.org/%28S%28lit3py%29%29/a", "https://news.example.org/a"),
        ("https://news.example.org/wiki/Tunis_(S)", "https://news.example.org/wiki/Tunis_(S)"),
        ("https://أخبار.example/a", "https://xn--igbicxr.example/a"),
        ("https://straße.example/a", "https://xn--strae-oqa.example/a"),
        ("https://Ａhram.example/a", "https://ahram.example/a"),
        ("https://نامه\u200cای.example/a", "https://xn--mgba3gch31f060k.example/a"),
        ("https://☕.example:8080/a", "https://xn--53h.example:8080/a"),
    ],
)
def test_canonical(url: str, expected: str) -> None:
    assert urls.canonical(url) == expected


@pytest.mark.parametrize(
    "url", ["", "/a", "ftp://example.org/a", "javascript:alert(1)", "mailto:a@example.org", "http://"]
)
def test_invalid_addresses_are_refused(url: str) -> None:
    """What is no web address is refused."""
    with pytest.raises(ValueError, match="http"):
        urls.canonical(url)


@given(st.text(st.characters(codec="utf-8"), max_size=40), st.text(max_size=40))
@example("a;jsessionid=1;jsessionid=2", "utm_utm_a=1&&=&?")
@example("%", "%e9=%E9&%zz")
def test_canonical_is_idempotent(path: str, query: str) -> None:
    try:
        once = urls.canonical(f"http://news.example.org/{path}?{query}")
    except ValueError:
        return  # urlsplit refuses it: not a URL
    assert urls.canonical(once) == once


def test_latin_1_escapes_stay_apart() -> None:
    assert urls.canonical("http://news.example.org/?t=%e9") != urls.canonical("http://news.example.org/?t=%e8")


@pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded pages (../shared/data) are not on this machine")
def test_recorded_articles_stay_apart() -> None:
    """No two recorded articles become one."""
    pages = set()
    for path in RECORDED.glob("*.jsonl.gz"):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            pages |= {url for line in lines if (url := json.loads(line)["url"])}
    assert len({urls.canonical(url) for url in pages}) == len(pages)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://www.example.org/a", "http://example.org/b", True),
        ("https://m.example.org/a", "https://www.example.org/a", True),
        ("https://amp.example.org/a", "https://example.org/a", True),
        ("https://fr.example.org/a", "https://example.org/a", False),
        ("http://127.0.0.1:8001/a", "http://127.0.0.1:8002/a", False),
    ],
)
def test_same_site(one: str, other: str, same: bool) -> None:
    assert urls.same_site(one, other) is same


@pytest.mark.parametrize("scheme", ["http", "HTTPS"])
@pytest.mark.parametrize("user", ["", "reader@", "a:b@", "a@b:443@", ":@"])
@pytest.mark.parametrize("port", ["", ":", ":80", ":0443", ":00080", ":8443", ":0"])
def test_odd_hosts_are_stable(scheme: str, user: str, port: str) -> None:
    """Ports and users in any form come to one canonical URL, which stays as it is."""
    once = urls.canonical(f"{scheme}://{user}News.example.org{port}/a")
    assert urls.canonical(once) == once
    assert "@" not in once


@pytest.mark.parametrize("port", [":99999", ":a", ":-1", ":8 0"])
def test_impossible_ports_are_refused(port: str) -> None:
    """A port that no server can have is no web address."""
    with pytest.raises(ValueError, match=r"Port|port|whitespace|web"):
        urls.canonical(f"https://news.example.org{port}/a")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://reader:secret@News.example.org:443/a?b=2&a=1#top", "https://News.example.org/a?b=2&a=1"),
        ("http://news.example.org/x/../a#!/b", "http://news.example.org/a#!/b"),
        ("https://straße.example/a?utm_source=x;y", "https://xn--strae-oqa.example/a?utm_source=x;y"),
        ("https://news.example.org/(S(lit3py))/a", "https://news.example.org/(S(lit3py))/a"),
    ],
)
def test_request_keeps_what_servers_need(url: str, expected: str) -> None:
    """A request is without user, password, fragment and dots, and with everything that the server may ask for."""
    assert urls.requestable(url) == expected
    assert urls.canonical(expected) == urls.canonical(url)


@pytest.mark.parametrize("url", ["ftp://news.example.org/a", "https://news.example.org:99999/a", "https://[::1", "/a"])
def test_nothing_else_is_requested(url: str) -> None:
    """An address of no web page is refused before it is asked for."""
    with pytest.raises(ValueError, match=r"."):
        urls.requestable(url)


@pytest.mark.parametrize(
    ("charset", "query"),
    [
        ("cp1256", "q=%CE%C8%D1&p=2"),
        ("utf-8", "q=%D8%AE%D8%A8%D8%B1&p=2"),
        ("utf-16", "q=%D8%AE%D8%A8%D8%B1&p=2"),
        ("iso-8859-9", "q=%26%231582%3B%26%231576%3B%26%231585%3B&p=2"),
    ],
)
def test_query_is_in_page_charset(charset: str, query: str) -> None:
    """A query of a page's link is sent in the page's charset, as browsers do."""
    assert urls.in_charset("https://news.example.org/خبر?q=خبر&p=2", charset) == f"https://news.example.org/خبر?{query}"

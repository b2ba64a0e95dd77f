"""Canonical links: believed where they tell a story from its siblings."""

import pytest

from dateline.canonical_link import is_believed

HOST = "https://outlet.example"


@pytest.mark.parametrize(
    ("own", "declared", "believed"),
    [
        ("/politics/ferry-runs-again", "/politics/", False),
        ("/ar/news/4711", "/ar/", False),
        ("/ar/news/4711", "/ar", False),
        ("/article.php?id=4711", "/article.php", False),
        ("/article.php?id=4711", "/index.php", False),
        ("/article?id=7", "/article", False),
        ("/story/4711", "/story", False),
        ("/2019/04/ferry-runs-again", "/2019/04", False),
        ("/news/ferry-runs-again", "/news/economy", False),
        ("/news/ferry-runs-again", "/other-words-entirely", False),
        ("/fr/article/4711", "/actualites", False),
        ("/index.php?option=com&id=4711", "/index.php?option=com", False),
        ("/ferry-runs-again/amp", "/ferry-runs-again", True),
        ("/ferry-runs-again/2", "/ferry-runs-again", True),
        ("/ferry-runs-again?from=home1", "/ferry-runs-again", True),
        ("/?p=4711", "/2019/04/ferry-runs-again", True),
        ("/node/4711", "/news/ferry-runs-again", True),
        ("/article.php?id=4711&from=2", "/article.php?id=4711&from=2&a=b", True),
        ("/m/4711/ferry", "/4711/ferry", True),
        ("/amp/ferry-runs-again", "/ferry-runs-again", True),
        ("/ferry-runs-again-4711", "/news/4711", True),
        ("/%D8%B9%D8%A7%D8%AF%D8%AA-%D8%A7%D9%84%D8%B9%D8%A8%D8%A7%D8%B1%D8%A9", "/ar", False),
        ("/a.php?id=7", "/a.php?id=7", True),
    ],
)  # fmt: skip
def test_canonical_must_tell_siblings_apart(own: str, declared: str, believed: bool) -> None:
    """A canonical that lacks what tells a URL from its siblings is not believed."""
    assert is_believed(HOST + own, HOST + declared) is believed

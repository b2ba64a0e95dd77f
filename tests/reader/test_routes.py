"""The reading room's routes: forms, paging, validators, problems."""

import html
import json
import re
from typing import Any

import pytest

from dateline.reader import cursors
from tests.reader.library import STORIES, Room

PAGES: dict[str, dict[str, Any]] = {
    "/": {},
    "/search": {"q": "ferry"},
    "/stories": {"source": "sample-gazette"},
    "/stories/{en}": {},
    "/stories/{ar}": {"lang": "ar"},
    "/stories/{en}/diff": {},
    "/changes": {},
    "/sources": {},
    "/coverage": {},
}
JSON = [path for path in PAGES if path != "/"] + ["/stories/{en}/revisions", "/stories/{fr}/copies", "/openapi.json"]


def path(room: Room, pattern: str) -> str:
    return pattern.format(**{name: room.id(name) for name in STORIES})


@pytest.mark.parametrize("pattern", JSON)
def test_every_route_has_json(room: Room, pattern: str) -> None:
    """Without a wish, a program gets JSON; and the same bytes again."""
    reply = room.get(path(room, pattern), **PAGES.get(pattern, {}))
    assert (reply.status, reply.media) == (200, "application/json")
    assert reply.json
    assert reply.headers["ETag"] == room.get(path(room, pattern), **PAGES.get(pattern, {})).headers["ETag"]


@pytest.mark.parametrize("pattern", PAGES)
@pytest.mark.parametrize("language", ["en", "fr-TN", "ar-LY"])
def test_every_page_is_html(room: Room, pattern: str, language: str) -> None:
    """A browser gets a page in its language, without inline script or style, under a strict policy."""
    options = {"accept": "text/html,*/*;q=0.8", "headers": {"accept-language": language}, **PAGES[pattern]}
    reply = room.get(path(room, pattern), **options)
    expected = options.get("lang", language[:2])
    assert (reply.status, reply.media) == (200, "text/html")
    assert f'<html lang="{expected}" dir="{"rtl" if expected == "ar" else "ltr"}">' in reply.text
    assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=", re.sub(r"&lt;.*?&gt;", "", reply.text))
    policy = reply.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


@pytest.mark.parametrize("pattern", [*PAGES, *JSON])
def test_known_etag_is_not_modified(room: Room, pattern: str) -> None:
    """A reader that has the answer gets 304 without a body, whichever of its validators it names."""
    etag = room.get(path(room, pattern), **PAGES.get(pattern, {})).headers["ETag"]
    for told in (etag, f'"other", {etag}', "*"):
        reply = room.get(path(room, pattern), headers={"if-none-match": told}, **PAGES.get(pattern, {}))
        assert (reply.status, reply.body, reply.headers["ETag"]) == (304, b"", etag)
    assert room.get(path(room, pattern), headers={"if-none-match": '"x"'}, **PAGES.get(pattern, {})).status == 200


@pytest.mark.parametrize(("route", "given"), [("/stories", {}), ("/search", {"q": "dated"}), ("/changes", {})])
def test_pages_cover_all_stories(room: Room, route: str, given: dict[str, Any]) -> None:
    """Following the cursor gives each story once."""
    found: list[str] = []
    cursor = None
    while not found or cursor:
        options = {**given, "limit": 2, **({"cursor": cursor} if cursor else {})}
        page = room.get(route, **options).json
        found += [story["id"] for story in page["stories"]]
        cursor = page["cursor"]
    assert sorted(found) == sorted(room.id(name) for name in STORIES)


@pytest.mark.parametrize("route", ["/stories", "/search", "/changes"])
@pytest.mark.parametrize("forge", ["garbage", "other place", "other conditions", "not base64"])
def test_forged_cursor_is_refused(room: Room, route: str, forge: str) -> None:
    """A cursor that was altered, made up or taken from another query is a 400 with a problem document."""
    given: dict[str, Any] = {"q": "dated"} if route == "/search" else {}
    cursor = room.get(route, limit=1, **given).json["cursor"]
    forged = {
        "garbage": "abc",
        "other place": cursors.write("2019-04-16#x", {"source": "y"}),
        "other conditions": cursor,
        "not base64": "é!" + cursor,
    }[forge]
    other: dict[str, Any] = {"q": "ferry"} if route == "/search" else {"edits": "true", "source": "x"}
    reply = room.get(route, cursor=forged, **(other if forge == "other conditions" else given))
    assert (reply.status, reply.media) == (400, "application/problem+json")
    assert reply.json["status"] == 400
    assert "cursor" in reply.json["detail"]


PROBLEMS: dict[str, tuple[str, dict[str, Any], int]] = {
    "unknown route": ("/nowhere", {}, 404),
    "unknown story": (f"/stories/{'n' * 26}", {}, 404),
    "no id": ("/stories/nothing", {}, 400),
    "unknown revision": ("/stories/{en}", {"revision": 9}, 404),
    "too many": ("/stories", {"limit": 100000}, 400),
    "no date": ("/search", {"q": "x", "since": "yesterday"}, 400),
    "no date in the query": ("/search", {"q": "since:yesterday"}, 400),
    "days in reverse": ("/stories", {"since": "2019-05-01", "until": "2019-04-01"}, 400),
    "days of a search in reverse": ("/search", {"q": "x", "since": "2019-05-01", "until": "2019-04-01"}, 400),
    "no cursor to follow": ("/changes", {"since": "محمد"}, 400),
    "no day to follow": ("/changes", {"since": "~"}, 400),
    "no such form": ("/stories/{en}", {"format": "atom"}, 400),
    "no form": ("/stories/{en}", {"format": "docx"}, 400),
    "no form accepted": ("/stories/{en}", {"accept": "image/png"}, 406),
    "no citation": ("/stories/{en}/cite", {"format": "word"}, 400),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_errors_are_problem_documents(room: Room, name: str) -> None:
    """Each error is a problem document (RFC 9457) with its status, never kept by a cache."""
    pattern, options, status = PROBLEMS[name]
    reply = room.get(path(room, pattern), **options)
    assert (reply.status, reply.media) == (status, "application/problem+json")
    assert {"type", "title", "status", "detail"} <= set(reply.json)
    assert reply.headers["Cache-Control"] == "no-store"


def test_story_in_three_forms(room: Room) -> None:
    """One address has a story as JSON, text and HTML, by Accept or by format."""
    at = path(room, "/stories/{ar}")
    assert room.get(at).json["title"].startswith("عودة")
    assert room.get(at, accept="text/plain").text.startswith("عودة العبّارة")
    assert room.get(at, accept="text/html").media == room.get(at, format="html").media == "text/html"
    assert room.get(at, accept="text/html", format="json").media == "application/json"


def test_story_has_memento_headers(room: Room) -> None:
    """A story says when it was captured, what its original is and where its other revisions are (RFC 7089)."""
    at = path(room, "/stories/{en}")
    newest, first = room.get(at), room.get(at, revision=1)
    assert newest.headers["Memento-Datetime"] == "Wed, 17 Apr 2019 13:00:00 GMT"
    assert first.headers["Memento-Datetime"] == "Wed, 17 Apr 2019 12:00:00 GMT"
    assert '<http://news.example.org/en>; rel="original"' in newest.headers["Link"]
    earlier = room.get(at, headers={"accept-datetime": "Wed, 17 Apr 2019 12:30:00 GMT"})
    assert earlier.json["revision"] == first.json["revision"] == 1
    assert room.get(at, headers={"accept-datetime": "never"}).json["revision"] == 2
    timemap = room.get(f"{at}/revisions", format="timemap")
    assert timemap.media == "application/link-format"
    assert timemap.text.count('rel="memento"') == 2


def test_diff_marks_words(room: Room) -> None:
    """The difference of two revisions has the words that went and came."""
    at = path(room, "/stories/{en}/diff")
    found = room.get(at).json
    assert (found["before"], found["after"], found["words_added"], found["words_removed"]) == (1, 2, 2, 2)
    page = room.get(at, format="html").text
    assert "<del>noon.</del>" in page
    assert "<ins>dawn.</ins>" in page


def test_capture_is_the_records(room: Room) -> None:
    """The capture route has the WARC records as stored; the page's route the page, under a sandbox's policy."""
    records = room.get(path(room, "/stories/{en}/capture"), headers={"accept-encoding": "gzip"})
    assert records.media == "application/warc-gzip"
    assert records.body[:2] == b"\x1f\x8b"
    assert "Content-Encoding" not in records.headers
    page = room.get(path(room, "/stories/{hostile}/page"))
    assert page.text == STORIES["hostile"]
    assert page.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    framed = room.get(path(room, "/stories/{hostile}"), format="html").text
    assert "<iframe sandbox " in framed


def test_hostile_story_is_inert(room: Room) -> None:
    """Titles and texts of outlets are text on every page: no element, no attribute, no template of theirs."""
    pages = ["/", "/stories", "/search", "/stories/{hostile}", "/stories/{hostile}/diff"]
    for pattern in pages:
        text = room.get(path(room, pattern), accept="text/html", q="printed" if pattern == "/search" else "").text
        assert "<script" not in text
        assert "<img" not in text
        assert "49" not in re.sub(r"[0-9a-f]{20,}|\d{4}-\S+", "", text)
        assert "&lt;script&gt;" in text or "&lt;<mark>" in text
    query = '"><script>alert(1)</script>'
    assert "<script" not in room.get("/search", accept="text/html", q=query).text


def test_commas_stay_in_a_query(room: Room) -> None:
    """A query with a comma is one query, and repeated parameters are several, as in any form."""
    page = room.get("/search", accept="text/html", q="ferry, noon & dawn").text
    assert 'value="ferry, noon &amp; dawn"' in page
    found = room.get("/search", q="dated", source=["nothing", "sample-gazette"]).json
    assert found["total"] == len(STORIES)
    assert room.get("/search", q="dated", source=["nothing"]).json["total"] == 0


def test_changes_follow_a_cursor(room: Room) -> None:
    """What was indexed after a cursor, to its end; and only edits if asked."""
    first = room.get("/changes", since="2019-01-01", limit=2).json
    rest = room.get("/changes", since=first["since"]).json
    assert len(first["stories"]) + len(rest["stories"]) == len(STORIES)
    assert room.get("/changes", since=rest["since"]).json == {"since": rest["since"], "stories": []}
    assert [each["id"] for each in room.get("/changes", edits="true").json["stories"]] == [room.id("en")]


def test_large_bodies_are_compressed(room: Room) -> None:
    """A reader that takes gzip gets it, with the validator that the plain body has."""
    packed = room.get("/openapi.json", headers={"accept-encoding": "br, gzip"})
    plain = room.get("/openapi.json", headers={"accept-encoding": "gzip;q=0"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert (packed.body, packed.headers["ETag"]) == (plain.body, plain.headers["ETag"])


def test_openapi_names_every_route(room: Room) -> None:
    """The document lists the routes with their parameters and their problems."""
    document = json.loads(room.get("/openapi.json").body)
    routes = {"/search", "/stories", "/changes", "/sources", "/coverage", "/stories/{id}", "/stories/{id}/cite"}
    assert routes <= set(document["paths"])
    search = document["paths"]["/search"]["get"]
    assert {each["name"] for each in search["parameters"]} >= {"q", "source", "since", "order", "cursor", "format"}
    assert "400" in search["responses"]


def test_style_sheet_is_cached(room: Room) -> None:
    """Pages name the style sheet by its content; browsers keep it for a year."""
    (at,) = re.findall(r'href="(/style\.css\?\w+)"', html.unescape(room.get("/", accept="text/html").text))
    reply = room.get(at.partition("?")[0])
    assert reply.media == "text/css"
    assert "immutable" in reply.headers["Cache-Control"]
    assert "prefers-color-scheme: dark" in reply.text


def test_withdrawn_story_is_refused(room: Room) -> None:
    """A withdrawn story is 451 on each of its routes, with the day and the reason of its withdrawal."""
    item = {"PK": f"ARTICLE#{'g' * 26}", "SK": "CURRENT", "id": "g" * 26, "url": "http://news.example.org/gone"}
    room.aws.table.put_item(Item=item | {"withdrawn_at": "2019-05-01T00:00:00.000Z", "reason": "a court's order"})
    for below in ("", "/revisions", "/diff", "/capture", "/page", "/cite", "/copies"):
        reply = room.get(f"/stories/{'g' * 26}{below}")
        assert (reply.status, reply.media) == (451, "application/problem+json")
        assert "a court's order" in reply.json["detail"]


@pytest.mark.parametrize("day", ["0001-01-01", "1969-12-31", "9999-12-31"])
@pytest.mark.parametrize("name", ["since", "until"])
@pytest.mark.parametrize("route", ["/search", "/stories"])
def test_any_day_is_a_limit(room: Room, route: str, name: str, day: str) -> None:
    """The first and the last day of the calendar limit a list like any other."""
    given: dict[str, Any] = {"q": "dated", name: day}
    listed = room.get(route, **given)
    assert listed.status == 200
    everything = (name == "since") == (day < "2019")
    assert len(listed.json["stories"]) == (len(STORIES) if everything else 0)

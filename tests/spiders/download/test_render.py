"""Pages that need a browser: what is read is what their scripts made, and what is kept is also what the server sent."""

import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from cfnlint.decode.cfn_yaml import load

from dateline.messages import CrawlReport
from spiders.download import browser
from spiders.state.stores import FolderStore
from tests.support.outlet import CRAWL, Answer, Outlet, Shelf, answer, crawl, item, rss

ROOT = Path(__file__).parents[3]

needs_browser = pytest.mark.skipif(
    not (find_spec("scrapy_playwright") and shutil.which("chromium")),
    reason="needs a browser: pip install '.[render]' and apt-get install chromium",
)

SHELL = '<!doctype html><title>Gazette</title><div id="app"></div><script src="/app.js"></script>'
SCRIPT = """fetch("/api/story").then(answer => answer.json()).then(story => {
    document.getElementById("app").innerHTML = `<h1>${story.title}</h1><p>${story.text}</p>`;
});"""
STORY = '{"title": "Rain over Tobruk", "text": "The harbour reopened at dawn, \\u0641\\u062c\\u0631\\u0627."}'
ROBOTS = answer("User-agent: *\nDisallow: /private/\n")
READY = {
    "/app.js": answer(SCRIPT, Content_Type="text/javascript"),
    "/api/story": answer(STORY, Content_Type="application/json"),
}


def visit(page: Answer, routes: dict[str, Any] | None = None, **changes: Any) -> tuple[CrawlReport, Shelf, Outlet]:
    """Crawl an outlet whose pages are rendered, and whose feed lists one."""
    with Outlet({"/feed": answer(rss(item("/a"))), "/a": page, **READY, **(routes or {})}) as outlet:
        report = crawl(outlet.source(**({"render": True} | changes)), shelf := Shelf())
    return report, shelf, outlet


@needs_browser
def test_rendered_page_keeps_both() -> None:
    """A page is captured as received and as its scripts made it."""
    report, shelf, outlet = visit(answer(SHELL))
    (page,) = shelf.pages
    assert report.failures == []
    assert page.response.partition(b"\r\n\r\n")[2] == SHELL.encode()
    assert "<h1>Rain over Tobruk</h1><p>The harbour reopened at dawn, فجرا.</p>" in (page.rendered or b"").decode()
    assert page.metadata["rendered"]["browser"].startswith("chromium/")
    assert outlet.paths() == ["/feed", "/a", "/app.js", "/api/story"]


@needs_browser
@pytest.mark.parametrize(
    "markup",
    [
        '<img src="/x"><video src="/x"></video><iframe src="/x"></iframe><object data="/x"></object>',
        '<style>@font-face { font-family: f; src: url(/x) } p { font-family: f }</style><link rel=icon href="/x">',
        "<script>location.href = '/x'</script>",
        "<script>window.open('/x')</script>",
        "<script>new EventSource('/x'); navigator.sendBeacon('/x', 'seen')</script>",
        "<script>new WebSocket(`ws://${location.host}/x`)</script>",
        "<script>fetch('/x', {method: 'POST', body: '{}'})</script>",
        '<link rel=stylesheet href="/x"><link rel=preconnect href="//127.0.0.1:1/">',
        "<script>navigator.serviceWorker.register('/x')</script>",
    ],
)
def test_page_gets_scripts_only(markup: str) -> None:
    """A page gets scripts and data and nothing else."""
    report, shelf, outlet = visit(answer(SHELL + markup), {"/x": answer("x")})
    assert (report.captured, outlet.paths()) == (1, ["/feed", "/a", "/app.js", "/api/story"])
    assert b"Rain over Tobruk" in (shelf.pages[0].rendered or b"")


@needs_browser
def test_scripts_stay_on_site() -> None:
    """Scripts reach no other site and no private address."""
    with Outlet({"/x": answer("x", Access_Control_Allow_Origin="*")}) as other:
        urls = [f"{other.url}/x", "http://169.254.169.254/latest/meta-data", "http://[::1]:1/", "file:///etc/hostname"]
        script = f"for (const url of {urls}) fetch(url, {{mode: 'no-cors'}}).catch(() => 0);"
        moved = answer(status=302, Location=f"{other.url}/x")
        page = answer(f"{SHELL}<script>{script}; fetch('/moved');</script>")
        report, _, _ = visit(page, {"/moved": moved})
    assert report.captured == 1
    assert (other.requests, other.connections) == ([], 0)


@needs_browser
def test_page_requests_are_named() -> None:
    """Requests of a page say who asks and carry no cookies."""
    script = "document.cookie = 'a=b'; fetch('/x', {headers: {'X-Key': 'k'}})"
    _, _, outlet = visit(answer(f"{SHELL}<script>{script}</script>", Set_Cookie="c=d"), {"/x": answer("{}")})
    asked = {head.split()[1].decode(): head.decode().lower() for head in outlet.requests}
    assert all("user-agent: dateline/" in head for head in asked.values())
    assert not [head for head in asked.values() if "cookie" in head or "referer" in head or "sec-" in head]
    assert "x-key: k" in asked["/x"]


@needs_browser
@pytest.mark.parametrize(
    ("page", "reason"),
    [
        (answer(SHELL + "<script>setTimeout(() => { while (true); }, 0)</script>"), "render"),
        (answer(SHELL + "<script>while (true);</script>"), "render"),
        (answer(SHELL, X_Robots_Tag="noarchive"), "opt-out"),
        (answer(SHELL, 500), "http-500"),
    ],
)
def test_failed_rendering_has_reason(monkeypatch: pytest.MonkeyPatch, page: Answer, reason: str) -> None:
    """A page that cannot be rendered has a reason and the next one is."""
    from spiders.download import render  # noqa: PLC0415 (needs what is optional)

    if reason == "render":
        monkeypatch.setattr(render, "PATIENCE", 6.0)  # the browser's start is in it
    feed = answer(rss(item("/a"), item("/b")))
    report, shelf, outlet = visit(page, {"/feed": feed, "/b": answer(SHELL)})
    assert [(failure.url, failure.reason) for failure in report.failures] == [(f"{outlet.url}/a", reason)]
    assert [exchange.url for exchange in shelf.pages] == [f"{outlet.url}/b"]
    assert b"Rain over Tobruk" in (shelf.pages[0].rendered or b"")


@needs_browser
def test_script_fetched_once() -> None:
    """A script is asked for once in a crawl."""
    feed = answer(rss(item("/a"), item("/b")))
    report, _, outlet = visit(answer(SHELL), {"/feed": feed, "/b": answer(SHELL)})
    assert (report.captured, outlet.paths().count("/app.js"), outlet.paths().count("/api/story")) == (2, 1, 2)


@needs_browser
def test_endless_page_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that asks for ever is stopped."""
    from spiders.download import render  # noqa: PLC0415 (needs what is optional)

    monkeypatch.setattr(render, "QUIET", 1.0)
    script = "<script>let n = 0; setInterval(() => fetch(`/api/story?${n++}`), 5)</script>"
    report, _, outlet = visit(answer(SHELL + script))
    assert report.captured == 1
    assert len(outlet.paths()) <= 2 + render.MAX_REQUESTS


@needs_browser
def test_rendered_page_always_captured() -> None:
    """A page is always captured whole because its bytes say nothing."""
    routes = {"/feed": answer(rss(item("/a"))), "/a": answer(SHELL, ETag='"7"'), **READY}
    with Outlet(routes) as outlet:
        crawl(outlet.source(render=True), shelf := Shelf())
        outlet.routes["/feed"] = answer(rss(item("/a", title="Rain, again")))
        outlet.routes["/api/story"] = answer(STORY.replace("dawn", "noon"), Content_Type="application/json")
        report = crawl(outlet.source(render=True), shelf)
    assert report.captured == 1
    assert [page.revisits for page in shelf.pages] == [None, None]
    assert b"at noon" in (shelf.pages[-1].rendered or b"")
    assert not [head for head in outlet.requests if b"/a " in head and b"If-None-Match" in head]


@needs_browser
def test_robots_before_rendering() -> None:
    """Robots is obeyed before a page is rendered."""
    report, _, outlet = visit(answer(SHELL), {"/feed": answer(rss(item("/private/a"))), "/robots.txt": ROBOTS})
    assert (report.reasons(), outlet.paths()) == ({"robots": 1}, ["/feed"])


def test_render_stack_equals_crawl(template: dict[str, Any]) -> None:
    """The render stack may do what the crawl may and is told what it is told."""
    ours = load(str(ROOT / "infra" / "render.yaml"))
    shared = set(ours["Globals"]["Function"]["Environment"]["Variables"])
    told = shared | set(ours["Resources"]["RenderFunction"]["Properties"]["Environment"]["Variables"])
    crawl_told = set(template["Resources"]["CrawlFunction"]["Properties"]["Environment"]["Variables"])
    assert told >= crawl_told - {"DATELINE_SOURCES", "DATELINE_ALLOW_HOSTS"}
    assert {name.removeprefix("DATELINE_").lower() for name in told} >= {"render"}
    assert actions(ours, "RenderRole") == actions(template, "CrawlRole")
    assert actions(ours, "DispatchRole") == actions(template, "DispatchRole")


def actions(template: dict[str, Any], role: str) -> dict[str, Any]:
    """What a role's statements allow, by their names."""
    (policy,) = template["Resources"][role]["Properties"]["Policies"]
    return {each["Sid"]: each["Action"] for each in policy["PolicyDocument"]["Statement"]}


def test_missing_browser_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a browser a source says how to come by one."""
    monkeypatch.setattr(browser, "find_spec", lambda _: None)
    report, _, outlet = visit(answer(SHELL))
    (failure,) = report.failures
    assert (failure.reason, outlet.requests) == ("render", [])
    assert "--here" in failure.detail
    assert "infra/render.yaml" in failure.detail


@needs_browser
def test_extraction_reads_rendering(tmp_path: Path) -> None:
    """Extraction reads the words that the scripts wrote."""
    store = FolderStore(tmp_path, source="sample-gazette", crawl=CRAWL)
    with Outlet({"/feed": answer(rss(item("/a"))), "/a": answer(SHELL), **READY}) as outlet:
        crawl(outlet.source(render=True), store=store)
    ((_, (page,)),) = store.stored()
    assert page.rendered
    assert "The harbour reopened at dawn" in page.page().body.decode()
    assert page.metadata["rendered"]["browser"]

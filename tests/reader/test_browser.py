"""The reading room in Chromium: two widths, light and dark, axe-core, the keyboard, right to left, hostile stories.

``DATELINE_SCREENSHOTS=folder`` names where the pictures of all pages go; by default .dateline/screenshots.
"""

import os
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from typing import Any, cast

import pytest
from cfnlint.decode.cfn_yaml import load

from dateline.reader.serve import ReadingRoom
from tests.conftest import ROOT, emulated
from tests.reader import gallery

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(
    not (CHROMIUM and find_spec("playwright") and find_spec("axe_playwright_python")),
    reason="needs a browser: apt-get install chromium, and the extra `test`",
)
PICTURES = Path(os.environ.get("DATELINE_SCREENSHOTS", ROOT / ".dateline" / "screenshots"))
SIZES = {"wide": (1280, 900), "narrow": (390, 844)}
CHECKED = {("wide", "light"), ("narrow", "dark")}  # by axe-core: both widths and both schemes
PAGES = {
    "home": "/",
    "search": "/search?q=market&format=html",
    "story": f"/stories/{gallery.id_of('harbour', 'gazette')}",
    "diff": f"/stories/{gallery.id_of('harbour', 'gazette')}/diff",
    "changes": "/changes",
    "sources": "/sources",
    "coverage": "/coverage",
    "watches": "/watches",
    "watch": "/watches/harbour",
    "arabic": f"/stories/{gallery.id_of('water', 'midan')}?lang=ar",
    "arabic-search": "/search?q=طرابلس&lang=ar&format=html",
    "hostile": f"/stories/{gallery.id_of('hostile', 'gazette')}",
}


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a reading room on loopback, with the stories of the gallery."""
    with emulated(cast("dict[str, Any]", load(str(ROOT / "template.yaml")))) as aws:
        room = gallery.room(aws, tmp_path_factory.mktemp("search"))
        with ReadingRoom(room.handle) as server:
            Thread(target=server.serve_forever, daemon=True).start()
            yield server.address
            server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Debian's Chromium; Playwright would download one of its own."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - an extra

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def visit(browser: Any, address: str) -> Iterator[Any]:
    """Opens a path in a window of its own; errors of scripts and refused loads are kept in ``page.told``."""
    contexts = []

    def open_(path: str) -> Any:
        width, height = SIZES["wide"]
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme="light")
        contexts.append(context)
        page = context.new_page()
        page.told = []
        page.on("pageerror", lambda error: page.told.append(str(error)))
        page.on("dialog", lambda dialog: (page.told.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        page.goto(address + path)
        return page

    yield open_
    for context in contexts:
        context.close()


@pytest.mark.parametrize("name", PAGES)
def test_pages_are_accessible(visit: Any, name: str) -> None:
    """In both widths and schemes a picture is kept and nothing is wider than the window; axe-core finds nothing."""
    page = visit(PAGES[name])
    PICTURES.mkdir(parents=True, exist_ok=True)
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=PICTURES / f"{name}-{size}-{scheme}.png", full_page=True)
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), size
            if (size, scheme) in CHECKED:
                assert serious(page) == []
    assert page.told == []


def serious(page: Any) -> list[tuple[str, str, str]]:
    """What axe-core finds, of serious or critical impact: rule, element, what to do."""
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415

    found = Axe().run(page, options={"resultTypes": ["violations"], "iframes": False}).response["violations"]
    grave = [each for each in found if each["impact"] in {"serious", "critical"}]
    return [(each["id"], node["html"][:120], node["failureSummary"]) for each in grave for node in each["nodes"]]


def test_axe_finds_what_is_wrong(visit: Any) -> None:
    """The check can fail: a field without a label and grey on grey are found."""
    page = visit("/")
    page.evaluate("""() => { const main = document.querySelector('main');
        main.append(document.createElement('input'));
        const faint = document.createElement('p'); faint.textContent = 'faint';
        faint.setAttribute('class', 'help'); main.append(faint);
        const sheet = new CSSStyleSheet(); sheet.replaceSync('.help { color: #eee !important }');
        document.adoptedStyleSheets = [sheet]; }""")
    assert {"label", "color-contrast"} <= {rule for rule, _, _ in serious(page)}


def test_keyboard_reaches_a_story(visit: Any) -> None:
    """Skip link, search, facet and story are reached by keys alone, each with a visible focus."""
    page = visit("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    focused(page, "input[name=q]")
    page.keyboard.type("harbour strike")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?**")
    page.keyboard.press("Tab")
    focused(page, "h3 a")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    page.wait_for_url("**/stories/**")
    assert "Fuel ships return" in page.inner_text("h1")
    focused(page, "aside .tags a")
    page.keyboard.press("Enter")
    page.wait_for_url("**/stories?place=**")


def focused(page: Any, selector: str) -> None:
    """Press Tab until an element is focused."""
    for _ in range(60):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not reach {selector}")


@pytest.mark.parametrize("lang", ["ar", "en", "fr"])
def test_arabic_story_is_rtl(visit: Any, lang: str) -> None:
    """An Arabic story begins at the right in any interface; the interface's own words keep their direction."""
    page = visit(f"/stories/{gallery.id_of('water', 'midan')}?lang={lang}")
    assert page.evaluate("getComputedStyle(document.querySelector('article h1')).direction") == "rtl"
    article, first = page.locator("article").bounding_box(), page.locator(".words p").first
    begin = first.evaluate("""p => { const range = document.createRange();
        range.setStart(p.firstChild, 0); range.setEnd(p.firstChild, 1); return range.getBoundingClientRect().right }""")
    assert begin > article["x"] + article["width"] / 2
    expected = "rtl" if lang == "ar" else "ltr"
    assert page.evaluate("getComputedStyle(document.documentElement).direction") == expected
    assert page.evaluate("getComputedStyle(document.querySelector('.map')).direction") == "ltr"


@pytest.mark.parametrize(
    "path", ["/", PAGES["hostile"], "/search?q=printers&format=html", "/search?q=<script>alert(1)</script>&format=html"]
)  # fmt: skip
def test_hostile_words_are_inert(visit: Any, path: str) -> None:
    """Markup in a title, a text, a query or a captured page is shown or dropped; nothing runs and nothing is loaded."""
    page = visit(path)
    for frame in page.locator("iframe").all():
        frame.scroll_into_view_if_needed()
    page.wait_for_load_state("networkidle")
    assert page.told == []
    assert page.evaluate("document.scripts.length") == 0
    if path == PAGES["hostile"]:
        assert "<script>alert(1)</script>" in page.inner_text("h1")
        assert page.locator("article img").count() == 0


def test_captured_page_is_framed(visit: Any) -> None:
    """The captured page shows its words in the sandbox, and fetches none of its pictures."""
    page = visit(PAGES["story"])
    fetched: list[str] = []
    page.on("requestfinished", lambda request: fetched.append(request.url))
    frame = page.frame_locator("iframe[sandbox='']")
    page.locator("iframe").scroll_into_view_if_needed()
    frame.locator("h1").wait_for()
    assert "Fuel ships return" in frame.locator("h1").inner_text()
    assert not [url for url in fetched if url.endswith(".jpg")]


def test_months_narrow_a_search(visit: Any) -> None:
    """A bar of the time line is a link to its month, named for a screen reader."""
    page = visit(PAGES["search"])
    page.get_by_role("listitem", name="February 2019: 2").click()
    page.wait_for_url("**since=2019-02-01**")
    assert page.inner_text("h2").startswith("2 ")
    page.get_by_role("link", name="From 2019-02-01").click()
    page.wait_for_url(lambda url: "since" not in url)

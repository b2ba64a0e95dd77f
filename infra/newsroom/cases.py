"""Contents of the hostile outlets, with the outcome to be recorded for each.

The outcome of a story is a failure's reason in the crawl report, ``left`` for a URL handed to a continuation, or the
outcome of extraction. The outcome of a feed or sitemap is a part of the error in the report, empty for a readable one.
"""

import functools
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from infra.newsroom.reply import Reply, document, moved

STORY = """<!DOCTYPE html>
<html lang="{language}"><head><meta charset="{charset}"><title>{title}</title>{head}</head>
<body><article><h1>{title}</h1>{before}<p>{text}</p><p>{text}</p><p>{text}</p></article></body></html>
"""
TEXT = {
    "en": "The pump at the old well was mended on Tuesday, and the queue for water in the lower town was gone by noon.",
    "ar": "وقد أُصلحت مضخة البئر القديمة يوم الثلاثاء، واختفى طابور الماء في البلدة السفلى قبل الظهر،"
    " كما قال رئيس البلدية، في السوق.",
}
STAIRS, STAIRWELL = "/stairs/", "/sitemap/stairs/"
_RSS = """<?xml version="1.0" encoding="{charset}"?>{doctype}
<rss version="2.0"><channel><title>Hostile</title>{items}</channel></rss>"""
_ITEM = "<item><title>{title}</title><link>{base}{path}</link><pubDate>{date}</pubDate></item>"
_URLSET = """<?xml version="1.0"?>{doctype}<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
<url><loc>{url}</loc><lastmod>{lastmod}</lastmod></url></urlset>"""
_INDEX = """<?xml version="1.0"?><sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
<sitemap><loc>{url}</loc></sitemap></sitemapindex>"""
_LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
_DEFLATED, _BROTLI = {"Content-Encoding": "deflate"}, {"Content-Encoding": "br"}
LAUGHS = f'<!DOCTYPE x [<!ENTITY l0 "ha">{_LAUGHS}]>'  # &l9; is two gigabytes
FILES = '<!DOCTYPE x [<!ENTITY file SYSTEM "file:///etc/passwd">]>'
# 64 MB of zeros, compressed unasked with brotli.
BROTLI_BOMB = bytes.fromhex(
    "cbffff3ff82700e2b14020f7fe8fffff7ff04f00c4611180eefd1fffffffe09f0088c30200ddfb3ffeffffc13f0110870500baf77ffcffff"
    "837f02200e0b0074effff8ffff07ff04401c1600e8defff1ffff0ffe0980382c00d0bdffe3ffff1ffc1300715800a07bff37"
)


class Case(NamedTuple):
    path: str
    reply: Callable[[str], Reply]
    """Makes the reply; takes the outlet's address."""
    outcome: str


def story(language: str = "en", charset: str = "utf-8", declared: str | None = None, **changes: Any) -> Reply:
    """Return an article in a charset, under a possibly wrong label in header and page.

    ``head`` and ``before`` are markup for the page's head and before its text; other arguments go to the reply.
    """
    declared = declared or charset
    parts = {"head": changes.pop("head", ""), "before": changes.pop("before", "")}
    page = STORY.format(language=language, charset=declared, title=TEXT[language][:40], text=TEXT[language], **parts)
    return Reply(body=page.encode(charset), content_type=f"text/html; charset={declared}", **changes)


def says(text: str) -> Reply:
    """Return a page with status 200 that is not an article."""
    return document(f"<!DOCTYPE html><title>{text}</title><h1>{text}</h1>")


def status(code: int, **headers: str) -> Callable[[str], Reply]:
    return lambda _: Reply(status=code, headers={name.replace("_", "-"): value for name, value in headers.items()})


def to(url: str) -> Callable[[str], Reply]:
    """A redirect; ``{base}`` stands for the outlet's address."""
    return lambda base: moved(url.format(base=base))


def always(reply: Reply) -> Callable[[str], Reply]:
    return lambda _: reply


def endless() -> Iterator[bytes]:
    while True:
        yield b"<p>and so on</p>" * 4096


def slow() -> Iterator[bytes]:
    """Send a byte at a time, so that no read ever times out."""
    for byte in STORY.encode():
        yield bytes([byte])
        time.sleep(0.5)


@functools.cache
def bomb(wbits: int = 31, *, megabytes: int = 64) -> bytes:
    """So many megabytes of zeros, compressed to a thousandth: gzip, or with 15 zlib."""
    packer = zlib.compressobj(9, wbits=wbits)
    return b"".join(packer.compress(bytes(1 << 20)) for _ in range(megabytes)) + packer.flush()


def stairs(path: str, base: str) -> Reply:
    """Redirect to a further redirect, or list a further index, each at its own address."""
    kind, _, step = path.rpartition("/")
    onward = f"{kind}/{int(step) + 1}"
    return index(onward)(base) if path.startswith(STAIRWELL) else moved(base + onward)


def feed(
    path: str, doctype: str = "", charset: str = "utf-8", date: str = "", title: str = "A"
) -> Callable[[str], Reply]:
    """An RSS feed of one story."""

    def reply(base: str) -> Reply:
        listed = _ITEM.format(title=title, base=base, path=path, date=date)
        xml = _RSS.format(charset=charset, doctype=doctype, items=listed)
        return Reply(body=xml.encode(charset), content_type="application/rss+xml")

    return reply


def sitemap(path: str, doctype: str = "", lastmod: str = "") -> Callable[[str], Reply]:
    """A sitemap of one story."""
    xml = _URLSET.replace("{doctype}", doctype).replace("{lastmod}", lastmod)
    return lambda base: document(xml.replace("{url}", base + path), content_type="application/xml")


def index(path: str) -> Callable[[str], Reply]:
    """A sitemap index of one file."""
    return lambda base: document(_INDEX.replace("{url}", base + path), content_type="application/xml")


STORIES = (
    Case("/good/1", lambda _: story(), "archived"),
    # Where redirects must not lead.
    Case("/redirect/metadata", to("http://169.254.169.254/latest/meta-data/"), "address"),
    Case("/redirect/name", to("http://metadata.sample-hostile.example/latest/meta-data/"), "address"),
    Case("/redirect/no-name", to("http://nowhere.sample-hostile.example/"), "dns"),
    Case("/redirect/loopback", to("http://127.0.0.1:9/"), "address"),
    Case("/redirect/number", to("http://2130706433:9/"), "address"),
    Case("/redirect/octal", to("http://0177.0.0.1:9/"), "address"),
    Case("/redirect/zero", to("http://0.0.0.0:9/"), "address"),
    Case("/redirect/private", to("http://10.0.0.1/"), "address"),
    Case("/redirect/multicast", to("http://224.0.0.1/"), "address"),
    Case("/redirect/loopback-6", to("http://[::1]:9/"), "address"),
    Case("/redirect/mapped", to("http://[::ffff:127.0.0.1]:9/"), "address"),
    Case("/redirect/nat64", to("http://[64:ff9b::a9fe:a9fe]/"), "address"),
    Case("/redirect/link-local", to("http://[fe80::1]/"), "address"),
    Case("/redirect/file", to("file:///etc/passwd"), "http-301"),
    Case("/redirect/script", to("javascript:alert(1)"), "bad-redirect"),
    Case("/redirect/nowhere", status(301), "http-301"),
    Case("/redirect/itself", to("{base}/redirect/itself"), "redirect-loop"),
    Case("/redirect/stairs", to("{base}/stairs/1"), "redirects"),
    Case("/redirect/forbidden", to("{base}/forbidden/1"), "robots"),
    Case("/forbidden/1", lambda _: story(), "robots"),
    # Bodies and headers that are too much, too slow or too little.
    Case("/body/endless", always(Reply(stream=endless)), "too-large"),
    Case("/body/slow", always(Reply(stream=slow)), "timeout"),
    Case("/body/short", always(Reply(stream=lambda: [b"half"], headers={"Content-Length": "4000"})), "incomplete"),
    Case("/body/empty", always(Reply()), "not_article"),
    Case("/body/gzip-bomb", lambda _: Reply(body=bomb(), gzipped=True), "quarantined"),
    Case("/body/deflate-bomb", lambda _: Reply(body=bomb(15), headers=_DEFLATED), "quarantined"),
    Case("/body/brotli-bomb", always(Reply(body=BROTLI_BOMB, headers=_BROTLI)), "quarantined"),
    Case("/body/not-gzip", lambda _: story(headers={"Content-Encoding": "gzip"}), "archived"),
    Case("/header/huge", lambda _: story(headers={"X-Padding": "x" * (10 << 20)}), "too-large"),
    Case("/header/many", lambda _: story(headers={f"X-{n}": "x" * 100 for n in range(5000)}), "too-large"),
    # Charsets.
    Case("/charset/utf-16", lambda _: story("ar", "utf-16"), "archived"),
    Case("/charset/wrong", lambda _: story("ar", "windows-1256", "iso-8859-1"), "archived"),
    Case("/charset/unknown", lambda _: story("ar", "utf-8", "x-no-such"), "archived"),
    Case("/charset/nul", lambda _: story(before="\0\0\0"), "archived"),
    # Pages with status 200 other than articles, and pages hard on a parser.
    Case("/page/not-found", lambda _: says("Page not found"), "not_article"),
    Case("/page/cookies", lambda _: says("We value your privacy. Accept all cookies to go on."), "not_article"),
    Case("/page/script", lambda _: says("Please enable JavaScript to go on"), "not_article"),
    Case("/page/pdf", always(Reply(body=b"%PDF-1.7\n" + bytes(999), content_type="application/pdf")), "not_article"),
    Case("/page/deep", lambda _: story(before="<div>" * 50_000), "not_article"),
    Case("/page/laughs", lambda _: document(LAUGHS + story(before="&l9;").body.decode()), "archived"),
    Case("/page/date", lambda _: story(head='<meta name="date" content="9999-99-99T99:99">'), "archived"),
    # Pages with opt-outs.
    Case("/page/noarchive", lambda _: story(head='<meta name="robots" content="noarchive">'), "opt-out"),
    Case("/page/none", lambda _: story(headers={"X-Robots-Tag": "none"}), "opt-out"),
    # Statuses.
    *(Case(f"/status/{code}", status(code), f"http-{code}") for code in (204, 401, 403, 451, 500, 503)),
    *(Case(f"/status/{code}", status(code), "gone") for code in (404, 410)),
    Case("/good/2", lambda _: story("ar"), "archived"),
    Case("/good/3", lambda _: story(), "archived"),
)
WAYS = (
    Case("/feed/good", feed("/good/3"), ""),
    Case("/feed/utf-16", feed("/good/3", charset="utf-16"), ""),
    Case("/feed/dates", feed("/good/3", date="Thirtysecond of Never 20:61"), ""),
    Case("/feed/laughs", feed("/good/3", doctype=LAUGHS, title="&l9;"), ""),
    Case("/feed/files", feed("/good/3", doctype=FILES, title="&file;"), ""),
    Case("/feed/itself", feed("/feed/itself"), "no links"),
    Case("/feed/html", lambda _: says("Page not found"), "HTML"),
    Case("/feed/empty", always(Reply(content_type="application/rss+xml")), "empty"),
    Case("/feed/redirect", to("{base}/feed/redirect"), "redirect-loop"),
    Case("/feed/bomb", lambda _: Reply(body=bomb(), gzipped=True), "longer than"),
    Case("/feed/endless", always(Reply(stream=endless)), "too-large"),
    Case("/sitemap/good", sitemap("/good/3"), ""),
    Case("/sitemap/laughs", sitemap("/good/3", doctype=LAUGHS, lastmod="&l9;"), ""),
    Case("/sitemap/files", sitemap("/good/3", doctype=FILES, lastmod="&file;"), ""),
    Case("/sitemap/itself", index("/sitemap/itself"), "no sitemaps"),
    Case("/sitemap/stairs/1", lambda base: stairs("/sitemap/stairs/1", base), ""),
    Case("/sitemap/bomb", lambda _: Reply(body=bomb(), gzipped=True), "longer than"),
    Case("/sitemap/html", lambda _: says("Page not found"), "not a sitemap"),
)


def _robots(text: str) -> Case:
    return Case("/robots.txt", always(document(text, content_type="text/plain")), "")


ROBOTS = _robots("User-agent: *\nDisallow: /forbidden/\n")
BROKEN_ROBOTS = Case("/robots.txt", status(500), "")
LOOPING_ROBOTS = Case("/robots.txt", to("{base}/robots.txt"), "")
# The valid rule is in the first 512 KiB; the one at the end is beyond RFC 9309's limit.
LONG_ROBOTS = _robots("User-agent: *\nDisallow: /forbidden/\n" + "Disallow: /x\n" * 80_000 + "Disallow: /\n")
GOOD_STORIES = (Case("/good/1", lambda _: story(), "archived"),)
LONG_STORIES = (Case("/forbidden/1", lambda _: story(), "robots"), *GOOD_STORIES)
PAUSE_STORIES = (
    Case("/good/1", lambda _: story(), "archived"),
    Case("/pause", status(429, Retry_After="3600"), "http-429"),
    Case("/after", lambda _: story(), "left"),
)
STORM_STORIES = (
    *(Case(f"/storm/{number}", status(429), "http-429") for number in range(3)),
    *(Case(f"/storm/{number}", status(429), "left") for number in range(3, 9)),
)

"""Import of what is no WARC: folders of saved pages, newspaper clippings; whose pages they are; the command."""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dateline import urls
from dateline.article import Article, Dateline, Image
from dateline.extraction import clipping
from dateline.importing.outlets import Outlets
from dateline.maintenance.rebuild import rebuild
from infra.local.cloud import Cloud
from tests.conftest import Aws
from tests.support.imports import GAZETTE, Import, page, record, response, stories

ENGLISH = """\
Tripoli to bring back coastal ferry after nine years
The port has tested its ramps, with the help of divers from Sfax,
and the first sailing is a week away.
By Salma Ferjani
Tuesday 16/04/2019
The empty quay in Tripoli on Monday (AFP)
The empty quay in Tripoli on Monday (AFP)
Divers below the western ramp. Photo: Karim Nouri
TUNIS - The first ferry in nine years will leave Tripoli for Malta next week, the harbour master said on Monday.
The ship has two hundred berths and room for ninety cars.
Tickets went on sale in the morning, and by noon the queue reached to the customs house. (Reuters)
"""
ARABIC = """\
عودة العبارة الساحلية إلى طرابلس بعد تسع سنوات
الميناء اختبر أرصفته، والرحلة الأولى بعد أسبوع.
الثلاثاء ١٦/٠٤/٢٠١٩
الرصيف الخالي في طرابلس يوم الاثنين (أ ف ب)
الرصيف الخالي في طرابلس يوم الاثنين (أ ف ب)
تونس - تغادر أول عبارة منذ تسع سنوات ميناء طرابلس إلى مالطا الأسبوع المقبل، كما قال مدير الميناء يوم الاثنين.
في السفينة مئتا سرير ومكان لتسعين سيارة، وبدأ بيع التذاكر في الصباح.
"""


@pytest.fixture
def bring(aws: Aws) -> Import:
    return Import(aws)


def clip(bring: Import, folder: Path, text: str, name: str = "cutting.txt", encoding: str = "utf-8") -> list[Article]:
    (folder / name).write_bytes(text.encode(encoding))
    bring(folder / name)
    return bring.articles()


def test_english_clipping_is_article(bring: Import, tmp_path: Path) -> None:
    """An English clipping becomes an article."""
    (article,) = clip(bring, tmp_path, f"Source: The Gazette\n\n{ENGLISH}")
    assert article.title == "Tripoli to bring back coastal ferry after nine years"
    assert article.standfirst == (
        "The port has tested its ramps, with the help of divers from Sfax, and the first sailing is a week away."
    )
    assert (article.published_at, article.published_precision) == ("2019-04-16", "day")
    assert (article.dateline, article.authors) == (Dateline("TUNIS", "Tunis", "tn"), ("Salma Ferjani",))
    assert article.images == (
        Image("", "The empty quay in Tripoli on Monday", "AFP"),
        Image("", "Divers below the western ramp.", "Karim Nouri"),
    )
    assert article.text.startswith("The first ferry in nine years will leave")
    assert len(article.text.split("\n\n")) == 3
    assert "quay" not in article.text
    assert (article.language, article.source, article.outlet_country) == ("en", "gazette", "ly")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1256"])
def test_arabic_clipping_is_article(bring: Import, tmp_path: Path, encoding: str) -> None:
    """An Arabic clipping becomes an article."""
    text = ARABIC if encoding != "cp1256" else ARABIC.replace("١٦/٠٤/٢٠١٩", "16/04/2019")
    (article,) = clip(bring, tmp_path, f"Source: gazette\n{text}", encoding=encoding)
    assert article.title == ARABIC.splitlines()[0]
    assert article.standfirst == ARABIC.splitlines()[1]
    assert (article.published_at, article.language) == ("2019-04-16", "ar")
    assert article.dateline
    assert article.dateline.text == "تونس"
    assert article.images == (Image("", "الرصيف الخالي في طرابلس يوم الاثنين", "أ ف ب"),)
    assert article.text.startswith("تغادر أول عبارة")


@pytest.mark.parametrize(
    ("text", "title", "standfirst", "lines"),
    [
        ("", None, None, 0),
        ("URL: https://gazette.example/a\n", None, None, 0),
        ("A headline\n", "A headline", None, 0),
        ("A headline\nA paragraph on 16/04/2019, and no more.\n", "A headline", None, 1),
        ("A headline\n16/04/2019\n16 April 2019 was a Tuesday.\nSo it was.", "A headline", None, 2),
        (
            "A headline\nbroken\n\nA standfirst,\nbroken\n\n16.4.2019\n\nOne\nline.\n\nTwo.",
            "A headline broken",
            "A standfirst, broken",
            2,
        ),
        ("A headline\r\n\r\n16/04/2019 10:15\r\n\r\nOne.\r\n\r\nTwo.\r\n", "A headline", None, 2),
    ],
)
def test_clippings_in_other_forms(text: str, title: str | None, standfirst: str | None, lines: int) -> None:
    found = clipping.parted(text)
    assert (found.title if found else None) == title
    assert (found.standfirst if found else None) == standfirst
    assert len(found.lines if found else []) == lines


def test_clipping_identity(bring: Import, tmp_path: Path) -> None:
    """A clipping is known by its address or its digest."""
    clip(bring, tmp_path, f"Source: gazette\n{ENGLISH}", "one.txt")
    clip(bring, tmp_path, f"URL: https://gazette.example/a\nCaptured: 2019-04-17T08:00:00Z\n{ENGLISH}", "two.txt")
    named = urls.name_of((tmp_path / "one.txt").read_bytes())
    assert {article.url for article in bring.articles()} == {named, "https://gazette.example/a"}
    (captured,) = (p for found in bring.captures().values() for p in found if p.url == named)
    assert captured.body == (tmp_path / "one.txt").read_bytes()
    assert [key for key in bring.captures() if "/2019/04/17/" in key]


@pytest.mark.parametrize(
    ("text", "reason"),
    [(ENGLISH, "no-source"), (f"Source: Another\n{ENGLISH}", "no-source"), (f"URL: a/b\n{ENGLISH}", "bad-url"),
     (f"Captured: Tuesday\n{ENGLISH}", "damaged"), (f"URL: https://other.example/a\n{ENGLISH}", "other-host")],
)  # fmt: skip
def test_clipping_without_outlet_refused(bring: Import, tmp_path: Path, text: str, reason: str) -> None:
    """A clipping of nobody knows whom has a reason."""
    (tmp_path / "cutting.txt").write_text(text, "utf-8")
    (imported,) = bring(tmp_path)
    assert (imported.captured, imported.refused) == (0, {reason: 1})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("urls.tsv", "a.html\thttps://gazette.example/a\t2019-04-16T08:00:00+02:00\n"),
        ("urls.txt", "# saved by hand\n\na.html\thttps://gazette.example/a\t2019-04-16 06:00\n"),
        ("urls.csv", "\ufefffile,url,captured_at\na.html,https://gazette.example/a,2019-04-16T06:00:00Z\n"),
    ],
)
def test_list_names_pages(bring: Import, tmp_path: Path, name: str, text: str) -> None:
    """A list says where saved pages are from."""
    folder = tmp_path / "saved"
    folder.mkdir()
    (folder / "a.html").write_bytes(page())
    (folder / name).write_text(text, "utf-8")
    (imported,) = bring(folder)
    assert (imported.file, imported.captured, imported.refused) == ("saved", 1, {})
    ((captured,),) = bring.captures().values()
    assert (captured.url, captured.body) == ("https://gazette.example/a", page())
    assert captured.captured_at == datetime(2019, 4, 16, 6, tzinfo=UTC)
    assert captured.metadata["discovered_from"] == "saved/a.html"
    assert len(bring.articles()) == 1


def test_pages_name_themselves(bring: Import, tmp_path: Path) -> None:
    """Saved pages without a list say where they are from."""
    canonical = page().replace(b"<head>", b'<head><link rel="canonical" href="https://gazette.example/c">')
    shared = page(2).replace(b"<head>", b'<head><meta property="og:url" content="https://gazette.example/o">')
    for name, body in {
        "c.html": canonical,
        "o.htm": shared,
        "n.html": page(),
        "p.html": b"%PDF-",
        "s.css": b"p {}",
    }.items():
        (tmp_path / name).write_bytes(body)
    (imported,) = bring(tmp_path)
    assert (imported.captured, imported.refused) == (2, {"no-url": 1, "not-html": 2})
    assert {each.url[-1] for found in bring.captures().values() for each in found} == {"c", "o"}
    assert bring(tmp_path)[0].known == 2


@pytest.mark.parametrize("row", ["a.html", "a.html\thttps://gazette.example/a\tyesterday"])
def test_invalid_list_is_named(bring: Import, tmp_path: Path, row: str) -> None:
    """A list that is none is named."""
    (tmp_path / "urls.tsv").write_text(f"# list\n{row}\n", "utf-8")
    (imported,) = bring(tmp_path)
    assert "urls.tsv, line 2" in str(imported.damage)


def test_missing_file_is_named(bring: Import, tmp_path: Path) -> None:
    """A listed file that is not there is told of."""
    (tmp_path / "urls.tsv").write_text("a.html\thttps://gazette.example/a\n", "utf-8")
    (imported,) = bring(tmp_path)
    assert imported.refused == {"unreadable": 1}
    assert imported.unreadable


def test_rebuild_knows_imports(bring: Import, tmp_path: Path) -> None:
    """A rebuild knows what was imported."""
    (tmp_path / "a.warc").write_bytes(b"".join(stories(3)))
    clip(bring, tmp_path, f"Source: gazette\n{ENGLISH}")
    bring(tmp_path)
    before = bring.newsroom.items()
    with bring.aws.table.batch_writer() as batch:
        for item in before:
            batch.delete_item(Key={"PK": item["PK"], "SK": item["SK"]})
    rebuilt = rebuild(
        bring.aws.deployment,
        unarchived=pytest.fail,
    )
    assert (rebuilt.stories, bring.newsroom.items()) == (4, before)


ARABIC_EDITION = replace(
    GAZETTE,
    id="gazette-ar",
    name="الجريدة",
    home="https://gazette.example/ar/",
    feeds=("https://ar.gazette.example/",),
)


@pytest.mark.parametrize(
    ("url", "source"),
    [
        ("https://gazette.example/a", "gazette"),
        ("http://WWW.gazette.example:80/a", "gazette"),
        ("https://amp.gazette.example/a", "gazette"),
        ("https://sport.gazette.example/a", "gazette"),
        ("https://gazette.example/ar/a", "gazette-ar"),
        ("https://ar.gazette.example/a", "gazette-ar"),
        ("https://feeds.gazette.example/a", "gazette"),
        ("https://gazette.example.org/a", None),
        ("https://gazette.example:8080/a", None),
        ("ni:///sha-256;" + 43 * "a", None),
    ],
)
def test_page_of_nearest_outlet(url: str, source: str | None) -> None:
    """A page is of the outlet with the nearest address."""
    outlet = Outlets([GAZETTE, ARABIC_EDITION]).of(url)
    assert (outlet.id if outlet else None) == source


def test_host_becomes_source(aws: Aws, tmp_path: Path) -> None:
    """Pages of any host have their host as source."""
    (tmp_path / "a.warc").write_bytes(record("https://www.other.example/a", response(page())) + stories(1)[0])
    bring = Import(aws, any_host=True)
    assert bring(tmp_path)[0].captured == 2
    assert {(a.source, a.outlet_country) for a in bring.articles()} == {("other-example", None), ("gazette", "ly")}
    with_default = Outlets([GAZETTE], any_host=True, default=ARABIC_EDITION)
    assert with_default.of("https://www.other.example/a") is ARABIC_EDITION
    assert with_default.of("https://gazette.example/a") is GAZETTE


@pytest.mark.cloud
def test_import_command(cloud: Cloud, tmp_path: Path) -> None:
    """The command brings files into the archive."""
    (tmp_path / "a.warc.gz").write_bytes(b"".join(stories(3)))
    (tmp_path / "cutting.txt").write_text(f"Source: libya-herald\n{ENGLISH}", "utf-8")

    def dateline(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "dateline", *arguments]
        return subprocess.run(command, cwd=cloud.folder.parent, capture_output=True, text=True, check=False)

    first = dateline("import", str(tmp_path), "--any-host", "--json")
    *files, total = map(json.loads, first.stdout.splitlines())
    assert [each["captured"] for each in files] == [3, 1]
    assert (total["outcomes"], total["done"], first.returncode) == ({"archived": 4}, True, 0)
    assert dateline("import", str(tmp_path), "--any-host").stdout.splitlines()[-1] == "captured 0 pages; 4 known"
    stored = map(json.loads, dateline("query", "--source", "gazette-example", "--json").stdout.splitlines())
    assert {each["captured_at"] for each in stored} == {"2019-04-16T21:30:00.000Z"}
    (tmp_path / "b.warc").write_bytes(b"nothing")
    damaged = dateline("import", str(tmp_path / "b.warc"))
    assert damaged.returncode == 1
    assert "damaged" in damaged.stderr

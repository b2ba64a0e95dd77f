"""The pages in docs/ agree with the code, and the prose is plain."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest

from dateline.capture.packs import manifest_of
from dateline.keys import crawl_names, item_keys, object_keys
from dateline.keys.object_keys import Stem
from dateline.sources.registry import Source
from dateline.sources.rules import FIELDS
from infra import english, reference
from spiders import failures
from tests.conftest import ROOT
from tests.support.readme import PAGES

ROW = re.compile(r"^\| (.+?) \|$", re.MULTILINE)


def rows(page: str, *, after: str, before: str = "\n## ") -> list[list[str]]:
    """Return the cells of the tables between two texts of a page."""
    text = PAGES[page].split(after, 1)[1].split(before, 1)[0]
    return [re.split(r" (?<!\\)\| ", row) for row in ROW.findall(text)]


def code(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def default(known: Field[Any]) -> str:
    """Return the default as the page writes it."""
    if known.default is MISSING:
        return "`[]`" if known.default_factory is not MISSING else "required"
    if known.name == "extract" or known.default is None:
        return "none"
    if known.name == "revisit":
        return "the default plan"
    values = {(): "`[]`", False: "`false`"}
    value = known.default
    return values.get(value) or (f'`"{value}"`' if isinstance(value, str) else f"`{value}`")


def test_source_keys_and_defaults() -> None:
    """docs/sources.md has each key of a source file with the reader's default."""
    written = {code(row[0])[0]: row[2] for row in rows("docs/sources.md", after="## Keys")[1:] if code(row[0])}
    assert written == {known.name: default(known) for known in fields(Source) if known.name not in ("id", "path")}


def test_rule_keys() -> None:
    """docs/sources.md names each field that a rule may have, and no other."""
    table = rows("docs/sources.md", after="## Extraction rules")
    assert {name for row in table for name in code(row[0])} == {*FIELDS, "prune", "optional", "valid_until"}


def test_failure_reasons() -> None:
    """docs/operate.md has the words of the crawl report's failures."""
    known = set(re.findall(r"^``([^`]+)``", failures.__doc__ or "", re.MULTILINE))
    written = {word for row in rows("docs/operate.md", after="| failure reason") for word in code(row[0])}
    assert len(known) > 15
    assert written == known


AT = datetime(2019, 4, 17, 6, 15, tzinfo=UTC)
STEM = Stem("sample", crawl_names.crawl_name(AT, "test"), 3)
RUN = "20190418T000000Z-run"
S3_KEYS = [
    STEM.capture,
    STEM.articles,
    STEM.extracted("0123456789ab"),
    STEM.outcomes,
    object_keys.crawl_report(STEM.source, STEM.crawl),
    object_keys.frontier(STEM.source, STEM.crawl),
    object_keys.quarantine(STEM, 312),
    object_keys.coverage_report("2019-04-17"),
    object_keys.COVERAGE_INDEX,
    object_keys.COVERAGE_STATE,
    object_keys.REBUILDS,
    object_keys.reextraction(RUN),
    object_keys.reextraction(RUN, STEM),
    object_keys.verification(RUN),
    object_keys.shards(RUN, "pack"),
    object_keys.shard_result(RUN, "pack", "sample", "2019-04"),
    object_keys.shard_spool(RUN, "sample", "2019-04"),
    object_keys.part("ly", "2019-04", 7),
    object_keys.DATASET_STATE,
    object_keys.WATCHES,
    object_keys.due_times(STEM.source),
    object_keys.withdrawal("abc"),
    object_keys.withdrawing(STEM.capture),
    object_keys.withdrawing(object_keys.pack(STEM, "0123456789ab")),
    f"{object_keys.SEARCH}manifest.json",
    object_keys.search_part("2019-04", "abc"),
    object_keys.certificate("0" * 64),
    object_keys.pack(STEM, "0123456789ab"),
    manifest_of(object_keys.pack(STEM, "0123456789ab")),
    *(
        object_keys.proof("2019-04-17", name)
        for name in ("leaves.jsonl.gz", "root.json", "root.sig", "sample.tsr", "x.ots", "x.pending.ots")
    ),
    object_keys.PROOF_KEY,
    object_keys.proof_authority("sample"),
    object_keys.PROOF_FEED,
]
SAID = "2019-04-17T06:15:02.000Z"
TABLE_KEYS = [
    item_keys.article("abc"),
    item_keys.revision("abc", SAID),
    item_keys.presence("abc"),
    item_keys.same("abc", "unchanged", "0" * 64, "2019-04-17"),
    item_keys.same_capture("abc", SAID, STEM.capture, 1024),
    item_keys.late("2019-04-17", "sample"),
    item_keys.band("0-12", f"{SAID}#abc#{SAID}"),
    item_keys.member("abc", SAID, "def"),
    item_keys.alias("abc"),
    item_keys.watched("haftar", "abc"),
    item_keys.hit("haftar", SAID, "abc"),
    item_keys.mailed("haftar"),
    item_keys.url_state("https://example.org/a"),
    item_keys.feed_state("sample", "https://example.org/feed"),
    item_keys.robots("https://example.org"),
    item_keys.hold("example.org"),
    item_keys.postponed("sample", STEM.crawl),
    item_keys.rounds("0/3"),
    item_keys.schedule("sample"),
    item_keys.health("sample"),
    item_keys.due("sample", "2019-04-17T06:15:02Z", "https://example.org/a"),
    item_keys.day("sample", "2019-04-17"),
    item_keys.done("sample", STEM.capture),
    item_keys.seen("sample", STEM.capture),
    *(item_keys.listed(kind, "x", f"{SAID}#abc") for kind in get_args(item_keys.ListKind)),
    item_keys.indexed(f"{SAID}#abc"),
    item_keys.month("SOURCE", "x", "2019-04"),
    item_keys.month("COUNTRY", "x", "2019-04"),
    item_keys.month("PLACE", "x", "2019-04"),
]
_PARTS = {  # what a placeholder of docs/storage.md stands for
    "<yyyy>": r"\d{4}",
    "<mm>": r"\d\d",
    "<dd>": r"\d\d",
    "<yyyy-mm>": r"\d{4}-\d\d",
    "<yyyy-mm-dd>": r"\d{4}-\d\d-\d\d",
    "<crawl>": r"\d{8}T\d{6}Z-[a-z0-9]+",
    "<source>": r"[a-z0-9]+",
    "<n>": r"\d+",
    "<offset>": r"\d+",
    "<extraction>": r"[0-9a-f]{12}",
    "<instant>": r"[\d:TZ-]+",
    "...": r".+",
}


def pattern(written: str) -> re.Pattern[str]:
    """Return the expression for a key as docs/storage.md writes it."""
    parts = re.split(r"(<[^>]+>|\.\.\.)", written)
    return re.compile("".join(_PARTS.get(part, r"[^#/]+" if part[:1] == "<" else re.escape(part)) for part in parts))


def written_s3() -> list[str]:
    return [code(row[1])[0] for row in rows("docs/storage.md", after="## S3") if code(row[0]) or code(row[1])]


def written_table() -> Iterator[tuple[str, str]]:
    for row in rows("docs/storage.md", after="## Table", before="## Lifecycle"):
        if code(row[0]):
            yield code(row[0])[0], code(row[1])[0]


@pytest.mark.parametrize("key", S3_KEYS)
def test_storage_page_has_each_object(key: str) -> None:
    """Each S3 key that `keys` builds is one of docs/storage.md."""
    assert [each for each in written_s3() if pattern(each).fullmatch(key)], key


def test_key_layout_is_documented() -> None:
    """The layouts in the docstrings of `keys` have the keys of docs/storage.md, and no others."""
    lines = f"{object_keys.__doc__}\n{item_keys.__doc__}".splitlines()
    objects = {line.split()[0] for line in lines if line.startswith(" " * 8) and "/" in line.split()[0]}
    later = "articles/<source>/<yyyy>/<mm>/<dd>/<crawl>-<n>.<extraction>.jsonl.gz"  # in the text below the layout
    assert objects | {later} == set(written_s3())
    items = {tuple(line.split()[:2]) for line in lines if re.match(r" {4}[A-Z]+(#| )", line)}
    assert items == set(written_table())


@pytest.mark.parametrize("written", written_s3())
def test_storage_page_invents_no_object(written: str) -> None:
    """Each S3 key of docs/storage.md is one that `keys` builds."""
    assert [key for key in S3_KEYS if pattern(written).fullmatch(key)], written


def matches(written: tuple[str, str], item: dict[str, str]) -> bool:
    sort = re.sub("<key>|<(published|indexed)_key>", "...", written[1])
    return bool(pattern(written[0]).fullmatch(item["PK"]) and pattern(sort).fullmatch(item["SK"]))


@pytest.mark.parametrize("item", TABLE_KEYS, ids=lambda item: f"{item['PK']} {item['SK']}")
def test_storage_page_has_each_item(item: dict[str, str]) -> None:
    """Each key of the table that `keys` builds is one of docs/storage.md."""
    assert [each for each in written_table() if matches(each, item)], item


@pytest.mark.parametrize("written", list(written_table()), ids=" ".join)
def test_storage_page_invents_no_item(written: tuple[str, str]) -> None:
    """Each table key of docs/storage.md is built by `keys`, or is a register of the ARCHIVE partition."""
    assert written[0] == "ARCHIVE" or [item for item in TABLE_KEYS if matches(written, item)], written


def named(page: str) -> set[str]:
    """Return the commands, options and parameters of a reference page."""
    return set(re.findall(r"^(?:## |### |\* |\| )`([^`<]+?)(?: <[^`]*)?`", page, re.MULTILINE))


def test_reference_is_complete() -> None:
    """docs/ has each command, option and parameter of the code; `make docs` writes the missing ones."""
    commands = named(reference.commands())
    assert {"dateline crawl", "dateline sources list"} <= commands
    assert commands <= named(PAGES["docs/commands.md"])
    deploy = PAGES["docs/deploy.md"]
    assert {"Contact", "ColdAfter"} <= named(reference.deploy(deploy)) <= named(deploy)


ANCHORS = sorted(
    {
        (page, anchor)
        for path in (*ROOT.glob("*.yaml"), *ROOT.glob("infra/*.yaml"), *ROOT.glob("functions/*.py"))
        for page, anchor in re.findall(r"(docs/[a-z.-]+)#([a-z-]+)", path.read_text("utf-8"))
    }
)


@pytest.mark.parametrize(("page", "anchor"), ANCHORS)
def test_runbook_has_each_anchor(page: str, anchor: str) -> None:
    """Each section that an alarm or a message names exists."""
    headings = re.findall(r"^#+ (.+)$", PAGES[page], re.MULTILINE)
    assert anchor in {heading.lower().replace(" ", "-") for heading in headings}


ALARMS = re.findall(r"^  (\w+Alarm):$", (ROOT / "template.yaml").read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("alarm", ALARMS)
def test_runbook_has_each_alarm(alarm: str) -> None:
    """Each alarm of the template is in docs/operate.md."""
    assert f"`{alarm}`" in PAGES["docs/operate.md"]


def test_docs_build_strictly(tmp_path: Path) -> None:
    """Zensical finds no dead link or anchor."""
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    shutil.copy(ROOT / "zensical.toml", tmp_path)
    command = [str(Path(sys.executable).with_name("zensical")), "build", "--strict"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / ".dateline" / "docs" / "storage" / "index.html").exists()


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#:]+)[^)]*\)", PAGES["README.md"]))
def test_links_of_readme(link: str) -> None:
    """README's relative links lead to files."""
    assert (ROOT / link).exists()


def test_readme_is_short() -> None:
    """README has at most 160 lines: the rest is for docs/."""
    assert 120 <= len(PAGES["README.md"].splitlines()) <= 160


def test_prose_is_plain() -> None:
    """No page and no package has more relative words than the limit."""
    assert english.main([]) == 0


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("The table names the outlet, its country and its language.", 0.0),
        ("What is known of that which was found, and who found it.", 33.3),
        ("Run `what that does` and\n\n```\nwho which\n```\n\nread it.", 0.0),
        ("A layout::\n\n    what that is\n\nThat is all there is to it.", 11.1),
        ("Whatever happens, somewhat later, https://example.org/that", 0.0),
    ],
)
def test_relative_words_are_counted(text: str, rate: float) -> None:
    """Words of code, URLs and parts of other words do not count."""
    assert english.Count("page", (english.Prose("page", text),)).rate == rate


MODULE = '''"""One two three."""

class A:
    """What that is."""

    def run(self) -> None:
        """Which?"""

    def _run(self) -> None:
        """Whose?"""
'''


def test_public_docstrings_are_counted(tmp_path: Path) -> None:
    """Docstrings of public names count for their package, those of private ones do not."""
    module = tmp_path / "spiders" / "a" / "b.py"
    module.parent.mkdir(parents=True)
    module.write_text(MODULE)
    (count,) = english.counts(tmp_path)
    assert (count.place, count.rate) == ("spiders/a", 42.9)

"""The counts that bills are made of, counted again: handlers on moto, listened to by botocore's events."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

import pytest

from dateline.cost import measured
from dateline.cost.measured import Bytes, Use
from infra.bench.inputs.pages import NewsPage
from tests.conftest import emulated
from tests.support.meter import Consumed, Item, kind_of, stored
from tests.support.metered import MeteredOutlet, Stages, metered_outlet, sample_pages

FEW, MANY = 2, 6  # pages: counts are linear in them, so two sizes tell a page's share from a file's
_LOOKS = measured.REWRITES + 2  # with other bytes, at each page
KEPT_BY_CRAWL = ("URL STATE", "SOURCE DUE")


@pytest.fixture(scope="module")
def counted(template: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Use | Bytes | float]:
    """Every count, by its name in ``measured``."""
    folder = tmp_path_factory.mktemp("metered")
    with emulated(template) as aws, metered_outlet(aws, template, folder) as outlet:
        return _counted(outlet)


def _counted(outlet: MeteredOutlet) -> dict[str, Use | Bytes | float]:
    first, few, many = sample_pages(1), sample_pages(FEW, 1), sample_pages(MANY, 1 + FEW)
    outlet.serve(first)
    outlet.run()
    quiet = _use(outlet.run())
    news, streams = [], []
    for pages in (few, many):
        outlet.serve(pages)
        before = outlet.items()
        stages = outlet.run()
        news.append(_use(stages))
        streams.append(_streamed(stages))
    (new, story), kept = _line(*news), _new(before, outlet.items())
    batch, read = _line(*streams)
    outlet.serve([*few, *many])
    looks = [_use(outlet.look_again(pages)) for pages in (few, many)]
    _, written, *_, rewritten = [  # at the first of these looks the outlet drops its validators
        [_changed(outlet, pages, b"<!-- %d readers -->" % look, validators=False) for pages in (few, many)]
        for look in range(_LOOKS)
    ]
    edits = [_changed(outlet, pages, b"<p>The ministry denied it on Tuesday.</p>") for pages in (few, many)]
    return {
        "QUIET_CRAWL": _less(quiet, measured.ROUND),
        "FILE": _less(new, quiet),
        "BATCH": batch,
        "STORY": _more(story, read),
        "LOOK": _line(*looks)[1],
        "REWRITTEN_LOOK": _line(*rewritten)[1],
        "STATE": Use(write_units=_line(*written)[1].write_units - _line(*rewritten)[1].write_units),
        "EDIT": _more(_line(*edits)[1], read),
        "STORY_BYTES": _bytes(outlet, kept),
        "DONE_BYTES": _each(kept, "SOURCE DONE"),
        "SEEN_BYTES": _each(kept, "SOURCE SEEN") / MANY,
        "SAME_BYTES": _each(outlet.items(), "ARTICLE SAME") - _LOOKS * _same_look(outlet.items()),
        "SAME_LOOK_BYTES": _same_look(outlet.items()),
        "REVISION_BYTES": _each(kept, "ARTICLE REV"),
        "PLACE_BYTES": _each(kept, "PLACE"),
    }


def _changed(outlet: MeteredOutlet, pages: Sequence[NewsPage], by: bytes, *, validators: bool = True) -> Use:
    """Look at pages with something more at the end of their text; place items count, if any are written."""
    changed = [page._replace(html=page.html.replace(b"</article>", by + b"</article>")) for page in pages]
    outlet.serve(changed, validators=validators)
    return _all(outlet.look_again(pages))


def _use(stages: Stages) -> Use:
    """Sum crawl and extraction, without place items, whose number depends on the stories, and registers.

    A process writes a register once; the extraction of few sample pages has relatively many new ones.
    """
    apart = sum(units for kind, units in stages.extract.writes.items() if _is_apart(kind))
    return _less(_all(stages), Use(write_units=apart))


def _all(stages: Stages) -> Use:
    return Use(**_sums([stages.crawl, stages.extract]) | {"waits": stages.extract.waits})


def _streamed(stages: Stages) -> Use:
    """Sum what the functions behind the table's stream consumed."""
    return Use(**_sums([stages.search, stages.events]) | {"waits": 0})


def _sums(found: Sequence[Consumed]) -> dict[str, float]:
    return {each.name: float(sum(getattr(one, each.name) for one in found)) for each in fields(Use)}


def _more(one: Use, other: Use) -> Use:
    return Use(**{name: value + asdict(other)[name] for name, value in asdict(one).items()})


def _is_apart(kind: str) -> bool:
    return kind == "PLACE" or kind.endswith(" MONTH") or kind.startswith("ARCHIVE ")


def _line(few: Use, many: Use) -> tuple[Use, Use]:
    """Return what two runs have in common, and what each page adds."""
    slope = {name: (value - asdict(few)[name]) / (MANY - FEW) for name, value in asdict(many).items()}
    fixed = {name: value - FEW * slope[name] for name, value in asdict(few).items()}
    return Use(**fixed), Use(**slope)


def _less(one: Use, other: Use) -> Use:
    return Use(**{name: value - asdict(other)[name] for name, value in asdict(one).items()})


def _each(items: Sequence[Item], kind: str) -> float:
    """Return the average billed bytes of the items of a kind."""
    found = [stored([item], ())[0] for item in items if kind_of(item) == kind]
    return sum(found) / len(found)


def _same_look(items: Sequence[Item]) -> float:
    """Return the average bytes of a look in such an item; each of them has one."""
    found = [each for item in items for each in item.get("captures", {"SS": []})["SS"]]
    return sum(map(len, found)) / len(found)


def _new(before: Sequence[Item], after: Sequence[Item]) -> list[Item]:
    known = {(item["PK"]["S"], item["SK"]["S"]) for item in before}
    return [item for item in after if (item["PK"]["S"], item["SK"]["S"]) not in known]


def _bytes(outlet: MeteredOutlet, new: Sequence[Item]) -> Bytes:
    """Bytes of a story in the table, without its place items, registers, and the items of files and crawls."""
    bands = [item for item in new if kind_of(item) == "BAND"]
    others = ("BAND", "SOURCE DONE", "SOURCE SEEN")
    lasting = [item for item in new if not (kind_of(item) in others or _is_apart(kind_of(item)))]
    table, indexes = stored(lasting, outlet.indexes)
    assert not indexes, "indexes are for stories of before December 2026"
    return Bytes(table=table / MANY, bands=stored(bands, outlet.indexes)[0] / MANY)


@pytest.mark.parametrize(
    "name", ["QUIET_CRAWL", "FILE", "BATCH", "STORY", "LOOK", "REWRITTEN_LOOK", "STATE", "EDIT", "STORY_BYTES"]
)
def test_counts_match_handlers(counted: Mapping[str, Use | Bytes], name: str) -> None:
    """Counts differ by a tenth at most: some CURRENT items are a byte larger than a write unit."""
    assert asdict(counted[name]) == pytest.approx(asdict(getattr(measured, name)), rel=0.1, abs=0.4), counted[name]


@pytest.mark.parametrize(
    "name", ["PLACE_BYTES", "DONE_BYTES", "SEEN_BYTES", "SAME_BYTES", "SAME_LOOK_BYTES", "REVISION_BYTES"]
)
def test_bytes_of_items(counted: Mapping[str, Any], name: str) -> None:
    assert counted[name] == pytest.approx(getattr(measured, name), rel=0.35 if name == "SEEN_BYTES" else 0.1)

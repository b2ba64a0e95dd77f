"""The quality of extraction on labelled real pages, which has floors.

The pages are no part of this repository; where they are not beside it, these tests are skipped. A floor may be raised,
and lowered only with the reason in the commit. All of them are above what plain trafilatura 2.3.1 gets on these pages
with its defaults (in ``TRAFILATURA``).
"""

import gzip
import importlib.util
import json
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from dateline.extraction import batch

DATA = Path(__file__).parents[3] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the labelled pages are not at {DATA}")

FLOORS = {
    "scrapinghub": {"f1": 0.978},
    "fundus": {
        "f1": 0.969,
        "title_loose": 0.864,
        "date": 0.992,
        "instant": 0.999,
        "authors_f1": 0.922,
        "language": 0.985,
    },
    "aed": {"f1": 0.945, "title_loose": 0.95, "date": 0.878, "authors_f1": 0.91},
    "mediacloud": {"date": 0.953},
    "region": {
        "page_f1": 0.98,
        "title_loose": 0.99,
        "date": 0.99,
        "authors_f1": 0.97,
        "captions_f1": 0.95,
        "standfirst_f1": 0.81,
        "dateline_f1": 0.99,
        "agencies_f1": 0.99,
    },
    "made": {
        "page_f1": 0.99,
        "title_loose": 0.99,
        "date": 0.99,
        "authors_f1": 0.99,
        "standfirst_f1": 0.99,
        "captions_f1": 0.99,
        "captions_precision": 0.99,
        "dateline_f1": 0.99,
        "agencies_f1": 0.99,
    },
    # Of ten wcxb dates missed on pages of even number, seven are nowhere in their pages, and three are of a change.
    "wcxb": {"f1": 0.952, "word_f1": 0.952, "title_loose": 0.89, "date": 0.865, "authors_f1": 0.775},
    "trafilatura": {"snippet_f1": 0.934, "title_loose": 0.87, "date": 0.915, "authors_f1": 0.63},
}
TRAFILATURA = {
    "scrapinghub": {"f1": 0.9574},
    "fundus": {"f1": 0.9499, "title_loose": 0.709, "date": 0.9478, "instant": 0, "authors_f1": 0.7824, "language": 0},
    "aed": {"f1": 0.9129, "title_loose": 0.6794, "date": 0.8454, "authors_f1": 0.734},
    "mediacloud": {"date": 0.919},
}


@pytest.mark.parametrize(
    ("name", "measure"), [(name, measure) for name, floors in FLOORS.items() for measure in floors]
)
def test_measures_above_floor(name: str, measure: str) -> None:
    """No measure is under its floor."""
    assert measured(name)[measure] >= FLOORS[name][measure] >= TRAFILATURA.get(name, {}).get(measure, 0)


@cache
def measured(name: str) -> dict[str, float]:
    """The measures of one data set, by the scorer that is beside it."""
    score = _scorer()
    file = next(path for folder in ("dev", "more") if (path := DATA / folder / f"{name}.jsonl.gz").is_file())
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        pages = [json.loads(line) for line in lines]
    asked = (json.dumps({"page": page["id"], "url": page["url"], "html": page["html"]}) for page in pages)
    answers = map(_with_standfirst if name in score.WITH_STANDFIRST else _as_scored, batch.from_lines(asked))
    rows = [score.score_page(page["truth"], answer) for page, answer in zip(pages, answers, strict=True)]
    summary: dict[str, float] = score.summary(rows)
    return summary


def _as_scored(answer: dict[str, Any]) -> dict[str, Any]:
    return answer | {"date": answer.get("published_at")}


def _with_standfirst(answer: dict[str, Any]) -> dict[str, Any]:
    """That data set's labels count the standfirst as text."""
    return _as_scored(answer) | {"text": "\n".join(filter(None, (answer.get("standfirst"), answer.get("text"))))}


def _scorer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("score", DATA / "score.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module

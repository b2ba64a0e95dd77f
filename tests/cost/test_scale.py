"""The model of docs/scale.md: sums that hold at any size, and a page that agrees with them."""

import pytest

from dateline.cost import measured, model, scale
from infra import reference


def test_page_has_the_model() -> None:
    page = reference.SCALE.read_text("utf-8")
    assert page == reference.scaled(page), "run python -m infra.reference"
    assert "100 M" in page


@pytest.mark.parametrize("field", scale.Size._fields)
def test_model_is_linear(field: str) -> None:
    """Nothing in an archive grows faster than its stories."""
    small, large = (getattr(scale.of(stories), field) for stories in scale.SIZES[:2])
    assert large == pytest.approx(10 * small)


def test_dollars_are_the_bills() -> None:
    million = scale.of(1_000_000)
    assert million.first_year_dollars == pytest.approx(sum(model.per_million(model.Workload()).values()))
    assert million.write_units > 1_000_000 * measured.STORY.write_units


def test_import_is_cheaper_than_writes() -> None:
    million = scale.of(1_000_000)
    assert million.import_dollars < million.rebuild_dollars / 3

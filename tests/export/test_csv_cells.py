"""Cells of a CSV export: no spreadsheet takes one for a formula."""

import pytest

from dateline.export.tables import guarded


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "＋1", "－1", "＠A1", "\ufeff=1", "\xa0=1", "\n=1"],
)
def test_formulas_get_an_apostrophe(cell: str) -> None:
    """A cell that begins like a formula begins with an apostrophe instead."""
    assert guarded(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "Ferry runs", "1 = 1", "سفينة", "2019-04-17", "https://outlet.example/?a=1"])
def test_other_cells_stay_whole(cell: str) -> None:
    """Any other cell stays as it is."""
    assert guarded(cell) == cell

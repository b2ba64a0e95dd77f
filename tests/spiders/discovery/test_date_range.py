"""The days of a window and of addresses."""

from datetime import date

import pytest

from spiders.discovery.date_range import Period, Window, file_period, period


@pytest.mark.parametrize(
    ("since", "until", "inside", "outside"),
    [
        ("2019-04-01", "2019-04-30", ["2019-04-01", "2019-04-30"], ["2019-03-31", "2019-05-01"]),
        ("2019-04-01", None, ["2019-04-01", "2026-01-01"], ["2019-03-31"]),
        (None, "2019-04-30", ["1999-01-01", "2019-04-30"], ["2019-05-01"]),
        ("2019-04-16", "2019-04-16", ["2019-04-16"], ["2019-04-15", "2019-04-17"]),
    ],
)
def test_a_window_has_its_days(since: str | None, until: str | None, inside: list[str], outside: list[str]) -> None:
    window = Window.of(since, until)
    assert window
    for days, has in ((inside, True), (outside, False)):
        for day in map(date.fromisoformat, days):
            assert window.has(Period(day, day)) is has


def test_no_days_are_no_window() -> None:
    assert not Window.of(None, None)


@pytest.mark.parametrize(("since", "until"), [("2019-04-31", None), ("April", None), ("2019-04-02", "2019-04-01")])
def test_invalid_window_is_refused(since: str, until: str | None) -> None:
    """What is no window is refused."""
    with pytest.raises(ValueError, match=r"2019|April"):
        Window.of(since, until)


APRIL = ("2019-04-01", "2019-04-30")
SAME = ("", "")


@pytest.mark.parametrize(
    ("path", "story", "file"),
    [
        ("/2019/04/16/a", ("2019-04-16", "2019-04-16"), SAME),
        ("/2019/4/6/a", ("2019-04-06", "2019-04-06"), SAME),
        ("/2019-04-16-a", ("2019-04-16", "2019-04-16"), SAME),
        ("/a-20190416.html", ("2019-04-16", "2019-04-16"), SAME),
        ("/x?date=20190416", ("2019-04-16", "2019-04-16"), SAME),
        ("/2019/04/a", APRIL, SAME),
        ("/2019-04/a", APRIL, SAME),
        ("/2019/02/30/a", ("2019-02-01", "2019-02-28"), SAME),  # no such day
        ("/201904", None, APRIL),
        ("/x?yyyy=2019&mm=04", None, APRIL),
        ("/x?year=2019&month=4&day=16", None, ("2019-04-16", "2019-04-16")),
        ("/x?y=2019", None, ("2019-01-01", "2019-12-31")),
        ("/x?y=2019&d=16", None, ("2019-01-01", "2019-12-31")),
        ("/x-2019.xml", None, ("2019-01-01", "2019-12-31")),
        ("/12019041/a", None, None),
        ("/1234567", None, None),
        ("/posts7.xml", None, None),
        ("/x?y=99999&m=13", None, None),
    ],
)
def test_days_in_addresses(path: str, story: tuple[str, str] | None, file: tuple[str, str] | None) -> None:
    """The days that an address names."""
    url = f"https://gazette.example{path}"
    expected = [
        Period(*map(date.fromisoformat, days)) if days else None for days in (story, story if file is SAME else file)
    ]
    assert [period(url), file_period(url)] == expected

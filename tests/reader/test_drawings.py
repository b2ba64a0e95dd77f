"""Maps, months, the line of time, and dates in words."""

from dataclasses import replace
from itertools import pairwise

import pytest

from dateline.article import Place
from dateline.query.diff import between
from dateline.reader import dates, pages
from dateline.reader.drawings import charts, maps
from dateline.reader.request import LANGUAGES, Language
from dateline.story import Location, Story
from infra import labels
from tests.search.library import article

TRIPOLI, SABHA = Place(2210247, "Tripoli", "ly"), Place(2212775, "Sabha", "ly")
PARIS, SEBHA_ONLY = Place(2988507, "Paris", "fr"), Place(999_999_999, "Nowhere", "zz")


def test_labels_are_current() -> None:
    """The file has the names that babel has."""
    assert labels.LABELS.read_text("utf-8") == labels.text(), "run python -m infra.labels"


def test_map_has_north_up() -> None:
    """Sabha is south of Tripoli, Paris north and west; all marks are within the drawing, named without overlap."""
    drawn = maps.of([TRIPOLI, SABHA, PARIS, SEBHA_ONLY])
    assert drawn is not None
    at = {mark.name: mark for mark in drawn.marks}
    assert set(at) == {"Tripoli", "Sabha", "Paris"}
    assert at["Paris"].y < at["Tripoli"].y < at["Sabha"].y
    assert at["Paris"].x < at["Tripoli"].x
    assert all(0 < mark.x < maps.WIDTH and 0 < mark.y < maps.HEIGHT for mark in drawn.marks)
    assert drawn.land.startswith("M")
    assert drawn.borders


def test_unknown_places_have_no_map() -> None:
    """Without a coordinate there is nothing to draw."""
    assert maps.of([SEBHA_ONLY]) is None
    assert maps.of([]) is None


def test_labels_do_not_overlap() -> None:
    """Of towns at one spot one is named; each keeps its mark."""
    same = [replace(TRIPOLI, name=f"Town {number}") for number in range(4)]
    drawn = maps.of(same)
    assert drawn is not None
    assert len(drawn.marks) == 4
    assert sum(bool(mark.label) for mark in drawn.marks) == 2  # one at each side


def test_months_have_no_gap() -> None:
    """Empty months between have bars too, and each month its last day."""
    bars = charts.months({"2019-11": 2, "2020-02": 4})
    assert [bar.month for bar in bars] == ["2019-11", "2019-12", "2020-01", "2020-02"]
    assert [bar.stories for bar in bars] == [2, 0, 0, 4]
    assert [bar.last for bar in bars] == ["2019-11-30", "2019-12-31", "2020-01-31", "2020-02-29"]
    assert [bar.height for bar in bars] == [44, 0, 0, 88]
    assert all(one.x + one.width <= other.x for one, other in pairwise(bars))
    assert charts.months({}) == ()
    assert len(charts.months({"1970-01": 1, "2019-04": 1})) == 240


def story(id: str, published: str | None, captured: str, revision: int = 1) -> Story:
    at = Location("articles/x", 0, 1)
    return Story(id=id, url=f"http://{id}.example/", title=id, article=at, published_at=published, captured_at=captured,
                 first_seen_at=captured, indexed_at=captured, revision=revision, digest="")  # fmt: skip


def test_first_change_is_marked() -> None:
    """Events are in the order of time across zones; the first change of all has the mark, whoever published first."""
    late = story("late", "2019-04-16T09:00:00+02:00", "2019-04-18T09:00:00.000Z", 2)
    early = story("early", "2019-04-16T08:30:00+00:00", "2019-04-17T09:00:00.000Z", 3)
    middle = replace(early, captured_at="2019-04-16T23:00:00.000Z", revision=2)
    undated = story("undated", None, "2019-04-15T10:00:00.000Z")
    first = replace(early, revision=1)
    found = charts.life([late, early, undated], {"late": [late], "early": [first, middle, early]})
    assert [(event.kind, event.story.id, event.first) for event in found] == [
        ("published", "undated", False),
        ("published", "late", False),
        ("published", "early", False),
        ("changed", "early", True),
        ("changed", "early", False),
        ("changed", "late", False),
    ]


@pytest.mark.parametrize(
    ("stated", "language", "expected"),
    [
        ("2019-04-16", "en", "16 April 2019"),
        ("2019-04-06T09:30:00+02:00", "fr", "6 avril 2019, 09:30 UTC+02:00"),
        ("2019-12-01T23:59:59.123Z", "ar", "1 ديسمبر 2019، 23:59 UTC"),
        ("2019-04-16T09:30:00-03:30", "en", "16 April 2019, 09:30 UTC-03:30"),
    ],
)
def test_instants_in_words(stated: str, language: Language, expected: str) -> None:
    """An instant keeps the zone in which it is stated."""
    assert dates.instant(stated, language) == expected


def test_codes_are_named() -> None:
    """Countries and languages have names in each language of the interface; an unknown code stands for itself."""
    assert [pages.label("country", "ly", language) for language in LANGUAGES] == ["Libya", "Libye", "ليبيا"]
    assert pages.label("language", "fr-TN", "ar") == "الفرنسية"
    assert pages.label("country", "zz", "en") == "zz"


def test_excerpts_keep_what_changed() -> None:
    """A list shows the changed paragraphs, cut around their changes."""
    same, long = "Nothing new here.", " ".join(f"word{number}" for number in range(80))
    before, after = (article("One", f"{same}\n\n{long} {word} {long}") for word in ("old", "new"))
    found = pages.excerpts(between(before, after))
    assert (found.added, found.removed, found.titled) == (1, 1, False)
    (pieces,) = found.excerpts
    assert [piece.kind for piece in pieces] == ["same", "removed", "added", "same"]
    assert pieces[0].text == "… " + " ".join(f"word{number}" for number in range(68, 80))
    assert pieces[-1].text == " ".join(f"word{number}" for number in range(12)) + " …"

"""Places: what a story mentions and is about, in four languages; the sentences are made up.

The rules were written with ``development.tsv`` in sight. ``held_out.tsv`` was written when they stood: 0.961 on places
and 0.976 on countries then. Its faults were mended, and ``long_stories.tsv`` written, of longer stories and small
places: 0.954 and 0.948, which is to be expected of unseen texts. Some of its faults have been mended as well. A floor
may be raised, and lowered only with the reason in the commit.
"""

import csv
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from dateline.article import Article, Dateline, Place
from dateline.extraction.fields.credits.dateline_agencies import without_dateline
from dateline.places import MOST_ABOUT, MOST_PLACES, placed
from dateline.places.gazetteer import Gazetteer
from infra import gazetteer

SENTENCES = Path(__file__).parent
FLOORS = {
    ("development", "places"): 0.99,
    ("development", "about"): 0.99,
    ("held_out", "places"): 0.98,
    ("held_out", "about"): 0.98,
    ("long_stories", "places"): 0.97,
    ("long_stories", "about"): 0.96,
}


def story(text: str, title: str = "", **fields: Any) -> Article:
    dateline, _, blocks = without_dateline(text.split("\n\n"))
    words = {"id": "", "url": "", "digest": "", "title": title, "text": "\n\n".join(blocks), "dateline": dateline}
    return placed(Article(**words | fields))


def names(text: str, title: str = "", **fields: Any) -> list[str]:
    return [place.name for place in story(text, title, **fields).places]


@cache
def counted(part: str) -> Mapping[str, Counter[str]]:
    """Of the places and of the countries of a part's sentences, how many are found, missed, and found for nothing."""
    counts = {"places": Counter[str](), "about": Counter[str]()}
    with (SENTENCES / f"{part}.tsv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE):
            text = row["text"].replace("\\n", "\n")
            found = story(text, row["title"], language=row["language"], outlet_country=row["outlet"])
            expected = {int(place.partition("=")[0]) for place in row["places"].split(", ") if place}
            counts["places"] += compared(expected, {place.id for place in found.places})
            counts["about"] += compared(set(row["about"].split()), set(found.about))
    return counts


def compared(expected: set[Any], got: set[Any]) -> Counter[str]:
    return Counter(found=len(expected & got), missed=len(expected - got), wrong=len(got - expected))


@pytest.mark.parametrize(("part", "name"), FLOORS)
def test_places_scores_above_floor(part: str, name: str) -> None:
    """No score is under its floor."""
    counts = counted(part)[name]
    f1 = 2 * counts["found"] / (2 * counts["found"] + counts["missed"] + counts["wrong"])
    assert f1 >= FLOORS[part, name]


def test_places_in_weight_order() -> None:
    """Places and countries are in the order of their weight."""
    found = story("Boats left Sfax for Malta.\n\nTunis and Sfax are glad.\n\nTripoli, Tripoli.", title="Valletta waits")
    assert [place.name for place in found.places] == ["Sfax", "Valletta", "Malta", "Tunis", "Tripoli"]
    assert found.about == ("tn", "mt")


def test_passing_country_not_about() -> None:
    """A country named in passing is not what a story is about."""
    passing = "\n\n".join(["Benghazi has a new pier."] * 4 + ["Its cranes are from Germany."])
    assert story(passing).about == ("ly",)
    assert story(passing, title="German cranes for a pier").about == ("ly", "de")


def test_long_list_is_cut() -> None:
    """One that names everything is a list."""
    countries = [sense.name for senses in Gazetteer.load().senses for sense in senses if sense.kind == "country"]
    assert len(story(". ".join(countries)).places) == MOST_PLACES
    assert len(story("Egypt. Libya. Chad. Mali. Niger. Sudan.").about) == MOST_ABOUT


@pytest.mark.parametrize(
    ("dateline", "outlet", "country"),
    [
        (Dateline("TUNIS", "Tunis"), "gb", "tn"),
        (Dateline("طرابلس", "طرابلس"), "lb", "lb"),
        (Dateline("طرابلس", "طرابلس"), None, "ly"),
        (Dateline("TRIPOLI, Lebanon", "Tripoli", "lb"), "ly", "lb"),
        (Dateline("ELSEWHERE", "Elsewhere"), "ly", None),
    ],
)
def test_dateline_gets_country(dateline: Dateline, outlet: str, country: str | None) -> None:
    """A dateline gets its country and is no mention."""
    found = story("The bakers met on Monday.", dateline=dateline, outlet_country=outlet)
    assert found.dateline
    assert found.dateline.country == country
    assert (found.places, found.about) == ((), ())


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Trablus. Tarabulus. TRIPOLI. طرابلس", ["Tripoli"]),
        ("مِصْرَاتَة، مصراته ومصراتة", ["Misratah"]),
        ("TRIPOLI'DE YAĞMUR", ["Tripoli"]),
        ("in Benghazians' eyes", []),
        ("لليبيا وبليبيا وفليبيا", ["Libya"]),
        ("الليبيا", []),
        ("Al-Bayda. In al-Bayda. El Beïda", ["Al Bayḑā’"]),
    ],
)
def test_name_is_whole_word(text: str, found: list[str]) -> None:
    """A name is a whole word in any of its spellings."""
    assert names(text, outlet_country="ly") == found


def test_introduced_person_is_known() -> None:
    """Whoever is introduced with two names is nobody else later."""
    text = "Josh Warrington and Jordan Ellis won.\n\nWarrington will rest. Jordan flies to Jordan."
    assert names(text) == ["Jordan"]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("ar", "استقبل الوزير القائم بأعمال السفارة، ثم القائم بالأعمال الجديد."),
        ("ar", "خرجت المظاهرات السلمية، ودعت النقابة إلى الوسائل السلمية."),
        ("ar", "اشترى البقالون السلع الهندية والتوابل الشامية."),
        ("fa", "قیمت نان در آستانه عید بالا رفت، و نانوایان در آستانه اعتصاب هستند."),
        ("ar", "أعلن فيلق القدس وسرايا القدس وكتائب القدس بيانا مشتركا."),
        ("ar", "نشرت صحيفة الرياض وقناة القاهرة وبنك دمشق إعلانا."),
        ("en", "The Quds Force denied it, and so did the Tripoli Brigade and the Cairo Bank."),
        ("fr", "La Force Al-Qods et la Radio Tunis ont publié un communiqué."),
        ("tr", "Kudüs Gücü ve Adana Gazetesi açıklama yaptı."),
        ("fr", "François Hollande a souri. Hollande est revenu, a dit le préfet."),
        ("fr", "Selon M. Hollande et le président Constantine, la route est bonne."),
        ("en", "Dominique Okoro and Jaroslav Novak won. Jaroslav and Dominique will rest."),
        ("en", "Mr Jordan thanked Ms London and Dr Paris."),
        ("ar", "قال السيد صفاقس إن الدكتور رشيد سيعود."),
        ("ar", "ضربت سيول جارفة القرى، وخرج الناس من سيول وفيضانات، وغرقت في سيول قوية."),
        ("ar", "ظهرت القرية في صور جديدة التقطها صيادون."),
        ("fa", "مرز مشخصی بین حوزه نظارت و اجرا لازم است."),
        ("en", "The bakers of New England paid US$350,000 for ovens from Inner Mongolia."),
        ("en", "The White House and the Hausa bakers said no."),
        ("fr", "La Maison Blanche a payé 20 US$ pour la Nouvelle Angleterre."),
        ("en", "The ovens went to Mansfield, MA, and to Aberdeen, SD, by lorry."),
        ("tr", "Adana Demirspor ile Sivasspor maçı bitti."),
    ],
)
def test_common_words_no_places(language: str, text: str) -> None:
    """Common words, names of persons and bodies called after a place are no mentions of it."""
    assert story(text, language=language).places == ()


@pytest.mark.parametrize(
    ("language", "text", "found"),
    [
        ("ar", "وصلت الحافلات إلى السلمية، وعاد الجنود من القائم.", ["As Salamīyah", "Al Qā’im"]),
        ("ar", "زار الوفد القدس ومدينة السلمية.", ["Jerusalem", "As Salamīyah"]),
        ("fr", "En Hollande, les digues tiennent ; la Dominique attend le cyclone.", ["The Netherlands", "Dominica"]),
        ("fa", "نشست آستانه با حضور ایران برگزار شد.", ["Astana", "Iran"]),
        ("en", "The president of Jordan's bank flew to Cairo.", ["Jordan", "Cairo"]),
        ("ar", "عاد الوزير من سيول، وبقي السفير في صور يومين.", ["Seoul", "Tyre"]),
        ("en", "The new Libya, and the mills of England, pay in dollars.", ["Libya", "United Kingdom"]),
        ("en", "The ovens went from Boston, MA, to Aberdeen.", ["Boston", "Aberdeen"]),
        ("fr", "Des boulangers de Suisse et du Japon partent pour l'Argentine.", ["Switzerland", "Japan", "Argentina"]),
        ("en", "Ovens from the Philippines reached Burma.", ["Philippines", "Myanmar"]),
        ("ar", "زار الوفد تشيلي وزيمبابوي.", ["Chile", "Zimbabwe"]),
        ("fa", "وزیر به اسپانیا و گرجستان و چین رفت.", ["Spain", "Georgia", "China"]),
    ],
)
def test_places_stay_places(language: str, text: str, found: list[str]) -> None:
    """The same names are places where a preposition or a kind leads to them."""
    assert [place.name for place in story(text, language=language).places] == found


@pytest.mark.parametrize(
    "opening",
    [
        "Jordan Montgomery baked first.",
        "Selon Adèle Constantine, le four est neuf.",
        "Hasan Menderes first baked.",
    ],
)
def test_person_in_another_part(opening: str) -> None:
    """Whoever is introduced in the first paragraphs is the same person in the last."""
    name = opening.replace(",", "").replace(".", "").split()[2 if opening.startswith("Selon") else 1]
    rest = f"The oven was hot.\n\nThe bread was good.\n\n{name} then baked again."
    assert names(f"{opening}\n\n{rest}") == []


@pytest.mark.parametrize(
    ("text", "country"), [("الصياد التشيلي", "cl"), ("الخباز الزيمبابوي", "zw"), ("un Suisse", "ch")]
)
def test_people_named_as_country(text: str, country: str) -> None:
    """Where a people's name is its country's, the article makes it the people's; the country is the same."""
    assert story(f"{text}.", title=text).about == (country,)


def test_an_article_keeps_its_places() -> None:
    found = story("Boats left Sfax.")
    assert found.places == (Place(2467454, "Sfax", "tn"),)
    assert Article.from_dict(found.to_dict()) == found


def test_gazetteer_is_generated() -> None:
    """The gazetteer is what its maker makes."""
    assert gazetteer.GAZETTEER.read_text("utf-8") == gazetteer.text(), "run python -m infra.gazetteer"
    assert gazetteer.COORDINATES.read_text("utf-8") == gazetteer.coordinates(), "run python -m infra.gazetteer"


def test_the_gazetteer_takes_little_memory() -> None:
    script = """
import re, sys
from pathlib import Path
from dateline.places import placed
from dateline.places.gazetteer import Gazetteer
resident = lambda: int(re.search(r"VmRSS:\\s+(\\d+)", Path("/proc/self/status").read_text("ascii"))[1]) / 1024
before = resident()
Gazetteer.load()
print(resident() - before)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 40  # MB

"""Names outside the register: a query in one script finds stories in another, and no other person's."""

from pathlib import Path

import pytest

from dateline.names.register import Register
from dateline.search.query.find import Search
from tests.conftest import Aws
from tests.search.library import article, search

PERSONS = {  # invented, each in a story of its own
    "Ramzi Qasbawi": ["Ramzi al-Kasbawi", "رمزي القصباوي", "Рамзи Касбави"],
    "Noureddine Takroumi": ["Nur al-Din Takrumi", "نور الدين التكرومي"],
    "Slimane Bouchrara": ["Suleiman Bushrara", "سليمان بوشرارة"],
    "Abdelkarim Zarzouri": ["Abd al-Karim al-Zarzuri", "عبد الكريم الزرزوري"],
    "Yusuf bin Masoud Gharbawi": ["Youssef Massoud al-Gharbaoui", "يوسف بن مسعود الغرباوي"],
}
NAMES = {spelling: person for person, others in PERSONS.items() for spelling in (person, *others)}


@pytest.fixture
def library(aws: Aws, tmp_path: Path) -> Search:
    """A story for each spelling, where others are named too."""
    stories = [
        article(spelling, f"قال {spelling} اليوم في البلدة", language="ar")
        if spelling[0] >= "\u0600"
        else article(spelling, f"On Monday {spelling} met Hamadi Trabelsi in town.")
        for spelling in NAMES
    ]
    return search(aws, tmp_path, stories)


@pytest.mark.parametrize("spelling", NAMES)
def test_spellings_of_one_person_meet(library: Search, spelling: str) -> None:
    """Any spelling finds all stories of its person, its own first, and nobody else's."""
    assert not Register.load().named(spelling)
    for query in (spelling, f'person:"{spelling}"'):
        found = [hit.story["title"] for hit in library.find(query).hits]
        assert found[0] == spelling
        assert sorted(found) == sorted(name for name, person in NAMES.items() if person == NAMES[spelling])


def test_name_stands_among_words(library: Search) -> None:
    """Other words of the query are required beside the name."""
    assert {hit.story["title"] for hit in library.find("Ramzi Qasbawi town").hits} == {
        "Ramzi Qasbawi",
        "Ramzi al-Kasbawi",
        "Рамзи Касбави",
    }


@pytest.mark.parametrize("query", ["ramzi kasbaoui", '"Ramzi Kasbaoui"', "Ramzi", "Qasbawi Ramzi", "Ali Ben"])
def test_words_stay_words(library: Search, query: str) -> None:
    """Small letters, phrases, single or exchanged words and short names match as words alone."""
    titles = {hit.story["title"] for hit in library.find(query).hits}
    assert not {title for title in titles if title[0] >= "\u0600"}

"""The bench of known items: its queries name one story, and its ranks are those of the search."""

import random
from pathlib import Path

from infra.bench.answers.known_items import MemoryS3, Reader, index, plainly, rank
from tests.search.library import article

TEXT = "Pumps stopped during the night and engineers replaced three valves before noon"
STORIES = [
    article("Water returns to Zawiya", f"{TEXT} in Zawiya."),
    article("Water returns to Gharyan", f"{TEXT} in Gharyan."),
    article("Bakers ask for flour", "Ovens went cold when the mill closed, bakers said."),
]


def test_words_are_added_until_one_story_has_all() -> None:
    """Words of another story too are no query for this one: the queries grow by the town."""
    asked = [each for seed in range(9) for each in Reader(STORIES, random.Random(seed)).queries(STORIES[0])]
    for each in asked:
        assert "zawiya" in each.query.lower()
        assert each.query.startswith(each.short)
    assert any(each.short != each.query for each in asked)


def test_copies_are_one_item(tmp_path: Path) -> None:
    """A story with the same headline is as good as the wanted one; a story with another one is not."""
    search = index(MemoryS3(), STORIES, tmp_path)
    assert rank(search, "pumps valves gharyan", STORIES[1]) == 1
    assert rank(search, "pumps valves gharyan", STORIES[0]) == 0


def test_typed_words_have_no_marks() -> None:
    """Readers in a hurry leave out capitals, marks and the Arabic article."""
    assert plainly("Élections À İzmir") == "elections a izmir"
    assert plainly("الأمطار في الجنوب") == "امطار في جنوب"

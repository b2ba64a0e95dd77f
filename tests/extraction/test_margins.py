"""Blocks that the page itself sets apart from the story, before it and after it."""

from itertools import pairwise

import pytest

from dateline.article import Article
from dateline.extraction import extract
from dateline.page import Page

STORIES = {
    "en": (
        "The salt works of Ras Hadir opened again on Sunday after a winter of repairs to the sea wall and its pumps.",
        "Workers said that the first basin had filled within a day and that the crust would be thick by early June.",
        "The owner of the works told reporters that half of the harvest is sold already to three buyers in the north.",
        "Fishermen next to the basins want a channel of their own, and the council will hear them at its next sitting.",
    ),
    "fr": (
        "Les salines de Ras Hadir ont rouvert dimanche après un hiver de travaux sur la digue et sur ses pompes.",
        "Des ouvriers ont dit que le premier bassin s'était rempli en un jour et que la croûte serait épaisse en juin.",
        "Le propriétaire des salines a indiqué que la moitié de la récolte est déjà vendue à trois acheteurs du nord.",
        "Les pêcheurs voisins demandent un chenal à eux, et le conseil les entendra à sa prochaine séance publique.",
    ),
    "ar": (
        "عادت ملاحات رأس حدير إلى العمل يوم الأحد بعد شتاء من أعمال الترميم في السد البحري وفي مضخاته القديمة.",
        "وقال العمال إن الحوض الأول امتلأ خلال يوم واحد وإن قشرة الملح ستكون سميكة مع بداية شهر يونيو المقبل.",
        "وقال صاحب الملاحات للصحفيين إن نصف المحصول بيع بالفعل لثلاثة مشترين من مدن الشمال خلال الأسبوع الماضي.",
        "ويطالب الصيادون المجاورون بقناة خاصة بهم، وسيستمع إليهم المجلس البلدي في جلسته العلنية المقبلة قريبا.",
    ),
}
APART = {
    "en": "Nadia Sfar has run the office of this newspaper on the coast since the spring of last year.",
    "fr": "Nadia Sfar dirige le bureau de ce journal sur la côte depuis le printemps de l'année dernière.",
    "ar": "تدير نادية سفار مكتب هذه الصحيفة على الساحل منذ ربيع العام الماضي.",
}
BOXES = {
    "a box after the frame": "<div><div>{story}</div></div><section><h4>Nadia</h4><p>{apart}</p></section>",
    "a neighbour of the story": "<main><div>{story}</div><div><div><p>{apart}</p></div></div></main>",
    "a box in the same frame": "<article><div class='a'>{story}</div><div class='b'><p>{apart}</p></div></article>",
}
LANGUAGES = pytest.mark.parametrize("language", STORIES)


def archived(body: str, language: str) -> Article:
    page = f"<html lang='{language}'><title>Salt works open again</title><body><h1>Salt works open again</h1>{body}"
    article = extract(Page(url="https://coast.example/a/4", body=page.encode())).article
    assert article is not None
    return article


def told(language: str) -> list[str]:
    """A story of seven paragraphs."""
    lines = STORIES[language]
    return [*lines, *(f"{one} {other}" for one, other in pairwise(lines))]


def paragraphs(language: str) -> str:
    return "".join(f"<p>{line}</p>" for line in told(language))


@LANGUAGES
@pytest.mark.parametrize("box", BOXES)
def test_box_after_the_story(box: str, language: str) -> None:
    """Prose in another element than the story's is none of it."""
    body = BOXES[box].format(story=paragraphs(language), apart=APART[language])
    assert archived(body, language).text.split("\n\n") == told(language)


@LANGUAGES
def test_story_in_alike_elements(language: str) -> None:
    """A story's last paragraph in an element of the same name is kept."""
    last = f"<p>{APART[language]}</p>"
    body = f"<main><div class='a'>{paragraphs(language)}</div><p></p><div class='a'>{last}</div></main>"
    assert archived(body, language).text.endswith(APART[language])


@LANGUAGES
def test_large_part_is_kept(language: str) -> None:
    """Much text in another element is a part of the story."""
    part = f"{APART[language]} {APART[language]} {STORIES[language][0]}"
    body = f"<main>{paragraphs(language)}<div><p>{part}</p></div></main>"
    assert archived(body, language).text.endswith(STORIES[language][0])

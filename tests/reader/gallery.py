"""A reading room as a reader finds it: an invented spring of four outlets, read by the real extraction.

The harbour story is an agency's, in three outlets, two of which change it; the bridge is corrected in silence, and a
page is taken down. Two watches have seen all of it. Towns' short notices fill the months for facets and the time line.
One story is hostile.
"""

import html
import itertools
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from dateline.extraction import extract
from dateline.keys import crawl_names, identifiers, object_keys
from dateline.keys.object_keys import Stem
from dateline.reader.app import answer
from dateline.reader.library import Library
from dateline.search.index.schema import Entry
from dateline.search.watching import watches
from dateline.search.watching.watches import Watching
from dateline.sources.registry import Source
from tests.conftest import Aws
from tests.reader.library import HOSTILE, Room
from tests.search.library import searched
from tests.support.samples import Newsroom


@dataclass(frozen=True)
class Invented:
    """A story as an outlet published it at a day of 2019 (``mm-dd``), and the day of its capture."""

    name: str
    outlet: str
    day: str
    title: str
    paragraphs: tuple[str, ...]
    byline: str = ""
    caption: str = ""
    captured: str = "04-17"

    @property
    def url(self) -> str:
        """Its page at the outlet."""
        return f"http://{self.outlet}.example/{self.name}"

    @property
    def page(self) -> str:
        """Its page as the outlet's server sends it."""
        language = OUTLETS[self.outlet][2]
        data: dict[str, Any] = {"@context": "https://schema.org", "@type": "NewsArticle", "headline": self.title}
        data |= {"datePublished": f"2019-{self.day}T09:30:00+02:00", "inLanguage": language}
        data |= {"author": {"@type": "Person", "name": self.byline}} if self.byline else {}
        text = "".join(f"<p>{html.escape(paragraph)}</p>" for paragraph in self.paragraphs)
        shown, stated = html.escape(self.caption), json.dumps(data).replace("<", "\\u003c")
        figure = f'<figure><img src="/p.jpg" alt=""><figcaption>{shown}</figcaption></figure>' if shown else ""
        return (
            f'<!doctype html><html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}"><head>'
            f"<title>{html.escape(self.title)}</title>"
            f'<script type="application/ld+json">{stated}</script></head><body>'
            f"<article><h1>{html.escape(self.title)}</h1>{figure}{text}</article></body></html>"
        )


WATCHES = {"harbour": "harbour strike", "water": "المياه"}  # queries by name
OUTLETS = {  # name, country, language
    "gazette": ("The Gulf of Sidra Gazette", "ly", "en"),
    "courrier": ("Le Courrier du Golfe", "tn", "fr"),
    "midan": ("الميدان", "ly", "ar"),
    "sahil": ("صحيفة الساحل", "eg", "ar"),
    "gunluk": ("Akdeniz Günlüğü", "tr", "tr"),
}
_HARBOUR = (
    "TRIPOLI, Libya (Reuters) - Fuel ships returned to the harbour of Tripoli on Tuesday after port workers ended a "
    "strike of eleven days, officials of the port authority said.",
    "Three tankers from Misrata and Benghazi were the first to unload. Queues at petrol stations in the capital, which "
    "had reached two kilometres at the weekend, became shorter by the evening.",
    "Fayez al-Sarraj, head of the Government of National Accord, thanked the workers and promised that unpaid wages "
    "would be settled before the end of the month. The National Oil Corporation said that deliveries to Sabha and "
    "Ghat in the south would follow by road.",
    "Residents of Sabha said that a litre of petrol still cost four times the official price there.",
)
_BRIDGE = (
    "Le pont mobile de Bizerte a rouvert mardi à la circulation après trois semaines de travaux, a annoncé le "
    "gouvernorat. Les camions en provenance de Tunis attendaient depuis l’aube.",
    "Le chantier a coûté 4,2 millions de dinars et sera suivi d’une seconde phase en septembre, selon le ministère de "
    "l’Équipement. Des commerçants de Menzel Bourguiba réclament une compensation.",
    "La navette maritime entre les deux rives reste en service jusqu’à dimanche.",
)
_WATER = (
    "أعلن جهاز النهر الصناعي عودة ضخ المياه إلى مدينة طرابلس بعد إصلاح عطل في محطة كهرباء سبها استمر ستة أيام.",
    "وقال المهندس المشرف إن الضغط سيعود إلى طبيعته في أحياء العاصمة خلال ثمان وأربعين ساعة، وإن مصراتة وزليتن "
    "ستتلقيان حصتهما كاملة قبل نهاية الأسبوع.",
    "ودعا خليفة حفتر في كلمة متلفزة إلى حماية الآبار في الجنوب، فيما طالب مجلس النواب بتحقيق في أسباب العطل.",
    "وأكد سكان في سبها وغات أن الكهرباء عادت على فترات متقطعة، وأن المدارس ستفتح أبوابها يوم الأحد.",
)
_FERRY = (
    "İzmir ile Trablus arasındaki feribot seferleri iki yıl aradan sonra pazartesi günü yeniden başladı. İlk seferde "
    "yüz kırk yolcu ve yirmi sekiz kamyon taşındı.",
    "Ulaştırma Bakanlığı seferlerin haftada iki kez yapılacağını, yaz aylarında Mısrata limanının da ekleneceğini "
    "açıkladı. Bilet fiyatı tek yön doksan avro olarak belirlendi.",
    "Liman işçileri, gümrük kuyruğunun öğleden sonra dağıldığını söyledi.",
)
_REOPENS = "Fuel ships return to Tripoli harbour as strike ends"
TOLD = [
    Invented("harbour", "gazette", "04-16", _REOPENS, _HARBOUR, "Huda Ben Amer", "Tankers wait off Tripoli on Monday."),
    Invented("harbour-fuel", "courrier", "04-16", _REOPENS, _HARBOUR),
    Invented("fuel-ships", "gunluk", "04-17", _REOPENS, _HARBOUR),
    Invented("pont", "courrier", "04-12", "Le pont de Bizerte rouvre à la circulation", _BRIDGE, "Aïcha Trabelsi"),
    Invented("water", "midan", "04-14", "عودة ضخ المياه إلى طرابلس بعد إصلاح محطة سبها", _WATER, "محمد الهادي",
             "مهندسون في محطة الضخ جنوب سبها"),
    Invented("feribot", "gunluk", "04-15", "İzmir–Trablus feribotu iki yıl sonra yeniden yolda", _FERRY, "Elif Kaya"),
    Invented("school", "sahil", "04-10", "افتتاح ثلاث مدارس جديدة في الإسكندرية وأسوان", tuple(
        f"قال محافظ {city} إن مدرسة جديدة ستستقبل أربعمئة تلميذ ابتداء من الشهر المقبل، وإن النقل من القرى مجاني."
        for city in ("الإسكندرية", "أسوان", "القاهرة"))),
    Invented("gone", "gazette", "04-11", "Ministry names new customs chief for Ras Ajdir crossing", (
        "The interior ministry named a new customs chief for the Ras Ajdir crossing on Thursday, the second in a year.",
        "Traders from Zuwara and Ben Guerdane said that the crossing had been closed for nine of the last thirty days.",
    )),
    Invented("hostile", "gazette", "04-09", HOSTILE, (
        "</p><img src=x onerror=alert(2)><script>alert(3)</script> was printed on the front page of the paper.",
        "The printers in Benghazi apologised for the markup and promised that it would not happen again this year.",
    )),
]  # fmt: skip
_PROMISE = "promised that unpaid wages would be settled before the end of the month"
_CUT = (_HARBOUR[0], _HARBOUR[1].replace("two kilometres", "five kilometres"), _HARBOUR[2], _HARBOUR[3])
_EDITED = tuple(paragraph.replace(_PROMISE, "said that wages would be discussed") for paragraph in _HARBOUR)
LATER = [
    Invented("harbour-fuel", "courrier", "04-16", _REOPENS, _CUT, captured="04-18"),
    Invented("harbour", "gazette", "04-16", "Fuel ships return to Tripoli as port strike is suspended", _EDITED,
             "Huda Ben Amer", "Tankers wait off Tripoli on Monday.", captured="04-19"),
    Invented("pont", "courrier", "04-12", "Le pont de Bizerte rouvre à la circulation", (
        _BRIDGE[0], _BRIDGE[1].replace("4,2", "6,8"), _BRIDGE[2]), "Aïcha Trabelsi", captured="04-20"),
]  # fmt: skip
_TOWNS = {
    "gazette": ("Zuwara", "Sabha", "Derna", "Tobruk", "Ghat", "Misrata", "Benghazi"),
    "courrier": ("Sfax", "Gabès", "Tozeur", "Kairouan", "Bizerte"),
    "midan": ("درنة", "سبها", "مصراتة", "بنغازي", "زوارة", "طبرق"),
}
_NOTICES = {
    "gazette": ("{} market reopens after repairs", (
        "The covered market of {} reopened on Saturday with forty new stalls, the municipality said in a statement.",
        "Sellers of dates, oil and cloth said that rents in {} had stayed the same for the first time in five years.")),
    "courrier": ("À {}, le marché couvert rouvre ses portes", (
        "Le marché couvert de {} a rouvert samedi avec quarante nouveaux étals, selon un communiqué de la commune.",
        "Les vendeurs de {} assurent que les loyers n’ont pas augmenté pour la première fois depuis cinq ans.")),
    "midan": ("سوق {} يفتح أبوابه بعد الصيانة", (
        "فتح السوق المسقوف في {} أبوابه يوم السبت بأربعين محلا جديدا، بحسب بيان للبلدية نشر مساء أمس.",
        "وقال باعة في {} إن الإيجارات لم ترتفع هذه المرة، وإن حركة الزبائن كانت جيدة منذ الصباح الباكر.")),
}  # fmt: skip


def stories() -> Iterator[Invented]:
    """All first versions: the told ones, and short notices of five months."""
    yield from TOLD
    for outlet, towns in _TOWNS.items():
        title, paragraphs = _NOTICES[outlet]
        for number, town in enumerate(towns):
            day = f"{1 + number % 4:02}-{5 + 3 * number:02}"
            yield Invented(
                f"market-{number}", outlet, day, title.format(town), tuple(each.format(town) for each in paragraphs)
            )


def id_of(name: str, outlet: str) -> str:
    """The id of an invented story."""
    return identifiers.article_id(f"http://{outlet}.example/{name}")


def room(aws: Aws, folder: Path) -> Room:
    """Archive the spring, what changed day after day, and its coverage; open the room."""
    by_day = defaultdict[tuple[str, str], list[Invented]](list)
    for story in [*stories(), *LATER]:
        by_day[story.captured, story.outlet].append(story)
    for (day, outlet), found in sorted(by_day.items()):
        _archive(aws, outlet, day, [(each.name, each.page) for each in found])
    _archive(aws, "gazette", "04-21", [("gone", "gone")], status="404 Not Found")
    _report(aws)
    _watch(aws)
    search = searched(Newsroom(aws), folder)
    sources = {id: _source(id) for id in OUTLETS}
    return Room(aws, answer(Library(aws.deployment, lambda: search, lambda: sources)))


def _archive(aws: Aws, outlet: str, day: str, pages: list[tuple[str, str]], status: str = "200 OK") -> None:
    _, country, language = OUTLETS[outlet]
    at = datetime.fromisoformat(f"2019-{day}T12:00:00+00:00").astimezone(UTC)
    newsroom = Newsroom(aws, source=outlet, country=country, host=f"{outlet}.example", languages=(language,))
    stem = Stem(outlet, crawl_names.crawl_name(at, "test"), 0)
    key = newsroom.put(stem, *pages, status=f"{status}\r\nContent-Type: text/html; charset=utf-8")
    newsroom.archive(extract=extract, clock=lambda: at + timedelta(minutes=2)).add(key)


def _watch(aws: Aws) -> None:
    """Two watches that have seen every revision as it was indexed."""
    for name, words in WATCHES.items():
        watches.add(aws.s3, aws.archive, name, words, datetime(2019, 1, 1, tzinfo=UTC))
    query, minutes = Newsroom(aws).query(), itertools.count()
    clock = lambda: datetime(2019, 4, 21, tzinfo=UTC) + timedelta(minutes=next(minutes))  # noqa: E731
    watching = Watching(aws.s3, aws.table, aws.archive, clock=clock)
    for story in query.of_all():
        for revision in query.revisions(story["id"]):
            watching.fire([Entry.of(revision, query.article(revision))])


def _source(id: str) -> Source:
    name, country, language = OUTLETS[id]
    return Source(
        id=id,
        path=Path(),
        name=name,
        home=f"https://{id}.example/",
        country=country,
        languages=(language,),
        timezone="UTC",
    )


def _report(aws: Aws) -> None:
    """Two weeks of coverage: mostly fine, with a silent outlet and a low day."""
    days = [f"2019-04-{day:02}" for day in range(8, 22)]
    for number, day in enumerate(days):
        rows: list[dict[str, Any]] = []
        for at, outlet in enumerate(OUTLETS):
            silent = outlet == "sahil" and number > 8
            archived = 0 if silent else (number * 7 + at * 5) % 23 + 3
            low = outlet == "courrier" and number in {4, 5}
            flags = ["silent"] if silent else ["low"] if low else []
            rows.append({"source": outlet, "archived": 1 if low else archived, "flags": flags,
                         "silent_days": max(0, number - 8) if silent else 0})  # fmt: skip
        body = json.dumps({"day": day, "sources": rows}).encode()
        aws.s3.put_object(Bucket=aws.archive, Key=object_keys.coverage_report(day), Body=body)
    index = json.dumps(dict.fromkeys(days, "x")).encode()
    aws.s3.put_object(Bucket=aws.archive, Key=object_keys.COVERAGE_INDEX, Body=index)

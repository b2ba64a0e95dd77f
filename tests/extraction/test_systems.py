"""Whole stories in the markup of publishing systems, each part in its place, beside other stories, "
"readers and tools.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

import pytest

from dateline.article import Article
from dateline.extraction import extract
from dateline.page import Page


class Story(NamedTuple):
    """An invented story's parts, as its page shows them. ``first`` has the dateline in front."""

    language: str
    outlet: str
    title: str
    summary: str
    author: str
    by: str
    shown: str  # when it was published
    opening: str
    place: str
    paragraphs: tuple[str, ...]
    heading: str
    items: tuple[str, ...]
    caption: str
    source: str
    agency: str
    other: str  # another story's title
    remark: str  # a reader's
    share: str


ARABIC = Story(
    "ar",
    "صدى المرافئ",
    "ميناء درنة يستقبل أول سفينة حبوب بعد الترميم",
    "المهندسون يتوقعون أن يخدم الرصيف الجديد ثلاث مدن ساحلية قبل نهاية السنة",
    "سلمى الغليفي",
    "كتبت: ",
    "16 أبريل 2019 - 9:30 صباحًا",
    "درنة (وال) - ",
    "درنة",
    (
        "استقبل ميناء درنة يوم الثلاثاء أول سفينة محملة بالحبوب منذ اكتمال أعمال الترميم التي استمرت سنتين كاملتين.",
        "وقال مدير الميناء إن السفينة تحمل ثمانية آلاف طن من القمح وإن تفريغها سيستغرق أربعة أيام على الأقل.",
        "وأضاف أن الرافعات الجديدة ستصل الشهر القادم، وأن العمال تلقوا تدريبا عليها في المدينة المجاورة.",
        "ويأمل التجار أن تنخفض أسعار الخبز بعد أن ارتفعت خلال الشتاء بسبب إغلاق الطريق الساحلي مرتين.",
    ),
    "انتظار طويل",
    ("رصيفان للحبوب", "مخزن مبرد واحد"),
    "عمال يفرغون الشحنة على الرصيف الشرقي",
    "المصدر: وال",
    "LANA",
    "بلدية سبها تعيد فتح السوق القديم أمام الزوار",
    "خبر جيد، شكرا لكم على المتابعة.",
    "شارك",
)
FRENCH = Story(
    "fr",
    "Le Courrier des Quais",
    "Le port de Gabès accueille son premier navire de céréales",
    "Les ingénieurs assurent que le nouveau quai servira trois villes de la côte avant la fin de l’année.",
    "Maïssa Torfane",
    "Par ",
    "Publié le 16 avril 2019 à 09h30",
    "GABÈS (TAP) - ",
    "GABÈS",
    (
        "Le port de Gabès a accueilli mardi le premier navire de céréales depuis la fin de deux années de travaux.",
        "Le directeur du port précise que le navire porte huit mille tonnes de blé et restera quatre jours à quai.",
        "Les nouvelles grues sont attendues le mois prochain, et les dockers ont été formés dans la ville voisine.",
        "Les commerçants espèrent une baisse du prix du pain, monté cet hiver à cause de la route deux fois coupée.",
    ),
    "Une longue attente",
    ("Deux quais pour les grains", "Un entrepôt frigorifique"),
    "Des dockers déchargent la cargaison sur le quai est",
    "Source : TAP",
    "TAP",
    "La mairie de Sfax rouvre le vieux marché aux visiteurs",
    "Bonne nouvelle, merci pour cet article.",
    "Partager",
)
TURKISH = Story(
    "tr",
    "Kuzey Rıhtım",
    "Hopa limanına yenilemeden sonra ilk tahıl gemisi geldi",
    "Mühendisler yeni rıhtımın yıl sonuna kadar üç sahil kentine hizmet vereceğini söylüyor.",
    "Kerem Mersafcı",
    "Haber: ",
    "16 NİSAN 2019 - 09:30",
    "HOPA (AA) - ",
    "HOPA",
    (
        "Hopa limanına iki yıl süren yenileme çalışmalarından sonra ilk tahıl gemisi salı günü yanaştı ve alkışlandı.",
        "Liman müdürü geminin sekiz bin ton buğday taşıdığını ve boşaltmanın en az dört gün süreceğini söyledi.",
        "Yeni vinçlerin gelecek ay gelmesi bekleniyor, işçiler komşu kentte bu vinçler için eğitim aldı.",
        "Tüccarlar kışın iki kez kapanan sahil yolu yüzünden artan ekmek fiyatlarının düşmesini umuyor.",
    ),
    "Uzun bir bekleyiş",
    ("Tahıl için iki rıhtım", "Bir soğuk hava deposu"),
    "İşçiler doğu rıhtımında yükü boşaltıyor",
    "Kaynak: AA",
    "Anadolu",
    "Rize belediyesi eski çarşıyı ziyaretçilere yeniden açtı",
    "Güzel haber, emeğinize sağlık.",
    "Paylaş",
)
STORIES = (ARABIC, FRENCH, TURKISH)
ADDRESS = "https://www.quays.example/2019/news-4711"
DAY = "2019-04-16T09:30"


def body(story: Story, *, paragraph: str = "<p>{}</p>") -> str:
    """The story's text with a sub-heading, a list, and an embedded post."""
    first, second, third, last = story.paragraphs
    post = '<blockquote class="twitter-tweet"><p>Quay open tonight</p>&mdash; Port (@port)</blockquote>'
    items = "".join(f"<li>{item}</li>" for item in story.items)
    return (
        paragraph.format(story.opening + first)
        + paragraph.format(second)
        + f"<h3>{story.heading}</h3>"
        + paragraph.format(third)
        + f"<ul>{items}</ul>{post}"
        + paragraph.format(last)
    )


def cards(story: Story, name: str) -> str:
    """Three cards of other stories, with photographs and dates."""
    inner = "".join(
        f'<div class="{name}-item"><a href="/2019/x{number}"><img src="/up/x{number}-2019.jpg" alt="">'
        f"<h4>{story.other} {number}</h4></a><span>1{number}/04/2019</span></div>"
        for number in (1, 2, 3)
    )
    return f'<div class="{name}">{inner}</div>'


def blogger(story: Story) -> str:
    table = (
        '<table class="tr-caption-container"><tbody><tr><td><a href="/up/quay-2019.jpg">'
        '<img src="/up/quay-2019.jpg"></a></td>'
        f'</tr><tr><td class="tr-caption">{story.caption}</td></tr></tbody></table>'
    )
    return (
        f'<div class="header"><h1 class="title"><a href="/">{story.outlet}</a></h1></div>'
        f'<div class="date-outer"><div class="post hentry"><h3 class="post-title entry-title">{story.title}</h3>'
        f'<div class="post-body entry-content"><div class="summary"><i>{story.summary}</i></div>{table}{body(story)}'
        f'<p>{story.source}</p></div><div class="post-footer"><span class="post-author vcard">{story.by}'
        f'<span class="fn">{story.author}</span>'
        f'</span> <abbr class="published" title="2019-04-16T09:30:00+02:00">09:30</abbr>'
        f'</div></div></div><div id="comments"><div class="comment"><p>{story.remark}</p></div></div>'
        f'<div class="sidebar">{cards(story, "popular-posts")}</div>'
    )


def wordpress(story: Story) -> str:
    return (
        f'<header><a href="/"><img src="/logo.png" alt="{story.outlet}"></a></header><article class="post">'
        f'<header class="entry-header"><h1 class="entry-title">{story.title}</h1>'
        f'<h2 class="entry-sub-title">{story.summary}</h2>'
        f'<div class="entry-meta"><span class="meta-author">{story.author}</span>'
        f'<span class="date">{story.shown}</span></div></header>'
        f'<div class="featured-area"><figure class="single-featured-image">'
        f'<img data-lazy-src="/up/quay-2019.jpg" src="data:image/gif;base64,R0lG">'
        f'<figcaption class="single-caption-text">{story.caption}</figcaption></figure></div>'
        f'<div class="entry-content entry">{body(story)}<p>{story.source}</p></div>'
        f'<div class="share-links"><span>{story.share}</span></div></article>{cards(story, "related-posts")}'
        f'<ol class="comment-list"><li id="comment-7"><p>{story.remark}</p></li></ol>'
    )


def joomla(story: Story) -> str:
    return (
        f'<h1>{story.outlet}</h1><div class="item-page"><div class="page-header">'
        f'<h2 itemprop="headline">{story.title}</h2></div>'
        f'<dl class="article-info"><dd class="createdby">{story.by}<span>{story.author}</span></dd>'
        f'<dd class="published"><time datetime="2019-04-16T09:30:00+02:00">{story.shown}</time></dd>'
        f'<dd class="hits">512</dd></dl>'
        f'<div class="intro"><p><strong>{story.summary}</strong></p></div>'
        f'<div class="pull-left item-image"><img src="/up/quay-2019.jpg" alt="">'
        f'<p class="img-caption">{story.caption}</p></div>'
        f'<div itemprop="articleBody">{body(story)}<p><em>{story.source}</em></p></div></div>'
        f'<div class="moduletable"><h3>+</h3>{cards(story, "latestnews")}</div>'
    )


def spip(story: Story) -> str:
    return (
        f'<div class="entete"><strong><a href="/">{story.outlet}</a></strong></div><div class="cartouche">'
        f'<h1 class="crayon article-titre-7">{story.title}</h1><p class="info-publi"><abbr class="published" '
        f'title="2019-04-16T09:30:00+02:00">{story.shown}</abbr>, <span class="auteurs">{story.by}<a '
        f'href="/_a_">{story.author}</a></span></p></div>'
        f'<div class="crayon article-chapo-7 chapo"><p>{story.summary}</p></div>'
        f'<dl class="spip_document"><dt><img src="/IMG/quay-2019.jpg"></dt>'
        f'<dd class="spip_doc_titre">{story.caption}</dd></dl>'
        f'<div class="crayon article-texte-7 texte">{body(story)}<p>{story.source}</p></div>'
        f'<div class="menu rubriques">{cards(story, "breves")}</div><ul class="forum"><li>'
        f"<p>{story.remark}</p></li></ul>"
    )


def drupal(story: Story) -> str:
    field = '<div class="field field--name-field-{0}"><div class="field__item">{1}</div></div>'
    return (
        f'<div class="site-name"><a href="/">{story.outlet}</a></div><article class="node node--type-article">'
        f'<h1><span class="field--name-title">{story.title}</span></h1><footer class="node__meta">'
        f'<div class="node__submitted">{story.by}'
        f'<span class="field--name-uid">{story.author}</span> <span '
        f'class="field--name-created">{story.shown}</span></div></footer>'
        + field.format("subtitle", story.summary)
        + field.format("image", '<img src="/sites/default/files/quay-2019.jpg">')
        + field.format("image-caption", story.caption)
        + f'<div class="field--name-body">{body(story)}</div>'
        + field.format("source", story.source)
        + f"</article>{cards(story, 'view-related')}<section class='comments'>"
        + f"<article><p>{story.remark}</p></article></section>"
    )


def tables(story: Story) -> str:
    """A page of 2003: tables, fonts and no names."""
    menu = "".join(f"<a href='/{n}'><font size=2>{n}</font></a><br>" for n in range(6))
    return (
        f"<table><tr><td><a href='/'><img src='/logo.gif' alt='{story.outlet}'></a></td></tr></table>"
        f"<table><tr><td width=120>{menu}</td><td><table><tr><td><font size=5><b>{story.title}</b></font></td></tr>"
        f"<tr><td><font size=1>{story.shown}</font></td></tr><tr><td>"
        f"<font size=2>{story.by}{story.author}</font></td></tr>"
        f"<tr><td><img src='/up/quay-2019.jpg' width=400><br><font size=1><i>{story.caption}</i></font></td></tr>"
        f"<tr><td>{body(story)}<p align=left><b>{story.source}</b></p></td></tr></table></td>"
        f"<td width=160>{cards(story, 'box')}</td></tr></table>"
    )


def scripted(story: Story) -> str:
    """Names made by a build, as of styled components."""
    text = body(story, paragraph='<p class="css-9r">{}</p>')
    return (
        f'<div class="sc-a1"><a class="sc-b2" href="/"><svg></svg></a></div><main class="css-1x">'
        f'<div class="css-2y"><h1 class="css-3z">{story.title}</h1>'
        f'<h2 class="css-4w">{story.summary}</h2><div class="css-5v">'
        f'<span>{story.by}<a href="/authors/7">{story.author}</a></span>'
        f'<time datetime="2019-04-16T09:30:00+02:00">{story.shown}</time></div></div>'
        f'<div class="css-6u"><picture><source srcset="/up/quay-2019.jpg 900w"><img src="/blank.gif">'
        f'</picture><div class="css-7t">{story.caption}</div></div>'
        f'<div class="css-8s">{text}</div><div class="css-aa">{story.source}</div></main>'
        f'<aside class="css-bb">{cards(story, "css-cc")}</aside>'
    )


SYSTEMS = (blogger, wordpress, joomla, spip, drupal, tables, scripted)


def archived(markup: str, story: Story) -> Article:
    head = f"<title>{story.title} | {story.outlet}</title><meta property='og:site_name' content='{story.outlet}'>"
    html = f"<!DOCTYPE html><html lang={story.language}><head>{head}</head><body>{markup}</body></html>"
    page = Page(
        url=ADDRESS,
        body=html.encode(),
        content_type="text/html; charset=utf-8",
        captured_at=datetime(2019, 5, 2, tzinfo=UTC),
        timezone="Africa/Tripoli",
    )
    found = extract(page).article
    assert found is not None
    return found


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.language)
@pytest.mark.parametrize("system", SYSTEMS, ids=lambda system: system.__name__)
def test_parts_of_a_story(system: Callable[[Story], str], story: Story) -> None:
    """Every part of the story is found, and nothing of the page around it."""
    found = archived(system(story), story)
    first, second, third, last = story.paragraphs
    assert found.title == story.title
    assert found.text.split("\n\n") == [first, second, story.heading, third, "\n".join(story.items), last]
    assert found.standfirst == (None if system is tables else story.summary)
    assert found.authors == (story.author,)
    assert (found.published_at or "").startswith(DAY)
    assert found.dateline is not None
    assert found.dateline.text == story.place
    assert found.agencies == (story.agency,)
    assert [(image.url.rsplit("/", 1)[-1], image.caption) for image in found.images] == [
        ("quay-2019.jpg", story.caption)
    ]

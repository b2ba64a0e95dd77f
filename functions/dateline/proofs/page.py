"""The printable page in a proof: its meaning and its limits, in English, French and Arabic."""

from collections.abc import Mapping, Sequence
from html import escape
from itertools import pairwise

from dateline.article import Article
from dateline.query.diff import Piece, between

MARKS = {"same": "{}", "removed": "[-{}-]", "added": "{{+{}+}}"}  # as git marks words
_TAGS = {"same": "{}", "removed": "<del>{}</del>", "added": "<ins>{}</ins>"}
_RIGHT_TO_LEFT = {"ar", "fa", "ur", "he", "ku", "ps"}
_STYLE = (
    "body{max-width:46em;margin:2em auto;padding:0 1em;font:1rem/1.6 serif;color:#1f2328;background:#fff}"
    "h1{line-height:1.3}h2{font-size:1.3rem}h3{font-size:1.05rem;margin-bottom:.3em}h3+p{margin-top:0}"
    "section{border-top:1px solid #d0d7de;margin-top:2em}h2 span{display:block}"
    "a,code,td{overflow-wrap:anywhere}pre{white-space:pre-wrap;background:#f6f8fa;padding:.6em}"
    "table{font-size:.85rem;border-spacing:0}td,th{text-align:start;vertical-align:top;padding:.3em .8em .3em 0}"
    "td:last-child{font-family:monospace}ins{background:#dafbe1}del{background:#ffebe9}"
    "@page{margin:2cm}@media print{body{margin:0;max-width:none;font-size:10.5pt}"
    "h1,h2,h3{break-after:avoid}tr,.explained{break-inside:avoid}}"
)
_TEXTS = {
    "en": {
        "title": "Proof of a captured story",
        "proved": "What this proof shows",
        "proved_text": (
            "The WARC records in this file are, byte for byte, in the archive's daily tree of {days}. An independent "
            "timestamp authority saw the root of that tree at the time that verify.py prints. Nobody can change the "
            "records, their URLs or their dates after that time without the check failing. A certificate here is "
            "the one that the crawler says the server showed."
        ),
        "not": "What it does not show",
        "not_text": (
            "It does not show that the story is true, nor that the server sent everybody the same page. The date and "
            "the URL are those that the archive's crawler wrote; the timestamp proves only that they were written "
            "before it. The certificate does not sign the page. The text below was extracted by software, and nothing "
            "proves it; the page itself is in the records."
        ),
        "how": "How to check it",
        "how_text": "Run this with Python 3.9 or newer and openssl, no network needed; get the key from another place:",
        "records": "Records",
        "changed": "What changed from revision {before} to revision {after}",
        "text": "Revision {number}, captured {at}",
    },
    "fr": {
        "title": "Preuve d’un article capturé",
        "proved": "Ce que cette preuve établit",
        "proved_text": (
            "Les enregistrements WARC de ce fichier figurent, octet pour octet, dans l’arbre quotidien de l’archive du "
            "{days}. Une autorité d’horodatage indépendante a vu la racine de cet arbre à l’heure que verify.py "
            "affiche. Après cette heure, personne ne peut modifier les enregistrements, leurs URL ou leurs dates sans "
            "que la vérification échoue. Un certificat dans ce fichier est celui que le serveur a présenté, selon le "
            "robot."
        ),
        "not": "Ce qu’elle n’établit pas",
        "not_text": (
            "Elle n’établit ni que l’article dit vrai, ni que le serveur a envoyé la même page à tous. La date et "
            "l’URL sont celles que le robot de l’archive a notées ; l’horodatage prouve seulement qu’elles l’ont été "
            "avant lui. Le certificat ne signe pas la page. Le texte ci-dessous a été extrait par un logiciel et rien "
            "ne le prouve ; la page elle-même est dans les enregistrements."
        ),
        "how": "Comment vérifier",
        "how_text": "Avec Python 3.9 ou plus récent et openssl, sans réseau ; obtenez la clé par une autre voie :",
        "records": "Enregistrements",
        "changed": "Ce qui a changé de la révision {before} à la révision {after}",
        "text": "Révision {number}, capturée le {at}",
    },
    "ar": {
        "title": "إثبات خبر محفوظ",
        "proved": "ما يثبته هذا الملف",
        "proved_text": (
            "سجلات WARC في هذا الملف موجودة بايتًا ببايت في الشجرة اليومية للأرشيف ليوم {days}. وقد اطلعت جهة مستقلة "
            "لختم الوقت على جذر هذه الشجرة في الوقت الذي يعرضه verify.py. ولا يستطيع أحد بعد ذلك الوقت "
            "تغيير السجلات أو عناوينها أو تواريخها من دون أن يفشل التحقق. وإن وُجدت شهادة في هذا الملف فهي التي عرضها "
            "الخادم بحسب برنامج الأرشيف."
        ),
        "not": "ما لا يثبته",
        "not_text": (
            "لا يثبت أن الخبر صحيح، ولا أن الخادم أرسل الصفحة نفسها إلى الجميع. التاريخ والعنوان كما سجلهما برنامج "
            "الأرشيف، ولا يثبت ختم الوقت إلا أنهما سُجلا قبله. "
            "والشهادة لا توقّع الصفحة. النص أدناه استخرجه برنامج ولا شيء يثبته، أما الصفحة نفسها ففي السجلات."
        ),
        "how": "كيفية التحقق",
        "how_text": "ببرنامج Python 3.9 أو أحدث وopenssl، من دون شبكة، مع الحصول على المفتاح من مصدر آخر:",
        "records": "السجلات",
        "changed": "ما تغير من النسخة {before} إلى النسخة {after}",
        "text": "النسخة {number}، حُفظت في {at}",
    },
}
_COMMAND = "python3 verify.py story.proof.zip --key key.pem --authority authority.pem"


def of(articles: Sequence[Article], leaves: Sequence[Mapping[str, str]], days: Sequence[str]) -> str:
    """Return the page: the story, an explanation in each language, the records, each revision, and what changed."""
    shown = [_story(articles[-1]), *(_explanation(language, days) for language in _TEXTS)]
    shown += [_records(leaves), *map(_revision, articles)]
    shown += [_difference(before, after) for before, after in pairwise(articles)]
    head = (
        f'<meta charset="utf-8"><title>{escape(articles[-1].title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style>'
    )
    return "\n".join(['<!doctype html>\n<html lang="en">', head, *shown, "</html>\n"])


def _story(article: Article) -> str:
    url = f'<p dir="ltr"><code>{escape(article.url)}</code></p>'
    return f"<header><h1 {_language(article)}>{escape(article.title)}</h1>{url}</header>"


def _explanation(language: str, days: Sequence[str]) -> str:
    text = _TEXTS[language]
    named = ", ".join(map(_left_to_right, days))
    said = {name: text[f"{name}_text"].format(days=named) for name in ("proved", "not", "how")}
    parts = [f"<h2>{text['title']}</h2>", *(f"<h3>{text[name]}</h3><p>{words}</p>" for name, words in said.items())]
    command = f'<pre dir="ltr">{_COMMAND}</pre>'
    tag = f'<section class="explained" lang="{language}" dir="{_direction(language)}">'
    return f"{tag}{''.join(parts)}{command}</section>"


def _records(leaves: Sequence[Mapping[str, str]]) -> str:
    rows = "".join(f"<tr>{''.join(map(_cell, _shown(leaf)))}</tr>" for leaf in leaves)
    head = "<tr><th>WARC-Type<th>WARC-Date<th>WARC-Target-URI<th>SHA-256</tr>"
    return f'<section><h2>{_each("records")}</h2><table dir="ltr">{head}{rows}</table></section>'


def _shown(leaf: Mapping[str, str]) -> list[str]:
    return [leaf.get(name, "") for name in ("type", "date", "uri", "record")]


def _cell(text: str) -> str:
    return f"<td>{escape(text)}</td>"


def _revision(article: Article) -> str:
    heads = _each("text", number=article.revision, at=article.captured_at)
    paragraphs = "".join(f"<p>{escape(block)}</p>" for block in article.text.split("\n\n"))
    inner = f"<h3>{escape(article.title)}</h3>" + (
        f"<p><em>{escape(article.standfirst)}</em></p>" if article.standfirst else ""
    )
    return f"<section><h2>{heads}</h2><div {_language(article)}>{inner}{paragraphs}</div></section>"


def _difference(before: Article, after: Article) -> str:
    change = between(before, after)
    paragraphs = "".join(f"<p>{_pieces(paragraph)}</p>" for paragraph in (change.title, *change.paragraphs))
    heads = _each("changed", before=before.revision, after=after.revision)
    return f"<section><h2>{heads}</h2><div {_language(after)}>{paragraphs}</div></section>"


def _pieces(pieces: Sequence[Piece]) -> str:
    return "".join(_TAGS[piece.kind].format(escape(piece.text)) for piece in pieces)


def _each(name: str, **values: object) -> str:
    """A heading in each language, one under the other."""
    shown = {key: _left_to_right(value) for key, value in values.items()}
    return "".join(
        f'<span lang="{language}" dir="{_direction(language)}">{text[name].format(**shown)}</span>'
        for language, text in _TEXTS.items()
    )


def _left_to_right(value: object) -> str:
    """A date or a number as it is written, in a text of either direction."""
    return f'<bdi dir="ltr">{escape(f"{value}")}</bdi>'


def _language(article: Article) -> str:
    language = escape(article.language or "")
    return f'lang="{language}" dir="{_direction(language)}"' if language else 'dir="auto"'


def _direction(language: str) -> str:
    return "rtl" if language.partition("-")[0] in _RIGHT_TO_LEFT else "ltr"

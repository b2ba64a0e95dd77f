r"""Boilerplate lines inside stories, in the languages of the archive's outlets.

Each line serves several outlets of the labelled pages, or is the usual wording of the region's languages.

A pattern matches a whole short line, so prose with a quotation of the phrase stays. In the patterns a space is any
white space and ``…`` is any text of some length.
"""

import re
from functools import cache

# A label before a link to another story: "Read also: …", or alone.
_POINTERS = r"""
(also )?read( (more|also|next|the full|this|on))?
see (also|more)
more( (on|from|about|stories|news|coverage|to read|like this))?
more from [^.]{2,30}
most (read|popular|viewed)( (in|on) …)?
related( (stories|articles|news|video|coverage|topics|content|posts?))?
recommended( (stories|reading|videos?|by our editors|for you))?
watch( (more|now|live|below))?
listen
you (may|might) also (like|be interested in)
[àa] lire( (aussi|également))?
lire (aussi|également|la suite|plus)
voir aussi
sur le même (sujet|thème)
nos articles
dans la même rubrique
(ilgili|benzer|diğer) haber(ler)?
ayrıca oku(yun)?
bunu da oku
devamını oku
haberin devamı
önerilen haber(ler)?
(ا?قرأ|إقرأ|اقرئي|طالع|شاهد|تابع)(وا)? ?(أيضا|أيضًا|ايضا|أيضاً|المزيد|كذلك)
(مواضيع|مقالات|أخبار|قصص) (ذات صلة|متعلقة|مشابهة)
المزيد (من|عن)
(خبر|بیشتر) بخوانید
(our coverage|explore more|stay connected|people are also reading|like what you['’]?re reading\??)
lesen sie auch
auch interessant
(lee|vea|mira) también
mehr (zum thema|themen( auf [\w.]+)?|dazu)
leggi anche
"""

# Boilerplate at any position.
_WHOLE = r"""
(share|tweet|e?-?mail|print|save|copy link|link copied!?|advertisement|image|video|photo|gallery|tags?|topics?)
(sponsored|promoted|article content|enter now|sign in|log in|loading\.*|skip advert\w*)
((\d+ |no )?comments?|leave a (comment|reply))
this article (has been reviewed|was featured in|originally appeared|first appeared|is republished)…
(please )?(share|tweet|pin|e-?mail) (this|on|via|to|with) …
(partager|imprimer|commenter|commentaires?|publicité|passer la publicité)
la suite après (la|cette) publicité
(partager (sur|cet|l['’]article)|envoyer par) …
(paylaş|yazdır|yorum(lar)?|yorum yap|reklam|etiketler|haberler)
(facebook|twitter|whatsapp)['’](ta|da) paylaş
(شارك|مشاركة|طباعة|اطبع|تعليقات?|إعلان|الوسوم|كلمات (مفتاحية|دلالية)|انسخ الرابط)
شارك(ها|ه)? (على|عبر|المقال|الخبر)…
((facebook|twitter|whatsapp|telegram|linkedin|instagram|pinterest|messenger|viber|youtube|email|x)[ |,·/]*)+
((فيسبوك|تويتر|واتساب|تلغرام)[ |،·/]*)+
(\*+ ?)?(please )?(sign up|subscribe|register|get|follow|join|download|click here|like) …(newsletters?|inbox|alerts?)…
(\*+ ?)?(please )?(sign up|get|follow|join|download|like) …(e-?mail|whats?app|telegram|our (app|channel|page))…
(please )?(follow|like|join|find) …on (facebook|twitter|instagram|youtube|google news|x)…
(by signing up|by subscribing|by submitting|you can unsubscribe|your information will be used)…
(inscrivez-vous|abonnez-vous|recevez|suivez-nous|rejoignez) …
(اشترك(وا)?|تابعونا|تابعنا|انضم(وا)?|سجل الآن|حمل (التطبيق|تطبيق)|لمتابعة آخر)…
(all rights reserved|tous droits réservés|جميع الحقوق محفوظة|tüm hakları saklıdır)…
(tags?|topics|mots-clés|etiketler|الوسوم|الكلمات (المفتاحية|الدلالية)) ?[:：]…
(get in touch|do you have a (story|tip)|got a (story|tip)|have a (story|news tip))…
for more (stories|news|information) (like this|check|visit|click|follow|on)…
(empfohlener (redaktioneller|externer) inhalt|an dieser stelle finden sie|ich bin damit einverstanden)…
(did you (like|enjoy) this|(wie )?hat (ihnen|dir) (dieser|der) (artikel|beitrag)|cet article vous a|te ha gustado)…
(buy tickets?|shop now|book now|learn more|find out more|contents|newsletters?)
\(?(photos?|images?|pictures?|fotos?|bild|immagine|crédits?|foto[gğ]raf|görsel)( credits?)?( ?[:/©]| by| di) ?.{2,60}
\(?(صورة|صور|تصوير|عدسة) ?[:：/] ?.{2,60}
(this slideshow requires javascript|tell us what you think|discuss this in the forum)…
want (more|great|the latest|weekly|to (get|read|bookmark)) …(inbox|newsletters?|sign up|subscription)…
(subscribe|sign up|log in) (to|and|for|with) …
\[[a-z_]+ [\w-]+=…\]
[_\-=*•·.~–— |]+
"""

# Phrases of boilerplate only; each is searched in lines with its word alone.
_WITHIN = {
    "cookies": (r"^.{0,30}\b(we|nous|wir|(this|our) (web)?site|(ce|notre) site|diese (web)?seite)\b.{0,60}\bcookies\b"),
    "çerez": "^.{0,60}çerez(ler)? kullan",
    "تعريف الارتباط": "^.{0,40}[نيت]ستخدم.{0,40}ملفات تعريف الارتباط",
    "©": "©",
    "(c)": r"\(c\)",
    "ⓒ": "ⓒ",
    "copyright": r"copyright\b",
    "sign": r"\bsign up\b.{0,260}(\bhere\b|\bnewsletters?\b|\bnow\b|\btoday\b)",
    "subscribe": r"\bsubscribe\b.{0,260}(\bhere\b|\bnewsletters?\b|\bnow\b|\btoday\b)",
    "earn": r"\bwe (may |might |could )?earn .{0,80}(commission|revenue|share)",
    "delivered": r"\bdelivered (right |straight |directly )?(to|through) your\b",
    "abonnés": "réservée? aux abonnés",
    "reste": r"il vous reste [\d.,]+ ?%",
    "bülten": "bültenimize|bültene",
    "abone": "abone ol",
    "google": "google news['’]te takip",
    "(@": r"^[^.!?؟]{0,80}\(@[\w.]+\)[^.!?؟]{0,60}$",  # the signature of an embedded post
    "kanal": "(whatsapp|telegram) kanalı",
}

# Links for readers and counters of them, in a line of their own.
_TOOLS = (
    "print|share|e-?mail|save|imprimer|partager|envoyer|yazdır|paylaş|طباعة|اطبع|شارك|مشاركة|أرسل|چاپ|ارسال"
    "|اشتراک.?گذاری"
)
_COUNTED = (
    "views?|reads|hits|lectures|vues|visites|okunma|okundu|görüntülenme|gösterim"
    "|(?:عدد )?(?:المشاهدات|القراءات|الزيارات)|مشاهدة|مشاهدات|قراءة|زيارة|بازدید|نمایش"
)

# Sign-offs: not the story's, if only others like them follow.
_ENDINGS = r"""
\(?(additional )?(reporting|writing|editing|compiled|edited|written)( and \w+)? by …
with (files|inputs?|additional reporting|agencies|information|afp|ap|reuters)…
avec (afp|agences|reuters|ap)…
mit (agenturmaterial|dpa|afp)…
(sources?|via|المصدر|kaynak|quelle) ?[:：]…
….{{0,160}}contributed to this (report|story|article|piece)\.?
this (article|piece|story|post|interview|episode) (has been |was )?(originally |first )?{made}…
(do you|would you|want to|are you) …(reach out|e-?mail|contact|get in touch|submit|looking forward)…
(?-i:— ?[A-Z][\w.'’-]+( [A-Z][\w.'’-]+){{0,4}})
(for more (?!than\b)|to learn more|find out more|read more)…(\b(visit|click|contact|stream|follow)\b|https?:|www\.)…
(sendung|dieses thema im programm|quelle|redaktion|mitarbeit|lektorat|übersetzung|aus dem \w+ von) ?: …
(?-i:[A-Z]{{2,8}}( [A-Z]{{2,10}})? ?\([^)]{{2,60}}\)|\([a-z]{{2,4}}(/\w{{2,8}})*\)|[A-Z]{{2,5}}/[a-z]{{2,4}})
(?-i:{name}( \w+)? ?: {name}( {name}){{0,3}})
{name}( {name}){{1,3}} (is|are|was) (an?|the) ([\w'’-]+ ){{0,8}}{trade}…
(more information|provided by|citation|related|source|first published)[ :：]…
\(?({agency})( ?[/,;–-] ?[\w ]{{2,20}})?\)?
"""
_TRADES = (
    "reporter|editor|writer|correspondent|journalist|columnist|professor|lecturer|fellow|author|director|producer"
    "|contributor|researcher"
)
_MADE = "(appeared|published|edited|produced|condensed)"
_AGENCIES = (
    "afp|ap|reuters|aa|dpa|apa|anka|iha|dha|wafa|petra|sana|mena|aps|tap|map|lana|spa|kuna"
    "|وكالات|رويترز|أ ?ف ?ب|فرانس برس"
)
SENTENCE_END = re.compile(r"[.!?…。؟۔։:][\"'”’»)\]]*$")
_BULLET = r"[\[(>*•▪■►»\-–\s]*"
_GROUP = re.compile(r"(?<!\\)\((?!\?)")  # nothing is read from groups
_LONGEST_BAR = 120  # characters
_LONGEST = 420  # characters: a longer line is prose, whatever it begins with


def is_boilerplate(line: str) -> bool:
    """Whether a line, wherever it stands in a story, is none of it."""
    if len(line) >= _LONGEST:
        return False
    if len(line) < _LONGEST_BAR and _bar().fullmatch(line.strip()):
        return True
    folded = line.casefold().replace("i\u0307", "i").replace("ı", "i")  # the patterns take Turkish letters for i
    within = (pattern.search(line) for word, pattern in _within().items() if word in folded)
    return _line().fullmatch(line.strip()) is not None or any(within)


def is_ending(line: str) -> bool:
    """Return whether a last line is a sign-off: credits, a biography, further reading."""
    return len(line) < _LONGEST and (_end().fullmatch(line.strip()) is not None or is_boilerplate(line))


# Compiled when first used, not at the import, which is a function's cold start.
@cache
def _line() -> re.Pattern[str]:
    after = r"\s*(?:[:：>»…|\]].{0,220}|[.\])]*)"
    return re.compile(rf"{_BULLET}(?:(?:{_any(_POINTERS)}){after}|(?:{_any(_WHOLE)})\s*[:|]*)", re.IGNORECASE)


@cache
def _bar() -> re.Pattern[str]:
    part = rf"(?:{_TOOLS}|(?:{_COUNTED})\s*[:：]?\s*\d[\d.,]*|\d[\d.,]*\s*(?:{_COUNTED}))"
    return re.compile(rf"{part}(?:[\s|,·•/–-]+{part}){{0,6}}", re.IGNORECASE)


@cache
def _within() -> dict[str, re.Pattern[str]]:
    return {word: re.compile(_any(pattern), re.IGNORECASE) for word, pattern in _WITHIN.items()}


@cache
def _end() -> re.Pattern[str]:
    spelled = _ENDINGS.format(name=r"[A-ZÀ-Ý][\w.'’-]+", trade=rf"(?:{_TRADES})\b", agency=_AGENCIES, made=_MADE)
    return re.compile(_any(spelled), re.IGNORECASE)


def _any(lines: str) -> str:
    spelled = lines.strip().replace(" ?", r"\s?").replace(" ", r"\s+").replace("…", r".{0,260}")
    return "|".join(f"(?:{line})" for line in _GROUP.sub("(?:", spelled).splitlines())

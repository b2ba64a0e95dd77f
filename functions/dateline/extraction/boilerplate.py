"""Lines that outlets set inside their stories and that are no part of them, in the languages of the archive's outlets.

Every pattern matches a whole short line: prose that quotes one of these phrases stays.
"""

import re

_ANYWHERE = r"""
# read also
(?:[\[(>*•▪■►»\-–\s]*)(?:(?:also\s+)?read(?:\s+(?:more|also|next|the\s+full|this|on))?|see\s+(?:also|more)|more|related(?:\s+(?:stories|articles|news|video|coverage|topics|content|posts?))?
  |more\s+(?:on|from|stories|news|coverage|to\s+read)|don['’]?t\s+miss|must\s+read|recommended(?:\s+(?:stories|reading))?|watch(?:\s+(?:more|now|live|below))?|listen|what\s+to\s+read\s+next|you\s+(?:may|might)\s+also\s+(?:like|be\s+interested\s+in)
  |à\s+lire(?:\s+(?:aussi|également))?|lire\s+(?:aussi|également|la\s+suite|plus)|voir\s+aussi|sur\s+le\s+même\s+(?:sujet|thème)|nos\s+articles|dans\s+la\s+même\s+rubrique|a\s+lire\s+aussi
  |(?:ilgili|benzer|diğer)\s+haber(?:ler)?|ayrıca\s+oku(?:yun)?|bunu\s+da\s+oku|devamını\s+oku|haberin\s+devamı|önerilen\s+haberler?
  |(?:ا?قرأ|إقرأ|اقرئي|طالع|شاهد|تابع)(?:وا)?\s*(?:أيضا|أيضًا|ايضا|أيضاً|المزيد|كذلك)|مواضيع\s+(?:ذات\s+صلة|متعلقة)|(?:مقالات|أخبار|قصص)\s+(?:ذات\s+صلة|مشابهة|متعلقة)|المزيد\s+(?:من|عن)|اقرأ\s+في
  |lesen\s+sie\s+auch|auch\s+interessant|mehr\s+zum\s+thema|mehr\s+(?:themen|dazu)|lee\s+también|leggi\s+anche|leia\s+(?:também|mais)
)\s*(?:[:：>»…|\]].{0,220}|[.\])]*)
# share, comment, print, follow
|(?:share|tweet|e?-?mail|print|save|copy\s+link|link\s+copied!?|comments?|no\s+comments?|leave\s+a\s+(?:comment|reply)|\d*\s*comments?|advertisement(?:\s+-\s+scroll\s+to\s+continue)?|article\s+continues\s+below(?:\s+advertisement)?|story\s+continues(?:\s+below.{0,30})?|skip\s+advert\w*|loading\.*|image|video|photo|gallery|tags?|topics?|sponsored|promoted|article\s+content|enter\s+now|sign\s+in|log\s+in|listen\s+to\s+this\s+article.{0,30}|\(?opens\s+in\s+(?:a\s+)?new\s+(?:window|tab)\)?)\s*[:|]*
|(?:please\s+)?(?:share|tweet|pin|e-?mail)\s+(?:this|on|via|to|with)\b.{0,60}
|(?:partager|imprimer|commenter|commentaires?|passer\s+la\s+publicité|publicité|la\s+suite\s+après\s+(?:la|cette)\s+publicité|envoyer\s+par\s+e?-?mail|partager\s+(?:sur|cet|l['’]article).{0,40})\s*:?
|(?:paylaş|yazdır|yorum(?:lar)?|yorum\s+yap|reklam|etiketler|haberler|facebook['’]ta\s+paylaş|twitter['’]da\s+paylaş)\s*:?
|(?:شارك|مشاركة|طباعة|اطبع|تعليقات?|إعلان|الوسوم|كلمات\s+(?:مفتاحية|دلالية)|انسخ\s+الرابط|شارك(?:ها|ه)?\s+(?:على|عبر|المقال|الخبر).{0,40})\s*:?
|(?:facebook|twitter|whatsapp|telegram|linkedin|instagram|pinterest|messenger|viber|x|youtube|فيسبوك|تويتر|واتساب|تلغرام)(?:[\s|,·/]+(?:facebook|twitter|whatsapp|telegram|linkedin|instagram|pinterest|messenger|viber|x|youtube|email|فيسبوك|تويتر|واتساب|تلغرام))*
# newsletters and subscriptions
|(?:\*+\s*)?(?:please\s+)?(?:sign\s+up|subscribe|register|get|follow|join|download|click\s+here|like)\b.{0,160}\b(?:newsletters?|inbox|e-?mail(?:s|\s+list)?|alerts?|whats?app(?:\s+channel)?|telegram(?:\s+channel)?|our\s+(?:app|channel|page)|on\s+(?:facebook|twitter|instagram|youtube|google\s+news|x)\b).{0,120}
|.{0,160}\b(?:sign\s+up|subscribe)\b.{0,60}\b(?:here|newsletters?|now|today)\b.{0,60}
|(?:by\s+signing\s+up|by\s+subscribing|you\s+can\s+unsubscribe|your\s+information\s+will\s+be\s+used|this\s+site\s+is\s+protected\s+by\s+recaptcha|by\s+submitting).{0,260}
|(?:inscrivez-vous|abonnez-vous|recevez|suivez-nous|rejoignez)\b.{0,200}
|.{0,80}\b(?:réservée?\s+aux\s+abonnés|il\s+vous\s+reste\s+[\d.,]+\s*%)\b.{0,160}
|.{0,60}(?:bültenimize|bültene|abone\s+ol|google\s+news['’]te\s+takip|whatsapp\s+kanalı|telegram\s+kanalı).{0,120}
|(?:اشترك(?:وا)?|تابعونا|تابعنا|انضم(?:وا)?|سجل\s+الآن|حمل\s+(?:التطبيق|تطبيق)|لمتابعة\s+آخر).{0,160}
# sign-offs and rights
|.{0,40}(?:©|\(c\)|copyright\b|ⓒ).{0,200}
|all\s+rights\s+reserved\.?.{0,160}|tous\s+droits\s+réservés.{0,100}|جميع\s+الحقوق\s+محفوظة.{0,100}|tüm\s+hakları\s+saklıdır.{0,100}
|our\s+standards:.{0,80}|(?:filed|posted|published)\s+(?:under|in):.{0,120}|(?:tags?|topics|mots-clés|etiketler|الوسوم|الكلمات\s+(?:المفتاحية|الدلالية))\s*[:：].{0,200}
|(?:follow|contact|reach|e-?mail)\s+(?:the\s+)?(?:reporters?|authors?|us|me|him|her|[A-Z]\w+\s+[A-Z]\w+)\b.{0,30}\b(?:on|at|via)\b.{0,120}
|(?:get\s+in\s+touch|do\s+you\s+have\s+a\s+(?:story|tip)|got\s+a\s+(?:story|tip)|have\s+a\s+(?:story|news\s+tip)).{0,160}
|for\s+more\s+(?:stories|news|information)\b.{0,20}\b(?:like\s+this|check|visit|click|follow).{0,120}
|if\s+you\s+(?:buy|purchase)\s+something\s+.{0,160}|.{0,80}\bmay\s+(?:earn|receive)\s+a\s+(?:commission|share).{0,100}
|this\s+article\s+(?:has\s+been\s+reviewed|was\s+featured\s+in|originally\s+appeared|first\s+appeared|is\s+republished|was\s+originally\s+published)\b.{0,260}
|(?:empfohlener\s+(?:redaktioneller|externer)\s+inhalt|an\s+dieser\s+stelle\s+finden\s+sie|ich\s+bin\s+damit\s+einverstanden|fehler\s+gefunden\?).{0,260}
|[_\-=*•·.~–—\s|]+
"""
_ENDING = r"""
(?:\(?(?:additional\s+)?(?:reporting|writing|editing|compiled|edited|written)\s+by\b.{0,300}\)?)
|(?:with\s+(?:files|inputs?|additional\s+reporting|agencies|information|afp|ap|reuters)|avec\s+(?:afp|agences|reuters|ap)|mit\s+(?:agenturmaterial|dpa|afp)|source\s*:|sources\s*:|المصدر\s*:|kaynak\s*:|quelle\s*:)\b.{0,160}
|[A-Z][\w.'’-]+(?:\s+[A-Z][\w.'’-]+){0,3}\s+(?:reported|contributed)\s+(?:from|to)\b.{0,160}
|(?:associated\s+press|ap|reuters|afp)\s+(?:writers?|reporters?|journalists?|staff)\b.{0,300}
|[A-Z][\w.'’-]+(?:\s+[A-Z][\w.'’-]+){1,3}\s+(?:is|are|was)\s+(?:an?|the)\s+(?:[\w'’-]+\s+){0,8}(?:reporter|editor|writer|correspondent|journalist|columnist|professor|lecturer|fellow|author|director|producer|contributor|researcher)\b.{0,400}
|(?:more\s+information|provided\s+by|citation|related|source|via|first\s+published)\b\s*[:：]?.{0,300}
|(?:enjoying\s+our\s+latest\s+content|log\s+in\s+or\s+create|access\s+the\s+most\s+recent|explore\s+the\s+latest|read\s+more|continue\s+reading).{0,200}
|(?:our\s+(?:community|website|team|newsroom))\b.{0,300}
|\(?(?:afp|ap|reuters|aa|dpa|apa|anka|iha|dha|wafa|petra|sana|mena|aps|tap|map|lana|spa|kuna|وكالات|رويترز|أ\s?ف\s?ب|فرانس\s+برس)(?:\s*[/,;–-]\s*[\w\s]{2,20})?\)?
"""
_FLAGS = re.IGNORECASE | re.VERBOSE
_LINE = re.compile(_ANYWHERE, _FLAGS)
_END = re.compile(_ENDING, _FLAGS)
_LONGEST = 420  # characters: a longer line is prose, whatever it begins with


def is_boilerplate(line: str) -> bool:
    """Whether a line, wherever it stands in a story, is none of it."""
    return len(line) < _LONGEST and _LINE.fullmatch(line.strip()) is not None


def is_ending(line: str) -> bool:
    """Whether a line is a sign-off where it is the last one: credits, a biography, where more is to be found."""
    return len(line) < _LONGEST and (_END.fullmatch(line.strip()) is not None or is_boilerplate(line))

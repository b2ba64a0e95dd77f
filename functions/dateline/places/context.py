"""Context: clues beside a name that it means a place, a street, a person, or a city instead of its country.

The clues cover English, French, Arabic and Turkish at once, in ``normalize`` form: a clue in one language is hardly
ever a word of another. ``before`` ends at the start of the name, and ``after`` begins at its end.
"""

import re

_KINDS = (
    "[Cc]ity|[Tt]own|[Vv]illage|[Pp]ort|[Vv]ille|[Cc]ommune|[Ww]ilaya|[Gg]ouvernorat|[Pp]rovince|[Rr]egion",
    "مدينه|بلده|بلديه|قريه|ولايه|محافظه|اقليم|منطقه|قضا|مديريه|واحه|جمهوريه|دوله|محافظ|والي|عميد|عمده",
)
_LEADS = (
    "in|at|from|to|near|outside|around|through|via|into|towards?|between|across|off|of|reach(?:ed|es)?|left|leaves?",
    "a|au|aux|dans|de|depuis|entre|pour|pres de|vers",
    "في|من|الي|نحو|باتجاه|قرب|بين|حتي|عبر|اهالي|سكان|عمداء|مينا|مطار|معبر|حكومه|رئيس|سفير|سفاره|طريق|محطه|جامعه|مستشفي|ضواحي|ريف",
    "شمال|جنوب|شرق|غرب|وسط|شمالي|جنوبي|شرقي|غربي",
)
_KIND_BEFORE = re.compile(rf"(?:\b(?:{_KINDS[0]}) (?:of |de |d')|(?<!\w)[وف]?[بل]?(?:{_KINDS[1]}) )$")
_KIND_AFTER = re.compile(r" (?:kent|sehr|ilce|il[id]|province|governorate|district|city\b|town\b)")
_LEAD_BEFORE = re.compile(
    rf"(?:\b(?:{_LEADS[0]}|{_LEADS[1]}) |\bd'|(?<!\w)[وف]?(?:{_LEADS[2]}|{_LEADS[3]}) )$",
)
_ENDING_AFTER = re.compile(r"'[a-z]{1,5}\b")  # of Turkish cases, and the English possessive

_AND = re.compile(r"(?:,? (?:and|et|ou|or|ve|ile) (?:(?:the|la|le) |l')?|[,،] ?(?:و ?)?| و ?)")
# Tripoli, in the north of Lebanon; Libya's capital Tripoli
_WORDS_OF_LYING_IN = (
    "in|of|the|au|en|du|de|la|le|l'|a|city|town|village|port|capitale?|ville|kenti|baskenti",
    "(?:north|south|east|west)(?:ern)?|nord|sud|est|ouest|kuzeyi?|guneyi?|dogusu|batisi",
    "[فوب]?في|[بل]?(?:شمال|جنوب|شرق|غرب|وسط)|مدينه|بلده|العاصمه",
)
_LYING_IN = re.compile(rf"(?:,? |، ?|'[a-z]{{0,4}} )(?:(?:{'|'.join(_WORDS_OF_LYING_IN)}) ?){{0,4}}")

_CITY_BEFORE = re.compile(r"(?:\b(?:capitale?|[Cc]ity of|[Vv]ille d[e']|[Bb]askenti?)|العاصمه|مدينه) ?$")
_CITY_AFTER = re.compile(r" (?:[Cc]ity|kent|sehr)|(?: ال| )عاصمه")

_STREETS = "[Rr]ue|[Aa]venue|[Bb]oulevard|[Bb]d", "شارع|جاده|فندق|صحيفه|نادي"
_STREET_BEFORE = re.compile(
    rf"(?:\b(?:{_STREETS[0]})(?: de la| de| du| d')?|(?<!\w)[وبل]?(?:{_STREETS[1]})) ?$",
)
_STREET_AFTER = re.compile(r" (?:Street|Road|Avenue|Boulevard|Square|Caddesi|Sokag|Bulvar|Meydan)")

# Bodies called after places: Quds Force, فيلق القدس, the Tripoli Post, بنك القاهرة.
_BODIES = (
    "Force|Corps|Brigades?|FC|AS|AC|RC|SC|Radio|Bank of|Banque de",
    ("فيلق|سرايا|كتايب|كتيبه|لوا|الويه|قوه|حزب|حركه|قناه|اذاعه|تلفزيون|بنك|مصرف|مجله|جريده|صحيفه|وكاله|نادي"),
)
_BODY_BEFORE = re.compile(rf"(?:\b(?:{_BODIES[0]})|(?<!\w)[وف]?[بل]?(?:{_BODIES[1]})) (?:Al |al )?$")
_BODY_AFTER = re.compile(
    r" (?:Force|Corps|Brigades?|Battalions?|Bank|Times|Post|Herald|Tribune|Gazette|Observer|Telegraph|Airways|Airlines"
    r"|United|FC|TV|Gucu|Tugayi|Bankasi|Gazetesi|(?:Demir)?[Ss]por)\b"
)
# Whoever is addressed so goes by the name behind it.
_TITLE_BEFORE = re.compile(
    r"(?:\b(?:Mr|Mrs|Ms|Miss|Dr|Prof|Sir|Lord|Lady|Mme|Mlle|MM?|Me|Bay|Bayan|Sayin|[Pp]residente?|[Mm]inist(?:re|er)"
    r"|[Ss]enat(?:eur|or)|[Gg]eneral|[Cc]olonel|[Cc]aptain|depute|prefet|juge)\.?"
    r"|(?<!\w)[وفل]?(?:السيده?|الدكتوره?|الاستاذه?|المهندسه?|المستشاره?|الحاج)) $"
)
_DEFINITE_BEFORE = re.compile(r"(?<!\w)[وفبك]?(?:ال|لل)(?P<noun>\w{3,}) $")
_NO_NOUN = re.compile(rf"(?:{_KINDS[1]}|عاصمه)$")

# Another place than the name's own, though the gazetteer has only that: New England, Inner Mongolia, Chivas USA.
_OTHER_BEFORE = re.compile(r"\b(?:New|Inner|Nouvelle|Nouveau|Yeni) $")
_MONEY_AFTER = re.compile(r"\$")  # US$350,000
# A state of the United States behind a town: Mansfield, MA.
_STATE_AFTER = re.compile(
    r", (?:A[KLRZ]|C[AOT]|D[CE]|FL|GA|HI|I[ADLN]|K[SY]|LA|M[ADEINOST]|N[CDEHJMVY]|O[HKR]|PA|RI|S[CD]|T[NX]|UT|V[AT]"
    r"|W[AIVY])\b"
)
# An adjective or a noun joined to a common word: سيول جارفة, صور جديدة, سيول وفيضانات.
_JOINED_AFTER = re.compile(r" (?!ال)(?:[فو]?\w{3,}ه|و(?!ال)\w{2,}ات|جدا)(?!\w)")

_GIVEN_NAME = re.compile(r"\b([A-Z][a-z]+|[A-Z]\.) $")
_SURNAME = re.compile(r" (?:[A-Z]\. )?[A-Z][a-z]+")
# Capitalised words before places, or at the beginning of a sentence with one.
_NO_GIVEN_NAME = re.compile(
    r"The|In|From|But|And|For|When|While|With|At|On|To|Of|If|As|After|Before|Since|Both|"
    r"Yesterday|Today|Meanwhile|Inside|North|South|East|West|Northern|Southern|Eastern|Western|"
    r"Central|Greater|Upper|Lower|Port|Lake|Mount|Fort|Old|New|Near|Outside|Le|La|Les|Au|Aux|En|"
    r"De|Du|Des|Et|Pour|Mais|Avec|Sur|Dans|Selon|Depuis|Ve|Ama|Bu|Bir"
)


def is_kind(before: str, after: str) -> bool:
    """Return whether the text states the kind of place: city of, مدينة, kenti."""
    return bool(_KIND_BEFORE.search(before) or _KIND_AFTER.match(after))


def is_place(before: str, after: str) -> bool:
    """Whether a word leads to the name, or ends it, as to a place: from, à, إلى, 'da."""
    return bool(_LEAD_BEFORE.search(before) or _ENDING_AFTER.match(after))


def is_city(before: str, after: str) -> bool:
    """Whether of a country and its capital of one name the text means the city."""
    return bool(_CITY_BEFORE.search(before) or _CITY_AFTER.match(after))


def is_street(before: str, after: str) -> bool:
    """Return whether a street, hotel, club or paper bears the name."""
    return bool(_STREET_BEFORE.search(before) or _STREET_AFTER.match(after))


def is_body(before: str, after: str) -> bool:
    """Return whether the name is part of the name of a force, a bank, a club or a paper."""
    return bool(_BODY_BEFORE.search(before) or _BODY_AFTER.match(after))


def is_other(before: str, after: str) -> bool:
    """Return whether the name is part of another place's, or of an amount of money."""
    return bool(_OTHER_BEFORE.search(before) or _MONEY_AFTER.match(after))


def is_american(after: str) -> bool:
    """Return whether a state of the United States stands behind the name."""
    return _STATE_AFTER.match(after) is not None


def is_joined(after: str) -> bool:
    """Return whether an Arabic common word goes on with an indefinite adjective, or a noun joined to it."""
    return _JOINED_AFTER.match(after) is not None


def has_title(before: str) -> bool:
    """Return whether a name stands behind a person's title, and no preposition between: le président Hollande."""
    return _TITLE_BEFORE.search(before) is not None


def is_attribute(name: str, before: str) -> bool:
    """Return whether an Arabic name is a feminine adjective of the definite noun before it: المظاهرات السلمية."""
    noun = _DEFINITE_BEFORE.search(before)
    is_adjective = name.startswith("ال") and name.endswith("يه")
    return noun is not None and is_adjective and not _NO_NOUN.fullmatch(noun["noun"])


def has_given_name(before: str) -> bool:
    """Return whether the words before may be a given name, with the name as surname."""
    named = _GIVEN_NAME.search(before)
    return named is not None and not _NO_GIVEN_NAME.fullmatch(named[1])


def has_surname(after: str) -> bool:
    """Return whether the words after may be a surname, with the name as given name."""
    return bool(_SURNAME.match(after))


def are_listed(between: str) -> bool:
    """Return whether two names are members of a list, judged by the text between them."""
    return bool(_AND.fullmatch(between))


def lies_in(between: str) -> bool:
    """Return whether one of two names may locate the other one, judged by the text between them."""
    return bool(_LYING_IN.fullmatch(between))

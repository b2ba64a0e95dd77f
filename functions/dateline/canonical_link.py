"""Belief in ``rel=canonical``: templates name a section, the home page or a script, and all stories become one."""

import re
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

_GENERIC = re.compile(r"(?:index|default|home|main|accueil)(?:\.\w+)?|[a-z]{2}(?:[-_][a-z]{2})?", re.IGNORECASE)
_VARIANT = re.compile(r"amp|print|mobile|page|feed|comments?(?:-page-\d+)?|\d{1,2}|index\.\w+", re.IGNORECASE)
_EXTENSION = re.compile(r"\.[a-z]{2,5}$", re.IGNORECASE)
_NUMBER = re.compile(r"\d{3,}")
_YEAR = re.compile(r"(?:19|20)\d\d")
_WORD = re.compile(r"[^\W\d_]{2,}")
_WORDS = 3  # of a story's address; sections have fewer


def is_believed(own: str, declared: str) -> bool:
    """Return whether a canonical URL still tells the page at ``own`` from its siblings; both in canonical form."""
    if own == declared:
        return True
    mine, theirs = urlsplit(own), urlsplit(declared)
    if not _last(theirs) or (_GENERIC.fullmatch(_last(theirs)) and not theirs.query):
        return False
    here, there = _segments(mine), _segments(theirs)
    if here == there:
        return _is_distinct(_last(mine)) or _ids(mine.query) <= _ids(theirs.query)
    if here[: len(there)] == there:
        return all(_VARIANT.fullmatch(rest) for rest in here[len(there) :])
    return _agree(mine, theirs)


def _agree(mine: SplitResult, theirs: SplitResult) -> bool:
    """Whether two different paths can be of one story: by a number, by words, or where ours has no words to compare."""
    if _last(mine) == _last(theirs) and _ids(mine.query) <= _ids(theirs.query):
        return not _GENERIC.fullmatch(_last(mine))
    if _numbers(mine) & _numbers(theirs):
        return True
    ours, said = _words(_last(mine)), _words(_last(theirs))
    if len(ours) >= _WORDS:
        return bool(ours & said)
    return _is_distinct(_last(theirs)) or bool(_ids(theirs.query))


def _segments(url: SplitResult) -> list[str]:
    return [unquote(segment) for segment in url.path.split("/") if segment]


def _last(url: SplitResult) -> str:
    return next(reversed(_segments(url)), "")


def _is_distinct(segment: str) -> bool:
    bare = _EXTENSION.sub("", segment)
    return bool(_NUMBER.search(_YEAR.sub("", bare))) or len(_words(bare)) >= _WORDS


def _words(segment: str) -> set[str]:
    return {word.casefold() for word in _WORD.findall(_EXTENSION.sub("", segment))}


def _numbers(url: SplitResult) -> set[str]:
    last = _YEAR.sub("", _last(url)) if not _NUMBER.fullmatch(_last(url)) else _last(url)
    return {*_NUMBER.findall(last), *_ids(url.query)}


def _ids(query: str) -> set[str]:
    """The values of a query that have a digit in them."""
    return {value for _, value in parse_qsl(query) if any(character.isdigit() for character in value)}

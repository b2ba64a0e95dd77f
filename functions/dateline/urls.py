"""Canonical URLs, so that a page has one identity under all its links.

Scheme and host become lower case; default ports and fragments (except ``#!`` addresses) go; percent-encoding is
unified; query parameters are sorted, without those for tracking and sessions. Paths keep their case, and all other
parameters stay: on many outlets one of them is the article's number.
"""

import re
from base64 import urlsafe_b64encode
from functools import lru_cache
from hashlib import sha256
from urllib.parse import SplitResult, quote_from_bytes, urljoin, urlsplit, urlunsplit

import idna
from w3lib.url import canonicalize_url

# Names that say where a reader came from, as ClearURLs' and courlan's lists have them, and those of
# sessions; each whole. Short ones that may as well be an article's stay: ga, pk, ref, source, sid, cid, from.
_TRACKING = re.compile(
    r"(?:utm|mtm|piwik|matomo|hsa|itm|fb_action|guce_referrer)_\w+|guce_referrer|at_custom\d+|fb_source|fb_ref|wt_z?mc\w*"
    r"|pk_(?:campaign|kwd|keyword|source|medium|content|cid)|ns_(?:source|mchannel|campaign|linkname|fee)"
    r"|_ga|_gl|_gac|fbclid|gclid|gclsrc|dclid|gbraid|wbraid|gad_source|gad_campaignid|srsltid|msclkid|yclid|ysclid"
    r"|_openstat|twclid|ttclid|rdt_cid|li_fat_id|epik|sccid|igshid|igsh|mc_cid|mc_eid|mc_tc|mkt_tok|_hsenc|_hsmi"
    r"|__hssc|__hstc|__hsfp|hsctatracking|oly_anon_id|oly_enc_id|vero_id|vero_conv|ml_subscriber|ml_subscriber_hash"
    r"|at_medium|at_campaign|at_link_\w+|at_format|at_ptr_name|at_bbc_team|xtor|xtref|guccounter|ref_src|ref_url"
    r"|_branch_match_id|_bhlid|wickedid|hootpostid|sr_share|dm_i|usqp|__twitter_impression|echobox"
    r"|phpsessid|jsessionid|aspsessionid\w*|cfid|cftoken",
    re.IGNORECASE,
)
# Of servlets and PHP (``;jsessionid=1``), and of ASP.NET without cookies (``/(S(lit3py55t21z5v55vlm25s55))/``).
_PATH_SESSION = re.compile(
    r";(?:j|php)?sess(?:ion)?_?id=[^/?#]*|/(?:\(|%28)(?:[AFS](?:\(|%28)[\w.-]+(?:\)|%29))+(?:\)|%29)(?=/|$)",
    re.IGNORECASE,
)
_DOT = re.compile(r"%2e", re.IGNORECASE)
_HASHBANG = re.compile(r"!.")  # the page's address within a page of scripts, by which alone its stories differ
_ESCAPED = re.compile(r"^(?:amp;)+", re.IGNORECASE)
_PORT = re.compile(r":(\d*)$", re.ASCII)
_NAME = re.compile(r"ni:///sha-256;[\w-]{43}", re.ASCII)
_VARIANT = re.compile(r"^(?:www|m|mobile|amp)\.")
_DEFAULT_PORT = {"http": 80, "https": 443}


@lru_cache(maxsize=4096)  # a crawl asks for the same URL at every stage of a page
def canonical(url: str) -> str:
    """Return the canonical form of an absolute http or https URL; idempotent.

    Raises ValueError for anything else.
    """
    parts = urlsplit(url.strip())
    if parts.scheme.lower() not in _DEFAULT_PORT or not parts.hostname:
        raise ValueError(f"{url!r} is not an absolute http or https URL")
    _ = parts.port  # ValueError where it is no number or too large
    path, page = _undotted(_PATH_SESSION.sub("", parts.path)), _page(parts)
    whole = urlunsplit((parts.scheme.lower(), _ascii(_host(parts)), path, _query(parts.query), page))
    return canonicalize_url(whole, keep_fragments=bool(page))


def requestable(url: str) -> str:
    """Return the URL to request, and so of the capture: without user, password and fragment (except ``#!`` addresses).

    ``..`` is resolved and the host in ASCII. Raises ValueError for anything but http and https.
    """
    canonical(url)
    parts = urlsplit(url.strip())
    path = _undotted(parts.path)
    return urlunsplit((parts.scheme.lower(), _ascii(_host(parts)), path, parts.query, _page(parts)))


def in_charset(url: str, charset: str) -> str:
    """Return a link of an HTML page with its query as browsers send it: in the page's charset, percent-encoded.

    Characters that the charset lacks become references (WHATWG URL, "percent-encode after encoding").
    """
    parts = urlsplit(url)
    if parts.query.isascii():
        return url
    charset = "utf-8" if charset.lower().startswith("utf") else charset
    return parts._replace(query="".join(_sent(character, charset) for character in parts.query)).geturl()


def _sent(character: str, charset: str) -> str:
    if character.isascii():
        return character
    try:
        return quote_from_bytes(character.encode(charset))
    except UnicodeEncodeError:
        return f"%26%23{ord(character)}%3B"


def _page(parts: SplitResult) -> str:
    return parts.fragment if _HASHBANG.match(parts.fragment) else ""


def _undotted(path: str) -> str:
    """A path without dot segments (RFC 3986 section 5.2.4), also percent-encoded ones."""
    segments = path.split("/")[1:]
    plain = [_DOT.sub(".", segment) for segment in segments]
    if not {".", ".."} & {*plain}:
        return path
    kept: list[str] = []
    for segment, name in zip(segments, plain, strict=True):
        if name == "..":
            kept = kept[:-1]
        elif name != ".":
            kept.append(segment)
    return "/".join(("", *kept, *([""] if plain[-1] in {".", ".."} else [])))


def _ascii(host: str) -> str:
    """A host with its port in ASCII: IDNA 2008 with the mapping of UTS 46, as browsers have it, else IDNA 2003."""
    if host.isascii():
        return host
    name, colon, port = host.rpartition(":") if _PORT.search(host) else (host, "", "")
    try:
        return f"{idna.encode(name, uts46=True).decode()}{colon}{port}"
    except idna.IDNAError:  # symbols, which browsers still ask for
        return f"{name.encode('idna').decode()}{colon}{port}"


def _query(query: str) -> str:
    """Without what tracks the reader, and with ``&`` for an ``&amp;`` that was escaped once too often."""
    pairs = (_ESCAPED.sub("", pair) for pair in query.split("&"))
    return "&".join(pair for pair in pairs if pair and not _TRACKING.fullmatch(pair.partition("=")[0]))


def identity(url: str) -> str:
    """Return the source of a page's id: its canonical URL, or for text without an address an ``ni`` URI of its digest.

    ``ni`` URIs (RFC 6920) stand for themselves. Raises ValueError for anything else.
    """
    return url if _NAME.fullmatch(url) else canonical(url)


def name_of(data: bytes) -> str:
    """The ``ni`` URI of some bytes: ``ni:///sha-256;`` and their digest in base64url without padding."""
    return f"ni:///sha-256;{urlsafe_b64encode(sha256(data).digest()).decode().rstrip('=')}"


def twin(canonical_url: str) -> str:
    """Return the same canonical URL under the other scheme, http or https."""
    scheme, rest = canonical_url.split(":", 1)
    return f"{'http' if scheme == 'https' else 'https'}:{rest}"


def is_web(url: str) -> bool:
    """Whether it is an absolute http or https URL."""
    return not _NAME.fullmatch(url) and is_identity(url)


def is_identity(url: str) -> bool:
    """Whether a page's id can be made of it: it is the URL of a web page or an ``ni`` URI."""
    try:
        identity(url)
    except ValueError:
        return False
    return True


def joined(base: str, link: str) -> str | None:
    """Return a link of the page at ``base`` as an absolute URL, or None if it is not a web address."""
    try:
        url = urljoin(base, link.strip())
        canonical(url)
    except ValueError:
        return None
    return url


def same_site(one: str, other: str) -> bool:
    """Whether two absolute URLs are of one site: the same host, but for ``www``, ``m``, ``mobile`` and ``amp``."""
    return site(one) == site(other)


def site(url: str) -> str:
    """The ``host`` or ``host:port`` of a web page, without ``www``, ``m``, ``mobile`` and ``amp``; else empty."""
    parts = urlsplit(url)
    return _VARIANT.sub("", _host(parts).lower()) if parts.scheme.lower() in _DEFAULT_PORT else ""


def _host(parts: SplitResult) -> str:
    """The host as given, without user and password, and its port as a number, if it is not the default."""
    host = parts.netloc.rpartition("@")[2]
    found = _PORT.search(host)
    if not found:
        return host
    port = int(found[1] or _DEFAULT_PORT[parts.scheme.lower()])
    name = host[: found.start()]
    return name if port == _DEFAULT_PORT[parts.scheme.lower()] else f"{name}:{port}"

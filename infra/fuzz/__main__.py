"""``python -m infra.fuzz TARGET [option or folder ...]``: fuzz a target with atheris, until it is told to stop."""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["dateline", "spiders", "feedparser", "protego", "htmldate", "trafilatura"]):
    from infra.fuzz.targets import TARGETS, seeds

LIMITS = ("-timeout=20", "-rss_limit_mb=3000", "-max_len=20000")  # seconds, MB and bytes of one input
WORDS = """
<html <head> <title> <meta|property= name= content= <link|rel="canonical"|href= <script|type="application/ld+json">
</script> <article> <h1> <p> <div|class= <span <time|datetime= <figure> <figcaption> <img|src= <ul> <li> <table> <tr>
<td> <br> <a|href="http:// &amp; &#x </p> </div> "@type":"NewsArticle" "datePublished": "headline": "author":[{
og:title article:published_time 2019-04-16T09:30:00+02:00 16/04/2019 (AFP) TUNIS|- كتب: نيسان ١٦
WARC/1.1 WARC-Type:|response WARC-Target-URI:|http:// WARC-Date:|2019-04-16T00:00:00Z Content-Length:|
<rss <channel> <item> <link> <pubDate> <entry> <urlset> <sitemapindex> <url> <loc> <lastmod> ]]> <![CDATA[
<?xml|version= User-agent:|* Disallow:|/ Allow: Crawl-delay: Sitemap:|http:// xml:base="
HTTP/1.1|200|OK Content-Encoding:|gzip Transfer-Encoding:|chunked Content-Type:|application/json
"""  # | is a space


def main(target: str, options: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        dictionary, begin, kept = Path(folder, "words"), Path(folder, "seeds"), Path(folder, "kept")
        dictionary.write_text("".join(f'"{_escaped(word.replace("|", " "))}"\n' for word in WORDS.split()), "ascii")
        for path in (begin, kept):
            path.mkdir()
        for number, seed in enumerate(seeds(target)):
            (begin / str(number)).write_bytes(seed)
        flags = [option for option in options if option.startswith("-")]
        inputs = [option for option in options if option not in flags] or [f"{kept}"]  # the first folder is written to
        begins = [] if Path(inputs[0]).is_file() else [f"{begin}"]
        atheris.Setup([sys.argv[0], *LIMITS, f"-dict={dictionary}", *flags, *inputs, *begins], TARGETS[target])
        atheris.Fuzz()


def _escaped(word: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word.encode())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])

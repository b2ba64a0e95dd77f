"""``python -m infra.labels``: write the names of countries and languages for the reading room, from CLDR by babel.

Run it after an update of babel; a test compares the file.
"""

from collections.abc import Iterator
from pathlib import Path

from babel import Locale

LABELS = Path(__file__).parents[1] / "functions" / "dateline" / "reader" / "display_names.tsv"
_LOCALES = tuple(Locale(code) for code in ("en", "fr", "ar"))


def text() -> str:
    """Return the text of the file: kind, code, and the names in the interface's languages."""
    return "kind\tcode\ten\tfr\tar\n" + "".join(map(_line, _rows()))


def _line(row: tuple[str, ...]) -> str:
    return "\t".join(row) + "\n"


def _rows() -> Iterator[tuple[str, ...]]:
    for kind, longest in (("country", 2), ("language", 3)):
        named = [locale.territories if kind == "country" else locale.languages for locale in _LOCALES]
        for code in sorted(set.intersection(*map(set, named))):
            if len(code) <= longest and code.isalpha() and code != "ZZ":
                yield kind, code.lower(), *(names[code] for names in named)


if __name__ == "__main__":
    LABELS.write_text(text(), "utf-8")

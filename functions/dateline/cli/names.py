"""Check the names that a command is given: sources, countries and languages."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from dateline.cli.stack import STATE
from dateline.cli.terminal.output import CommandError


def source_ids() -> list[str]:
    """Return the ids of the registered sources, by their files' names, the sample newsroom's included."""
    from dateline.sources.registry import SHIPPED

    return sorted(path.stem for folder in (SHIPPED, samples()) for path in folder.rglob("*.toml"))


def samples() -> Path:
    """Return the folder of the sample newsroom's source files; it exists once the local cloud has run."""
    return STATE.resolve() / "newsroom" / "sources"


def check_sources(wanted: Iterable[str], archived: Callable[[], Iterable[str]] = tuple) -> None:
    """Raise CommandError for the first source that is neither registered nor ``archived``, with the nearest id.

    ``archived`` gives the sources that a deployed archive has: imports may come from unregistered hosts.
    """
    known = source_ids()
    for name in wanted:
        if name not in known and name not in (also := list(archived())):
            near = _nearest(name, [*known, *also])
            raise CommandError(f"there is no source {name!r}{near}; dateline sources list prints all")


def check_country(code: str | None) -> None:
    """Raise CommandError if a code is no country's (ISO 3166 alpha-2, lower case), with the nearest one."""
    from dateline.keys import item_keys
    from dateline.sources import codes

    if code and code != item_keys.NOWHERE:
        _check_code(code, codes.countries(), "country", "ISO 3166 in lower case, such as ly")


def check_language(code: str | None) -> None:
    """Raise CommandError if a tag (BCP 47) does not begin with a language's code, with the nearest one."""
    from dateline.sources import codes

    if code and code.partition("-")[0] not in codes.languages():
        _check_code(code, codes.languages(), "language", "BCP 47, such as ar or fr-TN")


def _check_code(code: str, known: Mapping[str, str], kind: str, form: str) -> None:
    if code not in known:
        by_name = {name.casefold(): key for key, name in known.items()}
        close = _close(code.casefold(), [*known, *by_name])
        close = close or [name for name in sorted(by_name) if name.startswith(code.casefold())]
        key = by_name.get(close[0], close[0]) if close else None
        near = f"; did you mean {key} ({known[key]})?" if key else ""
        raise CommandError(f"there is no {kind} {code!r} ({form}){near}")


def _nearest(name: str, known: Iterable[str]) -> str:
    """``; did you mean ...?`` if a known name is near."""
    close = _close(name.lower(), list(known))
    return f"; did you mean {close[0]}?" if close else ""


def _close(name: str, known: Sequence[str]) -> list[str]:
    """Return the nearest known name, if one is near."""
    from difflib import get_close_matches

    return get_close_matches(name, known, n=1)

"""``python -m infra.newsroom``: run the sample newsroom until SIGTERM or SIGINT."""

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from infra.newsroom import serve


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status: 0 when stopped by a signal, 1 when it could not start."""
    options = _parser().parse_args(arguments)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        with serve(**vars(options)) as newsroom:
            for source, url in newsroom.urls.items():
                print(f"{source} {url}/", flush=True)
            stop.wait()
    except (OSError, ValueError) as error:  # a taken port, an unreadable file, a wrong story
        print(f"newsroom: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m infra.newsroom", description="Serve invented outlets on loopback.")
    parser.add_argument("--state", type=Path, required=True, metavar="DIR", help="remembers the ports; made if absent")
    parser.add_argument(
        "--ports", type=_ports, default=(), metavar="P1,P2,...", help="in the order of the outlets' ids"
    )
    parser.add_argument("--edition", type=int, metavar="N", help="of the stories; the last one served, at first 1")
    parser.add_argument("--recorded", type=Path, nargs="+", default=[], metavar="FILE.jsonl.gz", help="pages to serve")
    parser.add_argument("--hostile", action="store_true", help="serve the hostile outlet too")
    return parser


def _ports(text: str) -> list[int]:
    return [int(port) for port in text.split(",")]


if __name__ == "__main__":
    sys.exit(main())

"""MiniStack with guards: ``python -m infra.local.server``, in the environment of ``ministack``.

- It answers a PUT with success though the object could not be written to disk, and forgets it at its end. So an object
  for which there is no space is refused before MiniStack sees it.
- At its end it reads each service's state once, while its pollers go on, and does not save a state that changes
  meanwhile. So such a state is read again.
- It does not save Athena's state once a result has a date, since JSON has none. So dates are saved as text.
"""

import importlib
import os
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

from infra.local import space

_READS = 20
CODE = "InsufficientStorage"  # the error's code, with HTTP status 507: botocore does not repeat the request
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]


def guarded(application: Application, folder: Path) -> Application:
    """Return an ASGI application that refuses objects while the folder's disk has no space for them."""

    async def answer(scope: Message, receive: Receive, send: Send) -> None:
        if _size(scope) + space.FOR_OBJECTS > space.free(folder):
            headers = [(b"content-type", b"application/xml")]
            await send({"type": "http.response.start", "status": 507, "headers": headers})
            await send({"type": "http.response.body", "body": _body(folder)})
        else:
            await application(scope, receive, send)

    async def guard(scope: Message, receive: Receive, send: Send) -> None:
        await (answer if _writes(scope) else application)(scope, receive, send)

    return guard


def _writes(scope: Message) -> bool:
    """Whether a request brings S3 an object or a part of it."""
    if scope["type"] != "http" or scope["method"] not in ("PUT", "POST") or b"delete" in scope["query_string"]:
        return False
    return b"/s3/" in dict(scope["headers"]).get(b"authorization", b"")


def _size(scope: Message) -> int:
    return int(dict(scope["headers"]).get(b"content-length", b"0"))


def _body(folder: Path) -> bytes:
    return f"<Error><Code>{CODE}</Code><Message>{space.told(folder)}</Message></Error>".encode()


def settled(read: Callable[[], Any]) -> Callable[[], Any]:
    """Return a reader of a service's state that starts again, at most ``_READS`` times, if the state changed."""

    def read_again() -> Any:
        for _ in range(_READS - 1):
            with suppress(RuntimeError):  # "dictionary changed size during iteration", or a deque
                return read()
        return read()

    return read_again


def with_dates(default: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a ``default`` of ``json.dump`` that knows dates and datetimes, in ISO 8601, besides."""
    return lambda value: value.isoformat() if isinstance(value, date) else default(value)


def main() -> None:
    """Serve as ``python -m ministack`` does."""
    app: Any = importlib.import_module("ministack.app")  # without types
    persistence: Any = importlib.import_module("ministack.core.persistence")
    persistence._json_default = with_dates(persistence._json_default)  # no other hook
    save_all = app.save_all
    app.save_all = lambda services: save_all({name: settled(read) for name, read in services.items()})
    app.app = guarded(app.app, Path(os.environ["S3_DATA_DIR"]))
    app.main()


if __name__ == "__main__":
    main()

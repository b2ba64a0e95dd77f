"""Problem documents (RFC 9457) for the errors of the library."""

import json
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

from dateline.api.archive import NotFoundError, WithdrawnError
from dateline.capture import DamagedCaptureError
from dateline.proofs.evidence import NotStampedError
from dateline.reader.answers import SECURITY, TooLargeError
from dateline.reader.cursors import CursorError
from dateline.reader.formats.negotiation import NotAcceptableError
from dateline.search.index.manifest import OutdatedIndexError
from dateline.search.query.find import CursorError as SearchCursorError
from dateline.search.query.language import QueryError

MEDIA = "application/problem+json"
STATUS: dict[type[Exception], HTTPStatus] = {
    NotFoundError: HTTPStatus.NOT_FOUND,
    NotStampedError: HTTPStatus.NOT_FOUND,
    WithdrawnError: HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS,
    CursorError: HTTPStatus.BAD_REQUEST,
    SearchCursorError: HTTPStatus.BAD_REQUEST,
    QueryError: HTTPStatus.BAD_REQUEST,
    NotAcceptableError: HTTPStatus.NOT_ACCEPTABLE,
    OutdatedIndexError: HTTPStatus.SERVICE_UNAVAILABLE,
    DamagedCaptureError: HTTPStatus.BAD_GATEWAY,
    TooLargeError: HTTPStatus.BAD_GATEWAY,
}


def of_error(error: Exception) -> Response[str]:
    """Return the problem document of a library's error."""
    return problem(STATUS[type(error)], str(error.args[0] if error.args else error))


def of_validation(error: RequestValidationError) -> Response[str]:
    """Return the problem document of invalid parameters, with each of them."""
    invalid = [
        {"name": ".".join(str(part) for part in each["loc"][1:]), "reason": each["msg"]} for each in error.errors()
    ]
    detail = "; ".join(f"{each['name']}: {each['reason']}" for each in invalid)
    return problem(HTTPStatus.BAD_REQUEST, detail, invalid=invalid)


def problem(status: HTTPStatus, detail: str, **more: Any) -> Response[str]:
    """Return a problem document; its type is ``about:blank``, so its title is the status's phrase."""
    return Response(status_code=status, content_type=MEDIA, body=document(status, detail, **more))


def document(status: HTTPStatus, detail: str, **more: Any) -> str:
    """Return the JSON of a problem."""
    values = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
    return json.dumps(values | more, ensure_ascii=False)


def answer(status: HTTPStatus, detail: str) -> dict[str, Any]:
    """Return a whole answer with a problem document, for errors outside of the routes."""
    headers = {**SECURITY, "Content-Type": MEDIA, "Cache-Control": "no-store"}
    return {"statusCode": status.value, "headers": headers, "body": document(status, detail), "isBase64Encoded": False}

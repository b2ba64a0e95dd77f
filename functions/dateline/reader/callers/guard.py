"""The guard before the routes: admits or refuses a caller, and counts its requests."""

import math
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from dateline.reader.callers.access import Access, AccessError, Caller
from dateline.reader.callers.throttle import Throttle
from dateline.reader.formats import problems


class Guard:
    """Refuses requests by problem documents; ``access`` is None where Lambda checks IAM signatures."""

    def __init__(self, access: Access | None, throttle: Throttle) -> None:
        self._access, self._throttle = access, throttle

    def admit(self, event: Mapping[str, Any]) -> tuple[dict[str, Any] | None, str]:
        """Return the refusal of a request, or None with the cookie to set, if any."""
        try:
            caller = self._access.check(event) if self._access else _signer(event)
        except AccessError as error:
            refusal = problems.answer(error.status, str(error))
            if error.challenge:
                refusal["headers"]["WWW-Authenticate"] = error.challenge
            return refusal, ""
        if seconds := self._throttle.wait(caller.name):
            refusal = problems.answer(HTTPStatus.TOO_MANY_REQUESTS, "too many requests; wait as Retry-After says")
            refusal["headers"]["Retry-After"] = str(math.ceil(seconds))
            return refusal, ""
        return None, caller.cookie


def _signer(event: Mapping[str, Any]) -> Caller:
    """The principal whose signature Lambda has checked."""
    context = event["requestContext"]
    iam = (context.get("authorizer") or {}).get("iam") or {}
    return Caller(str(iam.get("userArn") or context["http"]["sourceIp"]))

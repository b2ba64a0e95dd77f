"""A limit for each caller: a token bucket, in this process.

Lambda's reserved concurrency bounds what all callers together can cost; the bucket keeps one of them from taking all.
It is not shared between environments: a shared counter would cost a write to the table for each request, more than
most requests do.
"""

from collections import OrderedDict
from collections.abc import Callable

_CALLERS = 10_000  # remembered; the one that asked longest ago is forgotten, with a full bucket


class Throttle:
    """``rate`` requests a second for each caller, ``burst`` at once. ``clock`` is in seconds."""

    def __init__(self, rate: float, burst: int, clock: Callable[[], float]) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._left = OrderedDict[str, tuple[float, float]]()

    def wait(self, caller: str) -> float:
        """Take one request from a caller's bucket: 0, or the seconds until the next is possible."""
        now = self._clock()
        left, at = self._left.pop(caller, (float(self._burst), now))
        left = min(float(self._burst), left + (now - at) * self._rate)
        refused = left < 1
        self._left[caller] = (left if refused else left - 1, now)
        if len(self._left) > _CALLERS:
            self._left.popitem(last=False)
        return (1 - left) / self._rate if refused else 0.0

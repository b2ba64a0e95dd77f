"""CloudWatch's evaluation of an alarm, as its user guide describes it ("Evaluating an alarm", "missing data")."""

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import Any, Literal

State = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
Period = Sequence[float]  # samples of a metric in one period; none where the metric was not reported

_STATISTICS: Mapping[str, Callable[[Period], float]] = {
    "Sum": sum,
    "Maximum": max,
    "Minimum": min,
    "Average": fmean,
    "SampleCount": len,
}
_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
    "LessThanOrEqualToThreshold": lambda value, threshold: value <= threshold,
}


def state(alarm: Mapping[str, Any], periods: Sequence[Period]) -> State:
    """Return an alarm's state after some periods, the latest one last; earlier ones had no data."""
    count = int(alarm["EvaluationPeriods"])
    window = [*([()] * count), *periods][-count:]
    breaching = [_is_breaching(alarm, period) for period in window]
    if all(each is None for each in breaching):
        return "INSUFFICIENT_DATA"
    return "ALARM" if breaching.count(True) >= int(alarm.get("DatapointsToAlarm", count)) else "OK"


def state_at(alarm: Mapping[str, Any], samples: Sequence[tuple[float, float]], now: float) -> State:
    """Return an alarm's state at an instant; samples are pairs of an instant (seconds) and a value."""
    period, count = int(alarm["Period"]), int(alarm["EvaluationPeriods"])
    begins = [now - period * number for number in range(count, 0, -1)]
    return state(alarm, [[value for at, value in samples if begin <= at < begin + period] for begin in begins])


def _is_breaching(alarm: Mapping[str, Any], period: Period) -> bool | None:
    """Whether a period breaches; None for one without data of an alarm that does not say what this means."""
    if not period:
        return {"breaching": True, "notBreaching": False}.get(alarm.get("TreatMissingData", "missing"))
    value = _STATISTICS[alarm["Statistic"]](period)
    return _COMPARISONS[alarm["ComparisonOperator"]](value, float(alarm["Threshold"]))

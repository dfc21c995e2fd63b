"""All calls, by library."""

from tests.interop import (
    rows_analysis,
    rows_estimators,
    rows_others,
    rows_refused,
    rows_signal,
    rows_sklearn,
    rows_special,
    rows_stats,
)
from tests.interop.calls import CALLS, REFUSED

__all__ = [
    "CALLS", "REFUSED", "rows_analysis", "rows_estimators", "rows_others", "rows_refused", "rows_signal", "rows_sklearn",
    "rows_special", "rows_stats",
]  # fmt: skip

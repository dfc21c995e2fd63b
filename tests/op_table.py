"""The op table: at least one row for every public function, in files by topic."""

from tests import (
    rows_arrays,
    rows_elementwise,
    rows_layers,
    rows_linalg,
    rows_numbers,
    rows_rearranged,
    rows_reductions,
    rows_special,
    rows_statistics,
)
from tests.op_rows import ROWS, Row

__all__ = [
    "ROWS",
    "Row",
    "rows_arrays",
    "rows_elementwise",
    "rows_layers",
    "rows_linalg",
    "rows_numbers",
    "rows_rearranged",
    "rows_reductions",
    "rows_special",
    "rows_statistics",
]

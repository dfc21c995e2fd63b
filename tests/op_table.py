"""The op table: at least one row for every public function, in four files."""

from tests import rows_arrays, rows_elementwise, rows_layers, rows_reductions
from tests.op_rows import ROWS, Row

__all__ = ["ROWS", "Row", "rows_arrays", "rows_elementwise", "rows_layers", "rows_reductions"]

"""Every differentiable row of the op table, under nested transforms."""

import pytest

from tests import nesting_checks

CASES = [
    pytest.param(check, row, id=f"{row.id}-{check}")
    for check in nesting_checks.CHECKS
    for row in nesting_checks.rows()
    if nesting_checks.applies(check, row)
]


@pytest.mark.parametrize(("check", "row"), CASES)
def test_row(check, row):
    nesting_checks.CHECKS[check](row)

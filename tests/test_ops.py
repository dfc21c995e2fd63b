"""Every public function, through the op table."""

import inspect
from pathlib import Path

import numpy as np
import pytest

import xgrad as xg
from tests import op_checks, op_rows
from tests.environment import NAME, SESSION
from tests.mutation import ELSEWHERE
from tests.op_table import ROWS
from xgrad.engine.primitive import PRIMITIVES

UNSUPPORTED = {(row.id, name) for row in ROWS for name in row.unsupported}


def _case(check, row):
    limited = NAME in row.unsupported
    marks = [pytest.mark.xfail(reason=row.unsupported[NAME])] if limited else []
    return pytest.param(check, row, id=f"{row.id}-{check}", marks=marks)


CASES = [_case(c, row) for c in op_checks.CHECKS for row in ROWS if op_checks.applies(c, row)]


@pytest.mark.parametrize(("check", "row"), CASES)
def test_row(check, row):
    if NAME == "dask" and {"value": "v", "backward": "r"}[check] not in row.dask:
        with pytest.raises(xg.BackendError, match="not supported on dask"):
            op_checks.CHECKS[check](row)
        return
    op_checks.CHECKS[check](row)


@pytest.mark.skipif(NAME != "torch", reason="PyTorch is the oracle of the torch session")
@pytest.mark.parametrize("row", [r for r in ROWS if r.torch and r.by], ids=lambda r: r.id)
def test_against_torch(row):
    op_checks.check_torch_oracle(row)


@pytest.mark.skipif(NAME != "jax", reason="JAX is the oracle of the jax session")
@pytest.mark.parametrize("row", [r for r in ROWS if r.jax and r.by], ids=lambda r: r.id)
def test_against_jax(row):
    op_checks.check_jax_oracle(row)


def _twice(oracle):
    """Return the rows of linear algebra and of Fourier transforms, for second derivatives."""
    return [
        row
        for row in ROWS
        if getattr(row, oracle) and row.by and row.name.startswith(("linalg.", "fft."))
        if not (oracle == "jax" and row.variation)
    ]


@pytest.mark.skipif(NAME != "torch", reason="PyTorch is the oracle of the torch session")
@pytest.mark.parametrize("row", _twice("torch"), ids=lambda r: r.id)
def test_second_order_against_torch(row):
    op_checks.check_torch_second_order(row)


@pytest.mark.skipif(NAME != "jax", reason="JAX is the oracle of the jax session")
@pytest.mark.parametrize("row", _twice("jax"), ids=lambda r: r.id)
def test_second_order_against_jax(row):
    op_checks.check_jax_second_order(row)


def _traceable(row):
    """Whether a row can be traced: some lengths depend on values, and dropout raises."""
    known = row.id not in ("repeat-counts", "nn.functional.dropout", "bincount", "polydiv", "roots")
    return row.by and row.vmap and row.samples[0] and known and not row.variation


@pytest.mark.skipif(NAME != "jax", reason="abstract arrays are JAX's")
@pytest.mark.parametrize("row", [r for r in ROWS if _traceable(r)], ids=lambda r: r.id)
def test_under_jit(row):
    op_checks.check_jit(row)


def public_functions():
    """Return the operations that the package exports, found by inspection."""
    spaces = {"": xg, "linalg.": xg.linalg, "fft.": xg.fft, "special.": xg.special}
    return {
        prefix + name
        for prefix, space in spaces.items()
        for name in space.__all__
        if inspect.isfunction(getattr(space, name))
        and getattr(space, name).__module__.startswith(("xgrad.ops", "xgrad.special"))
        and getattr(space, name).__module__ != "xgrad.ops.inspection"  # tests/test_standard.py
    }


@pytest.mark.numpy_only
def test_every_public_function_has_a_row():
    missing = sorted(public_functions() - {row.name for row in ROWS})
    assert not missing, (
        f"the op table has no row of {', '.join(missing)}: add one to tests/rows_*.py, such as "
        f"unary({missing[0]!r}, holomorphic=True); tests/op_rows.py says what a row is"
    )


@pytest.mark.numpy_only
def test_samples_depend_on_the_name_of_their_row_alone():
    count = len(ROWS)
    for name, label in (("a", ""), ("b", ""), ("a", ""), ("a", "other")):
        op_rows.row(name, samples=[(op_rows.real(2, 3),)], label=label)
    first, other_name, again, other_label = (r.samples[0][0] for r in ROWS[count:])
    del ROWS[count:]
    np.testing.assert_array_equal(first, again)
    assert (first != other_name).all()
    assert (first != other_label).all()


@pytest.mark.numpy_only
def test_the_mutation_run_names_primitives_and_tests_that_exist():
    assert set(ELSEWHERE) <= set(PRIMITIVES)
    for test in {test for tests in ELSEWHERE.values() for test in tests}:
        path, _, name = test.partition("::")
        text = (Path(__file__).parents[1] / path).read_text()
        assert not name or f"\ndef {name}(" in text, test


@pytest.mark.numpy_only
def test_limits_are_pinned():
    """Adding a limit of a library requires a change here."""
    print(f"\n{len(UNSUPPORTED)} rows are limited by a library underneath: {sorted(UNSUPPORTED)}")
    assert sorted(UNSUPPORTED) == []


def test_session_is_what_it_says():
    assert xg.get_backend().name == NAME
    assert SESSION.startswith(NAME)

"""NumPy's functions on Tensors: values, derivatives, `vmap`, signatures; none is missing."""

import numpy as np
import pytest

import xgrad as xg
from tests import numpy_calls_arrays
from tests.environment import NAME, raw
from tests.numpy_calls import (
    ARRAYS,
    cases,
    check_derivatives,
    check_value,
    check_vmap,
    modules,
    program,
    run,
)

pytestmark = pytest.mark.skipif(
    NAME not in ("numpy", "torch"), reason="two libraries stand for all"
)

#: The tables, by topic; a function is in one of them.
CALLS = {**numpy_calls_arrays.CALLS}
PAIRS, IDS = cases(CALLS)
EVERY = pytest.mark.parametrize(("name", "text"), PAIRS, ids=IDS)


@EVERY
def test_values_are_numpys(name, text):
    check_value(name, text)


@EVERY
def test_derivatives(name, text):
    check_derivatives(name, text)


@EVERY
def test_vectorised(name, text):
    check_vmap(name, text)


# -- errors ------------------------------------------------------------------------------------

BAD, BAD_IDS = cases(numpy_calls_arrays.BAD)


@pytest.mark.parametrize(("name", "text"), BAD, ids=BAD_IDS)
def test_what_numpy_refuses_raises(name, text):
    compiled = program(name, text)
    with pytest.raises(Exception) as theirs, np.errstate(all="ignore"):  # noqa: PT011, B017
        run(compiled, np, {n: ARRAYS[n].copy() for n in compiled[2]})
    for module in modules():
        tensors = {n: xg.asarray(raw(ARRAYS[n])) for n in compiled[2]}
        kind = xg.errors.AxisError if theirs.type is np.exceptions.AxisError else theirs.type
        with pytest.raises(kind) as ours, np.errstate(all="ignore"):
            run(compiled, module, tensors)
        assert str(ours.value)[0] != "_"

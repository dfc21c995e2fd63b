"""NumPy's functions on Tensors: values, derivatives, `vmap`, signatures; none is missing."""

import pytest

from tests import numpy_calls_arrays
from tests.environment import NAME
from tests.numpy_calls import cases, check_derivatives, check_value, check_vmap

pytestmark = pytest.mark.skipif(NAME not in ("numpy", "torch"), reason="two libraries stand for all")

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

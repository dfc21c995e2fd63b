"""Every public function of ``xgrad.numpy`` on plain arrays is NumPy's, outside transforms and inside."""

import warnings

import numpy  # noqa: ICN001 - np is xgrad's here
import pytest

import xgrad as xg
import xgrad.numpy as np
from tests.environment import NAME

pytestmark = pytest.mark.skipif(NAME != "numpy", reason="NumPy's functions of NumPy arrays")

X = numpy.random.default_rng(0).random((4, 4)) + 0.1
ARGUMENTS = [(X,), (X, X), (X, 1), (3,), (3, 4), ([1.0, 2.0],), (X[0], X[1], X[2]), (X, 0, 1)]
#: They write files, change settings, print, have arbitrary values, or return objects without values.
APART = {
    "empty", "empty_like", "fromfile", "fromregex", "genfromtxt", "get_include", "info", "load", "loadtxt", "memmap",
    "ndarray", "ndenumerate", "ndindex", "nditer", "save", "savetxt", "savez", "savez_compressed", "set_printoptions",
    "setbufsize", "seterr", "seterrcall", "show_config", "show_runtime", "test", "flatiter", "broadcast",
    "busdaycalendar", "errstate", "printoptions", "record",
    "apply_along_axis", "apply_over_axes",  # inside, they are the differentiable ones, with their own errors
}  # fmt: skip
NAMES = sorted(n for n in numpy.__all__ if callable(getattr(numpy, n)) and n not in APART)


def results(function):
    """Return the values, or the types of errors, for some arguments."""
    found = []
    for args in ARGUMENTS:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found.append(function(*[a.copy() if hasattr(a, "copy") else a for a in args]))
        except Exception as error:  # noqa: BLE001 - whatever NumPy raises
            found.append(type(error))
    return found


def plain(x):
    if isinstance(x, list | tuple):
        return [plain(part) for part in x]
    return x.detach().numpy() if type(x) is xg.Tensor else x


def is_same(ours, numpys):
    if isinstance(numpys, list):
        return (
            isinstance(ours, list) and len(ours) == len(numpys) and all(map(is_same, ours, numpys))
        )
    a, b = numpy.asarray(ours), numpy.asarray(numpys)
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    if a.dtype.kind in "fc":
        return numpy.array_equal(a, b, equal_nan=True)
    return str(a) == str(b) if a.dtype.kind in "OV" else bool(numpy.all(a == b))


@pytest.mark.parametrize("name", NAMES)
def test_plain_arrays(name):
    expected = results(getattr(numpy, name))
    inside = []

    def f(t):
        inside.extend(results(getattr(np, name)))
        return t * 1.0

    xg.grad(f)(1.0)
    for ours in (results(getattr(np, name)), inside):
        for a, b, args in zip(ours, expected, ARGUMENTS, strict=True):
            assert is_same(plain(a), plain(b)), (args, a, b)

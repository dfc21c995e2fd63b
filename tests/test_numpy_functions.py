"""NumPy's functions on Tensors: values, derivatives, `vmap`, signatures; none is missing."""

import inspect
import operator

import numpy as np
import pytest

import xgrad as xg
from tests import numpy_calls_arrays, numpy_calls_numbers, numpy_calls_topics
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
from xgrad.engine.declare import DECLARATIONS

pytestmark = pytest.mark.skipif(
    NAME not in ("numpy", "torch"), reason="two libraries stand for all"
)

#: The tables, by topic; a function is in one of them.
CALLS = {**numpy_calls_arrays.CALLS, **numpy_calls_numbers.CALLS, **numpy_calls_topics.CALLS}
PAIRS, IDS = cases(CALLS)
EVERY = pytest.mark.parametrize(("name", "text"), PAIRS, ids=IDS)


#: Functions that add up products, in an order of their own.
PRODUCTS = {"dot", "einsum", "tensordot"}


@EVERY
def test_values_are_numpys(name, text):
    """Those of functions that only move elements, or do the same operations, are equal."""
    check_value(name, text, exact=name in numpy_calls_arrays.CALLS and name not in PRODUCTS)


@EVERY
def test_derivatives(name, text):
    check_derivatives(name, text)


@EVERY
def test_vectorised(name, text):
    check_vmap(name, text)


# -- errors ------------------------------------------------------------------------------------

BAD, BAD_IDS = cases(numpy_calls_arrays.BAD)


@pytest.mark.skipif(NAME != "numpy", reason="other libraries have other errors")
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
        text = str(ours.value)
        assert text.startswith(name.rpartition(".")[2]) or text == str(theirs.value)


# -- no function is missing --------------------------------------------------------------------

SPACES = {
    "": np, "linalg.": np.linalg, "fft.": np.fft, "emath.": np.emath,
    "lib.stride_tricks.": np.lib.stride_tricks,
}  # fmt: skip
#: Functions that take no arrays of numbers: NumPy's own do (and in xgrad.numpy, too).
WITHOUT_ARRAYS = {
    "settings": "get_include get_printoptions getbufsize geterr geterrcall info printoptions set_printoptions "
    "setbufsize seterr seterrcall show_config show_runtime test",
    "dtypes": "datetime_data isdtype issubdtype mintypecode promote_types typename",
    "text, and Python's numbers": "base_repr binary_repr format_float_positional format_float_scientific isscalar",
    "shapes and counts": "bartlett blackman broadcast_shapes diag_indices fft.fftfreq fft.rfftfreq hamming hanning "
    "indices mask_indices tril_indices triu_indices",
    "any object": "frompyfunc iterable",
    "files": "fromregex load",
    "other libraries' arrays": "from_dlpack",
}
#: Functions that make arrays: tests/test_numpy_module.py tests them with ``like=``, and of Tensors.
CREATION = (
    "arange array asanyarray asarray asarray_chkfinite ascontiguousarray asfortranarray empty eye frombuffer fromfile "
    "fromfunction fromiter fromstring full genfromtxt identity loadtxt ones require tri zeros"
).split()
#: Other names of functions: what they call is in a table.
ALIASES = {"row_stack": "vstack"}
#: Functions that a Tensor is refused by: a call, and what the message says.
REFUSED = {
    "asmatrix": ("np.asmatrix(w)", "call detach"),
    "bmat": ("np.bmat([[w, w]])", "call detach"),
    "busday_count": ("np.busday_count(w, w)", "not dates"),
    "busday_offset": ("np.busday_offset(w, w)", "not dates"),
    "datetime_as_string": ("np.datetime_as_string(w)", "not dates"),
    "is_busday": ("np.is_busday(w)", "not dates"),
    "isfortran": ("np.isfortran(w)", "flags"),
    "isnat": ("np.isnat(w)", "xgrad.isnan"),
    "kaiser": ("np.kaiser(3, w[0])", "call detach"),
    "lib.stride_tricks.as_strided": ("np.lib.stride_tricks.as_strided(w, (2,))", "call detach"),
    "nested_iters": ("np.nested_iters([w, w], [[], [0]])", "call detach"),
    "packbits": ("np.packbits(w > 0)", "detach"),
    "save": ("np.save('no_file', w)", "xgrad.save_file"),
    "savetxt": ("np.savetxt('no_file', w)", "xgrad.save_file"),
    "savez": ("np.savez('no_file', w)", "xgrad.save_file"),
    "savez_compressed": ("np.savez_compressed('no_file', w)", "xgrad.save_file"),
    "unpackbits": ("np.unpackbits(w > 0)", "detach"),
}


def public_names():
    for prefix, space in SPACES.items():
        for name in getattr(space, "__all__", None) or dir(space):
            x = getattr(space, name)
            if callable(x) and not inspect.isclass(x) and not name.startswith("_"):
                yield prefix + name


def test_no_public_function_of_numpy_is_missing():
    without = " ".join(WITHOUT_ARRAYS.values()).split()
    listed = [*CALLS, *without, *CREATION, *ALIASES, *REFUSED]
    assert len(set(listed)) == len(listed), "a name is listed twice"
    names = set(public_names())
    assert names - set(listed) == set(), "add a call to a table (tests/numpy_calls_*.py)"
    assert set(listed) - names == set(), "NumPy has no such name"


def test_the_tables_are_large():
    """The counts of functions and calls are part of the release's notes."""
    assert len(CALLS) >= 350
    assert sum(map(len, CALLS.values())) >= 1000


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_what_is_refused_says_what_to_do(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    call, message = REFUSED[name]
    w = xg.tensor(raw(np.asarray([0.5, 2.0])), requires_grad=True)
    for module in modules():
        with pytest.raises((TypeError, AttributeError, xg.AutogradError), match=message):
            eval(call, {"np": module, "w": w})  # noqa: S307


def _parameters(function):
    parameters = inspect.signature(function).parameters.values()
    return [(p.name, p.kind.name, repr(p.default)) for p in parameters if p.name != "like"]


@pytest.mark.parametrize(
    ("name", "function"),
    [
        pytest.param(name, entry.function, id=name)
        for entry in DECLARATIONS
        if entry.module.startswith("xgrad.ops.numpy.")
        for name in entry.names("numpy")
    ],
)
def test_signatures_are_numpys(name, function):
    """Names, kinds, order and defaults."""
    assert _parameters(function) == _parameters(operator.attrgetter(name)(np))

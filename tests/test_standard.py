"""The Python Array API standard: names, signatures, dtypes, inspection, exchange."""

import copy
import inspect
import math
import pickle

import array_api_compat.numpy as compat
import numpy as np
import pytest

import xgrad as xg

pytestmark = pytest.mark.numpy_only

REAL = ["float32", "float64"]
COMPLEX = ["complex64", "complex128"]
INTEGER = [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
NUMERIC = REAL + COMPLEX + INTEGER
ALL = [*NUMERIC, "bool"]


# -- names and signatures ----------------------------------------------------------------------


def strict():
    return pytest.importorskip("array_api_strict")


def standard_functions():
    """Return every function of the standard, as array_api_strict defines them."""
    library = strict()
    own = {"Device", "ArrayAPIStrictFlags"}
    flags = {n for n in dir(library) if n.endswith("array_api_strict_flags")}
    for prefix, theirs, ours in (
        ("", library, xg),
        ("linalg.", library.linalg, xg.linalg),
        ("fft.", library.fft, xg.fft),
    ):
        for name in theirs.__all__ if hasattr(theirs, "__all__") else dir(theirs):
            function = getattr(theirs, name)
            if inspect.isfunction(function) and name not in own | flags and name[0] != "_":
                yield prefix + name, function, ours


#: Defaults that the standard does not define.
MORE = {"linspace", "squeeze"}


def test_every_function_is_there_with_the_standards_signature():
    count = 0
    for name, function, ours in standard_functions():
        count += 1
        own = getattr(ours, name.rpartition(".")[2])
        wanted = inspect.signature(function).parameters.values()
        found = list(inspect.signature(own).parameters.values())
        ours_by_name = {p.name: p for p in found}
        for i, a in enumerate(wanted):
            b = ours_by_name.pop(a.name)  # also what the standard takes by position alone
            assert b.kind == a.kind or b.kind is b.POSITIONAL_OR_KEYWORD, name
            if a.kind < a.VAR_POSITIONAL:
                assert list(found)[i].name == a.name, name
            undefined = type(a.default).__name__ == "Undef"
            if name not in MORE and not undefined:
                assert a.default == b.default, f"{name}: {a.default!r} {b.default!r}"
        assert all(p.default is not p.empty for p in ours_by_name.values()), name
    assert count > 170


@pytest.mark.parametrize("name", ["eig", "eigvals"])
def test_functions_new_in_2025_12(name):
    (x,) = inspect.signature(getattr(xg.linalg, name)).parameters.values()
    assert (x.name, x.kind) == ("x", x.POSITIONAL_OR_KEYWORD)


def test_constants_and_dtypes():
    assert (xg.e, xg.pi, xg.inf) == (math.e, math.pi, math.inf)
    assert math.isnan(xg.nan)
    assert xg.newaxis is None
    for name in ALL:
        assert getattr(xg, name) == np.dtype(name)


def test_methods_of_the_array_object():
    array = type(strict().zeros(1))
    missing = [n for n in dir(array) if n not in dir(xg.Tensor) and not n.startswith("_")]
    assert missing == []
    special = [n for n in vars(array) if n.startswith("__") and callable(getattr(array, n))]
    private = {"__init__", "__new__", "__buffer__", "__array__", "__weakref__", "__dict__"}
    assert [n for n in special if n not in private and not hasattr(xg.Tensor, n)] == []
    for name in ("__add__", "__dlpack__", "__array_namespace__", "__getitem__"):
        wanted = inspect.signature(getattr(strict().zeros(1), name)).parameters.values()
        found = inspect.signature(getattr(xg.zeros(1), name)).parameters.values()
        keywords = [p.name for p in wanted if p.kind == p.KEYWORD_ONLY]
        assert [p.name for p in found if p.kind == p.KEYWORD_ONLY] == keywords, name
        assert len(found) == len(wanted), name


def test_namespace():
    x = xg.zeros(2)
    assert x.__array_namespace__() is xg
    assert x.__array_namespace__(api_version="2025.12") is xg
    with pytest.raises(ValueError, match="api_version must be one of"):
        x.__array_namespace__(api_version="1999.12")
    assert xg.__name__ == "xgrad"
    assert xg.__array_api_version__ == "2025.12"
    for owner in (xg, xg.linalg, xg.fft, xg.special, x):
        with pytest.raises(AttributeError):
            owner.there_is_no_such_thing  # noqa: B018


def test_a_library_that_asks_for_the_namespace_becomes_differentiable():
    def softplus(x):
        xp = x.__array_namespace__()
        return xp.log1p(xp.exp(x))

    assert xg.grad(softplus)(0.0) == 0.5


# -- dtypes ------------------------------------------------------------------------------------

UNARY = {
    **dict.fromkeys(("abs", "positive", "square"), NUMERIC),
    **dict.fromkeys(("negative",), NUMERIC),
    **dict.fromkeys(("ceil", "floor", "trunc", "round"), REAL + INTEGER),
    **dict.fromkeys(("sign",), NUMERIC),
    **dict.fromkeys(("signbit",), REAL),
    **dict.fromkeys(("reciprocal",), REAL + COMPLEX),
    **dict.fromkeys(
        ("acos", "acosh", "asin", "asinh", "atan", "atanh", "cos", "cosh", "exp", "expm1", "log"),
        REAL + COMPLEX,
    ),
    **dict.fromkeys(
        ("log10", "log1p", "log2", "sin", "sinh", "sqrt", "tan", "tanh"), REAL + COMPLEX
    ),
    **dict.fromkeys(("conj", "real", "isfinite", "isinf", "isnan"), NUMERIC),
    **dict.fromkeys(("imag",), COMPLEX),
    **dict.fromkeys(("bitwise_invert",), [*INTEGER, "bool"]),
    "logical_not": ["bool"],
}
BINARY = {
    **dict.fromkeys(("add", "subtract", "multiply", "pow"), NUMERIC),
    **dict.fromkeys(("divide",), REAL + COMPLEX),
    **dict.fromkeys(("equal", "not_equal"), ALL),
    **dict.fromkeys(("less", "less_equal", "greater", "greater_equal"), REAL + INTEGER),
    **dict.fromkeys(("floor_divide", "remainder", "maximum", "minimum"), REAL + INTEGER),
    **dict.fromkeys(("atan2", "copysign", "hypot", "logaddexp", "nextafter"), REAL),
    **dict.fromkeys(("bitwise_and", "bitwise_or", "bitwise_xor"), [*INTEGER, "bool"]),
    **dict.fromkeys(("bitwise_left_shift", "bitwise_right_shift"), INTEGER),
    **dict.fromkeys(("logical_and", "logical_or", "logical_xor"), ["bool"]),
}
REDUCTIONS = {
    **dict.fromkeys(("sum", "prod", "cumulative_sum", "cumulative_prod"), NUMERIC),
    **dict.fromkeys(("max", "min", "argmax", "argmin", "sort", "argsort"), REAL + INTEGER),
    **dict.fromkeys(("mean",), REAL + COMPLEX),
    **dict.fromkeys(("std", "var"), REAL),
    **dict.fromkeys(("any", "all", "count_nonzero"), ALL),
    **dict.fromkeys(("unique_values", "flip", "diff"), NUMERIC),
}


def numbers(dtype, count=4):
    values = np.asarray([1, 2, 0, 3, 1, 5][:count]).astype(dtype)
    return values + 1j * values[::-1] if np.dtype(dtype).kind == "c" else values


def same(found, expected, what):
    found = np.asarray(found)
    assert found.dtype == expected.dtype, f"{what}: {found.dtype} is not {expected.dtype}"
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7, err_msg=what)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", UNARY)
def test_elementwise_functions_of_every_dtype(name):
    for dtype in UNARY[name]:
        x = numbers(dtype)
        same(getattr(xg, name)(xg.asarray(x)), np.asarray(getattr(compat, name)(x)), dtype)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", BINARY)
def test_functions_of_two_arrays_of_every_pair_of_dtypes(name):
    for a in BINARY[name]:
        for b in BINARY[name]:
            x, y = numbers(a), numbers(b)[::-1].copy()
            mixed = np.result_type(a, b)
            if mixed.name not in BINARY[name] or (a == "uint64") != (b == "uint64"):
                continue  # the standard leaves it undefined
            try:
                expected = np.asarray(getattr(compat, name)(x, y))
            except (ValueError, TypeError):
                continue
            same(getattr(xg, name)(xg.asarray(x), xg.asarray(y)), expected, f"{a} {b}")


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", BINARY)
def test_python_scalars_do_not_change_the_dtype(name):
    for dtype in BINARY[name]:
        scalar = {"f": 2.0, "c": 2j, "b": True}.get(np.dtype(dtype).kind, 2)
        x = numbers(dtype)
        if np.dtype(dtype).kind == "c" and name == "pow":
            scalar = 2.0
        same(
            getattr(xg, name)(xg.asarray(x), scalar),
            np.asarray(getattr(compat, name)(x, scalar)),
            dtype,
        )
        if name not in ("pow", "remainder", "floor_divide", "divide"):
            same(
                getattr(xg, name)(scalar, xg.asarray(x)),
                np.asarray(getattr(compat, name)(scalar, x)),
                dtype,
            )


@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions_of_every_dtype(name):
    for dtype in REDUCTIONS[name]:
        x = numbers(dtype)
        options = {"axis": 0} if name in ("cumulative_sum", "cumulative_prod") else {}
        expected = np.asarray(getattr(compat, name)(x, **options))
        same(getattr(xg, name)(xg.asarray(x), **options), expected, dtype)


def test_operators_in_place_of_every_dtype():
    for dtype in NUMERIC:
        for operator in ("__iadd__", "__isub__", "__imul__"):
            x, y = numbers(dtype), xg.asarray(numbers(dtype))
            x = getattr(x, operator)(numbers(dtype))
            y = getattr(y, operator)(xg.asarray(numbers(dtype)))
            same(y, x, f"{dtype} {operator}")


# -- inspection --------------------------------------------------------------------------------


def test_isdtype():
    kinds = {
        "bool": ["bool"],
        "signed integer": INTEGER[:4],
        "unsigned integer": INTEGER[4:],
        "integral": INTEGER,
        "real floating": REAL,
        "complex floating": COMPLEX,
        "numeric": NUMERIC,
    }
    for kind, names in kinds.items():
        for name in ALL:
            assert xg.isdtype(getattr(xg, name), kind) == (name in names)
            assert xg.isdtype(dtype=getattr(xg, name), kind=(kind, xg.bool)) == (
                name in names or name == "bool"
            )
    assert xg.isdtype(xg.float16, "real floating")
    with pytest.raises(ValueError, match="kind must be one of"):
        xg.isdtype(xg.float32, "floaty")
    with pytest.raises(TypeError, match="expected a dtype or an array"):
        xg.isdtype(3, "bool")


def test_result_type_and_can_cast():
    assert xg.result_type(xg.int8, xg.uint8) == xg.int16
    assert xg.result_type(xg.zeros(1, dtype=xg.float32), 1.0) == xg.float32
    assert xg.result_type(xg.zeros(1, dtype=xg.float32), 1j) == xg.complex64
    assert xg.result_type(np.float32(1), xg.complex64) == xg.complex64
    with pytest.raises(ValueError, match="at least one array"):
        xg.result_type()
    assert xg.result_type(1.0) == xg.result_type(1, 2.0) == xg.float64
    assert xg.result_type(1) == xg.int64
    assert xg.result_type(np.float32(1), 2.0) == xg.result_type(np.float32(1)) == xg.float32
    assert xg.can_cast(xg.zeros(1, dtype=xg.int8), xg.int16)
    assert not xg.can_cast(xg.int16, xg.int8)


def test_limits():
    info = xg.finfo(xg.zeros(1, dtype=xg.complex64))
    assert info.dtype == xg.float32
    assert [type(v) for v in (info.eps, info.max, info.min, info.smallest_normal)] == [float] * 4
    assert xg.iinfo(xg.uint16) == xg.iinfo(xg.zeros(1, dtype=xg.uint16))
    assert xg.iinfo(xg.int64).min == -(2**63)
    with pytest.raises(TypeError, match="expected a floating-point dtype, got int8"):
        xg.finfo(xg.int8)
    with pytest.raises(TypeError, match="expected an integer dtype, got float64"):
        xg.iinfo(xg.float64)


def test_namespace_info():
    info = xg.__array_namespace_info__()
    assert info.capabilities()["boolean indexing"]
    assert info.default_device() in info.devices()
    assert isinstance(info.devices(), tuple)
    assert info.default_dtypes()["integral"] == xg.int64
    assert info.default_dtypes(device=info.default_device())["real floating"] == xg.float64
    assert set(info.dtypes()) == set(ALL)
    assert set(info.dtypes(kind=("bool", "complex floating"))) == {"bool", *COMPLEX}
    for device in info.devices():
        assert xg.zeros(1, device=device).device is not None


def test_broadcast_shapes():
    assert xg.broadcast_shapes() == ()
    assert xg.broadcast_shapes((2, 1), (3,), ()) == (2, 3)
    with pytest.raises(ValueError, match="broadcast"):
        xg.broadcast_shapes((2,), (3,))


# -- Python's own protocols --------------------------------------------------------------------


def test_conversions():
    x = xg.asarray(3)
    assert (bool(x), int(x), float(x), complex(x), range(5)[x]) == (True, 3, 3.0, 3 + 0j, 3)
    assert [type(f(x)) for f in (bool, int, float, complex)] == [bool, int, float, complex]
    with pytest.raises(TypeError, match="expected an integer tensor"):
        range(5)[xg.asarray(3.0)]
    with pytest.raises(TypeError):
        float(xg.asarray(1j))
    for function in (iter, len):
        with pytest.raises(TypeError, match="0-d tensor"):
            function(x)
    assert [int(v) for v in xg.asarray([1, 2])] == [1, 2]


def test_constants_and_leaves_are_copied_and_pickled():
    for x in (xg.asarray([1.0, 2.0]), xg.tensor([1.0, 2.0], requires_grad=True)):
        for made in (copy.deepcopy(x), copy.copy(x), pickle.loads(pickle.dumps(x))):
            assert made is not x
            assert made.requires_grad == x.requires_grad
            np.testing.assert_array_equal(made.detach().numpy(), x.detach().numpy())
        deep = copy.deepcopy(x)
        with xg.no_grad():
            deep[0] = 9.0
        assert float(x.detach()[0]) == 1.0
    with pytest.raises(xg.AutogradError, match="only constants and leaves"):
        pickle.dumps(xg.tensor([1.0], requires_grad=True) * 2)


def test_deep_copies_of_results_stay_in_the_graph():
    def f(x):
        best, same = copy.deepcopy([x * 2, {"w": x}])
        best[0] = 0.0
        return xg.sum(best**2) + xg.sum(same["w"])

    assert xg.grad(f)(xg.asarray([1.0, 2.0])).tolist() == [1.0, 17.0]
    w = xg.tensor([1.0, 2.0], requires_grad=True)
    y = w * 2
    twice = copy.deepcopy([y, y])
    assert twice[0] is twice[1]
    assert twice[0] is not y
    xg.sum(twice[0] ** 2).backward()
    assert w.grad.tolist() == [8.0, 16.0]


def test_printing_is_numpys():
    values = np.linspace(0, 1, 2000).reshape(40, 50)
    shown = repr(xg.asarray(values))
    inner = np.array2string(values, separator=", ", prefix="Tensor(")
    assert shown == f"Tensor({inner})"
    with np.printoptions(precision=2):
        assert repr(xg.asarray([1 / 3])) == "Tensor([0.33])"
    assert str(xg.asarray([1.5])) == "Tensor([1.5])"
    assert f"{xg.asarray(0.123456):.2f}" == "0.12"


# -- DLPack ------------------------------------------------------------------------------------


def test_dlpack_to_and_from_numpy_shares_memory():
    array = np.zeros(3)
    x = xg.from_dlpack(array)
    array[0] = 1.0
    assert float(x[0]) == 1.0
    back = np.from_dlpack(x)
    assert np.shares_memory(back, array)
    assert x.__dlpack_device__() == (1, 0)
    copied = xg.from_dlpack(array, copy=True)
    array[1] = 5.0
    assert float(copied[1]) == 0.0
    frozen = np.zeros(2)
    frozen.setflags(write=False)
    assert np.from_dlpack(xg.asarray(frozen)).shape == (2,)


def test_dlpack_of_a_tensor_that_needs_gradients_raises():
    w = xg.tensor([1.0], requires_grad=True)
    with pytest.raises(xg.AutogradError, match=r"call detach\(\) first"):
        np.from_dlpack(w)
    with pytest.raises(xg.AutogradError, match="__dlpack__"):
        xg.grad(lambda x: xg.sum(xg.asarray(np.from_dlpack(x))))(np.ones(2))
    assert np.from_dlpack(w.detach())[0] == 1.0
    assert xg.from_dlpack(w) is w
    with pytest.raises(TypeError, match="expected an array with __dlpack__, got list"):
        xg.from_dlpack([1.0])


class Foreign:
    """An array of a library that xgrad does not know."""

    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **options):
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


def test_dlpack_from_an_unknown_library():
    array = np.zeros(2)
    x = xg.from_dlpack(Foreign(array))
    array[0] = 3.0
    assert float(x[0]) == 3.0
    assert float(xg.from_dlpack(Foreign(array), copy=True)[0]) == 3.0


def test_to_device():
    x = xg.asarray([1.0])
    assert x.to_device(x.device) is x
    with pytest.raises(ValueError, match="stream=None"):
        x.to_device(x.device, stream=1)
    assert xg.astype(x, xg.float32, device=x.device).dtype == xg.float32

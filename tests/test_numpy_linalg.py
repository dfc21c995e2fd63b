"""Arguments of ``np.linalg`` and ``np.fft`` on Tensors have NumPy's meaning."""

import inspect

import numpy as np
import pytest

import xgrad as xg
from tests.environment import host, raw
from xgrad.engine.declare import positional
from xgrad.interop.numpy.protocols import FUNCTIONS

OURS = {
    f"{f.__module__}.{f.__name__}": (f, ours)
    for f, ours in FUNCTIONS.items()
    if f.__module__ in ("numpy.linalg", "numpy.fft")
}
rng = np.random.default_rng(3)
A = rng.normal(size=(3, 3)) + 3 * np.eye(3)


@pytest.mark.numpy_only
@pytest.mark.parametrize("name", OURS)
def test_signatures_match_numpys(name):
    """Same names, order, kinds and defaults, if an argument may be positional."""
    theirs, ours = (inspect.signature(f).parameters for f in OURS[name])
    if not OURS[name][1].__module__.startswith("xgrad.ops.numpy."):  # called by NumPy's order
        count = len(positional(OURS[name][1]))
        for p in list(theirs.values())[count:]:
            assert p.default == ours[p.name].default
        assert all(ours[n].default is not inspect.Parameter.empty for n in list(ours)[count:])
        return
    assert [p.kind for p in theirs.values()] == [p.kind for p in ours.values()]
    for p, own in zip(theirs.values(), ours.values(), strict=True):
        assert p.default is own.default or p.default == own.default
        assert p.name == own.name or p.kind == p.POSITIONAL_ONLY


@pytest.mark.numpy_only
def test_there_are_these():
    missing = {
        name
        for name in dir(np.linalg)
        if callable(f := getattr(np.linalg, name)) and not name.startswith("_")
        if f not in FUNCTIONS
    }
    assert missing == {"LinAlgError", "test"}


def check(function, *args, **keywords):
    given = (xg.asarray(raw(args[0])), *args[1:])
    with_numbers = function(*args, **keywords)
    found = function(*given, **keywords)
    if isinstance(with_numbers, tuple):
        found, with_numbers = found[0], with_numbers[0]
    np.testing.assert_allclose(host(found), with_numbers, rtol=1e-12, atol=1e-12)


def test_the_second_argument_of_a_rank_is_absolute():
    x = np.diag([1.0, 0.1, 1e-3])
    for tol in (0.01, 0.5, 1e-4, 2.0, None):
        for factor in (1.0, 1e3):
            check(np.linalg.matrix_rank, x * factor, tol)
    for keywords in ({"rtol": 0.01}, {"tol": 0.01}, {"hermitian": True, "rtol": 0.01}, {}):
        check(np.linalg.matrix_rank, 1e3 * x, **keywords)
    check(np.linalg.matrix_rank, x, 0.01, True)
    check(np.linalg.matrix_rank, x, None, True)
    of_each = np.linalg.matrix_rank(xg.asarray(raw(np.stack([x, 10 * x]))), raw(np.full(2, 0.5)))
    np.testing.assert_array_equal(host(of_each), [1, 2])
    for vector in (np.zeros(3), np.ones(3)):
        check(np.linalg.matrix_rank, vector)
    with pytest.raises(ValueError, match="matrix_rank: pass tol or rtol, not both"):
        np.linalg.matrix_rank(xg.asarray(raw(x)), 0.1, rtol=0.1)


def test_which_triangle_is_read():
    for uplo in "LUu":
        check(np.linalg.eigvalsh, A, uplo)
        check(np.linalg.eigh, A, UPLO=uplo)
        check(np.linalg.eigvalsh, A + 1j * A.T, uplo)
    with pytest.raises(ValueError, match=r"eigh: UPLO must be 'L' or 'U', got 'X'"):
        np.linalg.eigh(xg.asarray(raw(A)), "X")
    positive = A @ A.T + np.triu(A, 1)
    check(np.linalg.cholesky, positive, upper=True)
    check(np.linalg.cholesky, positive)
    check(np.linalg.cholesky, positive + 1j * np.tril(np.triu(A, 1) * 0.1, 1), upper=True)


def test_thresholds_of_pseudo_inverses():
    x = np.diag([1.0, 1e-3, 1e-15])
    for args, keywords in (((1e-2,), {}), ((), {"rtol": 1e-2}), ((), {"rtol": None}), ((), {})):
        check(np.linalg.pinv, x, *args, **keywords)
    with pytest.raises(ValueError, match="pinv: pass rtol or rcond, not both"):
        np.linalg.pinv(xg.asarray(raw(x)), 0.1, rtol=0.1)


def test_arguments_by_name():
    a = xg.asarray(raw(A))
    for function in (np.linalg.inv, np.linalg.det, np.linalg.eigvals, np.linalg.svd):
        found, expected = function(a=a), function(a=A)
        if not isinstance(expected, tuple):
            np.testing.assert_allclose(np.sum(host(found)), np.sum(expected), rtol=1e-12)
    np.testing.assert_allclose(host(np.linalg.solve(a=a, b=raw(A))), np.eye(3), atol=1e-12)
    np.testing.assert_allclose(host(np.linalg.matrix_power(a=a, n=2)), A @ A)
    np.testing.assert_allclose(host(np.linalg.svd(a, False, False)), np.linalg.svdvals(A))
    np.testing.assert_allclose(host(np.fft.fft(a=a)), np.fft.fft(A))
    with pytest.raises(TypeError, match="fft: out must be a Tensor, got ndarray"):
        np.fft.fft(a, out=np.zeros((3, 3), complex))


def test_an_axis_out_of_bounds_is_an_index_error_too():
    """NumPy's AxisError is a ValueError and an IndexError; the standard requires an IndexError."""
    calls = {
        "expand_dims": lambda x: xg.expand_dims(x, axis=3),
        "flip": lambda x: xg.flip(x, axis=2),  # was axis 0
        "sum": lambda x: xg.vmap(lambda x: xg.sum(x, axis=1))(x),  # was axis 0 of each example
    }
    for name, call in calls.items():
        for kind in (IndexError, ValueError):
            with pytest.raises(kind, match=f"{name}: axis . is out of bounds for"):
                call(xg.asarray(raw(A)))

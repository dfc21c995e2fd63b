"""NumPy's products, linalg, fft and emath of Tensors, with all of their arguments."""

import numpy as np
import pytest

import xgrad as xg
from tests.environment import host
from tests.numpy_checks import call, check_derivatives, check_equal, check_value, named

pytestmark = pytest.mark.numpy_only

X = np.asarray([[0.5, 1.5, -2.0, 0.2], [0.1, -0.7, 1.1, 2.5], [3.0, -1.0, 0.7, 0.9]])
V = np.asarray([0.3, -1.2, 2.0, 0.7])
INTEGERS = np.asarray([[3, 0, 1, 3], [2, 7, 4, 0], [1, 1, 2, 5]])
COMPLEX = X + 1j * X[::-1]
SQUARE = np.asarray([[2.0, 0.3, -0.4], [0.1, 1.5, 0.7], [0.2, -0.6, 3.0]])
WHOLE = np.asarray([[2, 1, 0], [1, 3, 1], [0, 1, 4]])
STACK = np.stack([SQUARE, SQUARE.T + np.eye(3)])
HERMITIAN = SQUARE @ SQUARE.T
UNEVEN = np.tril(HERMITIAN) + 7 * np.triu(np.ones((3, 3)), 1)  # only a triangle is Hermitian
LOW = np.asarray([[1.0, 2.0], [2.0, 4.0], [0.5, 1.0]])
CUBE = np.cos(np.arange(24.0)).reshape(2, 3, 4)


def test_products():
    arrays = (X, V, INTEGERS, COMPLEX, 2.0, CUBE, X.astype(np.float32))
    for a in arrays:
        for b in (*arrays, X.T, CUBE.swapaxes(1, 2)):
            if not isinstance(a, np.ndarray) and not isinstance(b, np.ndarray):
                continue
            for name in ("dot", "inner", "vdot", "outer", "kron", "matmul", "vecdot"):
                if name in ("matmul", "vecdot") and not (np.ndim(a) and np.ndim(b)):
                    continue
                if name == "vecdot" and np.ndim(a) > 2:
                    continue
                x, y = (v if isinstance(v, np.ndarray) else np.asarray(v) for v in (a, b))
                check_value(call(name, x, y), 1e-12)
    for name, a, b in (("dot", X, X.T), ("dot", CUBE, X.T), ("dot", V, V * 2), ("inner", X, X[:2]), ("inner", X, V),
                       ("vdot", X, X**2), ("outer", X, V), ("kron", X, V), ("dot", np.asarray(2.0), V)):  # fmt: skip
        check_derivatives(call(name, a, b))
    xg.testing.check_grads(np.vdot, (COMPLEX, X))
    for name in ("dot", "outer"):
        expected = named(name)(X, X.T) if name == "dot" else np.outer(X, X.T)
        out = xg.zeros(expected.shape)
        assert named(name)(xg.asarray(X), X.T, out=out) is out
        check_equal(out, expected)


# -- linalg ------------------------------------------------------------------------------------


def symmetric(name, x, *args, **keywords):
    """Check a derivative at Hermitian matrices, along Hermitian directions."""
    f = named(name)

    def of(v):
        return f((v + np.swapaxes(v, -1, -2)) * 0.5, *args, **keywords)

    xg.testing.check_grads(lambda v: _invariant(name, of(v)), (x,))


def _invariant(name, out):
    """What does not depend on signs of vectors."""
    if name.endswith("eigh"):
        return out[0], out[1] ** 2
    if name.endswith("svd"):
        return out[1], out[0] ** 2, out[2] ** 2
    return out


def test_hermitian_matrices():
    for uplo in ("L", "U", "u"):
        for x in (
            HERMITIAN,
            UNEVEN,
            WHOLE,
            UNEVEN + 1j * (UNEVEN - UNEVEN.T),
            np.stack([HERMITIAN, UNEVEN]),
        ):
            check_value(call("linalg.eigvalsh", x, uplo), 1e-12)
            check_value(call("linalg.eigvalsh", x, UPLO=uplo), 1e-12)
            found = np.linalg.eigh(xg.asarray(x), UPLO=uplo)
            expected = np.linalg.eigh(x, UPLO=uplo)
            np.testing.assert_allclose(host(found[0]), expected[0])
            back = lambda w, v: (v * w[..., None, :]) @ np.conj(np.swapaxes(v, -1, -2))  # noqa: E731
            np.testing.assert_allclose(back(*map(host, found)), back(*expected), atol=1e-12)
    check_value(call("linalg.eigh", HERMITIAN, "X"))
    check_value(call("linalg.cholesky", HERMITIAN), 1e-12)
    check_value(call("linalg.cholesky", UNEVEN), 1e-12)
    check_value(call("linalg.cholesky", UNEVEN.T, upper=True), 1e-12)
    check_value(call("linalg.cholesky", WHOLE), 1e-12)
    check_value(call("linalg.cholesky", -HERMITIAN))
    for keywords in ({"hermitian": True}, {}, {"rtol": 1e-3, "hermitian": True}, {"rcond": 1e-3}, {"rtol": None},
                     {"rcond": 0.1, "rtol": 0.1}):  # fmt: skip
        for x in (HERMITIAN, UNEVEN, WHOLE, STACK):
            if x is not WHOLE or keywords.get("rtol", 0) is not None:  # NumPy's finfo of integers
                check_value(call("linalg.pinv", x, **keywords), 1e-11)
    check_value(call("linalg.pinv", STACK, np.asarray([1e-3, 1e-10])), 1e-12)
    check_value(call("linalg.pinv", LOW, 1e-10), 1e-12)
    for x in (HERMITIAN, UNEVEN, WHOLE - 2 * np.eye(3), np.zeros((3, 3)), np.ones((3, 3))):
        check_value(call("linalg.svd", x, compute_uv=False, hermitian=True), 1e-12)
        u, s, vh = map(host, np.linalg.svd(xg.asarray(x), hermitian=True))
        _, expected, _ = np.linalg.svd(x, hermitian=True)
        np.testing.assert_allclose(s, expected, atol=1e-14)
        np.testing.assert_allclose((u * s) @ vh, np.tril(x) + np.tril(x, -1).T, atol=1e-13)
    indefinite = HERMITIAN - 2.2 * np.eye(3)
    symmetric("linalg.svd", indefinite, hermitian=True)
    symmetric("linalg.svd", indefinite, compute_uv=False, hermitian=True)
    symmetric("linalg.pinv", indefinite, hermitian=True)
    symmetric("linalg.eigh", indefinite, UPLO="U")
    symmetric("linalg.cholesky", HERMITIAN, upper=True)


def test_decompositions():
    for x in (X, INTEGERS, COMPLEX, X.T, CUBE, X.astype(np.float32)):
        check_value(call("linalg.svdvals", x), 1e-12)
        check_value(call("linalg.svd", x, compute_uv=False), 1e-12)
        for full in (True, False):
            u, s, vh = np.linalg.svd(xg.asarray(x), full)
            expected = np.linalg.svd(x, full)
            assert [v.shape for v in (u, s, vh)] == [v.shape for v in expected]
            assert u.dtype == expected[0].dtype
        for mode in ("reduced", "complete", "r"):
            check_value(call("linalg.qr", x, mode), 1e-12)
            check_value(call("linalg.qr", x, mode=mode), 1e-12)
    with pytest.raises(ValueError, match="qr: mode='raw'"):
        np.linalg.qr(xg.asarray(X), "raw")
    check_value(call("linalg.qr", X, "some"))
    for x in (
        SQUARE,
        STACK,
        WHOLE,
        SQUARE * (1 + 1j),
        np.asarray([[0.0, 1.0], [-1.0, 0.0]]),
        SQUARE.astype(np.float32),
    ):
        check_value(call("linalg.eigvals", x), 1e-11)
        check_value(call("linalg.eig", x), 1e-11)
    check_value(call("linalg.eigvals", X))
    xg.testing.check_grads(lambda x: np.linalg.eigvals(x), (SQUARE,))
    xg.testing.check_grads(lambda x: np.linalg.eig(x)[1] ** 2, (HERMITIAN,), order=1)


def test_solving():
    for a in (SQUARE, STACK, WHOLE, SQUARE * 1j, SQUARE.astype(np.float32)):
        check_value(call("linalg.inv", a), 1e-12)
        for b in (X[:, 0], X, INTEGERS, COMPLEX):
            check_value(call("linalg.solve", a, b), 1e-12)
    check_value(call("linalg.inv", np.ones((2, 2))))
    check_value(call("linalg.solve", np.ones((2, 2)), [1.0, 2.0]))
    check_value(call("linalg.inv", X))
    for a, b in (
        (X.T, V),
        (X.T, CUBE[0].T),
        (X, V[:3]),
        (LOW, V[:3]),
        (INTEGERS.T, V),
        (X.T, COMPLEX.T**2),
    ):
        for rcond in (None, -1, 1e-3):
            check_value(call("linalg.lstsq", a, b, rcond), 1e-11)
    check_value(call("linalg.lstsq", CUBE, V))
    tensor = np.random.default_rng(1).normal(size=(2, 3, 6)) + np.eye(6).reshape(2, 3, 6) * 3
    check_value(call("linalg.tensorsolve", tensor, X[:2, :3]), 1e-12)
    check_value(call("linalg.tensorsolve", tensor.transpose(0, 2, 1), X[:2, :3], axes=(1,)), 1e-12)
    check_value(call("linalg.tensorsolve", tensor, V))
    check_value(call("linalg.tensorinv", tensor), 1e-12)
    check_value(call("linalg.tensorinv", tensor.reshape(6, 2, 3), ind=1), 1e-12)
    check_value(call("linalg.tensorinv", tensor, 1))
    check_value(call("linalg.tensorinv", tensor, 0))
    check_derivatives(call("linalg.tensorsolve", tensor, X[:2, :3]))
    check_derivatives(call("linalg.tensorinv", tensor, 2))
    check_derivatives(call("linalg.inv", SQUARE))
    check_derivatives(call("linalg.pinv", X))
    check_derivatives(call("linalg.solve", SQUARE, X))
    xg.testing.check_grads(lambda a, b: np.linalg.lstsq(a, b)[:2], (X.T, V))


def test_numbers_of_matrices():
    for x in (SQUARE, STACK, WHOLE, SQUARE * (1 + 1j), np.ones((3, 3)), SQUARE.astype(np.float32)):
        check_value(call("linalg.det", x), 1e-12)
        check_value(call("linalg.slogdet", x), 1e-12)
        for p in (None, 2, -2, 1, -1, np.inf, -np.inf, "fro"):
            if p in (None, 2, -2) and x is not SQUARE:
                continue  # where a singular value is 0 but for rounding
            check_value(call("linalg.cond", x, p), 1e-10)
        for n in (0, 1, 2, 3, 5):
            check_value(call("linalg.matrix_power", x, n), 1e-12)
    check_value(call("linalg.matrix_power", WHOLE, -2), 1e-12)
    check_value(call("linalg.matrix_power", SQUARE, 1.5))
    for x in (X, LOW, WHOLE, np.zeros((2, 2)), STACK, V, np.zeros(3), INTEGERS):
        for keywords in (
            {},
            {"tol": 0.5},
            {"rtol": 0.1},
            {"hermitian": True},
            {"tol": 1, "rtol": 1},
        ):
            if "hermitian" in keywords and (x.ndim < 2 or x.shape[-1] != x.shape[-2]):
                continue
            check_value(call("linalg.matrix_rank", x, **keywords))
    check_value(call("linalg.matrix_rank", STACK, np.asarray([0.1, 2.5])))
    for x in (X, INTEGERS, COMPLEX, X.astype(np.float32), CUBE):
        for keywords in ({}, {"axis": 0}, {"axis": -1, "ord": 1}, {"axis": 1, "ord": np.inf, "keepdims": True},
                         {"axis": (0, 1)}, {"axis": (1, 0), "ord": 1}, {"axis": 0, "ord": 3}, {"axis": 0, "ord": 0},
                         {"axis": 0, "ord": -np.inf}, {"axis": 0, "ord": 0.5}, {"axis": (0, 1), "ord": "nuc"},
                         {"axis": (0, 1), "ord": -2}, {"axis": (0, 1), "ord": 2, "keepdims": True},
                         {"axis": (0, 1), "ord": "x"}, {"axis": 0, "ord": "fro"}, {"axis": 9}, {"axis": 0, "ord": -1}):  # fmt: skip
            if x is INTEGERS and keywords.get("ord") in (-1,):
                continue  # zeros
            check_value(call("linalg.norm", x, **keywords), 1e-12)
        for ord in ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf):  # noqa: A001
            check_value(call("linalg.matrix_norm", x, ord=ord, keepdims=True), 1e-12)
        for ord in (2, 1, np.inf, 0, 3):  # noqa: A001
            check_value(call("linalg.vector_norm", x, ord=ord), 1e-12)
            check_value(call("linalg.vector_norm", x, axis=0, ord=ord), 1e-12)
    check_value(call("linalg.norm", X, 3))
    check_value(call("linalg.norm", CUBE, 2))
    check_value(call("linalg.norm", V, 1), 1e-12)
    for p in (None, 1, "fro", -2):
        check_derivatives(call("linalg.cond", SQUARE, p))
    check_derivatives(call("linalg.norm", X, 3, 1))
    check_derivatives(call("linalg.norm", X, "nuc"))
    check_derivatives(call("linalg.det", SQUARE))
    check_derivatives(call("linalg.matrix_power", SQUARE, 3))


def test_other_functions_of_linalg():
    check_value(call("linalg.multi_dot", [X, X.T, SQUARE]), 1e-12)
    out = xg.zeros((3, 3))
    assert np.linalg.multi_dot([xg.asarray(X), X.T, SQUARE], out=out) is out
    check_equal(out, X @ X.T @ SQUARE, 1e-12)
    check_value(call("linalg.outer", V, V), 1e-12)
    check_value(call("linalg.matrix_transpose", CUBE))
    check_value(call("linalg.diagonal", CUBE, offset=1))
    check_value(call("linalg.trace", CUBE, offset=-1), 1e-12)
    check_value(call("linalg.trace", INTEGERS, dtype=np.float64))
    check_value(call("linalg.cross", X[:, :3], X[:, 1:]), 1e-12)
    check_value(call("linalg.cross", X, X**2, axis=0), 1e-12)
    check_value(call("linalg.tensordot", CUBE, X, axes=[[1], [0]]), 1e-12)
    check_value(call("linalg.tensordot", X, X.T, axes=1), 1e-12)
    check_value(call("linalg.matmul", CUBE, X.T), 1e-12)
    check_value(call("linalg.vecdot", COMPLEX, X, axis=0), 1e-12)
    check_value(call("tensordot", CUBE, X.T, 1), 1e-12)
    check_value(call("tensordot", X, X), 1e-12)


# -- fft and emath -----------------------------------------------------------------------------

ONE = ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")
SEVERAL = ("fft2", "ifft2", "rfft2", "irfft2", "fftn", "ifftn", "rfftn", "irfftn")


@pytest.mark.parametrize("name", ONE + SEVERAL)
def test_fourier_transforms(name):
    name = f"fft.{name}"
    real = "ihfft" in name or "rfft" in name and "irfft" not in name
    arrays = (
        [X, INTEGERS, X.astype(np.float32), CUBE] + [] if real else [X, INTEGERS, COMPLEX, CUBE]
    )
    for x in arrays:
        for norm in (None, "backward", "ortho", "forward"):
            if name[4:] in ONE:
                for args in ((), (5,), (3, 0), (None, 0)):
                    check_value(call(name, x, *args, norm=norm), 1e-12)
                check_value(call(name, x, 4, -1, norm), 1e-12)
            else:
                for args in ((), ((4, 4), (0, 1)), (None, (1, 0)), (None, (-1,))):
                    check_value(call(name, x, *args, norm=norm), 1e-12)
    check_value(call(name, X, norm="some"))
    expected = named(name)(X)
    out = xg.zeros(expected.shape, dtype=expected.dtype)
    assert named(name)(xg.asarray(X), out=out) is out
    check_equal(out, expected, 1e-12)
    xg.testing.check_grads(lambda v: named(name)(v), (X,))
    if not real:
        xg.testing.check_grads(lambda v: named(name)(v), (COMPLEX,))


def test_shifts_and_frequencies():
    for name in ("fft.fftshift", "fft.ifftshift"):
        for x in (X, INTEGERS, COMPLEX, V):
            for axes in (None, 0, (0,), -1):
                check_value(call(name, x, axes))
                check_value(call(name, x, axes=axes))
    step = xg.asarray(0.5)
    for name in ("fftfreq", "rfftfreq"):
        f = getattr(np.fft, name)
        check_equal(f(5, step), f(5, 0.5))
        xg.testing.check_grads(lambda d, g=f: g(5, d), (0.5,))


def test_emath():
    signs = np.asarray([-2.0, 0.5, 3.0, -0.25])
    for x in (signs, np.abs(signs), signs.astype(np.float32), np.asarray([-4, 9]), np.asarray([4, 9]), signs + 1j,
              np.asarray([-4, 9], np.int8)):  # fmt: skip
        for name in ("sqrt", "log", "log2", "log10", "arccos", "arcsin", "arctanh"):
            check_value(call(f"emath.{name}", x), 1e-12)
        check_value(call("emath.logn", np.asarray(2.0), x), 1e-12)
        check_value(call("emath.logn", x, 3.0), 1e-12)
        for p in (2, -1, 0.5, np.asarray(-2)):
            check_value(call("emath.power", x, p), 1e-12)
    for name in ("sqrt", "log", "log2", "log10", "arccos", "arcsin", "arctanh"):
        for x in (signs, np.asarray([0.2, 0.7])):
            check_derivatives(call(f"emath.{name}", x))
    check_derivatives(call("emath.power", signs, 1.5))
    check_derivatives(call("emath.logn", np.asarray(2.0), signs))


TRUNCATED = np.asarray([[3, 0, 0.5], [0.3, 2, 0], [0, 0, 0.1]])
EQUAL = np.linalg.qr(TRUNCATED)[0] @ np.diag([2.0, 2.0, 0.1])


def test_derivatives_where_a_tolerance_discards_singular_values():
    b = np.asarray([1.0, 2.0, 3.0])
    for a in (TRUNCATED, TRUNCATED[:2] + 1j * TRUNCATED[1:], TRUNCATED[:, :2]):
        rtol = 0.1 if a.shape == (3, 3) else 0.9
        check_value(call("linalg.pinv", a, rtol=rtol), 1e-12)
        xg.testing.check_grads(lambda a, r=rtol: np.linalg.pinv(a, rtol=r), (a,))
        xg.testing.check_grads(lambda a, r=rtol: np.linalg.pinv(a, rcond=r), (a,))
    xg.testing.check_grads(lambda a, b: np.linalg.lstsq(a, b, rcond=0.1)[0], (TRUNCATED, b))
    xg.testing.check_grads(lambda a: np.linalg.pinv(a + a.T, 0.1, hermitian=True), (TRUNCATED,))
    zeros = np.diag([2.0, 0.1, 0.0, 0.0])
    for a in (EQUAL, np.diag([2.0, 0.1, 0.1]), zeros[:3, :3]):  # equal values need no care
        xg.testing.check_grads(lambda a: np.linalg.pinv(a, rtol=0.1), (a,), order=1)
    # Where the others are 0 from the start, the rule is that of a constant rank.
    slope = xg.jvp(lambda a: np.linalg.pinv(a, rtol=0.1), (np.diag([2.0, 0.0]),), (np.eye(2),))[1]
    np.testing.assert_allclose(host(slope), np.diag([-0.25, 0.0]))
    stack = np.stack([TRUNCATED, TRUNCATED.T, EQUAL])
    for rtol in (0.1, np.asarray([0.1, 0.01, 0.1])):
        xg.testing.check_grads(lambda a, r=rtol: np.linalg.pinv(a, rtol=r), (stack,), order=1)
    each = xg.vmap(xg.jacrev(lambda a: np.linalg.pinv(a, rtol=0.1)))(stack)
    for one, a in zip(each, stack, strict=True):
        found = xg.jacfwd(lambda a: np.linalg.pinv(a, rtol=0.1))(a)
        np.testing.assert_allclose(host(one), host(found), rtol=1e-10, atol=1e-12)
    f, step = lambda a: np.sum(np.linalg.pinv(a, rtol=0.1) ** 3), 1e-5 * X[:, :3]  # noqa: E731
    differences = (xg.grad(f)(EQUAL + step) - xg.grad(f)(EQUAL - step)) / 2
    second = xg.jvp(xg.grad(f), (EQUAL,), (step,))[1]
    np.testing.assert_allclose(host(second), host(differences), rtol=1e-5, atol=1e-12)

"""Matrix functions in hard cases: equal, nearly equal, defective, negative, zero eigenvalues."""

import warnings

import numpy as np
import pytest
import scipy.linalg

import xgrad as xg
from tests.environment import NAME, host, raw
from xgrad.ops.linalg.functions import _matrix_function

pytestmark = pytest.mark.skipif(NAME in ("jax", "dpnp", "dask"), reason="many small compilations")

rng = np.random.default_rng(14)
Q = np.linalg.qr(rng.normal(size=(3, 3)))[0]
JORDAN = np.asarray([[2.0, 1, 0], [0, 2, 1], [0, 0, 2]])
GENERAL = rng.normal(size=(3, 3)) + 3 * np.eye(3)

MATRICES = {
    "identity": np.eye(3),
    "equal": Q @ np.diag([2.0, 2.0, 1.0]) @ Q.T,
    "1e-9 apart": Q @ np.diag([1.0, 1.0 + 1e-9, 2.0]) @ Q.T,
    "1e-9 apart, general": np.diag([1.0, 1.0 + 1e-9, 2.0]) + 1e-3 * np.triu(GENERAL, 1),
    "defective": JORDAN,
    "defective, in another basis": Q @ JORDAN @ Q.T,
    "nearly defective": Q @ (JORDAN + 1e-5 * rng.normal(size=(3, 3))) @ Q.T,
    "complex eigenvalues": scipy.linalg.block_diag([[0.0, -2.0], [2.0, 0.0]], 1.0),
    "complex": GENERAL + 0.5j * rng.normal(size=(3, 3)),
    "Hermitian": (GENERAL + 1j * Q) @ (GENERAL + 1j * Q).conj().T + np.eye(3),
    "positive definite": GENERAL @ GENERAL.T + np.eye(3),
}
L = xg.linalg
FUNCTIONS = {
    "expm": L.expm,
    "sqrtm": L.sqrtm,
    "logm": L.logm,
    "fractional_matrix_power": lambda a: L.fractional_matrix_power(a, 0.3),
    "its inverse": lambda a: L.fractional_matrix_power(a, -1.7),
    "funm": lambda a: L.funm(a, xg.sin),
}
SCIPY = {
    "sqrtm": scipy.linalg.sqrtm,
    "logm": scipy.linalg.logm,
    "fractional_matrix_power": lambda a: scipy.linalg.fractional_matrix_power(a, 0.3),
    "its inverse": lambda a: scipy.linalg.fractional_matrix_power(a, -1.7),
    "funm": scipy.linalg.sinm,
}


def by_vectors(f):
    def of(a):
        w, v = np.linalg.eigh(a)
        return (v * f(w)) @ v.conj().T

    return of


def weighted(f):
    weights = rng.normal(size=(3, 3))

    def loss(a):
        out = f(a)
        return xg.sum(xg.real(out) * raw(weights)) + xg.sum(xg.imag(out + 0j) * raw(weights.T))

    return loss


@pytest.mark.parametrize("matrix", MATRICES)
@pytest.mark.parametrize("name", SCIPY)
def test_values_against_scipy(name, matrix):
    a = MATRICES[matrix]
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # logm warns about its error estimate
        expected = SCIPY[name](a)
    out = host(FUNCTIONS[name](raw(a)))
    np.testing.assert_allclose(out, expected, rtol=1e-12, atol=1e-12)
    assert out.dtype.kind == a.dtype.kind


@pytest.mark.parametrize("matrix", MATRICES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_derivatives_up_to_the_second(name, matrix):
    modes = (("fwd", "rev"),) if matrix != "defective" else (("fwd",), ("rev",), ("fwd", "rev"))
    for mode in modes:
        xg.testing.check_grads(
            weighted(FUNCTIONS[name]), (raw(MATRICES[matrix]),), order=2, modes=mode
        )


@pytest.mark.parametrize("name", ["expm", "funm"])
def test_entire_functions_at_zero(name):
    xg.testing.check_grads(weighted(FUNCTIONS[name]), (raw(np.zeros((3, 3))),), order=2)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_third_derivatives(name):
    a = raw(np.diag([2.0, 2.0, 1.0]))
    xg.testing.check_grads(weighted(FUNCTIONS[name]), (a,), order=3, modes=("fwd",), atol=1e-5)


@pytest.mark.parametrize("kind", ["real", "complex"])
def test_the_gradient_of_a_trace_is_exact(kind):
    """d tr f(A) = f'(A), conjugate-transposed."""
    a = MATRICES["equal" if kind == "real" else "Hermitian"]
    for f, derivative in (
        (L.sqrtm, lambda w: 0.5 / np.sqrt(w)),
        (L.logm, lambda w: 1 / w),
        (FUNCTIONS["its inverse"], lambda w: -1.7 * w**-2.7),
        (FUNCTIONS["funm"], np.cos),
        (L.expm, np.exp),
    ):
        g = xg.grad(lambda a, f=f: xg.real(L.trace(f(a))))(raw(a))
        np.testing.assert_allclose(host(g), by_vectors(derivative)(a), rtol=1e-11, atol=1e-11)


def test_divided_differences_do_not_cancel():
    """At every gap the derivative from eigenvalues equals that of the larger matrix."""
    e = rng.normal(size=(2, 2))
    for gap in (0.0, 1e-15, 1e-12, 1e-9, 1e-6, 1e-4, 1e-2, 0.5, 5.0, 1e6):
        a = np.diag([1.0, 1.0 + gap])
        block = np.block([[a, e], [np.zeros((2, 2)), a]])
        for name in ("sqrtm", "logm", "fractional_matrix_power", "its inverse"):
            got = host(xg.jvp(FUNCTIONS[name], (raw(a),), (raw(e),))[1])
            expected = SCIPY[name](block)[:2, 2:]
            np.testing.assert_allclose(got, expected, rtol=2e-12, atol=1e-15)


def test_stacks_and_vmap():
    """Each matrix of a stack is computed as if alone, independently of the others."""
    stack = np.stack([GENERAL, np.eye(3), 1e6 * MATRICES["positive definite"], JORDAN])
    for name in ("sqrtm", "logm", "its inverse"):
        f = FUNCTIONS[name]
        whole = host(f(raw(stack)))
        apart = [host(f(raw(a))) for a in stack]
        for got, expected in zip(whole, apart, strict=True):
            np.testing.assert_allclose(got, expected, rtol=1e-11, atol=1e-12 * abs(expected).max())
        loss = weighted(f)
        gradients = host(xg.vmap(xg.grad(loss))(raw(stack)))
        for got, a in zip(gradients, stack, strict=True):
            expected = host(xg.grad(loss)(raw(a)))
            np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-10 * abs(expected).max())


def test_one_large_matrix_does_not_affect_the_others():
    stack = np.stack([np.diag([0.1, 0.2]), np.diag([-1e5, 1e2])])
    np.testing.assert_allclose(host(L.expm(raw(stack)))[0], np.diag(np.exp([0.1, 0.2])), rtol=1e-14)


def test_the_exponential_is_as_exact_as_its_condition():
    a = MATRICES["positive definite"]
    np.testing.assert_allclose(host(L.expm(raw(a))), by_vectors(np.exp)(a), rtol=1e-13)


def test_exponentials_of_matrices_far_from_normal():
    """A large corner does not cause squarings that the eigenvalues do not need."""
    for corner in (1e6, 5e7):
        for low, high in ((0.0, 0.0), (1.0, -1.0)):
            a = np.asarray([[low, corner], [0.0, high]])
            slope = 1.0 if low == high else np.sinh(1.0)  # (exp(1) - exp(-1)) / 2
            expected = [[np.exp(low), corner * slope], [0, np.exp(high)]]
            rtol = 1e-7 if NAME == "torch" else 1e-14  # PyTorch's function loses digits here
            np.testing.assert_allclose(host(L.expm(raw(a))), expected, rtol=rtol)
    nilpotent = raw(np.asarray([[1.0, 1e8], [0.0, 1.0]]))
    for f in (L.sqrtm, lambda a: L.fractional_matrix_power(a, 0.5)):
        np.testing.assert_allclose(host(f(nilpotent)), [[1, 5e7], [0, 1]], rtol=1e-15)
    np.testing.assert_array_equal(host(L.expm(raw(np.zeros((3, 3))))), np.eye(3))


# -- where the result is complex, or does not exist --------------------------------------------


@pytest.mark.parametrize("name", [n for n in SCIPY if n != "funm"])
@pytest.mark.parametrize("matrix", ["diagonal", "symmetric", "general"])
def test_negative_eigenvalues_give_complex_matrices(name, matrix):
    a = np.diag([-4.0, 1.0, 9.0])
    a = {"diagonal": a, "symmetric": Q @ a @ Q.T, "general": GENERAL @ a @ np.linalg.inv(GENERAL)}[
        matrix
    ]
    out = host(FUNCTIONS[name](raw(a)))
    assert out.dtype == np.complex128
    np.testing.assert_allclose(out, SCIPY[name](a), rtol=1e-11, atol=1e-11)
    g = xg.grad(weighted(FUNCTIONS[name]))(raw(a))
    assert host(g).dtype == np.float64
    assert np.isfinite(host(g)).all()
    if matrix == "diagonal":
        w = np.diag(a) + 0j
        scalars = {"sqrtm": np.sqrt, "logm": np.log}
        power = 0.3 if name == "fractional_matrix_power" else -1.7
        np.testing.assert_allclose(np.diag(out), scalars.get(name, lambda w: w**power)(w))


def test_the_root_of_a_singular_matrix():
    zero = raw(np.zeros((2, 2)))
    np.testing.assert_array_equal(host(L.sqrtm(zero)), 0)
    rank_one = np.outer([1.0, 2.0], [1.0, 2.0])
    root = host(L.sqrtm(raw(rank_one)))
    np.testing.assert_allclose(root @ root, rank_one, atol=1e-12)
    assert root.dtype == np.float64  # an eigenvalue of -1e-17 is 0
    with pytest.raises(xg.AutogradError, match="sqrtm: not differentiable at a singular matrix"):
        xg.grad(lambda a: xg.sum(L.sqrtm(a)))(zero)
    tangent = xg.jvp(L.sqrtm, (zero,), (raw(np.ones((2, 2))),))[1]
    assert not np.isfinite(host(tangent)).any()


def test_a_singular_matrix_leaves_the_others_alone():
    stack = raw(np.stack([np.diag([1.0, 0.0]), np.diag([2.0, 3.0])]))
    for name in ("logm", "its inverse"):
        out = host(FUNCTIONS[name](stack))
        assert np.isnan(out[0]).all()
        np.testing.assert_allclose(out[1], SCIPY[name](np.diag([2.0, 3.0])), atol=1e-15)
        ok = raw(np.asarray([False, True]))
        g = xg.grad(lambda a, f=FUNCTIONS[name], ok=ok: xg.sum(xg.where(ok, L.trace(f(a)), 0.0)))(
            stack
        )
        np.testing.assert_array_equal(host(g)[0], 0)
        assert np.isfinite(host(g)).all()
    np.testing.assert_allclose(
        host(FUNCTIONS["fractional_matrix_power"](stack))[0], np.diag([1.0, 0.0]), atol=1e-15
    )


def test_nonfinite_values_propagate():
    stack = raw(np.stack([np.full((2, 2), np.nan), np.eye(2)]))
    for name in ("sqrtm", "logm", "its inverse", "funm"):
        out = host(FUNCTIONS[name](stack))
        assert np.isnan(out[0]).all()
        assert np.isfinite(out[1]).all()


@pytest.mark.parametrize("shape", [(0, 0), (2, 0, 0), (0, 2, 2), (1, 1)], ids=str)
def test_small_shapes(shape):
    x = raw(np.ones(shape))
    for f in [*FUNCTIONS.values(), lambda a: L.polar(a).U, lambda a: L.polar(a).P]:
        assert f(xg.asarray(x)).shape == shape
        total = xg.grad(lambda a, f=f: xg.sum(f(a)))
        assert total(x).shape == shape
        assert xg.jvp(f, (x,), (x,))[1].shape == shape
        assert xg.jvp(total, (x,), (x,))[1].shape == shape
    if shape == (1, 1):
        assert host(L.sqrtm(raw(np.asarray([[-4.0]])))) == 2j


def test_integer_powers_and_tensor_exponents():
    a = raw(GENERAL)
    for t in (3, 2.0, -1, 0):
        np.testing.assert_allclose(
            host(L.fractional_matrix_power(a, t)), np.linalg.matrix_power(GENERAL, int(t))
        )
    t = xg.tensor(raw(np.asarray(0.7)), requires_grad=True)
    xg.sum(L.fractional_matrix_power(a, t)).backward()
    f = scipy.linalg.fractional_matrix_power
    difference = (f(GENERAL, 0.7 + 1e-6) - f(GENERAL, 0.7 - 1e-6)).real.sum() / 2e-6
    np.testing.assert_allclose(host(t.grad), difference, rtol=1e-8)
    with pytest.raises(TypeError, match="fractional_matrix_power: expected a real exponent"):
        L.fractional_matrix_power(a, "half")
    with pytest.raises(ValueError, match="expected one exponent, got shape"):
        L.fractional_matrix_power(a, raw(np.ones(3)))


# -- funm --------------------------------------------------------------------------------------


def test_user_defined_functions():
    a = raw(Q @ JORDAN @ Q.T)
    x, e = host(a), np.exp
    for f, expected in (
        (lambda x: x * xg.exp(x), x @ scipy.linalg.expm(x)),
        (np.exp, scipy.linalg.expm(x)),
        (lambda x: 1 / x, np.linalg.inv(x)),
        (lambda x: x**4, np.linalg.matrix_power(x, 4)),
        (lambda x: 2.0, 2 * np.eye(3)),
        (lambda x: xg.exp(1j * x), scipy.linalg.expm(1j * x)),
    ):
        np.testing.assert_allclose(host(L.funm(a, f)), expected, rtol=1e-11, atol=1e-11)
    given = L.funm(a, xg.exp, derivatives=lambda x, k: e(x))
    np.testing.assert_allclose(host(given), scipy.linalg.expm(x), rtol=1e-12)
    only_real = MATRICES["positive definite"]  # its eigenvalues are real numbers, exactly
    np.testing.assert_allclose(
        host(L.funm(raw(only_real), xg.special.erf)), by_vectors(scipy.special.erf)(only_real)
    )
    xg.testing.check_grads(
        weighted(lambda a: L.funm(a, xg.special.erf)), (raw(only_real),), order=2
    )


def test_logarithms_of_negative_numbers_by_funm():
    a = np.diag([-1.0, 2.0])
    np.testing.assert_allclose(host(L.funm(raw(a), xg.log)), np.diag(np.log(np.diag(a) + 0j)))


def test_eigenvalues_of_very_different_sizes():
    """Series of log around 1e-4 converge only near it; those of exp converge everywhere."""
    values = np.asarray([1e-4, 2e-4, 2e-4 + 1e-12, 1.0])
    q = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    a = q @ np.diag(values) @ q.T
    a = (a + a.T) / 2
    for f, g in ((xg.log, np.log), (xg.exp, np.exp)):
        np.testing.assert_allclose(host(L.funm(raw(a), f)), by_vectors(g)(a), rtol=1e-9, atol=1e-9)


def test_functions_that_raise():
    theta = xg.tensor(raw(np.asarray(2.0)), requires_grad=True)
    if NAME == "numpy":
        with pytest.raises(xg.AutogradError, match="funm: the function uses a diff"):
            L.funm(raw(np.eye(2)), lambda x: x * theta)
    with pytest.raises(ValueError, match=r"funm: the function returned shape \(1,\) for"):
        L.funm(raw(np.eye(2)), lambda x: xg.sum(x, keepdims=True))
    near = raw(np.asarray([[1e-9, 1.0], [0.0, -1e-9]]))
    with pytest.raises(xg.ConvergenceError, match="funm: a Taylor series of the function does"):
        L.funm(near, lambda x: xg.sqrt(x * x + 1e-18), derivatives=lambda x, k: np.nan * x)


# -- polar factors -----------------------------------------------------------------------------


@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 4)], ids=str)
@pytest.mark.parametrize("kind", ["real", "complex"])
def test_polar_factors_at_equal_singular_values(kind, shape, side):
    a = rng.normal(size=shape) + (1j * rng.normal(size=shape) if kind == "complex" else 0)
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    for values in (s, np.ones_like(s), 1 + 1e-9 * np.arange(len(s))):
        a = (u * values) @ vh
        expected = scipy.linalg.polar(a, side=side)
        found = L.polar(raw(a), side=side)
        for got, want in zip(found, expected, strict=True):
            np.testing.assert_allclose(host(got), want, atol=1e-13)

        def loss(a):
            out = L.polar(a, side=side)
            weights = [raw(np.cos(np.arange(m.shape[0] * m.shape[1]))) for m in out]
            parts = [
                xg.sum(xg.real(xg.reshape(m, (-1,)) * (1 + 0.5j)) * w)
                for m, w in zip(out, weights, strict=True)
            ]
            return parts[0] + parts[1]

        xg.testing.check_grads(loss, (raw(a),), order=2)


def test_polar_factors_of_singular_matrices():
    a = raw(np.diag([1.0, 0.0, 0.0]))
    np.testing.assert_allclose(host(L.polar(a).P), host(a))
    with pytest.raises(xg.AutogradError, match="polar: not differentiable at a singular"):
        xg.grad(lambda a: xg.sum(L.polar(a).U))(a)
    with pytest.raises(ValueError, match="polar: side must be 'right' or 'left', got 'up'"):
        L.polar(a, side="up")


def test_errors_of_vectors_name_these_functions():
    def f(a):
        w, v = L.eigh(a)
        return xg.sum(xg.matmul(v * xg.exp(w), xg.matrix_transpose(v)) * raw(GENERAL + GENERAL.T))

    with pytest.raises(xg.AutogradError, match=r"linalg.expm, sqrtm, logm, .* funm, .*polar"):
        xg.grad(f)(raw(np.eye(3)))


def test_integers_become_floating_point():
    np.testing.assert_allclose(host(L.sqrtm(raw(np.asarray([[4, 0], [0, 9]])))), np.diag([2, 3]))
    assert _matrix_function.primitive.name == "matrix_function"

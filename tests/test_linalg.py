"""Linear algebra in hard cases: equal eigenvalues, singular matrices, and errors."""

import numpy as np
import pytest

import xgrad as xg
from tests.environment import NAME, host, raw

pytestmark = pytest.mark.skipif(NAME in ("jax", "dpnp", "dask"), reason="many small compilations")

rng = np.random.default_rng(7)
KINDS = ["real", "complex"]
MODES = [("fwd",), ("rev",), ("fwd", "rev")]


def draw(kind, *shape):
    values = rng.normal(size=shape)
    return values + 1j * rng.normal(size=shape) if kind == "complex" else values


def unitary(kind, n):
    return np.linalg.qr(draw(kind, n, n))[0]


def hermitian(x):
    return (x + xg.conj(xg.matrix_transpose(x))) * 0.5


def with_eigenvalues(kind, values):
    q = unitary(kind, len(values))
    a = (q * np.asarray(values)) @ q.conj().T
    return (a + a.conj().T) / 2


def with_singular_values(kind, rows, columns, values):
    count = min(rows, columns)
    u, v = unitary(kind, rows)[:, :count], unitary(kind, columns)[:, :count]
    return (u * np.asarray(values)) @ v.conj().T


def trace_by_vectors(a):
    values, vectors = xg.linalg.eigh(hermitian(a))
    full = xg.matmul(vectors * xg.exp(values), xg.conj(xg.matrix_transpose(vectors)))
    return xg.real(xg.linalg.trace(full))


def check_near_ties(f, a, modes=("fwd", "rev")):
    """Check to 1e-4: a difference of 1e-5 leaves gaps of 1e-5, by which vectors are divided,
    and the second difference divides their rounding errors by 1e-5 again."""
    xg.testing.check_grads(f, (a,), order=2, modes=modes, atol=1e-4)


OF_EIGENVALUES = {
    "sum of exponentials": lambda a: xg.sum(xg.exp(xg.linalg.eigvalsh(hermitian(a)))),
    "sum of squares": lambda a: xg.sum(xg.linalg.eigvalsh(hermitian(a)) ** 2),
    "variance": lambda a: xg.var(xg.sin(xg.linalg.eigvalsh(hermitian(a)))),
    "eigh's values": lambda a: xg.sum(xg.cos(xg.linalg.eigh(hermitian(a)).eigenvalues)),
    "stack": lambda a: xg.sum(xg.exp(xg.linalg.eigvalsh(hermitian(xg.stack([a, 2 * a]))))),
    "trace of V f(L) V^H": trace_by_vectors,
}


@pytest.mark.parametrize("values", [(1, 2, 3, 4), (1, 1, 2, 2), (1, 1, 1, 1), (0, 0, 0, 0)])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", OF_EIGENVALUES)
def test_functions_of_eigenvalues_at_equal_ones(name, kind, values):
    a = raw(with_eigenvalues(kind, values))
    by_vectors = name == "trace of V f(L) V^H" and len(set(values)) < len(values)
    for modes in MODES:
        if by_vectors and "fwd" in modes:  # forward over forward: see the next test
            xg.testing.check_grads(OF_EIGENVALUES[name], (a,), order=1, modes=modes, atol=1e-4)
            continue
        check_near_ties(OF_EIGENVALUES[name], a, modes)


def test_vectors_of_equal_eigenvalues_have_tangents_in_one_direction():
    """Nested forward transforms in other directions: what the vectors give there is not known."""
    h, k = (raw(m + m.T) for m in np.random.default_rng(3).normal(size=(2, 3, 3)))
    eye = raw(np.eye(3))

    def along(f, direction):
        return lambda x: xg.jvp(f, (x,), (direction,))[1]

    def exact(a):
        weights = np.arange(9.0).reshape(3, 3)
        return xg.sum(xg.linalg.expm(hermitian(a)) * raw(weights + weights.T))

    for f, g in (
        (along(matrix_function, h), along(exact, h)),
        (along(along(matrix_function, h), h), along(along(exact, h), h)),
    ):
        np.testing.assert_allclose(host(f(eye)), host(g(eye)), rtol=1e-10)
    assert np.isnan(host(along(along(matrix_function, h), k)(eye)))


@pytest.mark.parametrize("kind", KINDS)
def test_hessian_vector_product_of_the_identity(kind):
    """trace(exp(A)) at the identity: the second derivative in a direction H is e H."""
    h = draw(kind, 3, 3)
    h = h + h.conj().T
    f = OF_EIGENVALUES["sum of exponentials"]
    eye = raw(np.eye(3).astype(h.dtype))
    _, along = xg.jvp(xg.grad(f), (eye,), (raw(h),))
    np.testing.assert_allclose(host(along), np.e * h, rtol=1e-10, atol=1e-12)
    _, back = xg.vjp(xg.grad(f), eye)
    np.testing.assert_allclose(host(back(raw(h))[0]), np.e * h, rtol=1e-10, atol=1e-12)


def test_two_functions_of_one_decomposition():
    a = xg.tensor(raw(np.eye(2)), requires_grad=True)
    h = [
        xg.asarray(raw(m)) for m in (np.asarray([[1.0, 0], [0, 2]]), np.asarray([[0.0, 1], [1, 0]]))
    ]

    def second(directions, decompose):
        values = [decompose(a)] * 2
        if decompose is not once:
            values = [decompose(a), decompose(a)]
        firsts = [
            xg.autograd.grad(f, [a], create_graph=True)[0]
            for f in (xg.sum(xg.exp(values[0])), xg.sum(values[1] ** 3))
        ]
        total = sum(xg.sum(g * d) for g, d in zip(firsts, directions, strict=True))
        return host(xg.autograd.grad(total, [a])[0])

    def once(a):
        return xg.linalg.eigvalsh(hermitian(a))

    def again(a):
        return once(a)

    expected = np.e * host(h[0]) + 6 * host(h[1])
    np.testing.assert_allclose(second(h, again), expected, atol=1e-10)
    same = (np.e + 6) * host(h[0])
    np.testing.assert_allclose(second([h[0], h[0]], once), same, atol=1e-10)
    with pytest.raises(xg.AutogradError, match="decompose once for each function"):
        second(h, once)


def test_two_recorded_passes_over_one_decomposition():
    """The contributions of two gradients add up."""
    a = xg.tensor(raw(with_eigenvalues("real", (1, 2, 3))), requires_grad=True)
    h = xg.asarray(raw(np.arange(9.0).reshape(3, 3)))

    def second(values):
        firsts = [
            xg.autograd.grad(f, [a], create_graph=True)[0]
            for f in (xg.sum(xg.exp(values[0])), xg.sum(values[1] ** 3))
        ]
        return host(xg.autograd.grad(sum(xg.sum(g * h) for g in firsts), [a])[0])

    one = xg.linalg.eigvalsh(hermitian(a))
    two = [xg.linalg.eigvalsh(hermitian(a)) for _ in range(2)]
    np.testing.assert_allclose(second([one, one]), second(two), rtol=1e-10)


def test_equal_eigenvalues_of_general_matrices():
    eye, h = raw(np.eye(3)), raw(draw("real", 3, 3))

    def f(a):
        return xg.real(xg.sum(xg.exp(xg.linalg.eigvals(a))))

    np.testing.assert_allclose(host(xg.grad(f)(eye)), np.e * np.eye(3), atol=1e-14)
    np.testing.assert_allclose(host(xg.jvp(f, (eye,), (h,))[1]), np.e * np.trace(host(h)))
    with pytest.raises(xg.AutogradError, match="eig: eigenvalues are equal"):
        xg.vjp(xg.grad(f), eye)[1](h)
    assert np.isnan(host(xg.jvp(xg.grad(f), (eye,), (h,))[1])).any()
    assert np.isnan(host(xg.jvp(lambda a: xg.linalg.eig(a)[1], (eye,), (h,))[1])).any()


OF_SINGULAR_VALUES = {
    "sum of squares": lambda a: xg.sum(xg.linalg.svdvals(a) ** 2),
    "sum of cosh": lambda a: xg.sum(xg.cosh(xg.linalg.svdvals(a))),
    "svd's values": lambda a: xg.sum(xg.linalg.svd(a).S ** 2),
    "nuclear norm": lambda a: xg.linalg.matrix_norm(a, ord="nuc"),
}


@pytest.mark.parametrize(
    "values", [(3, 2, 1), (2, 2, 2), (2, 2, 1), (2, 1, 0), (2, 0, 0), (0, 0, 0)]
)
@pytest.mark.parametrize("shape", [(3, 3), (5, 3), (3, 5)])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", OF_SINGULAR_VALUES)
def test_functions_of_singular_values_at_equal_ones(name, kind, shape, values):
    if name == "nuclear norm" and 0 in values:
        return  # it has a kink there
    a = with_singular_values(kind, *shape, values)
    if values == (2, 2, 2) and shape == (3, 3):
        a = 2 * np.eye(3).astype(a.dtype)
    for modes in MODES:
        xg.testing.check_grads(OF_SINGULAR_VALUES[name], (raw(a),), order=2, modes=modes)


@pytest.mark.parametrize("values", [(1, 2, 3), (1, 2, 0), (1, 0, 0), (0, 0, 0), (2, 2, 0)])
@pytest.mark.parametrize("kind", KINDS)
def test_determinants_of_singular_matrices(kind, values):
    for a in (np.diag(values).astype(complex if kind == "complex" else float),
              (unitary(kind, 3) * np.asarray(values)) @ unitary(kind, 3)):  # fmt: skip
        for modes in MODES:
            xg.testing.check_grads(xg.linalg.det, (raw(a),), order=2, modes=modes)


def test_third_derivative_of_det_at_a_regular_matrix():
    a = raw(with_eigenvalues("real", (1, 2, 3)))
    xg.testing.check_grads(xg.linalg.det, (a,), order=3, atol=1e-5)


def test_norms_at_zero():
    for order in (2, 1, 3, 0.5, np.inf, -np.inf, 0):
        zero = raw(np.zeros((2, 3)))
        g = xg.grad(lambda x, o=order: xg.sum(xg.linalg.vector_norm(x, axis=1, ord=o)))(zero)
        np.testing.assert_array_equal(host(g), 0)
    g = xg.grad(xg.linalg.matrix_norm)(zero)
    np.testing.assert_array_equal(host(g), 0)


@pytest.mark.parametrize("order", ["nuc", 2, -2])
@pytest.mark.parametrize("kind", KINDS)
def test_norms_by_singular_values_that_are_zero(kind, order):
    """At their kinks both modes take the subgradient of least norm, for any basis."""
    direction = draw(kind, 3, 4)
    for values in ((0, 0, 0), (2, 0, 0), (2, 1, 0)):
        u, v = unitary(kind, 3), unitary(kind, 4)[:, :3]
        a = (u * np.asarray(values)) @ v.conj().T
        least = {"nuc": np.sign(values), 2: [values[0] > 0, 0, 0], -2: [0, 0, 0]}[order]
        expected = (u * np.asarray(least, float)) @ v.conj().T

        def norm(x):
            return xg.linalg.matrix_norm(x, ord=order)

        np.testing.assert_allclose(host(xg.grad(norm)(raw(a))), expected, atol=1e-12)
        along = np.sum(expected.conj() * direction).real
        tangent = xg.jvp(norm, (raw(a),), (raw(direction),))[1]
        np.testing.assert_allclose(host(tangent), along, atol=1e-12)


def test_norms_neither_overflow_nor_underflow():
    big = raw(np.asarray([3e200, 4e200]))
    for order in (3, 4.5, -2):
        reference = np.linalg.norm([3.0, 4.0], ord=order)
        np.testing.assert_allclose(host(xg.linalg.vector_norm(big, ord=order)), reference * 1e200)


# -- what has no derivative raises -------------------------------------------------------------


def matrix_function(a):
    values, vectors = xg.linalg.eigh(hermitian(a))
    weights = np.arange(9.0).reshape(3, 3)
    full = xg.matmul(vectors * xg.exp(values), xg.matrix_transpose(vectors))
    return xg.sum(full * raw(weights + weights.T))


def test_a_matrix_function_at_equal_eigenvalues():
    eye = raw(np.eye(3))
    with pytest.raises(xg.AutogradError, match="eigh: eigenvalues or singular values are equal"):
        xg.grad(matrix_function)(eye)
    xg.testing.check_grads(matrix_function, (eye,), order=1, modes=("fwd",))
    apart = raw(with_eigenvalues("real", (1, 2, 3)))
    xg.testing.check_grads(matrix_function, (apart,), order=2)


def low_rank(a):
    u, s, vh = xg.linalg.svd(a, full_matrices=False)
    return xg.sum(xg.matmul(u * xg.sinh(s), vh) * raw(np.arange(9.0).reshape(3, 3)))


def test_vectors_of_equal_and_of_zero_singular_values():
    with pytest.raises(xg.AutogradError, match="svd: eigenvalues or singular values are equal"):
        xg.grad(low_rank)(raw(2 * np.eye(3)))
    with pytest.raises(xg.AutogradError, match="svd: a singular value is 0"):
        xg.grad(low_rank)(raw(np.diag([2.0, 1.0, 0.0])))
    xg.testing.check_grads(low_rank, (raw(2 * np.eye(3)),), order=1, modes=("fwd",))
    xg.testing.check_grads(low_rank, (raw(draw("real", 3, 3)),), order=2)


def polar(a):
    u, _, vh = xg.linalg.svd(a, full_matrices=False)
    return xg.sum(xg.matmul(u, vh) * raw(np.arange(9.0).reshape(3, 3)))


def test_the_polar_factor_at_equal_singular_values():
    xg.testing.check_grads(polar, (raw(2 * np.eye(3)),), order=1)


def test_vectors_beyond_the_first():
    tall = raw(draw("real", 4, 2))
    with pytest.raises(xg.AutogradError, match="full_matrices=True, vectors beyond the first"):
        xg.grad(lambda a: xg.sum(xg.linalg.svd(a).U ** 3))(tall)
    with pytest.raises(xg.AutogradError, match="mode='complete', the columns of Q beyond"):
        xg.grad(lambda a: xg.sum(xg.linalg.qr(a, mode="complete").Q ** 3))(tall)
    for vectors in (
        lambda a: xg.linalg.svd(a).U,
        lambda a: xg.linalg.qr(a, mode="complete").Q,
    ):
        _, t = xg.jvp(vectors, (tall,), (tall,))
        assert np.isnan(host(t)[:, 2:]).all()
        assert np.isfinite(host(t)[:, :2]).all()
    assert host(xg.linalg.svd(tall).U).shape == (4, 4)
    np.testing.assert_allclose(
        host(xg.linalg.svd(xg.tensor(tall, requires_grad=True)).U.detach()).T
        @ host(xg.linalg.svd(xg.tensor(tall, requires_grad=True)).U.detach()),
        np.eye(4),
        atol=1e-12,
    )


def test_where_checking_is_expensive_the_result_is_nan(monkeypatch):
    """On an accelerator a rule does not wait for values: it returns NaN instead of raising."""
    monkeypatch.setattr(type(xg.get_backend().xp), "holds", lambda self, mask: None)
    assert np.isnan(host(xg.grad(matrix_function)(raw(np.eye(3))))).all()
    assert np.isnan(host(xg.grad(low_rank)(raw(np.diag([2.0, 1.0, 0.0]))))).all()
    zero, h = raw(np.zeros((3, 2))), raw(np.ones((3, 2)))
    square = xg.grad(OF_SINGULAR_VALUES["sum of squares"])
    np.testing.assert_array_equal(host(square(zero)), 0)
    assert np.isnan(host(xg.jvp(square, (zero,), (h,))[1])).all()
    assert np.isnan(host(xg.vjp(square, zero)[1](h)[0])).all()
    check_near_ties(OF_EIGENVALUES["sum of exponentials"], raw(np.eye(3)))
    check_near_ties(OF_EIGENVALUES["trace of V f(L) V^H"], raw(np.eye(3)), ("rev",))


_L = xg.linalg
ON_EMPTY = {
    "any": [
        _L.svdvals, _L.diagonal, _L.trace, _L.matrix_norm, _L.pinv,
        lambda x: _L.svd(x, full_matrices=False).U, lambda x: _L.qr(x).Q,
        lambda x: _L.matrix_norm(x, ord="nuc"),
    ],
    "square": [
        _L.det, _L.inv, _L.cholesky, _L.eigvalsh, _L.expm, lambda x: xg.real(_L.eigvals(x)),
        lambda x: xg.abs(_L.eig(x).eigenvectors), lambda x: _L.eigh(x).eigenvectors,
        lambda x: _L.slogdet(x).logabsdet, lambda x: _L.matrix_power(x, 3),
        lambda x: _L.solve(x, x), lambda x: _L.solve_triangular(x, x),
    ],
}  # fmt: skip


@pytest.mark.parametrize("shape", [(0, 0), (2, 0, 0), (0, 2, 2), (0, 3), (3, 0)], ids=str)
def test_derivatives_of_empty_arrays(shape):
    x = raw(np.zeros(shape))
    square = ON_EMPTY["square"] if shape[-1] == shape[-2] else []
    for f in ON_EMPTY["any"] + square:
        total = xg.grad(lambda a, f=f: xg.sum(f(a)))
        assert total(x).shape == shape
        assert xg.jvp(f, (x,), (x,))[1].shape == f(xg.asarray(x)).shape
        assert xg.jvp(total, (x,), (x,))[1].shape == shape
    rank = xg.linalg.matrix_rank(xg.asarray(x))
    assert rank.shape == shape[:-2]
    assert not np.any(host(rank))


@pytest.mark.numpy_only
def test_infinities_in_logarithms_of_sums():
    for x, share in (
        ([-np.inf, -np.inf], [0, 0]),
        ([np.inf, 0.0], [1, 0]),
        ([np.inf, np.inf, 1.0], [0.5, 0.5, 0]),
        ([-np.inf, 2.0], [0, 1]),
    ):
        np.testing.assert_array_equal(xg.grad(xg.logsumexp)(np.asarray(x)), share)


@pytest.mark.skipif(NAME != "numpy", reason="the errors are the libraries'")
def test_singular_systems_raise():
    for function in (xg.linalg.inv, lambda a: xg.linalg.solve(a, np.ones(2))):
        with pytest.raises(np.linalg.LinAlgError):
            function(np.zeros((2, 2)))
    with pytest.raises(np.linalg.LinAlgError):
        xg.linalg.cholesky(np.asarray([[-1.0]]))


BAD = {
    "inv: expected square matrices, got shape (2, 3)": lambda: xg.linalg.inv(xg.ones((2, 3))),
    "det: expected at least 2 dimensions, got shape (3,)": lambda: xg.linalg.det(xg.ones(3)),
    "eigh: expected an array or a Tensor, got list": lambda: xg.linalg.eigh([[1.0]]),
    "solve: lengths differ": lambda: xg.linalg.solve(xg.eye(2), xg.ones(3)),
    "solve_triangular: lengths differ": lambda: xg.linalg.solve_triangular(xg.eye(2), xg.ones(3)),
    "lstsq: lengths differ": lambda: xg.linalg.lstsq(xg.eye(2), xg.ones(3)),
    "qr: mode must be": lambda: xg.linalg.qr(xg.eye(2), mode="full"),
    "matrix_norm: ord must be": lambda: xg.linalg.matrix_norm(xg.eye(2), ord=7),
    "vector_norm: expected floating-point": lambda: xg.linalg.vector_norm(xg.asarray([1, 2])),
    "matrix_power: expected an integer exponent": lambda: xg.linalg.matrix_power(xg.eye(2), 0.5),
    "cross: expected 3 elements along axis -1": lambda: xg.linalg.cross(xg.ones(2), xg.ones(2)),
    "fft: norm must be one of": lambda: xg.fft.fft(xg.ones(2), norm="none"),
    "fft: expected at least 1 point": lambda: xg.fft.fft(xg.ones(2), n=0),
    "fft: expected floating-point or complex": lambda: xg.fft.fft(xg.asarray([1, 2])),
    "rfft: expected real numbers, got complex128": lambda: xg.fft.rfft(xg.asarray([1j, 2])),
    "fftn: axes repeat": lambda: xg.fft.fftn(xg.ones((2, 2)), axes=(0, 0)),
    "fftn: s and axes differ in length": lambda: xg.fft.fftn(xg.ones((2, 2)), s=(2,), axes=(0, 1)),
    "fftfreq: n must be at least 1": lambda: xg.fft.fftfreq(0),
    "einsum: axis 'j' has lengths 3 and 2": lambda: xg.einsum(
        "ij,jk->ik", xg.ones((2, 3)), xg.ones((2, 3))
    ),
    "einsum: expected arrays or Tensors, got list": lambda: xg.einsum("i,i", [1.0], [2.0]),
    "einsum: 'ij' does not match an array": lambda: xg.einsum("ij", xg.ones(3)),
    "einsum: expected subscripts like": lambda: xg.einsum(xg.ones(3), xg.ones(3)),
    "einsum: Output character 'i' appeared": lambda: xg.einsum("i->ii", xg.ones(3)),
    "quantile: expected fractions from 0 to 1": lambda: xg.quantile(xg.ones(3), 1.5),
    "nanquantile: method must be one of": lambda: xg.nanquantile(xg.ones(3), 0.5, method="nearby"),
    "norm: expected 1 or 2 axes": lambda: xg.linalg.norm(xg.ones((2, 2, 2)), axis=(0, 1, 2)),
    "norm: ord 'nuc' is not a norm of vectors": lambda: xg.linalg.norm(xg.ones(2), "nuc"),
    "multi_dot: expected two or more": lambda: xg.linalg.multi_dot([xg.ones((2, 2))]),
    "multi_dot: lengths differ": lambda: xg.linalg.multi_dot([xg.ones((2, 1)), xg.ones((3, 4))]),
    "pad: mode must be one of": lambda: xg.pad(xg.ones(2), 1, mode="mirror"),
    "pad: widths must be integers >= 0": lambda: xg.pad(xg.ones(2), -1),
    "pad: pad_width must be a number, a pair, or 1 pairs": lambda: xg.pad(xg.ones(2), (1, 2, 3)),
    "quantile: there are no elements": lambda: xg.quantile(xg.ones((0,)), 0.5),
    "interp: xp and fp must be vectors of the same length": lambda: xg.interp(
        xg.ones(2), xg.ones(2), xg.ones(3)
    ),
    "cumulative_logsumexp: axis is needed": lambda: xg.cumulative_logsumexp(xg.ones((2, 2))),
    "multigammaln: d must be a positive integer": lambda: xg.special.multigammaln(2.0, 0),
    "expand_dims: axes repeat": lambda: xg.expand_dims(xg.ones(2), (0, 0)),
    "erfcx: expected real numbers, got complex128": lambda: xg.special.erfcx(xg.asarray([1j])),
}


@pytest.mark.numpy_only
@pytest.mark.parametrize("message", BAD)
def test_errors(message):
    with pytest.raises((ValueError, TypeError)) as caught:
        BAD[message]()
    assert message in str(caught.value)

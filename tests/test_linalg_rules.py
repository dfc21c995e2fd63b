"""The rules of rules of linear algebra at its edges: second derivatives in a batch, third ones."""

import itertools

import numpy as np
import pytest

import xgrad as xg
from tests.environment import NAME, host, raw
from tests.test_linalg import OF_EIGENVALUES, hermitian, trace_by_vectors

pytestmark = pytest.mark.skipif(NAME in ("jax", "dpnp", "dask"), reason="many small compilations")

rng = np.random.default_rng(11)


def of_first_vectors(a):
    """What does not depend on the columns of U beyond the first."""
    return xg.sum(abs(xg.linalg.svd(a).U[..., :2]) * xg.asarray(raw([1.0, 2.0])))


def of_first_columns(a):
    return xg.sum(abs(xg.linalg.qr(a, mode="complete").Q[..., :2]) * xg.asarray(raw([1.0, 2.0])))


def of_eigenvalues(a):
    return xg.real(xg.sum(xg.exp(xg.linalg.eigvals(a))))


def trace_of_projector(a):
    """V Vᴴ, by vectors alone: at equal eigenvalues only their tangent is looked at."""
    vectors = xg.linalg.eigh(hermitian(a)).eigenvectors
    return xg.sum(xg.matmul(vectors, xg.matrix_transpose(vectors)) * a)


_ROTATION = np.linalg.qr(rng.normal(size=(3, 3)))[0]
EQUAL = (_ROTATION * np.asarray([1.0, 1.0, 2.0])) @ _ROTATION.T
#: A function, and the matrix at which it is differentiated.
CASES = {
    "equal eigenvalues": (OF_EIGENVALUES["sum of exponentials"], EQUAL),
    "equal eigenvalues, by vectors": (trace_by_vectors, EQUAL),
    "vectors of equal eigenvalues": (trace_of_projector, EQUAL),
    "equal singular values": (lambda a: xg.sum(xg.linalg.svdvals(a) ** 2), 2 * np.eye(3)),
    "singular determinant": (xg.linalg.det, np.diag([1.0, 2.0, 0.0])),
    "general eigenvalues": (
        of_eigenvalues,
        np.diag([1.0, 2.0, 3.0]) + 0.1 * rng.normal(size=(3, 3)),
    ),
    "vectors beyond the first": (of_first_vectors, rng.normal(size=(4, 2))),
    "columns beyond the first": (of_first_columns, rng.normal(size=(4, 2))),
}


def reverse_over_reverse(f):
    return lambda a, h: xg.grad(lambda a: xg.sum(xg.grad(f)(a) * h))(a)


def forward_over_reverse(f):
    return lambda a, h: xg.jvp(xg.grad(f), (a,), (h,))[1]


def reverse_over_forward(f):
    return lambda a, h: xg.grad(lambda a: xg.jvp(f, (a,), (h,))[1])(a)


def forward_over_forward(f):
    """In one direction: in another one, vectors of equal eigenvalues have no second tangent."""
    return lambda a, h: xg.jvp(lambda a: xg.jvp(f, (a,), (h,))[1], (a,), (h,))[1]


MODES = [reverse_over_reverse, forward_over_reverse, reverse_over_forward]


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.__name__)
@pytest.mark.parametrize("name", CASES)
def test_second_derivatives_in_a_batch(name, mode):
    f, a = CASES[name]
    if f is trace_of_projector and mode is reverse_over_reverse:
        pytest.skip("refused: only a tangent can be checked by itself")
    directions = rng.normal(size=(3, *a.shape))
    matrices = a * np.asarray([1.0, 1.5, 2.0])[:, None, None]
    second = mode(f)
    loop = [host(second(raw(x), raw(h))) for x, h in zip(matrices, directions, strict=True)]
    batch = xg.vmap(second)(raw(matrices), raw(directions))
    assert np.isfinite(loop).all()
    np.testing.assert_allclose(host(batch), np.stack(loop), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("mode", [*MODES, forward_over_forward], ids=lambda mode: mode.__name__)
def test_second_derivatives_by_vectors_are_those_by_values(mode):
    """The trace of V exp(L) V^H is the sum of exp(L)."""
    h = raw(rng.normal(size=(3, 3)))
    by_vectors, by_values = (mode(CASES[k][0])(raw(EQUAL), h) for k in list(CASES)[1::-1])
    np.testing.assert_allclose(host(by_vectors), host(by_values), rtol=1e-9, atol=1e-9)


def forward(f, h):
    return lambda a: xg.jvp(f, (a,), (h,))[1]


def reverse(f, h):
    return lambda a: xg.sum(xg.grad(f)(a) * h)


@pytest.mark.parametrize("modes", list(itertools.product((forward, reverse), repeat=3)))
@pytest.mark.parametrize("function", ["sum of exponentials", "sum of squared singular values"])
def test_third_derivatives_at_equal_eigenvalues_are_refused(modes, function):
    """They are right along a line at most, which no rule can know: elsewhere they were wrong."""
    h = rng.normal(size=(3, 3))
    f = SYMMETRIC[function]
    for mode in modes:
        f = mode(f, raw(h + h.T))
    with pytest.raises(xg.AutogradError, match="third derivatives at equal eigenvalues"):
        f(raw(np.eye(3)))
    assert np.isfinite(host(f(raw(np.diag([1.0, 2.0, 4.0])))))


SYMMETRIC = OF_EIGENVALUES | {
    "sum of squared singular values": lambda a: xg.sum(xg.square(xg.linalg.svdvals(a))),
}


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.__name__)
@pytest.mark.parametrize("function", ["sum of exponentials", "sum of squared singular values"])
def test_second_derivatives_at_equal_eigenvalues_by_their_direction(mode, function):
    """A product with the Hessian is linear in the vector: its derivative is that of another one."""
    a, h, k = np.eye(3) * 1.0, *(m + m.T for m in rng.normal(size=(2, 3, 3)))
    second = mode(SYMMETRIC[function])
    expected = (np.e if function == "sum of exponentials" else 2.0) * k
    np.testing.assert_allclose(host(second(raw(a), raw(k))), expected, rtol=1e-12, atol=1e-12)
    along = xg.jvp(lambda h: second(raw(a), h), (raw(h),), (raw(k),))[1]
    back = xg.vjp(lambda h: second(raw(a), h), raw(h))[1](raw(k))[0]
    np.testing.assert_allclose(host(along), expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(host(back), expected, rtol=1e-12, atol=1e-12)
    with pytest.raises(xg.AutogradError, match="direction of a derivative has equal eigenvalues"):
        xg.jvp(lambda h: second(raw(a), h), (raw(np.eye(3)),), (raw(k),))


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.__name__)
def test_second_derivatives_of_singular_determinants_are_linear_and_symmetric(mode):
    a = raw(np.diag([1.0, 2.0, 0.0]))
    h, k = raw(rng.normal(size=(3, 3))), raw(rng.normal(size=(3, 3)))
    second = mode(xg.linalg.det)
    expected = host(second(a, k))
    along = xg.jvp(lambda h: second(a, h), (h,), (k,))[1]
    back = xg.vjp(lambda h: second(a, h), h)[1](k)[0]
    np.testing.assert_allclose(host(along), expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(host(back), expected, rtol=1e-12, atol=1e-12)
    with pytest.raises(xg.AutogradError, match="third derivatives at a singular matrix"):
        xg.jvp(lambda a: second(a, h), (a,), (k,))
    with pytest.raises(xg.AutogradError, match="third derivatives at a singular matrix"):
        xg.vjp(lambda a: second(a, h), a)[1](k)

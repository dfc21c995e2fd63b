"""Defects found by PyTorch's sample inputs: edges of array functions, errors without a name."""

import numpy as np
import pytest

import xgrad as xg
from tests.environment import host, raw

X = np.array([0.5, 1.5, 0.7])


@pytest.mark.parametrize("number", [-2.0, 1.5 + 1j, True, 0.0], ids=str)
@pytest.mark.parametrize("left", [True, False], ids=["left", "right"])
def test_a_number_in_a_power_has_every_order(number, left):
    """Rules read the dtype of a number."""

    def f(x):
        out = number**x if left else x**number
        return xg.sum(xg.real(xg.multiply(out, 1.0 + 0.0j)))

    def reference(x):
        return np.sum(np.real((number + 0j) ** x if left else x ** (number + 0j)))

    if not left and number in (0.0, -2.0, True):
        expected = np.zeros(3) if number in (0.0, True) else 6 * X**-4.0
    elif number == 0.0:
        expected = np.zeros(3)
    else:
        step = 1e-4
        expected = [
            (reference(X + e) - 2 * reference(X) + reference(X - e)) / step**2
            for e in step * np.eye(3)
        ]
    if isinstance(number, float) and number < 0 and left:
        x = xg.tensor(raw(np.array([1.0, 2.0])), requires_grad=True)
        (g,) = xg.autograd.grad([xg.sum(number**x)], [x], create_graph=True)
        xg.autograd.grad([xg.sum(g)], [x])  # the slope of a negative base is NaN, not an error
        return
    found = xg.hvp(f, (raw(X),), (raw(np.ones(3)),))
    np.testing.assert_allclose(host(found), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("sign", [-1.0, 2, True], ids=str)
def test_copysign_of_a_number_has_every_order(sign):
    x = raw(X)
    np.testing.assert_array_equal(
        host(xg.grad(lambda x: xg.sum(xg.copysign(x, sign) * x))(x)), 2 * np.copysign(X, sign)
    )
    second = xg.hvp(lambda x: xg.sum(xg.copysign(x, sign) * x), (x,), (raw(np.ones(3)),))
    np.testing.assert_array_equal(host(second), np.full(3, 2 * np.copysign(1.0, sign)))


def test_a_number_is_the_order_of_expn():
    second = xg.hvp(lambda x: xg.sum(xg.special.expn(3, x)), (raw(X),), (raw(np.ones(3)),))
    np.testing.assert_allclose(host(second), host(xg.special.expn(1, raw(X))), rtol=1e-12)


def test_a_complex_number_is_true_unless_it_is_zero():
    assert host(xg.astype(1j, bool)).tolist() is True
    assert host(xg.astype(raw(np.array([1j, 0j, 1 + 0j])), bool)).tolist() == [True, False, True]
    assert host(xg.asarray(raw(np.array([1j, 0j])), dtype=xg.bool)).tolist() == [True, False]


def test_zero_differences_ignore_prepended_values():
    x, more = raw(X), raw(np.ones(2))
    np.testing.assert_array_equal(host(xg.diff(x, n=0, prepend=more, append=more)), X)
    np.testing.assert_array_equal(host(xg.diff(xg.asarray(x), n=0, append=more)), X)


@pytest.mark.parametrize(("axis", "shape"), [(None, ()), (0, (2,)), (1, (0,))])
def test_norms_of_empty_arrays(axis, shape):
    x = raw(np.zeros((0, 2)))
    for order in (3, 0.5):
        found = xg.linalg.vector_norm(x, axis=axis, ord=order)
        np.testing.assert_array_equal(host(found), np.zeros(shape))
        assert host(xg.grad(lambda x: xg.sum(xg.linalg.vector_norm(x, ord=3)))(x)).shape == (0, 2)
    assert np.isinf(host(xg.linalg.vector_norm(x, axis=axis, ord=-3))).all()


def test_inner_products_of_integers_keep_their_dtype():
    """As in NumPy and the standard, also for empty arrays."""
    for n in (0, 3):
        found = xg.vecdot(raw(np.ones(n, np.uint8)), raw(np.ones(n, np.uint8)))
        assert (found.dtype, int(host(found))) == (xg.uint8, n)


REFUSED = {
    "moveaxis": lambda x: xg.moveaxis(x, (0, 1), (1, -1)),
    "moveaxis source": lambda x: xg.moveaxis(x, (0, 0), (0, 1)),
    "moveaxis counts": lambda x: xg.moveaxis(x, (0, 1), 0),
    "arange": lambda x: xg.arange(0, 3, 0),
    "arange inf": lambda x: xg.arange(0, xg.inf, 2),
    "linspace": lambda x: xg.linspace(0, 3, -1),
    "linspace float": lambda x: xg.linspace(0, 3, 1.0),
    "linspace of arrays": lambda x: xg.linspace(x, 3, -1),
    "eye": lambda x: xg.eye(-1),
    "eye columns": lambda x: xg.eye(0, -3),
    "zeros": lambda x: xg.zeros((2, -1)),
    "zeros float": lambda x: xg.zeros((2.5,)),
    "ones": lambda x: xg.ones(-1),
    "full": lambda x: xg.full((-2,), 1.0),
    "tile": lambda x: xg.tile(x, (-1,)),
    # These took the axis modulo the number of axes.
    "prod": lambda x: xg.prod(x, axis=2),
    "flip": lambda x: xg.flip(x, axis=-3),
    "quantile": lambda x: xg.quantile(x, 0.5, axis=2),
    "nanmedian": lambda x: xg.nanmedian(x, axis=-3),
    "quantile twice": lambda x: xg.quantile(x, 0.5, axis=(0, 0)),
    # No array, or no axis.
    "zeros_like": lambda x: xg.zeros_like([1.0]),
    "astype": lambda x: xg.astype("1", xg.float64),
    "nansum": lambda x: xg.nansum(None),
    "outer": lambda x: xg.outer(x[0, ...], None),
    "solve": lambda x: xg.linalg.solve(raw(np.eye(2)), [1.0, 2.0]),
    "roll": lambda x: xg.roll(x, 1, axis="0"),
    "diff": lambda x: xg.diff(x, axis=0.5),
    "diff count": lambda x: xg.diff(x, n=1.5),
    "reshape": lambda x: xg.reshape(x, (2.9, 3)),  # was truncated to 2
    "fftfreq": lambda x: xg.fft.fftfreq(3.5),  # returned 4 numbers
    "broadcast_to": lambda x: xg.broadcast_to(x, None),
    "moveaxis axes": lambda x: xg.moveaxis(x, 0.0, 1),
    "tensordot": lambda x: xg.tensordot(x, x, axes=1.5),
    "roll by": lambda x: xg.roll(x, 1.5, axis=0),
    "repeat": lambda x: xg.repeat(x, 1.5),
    "eye k": lambda x: xg.eye(3, k=0.5),
    "trace": lambda x: xg.linalg.trace(x, offset=0.5),
    "fft": lambda x: xg.fft.fft(x, n=2.5),
    "fftn": lambda x: xg.fft.fftn(x, axes="01"),
    "arange text": lambda x: xg.arange("3"),
    "mse_loss": lambda x: xg.nn.functional.mse_loss(None, x),
    # The error names the called function, not one that it is composed of.
    "normalize": lambda x: xg.nn.functional.normalize(x, dim=2),
    "cumulative_logsumexp": lambda x: xg.cumulative_logsumexp(x, axis=2),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals_name_the_function(name):
    with pytest.raises((ValueError, TypeError), match=rf"^{name.split()[0]}: "):
        REFUSED[name](raw(np.ones((2, 3))))


LIBRARY_REFUSES = {
    "add": lambda x: xg.add(x, np.ones(4)),
    "multiply": lambda x: xg.asarray(x) * np.ones(4),
    "max": lambda x: xg.max(x[:0]),
    "argmin": lambda x: xg.argmin(x[:0]),
    "pow": lambda x: xg.pow(x, np.ones(4)),
    "nanmax": lambda x: xg.nanmax(x, axis=2),
    "sum": lambda x: xg.sum(x, axis=2),  # under vmap the axis was taken modulo the number of axes
    "min": lambda x: xg.min(x, axis=-3),
    "prod": lambda x: xg.prod(x, axis=(0, 2)),
    "flip": lambda x: xg.flip(x, axis=2),
    "softmax": lambda x: xg.special.softmax(x, axis=2),
    "rms_norm": lambda x: xg.nn.functional.rms_norm(x, (3,), np.ones(4)),
}


@pytest.mark.parametrize("how", ["array", "tensor", "grad", "vmap"])
@pytest.mark.parametrize("name", LIBRARY_REFUSES)
@pytest.mark.numpy_only
def test_errors_of_the_library_name_the_function(name, how):
    """NumPy's message, prefixed with the name of the called function."""
    f, x = LIBRARY_REFUSES[name], np.ones((2, 3))
    run = {
        "array": lambda: f(x),
        "tensor": lambda: f(xg.tensor(x, requires_grad=True)),
        "grad": lambda: xg.grad(lambda x: xg.sum(f(x)))(x),
        "vmap": lambda: xg.vmap(f)(x[None]),
    }[how]
    with pytest.raises((ValueError, TypeError), match=rf"^{name}: "):
        run()


@pytest.mark.numpy_only
def test_the_type_of_an_error_is_kept():
    with pytest.raises(np.exceptions.AxisError, match="^sum: axis 5"):
        xg.sum(np.ones(3), axis=5)
    with pytest.raises(np.linalg.LinAlgError, match="^inv: Singular"):
        xg.linalg.inv(np.zeros((2, 2)))
    with pytest.raises(
        TypeError, match="ufunc 'sign'"
    ) as caught:  # its constructor takes more than a message
        xg.sign(np.array(True))
    assert caught.value.__notes__ == ["in xgrad's sign"]


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint32", "uint64"])
def test_indices_of_every_integer_dtype(dtype):
    """Indices count from the end of an axis even if it is longer than the dtype can represent."""
    data = np.arange(600.0).reshape(300, 2)
    places = np.array([1, 0, 1] if dtype.startswith("u") else [1, -1, 1]).astype(dtype)
    x, at = raw(data), raw(places)
    wanted = data[places]
    np.testing.assert_array_equal(host(xg.take(x, at, axis=0)), wanted)
    np.testing.assert_array_equal(host(xg.asarray(x)[at]), wanted)
    along = xg.take_along_axis(x, raw(places[:, None]), axis=0)
    np.testing.assert_array_equal(host(along), np.take_along_axis(data, places[:, None], 0))
    often = host(xg.repeat(xg.asarray(x)[:3], raw(np.abs(places)), axis=0))
    np.testing.assert_array_equal(often, np.repeat(data[:3], np.abs(places).astype(int), 0))
    gradient = host(xg.grad(lambda x: xg.sum(xg.take(x, at, axis=0)))(x))
    assert gradient[1].tolist() == [2.0, 2.0]
    assert gradient.sum() == 6.0


def test_a_correction_that_is_not_an_integer():
    x = np.array([1.0, 2.0, 4.0])
    np.testing.assert_allclose(host(xg.std(raw(x), correction=0.5)), np.std(x, ddof=0.5))
    slope = host(xg.grad(lambda x: xg.std(x, correction=0.5))(raw(x)))
    np.testing.assert_allclose(slope @ (x - x.mean()), np.std(x, ddof=0.5))


def test_padding_is_below_all_integers():
    x = raw(np.array([[[-3, -2, -5, -1]]]))
    assert host(xg.nn.functional.max_pool1d(x, 2, 2, 1)).tolist() == [[[-3, -2, -1]]]


def test_other_targets_of_the_hinge_embedding_are_pytorchs():
    loss = xg.nn.functional.hinge_embedding_loss
    x, target = np.array([2.0, 0.25, 0.25]), np.array([1.0, -1.0, 3.0])
    found = loss(raw(x), raw(target), reduction="none")
    np.testing.assert_array_equal(host(found), [2.0, 0.75, 1.0])


def test_an_ignored_class_among_probabilities_is_refused():
    scores, probabilities = raw(np.ones((2, 3))), raw(np.full((2, 3), 1 / 3))
    with pytest.raises(ValueError, match="cross_entropy: ignore_index 1"):
        xg.nn.functional.cross_entropy(scores, probabilities, ignore_index=1)


def test_running_statistics_that_cannot_be_written_are_refused():
    x, running = raw(np.ones((2, 3)) * [[1.0], [2.0]]), raw(np.zeros(3))
    with pytest.raises(TypeError, match="batch_norm: .*running statistics"):
        xg.nn.functional.batch_norm(x, running, running, training=True)


def test_arrays_are_full_of_tensors():
    a = raw(np.asarray([1.0, 2.0, 3.0]))
    np.testing.assert_array_equal(host(xg.full((2, 3), a)), [[1, 2, 3], [1, 2, 3]])
    np.testing.assert_array_equal(host(xg.full_like(xg.ones((2, 3)), a)), [[1, 2, 3], [1, 2, 3]])
    for full in (lambda a: xg.full((4, 3), a), lambda a: xg.full_like(raw(np.ones((4, 3))), a)):
        np.testing.assert_array_equal(host(xg.grad(lambda a: xg.sum(full(a) * a))(a)), [8, 16, 24])


def test_column_major_order_as_in_numpy():
    x = np.arange(6.0).reshape(2, 3)
    t = xg.asarray(raw(x))
    np.testing.assert_array_equal(host(t.flatten("F")), x.flatten("F"))
    np.testing.assert_array_equal(host(t.reshape(3, 2, order="F")), x.reshape(3, 2, order="F"))
    np.testing.assert_array_equal(host(t.reshape(-1, order="F")), x.reshape(-1, order="F"))

"""Where NumPy's functions return views, those of a Tensor do; where they write, the write is recorded."""

import numpy as np
import pytest

import xgrad as xg
from tests.environment import host
from tests.numpy_calls import modules

pytestmark = pytest.mark.numpy_only

#: Results of functions of x (2, 3) and t (2, 3, 4); NumPy says which are views.
RESULTS = (
    *("np.atleast_1d(x)", "np.atleast_3d(x)", "np.rollaxis(t, 2)", "np.moveaxis(t, 0, 2)", "np.swapaxes(x, 0, 1)"),
    *("np.transpose(x)", "np.permute_dims(t, (2, 0, 1))", "np.reshape(x, (3, 2))", "np.reshape(x, (3, 2), 'F')", "np.ravel(x)"),
    *("np.ravel(x, 'F')", "np.ravel(x.T, 'F')", "np.ravel(x.T, 'K')", "np.ravel(x.T)", "np.squeeze(x[None])", "np.expand_dims(x, 1)"),
    *("np.flip(x)", "np.flipud(x)", "np.fliplr(x)", "np.rot90(x)", "np.rot90(x, 2)", "np.rot90(x, 3)", "np.rot90(x, 0)", "np.roll(x, 1)"),
    *("np.split(x, 3, 1)[1]", "np.array_split(x, 2)[0]", "np.hsplit(x, 3)[2]", "np.vsplit(x, 2)[1]", "np.dsplit(t, 2)[1]"),
    *("np.unstack(t)[1]", "np.concatenate((x, x))", "np.append(x, x)", "np.copy(x)", "np.tile(x, 1)", "np.repeat(x, 1)"),
    *("np.take(x, [0, 1])", "np.delete(x, [])", "np.trim_zeros(x[0])", "np.tril(x)", "np.block([x])", "np.resize(x, (2, 3))"),
    *("np.clip(x, -9, 9)", "np.nan_to_num(x)", "np.nan_to_num(x, copy=False)", "np.real(x)", "np.matrix_transpose(x)"),
    *("np.full_like(x, 2.0)", "np.where(x > 9, 1.0, x)", "np.astype(x, 'f8')", "np.pad(x, 0)", "np.meshgrid(x[0])[0]", "np.ix_(x[0])[0]"),
    *("np.einsum('ij->ji', x)", "np.einsum('ij->ij', x)", "np.einsum('ii->i', x[:, :2])", "np.einsum('ij', x)", "np.einsum('ji', x)", "np.einsum('ii->i', x[:, 1:])", "np.einsum('ii->i', x.T[1:])", "np.meshgrid(x[0], x[1], sparse=True)[0]"),
    *("x.ravel()", "x.T", "x.reshape(6)", "x.squeeze()", "x.swapaxes(0, 1)", "x.repeat(1)", "x.take([0])", "x.copy()"),
)  # fmt: skip
#: Views that NumPy does not let programs write.
READ_ONLY = (
    *(
        "np.diagonal(x)",
        "np.diag(x)",
        "np.diag(x, 1)",
        "np.diagonal(x[:, 1:])",
        "np.diagonal(x.T, 1)",
        "np.diag(x[::-1, ::2], -1)",
        "np.broadcast_to(x, (2, 2, 3))",
        "np.meshgrid(x[0], x[1], copy=False)[1]",
    ),
    "np.lib.stride_tricks.sliding_window_view(x, 2, axis=1)",
)


def _arrays():
    return {"x": np.arange(6.0).reshape(2, 3) + 1, "t": np.arange(24.0).reshape(2, 3, 4)}


@pytest.mark.parametrize("text", RESULTS)
def test_results_are_views_where_numpys_are(text):
    for module in modules():
        plain = _arrays()
        tensors = {name: xg.tensor(x) for name, x in plain.items()}
        name = "t" if "t," in text or "(t)" in text else "x"
        x, y = plain[name], eval(text, {"np": np, **plain})  # noqa: S307
        a, b = tensors[name], eval(text, {"np": module, **tensors})  # noqa: S307
        y[...] = -5.0
        b[...] = -5.0
        np.testing.assert_array_equal(host(a), x, err_msg="the base after a write to the result")
        x[...], a[...] = 7.0, 7.0
        np.testing.assert_array_equal(host(b), y, err_msg="the result after a write to the base")
        assert np.shares_memory(a, b) == np.shares_memory(x, y)


@pytest.mark.parametrize("text", READ_ONLY)
def test_read_only_views_follow_their_base(text):
    plain = _arrays()
    tensors = {name: xg.tensor(x) for name, x in plain.items()}
    y = eval(text, {"np": np, **plain})  # noqa: S307
    b = eval(text, {"np": np, **tensors})  # noqa: S307
    plain["x"][1] = 9.0
    tensors["x"][1] = 9.0
    np.testing.assert_array_equal(host(b), y)


#: Writes into a, and a view v of it, with values w that need gradients.
WRITES = (
    "np.put(v, [0, 2], w)", "np.place(v, v > -9, w)", "np.putmask(v, v > 0, w)", "np.copyto(v, w[0])",
    "np.copyto(v, w[0], where=v > 0)", "np.fill_diagonal(v, w)", "np.put_along_axis(v, np.asarray([[0], [1]]), w[0], 1)",
    "np.concatenate((w, w), out=v[:, 0])", "np.nan_to_num(v * w[0], copy=False)", "v.put([1], w[0])", "np.take(w, [0, 1], out=v[0, :2])",
    "np.clip(w, 0, 9, out=v[0, :2])",
)  # fmt: skip


@pytest.mark.parametrize("text", [t for t in WRITES if "concatenate" not in t])
def test_writes_through_views_are_recorded(text):
    def f(x, w, np=np):
        a = np.concatenate((x, x)) * 2.0
        v = a[1:3]
        exec(text, {"np": np, "v": v, "w": w})  # noqa: S102
        return np.sum(a * a[::-1])

    x, w = np.asarray([[1.0, 2.0, 4.0], [-3.0, 0.5, 2.5]]), np.asarray([0.7, -1.3])
    expected = f(x.copy(), w.copy())
    np.testing.assert_allclose(float(f(xg.asarray(x), xg.asarray(w))), expected)
    xg.testing.check_grads(f, (x, w), atol=3e-6)


@pytest.mark.parametrize("text", WRITES)
def test_leaves_are_not_written(text):
    leaf = xg.tensor(np.ones((4, 3)), requires_grad=True)
    if "* w[0]" in text:
        return  # it writes into a product
    with pytest.raises(xg.AutogradError, match="a view of a leaf that needs gradients"):
        exec(text, {"np": np, "v": leaf[:], "w": xg.tensor([0.7, -1.3], requires_grad=True)})  # noqa: S102


@pytest.mark.parametrize(
    "text",
    ["np.put(a, [0], w)", "np.place(a, a == 0, w)", "np.putmask(a, a == 0, w)", "np.copyto(a, w[0])",
     "np.put_along_axis(a, np.asarray([0]), w[0], None)", "np.full_like(a, w[0])", "np.take(w, [0, 1, 1], out=a)"],
)  # fmt: skip
def test_plain_arrays_do_not_take_tensors(text):
    w = xg.tensor([0.7, -1.3], requires_grad=True)
    a = np.zeros(3)
    with pytest.raises(TypeError, match="got ndarray, which cannot hold a Tensor's derivative"):
        exec(text, {"np": np, "a": a, "w": w})  # noqa: S102
    assert not a.any()


def test_conj_of_a_real_array_is_the_array_itself():
    for method in ("conj", "conjugate"):
        t = xg.asarray(np.asarray([1.0, 2.0]))
        assert getattr(t, method)() is t
        changed = getattr(t, method)()
        changed *= 3
        np.testing.assert_array_equal(host(t), [3.0, 6.0])
        z = xg.asarray(np.asarray([1.0 + 2j]))
        changed = getattr(z, method)()
        changed[0] = 5
        np.testing.assert_array_equal(host(z), [1 + 2j])
    assert np.conj(t) is not t


def test_complex_numbers_as_pairs_whatever_the_length():
    z = xg.asarray(np.ones(3) + 1j)
    pairs = z.view("f8")
    assert pairs.shape == (6,)
    pairs[0] = 7
    assert host(z)[0] == 7 + 1j
    for kind in ("complex64", "int64", "int8"):
        with pytest.raises(TypeError, match=f"view: the bytes of {kind} as float64"):
            xg.asarray(np.ones(2, kind)).view("f8")

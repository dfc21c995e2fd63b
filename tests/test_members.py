"""NumPy's attributes and methods of a Tensor, on every backend."""

import numpy as np
import pytest

import xgrad as xg
from tests.environment import NAME, host, raw

X = np.arange(6.0).reshape(2, 3) - 2.5
Z = X[:, :2] + 1j * X[:, 1:]

READS = {
    "x.T": "x.T",
    "x.flat[4]": "x.flat[4]",
    "x.flat[1:5:2]": "x.flat[1:5:2]",
    "x.flat[[0, 5]]": "x.flat[[0, 5]]",
    "x.copy('F')": "x.copy('F')",
    "x.flatten('F')": "x.flatten('F')",
    "x.reshape(3, 2, order='F')": "x.reshape(3, 2, order='F')",
    "x.astype('float32', casting='same_kind')": "x.astype('float32', casting='same_kind')",
    "z.conjugate()": "z.conjugate()",
    "z.view('float64')": "z.view('float64')",
    "x[:, :2].copy().view('complex128')": "x[:, :2].copy().view('complex128')",
}


@pytest.mark.parametrize("call", READS)
def test_reads(call):
    expected = np.asarray(eval(call, {"x": X, "z": Z}))  # noqa: S307
    found = eval(READS[call], {"x": xg.asarray(raw(X)), "z": xg.asarray(raw(Z))})  # noqa: S307
    assert found.shape == expected.shape
    np.testing.assert_allclose(host(found), expected)


WRITES = [
    "x.fill(a)", "x.flat[1] = a", "x.flat[1:4] = a * x[0]", "x.flat = a", "x.T[1] = a",
    "x.real = a", "z.imag = a", "z.real[0] = a", "z.view('float64')[0, 1] = a",
]  # fmt: skip


@pytest.mark.parametrize("statement", WRITES)
def test_writes_have_derivatives(statement):
    if NAME == "dask" and "view" in statement:
        pytest.skip("dask's arrays have first derivatives alone")
    plain = {"x": X.copy(), "z": Z.copy(), "a": 0.5}
    exec(statement, plain)  # noqa: S102

    def f(a):
        x, z = xg.asarray(raw(X)) * 1, xg.asarray(raw(Z)) * 1
        exec(statement, {"x": x, "z": z, "a": a})  # noqa: S102
        return xg.sum(x * x) + xg.sum(xg.real(z) ** 2) + xg.sum(xg.imag(z) ** 2)

    value, gradient = xg.value_and_grad(f)(xg.asarray(raw(np.array(0.5))))
    expected = (plain["x"] ** 2).sum() + (np.abs(plain["z"]) ** 2).sum()
    np.testing.assert_allclose(host(value), expected)
    shifted = []
    for a in (0.5 + 1e-6, 0.5 - 1e-6):
        names = {"x": X.copy(), "z": Z.copy(), "a": a}
        exec(statement, names)  # noqa: S102
        shifted.append((names["x"] ** 2).sum() + (np.abs(names["z"]) ** 2).sum())
    np.testing.assert_allclose(host(gradient), (shifted[0] - shifted[1]) / 2e-6, atol=1e-6)


def test_sizes():
    x = xg.asarray(raw(X))
    assert (x.itemsize, x.nbytes) == (8, 48)
    assert len(x.strides) == 2
    assert x.T.base is x
    assert x.item(1, 2) == X.item(1, 2)
    assert x.item(3) == X.item(3)
    assert x.tobytes() == X.tobytes()

"""Add your own array library to xgrad: here one that counts the elements it computes.

``python examples/own_backend.py`` prints the cost of a forward and a backward pass.
"""

from collections import Counter

import numpy as np

import xgrad as xg

# -- the library: arrays that count the elements computed by each function ---------------------


class Metered(np.lib.mixins.NDArrayOperatorsMixin):
    """An array that counts computed elements."""

    counts = Counter()

    def __init__(self, data):
        self.data = np.asarray(data)

    shape = property(lambda self: self.data.shape)
    dtype = property(lambda self: self.data.dtype)
    device = "cpu"

    def __array_ufunc__(self, ufunc, method, *inputs, **keywords):
        return self._call(ufunc, inputs, keywords)

    def __array_function__(self, function, types, args, keywords):
        return self._call(function, args, keywords)

    def _call(self, function, args, keywords):
        out = function(*_unwrapped(args), **_unwrapped(keywords))
        Metered.counts[function.__name__] += np.size(out)
        return tuple(map(Metered, out)) if isinstance(out, tuple | list) else Metered(out)

    def __getitem__(self, key):
        return Metered(self.data[_unwrapped(key)])

    def __setitem__(self, key, value):
        self.data[_unwrapped(key)] = _unwrapped(value)


def _unwrapped(x):
    if isinstance(x, Metered):
        return x.data
    if isinstance(x, tuple | list):
        return type(x)(map(_unwrapped, x))
    return {k: _unwrapped(v) for k, v in x.items()} if isinstance(x, dict) else x


# -- its functions, with the names of the Array API standard -----------------------------------


class MeteredNamespace(xg.backends.Namespace):
    """NumPy's functions dispatch to `Metered` automatically, except those that create arrays.

    A method here replaces the function or the backend hook of that name. `Namespace` defines a hook
    in terms of the standard for each operation that rules need and the standard lacks.
    """

    def asarray(self, obj, *, dtype=None, device=None, copy=None):
        data = obj.data if isinstance(obj, Metered) else obj
        return Metered(np.array(data, dtype=dtype))

    def zeros(self, shape, *, dtype=None, device=None):
        return Metered(np.zeros(shape, dtype))

    def full(self, shape, fill_value, *, dtype=None, device=None):
        return Metered(np.full(shape, fill_value, dtype))

    def arange(self, start, stop=None, step=1, *, dtype=None, device=None):
        return Metered(np.arange(start, stop, step, dtype))

    def astype(self, x, dtype, *, copy=True):
        return Metered(x.data.astype(dtype))

    def accumulate(self, total, x):  # the backend hook that sums gradients in place
        np.add(total.data, x.data, out=total.data)
        Metered.counts["add in place"] += x.data.size
        return total


xg.register_backend(
    "metered",
    MeteredNamespace(np),
    array_type=Metered,
    to_numpy=lambda x: x.data,
    weak_scalars=True,  # its functions take Python numbers, with NumPy's type promotion
    mixes_kinds=True,
)


def main():
    """Differentiate a small model on the new backend, and print the counts."""
    xg.set_backend("metered")
    x = xg.asarray(np.linspace(0.0, 1.0, 50).reshape(10, 5).tolist())
    w = xg.tensor([0.1, -0.2, 0.3, 0.4, -0.5], requires_grad=True)
    Metered.counts.clear()
    loss = xg.mean((xg.tanh(x @ w) - 0.5) ** 2)
    forward = Metered.counts.copy()
    loss.backward()
    print(f"loss {loss.item():.6f}, gradient {w.grad}")
    print(f"forward  {sum(forward.values())} elements: {dict(forward)}")
    backward = Metered.counts - forward
    print(f"backward {sum(backward.values())} elements: {dict(backward)}")


if __name__ == "__main__":
    main()

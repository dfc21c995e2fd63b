"""``np.vectorize`` and ``np.frompyfunc``: a user's function for each element, also of Tensors."""

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from xgrad.backends.host import NO_VALUE
from xgrad.numpy.calls import constant, holds_tensor, joined, named, running
from xgrad.numpy.ufuncs import Ufunc
from xgrad.ops import creation
from xgrad.ops.shape import broadcast_to


def _core(signature: str, count: int) -> list[int]:
    """Return the number of core axes of each argument, as in ``"(n),(n,m)->()"``."""
    inputs = re.findall(r"\(([^)]*)\)", signature.partition("->")[0])
    if len(inputs) != count:
        raise TypeError(
            f"np.vectorize: the signature {signature!r} has {len(inputs)} arguments, got {count}"
        )
    return [len([name for name in axes.split(",") if name.strip()]) for axes in inputs]


def _stacked(values: list[Any], shape: tuple[int, ...], dtype: Any) -> Any:
    """Return the values of a function as one array of NumPy, or as a Tensor."""
    if not any(map(holds_tensor, values)):
        plain = [np.asarray(v) for v in values]
        core = plain[0].shape if plain else ()
        return constant(np.array(plain, dtype=dtype).reshape((*shape, *core)))
    parts = [creation.as_tensor(joined(v), like=values) for v in values]
    if dtype is None:
        dtype = parts[0].dtype  # as in NumPy, the first value has the dtype of all
    out = creation.asarray(parts)
    if np.dtype(dtype).kind not in "fc" and np.dtype(out.dtype).kind in "fc":
        raise TypeError(
            f"np.vectorize: the dtype would be {np.dtype(dtype)}, that of the first value, which "
            "cannot hold the derivatives of others; pass otypes=[float]"
        )
    return creation.astype(out.reshape((*shape, *parts[0].shape)), dtype, copy=False)


def mapped(
    function: Callable[..., Any], arrays: list[Any], core: list[int], dtypes: Any, several: Any
) -> Any:
    """Call a function for each element of broadcast arrays; ``several`` says how many values."""
    arrays = [x if hasattr(x, "shape") else np.asarray(x) for x in arrays]
    loops = [tuple(x.shape)[: len(x.shape) - n] for x, n in zip(arrays, core, strict=True)]
    shape = np.broadcast_shapes(*loops)
    spread = [
        np.broadcast_to(x, (*shape, *x.shape[len(own) :]))
        if isinstance(x, np.ndarray | np.generic)
        else broadcast_to(x, (*shape, *x.shape[len(own) :]))
        for x, own in zip(arrays, loops, strict=True)
    ]
    rows = [function(*[x[i] for x in spread]) for i in np.ndindex(*shape)]
    if not rows:
        raise ValueError("np.vectorize: cannot call the function of a Tensor without elements")
    if several is None:
        several = len(rows[0]) if isinstance(rows[0], tuple) else 0
    if not several:
        return _stacked(rows, shape, dtypes[0] if dtypes else None)
    columns = list(zip(*rows, strict=True))
    chosen = dtypes or [None] * len(columns)
    return tuple(_stacked([*c], shape, d) for c, d in zip(columns, chosen, strict=True))


class vectorize(np.vectorize):  # noqa: N801 - NumPy's name
    """NumPy's class. With Tensors the function is called once for each element, in Python.

    See Also
    --------
    xgrad.vmap : Vectorises a function of array operations, without a loop.

    Examples
    --------
    >>> import xgrad as xg
    >>> import xgrad.numpy as np
    >>> f = np.vectorize(lambda x: x**2 if x > 0 else 0.0 * x)
    >>> xg.grad(lambda x: np.sum(f(x)))(np.array([-1.0, 3.0]))
    array([0., 6.])
    """

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        """Call the function for each element."""
        decorating = self.pyfunc is NO_VALUE  # ``np.vectorize(otypes=[float])``
        if decorating or not (running() or holds_tensor([*args, *keywords.values()])):
            return super().__call__(*args, **keywords)
        apart = self.excluded
        at = [i for i in range(len(args)) if i not in apart]
        names = [name for name in keywords if name not in apart]

        def function(*elements: Any) -> Any:
            full = list(args)
            for i, x in zip(at, elements, strict=False):
                full[i] = x
            named = dict(zip(names, elements[len(at) :], strict=True))
            return self.pyfunc(*full, **{**keywords, **named})

        arrays = [joined(x) for x in (*[args[i] for i in at], *[keywords[n] for n in names])]
        signature = getattr(self, "signature", None)
        core = [0] * len(arrays) if signature is None else _core(signature, len(arrays))
        return mapped(function, arrays, core, self.otypes, None)


def _frompyfunc(func: Callable[..., Any], /, nin: int, nout: int, **keywords: Any) -> Ufunc:
    """Return ``func`` as a ufunc of objects; of Tensors, it is called for each element."""

    def of_tensors(args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        if options or len(args) != nin:
            raise TypeError(
                f"{ufunc.__name__}: expected {nin} arguments and no keywords with a Tensor, "
                f"got {len(args)} and {', '.join(options) or 'none'}"
            )
        return mapped(func, [joined(x) for x in args], [0] * nin, None, 0 if nout == 1 else nout)

    ufunc = Ufunc(np.frompyfunc(func, nin, nout, **keywords))
    ufunc._with_tensors = of_tensors
    return ufunc


frompyfunc = named(_frompyfunc, np.frompyfunc, "xgrad.numpy")


__all__ = ["frompyfunc", "vectorize"]

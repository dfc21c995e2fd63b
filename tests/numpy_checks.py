"""Calls of NumPy's functions with Tensors, compared with the same calls on NumPy arrays."""

import dataclasses
import operator
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

import xgrad as xg
from tests.environment import host, raw


def named(name: str) -> Callable[..., Any]:
    """Return one of NumPy's functions by its name below ``np``."""
    function: Callable[..., Any] = operator.attrgetter(name)(np)
    return function


@dataclasses.dataclass(frozen=True)
class Call:
    """A call of a function of NumPy, by position and by name."""

    name: str
    args: tuple[Any, ...]
    keywords: dict[str, Any]

    @property
    def id(self) -> str:
        shown = [
            f"{x.dtype}{list(x.shape)}" if isinstance(x, np.ndarray) else repr(x) for x in self.args
        ] + [f"{k}={v!r}" for k, v in self.keywords.items()]
        return f"{self.name}({', '.join(shown)})".replace("\n", "")[:100]


def call(name: str, *args: Any, **keywords: Any) -> Call:
    """Return a call; arrays among the positional arguments become Tensors."""
    return Call(name, args, keywords)


def silent(f: Callable[..., Any], *args: Any, **keywords: Any) -> Any:
    """Call NumPy without its warnings about empty slices and divisions by 0."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return f(*args, **keywords)


def tensors(x: Any) -> Any:
    """Return arrays as Tensors of the session's backend, also those in lists and tuples."""
    if isinstance(x, np.ndarray):
        return xg.asarray(raw(x))
    if type(x) in (list, tuple) and any(isinstance(v, np.ndarray) for v in x):
        return type(x)(map(tensors, x))
    return x


def precision_of(x: Any) -> float:
    """Return the greatest rounding error of the arrays of a tree."""
    if isinstance(x, list | tuple):
        return max(map(precision_of, x), default=0.0)
    kind = getattr(getattr(x, "dtype", None), "kind", "")
    return float(np.finfo(x.dtype).eps) if kind and kind in "fc" else 0.0


def check_equal(
    found: Any, expected: Any, rtol: float = 1e-13, exact: bool = False, eps: float = 0.0
) -> None:
    """Compare a result with NumPy's: values, shapes, dtypes.

    ``rtol`` is for float64; in other dtypes it is greater by the ratio of their precisions, of
    the result's or ``eps``, that of the arguments.
    """
    if isinstance(expected, list | tuple):
        assert len(found) == len(expected)
        for a, b in zip(found, expected, strict=True):
            check_equal(a, b, rtol, exact, eps)
        return
    if type(found) is float:
        assert found == expected
        return
    expected = np.asarray(expected)
    assert isinstance(found, xg.Tensor), type(found)
    assert found.shape == expected.shape, f"shape {found.shape}, NumPy's is {expected.shape}"
    assert found.dtype == expected.dtype, f"dtype {found.dtype}, NumPy's is {expected.dtype}"
    if exact or expected.dtype.kind in "biu":
        np.testing.assert_array_equal(host(found), expected)
        return
    scale = max(precision_of(expected), eps) / precision_of(np.zeros(0))
    finite = np.abs(expected[np.isfinite(expected)])
    size = float(finite.max()) if finite.size else 1.0
    with np.errstate(over="ignore"):
        atol = rtol * scale * size * 0.1
    atol = atol if np.isfinite(atol) else 0.0
    np.testing.assert_allclose(host(found), expected, rtol=rtol * scale, atol=atol)


#: Errors that stand for NumPy's more special ones.
_INSTEAD = {
    np.exceptions.AxisError: (ValueError, IndexError),
    np.linalg.LinAlgError: (ValueError,),
}


def check_value(this: Call, rtol: float = 1e-13) -> None:
    """Compare the value of a call, or its error, with NumPy's."""
    f = named(this.name)
    try:
        expected = silent(f, *this.args, **this.keywords)
    except Exception as error:  # noqa: BLE001 - whatever NumPy raises
        wanted = type(error)
    else:
        found = silent(f, *map(tensors, this.args), **this.keywords)
        check_equal(found, expected, rtol, eps=precision_of(this.args))
        return
    bases = (wanted, *_INSTEAD.get(wanted, ()))
    try:
        found = silent(f, *map(tensors, this.args), **this.keywords)
    except bases:
        return
    raise AssertionError(f"NumPy raises {wanted.__name__}, the Tensor returned {found}")


def check_derivatives(this: Call, by: tuple[int, ...] | None = None, order: int = 2) -> None:
    """Check derivatives in both modes by finite differences, and `vmap` against a loop.

    ``by`` has the positions of the arguments; by default all floating-point arrays.
    """
    f = named(this.name)
    if by is None:
        by = tuple(
            i for i, x in enumerate(this.args) if isinstance(x, np.ndarray) and x.dtype.kind in "fc"
        )

    def of(*varied: Any) -> Any:
        args = [tensors(x) for x in this.args]
        for i, x in zip(by, varied, strict=True):
            args[i] = x
        out = f(*args, **this.keywords)
        return out if isinstance(out, xg.Tensor) else list(out)

    chosen = tuple(raw(this.args[i]) for i in by)
    xg.testing.check_grads(of, chosen, order=order)
    stacked = tuple(raw(np.stack([x, x * 0.75])) for x in (this.args[i] for i in by))
    together = xg.vmap(of)(*stacked)
    for k, scale in enumerate((1.0, 0.75)):
        alone = of(*(xg.asarray(raw(this.args[i] * scale)) for i in by))
        pairs = (
            [(together, alone)]
            if isinstance(alone, xg.Tensor)
            else zip(together, alone, strict=True)
        )
        for a, b in pairs:
            np.testing.assert_allclose(host(a)[k], host(b), rtol=1e-12, atol=1e-13)

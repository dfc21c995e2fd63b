"""OpInfo entries that reduce, accumulate or transform along axes."""

from typing import Any

import torch

import xgrad as xg
from tests.opinfo_entries import add, entry

t = xg.asarray


def _axis(dim: Any) -> Any:
    """Return the axes; PyTorch's ``dim=()`` reduces all axes, like None."""
    return None if dim is None or dim == () or dim == [] else dim


def _reduced(x: Any, dim: Any) -> tuple[Any, Any]:
    """Reduce; a 0-d array has one axis in PyTorch."""
    x = t(x)
    dims = (dim,) if isinstance(dim, int) else dim
    if x.ndim == 0 and dims is not None and set(dims) <= {0, -1}:
        return x, None
    return x, _axis(dim)


@entry("sum")
def _(x: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    x, axis = _reduced(x, dim)
    return xg.sum(x, axis=axis, keepdims=keepdim, dtype=dtype)


@entry("prod")
def _(x: Any, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Any:
    x, axis = _reduced(x, dim)
    return xg.prod(x, axis=axis, keepdims=keepdim, dtype=dtype)


def _reduction(name: str, ours: str, **fixed: Any) -> None:
    function = getattr(xg, ours)

    def call(x: Any, dim: Any = None, keepdim: bool = False) -> Any:
        x, axis = _reduced(x, dim)
        return function(x, axis=axis, keepdims=keepdim, **fixed)

    add(name, call, ours)


for _theirs, _ours in {
    "all": "all", "any": "any", "mean": "mean", "amax": "max", "amin": "min",
    "nanmean": "nanmean", "logsumexp": "logsumexp", "argmax": "argmax", "argmin": "argmin",
}.items():  # fmt: skip
    _reduction(_theirs, _ours)


@entry("nansum")
def _(x: Any, dim: Any = None, keepdim: bool = False) -> Any:
    x, axis = _reduced(x, dim)
    return xg.nansum(x, axis=axis, keepdims=keepdim)


@entry("count_nonzero")
def _(x: Any, dim: Any = None) -> Any:
    x, axis = _reduced(x, dim)
    return xg.count_nonzero(x, axis=axis)


@entry("aminmax", "min", "max")
def _(x: Any, *, dim: Any = None, keepdim: bool = False) -> Any:
    x, axis = _reduced(x, dim)
    return xg.min(x, axis=axis, keepdims=keepdim), xg.max(x, axis=axis, keepdims=keepdim)


for _name in ("max", "min"):

    def _extreme(x: Any, dim: Any = None, keepdim: bool = False, f: Any = _name) -> Any:
        x, axis = _reduced(x, dim)
        value = getattr(xg, f)(x, axis=axis, keepdims=keepdim)
        return (
            value
            if dim is None
            else (value, getattr(xg, f"arg{f}")(x, axis=axis, keepdims=keepdim))
        )

    add(f"{_name}.reduction_with_dim {_name}.reduction_no_dim", _extreme, _name, f"arg{_name}")


def _spread(name: str, ours: str, means: bool = False) -> None:
    function = getattr(xg, ours)

    def call(
        x: Any,
        dim: Any = None,
        unbiased: Any = None,
        keepdim: bool = False,
        *,
        correction: Any = None,
    ) -> Any:
        if isinstance(dim, bool):
            dim, unbiased = None, dim
        if correction is None:
            correction = 1 if unbiased is None else int(unbiased)
        x, axis = _reduced(x, dim)
        out = function(x, axis=axis, correction=correction, keepdims=keepdim)
        return (out, xg.mean(x, axis=axis, keepdims=keepdim)) if means else out

    add(f"{name} {name}.unbiased", call, ours)


_spread("var", "var")
_spread("std", "std")
_spread("var_mean", "var", True)
_spread("std_mean", "std", True)


def _quantiles(name: str) -> None:
    function = getattr(xg, name)

    def call(
        x: Any, q: Any, dim: Any = None, keepdim: bool = False, *, interpolation: str = "linear"
    ) -> Any:
        x, axis = _reduced(x, dim)
        return function(x, q, axis=axis, keepdims=keepdim, method=interpolation)

    add(name, call)


_quantiles("quantile")
_quantiles("nanquantile")

# -- accumulation ----------------------------------------------------------------------------


def _logarithm(out: Any) -> Any:
    """Return a complex logarithm, which is unique up to 2πi."""
    if isinstance(out, torch.Tensor):
        return (out.real, out.imag.cos(), out.imag.sin()) if out.is_complex() else out
    if xg.isdtype(out.dtype, "complex floating"):
        return xg.real(out), xg.cos(xg.imag(out)), xg.sin(xg.imag(out))
    return out


def _cumulative(theirs: str, ours: str, process: Any = None) -> None:
    function = getattr(xg, ours)

    def call(x: Any, dim: int, *, dtype: Any = None) -> Any:
        x = t(x)
        keywords = {} if dtype is None else {"dtype": dtype}
        if x.ndim == 0:
            return xg.reshape(function(xg.reshape(x, (1,)), axis=0, **keywords), ())
        return function(x, axis=dim, **keywords)

    add(theirs, call, ours, process=process)


_cumulative("cumsum", "cumulative_sum")
_cumulative("cumprod", "cumulative_prod")
_cumulative("logcumsumexp", "cumulative_logsumexp", _logarithm)


@entry("diff")
def _(x: Any, n: int = 1, dim: int = -1, prepend: Any = None, append: Any = None) -> Any:
    return xg.diff(x, axis=dim, n=n, prepend=prepend, append=append)


for _name in ("softmax", "log_softmax", "nn.functional.softmin"):
    _function = getattr(xg.nn.functional, _name.rpartition(".")[2])

    def _soft(x: Any, dim: Any, dtype: Any = None, f: Any = _function) -> Any:
        return f(x if dtype is None else xg.astype(x, dtype), dim=dim)

    for _each in (_name, f"{_name}.with_dtype"):
        add(_each, _soft, _name.rpartition(".")[2])


# -- Fourier transforms ----------------------------------------------------------------------


def _line(name: str) -> None:
    function = getattr(xg.fft, name)

    def call(x: Any, n: Any = None, dim: int = -1, norm: Any = None) -> Any:
        return function(x, n=n, axis=dim, norm=norm or "backward")

    add(f"fft.{name}", call)


def _box(theirs: str, name: str, axes: Any) -> None:
    function = getattr(xg.fft, name)

    def call(x: Any, s: Any = None, dim: Any = axes, norm: Any = None) -> Any:
        dim = (dim,) if isinstance(dim, int) else dim
        return function(x, s=s, axes=dim, norm=norm or "backward")

    add(f"fft.{theirs}", call, name)


for _name in ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft"):
    _line(_name)
for _name in ("fftn", "ifftn", "rfftn", "irfftn"):
    _box(_name, _name, None)
    _box(f"{_name[:-1]}2", _name, (-2, -1))

add("fft.fftshift", lambda x, dim=None: xg.fft.fftshift(x, axes=dim))
add("fft.ifftshift", lambda x, dim=None: xg.fft.ifftshift(x, axes=dim))

"""Arrays with different memory layouts: owned, views, read-only, broadcast, other orders."""

import dataclasses
from typing import Any

import numpy as np

from tests.environment import NAME, VARIANT, raw

#: "number" is a Python float.
KINDS = (
    "owned",
    "view",
    "read-only",
    "broadcast",
    "Fortran order",
    "negative stride",
    "strided",
    "number",
)


@dataclasses.dataclass(frozen=True, eq=False)
class Array:
    """Values and their memory layout: see `KINDS`."""

    values: np.ndarray
    kind: str = "owned"

    def numpy(self) -> np.ndarray:
        """Return a new NumPy array with this layout."""
        return laid_out(self.values, self.kind)

    def made(self) -> Any:
        """Return a new array of the session's backend, or a number."""
        if self.kind == "number":
            return float(self.values)
        if NAME == "numpy" and VARIANT != "readonly":
            return self.numpy()
        if NAME == "torch":
            return _torch(self.values, self.kind)
        return raw(self.values)

    def printed(self, name: str) -> list[str]:
        """Return lines of code that create the array."""
        x = self.values
        text = np.array2string(x, separator=", ", threshold=10_000, floatmode="unique")
        text = " ".join(text.split())
        line = f"{name} = np.array({text}, dtype=np.{x.dtype})"
        if self.kind == "number":
            return [f"{name} = {float(x)!r}"]
        if x.size == 0:
            line = f"{name} = np.zeros({x.shape}, dtype=np.{x.dtype})"
        elif x.size > 200:
            line = f"{name} = np.random.default_rng(0).uniform(-1, 1, {x.shape})  # {x.dtype}"
        after = {
            "view": f"{name} = np.concatenate([{name}.ravel(), [0]])[:-1].reshape({x.shape})",
            "read-only": f"{name}.setflags(write=False)",
            "broadcast": f"{name} = np.broadcast_to({name}[:1], {x.shape})",
            "Fortran order": f"{name} = np.asfortranarray({name})",
            "negative stride": f"{name} = np.flip(np.flip({name}, -1).copy(), -1) if {name}.ndim else {name}",
            "strided": f"{name} = np.repeat({name}, 2, axis=-1)[..., ::2] if {name}.ndim else {name}",
        }.get(self.kind)
        return [line] if after is None else [line, after]


def possible(values: np.ndarray, kind: str) -> bool:
    """Whether values can have this layout."""
    if kind == "number":
        return values.shape == () and values.dtype == np.float64
    if kind == "broadcast":
        return bool(values.ndim and values.shape[0] > 1 and (values == values[:1]).all())
    if kind == "Fortran order" and values.dtype.kind == "i":
        return False  # for a repeated index NumPy keeps the last in memory order, xgrad in row-major order
    return kind in ("owned", "view", "read-only") or values.ndim > 0


def laid_out(x: np.ndarray, kind: str) -> np.ndarray:
    """Return a copy of ``x`` with the layout ``kind``."""
    if kind == "view":
        whole = np.zeros(x.size + 3, x.dtype)
        whole[1:-2] = x.ravel()
        return whole[1:-2].reshape(x.shape)
    if kind == "broadcast" and x.ndim:
        return np.broadcast_to(x[:1].copy(), x.shape)
    if kind == "Fortran order":
        return np.array(x, order="F")
    if kind == "negative stride" and x.ndim:
        return np.flip(np.array(np.flip(x, -1), order="C"), -1)
    if kind == "strided" and x.ndim:
        return np.repeat(x, 2, axis=-1)[..., ::2]
    out = np.array(x, order="C")
    if kind == "read-only":
        out.setflags(write=False)
    return out


def _torch(x: np.ndarray, kind: str) -> Any:
    import torch

    if kind == "broadcast" and x.ndim:
        return torch.asarray(x[:1].copy()).expand(x.shape)
    if kind == "view":
        whole = torch.asarray(np.concatenate([np.zeros(1, x.dtype), x.ravel()]))
        return whole[1:].reshape(x.shape)
    if kind == "Fortran order" and x.ndim > 1:
        return torch.asarray(np.ascontiguousarray(x.T)).permute(*range(x.ndim)[::-1])
    if kind == "strided" and x.ndim:
        return torch.asarray(np.repeat(x, 2, axis=-1))[..., ::2]
    return torch.asarray(np.array(x))


def whole(x: Any) -> Any:
    """Return the array that owns the memory of a NumPy array."""
    while isinstance(x, np.ndarray) and isinstance(x.base, np.ndarray):
        x = x.base
    return x

"""PyTorch and JAX as oracles: the same source over their namespaces, their own derivatives.

Functions that a library lacks, or calls differently, are not compared; the summary counts them.
"""

import re
from typing import Any

import numpy as np

_ADVANCED = re.compile(r"\[.*\bc\d.*\]\s*\S?=")


class Missing(Exception):  # noqa: N818 - no error: not compared
    """The library lacks the function, or does not accept these arguments."""


_NOT_VIEWS_THERE = re.compile(r"\b(flip|unstack)\(")  # or views there, and copies here


#: Methods of NumPy that a Tensor has; PyTorch's and JAX's arrays lack them, or mean something else.
_OF_NUMPY = re.compile(
    r"\w\d*\.(argsort|clip|compress|diagonal|dot|fill|flat|partition|put|real =|repeat|searchsorted"
    r"|sort|std|sum\(-?\d|take|trace|transpose|var)\b"
)


#: Functions with the same name and another meaning.
_OTHERWISE = {
    "torch": {
        "std",
        "var",
        "median",
        "nanmedian",
        "sign",
        "round",
        "unique_all",
        "take",
        "fftfreq",
        "rfftfreq",
        "linspace",
        "unique_values",
        "nextafter",
        "celu",
        "hardsigmoid",
        "hardswish",
        "pad",
    },
    "jax": {"sign", "abs", "unique_all"},
}


class _Names:
    """A namespace with a library's functions under xgrad's names."""

    def __init__(self, library: str, *spaces: Any, path: str = "") -> None:
        self._library, self._spaces, self._path = library, spaces, path

    def __getattr__(self, name: str) -> Any:
        if name in _OTHERWISE[self._library]:
            raise Missing(name)
        for space in self._spaces:
            found = getattr(space, name, None)
            if found is not None:
                break
        else:
            raise Missing(f"{self._path}{name}")
        if name in ("linalg", "fft", "special"):
            return _Names(self._library, found, path=f"{name}.")
        return found


def by_torch(case: Any) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return the outputs and the pulled cotangents by PyTorch's autograd."""
    import array_api_compat.torch as compat
    import torch

    constants = {k: torch.asarray(x.numpy().copy()) for k, x in case.program.constants.items()}
    args = [torch.asarray(np.array(x)).requires_grad_() for x in case.values]
    names = _Names("torch", compat, torch, torch.nn.functional)
    layers = _Names("torch", torch.nn.functional)
    outs = case.program.compiled()(names, layers, **constants)(*args)
    tracked = [(o, torch.asarray(np.array(w))) for o, w in zip(outs, case.weights, strict=True)
               if isinstance(o, torch.Tensor) and o.requires_grad]  # fmt: skip
    grads: Any = [None] * len(args)
    if tracked:
        grads = torch.autograd.grad(
            [o for o, _ in tracked], args, [w for _, w in tracked], allow_unused=True
        )
    pulled = [
        np.zeros_like(x) if g is None else g.resolve_conj().numpy()
        for g, x in zip(grads, case.values, strict=True)
    ]
    return [o.detach().resolve_conj().numpy() for o in outs], pulled


def by_jax(case: Any) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return the outputs and the pulled cotangents by JAX."""
    import jax
    import jax.numpy as jnp

    constants = {k: jnp.asarray(x.numpy()) for k, x in case.program.constants.items()}
    names = _Names("jax", jnp, jax.nn)
    f = case.program.compiled()(names, _Names("jax", jax.nn), **constants)
    outs, pull = jax.vjp(f, *(jnp.asarray(x) for x in case.values))
    seeds = tuple(
        jnp.asarray(np.conj(w)).astype(o.dtype)  # JAX does not conjugate
        for w, o in zip(case.weights, outs, strict=True)
    )
    return [np.asarray(o) for o in outs], [np.conj(np.asarray(g)) for g in pull(seeds)]


def compared(case: Any, library: str) -> Any:
    """Return a library's results, or the reason why they are not compared."""
    if "np." in "".join(s.source for s in case.program.statements):
        return "NumPy's own functions"
    if any(
        _OF_NUMPY.search(s.source)
        for s in case.program.statements
        if s.functions[0] in ("method", "write")
    ):
        return "methods of NumPy"
    if any(_ADVANCED.search(s.source) for s in case.program.statements if "write" in s.flags):
        return "written at index arrays"  # an index given twice: PyTorch differentiates both
    if case.program.has("write") and any(
        _NOT_VIEWS_THERE.search(s.source) for s in case.program.statements
    ):
        return "written while a view exists in only one of the libraries"
    if library == "jax" and case.program.has("write"):
        return "JAX's arrays are not written"
    try:
        return (by_torch if library == "torch" else by_jax)(case)
    except Missing:
        return "it lacks a function"
    except Exception:  # noqa: BLE001 - of theirs: other arguments, no such dtype
        return "it takes other arguments"

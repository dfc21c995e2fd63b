"""``numpy.random``: random constants; arrays are Tensors while a transform runs.

Parameters of distributions are numbers and arrays: a derivative by them is that of standard
random numbers, scaled and shifted (``mean + deviation * np.random.standard_normal(3)``).

See Also
--------
xgrad.random : Generators for every backend and device.
"""

from typing import Any

import numpy as np

from xgrad.engine.tensor import Tensor
from xgrad.errors import AutogradError
from xgrad.numpy.calls import constant, first_tensor, holds_tensor, named, wrapped


def _of_elements(
    function: Any, generator: tuple[Any, ...], x: Tensor, args: Any, keywords: Any
) -> Any:
    """Call ``permutation``, ``choice`` or ``shuffle`` for a Tensor: they draw indices."""
    if keywords.get("axis", 0) != 0 or not x.shape:
        raise TypeError(
            f"np.random.{function.__name__}: expected elements along axis 0 of a Tensor; draw "
            "indices, as in np.take(x, rng.permutation(n), axis=1)"
        )
    if function.__name__ == "shuffle":
        order = np.arange(x.shape[0])
        function(*generator, order)
        x[...] = x[order]
        return None
    return x[function(*generator, x.shape[0], *args, **keywords)]


def _of_constants(function: Any, *, method: bool = False) -> Any:
    """Return what a function calls with Tensors, which must not need gradients.

    Except where it draws elements of one, or changes the order of a list.
    """

    def call(args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        generator, others = (args[:1], args[1:]) if method else ((), args)
        if function.__name__ in ("choice", "permutation", "shuffle") and others:
            if type(others[0]) is Tensor:
                return _of_elements(function, generator, others[0], others[1:], keywords)
            if function.__name__ == "shuffle":
                return function(*args, **keywords)
        tensor = first_tensor([*others, *keywords.values()])
        if tensor.requires_grad:
            raise AutogradError(
                f"np.random.{function.__name__}: a parameter needs gradients, which random numbers "
                "do not have; draw standard ones, then scale and shift them, as in "
                "mean + deviation * np.random.standard_normal(3), or call detach()"
            )
        return constant(function(*args, **keywords))

    return call


class _Generator(np.random.Generator):
    """NumPy's generator; while a transform runs, its arrays are Tensors as well."""


def _method(name: str) -> Any:
    plain = getattr(np.random.Generator, name)

    def method(self: _Generator, *args: Any, **keywords: Any) -> Any:
        if holds_tensor([*args, *keywords.values()]):
            return call((self, *args), keywords)
        return constant(plain(self, *args, **keywords), (*args, *keywords.values()))

    call = _of_constants(plain, method=True)
    return named(method, plain, __name__)


for _name in vars(np.random.Generator):
    if not _name.startswith("_") and _name not in ("bit_generator", "spawn"):
        setattr(_Generator, _name, _method(_name))


def _default_rng(seed: Any = None) -> np.random.Generator:
    rng = np.random.default_rng(seed)
    return rng if rng is seed else _Generator(rng.bit_generator)


def _converted(name: str) -> Any:
    x = getattr(np.random, name)
    if name == "default_rng":
        return named(_default_rng, x, __name__)
    return x if isinstance(x, type) else wrapped(x, _of_constants(x), __name__)


globals().update({name: _converted(name) for name in np.random.__all__})

__all__ = [*np.random.__all__]  # noqa: PLE0604 - strings


def __dir__() -> list[str]:
    return __all__


def __getattr__(name: str) -> Any:
    return getattr(np.random, name)

"""The hooks of optimizers: one launch for the arrays of many parameters.

The arrays stay where they are. A flat buffer of all gradients would have to be filled first,
which moves as many bytes again as a third of Adam's own step.
"""

from collections.abc import Sequence
from typing import Any

import cupy
import numpy as np

from xgrad.backends.cupy import lists
from xgrad.backends.optimizers import Optimizers

Array = Any
Arrays = Sequence[Array]


class ListSteps(Optimizers):
    """Kernels over lists; what they do not serve goes the agnostic way."""

    steps_in_place = True

    def as_real(self, x: Array) -> Array:
        x = cupy.ascontiguousarray(x)
        return x.view(x.real.dtype).reshape(*x.shape, 2)

    def as_complex(self, x: Array) -> Array:
        dtype = np.dtype(f"c{2 * x.dtype.itemsize}")
        return cupy.ascontiguousarray(x).view(dtype)[..., 0]

    def adam_all(
        self,
        values: Arrays,
        grads: Arrays,
        means: Arrays,
        squares: Arrays,
        *,
        maximize: bool,
        skip: Array | None,
        cache: dict[Any, Any],
        **options: Any,
    ) -> list[tuple[Any, ...]]:
        found = lists.cached_tables(cache, values, grads, means, squares)
        if found is None:
            return super().adam_all(
                values, grads, means, squares, maximize=maximize, skip=skip, cache=cache, **options
            )
        step, (beta1, beta2) = options["step"], options["betas"]
        on_device = isinstance(step, cupy.ndarray)
        numbers = (options["lr"], beta1, beta2, options["eps"], options["weight_decay"])
        args = (
            *(np.float64(x) for x in numbers),
            np.bool_(options["decoupled"]),
            np.bool_(maximize),
            np.float64(0 if on_device else step),
            step if on_device else None,
            skip,
        )
        lists.launch(lists.adam, values[0].dtype, found[0], args)
        return list(zip(values, means, squares, strict=True))

    def sgd_all(
        self,
        values: Arrays,
        grads: Arrays,
        velocities: Arrays,
        *,
        maximize: bool,
        skip: Array | None,
        cache: dict[Any, Any],
        **options: Any,
    ) -> list[tuple[Any, ...]]:
        momentum, first = options["momentum"], options["first"]
        made = velocities
        if momentum and first:
            made = [
                cupy.zeros_like(x) if v is None else v
                for v, x in zip(velocities, values, strict=True)
            ]
        used = made if momentum else [None] * len(values)
        found = lists.cached_tables(cache, values, grads, used)
        if found is None:
            return super().sgd_all(
                values, grads, velocities, maximize=maximize, skip=skip, cache=cache, **options
            )
        numbers = (options["lr"], momentum, options["dampening"], options["weight_decay"])
        args = (
            *(np.float64(x) for x in numbers),
            np.bool_(options["nesterov"]),
            np.bool_(first),
            np.bool_(maximize),
            skip,
        )
        lists.launch(lists.sgd, values[0].dtype, found[0], args)
        return list(zip(values, used, strict=True))

    def rmsprop_all(
        self,
        values: Arrays,
        grads: Arrays,
        squares: Arrays,
        means: Arrays,
        velocities: Arrays,
        *,
        maximize: bool,
        skip: Array | None,
        cache: dict[Any, Any],
        **options: Any,
    ) -> list[tuple[Any, ...]]:
        state = (squares, means, velocities)
        found = lists.cached_tables(cache, values, grads, *state)
        if found is None:
            return super().rmsprop_all(
                values, grads, *state, maximize=maximize, skip=skip, cache=cache, **options
            )
        names = ("lr", "alpha", "eps", "weight_decay", "momentum")
        args = (*(np.float64(options[n]) for n in names), np.bool_(maximize), skip)
        lists.launch(lists.rmsprop, values[0].dtype, found[0], args)
        return list(zip(values, *state, strict=True))

    def clip_norm(self, arrays: Arrays, largest: float) -> Array | None:
        return lists.clip_norm(arrays, largest) if lists.usable(arrays) else None

    def unscale(self, grads: Arrays, factor: Array) -> tuple[list[Array], Array]:
        if not lists.usable(grads):
            return super().unscale(grads, factor)
        return list(grads), lists.unscale(grads, factor)

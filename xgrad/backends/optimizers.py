"""Hooks of optimizers: one step for one array, and for many at once.

Numbers such as a rate are Python's. ``skip`` is a boolean array of no axes, on the device: where
it is true the step changes nothing, and nobody has to wait to know (see `xgrad.amp.GradScaler`).
Then ``step``, which counts steps, is an array of no axes, too. ``cache`` belongs to the
optimizer: a backend may keep there what it finds out about the arrays, which stay the same
from step to step.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from xgrad.backends.dtypes import canonical, complex_dtype

Array = Any
Arrays = Sequence[Array]


class Optimizers:
    """Agnostic forms; ``self`` is a namespace."""

    #: Whether a step, `unscale` or `clip_norm` may overwrite the arrays that it is given, which
    #: then have to be the caller's own (`xgrad.backends.ownership`).
    steps_in_place = False

    def sgd(
        self: Any,
        value: Array,
        grad: Array,
        velocity: Array | None,
        *,
        lr: float,
        momentum: float,
        dampening: float,
        weight_decay: float,
        nesterov: bool,
        first: bool,
    ) -> tuple[Array, Array | None]:
        """One step of stochastic gradient descent; returns the value and the velocity."""
        if weight_decay:
            grad = grad + weight_decay * value
        if momentum:
            if velocity is None or first:
                velocity = self.copy(grad)
            else:
                velocity = momentum * velocity + (1 - dampening) * grad
            grad = grad + momentum * velocity if nesterov else velocity
        return value - lr * grad, velocity

    def adam(
        self: Any,
        value: Array,
        grad: Array,
        mean: Array,
        square: Array,
        *,
        lr: float,
        betas: tuple[float, float],
        eps: float,
        step: Any,
        weight_decay: float,
        decoupled: bool,
    ) -> tuple[Array, Array, Array]:
        """One step of Adam (Kingma & Ba 2015), or of AdamW where the decay is decoupled."""
        if weight_decay and decoupled:
            value = value * (1 - lr * weight_decay)
        elif weight_decay:
            grad = grad + weight_decay * value
        beta1, beta2 = betas
        mean = beta1 * mean + (1 - beta1) * grad
        square = beta2 * square + (1 - beta2) * grad * grad
        if isinstance(step, int):
            scale: Any = lr / (1 - beta1**step)
            root_scale: Any = math.sqrt(1 - beta2**step)
        else:
            dtype = canonical(value.dtype)
            scale = self.astype(lr / (1 - self.pow(self.full_like(step, beta1), step)), dtype)
            root_scale = 1 - self.pow(self.full_like(step, beta2), step)
            root_scale = self.astype(self.sqrt(root_scale), dtype)
        root = self.sqrt(square) / root_scale + eps
        return value - scale * mean / root, mean, square

    def rmsprop(
        self: Any,
        value: Array,
        grad: Array,
        square: Array,
        mean: Array | None,
        velocity: Array | None,
        *,
        lr: float,
        alpha: float,
        eps: float,
        weight_decay: float,
        momentum: float,
    ) -> tuple[Array, ...]:
        """One step of RMSprop (Tieleman & Hinton 2012); ``mean`` is there if it is centred."""
        if weight_decay:
            grad = grad + weight_decay * value
        square = variance = alpha * square + (1 - alpha) * grad * grad
        if mean is not None:
            mean = alpha * mean + (1 - alpha) * grad
            variance = square - self.square(mean)
        step = grad / (self.sqrt(variance) + eps)
        if velocity is not None:
            velocity = step = momentum * velocity + step
        return value - lr * step, square, mean, velocity

    # -- complex numbers -----------------------------------------------------------------------

    def as_real(self: Any, x: Array) -> Array:
        """Return complex numbers as pairs of real ones, on a new last axis."""
        return self.stack([self.real(x), self.imag(x)], axis=-1)

    def as_complex(self: Any, x: Array) -> Array:
        """Return pairs of real numbers as complex ones."""
        dtype = complex_dtype(x.dtype)
        return self.astype(x[..., 0], dtype) + self.astype(x[..., 1], dtype) * 1j

    # -- many arrays ---------------------------------------------------------------------------

    def sgd_all(
        self: Any,
        values: Arrays,
        grads: Arrays,
        velocities: Arrays,
        *,
        maximize: bool,
        skip: Array | None,
        cache: dict[Any, Any],
        **options: Any,
    ) -> list[tuple[Any, ...]]:
        """`sgd` for each of many arrays; returns what it returns, for each."""
        return _each(self, self.sgd, (values, grads, velocities), maximize, skip, options)

    def adam_all(
        self: Any,
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
        """`adam` for each of many arrays."""
        return _each(self, self.adam, (values, grads, means, squares), maximize, skip, options)

    def rmsprop_all(
        self: Any,
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
        """`rmsprop` for each of many arrays."""
        lists = (values, grads, squares, means, velocities)
        return _each(self, self.rmsprop, lists, maximize, skip, options)

    def unscale(self: Any, grads: Arrays, factor: Array) -> tuple[list[Array], Array]:
        """Return arrays times a number on the device, and whether any is not finite."""
        scaled, bad = [], None
        for grad in grads:
            with self.quiet():
                product = self.normalise(grad * self.astype(factor, canonical(grad.dtype)))
            here = self.logical_not(self.all(self.isfinite(product)))
            bad = here if bad is None else self.logical_or(bad, here)
            scaled.append(product)
        return scaled, bad


def _each(
    xp: Any,
    update: Any,
    lists: tuple[Arrays, ...],
    maximize: bool,
    skip: Array | None,
    options: dict[str, Any],
) -> list[tuple[Any, ...]]:
    """Update each array by itself; where ``skip`` holds, put back what was there."""
    results = []
    for value, grad, *state in zip(*lists, strict=True):
        if maximize:
            grad = xp.negative(grad)
        if skip is None:
            results.append(update(value, grad, *state, **options))
            continue
        # 0 where nothing is to happen: what is not finite must not reach the kept values.
        before = [None if x is None else xp.copy(x) for x in (value, *state)]
        safe = xp.where(skip, xp.zeros_like(grad), grad)
        with xp.quiet():  # a first step that is skipped divides by 1 - beta**0
            after = update(value, safe, *state, **options)
        kept = [
            new if new is None or old is None else xp.where(skip, old, new)
            for old, new in zip(before, after, strict=True)
        ]
        results.append(tuple(kept))
    return results


def counted(xp: Any, step: Any, skip: Array | None, device: Any) -> Any:
    """Return the number of the next step: one more than the last, unless it is skipped."""
    if skip is None:
        return step + 1
    if isinstance(step, int):
        step = xp.full((), float(step), dtype=np.dtype(np.float64), device=device)
    return xp.where(skip, step, step + 1)

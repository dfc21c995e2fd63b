"""The kernels of layers, losses, random masks and optimizers: what a library may compute at once.

A namespace has its kernels as ``xp.kernels``. A backend overrides those that its library can
compute faster. The forms here are agnostic: written over ``xp``, or returning None if the caller
has the formula. The caller also uses its formula for other dtypes and layouts, and for Tensors.
``docs/hooks.md`` lists every kernel, where its formula is, and which backends override it.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from xgrad.backends import philox
from xgrad.backends.dtypes import canonical
from xgrad.backends.updates import Options, Rule, State, unless
from xgrad.errors import BackendError
from xgrad.typing import Array, Axis

if TYPE_CHECKING:
    from xgrad.backends.namespace import Namespace

Arrays = Sequence[Array]
Axes = tuple[int, ...]


class Kernels:
    """The kernels of the library with the namespace ``xp``."""

    #: The update rules, and the names of kernels, that overwrite their arguments. The caller must
    #: own these arrays (`xgrad.backends.ownership`).
    overwrites: frozenset[Any] = frozenset()

    def __init__(self, xp: "Namespace") -> None:
        self.xp = xp

    # -- layers --------------------------------------------------------------------------------

    def softmax(self, x: Array, axis: Axis, log: bool) -> Array | None:
        """Softmax along an axis, or its logarithm."""
        return None

    def softmax_vjp(self, g: Array, out: Array, axis: Axis, log: bool) -> Array | None:
        """Cotangent of the argument of a softmax, or of its logarithm."""
        return None

    def cross_entropy(
        self, scores: Array, target: Array, ignore_index: int, mean: bool
    ) -> tuple[Array, Array] | None:
        """Cross entropy losses, or their mean, and the log softmax along the last axis."""
        return None

    def cross_entropy_vjp(
        self, by_loss: Array, log_p: Array, target: Array, ignore_index: int, mean: bool
    ) -> Array | None:
        """Cotangent of the scores of a cross entropy."""
        return None

    def standardise(
        self, x: Array, axis: Axes, eps: float, centred: bool
    ) -> tuple[Array, Array, Array] | None:
        """Standard scores, mean and variance over axes."""
        return None

    def over_deviation(
        self, g: Array, y: Array, variance: Array, axis: Axes, eps: float, centred: bool
    ) -> Array | None:
        """Cotangent of the argument of standard scores ``y``."""
        return None

    def activation(self, name: str, x: Array) -> Any:
        """Activation by name: "silu", "silu_partial", "gelu" (and Φ), "gelu_tanh"..."""
        return None

    def gelu_vjp(self, g: Array, x: Array, share: Array) -> Array | None:
        """Cotangent of the argument of a GELU, given ``share``, which is Φ(x)."""
        return None

    def lstm_scan(self, x: Array, h: Array, c: Array, w: Array) -> Any:
        """Run all steps of an LSTM."""
        return None

    def lstm_changes(self, by_h: Any, by_c: Any, out: Any, c0: Array, w: Array) -> Any:
        """Run all steps of the vjp of an LSTM."""
        return None

    def dropout(
        self, x: Array, key: tuple[int, int], block: int, p: float, shape: tuple[int, ...]
    ) -> Array:
        """Set elements to 0 with probability ``p``, and scale the rest by ``1 / (1 - p)``.

        The mask has the shape ``shape``, which broadcasts with ``x`` (both ways). It depends on
        (key, block) only, so it is recomputed instead of saved.
        """
        drawn = philox.dropout_mask(key, block, shape, p)
        mask = self.xp.asarray(drawn, dtype=drawn.dtype, device=self.xp.device(x))
        return self.xp.masked(x * (1 / (1 - p)), mask)

    # -- sparse matrices -----------------------------------------------------------------------

    def sparse_product(self, matrix: Any, x: Array) -> Array:
        """Product of a sparse matrix with columns."""
        raise BackendError(
            f"matmul: {type(matrix).__name__} of {type(matrix).__module__} with an array of "
            f"{self.xp.library.__name__}: convert the array first, as in x.to('numpy')"
        )

    def sparse_solve(self, pattern: Any, values: Array, b: Array, adjoint: bool) -> Array:
        """Solve a sparse system, or the system of the adjoint matrix."""
        raise BackendError(
            f"sparse.solve: no sparse solver for arrays of {self.xp.library.__name__}: convert "
            "them first, as in x.to('numpy')"
        )

    # -- optimizers ----------------------------------------------------------------------------

    def update(
        self,
        rule: Rule,
        values: Arrays,
        grads: Arrays,
        states: Sequence[State],
        options: Options,
        skip: Array | None = None,
        cache: dict[Any, Any] | None = None,
    ) -> list[Array]:
        """Apply an update rule to each of many parameters.

        Parameters
        ----------
        rule : callable
            One of `xgrad.backends.updates`, or a function of the same form.
        values, grads : sequence of arrays
        states : sequence of dict
            Updated.
        options : dict
            The options of the parameters' group; with ``maximize``, the gradients are negated.
        skip : array, optional
            A 0-d boolean: if it is true, the step changes nothing. Nothing waits for its value
            on a device.
        cache : dict, optional
            Belongs to the optimizer: a backend may store information about the arrays there,
            because they are the same in every step.

        Returns
        -------
        list of arrays
            The new values.
        """
        xp, new = self.xp, []
        if skip is not None and xp.reads_freely(skip):
            if bool(skip):
                return list(values)
            skip = None
        for p, g, state in zip(values, grads, states, strict=True):
            if options["maximize"]:
                g = xp.negative(g)
            if skip is None:
                p, changed = self.update_one(rule, p, g, state, options)
            else:
                p, changed = unless(xp, skip, rule, p, g, state, options)
            new.append(p)
            state.update(changed)
        return new

    def update_one(
        self, rule: Rule, p: Array, g: Array, state: State, options: Options
    ) -> tuple[Array, State]:
        """Apply an update rule to one parameter; return the new value and the new state."""
        return rule(self.xp, p, g, state, options)

    def unscale(self, grads: Arrays, factor: Array) -> tuple[list[Array], Array]:
        """Multiply arrays by a number on the device; also return whether any is not finite."""
        xp, scaled = self.xp, list[Array]()
        bad: Any = None
        for grad in grads:
            with xp.quiet():
                product = xp.normalise(grad * xp.astype(factor, canonical(grad.dtype)))
            here = xp.logical_not(xp.all(xp.isfinite(product)))
            bad = here if bad is None else xp.logical_or(bad, here)
            scaled.append(product)
        return scaled, bad

    def clip_norm(self, arrays: Arrays, largest: float) -> Array | None:
        """Scale arrays in place so that their common norm is at most ``largest``.

        Returns the original norm.
        """
        return None

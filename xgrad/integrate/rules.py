"""Solvers on the host as functions with derivatives in both modes, of any order."""

from collections.abc import Callable, Sequence
from typing import Any

import optree

from xgrad.backends.dtypes import canonical
from xgrad.engine.dispatch import backend_below, wrap
from xgrad.engine.levels import EAGER
from xgrad.engine.tensor import Tensor, lowest, stripped
from xgrad.errors import AutogradError
from xgrad.ops.creation import as_tensor
from xgrad.transforms.custom import Call, Custom


class _ByExample(Call):
    """A call whose batches are solved example by example: each has its own steps."""

    by_example = True


class Solved(Custom):
    """A function that is computed on the host; its rules are functions of Tensors.

    Parameters
    ----------
    name : str
    function : callable
        Returns the value, from plain Tensors.
    backward : callable
        ``backward(out, cotangent, *args)`` returns the cotangent of each argument (a tree).
    forward : callable
        ``forward(out, tangents, *args)`` returns the tangent, where ``tangents`` is like ``args``.
        Both may call this function, which gives derivatives of any order.
    """

    def __init__(
        self,
        name: str,
        function: Callable[..., Any],
        backward: Callable[..., Any],
        forward: Callable[..., Any],
    ) -> None:
        self._kind = name
        super().__init__(function)
        self.name = name
        self._backward, self._forward = backward, forward

    def __call__(self, *args: Any) -> Any:
        """Call the function; the rules define its derivatives."""
        return _ByExample(self, args).run()

    def _check_defined(self) -> None:
        pass

    def for_backward(self, call: Call, arguments: tuple[Any, ...], args: Any) -> tuple[Any, Any]:
        """Return the output, twice: it is all that is saved."""
        out = self(*arguments)  # other levels may follow the arguments
        return out, out

    def pulled(
        self, call: Call, saved: Any, out: Any, cotangents: Sequence[Any], args: Any
    ) -> list[Any]:
        """Return the cotangents of the tracked leaves."""
        arguments = call._arguments(args)
        trees = self._backward(saved, wrap(cotangents[0]), *arguments)
        leaves = call.spec.flatten_up_to(tuple(trees))
        return [stripped(wrap(leaves[i])) for i in call.tracked]

    def pushed(self, call: Call, args: Any, tangents: Any) -> Any:
        """Return the output and its tangent."""
        arguments = call._arguments(args)
        leaves = [0.0] * len(call.leaves)
        for i, x, t in zip(call.tracked, args, tangents, strict=True):
            leaves[i] = wrap(x) * 0 if t is None else wrap(t)
        out = self(*arguments)
        change = self._forward(out, call.spec.unflatten(leaves), *arguments)
        return call._outputs(out), [stripped(change)]


class Host:
    """Moves arrays between the host, for a solver, and the backend of ``like``, for a function."""

    def __init__(self, name: str, like: Tensor) -> None:
        raw = lowest(like)
        self.name, self.dtype = name, canonical(raw.dtype)
        self.backend = backend_below(raw)
        self.device = self.backend.xp.device(raw)

    def tensor(self, numbers: Any) -> Tensor:
        """Return numbers of the solver as a Tensor; they are copied, as solvers reuse memory."""
        if isinstance(numbers, float | int):
            xp = self.backend.xp
            raw = xp.asarray(numbers, dtype=self.dtype, device=self.device)
        else:
            raw = self.backend.from_numpy(numbers.astype(self.dtype), self.device)
        return Tensor(raw, EAGER)

    def numbers(self, x: Any) -> Any:
        """Return the value of a user's function for the solver, or raise if it is tracked."""
        leaves = optree.tree_leaves(x)
        if any(type(leaf) is Tensor and leaf._node is not None for leaf in leaves):
            raise AutogradError(
                f"{self.name}: the function uses a tensor that needs gradients and is not among "
                "its arguments; pass it in args=(...)"
            )
        return as_tensor(x, like=leaves).numpy().astype(float)

"""The adapter from a function of a tree to SciPy."""

from collections.abc import Callable, Iterable
from typing import Any

import optree

from xgrad.backends.dtypes import is_complex
from xgrad.engine.dispatch import backend_below
from xgrad.engine.host_reads import read
from xgrad.engine.levels import EAGER, Level, enable_grad
from xgrad.engine.tensor import Tensor, lowest
from xgrad.errors import AutogradError
from xgrad.ops.creation import as_tensor
from xgrad.transforms.ravelling import raveller
from xgrad.transforms.trees import leaf_value, like_leaf, tracked_levels


def scipy() -> Any:
    """Return SciPy's optimizers."""
    from scipy import optimize  # imported on first use, because importing it is slow

    return optimize


def solved(function: str, method: Any, **arguments: Any) -> Any:
    """Call a function of `scipy.optimize` that chooses a method by its name."""
    try:
        return getattr(scipy(), function)(method=method, **arguments)
    except ValueError as error:
        if not str(error).startswith("Unknown solver"):
            raise
    raise ValueError(f"{function}: scipy.optimize.{function} has no method {method!r}")


class Problem:
    """A function of a tree as a function of a vector on the host.

    SciPy's result has no derivative. So a function that uses a tensor of an enclosing transform
    raises: it is not silently treated as a constant. (Tensors of the eager tape are constants.)
    """

    def __init__(self, name: str, params: Any) -> None:
        leaves, self.spec = optree.tree_flatten(params)
        if not leaves:
            raise ValueError(f"{name}: there are no parameters")
        for x in leaves:
            if is_complex(lowest(leaf_value(name, x)).dtype):
                raise TypeError(
                    f"{name}: SciPy works on real numbers, got a complex parameter; pass its real "
                    "and imaginary parts"
                )
        self.name, self.checked = name, False
        self._refuse(
            "the parameters are", (x for x in tracked_levels(leaves) if x.size is not None)
        )
        self.leaves = [x.detach() if type(x) is Tensor else x for x in leaves]
        vector, self.unravel = raveller(self.spec.unflatten(self.leaves))
        self.model = vector
        self.start = self.on_host(vector)

    def call(self, f: Callable[[Any], Any], v: Any) -> Any:
        """Call a function of a vector; at the first call, check the levels of its value."""
        vector = self.vector(v)
        if self.checked:
            return f(vector)
        with enable_grad():  # under no_grad, enclosing levels would not show in the result
            result = f(vector)
        self._refuse("the function uses", (x for x in tracked_levels(result) if x > EAGER))
        self.checked = True
        return result

    def _refuse(self, what: str, levels: Iterable[Level]) -> None:
        for level in levels:
            raise AutogradError(
                f"{self.name}: {what} a tensor of {level.transform}(), and SciPy's result has "
                "no derivative and no batch; use xgrad.implicit.root (for a minimum, of the "
                "gradient), or stop_gradient() for a constant"
            )

    def on_host(self, x: Any) -> Any:
        """Return a vector or a matrix as a float64 array on the host."""
        return read(backend_below(x), lowest(x), "array").astype("float64")

    def vector(self, v: Any) -> Tensor:
        """Return a SciPy vector as a Tensor on the parameters' backend and device."""
        like = self.model
        return as_tensor(v.astype(str(like.dtype))).to(like.backend.name, device=like.device)

    def tree(self, v: Any) -> Any:
        """Return a SciPy vector as a tree with the kinds of leaves of the user's parameters."""
        result = optree.tree_leaves(self.unravel(self.vector(v)))
        return self.spec.unflatten(
            [like_leaf(x, leaf) for x, leaf in zip(result, self.leaves, strict=True)]
        )


def flat(tree: Any) -> Any:
    """Return the elements of a tree as one vector."""
    return raveller(tree)[0]

"""A function of a tree, as SciPy sees it."""

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
    from scipy import optimize  # on first use: it costs import time

    return optimize


class Problem:
    """A function of a tree as a function of a vector on the host.

    SciPy's result has no derivative: a function that uses a tensor of a transform around it is
    refused, rather than taken for a constant. (Tensors of the eager tape are constants here.)
    """

    def __init__(self, name: str, params: Any) -> None:
        leaves, self.spec = optree.tree_flatten(params)
        if not leaves:
            raise ValueError(f"{name}: there are no parameters")
        for x in leaves:
            if is_complex(lowest(leaf_value(name, x)).dtype):
                raise TypeError(
                    f"{name}: SciPy works on real numbers, got a complex parameter; give its real "
                    "and its imaginary part"
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
        """Call a function of a vector; the first time, see what its value depends on."""
        vector = self.vector(v)
        if self.checked:
            return f(vector)
        with enable_grad():  # within `no_grad`, what is around leaves no trace
            found = f(vector)
        self._refuse("the function uses", (x for x in tracked_levels(found) if x > EAGER))
        self.checked = True
        return found

    def _refuse(self, what: str, levels: Iterable[Level]) -> None:
        for level in levels:
            raise AutogradError(
                f"{self.name}: {what} a tensor of {level.transform}(), and SciPy's result has "
                "no derivative and no batch; use xgrad.implicit.root (for a minimum, of the "
                "gradient), or stop_gradient() for a constant"
            )

    def on_host(self, x: Any) -> Any:
        """Return a vector or a matrix as float64 on the host."""
        return read(backend_below(x), lowest(x), "array").astype("float64")

    def vector(self, v: Any) -> Tensor:
        """Return a vector of SciPy's as a Tensor beside the parameters."""
        like = self.model
        return as_tensor(v.astype(str(like.dtype))).to(like.backend.name, device=like.device)

    def tree(self, v: Any) -> Any:
        """Return a vector of SciPy's as what the user's parameters were."""
        found = optree.tree_leaves(self.unravel(self.vector(v)))
        return self.spec.unflatten(
            [like_leaf(x, leaf) for x, leaf in zip(found, self.leaves, strict=True)]
        )


def flat(tree: Any) -> Any:
    """Return the elements of a tree as one vector."""
    return raveller(tree)[0]

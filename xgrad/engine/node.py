"""What a tensor carries in addition to its value: a tape node, a tangent, or a batch axis."""

import itertools
import threading
from collections.abc import Callable
from typing import Any

from xgrad.backends.namespace import Namespace
from xgrad.engine.handles import RemovableHandle
from xgrad.engine.primitive import NO_PARAMS, Params, Primitive

#: Numbers nodes in the order of their creation, process-wide.
next_order = itertools.count(1).__next__


class Node:
    """One recorded operation: its primitive, its parents, and the values its rules need.

    Attributes
    ----------
    primitive : Primitive
    order : int
        Its creation number. Parents are older than children, so the backward pass walks in
        descending order.
    parents : tuple of (Node or None)
        One for each argument; None for an untracked one.
    saved : tuple
        (inputs..., output), with None where no rule needs it. Values of the level below.
    params : dict
        The parameters of the call.
    shape, dtype
        Of the output; a cotangent is un-broadcast and cast to them.
    xp
        The namespace of the saved values.
    extra : dict or None
        Rarely used: hooks and retained gradients.
    """

    __slots__ = (
        "dtype", "extra", "order", "params", "parents", "primitive", "saved", "shape", "xp"
    )  # fmt: skip

    primitive: Primitive | None
    parents: tuple["Node | None", ...]
    saved: tuple[Any, ...] | None
    params: Params
    xp: Any  # a Namespace; None where the rule is a user's
    extra: dict[str, Any] | None

    # There is no ``__init__``: `tape.record` makes the nodes of operations, and calls ``Node()``,
    # which is faster without one.

    def _begin(self, parents: tuple["Node", ...], shape: Any, dtype: Any, xp: Namespace) -> None:
        """Fill in a node without an operation."""
        self.primitive, self.saved, self.params, self.extra = None, None, NO_PARAMS, None
        self.order, self.parents = next_order(), parents
        self.shape, self.dtype, self.xp = shape, dtype, xp

    def inherit(self, before: Any) -> None:
        """Take over from a tensor's previous node: its gradient is retained if that one's is."""
        if before.extra is not None and "retain" in before.extra:
            self.extra = {"retain": True}

    def add_hook(self, hook: Callable[[Any], Any]) -> RemovableHandle:
        """Call ``hook(grad)`` when this node's cotangent is complete."""
        if self.extra is None:
            self.extra = {}
        return RemovableHandle(self.extra.setdefault("hooks", {}), hook)


class Leaf(Node):
    """A tensor that gradients are collected for.

    Attributes
    ----------
    grad : Tensor or None
        Stored here and not on the tensor, to avoid a reference cycle.
    frozen : bool
        Whether its tensor needs no gradients now: an earlier graph does not add to ``grad``.
    """

    __slots__ = ("frozen", "grad", "lock")

    def __init__(self, shape: tuple[int, ...], dtype: Any, xp: Namespace) -> None:
        self._begin((), shape, dtype, xp)
        self.grad: Any = None
        self.frozen = False
        self.lock = threading.Lock()


class Output(Node):
    """One output of an operation that has several: passes its cotangent to the operation's node."""

    __slots__ = ("count", "index", "operation")

    def __init__(self, node: Node, index: int, count: int, shape: Any, dtype: Any) -> None:
        self._begin((node,), shape, dtype, node.xp)
        self.operation, self.index, self.count = node, index, count


class Residuals:
    """The residuals that a user's rule saves in the forward pass: arrays and anything else."""

    __slots__ = ("what",)

    def __init__(self, what: Any) -> None:
        self.what = what


class Dual:
    """The tangent of a dual tensor, a value of the level below."""

    __slots__ = ("tangent",)

    def __init__(self, tangent: Any) -> None:
        self.tangent = tangent


class Batched:
    """Marks a tensor whose value has the batch along axis 0."""

    __slots__ = ()


BATCHED = Batched()

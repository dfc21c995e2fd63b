"""The cotangents of a backward pass, and their conversion to the shape of a node."""

from heapq import heappush
from typing import Any

from xgrad.backends.dtypes import WIDE_IDS, canonical, float32, is_complex, is_half
from xgrad.backends.namespace import Namespace
from xgrad.backends.ownership import owns_entry
from xgrad.engine.dispatch import XG, backend_below, namespace
from xgrad.engine.node import Node, Output
from xgrad.engine.tensor import Tensor, lowest, stripped


class Cotangents:
    """The cotangents of one backward pass, by the order of their node.

    A sum overwrites its first term if only this dictionary refers to that
    (`xgrad.backends.ownership`), so rules need not say whether they own what they return.
    """

    def __init__(self) -> None:
        self.by_order: dict[int, Any] = {}
        self.queue: list[tuple[int, Node]] = []
        # For half precision: None after the second term, then the float32 sums of which
        # `by_order` holds the rounded values.
        self.wide: dict[int, Any] = {}

    def add(self, node: Node, g: Any) -> None:
        """Add to a node's cotangent, and queue the node if this is the first term."""
        order, by_order = node.order, self.by_order
        if order not in by_order:
            by_order[order] = g
            heappush(self.queue, (-order, node))
        elif id(node.dtype) not in WIDE_IDS and self._added_in_single(node, g):
            return
        elif type(g) is Tensor or type(by_order[order]) is Tensor:
            by_order[order] = stripped(XG.add(by_order[order], g))
        else:
            xp = backend_below(g).xp
            if owns_entry(by_order, order):
                by_order[order] = xp.accumulate(by_order[order], g)
            else:
                by_order[order] = xp.normalise(xp.add(by_order[order], g))

    def _added_in_single(self, node: Node, g: Any) -> bool:
        """Add in float32 from the third term of half precision on; return whether that was done."""
        order, by_order = node.order, self.by_order
        if not is_half(node.dtype):
            return False
        if order not in self.wide:
            self.wide[order] = None
            return False
        recorded = type(g) is Tensor or type(by_order[order]) is Tensor
        xp = XG if recorded else backend_below(g).xp
        wide = self.wide[order]
        if wide is None:
            wide = stripped(xp.astype(by_order[order], float32))
        wide = stripped(xp.normalise(xp.add(wide, xp.astype(g, float32))))
        by_order[order] = stripped(xp.astype(wide, canonical(node.dtype)))
        self.wide[order] = wide
        return True

    def owns(self, node: Node) -> bool:
        """Whether a node already has a cotangent, in memory that may be overwritten."""
        order = node.order
        if order not in self.by_order or self.wide.get(order) is not None:
            return False
        return owns_entry(self.by_order, order)

    def add_output(self, node: Output, g: Any) -> None:
        """Add to the cotangent of one output (a recorded pass makes separate nodes for outputs)."""
        parent = node.operation
        if parent.order not in self.by_order:
            self.by_order[parent.order] = [None] * node.count
            heappush(self.queue, (-parent.order, parent))
        before = self.by_order[parent.order][node.index]
        total = g if before is None else stripped(XG.add(before, g))
        self.by_order[parent.order][node.index] = total


def ones_like(value: Any) -> Any:
    """Return the cotangent of a number with respect to itself."""
    ones = namespace(value).ones_like(value)
    return stripped(ones) if type(ones) is Tensor else ones


def zeros_like(value: Any) -> Any:
    """Return a cotangent, or a tangent, of zeros."""
    return stripped(namespace(value).zeros_like(value))


def like_node(xp: Namespace, c: Any, parent: Node) -> Any:
    """Un-broadcast and cast a cotangent to the shape and dtype of a node."""
    c = stripped(c) if type(c) is Tensor else xp.normalise(c)
    if c.shape != parent.shape:
        c = unbroadcast(namespace(c), c, tuple(parent.shape))
    dtype = lowest(c).dtype if type(c) is Tensor else c.dtype
    if dtype is not parent.dtype and canonical(dtype) != canonical(parent.dtype):
        xp = namespace(c)
        if is_complex(dtype) and not is_complex(parent.dtype):
            c = xp.real(c)
        c = stripped(xp.astype(c, canonical(parent.dtype)))
    return c


def unbroadcast(xp: Namespace, g: Any, shape: tuple[int, ...]) -> Any:
    """Sum a cotangent over the axes along which its value was broadcast."""
    extra = len(g.shape) - len(shape)
    if extra == 1 and tuple(g.shape[1:]) == shape:  # a bias: no other axis
        return stripped(xp.normalise(xp.sum(g, axis=0)))
    if extra > 0:
        g = xp.sum(g, axis=tuple(range(extra)))
    repeated = tuple(
        i for i, (have, want) in enumerate(zip(g.shape, shape, strict=True)) if have != want
    )
    if repeated:
        g = xp.sum(g, axis=repeated, keepdims=True)
    return stripped(xp.normalise(g))

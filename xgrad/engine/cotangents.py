"""The cotangents of a backward pass, and what brings one to the shape of its node."""

from heapq import heappush
from typing import Any

from xgrad.backends.dtypes import canonical, is_complex
from xgrad.engine.dispatch import XG, backend_below, namespace
from xgrad.engine.node import Node, Output
from xgrad.engine.tensor import Tensor, stripped


class Cotangents:
    """The cotangents of one backward pass, by the order of their node.

    A first sum of two is out of place; only buffers that this pass made are added into.
    ``borrowed`` holds the orders whose cotangent may share memory with something else.
    """

    def __init__(self) -> None:
        self.by_order: dict[int, Any] = {}
        self.borrowed: set[int] = set()
        self.queue: list[tuple[int, Node]] = []

    def add(self, node: Node, g: Any, fresh: bool) -> None:
        """Add to a node's cotangent, and queue the node when it is the first part."""
        order = node.order
        if order not in self.by_order:
            self.by_order[order] = g
            heappush(self.queue, (-order, node))
            if not fresh:
                self.borrowed.add(order)
            return
        total = self.by_order[order]
        if type(total) is Tensor or type(g) is Tensor:
            self.by_order[order] = stripped(XG.add(total, g))
            return
        backend = backend_below(total)
        if order in self.borrowed:
            self.by_order[order] = backend.xp.normalise(backend.xp.add(total, g))
            self.borrowed.discard(order)
        else:
            self.by_order[order] = backend.xp.accumulate(total, g)

    def owned(self, node: Node) -> Any:
        """Return a node's cotangent so far if it may be written: a raw array of the pass."""
        total = self.by_order.get(node.order)
        if total is None or node.order in self.borrowed or type(total) in (Tensor, list):
            return None
        return total

    def add_output(self, node: Output, g: Any) -> None:
        """Add to the cotangent of one output (a recorded pass makes nodes of its own for it)."""
        parent = node.operation
        if parent.order not in self.by_order:
            self.by_order[parent.order] = [None] * node.count
            heappush(self.queue, (-parent.order, parent))
        before = self.by_order[parent.order][node.index]
        total = g if before is None else stripped(XG.add(before, g))
        self.by_order[parent.order][node.index] = total


def like_node(xp: Any, c: Any, parent: Node) -> Any:
    """Un-broadcast and cast a cotangent to the shape and the dtype of its node."""
    c = stripped(xp.normalise(c))
    if tuple(c.shape) != parent.shape:
        c = unbroadcast(namespace(c), c, tuple(parent.shape))
    if c.dtype is not parent.dtype and canonical(c.dtype) != canonical(parent.dtype):
        xp = namespace(c)
        if is_complex(c.dtype) and not is_complex(parent.dtype):
            c = xp.real(c)
        c = xp.astype(c, canonical(parent.dtype))
    return stripped(c)


def unbroadcast(xp: Any, g: Any, shape: tuple[int, ...]) -> Any:
    """Sum a cotangent over the axes along which its value was broadcast."""
    extra = len(g.shape) - len(shape)
    if extra == 1 and tuple(g.shape[1:]) == shape:  # a bias: nothing else was stretched
        return stripped(xp.normalise(xp.sum(g, axis=0, dtype=g.dtype)))
    if extra > 0:
        g = xp.sum(g, axis=tuple(range(extra)), dtype=g.dtype)
    stretched = tuple(
        i for i, (have, want) in enumerate(zip(g.shape, shape, strict=True)) if have != want
    )
    if stretched:
        g = xp.sum(g, axis=stretched, keepdims=True, dtype=g.dtype)
    return stripped(xp.normalise(g))

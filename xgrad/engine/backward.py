"""Reverse mode, going backward: cotangents walk the tape from newest to oldest."""

from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from heapq import heappop, heappush, heappushpop
from typing import Any

from xgrad.backends.dtypes import is_complex
from xgrad.engine.cotangents import Cotangents, like_node
from xgrad.engine.dispatch import XG, backend_below, namespace
from xgrad.engine.levels import EAGER, Level, enable_grad
from xgrad.engine.node import Kept, Leaf, Node, Output, Writes
from xgrad.engine.primitive import Primitive
from xgrad.engine.tensor import Tensor
from xgrad.engine.watching import WATCHERS, watched_rules
from xgrad.errors import AutogradError


def run_backward(
    level: Level,
    seeds: Iterable[tuple[Node, Any]],
    *,
    inputs: Iterable[Node] | None,
    retain_graph: bool,
    create_graph: bool,
) -> dict[int, Any]:
    """Send cotangents back from some nodes.

    Parameters
    ----------
    level : Level
        The tape.
    seeds : pairs of (Node, cotangent)
        Cotangents are values of the level below, or Tensors of it for ``create_graph``.
    inputs : nodes, or None
        Where to collect; None collects into ``.grad`` of every leaf.
    retain_graph : bool
        Keep saved values, so that the graph can be walked again.
    create_graph : bool
        Record the pass itself, at the same level.

    Returns
    -------
    dict
        For each of ``inputs`` that was reached, its cotangent by the node's order.
    """
    pass_ = Cotangents()
    seeds = list(seeds)
    collected: dict[int, Any] = {}
    targets: set[int] | None = None
    wanted: set[int] | None = None
    if inputs is not None:
        inputs = list(inputs)
        targets = {node.order for node in inputs}
        wanted = _nodes_above([node for node, _ in seeds], targets)
    for node, g in seeds:
        if wanted is None or node.order in wanted:
            pass_.add(node, g, fresh=False)
    with XG.quiet(), enable_grad() if create_graph else nullcontext():
        _walk(pass_, level, collected, targets, wanted, retain_graph, create_graph)
    return collected


def _nodes_above(seeds: list[Node], targets: set[int]) -> set[int]:
    """Return the orders of the nodes through which a target can be reached from a seed."""
    found = {node.order: node for node in seeds}
    stack = list(found.values())
    oldest = min(targets, default=0)
    while stack:
        for parent in stack.pop().parents:
            if parent is not None and parent.order >= oldest and parent.order not in found:
                found[parent.order] = parent
                stack.append(parent)
    wanted = set()
    for order in sorted(found):
        parents = found[order].parents
        if order in targets or any(p is not None and p.order in wanted for p in parents):
            wanted.add(order)
    return wanted


def _walk(
    pass_: Cotangents,
    level: Level,
    collected: dict[int, Any],
    targets: set[int] | None,
    wanted: set[int] | None,
    retain_graph: bool,
    create_graph: bool,
) -> None:
    queue, by_order, borrowed = pass_.queue, pass_.by_order, pass_.borrowed
    keep_graph = retain_graph or create_graph
    newest_write, watching = Writes.newest, bool(WATCHERS)
    # The newest waiting node, with its cotangent, stays out of the queue and the dictionary:
    # along a chain neither is touched.
    newest: Node | None = None
    newest_g: Any = None
    dtype: Any = None
    is_complex_out = False
    while newest is not None or queue:
        if newest is None:
            node = heappop(queue)[1]
            g = by_order.pop(node.order)
        elif queue and -queue[0][0] > newest.order:
            by_order[newest.order] = newest_g
            node = heappushpop(queue, (-newest.order, newest))[1]
            g = by_order.pop(node.order)
        else:
            node, g = newest, newest_g
        newest = newest_g = None
        order = node.order
        is_borrowed = False
        if borrowed and order in borrowed:
            is_borrowed = True
            borrowed.discard(order)
        if node.extra is not None:
            g = _run_extra(node, g)
            is_borrowed = True
        if targets is not None and order in targets:
            collected[order] = g
            is_borrowed = True
        primitive = node.primitive
        if primitive is None:
            if type(node) is Leaf:
                if targets is None:
                    _accumulate(node, g, owned=not is_borrowed)
            elif type(node) is Output:
                pass_.add_output(node, g)
            continue
        parents, saved, params = node.parents, node.saved, node.params
        if saved is None:
            raise AutogradError(
                f"backward: the values saved by {primitive.name} were freed by an earlier "
                "backward; say retain_graph=True the first time to walk a graph twice"
            )
        if create_graph:
            xp, saved = XG, _rewrapped(node, level)
        elif type(g) is Tensor:
            xp = XG
        elif type(g) is list:
            xp = namespace(*_parts(g), *_parts(saved))
        else:
            xp = node.xp
        if newest_write > order:
            _check_unwritten(primitive, parents, order)
        if primitive.unusual:
            _walk_unusual(pass_, node, xp, g, saved, is_borrowed, wanted, watching)
        else:
            if node.dtype is not dtype:
                dtype = node.dtype
                is_complex_out = is_complex(dtype)
            rules = primitive.complex_vjps if is_complex_out else primitive.vjps
            if watching:
                rules = watched_rules(node, rules)
            i = -1
            for parent in parents:
                i += 1
                if parent is None:
                    continue
                if wanted is not None and parent.order not in wanted:
                    continue
                rule = rules[i]
                c = g if rule is None else rule(xp, g, saved, parent, params)
                if c is None:
                    continue
                fresh = primitive.fresh[i]
                if type(c) is not type(g) or c.shape != parent.shape or c.dtype is not parent.dtype:
                    adapted = like_node(xp, c, parent)
                    fresh = fresh or adapted is not c
                    c = adapted
                if not fresh and primitive.passes_buffer:
                    fresh = not is_borrowed
                parent_order = parent.order
                if parent is newest:
                    by_order[parent_order] = newest_g
                    pass_.add(parent, c, fresh)
                    newest_g = by_order.pop(parent_order)
                    continue
                if parent_order in by_order:
                    pass_.add(parent, c, fresh)
                    continue
                if not fresh:
                    borrowed.add(parent_order)
                if newest is None:
                    newest, newest_g = parent, c
                elif parent_order > newest.order:
                    by_order[newest.order] = newest_g
                    heappush(queue, (-newest.order, newest))
                    newest, newest_g = parent, c
                else:
                    by_order[parent_order] = c
                    heappush(queue, (-parent_order, parent))
        if not keep_graph:
            node.saved = None
            node.parents = ()


def _walk_unusual(
    pass_: Cotangents,
    node: Node,
    xp: Any,
    g: Any,
    saved: tuple[Any, ...],
    is_borrowed: bool,
    wanted: set[int] | None,
    watching: bool,
) -> None:
    """Send back the cotangent of an op of many arrays, or one that reads or writes a part."""
    primitive: Any = node.primitive
    parents, params, rules = node.parents, node.params, primitive.vjps
    if watching:
        rules = watched_rules(node, rules if type(rules) is tuple else (rules,))
        rules = rules[0] if primitive.joint else rules
    if primitive.adds_into is not None:
        (parent,) = parents
        if parent is None or not _is_wanted(parent, wanted):
            return
        total = None if xp is XG else pass_.owned(parent)
        if total is None:
            c = like_node(xp, rules[0](xp, g, saved, parent, params), parent)
            pass_.add(parent, c, fresh=True)
        else:
            pass_.by_order[parent.order] = primitive.adds_into(xp, total, g, params)
        return
    likes = [p if p is not None and _is_wanted(p, wanted) else None for p in parents]
    if primitive.joint:
        parts = rules(xp, g, saved, likes, params)
        for parent, c in zip(likes, parts, strict=True):
            if parent is not None and c is not None:
                pass_.add(parent, like_node(xp, c, parent), fresh=False)
        return
    if is_borrowed and likes[-1] is not None and type(g) is not Tensor:
        g = backend_below(g).xp.copy(g)  # for the last rule to overwrite
    for parent, rule in zip(likes, rules, strict=True):
        if parent is not None:
            c = rule(xp, g, params)
            if type(c) is Tensor or c.shape != parent.shape or c.dtype is not parent.dtype:
                c = like_node(xp, c, parent)
            pass_.add(parent, c, fresh=True)


def _parts(values: Iterable[Any]) -> Iterator[Any]:
    """Yield the values that are there, and those in tuples of several outputs."""
    for x in values:
        if type(x) is tuple:
            yield from x
        elif x is not None and type(x) is not Kept:
            yield x


def _is_wanted(node: Node, wanted: set[int] | None) -> bool:
    return wanted is None or node.order in wanted


def _check_unwritten(primitive: Primitive, parents: tuple[Node | None, ...], order: int) -> None:
    """Raise if a rule needs the value of a leaf that was written after it was saved."""
    if primitive.variadic:
        return  # jointly linear: nothing is saved
    for needs, parent in zip(primitive.needs, parents, strict=True):
        for slot in needs if parent is not None else ():
            leaf = parents[slot] if slot < len(parents) else None
            leaf = whose_memory(leaf)
            if leaf is not None and leaf.written > order:
                raise AutogradError(
                    f"backward: {primitive.name} saved the value of a leaf that was later "
                    "changed in place (by an optimizer's step(), or under no_grad()), so its "
                    "gradient can no longer be computed; run the forward pass again"
                )


def whose_memory(node: Node | None) -> Node | None:
    """Return the node of the tensor whose memory a reshape, a slice... of it may share."""
    while node is not None:
        if type(node) is Output:
            node = node.operation
        if node.primitive is None or not node.primitive.aliases:
            return node
        node = node.parents[0] if node.parents else None
    return None


def _rewrapped(node: Node, level: Level) -> tuple[Any, ...]:
    """Return saved values as tensors of the level, connected to the graph again."""
    wrapped = []
    for x, owner in zip(node.saved or (), (*node.parents, node), strict=False):
        if x is None or owner is None:
            wrapped.append(x)
        elif type(x) is tuple:
            wrapped.append(
                tuple(
                    Tensor(part, level, Output(node, i, len(x), tuple(part.shape), part.dtype))
                    for i, part in enumerate(x)
                )
            )
        else:
            wrapped.append(Tensor(x, level, owner))
    return tuple(wrapped)


def _run_extra(node: Node, g: Any) -> Any:
    """Call hooks and keep a retained gradient."""
    extra = node.extra or {}
    for hook in list(extra.get("hooks", {}).values()):
        replaced = hook(g if type(g) is Tensor else Tensor(g, EAGER))
        if replaced is not None:
            g = like_node(XG, replaced, node)
    if extra.get("retain"):
        kept = g if type(g) is Tensor else Tensor(backend_below(g).xp.copy(g), EAGER)
        before = extra.get("grad")
        extra["grad"] = kept if before is None else XG.add(before, kept)
    return g


def _accumulate(leaf: Leaf, g: Any, owned: bool) -> None:
    """Add to ``.grad`` of a leaf: a buffer of its own that nothing else shares."""
    backend = backend_below(g)
    if backend.abstract:
        raise AutogradError(
            "backward: cannot write .grad of a leaf while another library traces; "
            "inside jax.jit use xgrad.grad or xgrad.value_and_grad"
        )
    with leaf.lock:
        if type(g) is Tensor:
            leaf.grad = g if leaf.grad is None else XG.add(leaf.grad, g)
        elif leaf.grad is None:
            leaf.grad = Tensor(g if owned else backend.xp.copy(g), EAGER)
        elif leaf.grad.node is not None:
            leaf.grad = XG.add(leaf.grad, g)
        else:
            leaf.grad.value = backend.xp.accumulate(leaf.grad.value, g)

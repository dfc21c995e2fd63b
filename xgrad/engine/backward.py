"""The backward pass of reverse mode: cotangents walk the tape from newest to oldest."""

from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from heapq import heappop, heappush, heappushpop
from typing import Any

from xgrad.backends.dtypes import canonical, is_complex, is_differentiable
from xgrad.backends.namespace import Namespace
from xgrad.backends.ownership import own_entry, own_items, owns_value
from xgrad.backends.registry import find_backend
from xgrad.engine.cotangents import Cotangents, like_node
from xgrad.engine.dispatch import XG, backend_below, namespace, same_library
from xgrad.engine.levels import EAGER, Level, enable_grad
from xgrad.engine.node import Leaf, Node, Output, Residuals
from xgrad.engine.tape import outputs
from xgrad.engine.tensor import Tensor, lowest, snapshot
from xgrad.engine.views import mark_stale, refresh, store
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
    """Propagate cotangents back from some nodes.

    Parameters
    ----------
    level : Level
        The tape.
    seeds : pairs of (Node, cotangent)
        Cotangents are values of the level below, or, with ``create_graph``, Tensors of ``level``.
    inputs : nodes, or None
        The nodes whose cotangents are returned; None collects into ``.grad`` of every leaf.
    retain_graph : bool
        Keep saved values, so that the graph can be walked again.
    create_graph : bool
        Record the pass itself, at the same level.

    Returns
    -------
    dict
        The cotangents of the ``inputs`` that were reached, by the node's order.
    """
    pass_ = Cotangents()
    seeds = list(seeds)
    collected: dict[int, Any] = {}
    targets: set[int] | None = None
    needed: set[int] | None = None
    if inputs is not None:
        inputs = list(inputs)
        targets = {node.order for node in inputs}
        needed = _nodes_between(seeds, targets)
    for node, g in seeds:
        if needed is None or node.order in needed:
            pass_.add(node, g)
    with XG.quiet(), enable_grad() if create_graph else nullcontext():
        _walk(pass_, level, collected, targets, needed, retain_graph, create_graph)
    for order in collected:  # the caller owns the results
        own_entry(collected, order)
    return collected


def _nodes_between(seeds: list[tuple[Node, Any]], targets: set[int]) -> set[int]:
    """Return the orders of the targets, and of the nodes on a path from a seed to a target."""
    reached = {node.order: node for node, _ in seeds}
    stack = list(reached.values())
    oldest = min(targets, default=0)
    while stack:
        for parent in stack.pop().parents:
            if parent is not None and parent.order >= oldest and parent.order not in reached:
                reached[parent.order] = parent
                stack.append(parent)
    needed = set(targets)
    for order in sorted(reached):
        for parent in reached[order].parents:
            if parent is not None and parent.order in needed:
                needed.add(order)
                break
    return needed


def _walk(
    pass_: Cotangents,
    level: Level,
    collected: dict[int, Any],
    targets: set[int] | None,
    needed: set[int] | None,
    retain_graph: bool,
    create_graph: bool,
) -> None:
    queue, by_order = pass_.queue, pass_.by_order
    keep_graph, watching = retain_graph or create_graph, bool(WATCHERS)
    # The newest pending node and its cotangent are kept out of the queue and the dictionary:
    # along a chain neither is used.
    newest: Node | None = None
    newest_g: Any = None
    c: Any = None
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
        if node.extra is not None:
            g = _run_extra(node, g)
        if targets is not None and node.order in targets:
            collected[node.order] = g
        primitive = node.primitive
        if primitive is None:
            box, g, c = [g], None, None  # the box now has the only reference of this pass
            _end(pass_, node, box, targets)
            continue
        xp, saved, params = node.xp, node.saved, node.params
        if saved is None:
            raise _freed(primitive.name)
        if create_graph or type(g) is Tensor or type(g) is list:
            xp, saved = _rule_values(node, g, saved, level if create_graph else None)
        if primitive.unusual:
            box, g, c = [g], None, None
            _walk_unusual(pass_, node, xp, box, saved, needed, watching)
        else:
            if node.dtype is not dtype:
                dtype = node.dtype
                is_complex_out = is_complex(dtype)
            rules = primitive.rules.complex_vjps if is_complex_out else primitive.rules.vjps
            if watching:
                rules = watched_rules(node, rules)
            i = -1
            for parent in node.parents:
                i += 1
                if parent is None or (needed is not None and parent.order not in needed):
                    continue
                rule = rules[i]
                c = g if rule is None else rule(xp, g, saved, parent, params)
                if c is None:
                    continue
                if (
                    xp is XG
                    or type(c) is not type(g)
                    or c.shape != parent.shape
                    or c.dtype is not parent.dtype
                ):
                    c = like_node(xp, c, parent)
                order = parent.order
                if parent is newest:
                    by_order[order], newest_g = newest_g, None
                    pass_.add(parent, c)
                    newest_g = by_order.pop(order)
                elif order in by_order:
                    pass_.add(parent, c)
                elif newest is None:
                    newest, newest_g = parent, c
                elif order > newest.order:
                    by_order[newest.order] = newest_g
                    heappush(queue, (-newest.order, newest))
                    newest, newest_g = parent, c
                else:
                    by_order[order] = c
                    heappush(queue, (-order, parent))
        if not keep_graph:
            node.saved = None
            node.parents = ()


def _end(pass_: Cotangents, node: Node, box: list[Any], targets: set[int] | None) -> None:
    """Propagate or accumulate the cotangent, in a box, of a node without an operation."""
    if type(node) is Output:
        pass_.add_output(node, box[0])
    elif type(node) is Leaf and targets is None:
        _accumulate(node, box)


def _freed(name: str) -> AutogradError:
    return AutogradError(
        f"backward: the values saved by {name} were freed by an earlier backward; "
        "pass retain_graph=True to the first pass to walk a graph twice"
    )


def _rule_values(
    node: Node, g: Any, saved: tuple[Any, ...], recorded: Level | None
) -> tuple[Any, tuple[Any, ...]]:
    """Return the namespace and the saved values for a rule, where they are not the node's own.

    In a recorded pass the values are tensors of the level, connected to the graph again.
    """
    if recorded is not None:
        return XG, _rewrapped(node, saved, recorded)
    return (XG if type(g) is Tensor else namespace(*_parts(g), *_parts(saved))), saved


def _walk_unusual(
    pass_: Cotangents,
    node: Node,
    xp: Namespace,
    box: list[Any],
    saved: tuple[Any, ...],
    needed: set[int] | None,
    watching: bool,
) -> None:
    """Propagate the cotangent of a joint op, or of one that reads or writes a part.

    ``box`` holds this pass's only reference to the cotangent.
    """
    primitive: Any = node.primitive
    likes, params, rules = node.parents, node.params, primitive.rules.vjps
    if needed is not None:
        likes = tuple(p if p is not None and p.order in needed else None for p in likes)
    joint, adds_into = callable(rules), primitive.memory.adds_into
    if watching:
        watched = watched_rules(node, (rules,) if joint else rules)
        rules = watched[0] if joint else watched
    if adds_into is not None:
        parent, by_order = likes[0], pass_.by_order
        if parent is not None and xp is not XG and pass_.owns(parent):
            order = parent.order
            by_order[order] = adds_into(xp, by_order[order], box[0], params)
        elif parent is not None:
            pass_.add(parent, like_node(xp, rules[0](xp, box[0], saved, parent, params), parent))
        return
    if joint:
        parts = rules(xp, box[0], saved, likes, params)
        for parent, c in zip(likes, parts, strict=True):
            if parent is not None and c is not None:
                pass_.add(parent, like_node(xp, c, parent))
        return
    if likes[-1] is not None and xp is not XG:
        own_items(box)  # for the last rule to overwrite
    for parent, rule in zip(likes, rules, strict=True):
        if parent is not None:
            c = rule(xp, box[0], params)
            if type(c) is Tensor or c.shape != parent.shape or c.dtype is not parent.dtype:
                c = like_node(xp, c, parent)
            pass_.add(parent, c)


def _parts(values: Iterable[Any]) -> Iterator[Any]:
    """Yield the arrays among the values, and those in tuples of several outputs."""
    for x in values:
        if type(x) is tuple:
            yield from x
        elif x is not None and type(x) is not Residuals:
            yield x


def _rewrapped(node: Node, saved: tuple[Any, ...], level: Level) -> tuple[Any, ...]:
    """Return saved values as tensors of the level, connected to the graph again."""
    wrapped = []
    for x, owner in zip(saved, (*node.parents, node), strict=False):
        if x is None or owner is None:
            wrapped.append(x)
        elif type(x) is tuple:
            name = node.primitive.name if node.primitive else ""
            wrapped.append(outputs(name, node, x, level))
        else:
            wrapped.append(Tensor(x, level, owner))
    return tuple(wrapped)


def _run_extra(node: Node, g: Any) -> Any:
    """Call hooks and keep a retained gradient."""
    extra = node.extra or {}
    for hook in list(extra.get("hooks", {}).values()):
        replacement = hook(g if type(g) is Tensor else Tensor(g, EAGER))
        if replacement is not None:
            g = like_node(XG, _checked_gradient(hook, replacement, g), node)
    if extra.get("retain"):
        gradient = g if type(g) is Tensor else Tensor(backend_below(g).xp.copy(g), EAGER)
        before = extra.get("grad")
        extra["grad"] = gradient if before is None else XG.add(before, gradient)
    return g


def _checked_gradient(hook: Any, replacement: Any, g: Any) -> Any:
    """Return the replacement that a hook returned, or raise if it cannot be a gradient."""
    name = getattr(hook, "__qualname__", None) or repr(hook)
    expected = f"a gradient of shape {tuple(g.shape)} and dtype {canonical(g.dtype)}, or None"
    if type(replacement) is not Tensor and find_backend(replacement) is None:
        raise TypeError(
            f"register_hook: {name} must return {expected}; got {type(replacement).__name__}"
        )
    shape, dtype = tuple(replacement.shape), canonical(lowest(replacement).dtype)
    if shape != tuple(g.shape):
        raise ValueError(f"register_hook: {name} must return {expected}; got shape {shape}")
    if not is_differentiable(dtype) or is_complex(dtype) != is_complex(lowest(g).dtype):
        raise TypeError(f"register_hook: {name} must return {expected}; got dtype {dtype}")
    same_library(f"register_hook: {name}", replacement, g)
    return replacement


def _accumulate(leaf: Leaf, box: list[Any]) -> None:
    """Add the cotangent in a box to ``.grad`` of a leaf, in memory that nothing else shares."""
    backend = backend_below(box[0])
    if backend.abstract:
        raise AutogradError(
            "backward: cannot write .grad of a leaf while another library traces; "
            "inside jax.jit use xgrad.grad or xgrad.value_and_grad"
        )
    with leaf.lock:
        grad = leaf.grad
        if leaf.frozen:
            return
        if grad is None and type(box[0]) is Tensor:
            leaf.grad = snapshot(box[0])
        elif grad is None:
            leaf.grad = Tensor(own_items(box).pop(), EAGER)
        elif type(box[0]) is Tensor or refresh(grad)._node is not None:
            leaf.grad = XG.add(grad, box[0])
        else:
            mark_stale(grad)  # first, so that no view refers to the memory
            if owns_value(grad):
                store(grad, backend.xp.accumulate(grad._value, box[0]))
            else:
                store(grad, backend.xp.normalise(backend.xp.add(grad._value, box[0])))

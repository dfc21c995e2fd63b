"""Functions with a custom rule: the common part of `custom_vjp`, `custom_jvp`, `Function`.

A `Rule` works on flat lists of values: the leaves of the arguments that are tracked. It is
called through one primitive, so that it nests with all transforms.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from xgrad.backends.namespace import Namespace
from xgrad.engine.dispatch import bind, namespace, same_library, wrap
from xgrad.engine.levels import RUNNING, Level
from xgrad.engine.node import Node, Residuals
from xgrad.engine.primitive import Params, Primitive, Rules, Signature
from xgrad.engine.randomness import Draws, choice_around, drawing, without
from xgrad.engine.tape import outputs, record
from xgrad.engine.tensor import IN_RULE, Tensor, stripped
from xgrad.errors import AutogradError
from xgrad.ops.creation import as_tensor
from xgrad.transforms.trees import join_arrays, split_arrays
from xgrad.transforms.vectorise import vmap

Values = Sequence[Any]


class Rule(Protocol):
    """A function of values, with its derivative."""

    name: str

    @property
    def constant(self) -> Collection[int]:
        """Which outputs carry no gradient; available after they are computed."""
        ...

    def plain(self, args: Values) -> list[Any]:
        """Return the outputs without differentiation."""
        ...

    def forward(self, args: Values) -> tuple[list[Any], Any]:
        """Return the outputs, and the residuals for `backward`."""
        ...

    def backward(self, residuals: Any, cotangents: Values, args: Values) -> list[Any]:
        """Return the cotangent of each argument, or None, from those of the outputs."""
        ...

    def again(self, args: Values) -> Any:
        """Return the residuals for `backward`, connected to the arguments, for a recorded pass."""
        ...

    def jvp(self, args: Values, tangents: Values) -> tuple[list[Any], list[Any]]:
        """Return the outputs and their tangents."""
        ...


def call(rule: Rule, args: Values) -> tuple[Any, ...]:
    """Apply a rule to values: raw arrays or tracked Tensors."""
    if not any(type(x) is Tensor for x in args):
        return tuple(rule.plain(args))
    outs: tuple[Any, ...] = bind(_CUSTOM, tuple(args), {"rule": rule})
    return outs


def noted(level: Level, rule: Rule, args: Values, outs: Values) -> tuple[Any, ...]:
    """Add a call with known outputs to a trace as one step."""
    variables = tuple(x._node if type(x) is Tensor and x._level is level else x for x in args)
    return level.trace.note(level, _CUSTOM, variables, {"rule": rule}, outs)  # type: ignore[no-any-return]


@contextmanager
def _in_rule() -> Iterator[None]:
    """Allow the user's rule to unwrap raw arrays: it defines their derivative."""
    token, running = IN_RULE.set(True), RUNNING.set(True)
    try:
        yield
    finally:
        IN_RULE.reset(token)
        RUNNING.reset(running)


# -- the primitive -----------------------------------------------------------------------------


def _value(_xp: Namespace, *arrays: Any, rule: Rule) -> tuple[Any, ...]:
    return tuple(rule.plain(arrays))


def _on_tape(
    primitive: Primitive,
    level: Level,
    inner: tuple[Any, ...],
    nodes: tuple[Node | None, ...],
    params: Params,
) -> tuple[Any, ...]:
    rule: Rule = params["rule"]
    draws: Draws = []
    with drawing(None, "same", draws), _in_rule():
        outs, residuals = rule.forward(inner)
    for x in outs:
        if type(x) is Tensor and x._level >= level:
            raise AutogradError(
                f"{rule.name}: the result depends on a tensor that needs gradients but is not an "
                "argument; pass all such tensors as arguments of a function with a custom rule"
            )
    if not outs:  # the function returns no arrays
        return ()
    saved, params = (*inner, None, Residuals(residuals)), {"rule": rule, "draws": draws}
    tensor = record(primitive, nodes, saved, params, outs[0], outs[0].dtype, None, level)
    return outputs(rule.name, tensor._node, outs, level, rule.constant)


def _vjp(_xp: Namespace, g: Any, saved: Any, likes: Any, params: Params) -> list[Any]:
    """Call the rule; in a recorded pass, with residuals connected to the arguments."""
    rule: Rule = params["rule"]
    args = saved[: len(likes)]
    recorded = len(saved) < len(likes) + 2
    if recorded:  # with the random numbers of the forward pass
        with drawing(None, "same", params["draws"]), _in_rule():
            residuals = rule.again(args)
    else:
        residuals = saved[-1].what
    with _in_rule():
        cotangents = rule.backward(residuals, g, args)
    return [
        None if c is None or like is None else _checked(rule.name, i, c, like, x)
        for i, (c, like, x) in enumerate(zip(cotangents, likes, args, strict=True))
    ]


def _checked(name: str, i: int, c: Any, like: Any, arg: Any) -> Any:
    c = stripped(as_tensor(c, like=arg))
    if tuple(c.shape) != tuple(like.shape):
        raise ValueError(
            f"{name}: expected a cotangent of shape {tuple(like.shape)} for array {i} of the "
            f"arguments, got {tuple(c.shape)}"
        )
    return same_library(name, c, arg)


def _forward(_xp: Namespace, args: Any, tangents: Any, params: Params) -> tuple[Any, Any]:
    rule: Rule = params["rule"]
    with _in_rule():
        outs, changes = rule.jvp(args, tangents)
    return tuple(outs), tuple(None if i in rule.constant else t for i, t in enumerate(changes))


def _batch(_op: Any, args: Any, batched: Any, params: Params) -> tuple[Any, ...]:
    size = next(x.shape[0] for x, b in zip(args, batched, strict=True) if b)
    rule = params["rule"]
    if getattr(rule, "by_example", False):
        return tuple(one_by_one(lambda example: list(call(rule, example)), args, batched, size))
    return call(Vectorised(rule, tuple(batched), size), args)


_CUSTOM = Primitive(
    "custom_rule",
    _value,
    Rules(_vjp, batch=_batch, forward=_forward, on_tape=_on_tape),
    Signature(variadic=True, several=True),
)


# -- batching ----------------------------------------------------------------------------------


def one_by_one(
    f: Callable[[list[Any]], list[Any]], values: Values, batched: Sequence[bool], size: int
) -> list[Any]:
    """Apply a function to the examples of a batch in turn, and stack its results.

    A result may be None for all examples. For an empty batch, the function is called for zeros,
    which gives the shapes of the results.
    """

    def example(i: int) -> list[Any]:
        return [stripped(wrap(x)[i, ...]) if b else x for x, b in zip(values, batched, strict=True)]

    def zeros() -> list[Any]:
        return [
            stripped(namespace(x).zeros(x.shape[1:], dtype=x.dtype)) if b else x
            for x, b in zip(values, batched, strict=True)
        ]

    if not size:
        return [
            None if x is None else namespace(x).broadcast_to(x, (0, *x.shape)) for x in f(zeros())
        ]
    return [
        None if parts[0] is None else stripped(namespace(*parts).stack(list(parts), axis=0))
        for parts in zip(*(f(example(i)) for i in range(size)), strict=True)
    ]


class Vectorised:
    """A rule over a batch: `vmap` applied to each function of the rule."""

    def __init__(self, rule: Rule, batched: tuple[bool, ...], size: int) -> None:
        self.rule, self.batched, self.size = rule, batched, size
        self.name = rule.name
        self.axes = [0 if b else None for b in batched]
        self.choice = choice_around()

    @property
    def constant(self) -> Collection[int]:
        """The outputs that do not carry gradients."""
        return self.rule.constant

    def plain(self, args: Values) -> list[Any]:
        """Return all examples' outputs."""
        return _over(self.rule.plain, self.axes, args, self.choice)

    def forward(self, args: Values) -> tuple[list[Any], Any]:
        """Return all examples' outputs and residuals."""
        saved: list[Any] = []

        def one(values: list[Any]) -> list[Any]:
            outs, residuals = self.rule.forward(values)
            arrays, rest = split_arrays(residuals)
            saved[:] = [len(outs), rest]
            return [*outs, *arrays]

        results = _over(one, self.axes, args, self.choice)
        count, rest = saved
        return results[:count], (results[count:], rest)

    def again(self, args: Values) -> Any:
        """Return all examples' residuals, connected to the arguments."""
        return self.forward(args)[1]

    def backward(self, residuals: Any, cotangents: Values, args: Values) -> list[Any]:
        """Return the cotangents, summed over the examples for arguments that all examples share."""
        arrays, rest = residuals
        there = [g is not None for g in cotangents]
        positions: list[int] = []

        def one(values: list[Any]) -> list[Any]:
            saved, seeds = (
                values[: len(arrays)],
                iter(values[len(arrays) : len(values) - len(args)]),
            )
            own = values[len(values) - len(args) :]
            every = [next(seeds) if have else None for have in there]
            gradients = self.rule.backward(join_arrays(saved, rest), every, own)
            positions[:] = [i for i, c in enumerate(gradients) if c is not None]
            return [stripped(as_tensor(c, like=own)) for c in gradients if c is not None]

        present = [g for g in cotangents if g is not None]
        axes = [0] * (len(arrays) + len(present)) + self.axes
        gradients = _over(one, axes, [*arrays, *present, *args], self.choice)
        out: list[Any] = [None] * len(args)
        for i, c in zip(positions, gradients, strict=True):
            out[i] = c if self.batched[i] else stripped(wrap(c).sum(axis=0))
        return out

    def jvp(self, args: Values, tangents: Values) -> tuple[list[Any], list[Any]]:
        """Return all examples' outputs and tangents."""
        positions = [i for i, t in enumerate(tangents) if t is not None]
        count: list[int] = []

        def one(values: list[Any]) -> list[Any]:
            every: list[Any] = [None] * len(args)
            for i, t in zip(positions, values[len(args) :], strict=True):
                every[i] = t
            outs, changes = self.rule.jvp(values[: len(args)], every)
            count[:] = [len(outs)]
            return [*outs, *changes]

        axes = [*self.axes, *(self.axes[i] for i in positions)]
        changes = _over(one, axes, [*args, *(tangents[i] for i in positions)], self.choice)
        return changes[: count[0]], changes[count[0] :]


def _over(
    f: Callable[[list[Any]], list[Any]],
    axes: list[Any],
    values: Values,
    choice: tuple[Level | None, str],
) -> list[Any]:
    """Map a function of a list of values over their first axes, in place of an outer `vmap`."""

    def of_tensors(*tensors: Any) -> list[Any]:
        return [wrap(stripped(x)) for x in f([stripped(x) for x in tensors])]

    level, randomness = choice
    with without(level):
        over = vmap(of_tensors, in_axes=tuple(axes), randomness=randomness)
        results: list[Any] = over(*(wrap(x) for x in values))
    return [stripped(x) for x in results]

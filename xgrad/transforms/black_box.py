"""A call of a function that is not differentiated but has rules: `xgrad.extend`."""

from collections.abc import Callable, Collection
from contextvars import ContextVar
from typing import Any

import optree

from xgrad.backends.dtypes import is_complex, is_differentiable
from xgrad.engine.cotangents import zeros_like
from xgrad.engine.dispatch import namespace, wrap
from xgrad.engine.levels import BATCH, EAGER
from xgrad.engine.node import BATCHED
from xgrad.engine.tensor import Tensor, lowest, stripped
from xgrad.errors import AutogradError
from xgrad.ops.creation import as_tensor
from xgrad.transforms.reverse import vjp
from xgrad.transforms.rules import Values, call, one_by_one

#: The rules for forward mode that are being transposed, and the arguments that they are for.
_TRANSPOSED: ContextVar[tuple[Any, ...]] = ContextVar("xgrad transposed rules", default=())


class Call:
    """A rule for the flat list of the tracked leaves of a call's arguments.

    ``f`` has the function, ``fun``, and its rules, ``vjp`` and ``jvp``, or None. Rules get raw
    arrays where nothing is tracked, as the function does.
    """

    by_example = True  # the function and the rules may use any library

    def __init__(self, f: Any, args: tuple[Any, ...], keywords: dict[str, Any]) -> None:
        self.f, self.name = f, repr(f).strip("<>")
        leaves, self.spec = optree.tree_flatten((args, keywords))
        self.leaves = [stripped(x) if type(x) is Tensor else x for x in leaves]
        self.tracked = [i for i, x in enumerate(self.leaves) if type(x) is Tensor]
        owners = [
            i
            for i, child in enumerate(self.spec.children()[0].children())
            for _ in range(child.num_leaves)
        ]
        self.owners = owners  # the positions of positional arguments; none for keywords
        if any(i >= len(owners) for i in self.tracked):
            raise AutogradError(
                f"{self.name}: a keyword argument needs gradients; pass it by position"
            )
        self.argnums = tuple(dict.fromkeys(owners[i] for i in self.tracked))
        self.out: Any = None
        self.constant: Collection[int] = ()

    def run(self) -> Any:
        """Return the result, with Tensors for arrays."""
        outs = call(self, [self.leaves[i] for i in self.tracked])
        return self.out.unflatten([wrap(x) for x in outs])

    def arguments(self, values: Values) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return all arguments with values for the tracked leaves: raw arrays stay raw."""
        leaves = list(self.leaves)
        for i, x in zip(self.tracked, values, strict=True):
            leaves[i] = _shown(x)
        args, keywords = self.spec.unflatten(leaves)
        return args, keywords

    def plain(self, args: Values) -> list[Any]:
        """Return the outputs without differentiation."""
        given, keywords = self.arguments(args)
        leaves, self.out = optree.tree_flatten(self.f.fun(*given, **keywords))
        outs = [stripped(as_tensor(x, like=self.leaves)) for x in leaves]
        self.constant = [i for i, x in enumerate(outs) if not is_differentiable(lowest(x).dtype)]
        return outs

    def forward(self, args: Values) -> tuple[list[Any], Any]:
        """Return the outputs, which are also the residuals."""
        outs = list(call(self, args))
        return outs, outs

    def again(self, args: Values) -> Any:
        """Return the outputs, connected to the arguments."""
        return self.forward(args)[1]

    def backward(self, residuals: Any, cotangents: Values, args: Values) -> list[Any]:
        """Return the cotangents of the tracked leaves."""
        seeds = [
            zeros_like(out) if g is None else g
            for g, out in zip(cotangents, residuals, strict=True)
        ]
        count, parts = len(args), len(residuals)

        def pulled(values: list[Any]) -> list[Any]:
            given, outs, gs = values[:count], values[count : count + parts], values[count + parts :]
            return self.pulled(given, outs, gs)

        return _apart(pulled, [*args, *residuals, *seeds])

    def pulled(self, args: Values, outs: Values, gs: Values) -> list[Any]:
        """Return the cotangents, by the rule or the transpose of the one for forward mode."""
        if self.f.vjp is None:
            return self.transposed(args, gs)
        given, keywords = self.arguments(args)
        ans = self.out.unflatten([_shown(x) for x in outs])
        # HIPS/autograd's cotangents of complex values are conjugated.
        seed = self.out.unflatten([_shown(_conj(g)) for g in gs])
        found = list(self.f.vjp(self.argnums, ans, given, keywords)(seed))
        if len(found) != len(self.argnums):
            raise ValueError(
                f"{self.name}: the rule returned {len(found)} cotangent(s) for "
                f"{len(self.argnums)} argument(s)"
            )
        leaves = self.leaves_of(dict(zip(self.argnums, found, strict=True)), "a cotangent")
        return [None if c is None else _conj(_value(c, args)) for c in leaves]

    def leaves_of(self, by_argument: dict[int, Any], what: str) -> list[Any]:
        """Return the leaves of trees like the arguments, for the tracked leaves."""
        leaves: list[Any] = []
        for i, child in enumerate(self.spec.children()[0].children()):
            tree = by_argument.get(i)
            if tree is None:
                leaves.extend([None] * child.num_leaves)
                continue
            try:
                leaves.extend(child.flatten_up_to(tree))
            except ValueError as error:
                raise ValueError(
                    f"{self.name}: {what} does not have the tree of its argument: {error}"
                ) from None
        return [leaves[i] for i in self.tracked]

    def transposed(self, args: Values, gs: Values) -> list[Any]:
        """Return the cotangents by the transpose of the forward rule."""

        def of_tangents(*tangents: Any) -> Any:
            return [wrap(t) for t in self.pushed(args, [stripped(t) for t in tangents])[1]]

        which = (self.f, self.argnums)
        if which in _TRANSPOSED.get():
            raise AutogradError(
                f"{self.name}: the rule for forward mode applies the function itself to the "
                "tangent, so it has no transpose; call xgrad.extend.defvjp, too"
            )
        token = _TRANSPOSED.set((*_TRANSPOSED.get(), which))
        try:
            _, pullback = vjp(of_tangents, *(wrap(zeros_like(x)) for x in args))
            return [stripped(c) for c in pullback([wrap(g) for g in gs])]
        finally:
            _TRANSPOSED.reset(token)

    def jvp(self, args: Values, tangents: Values) -> tuple[list[Any], list[Any]]:
        """Return the outputs and their tangents."""
        directions = [
            zeros_like(x) if t is None else t for x, t in zip(args, tangents, strict=True)
        ]
        count = len(args)
        sizes: list[int] = []

        def pushed(values: list[Any]) -> list[Any]:
            outs, changes = self.pushed(values[:count], values[count:])
            sizes[:] = [len(outs)]
            return [*outs, *changes]

        found = _apart(pushed, [*args, *directions])
        return found[: sizes[0]], found[sizes[0] :]

    def pushed(self, args: Values, tangents: Values) -> tuple[list[Any], list[Any]]:
        """Return outputs and tangents, by the rule or the transpose of the other."""
        outs = list(call(self, args))
        if self.f.jvp is None:
            return outs, self.pushed_by_reverse(args, outs, tangents)
        given, keywords = self.arguments(args)
        ans = self.out.unflatten([_shown(x) for x in outs])
        leaves: list[Any] = [
            _shown(zeros_like(x)) if hasattr(x, "dtype") else 0.0 for x in self.leaves
        ]
        for i, t in zip(self.tracked, tangents, strict=True):
            leaves[i] = _shown(t)
        directions = self.spec.unflatten(leaves)[0]
        change = self.f.jvp(
            self.argnums, [directions[i] for i in self.argnums], ans, given, keywords
        )
        if change is None:
            return outs, [zeros_like(x) for x in outs]
        try:
            changes = self.out.flatten_up_to(change)
        except ValueError as error:
            raise ValueError(
                f"{self.name}: a tangent does not have the tree of the value: {error}"
            ) from None
        changes = [_value(t, args) for t in changes]
        for i in self.constant:  # integers do not change, whatever a rule returns for them
            changes[i] = zeros_like(outs[i])
        for x, t in zip(outs, changes, strict=True):
            if tuple(x.shape) != tuple(t.shape):
                raise ValueError(
                    f"{self.name}: expected a tangent of shape {tuple(x.shape)}, got "
                    f"{tuple(t.shape)}"
                )
        return outs, changes

    def pushed_by_reverse(self, args: Values, outs: Values, tangents: Values) -> list[Any]:
        """Return tangents by the transpose of the rule for reverse mode, which is linear in g."""
        if self.f.vjp is None:
            raise NotImplementedError(
                f"{self.name} has no rule: call xgrad.extend.defvjp or defjvp with it, or "
                "xgrad.stop_gradient on its arguments if it is a constant"
            )
        moving = [i for i in range(len(outs)) if i not in self.constant]

        def of_cotangents(*gs: Any) -> Any:
            every: list[Any] = [zeros_like(x) for x in outs]
            for i, g in zip(moving, gs, strict=True):
                every[i] = stripped(g)
            found = self.pulled(args, outs, every)
            return [
                wrap(zeros_like(x)) if c is None else wrap(c)
                for x, c in zip(args, found, strict=True)
            ]

        _, pullback = vjp(of_cotangents, *(wrap(zeros_like(outs[i])) for i in moving))
        pushed = dict(zip(moving, pullback([wrap(t) for t in tangents]), strict=True))
        return [stripped(pushed[i]) if i in pushed else zeros_like(x) for i, x in enumerate(outs)]


def _shown(value: Any) -> Any:
    """Return a value as functions and rules get it: tracked ones as Tensors."""
    return wrap(value) if type(value) is Tensor else value


def _value(x: Any, like: Any) -> Any:
    return stripped(as_tensor(x, like=like))


def _conj(x: Any) -> Any:
    return stripped(namespace(x).conj(x)) if is_complex(lowest(x).dtype) else x


def _apart(f: Callable[[list[Any]], list[Any]], values: list[Any]) -> list[Any]:
    """Apply a function of values to each example of a batch, and to others at once."""
    level = max((x._level for x in values if type(x) is Tensor), default=EAGER)
    if level.kind is not BATCH:
        return f(values)
    batched = [type(x) is Tensor and x._level is level for x in values]
    inner = [x._value if b else x for x, b in zip(values, batched, strict=True)]
    stacks = one_by_one(lambda example: _apart(f, example), inner, batched, level.size or 0)
    return [None if x is None else Tensor(x, level, BATCHED) for x in stacks]

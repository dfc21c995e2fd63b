"""`checkpoint`: recompute intermediate values in the backward pass instead of saving them."""

import functools
from collections.abc import Callable, Collection
from typing import Any, ParamSpec, TypeVar, overload

import optree

from xgrad.backends.dtypes import is_differentiable
from xgrad.backends.namespace import Namespace
from xgrad.backends.registry import find_backend
from xgrad.engine.backward import run_backward
from xgrad.engine.constructors import linear
from xgrad.engine.levels import DUAL, EAGER, FLOOR, TAPE, TRACE, Level, open_level
from xgrad.engine.node import Dual
from xgrad.engine.primitive import Params, Primitive
from xgrad.engine.tape import record_input
from xgrad.engine.tensor import Tensor, lowest, snapshot, stripped
from xgrad.engine.trace import OutsideTensorError, Trace, Variable, variable_of
from xgrad.errors import AutogradError
from xgrad.transforms.rules import Values, call, noted
from xgrad.transforms.trees import function_of, settled
from xgrad.typing import Value

P = ParamSpec("P")
R = TypeVar("R")

__all__ = ["checkpoint", "checkpoint_name", "checkpoint_policies"]

Policy = Callable[[Primitive, Params], bool]


class checkpoint_policies:  # noqa: N801 - named as in JAX
    """Policies that select the intermediate values that `checkpoint` saves."""

    @staticmethod
    def everything_saveable(primitive: Primitive, params: Params) -> bool:
        """Save all values: nothing is recomputed."""
        return True

    @staticmethod
    def nothing_saveable(primitive: Primitive, params: Params) -> bool:
        """Save only the arguments."""
        return False

    @staticmethod
    def dots_saveable(primitive: Primitive, params: Params) -> bool:
        """Save the results of matrix products, which are expensive to compute."""
        return primitive.product

    @staticmethod
    def save_only_these_names(*names: str) -> Policy:
        """Save the values to which `checkpoint_name` gave one of these names."""

        def policy(primitive: Primitive, params: Params) -> bool:
            return primitive.name == "checkpoint_name" and params["name"] in names

        return policy


@linear(
    transpose=lambda xp, g: g, batch=lambda op, x, params: op(x, **params),
)  # fmt: skip
def checkpoint_name(xp: Namespace, x: Value, /, *, name: str) -> Value:
    """Return ``x`` with a name for the policies of `checkpoint`.

    Examples
    --------
    >>> import xgrad as xg
    >>> policy = xg.checkpoint_policies.save_only_these_names("hidden")
    >>> def f(x):
    ...     return xg.sin(xg.checkpoint_name(xg.exp(x), name="hidden"))
    >>> xg.grad(xg.checkpoint(f, policy=policy))(0.0) == xg.grad(f)(0.0)
    True
    """
    return x


@overload
def checkpoint(f: Callable[P, R], *, policy: Policy | None = None) -> Callable[P, R]: ...


@overload
def checkpoint(*, policy: Policy | None = None) -> Callable[[Callable[P, R]], Callable[P, R]]: ...


def checkpoint(
    f: Callable[..., Any] | None = None, *, policy: Policy | None = None
) -> Callable[..., Any]:
    """Return ``f`` with its intermediate values recomputed when it is differentiated.

    A chain of n checkpointed layers saves n inputs instead of all values that the rules
    need. Derivatives of any order are those of ``f``.

    Parameters
    ----------
    f : callable, optional
        A function of trees of arrays, Tensors and other values. It may use tensors that need
        gradients and are not arguments, as a module does. Its Python code runs once; only its
        operations run again, so random numbers do not change. Without ``f``,
        ``checkpoint(policy=...)`` is a decorator.
    policy : callable, optional
        The values to save: one of `checkpoint_policies`. By default, none.

    See Also
    --------
    xgrad.train.Checkpoint : Saves a training run to a file.

    Notes
    -----
    `checkpoint` affects reverse mode only; under `jvp` and `vmap` the function runs unchanged.
    Masks and random numbers that ``f`` draws are saved.

    Examples
    --------
    >>> import xgrad as xg
    >>> w = xg.tensor([1.0, 2.0], requires_grad=True)
    >>> layer = xg.checkpoint(lambda x: xg.tanh(w * x))
    >>> xg.sum(layer(xg.asarray([0.0, 0.0]))).backward()
    >>> w.grad
    Tensor([0., 0.])
    """
    policy = checkpoint_policies.nothing_saveable if policy is None else policy
    if not callable(policy):
        raise TypeError(
            "checkpoint: policy must be one of xgrad.checkpoint_policies, such as dots_saveable, "
            f"got {policy!r}"
        )

    if f is None:
        return functools.partial(checkpoint, policy=policy)

    @functools.wraps(function_of("checkpoint", f))
    def checkpointed(*args: Any, **keywords: Any) -> Any:
        if policy is checkpoint_policies.everything_saveable:
            return f(*args, **keywords)
        leaves, spec = optree.tree_flatten((args, keywords))
        leaves = [stripped(snapshot(x)) if type(x) is Tensor else x for x in leaves]
        top = max((x._level for x in leaves if type(x) is Tensor), default=EAGER)
        while _records(top):
            try:
                return _Run(f, policy, top, leaves, spec).run()
            except OutsideTensorError as outside:
                if outside.level <= top:  # an enclosing checkpoint runs again
                    raise
                top = outside.level
        return f(*args, **keywords)

    return checkpointed


def _records(level: Level) -> bool:
    """Whether a level has a backward pass: a tape, or an enclosing checkpoint."""
    if level.kind is TRACE:
        return level.trace.tape is not None and level > FLOOR.get()
    return level.kind is TAPE and level > FLOOR.get()


class _Run:
    """One run of a checkpointed function: a rule for its arguments and captured tensors."""

    name = "checkpoint"
    constant: Collection[int] = ()

    def __init__(
        self, f: Callable[..., Any], policy: Policy, tape: Level, leaves: list[Any], spec: Any
    ) -> None:
        self.trace = Trace(tape, policy)
        trace = self.trace
        inputs: list[tuple[Variable, Any]] = []
        with open_level("checkpoint", TRACE, trace=trace) as level:
            traced = list(leaves)
            variables: dict[int, Variable] = {}
            for i, x in enumerate(leaves):
                if type(x) is not Tensor and find_backend(x) is None:
                    continue
                if not is_differentiable(lowest(x).dtype):
                    continue
                variable = trace.new_variable()
                inputs.append((variable, x))
                variables[i] = variable
                inside = x._value if type(x) is Tensor and x._level is tape else x
                traced[i] = Tensor(inside, level, variable)
            args, keywords = spec.unflatten(traced)
            result = settled(f(*args, **keywords))
        for i, variable in variables.items():
            if traced[i]._node is not variable:
                raise AutogradError(
                    "checkpoint: the function changed one of its arguments in place, which the "
                    "caller would not see; modify a copy instead (x = x * 2 for x *= 2)"
                )
        inputs += trace.captured
        self.inputs = [variable for variable, _ in inputs]
        self.values = [x for _, x in inputs]
        trace.captured = []
        self.result, self.out_spec = optree.tree_flatten(result)
        out = [variable_of(level, x) for x in self.result]
        self.variables = [variable for variable in out if variable is not None]
        self.is_constant = [variable is None for variable in out]
        self.outs = [
            x._value for x, variable in zip(self.result, out, strict=True) if variable is not None
        ]

    def run(self) -> Any:
        """Return what the function returned, connected to the tape by one node."""
        if not self.outs:
            return self.out_spec.unflatten(self.result)
        tape = self.trace.tape
        if tape is not None and tape.kind is TRACE:
            connected = iter(noted(tape, self, self.values, self.outs))
        else:
            connected = iter(call(self, self.values))
        leaves = [
            x if constant else _tensor(next(connected))
            for x, constant in zip(self.result, self.is_constant, strict=True)
        ]
        # From now on, hold only what the recomputation needs.
        self.outs, self.values, self.result, self.trace.saved = [], [], [], {}
        return self.out_spec.unflatten(leaves)

    def plain(self, args: Values) -> list[Any]:
        """Return the outputs."""
        return self.forward(args)[0]

    def forward(self, args: Values) -> tuple[list[Any], Any]:
        """Return the outputs and the saved values; the first time, those of the original run."""
        if self.outs:
            return self.outs, self.trace.saved
        inputs = [(variable, x) for variable, x in zip(self.inputs, args, strict=True)]
        return self.trace.evaluate(inputs, self.variables)

    def again(self, args: Values) -> dict[int, Any]:
        """Return no saved values: a recorded pass recomputes all of them, connected."""
        return {}

    def backward(self, residuals: Any, cotangents: Values, args: Values) -> list[Any]:
        """Replay the steps on a separate tape, and walk it."""
        with open_level("checkpoint", TAPE) as tape:
            inputs = [
                (variable, x, record_input(x, tape)._node)
                for variable, x in zip(self.inputs, args, strict=True)
            ]
            nodes = self.trace.replay(tape, inputs, residuals)
            seeds = []
            for variable, g in zip(self.variables, cotangents, strict=True):
                node = nodes.get(variable)
                if g is not None and node is not None:
                    seeds.append((node, g))
            targets = [node for _, _, node in inputs]
            gradients = run_backward(
                tape, seeds, inputs=targets, retain_graph=False, create_graph=False
            )
        return [gradients.get(node.order) for node in targets]

    def jvp(self, args: Values, tangents: Values) -> tuple[list[Any], list[Any]]:
        """Return the outputs and their tangents, by running the steps on dual numbers."""
        with open_level("checkpoint", DUAL) as level:
            duals = [
                x if t is None else Tensor(x, level, Dual(t))
                for x, t in zip(args, tangents, strict=True)
            ]
            outs = self.plain(duals)
        inside = [type(x) is Tensor and x._level is level for x in outs]
        return (
            [x._value if dual else x for x, dual in zip(outs, inside, strict=True)],
            [x._node.tangent if dual else None for x, dual in zip(outs, inside, strict=True)],
        )


def _tensor(x: Any) -> Tensor:
    return x if type(x) is Tensor else Tensor(x, EAGER)

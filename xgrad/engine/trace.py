"""A function's operations as a list, to be run again: for `linearize` and `checkpoint`.

A trace level computes every operation on its tensors as usual and adds it to the list.
`push` propagates tangents through the list; `replay` records it on a tape.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from xgrad.backends.backend import Backend
from xgrad.backends.dtypes import carries_gradients, is_differentiable
from xgrad.backends.namespace import Namespace
from xgrad.engine.dispatch import bind, namespace
from xgrad.engine.dual import like_primal
from xgrad.engine.levels import FLOOR, TAPE, TRACE, Level
from xgrad.engine.node import Node
from xgrad.engine.primitive import Params, Primitive
from xgrad.engine.tape import outputs, record, saved_values
from xgrad.engine.tensor import Tensor, lowest, snapshot
from xgrad.engine.views import refresh


class Variable(int):
    """A value of a trace, by its number: what a tensor of a trace level carries."""

    __slots__ = ()


@dataclass(frozen=True)
class Like:
    """The shape and dtype of a value that is not saved."""

    shape: tuple[int, ...]
    dtype: Any


@dataclass(frozen=True)
class Step:
    """One operation: its arguments are variables, or constants; its results are variables."""

    primitive: Primitive
    args: tuple[Any, ...]
    params: Params
    outs: tuple[Variable, ...]
    likes: tuple[Like, ...]

    def arguments(self, values: dict[Variable, Any]) -> tuple[Any, ...]:
        """Return the arguments, given values of variables; None for variables without a value."""
        return tuple(values.get(x) if type(x) is Variable else x for x in self.args)

    def of_arguments(self, values: Mapping[Variable, Any]) -> tuple[Any, ...]:
        """Return the tangents, or the nodes, of the arguments; None for constants."""
        return tuple(values.get(x) if type(x) is Variable else None for x in self.args)

    def results(self, out: Any) -> tuple[Any, ...]:
        """Return the primitive's result as a tuple with one value for each of ``outs``."""
        results: tuple[Any, ...] = out if self.primitive.signature.several else (out,)
        return results


class OutsideTensorError(Exception):
    """A traced function used a tensor of a tape above the one whose inputs are traced."""

    def __init__(self, level: Level) -> None:
        super().__init__(level)
        self.level = level


class Trace:
    """The operations of one run of a function.

    Parameters
    ----------
    tape : Level, or None
        Tensors of this level that the function uses without taking them as arguments are inputs,
        too. It may be a trace level: of a checkpointed function that contains this one.
    saves : callable
        ``saves(primitive, params)``: whether a step's results are saved for `replay`, or all
        its values for `push`.
    """

    def __init__(self, tape: Level | None, saves: Callable[[Primitive, Params], bool]) -> None:
        self.tape, self.saves = tape, saves
        self.count = 0
        self.steps: list[Step] = []
        self.saved: dict[Variable, Any] = {}
        self.captured: list[tuple[Variable, Tensor]] = []
        self._captured_at: dict[int, Variable] = {}
        self.can_push = True

    def new_variable(self) -> Variable:
        """Return the variable of a new value."""
        self.count += 1
        return Variable(self.count - 1)

    def from_outside(self, x: Any) -> tuple[Any, Any]:
        """Return the value of an argument from outside the trace, and its variable or its value."""
        if type(x) is not Tensor or self.tape is None or x._level.kind not in (TAPE, TRACE):
            return snapshot(x), snapshot(x)
        if x._level > self.tape:
            raise OutsideTensorError(x._level)
        if x._level is not self.tape:
            if self.tape.kind is not TRACE:
                return snapshot(x), snapshot(x)
            value, variable = self.tape.trace.from_outside(x)  # first into the outer trace
            if type(variable) is not Variable:
                return snapshot(x), snapshot(x)
            x = Tensor(value, self.tape, variable)
        key = x._node if type(x._node) is Variable else x._node.order
        if key not in self._captured_at:
            self._captured_at[key] = self.new_variable()
            self.captured.append((self._captured_at[key], snapshot(x)))
        return x._value, self._captured_at[key]

    def note(
        self,
        level: Level,
        primitive: Primitive,
        args: tuple[Any, ...],
        params: Params,
        results: Sequence[Any],
    ) -> tuple[Any, ...]:
        """Add a step, and return its results as tensors of the trace's level."""
        outs = tuple(self.new_variable() for _ in results)
        likes = tuple(Like(tuple(x.shape), x.dtype) for x in results)
        self.steps.append(Step(primitive, args, params, outs, likes))
        if primitive.rules.forward is not None:
            self.can_push = False
        if self.saves(primitive, params):
            self.saved.update(zip(outs, results, strict=True))
        return tuple(
            Tensor(x, level, variable) if carries_gradients(primitive.name, x.dtype) else x
            for variable, x in zip(outs, results, strict=True)
        )

    # -- forward mode ----------------------------------------------------------------------------

    def push(self, tangents: dict[Variable, Any]) -> None:
        """Propagate tangents, by their variables, through all steps."""
        for step in self.steps:
            inner, changes = step.arguments(self.saved), step.of_arguments(tangents)
            if all(t is None for t in changes):
                continue
            out = tuple(self.saved[variable] for variable in step.outs)
            whole = out if step.primitive.signature.several else out[0]
            xp = namespace(*inner, *(t for t in changes if t is not None))
            with xp.quiet():
                change = step.primitive.rules.jvp(xp, changes, (*inner, whole), step.params)
            for variable, t, primal in zip(step.outs, step.results(change), out, strict=True):
                if t is not None and is_differentiable(lowest(primal).dtype):
                    tangents[variable] = like_primal(t, primal)

    # -- reverse mode ----------------------------------------------------------------------------

    def evaluate(
        self, inputs: Iterable[tuple[Variable, Any]], outputs: Sequence[Variable]
    ) -> tuple[list[Any], dict[Variable, Any]]:
        """Compute the steps again, without a tape; return the outputs and the values to save."""
        values: dict[Variable, Any] = dict(inputs)
        saved: dict[Variable, Any] = {}
        kept, last = set(outputs), self._last_uses()
        for i, step in enumerate(self.steps):
            out = bind(step.primitive, step.arguments(values), step.params)
            named = dict(zip(step.outs, step.results(out), strict=True))
            values |= named
            if self.saves(step.primitive, step.params):
                saved |= named
            for x in step.args:
                if type(x) is Variable and last[x] == i and x not in kept:
                    values.pop(x, None)
        return [values[variable] for variable in outputs], saved

    def _last_uses(self) -> dict[Variable, int]:
        """Return the last step that uses each variable."""
        steps = enumerate(self.steps)
        return {x: i for i, step in steps for x in step.args if type(x) is Variable}

    def _needed(self, saved: dict[Variable, Any]) -> set[Variable]:
        """Return the variables that rules need, and those needed to compute them."""
        needed: set[Variable] = set()
        for step in reversed(self.steps):
            args = [x if type(x) is Variable else None for x in step.args]
            rules = step.primitive.rules
            slots = {i for needs in rules.needs for i in needs}
            if rules.on_tape is not None:
                slots = set(range(len(args) + 1))
            required = [args[i] for i in slots if i < len(args)]
            missing = [x for x in step.outs if x not in saved]
            if len(args) in slots:
                needed.update(missing)
            if not needed.isdisjoint(missing):
                required = args
            needed.update(x for x in required if x is not None)
        return needed

    def replay(
        self,
        tape: Level,
        inputs: Iterable[tuple[Variable, Any, Node | None]],
        saved: dict[Variable, Any],
    ) -> dict[Variable, Node]:
        """Record the steps on a tape, and return the nodes of their values.

        Parameters
        ----------
        tape : Level
        inputs : (variable, value, node)
            A node for each input that has cotangents.
        saved : dict
            Values that are already known, by their variables.
        """
        inputs = list(inputs)
        values = saved | {variable: x for variable, x, _ in inputs}
        nodes = {variable: node for variable, _, node in inputs if node is not None}
        xp = namespace(*(x for _, x, _ in inputs))
        needed = self._needed(saved)
        last = self._last_uses()
        for i, step in enumerate(self.steps):
            nodes |= self._record_step(tape, step, nodes, values, needed, xp)
            for x in step.args:
                if type(x) is Variable and last[x] == i:
                    values.pop(x, None)
        return nodes

    @staticmethod
    def _record_step(
        tape: Level,
        step: Step,
        nodes: Mapping[Variable, Node],
        values: dict[Variable, Any],
        needed: set[Variable],
        xp: Namespace,
    ) -> dict[Variable, Node]:
        primitive, params, outs = step.primitive, step.params, step.outs
        inner, parents = step.arguments(values), step.of_arguments(nodes)
        tracked = any(node is not None for node in parents)
        if primitive.rules.on_tape is not None and tracked:
            results = primitive.rules.on_tape(primitive, tape, inner, parents, params)
            new: dict[Variable, Node] = {}
            for variable, x in zip(outs, results, strict=True):
                carried = type(x) is Tensor and x._level is tape
                values[variable] = x._value if carried else x
                if carried:
                    new[variable] = x._node
            return new
        if any(x in needed and x not in values for x in outs):
            results = step.results(bind(primitive, inner, params))
            for variable, x in zip(outs, results, strict=True):
                values.setdefault(variable, x)
        if not tracked:
            return {}
        several = primitive.signature.several
        parts = tuple(values.get(x, like) for x, like in zip(outs, step.likes, strict=True))
        arrays = [x for x in (*inner, *parts) if x is not None and type(x) is not Like]
        saved = saved_values(primitive, inner, parents, parts if several else parts[0])
        own = namespace(*arrays) if arrays else xp
        tensor = record(primitive, parents, saved, params, parts[0], parts[0].dtype, own, tape)
        if not several:
            return {outs[0]: tensor._node}
        tensors = outputs(primitive.name, tensor._node, parts, tape)
        return {n: x._node for n, x in zip(outs, tensors, strict=True) if type(x) is Tensor}


def process_trace(
    primitive: Primitive,
    level: Level,
    args: tuple[Any, ...],
    params: Params,
    backend: Backend | None,
) -> Any:
    """Apply an op at the level below and add it to the trace."""
    trace: Trace = level.trace
    inner: list[Any] = []
    variables: list[Any] = []
    for x in args:
        if type(x) is Tensor and x._level is level:
            value, variable = x._value, x._node
        else:
            value, variable = trace.from_outside(x)
        inner.append(value)
        variables.append(variable)
    out = bind(primitive, tuple(inner), params, backend)
    if not primitive.signature.differentiable or (trace.tape is not None and level <= FLOOR.get()):
        return out
    outs = out if primitive.signature.several else (out,)
    noted = trace.note(level, primitive, tuple(variables), params, outs)
    return noted if primitive.signature.several else noted[0]


def variable_of(level: Level, x: Any) -> Variable | None:
    """Return the variable of a result of the traced function, or None for a constant."""
    return x._node if type(x) is Tensor and refresh(x)._level is level else None


def inputs_of(level: Level, trace: Trace, values: Sequence[Any]) -> list[Tensor]:
    """Return tensors of a trace level for the values of a function's arguments."""
    return [Tensor(value, level, trace.new_variable()) for value in values]


TRACE.process = process_trace

"""A function's operations as a list, to be run again: for `linearize` and `checkpoint`.

A trace level lets every operation on its tensors compute as usual and notes it down.
`push` sends tangents through the list; `replay` puts it on a tape.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from xgrad.backends.backend import Backend
from xgrad.backends.dtypes import carries_gradients, is_differentiable
from xgrad.engine.dispatch import bind, namespace
from xgrad.engine.dual import like_primal
from xgrad.engine.levels import FLOOR, TAPE, TRACE, Level
from xgrad.engine.node import Node
from xgrad.engine.primitive import Params, Primitive
from xgrad.engine.tape import outputs, record, saved_values
from xgrad.engine.tensor import Tensor, snapshot, stripped
from xgrad.engine.views import fresh


@dataclass(frozen=True)
class Place:
    """A value of a trace, by its number: what a tensor of a trace level carries."""

    number: int


@dataclass(frozen=True)
class Like:
    """Shape and dtype of a value that is not at hand."""

    shape: tuple[int, ...]
    dtype: Any


@dataclass(frozen=True)
class Step:
    """One operation: its arguments are places, or constants."""

    primitive: Primitive
    args: tuple[Any, ...]
    params: Params
    outs: tuple[tuple[Place, Like], ...]


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
        Tensors of this level that the function uses without being given them are inputs, too.
        It may be a trace level: that of a checkpointed function around this one.
    keeps : callable
        ``keeps(primitive, params)``: whether a step's results are kept for `replay`, or all
        its values for `push`.
    """

    def __init__(self, tape: Level | None, keeps: Callable[[Primitive, Params], bool]) -> None:
        self.tape, self.keeps = tape, keeps
        self.count = 0
        self.steps: list[Step] = []
        self.kept: dict[int, Any] = {}
        self.captured: list[tuple[Place, Tensor]] = []
        self._captured_at: dict[int, Place] = {}
        self.can_push = True

    def new_place(self) -> Place:
        """Return the place of a new value."""
        self.count += 1
        return Place(self.count - 1)

    def from_outside(self, x: Any) -> tuple[Any, Any]:
        """Return the value of an argument that no step has made, and its place if it has one."""
        if type(x) is not Tensor or self.tape is None or x._level.kind not in (TAPE, TRACE):
            return snapshot(x), snapshot(x)
        if x._level > self.tape:
            raise OutsideTensorError(x._level)
        if x._level is not self.tape:
            if self.tape.kind is not TRACE:
                return snapshot(x), snapshot(x)
            value, place = self.tape.trace.from_outside(x)  # the outer function's, first
            if type(place) is not Place:
                return snapshot(x), snapshot(x)
            x = Tensor(value, self.tape, place)
        key = x._node.number if type(x._node) is Place else x._node.order
        if key not in self._captured_at:
            self._captured_at[key] = self.new_place()
            self.captured.append((self._captured_at[key], snapshot(x)))
        return x._value, self._captured_at[key]

    def note(
        self,
        level: Level,
        primitive: Primitive,
        places: tuple[Any, ...],
        params: Params,
        outs: Sequence[Any],
    ) -> tuple[Any, ...]:
        """Add a step, and return its results as tensors of the trace's level."""
        noted = tuple((self.new_place(), Like(tuple(x.shape), x.dtype)) for x in outs)
        self.steps.append(Step(primitive, places, params, noted))
        if primitive.rules.forward is not None:
            self.can_push = False
        if self.keeps(primitive, params):
            self.kept.update((place.number, x) for (place, _), x in zip(noted, outs, strict=True))
        return tuple(
            Tensor(x, level, place) if carries_gradients(primitive.name, x.dtype) else x
            for (place, _), x in zip(noted, outs, strict=True)
        )

    # -- forward mode ----------------------------------------------------------------------------

    def push(self, tangents: dict[int, Any]) -> None:
        """Send tangents, by the numbers of their places, through all steps."""
        for step in self.steps:
            inner = tuple(self.kept[x.number] if type(x) is Place else x for x in step.args)
            given = tuple(tangents.get(x.number) if type(x) is Place else None for x in step.args)
            if all(t is None for t in given):
                continue
            out = tuple(self.kept[place.number] for place, _ in step.outs)
            whole = out if step.primitive.signature.several else out[0]
            xp = namespace(*inner, *(t for t in given if t is not None))
            with xp.quiet():
                found = step.primitive.rules.jvp(xp, given, (*inner, whole), step.params)
            parts = found if step.primitive.signature.several else (found,)
            for (place, like), t, primal in zip(step.outs, parts, out, strict=True):
                if t is not None and is_differentiable(like.dtype):
                    tangents[place.number] = like_primal(stripped(t), primal)

    # -- reverse mode ----------------------------------------------------------------------------

    def evaluate(
        self, inputs: Iterable[tuple[Place, Any]], outputs: Sequence[Place]
    ) -> tuple[list[Any], dict[int, Any]]:
        """Compute the steps again, without a tape: the outputs, and the values to keep."""
        values = {place.number: x for place, x in inputs}
        kept: dict[int, Any] = {}
        wanted = {place.number for place in outputs}
        last = self._last_uses()
        for i, step in enumerate(self.steps):
            inner = tuple(values[x.number] if type(x) is Place else x for x in step.args)
            found = bind(step.primitive, inner, step.params)
            made = found if step.primitive.signature.several else (found,)
            named = [(place.number, x) for (place, _), x in zip(step.outs, made, strict=True)]
            values.update(named)
            if self.keeps(step.primitive, step.params):
                kept.update(named)
            for x in step.args:
                if type(x) is Place and last[x.number] == i and x.number not in wanted:
                    values.pop(x.number, None)
        return [values[place.number] for place in outputs], kept

    def _last_uses(self) -> dict[int, int]:
        """Return the last step that uses each value."""
        return {
            x.number: i for i, step in enumerate(self.steps) for x in step.args if type(x) is Place
        }

    def _needed(self, kept: dict[int, Any]) -> set[int]:
        """Return the numbers of the values that rules need, and those that lead to them."""
        needed: set[int] = set()
        for step in reversed(self.steps):
            places = [x.number if type(x) is Place else None for x in step.args]
            outs = [place.number for place, _ in step.outs]
            primitive = step.primitive
            slots = {i for needs in primitive.rules.needs for i in needs}
            if primitive.rules.on_tape is not None:
                slots = set(range(len(places) + 1))
            wanted = [places[i] for i in slots if i < len(places)]
            if len(places) in slots:
                needed.update(n for n in outs if n not in kept)
            if any(n in needed and n not in kept for n in outs):
                wanted = places
            needed.update(n for n in wanted if n is not None)
        return needed

    def replay(
        self,
        tape: Level,
        inputs: Iterable[tuple[Place, Any, Node | None]],
        kept: dict[int, Any],
    ) -> dict[int, Node]:
        """Put the steps on a tape again, and return the nodes of their values.

        Parameters
        ----------
        tape : Level
        inputs : (place, value, node)
            A node for each input that has cotangents.
        kept : dict
            Values that need not be computed, by the numbers of their places.
        """
        values: dict[int, Any] = dict(kept)
        nodes: dict[int, Node] = {}
        inputs = list(inputs)
        xp = namespace(*(value for _, value, _ in inputs))
        for place, value, node in inputs:
            values[place.number] = value
            if node is not None:
                nodes[place.number] = node
        needed = self._needed(kept)
        last = self._last_uses()
        for i, step in enumerate(self.steps):
            inner = tuple(values.get(x.number) if type(x) is Place else x for x in step.args)
            parents = tuple(nodes.get(x.number) if type(x) is Place else None for x in step.args)
            made = self._step_again(tape, step, inner, parents, values, needed, xp)
            nodes.update(made)
            for x in step.args:
                if type(x) is Place and last[x.number] == i:
                    values.pop(x.number, None)
        return nodes

    @staticmethod
    def _step_again(
        tape: Level,
        step: Step,
        inner: tuple[Any, ...],
        parents: tuple[Node | None, ...],
        values: dict[int, Any],
        needed: set[int],
        xp: Any,
    ) -> dict[int, Node]:
        primitive, params = step.primitive, step.params
        several = primitive.signature.several
        numbers = [place.number for place, _ in step.outs]
        if primitive.rules.on_tape is not None and any(parents):
            found = primitive.rules.on_tape(primitive, tape, inner, parents, params)
            made = {}
            for number, x in zip(numbers, found, strict=True):
                carried = type(x) is Tensor and x._level is tape
                values[number] = x._value if carried else x
                if carried:
                    made[number] = x._node
            return made
        if any(n in needed and n not in values for n in numbers):
            found = bind(primitive, inner, params)
            for number, x in zip(
                numbers, found if primitive.signature.several else (found,), strict=True
            ):
                values.setdefault(number, x)
        if not any(parents):
            return {}
        parts = tuple(values.get(n, like) for n, (_, like) in zip(numbers, step.outs, strict=True))
        out = parts if several else parts[0]
        arrays = [x for x in (*inner, *parts) if x is not None and type(x) is not Like]
        saved = saved_values(primitive, inner, parents, out)
        own = namespace(*arrays) if arrays else xp
        tensor = record(primitive, parents, saved, params, parts[0], own, tape)
        if not several:
            return {numbers[0]: tensor._node}
        tensors = outputs(primitive.name, tensor._node, parts, tape)
        return {n: x._node for n, x in zip(numbers, tensors, strict=True) if type(x) is Tensor}


def process_trace(
    primitive: Primitive,
    level: Level,
    args: tuple[Any, ...],
    params: Params,
    backend: Backend | None,
) -> Any:
    """Apply an op below a trace level and note it down."""
    trace: Trace = level.trace
    inner: list[Any] = []
    places: list[Any] = []
    for x in args:
        if type(x) is Tensor and x._level is level:
            value, place = x._value, x._node
        else:
            value, place = trace.from_outside(x)
        inner.append(value)
        places.append(place)
    out = bind(primitive, tuple(inner), params, backend)
    if not primitive.signature.differentiable or (trace.tape is not None and level <= FLOOR.get()):
        return out
    outs = out if primitive.signature.several else (out,)
    noted = trace.note(level, primitive, tuple(places), params, outs)
    return noted if primitive.signature.several else noted[0]


def place_of(level: Level, x: Any) -> Place | None:
    """Return the place of a result of the traced function, or None for a constant."""
    return x._node if type(x) is Tensor and fresh(x)._level is level else None


def inputs_of(level: Level, trace: Trace, values: Sequence[Any]) -> list[Tensor]:
    """Return tensors of a trace level for the values of a function's arguments."""
    return [Tensor(value, level, trace.new_place()) for value in values]


TRACE.process = process_trace

"""Dispatch: find the highest level, unwrap it, call the op on the values inside, wrap.

`bind` does this. Values pass through it as raw arrays, scalars, or tracked Tensors; an
untracked Tensor is unwrapped first, so that constants are not recorded.
"""

import functools
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, ParamSpec, overload

from xgrad.backends.backend import Backend
from xgrad.backends.namespace import Namespace
from xgrad.backends.registry import BY_TYPE, common_backend
from xgrad.backends.scalars import WEAK, as_arrays, is_number
from xgrad.engine.levels import EAGER, STALE, Level
from xgrad.engine.primitive import Params, Primitive
from xgrad.engine.refusals import REFUSALS, refuse
from xgrad.engine.tensor import Tensor, all_lowest, lowest, snapshot, stripped
from xgrad.engine.views import refresh
from xgrad.engine.watching import DEVICE_GUARDS, WATCHERS, watched_value
from xgrad.typing import Value

P = ParamSpec("P")


class Recorded(Namespace):
    """The namespace of rules whose values are Tensors: xgrad itself.

    Filled in by the ops layer (`xgrad.ops.recorded`); the engine only passes it on.
    """

    as_tensor: Callable[..., Any]
    transfer: Callable[..., Any]


XG = Recorded(SimpleNamespace(__name__="xgrad"))


def bind(
    primitive: Primitive, args: tuple[Any, ...], params: Params, backend: Backend | None = None
) -> Any:
    """Apply a primitive; returns a raw array, a tracked Tensor, or a tuple of them.

    ``backend`` is given by a level above, which has settled the numbers among the arrays.
    """
    top: Level | None = None
    unwrapped = []
    for x in args:
        if type(x) is Tensor:
            if x._level is STALE:
                refresh(x)
            if x._node is None:
                x = x._value
            elif top is None or x._level > top:
                top = x._level
        unwrapped.append(x)
    settled = tuple(unwrapped)
    if top is None:
        return evaluate(primitive, settled, params, backend)
    if not top.alive:
        top.check_alive(primitive.name)
    if backend is None:
        settled, backend = settle_scalars(primitive.name, settled)
    process = top.kind.process
    if DEVICE_GUARDS:
        compute = functools.partial(process, primitive, top, settled, params, backend)
        return DEVICE_GUARDS[0](settled, compute)
    return process(primitive, top, settled, params, backend)


def _backend_of(raw: tuple[Any, ...]) -> Backend | None:
    """Return the backend of raw arrays of one type, if it takes the numbers among them."""
    kinds = set(map(type, raw))
    if len(kinds) == 1:
        return BY_TYPE.get(kinds.pop())
    kinds -= WEAK
    backend = BY_TYPE.get(kinds.pop()) if len(kinds) == 1 else None
    takes = backend is not None and backend.weak_scalars and backend.mixes_kinds
    return backend if takes else None


def settle_scalars(function: str, args: tuple[Any, ...]) -> tuple[tuple[Any, ...], Backend | None]:
    """Convert numbers among tensors to the tensors' backend, for rules; return that backend, too.

    A tracked number (a 0-d array of NumPy) among arrays of another library moves to that library.
    The move is recorded: rules see one library, and the derivative moves back.
    """
    raw = all_lowest(args)
    backend = _backend_of(raw)
    if backend is not None or not any(map(is_number, raw)):
        return args, backend
    backend = common_backend(function, raw)
    settled = as_arrays(function, backend, raw)
    moves = not backend.on_host and not backend.abstract  # a tracer's derivative cannot move back
    result = []
    for x, old, new in zip(args, raw, settled, strict=True):
        if type(x) is not Tensor:
            x = new if is_number(x) else x
        elif moves and is_number(old):
            x = _moved(x, backend, new)
        result.append(x)
    return tuple(result), backend


def _moved(x: Tensor, backend: Backend, there: Any) -> Any:
    """Move a tracked number to another backend, to the device of ``there``."""
    source, target = (backend_below(x).name, None), (backend.name, backend.xp.device(there))
    return stripped(XG.transfer(x, source=source, target=target))


def evaluate(
    primitive: Primitive, args: tuple[Any, ...], params: Params, backend: Backend | None = None
) -> Any:
    """Compute a primitive's value on raw arrays and scalars of one library."""
    try:
        if backend is None or len(set(map(type, args))) > 1:
            known = _backend_of(args)
            if known is None:
                known = backend or common_backend(primitive.name, args)
                args = as_arrays(primitive.name, known, args)
            backend = known
        if WATCHERS:
            compute = functools.partial(_computed, primitive, backend.xp, args, params)
            return watched_value(primitive, args, params, compute)
        return _computed(primitive, backend.xp, args, params)
    except REFUSALS as error:
        refuse(primitive.name, error)


def _computed(primitive: Primitive, xp: Namespace, args: tuple[Any, ...], params: Params) -> Any:
    """Return a primitive's value, as an array or a tuple of arrays."""
    out = primitive.value(xp, *args, **params)
    return tuple(map(xp.normalise, out)) if primitive.signature.several else xp.normalise(out)


def wrap(out: Any) -> Any:
    """Return a result of `bind` as a Tensor, or a tuple of Tensors, for the user."""
    if type(out) is tuple:
        return tuple(wrap(part) for part in out)
    return out if type(out) is Tensor else Tensor(out, EAGER)


@overload
def recorded(op: Callable[P, Tensor], *args: P.args, **params: P.kwargs) -> Value: ...


@overload
def recorded(op: Callable[P, Any], *args: P.args, **params: P.kwargs) -> Any: ...


def recorded(op: Callable[..., Any], *args: Any, **params: Any) -> Any:
    """Call an op inside a rule: raw arrays give raw arrays, Tensors give recorded Tensors."""
    out = op(*args, **params)
    return tuple(stripped(part) for part in out) if isinstance(out, tuple) else stripped(out)


def namespace(*values: Any, backend: Backend | None = None) -> Any:
    """Return the namespace for a rule over these values: xgrad itself if one is a Tensor.

    ``backend`` is the backend of raw values, if known.
    """
    kinds = set(map(type, values))
    if Tensor in kinds:
        return XG
    if backend is None:
        backend = BY_TYPE.get(type(values[0])) if len(kinds) == 1 else None
    return (backend or common_backend("derivative", values)).xp


def backend_below(x: Any) -> Backend:
    """Return the backend whose array holds the numbers of a value."""
    raw = lowest(x) if type(x) is Tensor else x
    return BY_TYPE.get(type(raw)) or common_backend("backend", (raw,))


def same_library(function: str, x: Any, like: Any) -> Any:
    """Return a value, or raise if its array is of another library than ``like``.

    A 0-d array of NumPy is a number: it is converted to the library of ``like``.
    """
    raw, other = lowest(x), lowest(like)
    backend = common_backend(function, (other, raw))
    if type(x) is Tensor:
        return x
    return backend.plain(as_arrays(function, backend, (other, raw))[1])


def split_level(level: Level, args: tuple[Any, ...]) -> tuple[tuple[Any, ...], list[Any]]:
    """Unwrap one level: the values inside, and what each tensor of the level carries."""
    inner, carried = [], []
    for x in args:
        node = None
        if type(x) is Tensor:
            if x._level is level:
                x, node = x._value, x._node
            else:
                x = snapshot(x)  # it may be saved, and the user may write to it
        inner.append(x)
        carried.append(node)
    return tuple(inner), carried

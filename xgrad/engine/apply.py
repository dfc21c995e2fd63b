"""The functions that users call, made from primitives.

An op takes any arguments: what is not an array by position is sorted out by
`xgrad.calls.Arguments`, which also raises for calls that do not fit.

`unary` and `binary` are the hot path: they handle plain arrays, and tapes whose values are
plain arrays, inline and leave everything else (nested levels, errors) to `bind`. What they
inline is exactly `bind` + `process_tape`.
"""

import functools
from collections.abc import Callable
from typing import Any

from xgrad.backends.dtypes import DIFFERENTIABLE_IDS, carries_gradients
from xgrad.backends.registry import find_backend
from xgrad.backends.scalars import is_scalar
from xgrad.calls import MISSING, Arguments
from xgrad.engine.dispatch import XG, bind, wrap
from xgrad.engine.levels import EAGER, FLOOR
from xgrad.engine.node import Node
from xgrad.engine.primitive import NO_PARAMS, Params, Primitive
from xgrad.engine.refusals import REFUSALS, refuse
from xgrad.engine.tape import record, saved_values
from xgrad.engine.tensor import Tensor
from xgrad.engine.watching import FAST, TABLES

floor = FLOOR.get
new = object.__new__
_NOTHING = (None, None, None)  # saved by operations such as addition
_WEAK = frozenset((int, float, complex))


Entry = tuple[Callable[..., Any], Any, bool] | None


def _table(value: Callable[..., Any], direct: str | None) -> tuple[dict[type, Entry], Any]:
    """Return what to call for each array type, and a function that adds an entry.

    An entry is the function, its namespace, and whether it takes Python scalars. (A look-up in a
    plain dictionary is faster than one that adds entries by itself.)
    """
    table: dict[type, Entry] = {}
    TABLES.append(table)

    def add(kind: type) -> Entry:
        backend = FAST[kind]
        if backend is None:
            return None  # not seen yet, or not an array: bind() checks
        xp = backend.xp
        function = getattr(xp, direct) if direct else functools.partial(value, xp)
        entry = table[kind] = (function, xp, backend.weak_scalars)
        return entry

    return table, add


def unary(p: Primitive, arguments: Arguments, direct: str | None) -> Callable[..., Any]:
    """Return the public function of a primitive of one array without parameters.

    ``direct`` names the function of ``xp`` that the value forwards to, if it does nothing else.
    Calling it directly saves a tenth of a small op's time.
    """
    table, add = _table(p.value, direct)
    needs = p.rules.needs[0] if p.rules.needs else ()
    save_x, save_out = 0 in needs, 1 in needs
    differentiable = p.signature.differentiable

    def op(x: Any = MISSING, /, *further: Any, **named: Any) -> Any:
        if further or named:
            return op(*arguments.arrays_of((x, *further), named))
        node, raw, level = None, x, EAGER
        if type(x) is Tensor:
            if x._level is not EAGER:
                if not x._level.inline:
                    return wrap(bind(p, (x,), NO_PARAMS))
                level = x._level
            node, raw = x._node, x._value
        kind = type(raw)
        try:
            entry = table[kind]
        except KeyError:
            entry = add(kind)
        if entry is None:
            if x is MISSING:
                arguments.check((), NO_PARAMS)
            return wrap(bind(p, (x,), NO_PARAMS))
        function, xp, _ = entry
        try:
            out = function(raw)
        except REFUSALS as error:
            refuse(p.name, error)
        if type(out) is not kind:
            out = xp.normalise(out)
        if node is None or not differentiable or ((lowest := floor()) >= 0 and lowest >= level):
            tensor = new(Tensor)
            tensor._value, tensor._level, tensor._node = out, EAGER, None
            return tensor
        dtype = out.dtype
        if dtype is not node.dtype and not carries_gradients(p.name, dtype):
            return Tensor(out, EAGER, None)
        saved = (raw if save_x else None, out if save_out else None)
        return record(p, (node,), saved, NO_PARAMS, out, dtype, xp, level)

    return op


def unary_with(p: Primitive, arguments: Arguments, defaults: Params) -> Callable[..., Any]:
    """Return the public function of a primitive of one array with parameters."""
    value = p.value
    needs = p.rules.needs[0] if p.rules.needs else ()
    save_x, save_out = 0 in needs, 1 in needs
    differentiable, several = p.signature.differentiable, p.signature.several
    count, first = len(arguments.params), next(iter(arguments.leading), None)
    complete = len(defaults) == count

    def op(x: Any = MISSING, /, *further: Any, **params: Any) -> Any:
        if further:
            if len(further) == 1 and first is not None and first not in params:
                params[first] = further[0]
            else:
                params = arguments.by_name((x,), further, params)
        if params or not complete:
            if defaults:
                params = {**defaults, **params}
            if len(params) != count:
                args, params = arguments.arrays_by_name((x,), params)
                return op(*args, **params)
        else:
            params = defaults
        node, raw, level = None, x, EAGER
        if type(x) is Tensor:
            if x._level is not EAGER:
                if not x._level.inline:
                    return wrap(bind(p, (x,), params))
                level = x._level
            node, raw = x._node, x._value
        kind = type(raw)
        backend = FAST[kind]
        if backend is None or several:
            if x is MISSING:
                arguments.check((), params)
            return wrap(bind(p, (x,), params))
        try:
            out = value(backend.xp, raw, **params)
        except REFUSALS as error:
            refuse(p.name, error)
        if type(out) is not kind:
            out = backend.xp.normalise(out)
        if node is None or not differentiable or ((lowest := floor()) >= 0 and lowest >= level):
            tensor = new(Tensor)
            tensor._value, tensor._level, tensor._node = out, EAGER, None
            return tensor
        dtype = out.dtype
        if id(dtype) not in DIFFERENTIABLE_IDS and not carries_gradients(p.name, dtype):
            return Tensor(out, EAGER, None)
        saved = (raw if save_x else None, out if save_out else None)
        return record(p, (node,), saved, params, out, dtype, backend.xp, level)

    return op


#: The methods by which other objects take a Tensor as the left operand.
_REFLECTED = {
    "add": "__radd__", "subtract": "__rsub__", "multiply": "__rmul__", "divide": "__rtruediv__",
    "floor_divide": "__rfloordiv__", "remainder": "__rmod__", "pow": "__rpow__", "less": "__gt__",
    "less_equal": "__ge__", "greater": "__lt__", "greater_equal": "__le__",
}  # fmt: skip


def other_binary(p: Primitive, x: Any, y: Any) -> Any:
    """Apply a primitive of two arrays, none of which `binary` handles inline.

    A list is an array, as in NumPy, where the other operand is a Tensor. An object that holds
    arrays (xarray's) applies the operator to what it holds.
    """
    if isinstance(y, list | tuple) and type(x) is Tensor:
        y = XG.as_tensor(y, like=x)
    elif isinstance(x, list | tuple) and type(y) is Tensor:
        x = XG.as_tensor(x, like=y)
    holds = type(x) is Tensor is not type(y) and hasattr(y, "__array_ufunc__")
    if holds and p.name in _REFLECTED and not is_scalar(y) and find_backend(y) is None:
        return getattr(y, _REFLECTED[p.name])(x)
    return wrap(bind(p, (x, y), NO_PARAMS))


def binary(p: Primitive, arguments: Arguments, direct: str | None) -> Callable[..., Any]:
    """Return the public function of a primitive of two arrays without parameters."""
    table, add = _table(p.value, direct)
    differentiable = p.signature.differentiable
    x_needs, y_needs = p.rules.needs or ((), ())
    both = {*x_needs, *y_needs}
    # Which of (x, y, out) to save where only x, only y, or both are tracked.
    x_only = (0 in x_needs, 1 in x_needs, 2 in x_needs)
    y_only = (0 in y_needs, 1 in y_needs, 2 in y_needs)
    x_and_y = (0 in both, 1 in both, 2 in both)
    saves = bool(both)

    def bound(x: Any, y: Any) -> Any:
        if y is MISSING:
            arguments.check((x, y), NO_PARAMS)
        return other_binary(p, x, y)

    def op(x: Any = MISSING, y: Any = MISSING, /, *further: Any, **named: Any) -> Any:
        if further or named:
            return op(*arguments.arrays_of((x, y, *further), named))
        x_node = y_node = None
        x_raw, y_raw, level = x, y, EAGER
        if type(x) is Tensor:
            if x._level is not EAGER:
                if not x._level.inline:
                    return bound(x, y)
                level = x._level
            x_node, x_raw = x._node, x._value
        if type(y) is Tensor:
            if y._level is not level and not (y._level is EAGER and y._node is None):
                if x_node is not None or not y._level.inline:  # two levels, or not a tape
                    return bound(x, y)
                level = y._level
            y_node, y_raw = y._node, y._value
        kind, other = type(x_raw), type(y_raw)
        try:
            entry = table[kind]
        except KeyError:
            entry = add(kind)
        if entry is None:
            if kind in _WEAK:  # a Python scalar on the left
                kind, other = other, kind
                entry = table.get(kind) or add(kind)
            if entry is None:
                return bound(x, y)
        function, xp, weak_scalars = entry
        if other is not kind and not (weak_scalars and other in _WEAK):
            return bound(x, y)
        try:
            out = function(x_raw, y_raw)
        except REFUSALS as error:
            refuse(p.name, error)
        if type(out) is not kind:
            out = xp.normalise(out)
        if x_node is None:
            if y_node is None:
                tensor = new(Tensor)
                tensor._value, tensor._level, tensor._node = out, EAGER, None
                return tensor
            save_x, save_y, save_out = y_only
            expected = y_node.dtype
        else:
            save_x, save_y, save_out = x_only if y_node is None else x_and_y
            expected = x_node.dtype
        if not differentiable or ((lowest := floor()) >= 0 and lowest >= level):
            return Tensor(out, EAGER, None)
        dtype = out.dtype
        if dtype is not expected and not carries_gradients(p.name, dtype):
            return Tensor(out, EAGER, None)
        saved = _NOTHING
        if saves:
            saved = (
                x_raw if save_x else None,
                y_raw if save_y else None,
                out if save_out else None,
            )
        return record(p, (x_node, y_node), saved, NO_PARAMS, out, dtype, xp, level)

    return op


def general(p: Primitive, arguments: Arguments, defaults: Params) -> Callable[..., Any]:
    """Return the public function of any primitive; plain arrays of one type are handled inline."""
    value, variadic = p.value, p.signature.variadic
    simple = p.signature.differentiable and not p.signature.several and not variadic
    count, least, most = len(arguments.params), arguments.least, arguments.most

    def op(*args: Any, **params: Any) -> Any:
        if len(args) > most and not variadic:
            params = arguments.by_name(args[:most], args[most:], params)
            args = args[:most]
        if defaults:
            params = {**defaults, **params}
        if len(args) < least or len(params) != count:
            if p.alone is not None and arguments.one_alone(args, params):
                return p.alone(*args, *params.values())
            args, params = arguments.arrays_by_name(args, params)
            return op(*args, **params)
        if not simple:
            return wrap(bind(p, args, params))
        raw: list[Any] = []
        level = EAGER
        nodes: list[Node | None] = []
        for x in args:
            node = None
            if type(x) is Tensor:
                if x._level is not level and not (x._level is EAGER and x._node is None):
                    if any(nodes) or not x._level.inline:  # two levels, or not a tape
                        return wrap(bind(p, args, params))
                    level = x._level
                node, x = x._node, x._value
            raw.append(x)
            nodes.append(node)
        kind = type(raw[0])
        backend = FAST[kind]
        if backend is None or any(type(x) is not kind for x in raw):
            return wrap(bind(p, args, params))
        try:
            out = value(backend.xp, *raw, **params)
        except REFUSALS as error:
            refuse(p.name, error)
        if type(out) is not kind:
            out = backend.xp.normalise(out)
        if (
            not any(nodes)
            or ((lowest := floor()) >= 0 and lowest >= level)
            or not carries_gradients(p.name, out.dtype)
        ):
            return Tensor(out, EAGER, None)
        parents = tuple(nodes)
        saved = saved_values(p, tuple(raw), parents, out)
        return record(p, parents, saved, params, out, out.dtype, backend.xp, level)

    return op

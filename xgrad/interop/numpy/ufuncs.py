"""Calls of ufuncs with keywords: ``out=``, ``where=``, ``dtype=``, ``axis=``...

The op of a ufunc is named where the op is declared (``numpy="sin"``, ``scipy="erf"``).
"""

import operator
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from xgrad.backends.special import WHOLE
from xgrad.engine.declare import DECLARATIONS
from xgrad.engine.dispatch import backend_below
from xgrad.engine.tensor import Tensor, lowest
from xgrad.interop.numpy.core_axes import with_axes
from xgrad.interop.numpy.hints import REFUSED, refusal
from xgrad.interop.numpy.standins import dry_run, dtype_of
from xgrad.ops.creation import as_tensor, astype, zeros_like
from xgrad.ops.selection import where
from xgrad.ops.shape import broadcast_to, reshape, stack, unstack
from xgrad.ops.views.writing import setitem


def _of_numpy(name: str) -> Any:
    """Return NumPy's function of a name, or None if this version lacks it."""
    try:
        return operator.attrgetter(name)(np)
    except AttributeError:
        return None


#: NumPy's functions, with the op that each of them calls.
DECLARED: dict[Any, Callable[..., Any]] = {
    f: entry.function
    for entry in DECLARATIONS
    for name in entry.names("numpy")
    if (f := _of_numpy(name)) is not None
}
UFUNCS = {u: op for u, op in DECLARED.items() if isinstance(u, np.ufunc)}
#: The ufunc that ``ndarray.clip`` calls, which has no public name.
_PRIVATE = {_of_numpy("_core.umath.clip"): DECLARED[np.clip]}


_SMALL = np.dtype(np.int8)


def _power(x1: Any, x2: Any) -> Any:
    """NumPy's operator squares booleans as int8, its function as int64."""
    out = DECLARED[np.power](x1, x2)
    if lowest(out).dtype is not _SMALL:  # the quick way for all others
        return out
    return astype(out, np.int64) if type(x2) is int and dtype_of(x1).kind == "b" else out


UFUNCS[np.power] = _power
#: By the name of the ufunc, so that ``scipy.special`` is not imported for it.
SPECIAL: dict[str, Callable[..., Any]] = {
    name: entry.function for entry in DECLARATIONS for name in entry.names("scipy")
}


def name_of(ufunc: Any) -> str:
    """Return a ufunc's name as users write it."""
    name: str = ufunc.__name__
    if getattr(np, name, None) is ufunc:
        return f"np.{name}"
    return f"scipy.special.{name}" if _is_scipys(ufunc) else name


def _is_scipys(ufunc: Any) -> bool:
    modules = (sys.modules.get(name) for name in ("scipy.special", "scipy.special._ufuncs"))
    return any(getattr(module, ufunc.__name__, None) is ufunc for module in modules)


def op_of(ufunc: Any) -> Callable[..., Any]:
    """Return the op of a ufunc, or raise."""
    op = UFUNCS.get(ufunc) or _PRIVATE.get(ufunc)
    if op is None and _is_scipys(ufunc):
        op = SPECIAL.get(ufunc.__name__)
    if op is None:
        name = name_of(ufunc)
        raise TypeError(REFUSED.get(name) or refusal(name))
    return op


def call(ufunc: Any, inputs: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    """Apply a ufunc with NumPy's keywords, or to lists."""
    if set(ufunc.types) == {f"{'O' * ufunc.nin}->{'O' * ufunc.nout}"}:
        return _of_python(ufunc, inputs, keywords)
    op = op_of(ufunc)
    outs = outputs(ufunc, "", inputs, keywords.get("out"))
    inputs = tuple(as_tensor(x, like=inputs) if isinstance(x, list | tuple) else x for x in inputs)
    chosen = {k: v for k, v in keywords.items() if k not in ("out", "where")}
    if chosen.get("order", "K") not in ("C", "F", "A", "K"):
        raise ValueError(f"{name_of(ufunc)}: order must be 'C', 'F', 'A' or 'K'")
    results: tuple[Any, ...]
    if ufunc.signature is not None:
        results = with_axes(ufunc, op, inputs, chosen, keywords.get("where", True))
    else:
        inputs, dtypes = _converted(ufunc, inputs, chosen)
        mask = keywords.get("where", True)
        whole = mask is True
        results = _tuple(op(*inputs)) if whole else _where(ufunc, op, inputs, mask, outs)
        if dtypes:
            results = tuple(
                as_tensor(r) if dtype_of(r) == dtype else astype(r, dtype)
                for r, dtype in zip(results, dtypes, strict=True)
            )
    results = tuple(
        r if out is None else _written(ufunc, r, out, chosen.get("casting", "same_kind"))
        for r, out in zip(results, outs, strict=True)
    )
    return results if len(results) > 1 else results[0]


def _tuple(results: Any) -> tuple[Any, ...]:
    return results if isinstance(results, tuple) else (results,)


# -- dtype=, casting=, signature= --------------------------------------------------------------


def _converted(
    ufunc: Any, inputs: tuple[Any, ...], keywords: dict[str, Any]
) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Convert inputs to the dtypes that NumPy would compute in; return those of the results, too.

    Without such keywords, nothing changes.
    """
    asked = {k: keywords[k] for k in ("dtype", "casting", "signature", "sig") if k in keywords}
    asked = {k: v for k, v in asked.items() if v is not None}
    if not asked:
        return inputs, ()
    if "dtype" in asked:
        asked["signature"] = (None,) * ufunc.nin + (np.dtype(asked.pop("dtype")),) * ufunc.nout
    given = [type(x) if type(x) in (int, float, complex) else _dtype(x) for x in inputs]
    found = ufunc.resolve_dtypes((*given, *(None,) * ufunc.nout), **asked)
    converted = tuple(
        x if type(x) in (int, float, complex) or dtype_of(x) == dtype else astype(x, dtype)
        for x, dtype in zip(inputs, found, strict=False)
    )
    if not any(hasattr(x, "dtype") for x in converted):
        converted = tuple(as_tensor(x, dtype=d) for x, d in zip(converted, found, strict=False))
    return converted, found[ufunc.nin :]


def _dtype(x: Any) -> np.dtype[Any]:
    return dtype_of(x) if hasattr(x, "dtype") else np.asarray(x).dtype


# -- where= ------------------------------------------------------------------------------------

_FILLS: dict[Any, tuple[float, ...]] = {}


def fill(ufunc: Any) -> tuple[float, ...]:
    """Return numbers at which a ufunc is smooth, for arguments that are not selected."""
    if ufunc not in _FILLS:
        whole = WHOLE.get(ufunc.__name__, ())  # of SciPy's functions, which require integers there
        for number in (0.5, 1.5, 1.0, 2.0):
            numbers = tuple(1.0 if i in whole else number for i in range(ufunc.nin))
            _FILLS[ufunc] = numbers
            near = [tuple(x + step * (x % 1) for x in numbers) for step in (-1e-3, 0, 1e-3)]
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    values = [dry_run(ufunc, *point) for point in near]
            except TypeError:  # some arguments are integers: they become 1
                break
            if np.all(np.isfinite(values)):
                break
    return _FILLS[ufunc]


def safe(ufunc: Any, mask: Any, x: Any, position: int) -> Any:
    """Return an argument with harmless numbers where a mask is false.

    The derivative of what is not selected is then 0 times a finite number, and NumPy's warnings
    about it do not appear.
    """
    if not getattr(x, "shape", ()) and type(x) is not Tensor:
        return x
    kind = dtype_of(x).kind
    number: Any = True if kind == "b" else 1 if kind in "iu" else fill(ufunc)[position]
    return where(mask, x, number)


def on_backend_of(array: Any, like: Any) -> Tensor:
    """Return a mask or positions as a Tensor on the backend and device of another array."""
    if type(array) is Tensor:
        return array
    owner = backend_below(like)
    if not backend_below(array).on_host or owner.on_host:
        return as_tensor(array)
    return as_tensor(owner.from_numpy(array, device=owner.xp.device(lowest(like))))


def checked_mask(ufunc: Any, mask: Any, like: Any) -> Tensor:
    """Return ``where=`` as a Tensor of booleans, or raise."""
    mask = mask if hasattr(mask, "dtype") else np.asarray(mask)
    if dtype_of(mask).kind != "b":
        raise TypeError(f"{name_of(ufunc)}: where must be an array of booleans, not {mask.dtype}")
    return on_backend_of(mask, like)


def _where(
    ufunc: Any, op: Callable[..., Any], inputs: tuple[Any, ...], mask: Any, outs: tuple[Any, ...]
) -> tuple[Any, ...]:
    """Apply an op to the elements that a mask selects; the others are those of ``out``, or 0."""
    like = next(x for x in (*inputs, *outs) if type(x) is Tensor)
    mask = checked_mask(ufunc, mask, like)
    results = _tuple(op(*(safe(ufunc, mask, x, i) for i, x in enumerate(inputs))))
    kept = (zeros_like(r) if out is None else out for r, out in zip(results, outs, strict=True))
    return tuple(
        where(mask, r, astype(old, r.dtype, copy=False) if _fits(old, r) else old)
        for r, old in zip(results, kept, strict=True)
    )


def _fits(old: Any, new: Any) -> bool:
    return bool(np.can_cast(dtype_of(old), dtype_of(new), "same_kind"))


# -- out= --------------------------------------------------------------------------------------

#: The operators that NumPy's arrays implement by ufuncs.
_SYMBOLS = {
    "add": "+", "subtract": "-", "multiply": "*", "divide": "/", "floor_divide": "//",
    "remainder": "%", "power": "**", "matmul": "@", "bitwise_and": "&", "bitwise_or": "|",
    "bitwise_xor": "^", "left_shift": "<<", "right_shift": ">>",
}  # fmt: skip


def outputs(ufunc: Any, method: str, inputs: tuple[Any, ...], out: Any) -> tuple[Any, ...]:
    """Return ``out=`` as a tuple of Tensors and None, or raise."""
    outs = (None,) * ufunc.nout if out is None else _tuple(out)
    for array in outs:
        if array is None or type(array) is Tensor:
            continue
        symbol = _SYMBOLS.get(ufunc.__name__)
        name = f"{name_of(ufunc)}.{method}" if method else name_of(ufunc)
        kind = type(array).__name__
        if not method and symbol and len(inputs) == 2 and inputs[0] is array:
            raise TypeError(
                f"{kind} {symbol}= Tensor: an {kind} cannot hold a Tensor's derivative; write "
                f"x = x {symbol} t, or create x as a Tensor (xgrad.asarray(x), or "
                "import xgrad.numpy as np)"
            )
        raise TypeError(
            f"{name}: out must be a Tensor, got {kind}, which cannot hold a Tensor's derivative; "
            "use the result, or an array of xgrad.zeros (or import xgrad.numpy as np)"
        )
    return outs


def _written(ufunc: Any, result: Any, out: Tensor, casting: str) -> Tensor:
    have, want = dtype_of(result), dtype_of(out)
    if not np.can_cast(have, want, casting):  # type: ignore[arg-type]
        raise TypeError(
            f"Cannot cast ufunc {ufunc.__name__!r} output from {have!r} to {want!r} with casting "
            f"rule {casting!r}"
        )
    if result.shape != out.shape:
        try:
            result = broadcast_to(result, out.shape)
        except ValueError:
            raise ValueError(
                f"{name_of(ufunc)}: out has shape {out.shape}, the result {tuple(result.shape)}"
            ) from None
    if have.kind == "c" != want.kind:
        raise TypeError(f"{name_of(ufunc)}: out of dtype {want} would lose imaginary parts")
    setitem(out, ..., result)
    return out


def write(ufunc: Any, result: Tensor, outs: tuple[Any, ...], casting: str = "same_kind") -> Tensor:
    """Return the result of a method, written into ``out=`` if that was passed."""
    return result if outs[0] is None else _written(ufunc, result, outs[0], casting)


# -- Python functions --------------------------------------------------------------------------


def _elements(x: Any) -> np.ndarray[Any, Any]:
    """Return an array of objects: the elements of a Tensor, each a Tensor."""
    if type(x) is not Tensor:
        return np.asarray(x, dtype=object)
    out = np.empty(x.shape, dtype=object)
    flat = out.reshape(-1)
    for i, element in enumerate(unstack(reshape(x, (-1,))) if flat.size else ()):
        flat[i] = element  # NumPy would convert a list of Tensors
    return out


def _of_python(ufunc: Any, inputs: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
    """Call the ufunc of a Python function (`numpy.frompyfunc`) element by element."""
    outs = outputs(ufunc, "", inputs, keywords.pop("out", None))
    results = _tuple(ufunc(*map(_elements, inputs), **keywords))
    tensors = [x for x in inputs if type(x) is Tensor]
    gathered = tuple(_gathered(r, tensors) for r in results)
    gathered = tuple(
        r if out is None else _written(ufunc, r, out, "same_kind")
        for r, out in zip(gathered, outs, strict=True)
    )
    return gathered if len(gathered) > 1 else gathered[0]


def _gathered(results: Any, like: Any) -> Any:
    """Return numbers and Tensors of no axes as one Tensor; other objects as NumPy's array."""
    array = np.asarray(results, dtype=object) if type(results) is not Tensor else None
    if array is None:
        return results
    parts = array.reshape(-1).tolist()
    if not parts or not all(_is_number(part) for part in parts):
        return results
    return reshape(stack([as_tensor(part, like=like) for part in parts]), array.shape)


def _is_number(x: Any) -> bool:
    if type(x) is Tensor:
        return x.shape == ()
    return isinstance(x, bool | int | float | complex | np.number | np.bool_)

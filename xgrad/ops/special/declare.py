"""Declaration of a special function: its name in SciPy, its arguments, its derivatives."""

import functools
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, ParamSpec, Unpack

from xgrad.backends.dtypes import canonical, float32, is_complex, is_differentiable, refuse_complex
from xgrad.backends.namespace import Namespace
from xgrad.backends.special import SpecialFunctions
from xgrad.engine.constructors import elementwise
from xgrad.engine.declare import Declared, Decorator
from xgrad.engine.elementwise import Partial
from xgrad.errors import AutogradError
from xgrad.typing import Value

P = ParamSpec("P")


class NoClosedForm:
    """Marks an argument whose derivative is not known in closed form."""


UNKNOWN = NoClosedForm()


def _half(arrays: tuple[Any, ...]) -> Any:
    """Return the half-precision dtype that all arrays share, or None.

    Python numbers are ignored.
    """
    dtypes = {canonical(x.dtype) for x in arrays if hasattr(x, "dtype")}
    dtype = dtypes.pop()
    is_half = dtype.itemsize == 2 and is_differentiable(dtype)
    return dtype if is_half and not dtypes else None


def scipys(name: str) -> Any:
    """Return the value for complex numbers, which is SciPy's on every backend."""

    def value(xp: Namespace, x: Value) -> Any:
        return SpecialFunctions.special(xp, name, x)

    return value


def special(
    *partials: Partial | NoClosedForm,
    singular: bool | Sequence[bool] = False,
    of_complex: Callable[..., Any] | None = None,
    **declared: Unpack[Declared],
) -> Decorator:
    """Declare an elementwise function of ``scipy.special``: its signature and its docstring.

    Parameters
    ----------
    partials
        One for each argument, as in `elementwise`, or `UNKNOWN`.
    singular
        As in `elementwise`.
    of_complex
        ``of_complex(xp, *arrays)`` is the value for complex numbers; without it, these raise.
    **declared
        As in `elementwise`; ``scipy`` defaults to the function's own name.
    """

    def decorate(entry: Callable[..., Any]) -> Any:
        name = entry.__name__

        @functools.wraps(entry)
        def value(xp: Namespace, *arrays: Value) -> Any:
            if of_complex is not None and any(is_complex(x.dtype) for x in arrays):
                return of_complex(xp, *arrays)
            refuse_complex(name, *arrays)
            narrow = _half(arrays)
            if narrow is not None:  # SciPy would return double precision
                floats = (xp.astype(x, float32) if hasattr(x, "dtype") else x for x in arrays)
                wide = xp.special(name, *floats)
                return xp.astype(wide, narrow)
            return xp.special(name, *arrays)

        arguments = entry.__code__.co_varnames[1 : entry.__code__.co_argcount]
        rules = [
            _refusal(name, argument) if isinstance(d, NoClosedForm) else d
            for argument, d in zip(arguments, partials, strict=True)
        ]
        said: Declared = {"scipy": name, **declared}
        return elementwise(partials=rules, singular=singular, **said)(value)

    return decorate


def _refusal(function: str, argument: str) -> Callable[[Any], NoReturn]:
    def refuse(xp: Namespace) -> NoReturn:
        raise AutogradError(
            f"{function}: the derivative with respect to {argument} has no closed form; "
            f"detach {argument}, or pass it as a constant"
        )

    return refuse

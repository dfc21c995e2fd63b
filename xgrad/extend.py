"""Functions that are not differentiated but have a rule, under HIPS/autograd's names.

`primitive` makes a function a black box, `defvjp` gives it a derivative for reverse mode, `defjvp`
one for forward mode. Either serves both modes, and derivatives of any order: they differentiate the
code of the rule.

See Also
--------
xgrad.custom_vjp : JAX's names, for functions whose code can also be vectorized.
xgrad.custom_jvp : The same, for forward mode.
xgrad.autograd.Function : PyTorch's interface.
"""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import optree

from xgrad.engine.tensor import Tensor
from xgrad.transforms.black_box import Call
from xgrad.transforms.trees import function_of, name_of

__all__ = [
    "def_linear", "defjvp", "defjvp_argnum", "defjvp_argnums", "defvjp", "defvjp_argnum",
    "defvjp_argnums", "primitive",
]  # fmt: skip


def __dir__() -> list[str]:
    return __all__


#: Takes the positions of arguments, the value and all arguments; returns the pullback.
VJPMaker = Callable[[tuple[int, ...], Any, tuple[Any, ...], dict[str, Any]], Callable[[Any], Any]]
#: Takes the positions of arguments, their tangents, the value and all arguments.
JVPMaker = Callable[[tuple[int, ...], list[Any], Any, tuple[Any, ...], dict[str, Any]], Any]


class primitive:  # noqa: N801 - a decorator, named as in HIPS/autograd
    """Make a function a black box, whose derivative `defvjp` or `defjvp` defines.

    The function is called with raw arrays, so it may use any library and write into its own arrays.
    Its arguments may be trees; those with derivatives are positional. Under `vmap` it is called for
    one example at a time.

    Parameters
    ----------
    function : callable

    Examples
    --------
    >>> import numpy as np
    >>> import xgrad as xg
    >>> from xgrad.extend import defvjp, primitive
    >>> @primitive
    ... def logsumexp(x):
    ...     largest = np.max(x)
    ...     return largest + np.log(np.sum(np.exp(x - largest)))
    >>> defvjp(logsumexp, lambda ans, x: lambda g: g * np.exp(x - ans))
    >>> xg.grad(logsumexp)(np.zeros(4))
    array([0.25, 0.25, 0.25, 0.25])
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        self.fun = function_of("primitive", function)
        self.vjp: VJPMaker | None = None
        self.jvp: JVPMaker | None = None
        functools.update_wrapper(self, function)

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        """Call the function; the rule defines its derivative."""
        leaves = optree.tree_leaves((args, keywords))
        if not any(type(x) is Tensor for x in leaves):
            return self.fun(*args, **keywords)
        return Call(self, args, keywords).run()

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else functools.partial(self, instance)

    def __repr__(self) -> str:
        return f"<primitive {name_of(self.fun)}>"


def _check(function: str, f: Any) -> primitive:
    if not isinstance(f, primitive):
        raise TypeError(
            f"{function}: expected a function made by xgrad.extend.primitive, got "
            f"{getattr(f, '__name__', type(f).__name__)}; the rules of xgrad's own functions "
            "cannot be replaced"
        )
    return f


def _each(
    function: str, f: Any, rules: Sequence[Any], argnums: Sequence[int] | None
) -> tuple[primitive, dict[int, Any]]:
    """Return the rules by the positions of their arguments."""
    positions = range(len(rules)) if argnums is None else argnums
    if len(positions) != len(rules):
        raise ValueError(f"{function}: got {len(rules)} rules for {len(positions)} argnums")
    return _check(function, f), dict(zip(positions, rules, strict=True))


def _rule(f: primitive, rules: dict[int, Any], mode: str, i: int) -> Any:
    if i not in rules:
        raise NotImplementedError(
            f"{f!r} has no {mode} for argument {i}, which is differentiated; pass one, or None "
            "for a derivative of 0"
        )
    return rules[i]


# -- rules for reverse mode ----------------------------------------------------------------------


def defvjp(f: Any, *vjpmakers: Any, argnums: Sequence[int] | None = None) -> None:
    """Set the rules for reverse mode, one per argument.

    Parameters
    ----------
    f : primitive
    *vjpmakers : callable or None
        ``vjpmaker(ans, *args, **keywords)`` returns a function of the cotangent ``g`` of the value
        ``ans``, which returns that of the argument. None: the derivative is 0.
    argnums : sequence of int, optional
        The arguments that the rules are for; by default the first ones.

    Notes
    -----
    As in HIPS/autograd, a rule of complex values multiplies by the derivative itself, not by its
    conjugate: ``defvjp(square, lambda ans, z: lambda g: g * 2 * z)``.

    Examples
    --------
    >>> import xgrad as xg
    >>> from xgrad.extend import defvjp, primitive
    >>> @primitive
    ... def product(x, y):
    ...     return x * y
    >>> defvjp(product, lambda ans, x, y: lambda g: g * y, lambda ans, x, y: lambda g: g * x)
    >>> xg.grad(product, argnum=(0, 1))(2.0, 3.0), xg.jvp(product, (2.0, 3.0), (1.0, 0.0))
    ((3.0, 2.0), (6.0, 3.0))
    """
    f, rules = _each("defvjp", f, vjpmakers, argnums)

    def pullback_of(i: int, ans: Any, args: Any, keywords: Any) -> Callable[[Any], Any]:
        maker = _rule(f, rules, "vjpmaker", i)
        if maker is None:
            return lambda g: None
        pullback: Callable[[Any], Any] = maker(ans, *args, **keywords)
        return pullback

    defvjp_argnum(f, pullback_of)


def defvjp_argnum(f: Any, vjpmaker: Callable[..., Any]) -> None:
    """Set one rule for reverse mode: ``vjpmaker(argnum, ans, args, keywords)`` returns a function.

    Examples
    --------
    >>> import xgrad as xg
    >>> from xgrad.extend import defvjp_argnum, primitive
    >>> total = primitive(lambda *xs: sum(xs))
    >>> defvjp_argnum(total, lambda argnum, ans, args, keywords: lambda g: g)
    >>> xg.grad(total, argnum=(0, 2))(1.0, 2.0, 3.0)
    (1.0, 1.0)
    """

    def makers(argnums: Any, ans: Any, args: Any, keywords: Any) -> Callable[[Any], Any]:
        pullbacks = [vjpmaker(i, ans, args, keywords) for i in argnums]
        return lambda g: [pullback(g) for pullback in pullbacks]

    defvjp_argnums(f, makers)


def defvjp_argnums(f: Any, vjpmaker: Callable[..., Any]) -> None:
    """Set one rule for several arguments: ``vjpmaker(argnums, ans, args, keywords)``.

    It returns a function of the cotangent of ``ans``, which returns one cotangent per position.

    Examples
    --------
    >>> import xgrad as xg
    >>> from xgrad.extend import defvjp_argnums, primitive
    >>> product = primitive(lambda x, y: x * y)
    >>> def rule(argnums, ans, args, keywords):
    ...     return lambda g: [g * args[1 - i] for i in argnums]
    >>> defvjp_argnums(product, rule)
    >>> xg.grad(product)(2.0, 3.0)
    3.0
    """
    _check("defvjp_argnums", f).vjp = vjpmaker


# -- rules for forward mode ----------------------------------------------------------------------


def defjvp(f: Any, *jvpfuns: Any, argnums: Sequence[int] | None = None) -> None:
    """Set the rules for forward mode, one per argument.

    Parameters
    ----------
    f : primitive
    *jvpfuns : callable, "same" or None
        ``jvpfun(g, ans, *args, **keywords)`` returns the tangent of the value for the tangent ``g``
        of the argument; "same" applies ``f`` itself, which is linear in the argument (reverse mode
        then needs `defvjp`). None: the
        derivative is 0.
    argnums : sequence of int, optional
        The arguments that the rules are for; by default the first ones.

    Examples
    --------
    >>> import xgrad as xg
    >>> from xgrad.extend import defjvp, primitive
    >>> @primitive
    ... def product(x, y):
    ...     return x * y
    >>> defjvp(product, lambda g, ans, x, y: g * y, lambda g, ans, x, y: x * g)
    >>> xg.jvp(product, (2.0, 3.0), (1.0, 10.0)), xg.grad(product)(2.0, 3.0)
    ((6.0, 23.0), 3.0)
    """
    f, rules = _each("defjvp", f, jvpfuns, argnums)

    def pushed(i: int, g: Any, ans: Any, args: Any, keywords: Any) -> Any:
        rule = _rule(f, rules, "jvpfun", i)
        if isinstance(rule, str) and rule == "same":
            return f(*args[:i], g, *args[i + 1 :], **keywords)
        return None if rule is None else rule(g, ans, *args, **keywords)

    defjvp_argnum(f, pushed)


def defjvp_argnum(f: Any, jvpmaker: Callable[..., Any]) -> None:
    """Set one rule for forward mode: ``jvpmaker(argnum, g, ans, args, keywords)``.

    Examples
    --------
    >>> import xgrad as xg
    >>> from xgrad.extend import defjvp_argnum, primitive
    >>> total = primitive(lambda *xs: sum(xs))
    >>> defjvp_argnum(total, lambda argnum, g, ans, args, keywords: g)
    >>> xg.jvp(total, (1.0, 2.0), (1.0, 10.0))
    (3.0, 11.0)
    """

    def pushed(argnums: Any, gs: Any, ans: Any, args: Any, keywords: Any) -> Any:
        parts = [jvpmaker(i, g, ans, args, keywords) for i, g in zip(argnums, gs, strict=True)]
        return _sum([part for part in parts if part is not None])

    defjvp_argnums(f, pushed)


def defjvp_argnums(f: Any, jvpmaker: Callable[..., Any]) -> None:
    """Set one rule for several arguments: ``jvpmaker(argnums, gs, ans, args, keywords)``.

    It returns the tangent of the value.

    Examples
    --------
    >>> import xgrad as xg
    >>> from xgrad.extend import defjvp_argnums, primitive
    >>> product = primitive(lambda x, y: x * y)
    >>> def rule(argnums, gs, ans, args, keywords):
    ...     return sum(g * args[1 - i] for i, g in zip(argnums, gs))
    >>> defjvp_argnums(product, rule)
    >>> xg.jvp(product, (2.0, 3.0), (1.0, 10.0))
    (6.0, 23.0)
    """
    _check("defjvp_argnums", f).jvp = jvpmaker


def def_linear(f: Any) -> None:
    """Declare that ``f`` is linear in each argument, which defines forward mode.

    Reverse mode needs its transpose, which `defvjp` defines.

    Examples
    --------
    >>> import xgrad as xg
    >>> from xgrad.extend import def_linear, primitive
    >>> product = primitive(lambda x, y: x * y)
    >>> def_linear(product)
    >>> xg.jvp(product, (2.0, 3.0), (1.0, 10.0))
    (6.0, 23.0)
    """
    f = _check("def_linear", f)
    defjvp_argnum(f, lambda i, g, ans, args, keywords: f(*args[:i], g, *args[i + 1 :], **keywords))


def _sum(trees: list[Any]) -> Any:
    """Return the sum of trees; None if there are none."""
    return (
        functools.reduce(lambda a, b: optree.tree_map(lambda x, y: x + y, a, b), trees)
        if trees
        else None
    )

"""Custom rules: `custom_vjp` and `custom_jvp`, named as in JAX."""

import functools
import inspect
from collections.abc import Callable, Collection, Sequence
from typing import Any, Self

import optree

from xgrad.backends.registry import find_backend
from xgrad.engine.cotangents import zeros_like
from xgrad.engine.dispatch import same_library, wrap
from xgrad.engine.tensor import Tensor, snapshot, stripped
from xgrad.errors import AutogradError
from xgrad.ops.creation import as_tensor
from xgrad.transforms.reverse import vjp
from xgrad.transforms.rules import Values, call
from xgrad.transforms.trees import join_arrays, name_of, split_arrays

__all__ = ["custom_jvp", "custom_vjp"]


class Custom:
    """A function with a rule, and how a call of it treats its arguments."""

    _kind: str

    def __init__(self, function: Callable[..., Any], nondiff_argnums: Sequence[int] = ()) -> None:
        self.function = function
        self.nondiff_argnums = tuple(nondiff_argnums)
        self.name = f"{self._kind} {name_of(function)}"
        functools.update_wrapper(self, function)
        self._signature = inspect.signature(function)

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        """Call the function; the rule defines its derivative."""
        self._check_defined()
        bound = self._signature.bind(*args, **keywords)
        bound.apply_defaults()
        if bound.kwargs:
            raise TypeError(f"{self.name}: a rule does not support keyword-only arguments")
        return Call(self, bound.args).run()

    def _check_defined(self) -> None:
        raise NotImplementedError

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        return self if instance is None else functools.partial(self, instance)

    def __repr__(self) -> str:
        return f"<{self.name}>"


_NUMBERS = bool | int | float | complex


class Call:
    """One call: a rule for the flat list of the tracked leaves of its arguments."""

    constant: Collection[int] = ()

    def __init__(self, custom: Any, args: tuple[Any, ...]) -> None:
        self.custom, self.name = custom, custom.name
        fixed = {i % max(len(args), 1) for i in custom.nondiff_argnums}
        self.fixed = tuple(x for i, x in enumerate(args) if i in fixed)
        self.positions = [i for i in range(len(args)) if i not in fixed]
        self.count = len(args)
        leaves, self.spec = optree.tree_flatten(tuple(args[i] for i in self.positions))
        self.leaves = [x if type(x) is not Tensor else stripped(x) for x in leaves]
        self.tracked = [i for i, x in enumerate(self.leaves) if type(x) is Tensor]
        self.out: Any = None

    def run(self) -> Any:
        """Return the result of the function."""
        outs = call(self, [self.leaves[i] for i in self.tracked])
        return join_arrays(outs, self.out)

    def _arguments(self, values: Values) -> tuple[Any, ...]:
        """Return all arguments, arrays as Tensors."""
        leaves = [x if find_backend(x) is None else wrap(x) for x in self.leaves]
        for i, x in zip(self.tracked, values, strict=True):
            leaves[i] = snapshot(wrap(x))  # the rule may write into it
        differentiated = iter(self.spec.unflatten(leaves))
        fixed = iter(self.fixed)
        return tuple(
            next(differentiated if i in self.positions else fixed) for i in range(self.count)
        )

    def _outputs(self, result: Any) -> list[Any]:
        result = optree.tree_map(
            lambda x: as_tensor(x, like=self.leaves) if isinstance(x, _NUMBERS) else x, result
        )
        arrays, self.out = split_arrays(result)
        return arrays

    def plain(self, args: Values) -> list[Any]:
        """Return the outputs without differentiation."""
        return self._outputs(self.custom.function(*self._arguments(args)))

    def forward(self, args: Values) -> tuple[list[Any], Any]:
        """Return the outputs, and the residuals for `backward`."""
        outs, residuals = self.custom.for_backward(self, self._arguments(args), args)
        return self._outputs(outs), (residuals, self.out)

    def again(self, args: Values) -> Any:
        """Return the residuals for `backward`, connected to the arguments."""
        return self.forward(args)[1]

    def backward(self, residuals: Any, cotangents: Values, args: Values) -> list[Any]:
        """Return the cotangents of the tracked leaves."""
        saved, out = residuals
        return list(self.custom.pulled(self, saved, out, cotangents, args))

    def jvp(self, args: Values, tangents: Values) -> tuple[list[Any], list[Any]]:
        """Return the outputs and their tangents."""
        results: tuple[list[Any], list[Any]] = self.custom.pushed(self, args, tangents)
        return results


class custom_vjp(Custom):  # noqa: N801 - a decorator, named as in JAX
    """Give a function a reverse-mode rule.

    Parameters
    ----------
    function : callable
        A function of positional arguments, which are trees of arrays and passed as Tensors. It is
        called if nothing is differentiated.
    nondiff_argnums : sequence of int
        Arguments that are not arrays, or not differentiated; ``backward`` gets them first.

    Notes
    -----
    As in JAX, a second derivative differentiates the code of ``forward`` and ``backward``,
    and forward mode raises: `custom_jvp` supports both modes.

    Examples
    --------
    >>> import xgrad as xg
    >>> @xg.custom_vjp
    ... def clip_gradient(x, limit):
    ...     return x
    >>> def forward(x, limit):
    ...     return x, limit
    >>> def backward(limit, g):
    ...     return xg.clip(g, -limit, limit), None
    >>> clip_gradient.defvjp(forward, backward)
    >>> xg.grad(lambda x: clip_gradient(x, 1.0) ** 2)(3.0)
    1.0
    """

    _kind = "custom_vjp"

    def __init__(self, function: Callable[..., Any], nondiff_argnums: Sequence[int] = ()) -> None:
        super().__init__(function, nondiff_argnums)
        self._forward: Callable[..., Any] | None = None
        self._backward: Callable[..., Any] | None = None

    def defvjp(self, forward: Callable[..., Any], backward: Callable[..., Any]) -> Self | None:
        """Set the rule.

        Parameters
        ----------
        forward : callable
            Takes the function's arguments; returns ``(output, residuals)``.
        backward : callable
            ``backward(*nondiff, residuals, cotangent)`` returns a tuple with the cotangent of
            each differentiated argument; None stands for zeros.
        """
        self._forward, self._backward = forward, backward
        return None

    def _check_defined(self) -> None:
        if self._forward is None:
            raise AutogradError(
                f"{self.name} has no rule yet; call {name_of(self.function)}.defvjp(forward, "
                "backward)"
            )

    def for_backward(
        self,
        call: Call,
        arguments: tuple[Any, ...],
        args: Values,
    ) -> tuple[Any, Any]:
        """Return the outputs and the residuals."""
        assert self._forward is not None  # noqa: S101 - checked when it was called
        result = self._forward(*arguments)
        if not isinstance(result, tuple) or len(result) != 2:
            raise TypeError(
                f"{self.name}: forward must return (output, residuals), got {type(result).__name__}"
            )
        saved = optree.tree_map(snapshot, result[1])
        return result[0], (saved, _for_zeros(result[0]))

    def pulled(
        self,
        call: Call,
        saved: Any,
        out: Any,
        cotangents: Values,
        args: Values,
    ) -> list[Any]:
        """Return the cotangents of the tracked leaves."""
        assert self._backward is not None  # noqa: S101 - checked when it was called
        residuals, outs = saved
        seeds = [zeros_like(o) if g is None else g for g, o in zip(cotangents, outs, strict=True)]
        result = self._backward(*call.fixed, residuals, join_arrays(seeds, out))
        return _leaves_of(self.name, call, result)

    def pushed(self, call: Call, args: Values, tangents: Values) -> Any:
        """Raise: forward mode is not defined."""
        raise AutogradError(
            f"{self.name} has no rule for forward mode (jvp, jacfwd, hessian); use "
            "custom_jvp, which supports both modes, or jacrev and hvp by reverse over reverse"
        )


def _value(x: Any, like: Any) -> Any:
    """Return an array or a number as a value, a number on the backend of the tree's arrays."""
    return stripped(x) if hasattr(x, "dtype") else stripped(as_tensor(x, like=like))


def _leaves_of(name: str, call: Call, cotangents: Any) -> list[Any]:
    """Return the result of a backward function for each tracked leaf."""
    if not isinstance(cotangents, tuple | list):
        cotangents = (cotangents,)
    if len(cotangents) != len(call.positions):
        raise ValueError(
            f"{name}: backward must return a cotangent for each of {len(call.positions)} "
            f"argument(s), got {len(cotangents)}"
        )
    leaves: list[Any] = []
    for tree, subtree in zip(cotangents, call.spec.children(), strict=True):
        if tree is None:
            leaves.extend([None] * subtree.num_leaves)
            continue
        try:
            leaves.extend(subtree.flatten_up_to(tree))
        except ValueError as error:
            raise ValueError(
                f"{name}: a cotangent does not have the tree of its argument: {error}"
            ) from None
    return [leaves[i] for i in call.tracked]


class custom_jvp(Custom):  # noqa: N801 - a decorator, named as in JAX
    """Give a function a forward-mode rule, which also defines reverse mode.

    Parameters are those of `custom_vjp`. The rule must be linear in the tangents, because
    reverse mode uses its transpose.

    Examples
    --------
    >>> import xgrad as xg
    >>> @xg.custom_jvp
    ... def log1pexp(x):
    ...     return xg.log1p(xg.exp(x))
    >>> @log1pexp.defjvp
    ... def rule(primals, tangents):
    ...     (x,), (t,) = primals, tangents
    ...     return log1pexp(x), t * (1 - 1 / (1 + xg.exp(x)))
    >>> xg.grad(log1pexp)(100.0), xg.jvp(log1pexp, (0.0,), (1.0,))[1]
    (1.0, 0.5)
    """

    _kind = "custom_jvp"

    def __init__(self, function: Callable[..., Any], nondiff_argnums: Sequence[int] = ()) -> None:
        super().__init__(function, nondiff_argnums)
        self._rule: Callable[..., Any] | None = None

    def defjvp(self, rule: Callable[..., Any]) -> Callable[..., Any]:
        """Set the rule: ``rule(*nondiff, primals, tangents)`` returns ``(output, tangent)``."""
        self._rule = rule
        return rule

    def defjvps(self, *rules: Callable[..., Any] | None) -> None:
        """Set one rule per argument: ``rule(tangent, output, *primals)``, or None for 0."""

        def rule(primals: Any, tangents: Any) -> Any:
            out = self(*primals)
            total: Any = None
            for part, t in zip(rules, tangents, strict=True):
                if part is not None:
                    term = part(t, out, *primals)
                    total = (
                        term if total is None else optree.tree_map(lambda a, b: a + b, total, term)
                    )
            if total is None:
                total = optree.tree_map(lambda x: wrap(zeros_like(stripped(x))), out)
            return out, total

        if self.nondiff_argnums:
            raise ValueError(f"{self.name}: defjvps does not support nondiff_argnums; use defjvp")
        self._rule = rule

    def _check_defined(self) -> None:
        if self._rule is None:
            raise AutogradError(
                f"{self.name} has no rule yet; call {name_of(self.function)}.defjvp(rule)"
            )

    def _apply(self, call: Call, args: Values, tangents: Values) -> tuple[Any, Any]:
        """Call the rule, with zeros for missing tangents."""
        assert self._rule is not None  # noqa: S101 - checked when it was called
        arguments = call._arguments(args)
        primals = tuple(arguments[i] for i in call.positions)
        leaves: list[Any] = [_zeros_for(x) for x in call.leaves]
        for i, x, t in zip(call.tracked, args, tangents, strict=True):
            leaves[i] = wrap(zeros_like(x) if t is None else t)
        result = self._rule(*call.fixed, primals, call.spec.unflatten(leaves))
        if not isinstance(result, tuple) or len(result) != 2:
            raise TypeError(
                f"{self.name}: the rule must return (output, tangent), got {type(result).__name__}"
            )
        return result

    def pushed(self, call: Call, args: Values, tangents: Values) -> Any:
        """Return the outputs and their tangents."""
        outs, changes = self._apply(call, args, tangents)
        values = call._outputs(outs)
        return values, _tangents_like(self.name, values, changes)

    def for_backward(
        self,
        call: Call,
        arguments: tuple[Any, ...],
        args: Values,
    ) -> tuple[Any, Any]:
        """Return the outputs and the transpose of the rule."""

        def of_tangents(*tangents: Any) -> Any:
            outs, changes = self._apply(call, args, [stripped(t) for t in tangents])
            values = [_value(x, args) for x in optree.tree_leaves(outs)]
            return _tangents_like(self.name, values, changes), outs

        _, pullback, outs = vjp(of_tangents, *(wrap(zeros_like(x)) for x in args), has_aux=True)
        return outs, (pullback, _for_zeros(outs))

    def pulled(
        self,
        call: Call,
        saved: Any,
        out: Any,
        cotangents: Values,
        args: Values,
    ) -> list[Any]:
        """Return the cotangents of the tracked leaves."""
        pullback, outs = saved
        seeds = [
            wrap(zeros_like(o) if g is None else g) for g, o in zip(cotangents, outs, strict=True)
        ]
        return [stripped(c) for c in pullback(seeds)]


def _for_zeros(outs: Any) -> list[Any]:
    """Return the templates of missing cotangents; a single output always has a cotangent."""
    leaves = optree.tree_leaves(outs)
    return [_value(x, leaves) for x in leaves] if len(leaves) > 1 else [None]


def _zeros_for(x: Any) -> Any:
    """Return the tangent of a constant leaf."""
    if hasattr(x, "dtype"):
        return wrap(zeros_like(x))
    return 0.0 if isinstance(x, int | float | complex) else None


def _tangents_like(name: str, values: Sequence[Any], tangents: Any) -> list[Any]:
    """Check the tangents of outputs and return them as values."""
    leaves = [_value(t, values) for t in optree.tree_leaves(tangents)]
    if len(leaves) != len(values):
        raise ValueError(
            f"{name}: the rule returned {len(leaves)} tangent(s) for {len(values)} output(s)"
        )
    for x, t in zip(values, leaves, strict=True):
        if tuple(x.shape) != tuple(t.shape):
            raise ValueError(
                f"{name}: expected a tangent of shape {tuple(x.shape)}, got {tuple(t.shape)}"
            )
    return [same_library(name, t, x) for x, t in zip(values, leaves, strict=True)]

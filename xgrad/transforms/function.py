"""`Function`: an operation with a custom backward, in PyTorch's style."""

from collections.abc import Collection, Sequence
from typing import Any

from xgrad.backends.registry import find_backend
from xgrad.engine.dispatch import namespace, wrap
from xgrad.engine.tensor import Tensor, snapshot, stripped
from xgrad.errors import AutogradError
from xgrad.transforms.rules import Values, call

__all__ = ["Function", "FunctionContext"]


class FunctionContext:
    """The ``ctx`` of `Function`, which passes values from ``forward`` to ``backward``.

    Attributes
    ----------
    saved_tensors : tuple
        The arguments of `save_for_backward`.
    needs_input_grad : tuple of bool
        For each argument of ``apply``, whether its gradient is needed.
    """

    def __init__(self, needs_input_grad: tuple[bool, ...]) -> None:
        self.needs_input_grad = needs_input_grad
        self.saved_tensors: tuple[Any, ...] = ()
        self._materialize = True
        self._constant: tuple[Any, ...] = ()

    def save_for_backward(self, *tensors: Any) -> None:
        """Save snapshots of tensors (or None) for the backward pass."""
        self.saved_tensors = tuple(snapshot(x) for x in tensors)

    save_for_forward = save_for_backward

    def mark_non_differentiable(self, *tensors: Any) -> None:
        """Mark outputs that carry no gradient."""
        self._constant = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Set whether missing gradients are zeros (the default) or None."""
        self._materialize = value


class Function:
    """Base class of operations with static methods ``forward`` and ``backward``.

    ``forward(ctx, *args)``, or ``forward(*args)`` with ``setup_context(ctx, inputs, output)``,
    returns a tensor or a tuple of them; ``backward(ctx, *gradients)`` a gradient, or None, for
    each argument; ``jvp(ctx, *tangents)`` defines forward mode. Call it as ``apply``. `vmap`
    vectorizes all of them.

    Examples
    --------
    >>> import xgrad as xg
    >>> class Exp(xg.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         y = xg.exp(x)
    ...         ctx.save_for_backward(y)
    ...         return y
    ...     @staticmethod
    ...     def backward(ctx, g):
    ...         (y,) = ctx.saved_tensors
    ...         return g * y
    >>> x = xg.tensor([0.0, 1.0], requires_grad=True)
    >>> Exp.apply(x).sum().backward()
    >>> x.grad
    Tensor([1.        , 2.71828183])
    """

    @staticmethod
    def forward(*args: Any, **keywords: Any) -> Any:
        """Compute the outputs."""
        raise NotImplementedError("Function: forward is a static method of the subclass")

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        """Return a gradient, or None, for each argument of ``apply``."""
        raise NotImplementedError("Function: backward is a static method of the subclass")

    @staticmethod
    def jvp(ctx: Any, *tangents: Any) -> Any:
        """Return the tangent of each output."""
        raise NotImplementedError

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        """Save what ``backward`` needs, if ``forward`` does not take ``ctx``."""
        raise NotImplementedError

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Call the operation."""
        run = _Call(cls, args)
        outs = [wrap(x) for x in call(run, [run.args[i] for i in run.tracked])]
        return tuple(outs) if run.is_tuple else outs[0]


class _Call:
    """One call of a Function: a rule for its tracked arguments."""

    def __init__(self, cls: type[Function], args: tuple[Any, ...]) -> None:
        self.cls, self.name = cls, cls.__name__
        self.args = [snapshot(stripped(x)) if type(x) is Tensor else x for x in args]
        self.tracked = [i for i, x in enumerate(self.args) if type(x) is Tensor]
        self.is_tuple = False
        self.constant: Collection[int] = ()

    def _run(self, values: Values) -> tuple[FunctionContext, list[Any]]:
        args = list(self.args)
        for i, x in zip(self.tracked, values, strict=True):
            args[i] = snapshot(wrap(x))  # forward may write into it
        args = [wrap(x) if find_backend(x) is not None else x for x in args]
        context = FunctionContext(tuple(i in self.tracked for i in range(len(args))))
        if self.cls.setup_context is not Function.setup_context:
            out = self.cls.forward(*args)
            self.cls.setup_context(context, tuple(args), out)
        else:
            out = self.cls.forward(context, *args)
        self.is_tuple = isinstance(out, tuple)
        parts = out if self.is_tuple else (out,)
        for x in parts:
            if type(x) is not Tensor and find_backend(x) is None:
                raise TypeError(
                    f"{self.name}: forward must return a Tensor or a tuple of Tensors, "
                    f"got {type(x).__name__}"
                )
        self.constant = [i for i, x in enumerate(parts) if any(x is c for c in context._constant)]
        return context, [
            stripped(x.detach()) if i in self.constant else stripped(x) for i, x in enumerate(parts)
        ]

    def plain(self, args: Values) -> list[Any]:
        """Return the outputs without differentiation."""
        return self._run(args)[1]

    def forward(self, args: Values) -> tuple[list[Any], Any]:
        """Return the outputs and the context for `backward`."""
        context, outs = self._run(args)
        return outs, _Residuals(context, outs if len(outs) > 1 else [None])

    def again(self, args: Values) -> Any:
        """Return the context for `backward`, connected to the arguments."""
        return self.forward(args)[1]

    def backward(self, residuals: Any, cotangents: Values, args: Values) -> list[Any]:
        """Return the gradients of the tracked arguments."""
        context, outs = residuals.context, residuals.outs
        seeds = [
            wrap(g)
            if g is not None
            else wrap(namespace(o).zeros_like(o))
            if context._materialize
            else None
            for g, o in zip(cotangents, outs, strict=True)
        ]
        gradients = self.cls.backward(context, *seeds)
        gradients = gradients if isinstance(gradients, tuple | list) else (gradients,)
        if len(gradients) != len(self.args):
            raise ValueError(
                f"{self.name}: backward must return a gradient, or None, for each of "
                f"{len(self.args)} argument(s), got {len(gradients)}"
            )
        return [gradients[i] for i in self.tracked]

    def jvp(self, args: Values, tangents: Values) -> tuple[list[Any], list[Any]]:
        """Return the outputs and their tangents."""
        if self.cls.jvp is Function.jvp:
            raise AutogradError(
                f"{self.name} has no forward mode: define a static method jvp(ctx, *tangents)"
            )
        context, outs = self._run(args)
        every: list[Any] = [None] * len(self.args)
        for i, t in zip(self.tracked, tangents, strict=True):
            every[i] = None if t is None else wrap(t)
        changes = self.cls.jvp(context, *every)
        changes = changes if isinstance(changes, tuple) else (changes,)
        return outs, [None if t is None else stripped(t) for t in changes]


class _Residuals:
    """The context of one call and its outputs, saved for the backward pass."""

    def __init__(self, context: FunctionContext, outs: Sequence[Any]) -> None:
        self.context, self.outs = context, outs

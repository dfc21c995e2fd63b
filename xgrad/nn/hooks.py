"""Hooks: functions called with a module's inputs, outputs and gradients."""

from collections.abc import Callable
from typing import Any

from xgrad.backends.namespace import Namespace
from xgrad.engine.batching import fill_batch
from xgrad.engine.declare import public_function
from xgrad.engine.primitive import Params, Rules, Signature
from xgrad.engine.tensor import Tensor, stripped
from xgrad.ops.creation import as_tensor

Hook = Callable[..., Any]


def _crossed_vjp(_xp: Namespace, g: Any, _saved: Any, _likes: Any, params: Params) -> Any:
    gradients = tuple(None if c is None else as_tensor(c) for c in g)
    changed = params["hook"](gradients)
    if changed is None:
        return g
    return [None if c is None else stripped(as_tensor(c)) for c in changed]


def _replaced(function: str, gradients: tuple[Any, ...], changed: Any) -> tuple[Any, ...]:
    """Return gradients, replaced by the result of a hook unless it is None; check the shapes."""
    if changed is None:
        return gradients
    new: tuple[Any, ...] = changed if isinstance(changed, tuple) else (changed,)
    if len(new) != len(gradients):
        raise ValueError(
            f"{function}: expected {len(gradients)} gradients from the hook, got {len(new)}"
        )
    for before, after in zip(gradients, new, strict=True):
        if before is not None and after is not None and as_tensor(after).shape != before.shape:
            raise ValueError(
                f"{function}: expected a gradient of shape {before.shape} from the hook, got "
                f"{as_tensor(after).shape}"
            )
    return new


def _value(xp: Namespace, *arrays: Any, hook: Hook) -> Any:
    return arrays


_value.__name__ = "module_boundary"
_boundary = public_function(
    _value,
    Rules(
        _crossed_vjp,
        jvp=lambda xp, tangents, saved, params: tangents,
        batch=lambda op, args, batched, params: tuple(fill_batch(args, batched)),
    ),
    Signature(variadic=True, several=True),
)


class Hooks:
    """The hooks of a module, and a call that runs them."""

    def __init__(self) -> None:
        self.before: dict[int, tuple[Hook, bool]] = {}
        self.after: dict[int, tuple[Hook, bool]] = {}
        self.backward_before: dict[int, Hook] = {}
        self.backward: dict[int, Hook] = {}

    def call(self, module: Any, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """Call ``forward`` and the hooks around it."""
        for hook, with_kwargs in list(self.before.values()):
            if with_kwargs:
                args, keywords = hook(module, args, keywords) or (args, keywords)
            else:
                changed = hook(module, args)
                if changed is not None:
                    args = changed if isinstance(changed, tuple) else (changed,)
        crossing = None
        if self.backward or self.backward_before:
            crossing = _Crossing(module, self)
            args = crossing.enter(args)
        out = module.forward(*args, **keywords)
        for hook, with_kwargs in list(self.after.values()):
            inputs = (args, keywords, out) if with_kwargs else (args, out)
            changed = hook(module, *inputs)
            out = out if changed is None else changed
        return out if crossing is None else crossing.leave(out)


class _Crossing:
    """One call of a module, whose cotangents are passed to backward hooks."""

    def __init__(self, module: Any, hooks: Hooks) -> None:
        self.module, self.hooks = module, hooks
        self.grad_output: tuple[Any, ...] = ()
        self.count = 0
        self.positions: list[int] = []

    def enter(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        self.count = len(args)
        self.positions = [i for i, x in enumerate(args) if type(x) is Tensor and x.requires_grad]
        if not self.positions:
            return args
        inside = _boundary(*(args[i] for i in self.positions), hook=self._at_inputs)
        replaced = list(args)
        for i, x in zip(self.positions, inside, strict=True):
            replaced[i] = x
        return tuple(replaced)

    def leave(self, out: Any) -> Any:
        parts = list(out) if isinstance(out, tuple | list) else [out]
        positions = [i for i, x in enumerate(parts) if type(x) is Tensor and x.requires_grad]
        if not positions:
            return out
        crossed = _boundary(*(parts[i] for i in positions), hook=self._at_outputs)
        for i, x in zip(positions, crossed, strict=True):
            parts[i] = x
        return type(out)(parts) if isinstance(out, tuple | list) else parts[0]

    def _at_outputs(self, grads: tuple[Any, ...]) -> Any:
        for hook in list(self.hooks.backward_before.values()):
            changed = hook(self.module, grads)
            grads = _replaced("register_full_backward_pre_hook", grads, changed)
        self.grad_output = grads
        if not self.positions:
            for hook in list(self.hooks.backward.values()):
                hook(self.module, (None,) * self.count, grads)
        return grads

    def _at_inputs(self, grads: tuple[Any, ...]) -> Any:
        every: list[Any] = [None] * self.count
        for i, g in zip(self.positions, grads, strict=True):
            every[i] = g
        gradients = tuple(every)
        for hook in list(self.hooks.backward.values()):
            changed = hook(self.module, gradients, self.grad_output)
            gradients = _replaced("register_full_backward_hook", gradients, changed)
        return [gradients[i] for i in self.positions]

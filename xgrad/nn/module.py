"""The base class of layers and models."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from reprlib import recursive_repr
from typing import Any

from xgrad.backends.dtypes import canonical, is_complex, is_differentiable
from xgrad.engine.dispatch import backend_below
from xgrad.engine.handles import RemovableHandle
from xgrad.engine.tensor import Tensor, lowest
from xgrad.engine.views import store
from xgrad.nn.construction import checked, without_arguments
from xgrad.nn.hooks import Hook, Hooks
from xgrad.nn.parameter import Parameter, move
from xgrad.nn.registration import check_name, checked_parameter, misfit
from xgrad.nn.tables import Table
from xgrad.ops.creation import as_tensor
from xgrad.ops.gradients import clear_gradients
from xgrad.ops.transfer import requested


class Module:
    """A function with parameters, buffers and submodules, registered by assignment.

    Subclasses call ``super().__init__()``, assign parameters and modules to attributes,
    and define ``forward``. A leaf that needs gradients becomes a parameter, as a `Parameter` does;
    other tensors are plain attributes, unless `register_buffer` registers them.

    Examples
    --------
    >>> import xgrad as xg
    >>> class Scale(xg.nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.factor = xg.nn.Parameter([2.0])
    ...     def forward(self, x):
    ...         return x * self.factor
    >>> Scale()(xg.asarray([1.0, 3.0])).detach()
    Tensor([2., 6.])
    """

    training: bool
    _hooks: Hooks | None = None
    _parameters: Table
    _buffers: Table
    _modules: dict[str, "Module | None"]

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if cls.__module__.startswith("xgrad.nn.") and "__init__" in vars(cls):
            cls.__init__ = checked(cls.__init__)  # type: ignore[method-assign]

    @without_arguments
    def __init__(self) -> None:
        object.__setattr__(self, "_parameters", Table())
        object.__setattr__(self, "_buffers", Table())
        object.__setattr__(self, "_modules", {})
        object.__setattr__(self, "_transient", set())
        object.__setattr__(self, "training", True)

    def forward(self, *args: Any, **keywords: Any) -> Any:
        """Compute the output; defined by subclasses."""
        raise NotImplementedError(f"{type(self).__name__} does not define forward()")

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        """Compute the output by calling ``forward`` and the hooks."""
        if self._hooks is None:
            return self.forward(*args, **keywords)
        return self._hooks.call(self, args, keywords)

    # -- registration --------------------------------------------------------------------------

    def __setattr__(self, name: str, value: Any) -> None:
        if "_parameters" not in self.__dict__:
            raise AttributeError(
                f"{type(self).__name__}: call super().__init__() before assigning attributes"
            )
        if isinstance(value, Parameter) and name not in self._parameters:
            self.register_parameter(name, value)
        elif name in self._parameters:
            self._parameters.assign(name, checked_parameter(self, name, value))
        elif name in self._buffers:
            if value is not None and not isinstance(value, Tensor):
                raise TypeError(misfit(self, name, "a buffer", "a Tensor or None", value))
            self._buffers.assign(name, value)
        elif isinstance(value, Module) or (value is None and name in self._modules):
            self.add_module(name, value)
        elif name in self._modules:
            raise TypeError(misfit(self, name, "a module", "a Module or None", value))
        elif isinstance(value, Tensor) and value.is_leaf and value.requires_grad:
            self.register_parameter(name, value)
        else:
            object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:
        own = self.__dict__
        if "_parameters" in own:
            for table in (own["_parameters"], own["_buffers"], own["_modules"]):
                if name in table:
                    return table[name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def __delattr__(self, name: str) -> None:
        if not self._forget(name):
            object.__delattr__(self, name)

    def _forget(self, name: str, but: str = "") -> bool:
        """Remove a name from all tables except one, before it is replaced."""
        removed = False
        for kind in {"_parameters", "_buffers", "_modules"} - {but}:
            removed = self.__dict__[kind].pop(name, self) is not self or removed
        if name in self.__dict__ and name != "training":
            object.__delattr__(self, name)
            removed = True
        return removed

    def register_parameter(self, name: str, parameter: Tensor | None) -> None:
        """Register a parameter; None reserves the name."""
        check_name(self, "register_parameter", name)
        parameter = checked_parameter(self, name, parameter)
        self._forget(name, "_parameters")
        self._parameters[name] = parameter

    def register_buffer(self, name: str, buffer: Tensor | None, persistent: bool = True) -> None:
        """Register a tensor that is part of the state but not trained."""
        check_name(self, "register_buffer", name)
        if buffer is not None and not isinstance(buffer, Tensor):
            raise TypeError(misfit(self, name, "a buffer", "a Tensor or None", buffer))
        self._forget(name, "_buffers")
        self._buffers[name] = buffer
        (self._transient.discard if persistent else self._transient.add)(name)

    def add_module(self, name: str, module: "Module | None") -> None:
        """Register a submodule under a name that need not be an identifier."""
        check_name(self, "add_module", name)
        if module is not None and not isinstance(module, Module):
            raise TypeError(misfit(self, name, "a module", "a Module or None", module))
        self._forget(name, "_modules")
        self._modules[name] = module

    # -- hooks ---------------------------------------------------------------------------------

    def _hook(self, kind: str, hook: Any) -> RemovableHandle:
        if self._hooks is None:
            object.__setattr__(self, "_hooks", Hooks())
        hooks: dict[int, Any] = getattr(self._hooks, kind)
        return RemovableHandle(hooks, hook)

    def register_forward_pre_hook(
        self, hook: Hook, *, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args)`` before ``forward``; a result replaces the arguments.

        With ``with_kwargs``: ``hook(module, args, kwargs)``, which returns None or both.
        """
        return self._hook("before", (hook, with_kwargs))

    def register_forward_hook(self, hook: Hook, *, with_kwargs: bool = False) -> RemovableHandle:
        """Call ``hook(module, args, output)`` after ``forward``; a result replaces the output.

        With ``with_kwargs``: ``hook(module, args, kwargs, output)``.
        """
        return self._hook("after", (hook, with_kwargs))

    def register_full_backward_pre_hook(self, hook: Hook) -> RemovableHandle:
        """Call ``hook(module, grad_output)`` before the module's gradients are computed.

        ``grad_output`` is a tuple with one entry per output that needs gradients; a result
        replaces it.
        """
        return self._hook("backward_before", hook)

    def register_full_backward_hook(self, hook: Hook) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` after the inputs' gradients are computed.

        ``grad_input`` has one entry per positional argument, None for those that do not need
        gradients; a result replaces it.
        """
        return self._hook("backward", hook)

    # -- enumeration ---------------------------------------------------------------------------

    def named_modules(self, *, prefix: str = "") -> Iterator[tuple[str, "Module"]]:
        """Yield (dotted name, module) for this module and all descendants, each once."""
        seen: set[int] = set()
        stack = [(prefix, self)]
        while stack:
            name, module = stack.pop()
            if id(module) not in seen:
                seen.add(id(module))
                yield name, module
                stack.extend(reversed(module._below(name)))

    def _below(self, name: str) -> list[tuple[str, "Module"]]:
        return [(f"{name}.{k}" if name else k, m) for k, m in self._modules.items() if m]

    def _walk(self, name: str = "", above: tuple[int, ...] = ()) -> Iterator[tuple[str, "Module"]]:
        """Yield (dotted name, module) in order, a shared module under each of its names.

        A module that contains itself is not entered again.
        """
        yield name, self
        above = (*above, id(self))
        for path, module in self._below(name):
            if id(module) not in above:
                yield from module._walk(path, above)

    def modules(self) -> Iterator["Module"]:
        """Yield this module and all descendants."""
        return (module for _, module in self.named_modules())

    def named_children(self) -> Iterator[tuple[str, "Module"]]:
        """Yield (name, module) for the direct children."""
        return ((name, module) for name, module in self._modules.items() if module is not None)

    def children(self) -> Iterator["Module"]:
        """Yield the direct children."""
        return (module for _, module in self.named_children())

    def _named(self, kind: str, prefix: str) -> Iterator[tuple[str, Tensor]]:
        seen: set[int] = set()
        for path, module in self.named_modules(prefix=prefix):
            for name, x in module.__dict__[kind].items():
                if x is not None and id(x) not in seen:
                    seen.add(id(x))
                    yield (f"{path}.{name}" if path else name), x

    def named_parameters(self, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
        """Yield (dotted name, parameter), a shared parameter once."""
        return self._named("_parameters", prefix)

    def parameters(self) -> Iterator[Tensor]:
        """Yield the parameters, a shared parameter once."""
        return (x for _, x in self.named_parameters())

    def named_buffers(self, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
        """Yield (dotted name, buffer), a shared buffer once."""
        return self._named("_buffers", prefix)

    def buffers(self) -> Iterator[Tensor]:
        """Yield the buffers, a shared buffer once."""
        return (x for _, x in self.named_buffers())

    # -- mode, gradients, device ---------------------------------------------------------------

    def train(self, mode: bool = True) -> "Module":
        """Set training mode (or evaluation mode) for this module and all descendants."""
        for module in self.modules():
            object.__setattr__(module, "training", mode)
        return self

    def eval(self) -> "Module":
        """Set evaluation mode for this module and all descendants."""
        return self.train(mode=False)

    def requires_grad_(self, flag: bool = True) -> "Module":
        """Start (or stop) recording for all parameters."""
        for parameter in self.parameters():
            parameter.requires_grad_(flag)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Clear the gradients of all parameters, or fill them with zeros."""
        clear_gradients(self.parameters(), set_to_none)

    def to(
        self,
        *where: Any,
        backend: str | None = None,
        device: Any = None,
        dtype: Any = None,
        non_blocking: bool = False,
    ) -> "Module":
        """Move parameters and buffers in place to a backend, a device, a dtype.

        Takes the arguments of `xgrad.Tensor.to`: ``model.to("cuda")``, ``model.to("torch")``,
        ``model.to("cuda:1", xg.float64)``, ``model.to(x)``.

        Integer buffers keep their dtype. Create optimizers after the move: an existing one keeps
        updating the parameters, but its state is not moved.
        """
        backend, device, dtype = requested("Module.to", where, backend, device, dtype)
        if dtype is not None and not is_differentiable(dtype):
            raise TypeError(
                f"Module.to: expected a floating-point or complex dtype, got {canonical(dtype)}"
            )
        for x in [*self.parameters(), *self.buffers()]:
            move(x, backend, device, dtype)
        return self

    def cpu(self) -> "Module":
        """Move parameters and buffers to the CPU, in place."""
        return self.to(device="cpu")

    def cuda(self, device: Any = None) -> "Module":
        """Move parameters and buffers to a CUDA device, in place."""
        return self.to(device=f"cuda:{device}" if isinstance(device, int) else device or "cuda")

    # -- state ---------------------------------------------------------------------------------

    def _named_state(self) -> Iterator[tuple[str, Tensor]]:
        for path, module in self._walk():
            for kind in ("_parameters", "_buffers"):
                for name, x in module.__dict__[kind].items():
                    if x is not None and not (kind == "_buffers" and name in module._transient):
                        yield (f"{path}.{name}" if path else name), x

    def state_dict(self) -> dict[str, Tensor]:
        """Return parameters and buffers by dotted name, as constants.

        A later step does not change the result (`best = model.state_dict()`).
        """
        return OrderedDict((name, x.detach()) for name, x in self._named_state())

    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True) -> None:
        """Copy values from a state dict; one error lists all problems.

        Raises
        ------
        ValueError
            If names are missing or unexpected (``strict=False`` allows both), or shapes
            differ. Then nothing is changed.
        """
        own = dict(self._named_state())
        missing = [name for name in own if name not in state]
        unexpected = [name for name in state if name not in own]
        problems = []
        if strict and missing:
            problems.append(f"missing: {', '.join(missing)}")
        if strict and unexpected:
            problems.append(f"unexpected: {', '.join(unexpected)}")
        new: dict[str, Any] = {}
        for name, x in own.items():
            if name in state:
                value = as_tensor(state[name]).detach()
                if value.shape != x.shape:
                    problems.append(f"{name}: expected shape {x.shape}, got {value.shape}")
                elif is_complex(value.dtype) and not is_complex(x.dtype):
                    problems.append(f"{name}: expected {x.dtype}, got {value.dtype}")
                else:
                    moved = value.to(x.backend.name, device=x.device, dtype=x.dtype)
                    new[name] = lowest(moved)
        if problems:
            raise ValueError(f"load_state_dict of {type(self).__name__}: " + "; ".join(problems))
        for name, source in new.items():  # write only after all checks have passed
            x = own[name]
            store(x, backend_below(x).xp.copy(source))

    # -- apply and print -----------------------------------------------------------------------

    def apply(self, function: Callable[["Module"], Any]) -> "Module":
        """Call ``function`` once on every descendant and on this module."""
        self._apply_below(function, set())
        return self

    def _apply_below(self, function: Callable[["Module"], Any], seen: set[int]) -> None:
        seen.add(id(self))
        for module in self.children():
            if id(module) not in seen:
                module._apply_below(function, seen)
        function(self)

    def extra_repr(self) -> str:
        """Return the text inside the parentheses of the repr; defined by subclasses."""
        return ""

    @recursive_repr()
    def __repr__(self) -> str:
        lines = [
            f"({name}): " + repr(module).replace("\n", "\n  ")
            for name, module in self.named_children()
        ]
        extra, name = self.extra_repr(), type(self).__name__
        if not lines:
            return f"{name}({extra})"
        body = "\n  ".join(([extra] if extra else []) + lines)
        return f"{name}(\n  {body}\n)"

"""The common part of optimizers: parameter groups, state, and the loop over parameters."""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from xgrad.backends.backend import Backend
from xgrad.backends.dtypes import canonical, is_complex, real_dtype
from xgrad.backends.namespace import Namespace
from xgrad.backends.ownership import own_entries
from xgrad.backends.updates import NUMBERS, State
from xgrad.engine.dispatch import backend_below
from xgrad.engine.levels import enable_grad
from xgrad.engine.tensor import Tensor, lowest
from xgrad.engine.views import own_value, store, view_of
from xgrad.nn.checks import number, plain
from xgrad.nn.construction import checked
from xgrad.ops.creation import as_tensor
from xgrad.ops.gradients import clear_gradients

#: The allowed range of each option.
_RANGES = {
    "lr": (0, math.inf),
    "momentum": (0, math.inf),
    "weight_decay": (0, math.inf),
    "eps": (0, math.inf),
    "lr_decay": (0, math.inf),
    "initial_accumulator_value": (0, math.inf),
    "momentum_decay": (0, math.inf),
    "tolerance_grad": (0, math.inf),
    "tolerance_change": (0, math.inf),
    "dampening": (-math.inf, math.inf),
    "alpha": (0, 1),
    "rho": (0, 1),
}

Group = dict[str, Any]


class Optimizer:
    """The base class: subclasses define their update rule and its initial state.

    Parameters
    ----------
    params : iterable of Tensor, or of dicts with "params" and options
        The parameters to update. Dicts make groups with separate options.
    defaults : dict
        Options of groups that do not set them. All optimizers have ``maximize``: ascend
        instead of descend.

    Attributes
    ----------
    param_groups : list of dict
        Options may be changed between steps, as schedulers do.
    state : list of dict
        For each parameter, in order, the arrays of the update rule.
    """

    #: Whether the arrays of a state have the shapes of their parameters.
    _state_has_shapes = True

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        if cls.__module__.startswith("xgrad.optim.") and "__init__" in vars(cls):
            cls.__init__ = checked(cls.__init__)  # type: ignore[method-assign]

    @checked
    def __init__(self, params: Iterable[Any], defaults: Group) -> None:
        self.defaults = {**defaults, "maximize": defaults.get("maximize", False)}
        self.param_groups: list[Group] = []
        self.state: list[State] = []
        self._cache: dict[Any, Any] = {}  # used by the backend: see `Kernels.update`
        if not isinstance(params, Iterable) or isinstance(params, Mapping | str):
            raise TypeError(
                f"{type(self).__name__}: expected parameters, such as model.parameters(), got "
                f"{type(params).__name__}"
            )
        entries: list[Any] = [params] if isinstance(params, Tensor) else list(params)
        if not entries:
            raise ValueError(f"{type(self).__name__}: expected parameters, got an empty list")
        groups = entries if isinstance(entries[0], Mapping) else [{"params": entries}]
        for group in groups:
            self.add_param_group(group)

    def add_param_group(self, group: Group) -> None:
        """Add parameters with separate options."""
        name = type(self).__name__
        if not isinstance(group, Mapping) or "params" not in group:
            raise TypeError(f"{name}: expected a dict with params as a group, got {group!r}")
        params = group["params"]
        params = [params] if isinstance(params, Tensor) else list(params)
        seen = {id(p) for g in self.param_groups for p in g["params"]}
        for p in params:
            if not isinstance(p, Tensor) or not p.is_leaf or p._level:
                raise TypeError(f"{name}: expected leaf tensors for parameters, got {p!r}")
            if id(p) in seen:
                raise ValueError(f"{name}: a parameter was passed twice")
            seen.add(id(p))
        unknown = set(group) - set(self.defaults) - {"params", "initial_lr"}
        if unknown:
            raise TypeError(f"{name}: unknown options {', '.join(sorted(unknown))}")
        options = {k: plain(v) for k, v in {**self.defaults, **group}.items() if k != "params"}
        merged = {**options, "params": params}
        self._check(merged)
        self.param_groups.append(merged)
        self.state.extend({} for _ in params)

    def _check(self, group: Group) -> None:
        name = type(self).__name__
        for option, (low, high) in _RANGES.items():
            if option in group:
                number(name, option, group[option], low, high)
        betas = group.get("betas", (0.0, 0.0))
        if not isinstance(betas, tuple | list) or len(betas) != 2:
            raise ValueError(f"{name}: expected two betas, got {betas!r}")
        for beta in betas:
            number(name, "betas", beta, 0, 1, below=True)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Clear the gradients of all parameters, or fill them with zeros."""
        for group in self.param_groups:
            clear_gradients(group["params"], set_to_none)

    def step(self, closure: Callable[[], Any] | None = None, *, skip: Tensor | None = None) -> Any:
        """Update every parameter that has a gradient and is not frozen.

        The tensors stay the same objects, with new values. The memory is reused unless a graph, a
        detached tensor or a state dict can see it; those keep the old value.

        Parameters
        ----------
        closure : callable, optional
            Computes the loss and its gradients; called first.
        skip : Tensor, optional
            A boolean; if it is true, the step changes nothing. It stays on the device without
            synchronization, except for the first step of `SGD` with dampening.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        flag = None if skip is None else lowest(skip)
        states = iter(self.state)
        for group in self.param_groups:
            for backend, params, own in _grouped(group["params"], states):
                self._update(backend, params, own, group, flag)
        return loss

    def _update(
        self, backend: Backend, params: list[Tensor], states: list[State], group: Group, skip: Any
    ) -> None:
        """Update parameters of one library, device and dtype."""
        xp = backend.xp
        if self._rule in xp.kernels.overwrites:
            for p, state in zip(params, states, strict=True):
                own_value(p)
                own_entries(state, state.keys() - NUMBERS)  # numbers are never overwritten
        values, grads = [], []
        for p in params:
            values.append(p._value)
            grads.append(lowest(p._node.grad))
        in_pairs = canonical(values[0].dtype).kind == "c"
        if in_pairs:  # real and imaginary parts have separate steps, as in PyTorch
            values, grads = ([xp.as_real(x) for x in arrays] for arrays in (values, grads))
        with backend.runtime.current_device(xp.device(values[0])):  # the device of new state
            for name, start in self._start(group).items():
                for value, state in zip(values, states, strict=True):
                    if name in NUMBERS:
                        state.setdefault(name, start)
                    elif name not in state:
                        state[name] = xp.full_like(value, start) if start else xp.zeros_like(value)
            new = xp.kernels.update(
                self._rule, values, grads, states, group, skip=skip, cache=self._cache
            )
        for p, value in zip(params, new, strict=True):
            if value is p._value and view_of(p) is None:  # updated in place, or skipped
                continue
            store(p, _like(xp, xp.as_complex(value) if in_pairs else value, p._value))

    @staticmethod
    def _rule(xp: Namespace, p: Any, g: Any, state: State, o: Group) -> tuple[Any, State]:
        raise NotImplementedError  # subclasses use one of `xgrad.backends.updates`

    def _start(self, group: Group) -> dict[str, float]:
        """Return the initial entries of a state: numbers, or fill values of arrays."""
        return {}

    def state_dict(self) -> dict[str, Any]:
        """Return the state and the options; arrays are constant Tensors that later steps keep."""
        groups = [{k: plain(v) for k, v in g.items() if k != "params"} for g in self.param_groups]
        state = [{k: _shown(k, v) for k, v in entry.items()} for entry in self.state]
        return {"optimizer": type(self).__name__, "state": state, "param_groups": groups}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Load the state dict of an optimizer with the same structure; arrays are copied.

        Raises
        ------
        ValueError
            If it belongs to another kind of optimizer, or to other parameters. Then nothing is
            changed.
        """
        name = type(self).__name__
        function = f"load_state_dict of {name}"
        if not isinstance(saved, Mapping) or not {"state", "param_groups"} <= set(saved):
            raise ValueError(
                f"{function}: expected a state dict of an optimizer, got {saved!r:.80}"
            )
        groups, state = saved["param_groups"], saved["state"]
        if len(groups) != len(self.param_groups) or len(state) != len(self.state):
            raise ValueError(
                f"{function}: expected {len(self.param_groups)} groups and {len(self.state)} "
                f"parameters, got {len(groups)} and {len(state)}"
            )
        for group, options in zip(self.param_groups, groups, strict=True):
            differ = set(self.defaults) ^ (set(options) - {"params", "initial_lr"})
            if differ:
                raise ValueError(
                    f"{function}: expected the state of {name}, got the state of "
                    f"{saved.get('optimizer', 'another optimizer')}: options that only one of them "
                    f"has are {', '.join(sorted(differ))}"
                )
            self._check({**group, **options})
        params = [p for g in self.param_groups for p in g["params"]]
        new = [
            {key: self._restored(f"{function}: {key}", value, p) for key, value in entry.items()}
            for p, entry in zip(params, state, strict=True)
        ]
        for group, options in zip(self.param_groups, groups, strict=True):
            group.update({k: v for k, v in options.items() if k != "params"})
        for own, entry in zip(self.state, new, strict=True):  # after all checks have passed
            own.clear()
            own.update(entry)

    def _restored(self, what: str, value: Any, like: Tensor) -> Any:
        """Return a copy of one entry of a state, on the parameter's device."""
        if value is None or isinstance(value, int | float):
            return value
        if isinstance(value, list):
            return [self._restored(what, x, like) for x in value]
        array = as_tensor(value)
        dtype = like.dtype  # complex parameters have states of real pairs
        shapes = [like.shape]
        if is_complex(dtype) and not is_complex(array.dtype):
            dtype, shapes = real_dtype(dtype), [(*like.shape, 2)]
        if self._state_has_shapes and array.shape not in shapes:
            raise ValueError(f"{what}: expected shape {shapes[0]}, got {array.shape}")
        moved = array.to(like.backend.name, device=like.device, dtype=dtype)
        return backend_below(like).xp.copy(moved._value)

    def __repr__(self) -> str:
        groups = "; ".join(
            ", ".join(f"{k}={v}" for k, v in g.items() if k != "params")
            + f", {len(g['params'])} parameters"
            for g in self.param_groups
        )
        return f"{type(self).__name__}({groups})"


def _grouped(
    params: list[Tensor], states: Iterator[State]
) -> list[tuple[Backend, list[Tensor], list[State]]]:
    """Group the parameters that have gradients by library, device and dtype."""
    lists: dict[Any, tuple[Backend, list[Tensor], list[State]]] = {}
    for p, state in zip(params, states, strict=False):
        if p._node is not None and p._node.grad is not None:  # a leaf that is not frozen
            backend = backend_below(p)
            key = (backend.name, backend.xp.device_key(p._value), p._value.dtype)
            _, tensors, own = lists.setdefault(key, (backend, [], []))
            tensors.append(p)
            own.append(state)
    return list(lists.values())


def _like(xp: Namespace, new: Any, old: Any) -> Any:
    """Return a new value in the dtype of the old one; a rate in NumPy's dtypes may widen it."""
    new = xp.normalise(new)
    return new if new.dtype == old.dtype else xp.astype(new, canonical(old.dtype))


def _shown(name: str, value: Any) -> Any:
    """Return an entry for a state dict: numbers, also from a device, and arrays."""
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, list):
        return [_shown(name, x) for x in value]
    tensor = as_tensor(value)
    return NUMBERS[name](tensor.item()) if name in NUMBERS else tensor

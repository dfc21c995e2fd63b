"""What all optimizers share: parameter groups, state, and the walk over parameters."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from xgrad.backends.dtypes import canonical, is_complex, real_dtype
from xgrad.backends.namespace import Namespace
from xgrad.backends.ownership import own_entry
from xgrad.engine.dispatch import backend_below
from xgrad.engine.levels import enable_grad
from xgrad.engine.tensor import Tensor, lowest
from xgrad.engine.views import own_value, store
from xgrad.nn.checks import number, plain
from xgrad.nn.construction import checked
from xgrad.ops.creation import as_tensor
from xgrad.ops.gradients import clear_gradients

#: What options may be, wherever an optimizer has them.
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
State = dict[str, Any]


class Members(NamedTuple):
    """Parameters of one library, device and dtype, as their optimizer updates them together.

    Attributes
    ----------
    values, grads : list of raw arrays
    states : list of dict
    skip : raw array or None
        A boolean on the device: where true, nothing is to change.
    """

    values: list[Any]
    grads: list[Any]
    states: list[State]
    skip: Any


class Optimizer:
    """The base class: subclasses say how one parameter is updated.

    Parameters
    ----------
    params : iterable of Tensor, or of dicts with "params" and options
        What to update. Dicts make groups with options of their own.
    defaults : dict
        Options of groups that do not give them. All optimizers have ``maximize``: walk up
        instead of down.

    Attributes
    ----------
    param_groups : list of dict
        Options may be changed between steps, as schedulers do.
    state : list of dict
        For each parameter, in order, the arrays that the rule keeps.
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
        self._cache: dict[Any, Any] = {}  # the backend's, see `xgrad.backends.optimizers`
        if not isinstance(params, Iterable) or isinstance(params, Mapping | str):
            raise TypeError(
                f"{type(self).__name__}: expected parameters, as of model.parameters(), got "
                f"{type(params).__name__}"
            )
        given: list[Any] = [params] if isinstance(params, Tensor) else list(params)
        if not given:
            raise ValueError(f"{type(self).__name__}: expected parameters, got an empty list")
        groups = given if isinstance(given[0], Mapping) else [{"params": given}]
        for group in groups:
            self.add_param_group(group)

    def add_param_group(self, group: Group) -> None:
        """Add parameters with options of their own."""
        name = type(self).__name__
        if not isinstance(group, Mapping) or "params" not in group:
            raise TypeError(f"{name}: expected a dict with params as a group, got {group!r}")
        params = group["params"]
        params = [params] if isinstance(params, Tensor) else list(params)
        seen = {id(p) for g in self.param_groups for p in g["params"]}
        for p in params:
            if not isinstance(p, Tensor) or not p.is_leaf or p._level:
                raise TypeError(f"{name}: expected leaf tensors as parameters, got {p!r}")
            if id(p) in seen:
                raise ValueError(f"{name}: a parameter was given twice")
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
        """Update every parameter that has a gradient, and is not frozen.

        It is the same tensor afterwards, with a new value: in the same memory, unless a graph, a
        detached tensor or a state dict can see that. Those keep the value from before.

        Parameters
        ----------
        closure : callable, optional
            Computes the loss, and its gradients; called first.
        skip : Tensor, optional
            A boolean; where it is true the step changes nothing. SGD, Adam, AdamW (without
            ``amsgrad``) and RMSprop leave it on the device; others read it.
        """
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        states = iter(self.state)
        for group in self.param_groups:
            members = [(p, next(states)) for p in group["params"]]
            for params, own, xp in self._ready(group, members, skip):
                self._step_list(xp, params, own, group, skip)
        return loss

    def _ready(
        self, group: Group, members: list[tuple[Tensor, State]], skip: Tensor | None
    ) -> list[tuple[list[Tensor], list[State], Namespace]]:
        """Sort the parameters that have gradients by namespace, device and dtype."""
        if skip is not None and not self._skips_on_device(group) and bool(skip):
            return []
        lists: dict[Any, tuple[list[Tensor], list[State], Namespace]] = {}
        for p, state in members:
            if p._node is not None and p._node.grad is not None:  # a leaf, and not frozen
                backend = backend_below(p)
                place = (backend.name, backend.xp.place(p._value), p._value.dtype)
                found = lists.setdefault(place, ([], [], backend.xp))
                found[0].append(p)
                found[1].append(state)
        return list(lists.values())

    def _step_list(
        self,
        xp: Namespace,
        params: list[Tensor],
        states: list[State],
        group: Group,
        skip: Tensor | None,
    ) -> None:
        """Update parameters of one kind."""
        if xp.steps_in_place:
            _own(params, states)
        values = [p._value for p in params]
        grads = [lowest(p.grad) for p in params]
        in_pairs = is_complex(params[0].dtype)
        if in_pairs:  # as real and imaginary parts, each with a step of its own, as in PyTorch
            values, grads = ([xp.as_real(x) for x in given] for given in (values, grads))
        flag = lowest(skip) if skip is not None and self._skips_on_device(group) else None
        runtime, device = backend_below(params[0]).runtime, xp.device(values[0])
        with runtime.current_device(device):  # where new state is made
            updated = self._update_all(xp, group, Members(values, grads, states, flag))
        for p, new in zip(params, updated, strict=True):
            store(p, _like(xp, xp.as_complex(new) if in_pairs else new, p._value))

    def _skips_on_device(self, group: Group) -> bool:
        """Whether `_update_all` takes the flag ``skip``."""
        return False

    def _update_all(self, xp: Namespace, group: Group, members: Members) -> list[Any]:
        """Return the new values."""
        values, grads, states, _ = members
        if group["maximize"]:
            grads = [xp.negative(g) for g in grads]
        return [
            self._update(xp, value, grad, state, group)
            for value, grad, state in zip(values, grads, states, strict=True)
        ]

    def _update(self, xp: Namespace, value: Any, grad: Any, state: State, group: Group) -> Any:
        raise NotImplementedError

    def state_dict(self) -> dict[str, Any]:
        """Return the state and the options; arrays are constant Tensors, a snapshot."""
        groups = [{k: plain(v) for k, v in g.items() if k != "params"} for g in self.param_groups]
        state = [{k: _shown(v) for k, v in _numbered(e).items()} for e in self.state]
        return {"optimizer": type(self).__name__, "state": state, "param_groups": groups}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Take over a state dict of an optimizer of the same form; arrays are copied.

        Raises
        ------
        ValueError
            If it is of another kind of optimizer, or of other parameters; nothing is changed
            then.
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
                    f"{function}: expected the state of {name}, got that of "
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
        for own, entry in zip(self.state, new, strict=True):  # once everything fits
            own.clear()
            own.update(entry)

    def _restored(self, what: str, value: Any, like: Tensor) -> Any:
        """Return a copy of one thing of a state, on the parameter's device."""
        if value is None or isinstance(value, int | float):
            return value
        if isinstance(value, list):
            return [self._restored(what, x, like) for x in value]
        array = as_tensor(value)
        dtype = like.dtype  # of complex parameters the state is in pairs of real numbers
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


def _own(params: list[Tensor], states: list[State]) -> None:
    """Have the arrays of parameters and of their state for writing in place."""
    for p in params:
        own_value(p)
    for state in states:
        for key in state:
            if key != "step":  # a count on the device, which all share and nobody writes to
                own_entry(state, key)


def _like(xp: Namespace, new: Any, old: Any) -> Any:
    """Return a new value in the dtype of the old one, which a rate in NumPy's dtypes may widen."""
    new = xp.normalise(new)
    return new if new.dtype == old.dtype else xp.astype(new, canonical(old.dtype))


def _shown(value: Any) -> Any:
    """Return what a state dict shows of a number, an array, or a list of arrays."""
    if value is None or isinstance(value, int | float):
        return value
    return [_shown(x) for x in value] if isinstance(value, list) else as_tensor(value)


def _numbered(entry: State) -> State:
    """Return a state with its count of steps as a number: a GradScaler keeps it on the device."""
    step = entry.get("step")
    if step is None or isinstance(step, int):
        return entry
    return {**entry, "step": int(as_tensor(step).item())}

"""What all optimizers share: parameter groups, state, and the walk over parameters."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from xgrad.backends.dtypes import canonical, is_complex, real_dtype
from xgrad.backends.namespace import Namespace
from xgrad.backends.ownership import own_entry
from xgrad.engine.dispatch import backend_below
from xgrad.engine.levels import enable_grad
from xgrad.engine.tensor import Tensor, lowest
from xgrad.engine.writes import own_value, store
from xgrad.ops.creation import as_tensor
from xgrad.ops.gradients import clear_gradients

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

    def __init__(self, params: Iterable[Any], defaults: Group) -> None:
        self.defaults = {**defaults, "maximize": defaults.get("maximize", False)}
        self.param_groups: list[Group] = []
        self.state: list[State] = []
        self._cache: dict[Any, Any] = {}  # the backend's, see `xgrad.backends.optimizers`
        given: list[Any] = [params] if isinstance(params, Tensor) else list(params)
        if not given:
            raise ValueError(f"{type(self).__name__}: expected parameters, got an empty list")
        groups = given if isinstance(given[0], Mapping) else [{"params": given}]
        for group in groups:
            self.add_param_group(dict(group))

    def add_param_group(self, group: Group) -> None:
        """Add parameters with options of their own."""
        name = type(self).__name__
        params = group["params"]
        params = [params] if isinstance(params, Tensor) else list(params)
        seen = {id(p) for g in self.param_groups for p in g["params"]}
        for p in params:
            if not isinstance(p, Tensor) or not p.is_leaf or p.level:
                raise TypeError(f"{name}: expected leaf tensors as parameters, got {p!r}")
            if id(p) in seen:
                raise ValueError(f"{name}: a parameter was given twice")
            seen.add(id(p))
        unknown = set(group) - set(self.defaults) - {"params", "initial_lr"}
        if unknown:
            raise TypeError(f"{name}: unknown options {', '.join(sorted(unknown))}")
        merged = {**self.defaults, **group, "params": params}
        self._check(merged)
        self.param_groups.append(merged)
        self.state.extend({} for _ in params)

    def _check(self, group: Group) -> None:
        if group["lr"] < 0:
            raise ValueError(f"{type(self).__name__}: lr must not be negative, got {group['lr']}")
        if not all(0 <= beta < 1 for beta in group.get("betas", ())):
            raise ValueError(
                f"{type(self).__name__}: betas must be in [0, 1), got {group['betas']}"
            )

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
            if p.requires_grad and p.grad is not None:
                backend = backend_below(p)
                place = (backend.name, backend.xp.place(p.value), p.value.dtype)
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
        values = [p.value for p in params]
        grads = [lowest(p.grad) for p in params]
        in_pairs = is_complex(params[0].dtype)
        if in_pairs:  # as real and imaginary parts, each with a step of its own, as in PyTorch
            values, grads = ([xp.as_real(x) for x in given] for given in (values, grads))
        flag = lowest(skip) if skip is not None and self._skips_on_device(group) else None
        runtime, device = backend_below(params[0]).runtime, xp.device(values[0])
        with runtime.current_device(device):  # where new state is made
            updated = self._update_all(xp, group, Members(values, grads, states, flag))
        for p, new in zip(params, updated, strict=True):
            store(p, _like(xp, xp.as_complex(new) if in_pairs else new, p.value))

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
        """Return the state and the options; arrays are constant Tensors, not copied."""
        groups = [{k: v for k, v in g.items() if k != "params"} for g in self.param_groups]
        state = [{k: _shown(v) for k, v in _numbered(e).items()} for e in self.state]
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Take over a state dict of an optimizer of the same form; arrays are copied."""
        groups, state = saved["param_groups"], saved["state"]
        if len(groups) != len(self.param_groups) or len(state) != len(self.state):
            raise ValueError(
                f"load_state_dict of {type(self).__name__}: expected {len(self.param_groups)} "
                f"groups and {len(self.state)} parameters, got {len(groups)} and {len(state)}"
            )
        for group, options in zip(self.param_groups, groups, strict=True):
            group.update({k: v for k, v in options.items() if k != "params"})
        params = [p for g in self.param_groups for p in g["params"]]
        for p, own, entry in zip(params, self.state, state, strict=True):
            own.clear()
            for key, value in entry.items():
                own[key] = _copied(value, p)

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


def _copied(value: Any, like: Tensor) -> Any:
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, list):
        return [_copied(x, like) for x in value]
    array = as_tensor(value)
    dtype = like.dtype  # of complex parameters the state is in pairs of real numbers
    if is_complex(dtype) and array.shape == (*like.shape, 2):
        dtype = real_dtype(dtype)
    moved = array.to(like.backend.name, device=like.device, dtype=dtype)
    return backend_below(like).xp.copy(moved.value)

"""`functional_call`: a module as a function of its parameters."""

from collections.abc import Mapping
from typing import Any

from xgrad.engine.dispatch import wrap
from xgrad.engine.tensor import Tensor
from xgrad.nn.module import Module
from xgrad.nn.tables import substituted

__all__ = ["functional_call"]


def functional_call(
    module: Module,
    parameters_and_buffers: Mapping[str, Any],
    args: Any = (),
    kwargs: Mapping[str, Any] | None = None,
    *,
    strict: bool = False,
) -> Any:
    """Call a module with other parameters (and buffers) than its own.

    This makes `grad`, `vmap`, `hessian`... work over the parameters of a model.

    Parameters
    ----------
    module : Module
        It uses the given values only during this call, in this thread.
    parameters_and_buffers : mapping
        Arrays or Tensors by the names of `Module.named_parameters` and `named_buffers`. Missing
        ones keep the module's values; all uses of a tied weight are replaced.
    args : tuple or anything else
        The arguments; a non-tuple is passed as the single argument.
    kwargs : mapping, optional
        Keyword arguments.
    strict : bool
        Whether every parameter and buffer must be given.

    Returns
    -------
    The output of the module.

    Notes
    -----
    Parameters that need gradients stay connected to the eager tape, so that the result of a
    transform can be differentiated further; detach them to avoid that.

    Examples
    --------
    >>> import numpy as np
    >>> import xgrad as xg
    >>> model = xg.nn.Linear(3, 1, dtype="float64")
    >>> def loss(params, x):
    ...     return xg.sum(xg.functional_call(model, params, x) ** 2)
    >>> params = {name: p.detach() for name, p in model.named_parameters()}
    >>> per_sample = xg.vmap(xg.grad(loss), in_axes=(None, 0))(params, np.ones((5, 3)))
    >>> per_sample["weight"].shape
    (5, 1, 3)
    """
    own = _slots(module)
    unknown = [name for name in parameters_and_buffers if name not in own]
    missing = [name for name in own if name not in parameters_and_buffers]
    if unknown or (strict and missing):
        kind = type(module).__name__
        problem = f"{missing[0]!r} of {kind} is missing"
        if unknown:
            problem = f"{kind} does not have a parameter or buffer {unknown[0]!r}"
        raise KeyError(f"functional_call: {problem}; the names are {', '.join(own)}")
    replaced: dict[tuple[int, str], Tensor | None] = {
        slot: x if type(x) is Tensor else wrap(x)
        for name, x in parameters_and_buffers.items()
        for slot in own[name]
    }
    with substituted(replaced):
        return module(*(args if isinstance(args, tuple) else (args,)), **(kwargs or {}))


def _slots(module: Module) -> dict[str, list[tuple[int, str]]]:
    """Return the (table, name) slots of each tensor, by its first name."""
    slots: dict[int, tuple[str, list[tuple[int, str]]]] = {}
    for kind in ("_parameters", "_buffers"):
        for path, each in module.named_modules():
            table = each.__dict__[kind]
            for name, x in table.own():
                if x is not None:
                    first = f"{path}.{name}" if path else name
                    slots.setdefault(id(x), (first, []))[1].append((id(table), name))
    return dict(slots.values())

"""`functional_call`: a module as a function of its parameters."""

from collections.abc import Mapping
from typing import Any

from xgrad.engine.dispatch import wrap
from xgrad.engine.tensor import Tensor
from xgrad.nn.module import Module
from xgrad.nn.tables import standing_in

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

    So that `grad`, `vmap`, `hessian`... work over the parameters of a model.

    Parameters
    ----------
    module : Module
        It finds the given values while it runs, in the thread of the call only.
    parameters_and_buffers : mapping
        Arrays or Tensors by the names of `Module.named_parameters` and `named_buffers`. Those
        left out stay the module's; weights that are tied are all replaced.
    args : tuple or anything else
        The arguments; what is no tuple is the only one.
    kwargs : mapping, optional
        Keyword arguments.
    strict : bool
        Whether every parameter and buffer must be given.

    Returns
    -------
    What the module returns.

    Notes
    -----
    Parameters that need gradients stay connected to the eager tape, so that what a transform
    gives can be differentiated further; detach them where that is not wanted.

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
    own = _places(module)
    unknown = [name for name in parameters_and_buffers if name not in own]
    missing = [name for name in own if name not in parameters_and_buffers]
    if unknown or (strict and missing):
        what = f"no parameter or buffer {unknown[0]!r}" if unknown else f"{missing[0]!r} too"
        raise KeyError(
            f"functional_call: {type(module).__name__} has {what}; its names are {', '.join(own)}"
        )
    replaced: dict[tuple[int, str], Tensor | None] = {
        place: x if type(x) is Tensor else wrap(x)
        for name, x in parameters_and_buffers.items()
        for place in own[name]
    }
    with standing_in(replaced):
        return module(*(args if isinstance(args, tuple) else (args,)), **(kwargs or {}))


def _places(module: Module) -> dict[str, list[tuple[int, str]]]:
    """Return the tables and names where each tensor stands, under its first name."""
    found: dict[int, tuple[str, list[tuple[int, str]]]] = {}
    for kind in ("_parameters", "_buffers"):
        for path, each in module.named_modules():
            table = each.__dict__[kind]
            for name, x in table.own():
                if x is not None:
                    first = f"{path}.{name}" if path else name
                    found.setdefault(id(x), (first, []))[1].append((id(table), name))
    return dict(found.values())

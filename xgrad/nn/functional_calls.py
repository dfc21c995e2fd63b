"""`functional_call`: a module as a function of its parameters."""

from collections.abc import Mapping
from typing import Any

from xgrad.engine.dispatch import wrap
from xgrad.engine.tensor import Tensor
from xgrad.nn.module import Module

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
        It holds the given values while it runs, and its own afterwards; a thread of its own
        needs a copy of the module.
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
    own = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    unknown = [name for name in parameters_and_buffers if name not in own]
    missing = [name for name in own if name not in parameters_and_buffers]
    if unknown or (strict and missing):
        what = f"no parameter or buffer {unknown[0]!r}" if unknown else f"{missing[0]!r} too"
        raise KeyError(
            f"functional_call: {type(module).__name__} has {what}; its names are {', '.join(own)}"
        )
    replaced = {
        id(own[name]): x if type(x) is Tensor else wrap(x)
        for name, x in parameters_and_buffers.items()
    }
    swapped: list[tuple[dict[str, Any], str, Any]] = []
    try:
        for each in module.modules():
            for table in (each._parameters, each._buffers):
                for name, x in table.items():
                    if id(x) in replaced:
                        swapped.append((table, name, x))
                        table[name] = replaced[id(x)]
        arguments = args if isinstance(args, tuple) else (args,)
        return module(*arguments, **(kwargs or {}))
    finally:
        for table, name, x in swapped:
            table[name] = x

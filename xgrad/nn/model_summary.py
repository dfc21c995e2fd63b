"""A table of a model: its modules, the shapes of their outputs, their parameters."""

import math
from typing import Any

from xgrad.backends.registry import find_backend
from xgrad.engine.handles import RemovableHandle
from xgrad.engine.levels import no_grad
from xgrad.engine.tensor import Tensor
from xgrad.nn.functional.reduction import on_device_of
from xgrad.nn.module import Module


class Summary:
    """The result of `summary`, which prints as a table.

    Attributes
    ----------
    rows : list of (name, kind, output shapes, parameters)
        One row per module, in call order; the parameters exclude those of submodules.
    parameters, trainable : int
        The numbers of elements of all parameters, and of those that need gradients.
    bytes : int
        The memory of parameters and buffers.
    """

    def __init__(
        self, rows: list[tuple[str, str, str, int]], parameters: int, trainable: int, bytes: int
    ) -> None:
        self.rows, self.parameters, self.trainable, self.bytes = rows, parameters, trainable, bytes

    def __str__(self) -> str:
        table = [("module", "kind", "output", "parameters")]
        table += [(name, kind, shape, f"{count:,}") for name, kind, shape, count in self.rows]
        widths = [max(len(row[i]) for row in table) for i in range(4)]
        lines = [
            "  ".join(
                [*(cell.ljust(w) for cell, w in zip(row, widths[:3], strict=False)),
                 row[3].rjust(widths[3])]
            )
            for row in table
        ]  # fmt: skip
        rule = "-" * len(lines[0])
        fixed = self.parameters - self.trainable
        end = [f"{self.parameters:,} parameters, {self.bytes / 2**20:.2f} MiB"]
        if fixed:
            end.append(f"{fixed:,} of them fixed")
        return "\n".join([lines[0], rule, *lines[1:], rule, ", ".join(end)])

    __repr__ = __str__


def _shapes(out: Any) -> str:
    if isinstance(out, Tensor):
        return str(out.shape)
    if isinstance(out, tuple | list):
        return ", ".join(_shapes(part) for part in out)
    return type(out).__name__


def _beside_parameters(x: Any, model: Module) -> Any:
    parameter = next(iter(model.parameters()), None)
    return x if parameter is None or find_backend(x) is None else on_device_of(x, parameter)


def summary(model: Module, *inputs: Any) -> Summary:
    """Run a model once, in evaluation mode, and return a table of its modules.

    Parameters
    ----------
    model : Module
    *inputs : arrays or Tensors
        The arguments of the model; moved to the device of its parameters.

    Examples
    --------
    >>> import xgrad as xg
    >>> model = xg.nn.Sequential(xg.nn.Linear(3, 4), xg.nn.ReLU(), xg.nn.Linear(4, 2))
    >>> xg.nn.summary(model, xg.ones((5, 3), dtype=xg.float32))
    module  kind        output  parameters
    --------------------------------------
    0       Linear      (5, 4)          16
    1       ReLU        (5, 4)           0
    2       Linear      (5, 2)          10
    (all)   Sequential  (5, 2)           0
    --------------------------------------
    26 parameters, 0.00 MiB
    """
    rows: list[tuple[str, str, str, int]] = []
    handles: list[RemovableHandle] = []
    for name, module in model.named_modules():

        def note(module: Module, args: Any, out: Any, name: str = name or "(all)") -> None:
            own = [p for p in module._parameters.values() if p is not None]
            count = sum(math.prod(p.shape) for p in own)
            rows.append((name, type(module).__name__, _shapes(out), count))

        handles.append(module.register_forward_hook(note))
    modes = [(module, module.training) for module in model.modules()]
    try:
        model.eval()
        with no_grad():
            model(*(_beside_parameters(x, model) for x in inputs))
    finally:
        for module, training in modes:
            object.__setattr__(module, "training", training)
        for handle in handles:
            handle.remove()
    parameters = list(model.parameters())
    counts = [(math.prod(p.shape), p.requires_grad) for p in parameters]
    return Summary(
        rows,
        sum(n for n, _ in counts),
        sum(n for n, needed in counts if needed),
        sum(math.prod(x.shape) * x.dtype.itemsize for x in (*parameters, *model.buffers())),
    )

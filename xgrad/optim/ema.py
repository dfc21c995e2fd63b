"""Averages of weights over training."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from xgrad.engine.dispatch import backend_below
from xgrad.engine.tensor import Tensor, lowest
from xgrad.engine.views import store
from xgrad.nn.checks import number
from xgrad.nn.construction import checked
from xgrad.nn.module import Module
from xgrad.ops.creation import as_tensor


class EMA:
    """An exponential moving average of parameters: ``a = decay a + (1 - decay) p``.

    Parameters
    ----------
    params : Module, or iterable of Tensor
        For a module, its parameters.
    decay : float
        In [0, 1].

    Examples
    --------
    >>> import xgrad as xg
    >>> w = xg.tensor([0.0], requires_grad=True)
    >>> ema = xg.optim.EMA([w], decay=0.5)
    >>> with xg.no_grad():
    ...     w[...] = 4.0
    >>> ema.update()
    >>> with ema.applied():
    ...     print(w.detach())
    Tensor([2.])
    >>> w.detach()
    Tensor([4.])
    """

    @checked
    def __init__(self, params: Module | Iterable[Tensor], decay: float = 0.999) -> None:
        number("EMA", "decay", decay, 0, 1)
        if isinstance(params, Module):
            params = params.parameters()
        self.params, self.decay = [params] if isinstance(params, Tensor) else list(params), decay
        for p in self.params:
            if not isinstance(p, Tensor):
                raise TypeError(f"EMA: expected Tensors for parameters, got {type(p).__name__}")
        if not self.params:
            raise ValueError("EMA: expected parameters, got an empty list")
        self.averages = [_copy(p) for p in self.params]

    def update(self) -> None:
        """Update the averages from the parameters; call it after each step."""
        for i, p in enumerate(self.params):
            xp, value, average = backend_below(p).xp, lowest(p), self.averages[i]
            self.averages[i] = xp.normalise(self.decay * average + (1 - self.decay) * value)

    def copy_to(self) -> None:
        """Write the averages into the parameters."""
        _write_all(self.params, self.averages)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Use the averages as the parameters temporarily, to evaluate or save them."""
        before = [_copy(p) for p in self.params]
        self.copy_to()
        try:
            yield
        finally:
            _write_all(self.params, before)

    def state_dict(self) -> dict[str, Any]:
        """Return the averages, as constant Tensors, and the decay."""
        return {"decay": self.decay, "averages": [as_tensor(a) for a in self.averages]}

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Copy the averages of a state dict."""
        averages = [as_tensor(a) for a in saved["averages"]]
        shapes, expected = [a.shape for a in averages], [p.shape for p in self.params]
        if shapes != expected:
            raise ValueError(f"load_state_dict of EMA: expected shapes {expected}, got {shapes}")
        self.decay = saved["decay"]
        self.averages = [
            _copy(a.to(p.backend.name, device=p.device, dtype=p.dtype))
            for a, p in zip(averages, self.params, strict=True)
        ]

    def __repr__(self) -> str:
        return f"EMA({len(self.params)} parameters, decay={self.decay})"


def _copy(x: Tensor) -> Any:
    return backend_below(x).xp.copy(lowest(x))


def _write_all(params: list[Tensor], values: list[Any]) -> None:
    for p, value in zip(params, values, strict=True):
        store(p, value)

"""Mixed precision: matrix products in 16 bits, parameters and sums in 32.

Names and behaviour as in ``torch.amp``.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from xgrad.backends.dtypes import canonical, float16, float32, float64
from xgrad.backends.registry import get_backend
from xgrad.contexts import context
from xgrad.engine.dispatch import backend_below
from xgrad.engine.levels import no_grad
from xgrad.engine.precision import CHOSEN, OPEN
from xgrad.engine.tensor import Tensor, lowest
from xgrad.engine.views import own_value, store
from xgrad.errors import AutogradError
from xgrad.ops.creation import as_tensor, astype
from xgrad.ops.elementwise import multiply
from xgrad.ops.selection import logical_or, where
from xgrad.optim.optimizer import Optimizer

__all__ = ["GradScaler", "allow_tf32", "autocast", "tf32_allowed"]


def __dir__() -> list[str]:
    return __all__


@context
def autocast(dtype: Any = "float16", enabled: bool = True) -> Iterator[None]:
    """Run matrix products in a narrow dtype in the body of a ``with``.

    This affects linear layers, convolutions, attention and recurrent networks.
    Sums, means, exponentials, logarithms, softmax, norms and losses run in float32. float64
    is unchanged. Parameters and their gradients stay in float32: conversions are
    part of the graph.

    Parameters
    ----------
    dtype : {"float16", "bfloat16"}
        bfloat16 needs the package ml_dtypes and a backend that supports it.
    enabled : bool
        False disables autocast.

    Notes
    -----
    Put the forward pass and the loss inside, the backward pass outside. float16 cannot
    represent numbers below 6e-8: its gradients need a `GradScaler`, those of bfloat16 do not.

    The setting is local to the thread or task.

    Examples
    --------
    >>> import xgrad as xg
    >>> layer = xg.nn.Linear(2, 3)
    >>> with xg.amp.autocast("float16"):
    ...     y = layer(xg.ones((4, 2), dtype=xg.float32))
    ...     loss = xg.mean(y * y)
    >>> y.dtype, loss.dtype
    (dtype('float16'), dtype('float32'))
    >>> loss.backward()
    >>> layer.weight.grad.dtype
    dtype('float32')
    """
    token = CHOSEN.set(_narrow(dtype) if enabled else None)
    OPEN[0] += 1
    try:
        yield
    finally:
        OPEN[0] -= 1
        CHOSEN.reset(token)


def _narrow(dtype: Any) -> Any:
    if dtype == "bfloat16":
        try:
            import ml_dtypes  # who has a bfloat16 dtype has it
        except ImportError:
            raise ImportError(
                "autocast: bfloat16 needs the package ml_dtypes: pip install ml_dtypes"
            ) from None
        dtype = ml_dtypes.bfloat16
    found: Any = canonical(dtype)
    if found != float16 and found.name != "bfloat16":
        raise TypeError(f"autocast: expected float16 or bfloat16, got {found}")
    return found


def _as(x: Tensor, dtype: Any) -> Tensor:
    return x if x.dtype == dtype else astype(x, dtype)


class GradScaler:
    """Scale losses so that small gradients survive float16, and skip steps that overflow.

    The scale is halved when a gradient is not finite, and doubled after ``growth_interval``
    steps without one. The check runs on the device, without synchronization.

    Parameters
    ----------
    init_scale, growth_factor, backoff_factor : float
    growth_interval : int
    enabled : bool
        False disables scaling in all methods.

    Examples
    --------
    >>> import xgrad as xg
    >>> model = xg.nn.Linear(2, 1)
    >>> optimizer, scaler = xg.optim.SGD(model.parameters(), lr=0.1), xg.amp.GradScaler()
    >>> with xg.amp.autocast("float16"):
    ...     loss = xg.mean(model(xg.ones((4, 2), dtype=xg.float32)) ** 2)
    >>> scaler.scale(loss).backward()
    >>> scaler.unscale_(optimizer)  # only to clip
    >>> norm = xg.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    >>> scaler.step(optimizer)
    >>> scaler.update()
    >>> scaler.get_scale()
    65536.0
    """

    def __init__(
        self,
        init_scale: float = 2.0**16,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        if not growth_factor > 1 or not 0 < backoff_factor < 1:
            raise ValueError(
                f"GradScaler: expected a growth factor above 1 and a backoff factor in (0, 1), "
                f"got {growth_factor} and {backoff_factor}"
            )
        self.growth_factor, self.backoff_factor = growth_factor, backoff_factor
        self.growth_interval, self.enabled = growth_interval, enabled
        self._start, self._good_start = float(init_scale), 0
        self._state: tuple[Tensor, Tensor] | None = None  # the scale, steps since it changed
        self._found: dict[int, Tensor] = {}  # by the optimizer's identity, until update()

    def _on(self, like: Tensor) -> Tensor:
        """Return the scale, created on the device of the first loss."""
        if self._state is None:
            backend = backend_below(like)
            device = backend.xp.device(lowest(like))
            made = (self._start, self._good_start)
            scale, steps = (
                as_tensor(float(x)).to(backend.name, device=device, dtype=float32) for x in made
            )
            self._state = scale, steps
        return self._state[0]

    def scale(self, loss: Tensor) -> Tensor:
        """Return the loss times the scale, in float32 or wider."""
        if not self.enabled:
            return loss
        wide = loss if loss.dtype == float64 else _as(loss, float32)
        return multiply(wide, _as(self._on(loss), wide.dtype))

    def unscale_(self, optimizer: Optimizer) -> None:
        """Divide the gradients of an optimizer's parameters by the scale, in place.

        `step` does this unless it is already done. Call it before clipping gradients.
        """
        if not self.enabled:
            return
        if id(optimizer) in self._found:
            raise AutogradError("unscale_: already called for this optimizer since update()")
        owners: dict[Any, list[Tensor]] = {}
        for group in optimizer.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    key = (p.backend.name, backend_below(p).xp.device_key(lowest(p)), p.dtype)
                    owners.setdefault(key, []).append(p)
        if not owners:
            raise AutogradError("unscale_: no parameter of this optimizer has a gradient")
        with no_grad():
            found: Any = None
            for params in owners.values():
                factor = 1.0 / self._on(params[0])
                xp = backend_below(params[0]).xp
                if "unscale" in xp.kernels.overwrites:
                    for p in params:
                        own_value(p.grad)
                grads, bad = xp.kernels.unscale([p.grad._value for p in params], factor._value)  # type: ignore[union-attr]
                for p, grad in zip(params, grads, strict=True):
                    store(p.grad, grad)
                here = as_tensor(bad)
                found = here if found is None else logical_or(found, here)
        self._found[id(optimizer)] = found

    def step(self, optimizer: Optimizer) -> None:
        """Take an optimizer step, unless a gradient is not finite."""
        if not self.enabled:
            optimizer.step()
            return
        if id(optimizer) not in self._found:
            self.unscale_(optimizer)
        optimizer.step(skip=self._found[id(optimizer)])

    def update(self, new_scale: float | None = None) -> None:
        """Adapt the scale after the steps of all optimizers, or set it to a value."""
        if not self.enabled:
            return
        if new_scale is not None:
            self._restart(new_scale, 0)
            return
        if not self._found or self._state is None:
            raise AutogradError("update: call step() or unscale_() first")
        with no_grad():
            scale, steps = self._state
            flags = list(self._found.values())
            bad = flags[0]
            for flag in flags[1:]:
                bad = logical_or(bad, flag)
            good = steps + 1.0
            grows = good >= self.growth_interval
            grown = where(grows, scale * self.growth_factor, scale)
            new = where(bad, scale * self.backoff_factor, grown)
            self._state = new, _as(where(logical_or(bad, grows), 0.0, good), float32)
        self._found.clear()

    def _restart(self, scale: float, good_steps: int) -> None:
        self._start, self._good_start = float(scale), int(good_steps)
        self._state = None
        self._found.clear()

    def get_scale(self) -> float:
        """Return the scale as a number; on a GPU this synchronizes."""
        if not self.enabled:
            return 1.0
        return self._start if self._state is None else float(self._state[0].item())

    def state_dict(self) -> dict[str, Any]:
        """Return the complete state, as numbers."""
        good = self._good_start if self._state is None else int(self._state[1].item())
        return {
            "scale": self.get_scale(),
            "growth_factor": self.growth_factor,
            "backoff_factor": self.backoff_factor,
            "growth_interval": self.growth_interval,
            "good_steps": good,
        }

    def load_state_dict(self, saved: Mapping[str, Any]) -> None:
        """Restore a saved state."""
        self._restart(saved["scale"], saved["good_steps"])
        self.growth_factor = saved["growth_factor"]
        self.backoff_factor = saved["backoff_factor"]
        self.growth_interval = saved["growth_interval"]

    def __repr__(self) -> str:
        return (
            f"GradScaler(growth_factor={self.growth_factor}, "
            f"backoff_factor={self.backoff_factor}, growth_interval={self.growth_interval}, "
            f"enabled={self.enabled})"
        )


def allow_tf32(allowed: bool) -> None:
    """Allow the current backend to round float32 matrices to TF32 (10 bits of mantissa), or not.

    Off by default on every backend. With TF32, matrix products on NVIDIA tensor cores are several
    times as fast, with a relative error of about 1e-3.
    """
    get_backend().runtime.set_tf32(bool(allowed))


def tf32_allowed() -> bool:
    """Whether the current backend may round float32 matrices to TF32.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.amp.tf32_allowed()
    False
    """
    return get_backend().runtime.tf32()

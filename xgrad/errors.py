"""The exceptions of xgrad. Each derives from the built-in one that a caller would expect."""

__all__ = [
    "AnomalyError", "AutogradError", "AxisError", "BackendError", "ConvergenceError",
    "HostTransferError", "LeakedTensorError", "MixedBackendsError", "OutOfMemoryError",
]  # fmt: skip


class BackendError(RuntimeError):
    """A backend is unknown, not installed, or cannot run on this machine."""


class MixedBackendsError(TypeError):
    """One operation was given arrays of two libraries."""


class AutogradError(RuntimeError):
    """A derivative was asked for that does not exist or can no longer be computed."""


class AxisError(ValueError, IndexError):
    """An axis is out of bounds: what NumPy, and what the standard calls it."""


class LeakedTensorError(AutogradError):
    """A tensor that belongs to a finished transform was used after it."""


class AnomalyError(FloatingPointError):
    """An operation made a NaN or an infinity of finite numbers, under `detect_anomaly`."""


class ConvergenceError(ArithmeticError):
    """An iteration did not reach its tolerance.

    The message says after how many iterations, what is left, what was asked for, and what to try.
    """


class OutOfMemoryError(MemoryError):
    """A device has too little memory left; the message says how much, and what to try."""


class HostTransferError(RuntimeError):
    """Numbers were read from a device inside `xgrad.testing.no_host_transfers`."""

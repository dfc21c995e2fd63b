"""The exceptions of xgrad. Each derives from the built-in exception that a caller would expect."""

__all__ = [
    "AnomalyError", "AutogradError", "AxisError", "BackendError", "ConvergenceError",
    "HostTransferError", "LeakedTensorError", "MixedBackendsError", "OutOfMemoryError",
]  # fmt: skip


def __dir__() -> list[str]:
    return __all__


class BackendError(RuntimeError):
    """A backend is unknown, is not installed, or cannot run on this machine."""


class MixedBackendsError(TypeError):
    """An operation received arrays of two libraries."""


class AutogradError(RuntimeError):
    """A requested derivative does not exist or can no longer be computed."""


class AxisError(ValueError, IndexError):
    """An axis is out of bounds (the same name as in NumPy and the standard)."""


class LeakedTensorError(AutogradError):
    """A tensor of a finished transform was used."""


class AnomalyError(FloatingPointError):
    """An operation produced a NaN or an infinity from finite numbers, under `detect_anomaly`."""


class ConvergenceError(ArithmeticError):
    """An iteration did not reach its tolerance.

    The message states the iterations, the remaining error, the tolerances, and possible fixes.
    """


class OutOfMemoryError(MemoryError):
    """A device is out of memory; the message states how much is used, and possible fixes."""


class HostTransferError(RuntimeError):
    """Numbers were read from a device inside `xgrad.testing.no_host_transfers`."""

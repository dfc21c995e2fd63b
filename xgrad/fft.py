"""Fourier transforms: the standard's extension, differentiable in both modes."""

from xgrad.ops.fourier import *
from xgrad.ops.frequencies import *

# The names of the modules imported above: written by tools/declared.py.
__all__ = [
    "fft", "fftfreq", "fftn", "fftshift", "hfft", "ifft", "ifftn", "ifftshift", "ihfft", "irfft",
    "irfftn", "rfft", "rfftfreq", "rfftn",
]  # fmt: skip


def __dir__() -> list[str]:
    return __all__

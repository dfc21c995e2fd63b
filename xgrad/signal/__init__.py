"""Signal processing with SciPy's names and arguments, differentiable by all arrays.

See Also
--------
xgrad.fft : Fourier transforms.
"""

from xgrad.calls import publish as _publish
from xgrad.signal.convolution import *
from xgrad.signal.filters import *

__all__ = ["convolve", "correlate", "detrend", "fftconvolve", "lfilter", "oaconvolve"]

_publish(globals())


def __dir__() -> list[str]:
    return __all__

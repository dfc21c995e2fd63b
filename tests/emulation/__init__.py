"""CuPy without a GPU: NumPy's arithmetic behind CuPy's own names and signatures.

`install` replaces the modules ``cupy`` and ``cupyx``. A function exists in them only if
the real CuPy has it. Calls are checked against its signature, ufuncs against its table of dtypes,
and NumPy arrays raise where CuPy raises. Kernels are compiled for the host (see
`tests.emulation.kernels`), with threads and barriers. Operations that would launch work on
the device, or read from it, are counted (see `COUNTS`). Speed, memory, cuBLAS, cuFFT and
cuSOLVER are not emulated: they need a GPU.
"""

from tests.emulation.arrays import COUNTS, ndarray
from tests.emulation.modules import install

__all__ = ["COUNTS", "install", "ndarray"]

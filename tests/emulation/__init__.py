"""CuPy without a GPU: NumPy's arithmetic behind CuPy's own names and signatures.

`install` puts modules in the place of ``cupy`` and ``cupyx``. A function exists in them only if
the real CuPy has it; calls are held against its signature, ufuncs against its table of dtypes;
NumPy's arrays are refused where CuPy refuses them. Kernels are compiled for the host (see
`tests.emulation.kernels`), their threads and barriers included. Whatever would launch work on
the device, or read from it, is counted (see `COUNTS`). Speed, memory and cuBLAS, cuFFT or
cuSOLVER themselves are not emulated: those need a GPU.
"""

from tests.emulation.arrays import COUNTS, ndarray
from tests.emulation.modules import install

__all__ = ["COUNTS", "install", "ndarray"]

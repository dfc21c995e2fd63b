"""Linear algebra: the standard's extension, differentiable, and further functions.

Matrices are the last two axes; the axes before them are a batch and broadcast.
"""

from xgrad.ops.linalg.determinants import *
from xgrad.ops.linalg.factors import *
from xgrad.ops.linalg.functions import *
from xgrad.ops.linalg.leastsquares import *
from xgrad.ops.linalg.norms import *
from xgrad.ops.linalg.polar import *
from xgrad.ops.linalg.products import *
from xgrad.ops.linalg.singular import *
from xgrad.ops.linalg.solving import *
from xgrad.ops.linalg.spectral import *
from xgrad.ops.linalg.structured import *
from xgrad.ops.products import matmul, outer, tensordot, vecdot
from xgrad.ops.views.kinds import matrix_transpose
from xgrad.transforms.matrix_functions import funm

__all__ = ["funm", "matmul", "matrix_transpose", "outer", "tensordot", "vecdot"]
# The names of the modules imported above: written by tools/declared.py.
__all__ += [
    "block_diag", "cho_factor", "cho_solve", "cholesky", "circulant", "cond", "cross", "det",
    "diagonal", "eig", "eigh", "eigvals", "eigvalsh", "expm", "fractional_matrix_power", "hankel",
    "inv", "logm", "lstsq", "matrix_norm", "matrix_power", "matrix_rank", "multi_dot", "norm",
    "pinv", "polar", "qr", "slogdet", "solve", "solve_banded", "solve_continuous_lyapunov",
    "solve_sylvester", "solve_triangular", "sqrtm", "svd", "svdvals", "toeplitz", "trace",
    "vector_norm",
]  # fmt: skip


def __dir__() -> list[str]:
    return __all__

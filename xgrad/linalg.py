"""Linear algebra: the standard's extension, differentiable, and what users need beside it.

Matrices are the last two axes; the axes before them are a batch and broadcast.
"""

from xgrad.ops.contraction import multi_dot
from xgrad.ops.linalg.determinants import det, slogdet
from xgrad.ops.linalg.factors import cholesky, eig, eigvals, qr
from xgrad.ops.linalg.functions import expm, fractional_matrix_power, logm, polar, sqrtm
from xgrad.ops.linalg.leastsquares import lstsq, pinv
from xgrad.ops.linalg.norms import cond, cross, diagonal, matrix_norm, norm, trace, vector_norm
from xgrad.ops.linalg.singular import matrix_rank, svd, svdvals
from xgrad.ops.linalg.solving import inv, matrix_power, solve, solve_triangular
from xgrad.ops.linalg.spectral import eigh, eigvalsh
from xgrad.ops.products import matmul, outer, tensordot, vecdot
from xgrad.ops.views.kinds import matrix_transpose
from xgrad.transforms.matrix_functions import funm

__all__ = [
    "cholesky",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "expm",
    "fractional_matrix_power",
    "funm",
    "inv",
    "logm",
    "lstsq",
    "matmul",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "matrix_transpose",
    "multi_dot",
    "norm",
    "outer",
    "pinv",
    "polar",
    "qr",
    "slogdet",
    "solve",
    "solve_triangular",
    "sqrtm",
    "svd",
    "svdvals",
    "tensordot",
    "trace",
    "vecdot",
    "vector_norm",
]

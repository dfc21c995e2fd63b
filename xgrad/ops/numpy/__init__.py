"""Functions with NumPy's names, arguments and meaning, composed of other ops.

Each has the signature of NumPy's function (a test compares), and is declared once:
``@function(numpy="hstack")`` makes ``np.hstack(tensor)`` and `xgrad.numpy.hstack` call it,
``method=`` makes it a method of Tensor, and a name in its module's ``__all__`` a function of xgrad.
"""

from xgrad.ops.numpy import applying as applying
from xgrad.ops.numpy import calculus as calculus
from xgrad.ops.numpy import choosing as choosing
from xgrad.ops.numpy import convolution as convolution
from xgrad.ops.numpy import covariance as covariance
from xgrad.ops.numpy import creation as creation
from xgrad.ops.numpy import diagonals as diagonals
from xgrad.ops.numpy import editing as editing
from xgrad.ops.numpy import fitting as fitting
from xgrad.ops.numpy import flat as flat
from xgrad.ops.numpy import fourier as fourier
from xgrad.ops.numpy import grids as grids
from xgrad.ops.numpy import histograms as histograms
from xgrad.ops.numpy import inner as inner
from xgrad.ops.numpy import inspection as inspection
from xgrad.ops.numpy import joining as joining
from xgrad.ops.numpy import linalg as linalg
from xgrad.ops.numpy import members as members
from xgrad.ops.numpy import missing as missing
from xgrad.ops.numpy import moments as moments
from xgrad.ops.numpy import numbers as numbers
from xgrad.ops.numpy import padding as padding
from xgrad.ops.numpy import polynomials as polynomials
from xgrad.ops.numpy import positions as positions
from xgrad.ops.numpy import products as products
from xgrad.ops.numpy import quantiles as quantiles
from xgrad.ops.numpy import rearranging as rearranging
from xgrad.ops.numpy import reductions as reductions
from xgrad.ops.numpy import running as running
from xgrad.ops.numpy import scimath as scimath
from xgrad.ops.numpy import sets as sets
from xgrad.ops.numpy import shapes as shapes
from xgrad.ops.numpy import sorting as sorting
from xgrad.ops.numpy import splitting as splitting

"""Functions with NumPy's names, arguments and meaning, composed of other ops.

Each has the signature of NumPy's function (a test compares), and is declared once:
``@function(numpy="hstack")`` makes ``np.hstack(tensor)`` and `xgrad.numpy.hstack` call it,
``method=`` makes it a method of Tensor, and a name in its module's ``__all__`` a function of xgrad.
"""

from xgrad.ops.numpy import histograms as histograms
from xgrad.ops.numpy import joining as joining
from xgrad.ops.numpy import missing as missing
from xgrad.ops.numpy import moments as moments
from xgrad.ops.numpy import quantiles as quantiles
from xgrad.ops.numpy import reductions as reductions
from xgrad.ops.numpy import running as running
from xgrad.ops.numpy import sets as sets
from xgrad.ops.numpy import sorting as sorting

"""xgrad: autograd for every array library.

Array functions are named as in the Python Array API standard, transforms as in JAX,
tensors, `nn` and `optim` as in PyTorch.
"""

from xgrad import ops as _ops  # binds Tensor's operators and methods
from xgrad import autograd
from xgrad.backends.registry import (
    available_backends,
    get_backend,
    set_backend,
    use_backend,
)
from xgrad.backends.dtypes import set_default_dtype
from xgrad.engine.levels import enable_grad, is_grad_enabled, no_grad
from xgrad.engine.tensor import Tensor
from xgrad.ops.elementwise import *
from xgrad.ops.reductions import *
from xgrad.ops.creation import *
from xgrad.ops.shape import *
from xgrad.ops.products import *
from xgrad.ops.indexing import *
from xgrad.transforms.reverse import grad, value_and_grad, vjp
from xgrad.transforms.forward import jvp
from xgrad.transforms.vectorise import vmap
__version__ = "0.1.0"

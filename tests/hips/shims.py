"""Modules named ``autograd...`` that are xgrad's, for programs written for HIPS/autograd.

There are two modes: ``autograd.numpy`` is `xgrad.numpy`, or NumPy itself, whose ``array`` and
``asarray`` of Tensors are then `xgrad.asarray`, because NumPy has no hook for them.
"""

import importlib
import itertools
import sys
import types
import warnings
from functools import partial

import numpy as np
import optree

import xgrad as xg
import xgrad.misc.fixed_points
import xgrad.misc.flatten
import xgrad.misc.optimizers
from xgrad.transforms.reverse import selected

#: What programs import from the top of the package.
TRANSFORMS = (
    "checkpoint", "deriv", "elementwise_grad", "grad", "grad_and_aux", "grad_named", "hessian",
    "hessian_tensor_product", "hessian_vector_product", "holomorphic_grad", "jacobian",
    "make_ggnvp", "make_hvp", "make_jvp", "make_vjp", "multigrad_dict", "tensor_jacobian_product",
    "value_and_grad", "vector_jacobian_product",
)  # fmt: skip
#: Containers need no replacement: transforms take them.
BUILTINS = {"dict": dict, "isinstance": isinstance, "list": list, "tuple": tuple, "type": type}


def module(name, *sources, **names):
    """Make a module with given names, and those of other modules, the first that has one."""
    made = types.ModuleType(name)

    def __getattr__(attribute):
        for source in sources:
            if hasattr(source, attribute):
                return getattr(source, attribute)
        raise AttributeError(f"module {name!r} has no attribute {attribute!r}")

    vars(made).update(names)
    if sources:
        made.__getattr__ = __getattr__
    made.__path__ = []  # it may have submodules
    sys.modules[name] = made
    above, _, last = name.rpartition(".")
    if above:
        setattr(sys.modules[above], last, made)
    return made


def optional(name):
    """Return a module of xgrad, as a list of none or one."""
    try:
        return [importlib.import_module(name)]
    except ModuleNotFoundError:
        return []


def has_tensor(x):
    return any(type(leaf) is xg.Tensor for leaf in optree.tree_leaves(x))


def array_of(x, *args, **keywords):
    """``np.array``, which takes Tensors."""
    if not has_tensor((x, args, keywords)):
        return np.array(x, *args, **keywords)
    return xg.asarray(x, *args, **keywords)


def make_diagonal(x, offset=0, axis1=0, axis2=1):
    """HIPS/autograd's function, for the axes that it supports."""
    assert (offset, axis1, axis2) == (0, -1, -2)
    return x[..., None] * np.eye(x.shape[-1])


def install(mode):
    """Put the modules in place of HIPS/autograd's."""
    module("autograd", **{name: getattr(xg, name) for name in TRANSFORMS}, **BUILTINS)
    if mode == "xgrad.numpy":
        numpy = importlib.import_module("xgrad.numpy")
        module("autograd.numpy", numpy)
    else:
        numpy = np
        module("autograd.numpy", np, array=array_of)
    for name in ("random", "linalg", "fft"):
        module(f"autograd.numpy.{name}", getattr(numpy, name))
    vars(sys.modules["autograd.numpy"])["make_diagonal"] = make_diagonal
    private = {"_dot": partial(numpy.einsum, "...ij,...jk->...ik")}
    private["T"] = lambda x: numpy.swapaxes(x, -1, -2)
    vars(sys.modules["autograd.numpy.linalg"]).update(private)
    install_scipy()
    module("autograd.builtins", **BUILTINS)
    module("autograd.extend", xg.extend)
    module("autograd.misc", flatten=xg.misc.flatten, const_graph=None)
    for name in ("flatten", "optimizers", "fixed_points"):
        module(f"autograd.misc.{name}", importlib.import_module(f"xgrad.misc.{name}"))
    sys.modules["autograd.misc"].flatten = xg.misc.flatten  # not the module
    install_internals()


def install_scipy():
    """Put xgrad's functions with SciPy's names, and then SciPy's, in place of the wrappers."""
    module("autograd.scipy")
    for name in ("integrate", "linalg", "signal", "special", "stats"):
        theirs = importlib.import_module(f"scipy.{name}")
        module(f"autograd.scipy.{name}", *optional(f"xgrad.{name}"), theirs)
    stats = sys.modules["autograd.scipy.stats"]
    for name in (*("beta", "chi2", "dirichlet", "gamma", "multivariate_normal"),
                 *("norm", "poisson", "t")):  # fmt: skip
        module(f"autograd.scipy.stats.{name}", getattr(stats, name))


# -- the parts of its internals that its tests of other things use -----------------------------


def scalar_close(a, b):
    """Whether two numbers are equal up to rounding errors of finite differences."""
    return abs(a - b) < 1e-6 or abs(a - b) / abs(a + b) < 1e-6


def check_equivalent(x, y):
    """Raise unless two trees have equal structures, shapes, dtypes and nearly equal values."""
    xs, spec = optree.tree_flatten(x)
    ys, other = optree.tree_flatten(y)
    assert spec == other, f"{spec} is not {other}"
    for a, b in zip(xs, ys, strict=True):
        a, b = (np.asarray(v.numpy() if type(v) is xg.Tensor else v) for v in (a, b))
        assert a.shape == b.shape
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6)


#: HIPS/autograd compares with the sum of the two numbers.
CLOSE = {"atol": 1e-6, "rtol": 2e-6}


def check_grads(f, argnum=0, modes=("fwd", "rev"), order=2):
    """`xgrad.test_util.check_grads` with HIPS/autograd's steps and tolerances."""

    def check(*args, **keywords):
        of_chosen, chosen = selected(partial(f, **keywords), args, argnum, "check_grads")
        xg.testing.check_grads(lambda *x: of_chosen(x), chosen, order, modes, eps=5e-7, **CLOSE)

    return check


def combo_check(f, *args, **options):
    """Return a function that checks the derivatives for all combinations of arguments."""

    def check(*choices, **by_name):
        for given in itertools.product(*choices):
            for values in itertools.product(*by_name.values()):
                keywords = dict(zip(by_name, values, strict=True))
                check_grads(f, *args, **options)(*given, **keywords)

    return check


def quick_grad_check(f, x, extra_args=(), kwargs=None, verbose=True, **tolerances):
    """Check the first derivative in reverse mode; deprecated by HIPS/autograd."""
    warnings.warn("quick_grad_check is deprecated", stacklevel=2)
    check_grads(f, modes=["rev"], order=1)(x, *extra_args, **(kwargs or {}))


def unary_to_nary(operation):
    """Make an operation on functions of one argument one for any argument."""

    def of_argument(f, argnum=0, *settings, **named):
        def transformed(*args, **keywords):
            def of_one(x):
                full = list(args)
                for i, value in (
                    [(argnum, x)] if isinstance(argnum, int) else zip(argnum, x, strict=True)
                ):
                    full[i] = value
                return f(*full, **keywords)

            x = args[argnum] if isinstance(argnum, int) else tuple(args[i] for i in argnum)
            return operation(of_one, x, *settings, **named)

        return transformed

    return of_argument


def install_internals():
    """Make the modules of internals, with the names that have a meaning here."""
    primitive = xg.extend.primitive
    tests = {"check_equivalent": check_equivalent, "check_grads": check_grads}
    module("autograd.test_util", **tests, combo_check=combo_check, scalar_close=scalar_close)
    module(
        "autograd.tracer",
        primitive=primitive,
        getval=lambda x: x.detach().numpy() if type(x) is xg.Tensor else x,
        isbox=lambda x: type(x) is xg.Tensor,
    )
    module(
        "autograd.core",
        xg.extend,
        primitive=primitive,
        primitive_vjps={},
        make_vjp=lambda f, x: xg.make_vjp(f)(x),
        make_jvp=lambda f, x: xg.make_jvp(f)(x),
    )
    module("autograd.util", func=lambda f: f, quick_grad_check=quick_grad_check)
    module("autograd.wrap_util", unary_to_nary=unary_to_nary)

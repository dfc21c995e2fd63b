"""HIPS/autograd's names of transforms: each is one of xgrad's, called in HIPS's way.

They take the position of an argument (``argnum``) and then the arguments of the function.
"""

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import optree

from xgrad.backends.dtypes import is_complex
from xgrad.engine.cotangents import ones_like, zeros_like
from xgrad.engine.tensor import Tensor, lowest, stripped
from xgrad.ops.complex import conj, real
from xgrad.ops.creation import as_tensor
from xgrad.ops.products import tensordot
from xgrad.ops.reductions import sum
from xgrad.transforms.forward import jvp
from xgrad.transforms.jacobians import jacrev
from xgrad.transforms.reverse import grad, selected, vjp
from xgrad.transforms.trees import function_of, like_leaf, name_of

__all__ = [
    "deriv", "elementwise_grad", "grad_and_aux", "grad_named", "hessian_tensor_product",
    "hessian_vector_product", "holomorphic_grad", "jacobian", "make_ggnvp", "make_hvp", "make_jvp",
    "make_vjp", "multigrad_dict", "tensor_jacobian_product", "vector_jacobian_product",
]  # fmt: skip

Argnum = int | Sequence[int]
Transform = Callable[..., Any]


def _unary(name: str, f: Any, argnum: Argnum, act: Callable[[Transform, Any], Any]) -> Transform:
    """Return the function of ``f``'s arguments that acts on ``f`` of the selected ones."""

    @functools.wraps(function_of(name, f))
    def transformed(*args: Any, **keywords: Any) -> Any:
        function = functools.partial(f, **keywords) if keywords else f
        of_chosen, chosen = selected(function, args, argnum, name)
        if isinstance(argnum, int):
            return act(_named(lambda x: of_chosen((x,)), f), chosen[0])
        return act(_named(of_chosen, f), chosen)

    return transformed


def _named(g: Transform, f: Any) -> Transform:
    g.__name__ = name_of(f)
    return g


def _ones(tree: Any) -> Any:
    """Return a tree of ones, in the kinds and the dtypes of the leaves."""
    return optree.tree_map(
        lambda x: like_leaf(ones_like(stripped(as_tensor(x, like=tree))), x), tree
    )


def _zeros(tree: Any) -> Any:
    def zeros(x: Any) -> Any:
        return like_leaf(zeros_like(stripped(as_tensor(x, like=tree))), x)

    return optree.tree_map(zeros, tree)


def make_vjp(f: Callable[..., Any], argnum: Argnum = 0) -> Callable[..., Any]:
    """Return a function that computes a pullback and the value of ``f``: `vjp`, in two steps.

    Parameters
    ----------
    f : callable
        Takes and returns pytrees of arrays, Tensors and numbers.
    argnum : int or sequence of int
        The positional arguments to differentiate with respect to.

    Returns
    -------
    callable
        Takes the arguments of ``f``; returns ``(pullback, value)``. ``pullback(cotangent)`` has the
        tree of the argument. For complex values it is that of `vjp`; HIPS/autograd's is conjugated.

    See Also
    --------
    xgrad.vjp : Takes the arguments at once; returns ``(value, pullback)``.

    Examples
    --------
    >>> import numpy as np
    >>> import xgrad as xg
    >>> pullback, value = xg.make_vjp(np.sin)(np.zeros(2))
    >>> pullback(np.asarray([1.0, 10.0]))
    array([ 1., 10.])
    """

    def act(function: Transform, x: Any) -> Any:
        value, pullback = vjp(function, x)
        return lambda cotangent: pullback(cotangent)[0], value

    return _unary("make_vjp", f, argnum, act)


def make_jvp(f: Callable[..., Any], argnum: Argnum = 0) -> Callable[..., Any]:
    """Return a function that computes directional derivatives of ``f``: `jvp`, in two steps.

    Parameters are those of `make_vjp`.

    Returns
    -------
    callable
        ``make_jvp(f)(*args)(tangent)`` is ``(value, tangent of the value)``.

    See Also
    --------
    xgrad.jvp : Takes the arguments and the tangents at once.
    xgrad.linearize : Computes the value once for several tangents.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.make_jvp(lambda x, y: x * y, 1)(3.0, 2.0)(1.0)
    (6.0, 3.0)
    """

    def act(function: Transform, x: Any) -> Any:
        return lambda tangent: jvp(function, (x,), (tangent,))

    return _unary("make_jvp", f, argnum, act)


def deriv(f: Callable[..., Any], argnum: Argnum = 0) -> Callable[..., Any]:
    """Return the directional derivative of ``f`` along a tangent of ones, by forward mode.

    Parameters are those of `make_vjp`. For a function of a number, this is its derivative.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.deriv(lambda t: {"x": t**2, "y": 3 * t})(2.0)
    {'x': 4.0, 'y': 3.0}
    """
    return _unary("deriv", f, argnum, lambda function, x: jvp(function, (x,), (_ones(x),))[1])


def elementwise_grad(f: Callable[..., Any], argnum: Argnum = 0) -> Callable[..., Any]:
    """Return the gradient of the sum of ``f``'s elements: the derivatives, if it is elementwise.

    Parameters are those of `make_vjp`; the value must be real.

    See Also
    --------
    xgrad.vmap : ``vmap(grad(f))`` for a function that is not elementwise.

    Examples
    --------
    >>> import numpy as np
    >>> import xgrad as xg
    >>> xg.elementwise_grad(lambda x: x**3)(np.asarray([1.0, 2.0]))
    array([ 3., 12.])
    """

    def act(function: Transform, x: Any) -> Any:
        value, pullback = vjp(function, x)
        for leaf in optree.tree_leaves(value):
            if isinstance(leaf, complex) or (
                hasattr(leaf, "dtype") and is_complex(lowest(leaf).dtype)
            ):
                raise TypeError(
                    f"elementwise_grad: {name_of(f)} must return real numbers, got complex ones; "
                    "take real() or abs(), or use make_vjp or holomorphic_grad"
                )
        return pullback(_ones(value))[0]

    return _unary("elementwise_grad", f, argnum, act)


def holomorphic_grad(f: Callable[..., Any], argnum: Argnum = 0) -> Callable[..., Any]:
    """Return the complex derivative of a holomorphic function that returns one number.

    Parameters are those of `make_vjp`; the arguments are complex. The result is the derivative
    itself, the conjugate of the gradient of ``real(f)``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.holomorphic_grad(lambda z: z**2)(1.0 + 2.0j)
    (2+4j)
    """

    def act(function: Transform, x: Any) -> Any:
        gradient = grad(_named(lambda z: real(function(z)), f))(x)
        return optree.tree_map(lambda g, leaf: like_leaf(conj(as_tensor(g)), leaf), gradient, x)

    return _unary("holomorphic_grad", f, argnum, act)


def jacobian(
    f: Callable[..., Any], argnum: Argnum = 0, *, holomorphic: bool = False
) -> Callable[..., Any]:
    """Return the Jacobian of ``f`` by reverse mode: `jacrev`, under HIPS/autograd's name.

    Parameters are those of `make_vjp`; ``holomorphic`` is that of `jacrev`. The result has the
    shape ``(*value.shape, *argument.shape)``.

    See Also
    --------
    xgrad.jacfwd : By forward mode, which suits few inputs.

    Examples
    --------
    >>> import numpy as np
    >>> import xgrad as xg
    >>> xg.jacobian(lambda x: x[:2] * x[2])(np.asarray([1.0, 2.0, 3.0]))
    array([[3., 0., 1.],
           [0., 3., 2.]])
    """
    return jacrev(f, argnum, holomorphic=holomorphic)


def grad_and_aux(f: Callable[..., Any], argnum: Argnum = 0) -> Callable[..., Any]:
    """Return a function that computes a gradient and a second result: `grad` with ``has_aux=True``.

    Examples
    --------
    >>> import numpy as np
    >>> import xgrad as xg
    >>> xg.grad_and_aux(lambda x: (np.sum(x**2), 3 * x))(np.asarray([1.0, 2.0]))
    (array([2., 4.]), array([3., 6.]))
    """
    return grad(f, argnum, has_aux=True)


def grad_named(f: Callable[..., Any], argname: str) -> Callable[..., Any]:
    """Return the gradient with respect to the positional argument of a name.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.grad_named(lambda x, y: x * y**2, "y")(3.0, 2.0)
    12.0
    """
    names = list(inspect.signature(function_of("grad_named", f)).parameters)
    if argname not in names:
        raise ValueError(
            f"grad_named: {name_of(f)} has no argument {argname!r}, but {', '.join(names)}"
        )
    return grad(f, names.index(argname))


def multigrad_dict(f: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that computes the gradients of all arguments, in a dict by name.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.multigrad_dict(lambda x, y=2.0: x * y**2)(3.0)
    {'x': 4.0, 'y': 12.0}
    """
    signature = inspect.signature(function_of("multigrad_dict", f))

    @functools.wraps(f)
    def gradients(*args: Any, **keywords: Any) -> Any:
        bound = signature.bind(*args, **keywords)
        bound.apply_defaults()

        def of_named(values: dict[str, Any]) -> Any:
            call = inspect.BoundArguments(signature, values)
            return f(*call.args, **call.kwargs)

        found = grad(_named(of_named, f))(dict(bound.arguments))
        return {name: found[name] for name in bound.arguments}

    return gradients


def make_hvp(f: Callable[..., Any], argnum: Argnum = 0) -> Callable[..., Any]:
    """Return a function that computes products of the Hessian with vectors, and the gradient.

    Parameters are those of `make_vjp`; ``f`` returns one real number.

    Returns
    -------
    callable
        ``make_hvp(f)(*args)`` is ``(product, gradient)``, where ``product(v)`` is the Hessian
        times ``v``.

    See Also
    --------
    xgrad.hvp : Takes the arguments and the vectors at once.

    Examples
    --------
    >>> import numpy as np
    >>> import xgrad as xg
    >>> product, _ = xg.make_hvp(lambda x: np.sum(x**3))(np.asarray([1.0, 2.0]))
    >>> product(np.asarray([1.0, 10.0]))
    array([  6., 120.])
    """
    return _unary("make_hvp", f, argnum, lambda function, x: make_vjp(grad(function))(x))


def hessian_tensor_product(f: Callable[..., Any], argnum: int = 0) -> Callable[..., Any]:
    """Return a function of ``(*args, tensor)``: the Hessian times a tensor of the argument's shape.

    See Also
    --------
    xgrad.hvp : The same for trees of arguments.

    Examples
    --------
    >>> import numpy as np
    >>> import xgrad as xg
    >>> product = xg.hessian_tensor_product(lambda x: np.sum(x**3))
    >>> product(np.asarray([1.0, 2.0]), np.asarray([1.0, 10.0]))
    array([  6., 120.])
    """

    @functools.wraps(function_of("hessian_tensor_product", f))
    def product(*args: Any, **keywords: Any) -> Any:
        return make_hvp(f, argnum)(*args[:-1], **keywords)[0](args[-1])

    return product


hessian_vector_product = hessian_tensor_product


def tensor_jacobian_product(f: Callable[..., Any], argnum: int = 0) -> Callable[..., Any]:
    """Return a function of ``(*args, tensor)``: a tensor times the Jacobian of ``f``.

    The tensor's axes are the first of the value's; one that has all of them is a cotangent.

    See Also
    --------
    xgrad.make_vjp : For cotangents of the value's shape.

    Examples
    --------
    >>> import numpy as np
    >>> import xgrad as xg
    >>> product = xg.tensor_jacobian_product(lambda x: x**2)
    >>> product(np.asarray([1.0, 2.0]), np.asarray([1.0, 10.0]))
    array([ 2., 40.])
    """

    @functools.wraps(function_of("tensor_jacobian_product", f))
    def product(*args: Any, **keywords: Any) -> Any:
        *given, tensor = args

        def contracted(*arguments: Any) -> Tensor:
            axes = len(tensor.shape)
            return tensordot(tensor, f(*arguments, **keywords), axes=axes)

        return jacrev(_named(contracted, f), argnum)(*given)

    return product


vector_jacobian_product = tensor_jacobian_product


def _half_square(x: Any) -> Any:
    return sum(x * x, axis=-1) / 2.0


def make_ggnvp(
    f: Callable[..., Any], g: Callable[..., Any] = _half_square, f_argnum: int = 0
) -> Callable[..., Any]:
    """Return a function that computes products with the generalized Gauss-Newton matrix.

    The matrix is ``Jᵀ H J``, with the Jacobian J of ``f`` and the Hessian H of ``g`` at the value
    of ``f``.

    Parameters
    ----------
    f : callable
        The inner function, of arrays.
    g : callable
        The outer function, which returns one number; by default half the sum of squares.
    f_argnum : int
        The argument of ``f`` to differentiate with respect to.

    Examples
    --------
    >>> import numpy as np
    >>> import xgrad as xg
    >>> product = xg.make_ggnvp(lambda x: x**2)(np.asarray([1.0, 2.0]))
    >>> product(np.asarray([1.0, 1.0]))
    array([ 4., 16.])
    """

    def act(function: Transform, x: Any) -> Any:
        pullback, value = make_vjp(function)(x)
        curvature, _ = make_hvp(g)(value)
        return lambda v: pullback(curvature(jvp(function, (x,), (v,))[1]))

    return _unary("make_ggnvp", f, f_argnum, act)

"""What type checkers know: types that users get, and mistakes in rules that mypy finds.

Checked by mypy alone, and never run. ``assert_type`` says what a type is. Each mistake has a
``type: ignore``, and strict mypy refuses one that is not needed: a mistake that it no longer finds
fails the check.
"""

from typing import Any, assert_type

import numpy as np
import numpy.typing as npt

import xgrad as xg
import xgrad.numpy as xnp
from xgrad.backends.namespace import Namespace
from xgrad.engine.constructors import elementwise, general, linear
from xgrad.engine.dispatch import recorded
from xgrad.ops.reductions import expand_reduced
from xgrad.typing import ArrayLike, Axis, Value

# -- what users get ----------------------------------------------------------------------------


def of_users(raw: npt.NDArray[np.float64], x: xg.Tensor) -> None:
    assert_type(xg.sin(x), xg.Tensor)
    assert_type(xg.sin(raw), xg.Tensor)
    assert_type(xg.add(1.0, np.float32(2)), xg.Tensor)
    assert_type(xg.where(x > 0, x, 0), xg.Tensor)
    assert_type(xg.sum(raw, axis=(0, 1), keepdims=True), xg.Tensor)
    assert_type(2 * x + raw, xg.Tensor)
    assert_type(x.sum(axis=0).reshape(-1), xg.Tensor)
    assert_type(xg.linalg.svd(x).S, xg.Tensor)
    assert_type(xg.sum(raw, 0), xg.Tensor)
    assert_type(xg.sort(raw, 0), xg.Tensor)
    assert_type(xg.sum(x=raw, axis=0), xg.Tensor)
    assert_type(xg.add(raw, x2=1.0), xg.Tensor)
    assert_type(xg.where(condition=x > 0, x1=x, x2=0.0), xg.Tensor)
    assert_type(x.item(0, 1), Any)
    x.real = raw
    x.flat = 0.0
    x.T = x  # type: ignore[misc]
    assert_type(xg.moveaxis(raw, source=0, destination=1), xg.Tensor)
    xg.sum(x, "rows")  # type: ignore[arg-type]
    xg.sum(x, 0, None, True)  # type: ignore[call-arg]
    xg.sin([1.0])  # type: ignore[arg-type]
    xg.sum(x, axes=0)  # type: ignore[call-arg]
    xg.sum(x, axis="rows")  # type: ignore[arg-type]
    xg.add(x, "1")  # type: ignore[arg-type]
    xg.add(x)  # type: ignore[call-arg]
    x + "1"  # type: ignore[operator]


def loss(w: ArrayLike, x: ArrayLike, *, scale: float = 1.0) -> xg.Tensor:
    return xg.sum(xg.multiply(w, x)) * scale


def of_transforms(w: xg.Tensor) -> None:
    xg.grad(loss)(w, w, scale=2.0)
    assert_type(xg.vmap(loss)(w, w), xg.Tensor)
    assert_type(xg.checkpoint(loss)(w, w), xg.Tensor)
    value, _ = xg.value_and_grad(loss)(w, w)
    xg.hessian(loss)(w)  # type: ignore[call-arg]
    xg.vmap(loss, out_axes=0)(w, w, 3)  # type: ignore[call-arg]
    xg.grad(loss)(w)  # type: ignore[call-arg]
    xg.grad(loss)(w, w, scales=2.0)  # type: ignore[call-arg]


def of_layers(x: xg.Tensor) -> None:
    model = xg.nn.Linear(3, 2)
    optimizer = xg.optim.Adam(model.parameters(), lr=1e-3)
    assert_type(model.weight, xg.nn.Parameter)
    assert_type(xg.nn.functional.relu(x), xg.Tensor)
    optimizer.stepp()  # type: ignore[attr-defined]


# -- mistakes in rules and values --------------------------------------------------------------


def misspelt(xp: Namespace, g: Value, x: Value) -> Any:
    return xp.mulitply(g, xp.cos(x))  # type: ignore[attr-defined]


def misspelt_below(xp: Namespace, x: Value) -> Any:
    return xp.linalg.inverse(x)  # type: ignore[attr-defined]


def misspelt_kernel(xp: Namespace, x: Value) -> Any:
    return xp.kernels.soft_max(x, -1, log=False)  # type: ignore[attr-defined]


def argument_missing(xp: Namespace, g: Value, x: Value) -> Value:
    return xp.take(g, axis=0)  # type: ignore[call-arg]


def arguments_swapped(xp: Namespace, g: Value, like: Value) -> Value:
    return xp.broadcast_to(tuple(like.shape), g)  # type: ignore[arg-type]


def keyword_misspelt(xp: Namespace, g: Value, axis: Axis) -> Value:
    return xp.sum(g, axis=axis, keep_dims=True)  # type: ignore[call-arg]


def xp_forgotten(xp: Namespace, g: Value, like: Value, axis: Axis) -> Value:
    return expand_reduced(g, like, axis, keepdims=False)  # type: ignore[call-arg, arg-type]


def result_forgotten(xp: Namespace, g: Value) -> Value:  # type: ignore[return]
    xp.negative(g)


def wrong_result(xp: Namespace, x: Value) -> Value:
    return xp.linalg.svd(x)  # type: ignore[return-value]


def attribute_of_a_library(xp: Namespace, x: Value) -> Any:
    return x.sum(axis=0)  # type: ignore[attr-defined]


def operator_between_kinds(xp: Namespace, g: Value, norm: str) -> Any:
    return g * norm  # type: ignore[operator]


def shape_for_a_length(xp: Namespace, x: Value) -> Value:
    return xp.reshape(x, x.shape[0])  # type: ignore[arg-type]


def missing_cotangent(xp: Namespace, g: Value | None, x: Value) -> Value:
    return xp.multiply(g, x)  # type: ignore[arg-type]


def of_another_op(xp: Namespace, x: Value) -> Value:
    return recorded(xg.sum, x, axes=0)  # type: ignore[call-arg]


@elementwise(partial=lambda xp, x: xp.cos(x))  # type: ignore[arg-type]
def no_namespace(x: Value, /) -> Value:
    return x


@general(vjps=(misspelt,), jvps=(None,), batch=None)
def op(xp: Namespace, x: Value, /, *, axis: int) -> Value:
    return xp.sin(x)


@linear(transpose=expand_reduced, batch=lambda op, x: op(x))  # type: ignore[arg-type, misc]
def batched_without_params(xp: Namespace, x: Value, /) -> Value:
    return x


def of_ops(x: Value) -> None:
    assert_type(op(x, axis=0), xg.Tensor)
    op(x, axis=None)  # type: ignore[arg-type]
    op(x)  # type: ignore[call-arg]
    op(x, x, axis=0)  # type: ignore[arg-type, misc]


@xg.no_grad()
def decorated_by_a_context(x: xg.Tensor) -> xg.Tensor:
    return x


@xg.no_grad
@xg.amp.autocast()
@xg.device("cpu")
def decorated_by_a_name(x: xg.Tensor) -> xg.Tensor:
    return x


def of_decorated_functions(x: xg.Tensor) -> None:
    assert_type(decorated_by_a_context(x), xg.Tensor)
    assert_type(decorated_by_a_name(x), xg.Tensor)
    decorated_by_a_name(3)  # type: ignore[arg-type]


def of_devices(x: xg.Tensor) -> None:
    assert_type(x.device, xg.device)
    assert_type(x.device.type, str)


def of_numpys_names(x: xnp.ndarray) -> None:
    rotation = xnp.array([[xnp.cos(x[0]), -xnp.sin(x[0])], [xnp.sin(x[0]), xnp.cos(x[0])]])
    assert_type(rotation, Any)
    xnp.linalg.norm(xnp.zeros((2, 2), dtype=xnp.float64), axis=0) + xnp.pi
    xnp.random.default_rng(0).normal(size=3)

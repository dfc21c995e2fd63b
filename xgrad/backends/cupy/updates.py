"""Kernels of update rules: one launch for the arrays of many parameters.

The arrays are not moved. A flat buffer of all gradients would have to be filled first, which
moves a third as many bytes as Adam's step itself. Each kernel computes its rule in
`xgrad.backends.updates`, or does nothing if ``skip`` is true.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from xgrad.backends import updates
from xgrad.backends.cupy.kernels import Raw
from xgrad.backends.cupy.lists import LIST
from xgrad.backends.updates import Options, Rule

_ADAM = Raw(
    "adam",
    LIST
    + """
extern "C" __global__ void xgrad_adam(
    Table table, double lr, double beta1, double beta2, double eps, double weight_decay,
    bool decoupled, double count, const double* counted, bool maximize, const bool* skip) {
  if (skip && *skip) return;
  __shared__ A scale, root_scale;
  if (threadIdx.x == 0) {
    const double step = counted ? *counted : count;
    scale = A(lr / (1 - pow(beta1, step)));
    root_scale = A(1 / sqrt(1 - pow(beta2, step)));
  }
  __syncthreads();
  FOR_EACH_ELEMENT {
    T* value = ARRAY(T, 0); T* mean = ARRAY(T, 2); T* square = ARRAY(T, 3);
    A p = (A)value[i], g = (A)ARRAY(const T, 1)[i];
    if (maximize) g = -g;
    if (decoupled) p *= A(1 - lr * weight_decay); else g += A(weight_decay) * p;
    const A m = A(beta1) * (A)mean[i] + A(1 - beta1) * g;
    const A s = A(beta2) * (A)square[i] + A(1 - beta2) * g * g;
    mean[i] = T(m); square[i] = T(s);
    value[i] = T(p - scale * m / (sqrt(s) * root_scale + A(eps)));
  }
}
""",
)

_SGD = Raw(
    "sgd",
    LIST
    + """
extern "C" __global__ void xgrad_sgd(
    Table table, double lr, double momentum, double dampening, double weight_decay,
    bool nesterov, bool maximize, const bool* skip) {
  if (skip && *skip) return;
  FOR_EACH_ELEMENT {
    T* value = ARRAY(T, 0); T* velocity = ARRAY(T, 2);
    const A p = (A)value[i];
    A g = (A)ARRAY(const T, 1)[i];
    if (maximize) g = -g;
    g += A(weight_decay) * p;
    if (velocity) {
      const A v = A(momentum) * (A)velocity[i] + A(1 - dampening) * g;
      velocity[i] = T(v);
      g = nesterov ? g + A(momentum) * v : v;
    }
    value[i] = T(p - A(lr) * g);
  }
}
""",
)

_RMSPROP = Raw(
    "rmsprop",
    LIST
    + """
extern "C" __global__ void xgrad_rmsprop(
    Table table, double lr, double alpha, double eps, double weight_decay, double momentum,
    bool maximize, const bool* skip) {
  if (skip && *skip) return;
  FOR_EACH_ELEMENT {
    T* value = ARRAY(T, 0); T* square = ARRAY(T, 2); T* mean = ARRAY(T, 3);
    T* velocity = ARRAY(T, 4);
    const A p = (A)value[i];
    A g = (A)ARRAY(const T, 1)[i];
    if (maximize) g = -g;
    g += A(weight_decay) * p;
    const A s = A(alpha) * (A)square[i] + A(1 - alpha) * g * g;
    square[i] = T(s);
    A variance = s;
    if (mean) {
      const A m = A(alpha) * (A)mean[i] + A(1 - alpha) * g;
      mean[i] = T(m);
      variance -= m * m;
    }
    A step = g / (sqrt(variance) + A(eps));
    if (velocity) {
      step += A(momentum) * (A)velocity[i];
      velocity[i] = T(step);
    }
    value[i] = T(p - A(lr) * step);
  }
}
""",
)


@dataclass(frozen=True)
class Update:
    """The kernel of an update rule.

    Attributes
    ----------
    kernel : Raw
        Its arguments are a table of arrays (values, gradients, then the state), those that
        ``arguments`` returns, the number of steps or its address if steps are counted,
        ``maximize``, and the address of ``skip``.
    state : callable
        Returns the names of the arrays of a state; None for an array that is unused.
    arguments : callable
        Returns the options that the kernel takes.
    supports : callable
        Returns whether the kernel supports the options.
    """

    kernel: Raw
    state: Callable[[Options], tuple[str | None, ...]]
    arguments: Callable[[Options], tuple[Any, ...]]
    supports: Callable[[Options], bool] = lambda _: True


def _numbers(*numbers: float) -> tuple[Any, ...]:
    return tuple(np.float64(x) for x in numbers)


def _adam(o: Options) -> tuple[Any, ...]:
    return _numbers(o["lr"], *o["betas"], o["eps"], o["weight_decay"])


def _sgd(o: Options) -> tuple[Any, ...]:
    numbers = _numbers(o["lr"], o["momentum"], o["dampening"], o["weight_decay"])
    return (*numbers, np.bool_(o["nesterov"]))


def _rmsprop(o: Options) -> tuple[Any, ...]:
    return _numbers(o["lr"], o["alpha"], o["eps"], o["weight_decay"], o["momentum"])


def _moments(_: Options) -> tuple[str, ...]:
    return ("exp_avg", "exp_avg_sq")


def _no_maximum(o: Options) -> bool:
    return not o["amsgrad"]


#: The kernels, by update rule.
UPDATES: dict[Rule, Update] = {
    updates.adam: Update(_ADAM, _moments, lambda o: (*_adam(o), np.False_), _no_maximum),
    updates.adamw: Update(_ADAM, _moments, lambda o: (*_adam(o), np.True_), _no_maximum),
    updates.sgd: Update(_SGD, lambda o: ("momentum_buffer" if o["momentum"] else None,), _sgd),
    updates.rmsprop: Update(
        _RMSPROP,
        lambda o: (
            "square_avg",
            "grad_avg" if o["centered"] else None,
            "momentum_buffer" if o["momentum"] else None,
        ),
        _rmsprop,
    ),
}

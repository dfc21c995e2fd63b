"""NumPy's ufuncs with their keywords, and their methods, on Tensors."""

import numpy as np

from tests.fuzz.drawing import Draw, Unfit, operation

#: Of real numbers, smooth nearly everywhere. (NumPy's reductions by power and arctan2 are wrong.)
_ANY = ("add", "subtract", "multiply", "maximum", "minimum", "fmax", "fmin", "hypot", "logaddexp",
        "logaddexp2")  # fmt: skip
_ONE = ("sin", "exp2", "tanh", "arctan", "sinh", "fabs", "square", "deg2rad", "expm1", "positive")


def _tensor(d: Draw, ndim: object = None, kinds: str = "f") -> str:
    """Return a variable that is a Tensor: NumPy's functions return raw arrays for raw arrays."""
    d.values = {n: x for n, x in d.values.items() if n in d.tensors}
    return d.array(kinds, ndim, lambda x: 0 < x.size < 200)


def _mask(d: Draw, x: str) -> str:
    return d.constant(d.rng.uniform(size=d.value(x).shape) > 0.4)


@operation("numpy", weight=1.5)
def _reduce(d: Draw, name: str) -> str:
    x = _tensor(d, (1, 3))
    ufunc = d.choice(_ANY)
    keep = f", keepdims={d.chance()}" if d.chance() else ""
    if ufunc == "subtract" or d.chance():
        axes = str(d.axis(x))
    else:
        axes = d.axes(x)
    selected = f", initial={d.number()}, where={_mask(d, x)}" if d.chance(0.4) else ""
    return f"np.{ufunc}.reduce({x}, axis={axes}{keep}{selected})"


@operation("numpy")
def _accumulate(d: Draw, name: str) -> str:
    x = _tensor(d, (1, 3))
    return f"np.{d.choice(_ANY)}.accumulate({x}, axis={d.axis(x)})"


@operation("numpy")
def _reduceat(d: Draw, name: str) -> str:
    x = _tensor(d, (1, 3))
    axis = d.axis(x)
    size = d.value(x).shape[axis]
    starts = d.constant(d.rng.integers(0, size, d.integer(1, 4)))
    return f"np.{d.choice(_ANY)}.reduceat({x}, {starts}, axis={axis})"


@operation("numpy")
def _outer(d: Draw, name: str) -> str:
    x = _tensor(d, (0, 2))
    y = d.array("f", (0, 2))
    return f"np.{d.choice(_ANY)}.outer({x}, {y})"


@operation("numpy")
def _at(d: Draw, name: str) -> str:
    x = _tensor(d, (1, 2))
    shape = d.value(x).shape
    count = d.integer(1, 4)
    indices = d.constant(d.rng.integers(0, shape[0], count))
    rows = (count, *shape[1:])
    value = d.number() if d.chance(0.3) else d.real(*rows)
    if d.chance(0.3):
        return f"(lambda t: (np.{d.choice(_ONE)}.at(t, {indices}), t)[1])({x} * 1)"
    return f"(lambda t: (np.{d.choice(_ANY)}.at(t, {indices}, {value}), t)[1])({x} * 1)"


@operation("numpy", weight=1.5)
def _selected(d: Draw, name: str) -> str:
    x = _tensor(d)
    mask = _mask(d, x)
    base = d.choice([f"{x} * {d.number()}", f"xg.zeros_like({x})"])
    if d.chance():
        return f"np.{d.choice(_ONE)}({x}, out={base}, where={mask})"
    return f"np.{d.choice(_ANY)}({x}, {d.same(x)}, out={base}, where={mask})"


@operation("numpy")
def _core(d: Draw, name: str) -> str:
    x = _tensor(d, 2, "fc")
    if 0 in d.value(x).shape:
        raise Unfit
    axis = d.axis(x)
    return d.choice(
        [
            f"np.vecdot({x}, {d.same(x, 'fc')}, axis={axis}, keepdims={d.chance()})",
            f"np.matmul({x}, {d.same(x, 'fc')}, axes=[(0, 1), (1, 0), ({axis % 2}, {1 - axis % 2})])",
            f"np.matvec({x}, {x}[0])" if hasattr(np, "matvec") else f"np.matmul({x}, {x}[0])",
        ]
    )


# -- those that are functions of xgrad -----------------------------------------------------------


@operation("deg2rad", "rad2deg", "degrees", "radians")
def _angles(d: Draw, name: str) -> str:
    return f"xg.{name}({d.array('f')} * 0.1)"


@operation("cbrt", "fabs", "heaviside")
def _kinked(d: Draw, name: str) -> str:
    x = d.away_from_zero()
    return f"xg.{name}({x}, 0.5)" if name == "heaviside" else f"xg.{name}({x})"


@operation("logaddexp2")
def _logarithm_of_sums(d: Draw, name: str) -> str:
    x = d.array("f")
    return f"xg.logaddexp2({x}, {d.like(x)})"


@operation("float_power")
def _power(d: Draw, name: str) -> str:
    if d.dtype.itemsize != 8:  # the result is float64
        raise Unfit
    return f"xg.float_power({d.within(0.0, float('inf'))}, {d.choice(['2', '0.5', '-1.5'])})"


@operation("ldexp")
def _scaled(d: Draw, name: str) -> str:
    return f"xg.ldexp({d.array('f')}, {d.integer(-2, 2)})"


@operation("divmod", "modf", "frexp", flags=["first order"])
def _parts(d: Draw, name: str) -> str:
    x = f"(0.3 + 0.15 * xg.sin({d.array('f')}))"  # between two whole numbers, and two powers
    part = 0 if name == "frexp" else d.integer(0, 1)
    return f"xg.{name}({x}{', 0.7' if name == 'divmod' else ''})[{part}]"


@operation("matvec", "vecmat")
def _products_with_vectors(d: Draw, name: str) -> str:
    x = d.array("f", 2)
    axis = -1 if name == "matvec" else 0
    n = d.value(x).shape[axis]
    v = d.array("f", 1, lambda v: v.shape == (n,))
    return f"xg.matvec({x}, {v})" if name == "matvec" else f"xg.vecmat({v}, {x})"

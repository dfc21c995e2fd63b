"""Functions with NumPy's signatures that join, split, choose and edit arrays."""

from tests.fuzz.drawing import LARGEST_SIZE, Draw, Unfit, operation


def _some_mask(d: Draw, shape: tuple[int, ...]) -> str:
    return d.constant(d.rng.uniform(size=shape) > 0.5)


@operation("hstack", "vstack", "dstack", "column_stack")
def _stacked(d: Draw, name: str) -> str:
    x = d.array("fc", (1, 2) if name == "column_stack" else (0, 3))
    return f"xg.{name}(({x}, {d.same(x, 'fc')}))"


@operation("concatenate", "append")
def _joined(d: Draw, name: str) -> str:
    x = d.array("fc", (1, 3))
    axis = d.choice(["None", d.axis(x)])
    parts = f"{x}, {d.same(x, 'fc')}"
    return (
        f"xg.append({parts}, axis={axis})"
        if name == "append"
        else f"xg.concatenate(({parts}), axis={axis})"
    )


@operation("block")
def _block(d: Draw, name: str) -> str:
    x = d.array("fc", (1, 2))
    y = d.same(x, "fc")
    return f"xg.block([[{x}, {y}], [{y}, {x}]])"


@operation("split", "array_split")
def _split(d: Draw, name: str) -> str:
    x = d.array("fc", (1, 3))
    axis = d.axis(x)
    n = d.value(x).shape[axis]
    if d.chance() or not n:
        at = sorted(d.integer(0, n) for _ in range(2))
        return f"xg.{name}({x}, {at}, axis={axis})[{d.integer(0, 2)}]"
    count = (
        d.choice([k for k in range(1, n + 1) if n % k == 0][:4])
        if name == "split"
        else d.integer(1, 4)
    )
    return f"xg.{name}({x}, {count}, axis={axis})[{d.integer(0, count - 1)}]"


@operation("hsplit", "vsplit", "dsplit")
def _split_along(d: Draw, name: str) -> str:
    least = {"hsplit": 1, "vsplit": 2, "dsplit": 3}[name]
    x = d.array("fc", (least, 3))
    shape = d.value(x).shape
    axis = {"hsplit": min(1, len(shape) - 1), "vsplit": 0, "dsplit": 2}[name]
    return f"xg.{name}({x}, [{d.integer(0, shape[axis])}])[{d.integer(0, 1)}]"


@operation(
    "atleast_1d",
    "atleast_2d",
    "atleast_3d",
    "transpose",
    "copy",
    "flipud",
    "fliplr",
    "rot90",
    "ravel",
)
def _reshaped(d: Draw, name: str) -> str:
    least = {"flipud": 1, "fliplr": 2, "rot90": 2}.get(name, 0)
    x = d.array("fc", (least, 3))
    if name == "rot90":
        return f"xg.rot90({x}, {d.integer(-1, 4)})"
    if name == "ravel" and d.chance():
        return f"xg.ravel({x}, order='F')"
    if name == "transpose" and d.chance():
        return f"xg.transpose({x}, {d.permutation(d.value(x).ndim)})"
    return f"xg.{name}({x})"


@operation("ndim", "size", "shape")
def _size(d: Draw, name: str) -> str:
    x = d.array("fc", (1, 3))
    part = "[0]" if name == "shape" else ""
    return f"{x} * xg.{name}({x}){part}"


@operation("sliding_window_view", flags=["no torch"])
def _windows(d: Draw, name: str) -> str:
    x = d.array("fc", (1, 2), lambda v: 0 < v.size < 200)
    axis = d.axis(x)
    return (
        f"xg.sliding_window_view({x}, {d.integer(1, min(3, d.value(x).shape[axis]))}, axis={axis})"
    )


@operation("diag", "diagflat")
def _diagonal(d: Draw, name: str) -> str:
    x = d.array("fc", (1, 2), lambda v: v.size < 40)
    return f"xg.{name}({x}, {d.integer(-1, 1)})"


@operation("fill_diagonal", flags=["write"])
def _fill_diagonal(d: Draw, name: str) -> str:
    x = d.array(
        "f", 2, lambda v: v.size < LARGEST_SIZE and any(v is d.values[n] for n in d.writable)
    )
    value = d.choice([d.number(), d.array("f", 1, lambda v: 0 < v.size)])
    return f"xg.fill_diagonal({x}, {value})"


@operation("put_along_axis", flags=["write", "no torch"])
def _put_along_axis(d: Draw, name: str) -> str:
    x = d.array("f", (1, 2), lambda v: v.size and any(v is d.values[n] for n in d.writable))
    axis = d.axis(x)
    shape = list(d.value(x).shape)
    shape[axis] = 1
    return f"xg.put_along_axis({x}, {d.indices(d.value(x).shape[axis], *shape)}, {d.number()}, axis={axis})"


@operation("choose")
def _choose(d: Draw, name: str) -> str:
    x = d.array("fc", (1, 2))
    y = d.same(x, "fc")
    at = d.constant(d.rng.integers(0, 2, d.value(x).shape))
    return f"xg.choose({at}, ({x}, {y}))"


@operation("compress", "extract", flags=["no torch"])
def _by_mask(d: Draw, name: str) -> str:
    x = d.array("fc", (1, 2))
    if name == "extract":
        return f"xg.extract({_some_mask(d, d.value(x).shape)}, {x})"
    axis = d.axis(x)
    return f"xg.compress({_some_mask(d, (d.value(x).shape[axis],))}, {x}, axis={axis})"


@operation("select")
def _select(d: Draw, name: str) -> str:
    x = d.array("f")
    y, z = d.same(x), d.same(x)
    return f"xg.select([{x} > 0.3, {y} > 0.1], [{y}, {z} * 2.0], {d.number()})"


@operation("piecewise", flags=["no vmap"])
def _piecewise(d: Draw, name: str) -> str:
    x = d.array("f", (1, 3))
    return (
        f"xg.piecewise({x}, [{_some_mask(d, d.value(x).shape)}], [lambda v: v * v, {d.number()}])"
    )


@operation("insert", "delete")
def _edited(d: Draw, name: str) -> str:
    x = d.array("fc", (1, 2), lambda v: v.size)
    axis = d.axis(x)
    n = d.value(x).shape[axis]
    at = d.choice([d.integer(-n, n - 1), [d.integer(0, n - 1), d.integer(0, n - 1)]])
    if name == "delete":
        return f"xg.delete({x}, {at}, axis={axis})"
    return f"xg.insert({x}, {at}, {d.number()}, axis={axis})"


@operation("apply_along_axis", "apply_over_axes")
def _applied(d: Draw, name: str) -> str:
    x = d.array("f", (1, 2), lambda v: 0 < v.size < 60)
    if name == "apply_along_axis":
        return f"xg.apply_along_axis(lambda v: v * v[0], {d.axis(x)}, {x})"
    return f"xg.apply_over_axes(lambda v, axis: xg.sum(v, axis=axis), {x}, [{d.axis(x)}])"


@operation("logspace", "geomspace", flags=["no torch"])
def _range(d: Draw, name: str) -> str:
    if d.dtype.itemsize != 8:
        raise Unfit
    x = d.array("f", (0, 1), lambda v: v.size < 30)
    if name == "logspace":
        return (
            f"xg.logspace(xg.tanh({x}), {d.choice(['0.5', '-1.0'])}, {d.integer(1, 4)}, base=2.0)"
        )
    return f"xg.geomspace({d.within(0.0, float('inf'), x)}, {d.choice(['0.5', '3.0'])}, {d.integer(1, 4)})"


@operation("isclose")
def _isclose(d: Draw, name: str) -> str:
    x = d.array("f")
    return f"xg.isclose({x}, {x})"


@operation("allclose", "array_equal", "array_equiv", flags=["no vmap"])
def _compared(d: Draw, name: str) -> str:
    x = d.array("f", (1, 3))
    return f"{x} * xg.{name}({x}, {x})"


@operation("isreal", "iscomplex", "isposinf", "isneginf")
def _classes(d: Draw, name: str) -> str:
    return f"xg.{name}({d.array('f')})"


@operation("isrealobj", "iscomplexobj")
def _kinds(d: Draw, name: str) -> str:
    x = d.array("f")
    return f"{x} * xg.{name}({x})"


@operation("rollaxis")
def _rollaxis(d: Draw, name: str) -> str:
    x = d.array("fb", (1, 3))
    count = d.value(x).ndim
    return f"xg.rollaxis({x}, {d.integer(-count, count - 1)}, {d.integer(0, count)})"


@operation("resize")
def _resize(d: Draw, name: str) -> str:
    return f"xg.resize({d.array('f')}, {(d.integer(1, 4), d.integer(1, 4))})"


@operation("real_if_close", flags=["no vmap"])
def _real_if_close(d: Draw, name: str) -> str:
    return f"xg.real_if_close({d.array('f')})"


@operation("trim_zeros", flags=["no vmap"])
def _trim_zeros(d: Draw, name: str) -> str:
    return f"xg.trim_zeros({d.array('f', (1, 1))}, {d.choice(['f', 'b', 'fb'])!r})"


@operation("tril_indices_from", "triu_indices_from", flags=["no vmap"])
def _triangles(d: Draw, name: str) -> str:
    return f"xg.{name}({d.array('f', (2, 2))}, {d.integer(-1, 2)})[{d.integer(0, 1)}]"


@operation("ravel_multi_index", "unravel_index")
def _indices(d: Draw, name: str) -> str:
    order = d.choice(["C", "F"])
    if name == "unravel_index":
        return f"xg.unravel_index([{d.integer(0, 5)}], (2, 3), {order!r})[{d.integer(0, 1)}]"
    at = f"([{d.integer(0, 1)}], [{d.integer(0, 2)}])"
    return f"xg.ravel_multi_index({at}, (2, 3), order={order!r})"


@operation("argwhere", "flatnonzero", flags=["no vmap"])
def _positions(d: Draw, name: str) -> str:
    return f"xg.{name}({d.array('fb', (1, 3))})"


@operation("identity", "tri", "tril_indices", "triu_indices", "diag_indices")
def _made(d: Draw, name: str) -> str:
    dtype = {"f4": "xg.float32", "f8": "xg.float64"}[d.dtype.str[1:]]
    n = d.integer(1, 4)
    if name == "identity":
        return f"xg.identity({n}, dtype={dtype})"
    if name == "tri":
        return f"xg.tri({n}, {d.integer(1, 4)}, {d.integer(-1, 1)}, dtype={dtype})"
    return f"xg.{name}({n})[{d.integer(0, 1)}]"

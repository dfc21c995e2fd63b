"""Functions of shapes, indices and order; creation functions."""

from tests.fuzz.drawing import LARGEST_SIZE, Draw, Unfit, operation


@operation("reshape", weight=2.0)
def _reshape(d: Draw, name: str) -> str:
    x = d.array("fc")
    shape = d.shape_of_size(d.value(x).size)
    if d.chance(0.3):
        shape = (-1,)
    return f"xg.reshape({x}, {shape})"


@operation("permute_dims")
def _permute(d: Draw, name: str) -> str:
    x = d.array("fc")
    return f"xg.permute_dims({x}, {d.permutation(d.value(x).ndim)})"


@operation("matrix_transpose", "linalg.matrix_transpose")
def _transpose(d: Draw, name: str) -> str:
    x = d.array("fc", (2, 4))
    return f"{x}.mT" if name == "matrix_transpose" and d.chance(0.3) else f"xg.{name}({x})"


@operation("moveaxis", "swapaxes")
def _moveaxis(d: Draw, name: str) -> str:
    x = d.array("fc", (1, 4))
    return f"xg.{name}({x}, {d.axis(x)}, {d.axis(x)})"


@operation("expand_dims")
def _expand(d: Draw, name: str) -> str:
    x = d.array("fc")
    ndim = d.value(x).ndim
    return f"xg.expand_dims({x}, axis={d.integer(-ndim - 1, ndim)})"


@operation("squeeze")
def _squeeze(d: Draw, name: str) -> str:
    x = d.array("fc", fits=lambda v: 1 in v.shape)
    axes = [i for i, n in enumerate(d.value(x).shape) if n == 1]
    return f"xg.squeeze({x}, axis={d.choice(axes)})"


@operation("broadcast_to")
def _broadcast(d: Draw, name: str) -> str:
    x = d.array("fc", (0, 3))
    shape = [d.integer(1, 3) if n == 1 and d.chance() else n for n in d.value(x).shape]
    if d.chance():
        shape = [d.integer(1, 3), *shape]
    return f"xg.broadcast_to({x}, {tuple(shape)})"


@operation("broadcast_arrays", "meshgrid")
def _together(d: Draw, name: str) -> str:
    x = d.array("f", (0, 3) if name == "broadcast_arrays" else (0, 1))
    y = d.like(x) if name == "broadcast_arrays" else d.array("f", (0, 1))
    if y[0] not in "vxc":
        raise Unfit
    if name == "meshgrid" and d.value(x).size * d.value(y).size > LARGEST_SIZE:
        raise Unfit
    return f"xg.{name}({x}, {y})[{d.integer(0, 1)}]"


@operation("flip")
def _flip(d: Draw, name: str) -> str:
    x = d.array("fc")
    return f"xg.flip({x}, axis={d.axes(x)})"


@operation("roll")
def _roll(d: Draw, name: str) -> str:
    x = d.array("fc")
    axis = d.choice(["None", d.axis(x)])
    return f"xg.roll({x}, {d.integer(-3, 3)}, axis={axis})"


@operation("concat")
def _concat(d: Draw, name: str) -> str:
    x = d.array("fc", (1, 3))
    if d.chance(0.2):
        return f"xg.concat([{x}, {d.array('fc', (1, 3))}], axis=None)"
    return f"xg.concat([{x}, {d.same(x, 'fc')}], axis={d.axis(x)})"


@operation("stack")
def _stack(d: Draw, name: str) -> str:
    x = d.array("fc", (0, 2))
    return f"xg.stack([{x}, {d.same(x, 'fc')}], axis={d.integer(0, d.value(x).ndim)})"


@operation("unstack")
def _unstack(d: Draw, name: str) -> str:
    x = d.array("fc", (1, 3))
    axis = d.axis(x)
    n = d.value(x).shape[axis]
    if not 0 < n < 9:
        raise Unfit
    return f"xg.unstack({x}, axis={axis})[{d.integer(0, n - 1)}]"


@operation("repeat")
def _repeat(d: Draw, name: str) -> str:
    x = d.array("fc", (0, 2))
    return f"xg.repeat({x}, {d.integer(0, 3)}, axis={d.choice(['None', d.axis(x)])})"


@operation("tile")
def _tile(d: Draw, name: str) -> str:
    x = d.array("fc", (0, 2))
    return f"xg.tile({x}, {d.choice([(2,), (2, 1), (1, 2), (1, 2, 1)])})"


@operation("tril", "triu")
def _triangle(d: Draw, name: str) -> str:
    return f"xg.{name}({d.array('fc', (2, 3))}, k={d.integer(-1, 1)})"


@operation("take", weight=3.0)
def _getitem(d: Draw, name: str) -> str:
    x = d.array("fc", (1, 4))
    return f"{x}[{d.basic_key(x)}]"


@operation("take", weight=2.0)
def _getitem_advanced(d: Draw, name: str) -> str:
    x = d.array("fc", (1, 3))
    return f"{x}[{d.advanced_key(x)[0]}]"


@operation("take")
def _take(d: Draw, name: str) -> str:
    x = d.array("fc", (1, 3))
    axis = d.axis(x)
    indices = d.indices(d.value(x).shape[axis], *d.choice([(3,), (2, 2)]))
    return f"xg.take({x}, {indices}, axis={axis})"


@operation("take_along_axis")
def _take_along(d: Draw, name: str) -> str:
    x = d.array("fc", (1, 3))
    axis = d.axis(x)
    shape = list(d.value(x).shape)
    shape[axis] = d.integer(1, 3)
    return f"xg.take_along_axis({x}, {d.indices(d.value(x).shape[axis], *shape)}, axis={axis})"


@operation("sort", "argsort")
def _sort(d: Draw, name: str) -> str:
    x = d.array("f", (1, 3))
    return f"xg.{name}({x}, axis={d.axis(x)}, descending={d.chance()})"


@operation("searchsorted")
def _searchsorted(d: Draw, name: str) -> str:
    edges = d.constant([-1.0, 0.0, 0.5, 2.0])
    return f"xg.searchsorted({edges}, {d.array()}, side='{d.choice(['left', 'right'])}')"


@operation("isin")
def _isin(d: Draw, name: str) -> str:
    return f"xg.isin({d.array('i')}, {d.array('i')})"


@operation("unique_values", flags=["no vmap"])
def _unique(d: Draw, name: str) -> str:
    return f"xg.unique_values({d.array('f', fits=lambda x: len(set(x.ravel())) == x.size)})"


@operation("unique_inverse", "unique_counts", "unique_all", flags=["no vmap"])
def _unique_positions(d: Draw, name: str) -> str:
    field = {
        "unique_inverse": "inverse_indices",
        "unique_counts": "counts",
        "unique_all": "indices",
    }
    return f"xg.{name}({d.array('f')}).{field[name]}"


@operation("nonzero", flags=["no vmap"])
def _nonzero(d: Draw, name: str) -> str:
    return f"xg.nonzero({d.array('fb', (1, 3))})[0]"


@operation("zeros_like", "ones_like")
def _like(d: Draw, name: str) -> str:
    return f"xg.{name}({d.array()})"


@operation("full_like")
def _full_like(d: Draw, name: str) -> str:
    return f"xg.full_like({d.array()}, 1.25)"


@operation("empty_like")
def _empty_like(d: Draw, name: str) -> str:
    return f"xg.where(xg.full((), True), 0.5, xg.empty_like({d.array()}))"


@operation("zeros", "ones", "full", "arange", "linspace", "eye", "empty", "asarray", "tensor")
def _creation(d: Draw, name: str) -> str:
    dtype = {"f4": "xg.float32", "f8": "xg.float64"}[d.dtype.str[1:]]
    call = {
        "zeros": f"xg.zeros((2, 3), dtype={dtype})",
        "ones": f"xg.ones((3,), dtype={dtype})",
        "full": f"xg.full((2,), 1.5, dtype={dtype})",
        "arange": f"xg.arange(1, 7, 2, dtype={dtype})",
        "linspace": f"xg.linspace(0.0, 1.0, 3, dtype={dtype})",
        "eye": f"xg.eye(3, 2, k=1, dtype={dtype})",
        "empty": f"xg.empty((0, 3), dtype={dtype})",
        "asarray": f"xg.asarray([[1.0, 2.0, 0.5]], dtype={dtype})",
        "tensor": f"xg.tensor([1.0, 2.0, 3.0], dtype={dtype})",
    }
    return call[name]


@operation("from_numpy")
def _from_numpy(d: Draw, name: str) -> str:
    return f"xg.from_numpy(np.array([0.5, -1.0, 2.0], dtype='{d.dtype.str[1:]}'))"


@operation("linspace")
def _linspace(d: Draw, name: str) -> str:
    return f"xg.linspace({d.array('f', 0)}, {d.array('f', 0)}, {d.integer(2, 4)})"


@operation("asarray")
def _asarray(d: Draw, name: str) -> str:
    return f"xg.asarray({d.array('fc')}, copy=True)"


@operation("from_dlpack", weight=0.5)
def _from_dlpack(d: Draw, name: str) -> str:
    return f"xg.from_dlpack({d.choice(n for n in d.values if n[0] == 'c')})"


@operation("diff")
def _diff(d: Draw, name: str) -> str:
    x = d.array("fc", (1, 3))
    if d.chance(0.3):
        return f"xg.diff({x}, axis={d.axis(x)}, prepend={d.same(x, 'fc')})"
    return f"xg.diff({x}, axis={d.axis(x)}, n={d.integer(1, 2)})"


@operation("pad")
def _pad(d: Draw, name: str) -> str:
    x = d.array("fc", (1, 2))
    mode = d.choice(["constant", "edge", "reflect", "symmetric", "wrap"])
    width = d.choice([1, (1, 2), (0, 1)])
    return f"xg.pad({x}, {width}, '{mode}')"


@operation("interp")
def _interp(d: Draw, name: str) -> str:
    grid = d.constant([-1.0, 0.1, 0.7, 2.0])
    heights = d.array("f", 1, lambda x: x.shape == (4,)) if d.chance(0.3) else d.real(4)
    return f"xg.interp({d.array()}, {grid}, {heights})"

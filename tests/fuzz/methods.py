"""Methods and operators that NumPy arrays share, and NumPy's own functions."""

from tests.fuzz.drawing import Draw, operation


@operation("method", weight=3.0)
def _reductions(d: Draw, name: str) -> str:
    d.values = {n: v for n, v in d.values.items() if n in d.tensors}
    x = d.array("f", fits=lambda x: x.size > 0)
    name = d.choice(["sum", "mean", "max", "min", "prod", "ptp"])
    if name == "ptp":
        return f"xg.ptp({x}, {d.reduction(x)})"
    if d.chance(0.3) and name != "mean":
        mask = d.constant(d.rng.uniform(size=d.value(x).shape) > 0.3)
        return f"{x}.{name}({d.reduction(x)}, initial={d.number()}, where={mask})"
    return f"{x}.{name}({d.reduction(x) if d.chance() else ''})"


@operation("method", weight=2.0)
def _shapes(d: Draw, name: str) -> str:
    d.values = {n: v for n, v in d.values.items() if n in d.tensors}
    x = d.array("fc", (1, 3))
    size = d.value(x).size
    return d.choice(
        [
            f"{x}.reshape({d.shape_of_size(size)})",
            f"{x}.reshape(-1)",
            f"{x}.flatten()",
            f"{x}.ravel()",
            f"{x}.T" if d.value(x).ndim == 2 else f"{x}.ravel()",
            f"{x}.copy()",
            f"{x}.swapaxes({d.axis(x)}, {d.axis(x)})",
            f"{x}.cumsum(axis={d.axis(x)})",
            f"{x}.conj() * 1",  # for real numbers NumPy returns the array itself
        ]
    )


@operation("method", weight=3.0)
def _of_arrays(d: Draw, name: str) -> str:
    d.values = {n: v for n, v in d.values.items() if n in d.tensors}
    x = d.array("fc", (1, 3), lambda x: x.size > 0)
    value = d.value(x)
    axis, size = d.axis(x), value.shape[0]
    start, stop = sorted(d.integer(0, value.size) for _ in range(2))
    calls = [
        f"{x}.T",
        f"{x}.transpose({d.permutation(value.ndim)})",
        f"{x}.conjugate() * 1",
        f"{x}.flatten('F')",
        f"{x}.ravel('F') * 1",
        f"{x}.reshape({d.shape_of_size(value.size)}, order='F')",
        f"{x}.reshape({d.shape_of_size(value.size)}, copy=True)",
        f"{x}.copy('F')",
        f"{x}.copy(order='C')",
        f"{x}.repeat({d.integer(1, 3)}, {axis})",
        f"{x}.take({d.indices(value.shape[axis], 2)}, {axis})",
        f"{x}.take({d.integer(-value.size, value.size - 1)}) * 1.0",
        f"{x}.compress({d.constant(d.rng.uniform(size=size) > 0.4)}, 0)",
        f"{x}.flat[{d.integer(-value.size, value.size - 1)}] * {x}",
        f"{x}.flat[{start}:{stop}]",
        f"{x}.flat[{d.indices(value.size, 3)}]",
        f"{x}.flat.copy()",
        f"{x}.cumsum()",
        f"{x}.view()",
        f"{x}.astype({x}.dtype, casting='safe')",
        f"{x}.sum({axis}, None, None, True)",
        f"{x}.squeeze()",
        f"{x}.real * {x}.imag",
    ]
    if value.ndim > 1:
        calls += [
            f"{x}.diagonal({d.integer(-1, 1)})",
            f"{x}.trace({d.integer(-1, 1)})",
            f"{x}.diagonal(0, 1, 0) * 2",
            f"{x}.dot({d.array('f', 1, lambda v: v.shape == (value.shape[-1],))})",
        ]
    if value.dtype.kind == "f":
        calls += [
            f"{x}.clip(-0.75, 0.55)",
            f"{x}.cumprod({axis})",
            f"divmod({x}, 0.7)[1]",
            f"{x}.argsort({axis}) * {x}",
        ]
        if value.shape[axis] > 1:
            calls += [f"{x}.var({axis}, ddof=1)", f"({x}.std({axis}, None, None, 1) + 1) ** 2"]
    return d.choice(calls)


@operation("method")
def _operators(d: Draw, name: str) -> str:
    x = d.array("f")
    return d.choice([f"-{x}", f"abs({x})", f"+{x}", f"({x} > 0.1) * {x}", f"{x} ** 2 - {x}"])


@operation("method", weight=2.0)
def _whole_numbers(d: Draw, name: str) -> str:
    x = d.array("fc")
    n = d.like(x, "i")
    return f"{x} {d.choice('+-*')} {n}" if d.chance() else f"{n} {d.choice('+-*')} {x}"


@operation("numpy", weight=3.0)
def _numpys_own(d: Draw, name: str) -> str:
    tensors = {n: x for n, x in d.values.items() if n in d.tensors}
    d.values = tensors  # NumPy's functions return raw arrays for raw arrays
    x = d.array("f", fits=lambda x: x.size > 0)
    ndim = d.value(x).ndim
    calls = [
        f"np.sin({x})",
        f"np.exp({x} * 0.5)",
        f"np.sum({x}, {d.reduction(x)})",
        f"np.mean({x}, {d.reduction(x)})",
        f"np.maximum({x}, {d.number()})",
        f"np.where({x} > 0, {x}, {d.number()})",
        f"np.sqrt({x} * {x} + 0.5)",
        f"np.reshape({x}, {d.shape_of_size(d.value(x).size)})",
        f"np.transpose({x})",
        f"np.multiply({x}, {d.like(x)})",
        f"np.tanh({x})",
        f"np.square({x})",
        f"np.stack([{x}, {x}])",
        f"np.ravel({x})",
    ]
    if ndim:
        axis = d.axis(x)
        calls += [
            f"np.concatenate([{x}, {d.same(x)}], axis={axis})",
            f"np.cumsum({x}, axis={axis})",
            f"np.max({x}, axis={axis})",
            f"np.sort({x}, axis={axis})",
            f"np.dot({x}, {d.same(x)})" if ndim == 1 else f"np.swapaxes({x}, 0, {axis})",
            f"np.linalg.norm({x}, axis={axis})",
            f"np.var({x}, axis={axis})",
        ]
        where = d.constant(d.rng.uniform(size=d.value(x).shape) > 0.3)
        where = f"where={where}, initial={d.number()}"
        calls += [
            f"np.{d.choice(['sum', 'prod', 'max', 'nanmin', 'nansum'])}({x}, {axis}, {where})",
            f"np.var({x}, axis={axis}, ddof=0.5, mean={d.number()})",
            f"np.diff({x}, axis={axis}, prepend={d.number()})",
            f"np.nan_to_num({x})",
            f"np.real(np.fft.fft({x}, axis={axis}, norm='ortho'))",
            f"np.quantile({x}, 0.4, axis={axis}, method='hazen')",
        ]
    if ndim == 2:
        calls += [f"np.einsum('ij,ij->j', {x}, {d.same(x)})", f"np.matmul({x}, {x}.T)"]
    return d.choice(calls)

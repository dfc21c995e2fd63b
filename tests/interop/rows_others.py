"""array-api-extra, einops, opt_einsum, xarray on Tensors; functions that must raise."""

import array_api_extra as xpx
import einops
import numpy as np
import opt_einsum
import xarray as xr

from tests.interop.calls import call

X = np.asarray([0.3, 1.2, 0.7, 2.1])
M = np.asarray([[2.0, 0.3, 0.1], [0.3, 1.5, 0.2]])
K = np.arange(24.0).reshape(2, 3, 4) / 7 + 0.1
A = "array_api_extra."

call(A + "atleast_nd", lambda x: xpx.atleast_nd(x, ndim=3), M)
call(A + "cov", xpx.cov, M)
call(A + "create_diagonal", xpx.create_diagonal, X)
call(A + "expand_dims", lambda x: xpx.expand_dims(x, axis=(0, 2)), M)
call(A + "kron", xpx.kron, M, M.T.copy())
call(A + "pad", lambda x: xpx.pad(x, 2), M)
call(A + "sinc", xpx.sinc, X)
call(A + "setdiff1d", xpx.setdiff1d, X, np.asarray([9.0]), wrt=(0,))
call(A + "at", lambda x, v: xpx.at(x, (slice(None), 1)).set(v, copy=True), M, X[:2], note="set")
call(A + "at", lambda x, v: xpx.at(x)[0].multiply(v, copy=True), M, X[:3], note="multiply")
call(A + "at", lambda x, v: xpx.at(x)[0].add(v, copy=True), M, X[:3], note="add")
call(A + "apply_where", lambda x: xpx.apply_where(x > 1, x, np.log, np.sqrt), X)
call(A + "nan_to_num", xpx.nan_to_num, X)
call(
    A + "one_hot",
    lambda x: (
        x
        * xpx.one_hot(
            (x > 1).astype(np.int64) if isinstance(x, np.ndarray) else (x > 1).astype("int64"),
            2,
            dtype=x.dtype,
        ).T
    ),
    X,
)
call(A + "partition", lambda x: xpx.partition(x, 1)[1], X)

call("einops.rearrange", lambda x: einops.rearrange(x, "a b c -> c (a b)"), K)
call(
    "einops.rearrange",
    lambda x, y: einops.rearrange([x, y], "n a b -> a (n b)"),
    M,
    M + 1,
    note="list",
)
for operation in ("mean", "sum", "max", "min", "prod"):
    call(
        "einops.reduce",
        lambda x, o=operation: einops.reduce(x, "a b c -> a c", o),
        K,
        note=operation,
    )
call(
    "einops.reduce",
    lambda x: einops.reduce(x, "a b (c k) -> a b c", "mean", k=2),
    K,
    note="pooling",
)
call("einops.repeat", lambda x: einops.repeat(x, "a b -> a b n", n=3), M)
call("einops.einsum", lambda x, y: einops.einsum(x, y, "a b, c b -> a c"), M, M + 1)
call("einops.pack", lambda x, y: einops.pack([x, y], "* b")[0], K[0], K[1])
call("einops.unpack", lambda x: einops.unpack(x, [(2,), (2,)], "b *")[1], K[0])

call("opt_einsum.contract", lambda x, y: opt_einsum.contract("ij,kj->ik", x, y), M, M + 1)
call(
    "opt_einsum.contract",
    lambda x, y, z: opt_einsum.contract("ij,kj,kl->il", x, y, z),
    M,
    M + 1,
    M + 2,
    note="three",
)
call("opt_einsum.contract", lambda x: opt_einsum.contract("ij->j", x), M, note="one")
call(
    "opt_einsum.contract",
    lambda x, y: opt_einsum.contract("abc,adc->bd", x, y, optimize="optimal"),
    K,
    K + 1,
    note="optimal",
)
call(
    "opt_einsum.contract_expression",
    lambda x, y: opt_einsum.contract_expression("ij,jk->ik", (2, 3), (3, 2))(x, y),
    M,
    M.T + 1,
)

D = "xarray.DataArray."


def data(x):
    return xr.DataArray(x, dims=("x", "y"))


PLAIN = data(M + 0.5)
call(D + "__mul__", lambda x: (PLAIN * x).data, M, note="array of numbers * t")
call(D + "__rmul__", lambda x: (x * PLAIN).data, M, note="t * array of numbers")
call(D + "__radd__", lambda x: (x + PLAIN).data, M)
call(D + "__rtruediv__", lambda x: (x / PLAIN).data, M)
call(D + "__sub__", lambda x: (data(x) - PLAIN).data, M)
call(D + "__pow__", lambda x: (data(x) ** 2).data, M)
call(D + "__getitem__", lambda x: data(x)[:, 1].data, M)
call(D + "sum", lambda x: data(x).sum("x").data, M)
call(D + "mean", lambda x: data(x).mean("x", skipna=False).data, M)
call(D + "max", lambda x: data(x).max("y", skipna=False).data, M)
call(D + "prod", lambda x: data(x).prod("y", skipna=False).data, M)
for name in "mean sum max min std var prod".split():
    call(
        D + name,
        lambda x, n=name: getattr(data(x).where(data(M != 0.2)), n)("y").data,
        M,
        note="without NaN",
    )
for name in ("std", "var"):
    call(
        D + name,
        lambda x, n=name: getattr(data(x), n)("x", skipna=False, ddof=1).data,
        M,
        note="skipna=False",
    )
call(D + "isel", lambda x: data(x).isel(x=1).data, M)
call(
    D + "sel", lambda x: xr.DataArray(x, dims=("x", "y"), coords={"x": [10, 20]}).sel(x=20).data, M
)
call(D + "transpose", lambda x: data(x).transpose("y", "x").data, M)
call(D + "where", lambda x: data(x).where(PLAIN > 1, 0.0).data, M)
call(D + "clip", lambda x: data(x).clip(0.15, 1.7).data, M)
call(D + "diff", lambda x: data(x).diff("y").data, M)
call(D + "dot", lambda x: data(x).dot(PLAIN, dim="y").data, M)
call(D + "shift", lambda x: data(x).shift(y=1, fill_value=0.0).data, M)
call(D + "roll", lambda x: data(x).roll(y=1).data, M)
call(D + "stack", lambda x: data(x).stack(z=("x", "y")).data, M)
call("xarray.concat", lambda x: xr.concat([data(x), PLAIN], "x").data, M)
call("xarray.dot", lambda x: xr.dot(data(x), PLAIN, dim=("x", "y")).data, M)
call("xarray.where", lambda x: xr.where(PLAIN > 1, data(x), 0.0).data, M)
call("xarray.Dataset", lambda x: xr.Dataset({"a": data(x)}).sum("x")["a"].data, M, note="sum")
call("xarray.apply_ufunc", lambda x: xr.apply_ufunc(np.sin, data(x)).data, M, note="np.sin")

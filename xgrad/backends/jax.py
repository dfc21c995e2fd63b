"""JAX: immutable arrays, and abstract arrays under ``jax.jit``."""

import contextlib
import dataclasses
import functools
import logging
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from xgrad.backends.backend import Backend
from xgrad.backends.dtypes import is_half
from xgrad.backends.matrix_functions import MatrixFunction
from xgrad.backends.namespace import Namespace
from xgrad.backends.registry import host_backend
from xgrad.backends.runtime import Runtime
from xgrad.backends.special import on_host
from xgrad.typing import Key

Array = Any  # the library's own

logger = logging.getLogger("xgrad")

#: The special functions that JAX has, by SciPy's names.
_SPECIAL = frozenset(
    [
        *("betainc", "betaln", "digamma", "entr", "erf", "erfc", "erfinv", "exp1", "expi"),
        *("gammainc", "gammaincc", "gammaln", "i0", "i0e", "i1", "i1e", "kl_div", "log_ndtr"),
        *("logit", "ndtr", "ndtri", "polygamma", "rel_entr", "xlog1py", "xlogy", "zeta"),
    ]
)


class _Linalg:
    """``jax.numpy.linalg``, reading one triangle as NumPy does, not the mean of both."""

    def __getattr__(self, name: str) -> Any:
        function = getattr(jnp.linalg, name)
        if name in ("cholesky", "eigh", "eigvalsh"):
            function = functools.partial(function, symmetrize_input=False)
        setattr(self, name, function)
        return function


class JaxNamespace(Namespace):
    """``jax.numpy``; writes return new arrays."""

    accumulates_wide = frozenset(["matmul"])
    cbrt: Any = staticmethod(jnp.cbrt)
    fmod: Any = staticmethod(jnp.fmod)
    frexp: Any = staticmethod(jnp.frexp)
    ldexp: Any = staticmethod(jnp.ldexp)
    gcd: Any = staticmethod(jnp.gcd)
    lcm: Any = staticmethod(jnp.lcm)
    bitwise_count: Any = staticmethod(jnp.bitwise_count)

    def __init__(self, library: Any) -> None:
        super().__init__(library)
        self.linalg: Any = _Linalg()

    def as_complex(self, x: Array) -> Array:
        return jax.lax.complex(x[..., 0], x[..., 1])

    def astype(self, x: Array, dtype: Any, *, copy: bool = True) -> Array:
        if jnp.iscomplexobj(x) and np.dtype(dtype).kind != "c":
            x = jnp.real(x)
        return x.astype(dtype)

    def asarray(
        self, obj: Any, *, dtype: Any = None, device: Any = None, copy: bool | None = None
    ) -> Array:
        held = isinstance(obj, jax.Array) and not isinstance(obj, jax.core.Tracer)
        if held and device is not None:  # jnp.asarray does not move between devices
            obj = jax.device_put(obj, device)
        return jnp.asarray(obj, dtype=dtype, device=device, copy=copy)

    def basic_index(self, x: Array, key: Key) -> Array:
        return x[key]

    def scatter_basic(self, g: Array, key: Key, shape: tuple[int, ...]) -> Array:
        return jnp.zeros(shape, g.dtype).at[key].set(g)

    def put_basic(self, x: Array, key: Key, v: Array) -> Array:
        return x.at[key].set(v)

    def clear_basic(self, g: Array, key: Key) -> Array:
        return g.at[key].set(0)

    def add_basic(self, total: Array, g: Array, key: Key) -> Array:
        return total.at[key].add(g)

    def last_writer(self, indices: Array, size: int) -> Array:
        return jnp.full(size, -1).at[indices].max(jnp.arange(indices.shape[0]))

    def index_add(self, g: Array, indices: Array, *, axis: int, size: int) -> Array:
        shape = (*g.shape[:axis], size, *g.shape[axis + 1 :])
        key = (slice(None),) * axis + (indices,)
        wide = jnp.float32 if is_half(g.dtype) else g.dtype
        return jnp.zeros(shape, wide).at[key].add(g.astype(wide)).astype(g.dtype)

    def solve_triangular(
        self, a: Array, b: Array, *, upper: bool, unit_diagonal: bool = False
    ) -> Array:
        batch = jnp.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        a = jnp.broadcast_to(a, (*batch, *a.shape[-2:]))
        b = jnp.broadcast_to(b, (*batch, *b.shape[-2:]))
        return jax.lax.linalg.triangular_solve(
            a, b, left_side=True, lower=not upper, unit_diagonal=unit_diagonal
        )

    def special(self, name: str, *arrays: Array) -> Array:
        if name == "polygamma":
            # JAX requires an integer array; other libraries take any dtype, or a number.
            arrays = (jnp.asarray(arrays[0]).astype(int), *arrays[1:])
        if name in _SPECIAL:
            return getattr(jax.scipy.special, name)(*arrays)
        if not any(isinstance(x, jax.core.Tracer) for x in arrays):
            return super().special(name, *arrays)
        dtype = jnp.result_type(*arrays, jnp.float32)
        shape = jnp.broadcast_shapes(*(jnp.shape(x) for x in arrays))

        def on_the_host(*numbers: Any) -> Any:
            return np.asarray(on_host(name, *map(np.asarray, numbers)), dtype)

        return jax.pure_callback(
            on_the_host, jax.ShapeDtypeStruct(shape, dtype), *arrays, vmap_method="expand_dims"
        )

    def expm(self, x: Array) -> Array:
        return jax.scipy.linalg.expm(x)

    def crosses_cut(self, a: Array) -> bool | None:
        if not self.reads_freely(a):
            return super().crosses_cut(a)
        raw: Any = np.asarray(a)
        return host_backend().xp.crosses_cut(raw)

    def bounds(self, x: Array, but: int | None = None) -> tuple[int, int]:
        # On the host: inside jax.jit, even the minimum of a constant would be traced.
        raw: Any = np.asarray(x)
        return host_backend().xp.bounds(raw, but)

    def reads_freely(self, x: Array) -> bool:
        return not isinstance(x, jax.core.Tracer) and all(d.platform == "cpu" for d in x.devices())

    def matrix_function(
        self, f: MatrixFunction, a: Array, directions: Array | None = None
    ) -> Array:
        arrays = [a] if directions is None else [a, directions]
        if not any(isinstance(x, jax.core.Tracer) for x in arrays):
            if all(self.reads_freely(x) for x in arrays):
                # On the CPU this avoids compiling a program for each shape.
                return self.matrix_function_on_host(f, a, directions)
            return super().matrix_function(f, a, directions)
        batch = a.shape[:-2]
        if directions is not None:
            batch = jnp.broadcast_shapes(batch, directions.shape[:-3])
        shape = jax.ShapeDtypeStruct((*batch, *a.shape[-2:]), jnp.result_type(*arrays))

        def on_the_host(*numbers: Any) -> Any:
            raw: tuple[Any, ...] = tuple(map(np.asarray, numbers))
            return host_backend().xp.matrix_function(f, *raw)

        return jax.pure_callback(on_the_host, shape, *arrays, vmap_method="broadcast_all")

    def holds(self, mask: Array) -> bool | None:
        return None if isinstance(mask, jax.core.Tracer) else bool(mask.any())

    def device(self, x: Array) -> Any:
        return None if isinstance(x, jax.core.Tracer) else x.device

    def accumulate(self, total: Array, x: Array) -> Array:
        return total + x

    def copy(self, x: Array) -> Array:
        return x  # immutable, so sharing is safe


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class JaxBackend(Backend):
    """JAX's record, with a second, abstract record for tracers."""

    def for_array(self, x: Any) -> Backend:
        """Return the record for ``x``: an abstract one for tracers."""
        tracer = isinstance(x, jax.core.Tracer)
        return dataclasses.replace(self, abstract=True) if tracer else self

    def on_choice(self) -> None:
        """Enable JAX's 64-bit mode."""
        if not jax.config.read("jax_enable_x64"):
            jax.config.update("jax_enable_x64", True)  # noqa: FBT003 - their signature
            logger.warning(
                "xgrad: jax's 64-bit mode was off and is now on (jax_enable_x64=True), "
                "so that float64 means float64 on every backend"
            )


class JaxRuntime(Runtime):
    """JAX's devices."""

    asynchronous = True

    def synchronize(self) -> None:
        for x in jax.live_arrays():
            x.block_until_ready()


def _parse_device(device: Any) -> Any:
    """Return JAX's device for ``"cpu"``, ``"cuda:1"``, a number, or JAX's own device."""
    if not isinstance(device, str | int):
        return device
    platform, _, index = device.partition(":") if isinstance(device, str) else (None, "", device)
    try:
        return jax.devices(platform)[int(index or 0)]
    except (RuntimeError, ValueError, IndexError) as error:
        raise ValueError(f"jax: no device {device!r} ({error})") from None


def _device_name(device: Any) -> str | None:
    """Return the name of a single device; None for a sharding over several devices."""
    if not isinstance(device, jax.Device):
        return None
    if device.platform == "cpu" and device.id == 0:
        return "cpu"
    cuda = "cuda" in device.client.platform_version
    return f"{'cuda' if cuda else device.platform}:{device.id}"


def _devices() -> list[str]:
    devices = jax.devices()
    if all(d.platform != "cpu" for d in devices):
        with contextlib.suppress(RuntimeError):  # JAX_PLATFORMS may exclude the CPU
            devices = [*devices, *jax.devices("cpu")]
    return [str(_device_name(d)) for d in devices]


def make_backend() -> Backend:
    """Return JAX's record."""
    return JaxBackend(
        name="jax",
        xp=JaxNamespace(jnp),
        array_type=jax.Array,
        to_numpy=np.asarray,
        devices=_devices,
        version=jax.__version__,
        parse_device=_parse_device,
        device_name=_device_name,
        weak_scalars=True,
        mixes_kinds=True,
        immutable=True,
        takes_cuda=any(d.platform == "gpu" for d in jax.devices()),
        runtime=JaxRuntime(),
    )

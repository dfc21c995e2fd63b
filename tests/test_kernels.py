"""CuPy's kernels: their source compiles for a GPU; their results equal those of the agnostic forms."""

import ctypes
import functools
import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import xgrad as xg
from tests import environment
from tests.environment import host, raw

pytestmark = pytest.mark.skipif(environment.NAME != "cupy", reason="these are CuPy's kernels")


def _kernels():
    """Return (name, dtype) of everything that compiles."""
    if environment.NAME != "cupy":
        return []
    from xgrad.backends.cupy import (  # noqa: F401
        elementwise,
        indexing,
        norms,
        random,
        recurrent,
        rows,
        updates,
    )
    from xgrad.backends.cupy.kernels import C_TYPES, KERNELS, Raw

    return [
        (name, dtype)
        for name, kernel in KERNELS.items()
        for dtype in (kernel.dtypes if isinstance(kernel, Raw) else C_TYPES)
    ]


def _as_cuda(name, dtype):
    """Return the CUDA C++ of a kernel, an elementwise kernel in CuPy's form."""
    from xgrad.backends.cupy.kernels import C_TYPES, KERNELS, Raw

    kernel = KERNELS[name]
    headers = "#include <cupy/complex.cuh>\n#include <cupy/carray.cuh>\n"
    headers += "#include <cupy/float16.cuh>\n#include <cupy/bfloat16.cuh>\n"
    headers += "#include <cupy/atomics.cuh>\n#include <cupy/math_constants.h>\n"
    if isinstance(kernel, Raw):
        return kernel.code(dtype)  # without a prefix
    types = {"T": C_TYPES[dtype][0], "I": "long long", "bool": "bool", "int64": "long long"}
    parameters, loads = [], []
    for text in filter(None, (p.strip() for p in f"{kernel.inputs}, {kernel.outputs}".split(","))):
        words = text.split()
        kind, label = types[words[-2]], words[-1]
        if words[-2] == "int64":
            parameters.append(f"long long {label}")
            continue
        parameters.append(f"CArray<{kind}, 1, 1, 1> {label if 'raw' in words else '_' + label}")
        if "raw" not in words:
            constant = "const " if text in kernel.inputs else ""
            loads.append(f"{constant}{kind}& {label} = _{label}[_ind.get()];")
    return (
        f"{headers}typedef {types['T']} T; typedef long long I;\n{kernel.preamble}\n"
        f'extern "C" __global__ void xgrad_{name}({", ".join(parameters)}, CIndexer<1, 1> _ind) {{\n'
        "  CUPY_FOR(i, _ind.size()) {\n    _ind.set(i);\n"
        f"    {' '.join(loads)}\n    {kernel.operation};\n  }}\n}}\n"
    )


@functools.cache
def _compiler():
    """Return a function that compiles CUDA C++ for Hopper, or None without a compiler."""
    if importlib.util.find_spec("cupy") is None:
        return None
    import cupy

    places = getattr(cupy, "__real_path__", None) or cupy.__path__
    include = Path(next(iter(places))) / "_core" / "include"
    cccl = include / "cupy" / "_cccl"
    options = [f"-I{include}", *(f"-I{cccl / n}" for n in ("cub", "thrust", "libcudacxx"))]
    options += ["-std=c++17"]
    try:
        from cuda.pathfinder import find_nvidia_header_directory, load_nvidia_dynamic_lib

        options.append(f"-I{find_nvidia_header_directory('cudart')}")
        nvrtc = ctypes.CDLL(load_nvidia_dynamic_lib("nvrtc").abs_path)
    except (ImportError, RuntimeError, OSError):
        return _nvcc(options)

    def with_nvrtc(source, folder):
        program = ctypes.c_void_p()
        text = ctypes.c_char_p(source.encode())
        nvrtc.nvrtcCreateProgram(ctypes.byref(program), text, b"kernel.cu", 0, None, None)
        given = [option.encode() for option in (*options, "-arch=sm_90")]
        status = nvrtc.nvrtcCompileProgram(
            program, len(given), (ctypes.c_char_p * len(given))(*given)
        )
        size = ctypes.c_size_t()
        nvrtc.nvrtcGetProgramLogSize(program, ctypes.byref(size))
        log = ctypes.create_string_buffer(size.value)
        nvrtc.nvrtcGetProgramLog(program, log)
        nvrtc.nvrtcDestroyProgram(ctypes.byref(program))
        assert status == 0, log.value.decode()[:3000]

    return with_nvrtc


def _nvcc(options):
    if shutil.which("nvcc") is None:
        return None

    def compiled(source, folder):
        (folder / "kernel.cu").write_text(source)
        command = ["nvcc", "-arch=sm_90", *options, "-cubin", "kernel.cu"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[:3000]

    return compiled


@pytest.mark.parametrize(("name", "dtype"), _kernels())
def test_source_compiles_for_a_gpu(name, dtype, tmp_path):
    compiler = _compiler()
    if compiler is None:
        pytest.skip("neither NVRTC nor nvcc is installed here")
    compiler(_as_cuda(name, dtype), tmp_path)


# -- kernels and their agnostic forms ------------------------------------------------------------

RNG = np.random.default_rng(0)
TOLERANCES = {"float16": 2e-3, "float32": 2e-6, "float64": 1e-13}


class _Agnostic:
    """The same namespace without its kernels: the agnostic hooks and formulas."""

    def __enter__(self):
        from xgrad.backends.kernels import Kernels
        from xgrad.backends.namespace import Namespace

        xp = xg.get_backend().xp
        self.before = dict(xp.__dict__)
        kept = ("host", "device", "copy", "astype", "kernels_class")
        hooks = [n for kind in type(xp).__mro__ for n in kind.__dict__ if not n.startswith("_")]
        for name in hooks:
            function = getattr(Namespace, name, None)
            if callable(function) and name not in kept:
                setattr(xp, name, function.__get__(xp))
        xp.kernels = Kernels(xp)
        return xp

    def __exit__(self, *raised):
        xp = xg.get_backend().xp
        xp.__dict__.clear()
        xp.__dict__.update(self.before)


def _wide(x):
    return host(x).astype(np.complex128 if np.iscomplexobj(host(x)) else np.float64)


def _same(found, expected, tolerance):
    found, expected = _wide(found), _wide(expected)
    assert found.shape == expected.shape
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    scale = max(1.0, np.abs(np.nan_to_num(expected, posinf=0, neginf=0)).max(initial=0))
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance * scale)


def _differentiated(f, *arrays):
    """Return the value of a function and the cotangents of all its arguments."""
    leaves = [xg.asarray(raw(a)).requires_grad_() for a in arrays]
    out = f(*leaves)
    weights = np.cos(np.arange(out.size, dtype=np.float64)).reshape(out.shape)
    out.backward(xg.asarray(raw(weights.astype(out.dtype))))
    return [out.detach(), *(x.grad for x in leaves)]


F = xg.nn.functional
LAYERS = {
    "softmax": lambda x: F.softmax(x, dim=-1),
    "softmax-first-axis": lambda x: F.softmax(x, dim=0),
    "log_softmax": lambda x: F.log_softmax(x, dim=1),
    "layer_norm": lambda x: F.layer_norm(x, x.shape[-1:]),
    "layer_norm-two-axes": lambda x: F.layer_norm(x, x.shape[-2:]),
    "rms_norm": lambda x: F.rms_norm(x, x.shape[-1:], eps=1e-3),
    "silu": F.silu,
    "gelu": F.gelu,
    "gelu-tanh": lambda x: F.gelu(x, approximate="tanh"),
    "relu": F.relu,
    "dropout": lambda x: F.dropout(x, 0.3, generator=xg.random.Generator(5)),
    "cross_entropy": lambda x: F.cross_entropy(
        x, np.arange(x[..., 0, :].size if x.ndim > 2 else x.shape[0]).reshape(
            (x.shape[0], *x.shape[2:])) % x.shape[1]
    ),
    "unfold": lambda x: F.max_pool1d(x, 2, 1),
}  # fmt: skip


@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize("shape", [(3, 4, 5), (2, 3, 300), (2, 2, 1)], ids=str)
@pytest.mark.parametrize("name", LAYERS)
def test_layers_agree_with_their_agnostic_forms(name, shape, dtype):
    if name == "unfold" and shape[-1] == 1:
        pytest.skip("a window is longer")
    x = RNG.normal(size=shape).astype(dtype)
    found = _differentiated(LAYERS[name], x)
    with _Agnostic():
        expected = _differentiated(LAYERS[name], x.astype(np.float64))
    for one, other in zip(found, expected, strict=True):
        assert str(one.dtype) == dtype
        _same(one, other, 20 * TOLERANCES[dtype])


def test_rows_that_are_not_finite():
    x = np.array(
        [[1.0, np.inf, 2.0], [np.nan, 1.0, 2.0], [-np.inf, 0.0, 1.0], [-np.inf, -np.inf, -np.inf]]
    )
    for log in (False, True):
        f = F.log_softmax if log else F.softmax
        found = f(xg.asarray(raw(x)), dim=1)
        with _Agnostic(), np.errstate(all="ignore"):
            expected = f(xg.asarray(raw(x)), dim=1)
        _same(found, expected, 1e-12)


@pytest.mark.parametrize(
    "options",
    [{}, {"ignore_index": 2}, {"reduction": "sum"}, {"reduction": "none", "ignore_index": 0}],
    ids=str,
)
@pytest.mark.parametrize("count", [1, 5, 700])
def test_cross_entropy_agrees_with_its_agnostic_form(options, count):
    x, target = RNG.normal(size=(count, 4)), RNG.integers(0, 4, count)
    if count == 1:
        target[:] = 1

    def f(x):
        return F.cross_entropy(x, xg.asarray(raw(target)), **options)

    found = _differentiated(f, x)
    with _Agnostic():
        expected = _differentiated(f, x)
    for one, other in zip(found, expected, strict=True):
        _same(one, other, 1e-12)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_scatter_add_is_numpys(dtype, axis):
    shape = [4, 3, 5]
    shape[axis] = 40
    g = RNG.normal(size=shape)
    g = (g + 1j * RNG.normal(size=shape) if "complex" in dtype else g).astype(dtype)
    places = RNG.integers(-6, 6, 40)
    found = xg.get_backend().xp.index_add(raw(g), raw(places), axis=axis, size=6)
    out = np.zeros([*shape[:axis], 6, *shape[axis + 1 :]], np.result_type(dtype, np.float64))
    np.add.at(out, (slice(None),) * axis + (places,), g)
    assert host(found).dtype == dtype
    _same(found, out, TOLERANCES.get(dtype, 2e-6 if dtype == "complex64" else 1e-12))


def test_embedding_gradients():
    table, words = RNG.normal(size=(7, 3)).astype(np.float32), RNG.integers(0, 7, (50,))
    (_, grad) = _differentiated(lambda w: F.embedding(xg.asarray(raw(words)), w), table)
    weights = np.cos(np.arange(150.0)).reshape(50, 3)
    expected = np.zeros((7, 3))
    np.add.at(expected, words, weights)
    _same(grad, expected, 1e-5)


@pytest.mark.parametrize("count", [1, 5, 4096, 4101])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_uniforms_are_bitwise_those_of_the_cpu(count, dtype):
    generator = xg.random.Generator(3)
    generator.uniform(10)  # so that the position is not 0
    found = host(generator.uniform(count, dtype=dtype))
    with xg.use_backend("numpy"):
        generator = xg.random.Generator(3)
        generator.uniform(10)
        np.testing.assert_array_equal(found, host(generator.uniform(count, dtype=dtype)))


@pytest.mark.parametrize("block", [0, 2**64 - 2, 2**64 + 5])
def test_the_counter_carries(block):
    from xgrad.backends import philox

    key, p = philox.key_of(1), 0.4
    x = np.ones((3, 17))
    found = xg.get_backend().xp.kernels.dropout(raw(x), key, block, p, (17,))
    np.testing.assert_array_equal(host(found) != 0, [philox.dropout_mask(key, block, (17,), p)] * 3)


def test_dropout_saves_only_the_key_and_position():
    x = xg.asarray(raw(RNG.normal(size=(64, 64)))).requires_grad_()
    y = F.dropout(x, 0.5)
    assert all(s is None for s in y._node.saved)
    assert y._node.params.keys() == {"key", "block", "p", "shape"}


@pytest.mark.parametrize("size", [(2, 3), (5000,), ()], ids=str)
@pytest.mark.parametrize("dtype", TOLERANCES)
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("SGD", {"lr": 0.1}),
        ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.2, "weight_decay": 0.1}),
        ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "maximize": True}),
        ("Adam", {"lr": 0.1, "weight_decay": 0.1}),
        ("Adam", {"lr": 0.1, "maximize": True, "betas": (0.8, 0.9)}),
        ("AdamW", {"lr": 0.1}),
        ("RMSprop", {"lr": 0.1, "weight_decay": 0.1, "eps": 1e-2}),
        ("RMSprop", {"lr": 0.1, "momentum": 0.9, "centered": True}),
    ],
    ids=str,
)
def test_optimizers_agree_with_their_agnostic_forms(name, options, dtype, size):
    values = [RNG.normal(size=s) for s in (size, (3,), (70, 70))]
    grads = [[RNG.normal(size=v.shape) for v in values] for _ in range(3)]

    def run(dtype):
        params = [xg.asarray(raw(v.astype(dtype))).requires_grad_() for v in values]
        optimizer = getattr(xg.optim, name)(params, **options)
        for step in grads:
            for p, g in zip(params, step, strict=True):
                p.grad = xg.asarray(raw(g.astype(dtype)))
            optimizer.step()
        return params

    found = run(dtype)
    with _Agnostic():
        expected = run("float64")
    for one, other in zip(found, expected, strict=True):
        _same(one.detach(), other.detach(), 20 * TOLERANCES[dtype])


def test_more_parameters_than_fit_one_launch():
    # Among them some empty ones, at first a whole launch of them.
    values = [np.zeros(0)] * 64 + [RNG.normal(size=i % 7) for i in range(150)]
    params = [xg.asarray(raw(v)).requires_grad_() for v in values]
    for p, v in zip(params, values, strict=True):
        p.grad = xg.asarray(raw(v))
    norm = xg.nn.utils.clip_grad_norm_(params, 1.0)
    whole = np.concatenate(values)
    _same(norm, np.linalg.norm(whole), 1e-12)
    clipped = np.concatenate([host(p.grad) for p in params])
    _same(clipped, whole / (np.linalg.norm(whole) + 1e-6), 1e-12)
    xg.optim.SGD(params, lr=1.0).step()
    after = np.concatenate([host(p) for p in params])
    _same(after, whole - clipped, 1e-12)


def test_cached_tables_follow_the_arrays():
    """Tables are kept between steps: gradients move, and values may be replaced."""
    values = [RNG.normal(size=(3, 2)), RNG.normal(size=4)]
    params = [xg.asarray(raw(v)).requires_grad_() for v in values]
    optimizer = xg.optim.SGD(params, lr=0.5, momentum=0.5)
    velocities = [np.zeros_like(v) for v in values]
    for step in range(4):
        grads = [RNG.normal(size=v.shape) for v in values]
        for p, g in zip(params, grads, strict=True):
            p.grad = xg.asarray(raw(np.asfortranarray(g))) if step % 2 else xg.asarray(raw(g))
        if step == 2:
            with xg.no_grad():
                params[0][...] = 1.0
            values[0] = np.ones((3, 2))
        optimizer.step()
        velocities = [0.5 * v + g if step else g for v, g in zip(velocities, grads, strict=True)]
        values = [v - 0.5 * d for v, d in zip(values, velocities, strict=True)]
        for p, v in zip(params, values, strict=True):
            _same(p.detach(), v, 1e-12)
    assert len(optimizer._cache) <= 16


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_lstm_agrees_with_its_agnostic_form(dtype):
    x = RNG.normal(size=(6, 3, 4)).astype(dtype)

    def f(x):
        layer = xg.nn.LSTM(4, 5, generator=xg.random.Generator(0), dtype=dtype)
        out, (h, c) = layer(x)
        return xg.concat([xg.reshape(part, (-1,)) for part in (out, h, c)])

    found = _differentiated(f, x)
    with _Agnostic():
        expected = _differentiated(f, x)
    for one, other in zip(found, expected, strict=True):
        _same(one, other, 10 * TOLERANCES[dtype])


def test_windows_and_their_sum():
    x = RNG.normal(size=(2, 3, 9, 8))
    xp = xg.get_backend().xp
    for kernel, stride, dilation in [((3, 2), (2, 1), (1, 2)), ((1, 1), (3, 3), (1, 1))]:
        windows = xp.windows(raw(x), kernel, stride, dilation)
        added = xp.overlap_add(windows, x.shape, kernel, stride, dilation)
        with _Agnostic() as agnostic:
            expected = agnostic.windows(raw(x), kernel, stride, dilation)
            _same(windows, expected, 0)
            _same(added, agnostic.overlap_add(expected, x.shape, kernel, stride, dilation), 1e-14)


def test_a_masked_product_with_0_is_0():
    g, partial = np.array([0.0, 0.0, 1.0, 2.0]), np.array([np.inf, np.nan, np.inf, 3.0])
    found = xg.get_backend().xp.masked_product(raw(g), raw(partial))
    np.testing.assert_array_equal(host(found), [0.0, 0.0, np.inf, 6.0])


def test_triangular_solve_and_special_functions_are_the_librarys():
    a = np.tril(RNG.normal(size=(4, 4))) + 4 * np.eye(4)
    b = RNG.normal(size=(4, 2))
    xp = xg.get_backend().xp
    _same(xp.solve_triangular(raw(a), raw(b), upper=False), np.linalg.solve(a, b), 1e-12)
    import scipy.special

    _same(xp.special("gammaln", raw(b**2 + 1)), scipy.special.gammaln(b**2 + 1), 1e-12)


def test_a_kernel_is_compiled_once():
    from xgrad.backends.cupy.kernels import KERNELS

    F.softmax(xg.asarray(raw(np.ones((2, 3)))), dim=1)
    before = KERNELS["softmax"]._compiled["float64"]
    F.softmax(xg.asarray(raw(np.ones((4, 5)))), dim=1)
    assert KERNELS["softmax"]._compiled["float64"] is before


# -- a kernel of the user's --------------------------------------------------------------------


def test_custom_kernels():
    """The documented example: a RawKernel as a differentiable op."""
    path = Path(__file__).parent.parent / "examples" / "custom_kernel.py"
    spec = importlib.util.spec_from_file_location("custom_kernel", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.main(["--backend", "cupy", "--particles", "30"])


def test_a_custom_elementwise_kernel():
    import cupy

    kernel = cupy.ElementwiseKernel("T x", "T y", "y = x * x * x", "cube")

    @xg.custom_vjp
    def cube(x):
        return xg.asarray(kernel(x.data))

    cube.defvjp(lambda x: (xg.asarray(kernel(x.data)), x), lambda x, g: (3 * x * x * g,))
    x = xg.asarray(raw([1.0, -2.0]))
    assert host(cube(x)).tolist() == [1.0, -8.0]
    assert host(xg.grad(lambda x: xg.sum(cube(x)))(x)).tolist() == [3.0, 12.0]


def test_the_real_cupy_accepts_the_kernels():
    """CuPy's constructors parse names and types without a GPU; only launching needs one."""
    program = """
import cupy
from xgrad.backends.cupy import elementwise, indexing, norms, random, recurrent, rows, updates
from xgrad.backends.cupy.kernels import KERNELS, Raw
import xgrad.backends.cupy.devices, xgrad.backends.cupy.memory, xgrad.backends.cupy.dispatch
assert "emulated" not in cupy.__version__
for name, kernel in KERNELS.items():
    if isinstance(kernel, Raw):
        for dtype in kernel.dtypes:
            made = cupy.RawKernel(kernel.code(dtype), f"xgrad_{name}")
            assert made.name == f"xgrad_{name}"
    else:
        made = cupy.ElementwiseKernel(
            kernel.inputs, kernel.outputs, kernel.operation, f"xgrad_{name}",
            preamble=kernel.preamble,
        )
        assert made.nin == len(kernel.inputs.split(",")), name
        assert made.nout == len(kernel.outputs.split(",")), name
print("taken", len(KERNELS))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.stdout.startswith("taken"), done.stderr[-2000:]

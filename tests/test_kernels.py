"""CuPy's kernels: their source compiles for a GPU; their arithmetic is that of their twins."""

import ctypes
import functools
import importlib.util
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import environment

pytestmark = pytest.mark.skipif(environment.NAME != "cupy", reason="these are CuPy's kernels")


def _kernels():
    """Return (name, dtype) of everything there is to compile."""
    if environment.NAME != "cupy":
        return []
    from xgrad.backends.cupy import elementwise, indexing, lists, random, recurrent, rows  # noqa: F401
    from xgrad.backends.cupy.kernels import C_TYPES, KERNELS, Raw

    return [
        (name, dtype)
        for name, kernel in KERNELS.items()
        for dtype in (kernel.dtypes if isinstance(kernel, Raw) else C_TYPES)
    ]


def _as_cuda(name, dtype):
    """Return the CUDA C++ of a kernel, an elementwise one as CuPy would write it."""
    from xgrad.backends.cupy.kernels import C_TYPES, KERNELS, Raw

    kernel = KERNELS[name]
    headers = "#include <cupy/complex.cuh>\n#include <cupy/carray.cuh>\n"
    headers += "#include <cupy/float16.cuh>\n#include <cupy/bfloat16.cuh>\n"
    headers += "#include <cupy/atomics.cuh>\n#include <cupy/math_constants.h>\n"
    if isinstance(kernel, Raw):
        return headers + kernel.code(dtype)
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
    """Return a function that compiles CUDA C++ for Hopper, or None where there is none."""
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

"""Which function of another library converts a tensor, read from the stack when that is refused.

SciPy, scikit-learn and others call xgrad as an array namespace. Where they compute in compiled
code, they convert the array first. The error then names their function, and the one of xgrad that
has a derivative, if there is one.
"""

import sys
from types import FrameType
from typing import Any

from xgrad.engine.refusals import CALLERS, Callers

#: Libraries that compute with the arrays that they are called with.
LIBRARIES = frozenset(
    ("array_api_compat", "array_api_extra", "einops", "opt_einsum", "scipy", "sklearn", "xarray")
)
#: Code that reads numbers only to decide how to go on: what it returns is computed from tensors. A
#: module, or one function of it.
DECIDING = frozenset(
    (
        "scipy.integrate._quad_vec",
        "scipy.signal._signaltools.choose_conv_method",
    )
)


#: Functions of xgrad with a SciPy function's name, whose arguments or defaults differ.
_OTHER_ARGUMENTS = {
    "scipy.linalg.cholesky": "xgrad.linalg.cholesky(x, upper=True) (for lower=True: upper=False)",
    "scipy.linalg.qr": "xgrad.linalg.qr(x, mode='complete') (for mode='economic': 'reduced')",
    "scipy.linalg.eigh": "xgrad.linalg.eigh (for eigvals_only=True: eigvalsh)",
    "scipy.linalg.lstsq": "xgrad.linalg.lstsq (its rtol is the argument cond)",
    "scipy.linalg.pinv": "xgrad.linalg.pinv (without atol)",
}


def _package(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__")).partition(".")[0]


def _calls() -> list[FrameType]:
    """Return the frames of the libraries that called xgrad, from the innermost to the outermost."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and _package(frame) in ("xgrad", "numpy"):
        frame = frame.f_back
    frames = []
    while frame is not None and _package(frame) in LIBRARIES | {"numpy"}:
        frames.append(frame)
        frame = frame.f_back
    return frames


def _public_name(frame: FrameType) -> str | None:
    """Return the name under which users call what a frame runs, if they can."""
    module, own = str(frame.f_globals.get("__name__")), frame.f_code.co_name
    method = ""
    if "self" in frame.f_locals:
        method = "" if own.startswith("__") else f".{own}"
        if method and not hasattr(frame.f_locals["self"], own):
            return None  # a decorator's function
        own = type(frame.f_locals["self"]).__name__
    parts = module.split(".")
    public = next((i for i, part in enumerate(parts) if part.startswith("_")), len(parts))
    for end in range(1, public + 1):
        name = ".".join(parts[:end])
        if "self" in frame.f_locals and (instance := _instance(name, frame.f_locals["self"])):
            return f"{name}.{instance}{method}"
        if not own.startswith("_") and hasattr(sys.modules.get(name), own):
            return f"{name}.{own}{method}"
    return None


def _instance(module: str, x: Any) -> str | None:
    """Return the name that a module has for an object, or for another of its class."""
    # How the distributions of SciPy are named.
    for name in (getattr(x, "name", None), type(x).__name__.removesuffix("_gen")):
        if isinstance(name, str) and type(getattr(sys.modules.get(module), name, None)) is type(x):
            return name
    return None


def calling() -> str | None:
    """Return the name of the library's function that calls xgrad; None for other code."""
    frames = [frame for frame in _calls() if _package(frame) != "numpy"]
    names = [name for frame in reversed(frames) if (name := _public_name(frame))]
    if names:
        return names[0]
    return _package(frames[-1]) if frames else None


class Libraries(Callers):
    """The libraries that call xgrad, read from the stack."""

    def refusal(self, what: str) -> str | None:
        """Return the message for a library that does ``what`` with a tensor, None for others."""
        name = calling()
        return name and (
            f"{name}: it {what}, which cannot carry the gradients that this tensor needs; "
            f"{_advice(name)}, or pass x.detach() if no gradient is intended"
        )

    def decides(self) -> bool:
        """Whether a library converts a tensor only to decide how to go on."""
        for frame in _calls()[:1]:
            module = str(frame.f_globals.get("__name__"))
            return module in DECIDING or f"{module}.{frame.f_code.co_name}" in DECIDING
        return False


def _attribute(name: str) -> Any:
    """Return what a dotted name stands for, or None."""
    package, *path = name.split(".")
    found: Any = sys.modules.get(package)
    for part in path:
        found = getattr(found, part, None)
    return found


def _advice(name: str) -> str:
    """Return what to do instead of calling a library's function with a tensor."""
    package, _, path = name.partition(".")
    if name in _OTHER_ARGUMENTS:
        return f"use {_OTHER_ARGUMENTS[name]}"
    if package == "scipy" and _attribute(f"xgrad.{path}") is not None:
        return f"use xgrad.{path}"
    if path.startswith("sparse."):
        return "use xgrad.matmul or xgrad.sparse.solve"
    on = getattr(sys.modules.get("scipy._lib._array_api_override"), "SCIPY_ARRAY_API", True)
    if package in ("scipy", "sklearn") and not on:
        return f"set SCIPY_ARRAY_API=1 before {package} is imported, which may differentiate it"
    if package == "sklearn" and not _attribute("sklearn.get_config")()["array_api_dispatch"]:
        return "call sklearn.set_config(array_api_dispatch=True), which may differentiate it"
    parameters = getattr(getattr(_attribute(name), "__wrapped__", None), "__code__", None)
    if package == "sklearn" and "multioutput" in getattr(parameters, "co_varnames", ()):
        return "use multioutput='raw_values', whose result is an array"
    return "write the formula with functions of xgrad"


def bind_libraries() -> None:
    """Make errors name the functions of libraries."""
    CALLERS[0] = Libraries()

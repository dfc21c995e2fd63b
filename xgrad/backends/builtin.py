"""The backends that come with xgrad, one line each.

The line of a library defines how to find it before it is imported, what to install, and what its
test session needs. Its module ``xgrad.backends.NAME`` defines ``make_backend()``, which returns
the record. noxfile.py loads this file by its path, before anything is installed: it imports only
the standard library.
"""

from typing import NamedTuple

Packages = tuple[str, ...]


class BuiltIn(NamedTuple):
    """What is known about a library before it is imported."""

    extras: tuple[str, ...] = ()  # xgrad's extras that install it, the tested one first
    modules: tuple[str, ...] = ()  # other top-level modules that its array types come from
    needs_device: bool = False  # whether it can be installed where it cannot run
    tests: Packages = ()  # what its test session also installs
    variants: tuple[tuple[str, Packages], ...] = ()  # more sessions, and what they also install


NVRTC = ("nvidia-cuda-nvrtc-cu12", "nvidia-cuda-runtime-cu12")  # compiles CUDA without a GPU

#: By import name. The first is the default, whose arrays are also the data on the host.
BUILT_IN = {
    "numpy": BuiltIn(variants=(("readonly", ()),)),
    "cupy": BuiltIn(("cuda12", "cuda13"), needs_device=True, variants=(("emulated", NVRTC),)),
    "torch": BuiltIn(("torch",), tests=("expecttest",)),  # its sample inputs import it
    "jax": BuiltIn(("jax",), modules=("jaxlib",)),
    "dpnp": BuiltIn(("dpnp",), modules=("dpctl",), needs_device=True),
    "dask": BuiltIn(("dask",)),
    "array_api_strict": BuiltIn(variants=(("device1", ()),)),
}


def packages(name: str) -> Packages:
    """Return the packages of which any one installs a backend's library."""
    extras = BUILT_IN[name].extras
    return tuple(f"xgrad[{extra}]" for extra in extras) or (name.replace("_", "-"),)


def sessions() -> dict[str, tuple[str, Packages]]:
    """Return, for each test session, the extra of xgrad that is tested and more packages."""
    table = {}
    for name, (extras, _, _, tests, variants) in BUILT_IN.items():
        extra = extras[0] if extras else "test"
        table[name] = extra, tests
        table |= {f"{name}-{v}": (extra, (*tests, *more)) for v, more in variants}
    return table

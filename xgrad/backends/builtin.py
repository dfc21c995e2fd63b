"""The backends that come with xgrad, a line for each.

The line of a library says how to find it before it is imported, what to install, and what its
test session needs. Its module ``xgrad.backends.NAME`` defines ``make_backend()``, which returns
the record. noxfile.py reads this file by its path, before anything is installed: it imports the
standard library only.
"""

from typing import NamedTuple

Packages = tuple[str, ...]


class BuiltIn(NamedTuple):
    """What is known of a library before it is imported."""

    extras: tuple[str, ...] = ()  # xgrad's extras that install it, the tested one first
    modules: tuple[str, ...] = ()  # other top-level modules that its array types come from
    needs_device: bool = False  # whether it can be installed where it cannot run
    tests: Packages = ()  # what its test session installs besides
    variants: tuple[tuple[str, Packages], ...] = ()  # more sessions, and what they install besides


NVRTC = ("nvidia-cuda-nvrtc-cu12", "nvidia-cuda-runtime-cu12")  # compiles CUDA without a GPU

#: By import name. The first is the default, and the one whose arrays are the host's data.
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
    """Return what installs a backend's library: any one of them."""
    extras = BUILT_IN[name].extras
    return tuple(f"xgrad[{extra}]" for extra in extras) or (name.replace("_", "-"),)


def sessions() -> dict[str, tuple[str, Packages]]:
    """Return the test sessions by name: the extra of xgrad's that is tested, packages besides."""
    found = {}
    for name, (extras, _, _, tests, variants) in BUILT_IN.items():
        extra = extras[0] if extras else "test"
        found[name] = extra, tests
        found |= {f"{name}-{v}": (extra, (*tests, *besides)) for v, besides in variants}
    return found

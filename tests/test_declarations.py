"""Declarations of ops: they are correct, and the package follows from them."""

import inspect
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import xgrad as xg
from xgrad.engine.by_name import Names
from xgrad.engine.constructors import constant
from xgrad.engine.declare import DECLARATIONS, function, positional
from xgrad.interop.numpy.protocols import FUNCTIONS, UFUNCS

pytestmark = pytest.mark.numpy_only

ROOT = Path(__file__).resolve().parent.parent
DECLARED = FUNCTIONS


def _f(xp, x, /):
    return x


class _Opaque:
    """An argument that raises if it is inspected."""

    @property
    def dtype(self):
        raise TypeError


def forwarded_to(value, arity):
    """Return the one function of ``xp`` to which a value forwards its arguments, if any."""
    arguments = tuple(_Opaque() for _ in range(arity))
    called = []

    class Probe:
        def __getattr__(self, name):
            return lambda *args: called.append((name, args)) or called

    try:
        returned = value(Probe(), *arguments)
    except (TypeError, AttributeError, ValueError):  # it inspects its arguments, or unpacks results
        return None
    forwards = returned is called and len(called) == 1 and called[0][1] == arguments
    return called[0][0] if forwards else None


def test_forwarding_values_are_declared():
    """These values are called directly (`direct=`)."""
    for entry in DECLARATIONS:
        primitive = entry.primitive
        if primitive is None or primitive.signature.variadic:
            continue
        names = Names(primitive.value)
        if names.params or not 0 < len(names.inputs) < 3:
            assert "direct" not in entry.declared, entry.name
            continue
        said = entry.declared.get("direct")
        said = primitive.name if said is True else said
        assert said == forwarded_to(primitive.value, len(names.inputs)), (
            f"{entry.name} in {inspect.getsourcefile(primitive.value)}: direct={said!r}"
        )


def test_generated_parts_match_the_declarations():
    """Type checkers see the methods that are bound to Tensor; ``__all__`` has every module's names."""
    command = [sys.executable, str(ROOT / "tools" / "declared.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_modules_are_imported_before_tensor_is_made():
    """`xgrad.ops` imports every file that declares an op, directly or not."""
    code = (
        "import sys, types; sys.modules['xgrad'] = xgrad = types.ModuleType('xgrad')\n"
        f"xgrad.__path__ = [{str(ROOT / 'xgrad')!r}]\n"
        "import xgrad.ops\nprint(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    said = ("operator", "method", "attribute", "rules")
    modules = {e.module for e in DECLARATIONS if any(map(e.names, said))}
    late = {c for c in modules if c.startswith("xgrad.ops.")} - set(done.stdout.split())
    assert not late, f"import in xgrad/ops/__init__.py: {', '.join(sorted(late))}"


def test_functions_of_numpys_name_are_numpys():
    makers = {"creation", "interchange", "inspection"}  # no array makes NumPy call them
    for ours, theirs in ((xg, np), (xg.linalg, np.linalg), (xg.fft, np.fft)):
        for name in ours.__all__:
            op, same = getattr(ours, name), getattr(theirs, name, None)
            module = getattr(op, "__module__", None) or ""
            if not module.startswith("xgrad.ops.") or module.split(".")[-1] in makers:
                continue
            named = same is None or name.endswith("fftfreq") or same in known()
            assert named, f"{module}.{name}: say numpy={name!r} in its decorator"


def known():
    return {*FUNCTIONS, *UFUNCS}


def test_a_word_that_means_nothing_is_refused():
    with pytest.raises(TypeError, match="f: a composite function does not take precision"):
        function(precision=1)(_f)
    with pytest.raises(TypeError, match="_f: an op does not take nunpy"):
        constant(nunpy="f")(_f)


@pytest.mark.parametrize("named", DECLARED, ids=lambda f: f"{f.__module__}.{f.__name__}")
def test_defaults_are_numpys(named):
    """Where ``numpy=`` names a function, its arguments match NumPy's, by position and by name."""
    op = DECLARED[named]
    ours = inspect.signature(op).parameters
    try:
        theirs = list(inspect.signature(named).parameters.values())
    except ValueError:
        pytest.skip("NumPy does not provide its signature")
    if any(p.kind is p.VAR_POSITIONAL for p in ours.values()):
        return  # called as NumPy calls it
    count = len(positional(op))
    assert len(theirs) >= count
    for p in theirs[count:]:
        if p.name in ours and p.default is not np._NoValue:
            assert p.default == ours[p.name].default, (
                f"{p.name}: write a function of xgrad/ops/numpy with NumPy's "
                "arguments, and leave numpy= out"
            )


def test_every_module_is_in_the_documentation():
    """With all that its ``__all__`` names."""
    page = (ROOT / "docs" / "api.md").read_text()
    for path in sorted((ROOT / "xgrad" / "ops").rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        if "\n__all__ = " in path.read_text() and module != "xgrad.ops.sparse":
            said = f".. automodule:: {module}\n   :members:\n"
            assert said in page, f"docs/api.md lacks:\n{said}"

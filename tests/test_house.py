"""The house rules that a program can check."""

import ast
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import pytest

import xgrad
from xgrad.backends.builtin import BUILT_IN

pytestmark = pytest.mark.numpy_only

PACKAGE = Path(xgrad.__file__).parent
#: From the bottom up; a module imports from its own layer and from those below.
LAYERS = [
    {"calls", "contexts", "errors", "typing"},
    {"backends"},
    {"engine"},
    {"ops"},
    {"interop", "transforms"},
    {"linalg", "fft", "numpy", "special", "sparse"},
    {"autograd", "extend", "random", "nn", "optim", "data", "io", "testing", "metrics"},
    {
        "amp",
        "debugging",
        "devices",
        "implicit",
        "integrate",
        "misc",
        "optimize",
        "signal",
        "stats",
        "test_util",
        "viz",
    },
    {"train"},
    {"__init__"},
    {"__main__"},
]
LIBRARIES = tuple(BUILT_IN)
SOURCES = sorted(PACKAGE.rglob("*.py"))


def names_of_libraries(path):
    tree = ast.parse(path.read_text())
    return {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant)} & {*LIBRARIES}


def layer_of(top):
    return next(i for i, names in enumerate(LAYERS) if top in names)


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def top_of(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_run_downwards(path):
    own = layer_of(top_of(path))
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "xgrad" and len(parts) > 1:
            known = any(parts[1] in names for names in LAYERS)
            assert not known or layer_of(parts[1]) <= own, f"{path.name} imports {name}"


@pytest.mark.parametrize(
    "path",
    [p for p in SOURCES if top_of(p) not in ("backends", "interop", "numpy")],
    ids=lambda p: str(p.relative_to(PACKAGE)),
)
def test_no_array_library_is_named(path):
    for name in imports(path):
        assert name.split(".")[0] not in LIBRARIES
    module = {"numpy"} if path == PACKAGE / "__init__.py" else set()  # xgrad.numpy
    assert names_of_libraries(path) <= module


@pytest.mark.parametrize("path", sorted((PACKAGE / "backends").glob("*.py")), ids=lambda p: p.name)
def test_what_backends_share_names_none_of_them(path):
    """Only NumPy is imported there, for dtypes and for what is computed on the host."""
    if path.stem in LIBRARIES or path.stem == "builtin":
        return
    assert not {name.split(".")[0] for name in imports(path)} & {*LIBRARIES[1:]}
    method = {"numpy"} if path.stem == "runtime" else set()  # Tensor.numpy()
    assert names_of_libraries(path) == method


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_functions_follow_their_arrays(path):
    """`asarray` brings NumPy arrays to the current backend: only what makes new things may."""
    doors = {
        "nn/layers.py",
        "nn/losses.py",
        "nn/normalization.py",
        "nn/functional/reduction.py",
        "ops/interchange.py",
    }
    if str(path.relative_to(PACKAGE)) not in {*doors, "__init__.py"}:
        assert "xgrad.ops.creation.asarray" not in list(imports(path))


def test_files_stay_readable():
    long = [p.name for p in SOURCES if len(p.read_text().splitlines()) > 400]
    assert long == []


@pytest.mark.parametrize("tool", ["coverage_table", "hooks_table"])
def test_a_generated_page_is_true(tool):
    """docs/coverage.md is what the op table says, docs/hooks.md what the backends' source says."""
    command = [sys.executable, str(PACKAGE.parent / "tools" / f"{tool}.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_nothing_names_a_machines_path():
    text = "\n".join(p.read_text() for p in SOURCES)
    assert not re.search(r"/(root|home|work)/", text)


def is_there(named):
    """Whether a path of the checkout, or a dotted name below xgrad, exists."""
    if "/" in named:
        return any(list(root.glob(named.rstrip("/"))) for root in (PACKAGE, PACKAGE.parent))
    try:
        pkgutil.resolve_name(f"xgrad.{named.removeprefix('xgrad.')}")
    except (ImportError, AttributeError):
        return False
    return True


@pytest.mark.parametrize(
    "page", ["docs/engine_from_scratch.md", "docs/design.md", "CONTRIBUTING.md"]
)
def test_what_a_page_names_is_there(page):
    text = re.sub(r"```.*?```", "", (PACKAGE.parent / page).read_text(), flags=re.DOTALL)
    ours = {"xgrad", "tests", "docs", "tools", *(top_of(p) for p in SOURCES)}
    named = {x for x in re.findall(r"`([\w./*]+)`", text) if re.split("[./]", x)[0] in ours}
    named = {x for x in named if re.search("[./]", x) and not x.endswith(".*")}
    assert [x for x in sorted(named) if not is_there(x)] == []


def test_the_engine_on_one_page_has_the_names_of_the_real_one():
    text = (PACKAGE.parent / "docs" / "engine_from_scratch.md").read_text()
    found = []
    for here, there in re.findall(r"^\| (`.*?) \| (`xgrad/.*?) \|", text, flags=re.MULTILINE):
        paths = [PACKAGE.parent / path for path in re.findall(r"`([\w/]+\.py)`", there)]
        defined = "".join(path.read_text() for path in paths)
        for name in re.findall(r"`(\w+)`", here) if " as " not in here else ():
            found.append(name)
            assert re.search(rf"^(class|def) {name}\b", defined, flags=re.MULTILINE), name
    assert {"bind", "Primitive", "run_backward", "process_dual", "vmap"} <= set(found)


def test_the_glossary_is_short_and_kept():
    text = (PACKAGE.parent / "docs" / "design.md").read_text()
    table = text.partition("## Glossary")[2].partition("\n## ")[0]
    assert 10 < len(re.findall(r"^\| \*", table, flags=re.MULTILINE)) <= 25
    names = {
        name
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        for name in (getattr(node, key, None) for key in ("id", "attr", "arg", "name"))
    }
    assert names & {"fresh", "place", "places", "Place", "keeps", "Kept", "Rows"} == set()


ROOT = PACKAGE.parent
#: Phrases that are not plain, current English, such as "has not length 1" for "does not have".
ARCHAIC = re.compile(
    r"(?<!there )(?<!There )\b(is|are|was|were) no (?!longer|more\b)"
    r"|\bhas not (?!been|improved)|\b(nobody|dear|anew|merely|nought|beside)\b"
    r"|\bwhat is no\b|\bnone of (its|their|[0-9])|\bgo(es)? before\b|\bby hand\b|\bone's own\b"
    r"|\b(is|are|was) (asked|made of)\b|\bheld against\b|\basked (for|of)\b|\bcut off\b"
    r"|\basking is\b|\b(has|have) no say\b|\bwithout a word\b",
    re.IGNORECASE,
)
PROSE = [*SOURCES, ROOT / "noxfile.py"]
for _folder in ("examples", "tests", "tools"):
    PROSE += sorted({*(ROOT / _folder).rglob("*.py")} - {Path(__file__)})  # which has the phrases
PROSE += [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("path", PROSE, ids=lambda p: str(p.relative_to(ROOT)))
def test_prose_is_plain(path):
    archaic = [line for line in path.read_text().splitlines() if ARCHAIC.search(line)]
    assert not archaic, "\n".join(archaic)


def test_what_is_imported_on_first_use():
    """The import of xgrad stays fast; what it leaves out is there as if it had been imported."""
    program = """
import sys
import xgrad

def message(function):
    try:
        function(unknown=1)
    except (TypeError, AttributeError) as error:
        return str(error)

later = {f"xgrad.{name}" for name in xgrad._LATER}
assert not {*later, "scipy", "opt_einsum", "concurrent.futures", "subprocess"} & {*sys.modules}
assert {*xgrad._LATER} - {"numpy"} <= {*dir(xgrad)}
for name in xgrad._LATER:
    assert getattr(xgrad, name) is sys.modules[f"xgrad.{name}"]
assert "xgrad.viz.graph(output, params=None): unexpected" in message(xgrad.viz.graph)
assert message(lambda unknown: xgrad.statz) == "module 'xgrad' has no attribute 'statz'"
"""
    subprocess.run([sys.executable, "-c", program], check=True, cwd=PACKAGE.parent)

"""The code of the README and of the pages, on the session's backend, with NumPy data.

The pages show NumPy's output; on another backend the repr of a Tensor also shows its place.
"""

import doctest
import importlib.util
import re
import runpy
from pathlib import Path

import pytest

import xgrad as xg
from tests.environment import COMPILES, DEVICE, NAME

ROOT = Path(__file__).parents[1]
PAGES = ["README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
PAGES.remove("docs/scipy.md")  # tests/interop runs it, where SciPy takes Tensors
#: Pages that need a missing feature, or would take long.
ELSEWHERE = {
    ("docs/gpu.md", "array_api_strict"): "float16",
    ("docs/gpu.md", "cupy"): "the emulation has no pool of memory",
    ("docs/xor_from_scratch.md", "dpnp"): "a minute for the operations of the quickstart",
    ("docs/physics_informed.md", "dpnp"): "a minute for the operations of the quickstart",
}


class WithoutPlaces(doctest.OutputChecker):
    """Compares output except for line breaks and the name of the backend."""

    def check_output(self, want, got, optionflags):
        return super().check_output(_plain(want), _plain(got), optionflags)


def _plain(text):
    text = text.replace("<BLANKLINE>", "")
    return re.sub(r"\s+", " ", re.sub(r",\s+backend='\w+'", "", text))


@pytest.mark.skipif(NAME == "numpy", reason="the session docs runs the pages on NumPy")
@pytest.mark.skipif(DEVICE is not None, reason="once per library")
@pytest.mark.parametrize("page", PAGES)
def test_the_code_of_a_page(page):
    if page in ("docs/numpy_programs.md", "docs/coming_from_hips.md"):
        pytest.skip("the page has NumPy's arrays, and says what differs on other backends")
    if (page, NAME) in ELSEWHERE:
        pytest.skip(ELSEWHERE[page, NAME])
    text = (ROOT / page).read_text()
    if page == "README.md":
        for block in re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL):
            exec(compile(block, page, "exec"), {})  # noqa: S102 - our own
    names = {"__name__": "page"}
    test = doctest.DocTestParser().get_doctest(text, names, page, page, 0)
    if "import dask" in text and importlib.util.find_spec("dask") is None:
        pytest.skip("the page uses dask")
    out = []
    runner = doctest.DocTestRunner(WithoutPlaces(), verbose=False, optionflags=doctest.ELLIPSIS)
    failed = runner.run(test, out=out.append).failed
    assert not failed, "".join(out)
    assert xg.get_backend().name == NAME or page == "docs/backends.md"


#: Short forms of the examples that generate their own data, without drawing.
EXAMPLES = {
    "regression": ["--steps", "300"],
    "neural_ode": ["--steps", "2"],
    "heat_control": "--size 12 --steps 20 --every 10 --iterations 1 --require 10".split(),
    "phase_retrieval": "--size 16 --steps 8 --starts 2 --rounds 2 --require 10".split(),
    "tomography": "--size 12 --steps 3 --angles 4 --require -100".split(),
    "custom_kernel": ["--particles", "8"],
}


@pytest.mark.skipif(NAME == "numpy", reason="the session examples runs them on NumPy")
@pytest.mark.skipif(DEVICE is not None, reason="once per library")
@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example(name, monkeypatch, tmp_path):
    if name == "custom_kernel" and NAME != "cupy":
        pytest.skip("a kernel for CuPy")
    if COMPILES and name not in ("regression", "heat_control"):
        pytest.skip("takes long: compiles, or starts a kernel, for each operation")
    example = runpy.run_path(str(ROOT / "examples" / f"{name}.py"))["main"]
    monkeypatch.setitem(example.__globals__, "plot", lambda *_: None)
    arguments = [*EXAMPLES[name], "--backend", NAME]
    if name != "custom_kernel":
        arguments += ["--out", str(tmp_path)]
    assert not example(arguments)
    assert xg.get_backend().name == NAME

"""The tables of docs/coming_from_hips.md: every row is run, HIPS's side too where it is installed."""

import importlib.util
import re
from pathlib import Path

import numpy as np
import pytest

import xgrad as xg
import xgrad.numpy as xnp

pytestmark = pytest.mark.numpy_only

PAGE = (Path(__file__).parents[1] / "docs" / "coming_from_hips.md").read_text()
HIPS = importlib.util.find_spec("autograd") is not None
X, Y, V = np.asarray([0.5, -1.0, 2.0]), np.asarray([1.5, 0.2, -0.3]), np.asarray([1.0, 2.0, -1.0])


def rows(section):
    """The rows of the table of a section, each cell as a list of its pieces of code."""
    text = PAGE.partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    lines = [line for line in text.splitlines() if line.startswith("| ")][2:]
    return [[re.findall(r"`([^`]+)`", cell) for cell in line.split(" | ")] for line in lines]


def names_for(np_):
    """What the code of the tables refers to."""
    return {
        "np": np_,
        "x": X.copy(),
        "y": Y.copy(),
        "v": V.copy(),
        "z": 1.0 + 2.0j,
        "f": lambda x: np_.sum(np_.sin(x) * x**2),
        "g": lambda a, b: np_.sum(a * b**2),
        "h": lambda x: np_.exp(x) * x,
        "pair": lambda x: (np_.sum(x**3), 2.0 * x),
        "square": lambda z: z**2,
        "d": np.asarray([1.0, 2.0]),
    }


def numbers(x):
    if isinstance(x, tuple | list):
        return np.concatenate([numbers(part) for part in x])
    return np.ravel(np.asarray(x))


IMPORTS = rows("Imports")
TRANSFORMS = rows("Transforms")


def test_the_tables_are_found():
    assert len(IMPORTS) >= 12
    assert len(TRANSFORMS) >= 20


@pytest.mark.parametrize("row", IMPORTS, ids=lambda row: row[0][0])
def test_imports(row):
    theirs, ours = row
    for code in ours:
        exec(code, {})  # noqa: S102 - our own page
    if HIPS:
        exec(theirs[0], {})  # noqa: S102


@pytest.mark.parametrize("row", TRANSFORMS, ids=lambda row: row[0][0])
def test_transforms(row):
    theirs, ours, others = row
    names = {"xg": xg, **names_for(xnp)}
    expected = numbers(eval(ours[0], names))  # noqa: S307 - our own page
    assert others
    for code in others:
        np.testing.assert_allclose(numbers(eval(code, names)), expected, rtol=1e-12)  # noqa: S307
    if HIPS:
        import autograd
        import autograd.misc
        import autograd.numpy as anp

        names = {**vars(autograd), "flatten": autograd.misc.flatten, **names_for(anp)}
        np.testing.assert_allclose(numbers(eval(theirs[0], names)), expected, rtol=1e-12)  # noqa: S307


def test_what_replaces_internals():
    ours = {theirs[0].split("(")[0]: code for theirs, code, *_ in rows("What replaces the rest")}
    values, tracked = ours["autograd.tracer.getval"], ours["autograd.tracer.isbox"]
    diagonal = ours["autograd.numpy.make_diagonal"]
    seen = []

    def f(x):
        names = {"x": x, "xg": xg}
        seen.append(eval(values[0], names))  # noqa: S307
        assert eval(tracked[0], names)  # noqa: S307
        return xg.sum(x)

    xg.grad(f)(X)
    assert type(seen[0]) is np.ndarray
    np.testing.assert_array_equal(eval(diagonal[0], names_for(xnp)), np.diag([1.0, 2.0]))  # noqa: S307
    xg.grad(lambda x: (seen.append(eval(values[1], {"x": x})), x)[1])(2.0)  # noqa: S307
    assert seen[-1] == 2.0
    for name in ("xg.viz.graph", "xg.profile", "xg.linearize"):
        assert callable(eval(name, {"xg": xg}))  # noqa: S307


def test_the_conventions_for_complex_numbers():
    """What the page says about HIPS/autograd's results, where it is installed."""

    def f(np_):
        return lambda z: 3 * np_.real(z) ** 2 + 5 * np_.imag(z)

    z = 1.0 + 2.0j
    assert xg.grad(f(xnp))(z) == 6 + 5j
    if not HIPS:
        pytest.skip("HIPS/autograd is not installed")
    import autograd
    import autograd.numpy as anp

    assert autograd.grad(f(anp))(z) == 6 - 5j
    for g in (1.0 + 0j, 1j, 0.3 - 0.4j):
        theirs = autograd.make_vjp(lambda z: z**2)(z)[0](g)
        ours = xg.make_vjp(lambda z: z**2)(z)[0](np.conj(g))
        assert theirs == pytest.approx(np.conj(ours))
        assert autograd.make_jvp(lambda z: z**2)(z)(g)[1] == xg.make_jvp(lambda z: z**2)(z)(g)[1]
    assert autograd.deriv(lambda z: z**2)(z) == (1 + 1j) * xg.deriv(lambda z: z**2)(z)

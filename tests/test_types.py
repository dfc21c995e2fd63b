"""What type checkers see of ``xp`` is what libraries and recorded rules have."""

import ast
import inspect
from pathlib import Path

import array_api_strict
import pytest

from xgrad.backends import array_api, namespace
from xgrad.backends.namespace import Namespace
from xgrad.engine.declare import DECLARATIONS
from xgrad.engine.dispatch import XG, Recorded

pytestmark = pytest.mark.numpy_only

STUB = ast.parse(Path(array_api.__file__).with_suffix(".pyi").read_text())
CLASSES = {c.name: c for c in STUB.body if isinstance(c, ast.ClassDef)}
#: Every library has it, or its namespace; the standard does not.
BEYOND = {"exp2", "eigvals"}


def functions_of(name):
    """Return the functions that a class of the stub lists: their parameters, or how many."""
    counts = {"Unary": 1, "Binary": 2}
    for node in CLASSES[name].body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            args = node.args
            positional = [a.arg for a in args.posonlyargs + args.args][1:]
            yield node.name, positional, [a.arg for a in args.kwonlyargs]
        elif isinstance(node, ast.AnnAssign) and ast.unparse(node.annotation) in counts:
            count = counts[ast.unparse(node.annotation)]
            yield node.target.id, [None] * count, []


@pytest.mark.parametrize(
    ("name", "library"),
    [
        ("Standard", array_api_strict),
        ("Linalg", array_api_strict.linalg),
        ("Fourier", array_api_strict.fft),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_the_stub_lists_functions_of_the_standard(name, library):
    found = list(functions_of(name))
    assert found
    for function, positional, keywords in found:
        if function in BEYOND:
            continue
        parameters = inspect.signature(getattr(library, function)).parameters.values()
        taken = [p.name for p in parameters if p.kind < p.VAR_POSITIONAL]
        assert len(taken) >= len(positional), function
        if None not in positional:
            assert taken[: len(positional)] == positional, function
        assert {*keywords} <= {p.name for p in parameters}, function


def test_what_rules_call_is_known():
    """An op with ``rules=`` is in the standard, a hook, or declared by `Recorded`."""
    listed = {name for name, _, _ in functions_of("Standard")}
    declared = {*Recorded.__annotations__}
    for entry in DECLARATIONS:
        for name in entry.names("rules"):
            assert name in listed | declared or hasattr(Namespace, name), name


def test_ops_take_what_the_stub_says():
    listed = {name: (len(p), keywords) for name, p, keywords in functions_of("Standard")}
    compared = 0
    for name in vars(XG).keys() & listed.keys():
        count, keywords = listed[name]
        signature = inspect.signature(vars(XG)[name])
        names = [p.name for p in signature.parameters.values()]
        if any(p.kind > p.KEYWORD_ONLY for p in signature.parameters.values()):
            continue  # `recorded` also takes parameters by position
        assert len(names) >= count, name
        # Ops create arrays in the dtype and on the device of their argument.
        assert {*keywords} - {"device", "dtype"} <= {*names}, name
        compared += 1
    assert compared > 50


def test_a_misspelt_function_is_an_error():
    """`Namespace` shows type checkers no ``__getattr__``, which would allow every name."""
    stub = {node.name for node in CLASSES["Standard"].body if isinstance(node, ast.FunctionDef)}
    assert "__getattr__" not in stub
    tree = ast.parse(Path(namespace.__file__).read_text())
    for c in tree.body:
        if isinstance(c, ast.ClassDef):
            shown = {n.name for n in c.body if isinstance(n, ast.FunctionDef)}
            assert "__getattr__" not in shown, c.name

"""The public interface: names, docstrings and signatures of every public module."""

import importlib
import inspect
import pickle
import re
import types
from collections import defaultdict

import pytest

import xgrad as xg

pytestmark = pytest.mark.numpy_only

#: Public modules that are not attributes of a public module.
SEPARATE = (
    *("xgrad.debugging", "xgrad.devices", "xgrad.errors", "xgrad.io"),
    *("xgrad.optim.schedulers", "xgrad.train.callbacks"),
)
#: Functions of public modules for other files of the package.
SHARED = {"default_generator", "load_with_metadata"}
#: Functions with any number of arguments, or that pass arguments on to another's function.
OPEN_ENDED = {
    "Function.apply", "Function.backward", "Function.forward", "Function.jvp", "Identity",
    "ModuleDict.forward", "apply_along_axis", "atleast_1d", "atleast_2d", "atleast_3d", "piecewise", "ModuleList.forward", "Module.forward", "ParameterDict.forward",
    "ParameterList.forward", "Sequential", "TensorDataset", "broadcast_arrays",
    "block_diag", "broadcast_shapes", "checkpoint_policies.save_only_these_names", "custom_jvp.defjvps",
    "defjvp", "defvjp", "einsum", "least_squares", "linearize", "meshgrid", "result_type", "summary", "vjp",
}  # fmt: skip
#: Methods that take arguments in any order, as PyTorch's do.
PARTS = ("gradient", "item", "reshape", "to", "transpose")


def public_modules():
    found = {}
    waiting = [xg, *map(importlib.import_module, SEPARATE)]
    while waiting:
        module = waiting.pop()
        if module.__name__ not in found:
            found[module.__name__] = module
            members = (getattr(module, name) for name in getattr(module, "__all__", ()))
            waiting += [x for x in members if isinstance(x, types.ModuleType)]
    return dict(sorted(found.items()))


MODULES = public_modules()
EVERY = pytest.mark.parametrize("module", MODULES.values(), ids=MODULES)


def public_callables(module):
    """Return pairs of a name and a function, class, or public method of a class."""
    for name in module.__all__:
        x = getattr(module, name)
        if isinstance(x, types.ModuleType) or not callable(x):
            continue
        yield name, x
        if inspect.isclass(x):
            own = set().union(*(vars(c) for c in x.__mro__ if c.__module__.startswith("xgrad.")))
            own -= set(getattr(x, "__dataclass_fields__", ()))  # documented as attributes
            # Backends are written by those who know the library: kernels take what it takes.
            hook = module.__name__ == "xgrad.backends"
            for member in sorted(own):
                if not member.startswith("_") and callable(getattr(x, member)) and not hook:
                    yield f"{name}.{member}", getattr(x, member)


def test_the_walk_finds_what_users_import():
    assert {"xgrad.nn.utils", "xgrad.nn.functional", "xgrad.special", "xgrad.amp"} <= set(MODULES)
    assert len(MODULES) >= 27


@EVERY
def test_modules_show_their_public_names_alone(module):
    assert module.__doc__
    assert len(set(module.__all__)) == len(module.__all__)
    assert sorted(dir(module)) == sorted(module.__all__)
    assert [name for name in module.__all__ if not hasattr(module, name)] == []
    own = {n for n, x in vars(module).items() if getattr(x, "__module__", "") == module.__name__}
    assert {n for n in own if not n.startswith("_")} - set(module.__all__) <= SHARED
    scope = {}
    exec(f"from {module.__name__} import *", scope)  # noqa: S102 - functions cannot say it
    assert set(scope) - {"__builtins__"} == set(module.__all__)


@EVERY
def test_public_names_have_docstrings(module):
    assert [name for name, x in public_callables(module) if not inspect.getdoc(x)] == []


@EVERY
def test_signatures_name_their_parameters(module):
    facades = []
    for name, x in public_callables(module):
        if (inspect.isclass(x) and issubclass(x, BaseException)) or name in OPEN_ENDED:
            continue
        kinds = {p.kind for p in inspect.signature(x).parameters.values()}
        anything = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}
        if name.rpartition(".")[2] in PARTS:
            anything -= {inspect.Parameter.VAR_POSITIONAL}
        if kinds & anything:
            facades.append(name)
    assert facades == []


def test_open_ended_functions_are():
    found = {name: x for module in MODULES.values() for name, x in public_callables(module)}
    for name in OPEN_ENDED:
        kinds = {p.kind for p in inspect.signature(found[name]).parameters.values()}
        variadic = {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}
        assert kinds & variadic, f"{name} is no longer open-ended: delete it above"


# -- See Also ------------------------------------------------------------------------------------


def see_also(doc):
    """The names in a docstring's section See Also."""
    section = re.search(
        r"^See Also\n-{8}\n(.*?)(?:\n\n|\Z)", inspect.cleandoc(doc or ""), re.M | re.S
    )
    entries = section[1].splitlines() if section else []
    return [entry.partition(" : ")[0] for entry in entries if not entry.startswith(" ")]


def test_one_name_for_two_functions_is_explained():
    """``special.kl_div`` and ``nn.functional.kl_div`` are two functions: each names the other."""
    named = defaultdict(dict)
    for module in MODULES.values():
        for name in module.__all__:
            if callable(x := getattr(module, name)):
                named[name].setdefault(id(x), (module.__name__, x))
    several = {name: list(found.values()) for name, found in named.items() if len(found) > 1}
    assert {"kl_div", "softmax", "root", "grad", "solve"} <= set(several)
    for name, found in several.items():
        for module, x in found:
            others = [f"{other}.{name}" for other, _ in found if other != module]
            assert set(others) & set(see_also(x.__doc__)), f"{module}.{name} does not name {others}"
    for one, other in (("optim", "optimize"), ("optimize", "optim"), ("implicit", "optimize")):
        assert f"xgrad.{other}" in see_also(MODULES[f"xgrad.{one}"].__doc__)


@EVERY
def test_what_is_named_under_see_also_exists(module):
    documented = [(module.__name__, module), *public_callables(module)]
    for owner, x in documented:
        for name in see_also(x.__doc__):
            found = xg
            for part in name.removeprefix("xgrad.").split("."):
                assert hasattr(found, part), f"{owner}: {name}"
                found = getattr(found, part)


# -- Tensor --------------------------------------------------------------------------------------


def test_a_tensor_shows_nothing_internal():
    assert [slot for slot in xg.Tensor.__slots__ if not slot.startswith("_")] == []
    assert str(inspect.signature(xg.Tensor)) == "()"
    documented = {name for name in dir(xg.Tensor) if getattr(xg.Tensor, name).__doc__}
    assert {name for name in dir(xg.Tensor) if not name.startswith("_")} <= documented


def test_public_objects_are_pickled_by_name():
    for module in MODULES.values():
        for name in module.__all__:
            x = getattr(module, name)
            if inspect.isclass(x) or inspect.isfunction(x):
                assert pickle.loads(pickle.dumps(x)) is x, name

"""Run one example program of HIPS/autograd, and write the numbers that it computes to a file.

``python -m tests.hips.program CHECKOUT NAME LIBRARY FILE``: the library is autograd, whose own
numbers these are, or xgrad, for which the imports of the program are replaced, and nothing else.
Results of transforms are recorded; after some of them the program is stopped.
"""

import importlib.abc
import importlib.util
import json
import os
import re
import sys
import tempfile
import types
from pathlib import Path

import numpy as np
from scipy import optimize

#: The lines that are replaced: imports, and modules of SciPy by their full names.
REPLACED = (
    (r"^from autograd\.builtins import .*$", ""),  # Python's own are right
    (r"^from autograd import (tuple|list|dict|isinstance|type)$", ""),
    (r"^import autograd\.scipy\.stats\.(\w+) as (\w+)$", r"from xgrad.stats import \1 as \2"),
    (r"^(\s*)from autograd\.scipy\.special ", r"\1from scipy.special "),
    (r"^(\s*)(import|from) autograd\.scipy\.", r"\1\2 xgrad."),
    (r"^(\s*)(import|from) autograd\b", r"\1\2 xgrad"),
    (r"\bautograd\.scipy\.", "xgrad."),
)
#: The functions whose results are recorded.
RECORDED = ("elementwise_grad", "grad", "value_and_grad")
#: After how many recorded results a program is stopped: long ones, and those with their own loops.
LIMITS = {
    "bayesian_optimization": 100,
    "convnet": 8,
    "fluidsim": 2,
    "generative_adversarial_net": 8,
    "hmm_em": 8,
    "wing": 2,
}
MOST = 500
#: How many steps optimizers do.
STEPS = 4


class Enough(BaseException):
    """Ends a program."""


def text_of(path, library):
    """Return a program's text, with its imports replaced if the library is xgrad."""
    text = path.read_text()
    if library == "xgrad":
        for pattern, new in REPLACED:
            text = re.sub(pattern, new, text, flags=re.MULTILINE)
    return text


class Siblings(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports of other programs, with their imports replaced."""

    def __init__(self, folder, library):
        self.folder, self.library = folder, library

    def find_spec(self, name, path=None, target=None):
        if "." not in name and (self.folder / f"{name}.py").is_file():
            return importlib.util.spec_from_loader(name, self)
        return None

    def exec_module(self, module):
        path = self.folder / f"{module.__name__}.py"
        module.__file__ = str(path)
        exec(compile(text_of(path, self.library), str(path), "exec"), vars(module))  # noqa: S102


def digits():
    """Synthetic images and labels in place of MNIST, which is not downloaded."""
    rs = np.random.RandomState(3)
    patterns = rs.rand(10, 28, 28) > 0.7

    def draw(count):
        labels = rs.randint(0, 10, count)
        images = 255 * patterns[labels] * (rs.rand(count, 28, 28) > 0.1)
        return images.astype(np.uint8), labels.astype(np.uint8)

    return (*draw(600), *draw(100))


class Seeded(np.random.RandomState):
    """Random numbers that are the same in every run, also without a seed."""

    def __init__(self, seed=0):
        super().__init__(seed)


class Recorder:
    """Records the results of transforms."""

    def __init__(self, limit):
        self.limit, self.results = limit, []

    def wrapped(self, transform):
        """Return a transform whose functions record what they return."""

        def of_function(*args, **keywords):
            function = transform(*args, **keywords)

            def called(*args, **keywords):
                result = function(*args, **keywords)
                if (numbers := plain(result)) is not None:
                    self.results.append(numbers)
                    if len(self.results) >= self.limit:
                        raise Enough
                return result

            return called

        return of_function


def plain(tree):
    """Return all numbers of a tree, or None if one is followed by an outer transform."""
    if isinstance(tree, tuple | list):
        parts = [plain(x) for x in tree]
    elif isinstance(tree, dict):
        parts = [plain(tree[key]) for key in sorted(tree)]
    elif isinstance(tree, float | np.ndarray | np.generic):
        values = np.ravel(tree)
        return [] if values.dtype.kind not in "fc" else values.view(float).tolist()
    else:
        return None
    return None if None in parts else [x for part in parts for x in part]


def with_few_steps(function, keyword):
    """Return an optimizer that does few steps."""

    def optimized(*args, **keywords):
        options = keywords.get("options") or {}
        few = {"options": {**options, "maxiter": STEPS}, "num_iters": STEPS}
        return function(*args, **{**keywords, keyword: few[keyword]})

    return optimized


def prepare():
    """Replace what a program does besides computing."""
    os.environ["MPLBACKEND"] = "Agg"
    plt = importlib.import_module("matplotlib.pyplot")

    plt.show = plt.pause = lambda *args, **keywords: None
    os.system = lambda command: 0
    optimize.minimize = with_few_steps(optimize.minimize, "options")
    np.random.seed(0)  # noqa: NPY002 - what the programs use
    np.random.RandomState = Seeded
    data = types.ModuleType("data_mnist")
    data.mnist = digits
    sys.modules["data_mnist"] = data


def main(checkout, name, library, file):
    """Run a program."""
    folder = Path(checkout) / "examples"
    path = next(folder.rglob(f"{name}.py"))
    prepare()
    if library == "autograd":
        sys.path.insert(0, str(checkout))  # its own code, not an installed version
    package = importlib.import_module(library)
    optimizers = importlib.import_module(f"{library}.misc.optimizers")
    for optimizer in ("adam", "rmsprop", "sgd"):
        few = with_few_steps(getattr(optimizers, optimizer), "num_iters")
        setattr(optimizers, optimizer, few)
    recorder = Recorder(LIMITS.get(name, MOST))
    for transform in RECORDED:
        setattr(package, transform, recorder.wrapped(getattr(package, transform)))
    sys.meta_path.insert(0, Siblings(folder, library))
    scope = {"__name__": "__main__", "__file__": str(path)}
    with tempfile.TemporaryDirectory() as work:
        os.chdir(work)
        ended = True
        try:
            exec(compile(text_of(path, library), str(path), "exec"), scope)  # noqa: S102
        except Enough:
            ended = False
        finally:
            os.chdir(folder)
    Path(file).write_text(json.dumps({"results": recorder.results, "ended": ended}))


if __name__ == "__main__":
    main(*sys.argv[1:])

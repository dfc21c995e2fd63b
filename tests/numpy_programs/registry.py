"""How a program is entered: a function of NumPy's module and its inputs, written as people do."""

import numpy as np

PROGRAMS = {}


class Program:
    """A program, its inputs, and what is special about it."""

    def __init__(self, function, inputs, *, plain=None, vmap=None, second=True, rtol=1e-5):
        self.function, self.name = function, function.__name__
        self.inputs = tuple(np.asarray(x, dtype=float) for x in inputs)
        #: The idiom for which plain NumPy raises on Tensors; None if it runs there, too.
        self.plain = plain
        #: Why it cannot run under vmap; None if it can.
        self.vmap = vmap
        self.second, self.rtol = second, rtol


def program(*inputs, **options):
    """Enter a program: ``function(np, *inputs)`` returns one number."""

    def enter(function):
        PROGRAMS[function.__name__] = Program(function, inputs, **options)
        return function

    return enter


def random(*shape, seed=0, scale=1.0, shift=0.0):
    """Inputs of a program."""
    return shift + scale * np.random.default_rng(seed).standard_normal(shape)


#: Idioms that NumPy itself does not dispatch.
BUFFER = "writes Tensors into np.zeros"
LIST = "np.array of Tensors"
UPDATE = "adds a Tensor to an ndarray in place"
JOINER = "np.c_ or np.r_ of Tensors"
VALUES = "branches on values"

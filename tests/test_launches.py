"""Pinned counts of a training step's launches on the device and reads from it.

The emulated CuPy counts every function, operator and kernel that would launch work. The
numbers count calls by xgrad: one CuPy function may launch more than one kernel.
A higher number is a slower step; change it here only with a reason.
"""

from collections import Counter

import pytest

import xgrad as xg
from tests import environment
from tests.training_steps import Training

pytestmark = pytest.mark.skipif(
    environment.SESSION != "cupy-emulated", reason="counted on the emulated CuPy"
)


def counted(training):
    from tests.emulation import COUNTS

    training.step()
    training.step()
    COUNTS.clear()
    training.step()
    return COUNTS.launches, COUNTS.reads


#: One step of: dropout, linear, SiLU, linear, ReLU, linear; cross entropy; Adam.
MLP = Counter(
    {
        # forward: dropout, and for each linear layer a product and a bias added in place
        "xgrad_dropout": 1,  # the input needs no gradient, so no mask in the backward pass
        "matmul": 3 + 3 + 2,  # and, backward, for weights of all layers, for inputs of two
        "iadd": 3,
        "xgrad_silu": 1,
        "maximum": 1,  # ReLU
        # loss: one kernel for the rows, one for their mean
        "xgrad_cross_entropy": 1,
        "xgrad_kept_mean": 1 + 1,  # backward: the count of classes that are not ignored
        # backward
        "ones_like": 1,  # the cotangent of the loss
        "xgrad_cross_entropy_vjp": 1,
        "sum": 3,  # biases
        "greater": 1,  # where ReLU was positive
        "xgrad_masked": 1,
        "xgrad_silu_partial": 1,
        "mul": 1,  # by it
        # one launch for all parameters
        "xgrad_adam": 1,
    }
)


#: The additional launches of mixed precision with clipping.
MIXED = Counter(
    {
        # To float16: x, weights and biases of three layers; to float32: the scores; and their
        # cotangents back, except for x. The biases' cotangents are summed in float32, and rounded.
        "astype": 7 + 1 + 7 + 3,
        # The loss times the scale, and its cotangent.
        "multiply": 2 + 2,  # and in update(): the scale, if it grows and if it shrinks
        # 1 / scale, gradients times it with the check, and the flag, initially false.
        "divide": 1,
        "xgrad_scale": 1 + 1,  # and by the factor of the clipping
        "zeros": 1,
        # Clipping: sums of squares, the norm with its factor.
        "xgrad_squares": 1,
        "xgrad_norm_and_factor": 1,
        # Adam's step count, incremented where the step counts; in update(): the new scale and
        # the count of successful steps.
        "add": 1 + 1,
        "where": 1 + 3,
        "greater_equal": 1,
        "logical_or": 1,
    }
)


def test_a_step_of_a_small_network():
    launches, reads = counted(Training("mlp", xg.optim.Adam, clip=None))
    assert launches == MLP
    assert not reads


def test_a_step_in_mixed_precision():
    launches, reads = counted(Training("mlp", xg.optim.Adam, amp="float16"))
    assert launches - MLP == MIXED
    assert not reads


@pytest.mark.parametrize(
    ("kind", "most"),
    [("lstm", 47), ("convolution", 84), ("attention", 105)],
)
def test_steps_of_other_networks(kind, most):
    launches, reads = counted(Training(kind))
    assert launches.total() == most
    assert not reads

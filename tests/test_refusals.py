"""Errors for bad arguments of layers, losses and optimizers name the function."""

import numpy as np
import pytest

import xgrad as xg
from xgrad import nn
from xgrad.nn import functional as F

pytestmark = pytest.mark.numpy_only

X1, X2 = np.ones((1, 1, 4)), np.ones((1, 1, 4, 4))
W1, W2 = np.ones((1, 1, 2)), np.ones((1, 1, 2, 2))

#: Calls by the start of their messages.
WINDOWS = [
    ("conv1d: expected dilation of at least 1, got -3", lambda: F.conv1d(X1, W1, dilation=-3)),
    ("conv1d: expected stride of at least 1, got 0", lambda: F.conv1d(X1, W1, stride=0)),
    ("conv1d: expected stride of at least 1, got -1", lambda: F.conv1d(X1, W1, stride=-1)),
    ("conv1d: expected padding of at least 0, got -1", lambda: F.conv1d(X1, W1, padding=-1)),
    ("conv1d: expected groups of at least 1, got 0", lambda: F.conv1d(X1, W1, groups=0)),
    ("conv1d: expected stride to be an integer, got 1.5", lambda: F.conv1d(X1, W1, stride=1.5)),
    ("conv1d: expected a bias of shape (1,), got (2,)", lambda: F.conv1d(X1, W1, np.ones(2))),
    ("conv1d: expected a kernel", lambda: F.conv1d(X1, np.ones((1, 1, 0)))),
    ("conv1d: the kernel (2,) with dilation (5,)", lambda: F.conv1d(X1, W1, dilation=5)),
    ("conv2d: expected stride of at least 1", lambda: F.conv2d(X2, W2, stride=(1, 0))),
    ("conv2d: expected dilation to be an integer or 2", lambda: F.conv2d(X2, W2, dilation="1")),
    ("conv_transpose1d: expected stride", lambda: F.conv_transpose1d(X1, W1, stride=0)),
    ("conv_transpose1d: expected padding", lambda: F.conv_transpose1d(X1, W1, padding=-1)),
    (
        "conv_transpose1d: expected output_padding",
        lambda: F.conv_transpose1d(X1, W1, output_padding=-1),
    ),
    ("conv_transpose1d: the output would be empty", lambda: F.conv_transpose1d(X1, W1, padding=3)),
    ("conv_transpose2d: expected dilation", lambda: F.conv_transpose2d(X2, W2, dilation=0)),
    ("Conv1d: expected kernel_size of at least 1", lambda: nn.Conv1d(1, 1, 0)),
    ("Conv1d: expected groups of at least 1", lambda: nn.Conv1d(1, 1, 1, groups=0)),
    ("Conv2d: expected an integer for in_channels, got 1.0", lambda: nn.Conv2d(1.0, 1, 1)),
    ("Conv2d: expected dilation of at least 1", lambda: nn.Conv2d(1, 1, 1, dilation=(1, -1))),
    ("ConvTranspose1d: expected stride", lambda: nn.ConvTranspose1d(1, 1, 1, stride=0)),
    ("max_pool1d: expected kernel_size of at least 1", lambda: F.max_pool1d(X1, 0)),
    ("max_pool1d: expected stride of at least 1", lambda: F.max_pool1d(X1, 2, 0)),
    ("max_pool1d: expected stride of at least 1", lambda: F.max_pool1d(X1, 2, -1)),
    ("max_pool1d: expected dilation of at least 1", lambda: F.max_pool1d(X1, 2, dilation=-2)),
    ("max_pool1d: expected padding of at least 0", lambda: F.max_pool1d(X1, 2, padding=-1)),
    ("max_pool1d: the kernel (5,) is larger", lambda: F.max_pool1d(X1, 5)),
    ("max_pool1d: expected axes with elements", lambda: F.max_pool1d(np.ones((1, 1, 0)), 1)),
    ("max_pool2d: expected kernel_size", lambda: F.max_pool2d(X2, (2, 0))),
    ("max_pool2d: padding (2, 2) is more than half", lambda: F.max_pool2d(X2, 2, padding=2)),
    ("avg_pool1d: expected stride of at least 1", lambda: F.avg_pool1d(X1, 2, 0)),
    ("avg_pool1d: padding (2,) is more than half", lambda: F.avg_pool1d(X1, 3, padding=2)),
    ("avg_pool2d: expected kernel_size", lambda: F.avg_pool2d(X2, -1)),
    ("MaxPool1d: expected stride of at least 1", lambda: nn.MaxPool1d(2, 0)),
    ("MaxPool2d: expected dilation", lambda: nn.MaxPool2d(2, dilation=-1)),
    ("AvgPool2d: expected kernel_size", lambda: nn.AvgPool2d(0)),
    ("adaptive_avg_pool1d: expected output_size", lambda: F.adaptive_avg_pool1d(X1, 0)),
    ("adaptive_max_pool2d: expected output_size", lambda: F.adaptive_max_pool2d(X2, (2, -1))),
    ("adaptive_max_pool1d: expected an integer", lambda: F.adaptive_max_pool1d(X1, (1.5,))),
]


W = xg.tensor([1.0], requires_grad=True)


def sgd():
    return xg.optim.SGD([W], lr=1.0, momentum=0.9)


def sequence(optimizer, milestones):
    parts = [xg.optim.StepLR(optimizer, 1) for _ in range(3)]
    return xg.optim.SequentialLR(optimizer, parts, milestones)


OPTIMIZERS = [
    ("SGD: expected lr of at least 0, got -1", lambda o: o.SGD([W], lr=-1)),
    ("SGD: expected lr of at least 0, got nan", lambda o: o.SGD([W], lr=float("nan"))),
    ("SGD: expected a number for lr, got '1'", lambda o: o.SGD([W], lr="1")),
    ("SGD: expected momentum of at least 0", lambda o: o.SGD([W], momentum=-0.9)),
    ("SGD: expected weight_decay of at least 0", lambda o: o.SGD([W], weight_decay=-1.0)),
    ("SGD: nesterov requires a momentum", lambda o: o.SGD([W], nesterov=True)),
    ("SGD: expected a dict with params", lambda o: o.SGD([{"lr": 1.0}])),
    ("SGD: expected parameters, such as model.parameters()", lambda o: o.SGD(nn.Linear(1, 1))),
    ("SGD: expected leaf tensors", lambda o: o.SGD([W * 2])),
    ("SGD: unknown options beta", lambda o: o.SGD([{"params": [W], "beta": 1.0}])),
    ("Adam: expected eps of at least 0", lambda o: o.Adam([W], eps=-1e-8)),
    ("Adam: expected two betas, got (0.9,)", lambda o: o.Adam([W], betas=(0.9,))),
    ("Adam: expected betas in [0, 1), got 1", lambda o: o.Adam([W], betas=(0.9, 1))),
    ("AdamW: expected weight_decay of at least 0", lambda o: o.AdamW([W], weight_decay=-1)),
    ("RMSprop: expected alpha in [0, 1]", lambda o: o.RMSprop([W], alpha=2.0)),
    ("RMSprop: expected momentum of at least 0", lambda o: o.RMSprop([W], momentum=-1)),
    ("Adagrad: expected lr_decay of at least 0", lambda o: o.Adagrad([W], lr_decay=-1)),
    (
        "Adagrad: expected initial_accumulator_value of at least 0",
        lambda o: o.Adagrad([W], initial_accumulator_value=-1),
    ),
    ("Adadelta: expected rho in [0, 1]", lambda o: o.Adadelta([W], rho=1.5)),
    ("NAdam: expected momentum_decay of at least 0", lambda o: o.NAdam([W], momentum_decay=-1)),
    ("Lion: expected weight_decay of at least 0", lambda o: o.Lion([W], weight_decay=-1)),
    ("LBFGS: expected max_iter of at least 1", lambda o: o.LBFGS([W], max_iter=0)),
    ("LBFGS: expected history_size of at least 1", lambda o: o.LBFGS([W], history_size=0)),
    ("LBFGS: expected tolerance_grad of at least 0", lambda o: o.LBFGS([W], tolerance_grad=-1)),
    ("EMA: expected decay in [0, 1]", lambda o: o.EMA([W], decay=1.5)),
    ("EMA: expected parameters", lambda o: o.EMA([])),
    ("StepLR: expected an Optimizer, got Tensor", lambda o: o.StepLR(W, 3)),
    ("StepLR: expected step_size of at least 1", lambda o: o.StepLR(sgd(), 0)),
    ("StepLR: expected an integer for step_size", lambda o: o.StepLR(sgd(), 1.5)),
    ("StepLR: expected gamma of at least 0", lambda o: o.StepLR(sgd(), 2, -1.0)),
    ("MultiStepLR: expected milestones of at least 0", lambda o: o.MultiStepLR(sgd(), [-1])),
    ("ConstantLR: expected factor in [0, 1]", lambda o: o.ConstantLR(sgd(), 2.0)),
    ("LinearLR: expected start_factor in (0, 1]", lambda o: o.LinearLR(sgd(), 0.0)),
    ("LinearLR: expected end_factor in [0, 1]", lambda o: o.LinearLR(sgd(), 0.5, 2.0)),
    ("LinearLR: expected total_iters of at least 1", lambda o: o.LinearLR(sgd(), total_iters=0)),
    ("ExponentialLR: expected gamma of at least 0", lambda o: o.ExponentialLR(sgd(), -1.0)),
    ("PolynomialLR: expected total_iters", lambda o: o.PolynomialLR(sgd(), 0)),
    ("CosineAnnealingLR: expected T_max above 0", lambda o: o.CosineAnnealingLR(sgd(), 0)),
    (
        "CosineAnnealingWarmRestarts: expected T_0 of at least 1",
        lambda o: o.CosineAnnealingWarmRestarts(sgd(), 0),
    ),
    ("OneCycleLR: expected total_steps of at least 1", lambda o: o.OneCycleLR(sgd(), 1.0, 0)),
    (
        "OneCycleLR: expected pct_start in [0, 1]",
        lambda o: o.OneCycleLR(sgd(), 1.0, 5, pct_start=2.0),
    ),
    ("OneCycleLR: expected 1 max_lr, got 2", lambda o: o.OneCycleLR(sgd(), [1.0, 2.0], 5)),
    ("ReduceLROnPlateau: expected factor in [0, 1)", lambda o: o.ReduceLROnPlateau(sgd(), factor=1)),
    ("ReduceLROnPlateau: expected patience", lambda o: o.ReduceLROnPlateau(sgd(), patience=-1)),
    ("ReduceLROnPlateau: expected 1 min_lr", lambda o: o.ReduceLROnPlateau(sgd(), min_lr=[0.1, 1.0])),
    ("SequentialLR: expected increasing milestones", lambda o: sequence(sgd(), [4, 2])),
    ("SequentialLR: expected increasing milestones", lambda o: sequence(sgd(), [0, 2])),
    ("SequentialLR: expected 2 milestones", lambda o: sequence(sgd(), [1])),
]  # fmt: skip


def check(message, call):
    with pytest.raises((ValueError, TypeError, xg.AutogradError)) as caught:
        call()
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(("message", "call"), WINDOWS, ids=[m for m, _ in WINDOWS])
def test_windows(message, call):
    check(message, call)


def test_memory_outside_an_array_is_never_accessed():
    data = np.arange(20.0)
    x = data[8:12].reshape(1, 1, 4)
    w = np.ones((1, 1, 2))
    with pytest.raises(ValueError, match="dilation"):
        F.conv1d(x, w, dilation=-3)
    for options in ({"dilation": (-3,)}, {"stride": (0,)}, {"kernel": (5,)}):
        given = {"kernel": (2,), "stride": (1,), "dilation": (1,)} | options
        with pytest.raises(ValueError, match="windows: expected kernel"):
            xg.ops.windows.windows(x, **given)


def test_convolutions_without_channels_or_examples():
    assert nn.Conv1d(0, 8, 2, stride=2)(np.ones((2, 0, 15))).shape == (2, 8, 7)
    assert F.conv1d(np.ones((0, 1, 4)), W1).shape == (0, 1, 3)
    assert F.max_pool1d(np.ones((0, 1, 4)), 2).shape == (0, 1, 2)
    assert F.avg_pool2d(np.ones((0, 1, 4, 4)), 2).shape == (0, 1, 2, 2)
    assert F.conv1d(X1, W1, stride=np.int64(2)).shape == (1, 1, 2)
    assert nn.Conv1d(1, 1, np.int64(2)).kernel_size == (2,)


@pytest.mark.parametrize(("message", "call"), OPTIMIZERS, ids=[m for m, _ in OPTIMIZERS])
def test_optimizers_and_schedules(message, call):
    check(message, lambda: call(xg.optim))


def test_a_custom_layer_keeps_the_messages_of_its_base():
    class Square(nn.Linear):
        def __init__(self, size):
            super().__init__(size, size)

    check("Linear: expected an integer for in_features, got 'a'", lambda: Square("a"))
    check("Linear: missing a required argument: 'in_features'", lambda: nn.Linear())
    check("Parameter: expected floating-point or complex numbers", lambda: nn.Parameter([1, 2]))


# -- habits of users of NumPy and PyTorch ------------------------------------------------------

SLIPS = {
    r"^xgrad.exp\(x\): takes 1 argument by position, got 2": lambda w: xg.exp(w, w),
    r"^xgrad.where\(.*\): takes 3 arguments by position, got 4": lambda w: xg.where(w > 0, w, w, w),
    "^ReLU: unexpected arguments: inplace": lambda w: xg.nn.ReLU(inplace=True),
    "^normal: .* the shape is the first": lambda w: xg.random.normal(0, 1, (2,)),
    "^uniform: expected a shape as the first": lambda w: xg.random.uniform(-1, 1, 2),
    "^transpose: .* swapaxes": lambda w: w[None, ...].transpose(1, 2),
    "^flatten: order must be": lambda w: w.flatten(1),
    "^np.asarray: inside vmap.* index": lambda w: xg.vmap(lambda i: np.ones(3)[i])(np.arange(2)),
    "^vjp: expected an array for the cotangent": lambda w: xg.vjp(xg.exp, w)[1]([1.0]),
    "^full: shape": lambda w: xg.full(2, w),
    "^save_file: .* 'state'.* pickle": lambda w: xg.save_file({"state": {"w": w}}, "unwritten"),
}


@pytest.mark.parametrize("message", SLIPS)
def test_slips_are_told_by_the_name_that_was_called(message):
    w = xg.tensor(np.ones((2, 3)), requires_grad=True)
    with pytest.raises((TypeError, ValueError, xg.AutogradError), match=message):
        SLIPS[message](w)

"""Bad arguments of functions and layers: every error starts with the name of the function."""

import inspect

import numpy as np
import pytest

import xgrad as xg
from xgrad import nn
from xgrad.nn import functional as F

pytestmark = [pytest.mark.numpy_only, pytest.mark.filterwarnings("ignore")]

X1, X2, X3, X4 = np.ones(4), np.ones((2, 4)), np.ones((2, 4, 6)), np.ones((2, 4, 6, 6))
TWO, INTEGERS = np.asarray([0, 1]), np.asarray([[0, 1], [1, 0]])
#: Valid arguments of functions that need more than one array of any shape.
FIT = {
    "adaptive_avg_pool1d": (X3, 2), "adaptive_avg_pool2d": (X4, 2), "adaptive_max_pool1d": (X3, 2),
    "adaptive_max_pool2d": (X4, 2), "avg_pool1d": (X3, 2), "avg_pool2d": (X4, 2),
    "batch_norm": (X2, np.zeros(4), np.ones(4)), "bilinear": (X2, X2, np.ones((3, 4, 4))),
    "binary_cross_entropy": (X2, X2), "binary_cross_entropy_with_logits": (X2, X2),
    "conv1d": (X3, np.ones((2, 4, 2))), "conv2d": (X4, np.ones((2, 4, 2, 2))),
    "conv3d": (np.ones((1, 1, 3, 3, 3)), np.ones((1, 1, 2, 2, 2))),
    "conv_transpose1d": (X3, np.ones((4, 2, 2))), "conv_transpose2d": (X4, np.ones((4, 2, 2, 2))),
    "cosine_embedding_loss": (X2, X2, np.ones(2)), "cosine_similarity": (X2, X2),
    "cross_entropy": (X2, TWO), "embedding": (INTEGERS, X2), "gaussian_nll_loss": (X2, X2, X2),
    "group_norm": (X3, 2), "hinge_embedding_loss": (X2, X2), "huber_loss": (X2, X2),
    "instance_norm": (X3,), "kl_div": (X2, X2), "l1_loss": (X2, X2), "layer_norm": (X2, 4),
    "linear": (X2, X2), "log_softmax": (X2, 1), "margin_ranking_loss": (X1, X1, X1),
    "max_pool1d": (X3, 2), "max_pool2d": (X4, 2), "mse_loss": (X2, X2), "nll_loss": (X2, TWO),
    "one_hot": (INTEGERS,), "pairwise_distance": (X2, X2), "poisson_nll_loss": (X2, X2),
    "prelu": (X2, np.ones(1)), "rms_norm": (X2, 4), "scaled_dot_product_attention": (X3, X3, X3),
    "smooth_l1_loss": (X2, X2), "soft_margin_loss": (X2, X2), "softmax": (X2, 1),
    "softmin": (X2, 1), "threshold": (X2, 0.1, 1.0), "triplet_margin_loss": (X2, X2, X2),
}  # fmt: skip
LAYERS = {
    "AdaptiveAvgPool1d": (2,), "AvgPool1d": (2,), "AvgPool2d": (2,), "BCELoss": (),
    "BCEWithLogitsLoss": (), "BatchNorm1d": (2,), "Bilinear": (2, 2, 2), "CELU": (),
    "Conv1d": (2, 2, 2), "Conv2d": (2, 2, 2), "Conv3d": (2, 2, 2), "ConvTranspose1d": (2, 2, 2),
    "ConvTranspose2d": (2, 2, 2), "CosineEmbeddingLoss": (), "CrossEntropyLoss": (),
    "Dropout": (0.5,), "Embedding": (3, 2), "Flatten": (1,), "GRU": (2, 2), "GRUCell": (2, 2),
    "GaussianNLLLoss": (), "GroupNorm": (2, 4), "Hardtanh": (-1.0, 1.0), "HuberLoss": (),
    "KLDivLoss": (), "LSTM": (2, 2), "LSTMCell": (2, 2), "LayerNorm": (2,), "Linear": (2, 2),
    "MSELoss": (), "MaxPool1d": (2,), "MaxPool2d": (2,), "ModuleDict": ({},),
    "ModuleList": ([],), "MultiheadAttention": (4, 2), "NLLLoss": (), "PReLU": (2,),
    "ParameterDict": ({},), "ParameterList": ([],), "PoissonNLLLoss": (), "RMSNorm": (2,),
    "RNN": (2, 2), "RNNCell": (2, 2), "Softmax": (1,), "Softmin": (1,),
    "TransformerEncoder": (nn.TransformerEncoderLayer(4, 2, 8), 2),
    "TransformerEncoderLayer": (4, 2, 8), "TripletMarginLoss": (), "Unflatten": (1, (2, 2)),
}  # fmt: skip
W = xg.tensor([1.0], requires_grad=True)
OPTIMIZERS = (
    "SGD",
    "Adam",
    "AdamW",
    "RMSprop",
    "Adagrad",
    "Adadelta",
    "NAdam",
    "Lion",
    "LBFGS",
    "EMA",
)
#: The arguments after the optimizer.
SCHEDULES = {
    "StepLR": (2,), "MultiStepLR": ([2],), "ConstantLR": (0.5,), "LinearLR": (0.5,),
    "ExponentialLR": (0.5,), "PolynomialLR": (3,), "CosineAnnealingLR": (3,),
    "CosineAnnealingWarmRestarts": (3,), "OneCycleLR": (1.0, 5), "ReduceLROnPlateau": ("min",),
    "LambdaLR": (lambda t: 0.9**t,),
}  # fmt: skip
FILLED = xg.zeros((2, 3))
OTHERS = {
    xg.metrics.accuracy: (X2, TWO), xg.metrics.top_k_accuracy: (X2, TWO, 2),
    xg.metrics.confusion_matrix: (X2, TWO, 4), xg.metrics.precision_recall_f1: (X2, TWO, 4),
    xg.metrics.mean_absolute_error: (X1, X1), xg.metrics.r2_score: (X1, X1),
    nn.utils.clip_grad_norm_: ([W], 1.0), nn.utils.clip_grad_value_: ([W], 1.0),
    nn.utils.parameters_to_vector: ([W],), nn.utils.vector_to_parameters: (X1, [xg.zeros(4)]),
    nn.init.constant_: (FILLED, 1.0), nn.init.calculate_gain: ("relu",),
}  # fmt: skip
OTHERS |= {
    getattr(nn.init, name): (FILLED,)
    for name in nn.init.__all__
    if name not in ("constant_", "calculate_gain")
}
BAD = (
    "text", None, object(), 1.5, -1, float("inf"), [1.0, 2.0], np.ones(()), np.ones(5),
    np.ones((3, 7)), np.ones((1, 1, 1, 1, 1)), np.ones((2, 4)) * 1j,
)  # fmt: skip


def calls(function, fit):
    """Yield arguments with one bad argument, each in turn."""
    names = list(inspect.signature(function).parameters)
    for bad in BAD:
        for i in range(len(fit)):
            yield names[i], bad, (*fit[:i], bad, *fit[i + 1 :]), {}
        for name in names[len(fit) :]:
            if name not in ("dtype", "device", "place"):
                yield name, bad, fit, {name: bad}


def check(label, function, fit):
    function(*fit)
    refused, unnamed = 0, []
    for name, bad, args, keywords in calls(function, fit):
        try:
            function(*args, **keywords)
        except Exception as error:  # noqa: BLE001 - of whatever kind
            refused += 1
            if not str(error).startswith((f"{label}: ", f"{label}()")):
                unnamed.append((name, bad, error))
    assert unnamed == []
    return refused


@pytest.mark.parametrize("name", [n for n in F.__all__ if n not in ("relu", "sigmoid", "tanh")])
def test_refusals_of_functions(name):
    assert check(name, getattr(F, name), FIT.get(name, (X2,)))


@pytest.mark.parametrize("name", LAYERS)
def test_refusals_of_layers(name):
    check(name, getattr(nn, name), LAYERS[name])


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_refusals_of_optimizers(name):
    assert check(name, getattr(xg.optim, name), ([W],))


@pytest.mark.parametrize("name", SCHEDULES)
def test_refusals_of_schedules(name):
    make, fit = getattr(xg.optim, name), SCHEDULES[name]
    assert check(name, make, (xg.optim.SGD([W], lr=1.0, momentum=0.9), *fit))


@pytest.mark.parametrize("function", OTHERS, ids=lambda f: f.__name__)
def test_refusals_of_helpers(function):
    assert check(function.__name__, function, OTHERS[function])


@pytest.mark.parametrize(
    ("name", "count"),
    [("Flatten", 1), ("Unflatten", 1), ("LSTM", 1), ("GRUCell", 1), ("BatchNorm1d", 1)]
    + [("MultiheadAttention", 3), ("TransformerEncoderLayer", 1)],
)
def test_layers_reject_arguments_that_are_not_arrays(name, count):
    layer = getattr(nn, name)(*LAYERS[name])
    for bad in ("text", None, object()):
        with pytest.raises(TypeError) as caught:
            layer(*[bad] * count)
        assert str(caught.value).startswith(f"{name}: expected an array, a Tensor, numbers")

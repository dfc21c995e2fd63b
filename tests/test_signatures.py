"""Positional arguments mean the same as in PyTorch, or must be named."""

import inspect

import pytest

import xgrad as xg
from tests.environment import NAME

pytestmark = pytest.mark.skipif(NAME != "torch", reason="PyTorch is the oracle of its session")

#: Different names for the same argument.
SAME = {
    "x": "input",
    "function": "fn",
    "state": "state_dict",
    "saved": "state_dict",
    "buffer": "tensor",
    "parameter": "param",
    "flag": "requires_grad",
    "value": "val",
    "vector": "vec",
    "group": "param_group",
    "values": "parameters",
    "name": "key",
}
#: Signatures from PyTorch's documentation, for functions without an inspectable one.
DOCUMENTED = {
    "F.adaptive_avg_pool1d": "input output_size",
    "F.adaptive_max_pool1d": "input output_size return_indices",
    "F.adaptive_max_pool2d": "input output_size return_indices",
    "F.avg_pool1d": "input kernel_size stride padding ceil_mode count_include_pad",
    "F.avg_pool2d": "input kernel_size stride padding ceil_mode count_include_pad divisor_override",
    "F.bilinear": "input1 input2 weight bias",
    "F.conv1d": "input weight bias stride padding dilation groups",
    "F.conv2d": "input weight bias stride padding dilation groups",
    "F.conv3d": "input weight bias stride padding dilation groups",
    "F.conv_transpose1d": "input weight bias stride padding output_padding groups dilation",
    "F.conv_transpose2d": "input weight bias stride padding output_padding groups dilation",
    "F.cosine_similarity": "x1 x2 dim eps",
    "F.gelu": "input",
    "F.linear": "input weight bias",
    "F.logsigmoid": "input",
    "F.max_pool1d": "input kernel_size stride padding dilation ceil_mode return_indices",
    "F.max_pool2d": "input kernel_size stride padding dilation ceil_mode return_indices",
    "F.one_hot": "input num_classes",
    "F.pairwise_distance": "x1 x2 p eps keepdim",
    "F.prelu": "input weight",
    "F.scaled_dot_product_attention": "query key value attn_mask dropout_p is_causal",
    "F.softplus": "input beta threshold",
    "nn.RNN": "self input_size hidden_size num_layers nonlinearity bias batch_first dropout"
    " bidirectional",
    "nn.LSTM": "self input_size hidden_size num_layers bias batch_first dropout bidirectional",
    "nn.GRU": "self input_size hidden_size num_layers bias batch_first dropout bidirectional",
}
#: Signatures where PyTorch's takes anything, or has an additional argument.
BEYOND = {
    "F.gelu": "input approximate",
    "F.scaled_dot_product_attention": "query key value attn_mask dropout_p is_causal scale",
}


def positional(function):
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    try:
        parameters = inspect.signature(function).parameters.values()
    except (ValueError, TypeError):
        return None
    return [p.name for p in parameters if p.kind in kinds]


def pairs():
    if NAME != "torch":
        return
    import torch

    nn, optim = xg.nn, xg.optim
    for name in nn.functional.__all__:
        yield f"F.{name}", getattr(nn.functional, name), getattr(torch.nn.functional, name)
    for name in nn.init.__all__:
        yield f"init.{name}", getattr(nn.init, name), getattr(torch.nn.init, name)
    for name in ("clip_grad_norm_", "clip_grad_value_", "vector_to_parameters"):
        yield f"utils.{name}", getattr(nn.utils, name), getattr(torch.nn.utils, name)
    for name in nn.__all__:
        ours, theirs = getattr(nn, name), getattr(torch.nn, name, None)
        if isinstance(ours, type) and theirs is not None:
            yield from members(f"nn.{name}", ours, theirs)
    for name in optim.__all__:
        theirs = getattr(torch.optim, name, None) or getattr(torch.optim.lr_scheduler, name, None)
        if theirs is not None:
            yield from members(f"optim.{name}", getattr(optim, name), theirs)


def members(name, ours, theirs):
    if ours is not xg.nn.Parameter:
        yield name, ours.__init__, theirs.__init__
    for method, function in vars(ours).items():
        if not method.startswith("_") and callable(function) and hasattr(theirs, method):
            yield f"{name}.{method}", function, getattr(theirs, method)


@pytest.mark.parametrize(
    ("name", "ours", "theirs"), [pytest.param(*pair, id=pair[0]) for pair in pairs()]
)
def test_positional_arguments_match_pytorchs(name, ours, theirs):
    given = positional(ours)
    if name in BEYOND:
        assert given == BEYOND[name].split()
        return
    expected = DOCUMENTED[name].split() if name in DOCUMENTED else positional(theirs)
    assert expected is not None, "PyTorch's signature is hidden: document it above"
    assert len(given) <= len(expected), (given, expected)
    for own, other in zip(given, expected, strict=False):
        assert own == other or other in (SAME.get(own), *ALSO.get((name, own), ())), (
            given,
            expected,
        )


#: Names of single arguments.
ALSO = {
    ("nn.PoissonNLLLoss.forward", "input"): ("log_input",),
    ("nn.RMSNorm.forward", "input"): ("x",),
    ("init.constant_", "x"): ("tensor",),
} | {(f"init.{name}", "x"): ("tensor",) for name in xg.nn.init.__all__}

"""Samples of PyTorch's ModuleInfo table, as `tests.opinfo_checks` compares them."""

import dataclasses
import inspect
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import torch
from torch.testing._internal.common_modules import ModuleErrorEnum

import xgrad as xg
from tests.opinfo_checks import LOCATION, as_numpy, leaves, mapped, tracked
from tests.opinfo_entries import Untranslated


@dataclasses.dataclass(frozen=True)
class Call:
    """Arguments of a constructor or of a forward pass."""

    args: tuple[Any, ...]
    keywords: dict[str, Any]

    @classmethod
    def of(cls, sample: Any) -> "Call":
        keywords = {k: v for k, v in sample.kwargs.items() if k not in (*LOCATION, "dtype")}
        return cls(tuple(sample.args), keywords)

    def __call__(self, function: Callable[..., Any], leaf: Callable[[Any], Any]) -> Any:
        return function(*mapped(self.args, leaf), **mapped(self.keywords, leaf))

    def __str__(self) -> str:
        def short(x: Any) -> Any:
            return f"<{tuple(x.shape)}>" if isinstance(x, torch.Tensor) else x

        args = [str(mapped(a, short)) for a in self.args]
        return ", ".join(args + [f"{k}={mapped(v, short)}" for k, v in self.keywords.items()])


#: Options that xgrad lacks, with the value that disables them.
TURNED_OFF = {"proj_size": 0, "add_bias_kv": False, "add_zero_attn": False}


def build(name: str, call: Call) -> xg.nn.Module:
    """Create xgrad's module; raise `Untranslated` if it lacks an option."""
    make = getattr(xg.nn, name)
    call = dataclasses.replace(
        call, keywords={k: v for k, v in call.keywords.items() if TURNED_OFF.get(k, call) != v}
    )
    try:
        inspect.signature(make).bind(*call.args, **call.keywords)
    except TypeError:
        raise Untranslated from None
    module: xg.nn.Module = call(make, _option)
    return module


def _option(x: Any) -> Any:
    """Return an argument of a constructor: an activation may be one of PyTorch's functions."""
    if callable(x) and not isinstance(x, torch.nn.Module | torch.Tensor):
        return getattr(xg.nn.functional, x.__name__)
    return as_numpy(x)


class ModuleSample:
    """A module and its arguments; its parameters are differentiated, too."""

    dtype, library = "float64", "numpy"

    def __init__(self, info: Any, sample: Any, training: bool) -> None:
        name = info.module_cls.__name__
        self.constructor = Call.of(sample.constructor_input)
        self.call = Call.of(sample.forward_input)
        self.training = training
        self.module = build(name, self.constructor).train(training)
        self.oracle = self.constructor(info.module_cls, lambda x: x).double().train(training)
        self.names = [key for key, _ in self.oracle.named_parameters()]
        forward_inputs = leaves((self.call.args, self.call.keywords))
        different = {id(x): x for x in forward_inputs if tracked(x)}  # one may be passed twice
        self.inputs = [*different.values(), *self.oracle.parameters()]
        self.buffers = {k: as_numpy(v) for k, v in self.oracle.named_buffers()}
        self.op = SimpleNamespace(supports_autograd=True, supports_gradgrad=info.supports_gradgrad)
        if training and any(_draws(module) for module in self.oracle.modules()):
            raise Untranslated  # random numbers differ

    def __str__(self) -> str:
        mode = "training" if self.training else "eval"
        return f"({self.constructor})({self.call}) {mode}"

    def theirs(self) -> list[Any]:
        return leaves(self.call(self.oracle, lambda x: x))

    def ours(self, wrap: Callable[[Any], Any] = lambda x: x) -> list[Any]:
        wrapped: dict[int, Any] = {}

        def leaf(x: Any) -> Any:
            if not tracked(x):
                return as_numpy(x)
            if id(x) not in wrapped:
                wrapped[id(x)] = wrap(as_numpy(x))
            return wrapped[id(x)]

        arguments = mapped((self.call.args, self.call.keywords), leaf)
        state = {
            name: wrap(as_numpy(p))
            for name, p in zip(self.names, self.oracle.parameters(), strict=True)
        }
        state |= {name: xg.asarray(x, copy=True) for name, x in self.buffers.items()}
        return leaves(xg.functional_call(self.module, state, *arguments))


def _draws(module: Any) -> bool:
    """Whether a PyTorch module draws random numbers in training."""
    share = getattr(module, "dropout", 0.0)
    share = module.p if isinstance(module, torch.nn.Dropout) else share
    return isinstance(share, float) and share > 0


def module_samples(info: Any) -> Iterator[ModuleSample]:
    """Return the samples of a module whose options xgrad supports, in training and evaluation."""
    for training in (True, False):
        for sample in info.module_inputs_func(
            info, "cpu", torch.float64, requires_grad=True, training=training
        ):
            try:
                yield ModuleSample(info, sample, training)
            except Untranslated:
                continue


def module_refusals(info: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield calls that PyTorch rejects: a description, and the same call in xgrad."""
    for sample in info.module_error_inputs_func(
        info, "cpu", torch.float64, requires_grad=False, training=True
    ):
        if issubclass(sample.error_type, TypeError):
            continue  # about Python types
        constructor = Call.of(sample.module_error_input.constructor_input)
        forward = sample.module_error_input.forward_input
        if sample.error_on is ModuleErrorEnum.CONSTRUCTION_ERROR or forward is None:
            yield str(constructor), lambda constructor=constructor: _run(info, constructor, None)  # type: ignore[misc]
        else:
            call = Call.of(forward)
            yield (  # type: ignore[misc]
                f"({constructor})({call})",
                lambda constructor=constructor, call=call: _run(info, constructor, call),
            )


def _run(info: Any, constructor: Call, call: Call | None) -> None:
    module = build(info.module_cls.__name__, constructor).to(dtype=xg.float64)
    if call is not None:
        call(module, as_numpy)

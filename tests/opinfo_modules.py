"""Samples of PyTorch's ModuleInfo table, as `tests.opinfo_checks` compares them."""

import dataclasses
import inspect
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import torch
from torch.testing._internal.common_modules import ModuleErrorEnum

import xgrad as xg
from tests.opinfo_checks import PLACES, as_numpy, leaves, mapped, tracked
from tests.opinfo_entries import Untranslated


@dataclasses.dataclass(frozen=True)
class Call:
    """Arguments of a constructor or of a forward pass."""

    args: tuple[Any, ...]
    keywords: dict[str, Any]

    @classmethod
    def of(cls, given: Any) -> "Call":
        keywords = {k: v for k, v in given.kwargs.items() if k not in (*PLACES, "dtype")}
        return cls(tuple(given.args), keywords)

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

    def __init__(self, info: Any, given: Any, training: bool) -> None:
        name = info.module_cls.__name__
        self.made = Call.of(given.constructor_input)
        self.call = Call.of(given.forward_input)
        self.training = training
        self.module = build(name, self.made).train(training)
        self.oracle = self.made(info.module_cls, lambda x: x).double().train(training)
        self.names = [key for key, _ in self.oracle.named_parameters()]
        given_inputs = leaves((self.call.args, self.call.keywords))
        different = {id(x): x for x in given_inputs if tracked(x)}  # one may be given twice
        self.inputs = [*different.values(), *self.oracle.parameters()]
        self.buffers = {k: as_numpy(v) for k, v in self.oracle.named_buffers()}
        self.op = SimpleNamespace(supports_autograd=True, supports_gradgrad=info.supports_gradgrad)
        if training and any(_draws(module) for module in self.oracle.modules()):
            raise Untranslated  # random numbers differ

    def __str__(self) -> str:
        mode = "training" if self.training else "eval"
        return f"({self.made})({self.call}) {mode}"

    def theirs(self) -> list[Any]:
        return leaves(self.call(self.oracle, lambda x: x))

    def ours(self, wrap: Callable[[Any], Any] = lambda x: x) -> list[Any]:
        made: dict[int, Any] = {}

        def leaf(x: Any) -> Any:
            if not tracked(x):
                return as_numpy(x)
            if id(x) not in made:
                made[id(x)] = wrap(as_numpy(x))
            return made[id(x)]

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
        for given in info.module_inputs_func(
            info, "cpu", torch.float64, requires_grad=True, training=training
        ):
            try:
                yield ModuleSample(info, given, training)
            except Untranslated:
                continue


def module_refusals(info: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield calls that PyTorch rejects: a description, and the same call in xgrad."""
    for given in info.module_error_inputs_func(
        info, "cpu", torch.float64, requires_grad=False, training=True
    ):
        if issubclass(given.error_type, TypeError):
            continue  # about Python types
        made = Call.of(given.module_error_input.constructor_input)
        forward = given.module_error_input.forward_input
        if given.error_on is ModuleErrorEnum.CONSTRUCTION_ERROR or forward is None:
            yield str(made), lambda made=made: _run(info, made, None)  # type: ignore[misc]
        else:
            call = Call.of(forward)
            yield (  # type: ignore[misc]
                f"({made})({call})",
                lambda made=made, call=call: _run(info, made, call),
            )


def _run(info: Any, made: Call, call: Call | None) -> None:
    module = build(info.module_cls.__name__, made).to(dtype=xg.float64)
    if call is not None:
        call(module, as_numpy)

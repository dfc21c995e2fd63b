"""How functions are called: arguments by position or by name, and errors about wrong calls.

Every public function takes its arrays, and the parameters before its ``*``, by position or by
name. A call that does not fit raises a TypeError with the function's public name and signature.
"""

import difflib
import functools
import inspect
import sys
import types
from collections.abc import Callable
from typing import Any, Final, NoReturn, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])


class Missing:
    """The type of `MISSING`."""

    def __repr__(self) -> str:
        return "<missing>"


#: The default of an array: it was not passed, or by name.
MISSING: Final = Missing()

#: What other libraries call a parameter.
_SAME = {
    "a": ("x", "x1"),
    "a_max": ("max",),
    "a_min": ("min",),
    "axes": ("axis",),
    "b": ("x2",),
    "dim": ("axis", "axes"),
    "dims": ("axis", "axes", "shifts"),
    "input": ("x", "x1"),
    "keepdim": ("keepdims",),
    "other": ("x2",),
    "unbiased": ("correction",),
}
_OUT = "functions of xgrad return new arrays; write x[...] = value to set one"


def public_name(function: Callable[..., Any]) -> str:
    """Return the name by which users import a function: ``xgrad.linalg.svd``."""
    own = inspect.unwrap(function)
    name = function.__name__
    modules = [m for m in sys.modules if m == "xgrad" or m.startswith("xgrad.")]
    for module in sorted(modules, key=lambda m: (m.count("."), m)):
        names = vars(sys.modules[module])
        found = names.get(name)  # None: a module that is imported on first use
        if found is not None and name in names.get("__all__", ()) and inspect.unwrap(found) is own:
            return f"{module}.{name}"
    return name.lstrip("_")


def signature_text(function: Callable[..., Any], *, without: int = 0) -> str:
    """Return a signature without annotations, and without the first parameters."""
    signature = inspect.signature(function)
    parameters = [p.replace(annotation=p.empty) for p in signature.parameters.values()]
    shown = signature.replace(
        parameters=parameters[without:], return_annotation=inspect.Signature.empty
    )
    return str(shown)


def _suggestion(name: str, free: list[str]) -> str:
    """Return a hint for an unknown argument, from the parameters that were not passed."""
    if name == "out":
        return f"; {_OUT}"
    same = [p for p in _SAME.get(name, ()) if p in free]
    close = same or difflib.get_close_matches(name, free, 1)
    return f"; did you mean {close[0]!r}?" if close else ""


def problem_of(
    signature: inspect.Signature, args: tuple[Any, ...], keywords: dict[str, Any]
) -> str | None:
    """Return what is wrong with a call, or None."""
    parameters = list(signature.parameters.values())
    kinds = {p.kind for p in parameters}
    leading = [p for p in parameters if p.kind < p.VAR_POSITIONAL]
    passed = {p.name for p, _ in zip(leading, args, strict=False)}
    defaults = {p.name: p.default for p in parameters}
    named = {p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
    if len(args) > len(leading) and inspect.Parameter.VAR_POSITIONAL not in kinds:
        only = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
        hint = f"; pass {', '.join(only)} by name" if only else ""
        count = f"{len(leading)} argument{'s' if len(leading) != 1 else ''}"
        return f"takes {count} by position, got {len(args)}{hint}"
    if inspect.Parameter.VAR_KEYWORD not in kinds:
        for name in keywords:
            if name not in named:
                used = {n for n, value in keywords.items() if value is not defaults.get(n, ...)}
                free = named - passed - used
                return f"unexpected argument {name!r}{_suggestion(name, sorted(free))}"
    for name in keywords:
        if name in passed and name in named:
            return f"argument {name!r} is passed twice, by position and by name"
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    for p in parameters:
        required = p.default is p.empty and p.kind not in variadic
        if required and p.name not in passed and p.name not in keywords:
            return f"argument {p.name!r} is missing"
    return None


def check_call(
    function: Callable[..., Any],
    args: tuple[Any, ...],
    keywords: dict[str, Any],
    method: str | None = None,
) -> None:
    """Raise a TypeError with the public name and the signature, if a call does not fit.

    A method is named ``Tensor.sort``; its signature has no ``self``.
    """
    problem = problem_of(inspect.signature(function), args, keywords)
    if problem is not None:
        name = public_name(function) if method is None else f"Tensor.{method}"
        text = signature_text(function, without=0 if method is None else 1)
        raise TypeError(f"{name}{text}: {problem}") from None


#: A function that forwards to another one, and takes any arguments. The source is compiled with
#: the lines of this file, so that tracebacks show them.
_FORWARDER = """
def call({parameters}):
    if {wrong}: _refuse(call, ({leading}), _further, {{{named}}} | _unknown)
    return _function({passed})
"""


@functools.cache
def _forwarder_line() -> int:
    return inspect.getsource(sys.modules[__name__]).split("_FORWARDER = ")[0].count("\n")


def _refuse(
    call: Any, leading: tuple[Any, ...], further: tuple[Any, ...], named: dict[str, Any]
) -> NoReturn:
    """Raise for a call of a forwarder that does not fit."""
    parameters = inspect.signature(call).parameters.values()
    args = (*leading, *further)
    if not further:  # by position or by name: it makes no difference
        count = sum(p.kind is p.POSITIONAL_ONLY for p in parameters)
        args = tuple(x for x in leading[:count] if x is not MISSING)
        names = [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
        named = dict(zip(names, leading[count:], strict=True)) | named
    defaults = {p.name: MISSING if p.default is p.empty else p.default for p in parameters}
    passed = {name: value for name, value in named.items() if value is not defaults.get(name, ...)}
    check_call(call, args, passed, call.method)
    raise AssertionError(f"{call.__name__}: {args} {passed}")


def checked(function: F, method: str | None = None) -> F:
    """Return a function whose errors about wrong calls show its public name and signature.

    A forwarder with the same parameters costs a third of what ``*args, **keywords`` would. Its code
    is made when it is first called: to compile all at once would double the time of the import.
    """
    if inspect.unwrap(function).__code__.co_flags & (inspect.CO_VARARGS | inspect.CO_VARKEYWORDS):
        return function  # it takes anything; Python's own errors name it
    names = {"_build": _build, "_function": function, "_refuse": _refuse, "_MISSING": MISSING}
    names["__name__"] = __name__
    call: Any = types.FunctionType(_unbuilt.__code__, names)
    names["call"] = functools.update_wrapper(call, function)
    call.checked, call.method = True, method
    return cast("F", call)


def _unbuilt(*args: Any, **keywords: Any) -> Any:
    """Build a forwarder, and call it; this is the code of one that was not called before."""
    _build(call)  # type: ignore[name-defined] # noqa: F821 - a name of the forwarder
    return call(*args, **keywords)  # type: ignore[name-defined] # noqa: F821


def _build(call: Any) -> None:
    """Give a forwarder its code: it has the parameters of its function."""
    function, names = call.__wrapped__, dict[str, Any]()
    parameters = list(inspect.signature(function).parameters.values())
    head, passed, required, star = list[str](), list[str](), list[str](), False
    for i, p in enumerate(parameters):
        if p.kind is p.KEYWORD_ONLY and not star:
            head.append("*_further")
            star = True
        default = "_MISSING" if p.default is p.empty else f"_default_{i}"
        names[default] = MISSING if p.default is p.empty else p.default
        head.append(f"{p.name}={default}")
        passed.append(p.name if p.kind < p.VAR_POSITIONAL else f"{p.name}={p.name}")
        after = parameters[i + 1].kind if i + 1 < len(parameters) else None
        if p.kind is p.POSITIONAL_ONLY and after is not p.POSITIONAL_ONLY:
            head.append("/")
        if p.default is p.empty:
            required.append(f"{p.name} is _MISSING")
    only = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
    source = _FORWARDER.format(
        parameters=", ".join([*head, *([] if star else ["*_further"]), "**_unknown"]),
        wrong=" or ".join(["_further", "_unknown", *required]),
        leading="".join(f"{p.name}, " for p in parameters if p.kind < p.VAR_POSITIONAL),
        named=", ".join(f"{name!r}: {name}" for name in only),
        passed=", ".join(passed),
    )
    code = compile("\n" * _forwarder_line() + source, __file__, "exec")
    exec(code, names)  # noqa: S102 - our own source
    built = names["call"]
    call.__defaults__, call.__kwdefaults__ = built.__defaults__, built.__kwdefaults__
    call.__code__ = built.__code__  # last: another thread may call it now


#: Modules whose functions have PyTorch's signatures, and their own errors.
_APART = ("xgrad.backends", "xgrad.nn")


def publish(namespace: dict[str, Any]) -> None:
    """Replace the functions that a public module names in ``__all__`` by checked ones.

    So it is in the public modules named there. The module that defines a function gets the checked
    one, too: the two are one object to users. Files of the package that have imported the function
    before call it without the check, which is faster.
    """
    for name in namespace["__all__"]:
        function = namespace.get(name)  # None: a module that is imported on first use
        if inspect.ismodule(function) and function.__name__ not in _APART:
            publish(vars(function))
        if not inspect.isfunction(function) or hasattr(function, "primitive"):
            continue
        home = vars(sys.modules[function.__module__])
        current: Any = home.get(function.__name__)
        if current is function and not hasattr(function, "checked"):
            current = home[function.__name__] = checked(function)
        if current is not None and inspect.unwrap(current) is inspect.unwrap(function):
            namespace[name] = current


class Arguments:
    """The arguments of an op: its arrays and its parameters, by position or by name."""

    __slots__ = ("arrays", "leading", "least", "most", "op", "params")

    def __init__(self, signature: inspect.Signature, arrays: tuple[str, ...]) -> None:
        _, *parameters = signature.parameters.values()
        others = [p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
        self.arrays, self.most = arrays, len(arrays)
        #: How many arrays have no default.
        self.least = sum(p.name in arrays and p.default is p.empty for p in parameters)
        self.params = frozenset(p.name for p in others)
        #: The parameters that may be positional, after the arrays.
        self.leading = tuple(p.name for p in others if p.kind is p.POSITIONAL_OR_KEYWORD)
        self.op: Any = None  # the public function, for its name and signature

    def one_alone(self, args: tuple[Any, ...], params: dict[str, Any]) -> bool:
        """Whether a call passes the first array, and nothing else."""
        return len(args) + len(params) == 1 and (bool(args) or self.arrays[0] in params)

    def check(self, args: tuple[Any, ...], params: dict[str, Any]) -> None:
        """Raise a TypeError if a call does not fit."""
        check_call(self.op, tuple(x for x in args if x is not MISSING), params)

    def by_name(
        self, arrays: tuple[Any, ...], further: tuple[Any, ...], params: dict[str, Any]
    ) -> dict[str, Any]:
        """Return the parameters of a call: those passed by position get their names."""
        given = dict(zip(self.leading, further, strict=False))
        if len(further) > len(self.leading) or (params and not given.keys().isdisjoint(params)):
            self.check((*arrays, *further), params)
        return given | params

    def arrays_by_name(
        self, args: tuple[Any, ...], params: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arrays and the parameters of a call with arrays by name, or raise."""
        self.check(args, params)
        arrays = [x for x in args if x is not MISSING]
        names = self.arrays[len(arrays) :]
        arrays += [params[name] for name in names if name in params]
        return tuple(arrays), {name: x for name, x in params.items() if name not in names}

    def arrays_of(self, args: tuple[Any, ...], params: dict[str, Any]) -> tuple[Any, ...]:
        """Return the arrays of a call of an op without parameters, or raise."""
        return self.arrays_by_name(args, params)[0]

"""Containers of modules and parameters."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Self

from xgrad.engine.tensor import Tensor
from xgrad.nn.module import Module
from xgrad.nn.parameter import Parameter, marked


class _Listed(Module):
    """Modules named by consecutive numbers."""

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Module]:
        return self.children()

    def _position(self, index: int) -> str:
        """Return the name at a position, which may be negative."""
        names = list(self._modules)
        try:
            return names[index]
        except IndexError:
            raise IndexError(
                f"{type(self).__name__}: index {index} is out of range for {len(names)} modules"
            ) from None

    def __setitem__(self, index: int, module: Module) -> None:
        self.add_module(self._position(index), module)

    def append(self, module: Module) -> Any:
        """Add a module at the end."""
        self.add_module(str(len(self)), module)
        return self

    def extend(self, modules: Iterable[Module]) -> Any:
        """Add modules at the end."""
        for module in modules:
            self.append(module)
        return self

    def insert(self, index: int, module: Module) -> Any:
        """Insert a module before a position."""
        modules = list(self.children())
        modules.insert(index, module)
        self._renumber(modules)
        return self

    def pop(self, index: int = -1) -> Module:
        """Remove and return a module."""
        modules = list(self.children())
        module = modules.pop(index)
        self._renumber(modules)
        return module

    def __delitem__(self, index: int | slice) -> None:
        modules = list(self.children())
        del modules[index]
        self._renumber(modules)

    def _renumber(self, modules: Iterable[Module]) -> None:
        self._modules.clear()
        self._modules.update((str(i), m) for i, m in enumerate(modules))


class Sequential(_Listed):
    """Modules applied in order, given as arguments or as an ordered dict of names.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.Sequential(xg.nn.Linear(2, 3), xg.nn.Tanh())
    Sequential(
      (0): Linear(in_features=2, out_features=3, bias=True)
      (1): Tanh()
    )
    """

    def __init__(self, *modules: Any) -> None:
        super().__init__()
        first = modules[0] if len(modules) == 1 else None
        named = first.items() if isinstance(first, OrderedDict | dict) else enumerate(modules)
        for name, module in named:
            self.add_module(str(name), module)

    def forward(self, input: Any) -> Any:
        """Apply the modules in order."""
        for module in self.children():
            input = module(input)
        return input

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return Sequential(OrderedDict(list(self.named_children())[index]))
        return self._modules[self._position(index)]


class ModuleList(_Listed):
    """A list of modules, registered as submodules.

    Examples
    --------
    >>> import xgrad as xg
    >>> layers = xg.nn.ModuleList(xg.nn.Linear(2, 2) for _ in range(3))
    >>> len(layers), len(list(layers.parameters()))
    (3, 6)
    """

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        super().__init__()
        self.extend(modules)

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return ModuleList(list(self.children())[index])
        return self._modules[self._position(index)]

    def __iadd__(self, modules: Iterable[Module]) -> Self:
        self.extend(modules)
        return self

    def __add__(self, modules: Iterable[Module]) -> "ModuleList":
        return ModuleList([*self, *modules])


class ModuleDict(Module):
    """A dict of modules, registered as submodules.

    Examples
    --------
    >>> import xgrad as xg
    >>> heads = xg.nn.ModuleDict({"mean": xg.nn.Linear(2, 1), "scale": xg.nn.Linear(2, 1)})
    >>> heads["mean"](xg.ones((3, 2), dtype=xg.float32)).shape
    (3, 1)
    """

    def __init__(self, modules: Any = ()) -> None:
        super().__init__()
        self.update(modules)

    def update(self, modules: Any) -> None:
        """Add modules from a dict or from pairs."""
        for name, module in modules.items() if isinstance(modules, Mapping) else modules:
            self[name] = module

    def __getitem__(self, name: str) -> Any:
        return self._modules[name]

    def __setitem__(self, name: str, module: Module) -> None:
        self.add_module(name, module)

    def __delitem__(self, name: str) -> None:
        del self._modules[name]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, name: object) -> bool:
        return name in self._modules

    def keys(self) -> Iterable[str]:
        """Return the names."""
        return self._modules.keys()

    def values(self) -> Iterable[Any]:
        """Return the modules."""
        return self._modules.values()

    def items(self) -> Iterable[tuple[str, Any]]:
        """Return (name, module) pairs."""
        return self._modules.items()

    def pop(self, name: str) -> Any:
        """Remove and return a module."""
        return self._modules.pop(name)

    def clear(self) -> None:
        """Remove all modules."""
        self._modules.clear()


class ParameterList(Module):
    """A list of parameters.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.ParameterList([xg.ones(2), xg.zeros(3)])
    ParameterList((0): (2,), (1): (3,))
    """

    def __init__(self, values: Iterable[Any] = ()) -> None:
        super().__init__()
        self.extend(values)

    def append(self, value: Any) -> "ParameterList":
        """Append a parameter, or an array to make a parameter from."""
        return self.extend([value])

    def extend(self, values: Iterable[Any]) -> "ParameterList":
        """Append parameters."""
        for value in values:
            self.register_parameter(str(len(self)), _parameter(value))
        return self

    def __getitem__(self, index: int | slice) -> Any:
        values = list(self._parameters.values())
        if isinstance(index, slice):
            return ParameterList(values[index])
        return values[self._position(index)]

    def __setitem__(self, index: int, value: Any) -> None:
        self._parameters[str(self._position(index))] = _parameter(value)

    def _position(self, index: int) -> int:
        count = len(self)
        if not -count <= index < count:
            raise IndexError(f"ParameterList: index {index} is out of range for {count} parameters")
        return index % count

    def __len__(self) -> int:
        return len(self._parameters)

    def __iter__(self) -> Iterator[Any]:
        return iter(list(self._parameters.values()))

    def extra_repr(self) -> str:
        """Return the shapes."""
        return ", ".join(
            f"({name}): {None if x is None else x.shape}" for name, x in self._parameters.items()
        )


class ParameterDict(Module):
    """A dict of parameters.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.nn.ParameterDict({"scale": xg.ones(2)})["scale"].requires_grad
    True
    """

    def __init__(self, values: Any = ()) -> None:
        super().__init__()
        for name, value in values.items() if isinstance(values, Mapping) else values:
            self[name] = value

    def __getitem__(self, name: str) -> Any:
        return self._parameters[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self.register_parameter(name, _parameter(value))

    def __delitem__(self, name: str) -> None:
        del self._parameters[name]

    def __len__(self) -> int:
        return len(self._parameters)

    def __iter__(self) -> Iterator[str]:
        return iter(self._parameters)

    def __contains__(self, name: object) -> bool:
        return name in self._parameters

    def keys(self) -> Iterable[str]:
        """Return the names."""
        return self._parameters.keys()

    def values(self) -> Iterable[Any]:
        """Return the parameters."""
        return self._parameters.values()  # type: ignore[no-any-return]

    def items(self) -> Iterable[tuple[str, Any]]:
        """Return (name, parameter) pairs."""
        return self._parameters.items()  # type: ignore[no-any-return]

    def extra_repr(self) -> str:
        """Return the shapes."""
        return ", ".join(
            f"({name}): {None if x is None else x.shape}" for name, x in self._parameters.items()
        )


def _parameter(value: Any) -> Tensor:
    if isinstance(value, Parameter):
        return value
    if isinstance(value, Tensor) and value.is_leaf and value.requires_grad:
        return marked(value)
    return Parameter(value)

"""A program: inputs, constants, statements of source code, and outputs.

The statements use two names, ``xg`` and ``F`` (`xgrad.nn.functional`). Run over xgrad, the
program is under test; run over `tests.fuzz.reference`, it computes the expected value; and
its printed form can be pasted.
"""

import dataclasses
import functools
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.fuzz import memory

_NAME = re.compile(r"\b[vxc]\d+\b")


def written(source: str) -> str:
    """Return the variable that a write writes to: the first one."""
    found = _NAME.search(source)
    return found[0] if found else ""


@dataclasses.dataclass(frozen=True)
class Statement:
    """One line: ``v3 = xg.sum(v1)`` has the target v3; a write does not have a target."""

    target: str | None
    source: str
    functions: tuple[str, ...] = ()
    flags: frozenset[str] = frozenset()

    @property
    def line(self) -> str:
        return f"{self.target} = {self.source}" if self.target else self.source

    def names(self) -> set[str]:
        return set(_NAME.findall(self.source))

    def renamed(self, names: dict[str, str]) -> "Statement":
        source = _NAME.sub(lambda m: names.get(m[0], m[0]), self.source)
        return dataclasses.replace(self, source=source)


@dataclasses.dataclass(frozen=True)
class Program:
    """A program; see the module's docstring.

    Attributes
    ----------
    inputs : dict of str to memory.Array
        The arguments of differentiation, with their memory layout.
    constants : dict of str to memory.Array
    statements : tuple of Statement
    outputs : tuple of str
        Variables of floating-point or complex numbers.
    thresholds : str
        "usual", or "tiny": small arrays take the paths of large ones.
    """

    inputs: dict[str, memory.Array]
    constants: dict[str, memory.Array]
    statements: tuple[Statement, ...]
    outputs: tuple[str, ...]
    thresholds: str = "usual"

    def has(self, flag: str) -> bool:
        return any(flag in s.flags for s in self.statements)

    @property
    def functions(self) -> set[str]:
        return {name for s in self.statements for name in s.functions}

    def compiled(self, wrap: str = "") -> Callable[..., Callable[..., Any]]:
        """Return ``make(xg, F, **constants)``, which returns the program as a function.

        If ``wrap`` is the name of a function, it is applied to the value of every statement.
        """
        return _compiled(self, wrap)

    def text(self, wrap: str = "") -> str:
        lines = [f"def make(xg, F, wrap=None{''.join(f', {c}=None' for c in self.constants)}):"]
        lines.append(f"    def f({', '.join(self.inputs)}):")
        for s in self.statements:
            wrapped = f"{s.target} = {wrap}({s.source})" if wrap and s.target else s.line
            lines += ["        " + line for line in wrapped.splitlines()]
        lines.append(f"        return ({', '.join(self.outputs)},)")
        return "\n".join([*lines, "    return f"])

    def without_dead_code(self) -> "Program":
        """Leave out inputs and constants that no statement reads."""
        used = set(self.outputs).union(*(s.names() for s in self.statements))
        return dataclasses.replace(
            self,
            inputs={k: x for k, x in self.inputs.items() if k in used},
            constants={k: x for k, x in self.constants.items() if k in used},
        )

    def printed(self) -> str:
        """The program as code to paste: ``f``, its arguments, ``make`` where constants differ."""
        lines = ["import numpy as np", "import xgrad as xg", "from xgrad.nn import functional as F"]
        if self.thresholds != "usual":
            lines.append("# with xgrad.backends.thresholds lowered to TINY of tests/fuzz/case.py")
        lines.append("")
        for name, x in {**self.constants, **self.inputs}.items():
            lines += x.printed(name)
        lines += ["", f"def f({', '.join(self.inputs)}):"]
        lines += ["    " + line for s in self.statements for line in s.line.splitlines()]
        lines += [f"    return ({', '.join(self.outputs)},)", ""]
        return "\n".join(lines)


@functools.lru_cache(maxsize=64)
def _code(text: str) -> Any:
    return compile(text, "<program>", "exec")


def _compiled(program: Program, wrap: str) -> Callable[..., Callable[..., Any]]:
    space: dict[str, Any] = {"np": np}
    exec(_code(program.text(wrap)), space)  # noqa: S102 - our own text
    made: Callable[..., Callable[..., Any]] = space["make"]
    return made

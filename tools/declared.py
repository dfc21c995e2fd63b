"""Write the files generated from the declarations of ops; ``--check`` compares.

``python tools/declared.py`` writes ``xgrad/engine/operators.py``, which declares Tensor's methods
for editors and type checkers, and the names of ops in the ``__all__`` of `xgrad`, `xgrad.linalg`,
`xgrad.fft` and `xgrad.special`.
"""

import ast
import inspect
import itertools
import json
import re
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
OPERATORS = ROOT / "xgrad" / "engine" / "operators.py"
NAMESPACES = [ROOT / "xgrad" / f"{name}.py" for name in ("__init__", "fft", "linalg", "special")]
MARK = "# The names of the modules imported above: written by tools/declared.py.\n"

HEAD = '''"""Tensor's methods, for editors and type checkers; `xgrad.ops.methods` binds them.

Written by ``python tools/declared.py`` from the declarations of ops.
"""

from typing import TYPE_CHECKING, Any

from xgrad.typing import ArrayLike, Axis, SupportsArray

if TYPE_CHECKING:
    from xgrad.engine.tensor import Tensor


class Operators:
    """The signatures of methods that the ops layer binds."""

    __slots__ = ()

    if TYPE_CHECKING:

'''


#: Types as users read them.
SHORT = {
    "xgrad.SupportsArray | complex": "ArrayLike",
    "xgrad.SupportsArray": "SupportsArray",
    "int | tuple[int, ...] | None": "Axis",
}


def type_of(annotation):
    """Return an annotation as text."""
    if annotation is inspect.Parameter.empty:
        return "Any"
    text = inspect.formatannotation(annotation)
    text = re.sub(r"\b(?:typing|xgrad\.engine\.tensor|collections\.abc)\.", "", text)
    for given, name in SHORT.items():
        text = text.replace(given, name)
    return text


def parameters_of(function):
    """Return the parameters as text; the first one is ``self``."""
    parameters = list(inspect.signature(function).parameters.values())
    found, star = ["self"], False
    for before, p in itertools.pairwise(parameters):
        if before.kind is p.POSITIONAL_ONLY and p.kind is not p.POSITIONAL_ONLY:
            found.append("/")
        if p.kind is p.KEYWORD_ONLY and not star:
            found.append("*")
        star = star or p.kind in (p.VAR_POSITIONAL, p.KEYWORD_ONLY)
        text = {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "") + p.name
        text += f": {type_of(p.annotation)}"
        default = json.dumps(p.default) if isinstance(p.default, str) else repr(p.default)
        default = default.replace("<no value>", "...")
        found.append(text if p.default is p.empty else f"{text} = {default}")
    if len(found) > 1 and parameters[-1].kind is inspect.Parameter.POSITIONAL_ONLY:
        found.append("/")
    return found


def entry(name, method):
    """Return the lines that declare one name."""
    function = method.fget if isinstance(method, property) else method
    head = "@property\n" if isinstance(method, property) else ""
    returns = type_of(inspect.signature(function).return_annotation)
    parameters, ignored = parameters_of(function), ""
    if name in ("__eq__", "__ne__"):
        parameters, returns = ["self", "y: object", "/"], "Tensor"
        ignored = "  # type: ignore[override]"
    doc = (inspect.getdoc(function) or "").split("\n\n")[0].replace("\n", " ")
    body = f" ...{ignored}" if name.startswith("__") or not doc else f'\n    """{doc}"""\n'
    for inside in (
        ", ".join(parameters),
        "\n    " + ", ".join(parameters) + "\n",
        "\n    " + ",\n    ".join(parameters) + ",\n",
    ):
        signature = f"def {name}({inside}) -> {returns}:"
        first = body.partition("\n")[0]
        if max(map(len, f"{signature}{first}".split("\n"))) <= 92:
            break
    setter = ""
    if isinstance(method, property) and method.fset is not None:
        setter = f"\n@{name}.setter\ndef {name}(self, value: Any) -> None: ...\n"
    return f"{head}{signature}{body}{setter}"


def operators():
    """Return the text of the file of operators."""
    from xgrad.ops.methods import bound

    names = sorted(bound().items(), key=lambda item: (item[0].startswith("__"), item[0]))
    body = "\n".join(entry(name, method) for name, method in names)
    return HEAD + textwrap.indent(body, " " * 8).rstrip() + "\n"


def natural(name):
    """Sort as ruff does: log2 stands before log10."""
    return [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def exports(path):
    """Return the text of a namespace's file, with the names of its modules."""
    text = path.read_text()
    names = []
    for module in re.findall(r"^from xgrad\.(ops\.[\w.]+) import \*", text, re.MULTILINE):
        tree = ast.parse((ROOT / "xgrad" / f"{module.replace('.', '/')}.py").read_text())
        names += next(
            ast.literal_eval(n.value)
            for n in tree.body
            if isinstance(n, ast.Assign) and getattr(n.targets[0], "id", None) == "__all__"
        )
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        sys.exit(f"{path.name}: several modules export {', '.join(sorted(twice))}")
    lines = textwrap.fill(
        ", ".join(f'"{name}"' for name in sorted(names, key=natural)) + ",",
        width=100, initial_indent="    ", subsequent_indent="    ",
    )  # fmt: skip
    before, after = text.split(MARK)
    start, rest = after.split("[", 1)
    end = re.sub(r"^(  # fmt: skip)?", "", rest.split("]", 1)[1])
    return f"{before}{MARK}{start}[\n{lines}\n]  # fmt: skip{end}"


def main():
    """Write the files, or with --check compare them."""
    made = {OPERATORS: operators()} | {path: exports(path) for path in NAMESPACES}
    stale = [path for path, text in made.items() if path.read_text() != text]
    if "--check" in sys.argv and stale:
        names = ", ".join(str(path.relative_to(ROOT)) for path in stale)
        sys.exit(f"{names} out of date: run python tools/declared.py")
    for path in stale:
        path.write_text(made[path])


if __name__ == "__main__":
    main()

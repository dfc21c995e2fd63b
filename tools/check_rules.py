"""Check the types of rules that are lambdas: ``python tools/check_rules.py``.

mypy does not infer what a lambda is given from a constructor that takes rules of any length. This
writes a copy of the package in which each rule ``lambda xp, g, x: ...`` is a function with types
(of ``g``, ``t``, ``out``, ``like`` and the arguments of the value below it), and runs mypy on that.
"""

import ast
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "xgrad"
FOLDERS = ("ops", "nn/functional", "transforms")
#: What rules are given, by name; in a rule of several results ``g`` and ``out`` are sequences.
GIVEN = ("g", "t", "out", "like")
HEAD = (
    "from typing import Any as _Any\n"
    "from xgrad.backends.namespace import Namespace as _Namespace\n"
    "from xgrad.typing import Array as _Array\n"
)


def annotations(statement: ast.stmt) -> dict[str, str]:
    """Return the types of what the rules of a statement may name."""
    if not isinstance(statement, ast.FunctionDef):
        return {}
    text = ast.unparse(ast.Tuple(statement.decorator_list, ast.Load()))
    many = "several=True" in text or "joint(" in text or "variadic" in text
    found = {"return": "_Any"} if many else dict.fromkeys((*GIVEN, "return"), "_Array")
    given = statement.args
    arguments = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    for argument in arguments:
        if argument.annotation is not None:
            found[argument.arg] = ast.unparse(argument.annotation)
    return found


class Named(ast.NodeTransformer):
    """Replaces each rule that is a lambda by the name of a function."""

    def __init__(self, types: dict[str, str]) -> None:
        self.types, self.functions = types, list[tuple[int, str]]()

    def visit_Lambda(self, node: ast.Lambda) -> ast.expr:
        """Replace a lambda whose first parameter is ``xp``."""
        self.generic_visit(node)
        names = [a.arg for a in node.args.args]
        if not names or names[0] != "xp" or node.args.defaults:
            return node
        types = {"xp": "_Namespace", **self.types}
        given = ", ".join(f"{name}: {types.get(name, '_Any')}" for name in names)
        name = f"_rule_{node.lineno}_{node.col_offset}"
        body = ast.unparse(node.body)
        back = self.types.get("return", "_Any")
        self.functions.append((node.lineno, f"def {name}({given}) -> {back}: return ({body})\n"))
        return ast.Name(name, ast.Load())


def rewritten(source: str) -> tuple[str, dict[int, int]]:
    """Return source with rules as functions, and from their lines to those of the lambdas."""
    text, lines = HEAD, {}
    for statement in ast.parse(source).body:
        named = Named(annotations(statement))
        body = ast.unparse(named.visit(statement)) + "\n"
        for line, function in named.functions:
            text += function
            lines[text.count("\n")] = line
        text += body
    return text, lines


def main() -> int:
    """Print what mypy finds in the rules."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        shutil.copytree(PACKAGE, copy / "xgrad", ignore=shutil.ignore_patterns("__pycache__"))
        rules = {}  # (file, line of the copy): line
        for path in sorted(p for f in FOLDERS for p in (PACKAGE / f).rglob("*.py")):
            name = str(path.relative_to(ROOT))
            text, lines = rewritten(path.read_text())
            if lines:
                (copy / name).write_text(text)
                rules |= {(name, new): old for new, old in lines.items()}
        command = [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml")]
        command += ["--disable-error-code", "no-any-return", "--cache-dir", str(copy / "cache")]
        done = subprocess.run(
            [*command, "xgrad"], cwd=copy, capture_output=True, text=True, check=False
        )
    found = 0
    for message in done.stdout.splitlines():
        if " error: " in message:
            name, line, text = message.split(":", 2)
            if (name, int(line)) in rules:
                found += 1
                print(f"{name}:{rules[name, int(line)]}:{text}")
    print(f"{len(rules)} rules are lambdas; {found} errors in them {done.stderr}")
    return int(found > 0 or not rules or bool(done.stderr))


if __name__ == "__main__":
    sys.exit(main())

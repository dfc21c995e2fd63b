"""Write docs/hooks.md: every backend hook, its agnostic form, and which backends override it.

``python tools/hooks_table.py`` writes it, ``--check`` compares it. The tables are read from the
source, so no array library needs to be installed.
"""

import ast
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BACKENDS = ROOT / "xgrad" / "backends"
PAGE = ROOT / "docs" / "hooks.md"

HEAD = """# Hooks

Everything that a backend may override. `python tools/hooks_table.py` writes this page from the
source, and a test fails if it is out of date.

A *hook* is a method of `xgrad.backends.Namespace`, which rules call as a function of `xp`, or of
`xgrad.backends.Kernels`, available as `xp.kernels`. Its agnostic form is written with the
functions of the Array API standard alone, so a library that has these does not need any hooks. The
agnostic form of some kernels is the formula at their call site, in a file that the table names.
"""


def backend_of(path):
    """Return the name of the backend to which a file, or its folder, belongs."""
    name = path.relative_to(BACKENDS).parts[0].removesuffix(".py").removesuffix("_kernels")
    return "array_api_strict" if name == "strict" else name


class Kind:
    """A class in the source: its path, and what it defines."""

    def __init__(self, path, node):
        self.path, self.name = path, node.name
        self.bases = [b.id for b in node.bases if isinstance(b, ast.Name)]
        self.entries = {}
        for item in node.body:
            if isinstance(item, ast.FunctionDef):
                self.entries[item.name] = item
            elif isinstance(item, ast.AnnAssign | ast.Assign):
                target = item.target if isinstance(item, ast.AnnAssign) else item.targets[0]
                self.entries[target.id] = item
        self.entries = {n: x for n, x in self.entries.items() if not n.startswith("_")}


def sources():
    """Return the syntax trees of all backends, by path."""
    return {path: ast.parse(path.read_text()) for path in sorted(BACKENDS.rglob("*.py"))}


def kinds(trees):
    """Return the public classes by name."""
    nodes = ((p, n) for p, tree in trees.items() for n in tree.body if isinstance(n, ast.ClassDef))
    return {node.name: Kind(path, node) for path, node in nodes if not node.name.startswith("_")}


def ancestors(classes, name):
    """Return a class and its bases, as far as they are in the source."""
    if name not in classes:
        return []
    return [name, *(x for base in classes[name].bases for x in ancestors(classes, base))]


def text(item):
    """Return the first paragraph of a hook's docstring."""
    if not isinstance(item, ast.FunctionDef):
        return ""
    paragraph = (ast.get_docstring(item) or "").partition("\n\n")[0]
    return " ".join(paragraph.split()).replace("``", "`").replace("|", "\\|")


def comment(path, item):
    """Return the comment above a setting."""
    lines, at = path.read_text().splitlines(), item.lineno - 2
    above = []
    while lines[at].strip().startswith("#:"):
        above.insert(0, lines[at].strip().removeprefix("#:").strip())
        at -= 1
    return " ".join(above).replace("``", "`").partition(". ")[0].removesuffix(".") + "."


def call_sites(name):
    """Return the files with the formula of a kernel."""
    pattern = re.compile(rf"\bkernels\.{name}\(")
    package = ROOT / "xgrad"
    paths = (p for p in sorted(package.rglob("*.py")) if BACKENDS not in p.parents)
    return [str(p.relative_to(package)) for p in paths if pattern.search(p.read_text())]


def form(kind, name, item):
    """Return where the agnostic form of a hook is."""
    if not isinstance(item, ast.FunctionDef):
        return f"`{ast.unparse(item.value)}`"
    body = item.body[1:]  # after the docstring
    if len(body) == 1 and isinstance(body[0], ast.Raise):
        return "raises"
    if len(body) == 1 and isinstance(body[0], ast.Return):
        if ast.unparse(body[0]) == "return None" and kind.name == "Kernels":
            return ", ".join(f"`{path}`" for path in call_sites(name))
        if isinstance(body[0].value, ast.Constant):
            return f"`{ast.unparse(body[0].value)}`"
    return f"`backends/{kind.path.relative_to(BACKENDS)}`"


def table(classes, base):
    """Return the table of the hooks of a class, and what else its subclasses define."""
    bases = ancestors(classes, base)
    hooks = {n: (classes[k], x) for k in reversed(bases) for n, x in classes[k].entries.items()}
    backends, others = {}, {}
    for name, kind in classes.items():
        if name in bases or base not in ancestors(classes, name):
            continue
        if kind.path == classes[base].path:
            continue
        for entry in kind.entries:
            (backends if entry in hooks else others).setdefault(entry, set()).add(
                backend_of(kind.path)
            )
    lines = ["| hook | what it is | agnostic form | overridden by |", "| --- | --- | --- | --- |"]
    for name in sorted(hooks):
        kind, item = hooks[name]
        what = text(item) or comment(kind.path, item)
        by = ", ".join(sorted(backends.get(name, ())))
        lines.append(f"| `{name}` | {what} | {form(kind, name, item)} | {by} |")
    return lines, others


def update_rules(trees):
    """Return the table of update rules, with the backends that have kernels for them."""
    path = BACKENDS / "updates.py"
    rules = {
        node.name: text(node)
        for node in trees[path].body
        if isinstance(node, ast.FunctionDef) and [a.arg for a in node.args.args][1:3] == ["p", "g"]
    }
    backends = {}
    for where, tree in trees.items():
        for node in tree.body:
            if isinstance(node, ast.AnnAssign) and "dict[Rule" in ast.unparse(node.annotation):
                for key in node.value.keys:
                    rule = key.attr if isinstance(key, ast.Attribute) else key.id
                    backends.setdefault(rule, []).append(backend_of(where))
    lines = ["| rule | what it is | kernels |", "| --- | --- | --- |"]
    return lines + [
        f"| `{name}` | {what} | {', '.join(sorted(backends.get(name, [])))} |"
        for name, what in sorted(rules.items())
    ]


def page():
    """Return the text of the page."""
    trees = sources()
    classes = kinds(trees)
    hooks, replaced = table(classes, "Namespace")
    kernels, _ = table(classes, "Kernels")
    functions = [
        f"| `{name}` | {', '.join(sorted(backends))} |"
        for name, backends in sorted(replaced.items())
    ]
    parts = [
        HEAD,
        "## Kernels\n",
        *kernels,
        "\n## Update rules\n",
        "The formulas of optimizers (`xgrad.backends.updates`), which `update` applies.\n",
        *update_rules(trees),
        "\n## Hooks of the namespace\n",
        *hooks,
        "\n## Functions of the standard\n",
        "Functions that a backend's namespace implements differently from its library.\n",
        "| function | replaced by |",
        "| --- | --- |",
        *functions,
    ]
    return "\n".join(parts) + "\n"


def main():
    """Write the page, or check it."""
    if "--check" not in sys.argv:
        PAGE.write_text(page())
    elif PAGE.read_text() != page():
        sys.exit("docs/hooks.md is out of date: run python tools/hooks_table.py")


if __name__ == "__main__":
    main()

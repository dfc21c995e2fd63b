"""Drawing graphs: `graph` returns the graph of a tensor."""

import html
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xgrad.backends.dtypes import canonical
from xgrad.calls import publish as _publish
from xgrad.engine.node import Leaf, Node, Output
from xgrad.engine.tensor import Tensor
from xgrad.engine.views import refresh
from xgrad.errors import AutogradError

__all__ = ["Graph", "graph"]


def __dir__() -> list[str]:
    return __all__


class Graph:
    """The graph of a tensor.

    Attributes
    ----------
    nodes : dict
        The label of each operation and leaf, by its id.
    edges : list of (int, int)
        From an argument to the operation that uses it.
    leaves : set of int
        The tensors whose gradients are accumulated.
    """

    def __init__(self, root: Node, names: Mapping[int, str]) -> None:
        self.nodes: dict[int, str] = {}
        self.edges: list[tuple[int, int]] = []
        self.leaves: set[int] = set()
        self._parents: dict[int, list[int]] = {}
        stack = [root]
        while stack:
            node = stack.pop()
            if node.order in self.nodes:
                continue
            if type(node) is Leaf or node.primitive is None:
                self.leaves.add(node.order)
            self.nodes[node.order] = _label(node, names)
            parents = [_operation(p) for p in node.parents if p is not None]
            self._parents[node.order] = [p.order for p in parents]
            self.edges.extend((p.order, node.order) for p in parents)
            stack.extend(reversed(parents))
        self._root = root.order

    @property
    def source(self) -> str:
        """The graph in Graphviz's language."""
        lines = ["digraph {", '  node [fontname="sans-serif", fontsize=11, shape=box];']
        for order, label in sorted(self.nodes.items()):
            style = ', style=filled, fillcolor="#cfe3ff"' if order in self.leaves else ""
            text = label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
            lines.append(f'  n{order} [label="{text}"{style}];')
        lines.extend(f"  n{a} -> n{b};" for a, b in self.edges)
        return "\n".join([*lines, "}"])

    def text(self) -> str:
        """Return the graph as an indented tree, in which each operation is expanded once."""
        lines: list[str] = []
        seen: set[int] = set()
        stack = [(self._root, 0)]
        while stack:
            order, depth = stack.pop()
            again = order in seen and bool(self._parents[order])
            label = self.nodes[order].replace("\n", " ")
            lines.append("  " * depth + label + (" (above)" if again else ""))
            if not again:
                seen.add(order)
                stack.extend((p, depth + 1) for p in reversed(self._parents[order]))
        return "\n".join(lines)

    def svg(self) -> str:
        """Return the picture as SVG, drawn by Graphviz, or as text if Graphviz is missing."""
        if shutil.which("dot") is None:
            return _text_as_svg(self.text())
        done = subprocess.run(
            ["dot", "-Tsvg"],  # noqa: S607
            input=self.source, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return done.stdout

    def save(self, path: str | Path) -> Path:
        """Write a ``.svg``, ``.dot`` or ``.txt`` file, by the extension; return the path."""
        path = Path(path)
        if path.suffix == ".svg":
            content = self.svg()
        elif path.suffix == ".txt":
            content = self.text()
        elif path.suffix in (".dot", ".gv"):
            content = self.source
        else:
            raise ValueError(f"save: expected a path that ends in .svg, .txt or .dot, got {path}")
        path.write_text(content + "\n")
        return path

    def _repr_svg_(self) -> str:
        return self.svg()

    def __repr__(self) -> str:
        return self.text()


def _operation(node: Node) -> Node:
    return node.operation if type(node) is Output else node


def _label(node: Node, names: Mapping[int, str]) -> str:
    shape = f"{tuple(node.shape)} {canonical(node.dtype)}"
    if type(node) is Leaf or node.primitive is None:
        return f"{names.get(node.order, 'leaf')}\n{shape}"
    return f"{node.primitive.name}\n{shape}"


def _text_as_svg(text: str) -> str:
    lines = text.split("\n")
    width, height = 8 * max(map(len, lines)) + 16, 16 * len(lines) + 16
    rows = "".join(
        f'<text x="8" y="{16 * i + 20}" xml:space="preserve">{html.escape(line)}</text>'
        for i, line in enumerate(lines)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'font-family="monospace" font-size="13">{rows}</svg>'
    )


def graph(output: Any, params: Mapping[str, Any] | None = None) -> Graph:
    """Return the graph that computes a tensor.

    Parameters
    ----------
    output : Tensor
        A tensor that needs gradients. The graph exists until `backward` frees it.
    params : mapping, optional
        Names of leaves, such as ``dict(model.named_parameters())``.

    Returns
    -------
    Graph
        It prints as text, displays itself in a notebook, and is saved by ``save("graph.svg")``.

    Examples
    --------
    >>> import xgrad as xg
    >>> w = xg.tensor([1.0, 2.0], requires_grad=True)
    >>> xg.viz.graph(xg.sum(w * w), {"w": w})
    sum () float64
      multiply (2,) float64
        w (2,) float64
        w (2,) float64
    """
    if type(output) is not Tensor or not isinstance(refresh(output)._node, Node):
        raise TypeError(
            "graph: expected a Tensor that needs gradients, got "
            + (
                "one that does not; set requires_grad=True on the tensors that it is computed from"
                if type(output) is Tensor
                else type(output).__name__
            )
        )
    root = _operation(output._node)
    if root.primitive is not None and root.saved is None:
        raise AutogradError("graph: backward() has freed the graph; draw it before backward()")
    names = {
        x._node.order: name
        for name, x in (params or {}).items()
        if type(x) is Tensor and x._node is not None
    }
    return Graph(root, names)


_publish(globals())

"""Einstein summation: opt_einsum chooses the order of pairs, matrix products contract them."""

import math
from typing import Any

from xgrad.engine.dispatch import XG
from xgrad.engine.tensor import Tensor, lowest
from xgrad.ops.creation import astype
from xgrad.ops.linalg.norms import diagonal
from xgrad.ops.products import matmul
from xgrad.ops.reductions import sum
from xgrad.ops.shape import moveaxis, ndim_of, permute_dims, reshape
from xgrad.typing import SupportsArray

__all__ = ["einsum", "kron"]

Term = tuple[Any, str]  # an array and the letter of each of its axes


def einsum(subscripts: Any, *operands: Any, optimize: Any = "auto") -> Tensor:
    """Sum of products over named axes, as in NumPy.

    Parameters
    ----------
    subscripts : str
        ``"ij,jk->ik"``; ``...`` stands for axes that broadcast, repeated letters for diagonals.
        Without ``->`` the result has the letters that occur once, in order. The form
        ``einsum(x, [0, 1], y, [1, 2], [0, 2])`` is supported, too.
    operands : arrays or Tensors
    optimize : str or list
        How opt_einsum chooses the order of contractions: "auto", "greedy", "optimal", or a path.

    Examples
    --------
    >>> import xgrad as xg
    >>> a = xg.asarray([[1.0, 2.0], [3.0, 4.0]])
    >>> xg.einsum("ij,ij->i", a, a)
    Tensor([ 5., 25.])
    """
    from opt_einsum.parser import parse_einsum_input  # noqa: PLC0415 - its import is slow

    try:
        inputs, output, arrays = parse_einsum_input((subscripts, *operands))
    except (ValueError, TypeError) as error:
        raise type(error)(f"einsum: {error}") from None
    except KeyError:
        raise TypeError(
            "einsum: expected subscripts like 'ij,jk->ik' first, or alternating arrays and lists "
            f"of integers, got {type(subscripts).__name__}"
        ) from None
    for x in arrays:
        if not hasattr(x, "shape"):
            raise TypeError(f"einsum: expected arrays or Tensors, got {type(x).__name__}")
    terms: list[Term] = list(zip(arrays, inputs.split(","), strict=True))
    for x, names in terms:
        if len(names) != len(x.shape):
            raise ValueError(f"einsum: {names!r} does not match an array of shape {tuple(x.shape)}")
    sizes: dict[str, int] = {}
    for x, names in terms:
        for name, length in zip(names, x.shape, strict=True):
            have = sizes.get(name, 1)
            if length not in (1, have) and have != 1:
                raise ValueError(
                    f"einsum: axis {name!r} has lengths {have} and {length} in {inputs!r}"
                )
            sizes[name] = length if have == 1 else have
    terms = [_without_stretched(x, names, sizes) for x, names in terms]
    if len(terms) > 2:
        from opt_einsum import contract_path  # noqa: PLC0415 - its import is slow

        equation = ",".join(names for _, names in terms) + "->" + output
        shapes = [tuple(x.shape) for x, _ in terms]
        path, _ = contract_path(equation, *shapes, shapes=True, optimize=optimize)
    else:
        path = [tuple(range(len(terms)))]
    for step in path:
        chosen = [terms[i] for i in step]
        terms = [term for i, term in enumerate(terms) if i not in step]
        needed = set(output).union(*(names for _, names in terms))
        result = _simplified(chosen[0], needed if len(chosen) == 1 else None)
        for i, term in enumerate(chosen[1:], 2):
            later = needed.union(*(n for _, n in chosen[i:]))
            result = _pair(result, _simplified(term, None), later)
        terms.append(result)
    x, names = terms[0]
    missing = "".join(name for name in output if name not in names)  # they have length 1
    x = reshape(x, (*x.shape, *(1,) * len(missing)))
    names += missing
    out = permute_dims(x, tuple(names.index(name) for name in output))
    return out if type(out) is Tensor else astype(out, lowest(out).dtype)


def _without_stretched(x: Any, names: str, sizes: dict[str, int]) -> Term:
    """Drop axes of length 1 that are longer in another operand: they broadcast."""
    kept = [i for i, n in enumerate(names) if not (x.shape[i] == 1 and sizes[n] != 1)]
    if len(kept) == len(names):
        return x, names
    return reshape(x, tuple(x.shape[i] for i in kept)), "".join(names[i] for i in kept)


def _simplified(term: Term, needed: set[str] | None) -> Term:
    """Take diagonals for repeated letters, and sum over letters that are not needed."""
    x, names = term
    for name in dict.fromkeys(names):
        while names.count(name) > 1:
            first = names.index(name)
            second = names.index(name, first + 1)
            x = diagonal(moveaxis(x, (first, second), (-2, -1)))
            names = "".join(n for i, n in enumerate(names) if i not in (first, second)) + name
    if needed is None:
        return x, names
    axes = tuple(i for i, name in enumerate(names) if name not in needed)
    if axes:
        x = sum(x, axis=axes)
    return x, "".join(name for name in names if name in needed)


def _pair(a: Term, b: Term, needed: set[str]) -> Term:
    """Contract two terms by a stack of matrix products."""
    (x, x_names), (y, y_names) = (
        _simplified(a, needed.union(b[1])),
        _simplified(b, needed.union(a[1])),
    )
    both = [n for n in x_names if n in y_names]
    batch = [n for n in both if n in needed]
    over = [n for n in both if n not in needed]
    left = [n for n in x_names if n not in both]
    right = [n for n in y_names if n not in both]
    lengths = dict(zip(x_names, x.shape, strict=True)) | dict(zip(y_names, y.shape, strict=True))
    names = "".join([*batch, *left, *right])
    shape = tuple(lengths[n] for n in names)
    if not over:
        x = _aligned(x, x_names, names)
        y = _aligned(y, y_names, names)
        return XG.multiply(x, y), names
    x = permute_dims(x, tuple(x_names.index(n) for n in (*batch, *left, *over)))
    y = permute_dims(y, tuple(y_names.index(n) for n in (*batch, *over, *right)))
    lead = tuple(lengths[n] for n in batch)
    rows, inner, columns = (math.prod(lengths[n] for n in g) for g in (left, over, right))
    product = matmul(reshape(x, (*lead, rows, inner)), reshape(y, (*lead, inner, columns)))
    return reshape(product, shape), names


def _aligned(x: Any, names: str, target: str) -> Any:
    """Order the axes as in ``target``, with axes of length 1 for missing letters."""
    present = [n for n in target if n in names]
    x = permute_dims(x, tuple(names.index(n) for n in present))
    lengths = dict(zip(present, x.shape, strict=True))
    return reshape(x, tuple(lengths.get(n, 1) for n in target))


def kron(x1: SupportsArray, x2: SupportsArray) -> Tensor:
    """Kronecker product of arrays of any rank: blocks of ``x2`` times each element of ``x1``.

    Examples
    --------
    >>> import xgrad as xg
    >>> xg.kron(xg.asarray([1, 10]), xg.asarray([1, 2]))
    Tensor([ 1,  2, 10, 20])
    """
    ranks = ndim_of("kron", x1), ndim_of("kron", x2)
    rank = sorted(ranks)[1]
    a_shape = (1,) * (rank - ranks[0]) + tuple(x1.shape)
    b_shape = (1,) * (rank - ranks[1]) + tuple(x2.shape)
    between = [n for pair in zip(a_shape, (1,) * rank, strict=True) for n in pair]
    after = [n for pair in zip((1,) * rank, b_shape, strict=True) for n in pair]
    product = XG.multiply(reshape(x1, tuple(between)), reshape(x2, tuple(after)))
    return reshape(product, tuple(a * b for a, b in zip(a_shape, b_shape, strict=True)))

"""Recurrent networks over a sequence, step by step."""

from typing import Any

from xgrad.engine.batching import fill_batch
from xgrad.engine.constructors import joint
from xgrad.engine.dispatch import XG, recorded
from xgrad.engine.tensor import Tensor
from xgrad.ops.elementwise import add, multiply, sigmoid, subtract
from xgrad.ops.products import affine, matmul_transposed
from xgrad.ops.selection import relu
from xgrad.ops.shape import flip, reshape, stack
from xgrad.ops.trigonometry import tanh
from xgrad.ops.viewing import unstack

# -- the long short-term memory, fused ---------------------------------------------------------
#
# Over a sequence (T, ..., N, 4 H) of what comes from the inputs, for gates in PyTorch's order:
# input, forget, cell, output. One tanh serves all four, by sigmoid(a) = (1 + tanh(a / 2)) / 2.


def _activations(a: Any) -> tuple[Any, Any, Any, Any]:
    """Return the four gates of (..., 4 H), from halves of all but the cell's."""
    size = a.shape[-1] // 4
    y = recorded(tanh, a)
    i, f = 0.5 * y[..., :size] + 0.5, 0.5 * y[..., size : 2 * size] + 0.5
    return i, f, y[..., 2 * size : 3 * size], 0.5 * y[..., 3 * size :] + 0.5


def _halved(xp: Any, x: Any, axis: int) -> Any:
    """Halve the parts of (..., 4 H) that go to a sigmoid: all but the third."""
    size = x.shape[axis] // 4
    tail = (slice(None),) * (-1 - axis)
    parts = [x[(..., slice(k * size, (k + 1) * size), *tail)] for k in range(4)]
    return xp.concat([p if k == 2 else 0.5 * p for k, p in enumerate(parts)], axis=axis)


def _steps(x: Any) -> list[Any]:
    return [x[t, ...] for t in range(x.shape[0])]


def _parts(x: Any) -> list[Any]:
    size = x.shape[-1] // 4
    return [x[..., k * size : (k + 1) * size] for k in range(4)]


def _times(xp: Any, first: Any, *others: Any) -> Any:
    for x in others:
        first = xp.multiply(first, x)
    return first


def _sum(xp: Any, *terms: Any) -> Any:
    """Add what is there."""
    total = None
    for x in terms:
        if x is not None:
            total = x if total is None else xp.add(total, x)
    return total


def _lstm_vjp(xp: Any, g: Any, out: Any, h0: Any, c0: Any, w: Any) -> Any:
    by_h, by_c, by_gates = ([None] * out[0].shape[0] if p is None else _steps(p) for p in g)
    hs, cs, gates = (_steps(p) for p in out)
    dh = dc = None
    changes: list[Any] = []
    for t in reversed(range(len(hs))):
        i, f, u, o = _parts(gates[t])
        by_i, by_f, by_u, by_o = [None] * 4 if by_gates[t] is None else _parts(by_gates[t])
        bent = recorded(tanh, cs[t])
        dh = _sum(xp, dh, by_h[t])
        through = None
        if dh is not None:
            by_o = _sum(xp, by_o, xp.multiply(dh, bent))
            through = _times(xp, dh, o, 1 - xp.square(bent))
        dc = _sum(xp, dc, by_c[t], through)
        if dc is None:  # nothing came back through the state yet
            dc = xp.zeros_like(cs[t])
        before = c0 if t == 0 else cs[t - 1]
        by_i = _sum(xp, by_i, xp.multiply(dc, u))
        by_f = _sum(xp, by_f, xp.multiply(dc, before))
        by_u = _sum(xp, by_u, xp.multiply(dc, i))
        by_o = xp.zeros_like(o) if by_o is None else by_o
        slopes = (
            _times(xp, by_i, i, 1 - i),
            _times(xp, by_f, f, 1 - f),
            xp.multiply(by_u, 1 - xp.square(u)),
            _times(xp, by_o, o, 1 - o),
        )
        change = xp.concat(slopes, axis=-1)
        changes.append(change)
        dh, dc = xp.matmul(change, w), xp.multiply(dc, f)
    by_x = xp.stack(changes[::-1], axis=0)
    first = xp.reshape(_like(xp, h0, hs[0]), (1, *hs[0].shape))
    before = xp.concat([first, out[0][:-1, ...]], axis=0)
    rows = [_rows(xp, p) for p in (by_x, before)]
    return [by_x, dh, dc, xp.matmul(xp.matrix_transpose(rows[0]), rows[1])]


def _like(xp: Any, x: Any, like: Any) -> Any:
    return x if tuple(x.shape) == tuple(like.shape) else xp.broadcast_to(x, tuple(like.shape))


def _rows(xp: Any, x: Any) -> Any:
    """(T, ..., N, K) to (..., T N, K): one product then serves all steps."""
    if len(x.shape) > 3:
        x = xp.moveaxis(x, 0, -3)
    return xp.reshape(x, (*x.shape[:-3], x.shape[-3] * x.shape[-2], x.shape[-1]))


def _lstm_jvp(xp: Any, tangents: Any, out: Any, h0: Any, c0: Any, w: Any) -> Any:
    t_x, t_h, t_c, t_w = tangents
    hs, cs, gates = (_steps(p) for p in out)
    changes: list[tuple[Any, Any, Any]] = []
    h, c = h0, c0
    for t in range(len(hs)):
        i, f, u, o = _parts(gates[t])
        a = _sum(
            xp,
            None if t_x is None else t_x[t, ...],
            None if t_h is None else xp.matmul(t_h, xp.matrix_transpose(w)),
            None if t_w is None else xp.matmul(h, xp.matrix_transpose(t_w)),
        )
        a = xp.zeros_like(gates[t]) if a is None else _like(xp, a, gates[t])
        a_i, a_f, a_u, a_o = _parts(a)
        t_i, t_f = _times(xp, a_i, i, 1 - i), _times(xp, a_f, f, 1 - f)
        t_u, t_o = xp.multiply(a_u, 1 - xp.square(u)), _times(xp, a_o, o, 1 - o)
        t_c = _sum(
            xp,
            xp.multiply(t_f, c),
            None if t_c is None else xp.multiply(f, t_c),
            xp.multiply(t_i, u),
            xp.multiply(i, t_u),
        )
        bent = recorded(tanh, cs[t])
        t_h = xp.add(xp.multiply(t_o, bent), _times(xp, o, 1 - xp.square(bent), t_c))
        changes.append((t_h, t_c, xp.concat([t_i, t_f, t_u, t_o], axis=-1)))
        h, c = hs[t], cs[t]
    return tuple(xp.stack(list(part), axis=0) for part in zip(*changes, strict=True))


def _batch_lstm(op: Any, args: Any, batched: Any, params: Any) -> Any:
    """The batch goes beside the examples, behind the steps."""
    x, h, c = fill_batch(args[:3], (*batched[:3],)) if any(batched[:3]) else args[:3]
    if not any(batched[:3]):
        count = args[3].shape[0]
        x, h, c = (XG.broadcast_to(p, (count, *p.shape)) for p in (x, h, c))
    outs = op(XG.moveaxis(x, 0, 1), h, c, args[3], **params)
    return tuple(XG.moveaxis(part, 1, 0) for part in outs)


@joint(vjp=_lstm_vjp, jvp=_lstm_jvp, batch=_batch_lstm, several=True)
def _lstm_scan(xp: Any, x: Any, h0: Any, c0: Any, w: Any, /) -> Any:
    """Hidden states (T, ..., N, H), cell states and gates (T, ..., N, 4 H), all after each step."""
    x, transposed = _halved(xp, x, -1), xp.matrix_transpose(_halved(xp, w, -2))
    h, c = h0, c0
    hs, cs, gates = [], [], []
    for t in range(x.shape[0]):
        i, f, u, o = _activations(xp.add(x[t, ...], xp.matmul(h, transposed)))
        c = xp.add(xp.multiply(f, c), xp.multiply(i, u))
        h = xp.multiply(o, recorded(tanh, c))
        hs.append(h)
        cs.append(c)
        gates.append(xp.concat([i, f, u, o], axis=-1))
    return xp.stack(hs, axis=0), xp.stack(cs, axis=0), xp.stack(gates, axis=0)


# -- one layer, one direction ------------------------------------------------------------------


def _from_inputs(x: Tensor, w: Tensor, b: Tensor | None) -> Tensor:
    """What the inputs of all steps contribute: one product for the whole sequence."""
    return matmul_transposed(x, w) if b is None else affine(x, w, b)


def lstm_layer(
    x: Tensor,
    state: tuple[Tensor, Tensor],
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None,
    b_hh: Tensor | None,
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """Run (T, N, D) through a long short-term memory (Hochreiter and Schmidhuber, 1997)."""
    bias = None if b_ih is None or b_hh is None else add(b_ih, b_hh)
    hs, cs, _ = _lstm_scan(_from_inputs(x, w_ih, bias), *state, w_hh)
    return hs, (hs[-1, ...], cs[-1, ...])


def gru_layer(
    x: Tensor,
    state: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None,
    b_hh: Tensor | None,
) -> tuple[Tensor, Tensor]:
    """Run (T, N, D) through gated recurrent units (Cho and others, 2014)."""
    outputs = []
    size = state.shape[-1]
    for a in unstack(_from_inputs(x, w_ih, b_ih)):
        hidden = _from_inputs(state, w_hh, b_hh)
        gates = sigmoid(add(a[..., : 2 * size], hidden[..., : 2 * size]))
        reset, update = gates[..., :size], gates[..., size:]
        new = tanh(add(a[..., 2 * size :], multiply(reset, hidden[..., 2 * size :])))
        state = add(new, multiply(update, subtract(state, new)))
        outputs.append(state)
    return stack(outputs), state


def rnn_layer(
    x: Tensor,
    state: Tensor,
    w_ih: Tensor,
    w_hh: Tensor,
    b_ih: Tensor | None,
    b_hh: Tensor | None,
    *,
    nonlinearity: str,
) -> tuple[Tensor, Tensor]:
    """Run (T, N, D) through ``h = tanh(W x + V h + b)``, or with relu (Elman, 1990)."""
    bend = tanh if nonlinearity == "tanh" else relu
    bias = None if b_ih is None or b_hh is None else add(b_ih, b_hh)
    outputs = []
    for a in unstack(_from_inputs(x, w_ih, bias)):
        state = bend(add(a, matmul_transposed(state, w_hh)))
        outputs.append(state)
    return stack(outputs), state


def reversed_in_time(x: Tensor) -> Tensor:
    """Turn a sequence around."""
    return flip(x, axis=0)


def with_step(x: Tensor) -> Tensor:
    """(N, D) or (D) to a sequence of one step (1, N, D)."""
    return reshape(x, (1, *x.shape) if x.ndim == 2 else (1, 1, *x.shape))

"""Sizes on which the way that something is computed depends: every one of them, in one place.

No result depends on them. They are looked up where they are used, so that a test can lower
them and send small arrays down the paths of large ones (``tests/test_thresholds.py`` sends the
whole op table, ``tests/fuzz`` its programs).

Besides sizes, a few paths depend on a layout or an owner, which tests vary with the arrays they
make: NumPy's `matmul` of a stack (contiguous or not), the optimizers' walk in blocks
(contiguous, writeable), `windows` (a view by strides), and all that asks whether an array may be
overwritten (references, base, writeable).
"""

#: Bytes, NumPy: a piece read by a basic key up to this is copied; a larger one is a view.
SMALL_PIECE = 4096

#: Elements, NumPy: what SGD and Adam work on at once. The five arrays of a step of Adam in
#: float32 stay in a cache of 1 MiB.
OPTIMIZER_BLOCK = 1 << 15

#: Elements, NumPy: gates of an LSTM that its backward pass works on at once, for the cache.
LSTM_BLOCK = 1 << 16

#: Rows, NumPy: the diagonal blocks of a triangular solve. Below, a general solver is as fast.
TRIANGULAR_BLOCK = 64

#: Rows, NumPy: blocks of the derivative of a Cholesky factor. Smaller ones cost Python, larger
#: ones arithmetic.
CHOLESKY_BLOCK = 64

#: Rows, NumPy: from here on sums across rows are taken in blocks of blocks; NumPy adds row by
#: row, whose rounding grows with their number.
SUM_ROWS = 1024

#: Rows, NumPy: of such a block.
SUM_BLOCK = 32

#: Elements: of the one-hot matrix that the agnostic `index_add` makes at a time.
ONE_HOT_CHUNK = 1 << 22

#: Views of one tensor, from which on those that are gone are looked for.
MANY_VIEWS = 16

#: CuPy: threads in a block; compiled into its kernels.
CUPY_THREADS = 256

#: CuPy: arrays in a launch of an optimizer's step, whose addresses must fit the 4 KiB of a
#: kernel's arguments; compiled in.
CUPY_ARRAYS_IN_A_LAUNCH = 64

#: CuPy: elements of a block of such a launch; compiled in.
CUPY_CHUNK = 4 * CUPY_THREADS

#: CuPy: tables of addresses that an optimizer keeps, one for each group of its parameters.
CUPY_TABLES_KEPT = 16

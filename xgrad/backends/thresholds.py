"""All sizes on which a code path depends.

No result depends on them. They are looked up where they are used, so that a test can lower
them and run the paths of large arrays with small ones (``tests/test_thresholds.py`` runs the
whole op table this way, ``tests/fuzz`` its programs).

Besides sizes, a few paths depend on layout or ownership, which tests vary with their arrays:
NumPy's `matmul` of a stack (contiguous or not), the optimizers' loop over blocks (contiguous,
writeable), `windows` (a view by strides), and every check whether an array may be overwritten
(references, base, writeable).
"""

#: Bytes, NumPy: a basic key copies a piece of up to this size; a larger piece is a view.
SMALL_PIECE = 4096

#: Elements, NumPy: a block of SGD and Adam. The five arrays of a step of Adam in float32 stay
#: in a cache of 1 MiB.
OPTIMIZER_BLOCK = 1 << 15

#: Elements, NumPy: a block of LSTM gates in the backward pass, to stay in the cache.
LSTM_BLOCK = 1 << 16

#: Rows, NumPy: the diagonal blocks of a triangular solve. Below it, a general solver is as fast.
TRIANGULAR_BLOCK = 64

#: Rows, NumPy: blocks of the derivative of a Cholesky factor. Smaller ones cost time in Python,
#: larger ones arithmetic.
CHOLESKY_BLOCK = 64

#: Rows, NumPy: the number from which sums across rows use nested blocks. NumPy adds row by row,
#: so its rounding errors grow with the number of rows.
SUM_ROWS = 1024

#: Rows, NumPy: the size of such a block.
SUM_BLOCK = 32

#: Elements: a chunk of the one-hot matrix in the agnostic form of `index_add`.
ONE_HOT_CHUNK = 1 << 22

#: Views of one tensor: the number from which dead ones are removed.
MANY_VIEWS = 16

#: CuPy: threads in a block; compiled into its kernels.
CUPY_THREADS = 256

#: CuPy: arrays in a launch of an optimizer's step. Their addresses must fit into the 4 KiB of a
#: kernel's arguments; compiled in.
CUPY_ARRAYS_IN_A_LAUNCH = 64

#: CuPy: elements of a block of such a launch; compiled in.
CUPY_CHUNK = 4 * CUPY_THREADS

#: CuPy: the most tables of addresses that an optimizer keeps, one for each parameter group.
CUPY_TABLES_KEPT = 16

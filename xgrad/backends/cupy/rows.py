"""Kernels that reduce rows: one block for each row of n elements, softmax and its relatives."""

from xgrad.backends.cupy.kernels import BLOCK, Raw

_BLOCK = (
    BLOCK
    + """
#define EACH(j) for (long long j = threadIdx.x; j < n; j += blockDim.x)
"""
)

_TOP_AND_SUM = """
  const T* row = x + blockIdx.x * n;
  A top = (A)row[0];
  EACH(j) top = larger((A)row[j], top);
  top = block_max(part, top);
  A sum = 0;
  EACH(j) sum += exp((A)row[j] - top);
  sum = block_sum(part, sum);
"""

softmax = Raw(
    "softmax",
    _BLOCK
    + """
extern "C" __global__ void xgrad_softmax(const T* x, T* out, long long n) {
  __shared__ A part[256];
"""
    + _TOP_AND_SUM
    + """
  EACH(j) out[blockIdx.x * n + j] = T(exp((A)row[j] - top) / sum);
}
""",
)

softmax_vjp = Raw(
    "softmax_vjp",
    _BLOCK
    + """
extern "C" __global__ void xgrad_softmax_vjp(const T* g, const T* out, T* by_x, long long n) {
  __shared__ A part[256];
  const long long start = blockIdx.x * n;
  A inner = 0;
  EACH(j) inner += (A)g[start + j] * (A)out[start + j];
  inner = block_sum(part, inner);
  EACH(j) by_x[start + j] = T((A)out[start + j] * ((A)g[start + j] - inner));
}
""",
)

log_softmax = Raw(
    "log_softmax",
    _BLOCK
    + """
extern "C" __global__ void xgrad_log_softmax(const T* x, T* out, long long n) {
  __shared__ A part[256];
"""
    + _TOP_AND_SUM
    + """
  const A log_sum = log(sum);
  EACH(j) out[blockIdx.x * n + j] = T(((A)row[j] - top) - log_sum);
}
""",
)

log_softmax_vjp = Raw(
    "log_softmax_vjp",
    _BLOCK
    + """
extern "C" __global__ void xgrad_log_softmax_vjp(
    const T* g, const T* out, T* by_x, long long n) {
  __shared__ A part[256];
  const long long start = blockIdx.x * n;
  A total = 0;
  EACH(j) total += (A)g[start + j];
  total = block_sum(part, total);
  EACH(j) by_x[start + j] = T((A)g[start + j] - exp((A)out[start + j]) * total);
}
""",
)

#: The log softmax of each row, and minus its element at the target (0 where it is ignored).
cross_entropy = Raw(
    "cross_entropy",
    _BLOCK
    + """
extern "C" __global__ void xgrad_cross_entropy(
    const T* x, const long long* target, T* losses, T* log_p, long long n, long long ignore) {
  __shared__ A part[256];
"""
    + _TOP_AND_SUM
    + """
  const A log_sum = log(sum);
  EACH(j) log_p[blockIdx.x * n + j] = T(((A)row[j] - top) - log_sum);
  if (threadIdx.x == 0) {
    const long long at = target[blockIdx.x];
    const bool inside = at >= 0 && at < n;
    A loss = 0;
    if (at != ignore) loss = inside ? log_sum - ((A)row[at] - top) : A(0) / A(0);
    losses[blockIdx.x] = T(loss);
  }
}
""",
)

cross_entropy_vjp = Raw(
    "cross_entropy_vjp",
    _BLOCK
    + """
extern "C" __global__ void xgrad_cross_entropy_vjp(
    const T* by_loss, long long stride, const T* count, const T* log_p,
    const long long* target, T* by_x, long long n, long long ignore) {
  const long long at = target[blockIdx.x];
  A g = at == ignore ? A(0) : (A)by_loss[blockIdx.x * stride];
  if (count) g /= (A)count[0];
  EACH(j) {
    const long long k = blockIdx.x * n + j;
    by_x[k] = T((exp((A)log_p[k]) - (j == at ? A(1) : A(0))) * g);
  }
}
""",
)

#: The mean of the losses that are not ignored, and their count: one block.
kept_mean = Raw(
    "kept_mean",
    _BLOCK
    + """
extern "C" __global__ void xgrad_kept_mean(
    const T* losses, const long long* target, T* mean, T* count, long long n, long long ignore) {
  __shared__ A part[256];
  A total = 0, kept = 0;
  EACH(j) {
    if (losses) total += (A)losses[j];
    kept += target[j] == ignore ? A(0) : A(1);
  }
  total = block_sum(part, total);
  kept = block_sum(part, kept);
  if (threadIdx.x == 0) {
    if (mean) mean[0] = T(total / kept);
    if (count) count[0] = T(kept);
  }
}
""",
)

standardise = Raw(
    "standardise",
    _BLOCK
    + """
extern "C" __global__ void xgrad_standardise(
    const T* x, T* y, T* centre, T* variance, long long n, double eps, bool centred) {
  __shared__ A part[256];
  const T* row = x + blockIdx.x * n;
  A mean = 0, square = 0;
  if (centred) {
    EACH(j) mean += (A)row[j];
    mean = block_sum(part, mean) / (A)n;
  }
  EACH(j) { const A d = (A)row[j] - mean; square += d * d; }
  square = block_sum(part, square) / (A)n;
  const A scale = 1 / sqrt(square + (A)eps);
  EACH(j) y[blockIdx.x * n + j] = T(((A)row[j] - mean) * scale);
  if (threadIdx.x == 0) { centre[blockIdx.x] = T(mean); variance[blockIdx.x] = T(square); }
}
""",
)

#: ``(g - mean(g) - y mean(g y)) / sqrt(variance + eps)``
over_deviation = Raw(
    "over_deviation",
    _BLOCK
    + """
extern "C" __global__ void xgrad_over_deviation(
    const T* g, const T* y, const T* variance, T* out, long long n, double eps, bool centred) {
  __shared__ A part[256];
  const long long start = blockIdx.x * n;
  A mean = 0, along = 0;
  EACH(j) { mean += (A)g[start + j]; along += (A)g[start + j] * (A)y[start + j]; }
  mean = centred ? block_sum(part, mean) / (A)n : A(0);
  along = block_sum(part, along) / (A)n;
  const A scale = 1 / sqrt((A)variance[blockIdx.x] + (A)eps);
  EACH(j) out[start + j] = T(((A)g[start + j] - (A)y[start + j] * along - mean) * scale);
}
""",
)

"""Kernels that write at given indices: scatter-add, and windows added into an image."""

from xgrad.backends.cupy.kernels import Elementwise

#: ``out[outer, index[row], inner] += g[outer, row, inner]``, over flat arrays.
scatter_add = Elementwise(
    "scatter_add",
    "raw T g, raw I index, int64 rows, int64 size, int64 inner",
    "raw T out",
    """const long long row = i / inner % rows;
    long long target = index[row];
    if (target < 0) target += size;
    if (target >= 0 && target < size)
      atomicAdd(&out[(i / (inner * rows) * size + target) * inner + i % inner], g[i])""",
)

#: Each element of an image sums the elements of all windows that contain it; g has the shape
#: (lead, kernel rows, kernel columns, window rows, window columns).
overlap_add = Elementwise(
    "overlap_add",
    """raw T g, int64 height, int64 width, int64 kernel_h, int64 kernel_w, int64 count_h,
    int64 count_w, int64 stride_h, int64 stride_w, int64 dilation_h, int64 dilation_w""",
    "T out",
    """const long long column = i % width, row = i / width % height, lead = i / (width * height);
    typename Sum<T>::type total = 0;
    for (long long a = 0; a < kernel_h; a++) {
      const long long y = row - a * dilation_h;
      if (y < 0 || y % stride_h || y / stride_h >= count_h) continue;
      for (long long b = 0; b < kernel_w; b++) {
        const long long x = column - b * dilation_w;
        if (x < 0 || x % stride_w || x / stride_w >= count_w) continue;
        const long long window = (lead * kernel_h + a) * kernel_w + b;
        total += (typename Sum<T>::type)g[(window * count_h + y / stride_h) * count_w
                                          + x / stride_w];
      }
    }
    out = T(total)""",
    """
template <class T> struct Sum { typedef float type; };
template <> struct Sum<double> { typedef double type; };
""",
)

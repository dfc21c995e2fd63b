"""Where xgrad differs from PyTorch's OpInfo samples, each with a reason.

A row that does not describe a failure of each of its entries fails the test.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Difference:
    """Expected failures of some entries, and the reason.

    Attributes
    ----------
    entries : str
        PyTorch's names, with the variant's name after a dot, separated by spaces.
    pattern : str
        A regular expression that is searched in ``"kind of dtype sample: message"``.
    reason : str
    """

    entries: str
    pattern: str
    reason: str


_AXIS_OF_A_NUMBER = (
    "PyTorch treats a 0-d array as one axis of length 1; NumPy and the standard do not"
)
_FLOATS = "the standard's Fourier transforms take floating-point numbers"

DIFFERENCES = (
    # -- dtypes -------------------------------------------------------------------------------
    Difference(
        "addmv addbmm baddbmm", "of int64 .*dtype float64 for int64",
        "a float times integers is floating-point in NumPy; PyTorch truncates alpha and beta",
    ),
    Difference(
        "div.trunc_rounding", "of int64 .*dtype float64 for int64",
        "divide is true division in the standard",
    ),
    Difference("reciprocal", "of int64 .*dtype int64 for float64", "as in NumPy: integers stay"),
    Difference(
        "nn.functional.avg_pool1d nn.functional.avg_pool2d nn.functional.hardtanh nn.functional.relu6",
        "of int64 .*dtype float64 for int64", "layers of integers are floating-point",
    ),
    Difference(
        "__rpow__", "of int64 .*Integers to negative integer powers",
        "NumPy raises; PyTorch truncates the result to 0",
    ),
    Difference(
        "byte char double float half int long short softmax.with_dtype log_softmax.with_dtype"
        " nn.functional.softmin.with_dtype",
        "of complex128 .*would drop the imaginary part",
        "a conversion that loses the imaginary part raises",
    ),
    Difference(
        "fft.fft fft.fft2 fft.fftn fft.hfft fft.rfft fft.rfft2 fft.rfftn fft.ifft fft.ifft2"
        " fft.ifftn fft.ihfft fft.irfft fft.irfft2 fft.irfftn",
        "of int64 .*expected floating-point or complex numbers, got int64", _FLOATS,
    ),
    Difference(
        "nn.functional.triplet_margin_loss",
        "of complex128 .*expected real numbers, got complex128", "margins are defined for real vectors",
    ),
    # -- creation -----------------------------------------------------------------------------
    Difference(
        "arange", "of int64 .*dtype=torch.int64", "NumPy truncates after it counts, PyTorch before",
    ),
    Difference(
        "linspace linspace.tensor_overload", "of int64 .*dtype=torch.int64",
        "NumPy takes the floor of the numbers, PyTorch truncates towards 0",
    ),
    Difference(
        "linspace.tensor_overload", r"dtype=torch\.(float64|complex128)",
        "for float32 ends NumPy computes float32 numbers before it converts them",
    ),
    # -- axes and shapes ----------------------------------------------------------------------
    Difference(
        "nn.functional.normalize nn.functional.cosine_similarity gather index_select transpose"
        " transpose_copy", r"<\(\): .*axis 0 is out of bounds for 0 dimensions", _AXIS_OF_A_NUMBER,
    ),
    Difference("index_fill index_copy", "too many indices for a tensor of shape", _AXIS_OF_A_NUMBER),
    Difference("nonzero argwhere", "expected at least 1 dimension", "the standard requires an axis"),
    Difference(
        "gather", r"indices of shape \(2, 0\) for x \(5,\)",
        "PyTorch accepts empty indices of any shape; NumPy requires the same number of axes",
    ),
    Difference(
        "cat", r"concat: shapes differ",
        "legacy behavior of PyTorch: an empty 1-D array is ignored, whatever the others are",
    ),
    Difference(
        "tensordot", "lengths differ", "PyTorch broadcasts summed axes of length 1; NumPy raises",
    ),
    Difference(
        "linalg.solve", r"lengths differ: x1 |shape \(0, 0, 0\) for \(0, 0\)",
        "the standard treats x2 as a stack of vectors only if it has one axis, as NumPy 2 does",
    ),
    Difference(
        "constant_pad_nd nn.functional.pad.constant", "widths must be integers >= 0",
        "NumPy's pad does not crop",
    ),
    Difference(
        "nn.functional.avg_pool2d", "to be an integer or 2 integers",
        "one length per axis, or one number",
    ),
    Difference(
        "nn.functional.gaussian_nll_loss", "have different shapes",
        "shapes that broadcast in a loss are usually a mistake",
    ),
    Difference(
        "nn.functional.group_norm nn.functional.layer_norm nn.functional.rms_norm",
        "expected eps of at least 0, got -0.5", "the root of a negative number is not a deviation",
    ),
    Difference(
        "nn.functional.batch_norm", r"expected \(N, C, ...\), got \(0,\)", "there is no channel axis",
    ),
    # -- derivatives --------------------------------------------------------------------------
    Difference(
        "linalg.matrix_power", "0: the output is not connected",
        "the identity does not depend on the matrix",
    ),
    Difference(
        "linalg.norm.subgradients_at_zero", "second order of .* for .nan",
        "PyTorch's second derivative at 0 is NaN",
    ),
    Difference(
        "linalg.norm.subgradients_at_zero", r"gradient of .* <\(5, 5\)>, (nuc|2|-2)",
        "at the zero matrix xgrad takes the subgradient 0, PyTorch one from some basis of the SVD",
    ),
    # -- accuracy -----------------------------------------------------------------------------
    Difference(
        "special.bessel_j0 special.bessel_j1 special.bessel_y0 special.bessel_y1",
        r"value of .*\[0?.* for .* in [1-5] of 20",
        "PyTorch's polynomials are accurate to 6 digits near the zeros; SciPy's values are correct",
    ),
)  # fmt: skip

#: Calls that PyTorch rejects and xgrad accepts, or rejects in the name of another function.
TAKEN = (
    Difference(
        "arange", "inconsistent with step sign", "an empty range, as in NumPy and the standard",
    ),
    Difference("complex", "accepted", "composed of operations that promote dtypes"),
    Difference("linspace linspace.tensor_overload", "0-dimensional start and end", "as in NumPy"),
    Difference("t t_copy", "a tensor with <= 2 dimensions", "`x.T` reverses all axes, as in NumPy"),
    Difference("masked_fill", "accepted", "`where` broadcasts and promotes its arguments"),
    Difference("max.binary min.binary", "Dimension out of range", "the number is the other operand"),
    Difference("isclose", "greater than or equal to zero", "as in NumPy: the result is False"),
    Difference(
        "nn.functional.conv1d nn.functional.conv2d nn.functional.conv3d",
        "should be the same", "dtypes are promoted, as everywhere",
    ),
    Difference("narrow narrow_copy", "accepted", "a slice is clipped at the ends, as in Python"),
    Difference(
        "nn.functional.max_pool1d", r"<\(0, 10\)>", "an example without channels has no windows",
    ),
    Difference("trace", "expected a matrix", "the standard's trace takes stacks of matrices"),
    Difference("mean", "could not infer output dtype", "the mean of integers is float64"),
    Difference("linalg.cross", "same number of dimensions", "the standard broadcasts"),
)  # fmt: skip

WITHOUT_COUNTERPART = {
    "xgrad has no such function": """
        block_diag cartesian_prod cdist chunk unsafe_chunk combinations corrcoef cov cummax cummin
        deg2rad diag diag_embed diagflat diagonal_scatter fliplr flipud fmod frexp gcd gradient
        histc histogram histogramdd kthvalue lcm logspace logspace.tensor_overload mode rad2deg
        renorm rot90 angle isreal split split.list_args unsafe_split split_with_sizes
        split_with_sizes_copy tensor_split hsplit vsplit dsplit unravel_index atleast_1d atleast_2d
        atleast_3d column_stack hstack vstack dstack bincount topk unfold unfold_copy trapz
        trapezoid cumulative_trapezoid triu_indices tril_indices inner unique_consecutive
        nonzero_static view_as_real view_as_complex sum_to_size stft istft
        linalg.tensorinv linalg.tensorsolve linalg.vander
        fft.hfft2 fft.hfftn fft.ihfft2 fft.ihfftn
        """,
    "xgrad has no such factorization, or no low-rank form of it": """
        cholesky_inverse cholesky_solve geqrf lu lu_unpack lu_solve ormqr svd_lowrank pca_lowrank
        linalg.cholesky_ex linalg.householder_product linalg.ldl_factor linalg.ldl_factor_ex
        linalg.ldl_solve linalg.lu_factor linalg.lu_factor_ex linalg.lu linalg.lu_solve
        linalg.inv_ex linalg.solve_ex
        """,
    "xgrad has no such layer or loss": """
        nn.functional.linear_cross_entropy nn.functional.linear_cross_entropy.chunked
        nn.functional.linear_cross_entropy.chunked_none nn.functional.adaptive_avg_pool3d
        nn.functional.adaptive_max_pool3d nn.functional.avg_pool3d nn.functional.max_pool3d
        nn.functional.conv_transpose3d nn.functional.local_response_norm
        nn.functional.pad.reflect nn.functional.pad.replicate
        nn.functional.pad.replicate_negative nn.functional.pad.circular nn.functional.unfold
        nn.functional.interpolate.nearest nn.functional.interpolate.nearest-exact
        nn.functional.interpolate.linear nn.functional.interpolate.bilinear
        nn.functional.interpolate.bicubic nn.functional.interpolate.trilinear
        nn.functional.interpolate.area nn.functional.upsample_bilinear _upsample_bilinear2d_aa
        nn.functional.upsample_nearest nn.functional.multi_margin_loss
        nn.functional.multilabel_margin_loss nn.functional.multilabel_soft_margin_loss
        nn.functional.fractional_max_pool2d nn.functional.fractional_max_pool3d
        nn.functional.max_unpool1d nn.functional.max_unpool1d.grad nn.functional.max_unpool2d
        nn.functional.max_unpool2d.grad nn.functional.max_unpool3d nn.functional.max_unpool3d.grad
        nn.functional.rrelu nn.functional.softshrink nn.functional.hardshrink
        nn.functional.triplet_margin_with_distance_loss nn.functional.dropout2d
        nn.functional.dropout3d nn.functional.alpha_dropout
        nn.functional.feature_alpha_dropout.with_train
        nn.functional.feature_alpha_dropout.without_train nn.functional.embedding_bag
        nn.functional.multi_head_attention_forward nn.functional.grid_sample grid_sampler_2d
        grid_sampler_3d nn.functional.ctc_loss nn.functional.pdist nn.functional.pixel_shuffle
        nn.functional.pixel_unshuffle nn.functional.channel_shuffle
        nn.functional.batch_norm.without_cudnn
        """,
    "xgrad has no such window, polynomial or special function": """
        signal.windows.hamming signal.windows.hann signal.windows.bartlett signal.windows.blackman
        signal.windows.cosine signal.windows.exponential signal.windows.gaussian
        signal.windows.kaiser signal.windows.general_cosine signal.windows.general_hamming
        signal.windows.nuttall special.airy_ai special.chebyshev_polynomial_t
        special.chebyshev_polynomial_u special.chebyshev_polynomial_v
        special.chebyshev_polynomial_w special.hermite_polynomial_h special.hermite_polynomial_he
        special.laguerre_polynomial_l special.legendre_polynomial_p
        special.shifted_chebyshev_polynomial_t special.shifted_chebyshev_polynomial_u
        special.shifted_chebyshev_polynomial_v special.shifted_chebyshev_polynomial_w
        special.spherical_bessel_j0
        """,
    "xgrad has no masked arrays and no reductions by index": """
        masked.sum masked.prod masked.cumsum masked.cumprod masked.amax masked.amin masked.argmax
        masked.argmin masked.mean masked.median masked.norm masked.var masked.std masked.softmax
        masked.log_softmax masked.softmin masked.normalize masked.logaddexp masked.logsumexp
        index_add index_reduce.mean index_reduce.prod index_reduce.amin index_reduce.amax
        scatter_add scatter scatter_reduce.sum scatter_reduce.prod scatter_reduce.mean
        scatter_reduce.amin scatter_reduce.amax _segment_reduce.lengths _segment_reduce.offsets
        put masked_scatter
        """,
    "PyTorch's median is the lower of the two in the middle, xgrad's is NumPy's, their mean": """
        median nanmedian
        """,
    "the elements are undefined": """
        empty empty_like empty_permuted empty_strided new_empty new_empty_strided
        """,
    "random numbers differ": """
        cauchy exponential geometric log_normal normal normal.in_place normal.number_mean uniform
        bernoulli multinomial randint randint_like randn randn_like rand_like
        """,
    "an alias that PyTorch itself no longer recommends": "norm norm.nuc norm.fro norm.inf",
    "about PyTorch's memory, tensors, kernels or dtypes": """
        item resolve_conj resolve_neg as_strided as_strided.partial_views as_strided_copy
        as_strided_scatter resize_ resize_as_ fill zero_ to bfloat16 chalf hash_tensor to_sparse
        sparse.sampled_addmm sparse.mm.reduce _softmax_backward_data native_group_norm
        native_layer_norm native_batch_norm _native_batch_norm_legit _batch_norm_with_update
        native_dropout_backward max_pool2d_with_indices_backward _chunk_cat _unsafe_masked_index
        _unsafe_masked_index_put_accumulate torch._scaled_mm_v2 torch._scaled_mm
        torch.ops.aten._safe_softmax.default torch.ops.aten._flash_attention_forward
        torch.ops.aten._efficient_attention_forward jiterator_unary jiterator_binary
        jiterator_4inputs_with_extra_args jiterator_binary_return_by_ref
        jiterator_2inputs_2outputs
        """,
}


# -- modules -----------------------------------------------------------------------------------

MODULES = (
    Difference(
        "BatchNorm1d BatchNorm2d BatchNorm3d", "training: .*more than 1 value per channel",
        "statistics of an empty batch would corrupt the running ones",
    ),
    Difference(
        "CrossEntropyLoss", "forward .*is nan for 0.0",
        "the mean of no examples is NaN, and so is its tangent",
    ),
    Difference(
        "GaussianNLLLoss", r"expected a variance of shape .* got \(1, 3\)",
        "a variance is per element, per example, or one for all",
    ),
)  # fmt: skip

MODULES_TAKEN = (
    Difference("NLLLoss", r"weight=<\(0,\)>", "the loss of no examples is 0"),
    Difference("GRU LSTM RNN", r"\(3, 5\)\(", "dtypes are promoted, as everywhere"),
)

MODULES_WITHOUT_COUNTERPART = {
    "xgrad has no such module": """
        AdaptiveAvgPool3d AdaptiveMaxPool3d AvgPool3d ConvTranspose3d FractionalMaxPool2d
        FractionalMaxPool3d LazyConv1d LazyConv2d LazyConv3d LazyConvTranspose1d
        LazyConvTranspose2d LazyConvTranspose3d LPPool1d LPPool2d LPPool3d MaxPool3d
        MultiLabelMarginLoss MultiMarginLoss MultiLabelSoftMarginLoss LinearCrossEntropyLoss
        CTCLoss Hardshrink InstanceNorm1d InstanceNorm2d InstanceNorm3d LocalResponseNorm
        TransformerDecoderLayer Transformer Softmax2d Softshrink ReflectionPad1d ReflectionPad2d
        ReflectionPad3d ReplicationPad1d ReplicationPad2d ReplicationPad3d ZeroPad1d ZeroPad2d
        ZeroPad3d CircularPad1d CircularPad2d CircularPad3d ConstantPad1d ConstantPad2d
        ConstantPad3d
        """,
    "its samples contain PyTorch's own layers; the layer is compared": "TransformerEncoder",
}

# -- optimizers --------------------------------------------------------------------------------

OPTIMIZERS_TAKEN = (
    Difference(
        "Adadelta Adagrad Adam AdamW LBFGS NAdam RMSprop SGD", "invalid param type: accepted",
        "one tensor is one parameter",
    ),
    Difference(
        "Adam AdamW", "betas must be either both", "an array with one element is a number",
    ),
)  # fmt: skip

OPTIMIZERS_WITHOUT_COUNTERPART = {
    "xgrad has no such optimizer": "Adafactor Adamax ASGD Muon RAdam Rprop SparseAdam",
}

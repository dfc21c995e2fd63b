"""Calls of SciPy and scikit-learn that compute in compiled code: they must raise."""

import numpy as np
import scipy.cluster
from scipy import (
    fft,
    integrate,
    interpolate,
    linalg,
    ndimage,
    optimize,
    signal,
    spatial,
    special,
    stats,
)
from sklearn import linear_model, metrics, preprocessing

import xgrad as xg
from tests.interop.calls import refused

X = np.asarray([0.3, 1.2, -0.7, 2.1, 1.6, 0.9, -0.4, 0.8])
POSITIVE = np.abs(X)
M = np.asarray([[2.0, 0.3, 0.1], [0.3, 1.5, 0.2], [0.1, 0.2, 3.0]])
T = np.arange(8.0)

for name in "inv det cholesky expm logm sqrtm lu lu_factor qr svd svdvals eig eigh eigvals eigvalsh schur hessenberg pinv polar cosm sinm null_space orth".split():
    known = hasattr(xg.linalg, name)
    refused(
        f"scipy.linalg.{name}",
        getattr(linalg, name),
        M,
        says=f"use xgrad.linalg.{name}" if known else "",
    )
refused("scipy.linalg.solve", linalg.solve, M, X[:3], says="use xgrad.linalg.solve")
refused("scipy.linalg.solve_triangular", linalg.solve_triangular, M, X[:3])
refused("scipy.linalg.lstsq", linalg.lstsq, M, X[:3], says="use xgrad.linalg.lstsq")
refused("scipy.linalg.norm", linalg.norm, M)
refused("scipy.linalg.cho_factor", linalg.cho_factor, M)
for name in "dct idct dst idst dctn idctn dstn idstn".split():
    refused(f"scipy.fft.{name}", getattr(fft, name), M)
refused(
    "scipy.signal.lfilter",
    lambda b: signal.lfilter(b, xg.asarray([1.0, 0.5]), xg.asarray(X)),
    X[:2],
)
refused(
    "scipy.signal.sosfilt",
    lambda x: signal.sosfilt(xg.asarray([[1.0, 0.2, 0.1, 1.0, 0.3, 0.1]]), x),
    X,
)
for name in "detrend medfilt wiener periodogram welch stft spectrogram".split():
    refused(f"scipy.signal.{name}", getattr(signal, name), X)
refused("scipy.signal.resample_poly", lambda x: signal.resample_poly(x, 2, 1), X)
refused("scipy.signal.decimate", lambda x: signal.decimate(x, 2), np.tile(X, 8))
refused("scipy.signal.convolve", lambda x: signal.convolve(x, x, method="direct"), X)
refused("scipy.signal.correlate", lambda x: signal.correlate(x, x, method="direct"), X)
refused("scipy.signal.convolve2d", signal.convolve2d, M, M)
refused("scipy.signal.bilinear", signal.bilinear, POSITIVE[:3], POSITIVE[:3])
refused("scipy.signal.find_peaks", signal.find_peaks, X)
for name in "gaussian_filter gaussian_filter1d uniform_filter median_filter maximum_filter sobel laplace prewitt zoom shift rotate spline_filter fourier_gaussian".split():
    more = {
        "gaussian_filter": (1.0,),
        "gaussian_filter1d": (1.0,),
        "zoom": (2.0,),
        "shift": (0.5,),
        "rotate": (30.0,),
        "fourier_gaussian": (1.0,),
        "median_filter": (3,),
        "maximum_filter": (3,),
    }.get(name, ())
    refused(f"scipy.ndimage.{name}", getattr(ndimage, name), M, *more)
refused("scipy.ndimage.convolve", ndimage.convolve, M, np.ones((2, 2)))
refused(
    "scipy.ndimage.map_coordinates",
    lambda x: ndimage.map_coordinates(x, xg.asarray([[0.5], [0.7]])),
    M,
)
for name in "cdist pdist".split():
    refused(
        f"scipy.spatial.distance.{name}",
        getattr(spatial.distance, name),
        M,
        *((M,) if name == "cdist" else ()),
    )
refused("scipy.spatial.KDTree", spatial.KDTree, M)
refused("scipy.spatial.ConvexHull", spatial.ConvexHull, M[:, :2], named=False)
refused("scipy.interpolate.CubicSpline", lambda y: interpolate.CubicSpline(xg.asarray(T), y), X)
refused(
    "scipy.interpolate.PchipInterpolator",
    lambda y: interpolate.PchipInterpolator(xg.asarray(T), y),
    X,
)
refused(
    "scipy.interpolate.Akima1DInterpolator",
    lambda y: interpolate.Akima1DInterpolator(xg.asarray(T), y),
    X,
)
refused(
    "scipy.interpolate.RegularGridInterpolator",
    lambda y: interpolate.RegularGridInterpolator((xg.asarray(T),), y),
    X,
)
refused(
    "scipy.interpolate.make_interp_spline",
    lambda y: interpolate.make_interp_spline(xg.asarray(T), y),
    X,
)
refused(
    "scipy.interpolate.BSpline", lambda c: interpolate.BSpline(xg.asarray(np.arange(12.0)), c, 3), X
)
refused(
    "scipy.interpolate.PPoly", lambda c: interpolate.PPoly(c, xg.asarray([0.0, 1.0, 2.0, 3.0])), M
)
refused("scipy.interpolate.interp1d", lambda y: interpolate.interp1d(T, y), X)
refused(
    "scipy.integrate.quad", lambda a: integrate.quad(lambda z: xg.sin(z * a), 0, 1), np.asarray(1.0)
)
refused("scipy.integrate.simpson", integrate.simpson, X)
refused("scipy.integrate.solve_ivp", lambda y: integrate.solve_ivp(lambda t, y: -y, (0, 1), y), X)
refused("scipy.integrate.odeint", lambda y: integrate.odeint(lambda y, t: -y, y, T), X)
refused("scipy.optimize.curve_fit", lambda y: optimize.curve_fit(lambda t, a: a * t, T, y), X)
refused("scipy.optimize.nnls", lambda a: optimize.nnls(a, X[:3]), M)
refused("scipy.stats.ks_1samp", lambda x: stats.ks_1samp(x, lambda v: 1 - np.exp(-v)), POSITIVE)
refused("scipy.stats.linregress", lambda x: stats.linregress(xg.asarray(T), x), X)
refused("scipy.stats.gaussian_kde", stats.gaussian_kde, X)
refused("scipy.stats.boxcox", stats.boxcox, POSITIVE)
refused("scipy.stats.wasserstein_distance", stats.wasserstein_distance, X, T)
refused("scipy.cluster.hierarchy.linkage", scipy.cluster.hierarchy.linkage, M)
for name in "fresnel sici shichi airy".split():
    refused(f"scipy.special.{name}", getattr(special, name), POSITIVE)
refused("scipy.special.zetac", special.zetac, POSITIVE)
for name in (
    "mean_squared_error median_absolute_error r2_score mean_absolute_error max_error "
    "mean_poisson_deviance mean_gamma_deviance d2_pinball_score explained_variance_score"
).split():
    says = (
        "raw_values" if name in ("mean_squared_error", "median_absolute_error", "r2_score") else ""
    )
    refused(f"sklearn.metrics.{name}", getattr(metrics, name), POSITIVE, POSITIVE + 0.3, says=says)
refused(
    "sklearn.metrics.log_loss",
    lambda p: metrics.log_loss(xg.asarray(np.arange(8) % 2), p),
    POSITIVE / 3,
)
refused(
    "sklearn.metrics.brier_score_loss",
    lambda p: metrics.brier_score_loss(xg.asarray(np.arange(8) % 2), p),
    POSITIVE / 3,
)
refused("sklearn.preprocessing.scale", preprocessing.scale, M)
refused(
    "sklearn.linear_model.Lasso.fit", lambda x: linear_model.Lasso().fit(x, xg.asarray(X[:3])), M
)
refused(
    "sklearn.linear_model.LinearRegression.fit",
    lambda x: linear_model.LinearRegression().fit(x, xg.asarray(X[:3])),
    M,
)

for name in "obrientransform trimboth trim1 expectile energy_distance theilslopes".split():
    more = {"trimboth": (0.1,), "trim1": (0.1,), "expectile": (0.3,)}.get(name, ())
    more = (T,) if name in ("energy_distance", "theilslopes") else more
    refused(f"scipy.stats.{name}", getattr(stats, name), X, *more)
refused("scipy.stats.Normal", lambda m: stats.Normal(mu=m).logpdf(1.0), X[:3])
refused("scipy.stats.norm.logpdf", stats.norm.logpdf, X, named=False)
refused("scipy.stats.gamma.pdf", lambda x: stats.gamma.pdf(x, 2.0), POSITIVE, named=False)
refused(
    "scipy.stats.multivariate_normal",
    lambda x: stats.multivariate_normal.logpdf(x, np.zeros(3), np.eye(3)),
    X[:3],
    named=False,
)
refused("scipy.signal.correlate2d", signal.correlate2d, M, M)
for name in "medfilt2d cspline1d square sawtooth czt hilbert2d".split()[:5]:
    refused(f"scipy.signal.{name}", getattr(signal, name), M if name == "medfilt2d" else X)
refused("scipy.signal.upfirdn", lambda x: signal.upfirdn(x, x, 2), X)
refused("scipy.signal.chirp", lambda x: signal.chirp(x, 1.0, 1.0, 3.0), X)
refused("scipy.signal.coherence", lambda x: signal.coherence(x, x, nperseg=4), X)
for (
    name
) in "sum_labels mean variance standard_deviation maximum minimum median center_of_mass".split():
    refused(f"scipy.ndimage.{name}", getattr(ndimage, name), M)
for name in "grey_closing grey_dilation grey_erosion grey_opening white_tophat black_tophat minimum_filter".split():
    refused(f"scipy.ndimage.{name}", lambda x, f=getattr(ndimage, name): f(x, size=2), M)
for name in "gaussian_laplace gaussian_gradient_magnitude fourier_shift".split():
    refused(f"scipy.ndimage.{name}", getattr(ndimage, name), M, 1.0)
refused("scipy.ndimage.affine_transform", lambda x: ndimage.affine_transform(x, xg.eye(2)), M)
refused("scipy.cluster.vq.vq", lambda x: scipy.cluster.vq.vq(x, x), M)
for name in "BarycentricInterpolator KroghInterpolator AAA".split():
    refused(
        f"scipy.interpolate.{name}",
        lambda y, f=getattr(interpolate, name): f(np.arange(3.0), y)(0.5),
        X[:3],
        named=False,
    )
refused("scipy.interpolate.CubicSpline", lambda x: interpolate.CubicSpline(T, X)(x), POSITIVE)
refused(
    "scipy.interpolate.griddata",
    lambda y: interpolate.griddata(M[:, :2], y, M[:1, :2]),
    X[:3],
    named=False,
)
refused(
    "scipy.optimize.minimize",
    lambda p: optimize.minimize(lambda z: xg.sum((z - p) ** 2), np.zeros(3)),
    X[:3],
    says="use xgrad.optimize.minimize",
)
refused(
    "scipy.optimize.minimize_scalar",
    lambda p: optimize.minimize_scalar(lambda z: (z - p) ** 2),
    np.asarray(0.7),
    named=False,
)
refused("scipy.optimize.linprog", optimize.linprog, X[:3])
refused(
    "scipy.optimize.approx_fprime", lambda x: optimize.approx_fprime(x, lambda v: xg.sum(v**2)), X
)
refused(
    "scipy.integrate.dblquad",
    lambda p: integrate.dblquad(lambda y, x: x * y * p, 0, 1, 0, 1),
    np.asarray(0.7),
    named=False,
)
refused("scipy.integrate.quad", lambda p: integrate.quad(np.sin, 0, p), np.asarray(0.7))
refused(
    "scipy.integrate.solve_ivp",
    lambda p: integrate.solve_ivp(lambda t, y: -p * y, (0, 1), [1.0, 2.0]),
    np.asarray(0.7),
    named=False,
)
refused("scipy.linalg.expm_frechet", lambda x: linalg.expm_frechet(x, x), M)
refused("scipy.linalg.matmul_toeplitz", lambda x: linalg.matmul_toeplitz((x, x), x), X)
refused("scipy.spatial.distance.euclidean", spatial.distance.euclidean, X, POSITIVE)
refused("scipy.spatial.distance.cosine", spatial.distance.cosine, X, POSITIVE)
refused("scipy.spatial.distance_matrix", spatial.distance_matrix, M, M)
refused("scipy.spatial.procrustes", lambda x: spatial.procrustes(x, M), M)
for name in "brentq brenth bisect ridder toms748".split():
    refused(
        f"scipy.optimize.{name}",
        lambda p, f=getattr(optimize, name): f(lambda z: z**3 - p, 0.0, 3.0),
        np.asarray(2.0),
    )
refused(
    "scipy.optimize.root_scalar",
    lambda p: optimize.root_scalar(lambda z: z**3 - p, bracket=(0.0, 3.0)),
    np.asarray(2.0),
)

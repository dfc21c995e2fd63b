"""scikit-learn on Tensors, with ``array_api_dispatch``."""

import numpy as np
from sklearn import decomposition, linear_model, metrics, preprocessing
from sklearn.metrics import pairwise

from tests.interop.calls import call

X = np.asarray(
    [[2.0, 0.3, 0.1], [0.3, 1.5, 0.2], [0.1, 0.2, 3.0], [1.0, 2.0, 0.5], [0.6, 0.9, 1.3]]
)
Y = np.asarray(
    [[0.5, 1.1, 0.7], [1.3, 0.4, 0.9], [0.8, 1.7, 0.2], [2.1, 0.6, 1.9], [0.35, 0.85, 1.45]]
)
T = np.asarray([1.0, 0.2, 0.5, 0.7, 1.9])
R = "sklearn.metrics."

for name in (
    "mean_squared_error mean_absolute_error median_absolute_error r2_score mean_squared_log_error "
    "root_mean_squared_error root_mean_squared_log_error mean_absolute_percentage_error "
    "explained_variance_score mean_pinball_loss d2_absolute_error_score d2_pinball_score"
).split():
    call(R + name, lambda a, b, f=getattr(metrics, name): f(a, b, multioutput="raw_values"), X, Y)
for name in (
    "euclidean_distances manhattan_distances cosine_similarity cosine_distances rbf_kernel "
    "laplacian_kernel polynomial_kernel sigmoid_kernel linear_kernel additive_chi2_kernel chi2_kernel "
    "paired_euclidean_distances paired_manhattan_distances paired_cosine_distances"
).split():
    call(f"{R}pairwise.{name}", getattr(pairwise, name), X, Y)
call(R + "pairwise_distances", metrics.pairwise_distances, X, Y)
call(
    R + "pairwise_distances", lambda a: metrics.pairwise_distances(a)[0, 1:], X, note="one argument"
)
for name in "StandardScaler MinMaxScaler MaxAbsScaler Normalizer".split():
    call(
        f"sklearn.preprocessing.{name}",
        lambda a, n=name: getattr(preprocessing, n)().fit_transform(a),
        X,
    )
    both = (0, 1) if name != "Normalizer" else (1,)
    call(
        f"sklearn.preprocessing.{name}",
        lambda a, b, n=name: getattr(preprocessing, n)().fit(a).transform(b),
        X,
        Y,
        wrt=both,
        note="fit, transform",
    )
call(
    "sklearn.preprocessing.PolynomialFeatures",
    lambda a: preprocessing.PolynomialFeatures().fit_transform(a),
    X,
)
call(
    "sklearn.preprocessing.KernelCenterer",
    lambda k: preprocessing.KernelCenterer().fit_transform(k),
    X[:3],
)
call("sklearn.preprocessing.minmax_scale", preprocessing.minmax_scale, X)
call("sklearn.preprocessing.maxabs_scale", preprocessing.maxabs_scale, X)
for norm in ("l1", "l2", "max"):
    call(
        "sklearn.preprocessing.normalize",
        lambda a, n=norm: preprocessing.normalize(a, norm=n),
        X,
        note=norm,
    )
for solver in ("full", "covariance_eigh"):
    call(
        "sklearn.decomposition.PCA",
        lambda a, s=solver: decomposition.PCA(2, svd_solver=s).fit(a).explained_variance_,
        X,
        note=solver,
    )
    call(
        "sklearn.decomposition.PCA",
        lambda a, s=solver: decomposition.PCA(2, svd_solver=s).fit_transform(a),
        X,
        note=f"{solver}, scores",
    )
call(
    "sklearn.linear_model.Ridge",
    lambda a, t: linear_model.Ridge(solver="svd").fit(a, t).coef_,
    X,
    T,
    note="coef_",
)
call(
    "sklearn.linear_model.Ridge",
    lambda a, t, b: linear_model.Ridge(solver="svd").fit(a, t).predict(b),
    X,
    T,
    Y,
    note="predict",
)

"""Estimators and helpers of scikit-learn on Tensors, with ``array_api_dispatch``."""

import numpy as np
from sklearn import (
    cluster,
    covariance,
    cross_decomposition,
    decomposition,
    discriminant_analysis,
    feature_selection,
    gaussian_process,
    impute,
    kernel_approximation,
    kernel_ridge,
    linear_model,
    metrics,
    mixture,
    model_selection,
    naive_bayes,
    preprocessing,
    random_projection,
    utils,
)
from sklearn.metrics import pairwise
from sklearn.utils import extmath

import xgrad as xg
from tests.interop.calls import call, refused

X = np.asarray(
    [
        [2.0, 0.3, 0.1],
        [0.3, 1.5, 0.2],
        [0.1, 0.2, 3.0],
        [1.0, 2.0, 0.5],
        [0.6, 0.9, 1.3],
        [1.6, 0.4, 2.3],
    ]
)
Y = np.asarray(
    [
        [0.5, 1.1, 0.7],
        [1.3, 0.4, 0.9],
        [0.8, 1.7, 0.2],
        [2.1, 0.6, 1.9],
        [0.35, 0.85, 1.45],
        [0.2, 1.0, 0.4],
    ]
)
T = np.asarray([1.0, 0.2, 0.5, 0.7, 1.9, 1.1])
LABELS = np.asarray([0, 1, 0, 1, 1, 0])
SCORES = np.asarray([0.5, 0.1, 0.25, 0.35, 0.95, 0.55])
C = "sklearn."


def labels(x):
    """Return the labels in the library of an array."""
    return LABELS if isinstance(x, np.ndarray) else xg.asarray(LABELS)


def like(x, numbers):
    """Return constants in the library of an array."""
    return np.asarray(numbers) if isinstance(x, np.ndarray) else xg.asarray(numbers)


def discriminant(x):
    return discriminant_analysis.LinearDiscriminantAnalysis().fit(x, labels(x))


def principal(x, **options):
    return decomposition.PCA(2, svd_solver="full", **options).fit(x)


N = C + "discriminant_analysis.LinearDiscriminantAnalysis"
call(N, lambda x: discriminant(x).transform(x), X, note="transform")
call(N, lambda x: discriminant(x).decision_function(x), X, note="decision_function")
call(N, lambda x: discriminant(x).predict_proba(x), X, note="predict_proba")
N = C + "naive_bayes.GaussianNB"
call(N, lambda x: naive_bayes.GaussianNB().fit(x, labels(x)).predict_proba(x), X)
call(
    N,
    lambda x: naive_bayes.GaussianNB().fit(x, labels(x)).predict_log_proba(x),
    X,
    note="logarithms",
)


def clusters(x):
    start = {
        "means_init": like(x, X[:2]),
        "precisions_init": like(x, np.stack([np.eye(3)] * 2)),
        "weights_init": like(x, [0.5, 0.5]),
    }
    model = mixture.GaussianMixture(2, init_params="random", max_iter=3, random_state=0, **start)
    return model.fit(x).means_


call(C + "mixture.GaussianMixture", clusters, X)
N = C + "linear_model."
call(N + "RidgeCV", lambda x, t: linear_model.RidgeCV().fit(x, t).coef_, X, T)
call(
    N + "RidgeClassifier",
    lambda x: linear_model.RidgeClassifier(solver="svd").fit(x, labels(x)).coef_,
    X,
)
call(N + "Ridge", lambda x, t: linear_model.Ridge().fit(x, t).coef_, X, T, note="auto")
call(
    C + "kernel_approximation.Nystroem",
    lambda x: kernel_approximation.Nystroem(n_components=3, random_state=0).fit_transform(x),
    X,
)
N = C + "decomposition."
call(N + "TruncatedSVD", lambda x: decomposition.TruncatedSVD(2).fit_transform(x), X)
call(
    N + "PCA",
    lambda x: principal(x).inverse_transform(principal(x).transform(x)),
    X,
    note="inverse",
)
call(N + "PCA", lambda x: principal(x).score_samples(x), X, note="score_samples")
call(N + "PCA", lambda x: principal(x).get_covariance(), X, note="get_covariance")
call(N + "PCA", lambda x: principal(x, whiten=True).transform(x), X, note="whiten")
call(
    N + "PCA",
    lambda x: (
        decomposition.PCA(2, svd_solver="randomized", random_state=0).fit(x).explained_variance_
    ),
    X,
    note="randomized",
)
N = C + "preprocessing."
call(
    N + "StandardScaler",
    lambda x, y: preprocessing.StandardScaler().fit(x).inverse_transform(y),
    X,
    Y,
    note="inverse",
)
call(
    N + "MinMaxScaler",
    lambda x, y: preprocessing.MinMaxScaler().fit(x).inverse_transform(y),
    X,
    Y,
    note="inverse",
)
call(
    N + "FunctionTransformer",
    lambda x: preprocessing.FunctionTransformer(np.log1p).fit_transform(x),
    X,
)
call(N + "add_dummy_feature", preprocessing.add_dummy_feature, X)
call(
    C + "random_projection.GaussianRandomProjection",
    lambda x: random_projection.GaussianRandomProjection(2, random_state=0).fit_transform(x),
    X,
)
call(
    C + "model_selection.train_test_split",
    lambda x: model_selection.train_test_split(x, random_state=0)[0],
    X,
)
call(C + "utils.resample", lambda x: utils.resample(x, random_state=0), X)
call(C + "utils.shuffle", lambda x: utils.shuffle(x, random_state=0), X)
N = C + "utils.extmath."
call(N + "softmax", extmath.softmax, X)
call(N + "randomized_svd", lambda x: extmath.randomized_svd(x, 2, random_state=0)[1], X)
call(N + "safe_sparse_dot", lambda x, y: extmath.safe_sparse_dot(x, y.T), X, Y)
call(N + "row_norms", extmath.row_norms, X)
N = C + "metrics."
call(
    N + "roc_curve",
    lambda s: metrics.roc_curve(labels(s), s, drop_intermediate=False)[2][1:],
    SCORES,
    note="thresholds",
)
call(N + "det_curve", lambda s: metrics.det_curve(labels(s), s)[2], SCORES, note="thresholds")
call(
    N + "precision_recall_curve",
    lambda s: metrics.precision_recall_curve(labels(s), s)[2],
    SCORES,
    note="thresholds",
)
call(N + "pairwise.nan_euclidean_distances", pairwise.nan_euclidean_distances, X, Y)
call(
    N + "pairwise_distances_argmin_min",
    lambda x, y: metrics.pairwise_distances_argmin_min(x, y)[1],
    X,
    Y,
)
for metric in ("cosine", "l1", "manhattan", "euclidean"):
    call(
        N + "pairwise_distances",
        lambda x, y, m=metric: metrics.pairwise_distances(x, y, metric=m),
        X,
        Y,
        note=metric,
    )

for name in "Lasso ElasticNet BayesianRidge ARDRegression".split():
    refused(
        f"{C}linear_model.{name}.fit",
        lambda x, f=getattr(linear_model, name): f().fit(x, xg.asarray(T)),
        X,
    )
refused(
    C + "linear_model.LogisticRegression.fit",
    lambda x: linear_model.LogisticRegression().fit(x, labels(x)),
    X,
)
for name in "LedoitWolf OAS EmpiricalCovariance ShrunkCovariance".split():
    refused(f"{C}covariance.{name}.fit", lambda x, f=getattr(covariance, name): f().fit(x), X)
for name in "KernelPCA NMF".split():
    refused(
        f"{C}decomposition.{name}.fit_transform",
        lambda x, f=getattr(decomposition, name): f(2).fit_transform(x),
        X,
    )
refused(C + "decomposition.IncrementalPCA.fit", lambda x: decomposition.IncrementalPCA(2).fit(x), X)
refused(C + "cluster.KMeans.fit", lambda x: cluster.KMeans(2, n_init=1, random_state=0).fit(x), X)
refused(
    C + "kernel_ridge.KernelRidge.fit",
    lambda x: kernel_ridge.KernelRidge().fit(x, xg.asarray(T)),
    X,
)
refused(
    C + "gaussian_process.GaussianProcessRegressor.fit",
    lambda x: gaussian_process.GaussianProcessRegressor().fit(x, xg.asarray(T)),
    X,
)
refused(
    C + "cross_decomposition.PLSRegression.fit",
    lambda x: cross_decomposition.PLSRegression(2).fit(x, xg.asarray(Y[:, :2])),
    X,
)
refused(
    C + "feature_selection.f_regression",
    lambda x: feature_selection.f_regression(x, xg.asarray(T)),
    X,
)
refused(
    C + "feature_selection.VarianceThreshold.fit",
    lambda x: feature_selection.VarianceThreshold().fit(x),
    X,
)
refused(C + "impute.SimpleImputer.fit", lambda x: impute.SimpleImputer().fit(x), X)
refused(
    C + "preprocessing.KBinsDiscretizer.fit",
    lambda x: preprocessing.KBinsDiscretizer(2, encode="ordinal").fit(x),
    X,
)
for name in "calinski_harabasz_score davies_bouldin_score".split():
    refused(f"{C}metrics.{name}", lambda x, f=getattr(metrics, name): f(x, labels(x)), X)
for name in "d2_tweedie_score mean_tweedie_deviance".split():
    refused(f"{C}metrics.{name}", getattr(metrics, name), T, T + 0.3)
for name in "d2_log_loss_score d2_brier_score hinge_loss".split():
    refused(f"{C}metrics.{name}", lambda s, f=getattr(metrics, name): f(labels(s), s), SCORES)
refused(
    C + "metrics.silhouette_score", lambda x: metrics.silhouette_score(x, labels(x)), X, named=False
)
refused(
    C + "metrics.dcg_score",
    lambda x: metrics.dcg_score(xg.asarray((Y > 0.8) * 1), x),
    X,
    named=False,
)
refused(
    C + "metrics.pairwise.haversine_distances",
    lambda x: pairwise.haversine_distances(x, x),
    X[:, :2],
)

"""`scipy.stats` on Tensors."""

import numpy as np
from scipy import stats

import xgrad as xg
from tests.interop.calls import call

X = np.asarray([0.31, 1.24, 0.77, 2.13, 1.65, 0.92, 2.71, 0.15, 1.43, 0.58])
Y = np.asarray([1.05, 0.22, 0.51, 0.73, 1.94, 0.11, 1.37, 0.64, 2.22, 0.88])
Z = np.asarray([0.45, 1.52, 1.11, 0.37, 0.94, 1.71, 0.29, 2.04, 0.83, 1.26])
M = np.stack([X, Y, Z])
P = np.asarray([0.03, 0.21, 0.44, 0.08])
S = "scipy.stats."


def both(result):
    return result.statistic, result.pvalue


for name in (
    "skew kurtosis gmean hmean tmean tvar tstd tsem sem variation median_abs_deviation iqr "
    "zscore gzscore gstd entropy differential_entropy circmean circvar circstd kstat kstatvar"
).split():
    call(S + name, getattr(stats, name), X)
for name in "skew kurtosis gmean hmean sem variation zscore entropy".split():
    f = getattr(stats, name)
    call(S + name, lambda x, f=f: f(x, axis=1), M, note="axis=1")
call(S + "pmean", lambda x: stats.pmean(x, 1.7), X)
call(S + "skew", lambda x: stats.skew(x, bias=False), X, note="unbiased")
call(S + "kurtosis", lambda x: stats.kurtosis(x, fisher=False, bias=False), X, note="unbiased")
call(S + "moment", lambda x: stats.moment(x, order=3), X, note="order=3")
call(S + "trim_mean", lambda x: stats.trim_mean(x, 0.2), X)
call(S + "lmoment", stats.lmoment, X)
call(S + "quantile", lambda x: stats.quantile(x, 0.37), X)
call(S + "zmap", stats.zmap, X, Y)
call(S + "describe", lambda x: tuple(stats.describe(x))[2:], X)
call(S + "tmin", stats.tmin, X)
call(S + "tmax", stats.tmax, X)
call(S + "entropy", stats.entropy, X, Y, note="relative")
call(S + "directional_stats", lambda x: (stats.directional_stats(x).mean_direction,), M.T)
for name in "skewtest kurtosistest normaltest jarque_bera".split():
    x = X if name != "kurtosistest" else np.concatenate([X, Y, Z])
    call(S + name, lambda x, f=getattr(stats, name): both(f(x)), x)
call(S + "ttest_1samp", lambda x: both(stats.ttest_1samp(x, 0.9)), X)
for name in "ttest_ind ttest_rel f_oneway bartlett levene pearsonr alexandergovern".split():
    call(S + name, lambda x, y, f=getattr(stats, name): both(f(x, y)), X, Y)
call(
    S + "ttest_ind",
    lambda x, y: both(stats.ttest_ind(x, y, equal_var=False)),
    X,
    Y,
    note="Welch",
)
call(S + "chisquare", lambda x: both(stats.chisquare(x)), X)
call(S + "power_divergence", lambda x: both(stats.power_divergence(x, lambda_=0.5)), X)
call(S + "combine_pvalues", lambda p: both(stats.combine_pvalues(p)), P)
call(
    S + "combine_pvalues", lambda p: both(stats.combine_pvalues(p, "stouffer")), P, note="stouffer"
)
call(S + "combine_pvalues", lambda p: both(stats.combine_pvalues(p, "pearson")), P, note="pearson")
call(S + "false_discovery_control", stats.false_discovery_control, P)
call(S + "boxcox_llf", lambda x: stats.boxcox_llf(0.4, x), X)
call(S + "yeojohnson_llf", lambda x: stats.yeojohnson_llf(0.4, x), X)
call(S + "sigmaclip", lambda x: stats.sigmaclip(x).clipped, X)
call(
    S + "ttest_ind_from_stats",
    lambda a, b: both(stats.ttest_ind_from_stats(a, b, 10, a / 2, b, 12)),
    X,
    Y,
)
call(
    S + "bootstrap",
    lambda x: tuple(
        stats.bootstrap(
            (x,),
            lambda v, axis: np.mean(v, axis=axis),
            n_resamples=20,
            method="basic",
            vectorized=True,
            rng=np.random.default_rng(1),
        ).confidence_interval
    ),
    X,
)
call(
    S + "monte_carlo_test",
    lambda x: (
        stats.monte_carlo_test(
            x,
            lambda size: (
                np.random.default_rng(1).normal(size=size)
                if isinstance(x, np.ndarray)
                else xg.asarray(np.random.default_rng(1).normal(size=size))
            ),
            lambda v, axis: np.mean(v, axis=axis),
            n_resamples=20,
        ).statistic
    ),
    X,
)

call(S + "epps_singleton_2samp", lambda x, y: both(stats.epps_singleton_2samp(x, y)), X, Y)
call(S + "mode", lambda x: stats.mode(x).mode, X)
call(
    S + "permutation_test",
    lambda x, y: (
        stats.permutation_test(
            (x, y),
            lambda a, b, axis: np.mean(a, axis=axis) - np.mean(b, axis=axis),
            n_resamples=20,
            vectorized=True,
            rng=np.random.default_rng(1),
        ).statistic
    ),
    X,
    Y,
)

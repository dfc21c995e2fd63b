"""Integrals, derivatives, roots, interpolation, linear algebra, rotations of SciPy on Tensors."""

import numpy as np
from scipy import constants, differentiate, integrate, linalg, optimize, spatial
from scipy.cluster import vq
from scipy.optimize import elementwise

import xgrad as xg
from tests.interop.calls import call

X = np.asarray([0.3, 1.2, 0.7, 2.1, 1.6, 0.9])
T = np.asarray([0.0, 0.5, 1.1, 1.4, 2.3, 3.0])
P = np.asarray([0.8, 1.4, 2.0])
LOW, HIGH = np.asarray([0.0, 0.1, 0.2]), np.asarray([2.5, 3.0, 2.7])
M = np.asarray([[2.0, 0.3, 0.1], [0.3, 1.5, 0.2], [0.1, 0.2, 3.0]])
I, D, E, O = (
    "scipy.integrate.",
    "scipy.differentiate.",
    "scipy.optimize.elementwise.",
    "scipy.optimize.",
)


def like(x, numbers):
    """Return constants of the library of an array."""
    return np.asarray(numbers) if isinstance(x, np.ndarray) else xg.asarray(numbers)


def gaussian(z, p):
    return np.exp(-p * z * z)


def cubic(z, p):
    return z**3 + p * z - 2.0


def valley(z, p):
    return np.cosh(z - p) + 0.1 * z


call(I + "trapezoid", integrate.trapezoid, X, T)
call(I + "trapezoid", lambda y: integrate.trapezoid(y, dx=0.3), X, note="dx")
call(I + "cumulative_trapezoid", integrate.cumulative_trapezoid, X, T)
call(
    I + "cumulative_trapezoid",
    lambda y: integrate.cumulative_trapezoid(y, initial=0),
    X,
    note="initial",
)
call(I + "cumulative_simpson", lambda y, x: integrate.cumulative_simpson(y, x=x), X, T)
call(I + "romb", integrate.romb, X[:5])
call(
    I + "tanhsinh",
    lambda a, b, p: integrate.tanhsinh(gaussian, a, b, args=(p,)).integral,
    LOW,
    HIGH,
    P,
)
call(
    I + "nsum",
    lambda p: integrate.nsum(lambda k, p: p ** (-k), like(p, [0.0]), like(p, [9.0]), args=(p,)).sum,
    P + 1,
)
call(
    I + "cubature",
    lambda p: (
        integrate.cubature(
            lambda z: np.exp(-p * z[:, :1] ** 2), like(p, [0.0]), like(p, [2.0])
        ).estimate
    ),
    P,
)
call(
    I + "cubature",
    lambda p: (
        integrate.cubature(
            lambda z: np.sin(z[:, :1] * p) * z[:, 1:],
            like(p, [0.0, 0.0]),
            like(p, [2.0, 1.0]),
            rule="gk21",
        ).estimate
    ),
    P,
    note="two variables",
)
call(
    I + "cubature",
    lambda p, b: (
        integrate.cubature(
            lambda z, p: np.exp(-np.sum(z**2, axis=-1) * p), like(p, [0.0, 0.0]), b, args=(p,)
        ).estimate
    ),
    np.asarray(1.3),
    np.asarray([1.0, 1.2]),
    note="args and limits",
)
for rule, low, high in (("genz-malik", [0.0, 0.0], [1.0, 1.0]), ("gk21", [-np.inf], [np.inf])):
    call(
        I + "cubature",
        lambda p, r=rule, low=low, high=high: (
            integrate.cubature(
                lambda z: np.exp(-np.sum(z**2, axis=-1) * p), like(p, low), like(p, high), rule=r
            ).estimate
        ),
        np.asarray(1.3),
        note=rule if len(low) == 2 else "infinite limits",
    )
call(I + "quad_vec", lambda p: integrate.quad_vec(lambda z: np.exp(-p * z * z), 0, 2)[0], P)
call(
    I + "qmc_quad",
    lambda p: (
        integrate.qmc_quad(
            lambda z: np.exp(-np.sum(z**2, axis=0) * np.sum(p)),
            like(p, [0.0, 0.0]),
            like(p, [1.0, 1.0]),
            n_points=64,
            n_estimates=2,
            qrng=__import__("scipy.stats").stats.qmc.Halton(2, rng=np.random.default_rng(1)),
        ).integral
    ),
    P,
)
call(D + "derivative", lambda x: differentiate.derivative(np.sin, x).df, X, rtol=1e-5, step=1e-2)
call(
    D + "derivative",
    lambda x, p: differentiate.derivative(gaussian, x, args=(p,)).df,
    P,
    P,
    note="args",
    rtol=1e-5,
    step=1e-2,
)
call(
    D + "jacobian",
    lambda x: (
        differentiate.jacobian(
            lambda z: (
                np.stack([z[0] * z[1], np.sin(z[2])])
                if isinstance(z, np.ndarray)
                else xg.stack([z[0] * z[1], xg.sin(z[2])])
            ),
            x,
        ).df
    ),
    P,
    rtol=1e-5,
    step=1e-2,
)
call(
    D + "hessian",
    lambda x: differentiate.hessian(lambda z: np.sin(z[0]) * z[1] + z[2] ** 3, x).ddf,
    P,
    rtol=1e-4,
    step=3e-2,
)
call(
    E + "find_root",
    lambda p: elementwise.find_root(cubic, (like(p, LOW), like(p, HIGH)), args=(p,)).x,
    P,
)
call(
    E + "find_root",
    lambda p: elementwise.find_root(lambda z: cubic(z, p), (like(p, LOW), like(p, HIGH))).x,
    np.asarray(0.8),
    note="closure",
)
call(
    E + "find_root",
    lambda p: (
        elementwise.find_root(
            lambda z, p: np.tanh(z - p), (like(p, [-1.0]), like(p, [1.0])), args=(p,)
        ).x
    ),
    np.asarray([0.0]),
    note="root at the first step",
)
call(
    E + "find_minimum",
    lambda p: (
        elementwise.find_minimum(valley, (like(p, P - 3), like(p, P), like(p, P + 3)), args=(p,)).x
    ),
    P,
    rtol=1e-4,
    step=1e-2,
)
call(
    E + "find_minimum",
    lambda p: (
        elementwise.find_minimum(
            valley, (like(p, P - 3), like(p, P), like(p, P + 3)), args=(p,)
        ).f_x
    ),
    P,
    note="f_x",
)
call(
    E + "bracket_root",
    lambda x, p: elementwise.bracket_root(cubic, x, args=(p,)).bracket,
    LOW,
    P,
    wrt=(0,),
)
call(
    E + "bracket_minimum",
    lambda x, p: elementwise.bracket_minimum(valley, x, args=(p,)).bracket,
    P + 0.3,
    P,
    wrt=(0,),
)
call(O + "rosen", optimize.rosen, X)
call(O + "rosen_der", optimize.rosen_der, X)
call(O + "rosen_hess", optimize.rosen_hess, X)
call(O + "rosen_hess_prod", optimize.rosen_hess_prod, X, T)
call("scipy.linalg.block_diag", linalg.block_diag, M, M[:2])
call("scipy.linalg.fiedler", linalg.fiedler, X)
call("scipy.linalg.orthogonal_procrustes", linalg.orthogonal_procrustes, M, M @ M + np.eye(3))
call(
    "scipy.spatial.transform.Rotation",
    lambda v: spatial.transform.Rotation.from_rotvec(v).as_matrix(),
    P,
    note="from_rotvec, as_matrix",
)
call(
    "scipy.spatial.transform.Rotation",
    lambda v: spatial.transform.Rotation.from_euler("xyz", v).as_quat(),
    P / 3,
    note="from_euler, as_quat",
)
call(
    "scipy.spatial.transform.Rotation",
    lambda v, x: spatial.transform.Rotation.from_rotvec(v).apply(x),
    P,
    M[0],
    note="apply",
)
call(
    "scipy.spatial.transform.Rotation",
    lambda q: spatial.transform.Rotation.from_quat(q).as_rotvec(),
    X[:4],
    note="from_quat, as_rotvec",
)
call(
    "scipy.spatial.transform.Rotation",
    lambda v: spatial.transform.Rotation.from_rotvec(v).as_mrp(),
    P,
    note="as_mrp",
)
call(
    "scipy.spatial.transform.Rotation",
    lambda v, w: (
        spatial.transform.Rotation.from_rotvec(v) * spatial.transform.Rotation.from_rotvec(w)
    ).as_rotvec(),
    P / 2,
    P[::-1].copy() / 3,
    note="product",
)
call(
    "scipy.spatial.transform.Rotation",
    lambda v: spatial.transform.Rotation.from_rotvec(v).inv().as_matrix(),
    P,
    note="inv",
)
call(
    "scipy.spatial.transform.Rotation",
    lambda v: spatial.transform.Rotation.from_rotvec(v).magnitude(),
    P / 2,
    note="magnitude",
)
call(
    "scipy.spatial.transform.RigidTransform",
    lambda t, x: spatial.transform.RigidTransform.from_translation(t).apply(x),
    P,
    M[0],
)


Rotation, RigidTransform = spatial.transform.Rotation, spatial.transform.RigidTransform
R = "scipy.spatial.transform."
POSE = np.concatenate([P / 3, P])
call(R + "Rotation", lambda v: Rotation.from_mrp(v).as_matrix(), P / 4, note="from_mrp")
call(R + "Rotation", lambda v: Rotation.from_rotvec(v).as_euler("xyz"), P / 3, note="as_euler")
call(R + "Rotation", lambda v: Rotation.from_rotvec(v).mean().as_matrix(), M / 3, note="mean")
call(R + "Rotation", lambda v: (Rotation.from_rotvec(v) ** 0.3).as_matrix(), P / 3, note="power")
call(R + "Rotation", lambda v: Rotation.from_rotvec(v)[0].as_matrix(), M / 3, note="index")
call(
    R + "Rotation",
    lambda a, b: Rotation.align_vectors(a, b)[0].as_matrix(),
    M,
    M + 0.3,
    note="align",
)
call(
    R + "Slerp",
    lambda v: spatial.transform.Slerp(like(v, T[:3]), Rotation.from_rotvec(v))(
        like(v, [0.3, 0.9])
    ).as_matrix(),
    M / 3,
)
call(
    R + "RigidTransform",
    lambda v: RigidTransform.from_exp_coords(v).as_matrix(),
    POSE,
    note="from_exp_coords",
)
call(
    R + "RigidTransform",
    lambda v: RigidTransform.from_exp_coords(v).inv().as_exp_coords(),
    POSE,
    note="inv",
)
call(
    R + "RigidTransform",
    lambda t, r: RigidTransform.from_components(t, Rotation.from_rotvec(r)).as_dual_quat(),
    P,
    P / 3,
    note="as_dual_quat",
)
call("scipy.cluster.vq.whiten", vq.whiten, M)
call("scipy.constants.convert_temperature", lambda x: constants.convert_temperature(x, "C", "K"), P)
call(
    I + "fixed_quad",
    lambda p: integrate.fixed_quad(lambda z: np.exp(-z * p), 0, 1)[0],
    np.asarray(1.3),
)
call(O + "newton", lambda p: optimize.newton(lambda z: z**3 - p, 1.0), np.asarray(1.4))

LIMITS = {"[0, inf)": (0.0, np.inf), "(-inf, inf)": (-np.inf, np.inf), "(-inf, 1]": (-np.inf, 1.0)}
for interval, (low, high) in LIMITS.items():
    for f in (gaussian, lambda z, p: 1 / (1 + p * z * z), lambda z, p: np.exp(-p * np.abs(z))):
        call(
            I + "tanhsinh",
            lambda p, f=f, low=low, high=high: (
                integrate.tanhsinh(f, like(p, low), like(p, high), args=(p,)).integral
            ),
            P,
            note=f"{interval} {f.__name__} {f.__code__.co_firstlineno}",
        )
call(
    I + "tanhsinh",
    lambda a: integrate.tanhsinh(lambda z: np.exp(-z * z), a, like(a, np.inf)).integral,
    P,
    note="lower limit",
)
call(
    I + "nsum",
    lambda p: integrate.nsum(lambda k, p: 1 / k**p, like(p, 1.0), like(p, np.inf), args=(p,)).sum,
    np.asarray([1.5, 1.8, 2.0]),
    note="infinite",
)

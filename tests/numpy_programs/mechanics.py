"""Particles, bodies, structures, rays."""

from tests.numpy_programs.registry import BUFFER, JOINER, LIST, UPDATE, VALUES, program, random


@program(
    random(4, 2, seed=1, scale=2.0),
    random(4, 2, seed=2, scale=0.3),
    [1.0, 2.0, 0.5, 1.5],
    plain=BUFFER,
)
def n_body(np, positions, velocities, masses):
    """Four bodies, velocity Verlet; the energy at the end."""

    def forces(x):
        a = np.zeros_like(x)
        for i in range(len(masses)):
            for j in range(len(masses)):
                if i != j:
                    d = x[j] - x[i]
                    a[i] += masses[j] * d / (np.sum(d**2) + 0.1) ** 1.5
        return a

    x, v = positions.copy(), velocities.copy()
    history = np.zeros((6, *x.shape))
    dt, a = 0.05, forces(x)
    for step in range(6):
        v += 0.5 * dt * a
        x += dt * v
        a = forces(x)
        v += 0.5 * dt * a
        history[step] = x
    kinetic = 0.5 * np.sum(masses[:, None] * v**2)
    return kinetic + np.mean(history[-1] ** 2) + np.mean(history[2] * history[3])


@program([0.7, -0.4], [0.1, 0.2], [1.0, 0.8, 1.2], plain=LIST)
def double_pendulum(np, angles, speeds, parameters):
    """The Lagrangian's equations with a mass matrix, Runge-Kutta."""
    l1, l2, m2 = parameters
    g = 9.81

    def accelerations(q, v):
        c, s = np.cos(q[0] - q[1]), np.sin(q[0] - q[1])
        mass = np.array([[(1 + m2) * l1**2, m2 * l1 * l2 * c], [m2 * l1 * l2 * c, m2 * l2**2]])
        force = np.array(
            [
                -m2 * l1 * l2 * s * v[1] ** 2 - (1 + m2) * g * l1 * np.sin(q[0]),
                m2 * l1 * l2 * s * v[0] ** 2 - m2 * g * l2 * np.sin(q[1]),
            ]
        )
        return np.linalg.solve(mass, force)

    def rhs(y):
        return np.concatenate((y[2:], accelerations(y[:2], y[2:])))

    y = np.hstack((angles, speeds))
    h = 0.02
    for _ in range(8):
        k1 = rhs(y)
        k2 = rhs(y + h / 2 * k1)
        k3 = rhs(y + h / 2 * k2)
        k4 = rhs(y + h * k3)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    tip = np.array([l1 * np.sin(y[0]) + l2 * np.sin(y[1]), -l1 * np.cos(y[0]) - l2 * np.cos(y[1])])
    return tip @ tip + 0.1 * y[3]


@program([1.2, 0.1], [0.0, 0.9], plain=BUFFER)
def hamiltonian_flow(np, position, momentum):
    """Kepler's problem, a symplectic scheme; the trajectory is a buffer."""
    q, p = np.copy(position), np.copy(momentum)
    path = np.empty((10, 4))
    for n in range(10):
        r = np.sqrt(q @ q)
        p = p - 0.1 * q / r**3
        q = q + 0.1 * p
        path[n, :2], path[n, 2:] = q, p
    energy = 0.5 * np.sum(path[:, 2:] ** 2, axis=1) - 1 / np.linalg.norm(path[:, :2], axis=1)
    return np.ptp(energy) + np.mean(path[:, 0] * path[:, 3] - path[:, 1] * path[:, 2])


@program(random(5, 2, seed=3, shift=1.0, scale=0.4), [3.0, 2.0, 4.0, 1.5, 2.5], plain=UPDATE)
def spring_network(np, positions, stiffness):
    """Springs between nodes: forces are collected by index, the net relaxes."""
    edges = np.array([[0, 1], [1, 2], [2, 3], [3, 4], [4, 0]])
    rest = 0.5
    x = positions
    for _ in range(5):
        d = x[edges[:, 1]] - x[edges[:, 0]]
        length = np.sqrt(np.sum(d**2, axis=1, keepdims=True))
        pull = stiffness[:, None] * (length - rest) * d / length
        force = np.zeros(x.shape)
        for k, (i, j) in enumerate(edges):
            force[i] += pull[k]
            force[j] -= pull[k]
        x = x + 0.02 * force
    return np.sum(x[0] * x[1]) + np.max(np.linalg.norm(x, axis=-1))


@program([0.3, 0.5, -0.7], [1.0, 0.8, 0.5], plain=LIST)
def robot_arm(np, angles, lengths):
    """Forward kinematics with rotation matrices, one for each joint."""

    def rotation(t):
        return np.array([[np.cos(t), -np.sin(t), 0], [np.sin(t), np.cos(t), 0], [0, 0, 1]])

    def shift(length):
        move = np.eye(3)
        move[0, 2] = length
        return move

    pose = np.identity(3)
    for t, length in zip(angles, lengths, strict=True):
        pose = pose @ rotation(t) @ shift(length)
    tip = pose[:2, 2]
    target = np.array([1.0, 1.5])
    return np.sum((tip - target) ** 2) + 0.1 * np.arctan2(pose[1, 0], pose[0, 0])


@program([1.0, 2.0, 1.5, 0.8], [0.2, -1.0, 0.4], plain=BUFFER)
def beam(np, stiffness, loads):
    """A beam of four elements, clamped: assembly with np.ix_, then a solve."""
    n = len(stiffness)
    size = 2 * (n + 1)
    k_all = np.zeros((size, size))
    h = 0.5
    element = np.array(
        [[12, 6 * h, -12, 6 * h], [6 * h, 4 * h * h, -6 * h, 2 * h * h],
         [-12, -6 * h, 12, -6 * h], [6 * h, 2 * h * h, -6 * h, 4 * h * h]]
    ) / h**3  # fmt: skip
    for e in range(n):
        dofs = np.arange(2 * e, 2 * e + 4)
        k_all[np.ix_(dofs, dofs)] += stiffness[e] * element
    f = np.zeros(size)
    f[[2, 4, 8]] = loads
    free = np.arange(2, size)
    u = np.zeros(size)
    u[free] = np.linalg.solve(k_all[np.ix_(free, free)], f[free])
    return f @ u + u[-2] ** 2


@program([3.0, -5.0, 4.0], [1.0, 1.2, 0.6, 0.3], plain=LIST)
def optical_system(np, focal_lengths, distances):
    """Thin lenses as ray transfer matrices, and a fan of rays."""

    def space(d):
        return np.array([[1.0, d], [0.0, 1.0]])

    system = space(distances[0])
    for f, d in zip(focal_lengths, distances[1:], strict=True):
        system = space(d) @ np.array([[1.0, 0.0], [-1 / f, 1.0]]) @ system
    rays = np.vstack((np.linspace(-0.2, 0.2, 5), np.full(5, 0.05)))
    heights, slopes = system @ rays
    return np.var(heights) + np.abs(np.linalg.det(system)) + np.dot(slopes, heights)


@program(
    [0.0, 0.1, -2.0], [[0.0, 0.0, 2.0], [0.7, 0.3, 3.0]], [0.8, 0.6], plain=BUFFER, vmap=VALUES
)
def ray_tracer(np, eye, centers, radii):
    """Spheres with diffuse light: masks choose which pixels are hit."""
    height = width = 6
    ys, xs = np.mgrid[-0.8:0.8:6j, -0.8:0.8:6j]
    rays = np.dstack((xs, ys, np.ones((height, width)))).reshape(-1, 3)
    rays = rays / np.linalg.norm(rays, axis=1, keepdims=True)
    light = np.array([0.5, 0.8, -0.6])
    light = light / np.linalg.norm(light)
    image = np.zeros(height * width)
    depth = np.full(height * width, 1e3)
    for c, r in zip(centers, radii, strict=True):
        to_eye = eye - c
        b = rays @ to_eye
        disc = b**2 - (to_eye @ to_eye - r**2)
        hit = disc > 0
        if not np.any(hit):
            continue
        t = -b[hit] - np.sqrt(disc[hit])
        normal = (to_eye + t[:, None] * rays[hit]) / r
        shade = np.maximum(normal @ light, 0.05)
        nearer = t < depth[hit]
        image[hit] = np.where(nearer, shade * np.exp(-0.1 * t), image[hit])
        depth[hit] = np.minimum(t, depth[hit])
    return np.mean(image) + 0.01 * np.sum(image.reshape(height, width)[2] ** 2)


@program([0.4, 0.3, 0.2], [0.05], plain=JOINER)
def orbit_transfer(np, burns, drag):
    """Impulses along the velocity; the path is made with np.c_ and np.r_."""
    x, v = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    rows = []
    for burn in burns:
        v = v * (1 + 0.1 * burn)
        for _ in range(4):
            r = np.linalg.norm(x)
            v = v - 0.1 * (x / r**3 + drag * v)
            x = x + 0.1 * v
            rows.append(np.r_[x, v])
    path = np.array(rows)
    polar = np.c_[np.hypot(path[:, 0], path[:, 1]), np.arctan2(path[:, 1], path[:, 0])]
    return np.sum(np.diff(polar[:, 0]) ** 2) + polar[-1, 0] - 0.3 * polar[-1, 1] + np.sum(burns**2)

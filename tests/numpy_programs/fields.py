"""Partial differential equations, spectra, images, fluids."""

from tests.numpy_programs.registry import BUFFER, LIST, UPDATE, VALUES, program, random


@program(random(9, 4, 4, seed=4, scale=0.02, shift=0.11), [0.8])
def lattice_boltzmann(np, populations, relaxation):
    """Nine velocities: collide, stream with np.roll, bounce back at a mask."""
    w = np.array([4 / 9] + [1 / 9] * 4 + [1 / 36] * 4)
    c = np.array([[0, 0], [1, 0], [0, 1], [-1, 0], [0, -1], [1, 1], [-1, 1], [-1, -1], [1, -1]])
    opposite = [0, 3, 4, 1, 2, 7, 8, 5, 6]
    solid = np.zeros((4, 4), dtype=bool)
    solid[1, 2] = True
    f = populations.copy()
    for _ in range(3):
        rho = f.sum(axis=0)
        u = np.einsum("ia,ixy->axy", c, f) / rho
        cu = 3 * np.tensordot(c, u, axes=1)
        equilibrium = np.zeros_like(f)
        for i in range(9):
            equilibrium[i] = (
                rho * w[i] * (1 + cu[i] + 0.5 * cu[i] ** 2 - 1.5 * np.sum(u**2, axis=0))
            )
        f += relaxation * (equilibrium - f)
        bounced = f[:, solid][opposite]
        for i in range(9):
            f[i] = np.roll(np.roll(f[i], c[i, 0], axis=0), c[i, 1], axis=1)
        f[:, solid] = bounced
    return np.sum(f[1] - f[3]) + np.sum(f**2)


@program(random(6, 6, seed=5), [0.1], plain=BUFFER)
def heat_with_ghost_cells(np, temperature, diffusivity):
    """Explicit steps with ghost cells: insulated sides, a fixed top."""
    n = temperature.shape[0]
    u = np.zeros((n + 2, n + 2))
    u[1:-1, 1:-1] = temperature
    for _ in range(5):
        u[0, :] = 1.0
        u[-1, :] = u[-2, :]
        u[:, 0], u[:, -1] = u[:, 1], u[:, -2]
        u[1:-1, 1:-1] += diffusivity * (
            u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4 * u[1:-1, 1:-1]
        )
    return np.mean(u[1:-1, 1:-1] ** 2) + u[3, 3]


@program(random(16, seed=6, scale=0.5), [0.05])
def burgers_by_fft(np, start, viscosity):
    """A spectral solver: derivatives by the fast Fourier transform."""
    n = len(start)
    k = np.fft.fftfreq(n, d=1 / n)
    u = start
    for _ in range(6):
        u_hat = np.fft.fft(u)
        ux = np.real(np.fft.ifft(1j * k * u_hat))
        uxx = np.fft.ifft(-(k**2) * u_hat).real
        u = u + 0.01 * (-u * ux + viscosity * uxx)
    return np.sum(u**2) + np.max(np.abs(np.fft.rfft(u))) / n


@program(random(5, 5, seed=7), random(3, 3, seed=8, scale=0.3), plain=BUFFER)
def convolution_filter(np, image, kernel):
    """A filter by two loops over windows of a padded image, a threshold by mask."""
    padded = np.pad(image, 1, mode="edge")
    out = np.empty(image.shape)
    for i in range(image.shape[0]):
        for j in range(image.shape[1]):
            out[i, j] = np.sum(padded[i : i + 3, j : j + 3] * kernel)
    out[np.array([0, 2]), 1:3] *= 2.0
    soft = np.tanh(out)
    return np.sum(soft * image) + np.mean(out[::2, ::2])


@program(random(5, 5, seed=9), [0.3, 0.4], [0.2])
def image_warp(np, image, shift, angle):
    """Rotate and shift an image with bilinear interpolation."""
    rows, columns = np.meshgrid(np.arange(1, 4), np.arange(1, 4), indexing="ij")
    y, x = rows - 2.0, columns - 2.0
    c, s = np.cos(angle), np.sin(angle)
    ys = 0.7 * (c * y - s * x) + 2 + 0.1 * shift[0]
    xs = 0.7 * (s * y + c * x) + 2 + 0.1 * shift[1]
    y0, x0 = np.floor(ys).astype(int), np.floor(xs).astype(int)
    fy, fx = ys - y0, xs - x0
    warped = (
        image[y0, x0] * (1 - fy) * (1 - fx)
        + image[y0 + 1, x0] * fy * (1 - fx)
        + image[y0, x0 + 1] * (1 - fy) * fx
        + image[y0 + 1, x0 + 1] * fy * fx
    )
    return np.sum(warped**2) + warped[1, 1]


@program(random(4, 4, seed=10, scale=0.5), [0.7, 0.1], vmap=VALUES)
def ising_mean_field(np, start, parameters):
    """Iterate m = tanh(β(J Σm + h)) until it converges."""
    beta, field = parameters
    m = np.tanh(start)
    for _ in range(200):
        neighbours = np.roll(m, 1, 0) + np.roll(m, -1, 0) + np.roll(m, 1, 1) + np.roll(m, -1, 1)
        new = np.tanh(beta * (0.3 * neighbours + field))
        change = np.max(np.abs(new - m))
        m = new
        if change < 1e-13:
            break
    entropy = -np.sum((1 + m) / 2 * np.log((1 + m) / 2) + (1 - m) / 2 * np.log((1 - m) / 2))
    return np.mean(m) + 0.1 * entropy


@program([0.3, 0.8, -0.2], random(3, seed=11), plain=LIST)
def quantum_circuit(np, angles, phases):
    """Three qubits: rotations, controlled phases, the energy of a spin chain."""
    x = np.array([[0, 1], [1, 0]], dtype=complex)
    z = np.diag([1.0, -1.0]).astype(complex)
    one = np.eye(2)

    def rotation(t):
        return np.array(
            [[np.cos(t / 2), -1j * np.sin(t / 2)], [-1j * np.sin(t / 2), np.cos(t / 2)]]
        )

    def chain(*gates):
        out = np.ones((1, 1), dtype=complex)
        for gate in gates:
            out = np.kron(out, gate)
        return out

    state = np.zeros(8, dtype=complex)
    state[0] = 1.0
    state = chain(*[rotation(t) for t in angles]) @ state
    diagonal = np.ones(8, dtype=complex)
    for k in range(3):
        bits = (np.arange(8) >> k) & (np.arange(8) >> ((k + 1) % 3)) & 1
        diagonal = diagonal * np.exp(1j * phases[k] * bits)
    state = chain(*[rotation(0.5 * t) for t in angles[::-1]]) @ (diagonal * state)
    energy = 0.0
    for k in range(3):
        left = [one] * 3
        left[k], left[(k + 1) % 3] = z, z
        energy = energy + np.vdot(state, chain(*left) @ state)
        flips = [one] * 3
        flips[k] = x
        energy = energy + 0.5 * np.vdot(state, chain(*flips) @ state)
    return np.real(energy) + np.angle(state[0])


@program(
    random(2, 3, 2, seed=12, scale=0.7),
    random(3, 2, 3, seed=13, scale=0.7),
    random(3, 2, 1, seed=14),
    plain=None,
)
def matrix_product_state(np, first, middle, last):
    """A tensor network of three sites: norm, overlap, entanglement by a singular value decomposition."""
    left = first[:1]
    psi = np.tensordot(
        np.tensordot(left, np.transpose(middle, (0, 1, 2))[:2], axes=(2, 0)), last, axes=(3, 0)
    )
    psi = psi.reshape(3, -1)
    norm = np.linalg.norm(psi)
    psi = psi / norm
    s = np.linalg.svd(psi, compute_uv=False)
    p = s**2
    entropy = -np.sum(p * np.log(p + 1e-12))
    environment = np.einsum("iaj,kal,jl->ik", middle, middle, np.eye(3))
    return entropy + np.log(norm) + 0.1 * np.trace(environment)


@program([0.5, 0.2], plain=LIST)
def coarse_graining(np, couplings):
    """Tensor renormalisation of a two-dimensional Ising model, one step."""
    k, h = couplings
    w = np.array(
        [[np.sqrt(np.cosh(k)), np.sqrt(np.sinh(k))], [np.sqrt(np.cosh(k)), -np.sqrt(np.sinh(k))]]
    )
    b = np.array([np.exp(h), np.exp(-h)])
    t = np.einsum("s,sa,sb,sc,sd->abcd", b, w, w, w, w)
    pair = np.einsum("abcd,cefg->abefdg", t, t)
    m = pair.reshape(8, 8)
    m = 0.5 * (m + m.T)
    return np.log(np.trace(m @ m.T)) + np.log(np.einsum("abab", t))


@program(random(8, seed=15, scale=0.4), [0.3], plain=UPDATE)
def advection_upwind(np, u, speed):
    """Upwind fluxes with np.where, a limiter, an in-place update of a copy."""
    n = u.shape[0]
    total = np.zeros(n)
    for _ in range(4):
        forward = np.roll(u, -1) - u
        backward = u - np.roll(u, 1)
        slope = np.where(forward * backward > 0, np.minimum(np.abs(forward), np.abs(backward)), 0.0)
        slope = slope * np.sign(forward)
        flux = speed * (u + 0.5 * (1 - speed) * slope)
        u = u - (flux - np.roll(flux, 1))
        total += u
    return np.sum(total**2) / n + np.sum(np.abs(np.gradient(u)))

"""Make a custom CUDA kernel differentiable on CuPy, with a custom rule.

    python examples/custom_kernel.py

A Lennard-Jones energy of N particles is a sum over all pairs. NumPy code stores the N² terms as
arrays; a kernel does not. One ``cupy.RawKernel`` computes the energy and the force of each
particle; `xgrad.custom_vjp` defines (minus) the forces as the
gradient. Without a GPU the same rule runs on NumPy. Prints the largest difference between
the rule and the derivative that xgrad computes, ``largest difference x.xe-xx``.
"""

import argparse

import numpy as np

import xgrad as xg

SOURCE = r"""
extern "C" __global__ void pairs(
    const double* x, const double* charge, double* energy, double* force, long long n) {
  const long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;
  if (i >= n) return;
  double total = 0, fx = 0, fy = 0, fz = 0;
  for (long long j = 0; j < n; j++) {
    if (j == i) continue;
    const double dx = x[3 * i] - x[3 * j], dy = x[3 * i + 1] - x[3 * j + 1];
    const double dz = x[3 * i + 2] - x[3 * j + 2];
    const double s = 1 / (dx * dx + dy * dy + dz * dz), s3 = s * s * s;
    const double strength = charge[i] * charge[j];
    total += 0.5 * strength * 4 * (s3 * s3 - s3);
    const double slope = strength * 24 * s * (2 * s3 * s3 - s3);  // minus dE/dr, over r
    fx += slope * dx; fy += slope * dy; fz += slope * dz;
  }
  energy[i] = total;
  force[3 * i] = fx; force[3 * i + 1] = fy; force[3 * i + 2] = fz;
}
"""


def composed(x, charge):
    """Return the energy by array operations, which xgrad differentiates automatically."""
    count = x.shape[0]
    difference = x[:, None, :] - x[None, :, :]
    itself = xg.eye(count)
    s = (1 - itself) / (np.sum(difference**2, axis=-1) + itself)
    return np.sum(charge[:, None] * charge[None, :] * 2 * (s**6 - s**3))


def energies_and_forces(x, charge):
    """Return the energy (n) and the force (n, 3) of each particle, as raw arrays."""
    if isinstance(x, np.ndarray):
        difference = x[:, None, :] - x[None, :, :]
        distance = np.sum(difference**2, axis=-1)
        np.fill_diagonal(distance, np.inf)
        s, strength = 1 / distance, charge[:, None] * charge[None, :]
        slope = strength * 24 * s * (2 * s**6 - s**3)
        force = np.sum(slope[:, :, None] * difference, axis=1)
        return np.sum(2 * strength * (s**6 - s**3), axis=1), force
    import cupy

    kernel = cupy.RawKernel(SOURCE, "pairs")  # CuPy compiles each source only once
    x, charge = cupy.ascontiguousarray(x), cupy.ascontiguousarray(charge)
    count = x.shape[0]
    energy, force = cupy.empty(count), cupy.empty((count, 3))
    kernel((-(-count // 128),), (128,), (x, charge, energy, force, np.int64(count)))
    return energy, force


@xg.custom_vjp
def energy(x, charge):
    """Return the energy of particles at x (n, 3)."""
    return xg.sum(xg.asarray(energies_and_forces(x.data, charge.data)[0]))


def energy_forward(x, charge):
    """Return the energy, and the residual for the rule: the same kernel computes the forces."""
    each, force = energies_and_forces(x.data, charge.data)
    return xg.sum(xg.asarray(each)), xg.asarray(force)


def energy_backward(force, g):
    """Return the cotangents: minus the forces, and None for the charges, which are constants."""
    return -g * force, None


energy.defvjp(energy_forward, energy_backward)


def main(arguments=None):
    """Run the example."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backend", default=None, help="default: cupy if usable, else numpy")
    parser.add_argument("--particles", type=int, default=64)
    options = parser.parse_args(arguments)
    usable = "cupy" if "cupy" in xg.available_backends() else "numpy"
    xg.set_backend(options.backend or usable)
    rng = np.random.default_rng(0)
    side = int(np.ceil(options.particles ** (1 / 3)))
    grid = np.stack(np.meshgrid(*(np.arange(side),) * 3), axis=-1).reshape(-1, 3)
    positions = 1.2 * grid[: options.particles] + 0.05 * rng.normal(size=(options.particles, 3))
    x, charge = xg.asarray(positions), xg.asarray(rng.uniform(0.5, 1.5, options.particles))
    by_rule = xg.grad(energy)(x, charge)
    by_itself = xg.grad(composed)(x, charge)
    difference = xg.max(xg.abs(by_rule - by_itself)).item() / xg.max(xg.abs(by_itself)).item()
    print(f"energy {energy(x, charge).item():.6f} on {xg.get_backend().name}")
    print(f"largest difference {difference:.1e}")
    if not difference < 1e-10:
        raise SystemExit("expected the rule to compute the same gradient")


if __name__ == "__main__":
    main()

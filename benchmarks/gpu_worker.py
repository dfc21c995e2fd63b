"""One contestant of `benchmarks/gpu.py` in a process of its own."""

import pickle
import sys
import time
from types import SimpleNamespace

from gpu_cases import cases


def _clock(library, backend):
    """Return what waits for the device, and what measures the peak of a step in bytes."""
    if library == "xgrad":
        import xgrad as xg

        xg.set_backend(backend)

        def peak(step):
            with xg.peak_memory() as found:
                step()
                xg.synchronize()
            used = xg.memory_stats().get("used", 0) if backend == "cupy" else 0
            return found.bytes + used

        return xg.synchronize, peak
    if library.startswith("torch"):
        import torch

        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
        if backend != "cupy":
            return lambda: None, lambda step: None

        def torch_peak(step):
            torch.cuda.reset_peak_memory_stats()
            step()
            torch.cuda.synchronize()
            return torch.cuda.max_memory_allocated()

        return torch.cuda.synchronize, torch_peak
    import jax

    jax.config.update("jax_default_matmul_precision", "highest")

    def wait():
        for x in jax.live_arrays():
            x.block_until_ready()

    return wait, lambda step: None


def _launches(step):
    """Count the kernels and the copies to the host of a step, with CUPTI through PyTorch."""
    import torch

    if not torch.cuda.is_available():
        return None
    torch.zeros(1, device="cuda")
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as found:
        step()
        import xgrad as xg

        xg.synchronize()
    names = [e.name for e in found.events() if "cuda" in str(e.device_type).lower()]
    copies = [n for n in names if "DtoH" in n]
    return {"kernels": len(names) - len(copies), "reads": len(copies)}


def main():
    case, library, backend, full = sys.argv[1:]
    synchronize, peak = _clock(library, backend)
    place = SimpleNamespace(torch="cuda" if backend == "cupy" else "cpu")
    step, result = cases(full == "full")[case][library](place)
    first = time.perf_counter()
    for _ in range(3):  # the state that is compared: three steps from equal starts
        step()
    synchronize()
    first = time.perf_counter() - first
    out = sys.stdout.buffer
    launches = None
    found = result().copy()  # it may be the memory that the next step writes
    if library == "xgrad" and backend == "cupy":
        try:
            launches = _launches(step)
        except Exception as error:  # the count is worth having, not worth failing for
            launches = repr(error)
    pickle.dump({"result": found, "first": first, "peak": peak(step), "launches": launches}, out)
    out.flush()
    for line in sys.stdin:
        seconds, count = float(line), 0
        synchronize()
        start = time.perf_counter()
        while True:
            for _ in range(5):  # ahead of the device, as in training
                step()
            synchronize()
            count += 5
            elapsed = time.perf_counter() - start
            if elapsed >= seconds:
                break
        pickle.dump(elapsed / count, out)
        out.flush()


main()

"""`scipy.signal`, `scipy.fft`, `scipy.ndimage` on Tensors."""

import numpy as np
from scipy import fft, signal

import xgrad as xg
from tests.interop.calls import call

X = np.asarray([0.3, 1.2, -0.7, 2.1, 1.6, 0.9, -0.4, 0.8])
Y = np.asarray([1.0, 0.2, 0.5])
M = np.asarray([[2.0, 0.3, 0.1, 0.7], [0.3, 1.5, 0.2, 0.4], [0.1, 0.2, 3.0, -0.6]])
Z = X + 1j * X[::-1]
S, F = "scipy.signal.", "scipy.fft."

for name in "fft ifft rfft irfft hfft ihfft".split():
    call(F + name, getattr(fft, name), X)
    call(F + name, lambda x, f=getattr(fft, name): f(x, n=6, norm="ortho"), X, note="n, norm")
for name in "fft2 ifft2 rfft2 irfft2 hfft2 ihfft2 fftn ifftn rfftn irfftn hfftn ihfftn".split():
    call(F + name, getattr(fft, name), M)
call(F + "fftshift", fft.fftshift, X)
call(F + "ifftshift", fft.ifftshift, X)
call(F + "fht", lambda x: fft.fht(x, 0.1, 0.5), X)
call(F + "ifht", lambda x: fft.ifht(x, 0.1, 0.5), X)
for name in "fftconvolve oaconvolve".split():
    for mode in ("full", "same", "valid"):
        call(
            S + name, lambda x, y, f=getattr(signal, name), m=mode: f(x, y, mode=m), X, Y, note=mode
        )
call(S + "convolve", lambda x, y: signal.convolve(x, y, method="fft"), X, Y, note="fft")
call(S + "correlate", lambda x, y: signal.correlate(x, y, method="fft"), X, Y, note="fft")
call(S + "hilbert", signal.hilbert, X)
call(S + "hilbert2", signal.hilbert2, M)
call(S + "envelope", lambda x: signal.envelope(x, (1, 3)), X)
call(S + "resample", lambda x: signal.resample(x, 6), X)
call(S + "freqz", lambda b: signal.freqz(b, 1, worN=4)[1], Y)
call(
    S + "freqs",
    lambda b, a: signal.freqs(
        b,
        a,
        worN=np.asarray([0.5, 1.0]) if isinstance(b, np.ndarray) else xg.asarray([0.5, 1.0]),
    )[1],
    Y,
    Y + 1,
)
call(S + "vectorstrength", lambda x: signal.vectorstrength(x, 1.3), X)
call(S + "lp2lp", lambda b, a: signal.lp2lp(b, a, 1.3), Y, Y + 1)
call(S + "lp2hp", lambda b, a: signal.lp2hp(b, a, 1.3), Y, Y + 1)
call(S + "lp2bp", lambda b, a: signal.lp2bp(b, a, 1.3), Y, Y + 1)
call(S + "lp2bs", lambda b, a: signal.lp2bs(b, a, 1.3), Y, Y + 1)
call(S + "normalize", signal.normalize, Y, Y + 1)

call(S + "gauss_spline", lambda x: signal.gauss_spline(x, 2), X)
call(S + "minimum_phase", signal.minimum_phase, np.asarray([0.1, 0.3, 0.5, 0.3, 0.1]))
call(S + "gausspulse", lambda x: signal.gausspulse(x, fc=2), X)
ZEROS = np.asarray([-0.3 + 0.2j, -0.3 - 0.2j])
POLES = np.asarray([-1.0 + 1j, -1.0 - 1j, -2.5 + 0.3j])
for name in "lp2lp_zpk lp2hp_zpk lp2bp_zpk lp2bs_zpk".split():
    call(S + name, lambda z, p, f=getattr(signal, name): f(z, p, 1.3)[:2], ZEROS, POLES)
call(S + "bilinear_zpk", lambda z, p: signal.bilinear_zpk(z, p, 1.3, 2.0)[:2], ZEROS, POLES)
call(S + "freqz_zpk", lambda z, p: signal.freqz_zpk(z, p, 1.3, worN=4)[1], ZEROS, POLES / 5)
call(S + "freqs_zpk", lambda z, p: signal.freqs_zpk(z, p, 1.3, worN=4)[1], ZEROS, POLES)
call(
    S + "freqz_sos",
    lambda b: signal.freqz_sos(
        np.concatenate(
            [
                b,
                np.asarray([[1.0, 0.3, 0.1]])
                if isinstance(b, np.ndarray)
                else xg.asarray([[1.0, 0.3, 0.1]]),
            ],
            axis=1,
        ),
        worN=4,
    )[1],
    Y[None] + 0.1,
)
call(S + "zpk2tf", lambda z, p: signal.zpk2tf(z, p, 1.0), Y[:2], Y)

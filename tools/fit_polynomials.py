#!/usr/bin/env python3
"""Fits the polynomials of src/backend/cpu/activation/: prints C++ coefficients, highest power first, and their errors.

Weighted minimax by Lawson's iteration (least squares whose weights grow where the error is largest) in a Chebyshev
basis. Needs numpy. Run: python3 tools/fit_polynomials.py
"""
import math

import numpy as np

GELU_LIMIT = 5.2  # beyond it |x|·Phi(-|x|) < 6e-7; a smaller limit costs accuracy, a larger one a higher degree
GELU_DEGREE = 12
FAST_GELU_LIMIT = 4.4  # beside bf16 and int8 operands: error 4e-5
FAST_GELU_DEGREE = 8
EXP_DEGREE = 6
EXP2_DEGREE = 3  # for bf16 probabilities


def minimax(target, weight, u, degree, rounds=400):
    """Coefficients in powers of u in [-1, 1], and the largest weighted error."""
    basis = np.polynomial.chebyshev.chebvander(u, degree)
    lawson = np.ones(len(u))
    best = None
    for _ in range(rounds):
        scale = np.sqrt(lawson) * weight
        c = np.linalg.lstsq(basis * scale[:, None], target * scale, rcond=None)[0]
        error = np.abs(basis @ c - target) * weight
        if best is None or error.max() < best[0]:
            best = (error.max(), c)
        lawson *= error / error.max() + 1e-12
        lawson /= lawson.sum()
    return np.polynomial.chebyshev.cheb2poly(best[1]), best[0]


def show(name, coefficients, error):
    print(f"// {name}: error {error:.3g} before rounding")
    print(", ".join(f"{np.float32(c):.9g}f" for c in coefficients[::-1]))


def fit_gelu(name, limit, degree, slack):
    """(Phi(x) - 1/2) / x in powers of u = 2 x² / limit² - 1; error of gelu(x) = x·Phi(x), hence weighted by x²."""
    u = -np.cos(np.linspace(0, np.pi, 3000))
    x = limit * np.sqrt((u + 1) / 2)
    target = np.array([0.5 * math.erf(v / math.sqrt(2)) / v if v > 0 else 1 / math.sqrt(2 * math.pi) for v in x])
    weight = x * x
    weight[0] = 1e-3
    # The end point must reach 1/2 after rounding, so that gelu(x) beyond it is x or 0 exactly.
    target[-1] = (0.5 + slack) / limit
    weight[-1] *= 6
    show(name, *minimax(target, weight, u, degree))


def fit_exp():
    """exp(r) for |r| <= ln(2)/2, relative error; the two lowest coefficients come out as 1 in f32."""
    limit = math.log(2) / 2 * 1.0001
    u = -np.cos(np.linspace(0, np.pi, 3000))
    r = limit * u
    c, error = minimax(np.exp(r), np.exp(-r), u, EXP_DEGREE)
    show("exp", c / limit ** np.arange(len(c)), error)


def fit_exp2():
    """2^r for 0 <= r < 1, relative error."""
    r = (1 - np.cos(np.linspace(0, np.pi, 3000))) / 2
    c, error = minimax(2**r, 2**-r, 2 * r - 1, EXP2_DEGREE)
    in_r = np.polynomial.Polynomial(c)(np.polynomial.Polynomial([-1, 2])).coef
    show("exp2", in_r, error)


def fit_gelu_tail():
    """|x|·Phi(-|x|) in 16 cubics in the place inside segments 0.3 wide; columns are the tables of one power."""
    width, rows, worst = 0.3, [], 0
    place = (1 - np.cos(np.linspace(0, np.pi, 400))) / 2
    for segment in range(16):
        target = np.array([a * 0.5 * math.erfc(a / math.sqrt(2)) for a in (segment + place) * width])
        c, error = minimax(target, np.ones_like(target), 2 * place - 1, 3, rounds=60)
        rows.append(np.polynomial.Polynomial(c)(np.polynomial.Polynomial([-1, 2])).coef)
        worst = max(worst, error)
    print(f"// gelu tail: error {worst:.3g} before rounding")
    for power in range(4):
        print(", ".join(f"{np.float32(row[power]):.9g}f" for row in rows))


if __name__ == "__main__":
    fit_gelu("gelu", GELU_LIMIT, GELU_DEGREE, 1.5e-7)
    fit_gelu("gelu, fast", FAST_GELU_LIMIT, FAST_GELU_DEGREE, 3e-6)
    fit_exp2()
    fit_gelu_tail()
    fit_exp()

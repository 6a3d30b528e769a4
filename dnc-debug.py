# /// script
# requires-python = ">=3.10"
# dependencies = ["numpy>=1.26"]
# ///
"""A Differentiable Neural Computer that learns a text character by character, in plain NumPy.

    python dnc-debug.py [TEXT] [options]          --help lists them

One equation a line, no speed tricks, and instruments: while it trains it checks its own gradient, writes
samples, and keeps the logs dnc-debug.py.dat, gradcheck.log and sample.log in the current folder.
dnc-numpy.py computes the same, fast; each opens the other's saved models.

One step reads a character x and gives the probabilities p of the next one. The controller is an LSTM that
also reads r, what the memory gave at the step before; h too is that of the step before on the right:

    i, o, f = sigmoid(Wxh x + Whh h + Wrh r + bh)       input, output and forget gate
    g = tanh(Wxh x + Whh h + Wrh r + bh)                candidate; the four take a quarter of the rows each
    s = i*g + f*(what the step before carried)
    c = tanh(s)
    h = o*c                                             hidden state, from which the memory is steered
    y = Why h + by + Wry r                              logits, from the r of this step
    p = softmax(y)

    --cell squashed    carries c to the next step; as krocki/dnc has it, default with the content memory
    --cell standard    carries s; the DNC paper's, default with the complete memory

The memory M has N locations of width W; R heads read it, one head writes it.

    --memory content   krocki/dnc's: addressed by content alone, with one read head (content_memory)
    --memory paper     the complete memory of Graves et al., "Hybrid computing using a neural network with
                       dynamic external memory", Nature 538, 2016 (complete_memory), every equation of it

The loss is the sum over all steps of -log p[target], in nats; divided by log 2 and by the number of
characters it is shown in bits per character (BPC).

Features come first and the batch last, everywhere:
M characters in the vocabulary, H hidden units, B sequences in a batch, S time steps.

Every forward line has its twin in the backward pass, in the reverse order; dX is the gradient of the loss
in X. A name with a 0 behind it, like M0, is a value of the step before.

Read down to the sampler and you have the model; text, saved models, training loop and command line, below
it, are the same in all four scripts but for a few functions.
"""

import argparse
import codecs
import hashlib
import io
import itertools
import json
import math
import os
import signal
import sys
import time

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # until there is something to keep, Ctrl-C just ends
    # Measured: at the default sizes one BLAS thread is the fastest; from --hidden 128 on two may be. The
    # number has to be set before NumPy is loaded.
    if not {"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"} & set(os.environ):
        os.environ.update(OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import numpy as np

SCRIPT = os.path.basename(__file__)
KIND = "dnc"
# The options that make the shapes of a model
SIZES = ("hidden", "memory", "cell", "heads", "locations", "width")
EPS = 1e-6  # keeps usages and norms off 0


# ---------------------------------------------------------------------------------------------- numerics


def sigmoid(x):
    """1 / (1 + exp(-x)), by way of tanh, which cannot overflow."""
    return 0.5 + 0.5 * np.tanh(0.5 * x)


def oneplus(x):
    """1 + log(1 + exp(x)), in a form that cannot overflow: exp is only taken of what is 0 or less."""
    return 1 + np.where(x.real > 0, x, 0) + np.log1p(np.exp(np.where(x.real > 0, -x, x)))


def softmax(y, axis):
    """exp(y) / sum exp(y) along axis."""
    return softmax_and_log_sum(y, axis)[0]


def softmax_and_log_sum(y, axis):
    """softmax(y) and log sum exp(y) along axis; with the maximum subtracted first, exp cannot overflow."""
    top = y.real.max(axis=axis, keepdims=True)
    e = np.exp(y - top)
    total = e.sum(axis=axis, keepdims=True)
    e /= total
    return e, np.log(total) + top


def softmax_backward(dw, w, axis):
    """The gradient in y of w = softmax(y), from that in w."""
    return w * (dw - (w * dw).sum(axis=axis, keepdims=True))


def cross_entropy(cache, targets):
    """The loss in nats, summed over S and B: log sum exp(y) - y[target]; targets (S, B).

    The logarithm is of a sum that is at least 1, never of a probability, which can round to 0.
    """
    y = np.take_along_axis(cache["y"], targets[:, None], axis=1)
    return (cache["log_sum"] - y).sum()


# ----------------------------------------------------------------------------------- parameters and state


def init_params(rng, vocab_size, hidden, memory="content", heads=1, width=8, init_scale=0.01):
    """Weights from normal noise times init_scale, biases 0 but 1 for f; a dict of float64 arrays."""
    M, H, R, W = vocab_size, hidden, heads, width
    rows = {"Whr": R * W, "Whv": W, "Whw": W, "Whe": W}  # read keys, write vector, write key, erase vector
    if memory == "paper":
        rows |= {"Whbr": R, "Whbw": 1}  # read strengths, write strength
        rows |= {"Whf": R, "Whga": 1, "Whgw": 1}  # free gates, allocation gate, write gate
        rows |= {"Whm": 3 * R}  # read modes, a head after the other, in the order backward, content, forward
    shapes = {"Wxh": (4 * H, M), "Whh": (4 * H, H), "Why": (M, H)}  # input and hidden to the gates, to output
    shapes |= {name: (count, H) for name, count in rows.items()}  # hidden to the memory's interface
    shapes |= {"Wrh": (4 * H, R * W), "Wry": (M, R * W)}  # read vectors to the gates, to output
    params = {name: rng.standard_normal(shape) * init_scale for name, shape in shapes.items()}
    params |= {"bh": np.zeros((4 * H, 1)), "by": np.zeros((M, 1))}
    params["bh"][2 * H : 3 * H] = 1  # a cell that remembers until it learns to forget
    return params


def init_state(rng, batchsize, hidden, cell="squashed", memory="content", heads=1, locations=8, width=8):
    """The state of sequences that begin: all zero, but for the noise in the memory addressed by content.

    There equal rows would get equal weights for ever: no content address can tell them apart.
    """
    H, B, R, N, W = hidden, batchsize, heads, locations, width
    carried = {"squashed": "c", "standard": "s"}[cell]
    shapes = {"h": (H, B), carried: (H, B), "M": (N, W, B), "r": (R * W, B)}
    if memory == "paper":  # usage, precedence, links, write weighting, read weightings
        shapes |= {"u": (N, B), "p": (N, B), "L": (N, N, B), "ww": (N, B), "wr": (R, N, B)}
    state = {name: np.zeros(shape) for name, shape in shapes.items()}
    if memory == "content":
        state["M"] += rng.standard_normal((N, W, B)) * 0.01
    return state


def new_params(rng, vocab_size, options):
    """init_params as the command line's options have it."""
    sizes = (options[name] for name in ("hidden", "memory", "heads", "width", "init_scale"))
    return init_params(rng, vocab_size, *sizes)


def new_state(rng, batchsize, options):
    """init_state as the command line's options have it; rng serves the models whose state starts as noise."""
    sizes = (options[name] for name in ("hidden", "cell", "memory", "heads", "locations", "width"))
    return init_state(rng, batchsize, *sizes)


def as_type(arrays, dtype):
    """A dict of arrays, copied to a type."""
    return {name: value.astype(dtype) for name, value in arrays.items()}


# ---------------------------------------------------------------------- the mechanisms of the complete memory
#
# Each forward beside its backward. K keys at once: 1 for writing, R for reading.


def unit(x):
    """x / |x|, along the width: x (K, W, B) or (N, W, B) -> the same shape, and |x|."""
    norm = np.sqrt((x * x).sum(axis=1, keepdims=True) + EPS)
    return x / norm, norm


def unit_backward(dx1, x1, norm):
    """-> dx, from the gradient in the unit vectors x1"""
    return (dx1 - x1 * (dx1 * x1).sum(axis=1, keepdims=True)) / norm


def content_weighting(M, k, beta):
    """C(M, k, beta) = softmax over locations of beta D(k, M), D the cosine similarity.

    M (N, W, B), keys k (K, W, B), strengths beta (K, B) -> (K, N, B)
    """
    D = np.einsum("nwb,kwb->knb", unit(M)[0], unit(k)[0])
    return softmax(beta[:, None] * D, axis=1)


def content_weighting_backward(dc, M, k, beta):
    """-> dM, dk, dbeta"""
    (M1, M_norm), (k1, k_norm) = unit(M), unit(k)
    D = np.einsum("nwb,kwb->knb", M1, k1)
    dz = softmax_backward(dc, softmax(beta[:, None] * D, axis=1), axis=1)
    dD, dbeta = dz * beta[:, None], (dz * D).sum(axis=1)
    dM1, dk1 = np.einsum("knb,kwb->nwb", dD, k1), np.einsum("knb,nwb->kwb", dD, M1)
    return unit_backward(dM1, M1, M_norm), unit_backward(dk1, k1, k_norm), dbeta


def usage(u0, ww0, wr0, f):
    """u = (u0 + ww0 - u0 ww0) psi, psi = prod over heads of (1 - f wr0): retention.

    u0, ww0 (N, B), wr0 (R, N, B), free gates f (R, B) -> (N, B)
    """
    psi = np.prod(1 - f[:, None] * wr0, axis=0)
    return (u0 + ww0 - u0 * ww0) * psi


def usage_backward(du, u0, ww0, wr0, f):
    """-> du0, dww0, dwr0, df"""
    kept = 1 - f[:, None] * wr0
    psi = np.prod(kept, axis=0)
    dpsi = du * (u0 + ww0 - u0 * ww0)
    dkept = dpsi * np.stack([np.prod(np.delete(kept, head, axis=0), axis=0) for head in range(len(f))])
    du0, dww0 = du * psi * (1 - ww0), du * psi * (1 - u0)
    dwr0, df = -dkept * f[:, None], -(dkept * wr0).sum(axis=1)
    return du0, dww0, dwr0, df


def allocation(u):
    """a[phi_j] = (1 - v[phi_j]) prod over i < j of v[phi_i], phi the locations from the least used up.

    u (N, B) -> a (N, B); v = EPS + (1 - EPS) u is the usage, kept off 0 so that backward can divide by it
    """
    phi = np.argsort(u.real, axis=0, kind="stable")
    v = np.take_along_axis(EPS + (1 - EPS) * u, phi, axis=0)
    a = np.empty_like(u)
    np.put_along_axis(a, phi, (1 - v) * products_before(v), axis=0)
    return a


def products_before(v):
    """prod over i < j of v_i along the first axis; 1 where there is nothing before."""
    return np.concatenate([np.ones_like(v[:1]), np.cumprod(v[:-1], axis=0)])


def allocation_backward(da, u):
    """-> du; the order phi counts as constant"""
    phi = np.argsort(u.real, axis=0, kind="stable")
    v = np.take_along_axis(EPS + (1 - EPS) * u, phi, axis=0)
    da, before = np.take_along_axis(da, phi, axis=0), products_before(v)
    share = da * (1 - v) * before  # v_j is a factor of all the later ones
    from_here = np.cumsum(share[::-1], axis=0)[::-1]
    later = np.concatenate([from_here[1:], np.zeros_like(v[:1])])
    du = np.empty_like(u)
    np.put_along_axis(du, phi, (1 - EPS) * (later / v - da * before), axis=0)
    return du


def write_weighting(a, cw, ga, gw):
    """ww = gw (ga a + (1 - ga) cw): a, cw (N, B), allocation gate ga and write gate gw (1, B) -> (N, B)"""
    return gw * (ga * a + (1 - ga) * cw)


def write_weighting_backward(dww, a, cw, ga, gw):
    """-> da, dcw, dga, dgw"""
    dga = (dww * gw * (a - cw)).sum(axis=0, keepdims=True)
    dgw = (dww * (ga * a + (1 - ga) * cw)).sum(axis=0, keepdims=True)
    return dww * gw * ga, dww * gw * (1 - ga), dga, dgw


def write(M0, ww, e, v):
    """M = M0 (1 - ww e') + ww v', outer products: M0 (N, W, B), ww (N, B), e, v (W, B) -> (N, W, B)"""
    return M0 * (1 - ww[:, None] * e) + ww[:, None] * v


def write_backward(dM, M0, ww, e, v):
    """-> dM0, dww, de, dv"""
    dww = (dM * (v - M0 * e)).sum(axis=1)
    de, dv = -(dM * M0 * ww[:, None]).sum(axis=0), (dM * ww[:, None]).sum(axis=0)
    return dM * (1 - ww[:, None] * e), dww, de, dv


def links(L0, ww, p0):
    """L[i, j] = (1 - ww[i] - ww[j]) L0[i, j] + ww[i] p0[j], L[i, i] = 0: how much i was written after j.

    L0 (N, N, B), ww, p0 (N, B) -> (N, N, B)
    """
    L = (1 - ww[:, None] - ww) * L0 + ww[:, None] * p0
    return L * off_diagonal(L)


def off_diagonal(L):
    """(N, N, 1): 0 on the diagonal, 1 elsewhere."""
    return 1 - np.eye(len(L), dtype=L.real.dtype)[:, :, None]


def links_backward(dL, L0, ww, p0):
    """-> dL0, dww, dp0"""
    dL = dL * off_diagonal(dL)
    dww = (dL * (p0 - L0)).sum(axis=1) - (dL * L0).sum(axis=0)
    return dL * (1 - ww[:, None] - ww), dww, (dL * ww[:, None]).sum(axis=0)


def precedence(p0, ww):
    """p = (1 - sum ww) p0 + ww: how much a location was the last one written; ww, p0 (N, B) -> (N, B)"""
    return (1 - ww.sum(axis=0)) * p0 + ww


def precedence_backward(dp, p0, ww):
    """-> dp0, dww"""
    return (1 - ww.sum(axis=0)) * dp, dp - (dp * p0).sum(axis=0)


def read_weighting(L, wr0, cr, pi):
    """wr = pi_backward L' wr0 + pi_content cr + pi_forward L wr0.

    L (N, N, B), wr0, cr (R, N, B), pi (R, 3, B) -> (R, N, B)
    """
    bk = np.einsum("jib,rjb->rib", L, wr0)
    fw = np.einsum("ijb,rjb->rib", L, wr0)
    return pi[:, 0, None] * bk + pi[:, 1, None] * cr + pi[:, 2, None] * fw


def read_weighting_backward(dwr, L, wr0, cr, pi):
    """-> dL, dwr0, dcr, dpi"""
    bk = np.einsum("jib,rjb->rib", L, wr0)
    fw = np.einsum("ijb,rjb->rib", L, wr0)
    dpi = np.stack([(dwr * bk).sum(axis=1), (dwr * cr).sum(axis=1), (dwr * fw).sum(axis=1)], axis=1)
    dbk, dcr, dfw = (pi[:, mode, None] * dwr for mode in range(3))
    dL = np.einsum("rjb,rib->jib", wr0, dbk) + np.einsum("rib,rjb->ijb", dfw, wr0)
    dwr0 = np.einsum("jib,rib->rjb", L, dbk) + np.einsum("ijb,rib->rjb", L, dfw)
    return dL, dwr0, dcr, dpi


def read(M, wr):
    """r = M' wr: M (N, W, B), wr (R, N, B) -> (R, W, B)"""
    return np.einsum("nwb,rnb->rwb", M, wr)


def read_backward(dr, M, wr):
    """-> dM, dwr"""
    return np.einsum("rnb,rwb->nwb", wr, dr), np.einsum("nwb,rwb->rnb", M, dr)


# ------------------------------------------------------------------------------------------------ forward


def forward(params, inputs, state):
    """Run the model over a batch of characters.

    inputs (S, B) ints, state as init_state gives it -> probs (S, M, B), cache for backward, the state
    after the last step. The arrays are of the parameters' type, complex too.
    """
    memory = complete_memory if "Whm" in params else content_memory
    x = per_step(one_hot(inputs, len(params["by"]), params["by"].dtype), len(inputs))
    y, steps = [], []
    for t in range(len(inputs)):
        before = state
        state, gates = controller(params, x[t], before)
        state, interface = memory(params, state, before)
        y.append(params["Why"] @ state["h"] + params["by"] + params["Wry"] @ state["r"])
        steps.append({"x": x[t], "before": before, "after": state, "gates": gates, "interface": interface})
    y = np.stack(y)
    probs, log_sum = softmax_and_log_sum(y, axis=1)
    end = {name: value.copy() for name, value in state.items()}
    return probs, {"steps": steps, "y": y, "log_sum": log_sum, "probs": probs}, end


def per_step(a, S):
    """(P, S B), a column for each character of the batch -> (S, P, B)."""
    return a.reshape(len(a), S, -1).swapaxes(0, 1)


def one_hot(ids, size, dtype):
    """ids (S, B) -> (size, S B): columns that are 1 at the id and 0 elsewhere."""
    x = np.zeros((size, ids.size), dtype)
    x[ids.ravel(), np.arange(ids.size)] = 1
    return x


def controller(params, x, before):
    """One step of the LSTM: x (M, B), the state before -> the state with its new h and cell, the gates."""
    z = params["Wxh"] @ x + params["Whh"] @ before["h"] + params["Wrh"] @ before["r"] + params["bh"]
    zi, zo, zf, zg = np.split(z, 4)
    i, o, f, g = sigmoid(zi), sigmoid(zo), sigmoid(zf), np.tanh(zg)
    cell = "c" if "c" in before else "s"
    s = i * g + f * before[cell]
    c = np.tanh(s)
    h = o * c
    return before | {"h": h, cell: c if cell == "c" else s}, {"i": i, "o": o, "f": f, "g": g, "c": c}


def content_memory(params, state, before):
    """krocki/dnc's memory: both addresses are softmax(M0 k) -> the state with its new M and r, interface."""
    h, M0 = state["h"], before["M"]
    kr, kw = params["Whr"] @ h, params["Whw"] @ h
    v, e = params["Whv"] @ h, sigmoid(params["Whe"] @ h)
    ww = softmax(np.einsum("nwb,wb->nb", M0, kw), axis=0)
    wr = softmax(np.einsum("nwb,wb->nb", M0, kr), axis=0)
    M = write(M0, ww, e, v)
    r = read(M, wr[None])[0]
    return state | {"M": M, "r": r}, {"kr": kr, "kw": kw, "v": v, "e": e, "ww": ww, "wr": wr}


def complete_memory(params, state, before):
    """The memory of the paper -> the state with all the memory's parts new, the interface."""
    h, M0 = state["h"], before["M"]
    R, (_, W, B) = len(before["wr"]), M0.shape
    kr = (params["Whr"] @ h).reshape(R, W, B)
    br = oneplus(params["Whbr"] @ h)
    kw = (params["Whw"] @ h).reshape(1, W, B)
    bw = oneplus(params["Whbw"] @ h)
    v = params["Whv"] @ h
    e = sigmoid(params["Whe"] @ h)
    f = sigmoid(params["Whf"] @ h)
    ga = sigmoid(params["Whga"] @ h)
    gw = sigmoid(params["Whgw"] @ h)
    pi = softmax((params["Whm"] @ h).reshape(R, 3, B), axis=1)

    u = usage(before["u"], before["ww"], before["wr"], f)
    a = allocation(u)
    cw = content_weighting(M0, kw, bw)[0]
    ww = write_weighting(a, cw, ga, gw)
    M = write(M0, ww, e, v)

    L = links(before["L"], ww, before["p"])
    p = precedence(before["p"], ww)
    cr = content_weighting(M, kr, br)
    wr = read_weighting(L, before["wr"], cr, pi)
    r = read(M, wr).reshape(R * W, B)
    state = state | {"M": M, "r": r, "u": u, "p": p, "L": L, "ww": ww, "wr": wr}
    interface = {"kr": kr, "br": br, "kw": kw, "bw": bw, "v": v, "e": e, "f": f, "ga": ga, "gw": gw, "pi": pi}
    return state, interface | {"a": a, "cw": cw, "cr": cr}


# ----------------------------------------------------------------------------------------------- backward


def backward(params, targets, cache):
    """The gradient of the summed loss in every parameter: the lines of forward, last to first.

    targets (S, B) ints, cache of the same batch -> a dict with the names and shapes of params.
    """
    memory_backward = complete_memory_backward if "Whm" in params else content_memory_backward
    grads = {name: np.zeros_like(value) for name, value in params.items()}
    dy = cache["probs"] - per_step(one_hot(targets, len(params["by"]), params["by"].dtype), len(targets))
    dstate = {name: np.zeros_like(value) for name, value in cache["steps"][0]["after"].items()}
    for t in reversed(range(len(targets))):
        step = cache["steps"][t]
        grads["Why"] += dy[t] @ step["after"]["h"].T
        grads["Wry"] += dy[t] @ step["after"]["r"].T
        grads["by"] += dy[t].sum(axis=1, keepdims=True)
        dstate["h"] = dstate["h"] + params["Why"].T @ dy[t]
        dstate["r"] = dstate["r"] + params["Wry"].T @ dy[t]
        dstate = memory_backward(params, dstate, step, grads)
        dstate = controller_backward(params, dstate, step, grads)
    return grads


def controller_backward(params, dstate, step, grads):
    """From the gradient in the state after a step to that in the state before; adds to grads."""
    before, cell = step["before"], "c" if "c" in step["before"] else "s"
    i, o, f, g, c = (step["gates"][name] for name in "iofgc")
    do = dstate["h"] * c
    dc = dstate["h"] * o + (dstate["c"] if cell == "c" else 0)
    ds = dc * (1 - c**2) + (dstate["s"] if cell == "s" else 0)
    di, dg, df = ds * g, ds * i, ds * before[cell]
    dz = np.concatenate([di * i * (1 - i), do * o * (1 - o), df * f * (1 - f), dg * (1 - g**2)])
    grads["Wxh"] += dz @ step["x"].T
    grads["Whh"] += dz @ before["h"].T
    grads["Wrh"] += dz @ before["r"].T
    grads["bh"] += dz.sum(axis=1, keepdims=True)
    return dstate | {"h": params["Whh"].T @ dz, "r": params["Wrh"].T @ dz, cell: ds * f}


def interface_backward(params, d, h, grads):
    """d: the gradient in W h for each W of the interface -> the gradient in h; adds to grads."""
    for name, value in d.items():
        grads[name] += value @ h.T
    return sum(params[name].T @ value for name, value in d.items())


def content_memory_backward(params, dstate, step, grads):
    """From the gradient in the state after a step to that in M0 and the controller's h; adds to grads."""
    h, M0, M = step["after"]["h"], step["before"]["M"], step["after"]["M"]
    kr, kw, v, e, ww, wr = (step["interface"][name] for name in ("kr", "kw", "v", "e", "ww", "wr"))
    dM, dwr = read_backward(dstate["r"][None], M, wr[None])
    dM0, dww, de, dv = write_backward(dstate["M"] + dM, M0, ww, e, v)
    dzr, dzw = softmax_backward(dwr[0], wr, axis=0), softmax_backward(dww, ww, axis=0)
    dM0 = dM0 + dzr[:, None] * kr + dzw[:, None] * kw
    dkr, dkw = np.einsum("nb,nwb->wb", dzr, M0), np.einsum("nb,nwb->wb", dzw, M0)
    d = {"Whr": dkr, "Whv": dv, "Whw": dkw, "Whe": de * e * (1 - e)}
    return dstate | {"M": dM0, "h": dstate["h"] + interface_backward(params, d, h, grads)}


def complete_memory_backward(params, dstate, step, grads):
    """From the gradient in the state after a step to that before and in the controller's h; adds to grads."""
    before, after, h = step["before"], step["after"], step["after"]["h"]
    names = ("kr", "br", "kw", "bw", "v", "e", "f", "ga", "gw", "pi", "a", "cw", "cr")
    kr, br, kw, bw, v, e, f, ga, gw, pi, a, cw, cr = (step["interface"][name] for name in names)
    M0, M, L, ww, wr = before["M"], after["M"], after["L"], after["ww"], after["wr"]
    R, W, B = kr.shape

    dM, dwr = read_backward(dstate["r"].reshape(R, W, B), M, wr)
    dL, dwr0, dcr, dpi = read_weighting_backward(dstate["wr"] + dwr, L, before["wr"], cr, pi)
    dM_read, dkr, dbr = content_weighting_backward(dcr, M, kr, br)
    dp0, dww_precedence = precedence_backward(dstate["p"], before["p"], ww)
    dL0, dww_links, dp0_links = links_backward(dstate["L"] + dL, before["L"], ww, before["p"])

    dM0, dww_write, de, dv = write_backward(dstate["M"] + dM + dM_read, M0, ww, e, v)
    dww = dstate["ww"] + dww_precedence + dww_links + dww_write
    da, dcw, dga, dgw = write_weighting_backward(dww, a, cw, ga, gw)
    dM0_write, dkw, dbw = content_weighting_backward(dcw[None], M0, kw, bw)
    du = dstate["u"] + allocation_backward(da, after["u"])
    du0, dww0, dwr0_usage, df = usage_backward(du, before["u"], before["ww"], before["wr"], f)

    d = {
        "Whr": dkr.reshape(R * W, B),
        "Whv": dv,
        "Whw": dkw[0],
        "Whe": de * e * (1 - e),
        "Whbr": dbr * sigmoid(params["Whbr"] @ h),  # sigmoid is the derivative of oneplus
        "Whbw": dbw * sigmoid(params["Whbw"] @ h),
        "Whf": df * f * (1 - f),
        "Whga": dga * ga * (1 - ga),
        "Whgw": dgw * gw * (1 - gw),
        "Whm": softmax_backward(dpi, pi, axis=1).reshape(3 * R, B),
    }
    dstate = dstate | {"h": dstate["h"] + interface_backward(params, d, h, grads), "M": dM0 + dM0_write}
    return dstate | {"u": du0, "p": dp0 + dp0_links, "L": dL0, "ww": dww0, "wr": dwr0 + dwr0_usage}


# -------------------------------------------------------------------------------------------------- train


def train(params, inputs, targets, state):
    """Forward, loss and backward of one batch: inputs, targets (S, B) -> loss (nats), grads, new state."""
    _, cache, state = forward(params, inputs, state)
    return float(cross_entropy(cache, targets)), backward(params, targets, cache), state


# ----------------------------------------------------------------------------------------- gradient check


def gradcheck(params, inputs, targets, state, rng, num_checks=10):
    """Compare backward with a numerical gradient at num_checks random entries of every parameter, in float64.

    Returns a list, a dict for each parameter, with the figures that gradient_table prints.

    The numerical gradient is a complex step, f'(x) = Im f(x + ih) / h (Squire & Trapp, SIAM Review 40,
    1998). It subtracts no two losses, so it is exact to rounding, and h can be as small as 1e-30.
    The relative error |n - a| / |n + a| of an entry under 1e-10 of the largest gradient is taken against
    that: sums that cancel to so little hold nothing but rounding.
    """
    params, state = as_type(params, np.float64), as_type(state, np.float64)
    _, grads, _ = train(params, inputs, targets, state)
    rounding = 1e-10 * max(np.abs(g).max() for g in grads.values())
    rows = []
    for name, value in params.items():
        entries = rng.permutation(value.size)[:num_checks]
        n, a = np.empty(len(entries)), grads[name].ravel()[entries]
        for k, entry in enumerate(entries):
            stepped = value.astype(np.complex128)
            stepped.ravel()[entry] += 1e-30j
            _, cache, _ = forward(params | {name: stepped}, inputs, state)
            n[k] = cross_entropy(cache, targets).imag / 1e-30
        valid = np.abs(n + a) > 0
        error = np.abs(n - a)[valid] / np.maximum(np.abs(n + a)[valid], rounding)
        error = error if valid.any() else np.zeros(1)
        row = {"name": name, "n": (n.min(), n.max()), "a": (a.min(), a.max()), "tried": len(entries)}
        row |= {"min": error.min(), "max": error.max(), "mean": error.mean(), "valid": valid.sum()}
        rows.append(row)
    return rows


def gradient_table(rows):
    """gradcheck's rows as text, two lines a parameter.

    n, a: range of the numerical and of the analytic gradient; min, max, mean of the relative error;
    # entries tried / entries where it is defined, |n + a| > 0.
    """
    lines = []
    for row in rows:
        n, a = (f"{key} = [{row[key][0]:e}, {row[key][1]:e}]" for key in "na")
        lines.append(f"{row['name'] + ':':16}{n:40}min {row['min']:e}, max {row['max']:e}")
        lines.append(f"{'':16}{a:40}mean {row['mean']:e} # {row['tried']}/{row['valid']}")
    return "\n".join(lines)


# ------------------------------------------------------------------------------------------------ sampler


def sample(params, state, seed_ix, n, rng, temperature=1.0):
    """Let the model write: n ids, each drawn from what forward gives after the one before.

    state of one sequence (B = 1), not changed; seed_ix the id that is read first, not part of the result.
    temperature divides the logits: 1 is the model's own distribution, 0 takes the likeliest id each time.
    """
    ids = np.empty(n, np.int64)
    ix = seed_ix
    for k in range(n):
        _, cache, state = forward(params, np.array([[ix]]), state)
        y = cache["y"][0, :, 0].astype(np.float64)
        if temperature == 0:
            ix = y.argmax()
        else:
            y -= y.max()  # y / 1e-300 would overflow
            up_to = softmax(y / temperature, axis=0).cumsum()
            ix = np.searchsorted(up_to, rng.random() * up_to[-1], side="right")
        ids[k] = ix
    return ids


# --------------------------------------------------------------------------------------------------- text


class Mistake(Exception):
    """Something that the person at the keyboard can put right; shown as one line, without a traceback."""

    status = 2


class Diverged(Mistake):
    """The numbers of a run are no longer finite."""

    status = 1


def code_points(raw, as_bytes):
    """Yield the code points of raw (bytes), UTF-8 or one a byte, as arrays of about a million at a time."""
    decoder = codecs.getincrementaldecoder("latin-1" if as_bytes else "utf-8")()
    step = 1 << 20
    for start in range(0, len(raw), step):
        chunk = decoder.decode(raw[start : start + step], final=start + step >= len(raw))
        yield np.frombuffer(chunk.encode("utf-32-le"), np.uint32)


def read_text(path, as_bytes, vocab=None):
    """Read a text file -> ids (smallest unsigned type), vocab (sorted code points), SHA-256 of the file.

    With a vocab given, the ids are places in that. Raises Mistake if the file cannot be read, is empty, is
    not UTF-8, or holds characters that vocab has not.
    """
    try:
        with open(path, "rb") as file:
            raw = file.read()
        seen = np.zeros(0x110000, np.int64)  # how often each code point occurs
        for codes in code_points(raw, as_bytes):
            counts = np.bincount(codes)
            seen[: len(counts)] += counts
    except OSError as error:
        raise Mistake(f"cannot read {path}: {error.strerror}; give another TEXT") from error
    except UnicodeDecodeError as error:
        raise Mistake(f"{path} is not UTF-8 text; --bytes reads any file, byte by byte") from error
    if not raw:
        raise Mistake(f"{path} is empty; give a text to learn from")
    vocab = np.flatnonzero(seen) if vocab is None else vocab
    refuse_unseen(path, seen, vocab, as_bytes)
    place = np.zeros(0x110000, np.min_scalar_type(len(vocab) - 1))
    place[vocab] = np.arange(len(vocab))
    ids, filled = np.empty(seen.sum(), place.dtype), 0
    for codes in code_points(raw, as_bytes):
        ids[filled : filled + len(codes)] = place[codes]
        filled += len(codes)
    return ids, vocab, hashlib.sha256(raw).hexdigest()


def refuse_unseen(what, seen, vocab, as_bytes):
    """Raise Mistake if seen, how often each code point occurs, counts characters that are not in vocab."""
    unknown = np.setdiff1d(np.flatnonzero(seen), vocab)
    if len(unknown):
        names = ", ".join(f"0x{c:02x}" if as_bytes else repr(chr(c)) for c in unknown[:10])
        names += ", ..." if len(unknown) > 10 else ""
        count = seen[unknown].sum()
        raise Mistake(f"{what} has characters that the model has never seen, {count} in all: {names}")


def to_ids(text, what, model, options):
    """str -> ids (n,). Raises Mistake, naming what, if the model has never seen its characters."""
    try:
        codes = np.concatenate(list(code_points(os.fsencode(text), options["bytes"])))
    except UnicodeDecodeError as error:
        raise Mistake(f"{what} is not UTF-8 text; type it in UTF-8") from error
    refuse_unseen(what, np.bincount(codes), model["vocab"], options["bytes"])
    return np.searchsorted(model["vocab"], codes)


def to_text(ids, vocab, as_bytes):
    """ids -> str; bytes that are no UTF-8 are shown as replacement characters."""
    text = "".join(map(chr, vocab[ids]))
    return text.encode("latin-1").decode(errors="replace") if as_bytes else text


def next_batch(model, ids, options):
    """Cut a batch out of the text -> inputs, targets (S, B), each target the character after its input.

    The B pointers walk through the text in steps of S. One that has less than a batch left jumps to a
    random place, and the state of its sequence is set back. Changes the model's pointers, state and rng.
    """
    pointers, state, S = model["pointers"], model["state"], options["seqlength"]
    ended = pointers + S + 1 > len(ids)
    if ended.any():
        pointers[ended] = model["rng"].integers(0, len(ids) - S, ended.sum())
        fresh = new_state(model["rng"], len(pointers), options)
        for name in state:
            state[name][..., ended] = fresh[name][..., ended]
    at = pointers + np.arange(S)[:, None]
    pointers += S
    return ids[at].astype(np.intp), ids[at + 1].astype(np.intp)


# ------------------------------------------------------------------------------------------- saved models


FORMAT = 1  # of a saved model
KEPT = (*SIZES, "init_scale", "batchsize", "seqlength", "lr", "clip", "seed", "fp64", "bytes", "holdout")
FREE = ("seqlength", "lr", "clip")  # the kept options that may change when a run goes on
GROUPS = ("params", "sums", "state")
PAST_END = 1 << 60  # of any text


def new_model(vocab, options):
    """A model before its first iteration: a dict of all that training changes and a saved model holds."""
    rng = np.random.default_rng(options["seed"])
    dtype = np.float64 if options["fp64"] else np.float32
    params = as_type(new_params(rng, len(vocab), options), dtype)
    return {
        "params": params,
        "sums": {name: np.zeros_like(value) for name, value in params.items()},  # Adagrad's
        "state": as_type(new_state(rng, options["batchsize"], options), dtype),
        "pointers": np.full(options["batchsize"], PAST_END),  # every one jumps at first
        "vocab": vocab,
        "rng": rng,
        "iteration": 0,
        "seconds": 0.0,
        "bpc": math.log2(len(vocab)),  # smoothed
        "next_ix": 0,  # the id that the first sequence reads next
        "fingerprint": "",  # SHA-256 of the text
    }


def save_model(path, model, options, keep_old=False):
    """Write a model to an .npz file, by way of a temporary one: path holds a whole model at any moment.

    With keep_old, what was there gets another name.

    Raises OSError, and leaves what path held before, if that fails.
    """
    info = {name: model[name] for name in ("iteration", "seconds", "bpc", "next_ix", "fingerprint")}
    info |= {"format": FORMAT, "kind": KIND, "text": options["text"], "rng": model["rng"].bit_generator.state}
    info |= {"options": {name: options[name] for name in KEPT}}
    arrays = {"info": np.array(json.dumps(info)), "vocab": model["vocab"], "pointers": model["pointers"]}
    for group in GROUPS:
        arrays |= {f"{group}_{name}": value for name, value in model[group].items()}
    path, contents = os.path.realpath(path), io.BytesIO()
    np.savez(contents, **arrays)
    temporary = os.path.join(os.path.dirname(path), f".{os.path.basename(path)}.tmp")
    try:
        with open(temporary, "wb") as file:
            file.write(contents.getbuffer())
            file.flush()
            os.fsync(file.fileno())
        if keep_old:
            set_aside(path)
        os.replace(temporary, path)
    except OSError:
        if os.path.exists(temporary):
            os.remove(temporary)
        raise


def load_model(path):
    """Read a saved model -> model, options. Raises Mistake on all but a whole and sound one of this KIND."""
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = dict(archive)
        info = json.loads(str(arrays["info"]))
        kind, number = info["kind"], int(info["format"])
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        raise Mistake(f"cannot read {path}: {error.strerror}") from error
    except Exception as error:  # a broken file breaks zipfile, NumPy and json in many ways
        raise Mistake(f"{path} is no saved model, or not a whole one; give another to --load") from error
    if number > FORMAT:
        raise Mistake(f"{path} has format {number}, this script reads up to {FORMAT}; get a newer script")
    if kind != KIND:
        raise Mistake(f"{path} holds a model of the kind {kind}; open it with {kind}-numpy.py")
    try:
        return rebuild(arrays, info)
    except Exception as error:
        raise Mistake(f"{path} is damaged ({error}); give another to --load") from error


def rebuild(arrays, info):
    """Put a model together from what a file holds -> model, options. Raises whatever does not fit."""
    parser, options = option_parser()
    words = [as_word(name, info["options"][name]) for name in KEPT]
    options |= vars(parser.parse_args(words)) | {"text": str(info["text"])}
    vocab = arrays["vocab"]
    if vocab.ndim != 1 or vocab.dtype != np.int64 or (np.diff(vocab, prepend=-1) <= 0).any():
        raise ValueError("the vocabulary is not a sorted list")
    to_text(np.arange(len(vocab)), vocab, options["bytes"])
    model = new_model(vocab, options)
    model["pointers"] = fitting(arrays, "pointers", model["pointers"])
    for group in GROUPS:
        for name, like in model[group].items():
            model[group][name] = fitting(arrays, f"{group}_{name}", like)
    for name in ("iteration", "seconds", "bpc", "next_ix", "fingerprint"):
        model[name] = type(model[name])(info[name])
    model["rng"].bit_generator.state = info["rng"]
    low, high = model["pointers"].min(), model["pointers"].max()
    if not (0 <= model["next_ix"] < len(vocab) and 0 <= low and high <= PAST_END):
        raise ValueError("a place is outside the text")
    return model, {name: options[name] for name in (*KEPT, "text")}


def fitting(arrays, name, like):
    """The array of that name, if it has the shape and type of like and is finite; else ValueError."""
    found = arrays[name]
    if (found.shape, found.dtype) != (like.shape, like.dtype) or not np.isfinite(found).all():
        raise ValueError(f"{name} is not {like.dtype} {like.shape}, or not finite")
    return found


# ------------------------------------------------------------------------------------------ training loop


def log_files(options):
    """The log files that a run begins, each with its header."""
    return [(options["fname"], "# iteration seconds BPC\n"), ("gradcheck.log", ""), ("sample.log", "")]


def report(model, speed, options):
    """A line of the log, to the terminal and to the log file; speed in characters a second."""
    seconds, iteration, bpc = model["seconds"], model["iteration"], model["bpc"]
    count = (iteration - 1) // options["report_interval"]
    say(f"{count:2d}: {seconds:.3f} s, iter {iteration}, {bpc:.4f} BPC, {speed:.2f} char/s")
    append(options["fname"], f"{iteration} {seconds:.3f} {bpc:.6f}\n")


def check(model, ids, options):
    """The instruments at every check interval: a gradient check on the batch to come, and a sample.

    gradcheck.log and sample.log get the whole; the terminal gets the first table, then a line of each.
    """
    iteration = model["iteration"]
    if options["gradcheck"] is not False:
        rng = np.random.default_rng([options["seed"], iteration])
        ahead = {
            "pointers": model["pointers"].copy(),
            "state": as_type(model["state"], np.float64),
            "rng": rng,
        }
        rows = gradcheck(model["params"], *next_batch(ahead, ids, options), ahead["state"], rng)
        worst, table = max(rows, key=lambda row: row["max"]), gradient_table(rows)
        append("gradcheck.log", f"iter {iteration}\n{table}\n\n")
        say(f"    gradient: max {worst['max']:e} ({worst['name']})" if iteration else table)
    if iteration:
        text = log_sample(model, options)
        say(f"    sample: {' '.join(text[:100].split())}")


def show_sample(model, options):
    """What the model writes, on the terminal and in sample.log."""
    say(f"----\n{log_sample(model, options)}\n----")


def log_sample(model, options):
    """What the model writes -> str; sample.log gets it too."""
    text = write_sample(model, options)
    append("sample.log", f"iter {model['iteration']}\n{text}\n\n")
    return text


def keep_freed_memory():
    """Have glibc keep what is freed for the next iteration, not get it from the system anew each time.

    Its limit for that grows to the largest piece ever freed, up to 32 MiB. Measured: a third of the time.
    """
    np.empty(33_000_000, np.uint8)


def in_one(arrays):
    """A dict of arrays -> one flat array that holds all their entries, and a dict of views into it."""
    flat, views, start = np.concatenate([value.ravel() for value in arrays.values()]), {}, 0
    for name, value in arrays.items():
        views[name] = flat[start : start + value.size].reshape(value.shape)
        start += value.size
    return flat, views


def adagrad(flat, sums, g, lr, clip):
    """Update in place: flat, all parameters, and sums, their squared gradients so far; g is the gradient."""
    if clip:
        g = np.clip(g, -clip, clip)
    sums += g * g
    flat -= lr * g / np.sqrt(sums + 1e-8)


def learn(model, ids, held_out, signals, options):
    """Train until a limit or a signal; report, check and save on the way. Returns the exit status.

    Raises Diverged when the loss is no longer finite.
    """
    keep_freed_memory()
    flat, model["params"] = in_one(model["params"])
    sums, model["sums"] = in_one(model["sums"])
    characters = options["seqlength"] * options["batchsize"]
    began, iters = time.perf_counter() - model["seconds"], options["iters"] or math.inf
    deadline = time.perf_counter() + options["timelimit"]
    trained, busy = 0, 0.0  # iterations, and seconds spent on them, since the last report
    checked = model["iteration"] or -1  # a loaded model has been looked at where it stopped
    while model["iteration"] < iters and time.perf_counter() < deadline and not signals:
        if model["iteration"] % options["check_interval"] == 0 and model["iteration"] != checked:
            if model["iteration"]:
                keep(model, options)
                report_held_out(model, held_out, options)
            check(model, ids, options)
        tick = time.perf_counter()
        inputs, targets = next_batch(model, ids, options)
        loss, grads, model["state"] = train(model["params"], inputs, targets, model["state"])
        if not math.isfinite(loss):
            raise Diverged(diverged(model, options))
        g = np.concatenate([grads[name].ravel() for name in model["params"]])
        adagrad(flat, sums, g, options["lr"], options["clip"])
        trained, busy = trained + 1, busy + time.perf_counter() - tick
        model["iteration"] += 1
        model["seconds"] = time.perf_counter() - began
        model["bpc"] = 0.999 * model["bpc"] + 0.001 * loss / characters / math.log(2)
        model["next_ix"] = int(targets[-1, 0])
        if model["iteration"] % options["report_interval"] == 0:
            report(model, trained * characters / busy, options)
            trained, busy = 0, 0.0
    kept = keep(model, options)
    if trained:
        report(model, trained * characters / busy, options)
    report_held_out(model, held_out, options)
    if signals:
        say(f"stopped by {signal.Signals(signals[0]).name} after iteration {model['iteration']}")
        return 128 + signals[0]
    return 0 if kept else 1


def diverged(model, options):
    """The line that ends a run whose numbers are no longer finite."""
    saved = f"; {options['save']} holds the last good model" if options["save"] else ""
    where = f"the loss is not finite after iteration {model['iteration']}"
    return f"{where}; try a smaller --lr than {options['lr']}, or --clip 5{saved}"


def keep(model, options):
    """Save the model, if that is asked for; a failure is told and survived -> whether all is well."""
    if not options["save"]:
        return True
    if not all(np.isfinite(value).all() for value in model["params"].values()):
        raise Diverged(diverged(model, options))
    try:
        save_model(options["save"], model, options)
        return True
    except OSError as error:
        warn(f"cannot save {options['save']}: {error.strerror}; the last saved model stays as it is")
        return False


def catch_signals():
    """Let SIGINT and SIGTERM end the run after its iteration, and a second one at once.

    Returns a list that fills with the signals as they come.
    """
    signals = []

    def note(number, frame):
        if signals:
            os._exit(128 + number)
        signals.append(number)

    signal.signal(signal.SIGINT, note)
    signal.signal(signal.SIGTERM, note)
    return signals


def bits_per_character(params, state, ids, progress=False):
    """The loss of ids (n,) in bits per character, cut into as many equal stretches as state has columns.

    The state is carried from the start of a stretch to its end; up to B - 1 characters at the end of ids
    are left over. progress shows on standard error how far it is.
    """
    B, loss, step = state["h"].shape[1], 0.0, 100
    length = (len(ids) - 1) // B
    for start in range(0, length, step):
        at = np.arange(start, min(start + step, length))[:, None] + np.arange(B) * length
        _, cache, state = forward(params, ids[at].astype(np.intp), state)
        loss += float(cross_entropy(cache, ids[at + 1].astype(np.intp)))
        if progress and start % (100 * step) == 0:
            print(f"\r{100 * start // length} %", end="\r", file=sys.stderr, flush=True)
    return loss / (length * B) / math.log(2)


def report_held_out(model, ids, options):
    """A line with the bits per character of the text that is kept out of training, if there is any."""
    if len(ids):
        state = fresh_state(model, min(options["batchsize"], len(ids) - 1), options)
        say(f"held out: {bits_per_character(model['params'], state, ids):.4f} BPC")


def fresh_state(model, batchsize, options):
    """new_state in the model's type."""
    state = new_state(np.random.default_rng(options["seed"]), batchsize, options)
    return as_type(state, model["params"]["by"].dtype)


def write_sample(model, options):
    """What the model writes when it goes on from the state of its first sequence -> str."""
    state = {name: value[..., :1] for name, value in model["state"].items()}
    rng = np.random.default_rng([options["seed"], model["iteration"]])
    ids = sample(model["params"], state, model["next_ix"], options["sample_length"], rng)
    return to_text(ids, model["vocab"], options["bytes"])


def say(text):
    """Print at once, also into a pipe."""
    print(text, flush=True)


def warn(text):
    """Tell of a trouble that the run survives."""
    print(f"{SCRIPT}: warning: {text}", file=sys.stderr, flush=True)


def append(path, text):
    """Add text to a log file; where that fails, a line says so and the run goes on."""
    try:
        with open(path, "a", encoding="utf-8", errors="replace") as file:
            file.write(text)
    except OSError as error:
        warn(f"cannot write {path}: {error.strerror}")


def set_aside(path):
    """Rename a file that is there already to path.1, or the next number that is free."""
    if os.path.isfile(path) and os.path.getsize(path):
        os.replace(path, next(f"{path}.{n}" for n in itertools.count(1) if not os.path.exists(f"{path}.{n}")))


def begin_files(model, options):
    """Begin the logs and the saved model, and lose nothing that is there. Raises Mistake if that fails."""
    try:
        for path, header in log_files(options):
            if not options["load"]:
                set_aside(path)
            begun = os.path.exists(path)
            with open(path, "a", encoding="utf-8") as file:
                file.write("" if begun else header)
        if options["save"]:
            path = options["save"]
            goes_on = os.path.realpath(path) == os.path.realpath(options["load"] or "")
            save_model(path, model, options, keep_old=not goes_on)
    except OSError as error:
        raise Mistake(f"cannot write {path}: {error.strerror}; give another place") from error


# ------------------------------------------------------------------------------------------- command line


def add_own(add, size):
    """The options that not every script has."""
    add("hidden", size, "hidden units")
    add("memory", ("content", "paper"), "addressed by content alone, or the complete memory of the paper")
    add("cell", ("squashed", "standard"), "what the LSTM carries on; with --memory paper standard")
    add("heads", size, "read heads")
    add("locations", size, "memory locations; with --memory paper 16")
    add("width", size, "width of a location; with --memory paper 16")
    add(
        "view",
        str,
        "show the memory at work on these characters ('' for the first of TEXT), after training or of --load",
    )


def defaults(given):
    """The defaults of this script; given, the options that are set, for those that depend on others."""
    values = {"hidden": 100, "memory": "content", "batchsize": 8, "seqlength": 15, "lr": 0.05, "fp64": True}
    values |= {"timelimit": 10000.0, "sample_length": 1000, "check_interval": 200, "fname": f"{SCRIPT}.dat"}
    values |= {"report_interval": given.get("check_interval", 200)}
    if given.get("memory") == "paper":
        return values | {"cell": "standard", "heads": 1, "locations": 16, "width": 16}
    if given.get("heads", 1) > 1:
        raise Mistake("the content memory has one read head; for more add --memory paper")
    return values | {"cell": "squashed", "heads": 1, "locations": 8, "width": 8}


def print_view(model, options):
    """Show the memory at work, a row a character of --view or of the beginning of TEXT -> exit status."""
    ids = to_ids(options["view"], "--view", model, options) if options["view"] else first_ids(model, options)
    _, cache, _ = forward(model["params"], ids[:, None], fresh_state(model, 1, options))
    cost = cache["log_sum"][:-1, 0, 0] - cache["y"][np.arange(len(ids) - 1), ids[1:], 0]
    rows, paper = [], "Whm" in model["params"]
    for step, ix, bits in zip(cache["steps"], ids, [math.nan, *cost / math.log(2)], strict=True):
        memory, interface = step["interface"] | step["after"], step["interface"]
        char = to_text(np.array([ix]), model["vocab"], options["bytes"])
        row = [char if char.isprintable() else repr(char)[1:-1], "" if math.isnan(bits) else f"{bits:.1f}"]
        if paper:
            row += [shades(interface[gate]) for gate in ("gw", "ga", "f")]
        row += [shades(memory["ww"]), " ".join(map(shades, memory["wr"].reshape(-1, len(memory["ww"]))))]
        if paper:
            row += [shades(memory["u"]), shades(interface["pi"])]
        rows.append(row)
    titles = ["char", "bits", "w", "a", "free", "write to", "read from", "usage", "modes"]
    titles = titles if paper else ["char", "bits", "write to", "read from"]
    widths = [max(map(len, column)) for column in zip(titles, *rows, strict=True)]
    legend = [
        "░ over 0.05, ▒ over 0.2, ▓ over 0.4, █ over 0.7; bits: what the character cost, after those before",
        "write to, read from: weighting of each location, head after head",
    ]
    if paper:
        legend.append(
            "w, a, free: write gate, allocation gate, free gates; modes: backward, content, forward"
        )
    lines = [
        " │ ".join(f"{cell:{n}}" for cell, n in zip(row, widths, strict=True)) for row in [titles, *rows]
    ]
    say("\n".join([*legend, *lines]))
    return 0


def shades(values):
    """Numbers from 0 to 1, in any shape -> a string with a block for each."""
    return "".join("·░▒▓█"[np.searchsorted([0.05, 0.2, 0.4, 0.7], x)] for x in values.ravel())


def first_ids(model, options):
    """The first 60 characters of TEXT as ids."""
    return read_text(options["text"], options["bytes"], model["vocab"])[0][:60].astype(np.intp)


def number(kind, least, most, what):
    """A type for an option: an int or float within bounds."""

    def parse(word):
        try:
            value = kind(word)
        except ValueError:
            value = math.nan
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"must be {what}, not {word}")
        return value

    return parse


def file_name(word):
    """A type for an option: an empty name, from a variable that is not set, say, is a mistake."""
    if not word:
        raise argparse.ArgumentTypeError("must be the name of a file")
    return word


def complain(message):
    """What argparse does with a wrong command line."""
    raise Mistake(f"{message}; --help lists the options")


def option_parser():
    """The command line -> a parser, which returns only what is given, and the defaults of all options."""
    about = __doc__.splitlines()[0]
    parser = argparse.ArgumentParser(SCRIPT, description=about, argument_default=argparse.SUPPRESS)
    parser.error = complain
    values = defaults({})

    def add(name, kind, what, default=None):
        values.setdefault(name, default)
        shown = "" if values[name] is None else f" (default: {values[name]})"
        more = {"choices": kind} if isinstance(kind, tuple) else {"type": kind, "metavar": "X"}
        more = {"action": argparse.BooleanOptionalAction} if kind is bool else more
        parser.add_argument(f"--{name}", help=what + shown, **more)

    size = number(int, 1, 10**9, "a whole number of 1 or more")
    count = number(int, 0, 2**63 - 1, "a whole number of 0 or more")
    positive = number(float, 5e-324, sys.float_info.max, "a number above 0")
    none_or_more = number(float, 0, sys.float_info.max, "a number of 0 or more")
    values["evaluate"] = False
    values["text"] = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data", "missing-hour.txt")
    parser.add_argument(
        "text", nargs="?", metavar="TEXT", help="file to learn (default: data/missing-hour.txt)"
    )
    add_own(add, size)
    add("init_scale", positive, "scale of the random weights at the start", 0.01)
    add("batchsize", size, "sequences in a batch", 16)
    add("seqlength", size, "time steps in a batch", 25)
    add("lr", positive, "learning rate of Adagrad", 0.1)
    add("clip", none_or_more, "clip each entry of the gradient to this size; 0 is off, 5 usual", 0.0)
    add("seed", count, "makes a run repeatable; random unless given")
    add("fp64", bool, "compute in float64", False)
    add("bytes", bool, "read the text as bytes, not as UTF-8", False)
    add("holdout", number(float, 0, 0.99, "from 0 to 0.99"), "part of the text kept for measuring", 0.0)
    add("timelimit", positive, "seconds to run", 1000.0)
    add("iters", size, "iterations to run, those of a loaded model included; no limit unless given")
    add("report_interval", size, "iterations between log lines")
    add("check_interval", size, "iterations between samples, saves and measures of the held-out text")
    add("sample_length", count, "characters in a sample", 200)
    add("fname", file_name, "file for the log: iteration, seconds and BPC in columns")
    add("save", file_name, "file to save the model in, at every check, at the end and on Ctrl-C")
    add("load", file_name, "saved model to go on from")
    add("gradcheck", bool, "check the gradient of the first batch and stop; no: not while training either")
    add("sample", count, "with --load: print so many characters and stop")
    add("prime", str, "with --sample: text that the model reads first")
    add("temperature", none_or_more, "with --sample: 0 takes the likeliest, over 1 dares more", 1.0)
    parser.add_argument("--evaluate", action="store_true", help="with --load: print the BPC of TEXT and stop")
    return parser, values


def as_word(name, value):
    """An option as it is typed."""
    if isinstance(value, bool):
        return f"--{name}" if value else f"--no-{name}"
    return f"--{name}={value}"


def read_options(words):
    """The command line -> the options of the run, and the model to go on from or None. Raises Mistake."""
    parser, base = option_parser()
    given = vars(parser.parse_args(words))
    model, saved = load_model(given["load"]) if "load" in given else (None, {})
    options = base | defaults(saved | given) | saved | given
    looks = [f"--{name}" for name in ("sample", "evaluate") if name in given]
    if looks and model is None:
        raise Mistake(f"{looks[0]} needs a trained model; name its file with --load")
    if looks and {"save", "fname", "gradcheck"} & set(given) or len(looks) > 1:
        raise Mistake(f"{looks[0]} does nothing else; leave out the other tasks, --save and --fname")
    if options["sample"] is None and {"prime", "temperature"} & set(given):
        raise Mistake("--prime and --temperature need --sample and a number of characters")
    for name in KEPT:
        if saved and options[name] != saved[name] and name not in FREE and not (looks and name == "seed"):
            clash = f"{as_word(name, given[name])} contradicts {given['load']}, which has "
            raise Mistake(f"{clash}{as_word(name, saved[name])}; leave it out, or start anew without --load")
    if options["seed"] is None or (options["sample"] is not None and "seed" not in given):
        options["seed"] = int(np.random.default_rng().integers(1 << 32))
    options["text"] = os.path.abspath(options["text"])
    refuse_overwriting(options)
    return options, model


def refuse_overwriting(options):
    """Raise Mistake if the run would write over what it reads, or two things to one file."""
    written = [path for path, _ in log_files(options)] + [options["save"]] * bool(options["save"])
    taken = {os.path.realpath(options["text"])}
    for path in written:
        if os.path.realpath(path) in taken:
            raise Mistake(f"{path} is to be written, but is the text or another file of this run; rename one")
        taken.add(os.path.realpath(path))
    if options["load"] and os.path.realpath(options["load"]) in taken - {
        os.path.realpath(options["save"] or "")
    }:
        raise Mistake(f"{options['load']} is to be loaded, but is the text or a log of this run; rename one")
    if options["save"] and os.path.exists(options["save"]) and not os.path.isfile(options["save"]):
        raise Mistake(f"--save {options['save']} is not a file; give another name")


def prepare(model, options):
    """Read the text, and make the model if there is none yet -> model, training ids, held-out ids.

    Raises Mistake if the text does not suit the options or the model.
    """
    path, holdout = options["text"], options["holdout"]
    ids, vocab, fingerprint = read_text(path, options["bytes"], None if model is None else model["vocab"])
    cut = len(ids) - int(holdout * len(ids))
    if cut <= options["seqlength"]:
        needs = f"a batch of --seqlength {options['seqlength']} needs {options['seqlength'] + 1}"
        raise Mistake(f"{path} has {cut} characters to learn from, {needs}; give more text or fewer steps")
    if holdout and cut > len(ids) - 2:
        raise Mistake(f"--holdout {holdout} of {len(ids)} characters is none; give a larger part")
    if model is None:
        model = new_model(vocab, options) | {"fingerprint": fingerprint}
    elif model["fingerprint"] != fingerprint:
        say("not the text that the model was trained on, but its characters fit: training goes on with it")
        model["fingerprint"] = fingerprint
    return model, ids[:cut], ids[cut:]


def print_gradient_table(model, ids, options):
    """Check the gradient of the next batch -> exit status, 0 if every relative error is under 1e-4."""
    inputs, targets = next_batch(model, ids, options)
    rng = np.random.default_rng(options["seed"])
    rows = gradcheck(model["params"], inputs, targets, model["state"], rng)
    say(gradient_table(rows))
    return 0 if all(row["max"] < 1e-4 for row in rows) else 1


def print_evaluation(model, options):
    """The bits per character of the whole text, its state carried from start to end -> exit status."""
    ids, _, _ = read_text(options["text"], options["bytes"], model["vocab"])
    if len(ids) < 2:
        raise Mistake(f"{options['text']} has one character and none to predict; give a longer text")
    progress = sys.stderr.isatty()
    bpc = bits_per_character(model["params"], fresh_state(model, 1, options), ids, progress)
    say(f"{bpc:.4f} BPC, {len(ids)} characters, {os.path.basename(options['text'])}")
    return 0


def print_sample(model, options):
    """Write --sample characters and nothing else, but for a newline on a terminal -> exit status."""
    state, seed_ix = {name: value[..., :1] for name, value in model["state"].items()}, model["next_ix"]
    if options["prime"]:
        *ids, seed_ix = to_ids(options["prime"], "--prime", model, options)
        state = fresh_state(model, 1, options)
        if ids:
            _, _, state = forward(model["params"], np.array(ids)[:, None], state)
    rng = np.random.default_rng(options["seed"])
    ids = sample(model["params"], state, seed_ix, options["sample"], rng, options["temperature"])
    text = to_text(ids, model["vocab"], options["bytes"])
    print(text, end="\n" if sys.stdout.isatty() else "", flush=True)
    return 0


def train_and_sample(model, ids, held_out, options):
    """The run that the scripts are for -> exit status."""
    signals = catch_signals()
    begin_files(model, options)
    size = sum(value.size for value in model["params"].values())
    what = f"{len(ids)} characters, {len(model['vocab'])} different, from {os.path.basename(options['text'])}"
    say(f"{what}; {size} parameters; seed {options['seed']}")
    if options["iters"] and model["iteration"] >= options["iters"]:
        say(f"{options['load']} has {model['iteration']} iterations already; --iters counts them too")
    try:
        status = learn(model, ids, held_out, signals, options)
        show_sample(model, options)
    except OSError:  # standard output is closed or full: nothing is lost all the same
        keep(model, options)
        raise
    return status


def run(words):
    """Do what the command line asks for -> exit status. Raises Mistake."""
    options, model = read_options(words)
    if options["sample"] is not None:
        return print_sample(model, options)
    if options["evaluate"]:
        return print_evaluation(model, options)
    if options["view"] is not None and model is not None:
        return print_view(model, options)
    model, ids, held_out = prepare(model, options)
    if options["gradcheck"]:
        return print_gradient_table(model, ids, options)
    if options["view"]:
        to_ids(options["view"], "--view", model, options)  # better told now than after hours of training
    status = train_and_sample(model, ids, held_out, options)
    if options["view"] is not None:
        print_view(model, options)
    return status


def main(words=None):
    """Run the command line and turn every foreseeable failure into one line. Returns the exit status."""
    sys.stdout = sys.stdout or open(os.devnull, "w")
    sys.stdout.reconfigure(errors="replace")
    try:
        with np.errstate(all="ignore"):  # a run that diverges is told of in one line, by learn
            return run(words)
    except Mistake as mistake:
        message, status = mistake, mistake.status
    except MemoryError:
        message, status = "not enough memory for these sizes; give smaller ones", 2
    except BrokenPipeError:  # nobody reads on: end as quietly as other tools do
        message, status = None, 128 + signal.SIGPIPE
    except OSError as error:
        message, status = f"cannot write to standard output: {error.strerror}; make room for it", 1
    if message:
        print(f"{SCRIPT}: error: {message}", file=sys.stderr)
    else:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing is left to be flushed
    return status


if __name__ == "__main__":
    sys.exit(main())

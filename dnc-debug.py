# /// script
# requires-python = ">=3.10"
# dependencies = ["numpy>=1.26"]
# ///
"""A Differentiable Neural Computer that learns a text character by character, in plain NumPy.

    python dnc-debug.py [TEXT] [options]          --help lists them

One equation a line, no speed tricks, and instruments: while it trains it checks its own gradient, writes
samples, and keeps the logs dnc-debug.py.dat, gradcheck.log and sample.log in the current folder.
dnc-numpy.py computes the same, fast; each opens the other's saved models.

One step reads a character x, one-hot, and gives probs, the probabilities of the next one. A name that
ends in 0, like h0, is a value of the step before. The controller is an LSTM that also reads r0, what the
memory gave at the step before; z are the arguments of its four gates, a quarter of the rows each:

    z = Wxh x + Whh h0 + Wrh r0 + bh
    i, o, f = sigmoid(z)             input, output and forget gate, each with its rows of z
    g = tanh(z)                      candidate, with the last rows
    s = i*g + f*c0                   the cell (the textbooks' c); --cell standard: f*s0
    c = tanh(s)
    h = o*c                          hidden state, from which the memory is steered
    y = Why h + by + Wry r           logits, from the r of this step
    probs = softmax(y)

    --cell squashed    carries c to the next step (github.com/krocki/dnc); default with the content memory
    --cell standard    carries s; the DNC paper's, default with the complete memory

The memory M has N locations of width W; R heads read it, one head writes it.

    --memory content   krocki/dnc's: addressed by content alone, with one read head (content_memory)
    --memory paper     the complete memory of Graves et al., "Hybrid computing using a neural network with
                       dynamic external memory", Nature 538, 2016 (complete_memory), every equation of it

The paper's symbols of an interface vector ξ and of what the memory does with it, and the names here:

    k^r   kr   read keys             β^r   br   read strengths       β^w   bw   write strength
    k^w   kw   write key             v     v    write vector         e     e    erase vector
    f     f    free gates            g^a   ga   allocation gate      g^w   gw   write gate
    π     pi   read modes            ψ     psi  retention            u     u    usage
    φ     phi  free list             a     a    allocation           c^w   cw   content, of the write key
    w^w   ww   write weighting       p     p    precedence           L     L    links
    b, f  bk fw  backward, forward   c^r   cr   content, of a read   w^r   wr   read weightings

The loss is the sum over all steps of -log probs[target], in nats; divided by log 2 and by the number of
characters, it is in bits per character (BPC). A model that knows nothing yet finds all V characters equally
likely, so the first loss that train gives must be log2 V bits, 6.0 on the bundled text: the first thing to
check in a new model. The BPC of the log is smoothed and starts there.

The letters of the shapes; the batch is the last axis, everywhere:
V characters in the vocabulary, H hidden units, B sequences in a batch, S time steps.

Every forward line has its twin in the backward pass; dX is the gradient of the loss in X, X' is X transposed.
"""

import argparse
import copy
import io
import json
import math
import os
import signal
import sys
import time

if __name__ == "__main__":
    # One BLAS thread is the fastest at the default sizes; to be set before NumPy is loaded
    os.environ.setdefault("OPENBLAS_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", "1"))
    for name in {"SIGINT", "SIGPIPE"} & set(dir(signal)):  # Ctrl-C, or the pipe is closed: just end
        signal.signal(getattr(signal, name), signal.SIG_DFL)

import numpy as np

SCRIPT = os.path.basename(__file__)
# The options that make the arrays of a model: the arguments of init_state, and those of init_params, in order
SIZES = ("hidden", "cell", "memory", "heads", "locations", "width")
PARAMS_FROM = ("hidden", "memory", "heads", "width", "init_scale")
EPS = 1e-6  # keeps usages and norms off 0


# ---------------------------------------------------------------------------------------------- numerics
def sigmoid(x):
    """1 / (1 + exp(-x)), by way of tanh, which cannot overflow."""
    return 0.5 + 0.5 * np.tanh(0.5 * x)


def oneplus(x):
    """1 + log(1 + exp(x)); where exp would overflow, log(1 + exp(x)) is x itself."""
    return 1 + np.maximum(x, np.log1p(np.exp(np.minimum(x, 80))))


def softmax(y, axis):
    """exp(y) / sum exp(y) along axis; with the maximum subtracted first, exp cannot overflow."""
    e = np.exp(y - y.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def softmax_backward(dw, w, axis):
    """The gradient in y of w = softmax(y), from that in w."""
    return w * (dw - (w * dw).sum(axis=axis, keepdims=True))


def cross_entropy(y, probs, targets):
    """The loss in nats, summed over S and B: log sum exp(y) - y[target]; y, probs (S, V, B), targets (S, B).
    log sum exp(y) is y[k] - log probs[k] for any k: the likeliest, whose probs[k] cannot round to 0."""
    log_sum = y.max(axis=1) - np.log(probs.max(axis=1))
    return (log_sum - np.take_along_axis(y, targets[:, None], axis=1)[:, 0]).sum()


# ----------------------------------------------------------------------------------- parameters and state
def init_params(rng, vocab_size, hidden, memory="content", heads=1, width=8, init_scale=0.01):
    """Weights from normal noise times init_scale, biases 0 but 1 for f; a dict of float64 arrays."""
    V, H, R, W = vocab_size, hidden, heads, width
    rows = {"Whr": R * W, "Whv": W, "Whw": W, "Whe": W}  # read keys, write vector, write key, erase vector
    if memory == "paper":
        rows |= {"Whbr": R, "Whbw": 1}  # read strengths, write strength
        rows |= {"Whf": R, "Whga": 1, "Whgw": 1}  # free gates, allocation gate, write gate
        rows |= {"Whm": 3 * R}  # read modes, a head after the other, in the order backward, content, forward
    shapes = {"Wxh": (4 * H, V), "Whh": (4 * H, H), "Why": (V, H)}  # input and hidden to the gates, to output
    shapes |= {name: (count, H) for name, count in rows.items()}  # hidden to the memory's interface
    shapes |= {"Wrh": (4 * H, R * W), "Wry": (V, R * W)}  # read vectors to the gates, to output
    params = {name: rng.standard_normal(shape) * init_scale for name, shape in shapes.items()}
    params |= {"bh": np.zeros((4 * H, 1)), "by": np.zeros((V, 1))}
    params["bh"][2 * H : 3 * H] = 1  # a cell that remembers until it learns to forget
    return params


def init_state(rng, batchsize, hidden, cell="squashed", memory="content", heads=1, locations=8, width=8):
    """The state of sequences that begin: all zero, but for noise in the memory addressed by content, where no
    address could ever tell equal rows apart."""
    H, B, R, N, W = hidden, batchsize, heads, locations, width
    carried = {"squashed": "c", "standard": "s"}[cell]
    shapes = {"h": (H, B), carried: (H, B), "M": (N, W, B), "r": (R * W, B)}
    if memory == "paper":  # usage, precedence, links, write weighting, read weightings
        shapes |= {"u": (N, B), "p": (N, B), "L": (N, N, B), "ww": (N, B), "wr": (R, N, B)}
    state = {name: np.zeros(shape) for name, shape in shapes.items()}
    if memory == "content":
        state["M"] += rng.standard_normal((N, W, B)) * 0.01
    return state


def fresh_state(batchsize, options, rng=None):
    """init_state as the command line's options have it; without rng always with the same noise."""
    state = init_state(rng or np.random.default_rng(0), batchsize, *(options[name] for name in SIZES))
    return as_type(state, np.float64 if options["fp64"] else np.float32)


def as_type(arrays, dtype):
    """A dict of arrays, copied to a type."""
    return {name: value.astype(dtype) for name, value in arrays.items()}


# ---------------------------------------------------------------------- the mechanisms of the complete memory
# Each forward beside its backward. K keys at once: 1 for writing, R for reading.


def unit(x):
    """x / |x|, along the width: x (K, W, B) or (N, W, B) -> the same shape, and |x|."""
    norm = np.sqrt((x * x).sum(axis=1, keepdims=True) + EPS)
    return x / norm, norm


def unit_backward(dunit, unit, norm):
    """-> dx, from the gradient in unit = x / |x|"""
    return (dunit - unit * (dunit * unit).sum(axis=1, keepdims=True)) / norm


def content_weighting(M, k, beta):
    """C(M, k, beta) = softmax over locations of beta D(k, M), D the cosine similarity.

    M (N, W, B), keys k (K, W, B), strengths beta (K, B) -> (K, N, B)"""
    D = np.einsum("nwb,kwb->knb", unit(M)[0], unit(k)[0])
    return softmax(beta[:, None] * D, axis=1)


def content_weighting_backward(dc, M, k, beta):
    """-> dM, dk, dbeta"""
    (M_unit, M_norm), (k_unit, k_norm) = unit(M), unit(k)
    D = np.einsum("nwb,kwb->knb", M_unit, k_unit)
    dscores = softmax_backward(dc, softmax(beta[:, None] * D, axis=1), axis=1)  # in beta D
    dD, dbeta = dscores * beta[:, None], (dscores * D).sum(axis=1)
    dM_unit, dk_unit = np.einsum("knb,kwb->nwb", dD, k_unit), np.einsum("knb,nwb->kwb", dD, M_unit)
    return unit_backward(dM_unit, M_unit, M_norm), unit_backward(dk_unit, k_unit, k_norm), dbeta


def usage(u0, ww0, wr0, f):
    """u = (u0 + ww0 - u0 ww0) psi, psi = prod over heads of (1 - f wr0): retention.

    Usage rises where something was written, and falls where a head has read and its free gate says that it
    is no longer needed. u0, ww0 (N, B), wr0 (R, N, B), f (R, B) -> (N, B)"""
    psi = np.prod(1 - f[:, None] * wr0, axis=0)
    return (u0 + ww0 - u0 * ww0) * psi


def usage_backward(du, u0, ww0, wr0, f):
    """-> du0, dww0, dwr0, df; psi's slope in the factor of a head is the product of the others"""
    kept = 1 - f[:, None] * wr0
    psi = np.prod(kept, axis=0)
    dpsi = du * (u0 + ww0 - u0 * ww0)
    dkept = dpsi * np.stack([np.prod(np.delete(kept, head, axis=0), axis=0) for head in range(len(f))])
    du0, dww0 = du * psi * (1 - ww0), du * psi * (1 - u0)
    dwr0, df = -dkept * f[:, None], -(dkept * wr0).sum(axis=1)
    return du0, dww0, dwr0, df


def allocation(u):
    """a[phi_j] = (1 - used[phi_j]) prod over i < j of used[phi_i], phi the locations from the least used up.

    The least used location gets its free part, 1 - used; of what that leaves, the next gets its own.
    u (N, B) -> a (N, B); used = EPS + (1 - EPS) u, kept off 0 so that backward can divide by it."""
    phi = np.argsort(u.real, axis=0, kind="stable")  # real: or gradcheck's complex steps would reorder ties
    used = np.take_along_axis(EPS + (1 - EPS) * u, phi, axis=0)
    a = np.empty_like(u)
    before = np.cumprod(np.concatenate([np.ones_like(used[:1]), used[:-1]]), axis=0)
    np.put_along_axis(a, phi, (1 - used) * before, axis=0)
    return a


def allocation_backward(da, u):
    """-> du; the order phi counts as constant"""
    phi = np.argsort(u, axis=0, kind="stable")
    used = np.take_along_axis(EPS + (1 - EPS) * u, phi, axis=0)
    before = np.cumprod(np.concatenate([np.ones_like(used[:1]), used[:-1]]), axis=0)
    da = np.take_along_axis(da, phi, axis=0)
    later = np.tri(len(u), k=-1, dtype=u.dtype).T @ (da * (1 - used) * before)  # used_j is in all later a
    du = np.empty_like(u)
    np.put_along_axis(du, phi, (1 - EPS) * (later / used - da * before), axis=0)
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
    """L[i, j] = (1 - ww[i] - ww[j]) L0[i, j] + ww[i] p0[j], L[i, i] = 0: how much i came right after j.

    A write cuts a location's old links and ties it to the one written before. L0 (N, N, B), ww, p0 (N, B)"""
    L = (1 - ww[:, None] - ww) * L0 + ww[:, None] * p0
    L[np.diag_indices(len(L))] = 0
    return L


def links_backward(dL, L0, ww, p0):
    """-> dL0, dww, dp0"""
    dL = dL.copy()
    dL[np.diag_indices(len(dL))] = 0
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

    L (N, N, B), wr0, cr (R, N, B), pi (R, 3, B) -> (R, N, B)"""
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

    inputs (S, B) ints, state as init_state gives it -> probs (S, V, B), cache for backward, the state
    after the last step; all of the parameters' type, which gradcheck makes complex."""
    memory = complete_memory if "Whm" in params else content_memory  # only the complete has read modes
    (S, B), V, dtype = inputs.shape, len(params["by"]), params["by"].dtype
    x = one_hot(inputs, V, dtype).reshape(V, S, B)
    y, steps = [], []
    for t in range(S):
        before = state
        state, gates = controller(params, x[:, t], before)
        state, step = memory(params, state, before)
        y.append(params["Why"] @ state["h"] + params["by"] + params["Wry"] @ state["r"])
        steps.append(step | {"x": x[:, t], "before": before, "after": state, "gates": gates})
    y = np.stack(y)
    probs = softmax(y, axis=1)
    end = {name: value.copy() for name, value in state.items()}  # next_batch writes into it
    return probs, {"steps": steps, "y": y, "probs": probs}, end


def one_hot(ids, size, dtype):
    """ids (S, B) -> (size, S B): columns that are 1 at the id and 0 elsewhere."""
    x = np.zeros((size, ids.size), dtype)
    x[ids.ravel(), np.arange(ids.size)] = 1
    return x


def controller(params, x, before):
    """One step of the LSTM: x (V, B), the state before -> that with a new h and cell, the gates and c."""
    z = params["Wxh"] @ x + params["Whh"] @ before["h"] + params["Wrh"] @ before["r"] + params["bh"]
    zi, zo, zf, zg = np.split(z, 4)
    i, o, f, g = sigmoid(zi), sigmoid(zo), sigmoid(zf), np.tanh(zg)
    carried = "c" if "c" in before else "s"
    s = i * g + f * before[carried]
    c = np.tanh(s)
    h = o * c
    return before | {"h": h, carried: c if carried == "c" else s}, {"i": i, "o": o, "f": f, "g": g, "c": c}


def content_memory(params, state, before):
    """krocki/dnc's memory, addressed by softmax(M0 k) -> the state with new M and r, what backward needs."""
    h, M0 = state["h"], before["M"]
    kr, kw = params["Whr"] @ h, params["Whw"] @ h
    v, e = params["Whv"] @ h, sigmoid(params["Whe"] @ h)
    ww = softmax(np.einsum("nwb,wb->nb", M0, kw), axis=0)
    wr = softmax(np.einsum("nwb,wb->nb", M0, kr), axis=0)
    M = write(M0, ww, e, v)
    r = read(M, wr[None])[0]
    step = {"interface": {"kr": kr, "kw": kw, "v": v, "e": e}, "weightings": {"ww": ww, "wr": wr}}
    return state | {"M": M, "r": r}, step


def complete_memory(params, state, before):
    """The memory of the paper -> the state with all the memory's parts new, what backward needs."""
    h, M0 = state["h"], before["M"]
    R, (_, W, B) = len(before["wr"]), M0.shape
    kr = (params["Whr"] @ h).reshape(R, W, B)  # read keys: what each head looks for
    br = oneplus(params["Whbr"] @ h)  # read strengths: how sharply, 1 or more
    kw = (params["Whw"] @ h).reshape(1, W, B)  # write key: what to find and write over
    bw = oneplus(params["Whbw"] @ h)  # write strength
    v = params["Whv"] @ h  # write vector: what is added to the locations written to
    e = sigmoid(params["Whe"] @ h)  # erase vector: how much of each of their columns is wiped first
    f = sigmoid(params["Whf"] @ h)  # free gates: what each head has read may be used anew
    ga = sigmoid(params["Whga"] @ h)  # allocation gate: write to free locations, or to those found
    gw = sigmoid(params["Whgw"] @ h)  # write gate: whether to write at all
    pi = softmax((params["Whm"] @ h).reshape(R, 3, B), axis=1)  # read modes: backward, content, forward

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
    return state, {"interface": interface, "weightings": {"a": a, "cw": cw, "cr": cr}}


# ----------------------------------------------------------------------------------------------- backward
def backward(params, targets, cache):
    """The gradient of the summed loss with respect to every parameter: the lines of forward, last to first.

    targets (S, B) ints, cache of the same batch -> a dict with the names and shapes of params."""
    memory_backward = complete_memory_backward if "Whm" in params else content_memory_backward
    grads = {name: np.zeros_like(value) for name, value in params.items()}
    (S, V, B), dtype = cache["probs"].shape, cache["probs"].dtype
    # Into the logits: the slope of log sum exp(y) is probs, that of -y[target] is -1 at the target
    dy = cache["probs"] - one_hot(targets, V, dtype).reshape(V, S, B).swapaxes(0, 1)
    dstate = {name: np.zeros_like(value) for name, value in cache["steps"][0]["after"].items()}
    for t in reversed(range(S)):
        step = cache["steps"][t]
        grads["Why"] += dy[t] @ step["after"]["h"].T
        grads["Wry"] += dy[t] @ step["after"]["r"].T
        grads["by"] += dy[t].sum(axis=1, keepdims=True)
        dstate["h"] = dstate["h"] + params["Why"].T @ dy[t]  # from the logits and from the step after
        dstate["r"] = dstate["r"] + params["Wry"].T @ dy[t]
        dstate = memory_backward(params, dstate, step, grads)
        dstate = controller_backward(params, dstate, step, grads)
    return grads


def controller_backward(params, dstate, step, grads):
    """From the gradient in h and the cell after a step to that in h, r and the cell before; adds to grads."""
    before, carried = step["before"], "c" if "c" in step["before"] else "s"
    i, o, f, g, c = (step["gates"][name] for name in "iofgc")
    do = dstate["h"] * c
    dc = dstate["h"] * o + (dstate["c"] if carried == "c" else 0)
    ds = dc * (1 - c**2) + (dstate["s"] if carried == "s" else 0)  # through tanh
    di, dg, df = ds * g, ds * i, ds * before[carried]
    dzi, dzo, dzf, dzg = di * i * (1 - i), do * o * (1 - o), df * f * (1 - f), dg * (1 - g**2)
    dz = np.concatenate([dzi, dzo, dzf, dzg])  # into the arguments of the gates
    grads["Wxh"] += dz @ step["x"].T
    grads["Whh"] += dz @ before["h"].T
    grads["Wrh"] += dz @ before["r"].T
    grads["bh"] += dz.sum(axis=1, keepdims=True)
    return dstate | {"h": params["Whh"].T @ dz, "r": params["Wrh"].T @ dz, carried: ds * f}


def interface_backward(params, dz, h, grads):
    """dz: the gradient in W h for each W of the interface -> the gradient in h; adds to grads."""
    for name, value in dz.items():
        grads[name] += value @ h.T
    return sum(params[name].T @ value for name, value in dz.items())


def content_memory_backward(params, dstate, step, grads):
    """From the gradient in the state after a step to that in M0 and the controller's h; adds to grads."""
    h, M0, M = step["after"]["h"], step["before"]["M"], step["after"]["M"]
    kr, kw, v, e = (step["interface"][name] for name in ("kr", "kw", "v", "e"))
    ww, wr = step["weightings"]["ww"], step["weightings"]["wr"]
    dM, dwr = read_backward(dstate["r"][None], M, wr[None])
    dM0, dww, de, dv = write_backward(dstate["M"] + dM, M0, ww, e, v)
    dzr, dzw = softmax_backward(dwr[0], wr, axis=0), softmax_backward(dww, ww, axis=0)
    dM0 = dM0 + dzr[:, None] * kr + dzw[:, None] * kw
    dkr, dkw = np.einsum("nb,nwb->wb", dzr, M0), np.einsum("nb,nwb->wb", dzw, M0)
    dz = {"Whr": dkr, "Whv": dv, "Whw": dkw, "Whe": de * e * (1 - e)}
    return dstate | {"M": dM0, "h": dstate["h"] + interface_backward(params, dz, h, grads)}


def complete_memory_backward(params, dstate, step, grads):
    """From the gradient in the state after a step to that in the state before and in h; adds to grads."""
    before, after, h = step["before"], step["after"], step["after"]["h"]
    names = ("kr", "br", "kw", "bw", "v", "e", "f", "ga", "gw", "pi")
    kr, br, kw, bw, v, e, f, ga, gw, pi = (step["interface"][name] for name in names)
    a, cw, cr = (step["weightings"][name] for name in ("a", "cw", "cr"))
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

    dz = {
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
    dstate = dstate | {"h": dstate["h"] + interface_backward(params, dz, h, grads), "M": dM0 + dM0_write}
    return dstate | {"u": du0, "p": dp0 + dp0_links, "L": dL0, "ww": dww0, "wr": dwr0 + dwr0_usage}


# -------------------------------------------------------------------------------------------------- train
def train(params, inputs, targets, state):
    """Loss and gradients of one batch, no update: inputs, targets (S, B) -> loss (nats), grads, new state."""
    probs, cache, state = forward(params, inputs, state)
    return float(cross_entropy(cache["y"], probs, targets)), backward(params, targets, cache), state


# ----------------------------------------------------------------------------------------- gradient check
def gradcheck(params, inputs, targets, state, rng, num_checks=10):
    """Compare backward with a numerical gradient at num_checks random entries of every parameter, in float64.

    Returns a dict for each parameter, with the figures that gradient_table prints. The numerical gradient is
    a complex step, f'(x) = Im f(x + ih) / h (Squire & Trapp, SIAM Review 40, 1998): no two losses are
    subtracted, so it is exact to rounding, with h = 1e-30. The relative error of n to backward's a is
    |n - a| / |n + a|, the divisor at least 1e-10 of the largest gradient: below, all is rounding."""
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
            probs, cache, _ = forward(params | {name: stepped}, inputs, state)
            n[k] = cross_entropy(cache["y"], probs, targets).imag / 1e-30
        valid = np.abs(n + a) != 0  # true for nan, too
        error = np.abs(n - a) / np.maximum(np.abs(n + a), rounding)
        error = error[valid] if valid.any() else error
        rows.append({"name": name, "n": (n.min(), n.max()), "a": (a.min(), a.max()), "tried": len(entries)})
        rows[-1] |= {"min": error.min(), "max": error.max(), "mean": error.mean(), "valid": valid.sum()}
    return rows


def gradient_table(rows):
    """gradcheck's rows as text: the ranges of the numerical gradient n and the analytic a, their relative
    errors' min, max and mean, # entries tried / entries where that is defined, |n + a| > 0."""
    lines = []
    for row in rows:
        n, a = (f"{key} = [{row[key][0]:e}, {row[key][1]:e}]" for key in "na")
        lines.append(f"{row['name'] + ':':16}{n:40}min {row['min']:e}, max {row['max']:e}")
        lines.append(f"{'':16}{a:40}mean {row['mean']:e} # {row['tried']}/{row['valid']}")
    return "\n".join(lines)


# ------------------------------------------------------------------------------------------------ sampler
def sample(params, state, seed_ix, n, rng, temperature=1.0):
    """Let the model write: n ids, each drawn from what forward gives after the one before.

    state of one sequence (B = 1); seed_ix, the id that is read first, is not in the result. temperature
    divides the logits: 1 is the model's own distribution, 0 takes the likeliest id each time."""
    ids, ix = [], seed_ix
    for _ in range(n):
        _, cache, state = forward(params, np.array([[ix]]), state)
        y = cache["y"][0, :, 0].astype(np.float64)
        up_to = softmax(y / max(temperature, 1e-9), axis=0).cumsum()
        ix = int(np.searchsorted(up_to, rng.random() * up_to[-1], side="right"))
        ids.append(ix)
    return np.array(ids, np.intp)


# --------------------------------------------------------------------------------------------------- text
class Mistake(Exception):
    """Something that the person at the keyboard can put right; shown as one line, without a traceback."""


def read_text(path, as_bytes):
    """The whole text -> str; as_bytes, one character a byte. Raises OSError, or Mistake if it is not text."""
    try:
        with open(path, "rb") as file:
            text = file.read().decode("latin-1" if as_bytes else "utf-8")
    except UnicodeDecodeError as error:
        raise Mistake(f"{path} is not UTF-8 text; --bytes reads any file, byte by byte") from error
    if len(text) < 2:
        raise Mistake(f"{path} has {len(text)} characters; give a text to learn from")
    return text


def to_ids(text, vocab, what):
    """str -> ids (n,), places in the str vocab. Raises Mistake, naming what, on characters not in there."""
    unknown = sorted(set(text) - set(vocab))
    if unknown:
        names = ", ".join(map(repr, unknown[:10]))
        raise Mistake(f"{what} has characters that the model has never seen: {names}")
    places = str.maketrans(vocab, "".join(map(chr, range(len(vocab)))))  # a character whose number is the id
    return np.frombuffer(text.translate(places).encode("utf-32-le", "surrogatepass"), np.uint32)


def next_batch(model, ids, options):
    """Cut a batch out of the text -> inputs, targets (S, B), each target the character after its input.

    The B pointers walk through the text in steps of S. One with less than S + 1 characters left, and with
    --restart any by chance, jumps to one of model["starts"], which main sets, and its state is set back."""
    pointers, state, rng, S = model["pointers"], model["state"], model["rng"], options["seqlength"]
    jump = pointers + S + 1 > len(ids)
    if options["restart"]:
        jump |= rng.random(len(jump)) < options["restart"]
    if jump.any():
        pointers[jump] = [model["starts"][k] for k in rng.integers(0, len(model["starts"]), jump.sum())]
        fresh = fresh_state(len(pointers), options, rng)
        for name in state:
            state[name][..., jump] = fresh[name][..., jump]
    at = pointers + np.arange(S)[:, None]
    pointers += S
    return ids[at], ids[at + 1]


# ------------------------------------------------------------------------------------------- saved models
FIXED = (*SIZES, "batchsize", "init_scale", "fp64", "bytes", "holdout")  # cannot change in a loaded model
KEPT = (*FIXED, "seqlength", "restart", "lr", "clip", "text")  # the options that a saved model brings along
FIGURES = ("iteration", "seconds", "bpc", "next_ix")  # bpc: smoothed; next_ix: what sequence 0 reads next


def new_model(vocab, options, seed):
    """A model before its first iteration: a dict of all that training changes and a saved model holds."""
    rng, dtype = np.random.default_rng(seed), np.float64 if options["fp64"] else np.float32
    params = as_type(init_params(rng, len(vocab), *(options[name] for name in PARAMS_FROM)), dtype)
    return {
        "params": params,
        "sums": {name: np.zeros_like(value) for name, value in params.items()},  # Adagrad's
        "state": fresh_state(options["batchsize"], options, rng),
        "pointers": np.full(options["batchsize"], 1 << 60),  # past the end of any text: all jump at first
        "vocab": vocab,  # a str of all characters, sorted
        "rng": rng,
    } | {"iteration": 0, "seconds": 0.0, "bpc": math.log2(len(vocab)), "next_ix": 0}


def arrays_of(model):
    """The arrays of a model under the names that they have in a file: params_Wxh, ..., pointers."""
    groups = ("params", "sums", "state")
    arrays = {f"{group}_{name}": value for group in groups for name, value in model[group].items()}
    return arrays | {"pointers": model["pointers"]}


def save_model(path, model, options):
    """Write a model to an .npz file, by way of a temporary one: path holds a whole model at any moment."""
    info = {name: model[name] for name in FIGURES} | {"rng": model["rng"].bit_generator.state}
    info |= {"vocab": model["vocab"], "options": {name: options[name] for name in KEPT}}
    contents = io.BytesIO()
    np.savez(contents, info=json.dumps(info), **arrays_of(model))
    write_to(f"{path}.partial", "wb", contents.getvalue())
    os.replace(f"{path}.partial", path)


def write_to(path, mode, contents):
    """Write bytes to a file. Raises OSError, which names the file even if it is the disk that is full."""
    try:
        with open(path, mode) as file:
            file.write(contents)
            file.flush()
            if mode == "wb":
                os.fsync(file.fileno())
    except OSError as error:
        raise OSError(error.errno, error.strerror, path.removesuffix(".partial")) from error


def load_model(path):
    """Read a saved model -> model, its options; nothing in the file is executed. Raises Mistake.

    Zip's checksums find damage; names, shapes and types must be a new model's, and every number finite."""
    try:
        with np.load(path, allow_pickle=False) as file:
            found = dict(file)
        info = json.loads(str(found.pop("info")))
        model = new_model(info["vocab"], info["options"], seed=0)
        model |= {name: info[name] for name in FIGURES}
        model["rng"].bit_generator.state = info["rng"]
        arrays = arrays_of(model)
        for name in arrays | found:
            shape, dtype = arrays[name].shape, arrays[name].dtype
            if (found[name].shape, found[name].dtype) != (shape, dtype) or not np.isfinite(found[name]).all():
                raise ValueError(f"{name} is not {dtype} {shape}, or not finite")
            arrays[name][:] = found[name]
        return model, info["options"]
    except FileNotFoundError:
        raise
    except Exception as error:  # a broken file breaks zipfile, NumPy and json in many ways
        raise Mistake(f"{path} is no model of this version of {SCRIPT}, or damaged: {error}") from error


# ------------------------------------------------------------------------------------------ training loop
def adagrad(params, sums, grads, lr, clip):
    """Update in place: each entry's step gets smaller with the sum of its squared gradients so far.
    The 1 keeps the first steps small: with min-char-rnn's 1e-8, each entry would leap by lr at once."""
    for name, g in grads.items():
        g = g.clip(-clip, clip) if clip else g
        sums[name] += g * g
        params[name] -= lr * g / np.sqrt(1 + sums[name])


def learn(model, ids, held_out, options):
    """Train until a limit or a signal -> exit status. Raises FloatingPointError, or OSError at the end."""
    np.empty(33_000_000, np.uint8)  # freed at once, after which glibc keeps freed arrays: a third faster
    signals = []

    def note(number, frame):
        signals.append(number)
        signal.signal(number, signal.SIG_DFL)  # a second one ends at once

    signal.signal(signal.SIGINT, note)
    signal.signal(signal.SIGTERM, note)
    characters, iters = options["seqlength"] * options["batchsize"], options["iters"] or math.inf
    began, deadline = time.perf_counter() - model["seconds"], model["seconds"] + options["timelimit"]
    done, trained, busy = model["iteration"] >= iters, 0, 0.0  # iterations and their seconds since a report
    if done:
        print(f"nothing to do: --iters counts the {model['iteration']} iterations of the model")
    while not done:
        tick = time.perf_counter()
        inputs, targets = next_batch(model, ids, options)
        loss, grads, model["state"] = train(model["params"], inputs, targets, model["state"])
        adagrad(model["params"], model["sums"], grads, options["lr"], options["clip"])
        n = model["iteration"] = model["iteration"] + 1
        model["bpc"] = 0.999 * model["bpc"] + 0.001 * loss / characters / math.log(2)
        model["next_ix"] = int(targets[-1, 0])
        model["seconds"] = time.perf_counter() - began
        trained, busy = trained + 1, busy + time.perf_counter() - tick
        done = bool(signals) or model["seconds"] >= deadline or n >= iters
        checking = done or n % options["check_interval"] == 0
        values = [loss, *(arrays_of(model).values() if checking else ())]  # saved only if they are finite
        if not all(np.isfinite(value).all() for value in values):
            raise FloatingPointError(f"model not finite after iteration {n}; try a smaller --lr, or --clip 5")
        try:
            if checking and options["save"]:
                save_model(options["save"], model, options)
            if done or n % options["report_interval"] == 0:
                report(model, trained * characters / busy, options)
                trained, busy = 0, 0.0
            if checking and len(held_out) > 1:
                print(f"held out: {bits_per_character(model, held_out, options):.4f} BPC")
            if checking:
                check(model, ids, options)
        except OSError as error:  # a full disk costs what was to be written, but not the run
            if done:
                raise
            print(f"{SCRIPT}: warning: {error}", file=sys.stderr)
    return 128 + signals[0] if signals else 0


def report(model, speed, options):
    """A line of the log, to the terminal and to the log file; speed in characters a second."""
    n, seconds, bpc = model["iteration"], model["seconds"], model["bpc"]
    count = (n - 1) // options["report_interval"]
    print(f"{count:2d}: {seconds:.3f} s, iter {n}, {bpc:.4f} BPC, {speed:.2f} char/s")
    if options["fname"]:
        write_to(options["fname"], "ab", f"{n} {seconds:.3f} {bpc:.6f}\n".encode())


def check(model, ids, options):
    """A gradient check of the batch to come, and a sample: a line of each, and all in their logs."""
    iteration, ahead = model["iteration"], copy.deepcopy(model)
    if options["gradcheck"] is not False:
        batch = next_batch(ahead, ids, options)
        rows = gradcheck(ahead["params"], *batch, ahead["state"], ahead["rng"])
        worst, table = max(rows, key=lambda row: row["max"]), gradient_table(rows)
        write_to("gradcheck.log", "ab", f"iter {iteration}\n{table}\n\n".encode())
        print(f"    gradient: max {worst['max']:e} ({worst['name']})" if iteration else table)
    if iteration:
        text = sample_text(model, options["sample_length"], options)
        write_to("sample.log", "ab", f"iter {iteration}\n{text}\n\n".encode(errors="replace"))
        print(f"    sample: {' '.join(text[:100].split())}")


def bits_per_character(model, ids, options):
    """The loss of ids (n,) in bits per character: in one go, or in a batch of equal stretches if held out."""
    B = 1 if options["evaluate"] else min(options["batchsize"], len(ids) - 1)
    length, state, loss, step = (len(ids) - 1) // B, fresh_state(B, options), 0.0, 100
    for start in range(0, length, step):
        at = np.arange(start, min(start + step, length))[:, None] + np.arange(B) * length
        probs, cache, state = forward(model["params"], ids[at], state)
        loss += float(cross_entropy(cache["y"], probs, ids[at + 1]))
        if sys.stderr.isatty() and start % (100 * step) == 0:
            print(f"\r{100 * start // length} %", end="\r", file=sys.stderr, flush=True)
    return loss / (length * B) / math.log(2)


def sample_text(model, n, options):
    """n characters that the model writes -> str: after --prime in a fresh state, or where training stands."""
    state, ix = {name: value[..., :1] for name, value in model["state"].items()}, model["next_ix"]
    if options["prime"]:
        typed = os.fsencode(options["prime"]).decode("latin-1" if options["bytes"] else "utf-8", "replace")
        state, (*ids, ix) = fresh_state(1, options), to_ids(typed, model["vocab"], "--prime")
        for past in ids:
            _, _, state = forward(model["params"], np.array([[past]]), state)
    rng = np.random.default_rng([options["seed"], model["iteration"]])
    ids = sample(model["params"], state, ix, n, rng, options["temperature"])
    text = "".join(model["vocab"][ix] for ix in ids)
    return text.encode("latin-1").decode(errors="replace") if options["bytes"] else text


SHOWN = {"w": "gw", "a": "ga", "free": "f", "write to": "ww", "read from": "wr", "usage": "u", "modes": "pi"}
LEGEND = """░ over 0.05, ▒ over 0.2, ▓ over 0.4, █ over 0.7; bits: what the character cost, after those before
write to, read from: weighting of each location, head after head
w, a, free: write gate, allocation gate, free gates; modes: backward, content, forward"""


def memory_at_work(model, ids, options):
    """What the memory does at each of ids (n,), from a fresh state -> a dict for each, title to text."""
    probs, cache, _ = forward(model["params"], ids[:, None], fresh_state(1, options))
    cost = -np.log2(np.maximum(probs[np.arange(len(ids) - 1), ids[1:], 0], 1e-38))
    rows = []
    for step, ix, bits in zip(cache["steps"], ids, ["", *(f"{x:.1f}" for x in cost)], strict=True):
        values = step["weightings"] | step["interface"] | step["after"]
        rows.append({"char": repr(model["vocab"][ix])[1:-1], "bits": bits})
        rows[-1] |= {title: shades(values[name]) for title, name in SHOWN.items() if name in values}
    return rows


def shades(values):
    """Numbers from 0 to 1, (n, 1) or (heads, n, 1) -> a string with a block for each."""
    if values.ndim == 3:
        return " ".join(map(shades, values))
    return "".join("·░▒▓█"[np.searchsorted([0.05, 0.2, 0.4, 0.7], x)] for x in values.ravel())


def print_view(rows):
    """The rows of memory_at_work, in columns."""
    rows = [{title: title for title in rows[0]}, *rows]
    widths = {title: max(len(row[title]) for row in rows) for title in rows[0]}
    print(LEGEND if "usage" in widths else LEGEND.rpartition("\n")[0])
    for row in rows:
        print(" │ ".join(f"{cell:{widths[title]}}" for title, cell in row.items()))


# ------------------------------------------------------------------------------------------- command line
DEFAULTS = {"hidden": 100, "batchsize": 8, "seqlength": 15, "lr": 0.1, "fp64": True, "timelimit": 10000.0}
DEFAULTS |= {"report_interval": 200, "check_interval": 200, "sample_length": 1000, "fname": f"{SCRIPT}.dat"}
DEFAULTS |= {"locations": 8, "width": 8}
PAPER = {"cell": "standard", "locations": 16, "width": 16}


def option_parser():
    """Every option. Defaults that differ between the scripts are in DEFAULTS, the others here."""
    shown, switch = argparse.ArgumentDefaultsHelpFormatter, argparse.BooleanOptionalAction
    parser = argparse.ArgumentParser(prog=SCRIPT, description=__doc__.splitlines()[0], formatter_class=shown)
    parser.usage = argparse.SUPPRESS  # a mistake is one line, without the usage
    add, bundled = parser.add_argument, os.path.join(os.path.dirname(__file__), "data", "missing-hour.txt")
    add("text", nargs="?", metavar="TEXT", type=os.path.abspath, default=bundled, help="file to learn")
    add("--hidden", type=int, help="hidden units")
    add("--memory", choices=("content", "paper"), default="content", help="by content alone, or complete")
    add("--cell", choices=("squashed", "standard"), default="squashed", help="carry tanh of the cell, or it")
    add("--heads", type=int, default=1, help="read heads")
    add("--locations", type=int, help="memory locations, paper: 16; free if --load only looks at a model")
    add("--width", type=int, help="width of a location, paper: 16")
    add("--view", help="show what the memory does at these characters ('': TEXT's); with --load: and stop")
    add("--init_scale", type=float, default=0.01, help="scale of the random weights at the start")
    add("--batchsize", type=int, help="sequences in a batch")
    add("--seqlength", type=int, help="time steps in a batch")
    add("--restart", type=float, default=0.0, help="chance, in each batch, of a jump to a line's start")
    add("--lr", type=float, help="learning rate of Adagrad")
    add("--clip", type=float, default=0.0, help="clip each entry of the gradient; 0 is off, 5 usual")
    add("--seed", type=int, help="makes a run repeatable; random unless given")
    add("--fp64", action=switch, help="compute in float64")
    add("--bytes", action=switch, default=False, help="read the text as bytes, not as UTF-8")
    add("--holdout", type=float, default=0.0, help="part of the text kept for measuring")
    add("--timelimit", type=float, help="seconds of this run")
    add("--iters", type=int, help="iterations in all, those of a loaded model counted")
    add("--report_interval", type=int, help="iterations between log lines")
    add("--check_interval", type=int, help="iterations between samples, saves and held-out figures")
    add("--sample_length", type=int, help="characters in a sample")
    add("--fname", help="log file to add to: iteration, seconds and BPC in columns")
    add("--save", help="file to save the model in, at every check, at the end and on Ctrl-C")
    add("--load", help="saved model to go on from")
    add("--gradcheck", action=switch, help="check the gradient and stop; --no-gradcheck: never")
    add("--sample", type=int, help="with --load: print this many characters and stop")
    add("--prime", help="with --sample: text that the model reads first")
    add("--temperature", type=float, default=1.0, help="of samples: 0 takes the likeliest, over 1 dares more")
    add("--evaluate", action="store_true", help="with --load: print the BPC of all of TEXT and stop")
    parser.set_defaults(**DEFAULTS)
    return parser


def read_options(words):
    """The command line -> the options of the run, and the model to go on from or None. Raises Mistake."""
    parser = option_parser()
    options = vars(parser.parse_args(words))
    model, saved = load_model(options["load"]) if options["load"] else (None, {})
    if (options | saved)["memory"] == "paper":
        parser.set_defaults(**PAPER)
    parser.set_defaults(**saved)
    options = vars(parser.parse_args(words))
    for name, value in options.items():
        least = 1 if type(value) is int and name not in ("seed", "sample_length") else 0
        if type(value) in (int, float) and not least <= value < math.inf:
            raise Mistake(f"--{name} must be {least} or more, not {value}")
        if name in ("holdout", "restart") and value > 1:
            raise Mistake(f"--{name} must be from 0 to 1, not {value}")
    if options["memory"] == "content" and options["heads"] > 1:
        raise Mistake("the content memory has one read head; for more add --memory paper")
    for name, needed in (("sample", "load"), ("evaluate", "load"), ("prime", "sample")):
        if options[name] and not options[needed]:
            raise Mistake(f"--{name} needs --{needed}")
    looking = options["sample"] or options["evaluate"] or options.get("view") is not None
    for name in set(FIXED) & set(saved) - ({"locations"} if looking else set()):
        if options[name] != saved[name]:
            raise Mistake(f"--{name} {options[name]} contradicts {options['load']}, which has {saved[name]}")
    if options["seed"] is None:
        options["seed"] = int(np.random.default_rng().integers(1 << 32))
    if options["bytes"] and options.get("view"):
        options["view"] = os.fsencode(options["view"]).decode("latin-1")
    text, load, save, log = (os.path.realpath(options[k] or "") for k in ("text", "load", "save", "fname"))
    if options["save"] and os.path.exists(save) and save != load:
        raise Mistake(f"{options['save']} is there already; --load it to go on with it, or --save elsewhere")
    if options["fname"] and log in (text, load, save):
        raise Mistake(f"{options['fname']} is the text or a model of this run; name another --fname")
    return options, model


def main(words=None):
    """Do what the command line asks for -> exit status. Raises Mistake, OSError or FloatingPointError."""
    options, model = read_options(words)
    if options["sample"]:
        print(sample_text(model, options["sample"], options))
        return 0
    if options["load"] and options["view"] is not None:
        text = options["view"] or read_text(options["text"], options["bytes"])[:60]
        print_view(memory_at_work(model, to_ids(text, model["vocab"], "--view"), options))
        return 0
    text = read_text(options["text"], options["bytes"])
    model = model or new_model("".join(sorted(set(text))), options, options["seed"])
    ids = to_ids(text, model["vocab"], options["text"])
    if options["evaluate"]:
        print(f"{bits_per_character(model, ids, options):.4f} BPC, {len(ids)} characters")
        return 0
    ids, held_out = np.split(ids, [len(ids) - int(options["holdout"] * len(ids))])
    places, needed = len(ids) - options["seqlength"], options["seqlength"] + 1
    if places < 1:
        raise Mistake(f"{options['text']}: {len(ids)} characters to learn from, --seqlength needs {needed}")
    lines = np.append(0, 1 + np.flatnonzero(ids[: places - 1] == model["vocab"].find("\n")))
    model["starts"] = lines if options["restart"] else range(places)  # where a sequence may begin
    if options["gradcheck"]:
        batch = next_batch(model, ids, options)
        rows = gradcheck(model["params"], *batch, model["state"], model["rng"])
        print(gradient_table(rows))
        return 0 if all(row["max"] < 1e-4 for row in rows) else 1
    size = sum(value.size for value in model["params"].values())
    about = f"{len(ids)} characters, {len(model['vocab'])} different, "
    about += f"from {os.path.basename(options['text'])}; {size} parameters; seed {options['seed']}"
    if options["fname"]:  # a file that cannot be written is better told now than after hours
        write_to(options["fname"], "ab", os.fsencode(f"# {SCRIPT}, {about}: iteration, seconds, BPC\n"))
    if options["save"]:
        save_model(options["save"], model, options)
    print(about)
    view = to_ids(options["view"] or text[:60], model["vocab"], "--view")  # a Mistake now, not after hours
    if not model["iteration"]:
        check(model, ids, options)
    status = learn(model, ids, held_out, options)
    print(f"----\n{sample_text(model, options['sample_length'], options)}\n----")
    if options["view"] is not None:
        print_view(memory_at_work(model, view, options))
    return status


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True, errors="replace")
    np.seterr(all="ignore")  # a run that diverges ends with one line of its own
    try:
        sys.exit(main())
    except (Mistake, OSError, MemoryError, FloatingPointError) as mistake:  # what a person can put right
        print(f"{SCRIPT}: error: {mistake}", file=sys.stderr)
        sys.exit(1 if isinstance(mistake, FloatingPointError) else 2)

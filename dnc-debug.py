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
    s = i*g + f*c0                   the cell (the paper's s); --cell standard: f*s0
    c = tanh(s)
    h = o*c                          hidden state, from which the memory is steered
    y = Why h + by + Wry r           logits, from the r of this step
    probs = softmax(y)

    --cell squashed    carries c to the next step (github.com/krocki/dnc); default with the content memory
    --cell standard    carries s; the DNC paper's, default with the complete memory

The memory M has N locations of width W; R heads read it, one head writes it.

    --memory content   krocki/dnc's: addressed by content alone, with one read head (content_memory)
    --memory paper     the complete memory of Graves et al., "Hybrid computing using a neural network with
                       dynamic external memory", Nature 538, 2016 (complete_memory): all its equations, with
                       an EPS in usage and norms, a bias bi of the interface, and one LSTM layer

The paper's symbols of an interface vector ξ and of what the memory does with it, and the names here:

    k^r   kr   read keys             β^r   br   read strengths       β^w   bw   write strength
    k^w   kw   write key             v     v    write vector         e     e    erase vector
    f     free free gates            g^a   ga   allocation gate      g^w   gw   write gate
    π     pi   read modes            ψ     psi  retention            u     u    usage
    φ     phi  free list             a     a    allocation           c^w   cw   content, of the write key
    w^w   ww   write weighting       p     p    precedence           L     L    links
    b, f  bk fw  backward, forward   c^r   cr   content, of a read   w^r   wr   read weightings

The loss is the sum of -log probs[target] over all characters of a batch, in nats; divided by log 2 and by
their number, it is in bits per character (BPC). A model that knows nothing yet finds all V characters equally
likely: log2 V bits a character, 6.0 on the bundled text. The BPC of the log starts from that, and is smoothed
over some 1,000 batches.

The letters of the shapes; the batch is the last axis, everywhere:
V characters in the vocabulary, H hidden units, B sequences in a batch, S time steps.

Every forward line has its twin in the backward pass; dX is the gradient of the loss in X, X' is X transposed.
"""

import argparse
import copy
import io
import json
import logging
import math
import os
import re
import signal
import sys
import tempfile
import time

if __name__ == "__main__":
    # One BLAS thread is the fastest at the default sizes; to be set before NumPy is loaded
    os.environ.setdefault("OPENBLAS_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", "1"))

import numpy as np

SCRIPT = os.path.basename(__file__)
CELLS = {"squashed": "c", "standard": "s"}  # what each carries to the next step
MEMORIES = ("content", "paper")
EPS = 1e-6  # keeps usages and norms off 0
INTERFACE = ("Whr", "Whv", "Whw", "Whe", "Whbr", "Whbw", "Whf", "Whga", "Whgw", "Whm")  # complete memory


# ---------------------------------------------------------------------------------------------- numerics
def sigmoid(x):
    """1 / (1 + exp(-x)), by way of tanh, which cannot overflow."""
    return 0.5 + 0.5 * np.tanh(0.5 * x)


def oneplus(x):
    """1 + log(1 + exp(x)); where exp would overflow, log(1 + exp(x)) is x itself."""
    return 1 + np.maximum(x, np.log1p(np.exp(np.minimum(x, 80))))


def softmax(y, axis):
    """exp(y) / sum exp(y) along axis; with the maximum subtracted first, exp cannot overflow."""
    exps = np.exp(y - y.max(axis=axis, keepdims=True))
    return exps / exps.sum(axis=axis, keepdims=True)


def softmax_backward(dw, w, axis):
    """The gradient in y of w = softmax(y), from that in w."""
    return w * (dw - (w * dw).sum(axis=axis, keepdims=True))


def cross_entropy(cache, targets):
    """The loss in nats, summed over S and B: -log probs[target] = log Z - y[target], where Z = sum exp(y).

    Thus the log is never taken of a probability that has underflowed. cache of forward, targets (S, B)"""
    y_target = np.take_along_axis(cache["y"], targets[:, None], axis=1)  # (S, 1, B), as Z
    return (np.log(cache["Z"]) - y_target).sum()


# ----------------------------------------------------------------------------------- parameters and state
def init_params(rng, vocab_size, hidden, memory="content", heads=1, width=8, init_scale=0.03):
    """Weights from normal noise times init_scale, biases 0 unless a comment says why; float64 arrays."""
    V, H, R, W = vocab_size, hidden, heads, width

    def noise(*shape):
        return rng.standard_normal(shape) * init_scale

    params = {
        "Wxh": noise(4 * H, V),  # input to the gates, in the order i, o, f, g
        "Whh": noise(4 * H, H),  # hidden to the gates
        "Why": noise(V, H),  # hidden to output
        "Whr": noise(R * W, H),  # hidden to the memory's interface: read keys kr
        "Whv": noise(W, H),  # write vector v
        "Whw": noise(W, H),  # write key kw
        "Whe": noise(W, H),  # erase vector e
    }
    if memory == "paper":
        params["Whbr"] = noise(R, H)  # read strengths br
        params["Whbw"] = noise(1, H)  # write strength bw
        params["Whf"] = noise(R, H)  # free gates
        params["Whga"] = noise(1, H)  # allocation gate ga
        params["Whgw"] = noise(1, H)  # write gate gw
        params["Whm"] = noise(3 * R, H)  # read modes pi, head after head: backward, content, forward
        bi = np.zeros((sum(len(params[name]) for name in INTERFACE), 1))  # bias of the interface
        rows = rows_of(params, INTERFACE)
        bi[rows["Whm"]][1::3] = 9  # read by content: links lead nowhere yet, and would switch reading off
        bi[rows["Whbr"]] = 6  # sharply
        bi[rows["Whbw"]] = 3  # find what to write over less sharply
        bi[rows["Whgw"]] = 5  # write at every step
        bi[rows["Whga"]] = 9  # to a free location
        bi[rows["Whf"]] = 3  # free what has been read, or the memory would soon be full
        params["bi"] = bi
    params["Wrh"] = noise(4 * H, R * W)  # read vectors to the gates
    params["Wry"] = noise(V, R * W)  # read vectors to output
    params["bh"] = np.zeros((4 * H, 1))
    params["bh"][2 * H : 3 * H] = 1  # a cell that remembers until it learns to forget
    params["by"] = np.zeros((V, 1))
    return params


def rows_of(params, names):
    """Where the rows of each of these parameters stand if all stand one below the other: name -> slice."""
    rows = {}
    end = 0
    for name in names:
        rows[name] = slice(end, end + len(params[name]))
        end = rows[name].stop
    return rows


def init_state(params, batchsize, cell, locations, rng):
    """The state of sequences that begin: all zero, but for noise in the memory addressed by content, where no
    address could ever tell equal rows apart."""
    B, N = batchsize, locations
    RW, H = params["Whr"].shape
    W = len(params["Whv"])
    state = {
        "h": np.zeros((H, B)),
        CELLS[cell]: np.zeros((H, B)),
        "M": np.zeros((N, W, B)),
        "r": np.zeros((RW, B)),
    }
    if "Whm" in params:
        state["u"] = np.zeros((N, B))  # usage
        state["p"] = np.zeros((N, B))  # precedence
        state["L"] = np.zeros((N, N, B))  # links
        state["ww"] = np.zeros((N, B))  # write weighting
        state["wr"] = np.zeros((RW // W, N, B))  # read weightings
    else:
        state["M"] += rng.standard_normal((N, W, B)) * 0.01
    return {name: value.astype(params["Whh"].dtype) for name, value in state.items()}


# ---------------------------------------------------------------------- the mechanisms of the complete memory
# Each forward beside its backward. K keys at once: 1 for writing, R for reading.


def normalize(x):
    """x (K, W, B), or M (N, W, B) -> x / |x| of that shape, and |x| (K, 1, B), which is sqrt(x'x + EPS)"""
    norm = np.sqrt((x * x).sum(axis=1, keepdims=True) + EPS)
    return x / norm, norm


def normalize_backward(dunit, unit, norm):
    """-> dx, from the gradient in unit = x / |x|"""
    return (dunit - unit * (dunit * unit).sum(axis=1, keepdims=True)) / norm


def content_weighting(M, k, beta):
    """C(M, k, beta) = softmax over locations of beta D(k, M), D the cosine similarity.

    M (N, W, B), keys k (K, W, B), strengths beta (K, B) -> (K, N, B)"""
    M_unit, _ = normalize(M)
    k_unit, _ = normalize(k)
    D = np.einsum("nwb,kwb->knb", M_unit, k_unit)
    scores = beta[:, None] * D
    return softmax(scores, axis=1)


def content_weighting_backward(dc, M, k, beta):
    """-> dM, dk, dbeta"""
    M_unit, M_norm = normalize(M)
    k_unit, k_norm = normalize(k)
    D = np.einsum("nwb,kwb->knb", M_unit, k_unit)
    scores = beta[:, None] * D
    c = softmax(scores, axis=1)
    dscores = softmax_backward(dc, c, axis=1)
    dbeta = (dscores * D).sum(axis=1)
    dD = dscores * beta[:, None]
    dM_unit = np.einsum("knb,kwb->nwb", dD, k_unit)
    dk_unit = np.einsum("knb,nwb->kwb", dD, M_unit)
    dM = normalize_backward(dM_unit, M_unit, M_norm)
    dk = normalize_backward(dk_unit, k_unit, k_norm)
    return dM, dk, dbeta


def usage(u0, ww0, wr0, free):
    """u = (u0 + ww0 - u0*ww0) * psi, psi = prod over heads of (1 - free*wr0): retention.

    Usage rises where something was written, and falls where a head has read and its free gate says that it
    is no longer needed. u0, ww0 (N, B), wr0 (R, N, B), free (R, B) -> (N, B)"""
    kept = 1 - free[:, None] * wr0
    psi = np.prod(kept, axis=0)
    return (u0 + ww0 - u0 * ww0) * psi


def usage_backward(du, u0, ww0, wr0, free):
    """-> du0, dww0, dwr0, dfree"""
    kept = 1 - free[:, None] * wr0
    psi = np.prod(kept, axis=0)
    du0 = du * psi * (1 - ww0)
    dww0 = du * psi * (1 - u0)
    dpsi = du * (u0 + ww0 - u0 * ww0)
    dkept = np.empty_like(kept)
    for head in range(len(free)):  # psi's slope in the factor of a head is the product of the others
        dkept[head] = dpsi * np.prod(np.delete(kept, head, axis=0), axis=0)
    dwr0 = -dkept * free[:, None]
    dfree = -(dkept * wr0).sum(axis=1)
    return du0, dww0, dwr0, dfree


def allocation(u):
    """a[phi_j] = (1 - used[phi_j]) prod over i < j of used[phi_i], phi the locations from the least used up.

    The least used location gets its free part, 1 - used; of what that leaves, the next gets its own.
    u (N, B) -> a (N, B); used = EPS + (1 - EPS) u, kept off 0 so that backward can divide by it."""
    phi = np.argsort(u.real, axis=0, kind="stable")  # real: or gradcheck's complex steps would reorder ties
    used = EPS + (1 - EPS) * u
    used_phi = np.take_along_axis(used, phi, axis=0)
    before = np.cumprod(np.concatenate([np.ones_like(used[:1]), used_phi[:-1]]), axis=0)
    a_phi = (1 - used_phi) * before
    a = np.empty_like(u)
    np.put_along_axis(a, phi, a_phi, axis=0)
    return a


def allocation_backward(da, u):
    """-> du; the order phi counts as constant"""
    phi = np.argsort(u, axis=0, kind="stable")
    used = EPS + (1 - EPS) * u
    used_phi = np.take_along_axis(used, phi, axis=0)
    before = np.cumprod(np.concatenate([np.ones_like(used[:1]), used_phi[:-1]]), axis=0)
    a_phi = (1 - used_phi) * before
    da_phi = np.take_along_axis(da, phi, axis=0)
    is_later = np.tri(len(u), k=-1, dtype=u.dtype).T  # [j, i] is 1 if i comes after j
    later = is_later @ (da_phi * a_phi)  # used_phi[j] is a factor of all a_phi after it
    dused_phi = later / used_phi - da_phi * before
    du = np.empty_like(u)
    np.put_along_axis(du, phi, (1 - EPS) * dused_phi, axis=0)
    return du


def write_weighting(a, cw, ga, gw):
    """ww = gw * (ga*a + (1 - ga)*cw): a, cw (N, B), allocation gate ga and write gate gw (1, B) -> (N, B)"""
    return gw * (ga * a + (1 - ga) * cw)


def write_weighting_backward(dww, a, cw, ga, gw):
    """-> da, dcw, dga, dgw"""
    da = dww * gw * ga
    dcw = dww * gw * (1 - ga)
    dga = (dww * gw * (a - cw)).sum(axis=0, keepdims=True)
    dgw = (dww * (ga * a + (1 - ga) * cw)).sum(axis=0, keepdims=True)
    return da, dcw, dga, dgw


def write(M0, ww, e, v):
    """M = M0 * (1 - ww e') + ww v', with outer products: M0 (N, W, B), ww (N, B), e, v (W, B) -> (N, W, B)"""
    return M0 * (1 - ww[:, None] * e) + ww[:, None] * v


def write_backward(dM, M0, ww, e, v):
    """-> dM0, dww, de, dv"""
    dM0 = dM * (1 - ww[:, None] * e)
    dww = (dM * (v - M0 * e)).sum(axis=1)
    de = -(dM * M0 * ww[:, None]).sum(axis=0)
    dv = (dM * ww[:, None]).sum(axis=0)
    return dM0, dww, de, dv


def links(L0, ww, p0):
    """L[i, j] = (1 - ww[i] - ww[j]) L0[i, j] + ww[i] p0[j], L[i, i] = 0: how much i came right after j.

    A write cuts a location's old links and ties it to the one written before. L0 (N, N, B), ww, p0 (N, B)"""
    L = (1 - ww[:, None] - ww[None]) * L0 + ww[:, None] * p0[None]
    L[np.diag_indices(len(L))] = 0
    return L


def links_backward(dL, L0, ww, p0):
    """-> dL0, dww, dp0"""
    dL = dL.copy()
    dL[np.diag_indices(len(dL))] = 0
    dL0 = dL * (1 - ww[:, None] - ww[None])
    dww_i = (dL * (p0[None] - L0)).sum(axis=1)
    dww_j = -(dL * L0).sum(axis=0)
    dp0 = (dL * ww[:, None]).sum(axis=0)
    return dL0, dww_i + dww_j, dp0


def precedence(p0, ww):
    """p = (1 - sum ww) p0 + ww: how much a location was the last one written; ww, p0 (N, B) -> (N, B)"""
    return (1 - ww.sum(axis=0)) * p0 + ww


def precedence_backward(dp, p0, ww):
    """-> dp0, dww"""
    dp0 = (1 - ww.sum(axis=0)) * dp
    dww = dp - (dp * p0).sum(axis=0)
    return dp0, dww


def read_weighting(L, wr0, cr, pi):
    """wr = pi_backward L' wr0 + pi_content cr + pi_forward L wr0.

    L (N, N, B), wr0, cr (R, N, B), pi (R, 3, B) -> (R, N, B)"""
    pi_backward, pi_content, pi_forward = (pi[:, mode, None] for mode in range(3))  # (R, 1, B) each
    bk = np.einsum("jib,rjb->rib", L, wr0)
    fw = np.einsum("ijb,rjb->rib", L, wr0)
    return pi_backward * bk + pi_content * cr + pi_forward * fw


def read_weighting_backward(dwr, L, wr0, cr, pi):
    """-> dL, dwr0, dcr, dpi"""
    pi_backward, pi_content, pi_forward = (pi[:, mode, None] for mode in range(3))
    bk = np.einsum("jib,rjb->rib", L, wr0)
    fw = np.einsum("ijb,rjb->rib", L, wr0)
    dpi = np.stack([dwr * bk, dwr * cr, dwr * fw], axis=1).sum(axis=2)
    dbk = pi_backward * dwr
    dcr = pi_content * dwr
    dfw = pi_forward * dwr
    dL_bk = np.einsum("rjb,rib->jib", wr0, dbk)
    dL_fw = np.einsum("rib,rjb->ijb", dfw, wr0)
    dwr0_bk = np.einsum("jib,rib->rjb", L, dbk)
    dwr0_fw = np.einsum("ijb,rib->rjb", L, dfw)
    return dL_bk + dL_fw, dwr0_bk + dwr0_fw, dcr, dpi


def read(M, wr):
    """r = M' wr: M (N, W, B), wr (R, N, B) -> (R, W, B)"""
    return np.einsum("nwb,rnb->rwb", M, wr)


def read_backward(dr, M, wr):
    """-> dM, dwr"""
    dM = np.einsum("rnb,rwb->nwb", wr, dr)
    dwr = np.einsum("nwb,rwb->rnb", M, dr)
    return dM, dwr


# ------------------------------------------------------------------------------------------------ forward
def forward(params, inputs, state):
    """Run the model over a batch of characters.

    inputs (S, B) ints, state as init_state gives it -> probs (S, V, B), cache for backward, the state
    after the last step; all of the parameters' type, which gradcheck makes complex."""
    memory_step = complete_memory if "Whm" in params else content_memory  # only the complete has read modes
    logits = []
    steps = []
    for x in one_hot(inputs, len(params["by"])):
        before = state
        cell, gates = controller(params, x, before)
        memory, parts = memory_step(params, cell["h"], before)
        state = {**cell, **memory}
        logits.append(params["Why"] @ state["h"] + params["by"] + params["Wry"] @ state["r"])
        steps.append({"x": x, "before": before, "after": state, "gates": gates, "parts": parts})
    y = np.stack(logits)  # (S, V, B)
    y -= y.max(axis=1, keepdims=True)  # probs = softmax(y) stay the same, and exp cannot overflow
    probs = np.exp(y)
    Z = probs.sum(axis=1, keepdims=True)
    probs /= Z
    end = {name: value.copy() for name, value in state.items()}  # the caller may write into it
    return probs, {"steps": steps, "y": y, "Z": Z, "probs": probs}, end


def one_hot(ids, V):
    """ids (S, B) -> (S, V, B): True at the id, which counts as 1, and False elsewhere."""
    return ids[:, None] == np.arange(V)[:, None]


def controller(params, x, before):
    """One step of the LSTM: x (V, B), the state before -> the new h and cell, the gates and c."""
    z = params["Wxh"] @ x + params["Whh"] @ before["h"] + params["Wrh"] @ before["r"] + params["bh"]
    zi, zo, zf, zg = np.split(z, 4)
    i = sigmoid(zi)
    o = sigmoid(zo)
    f = sigmoid(zf)
    g = np.tanh(zg)
    slot = "c" if "c" in before else "s"  # of the state, for what is carried on: squashed or standard
    s = i * g + f * before[slot]
    c = np.tanh(s)
    h = o * c
    after = {"h": h, "c": c} if slot == "c" else {"h": h, "s": s}
    return after, {"i": i, "o": o, "f": f, "g": g, "c": c}


def content_memory(params, h, before):
    """krocki/dnc's memory, addressed by softmax(M0 k) -> the new M and r, what backward needs."""
    M0 = before["M"]
    kr = params["Whr"] @ h
    kw = params["Whw"] @ h
    v = params["Whv"] @ h
    e = sigmoid(params["Whe"] @ h)
    scores_w = np.einsum("nwb,wb->nb", M0, kw)
    scores_r = np.einsum("nwb,wb->nb", M0, kr)
    ww = softmax(scores_w, axis=0)
    wr = softmax(scores_r, axis=0)
    M = write(M0, ww, e, v)
    r = read(M, wr[None])[0]
    return {"M": M, "r": r}, {"kr": kr, "kw": kw, "v": v, "e": e, "ww": ww, "wr": wr}


def complete_memory(params, h, before):
    """The memory of the paper -> its part of the new state, what backward needs."""
    M0 = before["M"]
    R = len(before["wr"])
    _, W, B = M0.shape
    rows = rows_of(params, INTERFACE)
    xi = {name: params[name] @ h + params["bi"][rows[name]] for name in INTERFACE}
    kr = xi["Whr"].reshape(R, W, B)  # read keys: what each head looks for
    br = oneplus(xi["Whbr"])  # read strengths: how sharply, 1 or more
    kw = xi["Whw"].reshape(1, W, B)  # write key: what to find and write over
    bw = oneplus(xi["Whbw"])  # write strength
    v = xi["Whv"]  # write vector: what is added to the locations written to
    e = sigmoid(xi["Whe"])  # erase vector: how much of each of their columns is wiped first
    free = sigmoid(xi["Whf"])  # free gates: what each head has read may be used anew
    ga = sigmoid(xi["Whga"])  # allocation gate: write to free locations, or to those found
    gw = sigmoid(xi["Whgw"])  # write gate: whether to write at all
    pi = softmax(xi["Whm"].reshape(R, 3, B), axis=1)  # read modes: backward, content, forward

    u = usage(before["u"], before["ww"], before["wr"], free)
    a = allocation(u)
    cw = content_weighting(M0, kw, bw)[0]
    ww = write_weighting(a, cw, ga, gw)
    M = write(M0, ww, e, v)

    L = links(before["L"], ww, before["p"])
    p = precedence(before["p"], ww)
    cr = content_weighting(M, kr, br)
    wr = read_weighting(L, before["wr"], cr, pi)
    r = read(M, wr).reshape(R * W, B)
    parts = dict(kr=kr, br=br, kw=kw, bw=bw, v=v, e=e, free=free, ga=ga, gw=gw, pi=pi, a=a, cw=cw, cr=cr)
    return {"M": M, "r": r, "u": u, "p": p, "L": L, "ww": ww, "wr": wr}, parts


# ----------------------------------------------------------------------------------------------- backward
def backward(params, targets, cache):
    """The gradient of the summed loss with respect to every parameter: the lines of forward, last to first.

    targets (S, B) ints, cache of the same batch -> a dict with the names and shapes of params."""
    memory_backward = complete_memory_backward if "Whm" in params else content_memory_backward
    grads = {name: np.zeros_like(value) for name, value in params.items()}
    dy = cache["probs"] - one_hot(targets, len(params["by"]))  # in the logits: probs, less 1 at the target
    # The gradient in the state after a step, by way of the steps that follow; 0 at the end: truncated BPTT
    dstate_next = {name: np.zeros_like(value) for name, value in cache["steps"][0]["after"].items()}
    for t in reversed(range(len(dy))):
        step = cache["steps"][t]
        grads["Why"] += dy[t] @ step["after"]["h"].T
        grads["Wry"] += dy[t] @ step["after"]["r"].T
        grads["by"] += dy[t].sum(axis=1, keepdims=True)
        dr = dstate_next["r"] + params["Wry"].T @ dy[t]
        dh_memory, dmemory = memory_backward(params, {**dstate_next, "r": dr}, step, grads)
        dh = dstate_next["h"] + params["Why"].T @ dy[t] + dh_memory
        dcell = controller_backward(params, {**dstate_next, "h": dh}, step, grads)
        dstate_next = {**dcell, **dmemory}
    return grads


def controller_backward(params, dstate, step, grads):
    """From the gradient in h and the cell after a step to that in h, r and the cell before; adds to grads."""
    before = step["before"]
    i, o, f, g, c = step["gates"].values()  # in the order of controller
    slot = "c" if "c" in before else "s"
    do = dstate["h"] * c
    dc = dstate["h"] * o
    if slot == "c":
        dc = dc + dstate["c"]
    ds = dc * (1 - c**2)
    if slot == "s":
        ds = ds + dstate["s"]
    di = ds * g
    df = ds * before[slot]
    dg = ds * i
    dzi = di * i * (1 - i)
    dzo = do * o * (1 - o)
    dzf = df * f * (1 - f)
    dzg = dg * (1 - g**2)
    dz = np.concatenate([dzi, dzo, dzf, dzg])
    grads["Wxh"] += dz @ step["x"].T
    grads["Whh"] += dz @ before["h"].T
    grads["Wrh"] += dz @ before["r"].T
    grads["bh"] += dz.sum(axis=1, keepdims=True)
    dh0 = params["Whh"].T @ dz
    dr0 = params["Wrh"].T @ dz
    return {"h": dh0, "r": dr0, slot: ds * f}


def interface_backward(params, dxi, h, grads):
    """dxi: the gradient in W h + b for each matrix W of the interface -> that in h; adds to grads."""
    for name, value in dxi.items():
        grads[name] += value @ h.T
    if "bi" in params:
        grads["bi"] += np.concatenate([dxi[name] for name in INTERFACE]).sum(axis=1, keepdims=True)
    return sum(params[name].T @ value for name, value in dxi.items())


def content_memory_backward(params, dstate, step, grads):
    """From the gradient in M and r to that in h, and in M0; adds to grads."""
    h, M0, M = step["after"]["h"], step["before"]["M"], step["after"]["M"]
    kr, kw, v, e, ww, wr = step["parts"].values()
    dM, dwr = read_backward(dstate["r"][None], M, wr[None])
    dM0, dww, de, dv = write_backward(dstate["M"] + dM, M0, ww, e, v)
    dscores_r = softmax_backward(dwr[0], wr, axis=0)
    dscores_w = softmax_backward(dww, ww, axis=0)
    dM0 = dM0 + dscores_r[:, None] * kr + dscores_w[:, None] * kw
    dkr = np.einsum("nb,nwb->wb", dscores_r, M0)
    dkw = np.einsum("nb,nwb->wb", dscores_w, M0)
    dxi = {"Whr": dkr, "Whv": dv, "Whw": dkw, "Whe": de * e * (1 - e)}
    return interface_backward(params, dxi, h, grads), {"M": dM0}


def complete_memory_backward(params, dstate, step, grads):
    """From the gradient in r and the memory after a step to that in h and the memory before; adds to grads.

    dX_Y is the part of dX that comes by way of Y."""
    before, after, h = step["before"], step["after"], step["after"]["h"]
    kr, br, kw, bw, v, e, free, ga, gw, pi, a, cw, cr = step["parts"].values()
    M0, M, L, ww, wr = before["M"], after["M"], after["L"], after["ww"], after["wr"]
    R, W, B = kr.shape

    dM_r, dwr_r = read_backward(dstate["r"].reshape(R, W, B), M, wr)
    dwr = dstate["wr"] + dwr_r
    dL_wr, dwr0_wr, dcr, dpi = read_weighting_backward(dwr, L, before["wr"], cr, pi)
    dM_cr, dkr, dbr = content_weighting_backward(dcr, M, kr, br)
    dp0_p, dww_p = precedence_backward(dstate["p"], before["p"], ww)
    dL = dstate["L"] + dL_wr
    dL0, dww_L, dp0_L = links_backward(dL, before["L"], ww, before["p"])

    dM = dstate["M"] + dM_r + dM_cr
    dM0_M, dww_M, de, dv = write_backward(dM, M0, ww, e, v)
    dww = dstate["ww"] + dww_p + dww_L + dww_M
    da, dcw, dga, dgw = write_weighting_backward(dww, a, cw, ga, gw)
    dM0_cw, dkw, dbw = content_weighting_backward(dcw[None], M0, kw, bw)
    du = dstate["u"] + allocation_backward(da, after["u"])
    du0, dww0, dwr0_u, dfree = usage_backward(du, before["u"], before["ww"], before["wr"], free)

    dxi = {
        "Whr": dkr.reshape(R * W, B),
        "Whbr": dbr * -np.expm1(1 - br),  # the slope of oneplus: sigmoid(x) = 1 - exp(1 - oneplus(x))
        "Whw": dkw[0],
        "Whbw": dbw * -np.expm1(1 - bw),
        "Whv": dv,
        "Whe": de * e * (1 - e),
        "Whf": dfree * free * (1 - free),
        "Whga": dga * ga * (1 - ga),
        "Whgw": dgw * gw * (1 - gw),
        "Whm": softmax_backward(dpi, pi, axis=1).reshape(3 * R, B),
    }
    dM0 = dM0_M + dM0_cw
    dp0 = dp0_p + dp0_L
    dwr0 = dwr0_wr + dwr0_u
    dmemory = {"M": dM0, "u": du0, "p": dp0, "L": dL0, "ww": dww0, "wr": dwr0}
    return interface_backward(params, dxi, h, grads), dmemory


# -------------------------------------------------------------------------------------------------- train
def train(params, inputs, targets, state):
    """Loss and gradients of one batch, no update: inputs, targets (S, B) -> loss (nats), grads, new state."""
    _, cache, state = forward(params, inputs, state)
    loss = float(cross_entropy(cache, targets))
    return loss, backward(params, targets, cache), state


# ----------------------------------------------------------------------------------------- gradient check
def slope(params, name, direction, inputs, targets, state):
    """The slope of the loss in params[name] along a direction, by a complex step, Im f(x + ih direction) / h:
    exact to rounding with h = 1e-30, as no losses are subtracted (Squire & Trapp, SIAM Review 40, 1998)."""
    _, cache, _ = forward(params | {name: params[name] + 1e-30j * direction}, inputs, state)
    return cross_entropy(cache, targets).imag / 1e-30


def gradcheck(params, inputs, targets, state, rng, num_checks=10):
    """Compare backward with slope at num_checks random entries of every parameter, in float64.

    Returns a dict for each parameter: the slopes n, backward's a, and the relative errors |n - a| / |n + a|
    of entries where one is not 0; the divisor is at least 1e-10 of the largest entry of all gradients, as all
    is rounding below."""
    params = {name: value.astype(np.float64) for name, value in params.items()}
    _, grads, _ = train(params, inputs, targets, state)
    largest = max(np.abs(grad).max() for grad in grads.values())
    least = 1e-10 * largest + 1e-300  # a text of one letter has gradients of 0
    rows = []
    for name, value in params.items():
        entries = rng.permutation(value.size)[:num_checks]
        a = grads[name].ravel()[entries]
        numbers = np.arange(value.size).reshape(value.shape)  # numbers == k: 1 at entry k, 0 elsewhere
        n = np.array([slope(params, name, numbers == k, inputs, targets, state) for k in entries])
        error = np.abs(n - a) / np.maximum(np.abs(n + a), least)
        rows.append({"name": name, "n": n, "a": a, "error": error[(n != 0) | (a != 0)]})
    return rows


def gradient_table(rows):
    """gradcheck's rows as text: the ranges of n and a, the errors' min, max and mean, # tried / valid."""
    lines = []
    for row in rows:
        n, a, valid = row["n"], row["a"], len(row["error"])
        error = row["error"] if valid else np.zeros(1)
        n_range = f"n = [{n.min():e}, {n.max():e}]"
        a_range = f"a = [{a.min():e}, {a.max():e}]"
        lines.append(f"{row['name'] + ':':16}{n_range:40}min {error.min():e}, max {error.max():e}")
        lines.append(f"{'':16}{a_range:40}mean {error.mean():e} # {len(n)}/{valid}")
    return "\n".join(lines)


def directional_errors(params, state, rng):
    """The error of backward along a random direction of all entries of a parameter, in float64: no wrong
    term gets past it, as one might past the few entries of gradcheck.

    The weights are random, and the state is one that 25 steps lead to, made uneven: so every term counts.
    Returns name -> |n - a| / |grad|, where n is the slope and a the sum of grad * direction; the divisor is
    at least 1e-4 of the largest |grad|, as rounding shows below."""
    noisy = {name: rng.standard_normal(w.shape) / math.sqrt(w.shape[1]) for name, w in params.items()}
    inputs, targets = rng.integers(len(params["by"]), size=(2, 25, state["h"].shape[1]))
    _, _, state = forward(noisy, inputs, state)
    state = {name: value * rng.random(value.shape) for name, value in state.items()}
    _, grads, _ = train(noisy, inputs, targets, state)
    norms = {name: np.linalg.norm(grad) for name, grad in grads.items()}
    least = 1e-4 * max(norms.values()) + 1e-300
    errors = {}
    for name, grad in grads.items():
        direction = rng.standard_normal(grad.shape)
        n = slope(noisy, name, direction, inputs, targets, state)
        a = (grad * direction).sum()
        errors[name] = abs(n - a) / max(norms[name], least)
    return errors


def verdict(errors):
    """What directional_errors says of a gradient -> a line in words, whether it is right."""
    limit = 1e-10  # right gradients are at 2e-13 at most, wrong ones over 3e-8
    wrong = [name for name, error in errors.items() if not error < limit]  # nan is wrong, too
    answer = f"WRONG in {', '.join(wrong)}" if wrong else "right"
    largest = np.max(list(errors.values()))
    return f"the gradient is {answer}: the largest error is {largest:.1e}, the limit {limit:.0e}", not wrong


# ------------------------------------------------------------------------------------------------ sampler
def sample(params, state, prompt, n, rng, temperature=1.0):
    """Read the ids of prompt, at least one, then write n ids, each drawn from what forward gives before it.

    state is of one sequence (B = 1). temperature divides the logits: 1 is the model's own distribution,
    0 takes the likeliest id each time."""
    ids = []
    inputs = np.array(prompt)[:, None]
    for _ in range(n):
        _, cache, state = forward(params, inputs, state)
        y = cache["y"][-1, :, 0].astype(np.float64)
        cumulative = np.exp(y / max(temperature, 1e-9)).cumsum()  # the largest y is 0
        height = rng.random() * cumulative[-1]
        ids.append(cumulative.searchsorted(height, side="right"))  # the first id whose sum is above it
        inputs = np.array([[ids[-1]]])
    return np.array(ids, np.intp)


# --------------------------------------------------------------------------------------------------- text
class UserError(Exception):
    """Something that the user can put right; shown as one line, without a traceback."""


def read_text(path, as_bytes):
    """The whole file as a str; as_bytes: one character a byte, so that any file can be read."""
    with open(path, "rb") as file:
        content = file.read()
    encoding = "utf-8-sig"  # without the mark that some editors put first
    if as_bytes:
        encoding = "latin-1"
    elif content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"  # as Windows' PowerShell writes with >
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 text; --bytes reads any file, byte by byte") from error
    if len(text) < 2:
        raise UserError(f"{path} has {len(text)} characters; give a text to learn from")
    return text


def typed_text(word, as_bytes):
    """A word of the command line as read_text would have it from a file, whatever the locale."""
    typed = word.encode("utf-8", "surrogateescape")
    return typed.decode("latin-1" if as_bytes else "utf-8", "replace")


def to_ids(text, vocab, source):
    """str -> ids (n,), the index of each character in the str vocab; source is named in the error."""
    unknown = sorted(set(text) - set(vocab))
    if unknown:
        raise UserError(f"{source} has characters that the model has never seen: {unknown[:10]}")
    char_to_ix = {char: ix for ix, char in enumerate(vocab)}
    return np.fromiter(map(char_to_ix.get, text), np.uint32, len(text))


def sequence_starts(text, options):
    """The places in the text where a sequence may begin: all, or with --restart the starts of lines, unless
    much of the text is too far from the start of its line."""
    starts = range(len(text) - options["seqlength"])
    if options["restart"]:
        lines = [0] + [newline.end() for newline in re.finditer("\r\n?|\n", text[: len(starts) - 1])]
        further = 1 / options["restart"] - 1  # batches that follow the first after a jump, on average
        reach = options["seqlength"] * (1 + 10 * further)
        within_reach = np.minimum(np.diff([*lines, len(starts)]), reach).sum()
        if within_reach > 0.9 * len(starts):  # else too much of the text would never be read
            return lines
    return starts


def next_batch(model, ids, starts, options):
    """Cut the next batch out of the text -> inputs, targets (S, B); a target is the character that follows.

    The B pointers walk through the text in steps of S. One with less than S + 1 characters left, and with
    --restart any by chance, jumps to one of starts, and the state of its sequence is reset."""
    S = options["seqlength"]
    rng = model["rng"]
    pointers = model["pointers"]
    jump = pointers + S + 1 > len(ids)
    if options["restart"]:
        jump |= rng.random(len(jump)) < options["restart"]
    if jump.any():
        pointers[jump] = [starts[k] for k in rng.integers(0, len(starts), jump.sum())]
        fresh = init_state(model["params"], len(pointers), options["cell"], options["locations"], rng)
        for name, value in model["state"].items():
            value[..., jump] = fresh[name][..., jump]
    at = pointers + np.arange(S)[:, None]  # (S, B)
    pointers += S
    return ids[at], ids[at + 1]


# ------------------------------------------------------------------------------------------- saved models
SIZES = ("hidden", "heads", "locations", "width", "batchsize")
FIXED = (*SIZES, "memory", "cell", "init_scale", "fp64", "bytes", "holdout")  # fixed in a loaded model
SAVED = (*FIXED, "seqlength", "restart", "lr", "clip", "text")  # the options that a saved model brings along
LARGEST = 1 << 60  # the largest number allowed in a model: products of larger ones could overflow
COUNTERS = {"iteration": 0, "seconds": 0.0, "bpc": 0.0, "next_ix": 0}  # next_ix: what sequence 0 reads next


def new_model(vocab, options, seed):
    """All that training changes and a saved model holds, before the first iteration."""
    rng = np.random.default_rng(seed)
    dtype = np.float64 if options["fp64"] else np.float32
    sizes = [options[name] for name in ("hidden", "memory", "heads", "width", "init_scale")]
    params = init_params(rng, len(vocab), *sizes)
    params = {name: value.astype(dtype) for name, value in params.items()}
    return {
        "params": params,
        "accumulators": {name: np.zeros_like(value) for name, value in params.items()},  # Adagrad's
        "state": init_state(params, options["batchsize"], options["cell"], options["locations"], rng),
        "pointers": np.full(options["batchsize"], LARGEST),  # past the end of any text: all jump at first
        "rng": rng,
        "vocab": vocab,  # a str of all characters, sorted
        **COUNTERS,
        "bpc": math.log2(len(vocab)),  # smoothed
    }


def arrays_of(model):
    """The arrays of a model by their names in a file: pointers, params_Wxh, ..."""
    groups = ("params", "accumulators", "state")
    named = {f"{group}_{name}": value for group in groups for name, value in model[group].items()}
    return {"pointers": model["pointers"], **named}


def save_model(path, model, options):
    """Write a model to an .npz file, under another name first: path holds a whole model at any moment."""
    info = {name: model[name] for name in ("vocab", *COUNTERS)} | {name: options[name] for name in SAVED}
    info["rng"] = model["rng"].bit_generator.state
    content = io.BytesIO()  # on a full disk, np.savez would leave a file half open
    np.savez(content, info=json.dumps(info), **arrays_of(model))
    path = os.path.realpath(path)  # a symbolic link stays one
    with tempfile.TemporaryDirectory(prefix="unfinished-", dir=os.path.dirname(path)) as folder:
        unfinished = os.path.join(folder, "model.npz")  # on the disk of path, as os.replace needs it
        with open(unfinished, "wb") as file:
            file.write(content.getbuffer())
            os.fsync(file.fileno())
        try:
            os.replace(unfinished, path)
        except PermissionError:  # on Windows, while a virus scanner has the old file open
            time.sleep(1)
            os.replace(unfinished, path)


def load_model(path):
    """Read a saved model -> model, its options. Raises OSError, or UserError if the file is not a model."""
    with open(path, "rb") as file:
        try:
            with np.lib.npyio.NpzFile(file) as archive:  # without pickle
                return read_model(archive, os.path.getsize(path))
        except Exception as error:  # a damaged file breaks zipfile, json and NumPy in many ways
            reason = " ".join(str(error).split())  # one line
            raise UserError(f"{path} is not a model of this version of {SCRIPT}: {reason}") from error


def read_model(archive, file_size):
    """An open .npz file -> model, its options. Raises UserError if no model of this script is like it.

    Before anything of their size is built, the file is checked to be large enough for its options."""
    if any(member.compress_type for member in archive.zip.infolist()):
        raise UserError("it is compressed")  # and could be of any size
    info = json.loads(str(archive["info"]))
    defaults = vars(option_parser("content").parse_args([]))
    like = {"vocab": "", **COUNTERS, **{name: defaults[name] for name in SAVED}, "rng": {}}
    for name in {**like, **info}:  # the names that a model must have, and those that this file has
        if name not in like or type(info.get(name)) is not type(like[name]):
            raise UserError(f"its {name} is {info.get(name)!r}")
    check_numbers(info, "its ")
    vocab = info["vocab"]
    if info["memory"] not in MEMORIES or info["cell"] not in CELLS:
        raise UserError(f"its memory and cell are {info['memory']!r} and {info['cell']!r}")
    if not vocab or vocab != "".join(sorted(set(vocab))):
        raise UserError("its vocab is empty or not sorted, or has a character twice")
    (vocab + info["text"]).encode("utf-8", "surrogateescape")  # raises, if one has half a surrogate pair
    if "\0" in info["text"]:
        raise UserError("its text is not the name of a file")
    H, N, W, R, B = (info[name] for name in ("hidden", "locations", "width", "heads", "batchsize"))
    L_and_wr = (N + R) * N * B if info["memory"] == "paper" else 0
    V = len(vocab)
    if 4 * ((4 * H + R * W) * (V + H) + H * B + N * W * B + L_and_wr) > file_size:  # W.., h, M in float32
        raise UserError("it is too small for a model of its options")

    model = new_model(vocab, info, seed=0)
    model |= {name: info[name] for name in COUNTERS}
    generator = model["rng"].bit_generator
    generator.state = info["rng"]
    if generator.state != info["rng"] or generator.state["state"]["inc"] % 2 == 0:
        raise UserError("its rng is no PCG64 with an odd inc: it might draw 0 for ever")
    arrays = arrays_of(model)
    if set(archive.files) != {"info", *arrays}:
        raise UserError(f"it does not have just info, {', '.join(arrays)}")
    for name, array in arrays.items():
        found = archive[name]
        if found.shape != array.shape or found.dtype != array.dtype:
            raise UserError(f"its {name} is not {array.dtype} {array.shape}")
        array[:] = found
    if model["pointers"].min() < 0 or model["next_ix"] >= V:
        raise UserError("its pointers or its next_ix are out of range")
    if not is_sound(model):
        raise UserError("it has numbers that are too large, or nan")
    return model, {name: info[name] for name in SAVED}


def is_sound(model):
    """Whether all numbers of a model are finite and, but for Adagrad's accumulators, at most LARGEST."""
    limited = [model["pointers"], *model["params"].values(), *model["state"].values()]
    finite = all(np.isfinite(array).all() for array in model["accumulators"].values())
    return finite and all(np.abs(array).max() <= LARGEST for array in limited)  # which nan is not


def check_numbers(values, prefix):
    """Raise UserError unless the numbers among values, name -> value, are in their ranges."""
    counts = (*SIZES, "seqlength", "iters", "report_interval", "check_interval", "sample")
    for name, value in values.items():
        least = 1 if name in counts else 0
        most = 10**6 if name in SIZES else 10**12
        if name in ("restart", "holdout"):
            most = 1
        if type(value) in (int, float) and not least <= value <= most:
            raise UserError(f"{prefix}{name} must be from {least} to {most}, not {value}")


# ------------------------------------------------------------------------------------------ training loop
def adagrad(params, accumulators, grads, lr, clip):
    """Update in place: each entry's step gets smaller with the sum of its squared gradients so far.

    The 1 keeps the first steps small: with min-char-rnn's 1e-8, each entry would leap by lr at once. Weights
    that read h (Whh, Why, ..) have the rate lr 32 / H: the steps of a row tend to agree, so that what it
    reads out of h moves by their sum, in proportion to H (Yang & Hu, ICML 2021)."""
    for name, g in grads.items():
        rate = lr * 32 / g.shape[1] if name.startswith("Wh") else lr
        if clip:
            g = g.clip(-clip, clip)
        accumulators[name] += g * g
        params[name] -= rate * g / np.sqrt(1 + accumulators[name])


def learn(model, ids, validation_ids, starts, options):
    """Train until a limit or a signal to end -> exit status. Raises UserError if the model diverges, or if it
    cannot be saved at the end."""
    np.empty(33_000_000, np.uint8)  # freed at once, after which glibc keeps freed arrays: a third faster
    signals = []

    def end_after_iteration(number, frame):
        signals.append(number)
        signal.signal(number, signal.default_int_handler)  # a second one ends at once

    for number in (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)):  # Windows: none
        if signal.getsignal(number) != signal.SIG_IGN:  # as nohup sets it
            signal.signal(number, end_after_iteration)

    iters = options["iters"] or math.inf
    start = time.perf_counter() - model["seconds"]
    deadline = model["seconds"] + options["timelimit"]
    times = []  # the seconds of each iteration since the last line of the log
    unsaved = None  # the last iteration that could not be saved
    n = model["iteration"]
    done = n >= iters
    if done:
        print(f"nothing to do: --iters counts the {n} iterations of the model")
    while not done:
        tick = time.perf_counter()
        inputs, targets = next_batch(model, ids, starts, options)
        loss, grads, model["state"] = train(model["params"], inputs, targets, model["state"])
        adagrad(model["params"], model["accumulators"], grads, options["lr"], options["clip"])
        n += 1
        bpc = 0.999 * model["bpc"] + 0.001 * loss / targets.size / math.log(2)
        seconds = time.perf_counter() - start
        model.update(iteration=n, bpc=bpc, seconds=seconds, next_ix=int(targets[-1, 0]))
        times.append(time.perf_counter() - tick)

        done = bool(signals) or seconds >= deadline or n >= iters
        checking = done or n % options["check_interval"] == 0
        diverged = not bpc <= 3 * math.log2(len(model["vocab"]))  # 3 times a new model's, or nan
        if diverged or (checking and not is_sound(model)):
            raise UserError(f"diverged in iteration {n}, at {bpc:.1f} BPC; try a smaller --lr, or --clip 0.2")
        if checking and options["save"]:
            try:
                save_model(options["save"], model, options)
            except (OSError, MemoryError) as error:
                unsaved = n
                logging.warning(f"warning: iteration {n} is not saved to {options['save']}: {error}")
        if not checking and n % options["report_interval"] != 0:
            continue
        speed = targets.size * len(times) / sum(times)
        times.clear()
        validation = math.nan
        if checking and len(validation_ids) > 1:
            validation = bits_per_character(model, validation_ids, options["batchsize"], options)
        try:
            count = (n - 1) // options["report_interval"]
            print(f"{count:2d}: {seconds:.3f} s, iter {n}, {bpc:.4f} BPC, {speed:.2f} char/s")
            if math.isfinite(validation):
                print(f"validation: {validation:.4f} BPC")
            if checking:
                check(model, ids, starts, options)
        except BrokenPipeError:  # nobody reads the log any more: end
            sys.stdout = open(os.devnull, "w")
            signals.append(13)  # as if SIGPIPE had come; Windows does not know it by its name
        except OSError as error:  # a full disk costs what was to be written, but not the run
            logging.warning(f"warning: {error}")
        if options["fname"]:
            try:
                append_to(options["fname"], f"{n} {seconds:.3f} {bpc:.6f} {validation:.6f}\n")
            except OSError as error:
                logging.warning(f"warning: {error}")
    if unsaved == n:
        raise UserError(f"iteration {n} is not saved to {options['save']}; the warning above says why")
    return 128 + signals[0] if signals else 0


def check(model, ids, starts, options):
    """A gradient check of the batch to come, and a sample: a line of each, and all in their logs."""
    iteration = model["iteration"]
    if options["gradcheck"] is not False:
        ahead = copy.deepcopy(model)
        inputs, targets = next_batch(ahead, ids, starts, options)
        table = gradient_table(gradcheck(ahead["params"], inputs, targets, ahead["state"], ahead["rng"]))
        answer, _ = verdict(directional_errors(ahead["params"], ahead["state"], ahead["rng"]))
        if iteration == 0:
            print(table)
        print(f"    {answer}")
        if options["fname"]:
            append_to("gradcheck.log", f"iter {iteration}\n{table}\n{answer}\n\n")
    if iteration:
        text = sample_text(model, options["sample_length"], options)
        print(f"    sample: {' '.join(text[:100].split())}")
        if options["fname"]:
            append_to("sample.log", f"iter {iteration}\n{text}\n\n")


def append_to(path, line):
    """Add a line to a log file: all of it or, on a full disk, nothing. Raises OSError."""
    line = line.encode("utf-8", "surrogateescape")
    with open(path, "ab", buffering=0) as file:
        written = file.write(line)
        if written < len(line):
            file.truncate(file.tell() - written)
            raise OSError(f"{path}: no space left")


def bits_per_character(model, ids, batchsize, options):
    """The loss of ids (n,) in bits per character, read as up to batchsize equal pieces, side by side."""
    B = min(batchsize, len(ids) - 1)
    length = (len(ids) - 1) // B
    state = init_state(model["params"], B, options["cell"], options["locations"], np.random.default_rng(0))
    loss = 0.0
    inputs = ids[: B * length].reshape(B, length).T  # (length, B)
    targets = ids[1 : B * length + 1].reshape(B, length).T
    for t in range(0, length, 100):
        _, cache, state = forward(model["params"], inputs[t : t + 100], state)
        loss += float(cross_entropy(cache, targets[t : t + 100]))
    return loss / (length * B) / math.log(2)


def sample_text(model, n, options):
    """n characters that the model writes -> str: after --prime from a new state, or where training stands."""
    state = {name: value[..., :1] for name, value in model["state"].items()}
    prompt = [model["next_ix"]]
    if options["prime"]:
        noise = np.random.default_rng(0)
        state = init_state(model["params"], 1, options["cell"], options["locations"], noise)
        prompt = to_ids(typed_text(options["prime"], options["bytes"]), model["vocab"], "--prime")
    rng = np.random.default_rng([options["seed"], model["iteration"]])
    ids = sample(model["params"], state, prompt, n, rng, options["temperature"])
    text = "".join(model["vocab"][ix] for ix in ids)
    if options["bytes"]:
        text = text.encode("latin-1", "replace").decode("utf-8", "replace")
    return text


SHOWN = {"write": "gw", "alloc": "ga", "free": "free", "to": "ww", "from": "wr", "usage": "u", "modes": "pi"}
LEGEND = """░ over 0.05, ▒ over 0.2, ▓ over 0.4, █ over 0.7; bits: what the character cost, after those before
to, from: where it writes and reads, the weighting of each location, head after head"""
PAPER_LEGEND = "write, alloc, free: the gates; modes: backward, content, forward"


def print_view(model, ids, options):
    """Print what the memory does at each of ids (n,), from a fresh state: a line for each, in columns."""
    state = init_state(model["params"], 1, options["cell"], options["locations"], np.random.default_rng(0))
    probs, cache, _ = forward(model["params"], ids[:, None], state)
    rows = []
    for t, step in enumerate(cache["steps"]):
        row = {"char": repr(model["vocab"][ids[t]])[1:-1], "bits": ""}
        if t > 0:
            row["bits"] = f"{-np.log2(max(probs[t - 1, ids[t], 0], 1e-38)):.1f}"
        values = {**step["parts"], **step["after"]}
        for title, name in SHOWN.items():
            if name in values:
                row[title] = shades(values[name])
        rows.append(row)
    print(LEGEND)
    if "usage" in row:
        print(PAPER_LEGEND)
    rows.insert(0, {title: title for title in row})
    widths = {title: max(len(row[title]) for row in rows) for title in row}
    for row in rows:
        print(" │ ".join(f"{cell:{widths[title]}}" for title, cell in row.items()))


def shades(values):
    """Numbers from 0 to 1, (n, 1) or (heads, n, 1) -> a string with a block for each."""
    if values.ndim == 3:
        return " ".join(map(shades, values))
    return "".join("·░▒▓█"[np.searchsorted([0.05, 0.2, 0.4, 0.7], x)] for x in values.ravel())


# ------------------------------------------------------------------------------------------- command line
def option_parser(memory):
    """Every option, with its default for this memory, "content" or "paper"."""
    paper = memory == "paper"
    title = __doc__ and __doc__.splitlines()[0]  # python -OO has no docstrings
    formatter = argparse.ArgumentDefaultsHelpFormatter
    parser = argparse.ArgumentParser(SCRIPT, description=title, formatter_class=formatter)
    parser.usage = argparse.SUPPRESS  # so that an error is one line
    bundled = os.path.join(os.path.dirname(os.path.realpath(__file__)), "data", "missing-hour.txt")
    switch = argparse.BooleanOptionalAction
    add = parser.add_argument
    add("text", nargs="?", metavar="TEXT", type=os.path.abspath, default=bundled, help="file to learn")
    add("--hidden", type=int, default=100, help="hidden units")
    add("--memory", choices=MEMORIES, default=memory, help="addressed by content alone, or the paper's")
    cell = "standard" if paper else "squashed"
    add("--cell", choices=CELLS, default=cell, help="carry the cell's tanh, or the cell; paper: standard")
    add("--heads", type=int, default=1, help="read heads; more than one needs --memory paper")
    add("--locations", type=int, default=16 if paper else 8, help="memory locations; paper: 16")
    add("--width", type=int, default=16 if paper else 8, help="width of a location; paper: 16")
    add("--view", help="show what the memory does at these letters ('': 60 of TEXT); with --load: and stop")
    add("--init_scale", type=float, default=0.03, help="standard deviation of the weights at the start")
    add("--batchsize", type=int, default=8, help="sequences in a batch")
    add("--seqlength", type=int, default=15, help="time steps in a batch")
    add("--restart", type=float, default=0.0, help="chance, in each batch, to jump to a line, with state 0")
    add("--lr", type=float, default=0.4, help="learning rate of Adagrad")
    add("--clip", type=float, default=0.2, help="clip each entry of the gradient; 0 is off")
    add("--seed", type=int, help="of a new model and of samples, to repeat them; random unless given")
    add("--fp64", action=switch, default=True, help="compute in float64")
    add("--bytes", action=switch, default=False, help="read the text as bytes, not as UTF-8")
    add("--holdout", type=float, default=0.0, help="part of the text, at its end, kept for validation")
    add("--timelimit", type=float, default=10000.0, help="seconds of this run")
    add("--iters", type=int, help="iterations in all, those of a loaded model counted; no limit unless given")
    add("--report_interval", type=int, default=200, help="iterations between log lines, besides checks")
    add("--check_interval", type=int, default=200, help="iterations between checks, samples and saves")
    add("--sample_length", type=int, default=1000, help="characters in a sample")
    log = f"{SCRIPT}.dat"
    add("--fname", default=log, help="log file to add to: iteration, seconds, BPC, validation BPC")
    add("--save", help="file to save the model in, at every check, at the end and on Ctrl-C")
    add("--load", help="saved model to go on from")
    add("--prime", help="with --sample: text that the model reads first")
    add("--temperature", type=float, default=1.0, help="of samples: 0 takes the likeliest, over 1 dares more")
    add_one = parser.add_mutually_exclusive_group().add_argument  # of these, one at most may be given
    add_one("--gradcheck", action=switch, help="check the gradient and stop; --no-gradcheck: never")
    add_one("--sample", type=int, help="with --load: print this many characters and stop; TEXT is not read")
    add_one("--evaluate", action="store_true", help="with --load: print the BPC of all of TEXT and stop")
    return parser


def read_options(words):
    """The command line -> the options of the run, and the model to go on from or None. Raises UserError."""
    options = vars(option_parser("content").parse_args(words))
    parser = option_parser(options["memory"])  # once more: with the paper's memory other defaults differ, too
    options = vars(parser.parse_args(words))
    if "" in (options["load"], options["save"], options["fname"], options["prime"]):
        raise UserError("an option is empty; was a variable of the shell not set?")
    model = None
    if options["load"]:
        model, saved = load_model(options["load"])
        parser.set_defaults(**saved)  # and parse again: what is not given is as it was saved
        options = vars(parser.parse_args(words))
        looking = options["prime"] or options["evaluate"] or options["view"] is not None
        for name in FIXED:  # but no parameter depends on the number of locations
            if options[name] != saved[name] and not (name == "locations" and looking):
                raise UserError(f"--{name} {options[name]} contradicts {options['load']}: {saved[name]}")
    elif options["sample"] or options["evaluate"]:
        raise UserError("--sample and --evaluate need --load")
    check_numbers(options, "--")
    if options["memory"] == "content" and options["heads"] > 1:
        raise UserError("the content memory has one read head; for more add --memory paper")
    if options["view"] is not None and (options["sample"] or options["evaluate"] or options["gradcheck"]):
        raise UserError("--view does not go with --sample, --evaluate and --gradcheck")
    if options["view"] is not None and options["load"] and options["save"]:
        raise UserError("--view with --load does not train; leave --save out")
    if options["prime"] and not options["sample"]:
        raise UserError("--prime needs --sample")
    save = options["save"]
    if save and (options["sample"] or options["evaluate"] or options["gradcheck"]):
        raise UserError("--save needs a run that trains, without --sample, --evaluate and --gradcheck")
    if save and os.path.exists(save) and not same_file(save, options["load"]):
        raise UserError(f"{save} is there already; --load it to go on with it, or --save elsewhere")
    if save and not os.access(os.path.dirname(os.path.realpath(save)) + "/.", os.W_OK):  # "/.": a folder
        raise UserError(f"--save {save}: nothing can be written there")  # said now, not after hours
    for log in (options["fname"], "gradcheck.log", "sample.log"):
        for other in (options["text"], options["load"], save):
            if same_file(log, other):
                raise UserError(f"{other} is what this run keeps a log in; give it another name")
    if options["seed"] is None:
        options["seed"] = int(np.random.default_rng().integers(1 << 32))
    return options, model


def same_file(one, other):
    """Whether two names, or None, are of one file, be it by way of links."""
    if not one or not other:
        return False
    if os.path.exists(one) and os.path.exists(other):
        return os.path.samefile(one, other)
    return os.path.realpath(one) == os.path.realpath(other)


def main(words=None):
    """Do what the command line asks for -> exit status. Raises UserError, OSError or MemoryError."""
    options, model = read_options(words)
    if options["sample"]:
        print(sample_text(model, options["sample"], options))
        return 0

    view = typed_text(options["view"] or "", options["bytes"])
    source = "--view"
    if options["view"] == "":
        view = read_text(options["text"], options["bytes"])[:60]
        source = options["text"]
    if view and model:
        print_view(model, to_ids(view, model["vocab"], source), options)
        return 0

    text = read_text(options["text"], options["bytes"])
    model = model or new_model("".join(sorted(set(text))), options, options["seed"])
    ids = to_ids(text, model["vocab"], options["text"])
    if options["evaluate"]:
        print(f"{bits_per_character(model, ids, 1, options):.4f} BPC, {len(ids)} characters")
        return 0
    view_ids = to_ids(view, model["vocab"], source)  # an error now, not after hours

    end = len(ids) - int(options["holdout"] * len(ids))
    if end <= options["seqlength"]:
        needed = options["seqlength"] + 1
        raise UserError(f"{options['text']}: {end} characters to learn from, --seqlength needs {needed}")
    starts = sequence_starts(text[:end], options)
    if options["gradcheck"]:
        inputs, targets = next_batch(model, ids[:end], starts, options)
        print(gradient_table(gradcheck(model["params"], inputs, targets, model["state"], model["rng"])))
        errors = directional_errors(model["params"], model["state"], model["rng"])
        for name, error in errors.items():
            print(f"{name + ':':16}error along a random direction {error:e}")
        answer, right = verdict(errors)
        print(answer)
        return 0 if right else 1

    size = sum(value.size for value in model["params"].values())
    begin = f"from iteration {model['iteration']}" if options["load"] else f"seed {options['seed']}"
    about = f"{end} characters, {len(model['vocab'])} different, "
    about += f"from {os.path.basename(options['text'])}; {size} parameters; {begin}"
    try:
        append_to(options["fname"], f"# {SCRIPT}, {about}: iteration, seconds, BPC, validation BPC\n")
    except OSError as error:
        options["fname"] = None
        logging.warning(f"warning: no logs are kept: {error}")
    print(about)
    if not model["iteration"]:
        check(model, ids[:end], starts, options)
    try:
        status = learn(model, ids[:end], ids[end:], starts, options)
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a notebook's next Ctrl-C is not for us
    print(f"----\n{sample_text(model, options['sample_length'], options)}\n----")
    if view:
        print_view(model, view_ids, options)
    return status


if __name__ == "__main__":
    if hasattr(sys.stdout, "reconfigure"):  # not in Jupyter
        sys.stdout.reconfigure(errors="replace", line_buffering=True)  # a closed pipe shows at once
    np.seterr(all="ignore")  # a run that diverges ends with one line of its own
    logging.basicConfig(format=f"{SCRIPT}: %(message)s")  # unlike print, it never fails itself
    try:
        status = main()
    except KeyboardInterrupt:
        status = 130
    except BrokenPipeError:  # nobody reads on, as behind | head
        status = 141
    except (UserError, OSError, MemoryError) as error:
        logging.error(f"error: {str(error) or 'too little memory for this text or model'}")
        status = 2
    if status in (2, 141) and sys.stdout is sys.__stdout__:  # not in Jupyter
        sys.stdout = open(os.devnull, "w")  # what a closed pipe or a full disk did not take is lost
    sys.exit(status)

# /// script
# requires-python = ">=3.10"
# dependencies = ["numpy>=1.26"]
# ///
"""A Differentiable Neural Computer that learns a text character by character, in fast NumPy.

    python dnc-numpy.py [TEXT] [options]          --help lists them

It computes what dnc-debug.py computes, which has the equations, one a line; read that one first. Each opens
the other's saved models: train here, look inside there. This one is faster, since it does for all S steps at
once what does not wait for another step (outputs, slopes, gradients of the weights), joins weights that
multiply the same, and has the batch first inside all but a small content memory, (B, N, W): NumPy multiplies
a stack of matrices in one call. What else looks odd saves time where arrays are small, and a call costs more
than its arithmetic: the cheapest are products of two matrices, and functions of arrays of one shape that
write in place.

V characters in the vocabulary, H hidden units, B sequences in a batch, S time steps; N memory locations
of width W, R read heads. A name that ends in 0, like M0, is a value of the step before; dX is the
gradient of the loss in X, X' is X transposed. Graves et al., "Hybrid computing using a neural network with
dynamic external memory", Nature 538, 2016.
"""

import argparse
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
def sigmoid(x, half=0.5):
    """1 / (1 + exp(-x)) takes the place of x, by way of tanh, which cannot overflow; half may be an array."""
    x *= half
    np.tanh(x, out=x)
    x *= half
    x += half
    return x


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
def init_params(rng, vocab_size, hidden, memory="content", heads=1, width=10, init_scale=0.03):
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
#
# Each forward beside its backward; content_memory has write, too. The batch comes first. K keys at once: 1 to
# write, R to read. ones is (N, 1): a product with it is the fastest sum over locations.


def norm(x):
    """|x| along the width: x (B, K, W) or (B, N, W) -> (B, K) or (B, N)"""
    return np.sqrt(np.einsum("bnw,bnw->bn", x, x) + EPS)


def norm_backward(dx_norm, x, x_norm):
    """-> dx"""
    return x * (dx_norm / x_norm)[:, :, None]


def content_weighting(M, M_norm, k, k_norm, beta):
    """C(M, k, beta) = softmax over locations of beta D(k, M), with D(k, m) = k.m / (|k| |m|).

    M (B, N, W), its norms (B, N); keys k (B, K, W), their norms and strengths beta (B, K)
    -> (B, K, N); for backward also the scores beta D, and the factor of k.m in them"""
    factor = (beta / k_norm)[:, :, None] / M_norm[:, None]
    scores = k @ M.swapaxes(1, 2)
    scores *= factor
    return softmax(scores, axis=2), (scores, factor)


def content_weighting_backward(dc, c, scores, factor, M, M_norm):
    """-> dproducts, the gradient in all k.m (B, K, N); dM_norm; dk by way of k.m; and dlog_beta.

    scores = factor k.m, and log factor = log beta - log |k| - log |m|: hence d|k| = -dlog_beta / |k|.
    The part of dM by way of k.m, dproducts' k, is left to the caller."""
    dscores = softmax_backward(dc, c, axis=2)
    dproducts = dscores * factor
    dlog_factor = dscores * scores
    dlog_beta = dlog_factor.sum(axis=2)
    dM_norm = -dlog_factor.sum(axis=1) / M_norm
    return dproducts, dM_norm, dproducts @ M, dlog_beta


def usage(u0, ww0, wr0, free):
    """u = (u0 + ww0 - u0 ww0) psi, with the retention psi = prod over heads of (1 - free wr0).

    A location's usage rises by writing to it, and falls when a head that has read it sets it free.
    u0, ww0 (B, N), wr0 (B, R, N), free gates (B, R) -> u (B, N)"""
    return (u0 + ww0 - u0 * ww0) * (1 - free[:, :, None] * wr0).prod(axis=1)


def usage_slopes(u0, ww0, wr0, free):
    """The derivatives of u in u0, ww0, wr0, free, for all steps at once: S stands before the axes above."""
    kept = 1 - free[..., None] * wr0  # (S, B, R, N)
    psi = kept.prod(axis=2)
    heads = range(kept.shape[2])  # the slope of psi in the factor of a head is the product of the others
    others = np.stack([np.delete(kept, head, axis=2).prod(axis=2) for head in heads], axis=2)
    freed_slope = -(u0 + ww0 - u0 * ww0)[:, :, None] * others  # of u in free wr0
    return psi * (1 - ww0), psi * (1 - u0), freed_slope * free[..., None], freed_slope * wr0


def usage_backward(du, u0_slope, ww0_slope, wr0_slope, free_slope):
    """-> du0, dww0, dwr0, dfree, with the slopes of one step out of usage_slopes"""
    dfree = (free_slope @ du[:, :, None])[:, :, 0]
    return du * u0_slope, du * ww0_slope, du[:, None] * wr0_slope, dfree


def allocation(u):
    """a[phi_j] = (1 - used[phi_j]) prod over i < j of used[phi_i], phi the locations from the least used up.

    The least used location gets its free part, 1 - used; of what that leaves, the next gets its own.
    used = EPS + (1 - EPS) u, kept off 0 so that backward can divide by it.
    u (B, N) -> a (B, N); for backward phi, used and a in its order, and before, the products over i < j"""
    phi = u.real.argsort(axis=1, kind="stable")  # real: or gradcheck's complex steps would reorder ties
    phi += np.arange(0, u.size, u.shape[1])[:, None]  # places in the flat u
    used_phi = EPS + (1 - EPS) * u.take(phi)
    before = np.empty_like(used_phi)
    before[:, 0] = 1
    used_phi[:, :-1].cumprod(axis=1, out=before[:, 1:])
    a_phi = (1 - used_phi) * before
    a = np.empty_like(used_phi)
    a.ravel()[phi] = a_phi
    return a, (phi, used_phi, a_phi, before)


def allocation_backward(da, cache, later):
    """-> du; the order phi counts as constant. later (N, N) is 1 where the row comes after the column."""
    phi, used_phi, a_phi, before = cache
    da_phi = da.take(phi)
    later_sums = (da_phi * a_phi).dot(later)  # used_phi[j] is a factor of all a_phi after it
    dused_phi = later_sums / used_phi - da_phi * before
    du = np.empty_like(used_phi)
    du.ravel()[phi] = (1 - EPS) * dused_phi
    return du


def write_weighting(a, cw, ga, gw):
    """ww = gw (ga a + (1 - ga) cw): a, cw (B, N), gates ga, gw (B, 1) -> ww (B, N)"""
    return gw * (cw + ga * (a - cw))


def write_weighting_backward(dww, a, cw, ga, gw, ones):
    """-> da, dcw, dga, dgw"""
    dchosen = dww * gw  # in ga a + (1 - ga) cw
    da = dchosen * ga
    difference = a - cw
    dga = (dchosen * difference).dot(ones)
    dgw = (dww * (cw + ga * difference)).dot(ones)
    return da, dchosen - da, dga, dgw


def write(M0, ww, ve):
    """M = M0 (1 - ww e') + ww v': M0 (B, N, W), ww (B, N), v and e side by side (B, 2 W)

    -> M; for backward the factor of M0"""
    W = M0.shape[2]
    kept = 1 - ww[:, :, None] * ve[:, None, W:]
    M = kept * M0
    M += ww[:, :, None] * ve[:, None, :W]
    return M, kept


def write_backward(dM, kept, M0, ww, ve):
    """-> dM0, dww, dv and de side by side"""
    douter = np.concatenate([dM, -M0 * dM], axis=2)  # in ww v' and ww e', side by side
    dww = (douter @ ve[:, :, None])[:, :, 0]
    dve = (ww[:, None] @ douter)[:, 0]
    return kept * dM, dww, dve


def links(L0, ww, p0):
    """L[i, j] = (1 - ww[i] - ww[j]) L0[i, j] + ww[i] p0[j], L[i, i] = 0: how much i came right after j.

    Writing to i or j undoes what was known of them, and then i comes after what p0 says was written last.
    L0 (B, N, N), ww, p0 (B, N) -> L (B, N, N); for backward the factor of L0"""
    kept = (1 - ww)[:, :, None] - ww[:, None]
    L = kept * L0
    L += ww[:, :, None] * p0[:, None]
    L.reshape(len(L), -1)[:, :: L.shape[1] + 1] = 0  # the diagonal
    return L, kept


def links_backward(dL, kept, L0, ww, p0, ones):
    """-> dL0, dww, dp0; sets the diagonal of dL to 0"""
    dL.reshape(len(dL), -1)[:, :: dL.shape[1] + 1] = 0
    lost = dL * L0
    dww_i = (dL @ p0[:, :, None] - lost @ ones)[:, :, 0]
    dww_j = -(ones.T @ lost)[:, 0]
    dp0 = (ww[:, None] @ dL)[:, 0]
    return kept * dL, dww_i + dww_j, dp0


def precedence(p0, ww):
    """p = (1 - sum ww) p0 + ww: how much a location was the last one written -> p (B, N), the factor of p0"""
    kept = 1 - ww.sum(axis=1, keepdims=True)
    return kept * p0 + ww, kept


def precedence_backward(dp, kept, p0, ones):
    """-> dp0, dww"""
    return kept * dp, dp - (dp * p0).dot(ones)


def read_weighting(L, wr0, cr, pi):
    """wr = pi_backward L' wr0 + pi_content cr + pi_forward L wr0: cr (B, R, N), pi (B, R, 3)

    From where it read last, a head goes back to what was written before it, or on to what was written
    after it; or it finds by content. -> wr (B, R, N); for backward what the three modes give (B, R, 3, N)"""
    modes = np.empty((*pi.shape, L.shape[1]), L.dtype)
    np.matmul(wr0, L, out=modes[:, :, 0])
    modes[:, :, 1] = cr
    np.matmul(wr0, L.swapaxes(1, 2), out=modes[:, :, 2])
    return (pi[:, :, None] @ modes)[:, :, 0], modes


def read_weighting_backward(dwr, L, wr0, pi, modes):
    """-> dL, dwr0, dcr, dpi"""
    dmodes = pi[..., None] * dwr[:, :, None]  # (B, R, 3, N)
    dbk, dcr, dfw = dmodes[:, :, 0], dmodes[:, :, 1], dmodes[:, :, 2]
    left = np.concatenate([wr0, dfw], axis=1)
    right = np.concatenate([dbk, wr0], axis=1)
    dL = left.swapaxes(1, 2) @ right  # wr0' dbk + dfw' wr0
    dwr0 = dbk @ L.swapaxes(1, 2) + dfw @ L
    dpi = (modes @ dwr[..., None])[..., 0]
    return dL, dwr0, dcr, dpi


# The memory's interface
#
# xi, a column for each sequence, is what h tells the memory: these parameters' products with h, one below the
# other, in such an order that what is computed together stands together.
CONTENT_ROWS = ("Whv", "Whr", "Whw", "Whe")  # v, kr, kw, e
PAPER_ROWS = ("Whr", "Whw", "Whv", "Whe", "Whf", "Whga", "Whgw", "Whbr", "Whbw", "Whm")
PARTS = {  # of the complete memory's xi: from which parameter to which
    "k": ("Whr", "Whw"),  # read keys k^r and write key k^w: what a location should be like
    "ve": ("Whv", "Whe"),  # write vector v and erase vector e, side by side as write takes them
    "sigmoid": ("Whe", "Whgw"),  # what goes through sigmoid: e and all gates
    "free": ("Whf", "Whf"),  # free gates f: may what a head has just read be overwritten?
    "ga": ("Whga", "Whga"),  # allocation gate g^a: write to a free location or by content?
    "gw": ("Whgw", "Whgw"),  # write gate g^w: write at all?
    "beta": ("Whbr", "Whbw"),  # strengths beta^r, beta^w: how sharply the keys choose; through oneplus
    "pi": ("Whm", "Whm"),  # read modes pi: backward, by content or forward; through softmax
}
MEMORY = ("M", "u", "p", "L", "ww", "wr")  # what the complete memory carries on; the content memory only M


# ------------------------------------------------------------------------------------------------ forward
def forward(params, inputs, state):
    """Run the model over a batch of characters.

    inputs (S, B) ints, state as init_state gives it -> probs (S, V, B), cache for backward, the state
    after the last step. All are of the parameters' type, which gradcheck makes complex."""
    dtype = np.result_type(*params.values())
    S, B = inputs.shape
    H = len(state["h"])
    hr = np.empty((S + 1, H + len(state["r"]), B), dtype)  # hr[t + 1] is h, and below it r, after step t
    h, r = hr[:, :H], hr[:, H:]  # views
    c, s = np.empty((2, S + 1, H, B), dtype)  # at t + 1 what they are after step t
    slot = "c" if "c" in state else "s"  # of the state, for what is carried on: squashed or standard
    carried = c if slot == "c" else s
    h[0] = state["h"]
    r[0] = state["r"]
    c[0] = s[0] = state[slot]  # of these two only the carried one counts
    gates = np.empty((S, 4 * H, B), dtype)  # z at first, then i, o, f, g
    i, o, f, g = gates.reshape(S, 4, H, B).swapaxes(0, 1)  # views, (S, H, B) each

    memory_step, memory_backward, rows, memory, const = memory_of(params, state, dtype)
    half = const["half"]
    Wgates = np.concatenate([params["Whh"], params["Wrh"]], axis=1, dtype=dtype)
    Wout = np.concatenate([params["Why"], params["Wry"]], axis=1)
    Wxi = np.concatenate([params[name] for name in rows], dtype=dtype)
    Wx = params["Wxh"] + params["bh"]  # as x is one-hot, Wxh x + bh is a column of it
    xi = np.empty((S, len(Wxi), B), dtype)
    steps = []
    # What each step reads and writes into: zip takes such views faster than an index
    views = (inputs, gates, gates[:, : 3 * H], i, o, f, g, s[1:], c[1:], h[1:], r[1:], xi)
    views = zip(hr[:-1], carried[:-1], *views, strict=True)
    for hr0, carried0, ix_t, z_t, iof_t, i_t, o_t, f_t, g_t, s_t, c_t, h_t, r_t, xi_t in views:
        Wgates.dot(hr0, out=z_t)  # dot is faster than @ where matrices are small
        z_t += Wx.take(ix_t, axis=1)
        iof_t *= half  # g = tanh(z); i, o, f = sigmoid(z) = 0.5 + 0.5 tanh(0.5 z)
        np.tanh(z_t, out=z_t)
        iof_t *= half
        iof_t += half
        np.multiply(i_t, g_t, out=s_t)
        s_t += f_t * carried0
        np.tanh(s_t, out=c_t)
        np.multiply(o_t, c_t, out=h_t)
        Wxi.dot(h_t, out=xi_t)
        memory, step = memory_step(xi_t, memory, r_t, const)
        steps.append(step)
    hr_columns = columns(hr)  # (H + R W, (S + 1) B)
    hr_before, hr_after = hr_columns[:, :-B], hr_columns[:, B:]  # h and r before, and after, each step
    y = (Wout @ hr_after + params["by"]).reshape(-1, S, B).swapaxes(0, 1)  # (S, V, B), all at once
    y -= y.max(axis=1, keepdims=True)  # probs = softmax(y) stay the same, and exp cannot overflow
    probs = np.exp(y)
    Z = probs.sum(axis=1, keepdims=True)
    probs /= Z
    cache = dict(inputs=inputs, slot=slot, c=c, carried=carried, gates=gates, xi=xi, rows=rows, const=const)
    cache.update(steps=steps, Wgates=Wgates, Wout=Wout, Wxi=Wxi, hr_before=hr_before, hr_after=hr_after)
    cache.update(y=y, Z=Z, probs=probs, memory_backward=memory_backward)
    end = state | {"h": h[S].copy(), slot: carried[S].copy(), "r": r[S].copy()}
    for name, value in zip(MEMORY, memory, strict=False):
        if memory_step is not small_content_memory:  # batch last again
            value = value.transpose(*range(1, value.ndim), 0)
        end[name] = value.copy()
    return probs, cache, end


def columns(a):
    """(S, P, B) -> (P, S B): a column for each character of the batch, for products over all of them."""
    return a.swapaxes(0, 1).reshape(a.shape[1], -1)


def memory_of(params, state, dtype):
    """-> the function of a step, its backward, name -> its rows of xi, what the memory carries on (M first),
    and a dict of what all steps need."""
    N, W, _ = state["M"].shape
    memory = [state[name].astype(dtype) for name in MEMORY if name in state]
    const = {"half": np.array(0.5, dtype), "ones_1N": np.ones((1, N), dtype)}  # half: faster than a number
    if "Whm" not in params:
        rows = rows_of(params, CONTENT_ROWS)
        const["at"] = {"sigmoid": rows["Whe"]}
        if N * W < 2000:  # with so few numbers a sequence, calls cost more than arithmetic
            const["ones_1W"] = np.ones((1, W), dtype)
            const["ones_NN"] = np.ones((N, N), dtype)
            const["signs"] = np.array([[1, 1, 1, -1]], dtype)
            # (2, N, W): the rows of address, as (2 N, B), that belong to M[n]: 2 n reading, 2 n + 1 writing
            const["like_M"] = np.arange(2 * N).reshape(N, 2).T[:, :, None].repeat(W, axis=2)
            return small_content_memory, small_content_memory_backward, rows, memory, const
    memory = [value.transpose(-1, *range(value.ndim - 1)).copy() for value in memory]  # batch first
    if "Whm" not in params:
        return content_memory, content_memory_backward, rows, memory, const
    rows = rows_of(params, PAPER_ROWS)
    memory.append(norm(memory[0]))  # of M's rows; carried on as well, last, but no part of the state
    const["at"] = {part: slice(rows[first].start, rows[last].stop) for part, (first, last) in PARTS.items()}
    bias_rows = rows_of(params, INTERFACE)
    const["bias"] = np.concatenate([params["bi"][bias_rows[name]] for name in rows])  # in the order of xi
    return complete_memory, complete_memory_backward, rows, memory, const


def content_memory(xi, before, r, const):
    """krocki/dnc's memory: both addresses are softmax(M0 k).

    xi (rows, B): what h tells the memory; sigmoid of the rows of e takes their place.
    before: what the memory carries -> what it carries on, what backward needs; fills r (W, B)."""
    (M0,) = before
    B, _, W = M0.shape
    sigmoid(xi[3 * W :], const["half"])
    xi = xi.T.copy()
    k = xi[:, W : 3 * W].reshape(B, 2, W)  # kr, kw
    ve = np.concatenate([xi[:, :W], xi[:, 3 * W :]], axis=1)
    w = softmax(k @ M0.swapaxes(1, 2), axis=2)  # (B, 2, N): wr, ww
    M, M_kept = write(M0, w[:, 1], ve)
    r[:] = (w[:, :1] @ M)[:, 0].T
    return (M,), {"before": before, "after": (M,), "k": k, "w": w, "ve": ve, "M_kept": M_kept}


def small_content_memory(xi, before, r, const):
    """The same for small memories, (N, W, B): the batch is the last axis.

    wr and ww are laid out like M: NumPy is fastest with arrays of one shape."""
    (M0,) = before
    N, W, B = M0.shape
    sigmoid(xi[3 * W :], const["half"])
    v = xi[:W]
    kr_kw_e = xi[W:].reshape(3, 1, W, B)
    products = kr_kw_e * M0  # kr M0, kw M0, e M0
    address = np.empty((N, 2, 1, B), M0.dtype)  # [:, 0] of reading, [:, 1] of writing
    np.matmul(const["ones_1W"], products[:2], out=address.swapaxes(0, 1))  # the scores M0 k
    address = address.reshape(N, 2 * B)
    address -= address.max(axis=0)  # softmax over N
    np.exp(address, out=address)
    address /= const["ones_NN"].dot(address)
    wr, ww = address.reshape(2 * N, B).take(const["like_M"], axis=0)
    change = v - products[2]
    change *= ww
    M = M0 + change  # M0 + ww (v - e M0)
    wr *= M
    const["ones_1N"].dot(wr.reshape(N, W * B), out=r.reshape(1, W * B))  # M' wr
    return (M,), {"before": before, "after": (M,), "kr_kw_e": kr_kw_e, "address": address}


def complete_memory(xi, before, r, const):
    """The memory of the paper; arguments and results as of content_memory, but r is (R W, B). What it carries
    ends with the norms of M's rows. Sigmoid and oneplus of parts of xi take their place."""
    M0, u0, p0, L0, ww0, wr0, M0_norm = before
    B, R, _ = wr0.shape
    at = const["at"]
    xi += const["bias"]
    sigmoid(xi[at["sigmoid"]], const["half"])
    xi[at["beta"]] = oneplus(xi[at["beta"]])
    pi = softmax(xi[at["pi"]].reshape(R, 3, B), axis=1).transpose(2, 0, 1)
    xi = xi.T.copy()
    beta = xi[:, at["beta"]]
    k = xi[:, at["k"]].reshape(B, R + 1, -1)  # the R read keys, then the write key; beta likewise
    k_norm = norm(k)

    u = usage(u0, ww0, wr0, xi[:, at["free"]])
    a, a_cache = allocation(u)
    cw, cw_cache = content_weighting(M0, M0_norm, k[:, R:], k_norm[:, R:], beta[:, R:])  # (B, 1, N)
    ww = write_weighting(a, cw[:, 0], xi[:, at["ga"]], xi[:, at["gw"]])
    M, M_kept = write(M0, ww, xi[:, at["ve"]])

    L, L_kept = links(L0, ww, p0)
    p, p_kept = precedence(p0, ww)
    M_norm = norm(M)
    cr, cr_cache = content_weighting(M, M_norm, k[:, :R], k_norm[:, :R], beta[:, :R])
    wr, modes = read_weighting(L, wr0, cr, pi)
    after = (M, u, p, L, ww, wr, M_norm)
    r[:] = (wr @ M).reshape(B, -1).T
    cache = dict(before=before, after=after, xi=xi, k_norm=k_norm, a=a, a_cache=a_cache, cw=cw, cr=cr, pi=pi)
    cache.update(
        cw_cache=cw_cache, cr_cache=cr_cache, M_kept=M_kept, L_kept=L_kept, p_kept=p_kept, modes=modes
    )
    return after, cache


# ----------------------------------------------------------------------------------------------- backward
def backward(params, targets, cache):
    """The gradient of the summed loss with respect to every parameter: the lines of forward, last to first.

    targets (S, B) ints, cache of the same batch -> a dict with the names and shapes of params."""
    c, carried, gates, xi, const = (cache[name] for name in ("c", "carried", "gates", "xi", "const"))
    S, B = targets.shape
    H = c.shape[1]
    i, o, f, g = gates.reshape(S, 4, H, B).swapaxes(0, 1)  # views, (S, H, B) each
    # First, for all steps at once, what does not wait for another step
    column = np.arange(S * B)  # one for each character of the batch
    dy = columns(cache["probs"]).copy()  # the slope of log Z - y[target]: probs, less 1 at the target
    dy[targets.ravel(), column] -= 1
    dhr_out = (cache["Wout"].T @ dy).reshape(-1, S, B).swapaxes(0, 1).copy()  # (S, H + R W, B), into h and r
    # dz is a slope at first: of s in the arguments of i, f and g, of h in that of o
    dz = 1 - gates
    dz *= gates
    dzi, dzo, dzf, dzg = dz.reshape(S, 4, H, B).swapaxes(0, 1)
    dzi *= g
    dzo *= c[1:]
    dzf *= carried[:-1]
    np.multiply(i, 1 - g**2, out=dzg)
    slope_c = 1 - c * c  # of tanh, at every step
    h_to_s = o * slope_c[1:]
    s_to_s0 = f * slope_c[:-1] if cache["slot"] == "c" else f  # to the s of the step before
    steps = cache["steps"]
    # What reaches h and r, s and the memory by way of the next step; none at the end: truncated BPTT
    dhr_next = np.zeros_like(dhr_out[0])
    ds_next = np.zeros_like(c[0])
    dmemory_next = [np.zeros_like(value) for value in steps[-1]["after"]]
    slopes = np.ones_like(xi)  # of the functions that made the rows of xi
    memory_backward = cache["memory_backward"]
    at = const["at"]
    slopes[:, at["sigmoid"]] = xi[:, at["sigmoid"]] * (1 - xi[:, at["sigmoid"]])
    if "Whm" in params:
        u0, ww0, wr0 = (
            np.stack([step["before"][MEMORY.index(name)] for step in steps]) for name in ("u", "ww", "wr")
        )
        of_u = usage_slopes(u0, ww0, wr0, xi[:, at["free"]].swapaxes(1, 2))
        for step, *step_slopes in zip(steps, *of_u, strict=True):
            step["usage_slopes"] = step_slopes  # kept beside what the step cached
        beta = xi[:, at["beta"]]
        # dxi holds the gradient in log beta there; the slope of beta = oneplus is 1 - exp(1 - beta)
        slopes[:, at["beta"]] = -np.expm1(1 - beta) / beta
        const = const | {"later": np.tri(const["ones_1N"].size, k=-1, dtype=xi.dtype)}
        # Two more, for dM: the dproducts of the next step's writing (B, 1, N), and its kw (B, 1, W)
        dmemory_next.append(np.zeros_like(steps[-1]["cw"]))
        dmemory_next.append(np.zeros_like(dmemory_next[0][:, :1]))
    Wgates_T = cache["Wgates"].T
    Wxi_T = cache["Wxi"].T
    dxi = np.empty_like(xi)
    views = [dhr_out, dhr_out[:, :H], dhr_out[:, H:], dxi, slopes, h_to_s, s_to_s0, dz, dzi, dzo, dzf, dzg]
    views = zip(steps[::-1], *(view[::-1] for view in views), strict=True)
    for step, dhr, dh, dr, dxi_t, slopes_t, to_s, to_s0, dz_t, dzi_t, dzo_t, dzf_t, dzg_t in views:
        dhr += dhr_next  # and so dh and dr, which are its rows
        dmemory_next = memory_backward(dr, dmemory_next, step, dxi_t, const)
        dxi_t *= slopes_t
        dh += Wxi_T.dot(dxi_t)  # from the interface into h
        ds = dh * to_s  # through c = tanh(s)
        ds += ds_next
        dzi_t *= ds  # the slopes become gradients
        dzo_t *= dh
        dzf_t *= ds
        dzg_t *= ds
        np.multiply(ds, to_s0, out=ds_next)
        Wgates_T.dot(dz_t, out=dhr_next)
    dz_columns = columns(dz)  # from here on all steps at once
    dxi_columns = columns(dxi)
    dWgates = dz_columns @ cache["hr_before"].T
    dWout = dy @ cache["hr_after"].T
    dWxi = dxi_columns @ cache["hr_after"][:H].T
    x = np.zeros_like(dy)  # one-hot columns
    x[cache["inputs"].ravel(), column] = 1
    dWxh = dz_columns @ x.T
    grads = {
        "Wxh": dWxh,
        "Whh": dWgates[:, :H],
        "Wrh": dWgates[:, H:],
        "Why": dWout[:, :H],
        "Wry": dWout[:, H:],
        "bh": dWxh.sum(axis=1, keepdims=True),  # = dz_columns.sum: dWxh has them added up by letter
        "by": dy.sum(axis=1, keepdims=True),
    }
    for name, place in cache["rows"].items():
        grads[name] = dWxi[place]
    if "bi" in params:
        dbias = dxi_columns.sum(axis=1, keepdims=True)
        grads["bi"] = np.concatenate([dbias[cache["rows"][name]] for name in INTERFACE])
    return {name: grads[name] for name in params}


def content_memory_backward(dr, dmemory_next, step, dxi, _const):
    """From the gradients in r (W, B) and in what a step carries on to that in what it is given; fills dxi."""
    (M0,) = step["before"]
    (M,) = step["after"]
    (dM_next,) = dmemory_next
    w = step["w"]
    B, _, W = M0.shape
    dr = dr.T.copy()[:, None]
    dwr = dr @ M.swapaxes(1, 2)  # r = M' wr
    dM = dM_next + w[:, 0, :, None] * dr
    dM0, dww, dve = write_backward(dM, step["M_kept"], M0, w[:, 1], step["ve"])
    dw = np.concatenate([dwr, dww[:, None]], axis=1)
    dscores = softmax_backward(dw, w, axis=2)  # in M0 k
    dM0 += dscores.swapaxes(1, 2) @ step["k"]
    dk = dscores @ M0
    dxi[:] = np.concatenate([dve[:, :W], dk.reshape(B, 2 * W), dve[:, W:]], axis=1).T
    return (dM0,)


def small_content_memory_backward(dr, dmemory_next, step, dxi, const):
    """The same for small memories."""
    (M0,) = step["before"]
    (M,) = step["after"]
    (dM_next,) = dmemory_next
    N, W, B = M0.shape
    address = step["address"]
    weightings = address.reshape(2 * N, B).take(const["like_M"], axis=0)
    wr, ww = weightings
    terms = np.empty((7, N, W, B), M0.dtype)  # what is added up below to dxi, and to dM0
    dM = terms[0]
    dproducts = terms[1:4]  # in kr M0, kw M0 and v - e M0
    wr *= dr
    np.add(dM_next, wr, out=dM)  # r = M' wr
    np.multiply(ww, dM, out=dproducts[2])  # M = M0 + ww (v - e M0)
    wr *= M  # summed over W, this gives wr dwr
    np.subtract(M, M0, out=ww)
    ww *= dM  # and this ww dww, as ww (v - e M0) is M - M0
    dscores = np.empty((N, 2, 1, B), M0.dtype)
    np.matmul(const["ones_1W"], weightings, out=dscores.swapaxes(0, 1))
    dscores = dscores.reshape(N, 2 * B)
    dscores -= address * const["ones_NN"].dot(dscores)  # as softmax_backward
    dscores.reshape(2 * N, B).take(const["like_M"], axis=0, out=dproducts[:2], mode="clip")  # clip: no buffer
    np.multiply(dproducts, M0, out=terms[4:])  # so that terms 3 to 6, summed over N, are dv, dkr, dkw, -de
    np.matmul(const["ones_1N"], terms[3:].reshape(4, N, W * B), out=dxi.reshape(4, 1, W * B))
    np.negative(dxi[3 * W :], out=dxi[3 * W :])
    dproducts *= step["kr_kw_e"]  # so that terms 0 + 1 + 2 - 3 are dM0
    return (const["signs"].dot(terms[:4].reshape(4, N * W * B)).reshape(N, W, B),)


def complete_memory_backward(dr, dmemory_next, step, dxi, const):
    """The same for complete_memory; r is (R W, B)."""
    M0, _, p0, L0, _, wr0, M0_norm = step["before"]
    M, _, _, L, ww, wr, M_norm = step["after"]
    dM, du, dp, dL, dww, dwr, dM_norm, dproducts_next, kw_next = dmemory_next
    B, R, _ = wr.shape
    at = const["at"]
    xi, k_norm, pi, cr, cw = (step[name] for name in ("xi", "k_norm", "pi", "cr", "cw"))
    k = xi[:, at["k"]].reshape(B, R + 1, -1)
    ones = const["ones_1N"].T
    dxi_T = np.empty_like(xi)
    dk = np.empty_like(k)
    dlog_beta = np.empty_like(k_norm)

    # The gradient in M adds up outer products, all in one product below: wr' dr from r = M' wr, dproducts' kr
    # from the scores of reading, and both factors from those of the next step's writing, which it left here.
    vectors = np.concatenate([dr.T.reshape(B, R, -1), k[:, :R], kw_next], axis=1)
    dwr += vectors[:, :R] @ M.swapaxes(1, 2)  # the first R are dr
    dL_read, dwr0, dcr, dpi = read_weighting_backward(dwr, L, wr0, pi, step["modes"])
    dcontent = content_weighting_backward(dcr, cr, *step["cr_cache"], M, M_norm)
    dproducts, dM_norm_cr, dk[:, :R], dlog_beta[:, :R] = dcontent
    weights = np.concatenate([wr, dproducts, dproducts_next], axis=1)
    dM += weights.swapaxes(1, 2) @ vectors
    dM += norm_backward(dM_norm + dM_norm_cr, M, M_norm)
    dp0, dww_p = precedence_backward(dp, step["p_kept"], p0, ones)
    dL += dL_read
    dL0, dww_L, dp0_L = links_backward(dL, step["L_kept"], L0, ww, p0, ones)

    dM0, dww_M, dxi_T[:, at["ve"]] = write_backward(dM, step["M_kept"], M0, ww, xi[:, at["ve"]])
    dww += dww_p + dww_L + dww_M
    dwriting = write_weighting_backward(dww, step["a"], cw[:, 0], xi[:, at["ga"]], xi[:, at["gw"]], ones)
    da, dcw, dxi_T[:, at["ga"]], dxi_T[:, at["gw"]] = dwriting
    dcontent = content_weighting_backward(dcw[:, None], cw, *step["cw_cache"], M0, M0_norm)
    dproducts, dM0_norm, dk[:, R:], dlog_beta[:, R:] = dcontent
    du += allocation_backward(da, step["a_cache"], const["later"])
    du0, dww0, dwr0_u, dxi_T[:, at["free"]] = usage_backward(du, *step["usage_slopes"])
    dwr0 += dwr0_u

    dk += norm_backward(-dlog_beta / k_norm, k, k_norm)
    dxi_T[:, at["k"]] = dk.reshape(B, -1)
    dxi_T[:, at["beta"]] = dlog_beta
    dxi_T[:, at["pi"]] = softmax_backward(dpi, pi, axis=2).reshape(B, 3 * R)
    dxi[:] = dxi_T.T
    return dM0, du0, dp0 + dp0_L, dL0, dww0, dwr0, dM0_norm, dproducts, k[:, R:]


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
            print(f"{seconds:.3f} s, iter {n}, {bpc:.4f} BPC, {speed:.2f} char/s")
            if math.isfinite(validation):
                print(f"validation: {validation:.4f} BPC")
            if checking:
                print(f"----\n{sample_text(model, options['sample_length'], options)}\n----")
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
    encoding = "latin-1" if options["bytes"] else "utf-8"
    state = {name: value[..., :1] for name, value in model["state"].items()}
    prompt = [model["next_ix"]]
    if options["prime"]:  # its bytes outside the locale's encoding come as surrogates
        text = options["prime"].encode("utf-8", "surrogateescape").decode(encoding, "replace")
        noise = np.random.default_rng(0)
        state = init_state(model["params"], 1, options["cell"], options["locations"], noise)
        prompt = to_ids(text, model["vocab"], "--prime")
    rng = np.random.default_rng([options["seed"], model["iteration"]])
    ids = sample(model["params"], state, prompt, n, rng, options["temperature"])
    text = "".join(model["vocab"][ix] for ix in ids)
    return text.encode(encoding, "replace").decode("utf-8", "replace")


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
    add("--hidden", type=int, default=32, help="hidden units")
    add("--memory", choices=MEMORIES, default=memory, help="addressed by content alone, or the paper's")
    cell = "standard" if paper else "squashed"
    add("--cell", choices=CELLS, default=cell, help="carry the cell's tanh, or the cell; paper: standard")
    add("--heads", type=int, default=1, help="read heads; more than one needs --memory paper")
    add("--locations", type=int, default=16 if paper else 5, help="memory locations; paper: 16")
    add("--width", type=int, default=16 if paper else 10, help="width of a location; paper: 16")
    add("--init_scale", type=float, default=0.03, help="standard deviation of the weights at the start")
    add("--batchsize", type=int, default=16, help="sequences in a batch")
    add("--seqlength", type=int, default=25, help="time steps in a batch")
    add("--restart", type=float, default=0.0, help="chance, in each batch, to jump to a line, with state 0")
    add("--lr", type=float, default=0.4, help="learning rate of Adagrad")
    add("--clip", type=float, default=0.2, help="clip each entry of the gradient; 0 is off")
    add("--seed", type=int, help="of a new model and of samples, to repeat them; random unless given")
    add("--fp64", action=switch, default=False, help="compute in float64")
    add("--bytes", action=switch, default=False, help="read the text as bytes, not as UTF-8")
    add("--holdout", type=float, default=0.0, help="part of the text, at its end, kept for validation")
    add("--timelimit", type=float, default=1000.0, help="seconds of this run")
    add("--iters", type=int, help="iterations in all, those of a loaded model counted; no limit unless given")
    interval = 100 if paper else 500
    add("--report_interval", type=int, default=interval, help="iterations between log lines; paper: 100")
    interval = 3000 if paper else 10000
    add("--check_interval", type=int, default=interval, help="iterations between samples, saves; paper: 3000")
    add("--sample_length", type=int, default=200, help="characters in a sample")
    add("--fname", help="log file to add to: iteration, seconds, BPC, validation BPC")
    add("--save", help="file to save the model in, at every check, at the end and on Ctrl-C")
    add("--load", help="saved model to go on from")
    add("--prime", help="with --sample: text that the model reads first")
    add("--temperature", type=float, default=1.0, help="of samples: 0 takes the likeliest, over 1 dares more")
    add_one = parser.add_mutually_exclusive_group().add_argument  # of these, one at most may be given
    add_one("--gradcheck", action=switch, default=False, help="check the gradient and stop")
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
        parser = option_parser(saved["memory"])
        parser.set_defaults(**saved)  # and parse again: what is not given is as it was saved
        options = vars(parser.parse_args(words))
        looking = options["prime"] or options["evaluate"]
        for name in FIXED:  # but no parameter depends on the number of locations
            if options[name] != saved[name] and not (name == "locations" and looking):
                raise UserError(f"--{name} {options[name]} contradicts {options['load']}: {saved[name]}")
    elif options["sample"] or options["evaluate"]:
        raise UserError("--sample and --evaluate need --load")
    check_numbers(options, "--")
    if options["memory"] == "content" and options["heads"] > 1:
        raise UserError("the content memory has one read head; for more add --memory paper")
    if options["prime"] and not options["sample"]:
        raise UserError("--prime needs --sample")
    save = options["save"]
    if save and (options["sample"] or options["evaluate"] or options["gradcheck"]):
        raise UserError("--save needs a run that trains, without --sample, --evaluate and --gradcheck")
    if save and os.path.exists(save) and not same_file(save, options["load"]):
        raise UserError(f"{save} is there already; --load it to go on with it, or --save elsewhere")
    if save and not os.access(os.path.dirname(os.path.realpath(save)) + "/.", os.W_OK):  # "/.": a folder
        raise UserError(f"--save {save}: nothing can be written there")  # said now, not after hours
    if any(same_file(options["fname"], other) for other in (options["text"], options["load"], save)):
        raise UserError(f"{options['fname']} is the text or a model of this run; name another --fname")
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

    text = read_text(options["text"], options["bytes"])
    model = model or new_model("".join(sorted(set(text))), options, options["seed"])
    ids = to_ids(text, model["vocab"], options["text"])
    if options["evaluate"]:
        print(f"{bits_per_character(model, ids, 1, options):.4f} BPC, {len(ids)} characters")
        return 0

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
    if options["fname"]:
        append_to(options["fname"], f"# {SCRIPT}, {about}: iteration, seconds, BPC, validation BPC\n")
    print(about)
    try:
        return learn(model, ids[:end], ids[end:], starts, options)
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a notebook's next Ctrl-C is not for us


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

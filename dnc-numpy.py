# /// script
# requires-python = ">=3.10"
# dependencies = ["numpy>=1.26"]
# ///
"""A Differentiable Neural Computer that learns a text character by character, in fast NumPy.

    python dnc-numpy.py [TEXT] [options]          --help lists them

It computes what dnc-debug.py computes, where each equation has a line of its own; read that one first.
Each opens the other's saved models: train here, look inside there. This one is faster, since it does for
all S steps at once what does not wait for another step (columns of Wxh, outputs, slopes, gradients of the
weights), multiplies by stacked weights, and has the batch first inside the memory, (B, N, W): NumPy
multiplies stacks of matrices in one call.

One step reads a character x and gives probs, the probabilities of the next one:

    z = Wxh x + Whh h0 + Wrh r0 + bh     arguments of the four gates, a quarter of the rows each
    i, o, f = sigmoid(z)
    g = tanh(z)
    s = i*g + f*c0                       --cell standard: f*s0
    c = tanh(s)
    h = o*c
    r = what the memory gives when steered by h, see content_memory and complete_memory
    y = Why h + by + Wry r
    probs = softmax(y)

The loss is the sum over all steps of -log probs[target], in nats; divided by log 2 and by the number of
characters, it is in bits per character (BPC); the first must be log2 V, 6.0 on the bundled text.

V characters in the vocabulary, H hidden units, B sequences in a batch, S time steps; N memory locations
of width W, R read heads. A name that ends in 0, like M0, is a value of the step before; dX is the
gradient of the loss in X, X' is X transposed. Graves et al., "Hybrid computing using a neural network with
dynamic external memory", Nature 538, 2016.
"""

import argparse
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
    """The loss in nats, summed over S and B: log Z - y[target], with probs = exp(y) / Z.

    y, probs (S, V, B), targets (S, B). That is -log probs[target]; but of a probability that has underflowed
    the log would be -inf. Then log Z is y[k] - log probs[k] with k the likeliest."""
    target = targets[:, None]
    p = np.take_along_axis(probs, target, axis=1)
    if p.real.min() > 1e-30:
        return -np.log(p).sum()
    k = probs.real.argmax(axis=1)[:, None]  # slow, and seldom needed
    log_Z = np.take_along_axis(y, k, axis=1) - np.log(np.take_along_axis(probs, k, axis=1))
    return (log_Z - np.take_along_axis(y, target, axis=1)).sum()


# ----------------------------------------------------------------------------------- parameters and state
def init_params(rng, vocab_size, hidden, memory="content", heads=1, width=10, init_scale=0.01):
    """Weights from normal noise times init_scale, biases 0 but 1 for f; a dict of float64 arrays."""
    V, H, R, W = vocab_size, hidden, heads, width

    def noise(rows, columns):
        return rng.standard_normal((rows, columns)) * init_scale

    params = {
        "Wxh": noise(4 * H, V),  # input to the gates, in the order i, o, f, g
        "Whh": noise(4 * H, H),  # hidden to the gates
        "Why": noise(V, H),  # hidden to output
        "Whr": noise(R * W, H),  # hidden to the memory's interface: read keys,
        "Whv": noise(W, H),  # write vector,
        "Whw": noise(W, H),  # write key,
        "Whe": noise(W, H),  # erase vector
    }
    if memory == "paper":
        params["Whbr"] = noise(R, H)  # read strengths
        params["Whbw"] = noise(1, H)  # write strength
        params["Whf"] = noise(R, H)  # free gates
        params["Whga"] = noise(1, H)  # allocation gate
        params["Whgw"] = noise(1, H)  # write gate
        params["Whm"] = noise(3 * R, H)  # read modes, head after head: backward, content, forward
    params["Wrh"] = noise(4 * H, R * W)  # read vectors to the gates
    params["Wry"] = noise(V, R * W)  # read vectors to output
    params["bh"] = np.zeros((4 * H, 1))
    params["bh"][2 * H : 3 * H] = 1  # a cell that remembers until it learns to forget
    params["by"] = np.zeros((V, 1))
    return params


def init_state(rng, batchsize, hidden, cell="squashed", memory="content", heads=1, locations=5, width=10):
    """The state of sequences that begin: all zero, but for noise in the memory addressed by content, where no
    address could ever tell equal rows apart."""
    H, B, R, N, W = hidden, batchsize, heads, locations, width
    key = {"squashed": "c", "standard": "s"}[cell]
    state = {"h": np.zeros((H, B)), key: np.zeros((H, B))}
    state["M"] = np.zeros((N, W, B))
    state["r"] = np.zeros((R * W, B))
    if memory == "content":
        state["M"] = rng.standard_normal((N, W, B)) * 0.01
    else:
        state["u"] = np.zeros((N, B))  # usage
        state["p"] = np.zeros((N, B))  # precedence
        state["L"] = np.zeros((N, N, B))  # links
        state["ww"] = np.zeros((N, B))  # write weighting
        state["wr"] = np.zeros((R, N, B))  # read weightings
    return state


def fresh_state(batchsize, options, rng=None):
    """init_state as the command line's options have it; without rng always with the same noise."""
    state = init_state(rng or np.random.default_rng(0), batchsize, *(options[name] for name in SIZES))
    return as_type(state, np.float64 if options["fp64"] else np.float32)


def as_type(arrays, dtype):
    """A dict of arrays, copied to a type."""
    return {name: value.astype(dtype) for name, value in arrays.items()}


# ---------------------------------------------------------------------- the mechanisms of the complete memory
#
# Each forward beside its backward. The batch comes first. K keys at once: 1 for writing, R for reading.
# ones is (N, 1): a product with it is the fastest sum over locations.


def norm(x):
    """|x| along the width: x (B, K, W) or (B, N, W) -> (B, K) or (B, N)"""
    return np.sqrt(np.einsum("bnw,bnw->bn", x, x) + EPS)


def content_weighting(M, M_norm, k, k_norm, beta):
    """C(M, k, beta) = softmax over locations of beta D(k, M), with D(k, m) = k.m / (|k| |m|).

    M (B, N, W), its norms (B, N); keys k (B, K, W), their norms and strengths beta (B, K)
    -> (B, K, N); for backward also the scores beta D, and the factor of k.m in them"""
    factor = (beta / k_norm)[:, :, None] / M_norm[:, None]
    scores = k @ M.swapaxes(1, 2)
    scores *= factor
    return softmax(scores, axis=2), scores, factor


def content_weighting_backward(dc, c, scores, factor, M, M_norm, k, k_norm, beta):
    """-> dM, dk, dbeta. As scores = beta k.m / (|k| |m|), the gradients in the logs of beta, |k| and |m| are
    sums of dscores * scores, those of the norms negated; and that of log |x| by x is x / |x|^2."""
    dscores = softmax_backward(dc, c, axis=2)
    dproducts = dscores * factor  # in k.m
    dscores *= scores
    dlog_beta = dscores.sum(axis=2)
    dM = dproducts.swapaxes(1, 2) @ k
    dM -= M * (dscores.sum(axis=1) / M_norm**2)[:, :, None]
    dk = dproducts @ M
    dk -= k * (dlog_beta / k_norm**2)[:, :, None]
    return dM, dk, dlog_beta / beta


def usage(u0, ww0, wr0, free):
    """u = (u0 + ww0 - u0 ww0) psi, with the retention psi = prod over heads of (1 - free wr0).

    A location's usage rises by writing to it, and falls when a head that has read it sets it free.
    u0, ww0 (B, N), wr0 (B, R, N), free gates (B, R) -> u (B, N)"""
    return (u0 + ww0 - u0 * ww0) * (1 - free[:, :, None] * wr0).prod(axis=1)


def usage_slopes(u0, ww0, wr0, free):
    """The derivatives of u in u0, ww0, wr0, free, for all steps at once: S stands before the axes above."""
    kept, R = 1 - free[..., None] * wr0, free.shape[2]
    psi = kept.prod(axis=2)
    others = np.stack([np.delete(kept, head, axis=2).prod(axis=2) for head in range(R)], axis=2)
    freed = -(u0 + ww0 - u0 * ww0)[:, :, None] * others  # in free wr0
    return psi * (1 - ww0), psi * (1 - u0), freed * free[..., None], freed * wr0


def usage_backward(du, u0_slope, ww0_slope, wr0_slope, free_slope):
    """-> du0, dww0, dwr0, dfree, with the slopes of one step out of usage_slopes"""
    return du * u0_slope, du * ww0_slope, du[:, None] * wr0_slope, (free_slope @ du[:, :, None])[:, :, 0]


def allocation(u):
    """a[phi_j] = (1 - used[phi_j]) prod over i < j of used[phi_i], phi the locations from the least used up.

    The least used location gets its free part, 1 - used; of what that leaves, the next gets its own.
    used = EPS + (1 - EPS) u, kept off 0 so that backward can divide by it.
    u (B, N) -> a (B, N); for backward phi, as places in the flat u, and used, a and products in its order"""
    phi = u.real.argsort(axis=1, kind="stable")
    phi += np.arange(0, u.size, u.shape[1])[:, None]
    used = u.take(phi)
    used *= 1 - EPS
    used += EPS
    before, a = np.empty_like(used), np.empty_like(used)
    before[:, 0] = 1
    used[:, :-1].cumprod(axis=1, out=before[:, 1:])
    a_sorted = (1 - used) * before
    a.ravel()[phi] = a_sorted
    return a, (phi, used, a_sorted, before)


def allocation_backward(da, cache):
    """-> du; the order phi counts as constant."""
    phi, used, a_sorted, before = cache
    da = da.take(phi)
    da_a = da * a_sorted
    later = da_a[:, ::-1].cumsum(axis=1)[:, ::-1] - da_a  # used_j is in the a of all that come later
    du = np.empty_like(used)
    du.ravel()[phi] = (1 - EPS) * (later / used - da * before)
    return du


def write_weighting(a, cw, ga, gw):
    """ww = gw (ga a + (1 - ga) cw): a, cw (B, N), gates ga, gw (B, 1) -> ww (B, N)"""
    return gw * (cw + ga * (a - cw))


def write_weighting_backward(dww, a, cw, ga, gw, ones):
    """-> da, dcw, dga, dgw"""
    dchosen, a_cw = dww * gw, a - cw
    da = dchosen * ga
    dga, dgw = (dchosen * a_cw).dot(ones), (dww * (cw + ga * a_cw)).dot(ones)
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
    douter = np.concatenate([dM, -M0 * dM], axis=2)  # in ww v' and ww e'
    return kept * dM, (douter @ ve[:, :, None])[:, :, 0], (ww[:, None] @ douter)[:, 0]


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
    dww = (dL @ p0[:, :, None] - lost @ ones)[:, :, 0] - (ones.T @ lost)[:, 0]
    return kept * dL, dww, (ww[:, None] @ dL)[:, 0]


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
    """-> dL = wr0' dbk + dfw' wr0, as one product; dwr0, dcr, dpi"""
    dmodes = pi[..., None] * dwr[:, :, None]  # (B, R, 3, N)
    dbk, dcr, dfw = dmodes[:, :, 0], dmodes[:, :, 1], dmodes[:, :, 2]
    dL = np.concatenate([wr0, dfw], axis=1).swapaxes(1, 2) @ np.concatenate([dbk, wr0], axis=1)
    dwr0 = dbk @ L.swapaxes(1, 2) + dfw @ L
    return dL, dwr0, dcr, (modes @ dwr[..., None])[..., 0]


# The memory's interface
#
# What h tells the memory is a row xi for each sequence: its parts, in the order of the columns, and the
# parameters that give them. The keys of all heads are one part, and so are their strengths.
PARTS = {
    "k": ("Whr", "Whw"),  # the paper's read keys k^r and write key k^w: what a location should be like
    "v": ("Whv",),  # write vector v: what is added
    "e": ("Whe",),  # erase vector e: what is taken away first, through sigmoid
}
PAPER_PARTS = {
    "free": ("Whf",),  # free gates f: may what a head has just read be overwritten? through sigmoid
    "ga": ("Whga",),  # allocation gate g^a: write to a free location or by content? through sigmoid
    "gw": ("Whgw",),  # write gate g^w: write at all? through sigmoid
    "beta": ("Whbr", "Whbw"),  # strengths beta^r and beta^w: how sharply a key chooses; through oneplus
    "pi": ("Whm",),  # read modes pi: backward, by content or forward; through softmax
}
MEMORY = ("M", "u", "p", "L", "ww", "wr")  # what the complete memory carries on; the content memory only M


def interface_columns(params):
    """Where the parts of the interface stand, part -> slice of columns; and their parameters' names.

    v and e stand side by side, as write takes them, and so do e to gw, which all go through the sigmoid."""
    parts = PARTS | PAPER_PARTS if "Whm" in params else PARTS
    at = {}
    end = 0
    for part, names in parts.items():
        start = end
        end += sum(len(params[name]) for name in names)
        at[part] = slice(start, end)
    at["ve"] = slice(at["v"].start, at["e"].stop)
    at["sigmoid"] = slice(at["e"].start, at["gw" if "gw" in at else "e"].stop)
    return at, [name for names in parts.values() for name in names]


# ------------------------------------------------------------------------------------------------ forward
def forward(params, inputs, state):
    """Run the model over a batch of characters.

    inputs (S, B) ints, state as init_state gives it -> probs (S, V, B), cache for backward, the state
    after the last step. All are of the parameters' type, which gradcheck makes complex."""
    dtype = np.result_type(*params.values())
    (S, B), H, RW = inputs.shape, params["Whh"].shape[1], params["Wrh"].shape[1]
    hr = np.empty((S + 1, H + RW, B), dtype)  # hr[t + 1] is h, and below it r, after step t
    c, s = (np.empty((S + 1, H, B), dtype) for _ in range(2))  # likewise
    key = "c" if "c" in state else "s"
    carried = c if key == "c" else s
    hr[0, :H], hr[0, H:], c[0], carried[0] = state["h"], state["r"], 0, state[key]
    gates = np.empty((S, 4 * H, B), dtype)
    i, o, f, g = gates.reshape(S, 4, H, B).swapaxes(0, 1)  # views, (S, H, B) each

    at, names = interface_columns(params)
    Wgates = np.hstack([params["Whh"], params["Wrh"]])
    Wout = np.hstack([params["Why"], params["Wry"]])
    Wxi_T = np.ascontiguousarray(np.vstack([params[name] for name in names]).T)
    # Wxh x + bh of all steps, (S, 4H, B): a product with a one-hot x is a column of Wxh
    zx = np.take(params["Wxh"] + params["bh"], inputs, axis=1).swapaxes(0, 1).copy()
    xi = np.empty((S, B, Wxi_T.shape[1]), dtype)
    memory_step = complete_memory if "Whm" in params else content_memory
    memory = [np.moveaxis(state[name], -1, 0).astype(dtype, order="C") for name in MEMORY if name in state]
    if "Whm" in params:
        memory.append(norm(memory[0]))  # of M's rows; carried on as well, last
    steps = []
    for t in range(S):
        z = zx[t] + Wgates.dot(hr[t])  # dot is faster than @ where matrices are small
        gates[t, : 3 * H] = sigmoid(z[: 3 * H])  # i, o and f stand side by side
        np.tanh(z[3 * H :], out=g[t])
        s[t + 1] = i[t] * g[t] + f[t] * carried[t]
        np.tanh(s[t + 1], out=c[t + 1])
        h = np.multiply(o[t], c[t + 1], out=hr[t + 1, :H])
        h.T.dot(Wxi_T, out=xi[t])
        r, memory, step = memory_step(xi[t], at, memory)
        hr[t + 1, H:] = r.reshape(B, RW).T
        steps.append(step)
    hr_columns = columns(hr)  # (H + R W, (S + 1) B)
    y = (Wout @ hr_columns[:, B:] + params["by"]).reshape(-1, S, B).swapaxes(0, 1)  # (S, V, B), all at once
    probs = softmax(y, axis=1)
    cache = {
        "inputs": inputs,
        "key": key,
        "hr_columns": hr_columns,
        "c": c,
        "carried": carried,
        "gates": gates,
        "xi": xi,
        "at": at,
        "names": names,
        "steps": steps,
        "Wgates": Wgates,
        "Wout": Wout,
        "Wxi_T": Wxi_T,
        "y": y,
        "probs": probs,
    }
    end = {"h": hr[S, :H].copy(), key: carried[S].copy(), "r": hr[S, H:].copy()}
    for name, value in zip(MEMORY, memory, strict=False):
        end[name] = np.moveaxis(value, 0, -1).copy()
    return probs, cache, {name: end[name] for name in state}


def columns(a):
    """(S, P, B) -> (P, S B): a column for each character of the batch, for products over all of them."""
    return a.swapaxes(0, 1).reshape(a.shape[1], -1)


def one_hot(ids, size, dtype):
    """ids (S, B) -> (size, S B): columns that are 1 at the id and 0 elsewhere."""
    x = np.zeros((size, ids.size), dtype)
    x[ids.ravel(), np.arange(ids.size)] = 1
    return x


def content_memory(xi, at, before):
    """krocki/dnc's memory: both addresses are softmax(M0 k).

    xi (B, columns), W h at first; sigmoid and oneplus of its parts take their place. at: where they stand.
    before: what the memory carries -> r (B, 1, W), what it carries on, what backward needs"""
    (M0,) = before
    xi[:, at["sigmoid"]] = sigmoid(xi[:, at["sigmoid"]])
    k = xi[:, at["k"]].reshape(len(xi), 2, -1)
    w = softmax(k @ M0.swapaxes(1, 2), axis=2)  # (B, 2, N): wr, ww
    M, kept = write(M0, w[:, 1], xi[:, at["ve"]])
    return w[:, :1] @ M, (M,), {"before": before, "after": (M,), "w": w, "kept": kept}


def complete_memory(xi, at, before):
    """The memory of the paper; arguments and results as above, but r (B, R, W)."""
    M0, u0, p0, L0, ww0, wr0, M0_norm = before
    B, R, _ = wr0.shape
    xi[:, at["sigmoid"]] = sigmoid(xi[:, at["sigmoid"]])
    beta = xi[:, at["beta"]] = oneplus(xi[:, at["beta"]])
    pi = softmax(xi[:, at["pi"]].reshape(B, R, 3), axis=2)
    k = xi[:, at["k"]].reshape(B, R + 1, -1)  # the R read keys, then the write key; beta likewise
    k_norm = norm(k)

    u = usage(u0, ww0, wr0, xi[:, at["free"]])
    a, order = allocation(u)
    cw, *cw_cache = content_weighting(M0, M0_norm, k[:, R:], k_norm[:, R:], beta[:, R:])  # (B, 1, N)
    ww = write_weighting(a, cw[:, 0], xi[:, at["ga"]], xi[:, at["gw"]])
    M, M_kept = write(M0, ww, xi[:, at["ve"]])

    L, L_kept = links(L0, ww, p0)
    p, p_kept = precedence(p0, ww)
    M_norm = norm(M)
    cr, *cr_cache = content_weighting(M, M_norm, k[:, :R], k_norm[:, :R], beta[:, :R])
    wr, modes = read_weighting(L, wr0, cr, pi)
    after = (M, u, p, L, ww, wr, M_norm)
    cache = {
        "before": before,
        "after": after,
        "k_norm": k_norm,
        "order": order,
        "a": a,
        "cw": cw,
        "cw_cache": cw_cache,
        "M_kept": M_kept,
        "L_kept": L_kept,
        "p_kept": p_kept,
        "cr": cr,
        "cr_cache": cr_cache,
        "pi": pi,
        "modes": modes,
    }
    return wr @ M, after, cache


# ----------------------------------------------------------------------------------------------- backward
def backward(params, targets, cache):
    """The gradient of the summed loss with respect to every parameter: the lines of forward, last to first.

    targets (S, B) ints, cache of the same batch -> a dict with the names and shapes of params."""
    hr_columns, c, carried, gates = (cache[name] for name in ("hr_columns", "c", "carried", "gates"))
    xi, at = cache["xi"], cache["at"]
    (S, B), H, V = targets.shape, c.shape[1], len(params["by"])
    i, o, f, g = gates.reshape(S, 4, H, B).swapaxes(0, 1)  # views, (S, H, B) each
    # First, for all steps at once, what one step does not need of another; ds * s_to_zi is dzi, and so on
    dy = columns(cache["probs"]) - one_hot(targets, V, c.dtype)  # (V, S B), see dnc-debug.py
    dhr_out = (cache["Wout"].T @ dy).reshape(-1, S, B).swapaxes(0, 1).copy()  # (S, H + R W, B), into h and r
    s_to_zi, s_to_zf, s_to_zg = g * i * (1 - i), carried[:-1] * f * (1 - f), i * (1 - g**2)
    h_to_zo = c[1:] * o * (1 - o)
    slope_c = 1 - c**2  # of tanh, at every step
    h_to_s = o * slope_c[1:]
    s_to_s0 = f * slope_c[:-1] if cache["key"] == "c" else f  # to the s of the step before
    slopes = np.ones_like(xi)  # of the functions that made the columns of xi
    slopes[..., at["sigmoid"]] = xi[..., at["sigmoid"]] * (1 - xi[..., at["sigmoid"]])
    steps = cache["steps"]
    memory_step = content_memory_backward
    if "Whm" in params:
        memory_step = complete_memory_backward
        add_usage_slopes(steps, xi[..., at["free"]])
        slopes[..., at["beta"]] = -np.expm1(1 - xi[..., at["beta"]])  # of oneplus: 1 - exp(1 - oneplus)
    Wgates_T, Wxi_T = np.ascontiguousarray(cache["Wgates"].T), cache["Wxi_T"]
    dxi, dz = np.empty_like(xi), np.empty_like(gates)
    dzi, dzo, dzf, dzg = dz.reshape(S, 4, H, B).swapaxes(0, 1)
    # What reaches h, r, s and the memory by way of the next step; none at the end: truncated BPTT
    dhr_next = ds_next = 0
    dmemory_next = [np.zeros_like(value) for value in steps[-1]["after"][: len(MEMORY)]]
    for t in reversed(range(S)):
        dhr = dhr_out[t] + dhr_next
        dmemory_next = memory_step(dhr[H:], dmemory_next, steps[t], xi[t], at, dxi[t])
        dxi[t] *= slopes[t]
        dh = dhr[:H] + Wxi_T.dot(dxi[t].T)  # from the interface into h
        ds = dh * h_to_s[t] + ds_next  # through c = tanh(s)
        np.multiply(ds, s_to_zi[t], out=dzi[t])  # into the arguments of the gates
        np.multiply(dh, h_to_zo[t], out=dzo[t])
        np.multiply(ds, s_to_zf[t], out=dzf[t])
        np.multiply(ds, s_to_zg[t], out=dzg[t])
        ds_next = ds * s_to_s0[t]
        dhr_next = Wgates_T.dot(dz[t])
    dz = columns(dz)
    dWgates, dWout = dz @ hr_columns[:, :-B].T, dy @ hr_columns[:, B:].T
    dWxi = (hr_columns[:H, B:] @ dxi.reshape(S * B, -1)).T
    grads = {
        "Wxh": dz @ one_hot(cache["inputs"], V, c.dtype).T,
        "Whh": dWgates[:, :H],
        "Wrh": dWgates[:, H:],
        "Why": dWout[:, :H],
        "Wry": dWout[:, H:],
        "bh": dz.sum(axis=1, keepdims=True),
        "by": dy.sum(axis=1, keepdims=True),
    }
    end = 0
    for name in cache["names"]:
        start = end
        end += len(params[name])
        grads[name] = dWxi[start:end]
    return {name: grads[name] for name in params}


def content_memory_backward(dr, dmemory_next, step, xi, at, dxi):
    """From the gradients in r (W, B) and in what is carried on to that in what was carried; fills dxi."""
    (M0,) = step["before"]
    (M,) = step["after"]
    (dM_next,) = dmemory_next
    w = step["w"]
    B, _, W = M0.shape
    k, dk = (part[:, at["k"]].reshape(B, 2, W) for part in (xi, dxi))  # views
    dr = dr.T.reshape(B, 1, W)
    dw = np.empty_like(w)
    np.matmul(dr, M.swapaxes(1, 2), out=dw[:, :1])  # r = M' wr
    dM = dM_next + w[:, 0, :, None] * dr
    dM0, dw[:, 1], dxi[:, at["ve"]] = write_backward(dM, step["kept"], M0, w[:, 1], xi[:, at["ve"]])
    dscores = softmax_backward(dw, w, axis=2)  # into M0 k
    np.matmul(dscores, M0, out=dk)
    dM0 += dscores.swapaxes(1, 2) @ k
    return (dM0,)


def add_usage_slopes(steps, free):
    """Add to each step of the complete memory the slopes of its usage, computed for all steps at once."""
    u0 = np.stack([step["before"][1] for step in steps])
    ww0 = np.stack([step["before"][4] for step in steps])
    wr0 = np.stack([step["before"][5] for step in steps])
    u0_slope, ww0_slope, wr0_slope, free_slope = usage_slopes(u0, ww0, wr0, free)
    for t, step in enumerate(steps):
        step["usage_slopes"] = u0_slope[t], ww0_slope[t], wr0_slope[t], free_slope[t]


def complete_memory_backward(dr, dmemory_next, step, xi, at, dxi):
    """From the gradients in r (R W, B) and in what is carried on to those in what was carried; fills dxi."""
    M0, _, p0, L0, _, wr0, M0_norm = step["before"]
    M, _, _, L, ww, wr, M_norm = step["after"]
    dM, du, dp, dL, dww, dwr = dmemory_next
    B, R, N = wr.shape
    k, k_norm, beta = xi[:, at["k"]].reshape(B, R + 1, -1), step["k_norm"], xi[:, at["beta"]]
    cr, cw = step["cr"], step["cw"]
    ones = np.ones((N, 1), M.dtype)
    dr = dr.T.reshape(B, R, -1)

    dwr = dwr + dr @ M.swapaxes(1, 2)  # r = M' wr
    dM = dM + wr.swapaxes(1, 2) @ dr
    dL_read, dwr0, dcr, dpi = read_weighting_backward(dwr, L, wr0, step["pi"], step["modes"])
    keys = k[:, :R], k_norm[:, :R], beta[:, :R]
    dM_cr, dkr, dbr = content_weighting_backward(dcr, cr, *step["cr_cache"], M, M_norm, *keys)
    dM += dM_cr
    dp0, dww_p = precedence_backward(dp, step["p_kept"], p0, ones)
    dL_read += dL
    dL0, dww_L, dp0_L = links_backward(dL_read, step["L_kept"], L0, ww, p0, ones)

    dM0, dww_M, dxi[:, at["ve"]] = write_backward(dM, step["M_kept"], M0, ww, xi[:, at["ve"]])
    dww = dww + dww_p + dww_L + dww_M
    dwriting = write_weighting_backward(dww, step["a"], cw[:, 0], xi[:, at["ga"]], xi[:, at["gw"]], ones)
    da, dcw, dxi[:, at["ga"]], dxi[:, at["gw"]] = dwriting
    keys = k[:, R:], k_norm[:, R:], beta[:, R:]
    dM_cw, dkw, dbw = content_weighting_backward(dcw[:, None], cw, *step["cw_cache"], M0, M0_norm, *keys)
    dM0 += dM_cw
    du = du + allocation_backward(da, step["order"])
    du0, dww0, dwr0_u, dxi[:, at["free"]] = usage_backward(du, *step["usage_slopes"])
    dwr0 += dwr0_u

    dxi[:, at["k"]] = np.concatenate([dkr, dkw], axis=1).reshape(B, -1)
    dxi[:, at["beta"]] = np.concatenate([dbr, dbw], axis=1)
    dxi[:, at["pi"]] = softmax_backward(dpi, step["pi"], axis=2).reshape(B, 3 * R)
    return dM0, du0, dp0 + dp0_L, dL0, dww0, dwr0


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
    print(f"{seconds:.3f} s, iter {n}, {bpc:.4f} BPC, {speed:.2f} char/s")
    if options["fname"]:
        write_to(options["fname"], "ab", f"{n} {seconds:.3f} {bpc:.6f}\n".encode())


def check(model, ids, options):
    """What is shown at every check interval: a sample."""
    print(f"----\n{sample_text(model, options['sample_length'], options)}\n----")


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


# ------------------------------------------------------------------------------------------- command line
DEFAULTS = {"hidden": 32, "batchsize": 16, "seqlength": 25, "lr": 0.2, "fp64": False, "timelimit": 1000.0}
DEFAULTS |= {"report_interval": 500, "check_interval": 10000, "sample_length": 200, "fname": None}
DEFAULTS |= {"locations": 5, "width": 10}
PAPER = {"cell": "standard", "locations": 16, "width": 16, "report_interval": 100, "check_interval": 3000}


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
    return learn(model, ids, held_out, options)


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True, errors="replace")
    np.seterr(all="ignore")  # a run that diverges ends with one line of its own
    try:
        sys.exit(main())
    except (Mistake, OSError, MemoryError, FloatingPointError) as mistake:  # what a person can put right
        print(f"{SCRIPT}: error: {mistake}", file=sys.stderr)
        sys.exit(1 if isinstance(mistake, FloatingPointError) else 2)

# /// script
# requires-python = ">=3.10"
# dependencies = ["numpy>=1.26"]
# ///
"""An LSTM that learns to predict a text character by character, in NumPy alone.

    python lstm-numpy.py [TEXT] [options]          --help lists them

One step reads a character x and gives the probabilities p of the next one:

    i, o, f = sigmoid(Wxh x + Whh h + bh)        input, output and forget gate; h of the step before
    g = tanh(Wxh x + Whh h + bh)                 candidate; the four take a quarter of the rows each
    s = i*g + f*(what the step before carried)
    c = tanh(s)
    h = o*c                                      hidden state
    y = Why h + by                               logits
    p = softmax(y)

What is carried to the next step is all that the two cells differ in:

    --cell squashed    c, so that tanh bounds the memory at every step; as krocki/dnc has it
    --cell standard    s, which can count past 1; as in the textbooks, the DNC paper and torch.nn.LSTM

The loss is the sum over all steps of -log p[target], in nats; divided by log 2 and by the number of
characters it is shown in bits per character (BPC).

Features come first and the batch last, everywhere:
M characters in the vocabulary, H hidden units, B sequences in a batch, S time steps.

The cell: Hochreiter & Schmidhuber, Neural Computation 9, 1997; its forget gate: Gers et al., 12, 2000.
Adagrad: Duchi et al., JMLR 12, 2011. The script mirrors krocki/dnc.

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
KIND = "lstm"
SIZES = ("hidden", "cell")  # the options that make the shapes of a model


# ---------------------------------------------------------------------------------------------- numerics


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


def cross_entropy(cache, targets):
    """The loss in nats, summed over S and B: log sum exp(y) - y[target]; targets (S, B).

    The logarithm is of a sum that is at least 1, never of a probability, which can round to 0.
    """
    y = np.take_along_axis(cache["y"], targets[:, None], axis=1)
    return (cache["log_sum"] - y).sum()


# ----------------------------------------------------------------------------------- parameters and state


def init_params(rng, vocab_size, hidden, init_scale=0.01):
    """Weights from normal noise times init_scale, biases 0 but 1 for f; a dict of float64 arrays."""
    M, H = vocab_size, hidden
    params = {
        "Wxh": rng.standard_normal((4 * H, M)) * init_scale,  # input to the gates, in the order i, o, f, g
        "Whh": rng.standard_normal((4 * H, H)) * init_scale,  # hidden to the gates
        "Why": rng.standard_normal((M, H)) * init_scale,  # hidden to output
        "bh": np.zeros((4 * H, 1)),
        "by": np.zeros((M, 1)),
    }
    params["bh"][2 * H : 3 * H] = 1  # a cell that remembers until it learns to forget
    return params


def init_state(batchsize, hidden, cell="squashed"):
    """The state of sequences that begin: h and the cell, c (squashed) or s (standard), (H, B) each, zero."""
    carried = {"squashed": "c", "standard": "s"}[cell]
    return {"h": np.zeros((hidden, batchsize)), carried: np.zeros((hidden, batchsize))}


def new_params(rng, vocab_size, options):
    """init_params as the command line's options have it."""
    return init_params(rng, vocab_size, options["hidden"], options["init_scale"])


def new_state(rng, batchsize, options):
    """init_state as the command line's options have it; rng serves the models whose state starts as noise."""
    return init_state(batchsize, options["hidden"], options["cell"])


def as_type(arrays, dtype):
    """A dict of arrays, copied to a type."""
    return {name: value.astype(dtype) for name, value in arrays.items()}


# ------------------------------------------------------------------------------------------------ forward


def forward(params, inputs, state):
    """Run the model over a batch of characters.

    inputs (S, B) ints, state as init_state gives it -> probs (S, M, B), cache for backward, the state
    after the last step. The arrays are of the parameters' type, complex too.
    """
    Wxh, Whh, Why, bh, by = (params[name] for name in ("Wxh", "Whh", "Why", "bh", "by"))
    dtype = np.result_type(*params.values())
    (S, B), H = inputs.shape, Whh.shape[1]
    h, c, s = (np.empty((S + 1, H, B), dtype) for _ in range(3))  # at t + 1 what they are after step t
    gates = np.empty((S, 4 * H, B), dtype)
    cell = "c" if "c" in state else "s"
    carried = c if cell == "c" else s
    h[0], c[0], carried[0] = state["h"], 0, state[cell]
    # sigmoid(z) = (1 + tanh(z / 2)) / 2: with the rows of i, o and f halved, one tanh makes all four gates.
    halves = np.repeat([0.5, 0.5, 0.5, 1], H)[:, None].astype(h.real.dtype)
    Whh = Whh * halves
    x = np.take((Wxh + bh) * halves, inputs, axis=1)  # (4H, S, B): a column of Wxh for each character
    for t in range(S):
        z = np.tanh(Whh @ h[t] + x[:, t], out=gates[t])
        z[: 3 * H] *= 0.5
        z[: 3 * H] += 0.5
        i, o, f, g = z.reshape(4, H, B)
        s[t + 1] = i * g + f * carried[t]
        np.tanh(s[t + 1], out=c[t + 1])
        np.multiply(o, c[t + 1], out=h[t + 1])
    y = per_step(Why @ columns(h[1:]) + by, S)  # all steps at once: no step waits for the output of another
    probs, log_sum = softmax_and_log_sum(y, axis=1)
    cache = {"inputs": inputs, "cell": cell, "h": h, "c": c, "carried": carried, "gates": gates}
    cache |= {"y": y, "log_sum": log_sum, "probs": probs}
    return probs, cache, {"h": h[S].copy(), cell: carried[S].copy()}


def columns(a):
    """(S, P, B) -> (P, S B): a column for each character of the batch, for products over all of them."""
    return a.swapaxes(0, 1).reshape(a.shape[1], -1)


def per_step(a, S):
    """(P, S B), a column for each character of the batch -> (S, P, B)."""
    return a.reshape(len(a), S, -1).swapaxes(0, 1)


def one_hot(ids, size, dtype):
    """ids (S, B) -> (size, S B): columns that are 1 at the id and 0 elsewhere."""
    x = np.zeros((size, ids.size), dtype)
    x[ids.ravel(), np.arange(ids.size)] = 1
    return x


# ----------------------------------------------------------------------------------------------- backward


def backward(params, targets, cache):
    """The gradient of the summed loss in every parameter: the lines of forward, last to first.

    targets (S, B) ints, cache of the same batch -> a dict with the names and shapes of params.
    """
    Whh_T, Why, inputs = np.ascontiguousarray(params["Whh"].T), params["Why"], cache["inputs"]
    h, c, carried, gates = (cache[name] for name in ("h", "c", "carried", "gates"))
    (S, B), H, M = targets.shape, len(Whh_T), len(Why)
    dy = columns(cache["probs"]) - one_hot(targets, M, h.dtype)  # (M, S B)
    dh_out = per_step(Why.T @ dy, S)  # (S, H, B): what reaches h by way of the outputs
    gates = gates.reshape(S, 4, H, B)
    i, o, f, g = gates.swapaxes(0, 1)  # (S, H, B) each
    # The gradient in the argument of each gate, for a gradient of 1 in s (i, f, g) or in h (o)
    slopes = gates * (1 - gates)  # sigmoid', for the rows of i, o and f
    slopes[:, 0] *= g
    slopes[:, 1] *= c[1:]
    slopes[:, 2] *= carried[:-1]
    slopes[:, 3] = i * (1 - g**2)  # tanh'
    slope_c = 1 - c**2  # tanh' at every step
    h_to_s = o * slope_c[1:]
    s_to_s0 = f * slope_c[:-1] if cache["cell"] == "c" else f  # to the s of the step before
    dz = np.empty_like(slopes)  # (S, 4, H, B)
    dh_next = ds_next = 0  # (H, B): what reaches h, and s, by way of the next step
    for t in reversed(range(S)):
        dh = dh_out[t] + dh_next
        ds = dh * h_to_s[t] + ds_next
        np.multiply(slopes[t], ds, out=dz[t])
        np.multiply(slopes[t, 1], dh, out=dz[t, 1])
        ds_next = ds * s_to_s0[t]
        dh_next = Whh_T @ dz[t].reshape(4 * H, B)
    dz = columns(dz.reshape(S, 4 * H, B))
    return {
        "Wxh": dz @ one_hot(inputs, M, h.dtype).T,
        "Whh": dz @ columns(h[:-1]).T,
        "Why": dy @ columns(h[1:]).T,
        "bh": dz.sum(axis=1, keepdims=True),
        "by": dy.sum(axis=1, keepdims=True),
    }


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
    return [(options["fname"], "# iteration seconds BPC\n")] if options["fname"] else []


def report(model, speed, options):
    """A line of the log, to the terminal and to the log file; speed in characters a second."""
    seconds, iteration, bpc = model["seconds"], model["iteration"], model["bpc"]
    say(f"{seconds:.3f} s, iter {iteration}, {bpc:.4f} BPC, {speed:.2f} char/s")
    if options["fname"]:
        append(options["fname"], f"{iteration} {seconds:.3f} {bpc:.6f}\n")


def check(model, ids, options):
    """What is shown at every check interval: a sample."""
    if model["iteration"]:
        show_sample(model, options)


def show_sample(model, options):
    """What the model writes, on the terminal."""
    say(f"----\n{write_sample(model, options)}\n----")


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
    add("cell", ("squashed", "standard"), "what the cell carries on, see the top of the script")


def defaults(given):
    """The defaults of this script; given, the options that are set, for those that depend on others."""
    return {"hidden": 32, "cell": "squashed", "report_interval": 1000, "check_interval": 20000}


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
    model, ids, held_out = prepare(model, options)
    if options["gradcheck"]:
        return print_gradient_table(model, ids, options)
    return train_and_sample(model, ids, held_out, options)


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

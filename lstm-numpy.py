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
"""

import argparse
import codecs
import hashlib
import math
import os
import signal
import sys
import time

# Measured: at these sizes one BLAS thread is the fastest. The variables count only before NumPy is loaded.
if __name__ == "__main__" and not {"OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"} & set(os.environ):
    os.environ.update(OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import numpy as np

SCRIPT = os.path.basename(__file__)
DEFAULTS = {
    **{
        "hidden": 32,
        "cell": "squashed",
        "init_scale": 0.01,
        "batchsize": 16,
        "seqlength": 25,
        "lr": 0.1,
        "clip": None,
    },
    **{"seed": None, "fp64": False, "bytes": False, "timelimit": 1000.0, "iters": None, "gradcheck": False},
    **{"report_interval": 500, "check_interval": 10000, "sample_length": 200, "fname": None},
    "text": os.path.join(os.path.dirname(os.path.abspath(__file__)), "data", "missing-hour.txt"),
}


# ---------------------------------------------------------------------------------------------- numerics


def softmax(y, axis):
    """exp(y) / sum exp(y) along axis; with the maximum subtracted first, exp cannot overflow."""
    e = np.exp(y - y.real.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def cross_entropy(y, targets):
    """The loss in nats, summed over S and B: log sum exp(y) - y[target].

    y (S, M, B) logits, targets (S, B). The logarithm is of a sum that is at least 1, never of a
    probability, which can round to 0.
    """
    top = y.real.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(y - top).sum(axis=1)) + top[:, 0]
    return (log_sum - np.take_along_axis(y, targets[:, None], axis=1)[:, 0]).sum()


# ----------------------------------------------------------------------------------- parameters and state


def init_params(rng, vocab_size, hidden, init_scale=0.01):
    """Weights from normal noise times init_scale, biases 0 but 1 for f; a dict of float64 arrays."""
    M, H = vocab_size, hidden
    params = {
        "Wxh": rng.standard_normal((4 * H, M))
        * init_scale,  # input to the gates, rows in the order i, o, f, g
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


# ------------------------------------------------------------------------------------------------ forward


def forward(params, inputs, state):
    """Run the model over a batch of characters.

    inputs (S, B) ints, state as init_state gives it -> probs (S, M, B), cache for backward, the state
    after the last step. The arrays are of the parameters' type, complex too.
    """
    Wxh, Whh, Why, bh, by = (params[name] for name in ("Wxh", "Whh", "Why", "bh", "by"))
    dtype = np.result_type(*params.values())
    (S, B), H = inputs.shape, Whh.shape[1]
    cell = "c" if "c" in state else "s"
    h = np.empty((S + 1, H, B), dtype)  # h[t + 1] is h after step t
    carried = np.empty((S + 1, H, B), dtype)  # and so is this
    c = np.empty((S, H, B), dtype)
    gates = np.empty((S, 4, H, B), dtype)
    h[0], carried[0] = state["h"], state[cell]
    # sigmoid(z) = (1 + tanh(z / 2)) / 2: with the rows of i, o and f halved, one tanh makes all four gates.
    halves = np.repeat([0.5, 0.5, 0.5, 1], H)[:, None].astype(Whh.real.dtype)
    x = ((Wxh + bh) * halves).T[inputs].swapaxes(1, 2)  # (S, 4H, B): a column of Wxh for each character
    Whh = Whh * halves
    for t in range(S):
        gates[t] = np.tanh(Whh @ h[t] + x[t]).reshape(4, H, B)
        gates[t, :3] = 0.5 + 0.5 * gates[t, :3]
        i, o, f, g = gates[t]
        s = i * g + f * carried[t]
        np.tanh(s, out=c[t])
        carried[t + 1] = c[t] if cell == "c" else s
        h[t + 1] = o * c[t]
    y = Why @ h[1:] + by  # (S, M, B), all steps at once: no step's output feeds the next
    probs = softmax(y, axis=1)
    cache = {"inputs": inputs, "cell": cell, "h": h, "carried": carried, "c": c, "gates": gates}
    return probs, cache | {"y": y, "probs": probs}, {"h": h[S].copy(), cell: carried[S].copy()}


# ----------------------------------------------------------------------------------------------- backward


def backward(params, targets, cache):
    """The gradient of the summed loss in every parameter: the lines of forward, last to first.

    targets (S, B) ints, cache of the same batch -> a dict with the names and shapes of params.
    """
    Whh, Why, h, c, carried = params["Whh"], params["Why"], cache["h"], cache["c"], cache["carried"]
    (S, B), H = targets.shape, Whh.shape[1]
    dy = cache["probs"] - one_hot(targets, len(Why), h.dtype)  # (S, M, B)
    dh_out = Why.T @ dy  # (S, H, B): what reaches h by way of the outputs
    i, o, f, g = cache["gates"].swapaxes(0, 1)  # (S, H, B) each
    slope_c = 1 - c**2  # tanh' at every step
    # What a gate's gradient is before the gate's nonlinearity, for a gradient of 1 in s (i, f, g) or h (o)
    slopes = np.stack([g * i * (1 - i), c * o * (1 - o), carried[:-1] * f * (1 - f), i * (1 - g**2)], axis=1)
    dz = np.empty_like(slopes)  # (S, 4, H, B)
    dh_next = dcarried = 0  # (H, B): what reaches h, and the cell, by way of the next step
    for t in reversed(range(S)):
        dh = dh_out[t] + dh_next
        dc = dh * o[t] + (dcarried if cache["cell"] == "c" else 0)
        ds = dc * slope_c[t] + (dcarried if cache["cell"] == "s" else 0)
        dz[t] = slopes[t] * ds
        dz[t, 1] = slopes[t, 1] * dh
        dcarried = ds * f[t]
        dh_next = Whh.T @ dz[t].reshape(4 * H, B)
    dz = dz.reshape(S, 4 * H, B)
    return {
        "Wxh": product(dz, one_hot(cache["inputs"], len(Why), h.dtype)),
        "Whh": product(dz, h[:-1]),
        "Why": product(dy, h[1:]),
        "bh": dz.sum(axis=(0, 2))[:, None],
        "by": dy.sum(axis=(0, 2))[:, None],
    }


def one_hot(ids, size, dtype):
    """ids (S, B) -> (S, size, B), 1 at each id and 0 elsewhere."""
    return (ids[:, None, :] == np.arange(size)[:, None]).astype(dtype)


def product(a, b):
    """Sum over steps and sequences of the outer products: a (S, P, B), b (S, Q, B) -> (P, Q)."""
    return np.tensordot(a, b, axes=((0, 2), (0, 2)))


# -------------------------------------------------------------------------------------------------- train


def train(params, inputs, targets, state):
    """Forward, loss and backward of one batch: inputs, targets (S, B) -> loss (nats), grads, new state."""
    _, cache, state = forward(params, inputs, state)
    return float(cross_entropy(cache["y"], targets)), backward(params, targets, cache), state


# ----------------------------------------------------------------------------------------- gradient check


def gradcheck(params, inputs, targets, state, rng, num_checks=10):
    """Compare backward with a numerical gradient at num_checks random entries of every parameter, in float64.

    Returns a dict a parameter, with the figures that gradient_table prints.

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
            n[k] = cross_entropy(cache["y"], targets).imag / 1e-30
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
            up_to = softmax((y - y.max()) / temperature, axis=0).cumsum()
            ix = np.searchsorted(up_to, rng.random() * up_to[-1], side="right")
        ids[k] = ix
    return ids


# --------------------------------------------------------------------------------------------------- text


class Mistake(Exception):
    """Something that the person at the keyboard can put right; shown as one line, without a traceback."""


def code_points(raw, as_bytes):
    """Yield the code points of raw (bytes), UTF-8 or one a byte, as arrays of about a million at a time."""
    decoder = codecs.getincrementaldecoder("latin-1" if as_bytes else "utf-8")()
    step = 1 << 20
    for start in range(0, len(raw), step):
        chunk = decoder.decode(raw[start : start + step], final=start + step >= len(raw))
        yield np.frombuffer(chunk.encode("utf-32-le"), np.uint32)


def read_text(path, as_bytes, vocab=None):
    """Read a text file -> ids (smallest unsigned type), vocab (sorted code points), SHA-256 of the file.

    With a vocab given, the ids are places in that. Raises Mistake if the file cannot be read, is empty,
    is not UTF-8, or holds characters that vocab has not.
    """
    try:
        with open(path, "rb") as file:
            raw = file.read()
        seen = np.zeros(0x110000, np.int64)  # how often each code point occurs
        for codes in code_points(raw, as_bytes):
            counts = np.bincount(codes)
            seen[: len(counts)] += counts
    except OSError as error:
        raise Mistake(f"cannot read {path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise Mistake(f"{path} is not UTF-8 text; --bytes reads any file, byte by byte") from error
    if not raw:
        raise Mistake(f"{path} is empty; give a text to learn from")
    vocab = np.flatnonzero(seen) if vocab is None else vocab
    unknown = np.setdiff1d(np.flatnonzero(seen), vocab)
    if len(unknown):
        names = unseen(unknown, as_bytes)
        raise Mistake(f"{path} holds {seen[unknown].sum()} characters that the model has never seen: {names}")
    place = np.zeros(0x110000, np.min_scalar_type(len(vocab) - 1))
    place[vocab] = np.arange(len(vocab))
    ids, filled = np.empty(seen.sum(), place.dtype), 0
    for codes in code_points(raw, as_bytes):
        ids[filled : filled + len(codes)] = place[codes]
        filled += len(codes)
    return ids, vocab, hashlib.sha256(raw).hexdigest()


def unseen(codes, as_bytes):
    """Name up to ten code points for an error line."""
    names = [f"0x{c:02x}" if as_bytes else repr(chr(c)) for c in codes[:10]]
    return ", ".join(names) + (", ..." if len(codes) > 10 else "")


def to_text(ids, vocab, as_bytes):
    """ids -> str; bytes that are no UTF-8 are shown as replacement characters."""
    text = "".join(map(chr, vocab[ids]))
    return text.encode("latin-1").decode(errors="replace") if as_bytes else text


# ------------------------------------------------------------------------------------------ training loop


def log_files(options):
    """The log files that a run begins, each with its header."""
    return [(options["fname"], "# iteration seconds BPC\n")] if options["fname"] else []


def check(model, ids, options):
    """What is done at every check interval: a sample."""
    if model["iteration"]:
        say(f"----\n{write_sample(model, options)}\n----")


def report(model, speed, options):
    """A line of the log, to the terminal and to the log file; speed in characters a second."""
    seconds, iteration, bpc = model["seconds"], model["iteration"], model["bpc"]
    say(f"{seconds:.3f} s, iter {iteration}, {bpc:.4f} BPC, {speed:.2f} char/s")
    if options["fname"]:
        append(options["fname"], f"{iteration} {seconds:.3f} {bpc:.6f}\n")


def as_type(arrays, dtype):
    """A dict of arrays, copied to a type."""
    return {name: value.astype(dtype) for name, value in arrays.items()}


def in_one(arrays):
    """A dict of arrays -> one flat array that holds all their entries, and a dict of views into it."""
    flat, views, start = np.concatenate([value.ravel() for value in arrays.values()]), {}, 0
    for name, value in arrays.items():
        views[name] = flat[start : start + value.size].reshape(value.shape)
        start += value.size
    return flat, views


def new_model(vocab, options):
    """A model before its first iteration: a dict of all that training changes."""
    rng = np.random.default_rng(options["seed"])
    dtype = np.float64 if options["fp64"] else np.float32
    params = as_type(new_params(rng, len(vocab), options), dtype)
    return {
        "params": params,
        "sums": {name: np.zeros_like(value) for name, value in params.items()},  # Adagrad's
        "state": as_type(new_state(rng, options["batchsize"], options), dtype),
        "pointers": np.full(options["batchsize"], 1 << 60),  # past the end: every one jumps at first
        "vocab": vocab,
        "rng": rng,
        "iteration": 0,
        "seconds": 0.0,
        "bpc": math.log2(len(vocab)),  # smoothed
        "next_ix": 0,  # the id that the first sequence reads next
    }


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


def adagrad(flat, sums, g, lr, clip):
    """Update in place: flat, all parameters, and sums, their squared gradients so far; g is the gradient."""
    if clip:
        g = np.clip(g, -clip, clip)
    sums += g * g
    flat -= lr * g / np.sqrt(sums + 1e-8)


def learn(model, ids, options):
    """Train until a limit or a signal, and report on the way. Returns the exit status.

    Raises Mistake when the loss is no longer finite.
    """
    flat, model["params"] = in_one(model["params"])
    sums, model["sums"] = in_one(model["sums"])
    characters = options["seqlength"] * options["batchsize"]
    signals = catch_signals()
    began = time.perf_counter() - model["seconds"]
    deadline = time.perf_counter() + options["timelimit"]
    trained, busy = 0, 0.0  # iterations, and seconds spent on them, since the last report
    while model["iteration"] != options["iters"] and time.perf_counter() < deadline and not signals:
        if model["iteration"] % options["check_interval"] == 0:
            check(model, ids, options)
        tick = time.perf_counter()
        inputs, targets = next_batch(model, ids, options)
        loss, grads, model["state"] = train(model["params"], inputs, targets, model["state"])
        if not math.isfinite(loss):
            where = f"the loss is not finite at iteration {model['iteration'] + 1}"
            raise Mistake(f"{where}; try a smaller --lr than {options['lr']}, or --clip 5", 1)
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
    if trained:
        report(model, trained * characters / busy, options)
    say(f"----\n{write_sample(model, options)}\n----")
    return 128 + signals[0] if signals else 0


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


def write_sample(model, options):
    """What the model writes when it goes on from the state of its first sequence -> str."""
    state = {name: value[..., :1] for name, value in model["state"].items()}
    rng = np.random.default_rng([options["seed"], model["iteration"]])
    ids = sample(model["params"], state, model["next_ix"], options["sample_length"], rng)
    return to_text(ids, model["vocab"], options["bytes"])


def append(path, text):
    """Add text to a log file; where that fails the run goes on, and a line says so."""
    try:
        with open(path, "a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        print(f"{SCRIPT}: warning: cannot write {path}: {error.strerror}", file=sys.stderr, flush=True)


def start_log(path, header):
    """Begin a log file; one that is there already is kept with a ~ behind its name. Raises Mistake."""
    try:
        if os.path.isfile(path):
            os.replace(path, path + "~")
        with open(path, "a", encoding="utf-8") as file:
            file.write(header)
    except OSError as error:
        raise Mistake(f"cannot write the log file {path}: {error.strerror}") from error


def say(text):
    """Print at once, also into a pipe."""
    print(text, flush=True)


# ------------------------------------------------------------------------------------------- command line


def add_sizes(add):
    """The options that make the size of the model."""
    add("hidden", whole, "hidden units")
    add("cell", ("squashed", "standard"), "what the cell carries to the next step, see the top of the script")


def whole(word):
    """A whole number from 1 to a billion, from the command line."""
    if not word.isdecimal() or not 1 <= int(word) <= 10**9:
        raise argparse.ArgumentTypeError(f"must be a whole number of 1 or more, not {word}")
    return int(word)


def whole_or_0(word):
    """A whole number from 0 to 2^63 - 1, from the command line."""
    if not word.isdecimal() or int(word) >= 1 << 63:
        raise argparse.ArgumentTypeError(f"must be a whole number of 0 or more, not {word}")
    return int(word)


def positive(word):
    """A finite number above 0, from the command line."""
    try:
        value = float(word)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise argparse.ArgumentTypeError(f"must be a number above 0, not {word}")
    return value


def complain(message):
    """What argparse is to do with a wrong command line."""
    raise Mistake(f"{message}; --help lists all options")


def option_parser():
    """The command line. An option that is not given is absent from what the parser returns."""
    parser = argparse.ArgumentParser(
        prog=SCRIPT, description=__doc__.splitlines()[0], argument_default=argparse.SUPPRESS
    )
    parser.error = complain

    def add(name, kind, what):
        shown = "" if DEFAULTS[name] is None else f" (default: {DEFAULTS[name]})"
        if kind is bool:
            more = {"action": argparse.BooleanOptionalAction}
        else:
            more = {"choices": kind} if isinstance(kind, tuple) else {"type": kind, "metavar": "X"}
        parser.add_argument(f"--{name}", help=what + shown, **more)

    parser.add_argument("text", nargs="?", metavar="TEXT", help="file to learn (default: the tale in data/)")
    add_sizes(add)
    add("init_scale", positive, "scale of the random weights at the start")
    add("batchsize", whole, "sequences in a batch")
    add("seqlength", whole, "time steps in a batch")
    add("lr", positive, "learning rate of Adagrad")
    add("clip", positive, "clip each entry of the gradient to this size; off unless given, 5 is usual")
    add("seed", whole_or_0, "makes a run repeatable; random unless given")
    add("fp64", bool, "compute in float64")
    add("bytes", bool, "read the text as bytes, not as UTF-8")
    add("timelimit", positive, "seconds to run")
    add("iters", whole, "iterations to run; no limit unless given")
    add("report_interval", whole, "iterations between log lines")
    add("check_interval", whole, "iterations between samples")
    add("sample_length", whole_or_0, "characters in a sample")
    add("fname", str, "file for the log: iteration, seconds, BPC in columns")
    add("gradcheck", bool, "check the gradient of the first batch, print the table and stop")
    return parser


def defaults(given):
    """The defaults of all options; given, those on the command line, on which some of them depend."""
    return DEFAULTS


def read_options(words):
    """The options of a run as a dict: the defaults, and what the command line gives."""
    given = vars(option_parser().parse_args(words))
    options = defaults(given) | given
    if options["seed"] is None:
        options["seed"] = int(np.random.default_rng().integers(1 << 32))
    if options["fname"] and os.path.realpath(options["fname"]) == os.path.realpath(options["text"]):
        raise Mistake(f"--fname {options['fname']} is the text itself; give another name for the log")
    return options


def run(words):
    """Do what the command line asks for. Returns the exit status; raises Mistake."""
    options = read_options(words)
    ids, vocab, _ = read_text(options["text"], options["bytes"])
    if len(ids) <= options["seqlength"]:
        needs = f"a batch of --seqlength {options['seqlength']} needs {options['seqlength'] + 1}"
        raise Mistake(f"{options['text']} has {len(ids)} characters; {needs}: give more text or fewer steps")
    model = new_model(vocab, options)
    if options["gradcheck"]:
        inputs, targets = next_batch(model, ids, options)
        rng = np.random.default_rng(options["seed"])
        rows = gradcheck(model["params"], inputs, targets, model["state"], rng)
        say(gradient_table(rows))
        return int(max(row["max"] for row in rows) >= 1e-4)
    size = sum(value.size for value in model["params"].values())
    say(
        f"{os.path.basename(options['text'])}: {len(ids)} characters, {len(vocab)} different; "
        f"{size} parameters; seed {options['seed']}"
    )
    for path, header in log_files(options):
        start_log(path, header)
    return learn(model, ids, options)


def main(words=None):
    """Run the command line and turn every foreseeable failure into one line. Returns the exit status."""
    sys.stdout.reconfigure(errors="replace")
    try:
        with np.errstate(all="ignore"):  # a run that diverges is told of in one line, by learn
            return run(words)
    except Mistake as mistake:
        message, status = (*mistake.args, 2)[:2]
    except MemoryError:
        message, status = "there is not enough memory for these sizes; give smaller ones", 2
    except BrokenPipeError:  # nobody reads on: end as quietly as other tools do
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    print(f"{SCRIPT}: error: {message}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())

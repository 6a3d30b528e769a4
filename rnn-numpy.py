# /// script
# requires-python = ">=3.10"
# dependencies = ["numpy>=1.26"]
# ///
"""A vanilla RNN that learns to predict a text character by character, in NumPy alone.

    python rnn-numpy.py [TEXT] [options]          --help lists them

One step reads a character x, one-hot, and gives probs, the probabilities of the next one:

    z = Wxh x + Whh h0 + bh              h0 is the hidden state of the step before
    h = tanh(z)                          hidden state
    y = Why h + by                       logits
    probs = softmax(y)

The loss is the sum over all steps of -log probs[target], in nats; divided by log 2 and by the number of
characters, it is in bits per character (BPC). A model that knows nothing yet finds all V characters equally
likely, so the first loss that train gives must be log2 V bits, 6.0 on the bundled text: the first thing to
check in a new model. The BPC of the log is smoothed and starts there.

The letters of the shapes; the batch is the last axis, everywhere:
V characters in the vocabulary, H hidden units, B sequences in a batch, S time steps.

After Karpathy's min-char-rnn, by way of krocki/dnc. Adagrad: Duchi et al., JMLR 12, 2011.
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
SIZES = ("hidden",)  # the options that make the arrays of a model; more in FIXED, below
PARAMS_FROM = ("hidden", "init_scale")  # and, in this order, the arguments of init_params


# ---------------------------------------------------------------------------------------------- numerics
def softmax(y, axis):
    """exp(y) / sum exp(y) along axis; with the maximum subtracted first, exp cannot overflow."""
    e = np.exp(y - y.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


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
def init_params(rng, vocab_size, hidden, init_scale=0.01):
    """Weights from normal noise times init_scale, biases 0; a dict of float64 arrays."""
    V, H = vocab_size, hidden
    return {
        "Wxh": rng.standard_normal((H, V)) * init_scale,  # input to hidden
        "Whh": rng.standard_normal((H, H)) * init_scale,  # hidden to hidden
        "Why": rng.standard_normal((V, H)) * init_scale,  # hidden to output
        "bh": np.zeros((H, 1)),
        "by": np.zeros((V, 1)),
    }


def init_state(batchsize, hidden):
    """The state of sequences that begin: h (H, B), zero."""
    return {"h": np.zeros((hidden, batchsize))}


def fresh_state(batchsize, options, rng=None):
    """init_state as the command line's options have it; rng is for models whose state starts as noise."""
    return as_type(init_state(batchsize, options["hidden"]), np.float64 if options["fp64"] else np.float32)


def as_type(arrays, dtype):
    """A dict of arrays, copied to a type."""
    return {name: value.astype(dtype) for name, value in arrays.items()}


# ------------------------------------------------------------------------------------------------ forward
def forward(params, inputs, state):
    """Run the model over a batch of characters.

    inputs (S, B) ints, state as init_state gives it -> probs (S, V, B), cache for backward, the state
    after the last step; all of the parameters' type, which gradcheck makes complex."""
    Wxh, Whh, Why, bh, by = (params[name] for name in ("Wxh", "Whh", "Why", "bh", "by"))
    S, B = inputs.shape
    h = np.empty((S + 1, len(Whh), B), np.result_type(*params.values()))  # h[t + 1] is h after step t
    h[0] = state["h"]
    zx = np.take(Wxh + bh, inputs, axis=1).swapaxes(0, 1).copy()  # (S, H, B): Wxh x is a column of Wxh
    for t in range(S):
        np.tanh(zx[t] + Whh.dot(h[t]), out=h[t + 1])  # dot is faster than @ where matrices are small
    h_columns = columns(h)  # (H, (S + 1) B)
    y = (Why @ h_columns[:, B:] + by).reshape(-1, S, B).swapaxes(0, 1)  # (S, V, B), all steps at once
    probs = softmax(y, axis=1)
    cache = {"inputs": inputs, "h": h, "h_columns": h_columns, "y": y, "probs": probs}
    return probs, cache, {"h": h[S].copy()}


def columns(a):
    """(S, P, B) -> (P, S B): a column for each character of the batch, for products over all of them."""
    return a.swapaxes(0, 1).reshape(a.shape[1], -1)


def one_hot(ids, size, dtype):
    """ids (S, B) -> (size, S B): columns that are 1 at the id and 0 elsewhere."""
    x = np.zeros((size, ids.size), dtype)
    x[ids.ravel(), np.arange(ids.size)] = 1
    return x


# ----------------------------------------------------------------------------------------------- backward
def backward(params, targets, cache):
    """The gradient of the summed loss with respect to every parameter: the lines of forward, last to first.

    targets (S, B) ints, cache of forward -> a dict like params; dX is the gradient with respect to X."""
    Whh_T, Why = params["Whh"].T, params["Why"]
    h, h_columns, inputs = (cache[name] for name in ("h", "h_columns", "inputs"))
    (S, B), V = targets.shape, len(Why)
    # Into the logits: the slope of log sum exp(y) is probs, that of -y[target] is -1 at the target
    dy = columns(cache["probs"]).copy()
    dy[targets.ravel(), np.arange(S * B)] -= 1
    dh_out = (Why.T @ dy).reshape(-1, S, B).swapaxes(0, 1).copy()  # (S, H, B), into h from the logits
    slope = 1 - h[1:] ** 2  # of tanh, at every step
    dz = np.empty_like(slope)
    dh_next = 0  # (H, B), into h by way of the next step; none at the end: truncated BPTT
    for t in reversed(range(S)):
        np.multiply(dh_out[t] + dh_next, slope[t], out=dz[t])  # through tanh, into its argument
        dh_next = Whh_T.dot(dz[t])
    dz = columns(dz)  # from here on all steps at once
    return {
        "Wxh": dz @ one_hot(inputs, V, h.dtype).T,
        "Whh": dz @ h_columns[:, :-B].T,
        "Why": dy @ h_columns[:, B:].T,
        "bh": dz.sum(axis=1, keepdims=True),
        "by": dy.sum(axis=1, keepdims=True),
    }


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
DEFAULTS = {"hidden": 32, "batchsize": 16, "seqlength": 25, "lr": 0.1, "fp64": False, "timelimit": 1000.0}
DEFAULTS |= {"report_interval": 2000, "check_interval": 40000, "sample_length": 200, "fname": None}


def option_parser():
    """Every option. Defaults that differ between the scripts are in DEFAULTS, the others here."""
    shown, switch = argparse.ArgumentDefaultsHelpFormatter, argparse.BooleanOptionalAction
    parser = argparse.ArgumentParser(prog=SCRIPT, description=__doc__.splitlines()[0], formatter_class=shown)
    parser.usage = argparse.SUPPRESS  # a mistake is one line, without the usage
    add, bundled = parser.add_argument, os.path.join(os.path.dirname(__file__), "data", "missing-hour.txt")
    add("text", nargs="?", metavar="TEXT", type=os.path.abspath, default=bundled, help="file to learn")
    add("--hidden", type=int, help="hidden units")
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
    load = parser.parse_args(words).load
    model, saved = load_model(load) if load else (None, {})
    parser.set_defaults(**saved)
    options = vars(parser.parse_args(words))
    for name, value in options.items():
        least = 1 if type(value) is int and name not in ("seed", "sample_length") else 0
        if type(value) in (int, float) and not least <= value < math.inf:
            raise Mistake(f"--{name} must be {least} or more, not {value}")
        if name in ("holdout", "restart") and value > 1:
            raise Mistake(f"--{name} must be from 0 to 1, not {value}")
    for name, needed in (("sample", "load"), ("evaluate", "load"), ("prime", "sample")):
        if options[name] and not options[needed]:
            raise Mistake(f"--{name} needs --{needed}")
    for name in set(FIXED) & set(saved):
        if options[name] != saved[name]:
            raise Mistake(f"--{name} {options[name]} contradicts {options['load']}, which has {saved[name]}")
    if options["seed"] is None:
        options["seed"] = int(np.random.default_rng().integers(1 << 32))
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

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

The loss is the sum of -log probs[target] over all characters of a batch, in nats; divided by log 2 and by
their number, it is in bits per character (BPC). A model that knows nothing yet finds all V characters equally
likely: log2 V bits a character, 6.0 on the bundled text. The BPC of the log starts from that, and is smoothed
over some 1,000 batches.

The letters of the shapes; the batch is the last axis, everywhere:
V characters in the vocabulary, H hidden units, B sequences in a batch, S time steps.

After Karpathy's min-char-rnn and github.com/krocki/dnc. Adagrad: Duchi et al., JMLR 12, 2011.
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


# ---------------------------------------------------------------------------------------------- numerics
def cross_entropy(cache, targets):
    """The loss in nats, summed over S and B: -log probs[target] = log Z - y[target], where Z = sum exp(y).

    Thus the log is never taken of a probability that has underflowed. cache of forward, targets (S, B)"""
    y_target = np.take_along_axis(cache["y"], targets[:, None], axis=1)  # (S, 1, B), as Z
    return (np.log(cache["Z"]) - y_target).sum()


# ----------------------------------------------------------------------------------- parameters and state
def init_params(rng, vocab_size, hidden, init_scale=0.03):
    """Weights from normal noise times init_scale, biases 0; a dict of float64 arrays."""
    V, H = vocab_size, hidden
    return {
        "Wxh": rng.standard_normal((H, V)) * init_scale,  # input to hidden
        "Whh": rng.standard_normal((H, H)) * init_scale,  # hidden to hidden
        "Why": rng.standard_normal((V, H)) * init_scale,  # hidden to output
        "bh": np.zeros((H, 1)),
        "by": np.zeros((V, 1)),
    }


def init_state(params, batchsize):
    """The state of sequences that begin: h (H, B), zero, of the type of params."""
    return {"h": np.zeros((len(params["Whh"]), batchsize), params["Whh"].dtype)}


# ------------------------------------------------------------------------------------------------ forward
def forward(params, inputs, state):
    """Run the model over a batch of characters.

    inputs (S, B) ints, state as init_state gives it -> probs (S, V, B), cache for backward, the state
    after the last step; all of the parameters' type, which gradcheck makes complex."""
    Wxh, Whh, Why, bh, by = (params[name] for name in ("Wxh", "Whh", "Why", "bh", "by"))
    S, B = inputs.shape
    h = np.empty((S + 1, len(Whh), B), np.result_type(*params.values()))  # h[t + 1] is h after step t
    h[0] = state["h"]
    zx = np.take(Wxh + bh, inputs, axis=1)  # (H, S, B): as x is one-hot, Wxh x + bh is a column of Wxh + bh
    zx = zx.swapaxes(0, 1).copy()  # (S, H, B)
    for t in range(S):
        np.tanh(zx[t] + Whh.dot(h[t]), out=h[t + 1])  # dot is faster than @ where matrices are small
    h_columns = columns(h)  # (H, (S + 1) B)
    h_before, h_after = h_columns[:, :-B], h_columns[:, B:]  # before, and after, each step
    y = (Why @ h_after + by).reshape(-1, S, B).swapaxes(0, 1)  # (S, V, B), all steps at once
    y -= y.max(axis=1, keepdims=True)  # probs = softmax(y) stay the same, and exp cannot overflow
    probs = np.exp(y)
    Z = probs.sum(axis=1, keepdims=True)
    probs /= Z
    cache = dict(inputs=inputs, h=h, h_before=h_before, h_after=h_after, y=y, Z=Z, probs=probs)
    return probs, cache, {"h": h[S].copy()}


def columns(a):
    """(S, P, B) -> (P, S B): a column for each character of the batch, for products over all of them."""
    return a.swapaxes(0, 1).reshape(a.shape[1], -1)


# ----------------------------------------------------------------------------------------------- backward
def backward(params, targets, cache):
    """The gradient of the summed loss with respect to every parameter: the lines of forward, last to first.

    targets (S, B) ints, cache of forward -> a dict like params; dX is the gradient with respect to X."""
    Whh_T = params["Whh"].T
    S, B = targets.shape
    column = np.arange(S * B)  # one for each character of the batch
    dy = columns(cache["probs"]).copy()  # the slope of log Z - y[target]: probs, less 1 at the target
    dy[targets.ravel(), column] -= 1
    dh_out = (params["Why"].T @ dy).reshape(-1, S, B).swapaxes(0, 1).copy()  # (S, H, B), via the logits
    tanh_slope = 1 - cache["h"][1:] ** 2  # at every step
    dz = np.empty_like(tanh_slope)
    dh_next = 0  # (H, B), into h by way of the next step; none at the end: truncated BPTT
    for t in reversed(range(S)):
        np.multiply(dh_out[t] + dh_next, tanh_slope[t], out=dz[t])
        dh_next = Whh_T.dot(dz[t])
    dz_columns = columns(dz)  # from here on all steps at once
    x = np.zeros_like(dy)  # one-hot columns
    x[cache["inputs"].ravel(), column] = 1
    return {
        "Wxh": dz_columns @ x.T,
        "Whh": dz_columns @ cache["h_before"].T,
        "Why": dy @ cache["h_after"].T,
        "bh": dz_columns.sum(axis=1, keepdims=True),
        "by": dy.sum(axis=1, keepdims=True),
    }


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
    pointers = model["pointers"]
    jump = pointers + S + 1 > len(ids)
    if options["restart"]:
        jump |= model["rng"].random(len(jump)) < options["restart"]
    if jump.any():
        pointers[jump] = [starts[k] for k in model["rng"].integers(0, len(starts), jump.sum())]
        model["state"]["h"][:, jump] = 0
    at = pointers + np.arange(S)[:, None]  # (S, B)
    pointers += S
    return ids[at], ids[at + 1]


# ------------------------------------------------------------------------------------------- saved models
FIXED = ("hidden", "batchsize", "init_scale", "fp64", "bytes", "holdout")  # fixed in a loaded model
SAVED = (*FIXED, "seqlength", "restart", "lr", "clip", "text")  # the options that a saved model brings along
LARGEST = 1 << 60  # the largest number allowed in a model: products of larger ones could overflow
COUNTERS = {"iteration": 0, "seconds": 0.0, "bpc": 0.0, "next_ix": 0}  # next_ix: what sequence 0 reads next


def new_model(vocab, options, seed):
    """All that training changes and a saved model holds, before the first iteration."""
    rng = np.random.default_rng(seed)
    dtype = np.float64 if options["fp64"] else np.float32
    params = init_params(rng, len(vocab), options["hidden"], options["init_scale"])
    params = {name: value.astype(dtype) for name, value in params.items()}
    return {
        "params": params,
        "accumulators": {name: np.zeros_like(value) for name, value in params.items()},  # Adagrad's
        "state": init_state(params, options["batchsize"]),
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
    defaults = vars(option_parser().parse_args([]))
    like = {"vocab": "", **COUNTERS, **{name: defaults[name] for name in SAVED}, "rng": {}}
    for name in {**like, **info}:  # the names that a model must have, and those that this file has
        if name not in like or type(info.get(name)) is not type(like[name]):
            raise UserError(f"its {name} is {info.get(name)!r}")
    check_numbers(info, "its ")
    vocab = info["vocab"]
    if not vocab or vocab != "".join(sorted(set(vocab))):
        raise UserError("its vocab is empty or not sorted, or has a character twice")
    (vocab + info["text"]).encode("utf-8", "surrogateescape")  # raises, if one has half a surrogate pair
    if "\0" in info["text"]:
        raise UserError("its text is not the name of a file")
    V, H, B = len(vocab), info["hidden"], info["batchsize"]
    if 4 * H * (V + H + B) > file_size:  # Wxh, Whh and h in float32
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
    counts = ("hidden", "batchsize", "seqlength", "iters", "report_interval", "check_interval", "sample")
    for name, value in values.items():
        least = 1 if name in counts else 0
        most = 1 if name in ("restart", "holdout") else 10**12
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
            validation = bits_per_character(model["params"], validation_ids, options["batchsize"])
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


def bits_per_character(params, ids, batchsize):
    """The loss of ids (n,) in bits per character, read as up to batchsize equal pieces, side by side."""
    B = min(batchsize, len(ids) - 1)
    length = (len(ids) - 1) // B
    state = init_state(params, B)
    loss = 0.0
    inputs = ids[: B * length].reshape(B, length).T  # (length, B)
    targets = ids[1 : B * length + 1].reshape(B, length).T
    for t in range(0, length, 100):
        _, cache, state = forward(params, inputs[t : t + 100], state)
        loss += float(cross_entropy(cache, targets[t : t + 100]))
    return loss / (length * B) / math.log(2)


def sample_text(model, n, options):
    """n characters that the model writes -> str: after --prime from a new state, or where training stands."""
    encoding = "latin-1" if options["bytes"] else "utf-8"
    state = {name: value[..., :1] for name, value in model["state"].items()}
    prompt = [model["next_ix"]]
    if options["prime"]:  # its bytes outside the locale's encoding come as surrogates
        text = options["prime"].encode("utf-8", "surrogateescape").decode(encoding, "replace")
        state = init_state(model["params"], 1)
        prompt = to_ids(text, model["vocab"], "--prime")
    rng = np.random.default_rng([options["seed"], model["iteration"]])
    ids = sample(model["params"], state, prompt, n, rng, options["temperature"])
    text = "".join(model["vocab"][ix] for ix in ids)
    return text.encode(encoding, "replace").decode("utf-8", "replace")


# ------------------------------------------------------------------------------------------- command line
def option_parser():
    """Every option, with its default."""
    title = __doc__ and __doc__.splitlines()[0]  # python -OO has no docstrings
    formatter = argparse.ArgumentDefaultsHelpFormatter
    parser = argparse.ArgumentParser(SCRIPT, description=title, formatter_class=formatter)
    parser.usage = argparse.SUPPRESS  # so that an error is one line
    bundled = os.path.join(os.path.dirname(os.path.realpath(__file__)), "data", "missing-hour.txt")
    switch = argparse.BooleanOptionalAction
    add = parser.add_argument
    add("text", nargs="?", metavar="TEXT", type=os.path.abspath, default=bundled, help="file to learn")
    add("--hidden", type=int, default=32, help="hidden units")
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
    add("--report_interval", type=int, default=2000, help="iterations between log lines, besides checks")
    add("--check_interval", type=int, default=40000, help="iterations between samples, saves and validations")
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
    parser = option_parser()
    options = vars(parser.parse_args(words))
    if "" in (options["load"], options["save"], options["fname"], options["prime"]):
        raise UserError("an option is empty; was a variable of the shell not set?")
    model = None
    if options["load"]:
        model, saved = load_model(options["load"])
        parser.set_defaults(**saved)  # and parse again: what is not given is as it was saved
        options = vars(parser.parse_args(words))
        for name in FIXED:
            if options[name] != saved[name]:
                raise UserError(f"--{name} {options[name]} contradicts {options['load']}: {saved[name]}")
    elif options["sample"] or options["evaluate"]:
        raise UserError("--sample and --evaluate need --load")
    check_numbers(options, "--")
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
        print(f"{bits_per_character(model['params'], ids, 1):.4f} BPC, {len(ids)} characters")
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

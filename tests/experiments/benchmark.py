"""How fast the scripts train, side by side with PyTorch and JAX where those are installed.

    python tests/experiments/benchmark.py [options]          --help lists them
    python tests/experiments/benchmark.py --against DIR      beside the scripts of another checkout instead

One iteration is forward, backward and Adagrad on a batch of the text in data/, cut beforehand, in float32,
on one thread. All take turns in one process, round after round. Shown are our characters a second and how
many times as fast as each of the others we are: the median over the rounds, and the range. Before that all
train from the same weights in float64, and unless their losses agree there is no benchmark.

Plain PyTorch   eager. nn.RNN or nn.LSTM, the second bias frozen at 0, and nn.Linear. For the DNC a loop
                with a product for every weight and step; its Adagrad is not fused.
Tuned PyTorch   eager. A loop with one gather for the input of all steps, one addmm for the gates, one
                product for the memory's whole interface, the outputs of all steps at once. There is none
                for the LSTM: nothing comes near nn.LSTM, which oneDNN computes.
JAX             the same few products, lax.scan over the steps, the memory written for one sequence and
                vmapped; loss, gradient and Adagrad compiled as one. Compiling is not counted but shown,
                beside the seconds that a script takes from its start to the end of its first iteration.

All carry the state on. The NumPy sides share an Adagrad that is the same as the scripts'.

V characters, B sequences in a batch, S time steps, H hidden units; N memory locations of width W, R read
heads. What is written for PyTorch and JAX has the batch first.
"""

import argparse
import functools
import importlib.util
import itertools
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

if __name__ == "__main__":  # one thread; all this counts only before NumPy and JAX are loaded
    os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))  # where helpers.py is
from helpers import ROOT, new_state

try:
    import torch
    import torch.nn.functional as F
    from to_pytorch import layers
except ImportError:
    torch = None

try:
    import jax
    import jax.numpy as jnp
except ImportError:
    jax = None

SCRIPTS = {"rnn": "rnn-numpy.py", "lstm": "lstm-numpy.py", "dnc": "dnc-numpy.py"}
MODELS = ("rnn", "lstm", "dnc-content", "dnc-paper")
CELL = {"content": "squashed", "paper": "standard"}
MEMORY = {"content": (1, 5, 10), "paper": (1, 16, 16)}  # R, N, W
SIZES = ((16, 25, 32), (8, 15, 100), (16, 25, 128), (32, 50, 256))  # B, S, H
INTERFACE = ("Whr", "Whw", "Whv", "Whe", "Whf", "Whga", "Whgw", "Whbr", "Whbw", "Whm")
LR = 0.01
EPS = 1e-6  # the DNC's


# ------------------------------------------------------------------------------------------ scripts and data


def load(model, folder=ROOT):
    """The script of a model, from the checkout in a folder, as a module."""
    path = Path(folder) / SCRIPTS[model.partition("-")[0]]
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def cut_batches(B, S, count=20):
    """-> size of the vocabulary, count batches of the text in data/, each (inputs, targets), (S, B) ints.

    B places in the text, equally far apart, move on by S a batch.
    """
    text = (ROOT / "data" / "missing-hour.txt").read_text("utf-8")
    vocab, ids = np.unique(list(text), return_inverse=True)
    at = np.arange(B) * (len(ids) // B) + np.arange(S)[:, None]
    starts = [(at + k * S) % (len(ids) - 1) for k in range(count)]
    return len(vocab), [(ids[start], ids[start + 1]) for start in starts]


def new_model(script, model, vocab_size, B, H, dtype, init_scale=0.03, memory=None):
    """A model's first parameters and state, the same every time; memory: R, N, W, if not those in MEMORY."""
    kind, _, which = model.partition("-")
    rng = np.random.default_rng(1)
    options = {}
    if kind == "lstm":
        options = {"cell": "standard"}
    if kind == "dnc":
        R, N, W = memory or MEMORY[which]
        options = {"cell": CELL[which], "locations": N}
        params = script.init_params(rng, vocab_size, H, which, R, W, init_scale=init_scale)
    else:
        params = script.init_params(rng, vocab_size, H, init_scale=init_scale)
    params = {name: value.astype(dtype) for name, value in params.items()}
    return params, new_state(load(model), params, options, B, rng)  # of this checkout, for every script


def numpy_step(script, params, state, batches):
    """-> a function that trains a script's model on the next batch -> loss (nats)"""
    accumulators = {name: np.zeros_like(value) for name, value in params.items()}
    batches = itertools.cycle(batches)

    def step():
        nonlocal state
        loss, grads, state = script.train(params, *next(batches), state)
        for name, g in grads.items():
            accumulators[name] += g * g
            params[name] -= LR * g / np.sqrt(1 + accumulators[name])
        return loss

    return step


def batch_first(state):
    """The state as a tuple of arrays, batch first; the memory's is what follows r."""
    order = ("h", "c", "s", "r", "M", "u", "p", "L", "ww", "wr")
    return tuple(np.moveaxis(state[name], -1, 0) for name in order if name in state)


def stacked(params, state):
    """What tuned PyTorch and JAX train: weights as (in, out), as few as possible, and the state.

    Wx (V, G), Wh (H + R W, G), bh (G,) to the gates; Wz (H, columns) to the memory's interface; Wy
    (H + R W, V), by (V,) to the output. In the state h and r are one, (B, H + R W).
    """
    rows = [params[name] for name in INTERFACE if name in params]
    weights = {"Wx": params["Wxh"].T, "bh": params["bh"][:, 0], "by": params["by"][:, 0]}
    if not rows:
        weights |= {"Wh": params["Whh"].T, "Wy": params["Why"].T}
        return weights, batch_first(state)
    weights |= {"Wh": np.hstack([params["Whh"], params["Wrh"]]).T, "Wz": np.vstack(rows).T}
    weights |= {"Wy": np.hstack([params["Why"], params["Wry"]]).T, "bz": interface_bias(params)}
    h, carried, r, *memory = batch_first(state)
    return weights, (np.hstack([h, r]), carried, *memory)


def interface_bias(params):
    """The bias of each column of Wz: bi, whose rows stand in the order of the parameters; 0 without one."""
    rows = {}
    end = 0
    for name in params:
        if name in INTERFACE:
            start = end
            end = start + len(params[name])
            rows[name] = params["bi"][start:end, 0] if "bi" in params else 0 * params[name][:, 0]
    return np.concatenate([rows[name] for name in INTERFACE if name in rows])


# -------------------------------------------------------------------------------------------------- PyTorch
#
# A function for each model: the script's parameters and state -> the weights to train, the state as a tuple,
# and forward(inputs (S, B), state) -> logits (S, B, V), state.


def torch_step(build, params, state, batches):
    """-> a function that trains the same model in PyTorch on the next batch -> loss (nats)"""
    weights, state, forward = build(params, state)
    fused = None if build is plain_dnc else True
    adagrad = torch.optim.Adagrad(weights, LR, initial_accumulator_value=1, eps=0, fused=fused)
    batches = itertools.cycle([tuple(map(torch.from_numpy, batch)) for batch in batches])

    def step():
        nonlocal state
        inputs, targets = next(batches)
        logits, state = forward(inputs, state)
        loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="sum")
        adagrad.zero_grad()
        loss.backward()
        adagrad.step()
        state = tuple(value.detach() for value in state)
        return loss.item()

    return step


def weight(value):
    """An array -> a tensor to train, contiguous."""
    return torch.tensor(np.ascontiguousarray(value)).requires_grad_()


def torch_layers(params, state):
    """nn.RNN or nn.LSTM, and nn.Linear."""
    rnn, out = layers(params)
    letters = torch.eye(len(params["Why"]), dtype=out.weight.dtype)
    lstm = "s" in state
    rnn.bias_hh_l0.requires_grad_(False)

    def forward(inputs, state):
        h, state = rnn(F.embedding(inputs, letters), state if lstm else state[0])
        return out(h), state if lstm else (state,)

    weights = [value for value in (*rnn.parameters(), *out.parameters()) if value.requires_grad]
    return weights, tuple(torch.tensor(value.T[None]) for value in state.values()), forward


def cell(gates, carried, squashed):
    """The LSTM: the arguments of its gates (B, 4 H), what the step before carried -> h, what is carried on"""
    i, o, f, g = gates.chunk(4, 1)
    s = torch.sigmoid(i) * torch.tanh(g) + torch.sigmoid(f) * carried
    c = torch.tanh(s)
    return torch.sigmoid(o) * c, c if squashed else s


def plain_dnc(params, state):
    """The DNC with a product for every weight, with either cell and either memory."""
    P = {name: weight(value.T) for name, value in params.items() if name != "bi"}
    squashed, memory_step = "c" in state, torch_paper if "Whm" in params else torch_content
    bias = weight(interface_bias(params))
    biases = [bias] if "bi" in params else []

    def forward(inputs, state):
        (h, carried, r, *memory), ys = state, []
        for x in inputs:
            z = F.embedding(x, P["Wxh"]) + h @ P["Whh"] + r @ P["Wrh"] + P["bh"]
            h, carried = cell(z, carried, squashed)
            interface = torch.cat([h @ P[name] for name in INTERFACE if name in P], 1)
            if biases:
                interface = interface + bias
            r, memory = memory_step(interface, *memory)
            ys.append(h @ P["Why"] + r @ P["Wry"] + P["by"])
        return torch.stack(ys), (h, carried, r, *memory)

    return [*P.values(), *biases], tuple(map(torch.tensor, batch_first(state))), forward


def tuned_loop(params, state):
    """The RNN and the DNC with few and large calls, the DNC with either cell and either memory."""
    squashed, memory_step = "c" in state, torch_paper if "Whm" in params else torch_content
    P, state = stacked(params, state)
    P = {name: weight(value) for name, value in P.items()}
    if "bi" not in params:
        P.pop("bz", None)

    def forward(inputs, state):
        (h, *rest), steps = state, []
        for x in (F.embedding(inputs, P["Wx"]) + P["bh"]).unbind():
            z = torch.addmm(x, h, P["Wh"])
            if rest:
                h, carried = cell(z, rest[0], squashed)
                z = torch.addmm(P["bz"], h, P["Wz"]) if "bz" in P else h @ P["Wz"]
                r, memory = memory_step(z, *rest[1:])
                h, rest = torch.cat((h, r), 1), (carried, *memory)
            else:
                h = torch.tanh(z)
            steps.append(h)
        return torch.stack(steps) @ P["Wy"] + P["by"], (h, *rest)

    return list(P.values()), tuple(map(torch.tensor, state)), forward


def torch_content(z, M):
    """The memory addressed by content: the interface z (B, columns), M (B, N, W) -> r (B, W), the new M"""
    B, _, W = M.shape
    k, v, e = z.split((2 * W, W, W), 1)
    wr, ww = torch.softmax(k.view(B, 2, W) @ M.mT, 2).split(1, 1)
    M = torch.addcmul(M, ww.mT, v.unsqueeze(1) - M * torch.sigmoid(e).unsqueeze(1))
    return (wr @ M).flatten(1), (M,)


def torch_paper(z, M, u, p, L, ww, wr):
    """The complete memory: the interface z (B, columns) -> r (B, R W), the memory's new state"""
    (B, N, W), R = M.shape, wr.shape[1]
    k, v, gates, beta, pi = z.split(((R + 1) * W, W, W + R + 2, R + 1, 3 * R), 1)
    e, f, ga, gw = torch.sigmoid(gates).split((W, R, 1, 1), 1)
    k, beta = unit(k.view(B, R + 1, W)), 1 + F.softplus(beta).unsqueeze(2)
    backward, content, forward = torch.softmax(pi.view(B, R, 3), 2).split(1, 2)

    u = (u + ww - u * ww) * (1 - f.unsqueeze(2) * wr).prod(1)
    v_sorted, phi = torch.sort(EPS + (1 - EPS) * u, dim=1, stable=True)
    before = torch.cumprod(v_sorted, 1) / v_sorted
    a = torch.zeros_like(u).scatter(1, phi, (1 - v_sorted) * before)
    cw = torch.softmax(beta[:, R:] * (k[:, R:] @ unit(M).mT), 2).squeeze(1)
    ww = gw * torch.lerp(cw, a, ga)
    ww_column = ww.unsqueeze(2)
    M = torch.addcmul(M, ww_column, v.unsqueeze(1) - M * e.unsqueeze(1))

    L = torch.addcmul((1 - ww_column - ww.unsqueeze(1)) * L, ww_column, p.unsqueeze(1))
    L = L * off_diagonal(N, L.dtype)
    p = (1 - ww.sum(1, keepdim=True)) * p + ww
    cr = torch.softmax(beta[:, :R] * (k[:, :R] @ unit(M).mT), 2)
    wr = backward * (wr @ L) + content * cr + forward * (wr @ L.mT)
    return (wr @ M).flatten(1), (M, u, p, L, ww, wr)


@functools.cache
def off_diagonal(N, dtype):
    """(N, N): 0 on the diagonal, 1 elsewhere."""
    return 1 - torch.eye(N, dtype=dtype)


def unit(x):
    """x / |x|, along the width, the last axis."""
    return x * torch.rsqrt((x * x).sum(-1, keepdim=True) + EPS)


# ------------------------------------------------------------------------------------------------------ JAX


def jax_step(params, state, batches):
    """-> a function that trains the same model in JAX on the next batch -> loss (nats)"""
    jax.config.update("jax_enable_x64", params["by"].dtype == np.float64)
    squashed, memory_step = "c" in state, jax_paper if "Whm" in params else jax_content
    weights, state = jax.tree.map(jnp.array, stacked(params, state))
    if "bi" not in params:
        weights.pop("bz", None)
    accumulators = jax.tree.map(jnp.zeros_like, weights)
    batches = itertools.cycle([tuple(map(jnp.array, batch)) for batch in batches])

    def loss_and_state(P, state, inputs, targets):
        def time_step(state, x):
            h, *rest = state
            z = x + h @ P["Wh"]
            if not rest:
                h = jnp.tanh(z)
                return (h,), h
            i, o, f, g = jnp.split(z, 4, 1)
            s = jax.nn.sigmoid(i) * jnp.tanh(g) + jax.nn.sigmoid(f) * rest[0]
            c = jnp.tanh(s)
            h, memory = jax.nn.sigmoid(o) * c, ()
            if "Wz" in P:
                z = h @ P["Wz"] + P["bz"] if "bz" in P else h @ P["Wz"]
                r, memory = jax.vmap(memory_step)(z, *rest[1:])
                h = jnp.hstack([h, r])
            return (h, c if squashed else s, *memory), h

        state, h = jax.lax.scan(time_step, state, P["Wx"][inputs] + P["bh"])
        log_probs = jax.nn.log_softmax(h @ P["Wy"] + P["by"])
        return -jnp.take_along_axis(log_probs, targets[:, :, None], 2).sum(), state

    def train(P, accumulators, state, inputs, targets):
        (loss, state), grads = jax.value_and_grad(loss_and_state, has_aux=True)(P, state, inputs, targets)
        accumulators = jax.tree.map(lambda total, g: total + g * g, accumulators, grads)
        P = jax.tree.map(lambda p, g, total: p - LR * g / jnp.sqrt(1 + total), P, grads, accumulators)
        return loss, P, accumulators, state

    train = jax.jit(train, donate_argnums=(0, 1, 2))

    def step():
        nonlocal weights, accumulators, state
        result = train(weights, accumulators, state, *next(batches))
        loss, weights, accumulators, state = jax.block_until_ready(result)
        return float(loss)

    return step


def jax_content(z, M):
    """The memory addressed by content: the interface z (columns,), M (N, W) -> r (W,), the new M"""
    kr, kw, v, e = jnp.split(z, 4)
    ww = jax.nn.softmax(M @ kw)
    wr = jax.nn.softmax(M @ kr)
    M = M * (1 - jnp.outer(ww, jax.nn.sigmoid(e))) + jnp.outer(ww, v)
    return wr @ M, (M,)


def jax_paper(z, M, u, p, L, ww, wr):
    """The complete memory: the interface z (columns,) -> r (R W,), the memory's new state"""
    (N, W), R = M.shape, len(wr)
    kr, kw, v, e, f, ga, gw, br, bw, pi = jnp.split(z, np.cumsum([R * W, W, W, W, R, 1, 1, R, 1]))
    e, f, ga, gw = map(jax.nn.sigmoid, (e, f, ga, gw))
    br, bw = 1 + jax.nn.softplus(br), 1 + jax.nn.softplus(bw)
    backward, content, forward = jnp.split(jax.nn.softmax(pi.reshape(R, 3), 1), 3, 1)

    u = (u + ww - u * ww) * jnp.prod(1 - f[:, None] * wr, 0)
    v_unsorted = EPS + (1 - EPS) * u
    phi = jnp.argsort(v_unsorted)
    v_sorted = v_unsorted[phi]
    a = jnp.zeros_like(u).at[phi].set((1 - v_sorted) * jnp.cumprod(v_sorted) / v_sorted)
    cw = jax.nn.softmax(bw * (jax_unit(M) @ jax_unit(kw)))
    ww = gw * (ga * a + (1 - ga) * cw)
    M = M * (1 - jnp.outer(ww, e)) + jnp.outer(ww, v)

    L = ((1 - ww[:, None] - ww) * L + jnp.outer(ww, p)) * (1 - jnp.eye(N, dtype=L.dtype))
    p = (1 - ww.sum()) * p + ww
    cr = jax.nn.softmax(br[:, None] * (jax_unit(kr.reshape(R, W)) @ jax_unit(M).T), 1)
    wr = backward * (wr @ L) + content * cr + forward * (wr @ L.T)
    return (wr @ M).ravel(), (M, u, p, L, ww, wr)


def jax_unit(x):
    """x / |x|, along the width, the last axis."""
    return x * jax.lax.rsqrt((x * x).sum(-1, keepdims=True) + EPS)


# --------------------------------------------------------------------------------------------- measurements


def steps_of(model, size, against, dtype=np.float32, **init):
    """-> all that train a model of a size (B, S, H), name -> step; the first are the scripts of this tree."""
    (B, S, H), ours = size, load(model)
    vocab_size, batches = cut_batches(B, S)

    def build(make, *words, script=ours):
        return make(*words, *new_model(script, model, vocab_size, B, H, dtype, **init), batches)

    steps = {"ours": build(numpy_step, ours)}
    if against:
        theirs = load(model, against)
        return steps | {against: build(numpy_step, theirs, script=theirs)}
    if torch:
        plain = torch_layers if model in ("rnn", "lstm") else plain_dnc
        steps["plain PyTorch"] = build(torch_step, plain)
        steps |= {} if model == "lstm" else {"tuned PyTorch": build(torch_step, tuned_loop)}
    return steps | ({"JAX": build(jax_step)} if jax else {})


def disagreement(model, against):
    """Train a small model all ways in float64 -> the largest relative difference of the losses."""
    steps = steps_of(model, (3, 5, 7), against, np.float64, init_scale=0.3).values()
    losses = np.array([[step() for step in steps] for _ in range(5)])
    return np.abs(losses / losses[:, :1] - 1).max()


def measure(steps, rounds, seconds):
    """Let the steps take turns of so many seconds -> name -> seconds an iteration, in every round.

    Also the seconds of each one's first iteration, which for JAX are those of compiling.
    """
    first = {name: seconds_of(step, 1) for name, step in steps.items()}
    counts = {name: max(1, round(seconds / seconds_of(step, 2))) for name, step in steps.items()}
    turns = [{name: seconds_of(step, counts[name]) for name, step in steps.items()} for _ in range(rounds)]
    return {name: [turn[name] for turn in turns] for name in steps}, first


def seconds_of(step, count):
    """Seconds an iteration, over count iterations."""
    tick = time.perf_counter()
    for _ in range(count):
        step()
    return (time.perf_counter() - tick) / count


def sampling_speed(model, H, memory):
    """Characters a second that the script's sampler writes."""
    script, vocab_size = load(model), cut_batches(1, 1)[0]
    params, state = new_model(script, model, vocab_size, 1, H, np.float32, memory=memory)
    words = params, state, [0], 100, np.random.default_rng(1)
    return 100 / statistics.median(seconds_of(lambda: script.sample(*words), 1) for _ in range(15))


def first_iteration(model, size, memory):
    """Run a script of this tree for one iteration -> seconds from its start to its end, peak memory in MB.

    Launched from a small process: on Linux a child counts the peak of its parent as its own.
    """
    (B, S, H), (kind, _, which) = size, model.partition("-")
    words = [ROOT / SCRIPTS[kind], "--batchsize", B, "--seqlength", S, "--hidden", H, "--iters", 1]
    words += ["--sample_length", 0, *(["--cell", "standard"] if kind == "lstm" else [])]
    if which:
        R, N, W = memory or MEMORY[which]
        words += ["--memory", which, "--heads", R, "--locations", N, "--width", W]
    launch = (
        "import resource, subprocess, sys, time; tick = time.perf_counter();"
        "subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True);"
        "print(time.perf_counter() - tick, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    command = [sys.executable, "-c", launch, sys.executable, *map(str, words)]
    runs = [subprocess.run(command, capture_output=True, check=True).stdout.split() for _ in range(3)]
    seconds, peaks = (list(map(float, column)) for column in zip(*runs, strict=True))
    return statistics.median(seconds), max(peaks) / (1 << 20 if sys.platform == "darwin" else 1 << 10)


# -------------------------------------------------------------------------------------------------- reports


def machine():
    """What was measured on, in a line."""
    name = platform.processor() or platform.machine()
    if os.path.exists("/proc/cpuinfo"):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        name = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), name)
    versions = f"Python {platform.python_version()}, NumPy {np.__version__} with {blas()}"
    versions += f", PyTorch {torch.__version__}" if torch else ", no PyTorch"
    versions += f", JAX {jax.__version__}" if jax else ", no JAX"
    return f"{name}, {os.cpu_count()} cores, one thread; {versions}; float32"


def blas():
    """NumPy's BLAS, with the kernels it took for this CPU where threadpoolctl can tell."""
    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        found = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
        return f"{found['name']} {found['version']} (install threadpoolctl to see its kernels)"
    for found in threadpool_info():
        if found["user_api"] == "blas":
            kernels = found.get("architecture", "unknown")
            return f"{found['internal_api']} {found['version']}, {kernels} kernels"
    return "an unknown BLAS"


def say(*cells):
    """Print a row of a Markdown table."""
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)


def ratio_of(ours, theirs):
    """Their seconds an iteration over ours, round by round -> median and range in words."""
    ratios = [b / a for a, b in zip(ours, theirs, strict=True)]
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} - {max(ratios):.2f})"


def report(options):
    """A row for every size and model: our speed, the ratios to the others, what a run of the script takes."""
    others = ["plain PyTorch", "tuned PyTorch"] * bool(torch) + ["JAX"] * bool(jax)
    others = [options.against] if options.against else others
    head = ["B, S, H", "model", "char/s", *(f"to {name}" for name in others)]
    head += ["s JAX compiles"] if "JAX" in others else []
    head += [] if options.against else ["s to our first iteration", "our peak MB", "our samples, char/s"]
    say(*head)
    say(*["---"] * len(head))
    for size, model in itertools.product(options.sizes, options.models):
        steps = steps_of(model, size, options.against, memory=options.memory)
        times, first = measure(steps, options.rounds, options.seconds)
        ours = times["ours"]
        row = [", ".join(map(str, size)), model, f"{size[0] * size[1] / statistics.median(ours):,.0f}"]
        row += [ratio_of(ours, times[name]) if name in times else "" for name in others]
        row += [f"{first['JAX']:.1f}"] if "JAX" in others else []
        if not options.against:
            seconds, peak = first_iteration(model, size, options.memory)
            samples = sampling_speed(model, size[2], options.memory)
            row += [f"{seconds:.2f}", f"{peak:.0f}", f"{samples:,.0f}"]
        say(*row)


# --------------------------------------------------------------------------------------------- command line


def triple(word):
    """16,25,32 -> (16, 25, 32)"""
    first, second, third = map(int, word.split(","))
    return first, second, third


def read_options():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--models", nargs="+", choices=MODELS, default=MODELS, metavar="X", help=f"of {', '.join(MODELS)}")
    add("--sizes", nargs="+", type=triple, default=SIZES, metavar="B,S,H", help="default: four sizes")
    add("--memory", type=triple, metavar="R,N,W", help="of the DNCs (default: 1,5,10 and, paper, 1,16,16)")
    add("--rounds", type=int, default=9, metavar="X", help="turns of each (default: 9)")
    add("--seconds", type=float, default=0.5, metavar="X", help="of a turn (default: 0.5)")
    add("--against", metavar="DIR", help="compare with the scripts of another checkout, nothing else")
    return parser.parse_args()


def main():
    """Run the benchmark. Returns the exit status."""
    options = read_options()
    if torch:
        torch.set_num_threads(1)
    print(machine() + "\n", flush=True)
    for model in options.models:
        difference = disagreement(model, options.against)
        if options.against and model == "dnc-paper" and not difference < 1e-9:
            print(
                "dnc-paper: losses differ, as before there was a bias of the interface; speeds are compared"
            )
        elif not difference < 1e-9:
            print(f"{model}: not all compute the same, losses differ by {difference:.1e}", file=sys.stderr)
            return 1
    if torch or jax or options.against:
        print("All train alike in float64, to 1e-9 of the loss.\n", flush=True)
    np.empty(33_000_000, np.uint8)  # once freed, glibc keeps smaller pieces for the next iteration
    report(options)
    return 0


if __name__ == "__main__":
    sys.exit(main())

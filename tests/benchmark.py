"""How fast the scripts train, side by side with PyTorch in eager mode where that is installed.

    python tests/benchmark.py [--quick] [options]          --help lists them

One iteration is forward, backward and Adagrad on a batch of the text in data/, cut beforehand, in float32.
Script and PyTorch take turns in one process, round after round; shown are medians over the rounds, and the
ratio of the two in each round: its median and its range. Before that, all train from the same weights in
float64, and unless their losses agree there is no benchmark.

Plain PyTorch, which the targets speak of:

- nn.RNN or nn.LSTM (the standard cell; oneDNN computes it) and nn.Linear, on the rows of an identity matrix,
  gathered, as fast as F.one_hot or faster. The second bias of nn.RNN and nn.LSTM is frozen at 0. Fused
  Adagrad.
- The DNC as one writes it down from the paper, batch first: an equation a line, a product for every weight
  and step, Adagrad as it comes.

Tuned PyTorch, the fastest of what comes naturally:

- In place of nn.RNN a loop over addmm and tanh. The LSTM has nn.LSTM alone.
- The DNC with one gather for the input of all steps, one addmm for the gates, one product for the memory's
  whole interface, the outputs of all steps at once, fused Adagrad. nn.LSTMCell is slower.

Both have fused cross entropy and carry the state on, detached. For all, as when a script trains, glibc keeps
what is freed.

Also shown: the share of an iteration that matrix products take (@, matmul, dot, inner, tensordot, einsum,
each with the cost of its call; a run of its own whose products are timed one by one), start-up time, peak
memory, sampling speed, and how the time grows as one size is doubled.

B sequences in a batch, S time steps, H hidden units; N memory locations of width W, R read heads.
"""

import argparse
import ast
import itertools
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import types
from pathlib import Path

if __name__ == "__main__":  # the number of BLAS threads counts only before NumPy is loaded
    early = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    early.add_argument("--threads", default="1")
    threads = early.parse_known_args()[0].threads
    os.environ.update(OPENBLAS_NUM_THREADS=threads, OMP_NUM_THREADS=threads, MKL_NUM_THREADS=threads)

import numpy as np

try:
    import torch
    import torch.nn.functional as F
except ImportError:
    torch = None

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = {"rnn": "rnn-numpy.py", "lstm": "lstm-numpy.py", "dnc": "dnc-numpy.py", "debug": "dnc-debug.py"}
MODELS = ("rnn", "lstm", "dnc-content", "dnc-paper")
ON_REQUEST = ("debug-content", "debug-paper")
MEMORY = {
    "content": {"heads": 1, "locations": 5, "width": 10},
    "paper": {"heads": 1, "locations": 16, "width": 16},
}
CELL = {"content": "squashed", "paper": "standard"}
TARGETS = {  # (B, S, H) -> ratio to plain PyTorch, in the order of MODELS
    (16, 25, 32): (2.5, 2, 12, 12),
    (8, 15, 100): (2, 1.5, 10, 10),
    (16, 25, 128): (1.5, 1.2, 8, 8),
    (32, 50, 256): (1.1, 1, 4, 5),
}
SAMPLING_TARGET = 5000  # characters a second
PRODUCTS = ("matmul", "dot", "inner", "vecdot", "tensordot", "einsum")
EPS = 1e-6  # the DNC's


# ----------------------------------------------------------------------------------------- scripts and data


def load(model, clock=None):
    """The script of a model, as a module. With a clock, every product adds its seconds to that list."""
    path = ROOT / SCRIPTS[model.partition("-")[0]]
    tree = ast.parse(path.read_text(encoding="utf-8"))
    module = types.ModuleType(path.stem)
    module.__file__ = str(path)
    if clock is not None:
        name_products(tree)
    exec(compile(tree, path, "exec"), vars(module))
    if clock is not None:
        timed = {name: on_clock(getattr(np, name), clock) for name in PRODUCTS if hasattr(np, name)}
        module.np = types.SimpleNamespace(**vars(np) | timed)
    return module


def name_products(tree):
    """Make every a @ b of a syntax tree np.matmul(a, b), which can be timed."""
    transformer = ast.NodeTransformer()

    def visit_BinOp(node):
        transformer.generic_visit(node)
        if not isinstance(node.op, ast.MatMult):
            return node
        return ast.Call(ast.parse("np.matmul", mode="eval").body, [node.left, node.right], [])

    transformer.visit_BinOp = visit_BinOp
    ast.fix_missing_locations(transformer.visit(tree))


def on_clock(function, clock):
    """The function, with the seconds of every call appended to clock."""

    def timed(*args, **kwargs):
        tick = time.perf_counter()
        result = function(*args, **kwargs)
        clock.append(time.perf_counter() - tick)
        return result

    return timed


def read_ids():
    """The text in data/ -> its characters as places in the vocabulary, the size of the vocabulary."""
    text = (ROOT / "data" / "missing-hour.txt").read_text("utf-8")
    codes = np.frombuffer(text.encode("utf-32-le"), np.uint32)
    vocab, ids = np.unique(codes, return_inverse=True)
    return ids.astype(np.intp), len(vocab)


def cut_batches(ids, B, S, count=20):
    """count batches, each (inputs, targets), (S, B) ints; B places in the text move on by S a batch."""
    at = np.arange(B) * (len(ids) // B) + np.arange(S)[:, None]
    starts = [(at + k * S) % (len(ids) - 1) for k in range(count)]
    return [(ids[start], ids[start + 1]) for start in starts]


def new_model(script, model, vocab_size, size, memory, dtype, init_scale=0.01):
    """A model's first parameters and state. size (B, S, H); memory, the sizes of each (like MEMORY)."""
    (B, _, H), (kind, _, which), rng = size, model.partition("-"), np.random.default_rng(1)
    if kind in ("rnn", "lstm"):
        params = script.init_params(rng, vocab_size, H, init_scale=init_scale)
        state = script.init_state(B, H) if kind == "rnn" else script.init_state(B, H, "standard")
    else:
        R, N, W = (memory[which][name] for name in ("heads", "locations", "width"))
        params = script.init_params(rng, vocab_size, H, which, R, W, init_scale=init_scale)
        state = script.init_state(rng, B, H, CELL[which], which, R, N, W)
    return ({name: value.astype(dtype) for name, value in arrays.items()} for arrays in (params, state))


def script_step(script, params, state, batches, lr=0.1):
    """-> a function that trains on the next batch, as the script's training loop does -> loss (nats)"""
    flat, params = script.in_one(params)
    sums, batches = np.zeros_like(flat), itertools.cycle(batches)

    def step():
        nonlocal state
        loss, grads, state = script.train(params, *next(batches), state)
        g = np.concatenate([grads[name].ravel() for name in params])
        script.adagrad(flat, sums, g, lr, None)
        return loss

    return step


# -------------------------------------------------------------------------------------------------- PyTorch
#
# A function for each model: the script's parameters and state -> the weights to train, the state as a tuple,
# and forward(inputs (S, B), state) -> logits (S, B, M), state.


def builders(model):
    """The functions that build a model in PyTorch: plain, and tuned if there is such a one."""
    return {"rnn": (torch_layers, tuned_rnn), "lstm": (torch_layers,)}.get(model, (plain_dnc, tuned_dnc))


def torch_step(build, params, state, batches, lr=0.1):
    """-> a function that trains the same model in PyTorch on the next batch -> loss (nats)"""
    weights, state, forward = build(params, state)
    fused = None if build is plain_dnc else True
    adagrad = torch.optim.Adagrad(weights, lr, initial_accumulator_value=1e-8, eps=0, fused=fused)
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
    (M, H), lstm = params["Why"].shape, "s" in state
    letters = torch.eye(M, dtype=torch.from_numpy(params["Why"]).dtype)
    rnn = (torch.nn.LSTM if lstm else torch.nn.RNN)(M, H, dtype=letters.dtype)
    out = torch.nn.Linear(H, M, dtype=letters.dtype)
    blocks = [0, 2, 3, 1] if lstm else [0]  # the gates i, o, f, g in PyTorch's order i, f, g, o
    rows = (np.array(blocks)[:, None] * H + np.arange(H)).ravel()
    Wxh, Whh, bh = (torch.tensor(params[name][rows]) for name in ("Wxh", "Whh", "bh"))
    biases = {"bias_ih_l0": bh[:, 0], "bias_hh_l0": torch.zeros(len(rows))}
    rnn.load_state_dict({"weight_ih_l0": Wxh, "weight_hh_l0": Whh} | biases)
    out.load_state_dict({"weight": torch.tensor(params["Why"]), "bias": torch.tensor(params["by"][:, 0])})
    rnn.bias_hh_l0.requires_grad_(False)

    def forward(inputs, state):
        h, state = rnn(F.embedding(inputs, letters), state if lstm else state[0])
        return out(h), state if lstm else (state,)

    weights = [value for value in (*rnn.parameters(), *out.parameters()) if value.requires_grad]
    return weights, tuple(torch.tensor(value.T[None]) for value in state.values()), forward


def tuned_rnn(params, state):
    """The RNN as a loop."""
    Wxh, Whh = weight(params["Wxh"].T), weight(params["Whh"].T)
    Why, bh, by = weight(params["Why"]), weight(params["bh"][:, 0]), weight(params["by"][:, 0])

    def forward(inputs, state):
        (h,), steps = state, []
        for x in (F.embedding(inputs, Wxh) + bh).unbind():
            h = torch.tanh(torch.addmm(x, h, Whh))
            steps.append(h)
        return F.linear(torch.stack(steps), Why, by), (h,)

    return [Wxh, Whh, Why, bh, by], (torch.tensor(state["h"].T),), forward


def dnc_state(state):
    """The DNC's state as a tuple, batch first; the memory's is what follows r."""
    order = ("h", "c", "s", "r", "M", "u", "p", "L", "ww", "wr")
    return tuple(torch.tensor(np.moveaxis(state[name], -1, 0)) for name in order if name in state)


def cell(gates, carried, squashed):
    """The LSTM: the arguments of its gates (B, 4 H), what the step before carried -> h, what is carried on"""
    i, o, f, g = gates.chunk(4, 1)
    s = torch.sigmoid(i) * torch.tanh(g) + torch.sigmoid(f) * carried
    c = torch.tanh(s)
    return torch.sigmoid(o) * c, c if squashed else s


def plain_dnc(params, state):
    """The DNC as it is written down, with either cell and either memory."""
    P = types.SimpleNamespace(**{name: weight(value.T) for name, value in params.items()})
    squashed, memory_step = "c" in state, plain_paper if "Whm" in params else plain_content

    def forward(inputs, state):
        (h, carried, r, *memory), ys = state, []
        for x in inputs:
            gates = F.embedding(x, P.Wxh) + h @ P.Whh + r @ P.Wrh + P.bh
            h, carried = cell(gates, carried, squashed)
            r, memory = memory_step(P, h, *memory)
            ys.append(h @ P.Why + r @ P.Wry + P.by)
        return torch.stack(ys), (h, carried, r, *memory)

    return list(vars(P).values()), dnc_state(state), forward


def plain_content(P, h, M):
    """The memory addressed by content: the parameters, h (B, H), M (B, N, W) -> r (B, W), the new M"""
    kr = h @ P.Whr
    kw = h @ P.Whw
    v = h @ P.Whv
    e = torch.sigmoid(h @ P.Whe)
    ww = torch.softmax(torch.einsum("bnw,bw->bn", M, kw), 1)
    wr = torch.softmax(torch.einsum("bnw,bw->bn", M, kr), 1)
    M = M * (1 - outer(ww, e)) + outer(ww, v)
    r = torch.einsum("bnw,bn->bw", M, wr)
    return r, (M,)


def plain_paper(P, h, M, u, p, L, ww, wr):
    """The complete memory: the parameters, h (B, H), the memory's state -> r (B, R W), the new state"""
    (B, N, W), R = M.shape, wr.shape[1]
    kr = (h @ P.Whr).view(B, R, W)
    kw = (h @ P.Whw).view(B, 1, W)
    br = 1 + F.softplus(h @ P.Whbr)
    bw = 1 + F.softplus(h @ P.Whbw)
    v = h @ P.Whv
    e = torch.sigmoid(h @ P.Whe)
    f = torch.sigmoid(h @ P.Whf)
    ga = torch.sigmoid(h @ P.Whga)
    gw = torch.sigmoid(h @ P.Whgw)
    pi = torch.softmax((h @ P.Whm).view(B, R, 3, 1), 2)

    psi = (1 - f[:, :, None] * wr).prod(1)
    u = (u + ww - u * ww) * psi
    v_sorted, phi = torch.sort(EPS + (1 - EPS) * u, dim=1, stable=True)
    before = torch.cumprod(v_sorted, 1) / v_sorted
    a = torch.zeros_like(u).scatter(1, phi, (1 - v_sorted) * before)
    cw = torch.softmax(bw[:, :, None] * cosine(kw, M), 2)[:, 0]
    ww = gw * (ga * a + (1 - ga) * cw)
    M = M * (1 - outer(ww, e)) + outer(ww, v)

    L = (1 - ww[:, :, None] - ww[:, None]) * L + outer(ww, p)
    L = L * (1 - torch.eye(N, dtype=L.dtype))
    p = (1 - ww.sum(1, keepdim=True)) * p + ww
    fw = wr @ L.mT
    bk = wr @ L
    cr = torch.softmax(br[:, :, None] * cosine(kr, M), 2)
    wr = pi[:, :, 0] * bk + pi[:, :, 1] * cr + pi[:, :, 2] * fw
    r = wr @ M
    return r.flatten(1), (M, u, p, L, ww, wr)


def outer(a, b):
    """a b' in every sequence: (B, N), (B, W) -> (B, N, W)"""
    return a[:, :, None] * b[:, None]


def cosine(k, M):
    """The cosine similarity: keys k (B, K, W), M (B, N, W) -> (B, K, N)"""
    kk = (k * k).sum(2) + EPS
    mm = (M * M).sum(2) + EPS
    return k @ M.mT / torch.sqrt(outer(kk, mm))


def tuned_dnc(params, state):
    """The DNC with fewer and larger calls, with either cell and either memory."""
    paper, squashed = "Whm" in params, "c" in state
    gate_names = ("Whe", "Whf", "Whga", "Whgw") if paper else ("Whe",)
    names = ("Whr", "Whw", "Whv", *gate_names) + (("Whbr", "Whbw", "Whm") if paper else ())
    Wxh, bh, by = weight(params["Wxh"].T), weight(params["bh"][:, 0]), weight(params["by"][:, 0])
    Wgates = weight(np.hstack([params["Whh"], params["Wrh"]]).T)
    Winterface = weight(np.vstack([params[name] for name in names]))
    Wout = weight(np.hstack([params["Why"], params["Wry"]]))
    memory_step = tuned_paper if paper else tuned_content
    off_diagonal = 1 - torch.eye(len(state["M"]), dtype=Wout.dtype)

    def forward(inputs, state):
        (h, carried, r, *memory), steps = state, []
        hr = torch.cat((h, r), 1)
        for x in (F.embedding(inputs, Wxh) + bh).unbind():
            h, carried = cell(torch.addmm(x, hr, Wgates), carried, squashed)
            r, memory = memory_step(F.linear(h, Winterface), memory, off_diagonal)
            hr = torch.cat((h, r.flatten(1)), 1)
            steps.append(hr)
        return F.linear(torch.stack(steps), Wout, by), (h, carried, r.flatten(1), *memory)

    return [Wxh, Wgates, Winterface, Wout, bh, by], dnc_state(state), forward


def tuned_content(z, memory, off_diagonal):
    """The memory addressed by content: the interface z (B, columns), M (B, N, W) -> r (B, 1, W), the new M"""
    (M,) = memory
    B, _, W = M.shape
    k, v, e = z.split((2 * W, W, W), 1)
    wr, ww = torch.softmax(k.view(B, 2, W) @ M.mT, 2).split(1, 1)
    M = torch.addcmul(M, ww.mT, v.unsqueeze(1) - M * torch.sigmoid(e).unsqueeze(1))
    return wr @ M, (M,)


def tuned_paper(z, memory, off_diagonal):
    """The complete memory: the interface z (B, columns) -> r (B, R, W), the memory's new state"""
    M, u, p, L, ww, wr = memory
    (B, _, W), R = M.shape, wr.shape[1]
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

    L = torch.addcmul((1 - ww_column - ww.unsqueeze(1)) * L, ww_column, p.unsqueeze(1)) * off_diagonal
    p = (1 - ww.sum(1, keepdim=True)) * p + ww
    cr = torch.softmax(beta[:, :R] * (k[:, :R] @ unit(M).mT), 2)
    wr = backward * (wr @ L) + content * cr + forward * (wr @ L.mT)
    return wr @ M, (M, u, p, L, ww, wr)


def unit(x):
    """x / |x|, along the width, the last axis."""
    return x * torch.rsqrt((x * x).sum(-1, keepdim=True) + EPS)


# --------------------------------------------------------------------------------------------- measurements


def steps_of(model, size, memory, dtype=np.float32, **init):
    """-> the steps of a model of a size (B, S, H): the script's, plain PyTorch's, tuned PyTorch's if any"""
    ids, vocab_size = read_ids()
    script, batches = load(model), cut_batches(ids, *size[:2])
    params, state = new_model(script, model, vocab_size, size, memory, dtype, **init)
    theirs = [torch_step(build, params, state, batches) for build in builders(model)] if torch else []
    return script_step(script, params, state, batches), *theirs


def check(model, memory):
    """Train a small model all ways in float64 -> the largest relative difference of the losses."""
    steps = steps_of(model, (3, 5, 7), memory, np.float64, init_scale=0.3)
    losses = np.array([[step() for step in steps] for _ in range(5)])
    return np.abs(losses / losses[:, :1] - 1).max()


def measure(steps, rounds, seconds):
    """Let the steps take turns of so many seconds -> for each, the seconds an iteration in every round."""
    counts = []
    for step in steps:
        step()
        counts.append(max(1, round(seconds / seconds_of(step, 2))))
    turns = [
        [seconds_of(step, count) for step, count in zip(steps, counts, strict=True)] for _ in range(rounds)
    ]
    return list(zip(*turns, strict=True))


def seconds_of(step, count):
    """Seconds an iteration, over count iterations."""
    tick = time.perf_counter()
    for _ in range(count):
        step()
    return (time.perf_counter() - tick) / count


def product_share(model, size, memory, seconds):
    """The share of a script's iteration that its matrix products take."""
    ids, vocab_size = read_ids()
    clock = []
    script = load(model, clock)
    params, state = new_model(script, model, vocab_size, size, memory, np.float32)
    step = script_step(script, params, state, cut_batches(ids, *size[:2]))
    step()
    count = max(1, round(seconds / seconds_of(step, 2)))
    clock.clear()
    seconds = seconds_of(step, count) * count
    return sum(clock) / seconds


def sampling_speed(model, size, memory, characters):
    """Characters a second that the script's sampler writes."""
    script, (_, vocab_size), (_, S, H) = load(model), read_ids(), size
    params, state = new_model(script, model, vocab_size, (1, S, H), memory, np.float32)

    def write():
        script.sample(params, state, 0, characters, np.random.default_rng(1))

    return characters / statistics.median(seconds_of(write, 1) for _ in range(3))


def in_a_process(*words):
    """Run a command of its own -> seconds, peak memory in MB.

    Launched from a small process: on Linux a child counts the peak of its parent as its own.
    """
    launch = (
        "import resource, subprocess, sys, time; tick = time.perf_counter();"
        "subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True);"
        "print(time.perf_counter() - tick, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    with tempfile.TemporaryDirectory() as folder:  # dnc-debug.py writes its log there
        command = [sys.executable, "-c", launch, sys.executable, *map(str, words)]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=folder)
    seconds, peak = done.stdout.split()
    return float(seconds), float(peak) / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def script_words(model, size, memory, iters):
    """The command line that trains a model as the benchmark does."""
    (B, S, H), (kind, _, which) = size, model.partition("-")
    words = ["--batchsize", B, "--seqlength", S, "--hidden", H, "--iters", iters, "--sample_length", 0]
    words += ["--cell", "standard"] if kind == "lstm" else []
    if kind in ("dnc", "debug"):
        words += ["--memory", which, *itertools.chain(*((f"--{key}", n) for key, n in memory[which].items()))]
    return [ROOT / SCRIPTS[kind], *words, "--no-fp64"]


# -------------------------------------------------------------------------------------------------- reports


def progress(text):
    """Show on standard error what is being done."""
    print(f"{text:70}", end="\r", file=sys.stderr, flush=True)


def table(title, head, rows):
    """Print a Markdown table; short rows are filled up."""
    progress("")
    print(f"{title}\n")
    for row in (head, ["---"] * len(head), *rows):
        print("| " + " | ".join(map(str, [*row, *[""] * (len(head) - len(row))])) + " |")
    print(flush=True)


def machine(options):
    """What was measured on, in a line."""
    name = platform.processor() or platform.machine()
    if os.path.exists("/proc/cpuinfo"):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        name = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), name)
    versions = f"Python {platform.python_version()}, NumPy {np.__version__}"
    kernels = os.environ.get("OPENBLAS_CORETYPE")
    versions += f" with OPENBLAS_CORETYPE={kernels}" if kernels else ""
    versions += f", PyTorch {torch.__version__}" if torch else ", no PyTorch"
    versions += f" with oneDNN {'on' if torch.backends.mkldnn.enabled else 'off'}" if torch else ""
    return f"{name}, {os.cpu_count()} cores; {options.threads} BLAS thread(s); {versions}; float32"


def report_speed(options, memory):
    """Training speed of every model at every size -> {(size, model): what measure gives}"""
    rows, times = [], {}
    for size, model in itertools.product(options.sizes, options.models):
        progress(f"training {model} at B, S, H = {show(size)}")
        times[size, model] = measure(steps_of(model, size, memory), options.rounds, options.seconds)
        ours, *theirs = (speed(turns, size) for turns in times[size, model])
        share = product_share(model, size, memory, options.seconds)
        rows.append([show(size), model, *ours, f"{100 * share:.0f} %", *itertools.chain(*theirs)])
    head = ["B, S, H", "model", "char/s", "ms an iteration", "in products"]
    head += ["plain PyTorch char/s", "ms", "tuned PyTorch char/s", "ms"] if torch else []
    table("Training", head, rows)
    return times


def report_ratios(options, times):
    """The ratios to PyTorch with their ranges, and the targets."""
    rows = []
    for (size, model), (ours, *theirs) in times.items():
        row = [show(size), model, dict(zip(MODELS, TARGETS.get(size, ()), strict=False)).get(model, "")]
        for turns in theirs:
            ratios = [b / a for a, b in zip(ours, turns, strict=True)]
            row.append(f"{statistics.median(ratios):.2f} ({min(ratios):.2f} - {max(ratios):.2f})")
        rows.append(row)
    head = ["B, S, H", "model", "target, to plain eager", "to plain eager (range)", "to tuned eager (range)"]
    table("Speed of training as a multiple of PyTorch's", head, rows)


def report_processes(options, memory):
    """Start-up time, peak memory and sampling speed."""
    ends = list(dict.fromkeys([options.sizes[0], options.sizes[-1]]))
    rows = []
    for package in ("numpy", "torch") if torch else ("numpy",):
        progress(f"import {package}")
        seconds, peaks = zip(*(in_a_process("-c", f"import {package}") for _ in range(3)), strict=True)
        rows.append([f"import {package}", f"{statistics.median(seconds):.2f}", f"{peaks[0]:.0f}"])
    for model in options.models:
        progress(f"start-up, memory and sampling of {model}")
        first = [in_a_process(*script_words(model, ends[0], memory, 1))[0] for _ in range(3)]
        peaks = [in_a_process(*script_words(model, size, memory, 10))[1] for size in ends]
        if torch:
            own = [Path(__file__).resolve(), *sys.argv[1:], "--alone", model, "--sizes"]
            peaks += [in_a_process(*own, ",".join(map(str, size)))[1] for size in ends]
        sampling = sampling_speed(model, ends[0], memory, 1000 if options.quick else 5000)
        row = [model, f"{statistics.median(first):.2f}", *(f"{peak:.0f}" for peak in peaks)]
        rows.append([*row, f"{sampling:,.0f}"])
    head = ["", "s to the first iteration"]
    head += [f"{who}peak MB at {show(size)}" for who in ("", "PyTorch ")[: 1 + bool(torch)] for size in ends]
    head.append(f"sampling, char/s (target {SAMPLING_TARGET:,})")
    table("Start-up, peak memory, sampling", head, rows)


def report_growth(options, memory):
    """How a script's iteration grows as one size doubles, again and again, and the others stay."""
    rows = []
    for model, which in itertools.product(options.models, "HSBN"):
        kind, _, memory_name = model.partition("-")
        if which == "N" and kind not in ("dnc", "debug"):
            continue
        progress(f"doubling {which} of {model}")
        steps = []
        for factor in (1, 2, 4, 8):
            size = [
                n * (factor if which == name else 1) for n, name in zip(options.sizes[0], "BSH", strict=True)
            ]
            sizes = memory.get(memory_name, {})
            if which == "N":
                sizes = sizes | {"locations": sizes["locations"] * factor}
            steps.append(steps_of(model, size, memory | {memory_name: sizes})[0])
        times = [1000 * statistics.median(turn) for turn in measure(steps, 3, options.seconds / 2)]
        rows.append([model, which, *(f"{ms:.2f}" for ms in times), f"{times[3] / times[2]:.1f}"])
    title = f"Growth from B, S, H = {show(options.sizes[0])}, milliseconds an iteration"
    table(title, ["model", "doubled", "x 1", "x 2", "x 4", "x 8", "last doubling"], rows)


def show(size):
    """(16, 25, 32) -> 16, 25, 32"""
    return ", ".join(map(str, size))


def speed(times, size):
    """Seconds an iteration, in every round -> characters a second and milliseconds an iteration, medians."""
    seconds = statistics.median(times)
    return f"{size[0] * size[1] / seconds:,.0f}", f"{1000 * seconds:.2f}"


# --------------------------------------------------------------------------------------------- command line


def triple(word):
    """16,25,32 -> (16, 25, 32)"""
    B, S, H = map(int, word.split(","))
    return B, S, H


def read_options():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--quick", action="store_true", help="about a minute: fewer and shorter rounds")
    add("--models", nargs="+", choices=MODELS + ON_REQUEST, default=MODELS, metavar="X",
        help=f"of {', '.join(MODELS)}; on request {', '.join(ON_REQUEST)}")  # fmt: skip
    add(
        "--sizes",
        nargs="+",
        type=triple,
        default=list(TARGETS),
        metavar="B,S,H",
        help="default: the targets'",
    )
    for name in ("heads", "locations", "width"):
        both = ", ".join(f"{memory} {sizes[name]}" for memory, sizes in MEMORY.items())
        add(f"--{name}", type=int, metavar="X", help=f"of the memory (default: {both})")
    add("--threads", type=int, default=1, metavar="X", help="BLAS threads (default: 1); more need idle cores")
    add("--rounds", type=int, metavar="X", help="turns of script and PyTorch (default: 9; quick: 5)")
    add("--seconds", type=float, metavar="X", help="of each in a round (default: 0.5; quick: 0.05)")
    add("--alone", choices=MODELS + ON_REQUEST, help=argparse.SUPPRESS)  # ten iterations, plain PyTorch
    options = parser.parse_args()
    options.rounds = options.rounds or (5 if options.quick else 9)
    options.seconds = options.seconds or (0.05 if options.quick else 0.5)
    return options


def main():
    """Run the benchmark. Returns the exit status."""
    options = read_options()
    given = {
        name: getattr(options, name) for name in ("heads", "locations", "width") if getattr(options, name)
    }
    memory = {name: sizes | given for name, sizes in MEMORY.items()}
    memory["content"]["heads"] = 1
    if torch:
        torch.set_num_threads(options.threads)
    if options.alone:
        _, plain, *_ = steps_of(options.alone, options.sizes[0], memory)
        seconds_of(plain, 10)
        return 0
    print(machine(options) + "\n", flush=True)
    if torch:
        for model in options.models:
            progress(f"checking {model}")
            difference = check(model, memory)
            if not difference < 1e-9:
                print(
                    f"{model}: script and PyTorch do not compute the same: {difference:.1e}", file=sys.stderr
                )
                return 1
        progress("")
        print("Script and PyTorch train alike in float64, to 1e-9 of the loss.\n", flush=True)
    load(options.models[0]).keep_freed_memory()
    times = report_speed(options, memory)
    report_growth(options, memory)
    report_processes(options, memory)
    if torch:
        report_ratios(options, times)
    return 0


if __name__ == "__main__":
    sys.exit(main())

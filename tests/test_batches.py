"""Cutting batches out of the text: where the pointers walk, where they jump, and what is reset then."""

import math

import numpy as np
import pytest
from helpers import SCRIPTS, SMALL, adagrad, command, load, next_batch

MODELS = [(script, []) for script in SCRIPTS] + [("dnc-numpy.py", ["--memory", "paper"])]


def model_of(script, words, B, S):
    """A small model and its options, its vocabulary the numbers below 50."""
    module = load(script)
    words = [*words, "--hidden", 3, "--batchsize", B, "--seqlength", S, "--seed", 1]
    options, _ = module.read_options(list(map(str, words)))
    model = module.new_model("".join(map(chr, range(50))), options, 1)
    return module, model, options


@pytest.mark.parametrize(("script", "words"), MODELS)
def test_pointers_walk_in_steps_and_jump_when_less_than_a_batch_is_left(script, words):
    S, ids = 7, np.arange(50, dtype=np.uint8)  # each id tells its place
    module, model, options = model_of(script, words, 4, S)
    last, jumps, starts = None, 0, set()
    for _ in range(400):
        for value in model["state"].values():
            value[:] = 9  # what training would leave
        inputs, targets = next_batch(module, model, ids, options, range(50 - S))
        assert inputs.shape == targets.shape == (S, 4)
        assert np.array_equal(targets, inputs + 1) and np.array_equal(
            np.diff(inputs, axis=0), np.ones((S - 1, 4))
        )
        for b in range(4):
            jumped = last is None or last[b] + S + 1 > len(ids)
            assert jumped or inputs[0, b] == last[b]
            for name, value in model["state"].items():
                column = value[..., b]
                fresh = np.abs(column).max() < 0.1 if name == "M" else not column.any()
                assert fresh if jumped else (column == 9).all()
            jumps += jumped
            starts |= {int(inputs[0, b])} if jumped else set()
        last = inputs[-1] + 1
    assert (
        starts == set(range(len(ids) - S)) and jumps > 200
    )  # every place that a batch fits in, and no other


def test_a_text_of_one_batch_is_read_over_and_over():
    module, model, options = model_of("rnn-numpy.py", [], 2, 7)
    for _ in range(5):
        inputs, _ = next_batch(module, model, np.arange(8), options, range(1))
        assert np.array_equal(inputs[:, 0], np.arange(7))


@pytest.mark.parametrize(("script", "words"), MODELS)
def test_with_restart_sequences_begin_afresh_at_the_starts_of_lines_and_only_there(script, words):
    S, ids = 7, np.arange(50, dtype=np.uint8)
    module, model, options = model_of(script, [*words, "--restart", 0.3], 4, S)
    last, jumps, starts, trials = None, 0, set(), 0
    for _ in range(500):
        for value in model["state"].values():
            value[:] = 9
        inputs, _ = next_batch(module, model, ids, options, [0, 10, 20, 40])
        for b in range(4):
            fresh = not model["state"]["h"][:, b].any()
            could_go_on = last is not None and last[b] + S + 1 <= len(ids)
            assert fresh or (could_go_on and inputs[0, b] == last[b])
            starts |= {int(inputs[0, b])} if fresh else set()
            trials, jumps = trials + could_go_on, jumps + (fresh and could_go_on)
        last = inputs[-1] + 1
    assert starts == {0, 10, 20, 40}
    assert abs(jumps / trials - 0.3) < 4 * (0.3 * 0.7 / trials) ** 0.5


@pytest.mark.parametrize("script, words", MODELS)
def test_the_loop_carries_all_of_the_state_to_the_next_batch(script, words, tmp_path):
    """The second iteration of a run is a batch trained from the state that the first one left."""
    words = [*SMALL, *words, "--no-gradcheck"]
    for iters in (1, 2):
        done = command(script, *words, "--iters", iters, "--save", f"{iters}.npz", cwd=tmp_path)
        assert done.returncode == 0
    module = load(script)
    (first, options), (second, _) = (module.load_model(tmp_path / f"{iters}.npz") for iters in (1, 2))
    text = module.read_text(options["text"], False)
    ids = module.to_ids(text, first["vocab"], "text")
    inputs, targets = next_batch(module, first, ids, options, range(len(ids) - options["seqlength"]))
    _, _, state = module.train(first["params"], inputs, targets, first["state"])
    for name, value in state.items():
        assert first["state"][name].any(), name
        assert np.allclose(value, second["state"][name], rtol=1e-4, atol=1e-6), name


@pytest.mark.parametrize("script", SCRIPTS)
def test_adagrad_and_clipping_by_hand(script):
    module = load(script)
    params = {"W": np.array([1.0, -2.0, 3.0])}
    accumulators = {"W": np.array([0.0, 9.0, 0.0])}
    adagrad(module, params, accumulators, {"W": np.array([10.0, -4.0, 0.0])}, lr=0.5)
    assert accumulators["W"].tolist() == [100, 25, 0]
    assert params["W"] == pytest.approx([1 - 5 / math.sqrt(101), -2 + 2 / math.sqrt(26), 3])
    params = {"W": np.array([1.0, -2.0])}
    accumulators = {"W": np.zeros(2)}
    adagrad(module, params, accumulators, {"W": np.array([10.0, -4.0])}, lr=0.5, clip=5)
    assert accumulators["W"].tolist() == [25, 16]
    assert params["W"] == pytest.approx([1 - 2.5 / math.sqrt(26), -2 + 2 / math.sqrt(17)])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a" * 500, range(493)),  # no lines: everywhere that a batch fits in
        (("a" * 200 + "\n") * 3, range(596)),  # few: a sequence reads about 14 characters before it jumps
        ("a\n" * 99 + "a" * 600, range(791)),  # many, but most of the text is far behind them
        ("abcd\n" * 20, [*range(0, 93, 5)]),
        ("abcd\r" * 20, [*range(0, 93, 5)]),
        ("abc\r\n" * 20, [*range(0, 93, 5)]),
    ],
    ids=["none", "few", "uneven", "lf", "cr", "crlf"],
)
@pytest.mark.parametrize("script", SCRIPTS)
def test_with_restart_sequences_begin_at_lines_unless_most_would_never_be_read(script, text, expected):
    starts = load(script).sequence_starts(text, {"seqlength": 7, "restart": 0.5})
    assert list(starts) == list(expected)
    assert list(load(script).sequence_starts(text, {"seqlength": 7, "restart": 0})) == [*range(len(text) - 7)]
    lines = ("a" * 60 + "\n") * 10  # if every batch jumps, only the first of a line is read
    assert list(load(script).sequence_starts(lines, {"seqlength": 7, "restart": 1})) == [*range(603)]
    assert len(load(script).sequence_starts(lines, {"seqlength": 7, "restart": 0.5})) == 10


@pytest.mark.parametrize("script", SCRIPTS)
def test_weights_that_read_h_learn_at_a_rate_by_the_number_of_units(script):
    """Names that begin with Wh: their rate is lr at 32 columns, half of it at 64."""
    params = {name: np.zeros((2, 64)) for name in ("Whh", "Why", "Wxh", "Wrh", "bh")}
    grads = {name: np.full((2, 64), 3.0) for name in params}
    adagrad(load(script), params, {name: np.zeros((2, 64)) for name in params}, grads, lr=0.5)
    step = 0.5 * 3 / math.sqrt(10)
    assert {name: value[1, 5] for name, value in params.items()} == pytest.approx(
        {"Whh": -step / 2, "Why": -step / 2, "Wxh": -step, "Wrh": -step, "bh": -step}
    )

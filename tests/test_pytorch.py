"""The way of a saved model to PyTorch, where that is installed."""

import numpy as np
import pytest
from helpers import SMALL, command, is_one_line, load, new_state

torch = pytest.importorskip("torch")

TO_PYTORCH = "tests/experiments/to_pytorch.py"
SUPPORTED = [("rnn-numpy.py", []), ("lstm-numpy.py", ["--cell", "standard"])]


@pytest.mark.parametrize("precision", ["--fp64", "--no-fp64"])
@pytest.mark.parametrize(("script", "cell"), SUPPORTED)
def test_the_outputs_agree(script, cell, precision, tmp_path):
    words = ["--hidden", 9, "--iters", 200, precision, "--save", "model.npz", *cell]
    assert command(script, *words, cwd=tmp_path).returncode == 0
    layer, output = load(TO_PYTORCH).to_torch(tmp_path / "model.npz")
    module = load(script)
    model, options = module.load_model(tmp_path / "model.npz")
    ids = np.random.default_rng(1).integers(0, len(model["vocab"]), (30, 1))
    probs, _, _ = module.forward(model["params"], ids, new_state(module, model["params"], options, 1))
    x = torch.nn.functional.one_hot(torch.tensor(ids), len(model["vocab"])).to(output.weight.dtype)
    theirs = torch.softmax(output(layer(x)[0]), 2).detach().numpy().swapaxes(1, 2)
    assert theirs.dtype == probs.dtype
    assert np.abs(theirs - probs).max() < (1e-9 if precision == "--fp64" else 1e-5)


@pytest.mark.parametrize(("script", "cell"), SUPPORTED)
def test_the_file_holds_the_weights_and_the_letters(script, cell, tmp_path):
    assert command(script, *SMALL, "--iters", 2, "--save", "m.npz", *cell, cwd=tmp_path).returncode == 0
    done = command(TO_PYTORCH, "m.npz", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith("m.pt: the weights of ")
    layer, output = load(TO_PYTORCH).to_torch(tmp_path / "m.npz")
    found = torch.load(tmp_path / "m.pt")
    layer.load_state_dict(found["layer"])
    output.load_state_dict(found["output"])
    assert found["vocab"] == load(script).load_model(tmp_path / "m.npz")[0]["vocab"]


def refused(words, expected, tmp_path):
    """Whether to_pytorch.py says in one line why it does not convert, and writes nothing."""
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    done = command(TO_PYTORCH, *words, cwd=tmp_path)
    after = {path: path.read_bytes() for path in tmp_path.iterdir()}
    one_line = done.returncode == 2 and done.stdout == "" and is_one_line(done.stderr, TO_PYTORCH)
    return one_line and expected in done.stderr and before == after


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("lstm-numpy.py", "m.npz has the squashed cell, torch.nn.LSTM the standard one"),
        ("dnc-numpy.py", "m.npz is a DNC, for which PyTorch has no layer"),
    ],
)
def test_a_model_that_pytorch_has_no_layer_for_is_refused(script, expected, tmp_path):
    assert command(script, *SMALL, "--iters", 2, "--save", "m.npz", cwd=tmp_path).returncode == 0
    assert refused(["m.npz"], expected, tmp_path)


def test_what_is_no_model_or_is_there_already_is_refused(tmp_path):
    assert refused(["m.npz"], "No such file or directory: 'm.npz'", tmp_path)
    np.savez(tmp_path / "m.npz", params_Wxh=np.zeros((3, 3)))
    assert refused(["m.npz"], "m.npz is no saved model", tmp_path)
    words = [*SMALL, "--iters", 2, "--save", "n.npz"]
    assert command("rnn-numpy.py", *words, cwd=tmp_path).returncode == 0
    (tmp_path / "n.pt").write_text("precious")
    assert refused(["n.npz"], "File exists: 'n.pt'", tmp_path)

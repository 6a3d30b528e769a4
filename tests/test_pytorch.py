"""The lines of the README that carry a saved model over to PyTorch, where that is installed."""

import re

import numpy as np
import pytest
from helpers import ROOT, load
from test_command_line import command

torch = pytest.importorskip("torch")


@pytest.mark.parametrize(
    ("script", "cell"), [("rnn-numpy.py", []), ("lstm-numpy.py", ["--cell", "standard"])]
)
def test_the_outputs_agree(script, cell, tmp_path, monkeypatch):
    words = ["--hidden", 9, "--iters", 200, "--fp64", "--save", "model.npz", *cell]
    assert command(script, *words, cwd=tmp_path).returncode == 0
    (lines,) = re.findall(
        r"```python\n(import numpy.*?import torch.*?)```", (ROOT / "README.md").read_text(), re.S
    )
    monkeypatch.chdir(tmp_path)
    found = {}
    exec(lines, found)
    module = load(script)
    model, options = module.load_model("model.npz")
    ids = np.random.default_rng(1).integers(0, len(model["vocab"]), (30, 1))
    probs, _, _ = module.forward(model["params"], ids, module.fresh_state(1, options))
    x = torch.nn.functional.one_hot(torch.tensor(ids), len(model["vocab"])).double()
    theirs = torch.softmax(found["output"](found["layer"](x)[0]), 2)
    assert np.abs(theirs.detach().numpy().swapaxes(1, 2) - probs).max() < 1e-9

"""Carry a saved model over to PyTorch: that of rnn-numpy.py, or of lstm-numpy.py with --cell standard.

    python tests/experiments/to_pytorch.py model.npz        writes model.pt

The file holds two state dicts, "layer" for torch.nn.RNN or torch.nn.LSTM and "output" for torch.nn.Linear,
and "vocab", a str in which letter i of the model stands at place i. From Python:

    layer, output = to_torch("model.npz")
    logits = output(layer(x)[0])                            x one-hot, (S, B, V)
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import torch


def to_torch(path):
    """A saved model -> torch.nn.RNN or torch.nn.LSTM, and torch.nn.Linear, of the type of its weights.

    Raises ValueError if PyTorch has no such layer, or if the file is no model.
    """
    with np.load(path, allow_pickle=False) as file:
        arrays = dict(file)
    if "info" not in arrays:
        raise ValueError(f"{path} is no saved model")
    info = json.loads(str(arrays["info"]))
    if "memory" in info:
        raise ValueError(
            f"{path} is a DNC, for which PyTorch has no layer; benchmark.py has one written in it"
        )
    if info.get("cell") == "squashed":
        raise ValueError(
            f"{path} has the squashed cell, torch.nn.LSTM the standard one: train with --cell standard"
        )
    return layers({name.removeprefix("params_"): value for name, value in arrays.items()})


def layers(params):
    """The parameters of an RNN or of an LSTM -> torch.nn.RNN or torch.nn.LSTM, and torch.nn.Linear."""
    Wxh, Whh, Why, bh, by = (torch.tensor(params[name]) for name in ("Wxh", "Whh", "Why", "bh", "by"))
    V, H = Why.shape
    if len(Whh) == H:
        layer = torch.nn.RNN(V, H, dtype=Why.dtype)
        gates = [0]
    else:
        layer = torch.nn.LSTM(V, H, dtype=Why.dtype)
        gates = [0, 2, 3, 1]  # their order is i, o, f, g here and i, f, g, o there
    rows = torch.cat([torch.arange(H) + gate * H for gate in gates])
    layer.load_state_dict(
        {
            "weight_ih_l0": Wxh[rows],
            "weight_hh_l0": Whh[rows],
            "bias_ih_l0": bh[rows, 0],
            "bias_hh_l0": torch.zeros_like(bh[:, 0]),  # one bias is enough
        }
    )
    output = torch.nn.Linear(H, V, dtype=Why.dtype)
    output.load_state_dict({"weight": Why, "bias": by[:, 0]})
    return layer, output


def main():
    """Convert the model that the command line names. Returns the exit status."""
    parser = argparse.ArgumentParser(description="Carry a saved model over to PyTorch.")
    parser.add_argument("model", type=Path, help="a file of --save")
    path = parser.parse_args().model
    target = path.with_suffix(".pt")
    try:
        layer, output = to_torch(path)
        with np.load(path) as file:
            vocab = json.loads(str(file["info"]))["vocab"]
        with open(target, "xb") as file:  # what is there already stays
            torch.save({"layer": layer.state_dict(), "output": output.state_dict(), "vocab": vocab}, file)
    except (OSError, ValueError) as error:
        print(f"{Path(__file__).name}: error: {error}", file=sys.stderr)
        return 2
    print(f"{target}: the weights of {layer} and {output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

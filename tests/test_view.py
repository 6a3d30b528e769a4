"""The picture of the memory at work that dnc-debug.py draws."""

import numpy as np
import pytest
from helpers import command, is_one_line, load

ROW = "│"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A small model with each memory, at the default sizes of the memory."""
    path = tmp_path_factory.mktemp("models")
    for memory in ("content", "paper"):
        words = ["--hidden", 8, "--iters", 20, "--memory", memory, "--save", f"{memory}.npz", "--seed", 1]
        assert (
            command("dnc-debug.py", *words, "--no-gradcheck", "--sample_length", 10, cwd=path).returncode == 0
        )
    return path


@pytest.mark.parametrize("memory", ["content", "paper"])
def test_a_row_for_each_character(memory, folder):
    text = "The tide-clock\nof Low"
    done = command("dnc-debug.py", "--load", f"{memory}.npz", "--view", text, cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    head, *rows = [line for line in done.stdout.splitlines() if ROW in line]
    cells = [[cell.strip() for cell in row.split(ROW)] for row in rows]
    assert [row[0] for row in cells] == [r"\n" if char == "\n" else char.strip() for char in text]
    assert cells[0][1] == "" and all(float(row[1]) > 0 for row in cells[1:])
    assert [len(cell) for cell in cells[0]][2:] == ([1, 1, 1, 16, 16, 16, 3] if memory == "paper" else [8, 8])
    assert set("".join("".join(row[2:]) for row in cells)) <= set("·░▒▓█")
    assert max(map(len, done.stdout.splitlines())) <= 100 and len({len(row) for row in (head, *rows)}) == 1


def test_without_a_text_it_shows_the_first_lines(folder):
    done = command("dnc-debug.py", "--load", "paper.npz", "--view", "", cwd=folder)
    rows = [line for line in done.stdout.splitlines() if ROW in line][1:]
    assert len(rows) == 60 and "".join(row[0] for row in rows).startswith("THE MISSING HOUR")


def test_after_training_it_shows_the_trained_model(folder, tmp_path):
    words = ["--hidden", 8, "--iters", 5, "--no-gradcheck", "--view", "The tide"]
    done = command("dnc-debug.py", *words, cwd=tmp_path)
    assert done.returncode == 0 and done.stdout.count(ROW) == 9 * 3 and "iter 5," in done.stdout


def test_characters_that_the_model_does_not_know_are_named(folder):
    done = command("dnc-debug.py", "--load", "paper.npz", "--view", "né", cwd=folder)
    assert done.returncode == 2 and is_one_line(done.stderr, "dnc-debug.py")
    assert "--view has characters that the model has never seen: ['é']" in done.stderr
    (folder / "other.txt").write_text("né" * 50, encoding="utf-8")
    done = command("dnc-debug.py", "other.txt", "--load", "paper.npz", "--view", "", cwd=folder)
    assert done.returncode == 2 and "other.txt has characters that the model has never" in done.stderr


def test_a_full_shade_stands_for_a_sure_weight():
    assert load("dnc-debug.py").shades(np.array([[0, 0.06], [0.3, 0.5], [0.71, 1]])) == "·░▒▓██"

"""Models that are kept: resumed bit for bit, sampled, measured, and whole whatever happens."""

import io
import json
import os
import pickle
import random
import re
import resource
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from helpers import ROOT, SCRIPTS, SMALL, command, is_one_line, load, log_lines, new_state, start

VARIANTS = [
    ("rnn-numpy.py", []),
    ("lstm-numpy.py", []),
    ("lstm-numpy.py", ["--cell", "standard"]),
    ("dnc-numpy.py", []),
    ("dnc-numpy.py", ["--memory", "paper", "--heads", "2"]),
    ("dnc-debug.py", []),
    ("dnc-debug.py", ["--memory", "paper"]),
]


def contents(path):
    """All arrays of a model file, but for the seconds that the run took."""
    with np.load(path, allow_pickle=False) as file:
        arrays = dict(file)
    info = json.loads(str(arrays.pop("info")))
    del info["seconds"]
    return arrays, info


def assert_same_model(one, two):
    (arrays, info), (others, other_info) = contents(one), contents(two)
    assert info == other_info and arrays.keys() == others.keys()
    for name, value in arrays.items():
        assert value.dtype == others[name].dtype
        assert np.array_equal(value, others[name]), name


def figures(output):
    """The log lines without seconds and speed."""
    return [re.sub(r"^.*?iter|, [\d.]+ char/s", "", line) for line in log_lines(output)]


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    """A short text, so that the pointers jump often."""
    path = tmp_path_factory.mktemp("text") / "short.txt"
    path.write_text((ROOT / "data" / "missing-hour.txt").read_text(encoding="utf-8")[:400], encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A saved model of each kind -> folder."""
    folder = tmp_path_factory.mktemp("models")
    for script in SCRIPTS[:3]:
        words = ["--hidden", 16, "--iters", 300, "--seed", 1, "--save", f"{script[:3]}.npz"]
        assert command(script, *words, cwd=folder).returncode == 0
    return folder


@pytest.mark.parametrize(
    ("precision", "holdout"), [("--fp64", []), ("--no-fp64", ["--holdout", "0.2"])], ids=["all", "holdout"]
)
@pytest.mark.parametrize(("script", "variant"), VARIANTS)
def test_a_resumed_run_is_the_run_that_was_never_stopped(script, variant, precision, holdout, text, tmp_path):
    words = [text, *SMALL, *variant, precision, *holdout, "--report_interval", 1, "--check_interval", 15]
    whole = command(script, *words, "--iters", 40, "--save", "whole.npz", cwd=tmp_path)
    first = command(script, *words, "--iters", 23, "--save", "part.npz", cwd=tmp_path)
    watch = ["--report_interval", 1, "--check_interval", 15, "--sample_length", 30]
    rest = command(
        script, *watch, "--load", "part.npz", "--save", "part.npz", "--iters", 40, *SMALL[-4:-2], cwd=tmp_path
    )
    assert (whole.returncode, first.returncode, rest.returncode) == (0, 0, 0), rest.stderr
    assert_same_model(tmp_path / "whole.npz", tmp_path / "part.npz")
    assert len(figures(whole.stdout)) == 40
    assert figures(whole.stdout) == figures(first.stdout) + figures(rest.stdout)
    assert whole.stdout.split("----\n")[-2] == rest.stdout.split("----\n")[-2]
    assert whole.stdout.count("validation: ") == (3 if holdout else 0)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_run_stopped_by_a_signal_goes_on_exactly(name, text, tmp_path):
    words = [text, *SMALL, "--report_interval", 50, "--save", "m.npz"]
    run = start("lstm-numpy.py", *words, cwd=tmp_path)
    run.stdout.readline()
    run.stdout.readline()
    run.send_signal(getattr(signal, name))
    run.communicate(timeout=30)
    stopped = contents(tmp_path / "m.npz")[1]["iteration"]
    assert stopped >= 50
    words = ["--iters", stopped + 30]
    command("lstm-numpy.py", "--load", "m.npz", "--save", "m.npz", *words, cwd=tmp_path)
    command("lstm-numpy.py", text, *SMALL, "--save", "whole.npz", *words, cwd=tmp_path)
    assert_same_model(tmp_path / "whole.npz", tmp_path / "m.npz")


def test_a_second_signal_ends_at_once_and_the_file_stays_whole(tmp_path):
    words = ["--hidden", 8, "--sample_length", 10**7, "--save", "m.npz"]
    run = start("rnn-numpy.py", *words, cwd=tmp_path)
    run.stdout.readline()
    run.stdout.readline()
    run.send_signal(signal.SIGINT)
    time.sleep(1)
    assert run.poll() is None  # busy with a very long sample
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=10)
    assert run.returncode in (130, -signal.SIGINT)  # a shell says 130 of both
    assert command("rnn-numpy.py", "--load", "m.npz", "--sample", 5, cwd=tmp_path).returncode == 0


@pytest.mark.parametrize("script", SCRIPTS[:3])
def test_sample_prints_the_characters_and_nothing_else(script, trained):
    words = ["--load", f"{script[:3]}.npz", "--sample", 50]
    one, two = (command(script, *words, "--seed", 3, cwd=trained) for _ in range(2))
    assert (one.returncode, one.stderr, len(one.stdout)) == (0, "", 51)
    assert one.stdout == two.stdout
    assert command(script, *words, "--seed", 4, cwd=trained).stdout != one.stdout
    primed = command(script, *words, "--seed", 3, "--prime", "The tide", cwd=trained)
    assert len(primed.stdout) == 51 and primed.stdout != one.stdout
    sure = [command(script, *words, "--temperature", 0, "--seed", k, cwd=trained).stdout for k in (1, 2)]
    assert sure[0] == sure[1]
    assert not [name for name in os.listdir(trained) if not name.endswith(".npz")]


def test_a_prime_that_the_model_cannot_read_is_named(trained):
    done = command("rnn-numpy.py", "--load", "rnn.npz", "--sample", 5, "--prime", "Té €", cwd=trained)
    assert done.returncode == 2 and is_one_line(done.stderr, "rnn-numpy.py")
    assert "--prime has characters that the model has never seen: ['é', '€']" in done.stderr


def test_a_model_of_bytes_is_primed_with_bytes(tmp_path):
    (tmp_path / "text.txt").write_text("né café " * 50, encoding="utf-8")
    words = ["text.txt", *SMALL, "--bytes", "--iters", 20, "--save", "m.npz"]
    assert command("rnn-numpy.py", *words, cwd=tmp_path).returncode == 0
    done = command("rnn-numpy.py", "--load", "m.npz", "--sample", 20, "--prime", "né", cwd=tmp_path)
    assert done.returncode == 0 and done.stdout


@pytest.mark.parametrize("script", SCRIPTS[:3])
def test_evaluate_is_the_loss_of_the_whole_text_with_state_carried(script, trained, text):
    done = command(script, "--load", f"{script[:3]}.npz", text, "--evaluate", "--seed", 5, cwd=trained)
    assert done.returncode == 0 and done.stdout.count("\n") == 1
    module = load(script)
    model, options = module.load_model(trained / f"{script[:3]}.npz")
    ids = module.to_ids(module.read_text(text, False), model["vocab"], "text")[:, None]
    probs, _, _ = module.forward(model["params"], ids[:-1], new_state(module, model["params"], options, 1))
    expected = -np.log2(np.take_along_axis(probs, ids[1:, None], axis=1)).mean()
    assert float(done.stdout.split()[0]) == pytest.approx(expected, abs=2e-4)


def test_evaluate_names_unknown_characters_and_counts_them(trained, tmp_path):
    (tmp_path / "other.txt").write_text("The {{tide}} ß", encoding="utf-8")
    words = ["--load", trained / "rnn.npz", "other.txt", "--evaluate"]
    done = command("rnn-numpy.py", *words, cwd=tmp_path)
    assert done.returncode == 2 and is_one_line(done.stderr, "rnn-numpy.py")
    assert "has characters that the model has never seen: ['{', '}', 'ß']" in done.stderr


def test_the_validation_part_is_not_learned_from(tmp_path):
    """It has a character of its own: without training on it, that stays dear."""
    (tmp_path / "text.txt").write_text("ab" * 450 + "ac" * 50)
    words = ["text.txt", *SMALL, "--holdout", 0.1, "--iters", 500, "--report_interval", 500]
    done = command("rnn-numpy.py", *words, cwd=tmp_path)
    validation = float(re.search(r"^validation: ([\d.]+) BPC$", done.stdout, re.M)[1])
    assert validation > 2
    plain = command("rnn-numpy.py", *words[:-6], "--iters", 500, cwd=tmp_path)
    assert "validation" not in plain.stdout


def test_the_two_dnc_scripts_open_each_others_models(tmp_path):
    words = [*SMALL, "--iters", 20, "--no-gradcheck"]
    for memory in ("content", "paper"):
        fast, plain = f"fast-{memory}.npz", f"plain-{memory}.npz"
        command("dnc-numpy.py", *words, "--memory", memory, "--save", fast, cwd=tmp_path)
        command("dnc-debug.py", *words, "--memory", memory, "--save", plain, cwd=tmp_path)
        for script, file in (("dnc-debug.py", fast), ("dnc-numpy.py", plain)):
            more = ["--load", file, "--save", file, "--iters", 30, "--no-gradcheck"]
            done = command(script, *more, cwd=tmp_path)
            assert done.returncode == 0 and "iter 30," in done.stdout
        samples = [
            command(script, "--load", fast, "--sample", 50, "--seed", 1, cwd=tmp_path).stdout
            for script in SCRIPTS[2:]
        ]
        assert samples[0] == samples[1] and len(samples[0]) == 51


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--hidden", 20], "--hidden 20 contradicts rnn.npz: 16"),
        (["--batchsize", 3], "--batchsize 3 contradicts rnn.npz: 16"),
        (["--fp64"], "--fp64 True contradicts rnn.npz: False"),
        (["--bytes"], "--bytes True contradicts"),
        (["--holdout", "0.5"], "--holdout 0.5 contradicts"),
        (["other.txt"], "other.txt has characters that the model has never seen: ['€']"),
    ],
)
def test_what_contradicts_a_model_is_refused(words, expected, trained, tmp_path):
    (tmp_path / "other.txt").write_text("The tide €€€€€ " * 1, encoding="utf-8")
    (tmp_path / "rnn.npz").write_bytes((trained / "rnn.npz").read_bytes())
    done = command("rnn-numpy.py", "--load", "rnn.npz", *words, "--iters", 400, cwd=tmp_path)
    assert done.returncode == 2 and is_one_line(done.stderr, "rnn-numpy.py")
    assert expected in done.stderr


def test_what_may_change_in_a_resumed_run_does(trained, tmp_path):
    words = ["--lr", 0.01, "--clip", 5, "--seqlength", 10, "--hidden", 16, "--iters", 310]
    more = ["--load", trained / "rnn.npz", "--save", "m.npz"]
    assert command("rnn-numpy.py", *more, *words, cwd=tmp_path).returncode == 0
    kept = contents(tmp_path / "m.npz")[1]
    assert (kept["lr"], kept["clip"], kept["seqlength"], kept["hidden"]) == (0.01, 5, 10, 16)


def test_another_text_with_the_same_characters_is_learned(trained, text, tmp_path):
    done = command("rnn-numpy.py", text, "--load", trained / "rnn.npz", "--iters", 310, cwd=tmp_path)
    assert done.returncode == 0 and "from short.txt" in done.stdout and "iter 310," in done.stdout


def test_a_run_that_is_at_its_end_already_changes_nothing(trained, tmp_path):
    (tmp_path / "m.npz").write_bytes((trained / "rnn.npz").read_bytes())
    done = command("rnn-numpy.py", "--load", "m.npz", "--save", "m.npz", "--iters", 300, cwd=tmp_path)
    assert done.returncode == 0 and not log_lines(done.stdout)
    assert_same_model(tmp_path / "m.npz", trained / "rnn.npz")


def test_a_file_that_is_there_already_is_not_saved_over(trained, tmp_path):
    (tmp_path / "m.npz").write_text("precious")
    for more in ([], ["--load", trained / "rnn.npz", "--iters", 310]):
        done = command("rnn-numpy.py", *more, "--save", "m.npz", cwd=tmp_path)
        assert done.returncode == 2 and is_one_line(done.stderr, "rnn-numpy.py")
        assert "m.npz is there already; --load it to go on with it" in done.stderr
    assert (tmp_path / "m.npz").read_text() == "precious" and os.listdir(tmp_path) == ["m.npz"]


def test_neighbours_of_a_model_are_not_touched(tmp_path):
    for end in ("tmp", "partial", "~"):
        (tmp_path / f"m.npz.{end}").write_text("precious")
    assert command("rnn-numpy.py", *SMALL, "--iters", 5, "--save", "m.npz", cwd=tmp_path).returncode == 0
    assert all((tmp_path / f"m.npz.{end}").read_text() == "precious" for end in ("tmp", "partial", "~"))


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--sample", 5, "--save", "x.npz"], "--save needs a run that trains"),
        (["--evaluate", "--save", "x.npz"], "--save needs a run that trains"),
        (["--gradcheck", "--save", "x.npz"], "--save needs a run that trains"),
        (["--sample", 5, "--gradcheck"], "not allowed with"),
        (["--sample", 5, "--evaluate"], "not allowed with"),
        (["--evaluate", "--gradcheck"], "not allowed with"),
        (["--evaluate", "--prime", "The"], "--prime needs --sample"),
    ],
)
def test_options_that_do_not_go_together_are_an_error(words, expected, trained, tmp_path):
    done = command("rnn-numpy.py", "--load", trained / "rnn.npz", *words, cwd=tmp_path)
    assert done.returncode == 2 and is_one_line(done.stderr, "rnn-numpy.py")
    assert expected in done.stderr and not os.listdir(tmp_path)


def test_locations_of_another_number_need_a_fresh_memory(trained, tmp_path):
    done = command(
        "dnc-numpy.py", "--load", trained / "dnc.npz", "--sample", 5, "--locations", 9, cwd=tmp_path
    )
    assert done.returncode == 2 and "--locations 9 contradicts" in done.stderr


def broken_files(path):
    """Names and contents of files that are no sound model, made from a sound one."""
    raw = path.read_bytes()
    yield "empty", b""
    yield "truncated", raw[: len(raw) // 2]
    yield "text", b"The tide-clock of Low Saltby"
    array = io.BytesIO()
    np.save(array, np.zeros(3))
    yield "npy", array.getvalue()
    for name, changed in changed_arrays(path):
        file = io.BytesIO()
        np.savez(file, **changed)
        yield name, file.getvalue()


def changed_arrays(path):
    with np.load(path) as file:
        arrays = dict(file)
    info = json.loads(str(arrays["info"]))
    yield "missing", {name: value for name, value in arrays.items() if name != "params_Whh"}
    yield "shape", arrays | {"params_Whh": arrays["params_Whh"][:, :-1]}
    yield "type", arrays | {"accumulators_by": arrays["accumulators_by"].astype(np.float64)}
    yield "nan", arrays | {"params_by": arrays["params_by"] * np.nan}
    yield "no json", arrays | {"info": np.array("{")}
    yield "more", arrays | {"params_Wxx": arrays["params_Wxh"]}
    for name in ("vocab", "hidden", "rng", "iteration"):
        lacking = {key: value for key, value in info.items() if key != name}
        yield f"no {name}", arrays | {"info": np.array(json.dumps(lacking))}
    for name, value in (
        ("vocab", info["vocab"][1:]),
        ("hidden", 17),
        ("rng", {}),
    ):
        yield f"other {name}", arrays | {"info": np.array(json.dumps(info | {name: value}))}
    yield "of before", arrays | {"vocab": np.array([ord(char) for char in info["vocab"]])}


def test_no_broken_file_is_more_than_a_clear_line(trained, tmp_path):
    for name, raw in broken_files(trained / "rnn.npz"):
        (tmp_path / "m.npz").write_bytes(raw)
        done = command("rnn-numpy.py", "--load", "m.npz", "--iters", 301, cwd=tmp_path)
        assert done.returncode == 2 and is_one_line(done.stderr, "rnn-numpy.py"), (name, done)
        assert "m.npz" in done.stderr
        assert os.listdir(tmp_path) == ["m.npz"]


def test_models_of_another_kind_are_refused(trained, tmp_path):
    for script in SCRIPTS[:3]:
        for other in {"rnn.npz", "lst.npz", "dnc.npz"} - {f"{script[:3]}.npz"}:
            done = command(script, "--load", trained / other, "--sample", 3, cwd=tmp_path)
            assert done.returncode == 2 and is_one_line(done.stderr, script) and other in done.stderr


NOT_A_NUMBER, INFINITE = float("nan"), float("inf")
HOSTILE = [  # name in info, values that no model has
    ("fname", ["/tmp/log.dat"]),
    ("save", ["/tmp/m.npz"]),
    ("sample", [10**12]),
    ("hidden", [None, "8", 1.5, 0, -1, True, 17, 12000, 1 << 63]),
    ("batchsize", [None, "8", 1.5, 0, -1, True, 17, 1 << 63]),
    ("seqlength", [None, 1.5, 0, -1, NOT_A_NUMBER, True]),
    ("init_scale", [None, "1", -0.5, NOT_A_NUMBER, INFINITE]),
    ("lr", [None, "1", [8], -0.5, NOT_A_NUMBER, INFINITE]),
    ("clip", [None, [8], -0.5, NOT_A_NUMBER, True]),
    ("holdout", [None, 1.5, -0.5, NOT_A_NUMBER]),
    ("restart", [None, 1.5, -0.5, NOT_A_NUMBER, {}]),
    ("fp64", [None, 1, "no"]),
    ("bytes", [None, 0]),
    ("text", [None, 3, ["a"], "\ud800", "a\0b"]),
    ("iteration", [None, "1", -1, 1.5, NOT_A_NUMBER, True, 1 << 63]),
    ("seconds", [None, "1", -1.0, NOT_A_NUMBER, INFINITE]),
    ("bpc", [None, "1", -1.0, NOT_A_NUMBER, INFINITE]),
    ("next_ix", [None, "1", -1, 999, 1.5, NOT_A_NUMBER]),
    ("more", [1]),
]


@pytest.mark.parametrize(("name", "values"), HOSTILE, ids=[case[0] for case in HOSTILE])
@pytest.mark.parametrize("script", SCRIPTS[:3])
def test_a_number_or_option_that_no_model_has_is_refused(script, name, values, trained, tmp_path):
    arrays, info = parts(trained / f"{script[:3]}.npz")
    for value in values:
        save_parts(tmp_path / "m.npz", arrays, info | {name: value})
        expected = rf"its {name} |its info does not have just|its \w+ is not \w+ \(|too small|surrogates"
        assert re.search(expected, refusal(script, tmp_path / "m.npz")), ascii(value)


def parts(path):
    """The arrays and the info of a model file."""
    with np.load(path) as file:
        arrays = dict(file)
    return arrays, json.loads(str(arrays.pop("info")))


def save_parts(path, arrays, info):
    np.savez(path, info=np.array(json.dumps(info)), **arrays)


def refusal(script, path):
    """The message, of one line, with which a script refuses a model."""
    module = load(script)
    with pytest.raises(module.UserError) as caught:
        module.load_model(path)
    assert "\n" not in str(caught.value) and "m.npz is not a model of this version" in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    "change",
    [list, lambda vocab: vocab[::-1], lambda vocab: vocab[:-1] + vocab[-2], lambda _: "", lambda _: None],
    ids=["list", "unsorted", "double", "empty", "null"],
)
def test_a_vocabulary_is_a_sorted_text_without_doubles(change, trained, tmp_path):
    arrays, info = parts(trained / "lst.npz")
    save_parts(tmp_path / "m.npz", arrays, info | {"vocab": change(info["vocab"])})
    refusal("lstm-numpy.py", tmp_path / "m.npz")


@pytest.mark.parametrize("value", [-(10**9), -1, (1 << 60) + 1, 1 << 62])
def test_pointers_out_of_range_are_refused(value, trained, tmp_path):
    arrays, info = parts(trained / "dnc.npz")
    arrays["pointers"][3] = value
    save_parts(tmp_path / "m.npz", arrays, info)
    assert "pointers" in refusal("dnc-numpy.py", tmp_path / "m.npz")


@pytest.mark.parametrize("script", SCRIPTS[:3])
def test_numbers_whose_products_overflow_are_refused(script, trained, tmp_path):
    for name in ("state_h", "params_Why"):
        arrays, info = parts(trained / f"{script[:3]}.npz")
        arrays[name][:1] = np.finfo(arrays[name].dtype).max
        save_parts(tmp_path / "m.npz", arrays, info)
        assert "it has numbers that are too large" in refusal(script, tmp_path / "m.npz")


def test_random_numbers_of_a_generator_that_repeats_itself_are_refused(trained, tmp_path):
    """Of an even increment PCG64 draws the same for ever, and rng.integers may wait for ever."""
    arrays, info = parts(trained / "rnn.npz")
    for state in ({"state": 0, "inc": 0}, {"state": 0, "inc": 0.5}, {"state": "x", "inc": 1}, {}, None):
        save_parts(tmp_path / "m.npz", arrays, info | {"rng": info["rng"] | {"state": state}})
        refusal("rnn-numpy.py", tmp_path / "m.npz")


def test_a_small_file_that_says_it_is_large_is_refused_at_once(trained, tmp_path):
    """Before anything of the said size is built: a quick no, and little memory for it."""
    for script, rows in (("rnn-numpy.py", 1), ("lstm-numpy.py", 4), ("dnc-numpy.py", 4)):
        arrays, info = parts(trained / f"{script[:3]}.npz")
        large = {"vocab": "ab", "hidden": 12000, "next_ix": 0}
        wide = {"vocab": "".join(map(chr, range(0xD800))), "next_ix": 0}  # 55,296 letters: 200 kB of text
        arrays["params_Wxh"] = np.zeros((rows * 12000, 2), np.float32)
        if "params_Whr" in arrays:
            arrays["params_Whr"] = np.zeros((len(arrays["params_Whr"]), 12000), np.float32)
        for change in (large, wide):
            save_parts(tmp_path / "m.npz", arrays, info | change)
            began = time.process_time()
            assert "too small" in refusal(script, tmp_path / "m.npz")
            assert time.process_time() - began < 1, script


def test_weightings_count_in_the_size_of_a_model(trained, tmp_path):
    """Of many heads and locations the read weightings are the largest array: 1.8 GB in a file of 16 MB."""
    arrays, info = parts(trained / "dnc.npz")
    arrays["params_Whr"] = np.zeros((4 * 10**6, 1), np.float32)
    sizes = {"vocab": "ab", "next_ix": 0, "hidden": 1, "width": 1, "batchsize": 1, "heads": 300_000}
    save_parts(tmp_path / "m.npz", arrays, info | sizes | {"memory": "paper", "locations": 1500})
    began = time.process_time()
    assert "too small" in refusal("dnc-numpy.py", tmp_path / "m.npz")
    assert time.process_time() - began < 1


def test_a_compressed_file_or_one_with_more_in_it_is_refused_at_once(trained, tmp_path):
    arrays, info = parts(trained / "rnn.npz")
    arrays["info"] = np.array(json.dumps(info))
    np.savez_compressed(tmp_path / "m.npz", zeros=np.zeros(10**8, np.int8), **arrays)
    began = time.process_time()
    assert "compressed" in refusal("rnn-numpy.py", tmp_path / "m.npz")
    assert time.process_time() - began < 1
    np.savez(tmp_path / "m.npz", zeros=np.zeros(3), **arrays)
    refusal("rnn-numpy.py", tmp_path / "m.npz")
    np.savez(tmp_path / "m.npz", **arrays | {"info": json.dumps(info | {"unknown": None})})
    assert "its unknown is None" in refusal("rnn-numpy.py", tmp_path / "m.npz")


def test_two_runs_that_save_to_one_name_never_leave_a_torn_file(tmp_path):
    words = [*SMALL, "--check_interval", 1, "--report_interval", 10**6, "--sample_length", 0]
    words += ["--timelimit", 3, "--save", "m.npz"]
    runs = [start("rnn-numpy.py", *words, cwd=tmp_path) for _ in range(2)]
    reads = 0
    while any(run.poll() is None for run in runs):
        if (tmp_path / "m.npz").exists():
            load("rnn-numpy.py").load_model(tmp_path / "m.npz")
            reads += 1
    for run in runs:
        _, error = run.communicate()
        assert (run.returncode, error) == (0, "") or "is there already" in error
    assert reads > 100 and os.listdir(tmp_path) == ["m.npz"]


def test_too_little_memory_for_a_save_costs_a_warning(tmp_path, monkeypatch, capsys):
    module = load("lstm-numpy.py")
    right = module.save_model

    def save_model(path, model, options):
        if model["iteration"] == 10:
            raise MemoryError("none left")
        right(path, model, options)

    monkeypatch.setattr(module, "save_model", save_model)
    words = [*SMALL, "--iters", 20, "--check_interval", 10, "--save", tmp_path / "m.npz"]
    assert module.main([str(word) for word in words]) == 0
    assert "iter 10," in capsys.readouterr().out
    assert contents(tmp_path / "m.npz")[1]["iteration"] == 20


def test_a_symbolic_link_to_a_model_stays_one(tmp_path):
    (tmp_path / "far").mkdir()
    (tmp_path / "m.npz").symlink_to(tmp_path / "far" / "real.npz")
    for more in ([], ["--load", "m.npz"]):
        words = [*SMALL, *more, "--iters", 5 + 5 * len(more), "--save", "m.npz"]
        done = command("rnn-numpy.py", *words, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "m.npz").is_symlink() and os.listdir(tmp_path / "far") == ["real.npz"]
    assert contents(tmp_path / "far" / "real.npz")[1]["iteration"] == 15


def saving(tmp_path, rounds=1):
    """A small model of rnn-numpy.py, saved so often at m.npz -> the module, model and options."""
    module = load("rnn-numpy.py")
    options, _ = module.read_options([*SMALL, "--save", str(tmp_path / "m.npz")])
    model = module.new_model("ab", options, 1)
    for _ in range(rounds):
        module.save_model(options["save"], model, options)
    return module, model, options


def test_a_file_that_is_held_for_a_moment_is_tried_again(tmp_path, monkeypatch):
    """As a virus scanner on Windows does."""
    module, model, options = saving(tmp_path)
    model["iteration"] = 7
    replace, tries = os.replace, []

    def held_once(*paths):
        tries.append(paths)
        if len(tries) == 1:
            raise PermissionError(13, "held")
        replace(*paths)

    monkeypatch.setattr(os, "replace", held_once)
    module.save_model(options["save"], model, options)
    assert len(tries) == 2 and os.listdir(tmp_path) == ["m.npz"]
    assert module.load_model(options["save"])[0]["iteration"] == 7


def test_a_save_that_fails_leaves_the_old_model_and_nothing_else(tmp_path, monkeypatch):
    module, model, options = saving(tmp_path)
    before = (tmp_path / "m.npz").read_bytes()
    model["iteration"] = 7
    for name, module_of in (("replace", os), ("savez", np), ("fsync", os)):
        with monkeypatch.context() as patch:
            patch.setattr(module_of, name, lambda *args, **more: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                module.save_model(options["save"], model, options)
        assert (tmp_path / "m.npz").read_bytes() == before and os.listdir(tmp_path) == ["m.npz"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs FIFOs")
def test_a_fifo_is_neither_saved_over_nor_waited_for(tmp_path):
    for name in ("m.npz", "m.npz.partial", "m.npz.tmp"):
        os.mkfifo(tmp_path / name)
    done = command("rnn-numpy.py", *SMALL, "--iters", 3, "--save", "m.npz", cwd=tmp_path)
    assert done.returncode == 2 and "m.npz is there already" in done.stderr
    assert command("rnn-numpy.py", *SMALL, "--iters", 3, "--save", "n.npz", cwd=tmp_path).returncode == 0
    assert sorted(os.listdir(tmp_path)) == ["m.npz", "m.npz.partial", "m.npz.tmp", "n.npz"]


def test_a_resumed_run_prints_no_seed(trained, tmp_path):
    done = command("rnn-numpy.py", "--load", trained / "rnn.npz", "--iters", 305, cwd=tmp_path)
    assert "seed" not in done.stdout and "from iteration 300" in done.stdout
    assert "seed 1" in command("rnn-numpy.py", *SMALL, "--iters", 1, cwd=tmp_path).stdout


class Bomb:
    """Touches a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


def test_a_pickle_in_a_file_never_runs(trained, tmp_path):
    mark = tmp_path / "mark"
    bomb = Bomb(str(mark))
    (tmp_path / "raw.npz").write_bytes(pickle.dumps(bomb))
    with np.load(trained / "rnn.npz") as file:
        arrays = dict(file)
    np.savez(tmp_path / "inside.npz", **arrays | {"params_Wxh": np.array([bomb], dtype=object)})
    with zipfile.ZipFile(tmp_path / "member.npz", "w") as file:
        file.writestr("info.npy", pickle.dumps(bomb))
    for name in ("raw.npz", "inside.npz", "member.npz"):
        done = command("rnn-numpy.py", "--load", name, "--sample", 3, cwd=tmp_path)
        assert done.returncode == 2 and is_one_line(done.stderr, "rnn-numpy.py")
    assert not mark.exists()


def test_fuzzed_files_are_refused_or_sound(trained, tmp_path):
    """Random truncations, flipped bytes and swapped arrays; ten times as many with DNC_FUZZ=15000."""
    rnn, rng = load("rnn-numpy.py"), random.Random(1)
    raw, path = (trained / "rnn.npz").read_bytes(), tmp_path / "m.npz"
    trials = int(os.environ.get("DNC_FUZZ", 1500))
    with np.load(trained / "rnn.npz") as file:
        arrays = dict(file)
    refused = 0
    for trial in range(trials):
        if trial % 10 == 0:
            one, two = rng.sample(sorted(arrays), 2)
            file = io.BytesIO()
            np.savez(file, **arrays | {one: arrays[two], two: arrays[one]})
            changed = file.getvalue()
        elif trial % 10 < 3:
            changed = raw[: rng.randrange(len(raw))]
        else:
            changed = bytearray(raw)
            for _ in range(rng.choice((1, 1, 2, 20))):
                changed[rng.randrange(len(raw))] = rng.randrange(256)
        path.write_bytes(changed)
        try:
            rnn.load_model(path)
        except rnn.UserError as error:
            assert "\n" not in str(error)
            refused += 1
        else:
            if trial % 10:  # two arrays of one shape may change places, all else is what was saved
                assert_same_model(path, trained / "rnn.npz")
    assert 2 / 3 < refused / trials < 1  # flips in the time stamps of the archive change nothing


def test_kill_9_at_any_moment_leaves_a_whole_model(text, tmp_path):
    """Fifteen kills here; a hundred with DNC_KILLS=100."""
    words = ["--check_interval", 1, "--report_interval", 1, "--sample_length", 1, "--save", "m.npz"]
    first = command("rnn-numpy.py", text, *SMALL, *words, "--iters", 2, cwd=tmp_path)
    assert first.returncode == 0
    rng, before = random.Random(2), 2
    for _ in range(int(os.environ.get("DNC_KILLS", 15))):
        run = start("rnn-numpy.py", "--load", "m.npz", *words, cwd=tmp_path)
        run.stdout.readline()
        time.sleep(rng.random() * 0.1)
        run.kill()
        run.communicate()
        done = contents(tmp_path / "m.npz")[1]["iteration"]
        assert done >= before
        before = done
    assert before > 20
    assert command("rnn-numpy.py", "--load", "m.npz", "--sample", 3, cwd=tmp_path).returncode == 0


def test_a_full_disk_loses_nothing(text, tmp_path):
    """A limit on the size of files stands for the full disk: it comes down while the run goes on."""
    words = ["--check_interval", 5, "--report_interval", 5, "--save", "m.npz", "--iters", 200]
    command("rnn-numpy.py", text, *SMALL, *words[:-2], "--iters", 5, cwd=tmp_path)
    good = (tmp_path / "m.npz").read_bytes()
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))  # noqa: E731
    words += ["--load", "m.npz"]
    done = command("rnn-numpy.py", text, *words, cwd=tmp_path, preexec_fn=limit)
    assert done.returncode == 2 and (tmp_path / "m.npz").read_bytes() == good
    run = start("rnn-numpy.py", text, *words, "--iters", 4000, cwd=tmp_path)
    while not log_lines(run.stdout.readline()):
        pass
    resource.prlimit(run.pid, resource.RLIMIT_FSIZE, (2000, 2000))
    output, error = run.communicate(timeout=60)
    newest = contents(tmp_path / "m.npz")[1]["iteration"]
    problem = "is not saved to m.npz: [Errno 27] File too large"
    *warnings, last = error.splitlines()  # the run went on, and fails at its end
    assert len(warnings) > 10 and warnings[-1] == f"rnn-numpy.py: warning: iteration 4000 {problem}"
    not_saved = "iteration 4000 is not saved to m.npz; the warning above says why"
    assert run.returncode == 2 and last == f"rnn-numpy.py: error: {not_saved}"
    assert newest < 4000 and os.listdir(tmp_path) == ["m.npz"]  # and no unfinished file beside it
    assert "iter 4000," in output and output.count("----\n") >= 2 * len(warnings)  # nothing else was lost


@pytest.mark.parametrize("memory", ["content", "paper"])
def test_a_long_run_stays_finite_and_flat_in_memory(memory, tmp_path):
    """A thousand iterations with a high learning rate; 200,000 with DNC_ITERS=200000."""
    iters = int(os.environ.get("DNC_ITERS", 1000))
    words = ["--memory", memory, "--iters", iters, "--lr", 1, "--report_interval", iters // 4, *SMALL]
    words = [sys.executable, ROOT / "dnc-numpy.py", *map(str, words)]
    run = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=tmp_path)
    sizes = []
    for line in run.stdout:
        assert "nan" not in line
        if log_lines(line) and os.path.exists("/proc"):
            pages = Path(f"/proc/{run.pid}/statm").read_text().split()
            sizes.append(int(pages[1]) * resource.getpagesize() if len(pages) > 1 else sizes[-1])
    assert run.wait() == 0
    assert not sizes or sizes[-1] < 1.05 * sizes[0] + (1 << 20)


def test_a_large_text_costs_little_memory(tmp_path):
    """20 MB of text: at most eight times its size on top of what a small text takes."""
    peaks = []
    for size in (10**5, 2 * 10**7):
        (tmp_path / "text.txt").write_bytes(
            (ROOT / "data" / "missing-hour.txt").read_bytes()[:1000] * (size // 1000)
        )
        words = [sys.executable, ROOT / "rnn-numpy.py", "text.txt", "--iters", "1"]
        run = subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(run.pid, 0)
        assert status == 0
        peaks.append(usage.ru_maxrss * 1024)
    assert peaks[1] - peaks[0] < 8 * 2 * 10**7


@pytest.mark.parametrize("script", SCRIPTS[2:])
def test_a_model_may_be_tried_on_a_memory_of_another_size_but_not_trained_on(script, text, tmp_path):
    words = [*SMALL, "--memory", "paper", "--iters", 20, "--no-gradcheck", "--save", "m.npz"]
    assert command(script, *words, cwd=tmp_path).returncode == 0
    words = [text, "--load", "m.npz", "--locations", 20]
    tries = [["--sample", 5, "--prime", "The"], ["--evaluate"]]
    for more in tries if script == "dnc-numpy.py" else [*tries, ["--view", "The"]]:
        done = command(script, *words, *more, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (0, "")
    done = command(script, *words, "--iters", 30, cwd=tmp_path)
    assert done.returncode == 2 and "--locations 20 contradicts m.npz: 16" in done.stderr

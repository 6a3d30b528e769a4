"""The scripts as a person uses them: as commands, with their output, files and exit statuses."""

import io
import itertools
import math
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from helpers import DEBUG_LINE, LOG_LINE, ROOT, SCRIPTS, SMALL, command, is_one_line, load, log_lines, start


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_run_reports_and_ends_with_a_sample(script, tmp_path):
    done = command(script, *SMALL, "--iters", 25, "--report_interval", 10, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    lines = log_lines(done.stdout)
    pattern = DEBUG_LINE if script == "dnc-debug.py" else LOG_LINE
    assert all(pattern.match(line) for line in lines)
    assert [re.search(r"iter (\d+)", line)[1] for line in lines] == ["10", "20", "25"]
    text = done.stdout.split("----\n")[-2]
    assert len(text) == 31 and text.endswith("\n")


def test_the_debug_script_shows_its_instruments_and_keeps_its_logs(tmp_path):
    done = command("dnc-debug.py", *SMALL, "--iters", 20, "--check_interval", 10, cwd=tmp_path)
    head, first = done.stdout.split(" 0: ")[:2]
    assert "Wxh:" in head and "# 10/" in head
    assert "the gradient is right" in first and "sample: " in first
    assert np.loadtxt(tmp_path / "dnc-debug.py.dat", ndmin=2).shape == (2, 4)
    assert (tmp_path / "dnc-debug.py.dat").read_text().startswith("#")
    checks = (tmp_path / "gradcheck.log").read_text()
    assert re.findall(r"^iter (\d+)$", checks, re.M) == ["0", "10", "20"] and checks.count("Wxh:") == 3
    assert (tmp_path / "sample.log").read_text().startswith("iter 10\n")
    samples = re.split(r"iter (?:10|20)\n", (tmp_path / "sample.log").read_text())
    assert [len(sample) for sample in samples] == [0, 32, 32]


def test_the_checks_of_the_debug_script_can_be_switched_off(tmp_path):
    done = command("dnc-debug.py", *SMALL, "--iters", 20, "--no-gradcheck", cwd=tmp_path)
    assert done.returncode == 0 and "Wxh" not in done.stdout
    assert not (tmp_path / "gradcheck.log").exists()


@pytest.mark.parametrize("script", SCRIPTS[:3])
def test_fname_gets_columns(script, tmp_path):
    command(script, *SMALL, "--iters", 30, "--report_interval", 10, "--fname", "log.dat", cwd=tmp_path)
    columns = np.loadtxt(tmp_path / "log.dat")
    assert columns[:, 0].tolist() == [10, 20, 30]
    assert (np.diff(columns[:, 1]) >= 0).all() and (columns[:, 2] < 7).all()
    assert columns.shape == (3, 4) and np.isnan(columns[:, 3]).all()  # nothing was kept for validation


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_fourth_column_is_what_validation_gave_where_it_was_measured(script, tmp_path):
    words = ["--iters", 30, "--report_interval", 10, "--check_interval", 20, "--holdout", 0.1]
    done = command(script, *SMALL, *words, "--no-gradcheck", "--fname", "log.dat", cwd=tmp_path)
    printed = re.findall(r"^validation: ([\d.]+) BPC$", done.stdout, re.M)
    iterations, *_, validation = np.loadtxt(tmp_path / "log.dat", unpack=True)
    assert iterations.tolist() == [10, 20, 30] and len(printed) == 2
    assert np.isnan(validation[0])
    assert validation[1:] == pytest.approx([float(figure) for figure in printed], abs=1e-4)


def test_fname_holds_any_name_of_a_text(tmp_path):
    (tmp_path / os.fsdecode(b"\xff.txt")).write_text("what it says" * 9)
    words = [os.fsdecode(b"\xff.txt"), *SMALL, "--iters", 3, "--fname", "log.dat"]
    assert command("rnn-numpy.py", *words, cwd=tmp_path).returncode == 0
    assert b"\xff.txt" in (tmp_path / "log.dat").read_bytes()


def test_a_log_that_is_there_is_added_to(tmp_path):
    (tmp_path / "log.dat").write_text("# by hand\n")
    for _ in range(2):
        command("rnn-numpy.py", *SMALL, "--iters", 3, "--fname", "log.dat", cwd=tmp_path)
    lines = (tmp_path / "log.dat").read_text().splitlines()
    assert lines[0] == "# by hand"
    assert [line.startswith("# rnn-numpy.py, ") for line in lines[1:]] == [True, False] * 2
    assert np.loadtxt(tmp_path / "log.dat")[:, 0].tolist() == [3, 3]


@pytest.mark.parametrize("script", SCRIPTS)
def test_gradcheck_prints_the_table_and_passes(script, tmp_path):
    done = command(script, *SMALL, "--gradcheck", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    rows = re.findall(r"^(W\w+|b[hy]):\s+n = .* max (\S+)$", done.stdout, re.M)
    assert len(rows) == {"rnn-numpy.py": 5, "lstm-numpy.py": 5}.get(script, 11)
    assert all(float(worst) < 1e-7 for _, worst in rows)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("script", SCRIPTS[2:])
def test_gradcheck_of_the_complete_memory_has_eighteen_rows(script, tmp_path):
    done = command(script, *SMALL, "--memory", "paper", "--heads", 2, "--gradcheck", cwd=tmp_path)
    assert done.returncode == 0
    assert len(re.findall(r"^\w+:\s+n = ", done.stdout, re.M)) == 18


def test_gradcheck_fails_on_a_wrong_gradient(tmp_path):
    source = (ROOT / "rnn-numpy.py").read_text()
    spoilt = source.replace("dh_next = Whh_T.dot(dz[t])", "dh_next = -Whh_T.dot(dz[t])")
    assert spoilt != source
    (tmp_path / "rnn-numpy.py").write_text(spoilt)
    text = ROOT / "data" / "missing-hour.txt"
    words = [sys.executable, "rnn-numpy.py", text, *SMALL, "--gradcheck", "--init_scale", "1"]
    done = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1 and "Whh:" in done.stdout


def test_one_script_alone_is_enough(tmp_path):
    shutil.copy(ROOT / "lstm-numpy.py", tmp_path)
    (tmp_path / "text.txt").write_text("abcabcabc " * 20)
    done = subprocess.run(
        [sys.executable, "lstm-numpy.py", "text.txt", "--iters", "5"], cwd=tmp_path, capture_output=True
    )
    assert done.returncode == 0


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_time_limit_is_kept_to_the_iteration(script, tmp_path):
    began = time.perf_counter()
    done = command(script, "--timelimit", 0.5, "--no-gradcheck", "--report_interval", 10**6, cwd=tmp_path)
    assert done.returncode == 0 and time.perf_counter() - began < 10
    (line,) = log_lines(done.stdout)
    assert 0.5 <= float(re.search(r"([\d.]+) s", line)[1]) < 1.5


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_seed_makes_a_run_repeatable(script, tmp_path):
    outputs = []
    for k in range(2):
        folder = tmp_path / str(k)
        folder.mkdir()
        done = command(script, *SMALL, "--iters", 40, "--check_interval", 20, cwd=folder)
        outputs.append(re.sub(r"[\d.]+ s, |[\d.]+ char/s", "", done.stdout))
    assert outputs[0] == outputs[1] and "BPC" in outputs[0]


def test_runs_differ_without_a_seed(tmp_path):
    words = [*SMALL[:6], "--iters", "20"]
    assert len({command("rnn-numpy.py", *words, cwd=tmp_path).stdout for _ in range(2)}) == 2


def test_fp64_changes_the_type_and_can_be_switched_off(tmp_path):
    for word, size in (("--fp64", 8), ("--no-fp64", 4)):
        command("rnn-numpy.py", *SMALL, "--iters", 3, word, "--save", f"{size}.npz", cwd=tmp_path)
        assert np.load(tmp_path / f"{size}.npz")["params_Wxh"].dtype.itemsize == size


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize(("name", "status"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_signals_end_a_run_cleanly(script, name, status, tmp_path):
    run = start(script, *SMALL, "--report_interval", 5, "--check_interval", 1000, cwd=tmp_path)
    while not log_lines(run.stdout.readline()):
        pass
    run.send_signal(getattr(signal, name))
    output, error = run.communicate(timeout=30)
    assert (run.returncode, error) == (status, "")
    assert output.count("----\n") >= 2  # the closing sample
    assert log_lines(output)  # where it stood


def test_a_closed_pipe_ends_quietly(tmp_path):
    words = ["--report_interval", 2, "--check_interval", 2, "--save", "m.npz"]
    run = start("rnn-numpy.py", *SMALL, *words, cwd=tmp_path)
    for _ in range(7):
        run.stdout.readline()
    run.stdout.close()
    assert run.stderr.read() == ""
    assert run.wait(timeout=30) == 141  # 128 + SIGPIPE
    assert np.load(tmp_path / "m.npz")["pointers"].max() < 1 << 60  # a whole model, after some iterations


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_pipe_that_nobody_reads_ends_quietly_without_training_too(script):
    """With the buffer that Python has by default, which PYTHONUNBUFFERED takes away."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    words = ["--gradcheck", "--hidden", 4, "--batchsize", 2, "--seqlength", 3]
    run = start(script, *words, env=environment)
    run.stdout.close()
    assert (run.stderr.read(), run.wait(timeout=60)) == ("", 141)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_full_disk_behind_standard_output_is_one_line(tmp_path):
    words = [sys.executable, ROOT / "rnn-numpy.py", *SMALL, "--iters", "20", "--save", "m.npz"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(words, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2 and is_one_line(done.stderr, "rnn-numpy.py")
    assert "No space left on device" in done.stderr
    assert not (tmp_path / "m.npz").exists()  # it had not begun


def test_a_full_disk_behind_standard_output_costs_no_row_of_the_log(tmp_path, monkeypatch):
    class Full(io.StringIO):
        def write(self, text):
            raise OSError("no space left")

    module = load("lstm-numpy.py")
    right = module.train

    def train(*args):  # from the first batch on
        monkeypatch.setattr(sys, "stdout", Full())
        return right(*args)

    monkeypatch.setattr(module, "train", train)
    words = [*SMALL, "--iters", "30", "--report_interval", "10", "--fname", tmp_path / "log.dat"]
    words += ["--holdout", "0.1"]
    assert module.main([str(word) for word in words]) == 0
    monkeypatch.undo()
    rows = np.loadtxt(tmp_path / "log.dat")
    assert rows[:, 0].tolist() == [10, 20, 30] and np.isfinite(rows[:, 3]).tolist() == [False, False, True]


def test_a_log_that_can_no_longer_be_written_is_warned_of_and_the_run_goes_on(tmp_path):
    (tmp_path / "logs").mkdir()
    words = ["--iters", 4000, "--report_interval", 3, "--fname", "logs/a.dat", "--save", "m.npz"]
    run = start("rnn-numpy.py", *SMALL, *words, cwd=tmp_path)
    while not log_lines(run.stdout.readline()):
        pass
    (tmp_path / "logs").rename(tmp_path / "elsewhere")
    output, error = run.communicate(timeout=60)
    missing = "[Errno 2] No such file or directory: 'logs/a.dat'"
    assert set(error.splitlines()) == {f"rnn-numpy.py: warning: {missing}"}
    assert run.returncode == 0 and "iter 4000," in output and np.load(tmp_path / "m.npz")


MISTAKES = [  # that one can make with every script
    (["nosuch.txt"], "No such file or directory: '.*nosuch.txt'"),
    (["folder"], "Is a directory: '.*folder'"),
    (["empty.txt"], "empty.txt has 0 characters; give a text"),
    (["short.txt"], r"short.txt: 10 characters to learn from, --seqlength needs 26"),
    (["latin.txt"], "is not UTF-8 text; --bytes"),
    (["--hidden", "0"], r"--hidden must be from 1 to 10{12}, not 0"),
    (["--hidden", "-3"], "--hidden must be from 1 to .*, not -3"),
    (["--hidden", "2.5"], "--hidden: invalid int value: '2.5'"),
    (["--batchsize", "0"], "--batchsize must be"),
    (["--seqlength", "none"], "--seqlength: invalid int value: 'none'"),
    (["--iters", "0"], "--iters must be"),
    (["--lr", "nan"], r"--lr must be from 0 to 10{12}, not nan"),
    (["--lr", "-1"], "--lr must be from 0 to .*, not -1"),
    (["--lr", "inf"], "--lr must be"),
    (["--clip", "-1"], "--clip must be"),
    (["--restart", "-0.1"], "--restart must be"),
    (["--timelimit", "-1"], "--timelimit must be"),
    (["--seed", "-1"], "--seed must be"),
    (["--holdout", "1.5"], "--holdout must be from 0 to 1, not 1.5"),
    (["--restart", "2"], "--restart must be from 0 to 1, not 2.0"),
    (["--holdout", "1"], ": 0 characters to learn from"),
    (["--fname", "nosuch/log.dat"], "No such file or directory: 'nosuch/log.dat'"),
    (["--fname", "folder"], "Is a directory: 'folder'"),
    (["text.txt", "--fname", "text.txt"], "text.txt is (the text or a model of|what) this run"),
    (["text.txt", "--save", "text.txt"], "text.txt is there already; --load it to go on with it"),
    (["--save", "nosuch/m.npz"], "--save nosuch/m.npz: nothing can be written there"),
    (["--save", "folder"], "folder is there already"),
    (["--save", "/dev/null"], "/dev/null is there already"),
    (["--load", "nosuch.npz"], "No such file or directory: 'nosuch.npz'"),
    (["--fname", "same", "--save", "same"], "same is the text or a model of this run"),
    (["--fname", "same", "--save", "folder/../same"], "same is (the text or a model of|what) this run"),
    (["--fname", "same", "--save", "{here}/same"], "same is (the text or a model of|what) this run"),
    (["--sample", "10"], "--sample and --evaluate need --load"),
    (["--evaluate"], "--sample and --evaluate need --load"),
    (["--prime", "The"], "--prime needs --sample"),
    (["--hiden", "3"], "unrecognized arguments: --hiden"),
    (["text.txt", "more.txt"], "unrecognized arguments: more.txt"),
    (["--hidden", "500000000"], "Unable to allocate"),
    (["--hidden", "9223372036854775808"], "--hidden must be from 1 to"),
    (["--lr", "1e13"], "--lr must be from 0 to"),
    (["--load", ""], "an option is empty; was a variable of the shell not set"),
    (["--save", ""], "an option is empty"),
    (["--fname", ""], "an option is empty"),
    (["--prime", ""], "an option is empty"),
    (["--save", "."], ". is there already"),
    (["text.txt", "--fname", "hard.txt"], "is (the text or a model of|what) this run"),
]
OWN_MISTAKES = [
    ("rnn-numpy.py", ["--cell", "squashed"], "unrecognized arguments: --cell"),
    ("lstm-numpy.py", ["--cell", "x"], "--cell: invalid choice: 'x'"),
    ("lstm-numpy.py", ["--memory", "paper"], "unrecognized arguments: --memory"),
    ("dnc-numpy.py", ["--memory", "x"], "--memory: invalid choice: 'x'"),
    ("dnc-numpy.py", ["--heads", "2"], "the content memory has one read head; for more add --memory paper"),
    ("dnc-numpy.py", ["--width", "0"], "--width must be from 1 to"),
    ("dnc-numpy.py", ["--view", "x"], "unrecognized arguments: --view"),
    ("dnc-debug.py", ["--heads", "0"], "--heads must be from 1 to"),
    ("dnc-debug.py", ["--locations", "0"], "--locations must be from 1 to"),
    ("dnc-debug.py", ["--width", "100000000"], "--width must be from 1 to 1000000"),
]
# What answers them is the same text in each script, so each is made with one, in rotation
ROTATED = [(script, *case) for script, case in zip(itertools.cycle(SCRIPTS), MISTAKES)]


@pytest.mark.parametrize(("script", "words", "expected"), [*ROTATED, *OWN_MISTAKES])
def test_a_mistake_is_one_clear_line(script, words, expected, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty.txt").write_bytes(b"")
    (tmp_path / "short.txt").write_bytes(b"0123456789")
    (tmp_path / "text.txt").write_bytes(b"0123456789" * 10)
    (tmp_path / "latin.txt").write_bytes("déjà vu ".encode("latin-1") * 10)
    (tmp_path / "hard.txt").hardlink_to(tmp_path / "text.txt")
    words = [word.replace("{here}", str(tmp_path)) for word in words]
    words = [*words, "--seqlength", "25"] if "--seqlength" not in words else words
    done = command(script, *words, "--timelimit", "5" if "--timelimit" not in words else "-1", cwd=tmp_path)
    assert done.returncode == 2 and done.stdout == ""
    assert is_one_line(done.stderr, script) and re.search(expected, done.stderr)
    assert (tmp_path / "text.txt").read_bytes() == b"0123456789" * 10


@pytest.mark.parametrize("script", SCRIPTS)
def test_the_shortest_text_that_a_batch_fits_in(script, tmp_path):
    """5 steps and a target for the last: 6 characters, those kept for validation not counted."""
    (tmp_path / "six.txt").write_text("012345")
    (tmp_path / "eight.txt").write_text("01234567")
    (tmp_path / "five.txt").write_text("01234")
    words = [*SMALL, "--iters", 2, "--no-gradcheck"]
    for text, *more in (["six.txt"], ["eight.txt", "--holdout", 0.3]):
        assert command(script, text, *words, *more, cwd=tmp_path).returncode == 0
    for text, *more in (["five.txt"], ["eight.txt", "--holdout", 0.4]):
        done = command(script, text, *words, *more, cwd=tmp_path)
        assert done.returncode == 2 and is_one_line(done.stderr, script)
        assert f"{text}: 5 characters to learn from, --seqlength needs 6" in done.stderr


@pytest.mark.skipif(
    os.name == "nt" or os.geteuid() == 0, reason="the superuser may read and write everything"
)
def test_what_may_not_be_read_or_written_is_one_clear_line(tmp_path):
    secret, folder = tmp_path / "secret.txt", tmp_path / "locked"
    secret.write_text("abc" * 100)
    secret.chmod(0)
    folder.mkdir()
    folder.chmod(0o500)
    for words, message in (
        (["secret.txt"], "Permission denied"),
        (["--fname", "locked/log.dat"], "Permission denied"),
        (["--save", "locked/m.npz"], "nothing can be written there"),
    ):
        done = command("rnn-numpy.py", *words, "--timelimit", "5", cwd=tmp_path)
        assert done.returncode == 2 and is_one_line(done.stderr, "rnn-numpy.py")
        assert message in done.stderr


DIVERGING = ["--lr", "100", "--clip", "0", "--no-gradcheck", "--report_interval", "1000000"]


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_run_that_diverges_ends_with_one_line_and_leaves_no_model(script, tmp_path):
    words = [*SMALL, "--save", "m.npz", "--iters", "5000"]
    done = command(script, *words, *DIVERGING, cwd=tmp_path)
    assert done.returncode == 2 and is_one_line(done.stderr, script)
    assert re.search(r"diverged in iteration \d+, at .* BPC; try a smaller --lr, or --clip 0.2", done.stderr)
    assert not list(tmp_path.glob("m.npz*"))
    done = command(script, *words[:-1], "20", "--no-gradcheck", cwd=tmp_path)  # the corrected command
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_loss_that_is_no_number_ends_the_run_at_once(script, monkeypatch, tmp_path):
    module = load(script)
    monkeypatch.chdir(tmp_path)
    right = module.train
    monkeypatch.setattr(module, "train", lambda *args: (math.nan, *right(*args)[1:]))
    with pytest.raises(module.UserError, match="diverged in iteration 1, at nan BPC"):
        module.main([str(word) for word in SMALL] + ["--iters", "5", "--no-gradcheck"])


def test_a_run_that_diverges_leaves_the_model_that_was_saved_before(tmp_path):
    command("lstm-numpy.py", *SMALL, "--iters", 20, "--save", "m.npz", cwd=tmp_path)
    good = (tmp_path / "m.npz").read_bytes()
    words = ["--load", "m.npz", "--save", "m.npz", "--iters", 5000, *DIVERGING]
    done = command("lstm-numpy.py", *words, cwd=tmp_path)
    assert done.returncode == 2 and is_one_line(done.stderr, "lstm-numpy.py")
    assert (tmp_path / "m.npz").read_bytes() == good
    assert command("lstm-numpy.py", "--load", "m.npz", "--sample", 5, cwd=tmp_path).returncode == 0


@pytest.mark.parametrize("scale, right", [(0.45, True), (1, False)])
def test_a_model_is_saved_only_if_it_can_be_loaded(scale, right, tmp_path):
    """Gradients explode: Adagrad's accumulators are over 1e18, which does no harm, or not finite."""
    words = ["--init_scale", scale, "--clip", 0, "--hidden", 32, "--seqlength", 100, "--batchsize", 4]
    done = command("rnn-numpy.py", *words, "--iters", 3, "--seed", 1, "--save", "m.npz", cwd=tmp_path)
    if right:
        assert done.returncode == 0
        assert command("rnn-numpy.py", "--load", "m.npz", "--iters", 6, cwd=tmp_path).returncode == 0
    else:
        assert done.returncode == 2 and is_one_line(done.stderr, "rnn-numpy.py")
        assert re.search("diverged in iteration 3, at .* BPC; try", done.stderr)
        assert not os.listdir(tmp_path)


def test_iterations_of_a_loaded_model_count(tmp_path):
    command("rnn-numpy.py", *SMALL, "--iters", 30, "--save", "m.npz", cwd=tmp_path)
    done = command("rnn-numpy.py", "--load", "m.npz", "--iters", 30, cwd=tmp_path)
    assert (
        done.returncode == 0 and "nothing to do: --iters counts the 30 iterations of the model" in done.stdout
    )


def test_help_names_every_option_with_its_default():
    text = " ".join(command("dnc-debug.py", "--help").stdout.split())
    for name in ("batchsize", "hidden", "seqlength", "lr", "check_interval", "memory", "timelimit"):
        assert re.search(rf"--{name} \S+ [^()]*\(default: \S+\)", text), name


def test_chinese_and_other_alphabets(tmp_path):
    text = "道可道，非常道。名可名，非常名。😀 café\n"
    (tmp_path / "text.txt").write_text(text * 20, encoding="utf-8")
    environment = os.environ | {"PYTHONIOENCODING": "utf-8"}
    done = command("rnn-numpy.py", "text.txt", *SMALL, "--iters", 300, cwd=tmp_path, env=environment)
    assert done.returncode == 0 and f"{len(set(text))} different" in done.stdout
    assert set(done.stdout.split("----\n")[1]) <= set(text)
    environment = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    plain = command("rnn-numpy.py", "text.txt", *SMALL, "--iters", 1, cwd=tmp_path, env=environment)
    assert (plain.returncode, plain.stderr) == (0, "")


def test_bytes_read_any_file(tmp_path):
    (tmp_path / "noise.bin").write_bytes(bytes(range(256)) * 4)
    done = command("rnn-numpy.py", "noise.bin", *SMALL, "--bytes", "--iters", 1, cwd=tmp_path)
    assert done.returncode == 0 and "1024 characters, 256 different" in done.stdout
    first = float(re.search(r"([\d.]+) BPC", done.stdout)[1])
    assert first == pytest.approx(8, abs=0.01)


def test_importing_a_script_only_defines(tmp_path):
    for script in SCRIPTS:
        words = (
            f"import runpy, os; e = dict(os.environ); runpy.run_path({str(ROOT / script)!r}, run_name='m')"
        )
        words += "; assert e == dict(os.environ)"
        done = subprocess.run([sys.executable, "-c", words], cwd=tmp_path, capture_output=True, text=True)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert not list(tmp_path.iterdir())


def test_a_closed_terminal_leaves_a_model_and_under_nohup_the_run_goes_on(tmp_path):
    for ignored in (False, True):
        words = [*SMALL, "--report_interval", 50, "--iters", 3000, "--save", f"{ignored}.npz"]
        ignore = (lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)) if ignored else None
        run = start("rnn-numpy.py", *words, cwd=tmp_path, preexec_fn=ignore)
        while not log_lines(run.stdout.readline()):
            pass
        run.send_signal(signal.SIGHUP)
        output, error = run.communicate(timeout=60)
        assert (run.returncode, error) == (0 if ignored else 129, "")
        assert ("iter 3000," in output) == ignored and (tmp_path / f"{ignored}.npz").exists()


@pytest.mark.parametrize("script", SCRIPTS)
def test_without_docstrings_and_without_standard_output(script, tmp_path):
    words = [*SMALL, "--iters", 3, "--no-gradcheck", "--save", "m.npz"]
    done = command(script, *words, python=["-OO"], cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "") and "iter 3," in done.stdout
    (tmp_path / "m.npz").unlink()
    done = command(script, *words, cwd=tmp_path, preexec_fn=lambda: os.close(1))
    assert (done.returncode, done.stderr) == (0, "") and (tmp_path / "m.npz").exists()


def test_standard_output_may_be_a_notebooks(tmp_path):
    """Jupyter's %run has a stream that is not a TextIOWrapper."""
    code = "import io, runpy, sys; sys.stdout = io.StringIO(); sys.argv = sys.argv[1:]\n"
    code += "try: runpy.run_path(sys.argv[0], run_name='__main__')\n"
    code += "finally: sys.stderr.write(sys.stdout.getvalue())"
    words = [sys.executable, "-c", code, ROOT / "rnn-numpy.py", *SMALL, "--iters", "3"]
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0 and "iter 3," in done.stderr
    words[2] = words[2].replace("finally", "except SystemExit: print('still a notebook')\nfinally")
    words[2] += "\nimport signal; print(signal.getsignal(signal.SIGINT).__name__, file=sys.stderr)"
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path)
    assert done.stderr.endswith("default_int_handler\n")  # Ctrl-C in a later cell is for that cell
    words[2] = words[2].replace("SystemExit", "BaseException")
    for more in (["--hidden", "0"], [*DIVERGING, "--iters", "5000"]):
        done = subprocess.run([*words, *more], capture_output=True, text=True, cwd=tmp_path)
        assert "still a notebook" in done.stderr  # what is printed after an error is seen
        assert done.stderr.endswith("default_int_handler\n")


def test_after_ctrl_c_an_interpreter_that_goes_on_can_print(tmp_path):
    code = "import runpy, sys; sys.argv = sys.argv[1:]\n"
    code += "try: runpy.run_path(sys.argv[0], run_name='__main__')\n"
    code += "except SystemExit as ending: print('ended with', ending.code)"
    words = [sys.executable, "-c", code, ROOT / "dnc-numpy.py", *map(str, SMALL), "--report_interval", "1"]
    run = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=tmp_path)
    while not log_lines(run.stdout.readline()):
        pass
    run.send_signal(signal.SIGINT)
    output, _ = run.communicate(timeout=60)
    assert output.endswith("ended with 130\n")


@pytest.mark.parametrize("locale", [{"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}, {"LC_ALL": "C.UTF-8"}])
def test_a_prime_is_read_in_any_locale(locale, tmp_path):
    (tmp_path / "text.txt").write_text("né café € " * 50, encoding="utf-8")
    environment = os.environ | {"PYTHONUTF8": "0"} | locale
    for more in ([], ["--bytes"]):
        model = f"{len(more)}.npz"
        command("rnn-numpy.py", "text.txt", *SMALL, *more, "--iters", 5, "--save", model, cwd=tmp_path)
        words = ["--load", model, "--sample", 5, "--prime", "né €"]
        done = command("rnn-numpy.py", *words, cwd=tmp_path, env=environment)
        assert (done.returncode, done.stderr) == (0, "")
    words = ["text.txt", *SMALL, "--iters", 3, "--no-gradcheck", "--view", "né €"]
    done = command("dnc-debug.py", *words, cwd=tmp_path, env=environment)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-8"])
def test_a_mark_of_the_byte_order_is_no_letter(encoding, tmp_path):
    (tmp_path / "text.txt").write_text("né café € " * 50, encoding=encoding)
    done = command("lstm-numpy.py", "text.txt", *SMALL, "--iters", 1, cwd=tmp_path)
    assert done.returncode == 0 and "500 characters, 7 different" in done.stdout


def test_a_text_without_end_is_one_line(tmp_path):
    limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))  # noqa: E731
    done = command("rnn-numpy.py", "/dev/zero", cwd=tmp_path, preexec_fn=limit)
    assert done.returncode == 2 and is_one_line(done.stderr, "rnn-numpy.py")
    assert "too little memory for this text or model" in done.stderr


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_behind_a_symbolic_link_finds_its_text(script, tmp_path):
    (tmp_path / script).symlink_to(ROOT / script)
    words = [sys.executable, script, *SMALL, "--iters", "2", "--no-gradcheck"]
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0 and "from missing-hour.txt" in done.stdout


@pytest.mark.parametrize("name", ["gradcheck.log", "sample.log", "dnc-debug.py.dat"])
def test_the_debug_script_does_not_write_into_its_text(name, tmp_path):
    (tmp_path / name).write_text("what it says " * 30)
    (tmp_path / "hard.txt").hardlink_to(tmp_path / name)
    for text in (name, "hard.txt"):
        done = command("dnc-debug.py", text, *SMALL, "--iters", 3, cwd=tmp_path)
        assert done.returncode == 2 and is_one_line(done.stderr, "dnc-debug.py")
        assert (tmp_path / name).read_text() == "what it says " * 30


def test_the_debug_script_goes_on_without_logs_where_it_cannot_write(tmp_path):
    (tmp_path / "dnc-debug.py.dat").mkdir()  # stands for a folder that cannot be written to
    done = command("dnc-debug.py", *SMALL, "--iters", 3, cwd=tmp_path)
    assert done.returncode == 0 and "iter 3," in done.stdout
    assert done.stderr.count("\n") == 1 and "warning: no logs are kept" in done.stderr
    assert os.listdir(tmp_path) == ["dnc-debug.py.dat"]


@pytest.mark.parametrize("script", SCRIPTS)
def test_gradcheck_on_a_text_of_one_letter_finds_no_gradient_and_no_fault(script, tmp_path):
    (tmp_path / "text.txt").write_text("a" * 100)
    done = command(script, "text.txt", *SMALL, "--gradcheck", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "") and "nan" not in done.stdout
    done = command(script, *SMALL, "--gradcheck", "--init_scale", "1e-8", cwd=tmp_path)
    assert done.returncode == 0


def test_a_refused_command_leaves_nothing_behind(tmp_path):
    words = [*SMALL, "--iters", 3, "--save", "m.npz", "--no-gradcheck", "--view", "XYZ€"]
    done = command("dnc-debug.py", *words, cwd=tmp_path)
    assert done.returncode == 2 and "'€'" in done.stderr and not os.listdir(tmp_path)
    assert command("dnc-debug.py", *words[:-1], "The", cwd=tmp_path).returncode == 0


def test_a_disk_that_fills_leaves_no_half_row_in_the_log(tmp_path):
    words = [*SMALL, "--iters", 30, "--report_interval", 1, "--fname", "log.dat"]
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (400, 400))  # noqa: E731
    done = command("rnn-numpy.py", *words, cwd=tmp_path, preexec_fn=limit)
    assert done.returncode == 0 and "warning: log.dat: no space left" in done.stderr
    rows = np.loadtxt(tmp_path / "log.dat")
    assert 3 < len(rows) < 30 and rows.shape[1] == 4


@pytest.mark.parametrize("memory", ["content", "paper"])
def test_sizes_whose_product_is_no_number_of_an_array(memory, tmp_path):
    words = ["--memory", memory, "--locations", 10**12, "--width", 10**12]
    done = command("dnc-numpy.py", *words, cwd=tmp_path)
    assert done.returncode == 2 and is_one_line(done.stderr, "dnc-numpy.py")

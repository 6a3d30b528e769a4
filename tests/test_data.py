"""The two scripts in data/: texts that need a memory, and downloads, from a server on this machine."""

import contextlib
import hashlib
import http.server
import io
import math
import os
import random
import re
import shutil
import subprocess
import sys
import threading
import zipfile

import pytest
from helpers import ROOT, command, is_one_line, load

TASKS, DOWNLOAD = "data/tasks.py", "data/download.py"
PLAIN_LOCALE = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


# -------------------------------------------------------------------------------------------------- tasks


def test_copying_lines_are_letters_mark_same_letters():
    text = command(TASKS, "copying", "--lines", "500").stdout
    assert text.count("\n") == 500
    lengths = set()
    for line in text.splitlines():
        word, copy = line.split(">")
        assert word == copy
        assert set(word) <= set("abcdefgh")
        lengths.add(len(word))
    assert lengths == set(range(1, 9))


def test_copying_options():
    text = command(
        TASKS, "copying", *"--letters 62 --shortest 30 --longest 31 --lines 400 --seed 9".split()
    ).stdout
    words = [line.split(">")[0] for line in text.splitlines()]
    assert {len(word) for word in words} == {30, 31}
    assert len(set("".join(words))) == 62


def test_copying_letters_and_lengths_are_equally_likely():
    text = "".join(load(TASKS).task_lines("copying", 0, 4000, letters=4, shortest=1, longest=4))
    words = [line.split(">")[0] for line in text.splitlines()]
    for length in range(1, 5):
        assert abs(sum(len(word) == length for word in words) - 1000) < 5 * math.sqrt(750)
    letters = "".join(words)
    for letter in "abcd":
        assert abs(letters.count(letter) / len(letters) - 0.25) < 0.02


def test_copying_is_the_same_for_the_same_seed_and_on_every_machine():
    first = command(TASKS, "copying").stdout
    assert command(TASKS, "copying").stdout == first
    assert command(TASKS, "copying", "--seed", "1").stdout != first
    assert first.startswith("gdcedgc>gdcedgc\nehec>ehec\n")
    assert first.count("\n") == 20000


def test_recall_lines_are_pairs_in_which_a_letter_keeps_its_digit():
    words = "recall --letters 26 --keys 4 --pairs 12 --lines 2000 --seed 3".split()
    text = command(TASKS, *words).stdout
    assert text == command(TASKS, *words).stdout
    counts = [0] * 5
    digits = ""
    for line in text.splitlines():
        pairs = re.findall("([a-z])([0-9])", line)
        assert "".join(map("".join, pairs)) == line and len(pairs) == 12
        assert len(set(pairs)) == len({letter for letter, _ in pairs})  # one digit a letter
        counts[len(set(pairs))] += 1
        digits += "".join(digit for _, digit in set(pairs))
    assert counts[0] == 0 and 450 < counts[1] < 550 and counts[4] > 300  # some of four keys are not drawn
    assert all(abs(digits.count(digit) / len(digits) - 0.1) < 0.02 for digit in "0123456789")


@pytest.mark.parametrize(
    "words",
    [
        "copying --letters 0",
        "copying --letters 63",
        "copying --shortest 0",
        "copying --shortest 5 --longest 4",
        "copying --longest 1000000000000",
        "copying --lines 0",
        "copying --lines -1",
        "copying --lines x",
        "copying --seed 1.5",
        "copying --size 3",
        "copying text",
        "text",
        "",
        "recall --keys 9",
        "recall --pairs 0",
        "recall --letters 53",
    ],
)
def test_bad_options(words):
    run = command(TASKS, *words.split())
    assert run.returncode == 2
    assert run.stdout == ""
    assert is_one_line(run.stderr, TASKS)


def test_it_ends_quietly_when_nobody_reads_on():
    words = [sys.executable, str(ROOT / TASKS), "copying", "--lines", "1000000"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        assert ">" in run.stdout.readline()
        run.stdout.close()
        assert run.stderr.read() == ""
    assert run.returncode == 141


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_writing_to_a_full_disk():
    with open("/dev/full", "w") as full:
        words = [sys.executable, str(ROOT / TASKS), "copying"]
        run = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert run.returncode == 2
    assert is_one_line(run.stderr, TASKS)


def test_a_closed_standard_output_is_one_clear_line():
    shell = ["sh", "-c", 'exec "$0" "$@" >&-', sys.executable, ROOT / TASKS, "copying", "--lines", "3"]
    run = subprocess.run(shell, stderr=subprocess.PIPE, text=True, timeout=60)
    assert run.returncode == 2
    assert is_one_line(run.stderr, TASKS) and "standard output is closed" in run.stderr


@pytest.mark.parametrize("words", [["copying", "--lines", "3"], ["recall", "--lines", "3"]])
def test_a_notebook_gets_the_text_too(words):
    """Its standard output has no reconfigure, as io.StringIO has none."""
    with contextlib.redirect_stdout(io.StringIO()) as output:
        assert load(TASKS).main(words) == 0
    assert output.getvalue() == command(TASKS, *words).stdout != ""


@pytest.mark.parametrize("script, words", [(TASKS, ["copying", "--lines", "3"]), (DOWNLOAD, ["alice"])])
def test_without_docstrings_all_is_the_same(script, words):
    done, bare = command(script, *words), command(script, *words, python=["-OO"])
    assert (bare.returncode, bare.stdout, bare.stderr) == (done.returncode, done.stdout, done.stderr)
    assert command(script, "--help", python=["-OO"]).returncode == 0


def test_where_there_is_no_sigpipe_it_ends_as_quietly():
    """As on Windows: the module signal lacks the name."""
    words = "import runpy, signal, sys; del signal.SIGPIPE; sys.argv = ['tasks.py', 'copying']; "
    words += f"runpy.run_path({str(ROOT / TASKS)!r}, run_name='__main__')"
    reader, writer = os.pipe()
    os.close(reader)
    run = subprocess.run([sys.executable, "-c", words], stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert (run.returncode, run.stderr) == (141, "")


# --------------------------------------------------------------------------------------------- downloading

TEXT = bytes(range(256)) * 1000  # longer than a block


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves the dict server.files, path -> bytes, and notes in server.seen what is asked for."""

    def do_GET(self):
        self.server.seen.append(self.path)
        body = self.server.files.get(self.path)
        if body is None:
            self.send_error(404)
            return
        self.send_response(200)
        if "unmeasured" not in self.path:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if "broken" in self.path else body)

    def log_message(self, *words):
        pass


@pytest.fixture
def server(monkeypatch):
    """A server on the loopback address."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.files, server.seen = {}, []
        server.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def fetch(server, tmp_path, capsys):
    """Run download.py on a table whose one text, "story", is on the server -> status, output, error."""
    download = load(DOWNLOAD)

    def run(path, body, name="story", **changes):
        if body is not None:
            server.files[path] = body
        text = {"file": "story.txt", "address": server.address + path, "size": len(TEXT)}
        text |= {"checksum": f"sha256:{hashlib.sha256(TEXT).hexdigest()}", **changes}
        text = {key: value for key, value in text.items() if value is not None}
        status = download.main([name], {"story": text}, str(tmp_path))
        return status, *capsys.readouterr()

    return run


def zipped(name, content):
    """A zip file with one file in it, as bytes."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return packed.getvalue()


def assert_failed(result, tmp_path, what):
    """That a run ended with one line that names what went wrong, and left nothing behind."""
    status, _, error = result
    assert status == 2
    assert is_one_line(error, DOWNLOAD)
    assert what in error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["/story.txt", "/unmeasured.txt"])
def test_download(fetch, tmp_path, path):
    status, output, error = fetch(path, TEXT)
    assert (status, error) == (0, "")
    assert "256000 bytes" in output
    assert [file.name for file in tmp_path.iterdir()] == ["story.txt"]
    assert (tmp_path / "story.txt").read_bytes() == TEXT


@pytest.mark.parametrize("kind", ["md5", "sha1"])
def test_download_with_other_checksums_and_without_a_size(fetch, tmp_path, kind):
    checksum = f"{kind}:{hashlib.new(kind, TEXT).hexdigest()}"
    assert fetch("/story.txt", TEXT, checksum=checksum, size=None)[0] == 0
    assert (tmp_path / "story.txt").read_bytes() == TEXT


def test_download_unpacks_a_zip_file(fetch, tmp_path):
    assert fetch("/story.zip", zipped("inside.txt", TEXT), member="inside.txt")[0] == 0
    assert [file.name for file in tmp_path.iterdir()] == ["story.txt"]
    assert (tmp_path / "story.txt").read_bytes() == TEXT


@pytest.mark.parametrize("path, more", [("/story.txt", {}), ("/story.zip", {"member": "inside.txt"})])
def test_download_is_not_repeated(fetch, server, path, more):
    body = zipped("inside.txt", TEXT) if more else TEXT
    assert fetch(path, body, **more)[0] == 0
    status, output, error = fetch(path, body, **more)
    assert (status, error) == (0, "")
    assert "there already" in output
    assert server.seen == [path]


@pytest.mark.parametrize("found", [TEXT[:-1], b"X" + TEXT[1:]])
def test_download_replaces_what_is_not_whole(fetch, tmp_path, found):
    (tmp_path / "story.txt").write_bytes(found)
    assert fetch("/story.txt", TEXT)[0] == 0
    assert (tmp_path / "story.txt").read_bytes() == TEXT


@pytest.mark.parametrize("body", [b"X" + TEXT[1:], TEXT + b"X", b""])
def test_download_of_another_text(fetch, tmp_path, body):
    assert_failed(fetch("/story.txt", body), tmp_path, "checksum")
    assert_failed(fetch("/unmeasured.txt", body, size=None), tmp_path, "checksum")


def test_download_that_breaks_off(fetch, tmp_path):
    assert_failed(fetch("/broken.txt", TEXT), tmp_path, "broken.txt")
    assert_failed(fetch("/broken-unmeasured.txt", TEXT), tmp_path, "checksum")
    assert_failed(
        fetch("/broken.zip", zipped("inside.txt", TEXT), member="inside.txt"), tmp_path, "broken.zip"
    )


def test_a_failed_download_leaves_what_was_there(fetch, tmp_path):
    (tmp_path / "story.txt").write_bytes(b"my own")
    assert fetch("/broken.txt", TEXT)[0] == 2
    assert [file.name for file in tmp_path.iterdir()] == ["story.txt"]
    assert (tmp_path / "story.txt").read_bytes() == b"my own"


def test_download_of_what_is_not_there(fetch, tmp_path):
    assert_failed(fetch("/gone.txt", None), tmp_path, "404")


def test_download_from_a_server_that_is_not_there(fetch, tmp_path):
    assert_failed(fetch("/story.txt", TEXT, address="http://127.0.0.1:9/story.txt"), tmp_path, "cannot fetch")


def test_download_of_a_broken_zip_file(fetch, tmp_path):
    packed = zipped("inside.txt", random.Random(1).randbytes(len(TEXT)))
    flipped = packed[:1000] + bytes([packed[1000] ^ 1]) + packed[1001:]
    for body in (packed[:-10], flipped, b"not a zip file", zipped("another.txt", TEXT)):
        assert_failed(fetch("/story.zip", body, member="inside.txt"), tmp_path, "story.zip")
    assert_failed(fetch("/story.zip", zipped("inside.txt", b"X"), member="inside.txt"), tmp_path, "checksum")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
@pytest.mark.parametrize("temporary", ["story.txt.tmp", "story.txt.zip.tmp"])
def test_download_to_a_full_disk(fetch, tmp_path, temporary):
    (tmp_path / temporary).symlink_to("/dev/full")
    result = fetch("/story.zip", zipped("inside.txt", TEXT), member="inside.txt")
    assert_failed(result, tmp_path, "No space left on device")


def test_download_into_a_directory_that_is_gone(fetch, tmp_path):
    tmp_path.rmdir()
    status, _, error = fetch("/story.txt", TEXT)
    assert status == 2
    assert is_one_line(error, DOWNLOAD)
    tmp_path.mkdir()


def test_download_of_an_unknown_name(fetch, server, tmp_path):
    assert_failed(fetch("/story.txt", TEXT, name="tale"), tmp_path, "tale")
    assert server.seen == []
    for words in ([], ["alice"], ["alice29", "ptb"], ["--fast"]):
        run = command(DOWNLOAD, *words)
        assert run.returncode == 2
        assert is_one_line(run.stderr, DOWNLOAD)
    assert "alice29, ptb, text8, enwik8" in command(DOWNLOAD, "--help").stdout


def test_download_shows_how_far_it_is_on_a_terminal(fetch, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    _, _, error = fetch("/unmeasured.txt", TEXT[:-1])
    assert error.startswith("0.1 MB\r")
    _, _, error = fetch("/story.txt", TEXT)
    assert error.startswith("0.1 of 0.3 MB\r")
    assert error.endswith("0.3 of 0.3 MB\r")


@pytest.mark.parametrize("error", [ValueError("path is on mount 'C:'"), FileNotFoundError(2, "No such file")])
def test_a_path_that_cannot_be_told_from_here_is_shown_whole(error, fetch, tmp_path, monkeypatch):
    """On another drive of Windows, or with a current folder that is gone."""

    def relpath(path):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(os.path, "relpath", relpath)
        status, output, _ = fetch("/story.txt", TEXT)
    assert status == 0 and f"{tmp_path / 'story.txt'}: 256000 bytes" in output


FROM = """import sys
sys.path.insert(0, sys.argv[1])
import download
text = {"file": "story.txt", "address": sys.argv[2], "checksum": sys.argv[3]}
sys.exit(download.main(sys.argv[4:], {"story": text}))
"""  # run a copy of download.py in the folder that is the first argument


def download_in(folder, server, environment, shell='exec "$0" "$@"'):
    """Fetch the text into a folder by a process of its own -> the finished process, with output in bytes."""
    shutil.copy(ROOT / DOWNLOAD, folder)
    server.files["/story.txt"] = TEXT
    words = [folder, server.address + "/story.txt", f"sha256:{hashlib.sha256(TEXT).hexdigest()}", "story"]
    words = ["sh", "-c", shell, sys.executable, "-c", FROM, *words]
    return subprocess.run(words, env=environment, capture_output=True, timeout=60)


@pytest.mark.parametrize("name", ["texte français".encode(), "言葉".encode(), b"undecodable \xff"])
@pytest.mark.parametrize("encoding", [{}, {"PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "latin-1"}])
@pytest.mark.parametrize("locale", [os.environ, PLAIN_LOCALE], ids=["usual", "plain"])
def test_a_folder_whose_name_the_terminal_cannot_show(name, encoding, locale, server, tmp_path):
    """What it cannot show is shown as escapes, as in errors, and the text is fetched all the same."""
    folder = tmp_path / os.fsdecode(name)
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("the file system takes no such name")
    run = download_in(folder, server, locale | encoding)
    assert (run.returncode, run.stderr) == (0, b"")
    assert run.stdout.endswith(b"story.txt: 256000 bytes, checksum right\n")
    assert (folder / "story.txt").read_bytes() == TEXT
    (folder / "story.txt").unlink()
    (folder / "story.txt").mkdir()
    run = download_in(folder, server, locale | encoding)
    assert run.returncode == 2 and run.stderr.count(b"\n") == 1
    assert b"story.txt: Is a directory; make room for it or free the name" in run.stderr


def test_a_closed_terminal_does_not_end_a_download(server, tmp_path):
    """Python has no standard output and error then."""
    run = download_in(tmp_path, server, os.environ, shell='exec "$0" "$@" >&- 2>&-')
    assert run.returncode == 0 and (tmp_path / "story.txt").read_bytes() == TEXT


def test_the_table_of_texts():
    lengths = {"md5": 32, "sha1": 40, "sha256": 64}
    for text in load(DOWNLOAD).TEXTS.values():
        kind, checksum = text["checksum"].split(":")
        assert re.fullmatch(f"[0-9a-f]{{{lengths[kind]}}}", checksum)
        assert text["address"].startswith("https://")
        assert re.fullmatch("[a-z0-9.]+", text["file"])

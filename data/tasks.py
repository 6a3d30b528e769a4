"""Print a text that needs a memory: lines to copy, like "bgacf>bgacf", or to look up, like "k7 q2 x9 ?q2".

    python data/tasks.py copying > copying.txt
    python data/tasks.py recall > recall.txt

copying: random letters, a mark, the same letters again. The letters before the mark cannot be predicted;
those after it cost nothing to whoever kept them. It is the copy task of Graves et al., "Hybrid computing
using a neural network with dynamic external memory", Nature 538, 2016, as a text.

recall: pairs of a letter and a digit, then one of the letters again, behind a mark, and its digit. That digit
costs nothing to whoever kept the pairs and finds one by its letter: associative recall, as in Graves et al.,
"Neural Turing Machines", 2014.

So a model that learns to predict the next character learns to keep and to give back. The same options give
the same text, on every machine.
"""

import argparse
import io
import os
import random
import string
import sys

SCRIPT = os.path.basename(__file__)
LETTERS = string.ascii_lowercase + string.ascii_uppercase + string.digits


def copying_line(rng, letters, shortest, longest):
    """A line: letters, the mark, the same letters, a newline. Every length is as likely as any other.

    rng, a random.Random; letters, how many different ones; shortest, longest, letters before the mark.
    Drawn with rng.random alone, the one generator that Python promises to keep the same.
    """
    length = shortest + int(rng.random() * (longest - shortest + 1))
    word = "".join(LETTERS[int(rng.random() * letters)] for _ in range(length))
    return f"{word}>{word}\n"


def recall_line(rng, letters, shortest, longest):
    """A line: pairs, the mark, one of the pairs again, a newline; no letter stands in two of the pairs.

    shortest, longest, the number of pairs; the rest as in copying_line.
    """
    left, pairs = list(LETTERS[:letters]), []
    for _ in range(shortest + int(rng.random() * (longest - shortest + 1))):
        letter = left.pop(int(rng.random() * len(left)))
        pairs.append(letter + string.digits[int(rng.random() * 10)])
    return f"{' '.join(pairs)} ?{pairs[int(rng.random() * len(pairs))]}\n"


TASKS = {"copying": copying_line, "recall": recall_line}


def task_lines(task, seed, lines, letters, shortest, longest):
    """Yield a text, line by line."""
    rng = random.Random(seed)
    for _ in range(lines):
        yield TASKS[task](rng, letters, shortest, longest)


def whole(word):
    """A whole number from 0 to 2^63 - 1, from the command line."""
    if not (word.isascii() and word.isdecimal()) or int(word) >= 1 << 63:
        raise argparse.ArgumentTypeError(f"must be a whole number of 0 or more, not {word}")
    return int(word)


def read_options(words):
    """The command line as a dict. Raises ValueError when it makes no sense."""
    parser = argparse.ArgumentParser(prog=SCRIPT, description=(__doc__ or "").partition("\n")[0])

    def complain(message):
        raise ValueError(f"{message}; --help lists all options")

    def add(name, default, what):
        parser.add_argument(f"--{name}", type=whole, metavar="X", default=default, help=what)

    parser.error = complain
    parser.add_argument("task", choices=TASKS, help="kind of the lines")
    add("lines", 20000, "lines of the text (default: %(default)s)")
    add("letters", 8, "different letters, up to 62: a-z, A-Z, 0-9 (default: %(default)s)")
    add("shortest", 1, "fewest letters before the mark, or pairs (default: %(default)s)")
    add("longest", 8, "most letters before the mark, or pairs (default: %(default)s)")
    add("seed", 0, "another seed, another text (default: %(default)s)")
    options = vars(parser.parse_args(words))
    if options["lines"] < 1:
        complain("--lines must be 1 or more")
    if not 1 <= options["letters"] <= len(LETTERS):
        complain(f"--letters must be from 1 to {len(LETTERS)}, not {options['letters']}")
    if not 1 <= options["shortest"] <= options["longest"] <= 10**6:
        complain("the lengths must be 1 <= --shortest <= --longest <= 1000000")
    if options["task"] == "recall" and options["longest"] > options["letters"]:
        complain("a line has each letter once: --longest must not be more than --letters")
    return options


def main(words=None):
    """Print the text that the command line asks for. Returns the exit status."""
    if isinstance(sys.stdout, io.TextIOWrapper):  # a notebook has another
        sys.stdout.reconfigure(newline="\n")
    try:
        lines = task_lines(**read_options(words))
        if sys.stdout is None:
            raise ValueError("standard output is closed")
        sys.stdout.writelines(lines)
        sys.stdout.flush()
        return 0
    except ValueError as error:
        print(f"{SCRIPT}: error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # nobody reads on: end as quietly as other tools do
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141  # 128 + the number of SIGPIPE, as a shell says, and also where there is no such signal
    except OSError as error:
        print(f"{SCRIPT}: error: cannot write the text: {error.strerror}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())

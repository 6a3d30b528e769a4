"""Print a text that needs a memory: lines to copy, like "bgacf>bgacf", or to look up, like "k7q2k7x9q2".

    python data/tasks.py copying > copying.txt
    python data/tasks.py recall > recall.txt

copying: random letters, a mark, the same letters again. Those before the mark cannot be predicted, those
after it cost nothing to whoever kept them. It is the copy task of Graves et al., "Hybrid computing using a
neural network with dynamic external memory", Nature 538, 2016, as a text.

recall: pairs of a letter and a digit; within a line, a letter always has the same digit. If it stood in the
line before, its digit costs nothing to whoever kept the pairs and finds one by its letter: the multi-query
associative recall of Arora et al., "Zoology", arXiv 2312.04927, 2023, as a text.

So a model that learns to predict the next character learns to keep and to give back. The same options give
the same text, on every machine.
"""

import argparse
import os
import random
import string
import sys

SCRIPT = os.path.basename(__file__)
LETTERS = string.ascii_lowercase + string.ascii_uppercase + string.digits
TASKS = {"copying": ("letters", "shortest", "longest"), "recall": ("letters", "keys", "pairs")}  # options


def below(rng, n):
    """A whole number from 0 to n - 1 out of rng, a random.Random: by rng.random alone, the one generator that
    Python promises to keep the same."""
    return int(rng.random() * n)


def copying_line(rng, letters, shortest, longest):
    """A line: letters, the mark, the same letters, a newline. Every length is as likely as any other.

    letters, how many different ones in the text; shortest, longest, letters before the mark."""
    length = shortest + below(rng, longest - shortest + 1)
    word = "".join(LETTERS[below(rng, letters)] for _ in range(length))
    return f"{word}>{word}\n"


def recall_line(rng, letters, keys, pairs):
    """A line: pairs of a letter and its digit, each drawn anew from those of the line, and a newline.

    letters as above; keys, the most different letters in a line, where every number up to it is as likely;
    pairs, how many in a line."""
    left, known = list(LETTERS[:letters]), []
    for _ in range(1 + below(rng, keys)):
        letter = left.pop(below(rng, len(left)))
        known.append(letter + string.digits[below(rng, 10)])
    return "".join(known[below(rng, len(known))] for _ in range(pairs)) + "\n"


def task_lines(task, seed, lines, **options):
    """Yield a text, line by line; options as TASKS has them."""
    line, rng = {"copying": copying_line, "recall": recall_line}[task], random.Random(seed)
    for _ in range(lines):
        yield line(rng, *(options[name] for name in TASKS[task]))


def whole(word):
    """A whole number from 0 to 2^63 - 1, from the command line."""
    if not (word.isascii() and word.isdecimal()) or int(word) >= 1 << 63:
        raise argparse.ArgumentTypeError(f"must be a whole number of 0 or more, not {word}")
    return int(word)


def read_options(words):
    """The command line as a dict. Raises ValueError when it makes no sense."""
    about = "Print a text that needs a memory: lines to copy, or to look up."
    parser = argparse.ArgumentParser(prog=SCRIPT, description=about)

    def complain(message):
        raise ValueError(f"{message}; --help lists all options")

    def add(name, default, what):
        parser.add_argument(f"--{name}", type=whole, metavar="X", default=default, help=what)

    parser.error = complain
    parser.add_argument("task", choices=TASKS, help="kind of the lines")
    add("lines", 20000, "lines of the text (default: %(default)s)")
    add("letters", 8, "different letters: a-z, A-Z, copying also 0-9 (default: %(default)s)")
    add("shortest", 1, "copying: fewest letters before the mark (default: %(default)s)")
    add("longest", 8, "copying: most letters before the mark (default: %(default)s)")
    add("keys", 8, "recall: most different letters in a line (default: %(default)s)")
    add("pairs", 16, "recall: pairs in a line (default: %(default)s)")
    add("seed", 0, "another seed, another text (default: %(default)s)")
    options = vars(parser.parse_args(words))
    most = 62 if options["task"] == "copying" else 52  # a digit that is a key could not be told from a value
    if options["lines"] < 1:
        complain("--lines must be 1 or more")
    if not 1 <= options["letters"] <= most:
        complain(f"--letters must be from 1 to {most}, not {options['letters']}")
    if options["task"] == "copying" and not 1 <= options["shortest"] <= options["longest"] <= 10**6:
        complain("the lengths must be 1 <= --shortest <= --longest <= 1000000")
    if options["task"] == "recall" and not 1 <= options["keys"] <= options["letters"]:
        complain("--keys must be from 1 to --letters")
    if options["task"] == "recall" and not 1 <= options["pairs"] <= 10**6:
        complain("--pairs must be from 1 to 1000000")
    return options


def main(words=None):
    """Print the text that the command line asks for. Returns the exit status."""
    if hasattr(sys.stdout, "reconfigure"):  # what stands in for it in a notebook may have none
        sys.stdout.reconfigure(newline="\n")
    try:
        options = read_options(words)
        if sys.stdout is None:
            raise ValueError("standard output is closed: there is nowhere to print the text")
        sys.stdout.writelines(task_lines(**options))
        sys.stdout.flush()
        return 0
    except ValueError as error:
        print(f"{SCRIPT}: error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # nobody reads on: end as quietly as other tools do
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141  # what a shell calls the end by SIGPIPE
    except OSError as error:
        print(f"{SCRIPT}: error: cannot write the text: {error.strerror}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())

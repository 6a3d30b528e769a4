"""Print a copying text: lines of random letters, a mark, and the same letters again, like "bgacf>bgacf".

    python data/copying.py > copying.txt
    python dnc-numpy.py copying.txt --memory paper --seqlength 50 --init_scale 0.1 --clip 10

The letters before the mark cannot be foretold: each costs log2(letters) bits. Those behind it cost nothing
to whoever kept them, so a model that learns to predict the next character learns to keep and to give back.
It is the copy task of Graves et al., "Hybrid computing using a neural network with dynamic external
memory", Nature 538, 2016, as a text. The same options give the same text, on every machine.
"""

import argparse
import os
import random
import signal
import string
import sys

SCRIPT = os.path.basename(__file__)
ALPHABET = string.ascii_lowercase + string.ascii_uppercase + string.digits
MARK = ">"


def copying_line(rng, letters, shortest, longest):
    """A line: letters, the mark, the same letters, a newline. Every length is as likely as any other.

    rng, a random.Random; letters, how many different ones; shortest, longest, letters before the mark.
    Drawn with rng.random alone, the one generator that Python promises to keep the same.
    """
    length = shortest + int(rng.random() * (longest - shortest + 1))
    word = "".join(ALPHABET[int(rng.random() * letters)] for _ in range(length))
    return f"{word}{MARK}{word}\n"


def copying_lines(seed, lines, letters, shortest, longest):
    """Yield a text, line by line."""
    rng = random.Random(seed)
    for _ in range(lines):
        yield copying_line(rng, letters, shortest, longest)


def whole(word):
    """A whole number from 0 to 2^63 - 1, from the command line."""
    if not (word.isascii() and word.isdecimal()) or int(word) >= 1 << 63:
        raise argparse.ArgumentTypeError(f"must be a whole number of 0 or more, not {word}")
    return int(word)


def read_options(words):
    """The command line as a dict. Raises ValueError when it makes no sense."""
    parser = argparse.ArgumentParser(prog=SCRIPT, description=__doc__.splitlines()[0])

    def complain(message):
        raise ValueError(f"{message}; --help lists all options")

    def add(name, default, what):
        parser.add_argument(f"--{name}", type=whole, metavar="X", default=default, help=what)

    parser.error = complain
    add("lines", 20000, "lines of the text (default: %(default)s)")
    add("letters", 8, f"different letters, up to {len(ALPHABET)} (default: %(default)s, a to h)")
    add("shortest", 1, "fewest letters before the mark (default: %(default)s)")
    add("longest", 12, "most letters before the mark (default: %(default)s)")
    add("seed", 0, "another seed, another text (default: %(default)s)")
    options = vars(parser.parse_args(words))
    if options["lines"] < 1:
        complain("--lines must be 1 or more")
    if not 1 <= options["letters"] <= len(ALPHABET):
        complain(f"--letters must be from 1 to {len(ALPHABET)}, not {options['letters']}")
    if not 1 <= options["shortest"] <= options["longest"] <= 10**6:
        complain("the lengths must be 1 <= --shortest <= --longest <= 1000000")
    return options


def main(words=None):
    """Print the text that the command line asks for. Returns the exit status."""
    sys.stdout.reconfigure(newline="\n")
    try:
        sys.stdout.writelines(copying_lines(**read_options(words)))
        sys.stdout.flush()
        return 0
    except ValueError as error:
        print(f"{SCRIPT}: error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # nobody reads on: end as quietly as other tools do
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except OSError as error:
        print(f"{SCRIPT}: error: cannot write the text: {error.strerror}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())

"""What is the same job with the same needs is the same text in each script, and all keep one order.

No helper module holds the scripts together, so that each can be copied away alone; this does. Where the needs
differ, the simpler model has the simpler text, and DIFFERENT says so.
"""

import ast
import difflib
import re
import sys

import pytest
from helpers import ROOT, SCRIPTS

# The functions, classes, constants and blocks under "if __name__" (called main_block_1, main_block_2) whose
# text is meant to differ, under the scripts between which it does: R rnn-numpy, L lstm-numpy, N dnc-numpy,
# D dnc-debug; letters that stand together have one text, a script whose letter is missing has no such name.
DIFFERENT = {
    "R L N D": "init_params forward backward option_parser sample_text",
    "R L ND": "init_state next_batch FIXED new_model read_model bits_per_character",
    "RL ND": "check_numbers",
    "RL N D": "read_options",
    "R LN D": "learn main",
    "N D": """sigmoid content_weighting content_weighting_backward usage usage_backward
        allocation allocation_backward write_weighting write_weighting_backward write write_backward
        links links_backward precedence precedence_backward
        read_weighting read_weighting_backward content_memory content_memory_backward
        complete_memory complete_memory_backward""",
}

MECHANISMS = "the mechanisms of the complete memory"
SECTIONS = ["numerics", "parameters and state", MECHANISMS, "forward", "backward", "train", "gradient check"]
SECTIONS += ["sampler", "text", "saved models", "training loop", "command line"]

every_script = pytest.mark.parametrize("script", SCRIPTS)


def read(script):
    """The source of a script."""
    return (ROOT / script).read_text(encoding="utf-8")


def definitions(script):
    """Name of each top-level function, class, constant and main block -> its source, decorators included."""
    source = read(script)
    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            name = node.name
        elif isinstance(node, ast.Assign):
            name = ", ".join(map(ast.unparse, node.targets))
        elif isinstance(node, (ast.AnnAssign, ast.AugAssign)):
            name = ast.unparse(node.target)
        elif isinstance(node, ast.If):
            name = f"main_block_{1 + sum(name.startswith('main_block') for name in found)}"
        else:
            continue
        start = min(line.lineno for line in [node, *getattr(node, "decorator_list", [])])
        text = "\n".join(source.splitlines()[start - 1 : node.end_lineno])
        found[name] = f"{found[name]}\n{text}" if name in found else text
    return found


def groups(texts):
    """Letter of a script -> text, as a key of DIFFERENT: "RL ND" if there are two texts, "RLND" if one."""
    letters = {}
    for letter, text in texts.items():
        letters.setdefault(text, []).append(letter)
    return " ".join(map("".join, letters.values()))


def explain(name, texts, expected):
    """What is wrong with a name -> a message with the differences that should not be, or None if nothing is.

    texts, letter of a script -> its text, where it has the name; expected, a key of DIFFERENT or None.
    """
    found = groups(texts)
    expected = expected or "".join(texts)
    if found == expected:
        return None
    message = [f"{name} is {found or 'in no script'}, expected {expected}"]
    for group in expected.split():
        first, *others = [letter for letter in group if letter in texts] or [None]
        for other in others:
            one, two = texts[first].splitlines(), texts[other].splitlines()
            message += difflib.unified_diff(one, two, f"{first} {name}", f"{other} {name}", lineterm="", n=2)
    return "\n".join(message)


def test_the_same_job_is_the_same_text():
    by_script = {letter: definitions(script) for letter, script in zip("RLND", SCRIPTS, strict=True)}
    expected = {name: scripts for scripts, names in DIFFERENT.items() for name in names.split()}
    names = expected.keys() | {name for found in by_script.values() for name in found}
    wrong = []
    for name in sorted(names):
        texts = {letter: found[name] for letter, found in by_script.items() if name in found}
        wrong.append(explain(name, texts, expected.get(name)))
    if any(wrong):
        pytest.fail("\n\n".join(filter(None, wrong)), pytrace=False)


def test_no_name_differs_twice():
    names = [name for names in DIFFERENT.values() for name in names.split()]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("texts", "expected", "message"),
    [
        ({"R": "a", "L": "a"}, None, None),
        ({"R": "a", "L": "b", "N": "b"}, "R LN", None),
        ({"R": "a", "L": "b"}, None, "x is R L, expected RL\n--- R x\n+++ L x\n@@ -1 +1 @@\n-a\n+b"),
        ({"R": "a", "L": "a"}, "R L", "x is RL, expected R L"),
        (
            {"R": "a", "L": "b", "N": "c"},
            "R LN",
            "x is R L N, expected R LN\n--- L x\n+++ N x\n@@ -1 +1 @@\n-b\n+c",
        ),
        ({}, "R L", "x is in no script, expected R L"),
    ],
)
def test_what_differs_is_shown(texts, expected, message):
    assert explain("x", texts, expected) == message


@every_script
def test_a_script_carries_nothing_for_anothers_sake(script):
    """Every argument of a function is used in it, every name of a definition outside of it. An argument whose
    name begins with _ is there for the functions that are called in its place."""
    tree = ast.parse(read(script))
    unused = []
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            used = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
            every = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            names = [argument.arg for argument in every if not argument.arg.startswith("_")]
            unused += [f"{node.name}({name})" for name in names if name not in used]
    for name in definitions(script):
        others = [node for node in tree.body if getattr(node, "name", None) != name]
        parts = [part for node in others for part in ast.walk(node) if isinstance(part, ast.Name)]
        used = {part.id for part in parts if isinstance(part.ctx, ast.Load)}
        if name not in used and not name.startswith("main_block"):
            unused.append(name)
    assert not unused


@every_script
def test_no_variable_has_the_name_of_a_function(script):
    functions = [node for node in ast.parse(read(script)).body if isinstance(node, ast.FunctionDef)]
    for function in functions:
        parts = list(ast.walk(function))
        names = {part.arg for part in parts if isinstance(part, ast.arg)}
        names |= {part.id for part in parts if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)}
        assert not names & {other.name for other in functions}, function.name


@every_script
def test_a_script_imports_the_standard_library_and_numpy_alone(script):
    imports = [
        node for node in ast.walk(ast.parse(read(script))) if isinstance(node, (ast.Import, ast.ImportFrom))
    ]
    modules = {name.name for node in imports if isinstance(node, ast.Import) for name in node.names}
    modules |= {node.module for node in imports if isinstance(node, ast.ImportFrom)}
    assert "numpy" in modules
    assert {module.split(".")[0] for module in modules} <= sys.stdlib_module_names | {"numpy"}


@every_script
def test_a_script_says_what_it_needs(script):
    """PEP 723: a comment block at the top, from which uv run gets NumPy."""
    block = re.match(r"# /// script\n((?:#(?: .*)?\n)+?)# ///\n", read(script))[1]
    assert block == '# requires-python = ">=3.10"\n# dependencies = ["numpy>=1.26"]\n'


@every_script
def test_a_script_keeps_the_order_of_the_others(script):
    """Docstring, imports, then the sections, each under a line of its own."""
    headers = re.findall(r"^# -{40,} (.+)$", read(script), re.MULTILINE)
    assert headers == [name for name in SECTIONS if name != MECHANISMS or "dnc" in script]
    body = ast.parse(read(script)).body
    assert f"python {script} [TEXT]" in ast.get_docstring(ast.Module(body, []))
    assert all(isinstance(node, (ast.Import, ast.ImportFrom)) for node in body[1:5])

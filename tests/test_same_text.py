"""What is the same job in several scripts is the same text in each, and all keep one order.

No helper module holds the scripts together, so that each can be copied away alone; this does.
"""

import ast
import re
import sys

import pytest
from helpers import ROOT, SCRIPTS

# The functions, classes and constants whose text is meant to differ, under the scripts between which it
# does: R rnn-numpy, L lstm-numpy, N dnc-numpy, D dnc-debug; letters that stand together have one text.
DIFFERENT = {
    "R L N D": "init_params init_state forward backward option_parser",
    "R L ND": "fresh_state SIZES",
    "RL ND": "PARAMS_FROM read_options",
    "R LN D": "DEFAULTS",
    "RLN D": "report check main",
    "N D": """PAPER sigmoid content_weighting content_weighting_backward usage usage_backward
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
    """Name of each top-level function, class and constant -> its source, decorators included."""
    source = read(script)
    found = {}
    for node in ast.parse(source).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            start = min(line.lineno for line in [node, *node.decorator_list])
            found[node.name] = "\n".join(source.splitlines()[start - 1 : node.end_lineno])
        elif isinstance(node, ast.Assign):
            found[ast.unparse(node.targets)] = ast.get_source_segment(source, node)
    return found


def test_the_same_job_is_the_same_text():
    by_script = {letter: definitions(script) for letter, script in zip("RLND", SCRIPTS, strict=True)}
    different = {}
    for name in {name for found in by_script.values() for name in found}:
        texts = {}
        for letter, found in by_script.items():
            if name in found:
                texts.setdefault(found[name], []).append(letter)
        if len(texts) > 1:
            different.setdefault(" ".join(map("".join, texts.values())), set()).add(name)
    assert different == {scripts: set(names.split()) for scripts, names in DIFFERENT.items()}


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

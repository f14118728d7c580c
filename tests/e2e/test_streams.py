"""Long inputs: flat memory, interruption, closed pipes."""

from __future__ import annotations

import contextlib
import itertools
import os
import pathlib
import pty
import signal
import subprocess
import threading
import time

import pytest

# What the allocator may still settle after the first seconds; a leak of the rows would pass it many times over.
GROWTH_MIB = 16


def feed(process: subprocess.Popen) -> threading.Thread:
    """Writes lines to the process until it stops reading."""

    def write() -> None:
        with contextlib.suppress(BrokenPipeError, ValueError):
            for n in itertools.count():
                process.stdin.write(b"".join(b"line %d of a long file %s\n" % (n * 100 + k, b"word " * (k % 9)) for k in range(100)))

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    return thread


def rss_mib(pid: int) -> float:
    status = pathlib.Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


@pytest.fixture
def start(fletcher, clean_env):
    """Starts the program with a pipe as its input; kills it at the end."""
    processes = []

    def call(*args: str, **kwargs) -> subprocess.Popen:
        process = subprocess.Popen(
            [fletcher, *args], stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=clean_env, **kwargs
        )
        processes.append(process)
        return process

    yield call
    for process in processes:
        process.kill()
        process.wait()
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        process.stderr.close()


@pytest.mark.parametrize("command", ["embed", "tokenize"])
def test_memory_stays_flat(start, bert, command):
    process = start(command, "--model", bert, stdout=subprocess.DEVNULL)
    feed(process)
    time.sleep(2)
    early = rss_mib(process.pid)
    time.sleep(4)
    late = rss_mib(process.pid)
    print(f"{command}: {early:.1f} MiB after 2 s, {late:.1f} MiB after 6 s")
    assert process.poll() is None
    assert late - early < GROWTH_MIB


@pytest.mark.parametrize("name", ["out.npy", "out.jsonl"])
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_job_leaves_no_file(start, bert, tmp_path, name, number, code):
    folder = tmp_path / "out"
    folder.mkdir()
    process = start("embed", "--model", bert, "--output", str(folder / name))
    feed(process)
    deadline = time.monotonic() + 20
    while not list(folder.iterdir()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert [p.name for p in folder.iterdir()] != [name]
    time.sleep(0.3)
    process.send_signal(number)
    assert process.wait(timeout=20) == code
    assert list(folder.iterdir()) == []


def test_a_reader_that_goes_away_ends_the_job_quietly(start, bert):
    process = start("tokenize", "--model", bert, stdout=subprocess.PIPE)
    feed(process)
    assert process.stdout.readline().startswith(b'{"ids":')
    process.stdout.close()
    assert process.wait(timeout=20) == 1
    assert process.stderr.read() == b""


def test_a_terminal_shows_progress_on_stderr(fletcher, clean_env, bert, tmp_path):
    source = tmp_path / "texts.txt"
    source.write_text("the ferry leaves at noon\n" * 20_000, encoding="utf-8")
    args = [fletcher, "embed", "--model", bert, "--input", str(source), "--output", str(tmp_path / "out.npy")]

    def stderr_of(*flags: str) -> str:
        outer, inner = pty.openpty()
        process = subprocess.Popen([*args, *flags], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=inner, env=clean_env)
        os.close(inner)
        shown = b""
        with contextlib.suppress(OSError):  # Linux reports the closed terminal so
            while chunk := os.read(outer, 65536):
                shown += chunk
        os.close(outer)
        assert process.communicate(timeout=60)[0] == b""
        assert process.returncode == 0, shown
        return shown.decode()

    shown = stderr_of()
    for part in ("\rembed  ", "%", "texts/s", "ETA", "20,000 texts"):
        assert part in shown, shown
    assert stderr_of("--no-progress") == ""

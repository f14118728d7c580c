"""The engines of a comparison, each in its own process on the same cores: Fletcher's executable and the peers' workers."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import peer_setup

MAX_LENGTH = 512
WORKER = Path(__file__).resolve().parent / "peer_worker.py"


class EngineError(Exception):
    """An engine could not be run, or answered with something a comparison cannot use."""


class Disagreement(Exception):
    """An engine did the work differently: other tokens, or vectors that cannot be compared."""


@dataclass(frozen=True)
class Workload:
    """Texts of one kind as a .jsonl file of {"text": …}; `tokens` are real ones with [CLS] and [SEP], never padding."""

    name: str
    input: Path
    texts: int
    tokens: int


@dataclass
class Sample:
    """One measurement. `foreign` is the load of processes that are not ours, in cores: above 0.1 the sample is noisy."""

    tokens_per_second: float = 0.0
    latency_ms: dict[str, float] = field(default_factory=dict)
    foreign: float = 0.0
    detail: dict[str, Any] = field(default_factory=dict)


def cores(threads: int) -> set[int]:
    """The cores to pin to: the first `threads`, or for one thread the second one, as core 0 serves most interrupts."""
    usable = sorted(os.sched_getaffinity(0))
    if threads > len(usable):
        raise EngineError(f"--threads {threads}: only {len(usable)} cores are usable")
    return {usable[1]} if threads == 1 and len(usable) > 1 else set(usable[:threads])


class LoadMeter:
    """Cores kept busy by other processes between start and end of the block (`foreign`). `pid`: a running child."""

    def __init__(self, pid: int | None = None) -> None:
        self.pid = pid
        self.foreign = 0.0
        self.seconds = 0.0

    def ours(self) -> float:
        """CPU seconds of this process, its finished children and the running child."""
        total = sum(
            resource.getrusage(who).ru_utime + resource.getrusage(who).ru_stime
            for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        )
        if self.pid is not None:
            fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
            total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return total

    @staticmethod
    def all_busy() -> float:
        """CPU seconds the whole machine was not idle (user to steal, without idle and iowait)."""
        values = [int(v) for v in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        return (sum(values) - values[3] - values[4]) / os.sysconf("SC_CLK_TCK")

    def __enter__(self) -> LoadMeter:
        self.start = (self.all_busy(), self.ours(), time.perf_counter())
        return self

    def __exit__(self, *_: object) -> None:
        busy, ours, begin = self.start
        self.seconds = time.perf_counter() - begin
        self.foreign = max(0.0, (self.all_busy() - busy - (self.ours() - ours)) / self.seconds)


class Peer:
    """Another engine, in a worker process that stays loaded and warm between rounds. `model`: its folder's name."""

    def __init__(self, name: str, model: str, precision: str, threads: int) -> None:
        self.name, self.model, self.precision, self.threads = name, model, precision, threads
        self.settings: dict[str, dict[str, Any]] = {}
        self.process = subprocess.Popen(
            self.command(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=peer_setup.child_environment(threads),
            preexec_fn=lambda: os.sched_setaffinity(0, cores(threads)),
        )

    def command(self) -> list[str]:
        """Command line of the worker."""
        what = ["--model", self.model, "--precision", self.precision, "--threads", str(self.threads)]
        return [str(peer_setup.venv_python()), str(WORKER), self.name, *what]

    def request(self, method: str, **arguments: Any) -> dict[str, Any]:
        """One call of the worker; EngineError with its message if it fails."""
        assert self.process.stdin and self.process.stdout
        try:
            self.process.stdin.write(json.dumps({"method": method} | arguments) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        reply = json.loads(line) if line else {"error": "the worker ended; its messages are above"}
        if "error" in reply:
            raise EngineError(f"{self.name}: {method}: {reply['error']}")
        return reply

    def tune(self, work: Workload, op: str, seconds: float) -> dict[str, Any]:
        """The fastest settings for this workload (`chosen`), all that were tried, and the foreign load meanwhile."""
        with LoadMeter(self.process.pid) as meter:
            reply = self.request("tune", input=str(work.input), op=op, seconds=seconds)
        return {"chosen": reply["settings"], "foreign": round(meter.foreign, 2), "tried": reply["tried"]}

    def throughput(self, work: Workload, seconds: float, vectors: Path) -> Sample:
        """Tokens per second of the median pass, tokenising included; the last pass's vectors go to `vectors`."""
        with LoadMeter(self.process.pid) as meter:
            reply = self.request(
                "encode",
                input=str(work.input),
                settings=self.settings.get(work.name, {}),
                seconds=seconds,
                output=str(vectors),
            )
        return Sample(work.tokens / reply["seconds"], foreign=meter.foreign, detail=reply)

    def latency(self, work: Workload, seconds: float, vectors: Path) -> Sample:
        """p50 and p99 of one text at a time."""
        with LoadMeter(self.process.pid) as meter:
            reply = self.request(
                "latency",
                input=str(work.input),
                settings=self.settings.get(work.name, {}),
                seconds=seconds,
                output=str(vectors),
            )
        return Sample(latency_ms={k: reply[k] for k in ("p50", "p99")}, foreign=meter.foreign, detail=reply)

    def embed(self, work: Workload, vectors: Path) -> Sample:
        """A whole process from start to vectors on disk."""
        settings = json.dumps(self.settings.get(work.name.partition("*")[0], {}))
        command = [
            *self.command(),
            "--once",
            "--settings",
            settings,
            "--input",
            str(work.input),
            "--output",
            str(vectors),
        ]
        return run_process(self.name, command, self.threads)[0]

    def close(self) -> None:
        """End the worker by closing its input."""
        if self.process.stdin:
            self.process.stdin.close()
        self.process.wait(timeout=30)


class Fletcher:
    """The `fletcher` executable: `bench --json` for steady state in one process, `embed` for vectors and wall time."""

    name = "fletcher"

    def __init__(
        self, executable: Path, model: Path, threads: int, precision: str = "fp32", extra: tuple[str, ...] = ()
    ) -> None:
        if not os.access(executable, os.X_OK):
            raise EngineError(
                f"{executable} is not an executable: build the release preset, or give --fletcher PATH "
                "(--peers-only runs without)"
            )
        self.executable, self.threads = executable, threads
        self.flags = [
            "--model",
            str(model),
            "--threads",
            str(threads),
            "--precision",
            precision,
            "--max-length",
            str(MAX_LENGTH),
            *extra,
        ]

    def bench(self, work: Workload, *flags: str) -> tuple[Sample, dict[str, Any]]:
        """Run `fletcher bench --json`; Disagreement unless it counts the reference tokenizer's tokens."""
        command = [str(self.executable), "bench", "--input", str(work.input), *self.flags, *flags, "--json"]
        sample, output = run_process(self.name, command, self.threads)
        try:
            reply = json.loads(output)
            texts, tokens = reply["texts"], reply["tokens"]
        except (ValueError, KeyError, TypeError) as error:
            raise EngineError(f"fletcher bench --json: {error!r} in its output: {output[:200]!r}") from error
        if tokens * work.texts != work.tokens * texts:
            raise Disagreement(
                f"{work.name}: fletcher bench counts {tokens} tokens in {texts} texts, "
                f"the reference tokenizer {work.tokens} in {work.texts}"
            )
        return sample, reply

    def throughput(self, work: Workload, seconds: float, vectors: Path) -> Sample:
        """Tokens per second as `fletcher bench` measures them, tokenising included; vectors through `embed`."""
        sample, reply = self.bench(work, "--seconds", str(seconds))
        sample.tokens_per_second, sample.detail = reply["tokens_per_second"], reply
        if not vectors.exists():
            self.embed(work, vectors)
        return sample

    def latency(self, work: Workload, seconds: float, vectors: Path) -> Sample:
        """p50 and p99 of one text at a time, as `fletcher bench --single` measures them."""
        sample, reply = self.bench(work, "--single", "--seconds", str(seconds))
        sample.latency_ms, sample.detail = {k: reply["latency_ms"][k] for k in ("p50", "p99")}, reply
        if not vectors.exists():
            self.embed(work, vectors)
        return sample

    def embed(self, work: Workload, vectors: Path) -> Sample:
        """A whole `fletcher embed` process from start to vectors on disk."""
        command = [str(self.executable), "embed", "--input", str(work.input), "--output", str(vectors), *self.flags]
        return run_process(self.name, command, self.threads)[0]

    def close(self) -> None:
        """Nothing stays loaded between calls."""


def run_process(name: str, command: list[str], threads: int) -> tuple[Sample, str]:
    """Run a pinned process: sample with its wall seconds in `detail`, and its stdout. EngineError unless it exits 0."""
    env = peer_setup.child_environment(threads) | {"FLETCHER_DEVICE": "cpu"}
    with LoadMeter() as meter:
        done = subprocess.run(
            command, capture_output=True, text=True, env=env, preexec_fn=lambda: os.sched_setaffinity(0, cores(threads))
        )
    if done.returncode != 0:
        raise EngineError(f"{name}: exit {done.returncode} from: {' '.join(command)}\n{done.stderr[-2000:]}")
    return Sample(foreign=meter.foreign, detail={"seconds": meter.seconds}), done.stdout

"""Interleaved rounds of all engines on the same texts, the check that their vectors agree, and the Markdown tables."""

from __future__ import annotations

import json
import platform
import statistics
import time
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any, Callable, Sequence

import numpy as np

from participants import Disagreement, Fletcher, Peer, Sample, Workload

# Float32 sentence-transformers, run for its vectors alone: also beside itself, when it is a peer.
REFERENCE = "reference"
# Each is ten tokens long with [CLS] and [SEP].
QUERIES = (
    "how do I reset my old account password",
    "what is the speed of light in water",
    "best pizza places near central park and museum",
    "a man is playing the guitar on stage",
)

# Foreign load in cores up to which a choice of settings is kept for later runs.
QUIET = 0.1

Engine = Fletcher | Peer
Rounds = dict[str, list[Sample]]


def write_texts(folder: Path, name: str, texts: Sequence[str], max_length: int) -> Workload:
    """Store texts as .jsonl and count their real tokens with the reference tokenizer."""
    import common  # the peers' module; it reads FL_DATA and FL_WORK when it is imported

    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name.replace('*', 'x')}.jsonl"
    path.write_text("".join(json.dumps({"text": t}, ensure_ascii=False) + "\n" for t in texts), encoding="utf-8")
    return Workload(name, path, len(texts), sum(common.real_tokens(list(texts), max_length)))


def load_workload(folder: Path, name: str, model: str, repeat: int = 1) -> Workload:
    """One of the peers' workloads (`short`, `doc`, `long`; fewer texts for larger models), `repeat` times over."""
    import common

    texts, max_length = common.workload(name, model)
    return write_texts(folder, name if repeat == 1 else f"{name}*{repeat}", list(texts) * repeat, max_length)


def run_rounds(engines: Sequence[Engine], rounds: int, measure: Callable[[Engine], Sample]) -> Rounds:
    """Measure A B C, B C A, … so that slow drift of the machine hits every engine alike."""
    samples: Rounds = {e.name: [] for e in engines}
    for r in range(rounds):
        for k in range(len(engines)):
            engine = engines[(r + k) % len(engines)]
            samples[engine.name].append(measure(engine))
    return samples


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, float, float]:
    """Median, least and greatest of the per-round ratios ours/theirs."""
    each = [a / b for a, b in zip(ours, theirs, strict=True)]
    return statistics.median(each), min(each), max(each)


def cosines(vectors: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Row-wise cosine in float64. Disagreement if the shapes differ or a value is not finite."""
    if vectors.shape != reference.shape:
        raise Disagreement(f"vectors are {list(vectors.shape)}, the reference is {list(reference.shape)}")
    a, b = vectors.astype(np.float64), reference.astype(np.float64)
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise Disagreement("vectors hold values that are not finite")
    return (a * b).sum(1) / (np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1))


def agreement(folder: Path, work: Workload, names: Sequence[str]) -> dict[str, dict[str, float]]:
    """Least and mean cosine of each engine's vectors against the reference engine's, all of this very run."""
    reference = np.load(vector_file(folder, work, REFERENCE))
    found = {}
    for name in names:
        try:
            q = cosines(np.load(vector_file(folder, work, name)), reference)
        except Disagreement as error:
            raise Disagreement(f"{name} on {work.name}: {error}") from error
        found[name] = {"min": float(q.min()), "mean": float(q.mean())}
    return found


def vector_file(folder: Path, work: Workload, name: str) -> Path:
    """Where an engine's vectors of a workload go."""
    return folder / f"{work.name.replace('*', 'x')}.{name}.npy"


def forget_vectors(folder: Path, keep_reference: bool = False) -> None:
    """Delete earlier vectors: only those of this run, and of one precision, may be compared."""
    for path in folder.glob("*.npy"):
        if not (keep_reference and path.name.endswith(f".{REFERENCE}.npy")):
            path.unlink()


def embed_reference(peer: Peer, works: Sequence[Workload], folder: Path) -> None:
    """Vectors of float32 sentence-transformers for all workloads, what the others are measured by."""
    for work in works:
        peer.throughput(work, 0, vector_file(folder, work, REFERENCE))


def tune_peers(
    engines: Sequence[Engine], work: Workload, op: str, seconds: float, known: dict[str, Any]
) -> dict[str, Any]:
    """Give each peer its fastest settings for this workload; by engine what was chosen, tried and how noisy it was.

    `known` holds the choices of earlier runs on this kind of machine and receives new ones, unless foreign load blurred
    them.
    """
    found = {}
    for peer in (e for e in engines if isinstance(e, Peer)):
        what = f"{metadata.version(peer.name)}|{peer.name}|{peer.model}|{peer.precision}|{peer.threads}"
        key = f"{machine()['cpu']}|{what}|{op}|{work.name}"
        entry = known.get(key) or peer.tune(work, op, seconds)
        if entry["foreign"] <= QUIET:
            known[key] = entry
        peer.settings[work.name] = entry["chosen"]
        found[peer.name] = entry
    return found


def median_of(samples: Sequence[Sample], value: Callable[[Sample], float]) -> float:
    """Median over the rounds."""
    return statistics.median(value(s) for s in samples)


def cosine_text(q: dict[str, float]) -> str:
    """Least and mean cosine with enough digits to tell 0.99999 from 1."""
    return f"{q['min']:.7f} / {q['mean']:.7f}"


def ratio_text(found: tuple[float, float, float]) -> str:
    """Median ratio with its range over the rounds."""
    return f"{found[0]:.2f} ({found[1]:.2f}–{found[2]:.2f})"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first are right-aligned."""
    lines = [header, ["---"] + ["---:"] * (len(header) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


THROUGHPUT_HEADER = (
    "workload",
    "engine",
    "tokens/s",
    "fletcher / it",
    "% of peak",
    "cosine min / mean",
    "foreign load",
)


def percents_of_peak(rounds: Rounds) -> dict[str, float]:
    """Useful operations a second as percent of the peak, by engine: Fletcher counts both, the work is the same for all.

    Empty without Fletcher, or where it knows no peak.
    """
    ours = rounds.get(Fletcher.name, [])
    if not ours or not all(s.detail.get("peak_gflops") for s in ours):
        return {}
    per_rate = median_of(ours, lambda s: s.detail["percent_of_peak"] / s.tokens_per_second)
    return {n: per_rate * median_of(v, lambda s: s.tokens_per_second) for n, v in rounds.items()}


def throughput_rows(work: Workload, rounds: Rounds, agreed: dict[str, dict[str, float]]) -> list[list[str]]:
    """A line for each engine on a workload, Fletcher's first; the ratio to the fastest peer is bold."""
    rate = {n: [s.tokens_per_second for s in v] for n, v in rounds.items()}
    peers = sorted((n for n in rate if n != Fletcher.name), key=lambda n: -statistics.median(rate[n]))
    percent = percents_of_peak(rounds)
    rows = []
    for n in [n for n in rate if n == Fletcher.name] + peers:
        against = "-"
        if n != Fletcher.name and Fletcher.name in rate:
            against = ratio_text(ratios(rate[Fletcher.name], rate[n]))
        rows.append(
            [
                f"{work.name} ({work.texts:,} texts, {work.tokens:,} tokens)",
                n,
                f"{statistics.median(rate[n]):,.0f}",
                f"**{against}**" if peers and n == peers[0] and against != "-" else against,
                f"{percent[n]:.1f}" if n in percent else "-",
                cosine_text(agreed[n]),
                f"{max(s.foreign for s in rounds[n]):.2f}",
            ]
        )
    return rows


def compare_throughput(
    engines: Sequence[Engine], work: Workload, folder: Path, rounds: int, seconds: float
) -> dict[str, Any]:
    """Steady-state tokens/s of all engines on one workload."""
    samples = run_rounds(engines, rounds, lambda e: e.throughput(work, seconds, vector_file(folder, work, e.name)))
    agreed = agreement(folder, work, list(samples))
    return {
        "mode": "throughput",
        "workload": work.name,
        "rows": throughput_rows(work, samples, agreed),
        "cosine": agreed,
        "rounds": plain(samples),
    }


LATENCY_HEADER = ("engine", "p50 ms", "p99 ms", "its p50 / fletcher's", "cosine min / mean", "foreign load")


def compare_latency(
    engines: Sequence[Engine], work: Workload, folder: Path, rounds: int, seconds: float
) -> dict[str, Any]:
    """One short query at a time on one thread: p50 and p99 of each engine, medians over the rounds."""
    samples = run_rounds(engines, rounds, lambda e: e.latency(work, seconds, vector_file(folder, work, e.name)))
    agreed = agreement(folder, work, list(samples))
    p50 = {n: [s.latency_ms["p50"] for s in v] for n, v in samples.items()}
    rows = []
    for n, v in samples.items():
        against = ratio_text(ratios(p50[n], p50[Fletcher.name])) if Fletcher.name in p50 and n != Fletcher.name else "-"
        rows.append(
            [
                n,
                f"{statistics.median(p50[n]):.3f}",
                f"{median_of(v, lambda s: s.latency_ms['p99']):.3f}",
                against,
                cosine_text(agreed[n]),
                f"{max(s.foreign for s in v):.2f}",
            ]
        )
    return {"mode": "latency", "workload": work.name, "rows": rows, "cosine": agreed, "rounds": plain(samples)}


WALL_HEADER = (
    "workload",
    "engine",
    "seconds, once",
    "seconds, repeated",
    "tok/s between the two",
    "its repeated / fletcher's",
    "cosine min / mean",
)


def compare_wall(
    engines: Sequence[Engine], once: Workload, repeated: Workload, folder: Path, rounds: int
) -> dict[str, Any]:
    """Whole processes on a workload and on the same texts many times over.

    The difference of the two walls leaves start-up out: a rate that does not rest on any engine's own clock.
    """
    small = run_rounds(engines, rounds, lambda e: e.embed(once, vector_file(folder, once, e.name)))
    large = run_rounds(engines, rounds, lambda e: e.embed(repeated, vector_file(folder, repeated, e.name)))
    agreed = agreement(folder, repeated, list(large))
    wall = {n: [s.detail["seconds"] for s in v] for n, v in large.items()}
    rows = []
    for n in wall:
        first, last = median_of(small[n], lambda s: s.detail["seconds"]), statistics.median(wall[n])
        rate = (repeated.tokens - once.tokens) / (last - first) if last > first else float("nan")
        against = (
            ratio_text(ratios(wall[n], wall[Fletcher.name])) if Fletcher.name in wall and n != Fletcher.name else "-"
        )
        rows.append(
            [
                once.name,
                n,
                f"{first:.2f}",
                f"{last:.2f} ({repeated.texts} texts)",
                f"{rate:,.0f}",
                against,
                cosine_text(agreed[n]),
            ]
        )
    return {
        "mode": "embed-wall",
        "workload": repeated.name,
        "rows": rows,
        "cosine": agreed,
        "rounds": plain(large),
        "rounds_once": plain(small),
    }


def plain(samples: Rounds) -> dict[str, list[dict[str, Any]]]:
    """Samples as JSON values."""
    return {n: [asdict(s) for s in v] for n, v in samples.items()}


def machine() -> dict[str, str]:
    """What was measured on, and with which versions."""
    model = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    flags = Path("/proc/cpuinfo").read_text()
    isa = [f for f in ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8") if f" {f} " in flags]
    versions = [
        f"{p} {metadata.version(p)}"
        for p in ("openvino", "nncf", "onnxruntime", "sentence-transformers", "transformers", "torch", "tokenizers")
    ]
    return {
        "date": time.strftime("%Y-%m-%d %H:%M"),
        "cpu": f"{model[0] if model else platform.processor()}, {len(model)} cores",
        "isa": " ".join(isa),
        "kernel": platform.release(),
        "versions": ", ".join(versions),
    }


def failures(results: Sequence[dict[str, Any]], least: float) -> list[str]:
    """Workloads on which Fletcher's least cosine is under `least`, as messages."""
    return [
        f"{r['workload']}: fletcher's least cosine {r['cosine'][Fletcher.name]['min']:.7f} < {least}"
        for r in results
        if Fletcher.name in r["cosine"] and not r["cosine"][Fletcher.name]["min"] >= least
    ]

"""One peer engine in a process of its own, driven by compare.py over JSON lines on stdin and stdout.

It runs in the benchmark's virtual environment and imports the peers' own engines.py (through PYTHONPATH), so that each
peer does what its users write: tokenise the list, sort it by length, pad per batch, run, pool, normalise.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Callable, Iterator, Protocol

import numpy as np

MAX_LENGTH = 512
DEFAULT_BATCH = 32
WARM_CALLS = 30
MAX_CALLS = 600
# As in `fletcher bench`, so that all samples are medians of as many passes.
LEAST_PASSES = 3
PATIENCE = 5


class Engine(Protocol):
    """An embedding engine: texts to unit-length float32 rows, `batch` texts at a time."""

    batch: int

    def encode(self, texts: list[str]) -> np.ndarray: ...


# The forms that prep.py makes: float32 and dynamically quantised, fused by ONNX Runtime's optimiser and as exported.
ORT_FILES = {"fp32": ("model_opt.onnx", "model.onnx"), "int8": ("model_opt_int8.onnx", "model_int8.onnx")}


class TunableOrt:
    """ONNX Runtime as engines.ORT runs it, with the settings a careful user would try.

    `sessions` > 1 shares the cores among that many single-thread sessions, each with its own batches.
    """

    def __init__(
        self, model: str, precision: str, threads: int, file: str = "", spin: bool = True, sessions: int = 1
    ) -> None:
        import engines
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads = max(1, threads // sessions)
        options.inter_op_num_threads = 1
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL
        options.add_session_config_entry("session.intra_op.allow_spinning", "1" if spin else "0")
        path = f"{engines.WORK}/models/{model}/{file or ORT_FILES[precision][0]}"
        self.sessions = [
            ort.InferenceSession(path, options, providers=["CPUExecutionProvider"]) for _ in range(sessions)
        ]
        self.names = [i.name for i in self.sessions[0].get_inputs()]
        self.tokenizer = engines.Tok(MAX_LENGTH)
        self.batch = DEFAULT_BATCH
        self.pool = engines.pool
        self.workers = ThreadPoolExecutor(sessions) if sessions > 1 else None

    def run(self, session: Any, ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Sentence vectors of one padded batch; ids, mask [B, L]."""
        feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        return self.pool(session.run(None, {k: feed[k] for k in self.names})[0], mask)

    def encode(self, texts: list[str]) -> np.ndarray:
        """Unit-length rows [n, dim] in the order of `texts`."""
        batches = list(self.tokenizer.batches(texts, self.batch))
        if self.workers is None:
            rows = [self.run(self.sessions[0], ids, mask) for _, ids, mask in batches]
        else:
            # Each session takes every n-th batch, so that all get the same mix of lengths.
            n = len(self.sessions)
            parts = list(
                self.workers.map(lambda s: [self.run(self.sessions[s], i, m) for _, i, m in batches[s::n]], range(n))
            )
            rows = [parts[b % n][b // n] for b in range(len(batches))]
        out = np.empty((len(texts), rows[0].shape[1]), np.float32)
        for (index, _, _), row in zip(batches, rows):
            out[index] = row
        return out


class TunableSentenceTransformer:
    """sentence-transformers as engines.ST runs it, with the batch size as a setting."""

    def __init__(self, model: str, precision: str, threads: int) -> None:
        import engines

        self.model = engines.make(f"st-{precision}", model, threads, MAX_LENGTH).m
        self.batch = DEFAULT_BATCH

    def encode(self, texts: list[str]) -> np.ndarray:
        """Unit-length rows [n, dim] in the order of `texts`."""
        return self.model.encode(
            texts, batch_size=self.batch, normalize_embeddings=True, show_progress_bar=False
        ).astype(np.float32)


class BatchedTokenizer:
    """engines.Tok with the batch size as a setting."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer, self.batch = tokenizer, DEFAULT_BATCH

    def batches(self, texts: list[str]) -> Iterator[tuple[list[int], np.ndarray, np.ndarray]]:
        """Indices, ids and mask of padded batches, longest texts first."""
        return self.tokenizer.batches(texts, self.batch)


class TunableOpenVino:
    """OpenVINO as engines.OV runs it: float32, bf16, or int8 calibrated by NNCF with the rest in `hint`."""

    # Arithmetic of what is not quantised; the first is the default.
    HINTS = {"fp32": ("f32",), "bf16": ("bf16",), "int8": ("f32", "bf16")}

    def __init__(self, model: str, precision: str, threads: int, hint: str = "", streams: int = 1) -> None:
        import engines

        self.engine = engines.OV(
            model,
            threads,
            MAX_LENGTH,
            file="ov_int8.xml" if precision == "int8" else "ov_fp32.xml",
            precision=hint or self.HINTS[precision][0],
            streams=streams,
        )
        self.engine.t = self.tokenizer = BatchedTokenizer(self.engine.t)
        self.batch = DEFAULT_BATCH

    def encode(self, texts: list[str]) -> np.ndarray:
        """Unit-length rows [n, dim] in the order of `texts`."""
        self.tokenizer.batch = self.batch
        return self.engine.encode(texts)


FACTORIES: dict[str, Callable[..., Engine]] = {
    "onnxruntime": TunableOrt,
    "openvino": TunableOpenVino,
    "sentence-transformers": TunableSentenceTransformer,
}

BATCHES = (1, 2, 4, 8, 16, 32, 64)
# After one pass of every candidate, those within this factor of the fastest are measured properly.
SHORTLIST_FACTOR = 1.25
SHORTLIST_SIZE = 5
# Engines that compile for every new shape: their first pass says little about the others.
COMPILES_BY_SHAPE = ("openvino",)


def candidates(engine: str, precision: str, threads: int) -> list[dict[str, Any]]:
    """The settings that tuning tries; those that differ only in the batch follow each other, as that loads nothing.

    Spinning, streams and several sessions matter only with more than one thread.
    """
    modes: list[dict[str, Any]] = [{}]
    if engine == "openvino":
        streams = sorted({1, threads})
        modes = [{"hint": h, "streams": s} for h in TunableOpenVino.HINTS[precision] for s in streams]
    if engine == "onnxruntime":
        modes = [{"spin": True, "sessions": 1}]
        if threads > 1:
            modes += [{"spin": False, "sessions": 1}, {"spin": True, "sessions": threads}]
        modes = [{"file": f} | m for f in ORT_FILES[precision] for m in modes]
    return [m | {"batch": b} for m in modes for b in BATCHES]


def shortlist(costs: list[float]) -> list[int]:
    """Indices of the candidates worth a second look, fastest first."""
    order = sorted(range(len(costs)), key=costs.__getitem__)
    return [i for i in order if costs[i] <= SHORTLIST_FACTOR * costs[order[0]]][:SHORTLIST_SIZE]


def read_texts(path: str) -> list[str]:
    """The texts of a .jsonl file of {"text": …}."""
    return [json.loads(line)["text"] for line in Path(path).read_text(encoding="utf-8").split("\n") if line]


class Worker:
    """Serves the requests of one peer: which engine object is loaded is the settings' choice."""

    def __init__(self, engine: str, model: str, precision: str, threads: int) -> None:
        self.name, self.model, self.precision, self.threads = engine, model, precision, threads
        self.settings: dict[str, Any] | None = None
        self.loaded: dict[str, Any] | None = None
        self.engine: Engine | None = None
        self.warm: str | None = None

    def load(self, settings: dict[str, Any]) -> Engine:
        """The engine with these settings, loaded again only when more than the batch changes."""
        fixed = {k: v for k, v in settings.items() if k != "batch"}
        if self.engine is None or fixed != self.loaded:
            self.engine = None
            self.engine = FACTORIES[self.name](self.model, self.precision, self.threads, **fixed)
            self.loaded = fixed
        self.engine.batch = settings.get("batch", DEFAULT_BATCH)
        if settings != self.settings:
            self.settings, self.warm = settings, None
        return self.engine

    def encode(
        self, input: str, settings: dict[str, Any], seconds: float, output: str | None = None, least: int = LEAST_PASSES
    ) -> dict[str, Any]:
        """Median seconds of a pass over the texts of `input`, as `fletcher bench` takes it; the last vectors to `output`.

        Passes go on for `seconds` and until there are `least`, the latter only within PATIENCE times `seconds`.
        """
        engine, texts = self.load(settings), read_texts(input)
        if self.warm != input:
            engine.encode(texts)
            self.warm = input
        passes: list[float] = []
        while not passes or sum(passes) < seconds or (len(passes) < least and sum(passes) < PATIENCE * seconds):
            begin = time.perf_counter()
            vectors = engine.encode(texts)
            passes.append(time.perf_counter() - begin)
        if output:
            np.save(output, vectors)
        return {"passes": len(passes), "seconds": float(np.median(passes)), "best": min(passes)}

    def latency(
        self, input: str, settings: dict[str, Any], seconds: float, output: str | None = None
    ) -> dict[str, Any]:
        """p50 and p99 in milliseconds of one text at a time, over the texts of `input` in turn."""
        engine, texts = self.load(settings), read_texts(input)
        for i in range(WARM_CALLS):
            engine.encode([texts[i % len(texts)]])
        times: list[float] = []
        end = time.perf_counter() + seconds
        while len(times) < MAX_CALLS and time.perf_counter() < end:
            begin = time.perf_counter()
            engine.encode([texts[len(times) % len(texts)]])
            times.append(1e3 * (time.perf_counter() - begin))
        if output:
            np.save(output, np.concatenate([engine.encode([t]) for t in texts]))
        return {"calls": len(times), "p50": float(np.percentile(times, 50)), "p99": float(np.percentile(times, 99))}

    def tune(self, input: str, op: str, seconds: float) -> dict[str, Any]:
        """Try every candidate once, the best of them again and longer; returns the fastest and what was tried."""
        choices = candidates(self.name, self.precision, self.threads)
        if op == "latency":
            # One text at a time: neither the batch size nor a second session or stream plays a part.
            choices = [c for c in choices if c["batch"] == DEFAULT_BATCH]
            choices = [c for c in choices if c.get("sessions", 1) == 1 and c.get("streams", 1) == 1]
        costs = [self.one_pass(input, c) if op == "encode" else 0.0 for c in choices]
        final = {i: self.cost(input, op, choices[i], seconds) for i in shortlist(costs)}
        best = min(final, key=final.__getitem__)
        tried = [c | {"seconds": round(final.get(i, costs[i]), 5)} for i, c in enumerate(choices)]
        return {"settings": choices[best], "tried": tried}

    def one_pass(self, input: str, settings: dict[str, Any]) -> float:
        """Seconds of a single pass, warm-up included but for what is compiled."""
        engine, texts = self.load(settings), read_texts(input)
        if self.name in COMPILES_BY_SHAPE:
            engine.encode(texts)
        begin = time.perf_counter()
        engine.encode(texts)
        return time.perf_counter() - begin

    def cost(self, input: str, op: str, settings: dict[str, Any], seconds: float) -> float:
        """Seconds per pass (`encode`) or per text (`latency`), warmed up."""
        if op == "latency":
            return self.latency(input, settings, seconds)["p50"] / 1e3
        return self.encode(input, settings, seconds, least=1)["seconds"]

    def serve(self) -> None:
        """Answer one JSON line per JSON line until stdin closes. Libraries' own output goes to stderr."""
        replies = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)
        for line in sys.stdin:
            request = json.loads(line)
            try:
                reply = getattr(self, request.pop("method"))(**request)
            except (
                Exception
            ) as error:  # The parent has to name the engine and stop; a half-run comparison is worth nothing.
                reply = {"error": f"{type(error).__name__}: {error}"}
            replies.write(json.dumps(reply) + "\n")
            replies.flush()


def main() -> None:
    """Serve requests, or with --once embed one file as a whole process would."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("engine", choices=sorted(FACTORIES))
    parser.add_argument("--model", required=True, help="a folder of the peers' models")
    parser.add_argument("--precision", required=True, choices=("fp32", "bf16", "int8"))
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--once", action="store_true", help="embed --input into --output once and exit")
    parser.add_argument("--input")
    parser.add_argument("--output")
    parser.add_argument("--settings", type=json.loads, default={})
    args = parser.parse_args()
    worker = Worker(args.engine, args.model, args.precision, args.threads)
    if not args.once:
        worker.serve()
        return
    np.save(args.output, worker.load(args.settings).encode(read_texts(args.input)))
    sys.stdout.flush()
    os._exit(0)  # Interpreter shutdown of these libraries is not part of the work.


if __name__ == "__main__":
    main()

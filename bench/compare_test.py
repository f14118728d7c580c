"""Tests of the comparison's own arithmetic and checks; they run no engine: build/bench-venv/bin/python bench/compare_test.py"""

from __future__ import annotations

import argparse
import os
import stat
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

import compare
import comparison
import participants
import peer_setup
import peer_worker
from participants import Disagreement, EngineError, Fletcher, Sample, Workload


class NamedEngine:
    """Stands in for an engine where only the name matters."""

    def __init__(self, name: str) -> None:
        self.name = name


def stub(folder: Path, script: str) -> Path:
    """An executable shell script in `folder`."""
    path = folder / "fletcher"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


class Rounds(unittest.TestCase):
    def test_every_engine_goes_first_in_turn(self) -> None:
        order: list[str] = []

        def measure(engine: NamedEngine) -> Sample:
            order.append(engine.name)
            return Sample(float(len(order)))

        samples = comparison.run_rounds([NamedEngine(n) for n in "abc"], 3, measure)  # type: ignore
        self.assertEqual("".join(order), "abcbcacab")
        self.assertEqual([s.tokens_per_second for s in samples["a"]], [1.0, 6.0, 8.0])

    def test_ratio_is_the_median_of_per_round_ratios(self) -> None:
        self.assertEqual(comparison.ratios([10, 20, 90], [5, 20, 30]), (2.0, 1.0, 3.0))


class Agreement(unittest.TestCase):
    def test_cosine_does_not_depend_on_length(self) -> None:
        q = comparison.cosines(np.array([[3.0, 0.0], [1.0, 1.0]]), np.array([[1.0, 0.0], [1.0, 0.0]]))
        np.testing.assert_allclose(q, [1.0, 0.5**0.5])

    def test_other_shapes_and_nan_are_disagreements(self) -> None:
        for wrong in (np.ones((1, 2)), np.array([[1.0, np.nan], [1.0, 1.0]])):
            with self.assertRaises(Disagreement):
                comparison.cosines(wrong, np.ones((2, 2)))

    def test_a_low_or_nan_cosine_fails(self) -> None:
        for value, count in ((0.999999, 0), (0.99998, 1), (float("nan"), 1)):
            result = {"workload": "short", "cosine": {"fletcher": {"min": value, "mean": 1.0}}}
            self.assertEqual(len(comparison.failures([result], 0.99999)), count)


    def test_the_reference_outlives_a_precision(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            work = Workload("short", folder / "short.jsonl", texts=2, tokens=10)
            rows = np.array([[1.0, 0.0], [0.0, 1.0]])
            np.save(comparison.vector_file(folder, work, comparison.REFERENCE), rows)
            np.save(comparison.vector_file(folder, work, "openvino"), 2 * rows)
            agreed = comparison.agreement(folder, work, ["openvino"])
            self.assertEqual(agreed, {"openvino": {"min": 1.0, "mean": 1.0}})
            comparison.forget_vectors(folder, keep_reference=True)
            self.assertEqual([p.name for p in folder.iterdir()], ["short.reference.npy"])
            comparison.forget_vectors(folder)
            self.assertEqual(list(folder.iterdir()), [])

    def test_each_precision_has_its_bound(self) -> None:
        results = [{"workload": "short", "cosine": {"fletcher": {"min": 0.9996, "mean": 1.0}}}]
        measured = {p: {"results": results} for p in ("fp32", "bf16", "int8")}
        args = argparse.Namespace(min_cosine=None)
        self.assertEqual([f.partition(",")[0] for f in compare.failures(args, measured)], ["fp32"])
        args.min_cosine = 0.9999
        self.assertEqual(len(compare.failures(args, measured)), 3)


class ThroughputTable(unittest.TestCase):
    work = Workload("short", Path("short.jsonl"), texts=500, tokens=7579)
    agreed = {n: {"min": 0.5, "mean": 0.75} for n in ("fletcher", "openvino", "onnxruntime")}

    def rounds(self, **detail: float) -> comparison.Rounds:
        return {
            "fletcher": [Sample(300.0, detail=dict(detail)), Sample(320.0, detail=dict(detail))],
            "onnxruntime": [Sample(100.0), Sample(100.0)],
            "openvino": [Sample(200.0), Sample(200.0, foreign=0.5)],
        }

    def test_peers_are_sorted_and_the_ratio_to_the_best_is_bold(self) -> None:
        rows = comparison.throughput_rows(self.work, self.rounds(), self.agreed)
        self.assertEqual([r[1] for r in rows], ["fletcher", "openvino", "onnxruntime"])
        self.assertEqual([r[3] for r in rows], ["-", "**1.55 (1.50–1.60)**", "3.10 (3.00–3.20)"])
        self.assertEqual(rows[1], ["short (500 texts, 7,579 tokens)", "openvino", "200", rows[1][3], "-",
                                   "0.5000000 / 0.7500000", "0.50"])  # fmt: skip

    def test_percent_of_peak_is_in_proportion_to_fletchers(self) -> None:
        rounds = self.rounds(peak_gflops=500.0, percent_of_peak=80.0)
        rounds["fletcher"] = rounds["fletcher"][:1]
        self.assertAlmostEqual(comparison.percents_of_peak(rounds)["openvino"], 80.0 * 200 / 300)
        self.assertEqual(comparison.percents_of_peak(self.rounds(peak_gflops=0.0)), {})

    def test_without_fletcher_there_are_only_rates(self) -> None:
        rounds = self.rounds()
        del rounds["fletcher"]
        rows = comparison.throughput_rows(self.work, rounds, self.agreed)
        self.assertEqual([r[1:5] for r in rows],
                         [["openvino", "200", "-", "-"], ["onnxruntime", "100", "-", "-"]])  # fmt: skip


class CommandLine(unittest.TestCase):
    def parse(self, *arguments: str) -> argparse.Namespace:
        with mock.patch.object(sys, "argv", ["compare.py", *arguments]):
            return compare.parse_arguments()

    def test_precisions_and_peers_are_lists(self) -> None:
        args = self.parse("--precision", "fp32,int8", "--peers", "openvino")
        self.assertEqual((args.precision, args.peers), (["fp32", "int8"], ["openvino"]))
        self.assertEqual(self.parse().peers, ["onnxruntime", "openvino", "sentence-transformers"])

    def test_unknown_names_are_refused(self) -> None:
        for wrong in (["--precision", "fp64"], ["--peers", "numpy"], ["--work", "tiny"], ["--shape", "large"],
                      ["--precision", "bf16", "--peers", "onnxruntime", "--peers-only"]):  # fmt: skip
            with self.assertRaises(SystemExit), mock.patch("sys.stderr"):
                self.parse(*wrong)

    def test_latency_has_one_thread(self) -> None:
        self.assertEqual(self.parse("--latency", "--threads", "2").threads, 1)


class FletcherProcess(unittest.TestCase):
    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.work = Workload("short", self.folder / "short.jsonl", texts=2, tokens=10)
        self.enterContext(mock.patch.object(peer_setup, "peers_folder", lambda: self.folder))

    def engine(self, script: str) -> Fletcher:
        return Fletcher(stub(self.folder, script), self.folder, threads=1)

    def test_bench_output_is_read(self) -> None:
        engine = self.engine("""echo '{"texts":2,"tokens":10,"tokens_per_second":7}'""")
        _, reply = engine.bench(self.work)
        self.assertEqual(reply["tokens_per_second"], 7)

    def test_another_token_count_is_a_disagreement(self) -> None:
        with self.assertRaisesRegex(Disagreement, "counts 11 tokens"):
            self.engine("""echo '{"texts":2,"tokens":11}'""").bench(self.work)

    def test_exit_status_and_bad_json_are_errors(self) -> None:
        for script in ("echo no model >&2; exit 4", "echo hello"):
            with self.assertRaises(EngineError):
                self.engine(script).bench(self.work)

    def test_a_missing_executable_is_an_error(self) -> None:
        with self.assertRaisesRegex(EngineError, "not an executable"):
            Fletcher(self.folder / "absent", self.folder, threads=1)

    def test_more_threads_than_cores_is_an_error(self) -> None:
        with self.assertRaises(EngineError):
            participants.cores(len(os.sched_getaffinity(0)) + 1)


class FakeEngine:
    """Stands in for an engine of the worker; counts how often one is loaded."""

    loaded: list[tuple] = []

    def __init__(self, model: str, precision: str, threads: int, **settings: object) -> None:
        self.loaded.append((model, precision, threads, settings))
        self.batch = 0


class Tuning(unittest.TestCase):
    def test_shortlist_is_sorted_and_near_the_best(self) -> None:
        self.assertEqual(peer_worker.shortlist([2.0, 1.0, 1.2, 1.3]), [1, 2])

    def test_default_settings_are_among_the_candidates(self) -> None:
        default = {"file": "model_opt.onnx", "batch": 32, "spin": True, "sessions": 1}
        self.assertIn(default, peer_worker.candidates("onnxruntime", "fp32", 2))
        self.assertIn({"hint": "bf16", "batch": 32, "streams": 1}, peer_worker.candidates("openvino", "bf16", 2))

    def test_one_thread_needs_no_thread_settings(self) -> None:
        self.assertEqual({c["sessions"] for c in peer_worker.candidates("onnxruntime", "fp32", 1)}, {1})
        self.assertEqual({c["streams"] for c in peer_worker.candidates("openvino", "fp32", 1)}, {1})

    def test_int8_has_graphs_and_hints_of_its_own(self) -> None:
        files = {c["file"] for c in peer_worker.candidates("onnxruntime", "int8", 1)}
        self.assertEqual(files, {"model_opt_int8.onnx", "model_int8.onnx"})
        self.assertEqual({c["hint"] for c in peer_worker.candidates("openvino", "int8", 1)}, {"f32", "bf16"})

    def test_another_batch_loads_nothing(self) -> None:
        FakeEngine.loaded = []
        with mock.patch.dict(peer_worker.FACTORIES, openvino=FakeEngine):
            worker = peer_worker.Worker("openvino", "minilm", "int8", 2)
            first = worker.load({"hint": "f32", "batch": 8})
            self.assertIs(worker.load({"hint": "f32", "batch": 16}), first)
            self.assertEqual(first.batch, 16)
            self.assertIsNot(worker.load({"hint": "bf16", "batch": 16}), first)
        expected = [("minilm", "int8", 2, {"hint": h}) for h in ("f32", "bf16")]
        self.assertEqual(FakeEngine.loaded, expected)

    def test_batches_are_of_the_size_asked_for(self) -> None:
        tokenizer = mock.Mock()
        batched = peer_worker.BatchedTokenizer(tokenizer)
        batched.batch = 4
        batched.batches(["a"])
        tokenizer.batches.assert_called_once_with(["a"], 4)


class Setup(unittest.TestCase):
    def test_an_absent_shared_folder_is_named(self) -> None:
        with mock.patch.dict(os.environ, FLETCHER_SHARED="/nowhere"):
            with self.assertRaisesRegex(peer_setup.SetupError, "/nowhere/bench/peers/engines.py"):
                peer_setup.peers_folder()

    def test_an_unfit_model_folder_is_named(self) -> None:
        with self.assertRaisesRegex(peer_setup.SetupError, "no config.json"):
            peer_setup.ensure_model(Path("/nowhere"))

    def test_forms_are_made_once_for_the_same_weights(self) -> None:
        with tempfile.TemporaryDirectory() as name:
            minilm, work = Path(name) / "minilm", Path(name) / "work"
            minilm.mkdir()
            (work / "models" / "bertbase").mkdir(parents=True)
            made: list[str] = []
            self.enterContext(mock.patch.object(peer_setup, "WORK", work))
            self.enterContext(mock.patch.object(peer_setup, "peers_folder", lambda: Path(name)))
            self.enterContext(
                mock.patch.object(peer_setup.subprocess, "run", lambda command, **_: made.append(command[-1]))
            )
            for weights in (b"first", b"first", b"second"):
                (minilm / "model.safetensors").write_bytes(weights)
                folder = peer_setup.ensure_forms(minilm, "bertbase")
                self.assertEqual(folder, work / "models" / "bertbase")
                self.assertEqual((work / "models" / "minilm" / "model.safetensors").read_bytes(), weights)
            self.assertEqual(len(made), 2)
            self.assertEqual(
                made[0],
                "import prep; prep.bertbase(); prep.onnx('bertbase'); prep.ort('bertbase'); prep.ov('bertbase')",
            )
            self.assertEqual(peer_setup.ensure_forms(minilm, "minilm"), minilm)


if __name__ == "__main__":
    unittest.main()

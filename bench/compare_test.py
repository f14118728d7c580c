"""Tests of the comparison's own arithmetic and checks; they run no engine: build/bench-venv/bin/python bench/compare_test.py"""

from __future__ import annotations

import os
import stat
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))

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


class Tuning(unittest.TestCase):
    def test_shortlist_is_sorted_and_near_the_best(self) -> None:
        self.assertEqual(peer_worker.shortlist([2.0, 1.0, 1.2, 1.3]), [1, 2])

    def test_default_settings_are_among_the_candidates(self) -> None:
        default = {"file": "model_opt.onnx", "batch": 32, "spin": True, "sessions": 1}
        self.assertIn(default, peer_worker.candidates("onnxruntime", 2))

    def test_one_thread_needs_no_thread_settings(self) -> None:
        self.assertEqual({c["sessions"] for c in peer_worker.candidates("onnxruntime", 1)}, {1})


class Setup(unittest.TestCase):
    def test_an_absent_shared_folder_is_named(self) -> None:
        with mock.patch.dict(os.environ, FLETCHER_SHARED="/nowhere"):
            with self.assertRaisesRegex(peer_setup.SetupError, "/nowhere/bench/peers/engines.py"):
                peer_setup.peers_folder()

    def test_an_unfit_model_folder_is_named(self) -> None:
        with self.assertRaisesRegex(peer_setup.SetupError, "no config.json"):
            peer_setup.ensure_model(Path("/nowhere"))


if __name__ == "__main__":
    unittest.main()

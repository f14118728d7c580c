"""Tests of check_includes.py: python3 -m unittest discover -s tools"""

import tempfile
import unittest
from pathlib import Path

from check_includes import check, edge_allowed


class EdgeAllowed(unittest.TestCase):
    def test_follows_the_table(self):
        for source, target in [
            ("tokenizer/tokenizer.cc", "base/utf8.h"),
            ("tokenizer/tokenizer.cc", "tokenizer/unicode.h"),
            ("model/encoder.h", "backend/stream.h"),
            ("engine/engine.cc", "backend/registry.h"),
            ("hub/pull.cc", "base/file.h"),
            ("verify/accuracy.h", "fletcher/engine.h"),
            ("base/result.h", "fletcher/result.h"),
            ("bulk/job.cc", "fletcher/engine.h"),
            ("cli/main.cc", "backend/cpu/peak.h"),
        ]:
            self.assertTrue(edge_allowed(source, target), f"{source} -> {target}")

    def test_refuses_what_is_not_in_the_table(self):
        for source, target in [
            ("base/file.cc", "tensor/dtype.h"),
            ("tokenizer/tokenizer.cc", "weights/tensor_file.h"),
            ("model/encoder.cc", "backend/registry.h"),
            ("engine/engine.cc", "hub/hub.h"),
            ("engine/engine.cc", "backend/cpu/cpu_backend.h"),
            ("weights/safetensors.cc", "fletcher/engine.h"),
            ("hub/pull.cc", "engine/engine.h"),
            ("verify/accuracy.cc", "backend/cpu/peak.h"),
        ]:
            self.assertFalse(edge_allowed(source, target), f"{source} -> {target}")

    def test_keeps_devices_apart(self):
        self.assertTrue(edge_allowed("backend/cpu/gemm/gemm_avx2.cc", "backend/cpu/isa.h"))
        self.assertTrue(edge_allowed("backend/cpu/cpu_stream.cc", "backend/stream.h"))
        self.assertTrue(edge_allowed("backend/registry.cc", "backend/cpu/cpu_backend.h"))
        self.assertFalse(edge_allowed("backend/cpu/cpu_stream.cc", "backend/reference/reference_ops.h"))
        self.assertFalse(edge_allowed("backend/ops.cc", "backend/cpu/cpu_backend.h"))


class Check(unittest.TestCase):
    def check_file(self, name: str, text: str) -> list[str]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "src" / name
            path.parent.mkdir(parents=True)
            path.write_text(text)
            return check(Path(folder))

    def test_names_file_line_and_edge(self):
        self.assertEqual(
            self.check_file("tensor/batch.cc", '#include <vector>\n#include "model/model.h"\n'),
            ["src/tensor/batch.cc:2: tensor -> model/model.h is no allowed edge"],
        )

    def test_finds_a_device_under_model(self):
        self.assertEqual(
            self.check_file("model/encoder.cc", "// as fast as AVX2 allows\n"),
            ["src/model/encoder.cc:1: model/ names a device: AVX2"],
        )

    def test_finds_a_family_under_backend(self):
        self.assertEqual(
            self.check_file("backend/ops.cc", "\n// needed by DeBERTa only\n"),
            ["src/backend/ops.cc:2: backend/ names a model family: DeBERTa"],
        )

    def test_knows_every_folder(self):
        self.assertEqual(
            self.check_file("misc/a.cc", ""), ["src/misc/a.cc:1: src/misc has no line in tools/check_includes.py"]
        )

    def test_accepts_a_clean_file(self):
        self.assertEqual(self.check_file("model/bert.cc", '#include "model/bert.h"\n'), [])


if __name__ == "__main__":
    unittest.main()

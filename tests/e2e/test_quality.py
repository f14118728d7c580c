"""The real model on a real task, and what a process of it costs: numbers that a user would notice."""

import json
import os
import pathlib
import subprocess

import numpy as np

SHARED = pathlib.Path(os.environ.get("FLETCHER_SHARED", "../shared"))
STSB_DEV = SHARED / "data/text/stsb/sts-dev.csv"
SPEARMAN = 0.8672  # of Hugging Face's own code on the same file (the data's README)
SPEARMAN_TOLERANCE = 0.0003
WEIGHTS_BYTES = 90_868_376  # model.safetensors
EXTRA_BYTES = 80_000_000


def ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 1, ties sharing their mean rank."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[inverse]


def test_stsb_spearman_is_that_of_hugging_face(fletcher, minilm, tmp_path):
    if minilm is None:
        return
    if not STSB_DEV.is_file():
        print("NOT RUN: STS-B dev Spearman (FLETCHER_SHARED not found)")
        return
    rows = [line.split("\t") for line in STSB_DEV.read_text(encoding="utf-8").splitlines()]
    rows = [row for row in rows if len(row) >= 7]
    texts = tmp_path / "pairs.jsonl"
    texts.write_text("".join(json.dumps(text) + "\n" for row in rows for text in row[5:7]), encoding="utf-8")
    output = tmp_path / "vectors.npy"
    subprocess.run([fletcher, "embed", "--model", minilm, "--input", texts, "--output", output], check=True)
    vectors = np.load(output).astype(np.float64)
    assert vectors.shape == (2 * len(rows), 384)
    similarity = np.sum(vectors[0::2] * vectors[1::2], axis=1)
    gold = np.array([float(row[4]) for row in rows])
    spearman = np.corrcoef(ranks(similarity), ranks(gold))[0, 1]
    print(f"STS-B dev Spearman {spearman:.4f}, wanted {SPEARMAN} +/- {SPEARMAN_TOLERANCE}")
    assert abs(spearman - SPEARMAN) <= SPEARMAN_TOLERANCE


def test_peak_memory_stays_near_the_weights(fletcher, minilm, tmp_path):
    if minilm is None:
        return
    texts = tmp_path / "texts.txt"
    texts.write_text("\n".join(f"text number {i} " + "word " * (i % 200) for i in range(300)), encoding="utf-8")
    process = subprocess.Popen([fletcher, "embed", "--model", minilm, "--input", texts, "--output", tmp_path / "v.npy"])
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    peak = usage.ru_maxrss * 1024
    print(f"peak memory {peak / 1e6:.0f} MB, wanted at most {(1.3 * WEIGHTS_BYTES + EXTRA_BYTES) / 1e6:.0f} MB")
    assert peak <= 1.3 * WEIGHTS_BYTES + EXTRA_BYTES

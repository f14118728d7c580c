"""`fletcher info`, `bench`, `models`, `--help`: the fields that scripts rely on."""

from __future__ import annotations

import json

import pytest

BENCH_FIELDS = {
    "model", "precision", "threads", "texts", "tokens", "texts_per_second", "tokens_per_second",
    "gflops", "peak_gflops", "percent_of_peak", "stages", "latency_ms",
}  # fmt: skip
STAGES = {"read", "tokenize", "encode", "write"}


def test_info_describes_a_model(run, bert, reranker):
    got = json.loads(run("info", "--json", bert).stdout)
    assert got["name"] == "bert"
    assert got["architecture"] == "BertModel"
    assert got["dimensions"] == 64
    assert got["max_length"] == 128
    assert got["pooling"] == "mean"
    assert got["normalize"] is True
    assert got["precision"] == "fp32"
    assert got["parameters"] > 0 and got["weight_bytes"] > 0 and got["workspace_bytes"] > 0
    assert len(got["fingerprint"]) == 32
    assert json.loads(run("info", "--json", "--model", bert).stdout) == got
    assert json.loads(run("info", "--json", reranker).stdout)["classifier"] is True


def test_info_has_a_table_for_people(run, bert):
    out = run("info", bert).stdout
    assert "BertModel" in out and "mean, normalised" in out


def test_info_shows_the_processor(run):
    got = json.loads(run("info", "--cpu", "--json").stdout)
    assert set(got) == {"model", "threads", "instruction_sets", "chosen"}
    assert got["chosen"]
    assert got["chosen"] in run("info", "--cpu").stdout
    assert json.loads(run("info", "--cpu", "--json", env={"FLETCHER_ISA": "scalar"}).stdout)["chosen"] == "scalar"


@pytest.mark.parametrize("single", [[], ["--single"]])
def test_bench_reports_its_fields(run, bert, tmp_path, single):
    source = tmp_path / "texts.txt"
    source.write_text("the ferry leaves at noon\nhello\n" * 20, encoding="utf-8")
    result = run("bench", "--model", bert, "--input", str(source), "--threads", "1", "--precision", "fp32", "--seconds", "0.3", "--json", *single)
    assert result.returncode == 0, result.stderr
    got = json.loads(result.stdout)
    assert set(got) >= BENCH_FIELDS
    assert (got["model"], got["precision"], got["threads"], got["texts"]) == ("bert", "fp32", 1, 40)
    ids = [json.loads(line)["ids"] for line in run("tokenize", "--model", bert, "--input", str(source)).stdout.splitlines()]
    assert got["tokens"] == sum(map(len, ids))
    assert set(got["stages"]) == STAGES
    assert sum(got["stages"].values()) == pytest.approx(1)
    assert got["texts_per_second"] > 0
    assert got["tokens_per_second"] == pytest.approx(got["texts_per_second"] * got["tokens"] / 40)
    assert 0 < got["gflops"] < got["peak_gflops"]
    assert got["percent_of_peak"] == pytest.approx(100 * got["gflops"] / got["peak_gflops"])
    assert 0 < got["latency_ms"]["p50"] <= got["latency_ms"]["p99"]


def test_bench_has_texts_of_its_own_and_a_table(run, bert):
    result = run("bench", "--model", bert, "--seconds", "0")
    assert result.returncode == 0, result.stderr
    assert "texts/s" in result.stdout and "% of the" in result.stdout


def test_models_lists_nothing_in_empty_caches(run):
    assert run("models", "--json").stdout == "[]\n"


def test_version_and_help(run):
    assert run("--version").stdout.startswith("fletcher ")
    out = run("--help").stdout
    for command in ("embed", "rerank", "similarity", "tokenize", "pull", "models", "info", "bench", "verify"):
        assert command in out
        page = run(command, "--help")
        assert page.returncode == 0
        assert page.stdout.startswith(page.stdout.splitlines()[0]) and f"Usage: fletcher {command}" in page.stdout

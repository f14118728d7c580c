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


def test_bench_counts_attention_of_int8_in_its_own_arithmetic(run, bert):
    result = run("bench", "--model", bert, "--threads", "1", "--precision", "int8", "--seconds", "0", "--json")
    assert result.returncode == 0, result.stderr
    got = json.loads(result.stdout)
    assert got["precision"] == "int8" and got["mixed_peak_gflops"] > 0
    assert got["percent_of_mixed_peak"] == pytest.approx(100 * got["gflops"] / got["mixed_peak_gflops"])
    table = run("bench", "--model", bert, "--precision", "int8", "--seconds", "0").stdout
    assert "attention in its own arithmetic" in table
    assert "mixed_peak_gflops" not in json.loads(run("bench", "--model", bert, "--precision", "fp32", "--seconds", "0", "--json").stdout)


def test_bench_has_texts_of_its_own_and_a_table(run, bert):
    result = run("bench", "--model", bert, "--seconds", "0")
    assert result.returncode == 0, result.stderr
    assert "texts/s" in result.stdout and "% of the" in result.stdout


OP_FIELDS = {
    "op", "shape", "size", "precision", "sequences", "length", "microseconds", "best_microseconds", "gflops",
    "peak_gflops", "percent_of_peak", "best_percent_of_peak", "percent_of_mixed_peak", "gb_per_second",
    "read_gb_per_second", "percent_of_reads",
}  # fmt: skip


def ops(run, *args):
    """The object that `bench --ops --json` prints for quick measurements on one thread."""
    result = run("bench", "--ops", "--threads", "1", "--precision", "fp32", "--seconds", "0", "--json", *args)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_bench_measures_ops(run):
    got = ops(run, "--shape", "minilm", "--op", "gelu")
    assert got["threads"] == 1 and got["device"].startswith("cpu (")
    assert [row["length"] for row in got["ops"]] == [1, 8, 16, 32, 96, 256]
    for row in got["ops"]:
        assert set(row) == OP_FIELDS
        assert (row["op"], row["shape"], row["size"]) == ("linear+gelu", "minilm", "384 > 1536")
        assert row["precision"] == "fp32"
        flops = 2 * row["length"] * 384 * 1536
        assert row["gflops"] == pytest.approx(flops / row["microseconds"] / 1e3)
        assert 0 < row["percent_of_peak"] <= row["best_percent_of_peak"]
        weights = 4 * (384 * 1536 + 1536)
        moved = weights + 4 * row["length"] * (384 + 1536)
        assert row["gb_per_second"] == pytest.approx(moved / row["microseconds"] / 1e3, rel=0.1)  # weights are padded
        assert row["percent_of_reads"] is None


def test_bench_reads_cold_weights_from_memory(run):
    got = ops(run, "--shape", "minilm", "--op", "cold")
    assert [row["length"] for row in got["ops"]] == [8, 16, 32]
    assert got["cold_weight_bytes"] >= 1 << 20
    for row in got["ops"]:
        assert row["read_gb_per_second"] > 0 and row["percent_of_reads"] > 0


def test_bench_counts_no_operations_where_bytes_are_moved(run):
    (row,) = ops(run, "--shape", "qwen3-0.6b", "--op", "embed")["ops"]
    assert row["gflops"] is None and row["peak_gflops"] is None and row["percent_of_peak"] is None
    assert row["precision"] is None  # the same in all
    assert row["gb_per_second"] == pytest.approx(512 * 2 * 4 * 1024 / row["microseconds"] / 1e3)


def test_bench_prints_a_table_of_ops(run):
    out = run("bench", "--ops", "--shape", "minilm", "--op", "pool", "--threads", "1", "--seconds", "0", "--precision", "fp32").stdout
    assert "minilm, fp32 on cpu (" in out and "pool mean" in out and "32 x 16" in out


def test_bench_names_the_ops_there_are(run):
    result = run("bench", "--ops", "--op", "fft")
    assert result.returncode == 2
    assert "fft" in result.stderr and "linear+residual+norm" in result.stderr


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

"""`fletcher rerank`: scores against Hugging Face's, order, options."""

from __future__ import annotations

import json
import math
import pathlib
from collections import defaultdict

import pytest
from golden import golden_text

# Against float64 reference logits.
LOGIT_TOLERANCE = 5e-5


def parse(output: str) -> list[dict]:
    return [json.loads(line) for line in output.splitlines()]


@pytest.fixture(scope="module")
def golden(reranker) -> dict[str, list[tuple[str, float]]]:
    """Documents and logits by query."""
    by_query = defaultdict(list)
    for item in json.loads((pathlib.Path(reranker) / "golden.json").read_text(encoding="utf-8"))["items"]:
        by_query[golden_text(item["a"])].append((golden_text(item["b"]), item["logits"][0]))
    return by_query


def test_orders_documents_as_the_logits_of_hugging_face(run, reranker, golden):
    for query, documents in golden.items():
        texts = [text for text, _ in documents]
        result = run("rerank", "--model", reranker, "--query", query, "--raw-scores", "--", *texts)
        assert result.returncode == 0, result.stderr
        got = parse(result.stdout)
        assert sorted(line["index"] for line in got) == list(range(len(texts)))
        assert [line["score"] for line in got] == sorted((line["score"] for line in got), reverse=True)
        for line in got:
            assert line["score"] == pytest.approx(documents[line["index"]][1], abs=LOGIT_TOLERANCE)
        activated = parse(run("rerank", "--model", reranker, "--query", query, "--", *texts).stdout)
        assert [line["index"] for line in activated] == [line["index"] for line in got]
        for raw, score in zip(got, activated, strict=True):
            assert score["score"] == pytest.approx(1 / (1 + math.exp(-raw["score"])), abs=1e-6)


def test_keeps_the_best_and_breaks_ties_by_position(run, reranker):
    result = run("rerank", "--model", reranker, "--query", "q", "--top-n", "3", "--return-documents", "b", "a b c", "b", "b")
    got = parse(result.stdout)
    assert len(got) == 3
    same = [line["index"] for line in got if line["document"] == "b"]
    assert same == sorted(same)


def test_reads_documents_from_a_file(run, reranker, tmp_path):
    source = tmp_path / "documents.jsonl"
    source.write_text('{"body":"one"}\n{"body":"two two"}\n', encoding="utf-8")
    result = run("rerank", "--model", reranker, "--query", "q", "--input", str(source), "--column", "body")
    assert result.stdout == run("rerank", "--model", reranker, "--query", "q", "one", "two two").stdout


def test_an_embedding_model_ranks_by_cosine(run, bert):
    got = parse(run("rerank", "--model", bert, "--query", "the ferry", "a clock", "the ferry", "noon").stdout)
    assert got[0]["index"] == 1
    assert got[0]["score"] == pytest.approx(1, abs=1e-6)


def test_wants_a_query(run, reranker):
    result = run("rerank", "--model", reranker, "document")
    assert result.returncode == 2
    assert "--query" in result.stderr

"""`fletcher verify`: what it measures, what it keeps, and what `info` and `--precision auto` make of it."""

from __future__ import annotations

import json
import pathlib
import time

import pytest

USAGE, INPUT, MODEL = 2, 3, 4
BUILT_IN_PAIRS, BUILT_IN_QUERIES, BUILT_IN_DOCUMENTS = 1200, 48, 320
RECORD_FIELDS = {
    "model", "fingerprint", "version", "device", "precision", "pooling", "measured", "classifier", "texts", "reference",
    "cosine", "score_spearman", "max_abs_difference", "spearman", "ndcg_at_10", "threads", "tokens_per_second", "gflops",
    "peak_gflops", "percent_of_peak", "weight_bytes", "workspace_bytes",
}  # fmt: skip
# fp32 on the cpu against the reference in double, vectors of unit length.
LEAST_FP32_COSINE, MOST_FP32_DIFFERENCE = 0.999999, 1e-5
# MiniLM on the built-in texts with sentence-transformers 6.2.0 in float32, scipy's spearmanr. Values whose order hangs
# on the last bit may change places.
SPEARMAN, NDCG_AT_10, QUALITY_TOLERANCE = 0.59329, 0.59568, 0.0003


@pytest.fixture
def texts(tmp_path: pathlib.Path) -> list[str]:
    """The flags that name a small pair file and a small corpus."""
    pairs = [("a wing in a slipstream", "lift", 3), ("heat", "the cat sleeps", 0), ("shock waves", "waves", 2)]
    lines = [json.dumps({"sentence1": a, "sentence2": b, "score": score}) for a, b, score in pairs]
    (tmp_path / "pairs.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    corpus = tmp_path / "corpus"
    (corpus / "qrels").mkdir(parents=True)
    documents = {"d0": "lift of a wing", "d1": "heat transfer", "d2": "a warm printer"}
    rows = [json.dumps({"_id": name, "title": "", "text": text}) for name, text in documents.items()]
    (corpus / "corpus.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
    (corpus / "queries.jsonl").write_text('{"_id": "q0", "text": "how does a wing lift?"}\n', encoding="utf-8")
    (corpus / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\nq0\td0\t2\nq0\td1\t1\n", encoding="utf-8")
    return ["--pairs", str(tmp_path / "pairs.jsonl"), "--corpus", str(corpus)]


@pytest.fixture
def verify(run, texts):
    """verify(MODEL, …) → the parsed object, in fp32 on the small texts."""

    def call(model: str, *args: str) -> dict:
        result = run("verify", model, *texts, "--json", "--precision", "fp32", *args)
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout)

    return call


def stored_record(got: dict) -> pathlib.Path:
    files = list(pathlib.Path(got["stored"]).glob("*.json"))
    assert len(files) == 1
    return files[0]


def test_verify_measures_an_embedding_model(verify, bert):
    got = verify(bert)
    assert (got["model"], got["auto"], len(got["fingerprint"])) == ("bert", "fp32", 32)
    [record] = got["records"]
    assert set(record) == RECORD_FIELDS
    assert record["precision"] == "fp32"
    assert record["device"].startswith("cpu (")
    assert record["reference"] == {"device": "reference", "precision": "fp32", "texts": 10}
    assert LEAST_FP32_COSINE <= record["cosine"]["min"] <= record["cosine"]["mean"] <= 1
    assert 0 < record["max_abs_difference"] <= MOST_FP32_DIFFERENCE
    assert record["score_spearman"] is None
    assert -1 <= record["spearman"]["value"] <= 1
    assert record["spearman"]["loss"] == pytest.approx(record["spearman"]["fp32"] - record["spearman"]["value"])
    assert 0 < record["ndcg_at_10"]["value"] <= 1
    assert record["texts"]["pairs"] == 3 and record["texts"]["documents"] == 3 and record["texts"]["queries"] == 1
    assert record["tokens_per_second"] > 0 and record["weight_bytes"] > 0
    assert record["percent_of_peak"] == pytest.approx(100 * record["gflops"] / record["peak_gflops"])
    assert json.loads(stored_record(got).read_text(encoding="utf-8")) == record


def test_verify_measures_a_cross_encoder(verify, reranker):
    [record] = verify(reranker)["records"]
    assert record["classifier"] is True
    assert record["cosine"] is None
    assert record["score_spearman"] == 1
    assert 0 < record["max_abs_difference"] <= 5e-5  # the bound of the golden values of logits


def test_verify_agrees_with_numbers_computed_apart(run, verify, texts, bert):
    """Spearman and nDCG@10 from the vectors that `embed` prints."""
    [record] = verify(bert)["records"]

    def vectors(*inputs: str) -> list[list[float]]:
        lines = run("embed", "--model", bert, *inputs).stdout.splitlines()
        return [json.loads(line)["embedding"] for line in lines]

    def cosine(a: list[float], b: list[float]) -> float:
        return sum(x * y for x, y in zip(a, b))  # of unit length

    v = vectors("a wing in a slipstream", "lift", "heat", "the cat sleeps", "shock waves", "waves")
    likeness = [cosine(v[i], v[i + 1]) for i in (0, 2, 4)]
    ranks = [sorted(likeness).index(x) for x in likeness]
    spearman = 1 - 6 * sum((a - b) ** 2 for a, b in zip(ranks, [2, 0, 1])) / (3 * 8)
    assert record["spearman"]["value"] == pytest.approx(spearman)

    query, *documents = vectors("how does a wing lift?", "lift of a wing", "heat transfer", "a warm printer")
    order = sorted(range(3), key=lambda d: -cosine(query, documents[d]))
    discounts = [1, 0.6309297535714575, 0.5]
    gained = sum({0: 3, 1: 1, 2: 0}[d] * discounts[place] for place, d in enumerate(order))
    assert record["ndcg_at_10"]["value"] == pytest.approx(gained / (3 + discounts[1]))


def test_verify_has_texts_of_its_own_and_a_table(run, bert):
    result = run("verify", "--model", bert, "--precision", "fp32", timeout=240)  # sanitizers are slow
    assert result.returncode == 0, result.stderr
    assert f"{BUILT_IN_PAIRS:,} pairs (built-in)" in result.stdout
    assert f"{BUILT_IN_QUERIES} queries over {BUILT_IN_DOCUMENTS} documents (built-in)" in result.stdout
    assert "reference, " in result.stdout
    assert "COSINE MIN" in result.stdout and "stored in " in result.stdout


def test_verify_measures_every_precision_of_the_device(run, texts, bert):
    got = json.loads(run("verify", bert, *texts, "--json").stdout)
    precisions = [record["precision"] for record in got["records"]]
    assert precisions[0] == "fp32"
    refused = run("verify", bert, "--precision", "fp16")
    assert refused.stderr.splitlines()[0].endswith(": " + ", ".join(precisions))
    assert got["auto"] in precisions


def test_verify_tells_instruction_sets_apart(run, verify, bert):
    [scalar] = verify(bert, "--isa", "scalar", "--precision", "fp32")["records"]
    assert scalar["device"] == "cpu (scalar)"
    [best] = verify(bert)["records"]
    assert [r["device"] for r in json.loads(run("info", "--json", bert).stdout)["accuracy"]] == sorted(
        {scalar["device"], best["device"]}
    )


def test_info_shows_the_records_of_the_same_content(run, verify, bert, tmp_path):
    assert json.loads(run("info", "--json", bert).stdout)["accuracy"] == []
    assert "see fletcher verify" in run("info", bert).stdout
    got = verify(bert)
    assert json.loads(run("info", "--json", bert).stdout)["accuracy"] == got["records"]
    assert "COSINE MIN" in run("info", bert).stdout

    copy = tmp_path / "copied"
    for path in pathlib.Path(bert).rglob("*.*"):
        target = copy / path.relative_to(bert)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
    assert json.loads(run("info", "--json", str(copy)).stdout)["accuracy"] == got["records"]
    config = copy / "config.json"
    config.write_text(config.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert json.loads(run("info", "--json", str(copy)).stdout)["accuracy"] == []


@pytest.mark.parametrize("change", [("fingerprint", "0" * 32), ("version", "0.0.1")], ids=["fingerprint", "version"])
def test_a_stale_record_is_not_read(run, verify, bert, change):
    file = stored_record(verify(bert))
    record = json.loads(file.read_text(encoding="utf-8"))
    record[change[0]] = change[1]
    file.write_text(json.dumps(record), encoding="utf-8")
    assert json.loads(run("info", "--json", bert).stdout)["accuracy"] == []


def test_own_texts_do_not_replace_the_record_of_others(run, verify, bert, texts):
    verify(bert)
    pairs = pathlib.Path(texts[1])
    pairs.write_text(pairs.read_text(encoding="utf-8").replace("lift", "drag"), encoding="utf-8")
    verify(bert)
    verify(bert)
    assert len(json.loads(run("info", "--json", bert).stdout)["accuracy"]) == 2


def test_precision_auto_goes_by_the_records(run, verify, bert):
    def auto() -> tuple[str, str]:
        result = run("embed", "--model", bert, "--precision", "auto", "--log-level", "info", "a")
        assert result.returncode == 0, result.stderr
        return result.stdout, result.stderr

    plain = run("embed", "--model", bert, "a")
    assert plain.stderr == ""
    vector, log = auto()
    assert "fletcher: info: precision=fp32: --precision auto found no accuracy record" in log
    assert vector == plain.stdout
    verify(bert)
    vector, log = auto()
    assert "fletcher: info: precision=fp32: --precision auto chose it by 1 accuracy record " in log
    assert vector == plain.stdout
    assert run("embed", "--model", bert, "--precision", "auto", "a").stderr == ""


def test_a_cache_that_cannot_be_written_is_a_warning(run, texts, bert, tmp_path):
    (tmp_path / "cache").write_text("not a folder", encoding="utf-8")
    result = run("verify", bert, *texts, "--json", "--precision", "fp32", env={"FLETCHER_CACHE": str(tmp_path / "cache")})
    assert result.returncode == 0, result.stderr
    got = json.loads(result.stdout)
    assert got["stored"] is None
    assert len(got["records"]) == 1
    assert "fletcher: warning: the records were not stored: " in result.stderr
    assert str(tmp_path / "cache") in result.stderr


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("p.jsonl", '{"sentence1":"a","sentence2":"b","score":1}\n{"sentence1":"a","score":1}\n', ["line 2", "sentence2"]),
        ("p.jsonl", '{"sentence1":"a","sentence2":"b"}\n', ["line 1", "score"]),
        ("p.jsonl", "", ["no pairs"]),
        ("p.csv", "sentence1,sentence2,score\na,b,high\n", ["line 2", "score", "high"]),
        ("p.csv", "a,b,c\n", ["line 1", "sentence1"]),
        ("p.txt", "a\n", [".jsonl"]),
    ],
    ids=["no-sentence", "no-score", "empty", "bad-score", "no-column", "extension"],
)
def test_broken_pairs_are_an_input_error(run, bert, tmp_path, name, content, words):
    (tmp_path / name).write_text(content, encoding="utf-8")
    result = run("verify", bert, "--pairs", str(tmp_path / name))
    assert result.returncode == INPUT, result.stderr
    for word in [str(tmp_path / name), *words]:
        assert word in result.stderr


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("corpus.jsonl", "", ["empty"]),
        ("queries.jsonl", "", ["empty"]),
        ("qrels/test.tsv", "q0\td9\t1\n", ["line 1", "corpus-id", "d9", "corpus.jsonl"]),
        ("qrels/test.tsv", "q9\td0\t1\n", ["line 1", "query-id", "q9", "queries.jsonl"]),
        ("qrels/test.tsv", "q0 d0 1\n", ["line 1", "tabs"]),
        ("qrels/test.tsv", "q0\td0\t0\n", ["no query has a relevant document"]),
    ],
    ids=["no-documents", "no-queries", "unknown-document", "unknown-query", "no-tabs", "nothing-relevant"],
)
def test_a_broken_corpus_is_an_input_error(run, bert, texts, name, content, words):
    path = pathlib.Path(texts[3]) / name
    path.write_text(content, encoding="utf-8")
    result = run("verify", bert, *texts)
    assert result.returncode == INPUT, result.stderr
    for word in [str(path), *words]:
        assert word in result.stderr


def test_what_is_not_there_is_said(run, bert, tmp_path):
    for args, code, word in [
        ((bert, "--pairs", str(tmp_path / "none.jsonl")), INPUT, "none.jsonl"),
        ((bert, "--corpus", str(tmp_path / "none")), INPUT, "corpus.jsonl"),
        ((bert, "--precision", "fp16"), USAGE, "--precision fp16 is not available on cpu ("),
        ((bert, "--precision", "fp7"), USAGE, "fp7"),
        ((bert, bert), USAGE, "2 models"),
        ((str(tmp_path / "no-model"),), MODEL, "no-model"),
    ]:
        result = run("verify", *args, env={"HF_HUB_OFFLINE": "1"})
        assert result.returncode == code, (args, result.stderr)
        assert word in result.stderr, (args, result.stderr)


def test_minilm_has_the_figures_of_sentence_transformers(run, minilm):
    if minilm is None:
        return
    start = time.monotonic()
    result = run("verify", minilm, "--precision", "fp32", "--json", timeout=240)
    print(f"fletcher verify took {time.monotonic() - start:.0f} s")
    assert result.returncode == 0, result.stderr
    [record] = json.loads(result.stdout)["records"]
    assert record["reference"]["device"] == "reference"
    assert record["reference"]["texts"] >= 10
    assert record["cosine"]["min"] >= LEAST_FP32_COSINE
    assert record["max_abs_difference"] <= MOST_FP32_DIFFERENCE
    assert record["spearman"]["value"] == pytest.approx(SPEARMAN, abs=QUALITY_TOLERANCE)
    assert record["ndcg_at_10"]["value"] == pytest.approx(NDCG_AT_10, abs=QUALITY_TOLERANCE)

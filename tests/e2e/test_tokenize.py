"""`fletcher tokenize`: ids and offsets against Hugging Face's, and the forms of its output."""

from __future__ import annotations

import json
import pathlib

import pytest

DATA = pathlib.Path(__file__).resolve().parents[1] / "data"


def text_of(item: dict) -> str:
    text = item["text"]
    return text if isinstance(text, str) else text["repeat"] * text["times"]


@pytest.mark.parametrize("name", ["bert-base-cased", "bert-base-multilingual-cased"])
def test_gives_the_ids_and_offsets_of_hugging_face(run, tmp_path, name):
    golden = [json.loads(line) for line in (DATA / "golden/tokenizers" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    source = tmp_path / "texts.jsonl"
    source.write_text("".join(json.dumps({"text": text_of(item)}) + "\n" for item in golden), encoding="utf-8")
    result = run("tokenize", "--model", str(DATA / "tokenizers" / name), "--input", str(source))
    assert result.returncode == 0, result.stderr
    lines = result.stdout.split("\n")[:-1]
    assert len(lines) == len(golden)
    for line, item in zip(lines, golden, strict=True):
        got = json.loads(line)
        assert list(got) == ["ids", "tokens", "offsets"]
        assert got["ids"] == item["ids"], item["text"]
        assert [n for pair in got["offsets"] for n in pair] == item["offsets"], item["text"]
        assert len(got["tokens"]) == len(got["ids"])


def test_names_the_tokens(run):
    result = run("tokenize", "--model", str(DATA / "tokenizers/bert-base-cased"), "Hello wörld")
    assert json.loads(result.stdout)["tokens"][0:2] == ["[CLS]", "Hello"]


def test_takes_a_single_file(run):
    folder = DATA / "tokenizers/bert-base-cased"
    whole = run("tokenize", "--model", str(folder), "Hello there")
    one = run("tokenize", "--model", str(folder / "tokenizer.json"), "Hello there")
    assert one.stdout == whole.stdout != ""


def test_counts_offsets_in_code_points_or_bytes(run, bert):
    points = json.loads(run("tokenize", "--model", bert, "日 a").stdout)["offsets"]
    in_bytes = json.loads(run("tokenize", "--model", bert, "--byte-offsets", "日 a").stdout)["offsets"]
    assert points[1:-1] == [[0, 1], [2, 3]]
    assert in_bytes[1:-1] == [[0, 3], [4, 5]]


def test_truncates_only_when_asked(run, bert):
    text = "a " * 500
    assert len(json.loads(run("tokenize", "--model", bert, text).stdout)["ids"]) == 502
    assert len(json.loads(run("tokenize", "--model", bert, "--max-length", "9", text).stdout)["ids"]) == 9
    refused = run("tokenize", "--model", bert, "--max-length", "9", "--truncate", "error", "a", text)
    assert refused.returncode == 3
    assert "text 2: 502 tokens" in refused.stderr


def test_refuses_room_for_fewer_than_the_special_tokens(run, bert):
    result = run("tokenize", "--model", bert, "--max-length", "1", "a")
    assert result.returncode == 2
    assert "special tokens" in result.stderr

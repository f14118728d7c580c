"""`fletcher embed`: sources of texts, forms of output, options; values against Hugging Face's."""

from __future__ import annotations

import csv
import json
import pathlib
import subprocess

import numpy as np
import pytest
from golden import golden_text

# Against float64 reference values printed with 7 digits.
GOLDEN_TOLERANCE = 1e-5
TEXTS = ["The ferry leaves at noon.", "[a,b]", "", "  ", "naïve café 日本語", "-5", "embed"]


def rows(output: str) -> np.ndarray:
    lines = [json.loads(line) for line in output.splitlines()]
    assert [line["index"] for line in lines] == list(range(len(lines)))
    assert all(set(line) == {"index", "embedding"} for line in lines)
    return np.array([line["embedding"] for line in lines], dtype=np.float32)


@pytest.fixture
def embed(run, bert):
    def call(*args: str, **kwargs) -> subprocess.CompletedProcess:
        result = run("embed", "--model", bert, *args, **kwargs)
        assert result.returncode == 0, result.stderr
        return result

    return call


@pytest.fixture
def expected(embed) -> np.ndarray:
    return rows(embed("--", *TEXTS).stdout)


def write_texts(path: pathlib.Path) -> str:
    if path.suffix == ".csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([["id", "text"], *enumerate(TEXTS)])
    elif path.suffix == ".jsonl":
        lines = [json.dumps(t if i % 2 else {"id": i, "text": t}) for i, t in enumerate(TEXTS)]
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    else:
        path.write_text("\n".join(TEXTS) + "\n", encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("name", ["bert", "bert_dense"])
def test_gives_the_vectors_of_hugging_face(run, bert, tmp_path, name):
    folder = pathlib.Path(bert).parent / name
    golden = json.loads((folder / "golden.json").read_text(encoding="utf-8"))["items"]
    source = tmp_path / "texts.jsonl"
    source.write_text("".join(json.dumps({"text": golden_text(item["text"])}) + "\n" for item in golden), encoding="utf-8")
    result = run("embed", "--model", str(folder), "--input", str(source))
    assert result.returncode == 0, result.stderr
    np.testing.assert_allclose(rows(result.stdout), [item["vector"] for item in golden], atol=GOLDEN_TOLERANCE * 5)


def test_gives_the_vectors_of_all_minilm(run, minilm, tmp_path):
    if minilm is None:
        return
    path = pathlib.Path(__file__).parents[1] / "data/golden/all-MiniLM-L6-v2.json"
    items = json.loads(path.read_text(encoding="utf-8"))["items"]
    texts = [golden_text(item["text"]) for item in items]
    source = tmp_path / "texts.jsonl"
    source.write_text("".join(json.dumps(text) + "\n" for text in texts), encoding="utf-8")
    result = run("embed", "--model", minilm, "--input", str(source))
    assert result.returncode == 0, result.stderr
    np.testing.assert_allclose(rows(result.stdout), [item["vector"] for item in items], atol=GOLDEN_TOLERANCE)


def test_takes_arguments_literally(expected):
    assert expected.shape == (len(TEXTS), 64)
    np.testing.assert_allclose(np.linalg.norm(expected, axis=1), 1, atol=1e-6)
    assert not np.array_equal(expected[1], expected[2])


@pytest.mark.parametrize("suffix", [".txt", ".jsonl", ".csv"])
def test_reads_files(embed, expected, tmp_path, suffix):
    source = write_texts(tmp_path / f"texts{suffix}")
    np.testing.assert_array_equal(rows(embed("--input", source).stdout), expected)


def test_reads_a_named_column(embed, expected, tmp_path):
    source = tmp_path / "texts.csv"
    source.write_text('body,n\n"[a,b]",1\n', encoding="utf-8")
    np.testing.assert_array_equal(rows(embed("--input", str(source), "--column", "body").stdout), expected[1:2])


@pytest.mark.parametrize("args", [[], ["--input", "-"]])
def test_reads_lines_of_standard_input(embed, expected, args):
    np.testing.assert_array_equal(rows(embed(*args, input="\n".join(TEXTS)).stdout), expected)


@pytest.mark.parametrize("content", ["", "\n"])
def test_an_empty_input_has_no_rows_and_a_blank_line_has_one(embed, content):
    assert len(embed(input=content).stdout.splitlines()) == content.count("\n")


def test_keeps_the_order_of_a_long_input(embed, tmp_path):
    texts = [f"{'word ' * (n * 7 % 90)}{n}" for n in range(1500)]
    source = tmp_path / "texts.txt"
    source.write_text("\n".join(texts), encoding="utf-8")
    got = rows(embed("--input", str(source)).stdout)
    for at in (0, 255, 256, 777, 1499):
        np.testing.assert_array_equal(got[at : at + 1], rows(embed(texts[at]).stdout))


def test_an_npy_file_holds_the_rows_of_json(embed, expected, tmp_path):
    target = tmp_path / "vectors.npy"
    assert embed("--output", str(target), "--", *TEXTS).stdout == ""
    got = np.load(target)
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, expected)
    assert list(tmp_path.iterdir()) == [target]


def test_a_jsonl_file_holds_what_standard_output_shows(embed, tmp_path):
    target = tmp_path / "vectors.jsonl"
    embed("--output", str(target), "--", *TEXTS)
    assert target.read_text(encoding="utf-8") == embed("--", *TEXTS).stdout


@pytest.mark.parametrize(
    ("name", "dtype", "columns"),
    [("fp16", np.float16, 64), ("int8", np.int8, 64), ("uint8", np.uint8, 64), ("binary", np.int8, 8), ("ubinary", np.uint8, 8)],
)
def test_embedding_types(embed, expected, tmp_path, name, dtype, columns):
    target = tmp_path / "vectors.npy"
    embed("--embedding-type", name, "--output", str(target), "--", *TEXTS)
    got = np.load(target)
    assert got.dtype == dtype
    assert got.shape == (len(TEXTS), columns)
    if name == "fp16":
        np.testing.assert_array_equal(got, expected.astype(np.float16))
    elif name == "ubinary":
        np.testing.assert_array_equal(got, np.packbits(expected > 0, axis=1))
    elif name == "binary":
        np.testing.assert_array_equal(got.view(np.uint8), np.packbits(expected > 0, axis=1) ^ 0x80)
    else:
        scaled = np.rint(expected * (127 / np.abs(expected).max(axis=1, keepdims=True)))
        np.testing.assert_allclose(got.astype(int) - (128 if name == "uint8" else 0), scaled, atol=1)
    lines = embed("--embedding-type", name, "--", *TEXTS).stdout.splitlines()
    np.testing.assert_array_equal(np.array([json.loads(line)["embedding"] for line in lines]).astype(dtype), got)


def test_dimensions_are_cut_and_normalised_again(embed, expected):
    got = rows(embed("--dimensions", "16", "--", *TEXTS).stdout)
    cut = expected[:, :16]
    np.testing.assert_allclose(got, cut / np.linalg.norm(cut, axis=1, keepdims=True), atol=1e-6)


def test_no_normalize_leaves_the_length(embed, expected):
    got = rows(embed("--no-normalize", "--", *TEXTS).stdout)
    lengths = np.linalg.norm(got, axis=1, keepdims=True)
    assert np.all(np.abs(lengths - 1) > 1e-3)
    np.testing.assert_allclose(got / lengths, expected, atol=1e-6)


def test_a_prompt_goes_before_every_text(embed):
    assert embed("--prompt", "query: ", "hello").stdout == embed("query: hello").stdout
    assert embed("--prompt", "", "hello").stdout == embed("hello").stdout


def test_truncates_the_end_or_the_start(embed, run, bert):
    text = " ".join(f"w{n}" for n in range(300))
    right = embed("--max-length", "20", text).stdout
    assert right == embed("--max-length", "20", "--truncate", "right", text + " more").stdout
    left = embed("--max-length", "20", "--truncate", "left", text).stdout
    assert left == embed("--max-length", "20", "--truncate", "left", "more " + text).stdout
    assert left != right
    refused = run("embed", "--model", bert, "--truncate", "error", "short", text)
    assert refused.returncode == 3
    assert "text 2" in refused.stderr and "128" in refused.stderr


def test_threads_do_not_change_a_bit(embed):
    one = embed("--threads", "1", "--", *TEXTS).stdout
    assert one == embed("--threads", "2", "--", *TEXTS).stdout


def test_flags_have_environment_twins_and_single_dash_spellings(embed, run, bert):
    wanted = embed("--dimensions", "8", "hello").stdout
    assert run("embed", "hello", env={"FLETCHER_MODEL": bert, "FLETCHER_DIMENSIONS": "8"}).stdout == wanted
    assert run("embed", "-model", bert, "-dimensions", "8", "-quantization=none", "hello").stdout == wanted


def test_progress_goes_to_stderr_only_when_asked(embed, tmp_path):
    source = tmp_path / "texts.txt"
    source.write_text("hello\n" * 10, encoding="utf-8")
    assert embed("--input", str(source)).stderr == ""

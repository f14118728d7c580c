"""What goes wrong, whose fault it is by exit code, and that nothing half written stays."""

from __future__ import annotations

import json
import os
import pathlib
import resource
import shutil
import struct
import subprocess

import pytest

OTHER, USAGE, INPUT, MODEL = 1, 2, 3, 4


def assert_failed(result: subprocess.CompletedProcess, code: int, *words: str) -> None:
    assert result.returncode == code, (result.returncode, result.stderr)
    assert result.stderr.startswith("fletcher: error: "), result.stderr
    for word in words:
        assert word in result.stderr, result.stderr


@pytest.fixture
def embed_file(run, bert, tmp_path):
    """Embeds a file of these bytes into out.npy."""

    def call(name: str, content: bytes, *args: str) -> subprocess.CompletedProcess:
        (tmp_path / name).write_bytes(content)
        return run("embed", "--model", bert, "--input", str(tmp_path / name), "--output", str(tmp_path / "out.npy"), *args)

    return call


# Texts that are odd but texts.
@pytest.mark.parametrize(
    "content",
    [b"\n", b"   \n", b"a\0b\n", b"\xff\xfe broken \xe2\x82\n", b"last line without newline", b"crlf\r\n"],
    ids=["empty", "blanks", "nul", "invalid-utf8", "no-newline", "crlf"],
)
def test_odd_texts_have_vectors(embed_file, tmp_path, content):
    result = embed_file("texts.txt", content)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "out.npy").stat().st_size == 128 + 64 * 4


def test_a_line_of_50_megabytes_is_truncated(embed_file, tmp_path):
    result = embed_file("texts.txt", b"word and " * (50_000_000 // 9) + b"\nshort\n")
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "out.npy").stat().st_size == 128 + 2 * 64 * 4


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("texts.jsonl", b'{"text":"a"}\n{"text":"b', ["texts.jsonl", "2"]),
        ("texts.jsonl", b'{"text":"a"}\n{"txt":"b"}\n', ["texts.jsonl", "2", "text"]),
        ("texts.jsonl", b'"a"\n\n"b"\n', ["texts.jsonl", "2"]),
        ("texts.jsonl", b'"a"\n7\n', ["texts.jsonl", "2"]),
        ("texts.csv", b"id,body\n1,a\n", ["texts.csv", "text", "body"]),
        ("texts.csv", b'text\na\n"open quote\n', ["texts.csv"]),
        ("texts.parquet", b"PAR1", ["texts.parquet", ".jsonl"]),
        ("texts", b"a\n", ["texts", ".jsonl"]),
    ],
    ids=["truncated", "no-field", "blank-line", "number", "no-column", "open-quote", "parquet", "no-extension"],
)
def test_a_broken_file_is_an_input_error(embed_file, tmp_path, name, content, words):
    assert_failed(embed_file(name, content), INPUT, *words)
    assert [p.name for p in tmp_path.iterdir() if p.name != "home"] == [name]


def test_an_error_far_into_the_input_leaves_no_output(embed_file, tmp_path):
    result = embed_file("texts.jsonl", b'"a"\n' * 5000 + b"[]\n")
    assert_failed(result, INPUT, "texts.jsonl", "5001")
    assert [p.name for p in tmp_path.iterdir() if p.name != "home"] == ["texts.jsonl"]


def test_a_directory_or_nothing_as_input(run, bert, tmp_path):
    assert_failed(run("embed", "--model", bert, "--input", str(tmp_path)), INPUT, str(tmp_path))
    folder = tmp_path / "folder.txt"
    folder.mkdir()
    assert_failed(run("embed", "--model", bert, "--input", str(folder)), INPUT, "directory")
    assert_failed(run("embed", "--model", bert, "--input", str(tmp_path / "none.txt")), INPUT, "none.txt")


@pytest.mark.parametrize(
    "args",
    [
        ["embed", "--nonsense"],
        ["embed", "--max-length", "0", "a"],
        ["embed", "--max-length", "many", "a"],
        ["embed", "--max-length", "100000", "a"],
        ["embed", "--truncate", "middle", "a"],
        ["embed", "--dimensions", "65", "a"],
        ["embed", "--prompt-name", "none", "a"],
        ["embed", "--prompt", "p", "--prompt-name", "q", "a"],
        ["embed", "--precision", "fp16", "a"],
        ["embed", "--precision", "fp16", "a"],
        ["embed", "-quantization", "int8", "a"],
        ["embed", "--device", "cuda", "a"],
        ["embed", "--pooling", "median", "a"],
        ["embed", "--embedding-type", "int3", "a"],
        ["embed", "--output", "vectors.xyz", "a"],
        ["embed", "--input", "texts.txt", "a"],
        ["embed", "--threads", "-1", "a"],
        ["rerank", "--top-n", "0", "-q", "a", "b"],
        ["bench", "text"],
        ["bench", "--op", "norm"],
        ["bench", "--ops", "--single"],
        ["bench", "--ops", "--shape", "bert"],
        ["bench", "--ops", "--precision", "fp16"],
        ["bench", "--ops", "--device", "cuda"],
    ],
    ids=" ".join,
)
def test_wrong_flags_are_usage_errors(run, bert, args, tmp_path):
    result = run(*args[:1], "--model", bert, *args[1:], cwd=tmp_path)
    assert_failed(result, USAGE, f"see fletcher {args[0]} --help")
    assert result.stdout == ""
    assert [p.name for p in tmp_path.iterdir() if p.name != "home"] == []


def test_wrong_commands_are_usage_errors(run):
    assert_failed(run(), USAGE, "no command")
    assert_failed(run("embde"), USAGE, "embde", "embed, rerank")
    assert_failed(run("pull"), USAGE, "NAME")


def test_heads_that_a_model_lacks(run, bert, reranker):
    assert_failed(run("embed", "--model", bert, "--sparse", "a"), MODEL, "no sparse head")
    assert_failed(run("embed", "--model", bert, "--multi-vector", "a"), MODEL, "no multi-vector head")
    assert_failed(run("embed", "--model", reranker, "a"), MODEL, "classifier")


def rewrite(path: pathlib.Path, **fields) -> None:
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | fields), encoding="utf-8")


def cut(path: pathlib.Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda m: (m / "config.json").unlink(), ["config.json"]),
        (lambda m: (m / "model.safetensors").unlink(), ["model.safetensors"]),
        (lambda m: (m / "tokenizer.json").unlink(), ["tokenizer.json"]),
        (lambda m: (m / "config.json").write_text("{"), ["config.json"]),
        (lambda m: (m / "config.json").write_text("[]"), ["config.json"]),
        (lambda m: (m / "tokenizer.json").write_text('{"model":{"type":"Magic"}}'), ["tokenizer.json"]),
        (lambda m: cut(m / "model.safetensors"), ["model.safetensors"]),
        (lambda m: (m / "model.safetensors").write_bytes(struct.pack("<Q", 2**60)), ["model.safetensors"]),
        (lambda m: (m / "model.safetensors").write_bytes(b""), ["model.safetensors"]),
        (lambda m: rewrite(m / "config.json", hidden_size=128), ["128"]),
        (lambda m: rewrite(m / "config.json", num_hidden_layers=4), ["layer.3"]),
        (lambda m: rewrite(m / "config.json", vocab_size=10), ["10"]),
        (lambda m: rewrite(m / "config.json", hidden_size=-1), ["hidden_size"]),
        (lambda m: rewrite(m / "config.json", num_attention_heads=7), ["num_attention_heads"]),
        (lambda m: rewrite(m / "config.json", architectures=["NoSuchModel"]), ["NoSuchModel"]),
        (lambda m: (m / "1_Pooling/config.json").unlink(), ["1_Pooling"]),
    ],
    ids=[
        "no-config", "no-weights", "no-tokenizer", "config-truncated", "config-array", "tokenizer-unknown", "weights-cut",
        "weights-huge-header", "weights-empty", "hidden-size", "layers", "vocabulary", "negative", "heads", "architecture",
        "no-pooling",
    ],
)  # fmt: skip
def test_a_damaged_model_is_a_model_error(run, bert, tmp_path, damage, words):
    model = tmp_path / "model"
    shutil.copytree(bert, model)
    damage(model)
    assert_failed(run("embed", "--model", str(model), "a"), MODEL, *words)


def test_a_model_that_is_nowhere(run):
    result = run("embed", "--model", "acme/none", "a", env={"HF_HUB_OFFLINE": "1"})
    assert_failed(result, MODEL, "acme/none")


def test_a_full_disk(run, fletcher, bert, clean_env, tmp_path):
    texts = tmp_path / "texts.txt"
    texts.write_text("hello there\n" * 3000, encoding="utf-8")
    with open("/dev/full", "wb") as full:
        result = subprocess.run(
            [fletcher, "embed", "--model", bert, "--input", str(texts)],
            stdout=full, stderr=subprocess.PIPE, env=clean_env, text=True, timeout=60,
        )  # fmt: skip
        assert_failed(result, OTHER, "No space left")
        result = subprocess.run(
            [fletcher, "tokenize", "--model", bert, "hello"],
            stdout=full, stderr=subprocess.PIPE, env=clean_env, text=True, timeout=60,
        )  # fmt: skip
        assert_failed(result, OTHER, "No space left")


def test_a_full_file_system_keeps_no_half_file(run, bert, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    mounted = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(small)], capture_output=True
    ).returncode == 0
    if not mounted:
        print("NOT RUN: a full file system (mounting needs root)")
        return
    try:
        texts = tmp_path / "texts.txt"
        texts.write_text("hello there\n" * 3000, encoding="utf-8")
        for name in ("out.npy", "out.jsonl"):
            result = run("embed", "--model", bert, "--input", str(texts), "--output", str(small / name))
            assert_failed(result, OTHER, name, "No space left")
            assert list(small.iterdir()) == []
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_an_output_folder_that_is_missing(run, bert, tmp_path):
    result = run("embed", "--model", bert, "--output", str(tmp_path / "none" / "out.npy"), "a")
    assert_failed(result, OTHER, "out.npy")


def test_an_existing_output_survives_a_failure(embed_file, tmp_path):
    (tmp_path / "out.npy").write_bytes(b"precious")
    assert_failed(embed_file("texts.jsonl", b'"a"\n{'), INPUT)
    assert (tmp_path / "out.npy").read_bytes() == b"precious"


@pytest.mark.parametrize("megabytes", [100, 150, 200, 250])
def test_too_little_memory_is_an_error(fletcher, clean_env, minilm, megabytes):
    """Which allocation fails depends on the limit; none may end the process by a signal."""
    if minilm is None:
        return
    limit = megabytes << 20
    result = subprocess.run(
        [fletcher, "embed", "--threads", "1", "--model", minilm, "hello"],
        env=clean_env,
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )
    assert result.returncode in (0, 1, 4), result.stderr
    assert result.returncode == 0 or result.stderr.startswith("fletcher: error: ")


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_weights_that_are_no_numbers_give_no_vector(run, bert, tmp_path, precision):
    folder = tmp_path / "nan"
    shutil.copytree(bert, folder)
    weights = bytearray((folder / "model.safetensors").read_bytes())
    (length,) = struct.unpack_from("<Q", weights)
    header = json.loads(weights[8 : 8 + length])
    name = next(n for n in header if n.endswith("layer.1.intermediate.dense.weight"))
    assert header[name]["dtype"] == "F32"
    struct.pack_into("<f", weights, 8 + length + header[name]["data_offsets"][0], float("nan"))
    (folder / "model.safetensors").write_bytes(weights)
    result = run("embed", "--model", str(folder), "--precision", precision, "hello")
    assert_failed(result, MODEL, "NaN or infinity", "wanted finite numbers")
    assert result.stdout == ""

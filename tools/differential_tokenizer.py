"""Compares `fletcher tokenize` with the pinned `tokenizers` package on random Unicode: ids and offsets.

Every text is drawn from a mix that hits what BERT pipelines treat specially: all planes, combining marks, CJK, controls,
whitespace, punctuation, case pairs, Hangul, and fragments of special tokens. With --random-tokenizers, tokenizer.json files
with random switches and added tokens are tried, too. The seed is printed; the first mismatches are printed with their text.

Usage: python tools/differential_tokenizer.py --fletcher build/release/fletcher --texts 200000 MODEL_FOLDER…
"""

from __future__ import annotations

import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import unicodedata

import tokenizers
from tokenizers import Tokenizer

PINNED = "0.23.3"
BATCH = 5000
SHOWN = 5

POINTS = [cp for cp in range(0x110000) if not 0xD800 <= cp < 0xE000]
ASSIGNED = [cp for cp in POINTS if unicodedata.category(chr(cp)) not in ("Cn", "Co")]
MARKS = [cp for cp in ASSIGNED if unicodedata.category(chr(cp)).startswith("M")]
CLASSES = [cp for cp in ASSIGNED if unicodedata.combining(chr(cp))]
DECOMPOSING = [cp for cp in ASSIGNED if unicodedata.normalize("NFD", chr(cp)) != chr(cp)]
CASED = [cp for cp in ASSIGNED if chr(cp).lower() != chr(cp)]
PUNCTUATION = [cp for cp in ASSIGNED if unicodedata.category(chr(cp))[0] in "PS"]
SPACES = [cp for cp in ASSIGNED if unicodedata.category(chr(cp))[0] in "Z"] + list(range(0x21)) + [0x7F, 0x85]
CONTROLS = [cp for cp in ASSIGNED if unicodedata.category(chr(cp)) in ("Cc", "Cf")] + [0, 0xFFFD, 0xFEFF, 0xE000]
CJK = [*range(0x4E00, 0x9FFF, 7), *range(0x3040, 0x3100), *range(0xF900, 0xFB00), *range(0x20000, 0x2FA1F, 91)]
LETTERS = [cp for cp in ASSIGNED if unicodedata.category(chr(cp))[0] == "L" and cp < 0x3000]
POOLS = [POINTS, ASSIGNED, MARKS, CLASSES, DECOMPOSING, CASED, PUNCTUATION, SPACES, CONTROLS, CJK, LETTERS,
         list(range(0xAC00, 0xD7A4)), list(range(0x20, 0x7F)), list(range(0xA0, 0x250)), [0x130, 0x3A3, 0x1E9E, 0x345, 0x344]]
FRAGMENTS = ["[CLS]", "[SEP]", "[MASK]", "[UNK]", "[PAD]", "[CLS", "MASK]", "[[MASK]]", "[mask]", "[MASK]s", "[ MASK ]", "##", "##ing",
             "the", " ", "  ", "Ünïcödé", "İstanbul", "naïve", "ﬁ", "don't", "1234567", "e\u0301", "q\u0323\u0307", "q\u0307\u0323",
             "\u1e9b\u0323", "日本語", "한국어", "नमस्ते", "مَرْحَبًا", "\r\n", "\u200d", "👩‍👩‍👧", "x" * 101, "й" * 100, "é" * 60]


def random_text(rng: random.Random, words: list[str]) -> str:
    """Pieces of one to four pools, or of the vocabulary, in runs."""
    pools = rng.sample(POOLS, rng.randint(1, 4))
    out = []
    for _ in range(rng.choice([0, 1, 2, 3, 5, 8, 13, 21])):
        kind = rng.random()
        if kind < 0.2:
            out.append(rng.choice(FRAGMENTS))
        elif kind < 0.4:
            out.append(rng.choice(words).removeprefix("##") + rng.choice(["", " ", "s"]))
        else:
            pool = rng.choice(pools)
            out.append("".join(chr(rng.choice(pool)) for _ in range(rng.choice([1, 1, 2, 3, 6]))))
    return "".join(out)


def normal_form(content: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", content.lower()) if not unicodedata.combining(c)).strip()


def random_tokenizer(rng: random.Random) -> dict:
    """A tokenizer.json with a small vocabulary and random switches and added tokens."""
    words = ["[UNK]", "[CLS]", "[SEP]"] + [chr(c) for c in range(0x21, 0x7F)] + ["##" + chr(c) for c in range(0x21, 0x7F)]
    words += ["é", "##é", "ü", "日", "##日", "а", "##а", "\u0301", "##\u0301", "ab", "##ab", "abc", "the", "##the", "ss", "##σ", "σ"]
    vocab = {word: i for i, word in enumerate(words)}
    contents = rng.sample(["[UNK]", "[CLS]", "[SEP]", "<a>", "<A>", "<ab>", "ab", "AB", "é", "É", "日", " the", "the ", "e", "[C", "--", "- -"],
                          rng.randint(0, 8))
    added = []
    for content in contents:
        special = rng.random() < 0.5
        added.append({"content": content, "special": special, **{flag: rng.random() < 0.35 for flag in ("single_word", "lstrip", "rstrip", "normalized")}})
    # Of two contents with one normal form, which one is found depends on a hash table: only one of them may stay.
    seen: set[str] = set()
    added = [t for t in added if normal_form(t["content"]) not in seen and not seen.add(normal_form(t["content"]))]
    next_id = len(words)
    for token in added:
        token["id"] = vocab.get(token["content"], next_id)
        next_id += token["id"] == next_id
    added.sort(key=lambda token: token["id"])
    switch = lambda: rng.random() < 0.6  # noqa: E731
    normalizer = {"type": "BertNormalizer", "clean_text": switch(), "handle_chinese_chars": switch(),
                  "strip_accents": rng.choice([None, True, False]), "lowercase": switch()}
    post = {"type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 1]}
    return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added,
            "normalizer": rng.choice([None, normalizer, normalizer, normalizer]),
            "pre_tokenizer": rng.choice([None, {"type": "BertPreTokenizer"}, {"type": "BertPreTokenizer"}]),
            "post_processor": rng.choice([None, post]), "decoder": None,
            "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": rng.choice(["##", "##", "##", ""]),
                      "max_input_chars_per_word": rng.choice([100, 100, 3]), "vocab": vocab}}


def fletcher(program: str, model: str, texts: list[str]) -> list[dict]:
    with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as file:
        file.writelines(json.dumps({"text": text}) + "\n" for text in texts)
        file.flush()
        done = subprocess.run([program, "tokenize", "--model", model, "--input", file.name], capture_output=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{model}: fletcher: {done.stderr.decode(errors='replace')}")
    return [json.loads(line) for line in done.stdout.decode("utf-8").splitlines()]


def compare(program: str, model: str, reference: Tokenizer, texts: list[str]) -> int:
    reference.no_truncation()
    reference.no_padding()
    mismatches = 0
    got = fletcher(program, model, texts)
    if len(got) != len(texts):
        sys.exit(f"{model}: {len(texts)} texts, {len(got)} lines")
    for text, ours, theirs in zip(texts, got, reference.encode_batch(texts), strict=True):
        wanted = {"ids": theirs.ids, "offsets": [list(o) for o in theirs.offsets]}
        if any(ours[key] != wanted[key] for key in wanted):
            mismatches += 1
            if mismatches <= SHOWN:
                print(f"{model}: {ascii(text)}\n  fletcher   {ascii({key: ours[key] for key in wanted})}\n  tokenizers {ascii(wanted)}")
    return mismatches


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="*", help="folders with a tokenizer.json")
    parser.add_argument("--fletcher", default="build/release/fletcher")
    parser.add_argument("--texts", type=int, default=200_000, help="per folder")
    parser.add_argument("--random-tokenizers", type=int, default=0, help="tokenizer.json files with random switches, 300 texts each")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    arguments = parser.parse_args()
    if tokenizers.__version__ != PINNED:
        sys.exit(f"tokenizers {tokenizers.__version__}, wanted {PINNED}")
    rng = random.Random(arguments.seed)
    total = mismatches = 0
    for model in arguments.models:
        reference = Tokenizer.from_file(str(pathlib.Path(model) / "tokenizer.json"))
        words = [word for word, _ in sorted(reference.get_vocab().items(), key=lambda item: item[1])]
        for done in range(0, arguments.texts, BATCH):
            texts = [random_text(rng, words) for _ in range(min(BATCH, arguments.texts - done))]
            mismatches += compare(arguments.fletcher, model, reference, texts)
            total += len(texts)
        print(f"{model}: {arguments.texts} texts, seed {arguments.seed}, {mismatches} mismatches so far")
    for number in range(arguments.random_tokenizers):
        config = random_tokenizer(rng)
        extra = [token["content"] for token in config["added_tokens"]]
        words = list(config["model"]["vocab"]) + 20 * extra + 20 * [e.lower() for e in extra] + 20 * [f" {e}\u00a0" for e in extra]
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "tokenizer.json"
            path.write_text(json.dumps(config), encoding="utf-8")
            texts = [random_text(rng, words) for _ in range(300)]
            bad = compare(arguments.fletcher, str(path), Tokenizer.from_file(str(path)), texts)
        total += len(texts)
        mismatches += bad
        if bad:
            print(f"random tokenizer {number}: {bad} mismatches; {json.dumps({k: v for k, v in config.items() if k != 'model'})}")
    print(f"{total} texts, {mismatches} mismatches, seed {arguments.seed}")
    return 1 if mismatches else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Selects the texts of src/verify/texts, on which `fletcher verify` measures by default, out of Tatoeba and Cranfield.
Usage: select_verify_texts.py TEXT_FOLDER OUTPUT_FOLDER, with tatoeba/ and cranfield_ir/ in TEXT_FOLDER. The same input
gives the same output: records are keyed by it, so it is not to be run again without need."""

import json
import random
import sys
from pathlib import Path

LANGUAGES = "ara cat deu fin hin ind ita jpn nno pol ron spa tur vie wuu".split()
TRANSLATIONS_OF_A_LANGUAGE = 16
JUDGED_PAIRS, OTHER_PAIRS = 700, 500
QUERIES = 48
LEAST_JUDGED = 3
DOCUMENTS = 320
SEED = 4


def read_lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines()


def select_translations(folder: Path) -> list[dict]:
    rng = random.Random(SEED)
    columns = []
    for language in LANGUAGES:
        english = read_lines(folder / f"tatoeba.{language}-eng.eng")
        foreign = read_lines(folder / f"tatoeba.{language}-eng.{language}")
        columns.append(rng.sample(list(zip(english, foreign)), TRANSLATIONS_OF_A_LANGUAGE))
    return [{"sentence1": a, "sentence2": b} for row in zip(*columns) for a, b in row]


def read_jsonl(path: Path) -> list[dict]:
    return [json.loads(line) for line in read_lines(path)]


def without_title(document: dict) -> dict:
    """Cranfield's texts begin with the title, which would count twice where the two are joined."""
    title, text = document["title"].strip(), document["text"].strip()
    if text.startswith(title):
        text = text[len(title) :].strip()
    return {"_id": document["_id"], "title": title, "text": text}


def read_cranfield(folder: Path) -> tuple[list[dict], list[dict], list[tuple[str, str, str]]]:
    documents = [without_title(d) for d in read_jsonl(folder / "corpus.jsonl")]
    documents = [d for d in documents if d["title"] and d["text"]]
    known = {d["_id"] for d in documents}
    judgements = [tuple(line.split("\t")) for line in read_lines(folder / "qrels.tsv")[1:]]
    return documents, read_jsonl(folder / "queries.jsonl"), [j for j in judgements if j[1] in known]


def select_pairs(documents: list[dict], queries: list[dict], judgements: list[tuple[str, str, str]]) -> list[dict]:
    """A query and the title of a document, with the document's grade; 0 for documents that nobody judged."""
    rng = random.Random(SEED)
    title = {d["_id"]: d["title"] for d in documents}
    text = {q["_id"]: q["text"] for q in queries}
    judged = {(q, d) for q, d, _ in judgements}
    others = [(q, d, "0") for q in text for d in rng.sample(sorted(title), 4) if (q, d) not in judged]
    chosen = rng.sample(judgements, JUDGED_PAIRS) + rng.sample(others, OTHER_PAIRS)
    rng.shuffle(chosen)
    return [{"sentence1": text[q], "sentence2": title[d], "score": int(grade)} for q, d, grade in chosen]


def select_corpus(
    documents: list[dict], queries: list[dict], judgements: list[tuple[str, str, str]]
) -> tuple[list[dict], list[dict], list[tuple[str, str, str]]]:
    judged: dict[str, list[str]] = {}
    for query, document, _ in judgements:
        judged.setdefault(query, []).append(document)
    queries = [q for q in queries if len(judged.get(q["_id"], [])) >= LEAST_JUDGED]
    queries = [queries[i * len(queries) // QUERIES] for i in range(QUERIES)]
    wanted = {d for q in queries for d in judged[q["_id"]]}
    others = [d["_id"] for d in documents if d["_id"] not in wanted]
    wanted |= set(random.Random(SEED).sample(others, max(0, DOCUMENTS - len(wanted))))
    asked = {q["_id"] for q in queries}
    return [d for d in documents if d["_id"] in wanted], queries, [j for j in judgements if j[0] in asked]


def write_jsonl(path: Path, rows: list[dict]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def main() -> None:
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    write_jsonl(target / "translations.jsonl", select_translations(source / "tatoeba"))
    cranfield = read_cranfield(source / "cranfield_ir")
    write_jsonl(target / "pairs.jsonl", select_pairs(*cranfield))
    documents, queries, judgements = select_corpus(*cranfield)
    write_jsonl(target / "corpus.jsonl", documents)
    write_jsonl(target / "queries.jsonl", queries)
    lines = ["query-id\tcorpus-id\tscore", *("\t".join(judgement) for judgement in judgements)]
    (target / "qrels.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

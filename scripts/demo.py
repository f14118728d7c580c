"""The demo: draws which sentences are alike, embeds one, and compares it with the vector that Hugging Face's own
code gives, on the fast CPU backend and on the reference. Needs build/release/fletcher, and in FLETCHER_MINILM the
model's folder."""

import json
import math
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FLETCHER = str(ROOT / "build/release/fletcher")
GOLDEN = ROOT / "tests/data/golden/all-MiniLM-L6-v2.json"
MODEL = os.environ["FLETCHER_MINILM"]
TEXT = "The quick brown fox jumps over the lazy dog."
TOLERANCE = 1e-5  # per component, that of the golden file
SENTENCES = [
    "A man is playing the piano.",
    "Someone performs a piece on a keyboard instrument.",
    "A cat sleeps on the warm windowsill.",
    "The kitten is napping in the sun.",
    "Interest rates were raised by the central bank.",
    "The bank made borrowing more expensive.",
]


def golden_vector(text: str) -> list[float]:
    for item in json.loads(GOLDEN.read_text(encoding="utf-8"))["items"]:
        if item["text"] == text:
            return item["vector"]
    raise SystemExit(f"demo: {GOLDEN} has no vector for {text!r}")


def embed(text: str, device: str) -> tuple[list[float], float]:
    """The vector of a text and the seconds of the whole process, start-up included."""
    command = [FLETCHER, "embed", "--model", MODEL, "--device", device, text]
    start = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)["embedding"], time.perf_counter() - start


def step(command: str) -> None:
    print(f"\n$ {command}", flush=True)


def main() -> int:
    step("fletcher similarity " + " ".join(f'"{s}"' for s in SENTENCES[:2]) + " …")
    subprocess.run([FLETCHER, "similarity", "--model", MODEL, *SENTENCES], check=True)

    wanted, worst = golden_vector(TEXT), 0.0
    for device in ("cpu", "reference"):
        step(f'fletcher embed --device {device} "{TEXT}"')
        vector, seconds = embed(TEXT, device)
        difference = max(abs(a - b) for a, b in zip(vector, wanted, strict=True))
        worst = max(worst, difference)
        print(f"[{', '.join(f'{x:.6f}' for x in vector[:4])}, …]  {len(vector)} numbers, length "
              f"{math.sqrt(sum(x * x for x in vector)):.6f}, {seconds:.2f} s with start-up")
        print(f"max |difference| to Hugging Face's vector: {difference:.1e}")
    if worst > TOLERANCE:
        print(f"demo: more than {TOLERANCE:.0e} apart", file=sys.stderr)
        return 1
    print("\nYour turn: build/release/fletcher embed --help")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as error:
        print(f"demo: {' '.join(error.cmd[:2])} ended with {error.returncode}", file=sys.stderr)
        sys.exit(1)

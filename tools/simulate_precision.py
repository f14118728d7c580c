#!/usr/bin/env python3
"""What rounding the operands of products must cost: the goldens of the tiny models in double, with every operand of an
encoder's products and of its attention rounded as bf16 or int8 round it, and sums exact. It knows nothing of the kernels;
tests/golden/precision_golden_test.cc takes its bounds from what it prints. Needs torch and transformers (bench/README.md).
Usage: simulate_precision.py [FOLDER of tiny models]"""

import json
import math
import pathlib
import sys

import torch
import transformers

ROOT = pathlib.Path(__file__).resolve().parents[1]


def bf16(x: torch.Tensor) -> torch.Tensor:
    return x.float().to(torch.bfloat16).double()


def u8_rows(x: torch.Tensor) -> torch.Tensor:
    """The range of a row, zero included, in 255 steps."""
    low, high = x.amin(-1, keepdim=True).clamp(max=0), x.amax(-1, keepdim=True).clamp(min=0)
    scale = (high - low) / 255
    zero = torch.round(-low / scale)
    return (torch.round(x / scale + zero) - zero) * scale


def s8_rows(w: torch.Tensor) -> torch.Tensor:
    scale = w.abs().amax(-1, keepdim=True) / 127
    return torch.round(w / scale) * scale


def round_operands(model: torch.nn.Module, round_input, round_weight) -> None:
    """Of every Linear in the encoder; pooler and classifier are f32 in every precision."""
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Linear) and "encoder." in name:
            module.weight.data = round_weight(module.weight.data)
            module.register_forward_pre_hook(lambda _, args: (round_input(args[0]), *args[1:]))


def bf16_attention(module, query, key, value, attention_mask, scaling=None, **_):
    scores = bf16(query) @ bf16(key).transpose(2, 3) * (scaling or 1 / math.sqrt(query.shape[-1]))
    numerators = torch.exp(scores - scores.amax(-1, keepdim=True))
    context = bf16(numerators) @ bf16(value) / numerators.sum(-1, keepdim=True)
    return context.transpose(1, 2), None


def outputs(folder: pathlib.Path, golden: dict, precision: str) -> list[torch.Tensor]:
    """Logits, or the pooled vector of each item before Dense and Normalize."""
    classify = golden["kind"] == "classify"
    kind = transformers.AutoModelForSequenceClassification if classify else transformers.AutoModel
    model = kind.from_pretrained(folder, dtype=torch.float64).eval()
    if precision != "fp32":
        model.set_attn_implementation("bf16")
        round_operands(model, *((bf16, bf16) if precision == "bf16" else (u8_rows, s8_rows)))
    results = []
    with torch.no_grad():
        for item in golden["items"]:
            ids = torch.tensor([item["ids"]])
            types = torch.tensor([item.get("type_ids", [0] * len(item["ids"]))])
            out = model(input_ids=ids, token_type_ids=types)
            if classify:
                results.append(out.logits[0])
            else:
                hidden = out.last_hidden_state[0]
                results.append(hidden.mean(0) if golden["pooling"] == "mean" else hidden[0])
    return results


def main() -> None:
    transformers.AttentionInterface.register("bf16", bf16_attention)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    tiny = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "tests/data/models/tiny"
    for name in ("bert", "bert_dense", "bert_reranker"):
        golden = json.loads((tiny / name / "golden.json").read_text(encoding="utf-8"))
        wanted = outputs(tiny / name, golden, "fp32")
        for precision in ("bf16", "int8"):
            seen = outputs(tiny / name, golden, precision)
            if golden["kind"] == "classify":
                worst = max(float((a - b).abs().max()) for a, b in zip(seen, wanted))
                print(f"{name} in {precision}: largest |difference| of logits {worst:.2g}")
                continue
            losses = [1 - float(torch.cosine_similarity(a, b, dim=0)) for a, b in zip(seen, wanted)]
            print(f"{name} in {precision}: 1 - cosine mean {sum(losses) / len(losses):.2g}, largest {max(losses):.2g}")


if __name__ == "__main__":
    main()

"""Measures a model and writes its card: the TOML file by which the program knows the model and its errors."""

import hashlib
import json
import statistics
import tomllib
from pathlib import Path

from .config import Config
from .data import read_set
from .evaluate import Errors, count_errors, onnx_counter
from .network import MULTIPLE_PX, STRIDE_PX
from .train import load_sets

# Edges of the strata of the predicted count that error is stated for.
STRATA = (0, 10, 50, 200, 1000, 10**9)
# The detector that measures heads where no calibration tells how large they are, and the widths of the median head in
# pixels outside which pictures are doubled or halved: see README.md.
HEAD_SIZES = {"card": "people.toml", "range_px": [7.0, 25.0]}
TEST_SET = "counting/shanghaitech_b/test"
LIMITS = (
    "A research model: the pictures that it learned from may not be used commercially, and their licences bind the "
    "weights. It counts best where heads are 6 to 48 pixels wide and at least partly seen; people seen straight from "
    "above, by night, in rain or far away are under-counted, and dense foliage, flower beds and piles of fruit can be "
    "taken for crowds. Error grows with density. Retrain on pictures of your own cameras: models/training/README.md."
)


def _quantile(values: list[float], part: float) -> float:
    """Linear between the two nearest of the sorted values."""
    ordered = sorted(values)
    at = part * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


def strata(errors: Errors) -> list[dict]:
    """Relative error by predicted count; strata with under five pictures are left out."""
    rows = []
    for low, high in zip(STRATA, STRATA[1:]):
        inside = [(p, t) for p, t in zip(errors.predicted, errors.true) if low <= p < high]
        if len(inside) < 5:
            continue
        ratios = [t / max(p, 1.0) for p, t in inside]
        rows.append({
            "people_min": low, "people_max": high, "images": len(inside),
            "bias_relative": round(statistics.fmean((p - t) / max(t, 1) for p, t in inside), 4),
            "ratio_lo": round(_quantile(ratios, 0.05), 4), "ratio_hi": round(_quantile(ratios, 0.95), 4),
        })
    return rows


def _table(name: str, row: dict) -> str:
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in row.items()]
    return "\n".join([name, *lines, ""])


def _execution(card: Path) -> list[str]:
    """The tables by which an existing card says how its model is best run: written by hand, and kept."""
    stated = tomllib.loads(card.read_text()).get("execution", {}) if card.exists() else {}
    plain = {key: value for key, value in stated.items() if not isinstance(value, dict)}
    parts = [_table("[execution]", plain)] if plain else []
    return parts + [_table(f"[execution.{key}]", value) for key, value in stated.items() if isinstance(value, dict)]


def write(config: Config, data: Path, model: Path, logs: list[Path], history: str, threads: int) -> None:
    """Measures `model` and writes `<model>.toml` beside it; keeps the curves of its runs, `logs`, there too."""
    density_of = onnx_counter(model, threads)
    training, validation = load_sets(config, data)
    held_out = [count_errors(density_of, pictures) for pictures in validation]
    pooled = Errors([p for e in held_out for p in e.predicted], [t for e in held_out for t in e.true])
    test = count_errors(density_of, read_set(data / TEST_SET)).summary()
    history = f"; {history}" if history else ""
    licence = "Apache-2.0 (weights trained on research-only data: see training_data)"
    init = f", initial trunk {config.initial_weights} (YOLOX-nano, COCO, Apache-2.0)" if config.initial_weights else ""
    parts = [
        _table("# Written by `python -m throng_training card`.", {
            "name": config.name + model.stem.removeprefix(config.network), "version": config.version, "file": model.name,
            "sha256": hashlib.sha256(model.read_bytes()).hexdigest(), "licence": licence,
            "source": f"models/training of this repository, {config.network}.toml, seed {config.seed}{init}{history}",
        }),
        _table("[input]", {"name": "image", "colour": "rgb", "range": "0..255", "multiple_of_px": MULTIPLE_PX,
                           "max_side_px": 1920, "head_size_range_px": [6.0, 48.0]}),
        _table("[output]", {"kind": "density", "name": "density", "stride_px": STRIDE_PX}),
        _table("[head_sizes]", HEAD_SIZES),
    ]
    parts += _execution(model.with_suffix(".toml"))
    parts += [_table("[[training_data]]", {"name": s.name, "images": len(pictures), "licence": s.licence})
              for s, pictures in zip(config.sets, training)]
    parts += [_table("[[error]]", row) for row in strata(pooled)]
    command = "python -m throng_training evaluate"
    rows = [("shanghaitech_b/test", test, f"{command} {TEST_SET}")]
    rows += [(f"{s.name}, held out", e.summary(), f"{command} --held-out")
             for s, e in zip(config.sets, held_out) if e.true]
    for name, row, how in rows:
        parts.append(_table("[[evaluation]]", {"set": name, "images": row["images"], "mae": row["mae"],
                                               "rmse": row["rmse"], "command": how}))
    parts.append(_table("[notes]", {"limits": LIMITS}))
    card = model.with_suffix(".toml")
    card.write_text("\n".join(parts))
    if logs:
        model.with_name(model.stem + ".training.jsonl").write_text("".join(log.read_text() for log in logs))
    print(f"{card}: MAE {test['mae']} on {TEST_SET}")

"""Reads pictures with head points into memory and splits off the pictures that are never trained on."""

import json
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image


@dataclass(frozen=True)
class Picture:
    """One annotated picture."""

    rgb: np.ndarray  # [H, W, 3] uint8
    heads_in_image: np.ndarray  # [N, 2] float32: x, y in pixels of `rgb`
    ignore_in_image: np.ndarray  # [M, 4] float32: x, y, w, h of regions without truth
    group: str  # pictures of one scene share it and are never split between training and validation


def read_set(folder: Path, side_max_px: int | None = None) -> list[Picture]:
    """Reads `points.jsonl`; pictures with a longer side than `side_max_px` are scaled down, points with them."""
    with open(folder / "points.jsonl") as lines, ThreadPoolExecutor() as threads:
        return list(threads.map(lambda line: _read(folder, json.loads(line), side_max_px), lines))


def _read(folder: Path, row: dict, side_max_px: int | None) -> Picture:
    with Image.open(folder / row["image"]) as file:
        image = file.convert("RGB")
    scale = min(1.0, (side_max_px or 10**9) / max(image.size))
    if scale < 1.0:
        image = image.resize((round(image.width * scale), round(image.height * scale)), Image.BILINEAR)
    heads = np.array(row["points"], np.float32).reshape(-1, 2) * scale
    ignore = np.array(row.get("ignore") or [], np.float32).reshape(-1, 4) * scale
    return Picture(np.asarray(image), heads, ignore, row.get("group") or row["image"])


def split(pictures: list[Picture], held_out: float, seed: int) -> tuple[list[Picture], list[Picture]]:
    """Splits by group into (training, validation); a group too large for the share stays in training."""
    sizes: dict[str, int] = {}
    for picture in pictures:
        sizes[picture.group] = sizes.get(picture.group, 0) + 1
    groups = sorted(sizes)
    random.Random(seed).shuffle(groups)
    wanted, chosen, taken = held_out * len(pictures), set(), 0
    for group in groups:
        if taken < wanted and sizes[group] <= max(3.0, 2.0 * wanted):
            chosen.add(group)
            taken += sizes[group]
    training = [p for p in pictures if p.group not in chosen]
    return training, [p for p in pictures if p.group in chosen]


def write_set(pictures: list[Picture], folder: Path) -> None:
    """Writes pictures as a folder with `points.jsonl`, for `throng eval`."""
    (folder / "images").mkdir(parents=True)
    with open(folder / "points.jsonl", "w") as lines:
        for number, picture in enumerate(pictures):
            name = f"images/{number:04}.png"
            Image.fromarray(picture.rgb).save(folder / name)
            high, wide = picture.rgb.shape[:2]
            heads, ignore = picture.heads_in_image.tolist(), picture.ignore_in_image.tolist()
            row = {"image": name, "width": wide, "height": high, "count": len(heads), "points": heads,
                   "ignore": ignore, "group": picture.group}
            lines.write(json.dumps(row) + "\n")

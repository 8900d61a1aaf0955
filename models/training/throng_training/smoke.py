"""Three steps on a made-up folder of four pictures and an export: does every part still fit the next?"""

import json
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from . import importers
from .augment import cell_target, random_crop
from .config import Config, PictureSet
from .data import read_set
from .export import Shipped, check, export
from .initial import calibrate, load_exported
from .losses import soften
from .network import SHAPES, Counter
from .train import train


def run(config: Config, folder: Path) -> tuple[Path, Path]:
    """Writes the pictures into `folder`, trains on them and exports; the checkpoint and the exported counter."""
    _check_importers(folder / "import")
    rng = np.random.default_rng(config.seed)
    (folder / "images").mkdir(parents=True)
    with open(folder / "points.jsonl", "w") as lines:
        for k in range(4):
            Image.fromarray(rng.integers(0, 256, (200, 300, 3), np.uint8)).save(folder / f"images/{k}.png")
            heads = (rng.random((5, 2)) * [300, 200]).round(1).tolist()
            row = {"image": f"images/{k}.png", "width": 300, "height": 200, "count": 5, "points": heads}
            lines.write(json.dumps(row) + "\n")
    tiny = PictureSet(folder, "made up", "none", 1.0, (0.5, 2.0))
    _check_mass(read_set(folder), config.seed)
    config = replace(config, sets=(tiny,), held_out=0.25, crop_px=128, batch=2)
    train(config, folder, folder / "run", minutes=5, steps_max=3)
    export(folder / "run" / "checkpoint.pt", folder / "smoke.onnx", config)
    _check_start(folder / "smoke.onnx", config)
    return folder / "run" / "checkpoint.pt", folder / "smoke.onnx"


def _check_importers(folder: Path) -> None:
    """The same head by three roads must come out as the same line."""
    from scipy.io import savemat

    for name in ("images", "ground_truth"):
        (folder / name).mkdir(parents=True)
    Image.new("RGB", (40, 30)).save(folder / "images/IMG_1.jpg")
    info = np.empty((1, 1), object)
    info[0, 0] = np.array([[(np.array([[12.0, 8.4]]), 1)]], [("location", "O"), ("number", "O")])
    savemat(folder / "ground_truth/GT_IMG_1.mat", {"image_info": info})
    (folder / "heads.csv").write_text("image,x,y\nimages/IMG_1.jpg,12,8.4\n")
    (folder / "coco.json").write_text(json.dumps({
        "categories": [{"id": 1, "name": "person"}], "images": [{"id": 5, "file_name": "images/IMG_1.jpg"}],
        "annotations": [{"image_id": 5, "category_id": 1, "bbox": [10, 7, 4, 20]}]}))
    lines = {importers.from_shanghaitech(folder).read_text(), importers.from_csv(folder / "heads.csv", folder).read_text(),
             importers.from_coco(folder / "coco.json", folder).read_text()}
    if len(lines) != 1:
        raise SystemExit(f"smoke: one head was imported as {lines}")


def _check_start(exported: Path, config: Config) -> None:
    """A network begun from an exported one must count as that does."""
    network = Counter(SHAPES[config.network])
    load_exported(network, exported)
    torch.manual_seed(config.seed)
    calibrate(network, 255 * torch.rand(2, 3, config.crop_px, config.crop_px))
    check(Shipped(network, config).eval(), exported)


def _check_mass(pictures, seed: int, crop_px: int = 128) -> None:
    """The target of a crop, softened, must sum to the heads in it, wherever they lie."""
    rng = random.Random(seed)
    for _ in range(50):
        _, heads, _ = random_crop(rng.choice(pictures), (0.5, 2.0), crop_px, rng)
        target = torch.from_numpy(cell_target(heads, crop_px // 8))[None, None]
        if abs(soften(target).sum().item() - len(heads)) > 1e-3:
            raise SystemExit(f"smoke: {len(heads)} heads became {soften(target).sum().item()} people in the target")

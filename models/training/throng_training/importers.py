"""Turns other people's annotations into a folder's `points.jsonl`: COCO boxes, ShanghaiTech `.mat` files, CSV points."""

import csv
import json
from collections import defaultdict
from pathlib import Path

from PIL import Image

# Where a head's middle lies in a standing person's box, as a share of its height from the top.
HEAD_FROM_TOP = 0.07
PICTURES = (".jpg", ".jpeg", ".png")


def _row(folder: Path, image: Path, points: list[list[float]], ignore: list[list[float]] | None = None) -> dict:
    """One line of `points.jsonl`; a point outside the picture is an error, since it means another picture's file."""
    with Image.open(image) as file:
        wide, high = file.size
    for x, y in points:
        if not (-1 <= x <= wide + 1 and -1 <= y <= high + 1):
            raise SystemExit(f"{image}: head ({x:.1f}, {y:.1f}) lies outside its {wide} x {high} pixels: wrong picture?")
    name = image.relative_to(folder).as_posix()
    row = {"image": name, "width": wide, "height": high, "count": len(points),
           "points": [[round(x, 1), round(y, 1)] for x, y in points]}
    return row | ({"ignore": ignore} if ignore else {})


def _write(folder: Path, rows: list[dict]) -> Path:
    if not rows:
        raise SystemExit(f"{folder}: no picture was found")
    path = folder / "points.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    print(f"{path}: {len(rows)} pictures, {sum(row['count'] for row in rows)} heads")
    return path


def from_coco(annotations: Path, folder: Path, category: str = "person") -> Path:
    """COCO boxes of `category`; boxes marked `iscrowd` become ignored rectangles, pictures without boxes stay empty."""
    coco = json.loads(annotations.read_text())
    wanted = {c["id"] for c in coco["categories"] if c["name"] == category}
    if not wanted:
        raise SystemExit(f"{annotations}: no category {category!r}, only {sorted(c['name'] for c in coco['categories'])}")
    points, ignore = defaultdict(list), defaultdict(list)
    for box in coco["annotations"]:
        if box["category_id"] in wanted:
            x, y, wide, high = box["bbox"]
            if box.get("iscrowd"):
                ignore[box["image_id"]].append([x, y, wide, high])
            else:
                points[box["image_id"]].append([x + wide / 2, y + HEAD_FROM_TOP * high])
    return _write(folder, [_row(folder, folder / image["file_name"], points[image["id"]], ignore[image["id"]])
                           for image in coco["images"]])


def from_shanghaitech(folder: Path) -> Path:
    """A part's folder with `images/IMG_1.jpg` and `ground_truth/GT_IMG_1.mat`, as it is handed out."""
    from scipy.io import loadmat

    rows = []
    for image in sorted((folder / "images").glob("*.jpg")):
        truth = folder / "ground_truth" / f"GT_{image.stem}.mat"
        if not truth.exists():
            raise SystemExit(f"{image}: its heads should be in {truth}, which is not there")
        rows.append(_row(folder, image, loadmat(truth)["image_info"][0, 0][0, 0][0].reshape(-1, 2).tolist()))
    return _write(folder, rows)


def from_csv(table: Path, folder: Path) -> Path:
    """Columns `image`, `x`, `y`, one head a row; pictures of the folder that no row names are taken as empty."""
    points = defaultdict(list)
    with open(table, newline="") as file:
        reader = csv.DictReader(file)
        if not {"image", "x", "y"} <= set(reader.fieldnames or []):
            raise SystemExit(f"{table}: expected the columns image, x, y; found {reader.fieldnames}")
        for number, row in enumerate(reader, start=2):
            try:
                points[row["image"]].append([float(row["x"]), float(row["y"])])
            except (TypeError, ValueError):
                raise SystemExit(f"{table}:{number}: x and y must be numbers, found {row['x']!r}, {row['y']!r}") from None
    images = _pictures(folder)
    unknown = set(points) - {p.relative_to(folder).as_posix() for p in images}
    if unknown:
        raise SystemExit(f"{table}: there is no picture {sorted(unknown)[0]} in {folder}")
    return _write(folder, [_row(folder, p, points[p.relative_to(folder).as_posix()]) for p in images])


def write_empty(folder: Path) -> Path:
    """All pictures of a folder, with nobody in them."""
    return _write(folder, [_row(folder, p, []) for p in _pictures(folder)])


def _pictures(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.suffix.lower() in PICTURES)

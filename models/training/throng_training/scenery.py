"""Collects pictures without people from unpacked Debian packages: see `scenery.sh`."""

from pathlib import Path

from PIL import Image, UnidentifiedImageError

from .importers import write_empty

PICTURES = (".jpg", ".jpeg", ".png", ".webp")
SIDE_MAX_PX = 1280
SIDE_MIN_PX = 200
BYTES_MIN = 25_000  # smaller files are icons and flat colours
# Of OpenCV's examples only these are pictures of things, and nobody is in them.
EXAMPLES = "usr/share/doc/opencv-doc/examples"
OF_EXAMPLES = (
    "data/aero1.jpg", "data/aero3.jpg", "data/aloeL.jpg", "data/apple.jpg", "data/baboon.jpg", "data/board.jpg",
    "data/building.jpg", "data/butterfly.jpg", "data/fruits.jpg", "data/gradient.png", "data/home.jpg",
    "data/leuvenA.jpg", "data/leuvenB.jpg", "data/licenseplate_motion.jpg", "data/orange.jpg", "data/rubberwhale1.png",
    "data/squirrel_cls.jpg", "data/stuff.jpg", "alphamat/input_images/plant.jpg", "hfs/data/000.jpg",
    "text/scenetext01.jpg", "text/scenetext02.jpg", "text/scenetext03.jpg", "text/scenetext04.jpg",
    "text/scenetext05.jpg", "text/scenetext06.jpg",
)


def collect(unpacked: Path, folder: Path) -> None:
    """Copies the pictures into `folder`, made smaller where large, and writes its `points.jsonl`."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    found = [p for p in unpacked.rglob("*") if p.suffix.lower() in PICTURES and p.is_file() and not p.is_symlink()
             and p.stat().st_size > BYTES_MIN and "opencv-doc" not in p.parts]
    found += [p for p in (unpacked / EXAMPLES / name for name in OF_EXAMPLES) if p.exists()]
    Image.MAX_IMAGE_PIXELS = None  # wallpapers are large, and come from a trusted place
    for number, path in enumerate(sorted(found)):
        try:
            image = Image.open(path).convert("RGB")
        except UnidentifiedImageError:
            continue
        if max(image.size) >= SIDE_MIN_PX:
            image.thumbnail((SIDE_MAX_PX, SIDE_MAX_PX))
            image.save(folder / "images" / f"{number:03d}_{path.stem[:30].replace(' ', '_')}.jpg", quality=92)
    write_empty(folder)

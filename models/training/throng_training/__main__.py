"""`python -m throng_training import|train|export|dense|quantise|evaluate|held-out|card|detector|smoke`: see README.md."""

import argparse
import json
import tempfile
from dataclasses import replace
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
CARDS = HERE.parent / "cards"
DATA = HERE.parents[2] / "shared" / "data"


def arguments() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="throng_training", description=__doc__)
    parser.add_argument("--config", type=Path, default=HERE / "compact.toml")
    parser.add_argument("--data", type=Path, default=DATA, help="folder with counting/ and models/ (%(default)s)")
    parser.add_argument("--rendered", type=Path, help="folder written by render-training-set of the samples crate")
    parser.add_argument("--mast", type=Path, help="folder written by render-training-set --shots dense-from-mast")
    parser.add_argument("--scenery", type=Path, help="folder written by scenery.sh")
    parser.add_argument("--threads", type=int, default=2)
    commands = parser.add_subparsers(dest="command", required=True)
    smoke = commands.add_parser("smoke", help="three steps on a tiny made-up folder, then an export")
    importer = commands.add_parser("import", help="make a folder's points.jsonl from other annotations")
    importer.add_argument("kind", choices=("coco", "shanghaitech", "csv"))
    importer.add_argument("folder", type=Path, help="folder of the pictures")
    importer.add_argument("annotations", type=Path, nargs="?", help="COCO's JSON or the CSV table")
    scenery = commands.add_parser("scenery", help="what scenery.sh calls: collect pictures without people")
    scenery.add_argument("unpacked", type=Path)
    scenery.add_argument("folder", type=Path)
    train = commands.add_parser("train", help="train, or resume the run in --out")
    train.add_argument("--out", type=Path, required=True)
    train.add_argument("--minutes", type=float, default=60, help="wall-clock length of the schedule (%(default)s)")
    train.add_argument("--device", default="cpu", help="cpu or cuda (%(default)s)")
    train.add_argument("--workers", type=int, default=1, help="processes that prepare pictures (%(default)s)")
    train.add_argument("--teacher", type=Path, help="checkpoint or exported counter to learn from instead of the configured one")
    train.add_argument("--start", type=Path, help="checkpoint or exported counter to begin from")
    export = commands.add_parser("export", help="write the averaged weights as ONNX and check them against torch")
    export.add_argument("--checkpoint", type=Path, required=True)
    dense = commands.add_parser("dense", help="tell how much of dense cells to believe, by the held-out pictures")
    detector = commands.add_parser("detector", help="write the person detector that measures heads, and its card")
    detector.add_argument("--source", type=Path, help="yolox_nano.onnx (default: that of --data)")
    detector.add_argument("--out", type=Path, default=CARDS / "people.onnx")
    quantise = commands.add_parser("quantise", help="write a model in 8-bit integers, calibrated on training pictures")
    quantise.add_argument("--out", type=Path, default=CARDS / "compact-int8.onnx")
    evaluate = commands.add_parser("evaluate", help="count folders of pictures with an ONNX model")
    evaluate.add_argument("folders", nargs="*", type=Path, help="folders with points.jsonl, relative to --data")
    evaluate.add_argument("--held-out", action="store_true", help="the validation pictures of every training set")
    held_out = commands.add_parser("held-out", help="write the validation pictures for `throng eval`, a folder a set")
    held_out.add_argument("--out", type=Path, required=True)
    card = commands.add_parser("card", help="measure the model and write its card beside it")
    card.add_argument("--log", type=Path, nargs="*", default=[], help="log.jsonl of each run, kept beside the card")
    card.add_argument("--history", default="", help="how the runs differed from the configuration, for the card")
    for command in (smoke, export, dense, quantise, evaluate, card):
        command.add_argument("--model", type=Path, default=CARDS / "compact.onnx")
    return parser


def import_annotations(args: argparse.Namespace) -> None:
    """`import`."""
    from . import importers

    if args.kind == "shanghaitech":
        importers.from_shanghaitech(args.folder)
    elif args.annotations is None:
        raise SystemExit(f"import {args.kind} needs the annotations: import {args.kind} FOLDER ANNOTATIONS")
    else:
        {"coco": importers.from_coco, "csv": importers.from_csv}[args.kind](args.annotations, args.folder)


def main() -> None:
    """Runs one command."""
    args = arguments().parse_args()
    if args.command == "import":
        return import_annotations(args)
    if args.command == "scenery":
        from .scenery import collect

        return collect(args.unpacked, args.folder)
    if args.command == "detector":
        from .detector import derive

        return derive(args.source or args.data / "models" / "yolox_nano.onnx", args.out)
    import torch

    from . import card, dense, evaluate, export, quantise, smoke
    from .config import Config
    from .data import read_set, write_set
    from .network import SHAPES
    from .train import load_sets, train

    torch.set_num_threads(args.threads)
    config = Config.load(args.config)
    if args.rendered:
        config = config.with_rendered(args.rendered)
    if args.mast:
        config = config.with_mast(args.mast)
    if args.scenery:
        config = config.with_scenery(args.scenery)
    match args.command:
        case "smoke":
            with tempfile.TemporaryDirectory() as folder:
                teacher = {"teacher": "", "teacher_network": ""}
                # Each learns from the one before: by ONNX Runtime, then by torch.
                for number, name in enumerate(SHAPES):
                    made = smoke.run(replace(config, network=name, initial_weights="", **teacher), Path(folder) / name)
                    teacher = {"teacher": str(made[1 - number % 2]), "teacher_network": name}
        case "train":
            if args.teacher:
                config = replace(config, teacher=str(args.teacher))
            train(config, args.data, args.out, args.minutes, start=args.start, device=args.device, workers=args.workers)
        case "export":
            export.export(args.checkpoint, args.model, config)
        case "dense":
            dense.fit(config, evaluate.onnx_counter(args.model, args.threads), load_sets(config, args.data)[1])
        case "quantise":
            quantise.quantise(config, args.data, args.model, args.out)
        case "evaluate":
            density_of = evaluate.onnx_counter(args.model, args.threads)
            rows = {}
            sets = [(str(f), read_set(args.data / f)) for f in args.folders]
            if args.held_out:
                _, validation = load_sets(config, args.data)
                sets += [(f"{s.name}, held out", pictures) for s, pictures in zip(config.sets, validation)]
            for name, pictures in sets:
                if pictures:
                    rows[name] = evaluate.count_errors(density_of, pictures).summary()
                    print(f"{name}: {rows[name]}", flush=True)
            print(json.dumps(rows))
        case "held-out":
            for pictures_of, pictures in zip(config.sets, load_sets(config, args.data)[1]):
                if pictures:
                    write_set(pictures, args.out / pictures_of.folder.name.replace("train", pictures_of.folder.parent.name))
        case "card":
            card.write(config, args.data, args.model, args.log, args.history, args.threads)


if __name__ == "__main__":
    main()

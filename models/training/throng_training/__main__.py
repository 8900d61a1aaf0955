"""`python -m throng_training smoke|train|evaluate|export|card`: see README.md."""

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
    parser.add_argument("--rendered-weight", type=float, default=0.2, help="its weight among the sets (%(default)s)")
    parser.add_argument("--threads", type=int, default=2)
    commands = parser.add_subparsers(dest="command", required=True)
    smoke = commands.add_parser("smoke", help="three steps on a tiny made-up folder, then an export")
    train = commands.add_parser("train", help="train, or resume the run in --out")
    train.add_argument("--out", type=Path, required=True)
    train.add_argument("--minutes", type=float, default=60, help="wall-clock length of the schedule (%(default)s)")
    train.add_argument("--start", type=Path, help="checkpoint whose averaged weights to begin from")
    export = commands.add_parser("export", help="write the averaged weights as ONNX and check them against torch")
    export.add_argument("--checkpoint", type=Path, required=True)
    evaluate = commands.add_parser("evaluate", help="count folders of pictures with an ONNX model")
    evaluate.add_argument("folders", nargs="*", type=Path, help="folders with points.jsonl, relative to --data")
    evaluate.add_argument("--held-out", action="store_true", help="the validation pictures of every training set")
    card = commands.add_parser("card", help="measure the model and write its card beside it")
    card.add_argument("--log", type=Path, nargs="*", default=[], help="log.jsonl of each run, kept beside the card")
    card.add_argument("--history", default="", help="how the runs differed from the configuration, for the card")
    for command in (smoke, export, evaluate, card):
        command.add_argument("--model", type=Path, default=CARDS / "compact.onnx")
    return parser


def main() -> None:
    """Runs one command."""
    args = arguments().parse_args()
    import torch

    from . import card, evaluate, export, smoke
    from .config import Config
    from .data import read_set
    from .train import load_sets, train

    torch.set_num_threads(args.threads)
    config = Config.load(args.config)
    if args.rendered:
        config = config.with_rendered(args.rendered, args.rendered_weight)
    match args.command:
        case "smoke":
            with tempfile.TemporaryDirectory() as folder:
                smoke.run(replace(config, initial_weights=""), Path(folder))
        case "train":
            train(config, args.data, args.out, args.minutes, start=args.start)
        case "export":
            export.export(args.checkpoint, args.model)
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
        case "card":
            card.write(config, args.data, args.model, args.log, args.history, args.threads)


if __name__ == "__main__":
    main()

use super::*;

const CARD: &str = r#"
name = "tiny"
version = "1"
file = "tiny.onnx"
sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
licence = "Apache-2.0"
source = "made for tests"

[input]
name = "picture"
colour = "rgb"
range = "0..1"
multiple_of_px = 16
max_side_px = 2048
head_size_range_px = [4, 64]

[output]
kind = "density"
name = "density"
stride_px = 8

[[training_data]]
name = "none"
images = 0
licence = "none"

[[error]]
people_min = 0
people_max = 50
images = 10
bias_relative = 0.01
ratio_lo = 0.7
ratio_hi = 1.3

[[evaluation]]
set = "none"
images = 0
mae = 1.5
rmse = 2
command = "none"

[notes]
limits = "counts nothing"
"#;

const BOXES: &str = "kind = \"boxes\"\nboxes = { strides_px = [8, 16], classes = 2, person_class = 0, score_min = 0.3, iou_max = 0.5 }";

fn load(text: &str) -> Result<Card> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.toml");
    std::fs::write(&path, text).unwrap();
    Card::load(&path)
}

fn refusal(from: &str, to: &str) -> String {
    assert!(CARD.contains(from), "the card holds no `{from}`");
    load(&CARD.replacen(from, to, 1)).unwrap_err().to_string()
}

#[test]
fn a_whole_card_loads() {
    let card = load(CARD).unwrap();
    assert_eq!(card.input.padding, Padding::Edge);
    assert_eq!((card.output.stride_px, card.error.len(), card.evaluation.len()), (8, 1, 1));
    assert!(load(&CARD.replacen("kind = \"density\"", BOXES, 1)).is_ok());
}

#[test]
fn an_absent_card_says_what_to_give() {
    let message = Card::load(Path::new("absent/none.toml")).unwrap_err().to_string();
    assert!(message.starts_with("model card cannot be read: "), "{message}");
    assert!(
        message.ends_with("absent/none.toml") && message.contains("models/cards/compact.toml"),
        "{message}"
    );
}

#[test]
fn what_does_not_parse_is_shown_with_its_line() {
    for (from, to, expected) in [
        ("name = \"tiny\"", "name = ", "line 2"),
        ("licence = \"Apache", "license = \"Apache", "unknown field `license`"),
        ("colour = \"rgb\"", "colour = \"rgb\"\nsize = 3", "unknown field `size`"),
        ("stride_px = 8", "stride_px = 8\nstride_px = 8", "duplicate key"),
        ("version = \"1\"\n", "", "missing field `version`"),
        (
            "colour = \"rgb\"",
            "colour = \"cmyk\"",
            "unknown variant `cmyk`, expected one of `rgb`, `bgr`, `grey`",
        ),
        ("\"density\"", "\"masks\"", "unknown variant `masks`, expected one of `density`, `boxes`, `points`"),
        ("multiple_of_px = 16", "multiple_of_px = -16", "invalid value: integer `-16`"),
    ] {
        let message = refusal(from, to);
        assert!(message.starts_with("model card does not parse: "), "{message}");
        assert!(message.contains(expected) && message.contains("tiny.toml"), "{expected}: {message}");
    }
}

#[test]
fn values_without_sense_are_named_by_key() {
    for (from, to, expected) in [
        ("name = \"tiny\"", "name = \" \"", "name is empty"),
        ("file = \"tiny.onnx\"", "file = \"/tiny.onnx\"", "file must be a path relative to the card"),
        ("sha256 = \"00", "sha256 = \"xy", "sha256 must be 64 hexadecimal digits"),
        ("stride_px = 8", "stride_px = 0", "output.stride_px must be at least 1"),
        ("multiple_of_px = 16", "multiple_of_px = 12", "input.multiple_of_px must be a positive multiple of"),
        ("max_side_px = 2048", "max_side_px = 8", "input.max_side_px must lie between multiple_of_px = 16"),
        ("px = [4, 64]", "px = [64, 4]", "input.head_size_range_px must be two rising positive numbers"),
        ("px = [4, 64]", "px = [nan, 4]", "input.head_size_range_px must be two rising positive numbers"),
        ("people_max = 50", "people_max = 0", "error has a stratum from 0 to 0"),
        ("ratio_hi = 1.3", "ratio_hi = inf", "error has ratios [0.7, inf]"),
        ("\"density\"", "\"boxes\"", "output.boxes is missing"),
        (
            "stride_px = 8",
            &format!("stride_px = 8\n{}", &BOXES[15..]),
            "output.boxes belongs to kind = \"boxes\"",
        ),
    ] {
        let message = refusal(from, to);
        assert!(message.contains(&format!("model card: {expected}")), "{expected}: {message}");
        assert!(message.contains("Correct the card") && message.ends_with("tiny.toml"), "{message}");
    }
}

#[test]
fn execution_is_read_and_a_card_without_it_has_the_usual() {
    let usual = load(CARD).unwrap().execution;
    assert_eq!(usual, Execution::default());
    assert_eq!((usual.precision, usual.cuda.kernel_search), (Precision::Half, KernelSearch::Heuristic));
    let stated = r#"
[execution]
precision = "single"
cpu = { threads = 2, batch_max = 4 }
cuda = { batch_max = 16, kernel_search = "exhaustive", channels_last = true }
tensorrt = { batch_max = 32 }

[notes]"#;
    let stated = load(&CARD.replacen("[notes]", stated, 1)).unwrap().execution;
    assert_eq!(stated.precision, Precision::Single);
    assert_eq!(stated.cpu, CpuExecution { threads: Some(2), batch_max: Some(4) });
    let cuda =
        CudaExecution { batch_max: Some(16), kernel_search: KernelSearch::Exhaustive, channels_last: true };
    assert_eq!(stated.cuda, cuda);
    assert_eq!(stated.tensorrt.batch_max, Some(32));
}

#[test]
fn execution_without_sense_is_named_by_key() {
    for (written, expected) in [
        ("cpu = { threads = 0 }", "execution.cpu.threads must lie between 1 and 256, found 0"),
        ("cpu = { batch_max = 0 }", "execution.cpu.batch_max must lie between 1 and 64, found 0"),
        ("cuda = { batch_max = 65 }", "execution.cuda.batch_max must lie between 1 and 64, found 65"),
        (
            "tensorrt = { batch_max = 999 }",
            "execution.tensorrt.batch_max must lie between 1 and 64, found 999",
        ),
        (
            "gpu = { batch_max = 8 }",
            "unknown field `gpu`, expected one of `precision`, `cpu`, `cuda`, `tensorrt`",
        ),
        ("cuda = { nhwc = true }", "unknown field `nhwc`"),
        ("precision = \"int8\"", "unknown variant `int8`, expected `single` or `half`"),
        (
            "cuda = { kernel_search = \"best\" }",
            "unknown variant `best`, expected `heuristic` or `exhaustive`",
        ),
        ("cpu = { threads = \"all\" }", "invalid type: string \"all\""),
    ] {
        let message = refusal("[notes]", &format!("[execution]\n{written}\n\n[notes]"));
        assert!(message.contains(expected) && message.contains("tiny.toml"), "{expected}: {message}");
    }
}

#[test]
fn box_decoding_without_sense_is_named_by_key() {
    let card = CARD.replacen("kind = \"density\"", BOXES, 1);
    for (from, to, expected) in [
        ("[8, 16]", "[8, 12]", "output.boxes.strides_px must be divisors"),
        ("[8, 16]", "[]", "output.boxes.strides_px must be divisors"),
        ("person_class = 0", "person_class = 2", "output.boxes.person_class must be below classes = 2"),
        ("score_min = 0.3", "score_min = 1.5", "output.boxes.score_min must lie between 0 and 1"),
        ("iou_max = 0.5", "iou_max = nan", "output.boxes.iou_max must lie between 0 and 1"),
    ] {
        let message = load(&card.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(message.contains(expected), "{expected}: {message}");
    }
}

#[test]
fn the_model_file_lies_beside_the_card_or_in_the_named_folder() {
    let card = load(&CARD.replacen("tiny.onnx", "weights/tiny.onnx", 1)).unwrap();
    let beside = card.model_path(Path::new("cards/tiny.toml"), None);
    assert_eq!(beside, Path::new("cards/weights/tiny.onnx"));
    assert_eq!(
        card.model_path(Path::new("cards/tiny.toml"), Some(Path::new("here"))),
        Path::new("here/tiny.onnx")
    );
}

#[test]
fn an_absent_and_a_different_model_file_are_refused() {
    let card = load(CARD).unwrap();
    let absent = card.read_model(Path::new("absent/tiny.onnx")).unwrap_err().to_string();
    assert!(absent.contains("card `tiny`") && absent.contains("--model-dir"), "{absent}");

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.onnx");
    std::fs::write(&path, "abc").unwrap();
    let different = card.read_model(&path).unwrap_err().to_string();
    // SHA-256 of "abc" is the standard's own example (FIPS 180-4).
    assert!(
        different.contains("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        "{different}"
    );
    assert!(different.contains(&"0".repeat(64)) && different.contains("card `tiny`"), "{different}");
}

#[test]
fn points_need_their_score() {
    let points = "kind = \"points\"\npoints = { score_min = 0.5 }";
    assert!(load(&CARD.replacen("kind = \"density\"", points, 1)).is_ok());
    assert!(refusal("kind = \"density\"", "kind = \"points\"").contains("output.points"));
    assert!(refusal("kind = \"density\"", &points.replace("0.5", "1.5")).contains("output.points.score_min"));
    assert!(
        refusal("kind = \"density\"", &points.replace("\"points\"", "\"density\"")).contains("output.points")
    );
}

//! The model, its file and its devices.

use throng_models::device::Device;

use super::*;

#[test]
fn a_model_that_is_not_there_is_said_at_its_key() {
    let text = format!("{SOUND}\n[model]\ncard = \"absent.toml\"\ndevice = \"gpu\"\n");
    let mut findings = Findings::new(Path::new("site.toml"));
    assert!(plan_of(&text, Path::new("site.toml"), &|_| None, &mut findings).is_none());
    let said: Vec<String> = findings.into_sorted().iter().map(ToString::to_string).collect();
    assert!(said[0].contains("model.card: model card cannot be read: No such file"), "{said:#?}");
    assert!(
        said[1].contains("model.device: is \"gpu\"; expected \"auto\", \"cpu\", \"cuda:N\""),
        "{said:#?}"
    );
}

#[test]
fn several_devices_stand_with_commas_between() {
    let card = concat!(env!("CARGO_MANIFEST_DIR"), "/models/cards/compact.toml");
    let model = |device: &str| {
        let text = format!("{SOUND}\n[model]\ncard = \"{card}\"\ndevice = \"{device}\"\n");
        let mut findings = Findings::new(Path::new("site.toml"));
        plan_of(&text, Path::new("site.toml"), &|_| None, &mut findings).map(|plan| plan.model)
    };
    let two = model("cuda:0, tensorrt:1").unwrap();
    assert_eq!((two.device, two.also_on), (Device::Cuda(0), vec![Device::TensorRt(1)]));
    assert_eq!(model("cuda:3").unwrap().also_on, []);
    for wrong in ["", "cuda:0,", "cuda:0, gpu", "cuda:0 cuda:1"] {
        assert!(model(wrong).is_none(), "{wrong}");
    }
}

#[test]
fn a_model_file_that_is_not_the_cards_is_said_with_both_hashes() {
    let folder = tempfile::tempdir().unwrap();
    let shipped = shipped::file(check::model::DEFAULT_CARD).unwrap();
    let site = folder.path().join("site.toml");
    std::fs::copy(shipped, folder.path().join("card.toml")).unwrap();
    std::fs::write(&site, format!("{SOUND}\n[model]\ncard = \"card.toml\"\n")).unwrap();
    let absent = load(&site).unwrap_err().to_string();
    assert!(absent.contains("model.card: model file of card `throng-compact` cannot be read"), "{absent}");
    std::fs::write(folder.path().join("compact.onnx"), b"not the model").unwrap();
    let other = load(&site).unwrap_err().to_string();
    assert!(other.contains("site.toml:27: model.card: model file has SHA-256 "), "{other}");
}

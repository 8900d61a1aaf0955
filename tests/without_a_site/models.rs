//! `throng models`: what cards say, whether it is true, and how fast their models are.

use std::fs;
use std::process::{Command, Output};

use throng_samples::training::picture::{Shots, training_picture};

use crate::{CARD, lines, said};

fn models(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_throng")).arg("models").args(arguments).output().unwrap()
}

#[test]
fn the_shipped_cards_are_listed_and_the_default_one_is_true() {
    let output = models(&["list", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let cards = lines(&output);
    let default =
        cards.iter().find(|card| card["card"].as_str().unwrap().ends_with("cards/compact.toml")).unwrap();
    assert_eq!((&default["kind"], &default["is_file_present"]), (&"density".into(), &true.into()));
    assert!(cards.iter().any(|card| card["kind"] == "boxes"));

    let output = models(&["check", default["card"].as_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("compact.toml: as its card says"), "{}", said(&output));
}

#[test]
fn every_shipped_counter_counts_a_crowd_that_it_was_not_trained_on() {
    let folder = tempfile::tempdir().unwrap();
    let crowds = [1, 2, 3, 4].map(|seed| training_picture(seed, Shots::DenseFromMast));
    let heads = crowds.iter().map(|crowd| crowd.heads_in_image.len()).sum::<usize>() as f64;
    for (k, crowd) in crowds.iter().enumerate() {
        crowd.rgb.save(folder.path().join(format!("{k}.png"))).unwrap();
    }
    for card in ["compact", "compact-int8", "nano"] {
        let card = format!("{}/models/cards/{card}.toml", env!("CARGO_MANIFEST_DIR"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_throng"));
        let output = command
            .args(["count", "--json", "--device", "cpu", "--model", &card])
            .arg(folder.path())
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", said(&output));
        let people = lines(&output).iter().filter_map(|line| line["count"].as_f64()).sum::<f64>();
        assert!((people / heads - 1.0).abs() < 0.3, "{card}: {people} of {heads}");
    }
}

#[test]
fn a_card_that_lies_is_reported_and_the_others_are_still_checked() {
    let folder = tempfile::tempdir().unwrap();
    let lying = folder.path().join("lying.toml");
    fs::write(&lying, fs::read_to_string(CARD).unwrap().replace("stride_px = 8", "stride_px = 4")).unwrap();
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/models/tests/fixtures");
    let output = models(&["check", lying.to_str().unwrap(), CARD, "--model-dir", fixtures, "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let lines = lines(&output);
    assert_eq!((&lines[0]["is_true"], &lines[1]["is_true"]), (&false.into(), &true.into()));
    assert!(lines[0]["problem"].as_str().unwrap().contains("output.stride_px = 4"), "{}", lines[0]);
}

#[test]
fn models_are_timed_side_by_side() {
    let output = models(&["bench", CARD, CARD, "--size", "64x48", "--rounds", "3", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let lines = lines(&output);
    assert_eq!(lines.len(), 2);
    for line in &lines {
        assert!(line["call_ms"].as_f64().unwrap() >= line["network_ms"].as_f64().unwrap(), "{line}");
    }
    assert_eq!(models(&["bench", CARD, "--size", "64"]).status.code(), Some(2));
}

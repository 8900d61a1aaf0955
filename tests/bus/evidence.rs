//! Evidence of an alarm by the real program: kept, sealed, played again; and found out when it was changed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;

use super::{
    gate::{film, site},
    support::free_port,
};

fn throng(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_throng")).args(arguments).output().unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A pair of keys: the private one and the public one.
fn keys(folder: &Path, name: &str) -> [PathBuf; 2] {
    let (private, public) = throng::publish::signature::generated_key().unwrap();
    let paths = [folder.join(format!("{name}.pem")), folder.join(format!("{name}-public.pem"))];
    fs::write(&paths[0], private).unwrap();
    fs::write(&paths[1], public).unwrap();
    paths
}

/// A run in which a crowd comes to red, and the bundle that is kept of it.
fn kept(folder: &Path) -> PathBuf {
    film(&folder.join("film.mkv"), 12);
    let site = site(folder, &format!("listen = [\"tcp/127.0.0.1:{}\"]", free_port()));
    let with_evidence = fs::read_to_string(&site).unwrap()
        + "\n[evidence]\nfolder = \"evidence\"\nkey = \"seal.pem\"\nkey_id = \"gate-2026\"\nafter_secs = 2\n";
    fs::write(&site, with_evidence).unwrap();
    let run = throng(&["run", text(&site), "--as-fast-as-possible", "--json"]);
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{said}");
    let mut bundles: Vec<PathBuf> =
        fs::read_dir(folder.join("evidence")).unwrap().map(|entry| entry.unwrap().path()).collect();
    bundles.sort();
    assert!(!bundles.is_empty(), "{said}");
    bundles.remove(0)
}

fn replayed(bundle: &Path, key: &Path) -> (Output, Value) {
    let output = throng(&["replay", text(bundle), "--key", text(key), "--json"]);
    let answer = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output, answer)
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn an_alarm_is_kept_and_the_same_alarm_comes_of_it_again() {
    let folder = TempDir::new().unwrap();
    let [_, public] = keys(folder.path(), "seal");
    let [_, other_public] = keys(folder.path(), "other");
    let bundle = kept(folder.path());
    let manifest: Value = serde_json::from_slice(&fs::read(bundle.join("manifest.json")).unwrap()).unwrap();
    assert_eq!(manifest["schema"], "throng.evidence.v1");
    assert_eq!((&manifest["zone"], &manifest["drill"]), (&"gate".into(), &true.into()));
    assert_eq!(manifest["replay_differs"], serde_json::json!([]), "{manifest}");
    assert_eq!(manifest["clips"][0]["is_concealed"], true);
    assert!(manifest["clips"][0]["pictures"].as_u64().unwrap() > 5, "{manifest}");

    let (output, answer) = replayed(&bundle, &public);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!((&answer["same_alarm"], &answer["seal_checked"]), (&true.into(), &true.into()));
    assert_eq!(answer["recorded"], answer["replayed"], "{answer}");

    let (output, _) = replayed(&bundle, &other_public);
    assert!(!output.status.success());
    assert!(said(&output).contains("the signature does not hold"), "{}", said(&output));

    // A clip in which somebody has cut.
    let clip = bundle.join("clip-mast.mp4");
    let mut cut = fs::read(&clip).unwrap();
    cut.truncate(cut.len() - 1);
    fs::write(&clip, cut).unwrap();
    let (output, _) = replayed(&bundle, &public);
    assert!(!output.status.success());
    assert!(
        said(&output).contains("clip-mast.mp4") && said(&output).contains("was changed"),
        "{}",
        said(&output)
    );
}

#[test]
fn a_replay_under_another_profile_says_what_differs() {
    let folder = TempDir::new().unwrap();
    keys(folder.path(), "seal");
    let bundle = kept(folder.path());
    let site = bundle.join("site.toml");
    let slower = fs::read_to_string(&site).unwrap().replace("orange = 0.3, red = 0.3", "orange = 3, red = 3");
    fs::write(&site, &slower).unwrap();
    // Somebody who changes the site file and its digest, too, cannot sign, but can look what would have been.
    let path = bundle.join("manifest.json");
    let mut manifest: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    manifest["files"]["site.toml"] = throng_analytics::digest::sha256_hex(slower.as_bytes()).into();
    fs::write(&path, manifest.to_string()).unwrap();
    let output = throng(&["replay", text(&bundle), "--json"]);
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert_eq!(answer["same_alarm"], false);
    let differs = answer["differs"][0].as_str().unwrap();
    assert!(differs.starts_with("orange of ") || differs.starts_with("red of "), "{differs}");
    assert!(differs.ends_with(" later") || differs.ends_with("does not come"), "{differs}");
}

#[test]
fn a_key_that_is_none_is_said_before_anything_is_started() {
    let folder = TempDir::new().unwrap();
    film(&folder.path().join("film.mkv"), 1);
    let site = site(folder.path(), "");
    let broken =
        fs::read_to_string(&site).unwrap() + "\n[evidence]\nfolder = \"evidence\"\nkey = \"no-such.pem\"\n";
    fs::write(&site, broken).unwrap();
    let output = throng(&["check", text(&site)]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        said(&output).contains("evidence.key") && said(&output).contains("openssl genpkey"),
        "{}",
        said(&output)
    );
    let output = throng(&["replay", text(folder.path())]);
    assert!(said(&output).contains("is no bundle of evidence"), "{}", said(&output));
}

//! What is said when ONNX Runtime's library is absent, no library at all, or too old. A process loads the library once,
//! so no test here may succeed in loading one.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::{env, fs, path::Path, process::Command};

use throng_models::{
    card::Card,
    counter::{Counter, Options},
};

/// The message of opening a sound card with this library.
fn refusal(library: Option<&Path>) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let card = folder.path().join("tiny.toml");
    fs::write(&card, include_str!("fixtures/brightness.toml")).unwrap();
    assert!(Card::load(&card).is_ok());
    let options = Options {
        library: library.map(Path::to_owned),
        model_dir: Some(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures").into()),
        ..Options::default()
    };
    Counter::open(&card, &options).err().map(|error| error.to_string())
}

#[test]
fn an_absent_library_says_what_to_run_and_where_it_looked() {
    let message = refusal(Some(Path::new("/absent/libonnxruntime.so"))).unwrap();
    assert!(
        message.starts_with("ONNX Runtime's shared library was not found. Run `bash deploy/setup.sh`"),
        "{message}"
    );
    assert!(message.ends_with("Looked at: /absent/libonnxruntime.so"), "{message}");
}

#[test]
fn a_file_that_is_no_library_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("libonnxruntime.so");
    fs::write(&text, "this is a text, long enough to be looked at as one").unwrap();
    let message = refusal(Some(&text)).unwrap();
    assert!(message.starts_with("not an ONNX Runtime library: "), "{message}");
    assert!(message.contains("deploy/setup.sh") && message.ends_with("libonnxruntime.so"), "{message}");
    let folder_message = refusal(Some(folder.path())).unwrap();
    assert!(folder_message.starts_with("not an ONNX Runtime library: "), "{folder_message}");
}

#[test]
fn an_old_library_and_a_stranger_are_told_apart() {
    const OLD: &str = "static const char *version(void) { return \"1.14.1\"; }\n\
        static struct { void *api; const char *(*version)(void); } base = { 0, version };\n\
        const void *OrtGetApiBase(void) { return &base; }\n";
    let folder = tempfile::tempdir().unwrap();
    let compile = |name: &str, source: &str| {
        let (c, so) = (folder.path().join(format!("{name}.c")), folder.path().join(format!("{name}.so")));
        fs::write(&c, source).unwrap();
        let compiled = Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([&so, &c]).status();
        compiled.is_ok_and(|status| status.success()).then_some(so)
    };
    let (Some(old), Some(stranger)) = (compile("old", OLD), compile("stranger", "int answer = 42;\n")) else {
        println!("skipped: there is no C compiler to make an old library with");
        return;
    };
    let message = refusal(Some(&old)).unwrap();
    assert!(message.starts_with("ONNX Runtime 1.14.1 is too old: 1.31 or newer is needed"), "{message}");
    assert!(message.contains("deploy/setup.sh") && message.ends_with("old.so"), "{message}");
    let message = refusal(Some(&stranger)).unwrap();
    assert!(
        message.starts_with("not an ONNX Runtime library: it does not export OrtGetApiBase"),
        "{message}"
    );
}

#[test]
fn without_a_named_library_all_usual_places_are_listed() {
    // The environment belongs to the whole process, so a second one runs with its own.
    const CHILD: &str = "THRONG_TEST_WITHOUT_LIBRARY";
    if env::var_os(CHILD).is_some() {
        println!("<<{}>>", refusal(None).unwrap_or_default());
        return;
    }
    let empty = tempfile::tempdir().unwrap();
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", "--nocapture", "without_a_named_library_all_usual_places_are_listed"])
        .env(CHILD, "1")
        .env_remove("ORT_DYLIB_PATH")
        .env("THRONG_HOME", empty.path().join("home"))
        .env("XDG_DATA_HOME", empty.path().join("data"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}");
    if said.contains("<<>>") || said.contains("too old") {
        println!("skipped: this system has an ONNX Runtime library of its own");
        return;
    }
    assert!(said.contains("home/onnxruntime/libonnxruntime.so"), "{said}");
    assert!(said.contains("data/throng/onnxruntime/libonnxruntime.so"), "{said}");
    assert!(said.contains("the system's library path (libonnxruntime.so)"), "{said}");
}

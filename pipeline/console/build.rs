//! Lists the files of `web/` for embedding, so that the binary serves the pages without a folder beside it.

use std::{
    env, fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

fn main() -> io::Result<()> {
    let web = PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?).join("web");
    let mut files = Vec::new();
    collect(&web, &web, &mut files)?;
    files.sort();
    let listed: Vec<String> =
        files.iter().map(|(name, path)| format!("({name:?}, include_bytes!({path:?}))")).collect();
    let list = format!("&[{}]\n", listed.join(",\n"));
    let out = PathBuf::from(env::var("OUT_DIR").map_err(io::Error::other)?).join("web_files.rs");
    fs::write(out, list)?;
    // Cargo looks into a folder that is named, also for files that come or go.
    io::stdout().write_all(b"cargo:rerun-if-changed=web\ncargo:rerun-if-changed=build.rs\n")
}

fn collect(web: &Path, folder: &Path, files: &mut Vec<(String, String)>) -> io::Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(web, &path, files)?;
        } else if let Ok(name) = path.strip_prefix(web) {
            files.push((name.to_string_lossy().replace('\\', "/"), path.to_string_lossy().into_owned()));
        }
    }
    Ok(())
}

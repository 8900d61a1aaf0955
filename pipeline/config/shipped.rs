//! Files that come with throng: found beside the program, wherever it was built or installed.

use std::path::PathBuf;

/// A file that ships with throng, by its path below the source tree: looked for in every folder above the program
/// (a build), in `share/throng` beside its folder (an installation), and in the current folder.
pub fn file(relative: &str) -> Option<PathBuf> {
    let program = std::env::current_exe().ok().and_then(|program| program.canonicalize().ok());
    let above = program.iter().flat_map(|program| program.ancestors().skip(1));
    above
        .flat_map(|folder| [folder.join(relative), folder.join("share/throng").join(relative)])
        .chain([PathBuf::from(relative)])
        .find(|candidate| candidate.is_file())
}

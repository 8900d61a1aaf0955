//! The page printed by Chromium, which this machine may have or not.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};

/// Names that Chromium goes by.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/// A page without script is printed in a few seconds.
const PATIENCE: Duration = Duration::from_mins(2);

/// Prints a page to a file.
///
/// # Errors
/// Chromium is not there or does not print.
pub(super) fn print(html: &str, path: &Path) -> anyhow::Result<PathBuf> {
    let browser = find().context(
        "a PDF is printed by Chromium, which is not installed here: install it, or take --format html and print that",
    )?;
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let page = folder.path().join("report.html");
    fs::write(&page, html).with_context(|| format!("cannot write {}", page.display()))?;
    let mut command = Command::new(&browser);
    command.args(["--headless", "--disable-gpu", "--disable-dev-shm-usage", "--no-pdf-header-footer"]);
    // Chromium has no sandbox as root; the page is our own and has no script.
    if fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0) {
        command.arg("--no-sandbox");
    }
    let printed = folder.path().join("report.pdf");
    command.arg(format!("--user-data-dir={}", folder.path().join("profile").display()));
    command.arg(format!("--print-to-pdf={}", printed.display())).arg(&page);
    let mut running = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .with_context(|| format!("cannot start {}", browser.display()))?;
    let deadline = Instant::now() + PATIENCE;
    while running.try_wait().context("cannot wait for Chromium")?.is_none() {
        if Instant::now() > deadline {
            running.kill().context("cannot end Chromium")?;
            running.wait().context("cannot wait for Chromium")?;
            bail!("{} did not print within {} s", browser.display(), PATIENCE.as_secs());
        }
        sleep(Duration::from_millis(50));
    }
    ensure!(printed.exists(), "{} did not print the report: print the HTML instead", browser.display());
    fs::copy(&printed, path).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path.to_owned())
}

fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .flat_map(|folder| NAMES.map(|name| folder.join(name)))
        .find(|file| file.is_file())
}

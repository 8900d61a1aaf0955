//! What this process has used, as the kernel counts it.

use anyhow::Context;

/// Ticks a second of `/proc/self/stat`: 100 on every Linux that Debian ships (`getconf CLK_TCK`).
const TICKS_PER_SEC: f64 = 100.0;

/// Processor seconds of all threads since the start, user and system.
///
/// # Errors
/// The kernel's figures cannot be read.
pub fn cpu_secs() -> anyhow::Result<f64> {
    // utime and stime are the 14th and 15th field.
    ticks(11)
}

/// The same of programs that this process has started and that have ended.
///
/// # Errors
/// The kernel's figures cannot be read.
pub fn children_cpu_secs() -> anyhow::Result<f64> {
    // cutime and cstime are the 16th and 17th field.
    ticks(13)
}

/// Seconds of two neighbouring fields, numbered from the third.
fn ticks(first: usize) -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").context("cannot read /proc/self/stat")?;
    // The second field, the name in brackets, may hold spaces.
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: f64 =
        after_name.split_whitespace().skip(first).take(2).filter_map(|f| f.parse::<f64>().ok()).sum();
    Ok(ticks / TICKS_PER_SEC)
}

/// Largest resident memory so far, megabytes of a million bytes.
///
/// # Errors
/// The kernel's figures cannot be read.
pub fn peak_rss_mb() -> anyhow::Result<f64> {
    status_mb("VmHWM:")
}

/// Resident memory now, megabytes of a million bytes.
///
/// # Errors
/// The kernel's figures cannot be read.
pub fn rss_mb() -> anyhow::Result<f64> {
    status_mb("VmRSS:")
}

/// Resident memory by where it comes from.
#[derive(Clone, Copy, Debug)]
pub struct RssParts {
    /// What the process has made, megabytes of a million bytes.
    pub own: f64,
    /// What lies in files, as the code of libraries does, likewise.
    pub of_files: f64,
}

/// The same by its parts.
///
/// # Errors
/// The kernel's figures cannot be read.
pub fn rss_parts_mb() -> anyhow::Result<RssParts> {
    Ok(RssParts { own: status_mb("RssAnon:")?, of_files: status_mb("RssFile:")? })
}

fn status_mb(name: &str) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status").context("cannot read /proc/self/status")?;
    let kib = status
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok())
        .with_context(|| format!("the kernel tells no {name} of this process"))?;
    Ok(kib * 1024.0 / 1e6)
}

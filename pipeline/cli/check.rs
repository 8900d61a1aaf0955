//! `throng check`: everything that is wrong with a site, without starting it.

use std::path::PathBuf;

use clap::Args;

use super::exit_status::ExitStatus;
use super::output;
use throng_analytics::camera::Calibration;

use crate::config;
use crate::config::diagnostic::Severity;

/// `throng check`: reports all errors of a site file at once.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  throng check site.toml
  throng check site.toml --json     one JSON line a finding on stdout

Exit code 0: the site can run (there may be warnings). 2: it has errors.")]
pub struct CheckArgs {
    /// Site file (TOML); `throng schema` describes it.
    pub site: PathBuf,
    /// Write each finding as one JSON line to stdout.
    #[arg(long)]
    pub json: bool,
}

/// Checks the site as `throng run` would and prints every finding.
///
/// # Errors
/// Where standard output cannot be written; a broken site is no error of this command but its answer.
pub fn run(args: &CheckArgs) -> anyhow::Result<ExitStatus> {
    let (findings, plan) = match config::load(&args.site) {
        Ok(loaded) => (loaded.warnings, Some(loaded.plan)),
        Err(rejected) => (rejected.diagnostics, None),
    };
    for finding in &findings {
        if args.json {
            output::json_line(finding)?;
        } else {
            output::note(finding);
        }
    }
    let errors = findings.iter().filter(|finding| finding.severity == Severity::Error).count();
    let warnings = findings.len() - errors;
    let path = args.site.display();
    let Some(plan) = plan else {
        output::note(format!("{path}: {errors} error(s), {warnings} warning(s)"));
        return Ok(ExitStatus::BadInput);
    };
    for camera in &plan.cameras {
        output::note(format!("{path}: camera {}: {}", camera.id, described(&camera.calibration)));
    }
    output::note(format!(
        "{path}: in order: site {} with {} camera(s), {} zone(s) and {} line(s), {warnings} warning(s)",
        plan.site_id,
        plan.cameras.len(),
        plan.zones.len(),
        plan.lines.len(),
    ));
    Ok(ExitStatus::Success)
}

/// A calibration in a line: how well its points agree, and where it says the camera is.
fn described(calibration: &Calibration) -> String {
    if !calibration.is_calibrated() {
        return "not calibrated".to_owned();
    }
    let mut parts = Vec::new();
    match calibration.leave_one_out_rmse_m() {
        Some(error_m) => parts.push(format!("each point lies {error_m:.2} m from where the others put it")),
        None => parts.push("with four points nothing tells how well they agree".to_owned()),
    }
    if let (Some(height_m), Some(depression_rad)) =
        (calibration.camera_height_m(), calibration.depression_rad())
    {
        let degrees = depression_rad.to_degrees();
        parts.push(format!("it stands {height_m:.1} m high and looks {degrees:.0} degrees down"));
    }
    parts.join("; ")
}

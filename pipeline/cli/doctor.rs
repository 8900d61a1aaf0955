//! `throng doctor`: is everything there that a site needs?

mod check;
mod machine;
mod pictures;
mod site;

use std::path::PathBuf;

use clap::Args;
use throng_models::counter::Options;

use super::{exit_status::ExitStatus, load_site, output};

/// `throng doctor`: is everything there that a site needs?
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  throng doctor                                      this machine
  throng doctor site.toml                            this machine and every camera of a site
  throng doctor --pictures cam.mp4 --lies            how soon lies put into a film are noticed

Exit codes: 0 ready, 1 not ready.")]
pub struct DoctorArgs {
    /// Site file (TOML) whose cameras, model and bus are looked at too.
    pub site: Option<PathBuf>,
    /// Watch these films, or folders of stills, as a camera's pictures are watched, instead.
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with = "site")]
    pub pictures: Vec<String>,
    /// Put every kind of lie into the films of `--pictures`.
    #[arg(long, requires = "pictures")]
    pub lies: bool,
    /// Write each check as one JSON line to stdout.
    #[arg(long)]
    pub json: bool,
}

/// Runs the command.
///
/// # Errors
/// A site file with errors, or a film that cannot be read. What is not ready is no error: it is reported.
pub fn run(args: &DoctorArgs) -> anyhow::Result<ExitStatus> {
    if !args.pictures.is_empty() {
        return pictures(args);
    }
    let plan = args.site.as_deref().map(load_site).transpose()?;
    let mut checks = machine::checks();
    let mut options = Options::default();
    if let Some(plan) = &plan {
        options.device = plan.model.device;
        options.also_on.clone_from(&plan.model.also_on);
    }
    checks.push(machine::execution_providers(&options));
    checks.push(machine::model(plan.as_ref().map(|plan| plan.model.card_path.as_path()), &options));
    checks.extend(plan.iter().flat_map(site::checks));
    if args.json {
        for check in &checks {
            output::json_line(check)?;
        }
    } else {
        check::print(&checks)?;
    }
    Ok(if site::is_ready(&checks) { ExitStatus::Success } else { ExitStatus::Failure })
}

fn pictures(args: &DoctorArgs) -> anyhow::Result<ExitStatus> {
    let findings = pictures::watch(&args.pictures, args.lies)?;
    if args.json {
        for finding in &findings {
            output::json_line(finding)?;
        }
    } else {
        pictures::print(&findings)?;
    }
    let is_right = findings.iter().all(pictures::Finding::is_right);
    Ok(if is_right { ExitStatus::Success } else { ExitStatus::Failure })
}

//! The site file: from what the user wrote to what the program needs.
//!
//! Three steps. [`raw`] is the file word for word, and its comments are the manual. The structural check compares
//! the text with the schema of [`raw`]; the check of meaning looks at what the values say together. [`plan`] is what
//! is left when nothing is wrong, and all that the rest of the program sees. Both checks go on after an error, so
//! that one run reports everything, each as a [`diagnostic::Diagnostic`] with file, line, key, what was expected and
//! what to do.

mod check;
mod document;
mod environment;
mod expectation;
mod replayed;
mod structure;
mod suggest;

pub mod diagnostic;
pub mod duration;
pub mod edit;
pub mod key_path;
pub mod plan;
pub mod raw;
pub mod redact;
pub mod schema;
pub mod shipped;
pub mod source_text;
pub mod speaker_plan;
pub mod speaker_raw;

pub(crate) use self::check::model::DEFAULT_CARD;
pub use self::replayed::read_for_replay;

use std::fmt;
use std::path::{Path, PathBuf};

use schemars::Schema;
use serde::de::DeserializeOwned;
use throng_analytics::digest::sha256_hex;

use self::check::Checker;
use self::diagnostic::{Diagnostic, Findings, Remark, Severity};
use self::key_path::KeyPath;
use self::plan::Plan;
use self::raw::SiteFile;
use self::speaker_plan::SpeakerPlan;
use self::speaker_raw::SpeakerFile;
use self::structure::Removed;

/// A file without errors.
#[derive(Debug)]
pub struct Loaded<P = Plan> {
    /// What the program needs.
    pub plan: P,
    /// What could be better.
    pub warnings: Vec<Diagnostic>,
}

/// A site file with errors: all of them, and the warnings, in the order of the file.
#[derive(Debug)]
pub struct Rejected {
    /// The site file.
    pub path: PathBuf,
    /// What was found; at least one is an error.
    pub diagnostics: Vec<Diagnostic>,
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors = self.diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error);
        write!(f, "{} error(s) in the site file {}", errors.count(), self.path.display())?;
        for diagnostic in &self.diagnostics {
            write!(f, "\n{diagnostic}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Rejected {}

/// Reads and checks a site file: its text, its structure, what it means, and the files it names. Nothing is started.
///
/// # Errors
/// [`Rejected`] with everything that is wrong.
pub fn load(path: &Path) -> Result<Loaded, Rejected> {
    let mut findings = Findings::new(path);
    match document::read(path, &mut findings) {
        Some(text) => check_text(path, &text),
        None => verdict(path, None, findings),
    }
}

/// Checks a text as though it stood in the site file at `path`: what it names is looked for beside that.
///
/// # Errors
/// [`Rejected`] with everything that is wrong.
pub fn check_text(path: &Path, text: &str) -> Result<Loaded, Rejected> {
    let mut findings = Findings::new(path);
    let environment = |name: &str| std::env::var(name).ok();
    let plan = plan_of(text, path, &environment, &mut findings);
    verdict(path, plan, findings)
}

/// An address with its `${NAME}`s replaced from the environment, so that no password has to stand on a command line.
///
/// # Errors
/// A variable is not set, or stands where no secret belongs; the message holds its name, never a value.
pub fn with_secrets(address: &str) -> anyhow::Result<String> {
    environment::expand(address, |name| std::env::var(name).ok()).map_err(|why| match why {
        environment::Unexpandable::Unset { name } => {
            anyhow::anyhow!("the environment has no {name}, which an address names: set it")
        }
        environment::Unexpandable::Unclosed => {
            anyhow::anyhow!("an address has a \"${{\" without a name and \"}}\"")
        }
        environment::Unexpandable::Misplaced => {
            anyhow::anyhow!("\"${{NAME}}\" may stand for user, password and query of an address alone")
        }
    })
}

/// Reads and checks a loudspeaker's file in the same way.
///
/// # Errors
/// [`Rejected`] with everything that is wrong.
pub fn load_speaker(path: &Path) -> Result<Loaded<SpeakerPlan>, Rejected> {
    let mut findings = Findings::new(path);
    let environment = |name: &str| std::env::var(name).ok();
    let plan = document::read(path, &mut findings).and_then(|text| {
        let (file, removed): (SpeakerFile, _) = read_as(&text, &schema::speaker_schema(), &mut findings)?;
        let folder = path.parent().unwrap_or(Path::new(""));
        let mut checker =
            Checker { folder, removed: &removed, findings: &mut findings, environment: &environment };
        checker.speaker(&file, sha256_hex(text.as_bytes()))
    });
    verdict(path, plan, findings)
}

/// The plan of a site file's text; none where anything is wrong, and the findings say what.
fn plan_of(
    text: &str,
    path: &Path,
    environment: &dyn Fn(&str) -> Option<String>,
    findings: &mut Findings,
) -> Option<Plan> {
    let (file, removed): (SiteFile, _) = read_as(text, &schema::site_schema(), findings)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut checker = Checker { folder, removed: &removed, findings, environment };
    checker.plan(&file, path, text)
}

/// A file as its schema describes it, without what is broken; what is broken is in the findings.
fn read_as<F: DeserializeOwned>(
    text: &str,
    schema: &Schema,
    findings: &mut Findings,
) -> Option<(F, Removed)> {
    let mut document = document::parse(text, findings);
    let removed = structure::check(document.get_mut(), schema.as_value(), findings);
    match F::deserialize(toml::de::Deserializer::from(document)) {
        Ok(file) => Some((file, removed)),
        // The structural check lets nothing through that cannot be read; if it does, that is said, not hidden.
        Err(error) => {
            let remark = Remark::new(
                format!("cannot be read: {}", error.message()),
                "a file as `throng schema` describes it",
                "compare it with samples/demo.toml",
            );
            findings.error(&KeyPath::root(), remark);
            None
        }
    }
}

/// The plan with its warnings, or all that is wrong.
fn verdict<P>(path: &Path, plan: Option<P>, mut findings: Findings) -> Result<Loaded<P>, Rejected> {
    if plan.is_none() && findings.error_count() == 0 {
        // Every way to no plan reports an error; if one does not, that is said, not hidden.
        let remark =
            Remark::new("cannot be used", "a complete site file", "compare it with samples/demo.toml");
        findings.error(&KeyPath::root(), remark);
    }
    let failed = findings.error_count() > 0;
    let diagnostics = findings.into_sorted();
    match plan {
        Some(plan) if !failed => Ok(Loaded { plan, warnings: diagnostics }),
        _ => Err(Rejected { path: path.to_owned(), diagnostics }),
    }
}

#[cfg(test)]
mod tests;

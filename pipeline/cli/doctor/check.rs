//! One thing that was looked at, and what came of it.

use serde::Serialize;

use crate::{cli::output, config::redact};

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Outcome {
    /// As it should be.
    Ok,
    /// It works, but worse than it could.
    Warning,
    /// It does not work.
    Failed,
}

/// A check.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Check {
    /// What was looked at.
    pub(super) what: String,
    /// What came of it.
    pub(super) outcome: Outcome,
    /// What was found, and where.
    pub(super) found: String,
    /// What to do; absent where there is nothing to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) advice: Option<String>,
}

impl Check {
    pub(super) fn ok(what: &str, found: impl AsRef<str>) -> Self {
        Self::of(what, Outcome::Ok, found.as_ref(), None)
    }

    pub(super) fn warning(what: &str, found: impl AsRef<str>, advice: &str) -> Self {
        Self::of(what, Outcome::Warning, found.as_ref(), Some(advice))
    }

    pub(super) fn failed(what: &str, found: impl AsRef<str>, advice: &str) -> Self {
        Self::of(what, Outcome::Failed, found.as_ref(), Some(advice))
    }

    fn of(what: &str, outcome: Outcome, found: &str, advice: Option<&str>) -> Self {
        let found = redact::credentials(found);
        Self { what: what.to_owned(), outcome, found, advice: advice.map(str::to_owned) }
    }
}

/// Writes the checks for people, and whether all is ready.
///
/// # Errors
/// Standard output is closed.
pub(super) fn print(checks: &[Check]) -> anyhow::Result<()> {
    let width = checks.iter().map(|check| check.what.chars().count()).max().unwrap_or(0);
    for check in checks {
        let sign = match check.outcome {
            Outcome::Ok => "ok     ",
            Outcome::Warning => "warning",
            Outcome::Failed => "FAILED ",
        };
        output::line(format!("{sign}  {:<width$}  {}", check.what, check.found))?;
        if let Some(advice) = &check.advice {
            output::line(format!("         {:<width$}  -> {advice}", ""))?;
        }
    }
    let count = |outcome: Outcome| checks.iter().filter(|check| check.outcome == outcome).count();
    let (failed, warnings) = (count(Outcome::Failed), count(Outcome::Warning));
    let ready = if failed == 0 { "Ready" } else { "Not ready" };
    output::line(format!("{ready}: {} checks, {failed} failed, {warnings} warnings.", checks.len()))
}

//! A report as a document: one HTML page with its charts inside, that prints, and tables for those who work on.

mod chart;
mod format;
mod html;
mod parquet;
mod section;
mod table;
mod zip;

use serde::Serialize;

pub use table::{Cells, Table};

use crate::{
    deployment::{Advice, DeploymentRequest, Ratios},
    error::HistoryError,
    history::History,
    local::Local,
    report::{Report, ReportRequest},
};

/// What is known of a period, and what follows from it for a day.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Document {
    /// The period.
    pub report: Report,
    /// Where to stand on a day to come.
    pub deployment: Advice,
}

impl History {
    /// The report of a period, with the advice for a day (`YYYY-MM-DD`).
    ///
    /// # Errors
    /// As [`History::report`] and [`History::deployment`].
    pub fn document(
        &self,
        request: &ReportRequest,
        date: &str,
        ratios: &Ratios,
    ) -> Result<Document, HistoryError> {
        let deployment = DeploymentRequest {
            site: request.site.clone(),
            date: date.to_owned(),
            time_zone: request.time_zone.clone(),
            zones: request.zones.clone(),
        };
        Ok(Document { report: self.report(request)?, deployment: self.deployment(&deployment, ratios)? })
    }
}

impl Document {
    /// The time zone of its days and hours.
    fn local(&self) -> Result<Local, HistoryError> {
        Local::of(&self.report.time_zone)
    }
}

//! What was: the history of every zone and line, and what it says about tomorrow.
//!
//! In nouns: **sample -> window -> rollup -> series -> pattern -> report, advice**. A [`ZoneSample`] says how a zone is at
//! an instant; it stands until the next, five seconds at most. Windows of ten seconds sum up samples, and windows of one
//! minute, fifteen minutes and one hour sum up those. Unknown stays unknown all the way: a window without data has no
//! row, a quantity nobody measured is `None`, and how much of the time was known goes with every mean.
//!
//! Days that are over are packed: what a report needs of their windows in one row, so that a year of 200 zones is read at once.
//!
//! [`History`] is the door: it records without ever blocking (one thread writes, one transaction a second) and answers
//! questions from `SQLite`, or from `PostgreSQL` where several sites write to one history.

mod alarm;
mod calendar;
mod clock;
mod collector;
mod density_bins;
mod deployment;
mod document;
mod error;
mod history;
mod import;
mod local;
mod options;
mod packed_day;
mod pattern;
mod report;
mod resolution;
mod rollup;
mod sample;
mod series;
mod stats;
mod store;
mod writer;

pub use alarm::{AlarmQuery, AlarmRecord, AnswerTimes, answer_times};
pub use calendar::{CalendarEvent, EventKind};
pub use density_bins::DensityBins;
pub use deployment::{
    Advice, DeploymentRequest, HourAdvice, Ratios, Text, TotalAdvice, ZoneAdvice, advise_hour,
};
pub use document::{Cells, Document, Table};
pub use error::HistoryError;
pub use history::History;
pub use options::{Options, Retention};
pub use pattern::{ComparedDay, ComparedPoint, DayKind, Peak, TypicalDay, TypicalPoint, WeekTable};
pub use report::{AlarmReport, Dwell, Language, LineReport, Report, ReportRequest, ZoneFacts, ZoneReport};
pub use resolution::Resolution;
pub use rollup::{LineRollup, Mean, Rollup, ZoneRollup};
pub use sample::{LineSample, ZoneSample};
pub use series::{LevelColumns, LineColumns, LineSeries, ZoneColumns, ZoneSeries};
pub use store::{Health, SeriesKey, SeriesKind};

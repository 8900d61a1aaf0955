//! `throng report`: what the history says of a period, and where to stand on a day to come.

mod pdf;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use throng_history::{Document, History, Language, Ratios, ReportRequest, ZoneFacts};

use super::console::{LanguageArg, default_folder};
use super::exit_status::ExitStatus;
use super::{load_site, output};
use crate::clock::wall_clock;
use crate::config::plan::Plan;
use crate::config::with_secrets;

/// `throng report`: by hour, weekday and area; alarms and answer times; officers for a day to come.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  throng report site.toml                                   the last four weeks, as report/report.html
  throng report site.toml --from 2026-10-01 --to 2026-10-31 --format html,pdf,csv,parquet --language zh
  throng report --history history.sqlite --site square --time-zone Asia/Shanghai --json | jq .deployment.totals

The site file tells names, capacities, time zone and which lines enclose a zone; without it ids stand for names. PDF is
printed by Chromium, where it is installed.

Officers: people of comparable days over people per officer. --ratios names a TOML file that overrules the ratios, such as
  people_per_officer = 200.0
  officers_min = 4")]
pub struct ReportArgs {
    /// Site file (TOML).
    #[arg(value_name = "SITE.toml")]
    pub site_file: Option<PathBuf>,
    /// The history: a file, or `postgres://USER:PASSWORD@HOST/DATABASE`, `${NAME}` in it from the environment. Default: the
    /// console's file.
    #[arg(long, value_name = "FILE|URL")]
    pub history: Option<String>,
    /// Id of the site. Default: the site file's, else the only one in the history.
    #[arg(long, value_name = "ID")]
    pub site: Option<String>,
    /// Only this zone.
    #[arg(long, value_name = "ID")]
    pub zone: Option<String>,
    /// First day. Default: four weeks of days up to the last one.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub from: Option<Date>,
    /// Last day. Default: today.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub to: Option<Date>,
    /// Day to advise officers for. Default: tomorrow.
    #[arg(long = "for-day", value_name = "YYYY-MM-DD")]
    pub day: Option<Date>,
    /// Time zone of days and hours, e.g. Asia/Shanghai. Default: the site file's, else UTC.
    #[arg(long, value_name = "NAME")]
    pub time_zone: Option<String>,
    /// Ratios of people to officers (TOML).
    #[arg(long, value_name = "FILE")]
    pub ratios: Option<PathBuf>,
    /// What to write, with commas between.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "html")]
    pub format: Vec<Format>,
    /// Folder to write to.
    #[arg(long, value_name = "DIR", default_value = "report")]
    pub out: PathBuf,
    /// Language of the document.
    #[arg(long, value_enum, default_value = "en")]
    pub language: LanguageArg,
    /// Write the report as a JSON line to stdout, and no files.
    #[arg(long)]
    pub json: bool,
}

/// What a report is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the names are the formats'")]
pub enum Format {
    Html,
    Pdf,
    Csv,
    Parquet,
    Json,
}

/// Makes the report and writes it.
///
/// # Errors
/// The history cannot be read, days or ratios make no sense, a file cannot be written, or Chromium is missing for a PDF.
pub fn run(args: &ReportArgs) -> anyhow::Result<ExitStatus> {
    let plan = args.site_file.as_deref().map(load_site).transpose()?;
    let document = document(args, plan.as_ref())?;
    if args.json {
        output::json_line(&document)?;
        return Ok(ExitStatus::Success);
    }
    if document.report.zones.is_empty() {
        output::note(
            "The history has nothing of this period: the report is empty, which does not mean that nobody was there.",
        );
    }
    fs::create_dir_all(&args.out)
        .with_context(|| format!("cannot make the folder {}", args.out.display()))?;
    for format in &args.format {
        write(&document, *format, args)?;
    }
    Ok(ExitStatus::Success)
}

fn document(args: &ReportArgs, plan: Option<&Plan>) -> anyhow::Result<Document> {
    let address = args.history.clone().map_or_else(default_history, Ok)?;
    let is_file = !address.contains("://");
    if is_file && !Path::new(address.strip_prefix("sqlite:").unwrap_or(&address)).exists() {
        bail!("there is no history at {address}: name one with --history, or record one with a console");
    }
    let history = History::open(&with_secrets(&address)?)?;
    let site = match (&args.site, plan) {
        (Some(site), _) => site.clone(),
        (None, Some(plan)) => plan.site_id.to_string(),
        (None, None) => only_site(&history)?,
    };
    let of_plan = plan.and_then(|plan| plan.time_zone.iana_name());
    let time_zone = args.time_zone.as_deref().or(of_plan).unwrap_or("UTC");
    let today = today(time_zone)?;
    let last = args.to.unwrap_or(today);
    let first = args.from.unwrap_or_else(|| last.saturating_sub(27.days()));
    let mut request = ReportRequest::of_days(&site, &first.to_string(), &last.to_string(), time_zone)?;
    request.zone.clone_from(&args.zone);
    if let Some(plan) = plan {
        request.zones = facts(plan);
        request.line_names = plan.lines.iter().map(|line| (line.id.clone(), line.name.clone())).collect();
    }
    let ratios = args.ratios.as_deref().map(read_ratios).transpose()?.unwrap_or_default();
    let day = args.day.unwrap_or_else(|| today.saturating_add(1.day()));
    Ok(history.document(&request, &day.to_string(), &ratios)?)
}

fn default_history() -> anyhow::Result<String> {
    let file = default_folder().join("history.sqlite");
    file.to_str().map(str::to_owned).with_context(|| format!("{} is no UTF-8", file.display()))
}

fn only_site(history: &History) -> anyhow::Result<String> {
    let mut sites: Vec<String> = history.series(None)?.into_iter().map(|series| series.site).collect();
    sites.dedup();
    match sites.as_slice() {
        [] => bail!("the history is empty: nothing was recorded in it yet"),
        [site] => Ok(site.clone()),
        several => bail!("the history has several sites, name one with --site: {}", several.join(", ")),
    }
}

fn today(time_zone: &str) -> anyhow::Result<Date> {
    let zone = TimeZone::get(time_zone)
        .with_context(|| format!("\"{time_zone}\" is no time zone: give a name such as Asia/Shanghai"))?;
    let now = Timestamp::from_nanosecond(wall_clock().unix_nanos().into()).context("the clock is wrong")?;
    Ok(zone.to_datetime(now).date())
}

/// What a site file tells of its zones beside their history.
fn facts(plan: &Plan) -> Vec<ZoneFacts> {
    let lines = |zone: &str| {
        plan.lines
            .iter()
            .filter(|line| line.zone.as_deref() == Some(zone))
            .map(|line| line.id.clone())
            .collect()
    };
    plan.zones
        .iter()
        .map(|zone| ZoneFacts {
            id: zone.id.clone(),
            name: zone.name.clone(),
            area_m2: Some(zone.outline.area_m2()),
            capacity_people: zone.capacity_people,
            lines: lines(&zone.id),
            is_enclosed: zone.is_enclosed_by_lines,
        })
        .collect()
}

fn read_ratios(path: &Path) -> anyhow::Result<Ratios> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    toml::from_str(&text).with_context(|| format!("{} holds no ratios", path.display()))
}

fn write(document: &Document, format: Format, args: &ReportArgs) -> anyhow::Result<()> {
    let language = match args.language {
        LanguageArg::En => Language::En,
        LanguageArg::Zh => Language::Zh,
    };
    let written = match format {
        Format::Html => save(&args.out.join("report.html"), document.html(language)?.as_bytes())?,
        Format::Json => save(&args.out.join("report.json"), &serde_json::to_vec_pretty(document)?)?,
        Format::Pdf => pdf::print(&document.html(language)?, &args.out.join("report.pdf"))?,
        Format::Csv | Format::Parquet => {
            let folder = args.out.join("tables");
            fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
            for table in document.tables() {
                if format == Format::Csv {
                    save(&folder.join(format!("{}.csv", table.name)), table.csv().as_bytes())?;
                } else {
                    save(&folder.join(format!("{}.parquet", table.name)), &table.parquet())?;
                }
            }
            folder
        }
    };
    output::note(format!("Wrote {}.", written.display()));
    Ok(())
}

fn save(path: &Path, bytes: &[u8]) -> anyhow::Result<PathBuf> {
    fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path.to_owned())
}

//! How far long work is: a bar with rate and time left on a terminal, a plain line now and then elsewhere.

use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::output;

/// How often a plain line is written.
const PLAIN_PERIOD: Duration = Duration::from_secs(5);

/// Progress through one video or a list of pictures, in pictures.
pub(crate) struct Progress {
    label: String,
    total: Option<u64>,
    began: Instant,
    done: u64,
    /// Hidden where standard error is no terminal.
    bar: ProgressBar,
    plain_line_at: Option<Instant>,
}

impl Progress {
    /// Starts at zero of `total` pictures, where that is known.
    pub(crate) fn start(label: &str, total: Option<u64>) -> Self {
        let began = Instant::now();
        let plain_line_at = (!stderr().is_terminal()).then_some(began + PLAIN_PERIOD);
        let bar = if plain_line_at.is_some() {
            ProgressBar::hidden()
        } else {
            total.map_or_else(ProgressBar::no_length, ProgressBar::new)
        };
        let template = match total {
            Some(_) => "{prefix} [{bar:30}] {pos}/{len}  {per_sec}  {eta} left  {msg}",
            None => "{spinner} {prefix} {pos}  {per_sec}  {msg}",
        };
        bar.set_style(
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        bar.set_prefix(label.to_owned());
        Self { label: label.to_owned(), total, began, done: 0, bar, plain_line_at }
    }

    /// One more picture is counted; `found` is what it showed.
    pub(crate) fn step(&mut self, found: &str) {
        self.done += 1;
        self.bar.set_message(found.to_owned());
        self.bar.inc(1);
        let now = Instant::now();
        if self.plain_line_at.is_some_and(|at| at <= now) {
            self.plain_line_at = Some(now + PLAIN_PERIOD);
            output::note(format!(
                "{}  {found}",
                self.plain_line(now.duration_since(self.began).as_secs_f64())
            ));
        }
    }

    fn plain_line(&self, elapsed_secs: f64) -> String {
        let (label, done, per_s) = (&self.label, self.done, self.done as f64 / elapsed_secs.max(1e-9));
        match self.total {
            Some(total) => {
                let left_secs = total.saturating_sub(done) as f64 / per_s;
                format!("{label}: {done}/{total}  {per_s:.1}/s  {left_secs:.0} s left")
            }
            None => format!("{label}: {done}  {per_s:.1}/s"),
        }
    }

    /// Writes a line for people without breaking the bar.
    pub(crate) fn note(&self, text: impl std::fmt::Display) {
        self.bar.suspend(|| output::note(text));
    }

    /// Takes the bar away; gives the pictures counted a second.
    pub(crate) fn finish(self) -> f64 {
        self.bar.finish_and_clear();
        self.done as f64 / self.began.elapsed().as_secs_f64().max(1e-9)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_line_tells_rate_and_time_left() {
        let mut progress = Progress::start("street.mp4", Some(100));
        progress.done = 20;
        assert_eq!(progress.plain_line(10.0), "street.mp4: 20/100  2.0/s  40 s left");
        progress.total = None;
        assert_eq!(progress.plain_line(10.0), "street.mp4: 20  2.0/s");
    }
}

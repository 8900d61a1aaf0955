//! The result for people.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

use throng_analytics::level::Level;
use throng_samples::evaluation::bootstrap::{Bounds, Interval};
use throng_samples::evaluation::summary::{BaselineWorth, Summary, Worth};

/// What is printed.
pub(super) struct Table<'a> {
    pub(super) suite: &'a str,
    pub(super) level: &'a str,
    pub(super) seeds: u64,
    pub(super) summary: &'a Summary,
    pub(super) sensors: &'a BTreeMap<&'a str, Worth>,
}

impl Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = &self.summary.all;
        writeln!(
            f,
            "\n{}, {}: {} runs, {} of each scenario; {} with harm, {} missed (no orange or red before harm or onset)",
            self.suite,
            self.level,
            all.runs,
            self.seeds,
            all.harmed,
            missed(all.missed, all.missed_interval)
        )?;
        writeln!(
            f,
            "\n{:<8}{:>24}{:>26}{:>26}",
            "level", "false alarms an hour", "lead to harm, s", "lead to onset, s"
        )?;
        for (k, level) in Level::WARNING.iter().enumerate() {
            let between = all.false_alarms_per_hour_interval.map(|between| *between.in_order()[k]);
            let rate = rate(all.false_alarms_per_hour.map(|rates| *rates.in_order()[k]), between);
            writeln!(
                f,
                "{:<8}{rate:>24}{:>26}{:>26}",
                level.name(),
                interval(*all.lead_to_harm_s.in_order()[k]),
                interval(*all.lead_to_onset_s.in_order()[k]),
            )?;
        }
        writeln!(
            f,
            "\n{:.2} h of benign scenes; minutes with chattering {}; level unknown {:.2} % of the time; measured density {} \
             of the true",
            all.benign_hours,
            all.chattering_mins,
            100.0 * all.unknown_share,
            share(all.measured_over_true_density)
        )?;
        self.scenarios(f)?;
        self.baselines(f)?;
        if !self.sensors.is_empty() {
            self.sensors(f)?;
        }
        self.score(f)
    }
}

impl Table<'_> {
    fn scenarios(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n{:<20}{:>5}{:>6}{:>8}{:>12}{:>10}   {:<36} {:<24}",
            "scenario",
            "runs",
            "harm",
            "missed",
            "densest /m2",
            "measured",
            "lead to harm: blue yellow orange red",
            "alarms an hour: same"
        )?;
        for (id, worth) in &self.summary.by_scenario {
            let leads = worth
                .lead_to_harm_s
                .in_order()
                .map(|lead| lead.map_or("-".into(), |l| format!("{:.0}", l.median)));
            let rates = worth.false_alarms_per_hour.map_or([const { String::new() }; 4], |rates| {
                rates.in_order().map(|rate| format!("{rate:.1}"))
            });
            writeln!(
                f,
                "{id:<20}{:>5}{:>6}{:>8}{:>12.1}{:>10}   {:<36} {:<24}",
                worth.runs,
                worth.harmed,
                worth.missed,
                worth.density_max_people_per_m2,
                share(worth.measured_over_true_density),
                leads.join(" "),
                rates.join(" ")
            )?;
        }
        Ok(())
    }

    fn baselines(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n{:<44}{:>10}{:>16}{:>24}{:>24}",
            "alarm", "threshold", "missed", "false an hour", "lead to harm, s"
        )?;
        let all = &self.summary.all;
        let orange = all.false_alarms_per_hour.map(|rates| rates.orange);
        writeln!(
            f,
            "{:<44}{:>10}{:>16}{:>24}{:>24}",
            "throng, orange",
            "",
            missed(all.missed, all.missed_interval),
            rate(orange, all.false_alarms_per_hour_interval.map(|between| between.orange)),
            interval(all.lead_to_harm_s.orange)
        )?;
        let mut row = |name: String, worth: &BaselineWorth| {
            writeln!(
                f,
                "{name:<44}{:>10.3}{:>16}{:>24}{:>24}",
                worth.threshold,
                missed(worth.missed, worth.missed_interval),
                rate(Some(worth.false_alarms_per_hour), worth.false_alarms_per_hour_interval),
                interval(worth.lead_to_harm_s)
            )
        };
        for (kind, summary) in &self.summary.baselines {
            let name = serde_json::to_value(kind).ok().and_then(|v| v.as_str().map(|s| s.replace('_', " ")));
            let name = name.unwrap_or_default();
            row(format!("{name}, as stated"), &summary.stated)?;
            if let Some(worth) = &summary.at_our_false_alarm_rate {
                row(format!("{name}, at our false alarms"), worth)?;
            }
        }
        Ok(())
    }

    fn sensors(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n{:<24}{:>6}{:>16}{:>24}{:>28}",
            "sensor", "runs", "missed", "false orange an hour", "lead to harm at orange, s"
        )?;
        for (name, worth) in self.sensors {
            let between = worth.false_alarms_per_hour_interval.map(|between| between.orange);
            writeln!(
                f,
                "{name:<24}{:>6}{:>16}{:>24}{:>28}",
                worth.runs,
                missed(worth.missed, worth.missed_interval),
                rate(worth.false_alarms_per_hour.map(|rates| rates.orange), between),
                interval(worth.lead_to_harm_s.orange)
            )?;
        }
        Ok(())
    }

    fn score(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let score = &self.summary.score;
        writeln!(
            f,
            "\nScore against harm within two minutes: Brier {:.3}, always saying the base rate {:.3}",
            score.brier, score.brier_of_base_rate
        )?;
        for bin in &score.curve {
            writeln!(
                f,
                "  score {:>4.0}: harm followed in {:>3.0} % of {} s",
                100.0 * bin.score,
                100.0 * bin.harm_share,
                bin.secs
            )?;
        }
        Ok(())
    }
}

fn interval(value: Option<Interval>) -> String {
    value.map_or("-".to_owned(), |i| format!("{:.0} [{:.0} to {:.0}]", i.median, i.lo, i.hi))
}

fn missed(runs: usize, between: Bounds) -> String {
    format!("{runs} [{:.0} to {:.0}]", between.lo, between.hi)
}

fn rate(per_hour: Option<f64>, between: Option<Bounds>) -> String {
    per_hour
        .zip(between)
        .map_or("-".to_owned(), |(rate, b)| format!("{rate:.2} [{:.2} to {:.2}]", b.lo, b.hi))
}

fn share(value: Option<f64>) -> String {
    value.map_or("-".to_owned(), |share| format!("{:.0} %", 100.0 * share))
}

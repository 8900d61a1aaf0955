//! `throng run`: a site until it is stopped.

use std::sync::Arc;

use super::{
    args::RunArgs, console::greet, exit_status::ExitStatus, interrupt::Interrupt, live::Live, load_site,
    output,
};
use crate::{
    engine::{self, RunOptions},
    latency::LatencyProbe,
    room::{PictureBook, Room},
    stream::options::Pace,
    supervision::Supervision,
};

/// Runs a site; prints the closing summary.
///
/// # Errors
/// The site file, the model, or the cameras; a bus that is down is none.
pub fn run(args: &RunArgs) -> anyhow::Result<ExitStatus> {
    let plan = load_site(&args.site)?;
    let counter = engine::open_counter(&plan)?;
    let interrupt = Interrupt::listen()?;
    let pace = if args.pacing.is_realtime(true) { Pace::Realtime } else { Pace::AsFastAsPossible };
    let options = RunOptions {
        pace,
        for_secs: args.duration.map(|span| span.duration().as_secs_f64()),
        latency: Some(LatencyProbe::default()),
        must_stop: Arc::new(move || interrupt.is_set()),
    };
    let mut live = Live::new(args.json, plan.time_zone.clone());
    let mut supervision = Supervision::of_unit();
    let pictures = Arc::new(PictureBook::default());
    let open = |listen| {
        let options = args.keeping.options(listen, plan.bus.neighbour(), plan.speaker_key.clone());
        Room::open(&options, pictures.clone())
    };
    let room = args.console.map(open).transpose()?;
    room.iter().for_each(greet);
    let outcome = engine::run(&plan, counter, &options, &mut |step| {
        supervision.beat();
        if let Some(counted) = step.counted.filter(|_| room.is_some()) {
            pictures.observe(&plan, counted, step.report);
        }
        live.show(step.report)
    })?;
    drop(supervision);
    if args.json {
        output::json_line(&outcome.summary)?;
    } else {
        output::note(serde_json::to_string_pretty(&outcome.summary)?);
    }
    Ok(ExitStatus::Success)
}

//! `throng run`: a site until it is stopped.

use std::sync::Arc;

use super::{
    args::RunArgs, console::greet, exit_status::ExitStatus, interrupt::Interrupt, live::Live, load_site,
    output,
};
use crate::{
    engine::{self, RunOptions},
    exchange::{Exchange, exchange},
    latency::LatencyProbe,
    room::{AtSite, Drawings, PictureBook, Room, SiteDesk, SiteDrills, SiteEvidence},
    stream::options::Pace,
    supervision::Supervision,
};

/// Runs a site; prints the closing summary.
///
/// # Errors
/// The site file, the model, or the cameras; a bus that is down is none.
pub fn run(args: &RunArgs) -> anyhow::Result<ExitStatus> {
    let plan = Arc::new(load_site(&args.site)?);
    let counter = engine::open_counter(&plan)?;
    let (exchange, offers) = exchange(Arc::clone(&plan), counter.info().clone());
    let interrupt = Interrupt::listen()?;
    let pace = if args.pacing.is_realtime(true) { Pace::Realtime } else { Pace::AsFastAsPossible };
    let options = RunOptions {
        pace,
        for_secs: args.duration.map(|span| span.duration().as_secs_f64()),
        latency: Some(LatencyProbe::default()),
        offers: args.console.map(|_| offers),
        must_stop: Arc::new(move || interrupt.is_set()),
    };
    let mut live = Live::new(args.json, plan.time_zone.clone());
    let mut supervision = Supervision::of_unit();
    let pictures = Arc::new(PictureBook::default());
    let exchange = Arc::new(exchange);
    let open = |listen| -> anyhow::Result<(Room, Arc<SiteDrills>)> {
        let options = args.keeping.options(listen, plan.bus.neighbour(), plan.speaker_key.clone());
        let folder = &options.pages.data_dir;
        let drills = Arc::new(SiteDrills::open(Arc::clone(&exchange), folder)?);
        let desk = SiteDesk::open(Arc::clone(&exchange), Arc::clone(&pictures), folder)?;
        let evidence = Arc::new(SiteEvidence::new(Arc::clone(&exchange)));
        let site = AtSite {
            desk: Arc::new(desk),
            drills: Some(drills.clone()),
            evidence: Some(evidence),
            drawings: Some(drawings(&exchange)),
        };
        Ok((Room::open(&options, pictures.clone(), site)?, drills))
    };
    let room = args.console.map(open).transpose()?;
    if let Some((room, _)) = &room {
        greet(room);
    }
    let outcome = engine::run(&plan, counter, &options, &mut |step| {
        supervision.beat();
        if let Some((_, drills)) = &room {
            drills.look(step.report);
            if let Some(counted) = step.counted {
                pictures.observe(step.plan, counted, step.report);
            }
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

/// The drawing under the map of the site that runs, as its file is now.
fn drawings(exchange: &Arc<Exchange>) -> Drawings {
    let exchange = Arc::clone(exchange);
    Arc::new(move |site| {
        let running = exchange.running();
        running.ground_plan.clone().filter(|_| running.site_id.as_str() == site)
    })
}

//! Prints what happens to the people of scenarios: when they are squeezed, when they come to harm, how dense it gets.
//!
//! `cargo run --release -p throng-samples --bin scenario-physics -- FOLDER [SEEDS]`

use std::io::{self, Write};
use std::path::Path;
use std::time::Instant;

use throng_analytics::polygon::Polygon;
use throng_samples::crowd::scenario::Scenario;
use throng_samples::crowd::simulation::Simulation;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("usage: scenario-physics FOLDER [SEEDS]")?;
    let seeds: u64 = arguments.next().map_or(Ok(1), |text| text.parse())?;
    let mut out = io::stdout().lock();
    writeln!(out, "scenario            seed kind    onset   harm  squeeze  peak  mean  people  s/s")?;
    for scenario in Scenario::load_folder(Path::new(&folder))? {
        for seed in 0..seeds {
            let started = Instant::now();
            let mut simulation = Simulation::new(scenario.clone(), seed);
            let outline = Polygon::new(scenario.zones[0].outline.clone())?;
            let (mut peak, mut sum, mut people, mut t_secs) = (0.0_f64, 0.0, 0, 0.0);
            while t_secs < scenario.duration_secs && simulation.truth().harm_secs().is_none() {
                t_secs += 1.0;
                simulation.advance_to(t_secs);
                let inside = simulation.agents().iter().filter(|agent| outline.contains(agent.at)).count();
                let density = inside as f64 / outline.area_m2();
                peak = peak.max(density);
                sum += density;
                people = people.max(simulation.agents().len());
            }
            let truth = simulation.truth();
            let secs = |t: Option<f64>| t.map_or("-".to_owned(), |t| format!("{t:.0}"));
            writeln!(
                out,
                "{:<20}{seed:>4} {:<7}{:>6}{:>7}{:>9.0}{peak:>6.2}{:>6.2}{people:>8}{:>6.0}",
                scenario.id,
                format!("{:?}", scenario.kind).to_lowercase(),
                secs(truth.onset_secs()),
                secs(truth.harm_secs()),
                truth.squeeze_max_n(),
                sum / t_secs,
                (t_secs + scenario.lead_in_secs) / started.elapsed().as_secs_f64(),
            )?;
        }
    }
    Ok(())
}

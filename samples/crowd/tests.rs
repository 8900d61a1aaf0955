use super::scenario::{Inflow, Kind, Route, Scenario, Standing, Stops};
use super::simulation::Simulation;
use super::wall::{Gate, Wall};

/// A way of 12 m by 3 m with a gate at 9 m, and everyone pushing as hard as the specification has it.
fn scenario() -> Scenario {
    let wall = |y| Wall { from: [-2.0, y], to: [9.0, y] };
    let line = Wall { from: [9.0, 0.0], to: [9.0, 3.0] };
    Scenario {
        id: "way".into(),
        title: "A way with a gate".into(),
        kind: Kind::Danger,
        walls: vec![wall(0.0), wall(3.0)],
        gates: vec![Gate { wall: line, closed_secs: vec![[0.0, 40.0]] }],
        routes: vec![Route {
            entry: Wall { from: [0.0, 0.4], to: [0.0, 2.6] },
            exit: Wall { from: [12.0, -2.0], to: [12.0, 5.0] },
            inflows: vec![Inflow { from_secs: 0.0, to_secs: 20.0, people_per_s: 2.0 }],
            urgency: 1.0,
            pairs_share: 0.0,
            stops: None,
        }],
        standing: vec![],
        slopes: vec![],
        drives: vec![],
        zones: vec![],
        lead_in_secs: 0.0,
        duration_secs: 60.0,
    }
}

#[test]
fn the_same_seed_moves_everyone_alike() {
    let run = |seed| {
        let mut simulation = Simulation::new(scenario(), seed);
        simulation.advance_to(15.0);
        simulation.agents().to_vec()
    };
    assert_eq!(run(3), run(3));
    assert_ne!(run(3), run(4));
}

#[test]
fn a_closed_gate_lets_nobody_through_and_an_open_one_everybody() {
    let mut simulation = Simulation::new(scenario(), 5);
    for second in 1..40 {
        simulation.advance_to(f64::from(second));
        assert!(simulation.agents().iter().all(|a| a.at[0] < 9.0), "at {second} s");
    }
    assert_eq!(simulation.left(), 0);
    simulation.advance_to(60.0);
    assert!(simulation.agents().is_empty(), "{} are still inside", simulation.agents().len());
}

#[test]
fn people_neither_appear_nor_vanish_between_entry_and_exit() {
    let mut simulation = Simulation::new(scenario(), 6);
    for second in 1..60 {
        simulation.advance_to(f64::from(second));
        assert_eq!(simulation.entered(), simulation.left() + simulation.agents().len() as u32);
        assert!(simulation.agents().iter().all(|a| a.at.iter().all(|c| c.is_finite())));
    }
    assert_eq!(simulation.entered(), 40);
}

#[test]
fn bodies_in_contact_keep_each_other_apart() {
    let mut simulation = Simulation::new(scenario(), 7);
    for second in 1..40 {
        simulation.advance_to(f64::from(second));
        let agents = simulation.agents();
        for (i, a) in agents.iter().enumerate() {
            for b in &agents[i + 1..] {
                let distance = (a.at[0] - b.at[0]).hypot(a.at[1] - b.at[1]);
                let share = 1.0 - distance / (a.radius_m + b.radius_m);
                assert!(share < 0.3, "{} and {} overlap by {share:.2} at {second} s", a.id, b.id);
            }
        }
    }
    assert!(simulation.agents().iter().any(|a| a.contact_load_n_per_m > 100.0), "the press is felt");
}

#[test]
fn free_walkers_keep_their_desired_speed() {
    let mut free = scenario();
    free.gates.clear();
    free.routes[0].inflows[0].people_per_s = 0.2;
    let mut simulation = Simulation::new(free, 8);
    simulation.advance_to(18.0);
    for agent in simulation.agents().iter().filter(|a| a.walked_m > 2.0) {
        let share = agent.speed_m_per_s() / agent.desired_speed_m_per_s;
        assert!((0.8..1.1).contains(&share), "{share}");
    }
}

#[test]
fn pairs_stay_together_and_stoppers_stop() {
    let mut strolling = scenario();
    strolling.gates.clear();
    strolling.routes[0].pairs_share = 1.0;
    strolling.routes[0].inflows[0].people_per_s = 0.5;
    let mut simulation = Simulation::new(strolling.clone(), 9);
    simulation.advance_to(12.0);
    let agents = simulation.agents();
    let apart: Vec<f64> = agents
        .iter()
        .filter_map(|a| {
            let other = agents.iter().find(|b| Some(b.id) == a.partner)?;
            Some((a.at[0] - other.at[0]).hypot(a.at[1] - other.at[1]))
        })
        .collect();
    assert!(apart.len() >= 4, "{apart:?}");
    strolling.routes[0].stops = Some(Stops { every_m: 2.0, for_secs: 10.0 });
    let mut stopping = Simulation::new(strolling, 9);
    stopping.advance_to(12.0);
    let walked = |s: &Simulation| s.agents().iter().map(|a| a.walked_m).sum::<f64>();
    assert!(walked(&stopping) < 0.8 * walked(&simulation), "{} {}", walked(&stopping), walked(&simulation));
}

#[test]
fn a_standing_crowd_stays_until_it_leaves() {
    let mut concert = scenario();
    concert.gates.clear();
    concert.routes[0].inflows.clear();
    let outline = vec![[2.0, 0.4], [6.0, 0.4], [6.0, 2.6], [2.0, 2.6]];
    concert.standing = vec![Standing { outline, people: 30, leaves: Some((0, 10.0)) }];
    let mut simulation = Simulation::new(concert, 10);
    assert_eq!(simulation.agents().len(), 30);
    let before = simulation.agents().to_vec();
    simulation.advance_to(9.9);
    for (a, b) in before.iter().zip(simulation.agents()) {
        assert!((a.at[0] - b.at[0]).hypot(a.at[1] - b.at[1]) < 0.5);
    }
    simulation.advance_to(40.0);
    assert!(simulation.agents().is_empty(), "{} are still there", simulation.agents().len());
}

//! The machine, transition by transition.

use proptest::prelude::*;

use super::*;

fn profile() -> Profile {
    Profile::street_flat()
}

/// Evidence of a density that is `up` for certain and still held at `hold`.
fn seen(up: Level, hold: Level) -> Evidence {
    let ladder = |reached: Level| Level::WARNING.map(|level| f64::from(u8::from(level <= reached)));
    Evidence {
        freshness: Freshness::Fresh,
        is_new_sample: true,
        // Likely, but not near certain: the full dwell counts.
        probability_up: ladder(up).map(|p| 0.6 * p),
        probability_down: ladder(hold),
        occupancy: Held::default(),
        score: Held::default(),
        forecast: Level::Normal,
        low_confidence: false,
        ceiling: Level::Red,
    }
}

struct Run {
    machine: WarningMachine,
    now: Timestamp,
    changes: Vec<Change>,
}

impl Run {
    fn new() -> Self {
        Self {
            machine: WarningMachine::new("site/gate"),
            now: Timestamp::from_unix_nanos(0),
            changes: vec![],
        }
    }

    /// Steps five times a second; returns the transitions of that time, reminders left out.
    fn hold(&mut self, evidence: Evidence, secs: f64) -> Vec<(WarningTransition, Option<Level>)> {
        let changes = self.hold_with_reminders(evidence, secs);
        changes.into_iter().map(|(_, t, to)| (t, to)).filter(|(t, _)| *t != Unacknowledged).collect()
    }

    /// The same with reminders, each transition with the seconds since the start.
    fn hold_with_reminders(
        &mut self,
        evidence: Evidence,
        secs: f64,
    ) -> Vec<(f64, WarningTransition, Option<Level>)> {
        let (before, start) = (self.changes.len(), self.now);
        let mut told = Vec::new();
        for _ in 0..(secs * 5.0).round() as usize {
            self.now = self.now + 0.2;
            self.changes.extend(self.machine.step(self.now, &evidence, &profile()));
            let new = &self.changes[before + told.len()..];
            told.extend(new.iter().map(|c| (self.now.secs_since(start), c.transition, c.to)));
        }
        told
    }

    fn shelve(&mut self, secs: f64) -> bool {
        let id = self.machine.incident().map_or_else(String::new, |i| i.id.clone());
        let ack =
            AckRecord { operator: "duty officer".into(), at: self.now, shelved_until: Some(self.now + secs) };
        self.machine.acknowledge(&id, ack)
    }

    fn ack(&mut self) -> bool {
        let id = self.machine.incident().map_or_else(String::new, |i| i.id.clone());
        self.machine.acknowledge(
            &id,
            AckRecord { operator: "duty officer".into(), at: self.now, shelved_until: None },
        )
    }
}

use Level::{Blue, Normal, Orange, Red, Yellow};
use WarningTransition::{Cleared, Escalated, Lost, Lowered, Raised, Restored, Unacknowledged, Unshelved};

#[test]
fn nothing_seen_is_unknown_and_first_data_is_normal() {
    let mut run = Run::new();
    assert_eq!(run.machine.level(), None);
    let lost = Evidence { freshness: Freshness::Lost, is_new_sample: false, ..seen(Normal, Normal) };
    assert!(run.hold(lost, 60.0).is_empty());
    assert_eq!((run.machine.level(), run.machine.last_level()), (None, None));
    assert!(run.hold(seen(Normal, Normal), 1.0).is_empty());
    assert_eq!(run.machine.level(), Some(Normal));
}

/// A machine that holds a level, acknowledged where there is something to acknowledge.
fn holding(level: Level) -> Run {
    let mut run = Run::new();
    run.hold(seen(Normal, Normal), 40.0);
    run.hold(seen(level, level), 60.0);
    run.ack();
    assert_eq!(run.machine.level(), Some(level));
    run
}

/// Every level with every event, as one table: what follows, and to which level.
#[test]
fn the_whole_table_of_transitions() {
    for from in Level::ALL {
        for to in Level::ALL {
            let mut expected = Vec::new();
            if to > from {
                expected.push((if from == Normal { Raised } else { Escalated }, Some(to)));
            }
            let mut level = from;
            while level > to {
                level = level.below();
                expected.push((if level == Normal { Cleared } else { Lowered }, Some(level)));
            }
            let told = holding(from).hold(seen(to, to), 1000.0);
            assert_eq!(told, expected, "{from} seen as {to} on fresh data");
            if to < from {
                // Held by its dead band, in doubt, or not seen, nothing falls, however long.
                let doubtful = Evidence { freshness: Freshness::Degraded, ..seen(to, to) };
                let unsure = Evidence { low_confidence: true, ..seen(to, to) };
                let stale = Evidence { freshness: Freshness::Stale, is_new_sample: false, ..seen(to, to) };
                for held in [seen(to, from), doubtful, unsure, stale] {
                    assert_eq!(holding(from).hold(held, 1000.0), [], "{from} held against {to}: {held:?}");
                }
            }
            if to > from {
                let stale = Evidence { freshness: Freshness::Stale, ..seen(to, to) };
                assert_eq!(holding(from).hold(stale, 100.0), [], "{from}: nothing rises on stale data");
                let doubtful = Evidence { freshness: Freshness::Degraded, ..seen(to, to) };
                assert_eq!(holding(from).hold(doubtful, 40.0), expected, "{from}: doubtful data may raise");
            }
        }
        let mut run = holding(from);
        let lost = Evidence { freshness: Freshness::Lost, is_new_sample: false, ..seen(Normal, Normal) };
        assert_eq!(run.hold(lost, 100.0), [(Lost, None)], "{from}");
        assert_eq!(run.changes.last().map(|c| c.escalate), Some(from >= Yellow), "{from}");
        assert_eq!((run.machine.level(), run.machine.last_level()), (None, Some(from)));
        assert_eq!(run.hold(seen(from, from), 1.0), [(Restored, Some(from))]);
    }
}

#[test]
fn each_level_is_raised_after_its_dwell_and_not_before() {
    for (level, dwell) in [(Blue, 30.0), (Yellow, 15.0), (Orange, 10.0), (Red, 5.0)] {
        let mut run = Run::new();
        run.hold(seen(Normal, Normal), 40.0);
        // 60 % of the dwell's samples must agree.
        assert!(run.hold(seen(level, level), 0.6 * dwell - 1.0).is_empty(), "{level} too early");
        let transitions = run.hold(seen(level, level), 0.4 * dwell + 2.0);
        assert_eq!(transitions.last().unwrap().1, Some(level), "{level} too late: {transitions:?}");
        assert_eq!(transitions[0].0, Raised);
    }
}

#[test]
fn near_certainty_halves_the_dwell() {
    let mut run = Run::new();
    run.hold(seen(Normal, Normal), 40.0);
    let certain = Evidence { probability_up: [0.95, 0.1, 0.0, 0.0], ..seen(Blue, Blue) };
    assert_eq!(run.hold(certain, 15.0), [(Raised, Some(Blue))]);
}

#[test]
fn a_short_burst_raises_nothing() {
    let mut run = Run::new();
    run.hold(seen(Normal, Normal), 40.0);
    assert!(run.hold(seen(Red, Red), 2.0).is_empty());
    assert!(run.hold(seen(Normal, Normal), 60.0).is_empty());
}

#[test]
fn the_way_up_may_jump_and_the_way_down_may_not() {
    let mut run = Run::new();
    run.hold(seen(Normal, Normal), 40.0);
    let up = run.hold(seen(Red, Red), 30.0);
    assert_eq!(up, [(Raised, Some(Red))]);
    assert!(run.ack());
    let down = run.hold(seen(Normal, Normal), 800.0);
    assert_eq!(
        down,
        [(Lowered, Some(Orange)), (Lowered, Some(Yellow)), (Lowered, Some(Blue)), (Cleared, Some(Normal))]
    );
    assert!(run.machine.incident().is_none());
    let ids: Vec<&str> = run.changes.iter().map(|c| c.incident.id.as_str()).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "one incident from first to last");
}

#[test]
fn red_waits_for_an_acknowledgement() {
    let mut run = Run::new();
    run.hold(seen(Normal, Normal), 40.0);
    run.hold(seen(Red, Red), 30.0);
    assert!(run.hold(seen(Normal, Normal), 1000.0).is_empty());
    assert!(run.ack());
    assert_eq!(run.hold(seen(Normal, Normal), 1.0), [(Lowered, Some(Orange))]);
}

#[test]
fn an_acknowledgement_does_not_count_for_a_higher_level_nor_for_another_incident() {
    let mut run = Run::new();
    run.hold(seen(Normal, Normal), 40.0);
    run.hold(seen(Orange, Orange), 30.0);
    assert!(run.ack());
    assert_eq!(run.hold(seen(Red, Red), 30.0), [(Escalated, Some(Red))]);
    assert_eq!(run.machine.incident().unwrap().ack, None);
    let ack = AckRecord { operator: "duty officer".into(), at: run.now, shelved_until: None };
    assert!(!run.machine.acknowledge("another", ack));
}

#[test]
fn the_dead_band_holds_a_level() {
    let mut run = Run::new();
    run.hold(seen(Normal, Normal), 40.0);
    run.hold(seen(Blue, Blue), 40.0);
    assert!(run.hold(seen(Normal, Blue), 1000.0).is_empty());
    assert_eq!(run.hold(seen(Normal, Normal), 121.0), [(Cleared, Some(Normal))]);
}

#[test]
fn doubtful_data_may_raise_and_may_not_clear() {
    for doubt in [
        Evidence { freshness: Freshness::Degraded, ..seen(Normal, Normal) },
        Evidence { low_confidence: true, ..seen(Normal, Normal) },
    ] {
        let mut run = Run::new();
        run.hold(seen(Normal, Normal), 40.0);
        let doubtful = |up| Evidence {
            freshness: doubt.freshness,
            low_confidence: doubt.low_confidence,
            ..seen(up, up)
        };
        assert_eq!(run.hold(doubtful(Yellow), 20.0), [(Raised, Some(Yellow))]);
        assert!(run.hold(doubtful(Normal), 1000.0).is_empty());
    }
}

#[test]
fn stale_data_freezes_the_level_and_the_clear_dwell() {
    let mut run = Run::new();
    run.hold(seen(Normal, Normal), 40.0);
    run.hold(seen(Blue, Blue), 40.0);
    run.hold(seen(Normal, Normal), 100.0);
    let stale = Evidence { freshness: Freshness::Stale, is_new_sample: false, ..seen(Normal, Normal) };
    assert!(run.hold(stale, 1000.0).is_empty());
    assert!(run.hold(seen(Normal, Normal), 100.0).is_empty(), "the dwell starts anew");
    assert_eq!(run.hold(seen(Normal, Normal), 21.0), [(Cleared, Some(Normal))]);
}

#[test]
fn lost_data_is_unknown_and_comes_back_as_it_was() {
    let lost = Evidence { freshness: Freshness::Lost, is_new_sample: false, ..seen(Normal, Normal) };
    for (level, escalates) in [(Blue, false), (Yellow, true), (Red, true)] {
        let mut run = Run::new();
        run.hold(seen(Normal, Normal), 40.0);
        run.hold(seen(level, level), 40.0);
        assert_eq!(run.hold(lost, 1000.0), [(Lost, None)]);
        assert_eq!((run.machine.level(), run.machine.last_level()), (None, Some(level)));
        assert_eq!(run.changes.last().unwrap().escalate, escalates);
        assert_eq!(run.hold(seen(level, level), 1.0), [(Restored, Some(level))]);
    }
}

#[test]
fn a_normal_zone_that_is_lost_is_unknown_too() {
    let mut run = Run::new();
    run.hold(seen(Normal, Normal), 40.0);
    let lost = Evidence { freshness: Freshness::Lost, is_new_sample: false, ..seen(Normal, Normal) };
    assert_eq!(run.hold(lost, 10.0), [(Lost, None)]);
    assert_eq!(run.machine.level(), None);
    let told = run.changes.last().unwrap();
    assert_eq!(
        (told.incident.kind, told.escalate, told.from),
        (WarningKind::SensorLost, false, Some(Normal))
    );
    assert_eq!(run.machine.incident().map(|i| &i.id), Some(&told.incident.id), "repeated until it is over");
    assert_eq!(run.hold(seen(Normal, Normal), 1.0), [(Restored, Some(Normal))]);
    assert_eq!(run.machine.incident(), None);
}

#[test]
fn no_dwell_runs_across_a_gap_or_a_clock_set_back() {
    let stale = Evidence { freshness: Freshness::Stale, is_new_sample: false, ..seen(Normal, Normal) };
    let mut run = Run::new();
    run.hold(seen(Normal, Normal), 40.0);
    assert!(run.hold(seen(Red, Red), 2.8).is_empty());
    run.hold(stale, 10.0);
    assert!(run.hold(seen(Red, Red), 2.8).is_empty());

    let mut run = Run::new();
    run.hold(seen(Normal, Normal), 40.0);
    run.hold(seen(Blue, Blue), 40.0);
    run.hold(seen(Normal, Normal), 119.0);
    run.now = Timestamp::from_unix_nanos(0);
    assert!(run.hold(seen(Normal, Normal), 119.0).is_empty());
    assert_eq!(run.hold(seen(Normal, Normal), 2.0), [(Cleared, Some(Normal))]);
}

#[test]
fn orange_and_red_are_told_again_until_somebody_answers() {
    for (level, period_secs) in [(Yellow, f64::INFINITY), (Orange, 60.0), (Red, 20.0)] {
        let mut run = Run::new();
        run.hold(seen(Normal, Normal), 40.0);
        let told = run.hold_with_reminders(seen(level, level), 200.0);
        assert_eq!((told[0].1, told[0].2), (Raised, Some(level)));
        let reminders = &told[1..];
        let expected = ((200.0 - told[0].0) / period_secs) as usize;
        assert_eq!(reminders.len(), expected, "{level}");
        for (k, (at, transition, to)) in reminders.iter().enumerate() {
            assert_eq!((*transition, *to), (Unacknowledged, Some(level)));
            assert!((at - told[0].0 - period_secs * (k + 1) as f64).abs() < 0.3 * (k + 1) as f64, "{at}");
        }
        assert!(run.changes[run.changes.len() - expected..].iter().all(|c| c.escalate));
        assert!(run.ack());
        assert!(run.hold_with_reminders(seen(level, level), 200.0).is_empty(), "answered");
    }
}

#[test]
fn reminders_go_on_while_the_data_are_lost() {
    let mut run = Run::new();
    run.hold(seen(Normal, Normal), 40.0);
    run.hold(seen(Red, Red), 10.0);
    let lost = Evidence { freshness: Freshness::Lost, is_new_sample: false, ..seen(Normal, Normal) };
    let told = run.hold_with_reminders(lost, 50.0);
    assert_eq!(
        told.iter().map(|t| (t.1, t.2)).collect::<Vec<_>>(),
        [(Lost, None), (Unacknowledged, None), (Unacknowledged, None)]
    );
}

#[test]
fn a_shelf_runs_out_and_a_higher_level_ends_it() {
    let mut run = Run::new();
    run.hold(seen(Normal, Normal), 40.0);
    run.hold(seen(Orange, Orange), 20.0);
    assert!(run.shelve(300.0));
    assert!(run.hold_with_reminders(seen(Orange, Orange), 299.0).is_empty());
    let told = run.hold_with_reminders(seen(Orange, Orange), 62.0);
    assert_eq!(
        told.iter().map(|t| (t.1, t.2)).collect::<Vec<_>>(),
        [(Unshelved, Some(Orange)), (Unacknowledged, Some(Orange))]
    );
    assert!(run.changes.last().unwrap().incident.ack.is_none());

    assert!(run.shelve(300.0));
    let told = run.hold_with_reminders(seen(Red, Red), 30.0);
    assert_eq!((told[0].1, told[0].2), (Escalated, Some(Red)));
    assert_eq!((told[1].1, told[1].2), (Unacknowledged, Some(Red)), "red is not shelved");
}

#[test]
fn red_cannot_be_shelved_and_no_shelf_lasts_longer_than_an_hour() {
    let mut run = Run::new();
    run.hold(seen(Normal, Normal), 40.0);
    run.hold(seen(Orange, Orange), 20.0);
    assert!(run.shelve(1e6));
    let until = run.machine.incident().unwrap().ack.as_ref().unwrap().shelved_until.unwrap();
    assert!((until.secs_since(run.now) - SHELF_SECS_MAX).abs() < 1e-9);
    run.hold(seen(Red, Red), 20.0);
    assert!(run.shelve(60.0));
    assert_eq!(run.machine.incident().unwrap().ack.as_ref().unwrap().shelved_until, None);
}

proptest! {
    #[test]
    fn a_level_falls_on_fresh_and_confident_data_alone_and_by_one_step(
        course in proptest::collection::vec((0_u8..5, 0_u8..5, 0_u8..4, any::<bool>(), 1_u16..400), 1..24),
    ) {
        let mut run = Run::new();
        for (up, hold, freshness, low_confidence, steps) in course {
            let freshness = [Freshness::Fresh, Freshness::Degraded, Freshness::Stale, Freshness::Lost]
                [usize::from(freshness)];
            let level = |n: u8| Level::from_number(n).unwrap();
            let is_new_sample = freshness <= Freshness::Degraded;
            let evidence =
                Evidence { freshness, is_new_sample, low_confidence, ..seen(level(up), level(up.max(hold))) };
            for _ in 0..steps {
                let before = run.machine.last_level();
                run.hold(evidence, 0.2);
                run.ack();
                let after = run.machine.last_level();
                if after < before {
                    prop_assert!(freshness == Freshness::Fresh && !low_confidence);
                    prop_assert_eq!(after, before.map(Level::below));
                }
                if freshness == Freshness::Lost {
                    prop_assert_eq!(run.machine.level(), None);
                }
            }
        }
    }
}

#[test]
fn without_calibration_yellow_is_the_ceiling() {
    let mut run = Run::new();
    run.hold(seen(Normal, Normal), 40.0);
    let capped = Evidence { ceiling: Yellow, ..seen(Red, Red) };
    assert_eq!(run.hold(capped, 60.0).last().unwrap().1, Some(Yellow));
}

#[test]
fn the_kind_tells_what_raised_the_level() {
    for (evidence, kind) in [
        (
            Evidence { occupancy: Held { up: Orange, hold: Orange }, ..seen(Normal, Normal) },
            WarningKind::Crowding,
        ),
        (Evidence { score: Held { up: Orange, hold: Orange }, ..seen(Blue, Blue) }, WarningKind::CrushRisk),
        (Evidence { forecast: Orange, ..seen(Yellow, Yellow) }, WarningKind::Surge),
    ] {
        let mut run = Run::new();
        run.hold(seen(Normal, Normal), 40.0);
        run.hold(evidence, 40.0);
        assert_eq!(run.machine.level(), Some(Orange));
        assert_eq!(run.machine.incident().unwrap().kind, kind);
    }
}

#[test]
fn slow_cameras_need_ten_samples() {
    let mut machine = WarningMachine::new("site/gate");
    let mut raised_after = None;
    for i in 0..40 {
        let now = Timestamp::from_unix_nanos(0) + f64::from(i);
        let evidence = if i < 20 { seen(Normal, Normal) } else { seen(Red, Red) };
        if !machine.step(now, &evidence, &profile()).is_empty() {
            raised_after.get_or_insert(i - 20);
        }
    }
    assert_eq!(raised_after, Some(5), "six of ten samples, one a second");
}

#[test]
fn a_dwell_shorter_than_ten_samples_still_raises() {
    let short = Profile { raise_dwell_secs: [0.3; 4], ..profile() };
    let mut machine = WarningMachine::new("site/gate");
    let changes: Vec<Change> = (1..=20)
        .flat_map(|i| {
            let level = if i <= 10 { Normal } else { Red };
            machine.step(Timestamp::from_unix_nanos(0) + 0.2 * f64::from(i), &seen(level, level), &short)
        })
        .collect();
    assert_eq!(changes.iter().map(|c| (c.transition, c.to)).collect::<Vec<_>>(), [(Raised, Some(Red))]);
}

#[test]
fn incident_ids_are_stable_and_differ() {
    let at = Timestamp::from_unix_nanos(1_700_000_000_123_456_789);
    assert_eq!(incident_id("a/b", at), incident_id("a/b", at));
    assert_ne!(incident_id("a/b", at), incident_id("a/c", at));
    let id = incident_id("a/b", at);
    assert_eq!((id.len(), &id[14..15]), (36, "7"), "{id}");
}

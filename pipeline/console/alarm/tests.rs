//! The life of an alarm as a table.

use throng_analytics::{level::Level, time::Timestamp};

use super::{Action, Actor, Life, Refusal, Stage, Telling};
use crate::{options::AnswerTimes, role::Role};

fn at(secs: f64) -> Timestamp {
    Timestamp::from_unix_nanos(1_800_000_000_000_000_000) + secs
}

fn raised(level: Level) -> Life {
    Life::raised(level, at(0.0), &AnswerTimes::default())
}

fn somebody(role: Role) -> Actor {
    Actor { name: "li".to_owned(), role }
}

fn act(life: &mut Life, action: &Action, role: Role, secs: f64) -> Result<(), Refusal> {
    life.act(action, &somebody(role), at(secs), true).map(drop)
}

fn close() -> Action {
    Action::Close { reason: "resolved".to_owned(), text: String::new() }
}

fn shelve(minutes: f64) -> Action {
    Action::Shelve { minutes, reason: "works".to_owned() }
}

#[test]
fn stages_lead_forwards_and_a_later_one_implies_the_earlier() {
    let assign = || Action::Assign { to: "wang".to_owned() };
    let measures = || Action::Measures { text: "gate opened".to_owned() };
    let rows: &[(&[Action], Stage, Result<(), Refusal>)] = &[
        (&[Action::Acknowledge], Stage::Acknowledged, Ok(())),
        (&[Action::Acknowledge, Action::Acknowledge], Stage::Acknowledged, Err(Refusal::Answered)),
        (&[assign()], Stage::Assigned, Ok(())),
        (&[Action::OnTheWay], Stage::OnTheWay, Ok(())),
        (&[Action::OnTheWay, assign()], Stage::OnTheWay, Err(Refusal::FurtherOn)),
        (&[Action::Arrived], Stage::Arrived, Ok(())),
        (&[Action::Arrived, Action::OnTheWay], Stage::Arrived, Err(Refusal::FurtherOn)),
        (&[Action::Arrived, measures(), measures()], Stage::MeasuresTaken, Ok(())),
        (&[close()], Stage::Closed, Ok(())),
        (&[close(), Action::Acknowledge], Stage::Closed, Err(Refusal::Closed)),
    ];
    for (actions, stage, last) in rows {
        let mut life = raised(Level::Orange);
        let mut came_to = Ok(());
        for action in *actions {
            came_to = act(&mut life, action, Role::Operator, 10.0);
        }
        assert_eq!((life.stage, came_to), (*stage, *last), "{actions:?}");
        // Whoever goes there has also answered; an alarm may be closed without anybody going.
        assert!(life.answered_by.is_some() || *stage == Stage::Closed, "{actions:?}");
    }
}

#[test]
fn one_three_and_five_minutes_escalate_once_each_unless_met() {
    let mut life = raised(Level::Red);
    let missed = |life: &Life| life.timers.iter().filter(|timer| timer.missed).count();
    for (secs, expected) in [(59.0, 0), (61.0, 1), (62.0, 1), (181.0, 2), (301.0, 3), (900.0, 3)] {
        life.tick(at(secs));
        assert_eq!(missed(&life), expected, "after {secs} s");
        assert_eq!(life.escalated, expected > 0);
    }
    let mut life = raised(Level::Red);
    act(&mut life, &Action::Acknowledge, Role::Operator, 20.0).unwrap();
    act(&mut life, &Action::OnTheWay, Role::Operator, 100.0).unwrap();
    act(&mut life, &Action::Arrived, Role::Operator, 250.0).unwrap();
    life.tick(at(900.0));
    assert_eq!((missed(&life), life.escalated), (0, false));
}

#[test]
fn red_is_closed_on_fresh_data_below_red_alone() {
    let mut life = raised(Level::Red);
    let commander = somebody(Role::Commander);
    assert_eq!(life.act(&close(), &commander, at(1.0), true), Err(Refusal::StillRed));
    life.hear(Telling::Unknown, at(2.0), &AnswerTimes::default());
    assert_eq!(life.act(&close(), &commander, at(3.0), true), Err(Refusal::NeedsFreshData));
    life.hear(Telling::Level(Level::Yellow), at(4.0), &AnswerTimes::default());
    assert_eq!(life.act(&close(), &commander, at(5.0), false), Err(Refusal::NeedsFreshData));
    assert_eq!(life.act(&close(), &somebody(Role::Operator), at(6.0), true), Err(Refusal::NeedsCommander));
    assert!(life.act(&close(), &commander, at(7.0), true).is_ok());
}

#[test]
fn a_shelf_ends_by_itself_and_red_has_none() {
    let mut life = raised(Level::Orange);
    assert_eq!(act(&mut life, &shelve(10.0), Role::Operator, 1.0), Err(Refusal::NeedsCommander));
    assert_eq!(act(&mut life, &shelve(61.0), Role::Commander, 1.0), Err(Refusal::ShelfLength));
    assert_eq!(act(&mut life, &shelve(10.0), Role::Commander, 1.0), Ok(()));
    life.tick(at(600.0));
    assert!(life.shelved_until.is_some());
    life.tick(at(601.5));
    assert_eq!((life.shelved_until, life.stage), (None, Stage::Raised));

    act(&mut life, &shelve(10.0), Role::Commander, 610.0).unwrap();
    life.hear(Telling::Level(Level::Red), at(620.0), &AnswerTimes::default());
    assert!(life.shelved_until.is_none(), "a level that rises is heard");
    assert_eq!(act(&mut life, &shelve(10.0), Role::Commander, 630.0), Err(Refusal::RedIsNeverShelved));
    life.hear(Telling::Unknown, at(640.0), &AnswerTimes::default());
    assert!(act(&mut life, &shelve(10.0), Role::Commander, 650.0).is_err(), "what is unknown may be red");
}

#[test]
fn a_level_that_rises_asks_anew_and_one_that_falls_does_not_close() {
    let mut life = raised(Level::Yellow);
    act(&mut life, &Action::Acknowledge, Role::Operator, 5.0).unwrap();
    life.hear(Telling::Level(Level::Orange), at(10.0), &AnswerTimes::default());
    assert_eq!((life.stage, life.answered_by.as_deref()), (Stage::Raised, None));
    life.hear(Telling::Cleared, at(20.0), &AnswerTimes::default());
    assert_ne!(life.stage, Stage::Closed, "people close what was above blue");
    let mut blue = raised(Level::Blue);
    blue.hear(Telling::Cleared, at(20.0), &AnswerTimes::default());
    assert_eq!(blue.stage, Stage::Closed);
}

#[test]
fn a_lesser_alarm_takes_no_worse_one_in() {
    let merge = |into_peak| Action::Merge { into: "other".to_owned(), into_peak };
    let mut life = raised(Level::Orange);
    assert_eq!(act(&mut life, &merge(Level::Yellow), Role::Commander, 1.0), Err(Refusal::MergeIntoLower));
    assert_eq!(act(&mut life, &merge(Level::Red), Role::Commander, 1.0), Ok(()));
    assert_eq!(life.merged_into.as_deref(), Some("other"));
}

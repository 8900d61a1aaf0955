//! The interlock as a table: what is done, when, and what comes of it.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::{level::Level, time::Timestamp};

const NOON: u16 = 12 * 60;

fn at(secs: f64) -> Timestamp {
    Timestamp::from_unix_nanos(1_750_000_000_000_000_000) + secs
}

fn moment(secs: f64) -> Moment {
    Moment { at: at(secs), minute_of_day: NOON }
}

/// Orange needs one person, red is automatic, yellow two people; blue is silent.
fn policy() -> Policy {
    Policy {
        consent: BTreeMap::from([
            (Level::Yellow, Consent::Confirmed { people: 2, within_secs: 60.0 }),
            (Level::Orange, Consent::Confirmed { people: 1, within_secs: 60.0 }),
            (Level::Red, Consent::Automatic),
        ]),
        announcements: BTreeMap::from([
            ("calm".to_owned(), Draw::Nowhere),
            ("stop".to_owned(), Draw::Away),
            ("come".to_owned(), Draw::Here),
        ]),
        stands_in: BTreeSet::from(["gate".to_owned()]),
        repeats_max: 2,
        ..Policy::default()
    }
}

fn request(level: Level, announcement: &str, secs: f64) -> Request {
    Request {
        id: format!("{level}-{secs}"),
        say: Say::Announcement(announcement.to_owned()),
        level,
        priority: 0,
        incident: Some("incident-1".to_owned()),
        zone: Some("gate".to_owned()),
        captured_at: Some(at(secs)),
        times: 1,
        is_drill: false,
    }
}

/// What a step does; the site signs requests, `ann` and `bob` are people.
#[derive(Clone)]
enum Do {
    /// The site asks.
    Site(Request),
    /// A person asks.
    Person(&'static str, Request),
    /// A person confirms a request.
    Confirm(&'static str, &'static str),
    /// Any order with an authority of its own.
    Raw(Order),
    Abort,
    Arm,
    Disarm,
    Mute(bool),
    Elsewhere(&'static str, bool),
    Finished,
    Failed,
    Tick,
}

/// Plays steps, each at a second, and writes down what came of each: `play`, `stop` and the stages of requests.
fn play(policy: Policy, steps: Vec<(f64, Do)>) -> Vec<String> {
    let mut interlock = Interlock::new(policy, true, BTreeMap::new());
    let mut told = Vec::new();
    for (sequence, (secs, step)) in (1..).zip(steps) {
        let authority = |signer: &str| Authority {
            signer: signer.to_owned(),
            is_person: signer != "site",
            sequence,
            issued_at: at(secs),
            expires_at: at(secs + 10.0),
        };
        let order = |signer: &str, what: What| Order { authority: authority(signer), what };
        let now = moment(secs);
        let actions = match step {
            Do::Site(request) => interlock.order(&order("site", What::Say(request)), now),
            Do::Person(who, request) => interlock.order(&order(who, What::Say(request)), now),
            Do::Confirm(who, request) => {
                interlock.order(&order(who, What::Confirm { request: request.to_owned() }), now)
            }
            Do::Raw(order) => interlock.order(&order, now),
            Do::Abort => interlock.order(&order("ann", What::Abort), now),
            Do::Arm => interlock.order(&order("ann", What::Arm), now),
            Do::Disarm => interlock.order(&order("ann", What::Disarm), now),
            Do::Mute(is_muted) => interlock.mute(is_muted, now.at),
            Do::Elsewhere(speaker, speaks) => {
                interlock.heard_elsewhere(speaker, Some("incident-1"), speaks);
                Vec::new()
            }
            Do::Finished => interlock.finished(now.at),
            Do::Failed => interlock.failed("no sound card", now.at),
            Do::Tick => interlock.tick(now),
        };
        told.extend(actions.iter().map(|action| match action {
            Action::Play { drill_first: true, .. } => "play drill".to_owned(),
            Action::Play { .. } => "play".to_owned(),
            Action::Stop => "stop".to_owned(),
            Action::Tell(receipt) => match &receipt.stage {
                Stage::Accepted => "accepted".to_owned(),
                Stage::Waits { people, .. } => format!("waits for {people}"),
                Stage::Confirmed { by } => format!("confirmed by {by}"),
                Stage::Refused(refusal) => format!("refused: {}", refusal.code()),
                Stage::Started { aloud } => if *aloud { "started" } else { "started silently" }.to_owned(),
                Stage::Finished => "finished".to_owned(),
                Stage::Stopped(cause) => format!("stopped: {cause:?}"),
                Stage::Failed(why) => format!("failed: {why}"),
                Stage::Armed(armed) => if *armed { "armed" } else { "disarmed" }.to_owned(),
            },
        }));
    }
    told
}

/// A name, the rules, what is done at which second, and what comes of it.
type Row = (&'static str, Policy, Vec<(f64, Do)>, Vec<&'static str>);

#[test]
#[expect(clippy::too_many_lines, reason = "a table is read as one")]
fn the_table() {
    use Do::{Abort, Arm, Confirm, Disarm, Elsewhere, Failed, Finished, Mute, Person, Site, Tick};
    let orange = |secs| request(Level::Orange, "calm", secs);
    let red = |secs| request(Level::Red, "stop", secs);
    let drill = |secs| Request { is_drill: true, ..red(secs) };
    let begun = ["accepted", "started", "play"];
    let exits = || Policy { after: BTreeSet::from(["exit".to_owned()]), ..policy() };
    let neighbour = || Policy { not_while: BTreeSet::from(["west".to_owned()]), ..policy() };
    let quiet = |from, until| Policy {
        quiet_hours: Some(QuietHours { from_minute: from, until_minute: until, except_from: Level::Red }),
        ..policy()
    };
    let then =
        |first: &[&'static str], more: &[&'static str]| -> Vec<&'static str> { [first, more].concat() };
    let table: Vec<Row> = vec![
        ("red is automatic", policy(), vec![(0.0, Site(red(0.0)))], begun.to_vec()),
        ("it ends", policy(), vec![(0.0, Site(red(0.0))), (5.0, Finished)], then(&begun, &["finished"])),
        (
            "it fails",
            policy(),
            vec![(0.0, Site(red(0.0))), (5.0, Failed)],
            then(&begun, &["failed: no sound card"]),
        ),
        ("orange waits for a person", policy(), vec![(0.0, Site(orange(0.0)))], vec!["waits for 1"]),
        (
            "a person confirms it",
            policy(),
            vec![(0.0, Site(orange(0.0))), (20.0, Confirm("ann", "orange-0"))],
            then(&["waits for 1", "confirmed by ann"], &begun),
        ),
        (
            "nobody confirms it in time",
            policy(),
            vec![(0.0, Site(orange(0.0))), (59.0, Tick), (60.0, Tick), (61.0, Confirm("ann", "orange-0"))],
            vec!["waits for 1", "refused: not_confirmed", "refused: nothing_to_confirm"],
        ),
        (
            "a confirmation at the last moment is too late",
            policy(),
            vec![(0.0, Site(orange(0.0))), (60.0, Confirm("ann", "orange-0"))],
            vec!["waits for 1", "refused: not_confirmed"],
        ),
        ("who asks is the first to agree", policy(), vec![(0.0, Person("ann", orange(0.0)))], begun.to_vec()),
        (
            "two people are two keys",
            policy(),
            vec![
                (0.0, Person("ann", request(Level::Yellow, "calm", 0.0))),
                (1.0, Confirm("ann", "yellow-0")),
                (2.0, Confirm("site", "yellow-0")),
                (3.0, Confirm("bob", "yellow-0")),
            ],
            then(
                &["waits for 1", "refused: cannot_confirm", "refused: cannot_confirm", "confirmed by bob"],
                &begun,
            ),
        ),
        (
            "another request is not confirmed",
            policy(),
            vec![(0.0, Site(orange(0.0))), (1.0, Confirm("ann", "orange-9"))],
            vec!["waits for 1", "refused: nothing_to_confirm"],
        ),
        (
            "blue is silent",
            policy(),
            vec![(0.0, Site(request(Level::Blue, "calm", 0.0)))],
            vec!["refused: level"],
        ),
        (
            "only what is approved",
            policy(),
            vec![(0.0, Site(request(Level::Red, "hello", 0.0)))],
            vec!["refused: not_approved"],
        ),
        (
            "no free text",
            policy(),
            vec![(0.0, Person("ann", Request { say: Say::Text("go".to_owned()), ..red(0.0) }))],
            vec!["refused: free_text"],
        ),
        (
            "free text, where allowed, takes two people",
            Policy { allows_free_text: true, ..policy() },
            vec![
                (0.0, Person("ann", Request { say: Say::Text("go".to_owned()), ..red(0.0) })),
                (1.0, Confirm("bob", "red-0")),
            ],
            then(&["waits for 1", "confirmed by bob"], &begun),
        ),
        (
            "disarmed",
            policy(),
            vec![(0.0, Disarm), (1.0, Site(red(1.0))), (2.0, Arm), (3.0, Site(red(3.0)))],
            then(&["stop", "disarmed", "refused: disarmed", "armed"], &begun),
        ),
        (
            "disarming stops",
            policy(),
            vec![(0.0, Site(red(0.0))), (1.0, Disarm)],
            then(&begun, &["stop", "stopped: Disarmed", "disarmed"]),
        ),
        (
            "the mute switch stops and bars",
            policy(),
            vec![
                (0.0, Site(red(0.0))),
                (1.0, Mute(true)),
                (2.0, Site(red(2.0))),
                (40.0, Mute(false)),
                (41.0, Site(red(41.0))),
            ],
            [&begun[..], &["stop", "stopped: Muted", "refused: muted"], &begun[..]].concat(),
        ),
        (
            "muted while it waited",
            policy(),
            vec![(0.0, Site(orange(0.0))), (1.0, Mute(true)), (2.0, Confirm("ann", "orange-0"))],
            vec!["waits for 1", "stop", "stopped: Muted", "refused: nothing_to_confirm"],
        ),
        (
            "abort stops",
            policy(),
            vec![(0.0, Site(red(0.0))), (1.0, Abort), (2.0, Finished)],
            then(&begun, &["stop", "stopped: Aborted"]),
        ),
        (
            "abort forgets what waits",
            policy(),
            vec![(0.0, Site(orange(0.0))), (1.0, Abort), (2.0, Confirm("ann", "orange-0"))],
            vec!["waits for 1", "stop", "stopped: Aborted", "refused: nothing_to_confirm"],
        ),
        ("abort where nothing plays", policy(), vec![(0.0, Abort)], vec!["stop"]),
        (
            "the more serious cuts in",
            policy(),
            vec![(0.0, Person("ann", orange(0.0))), (1.0, Site(red(1.0)))],
            [&begun[..], &["stop", "stopped: Preempted"], &begun[..]].concat(),
        ),
        (
            "the as serious does not",
            policy(),
            vec![(0.0, Site(red(0.0))), (1.0, Site(red(1.0))), (2.0, Person("ann", orange(2.0)))],
            then(&begun, &["refused: busy", "refused: busy"]),
        ),
        (
            "the more serious takes the place of what waits",
            policy(),
            vec![(0.0, Site(orange(0.0))), (1.0, Site(red(1.0)))],
            then(&["waits for 1", "stopped: Preempted"], &begun),
        ),
        (
            "what waits is not displaced by its like",
            policy(),
            vec![(0.0, Site(orange(0.0))), (1.0, Site(orange(1.0)))],
            vec!["waits for 1", "refused: busy"],
        ),
        (
            "cool-down",
            policy(),
            vec![(0.0, Site(red(0.0))), (5.0, Finished), (34.0, Site(red(34.0))), (35.0, Site(red(35.0)))],
            [&begun[..], &["finished", "refused: cool_down"], &begun[..]].concat(),
        ),
        (
            "the more serious need not cool down",
            policy(),
            vec![(0.0, Person("ann", orange(0.0))), (5.0, Finished), (6.0, Site(red(6.0)))],
            [&begun[..], &["finished"], &begun[..]].concat(),
        ),
        (
            "at most N repeats",
            policy(),
            vec![
                (0.0, Site(red(0.0))),
                (5.0, Finished),
                (40.0, Site(red(40.0))),
                (45.0, Finished),
                (80.0, Site(red(80.0))),
                (700.0, Site(red(700.0))),
            ],
            [&begun[..], &["finished"], &begun[..], &["finished", "refused: repeated"], &begun[..]].concat(),
        ),
        (
            "quiet hours",
            quiet(11 * 60, 13 * 60),
            vec![(0.0, Person("ann", orange(0.0))), (1.0, Site(red(1.0)))],
            then(&["refused: quiet_hours"], &begun),
        ),
        (
            "quiet hours over midnight",
            quiet(22 * 60, 6 * 60),
            vec![(0.0, Person("ann", orange(0.0)))],
            begun.to_vec(),
        ),
        (
            "never draw a crowd towards the danger",
            policy(),
            vec![(0.0, Site(request(Level::Red, "come", 0.0)))],
            vec!["refused: draws_into_danger"],
        ),
        (
            "nor towards one whose place is not known",
            policy(),
            vec![(0.0, Site(Request { zone: None, ..request(Level::Red, "come", 0.0) }))],
            vec!["refused: draws_into_danger"],
        ),
        (
            "from elsewhere people may come here",
            policy(),
            vec![(
                0.0,
                Site(Request { zone: Some("square".to_owned()), ..request(Level::Red, "come", 0.0) }),
            )],
            begun.to_vec(),
        ),
        (
            "exits before centre",
            exits(),
            vec![(0.0, Site(red(0.0))), (1.0, Tick), (2.0, Elsewhere("exit", true)), (2.1, Tick)],
            then(&["waits for 0"], &begun),
        ),
        (
            "exits that stay silent",
            exits(),
            vec![(0.0, Site(red(0.0))), (20.0, Tick)],
            vec!["waits for 0", "refused: others_first"],
        ),
        (
            "not while the neighbour speaks",
            neighbour(),
            vec![
                (0.0, Elsewhere("west", true)),
                (1.0, Site(red(1.0))),
                (3.0, Elsewhere("west", false)),
                (3.1, Tick),
            ],
            then(&["waits for 0"], &begun),
        ),
        ("old pictures", policy(), vec![(0.0, Site(red(-11.0)))], vec!["refused: stale_data"]),
        (
            "no pictures",
            policy(),
            vec![(0.0, Site(Request { captured_at: None, ..red(0.0) }))],
            vec!["refused: no_ground"],
        ),
        (
            "a drill is silent",
            policy(),
            vec![(0.0, Site(drill(0.0)))],
            vec!["accepted", "started silently", "finished"],
        ),
        (
            "a drill says so first",
            Policy { drill: Drill::WordFirst, ..policy() },
            vec![(0.0, Site(drill(0.0)))],
            vec!["accepted", "started", "play drill"],
        ),
        (
            "on a loudspeaker in drill all is drill",
            Policy { is_drill: true, ..policy() },
            vec![(0.0, Site(red(0.0)))],
            vec!["accepted", "started silently", "finished"],
        ),
        (
            "a drill never holds up what is real",
            Policy { drill: Drill::WordFirst, ..policy() },
            vec![(0.0, Site(drill(0.0))), (1.0, Person("ann", orange(1.0)))],
            [&["accepted", "started", "play drill", "stop", "stopped: Preempted"], &begun[..]].concat(),
        ),
        (
            "nor by its cool-down",
            policy(),
            vec![(0.0, Site(drill(0.0))), (1.0, Site(red(1.0)))],
            then(&["accepted", "started silently", "finished"], &begun),
        ),
        (
            "a drill never cuts in on what is real",
            policy(),
            vec![(0.0, Person("ann", orange(0.0))), (1.0, Site(drill(1.0)))],
            then(&begun, &["refused: busy"]),
        ),
    ];
    for (what, policy, steps, expected) in table {
        assert_eq!(play(policy, steps), expected, "{what}");
    }
}

fn raw(sequence: u64, issued: f64, expires: f64, what: What) -> Do {
    let authority = Authority {
        signer: "site".to_owned(),
        is_person: false,
        sequence,
        issued_at: at(issued),
        expires_at: at(expires),
    };
    Do::Raw(Order { authority, what })
}

#[test]
fn an_order_counts_once_in_order_and_in_time() {
    let say = |secs| What::Say(request(Level::Red, "stop", secs));
    let begun = ["accepted", "started", "play"];
    for (what, steps, expected) in [
        (
            "replayed",
            vec![(0.0, raw(7, 0.0, 10.0, say(0.0))), (1.0, raw(7, 0.0, 10.0, say(0.0)))],
            "refused: replayed",
        ),
        (
            "overtaken",
            vec![(0.0, raw(7, 0.0, 10.0, say(0.0))), (1.0, raw(6, 0.0, 10.0, say(0.0)))],
            "refused: replayed",
        ),
    ] {
        assert_eq!(play(policy(), steps), [&begun[..], &[expected]].concat(), "{what}");
    }
    for (what, order, expected) in [
        ("expired", raw(1, -20.0, -1.0, say(0.0)), "refused: expired"),
        ("expired this instant", raw(1, -20.0, 0.0, say(0.0)), "refused: expired"),
        ("from the future", raw(1, 3.0, 10.0, say(0.0)), "refused: from_the_future"),
        ("lives too long", raw(1, 0.0, 121.0, say(0.0)), "refused: lives_too_long"),
    ] {
        assert_eq!(play(policy(), vec![(0.0, order)]), [expected], "{what}");
    }
    // A refused order uses its number up, but one from the future does not lock its signer out.
    let steps = vec![
        (0.0, raw(5, -20.0, -1.0, say(0.0))),
        (1.0, raw(5, 1.0, 10.0, say(1.0))),
        (2.0, raw(99, 9.0, 19.0, say(2.0))),
        (3.0, raw(6, 3.0, 10.0, say(3.0))),
    ];
    let expected = ["refused: expired", "refused: replayed", "refused: from_the_future"];
    assert_eq!(play(policy(), steps), [&expected[..], &begun[..]].concat());
    // Silence is always safe: an abort counts however late.
    let steps = vec![(0.0, raw(7, 0.0, 10.0, say(0.0))), (60.0, raw(1, -90.0, -80.0, What::Abort))];
    assert_eq!(play(policy(), steps), [&begun[..], &["stop", "stopped: Aborted"]].concat());
}

#[test]
fn numbers_reached_before_a_restart_still_count() {
    let mut interlock = Interlock::new(policy(), true, BTreeMap::from([("site".to_owned(), 40)]));
    let authority = |sequence| Authority {
        signer: "site".to_owned(),
        is_person: false,
        sequence,
        issued_at: at(0.0),
        expires_at: at(10.0),
    };
    let order = |sequence| Order {
        authority: authority(sequence),
        what: What::Say(request(Level::Red, "stop", 0.0)),
    };
    let refused = interlock.order(&order(40), moment(1.0));
    assert!(matches!(
        &refused[..],
        [Action::Tell(Receipt { stage: Stage::Refused(Refusal::Replayed { last: 40 }), .. })]
    ));
    assert!(
        interlock.order(&order(41), moment(1.0)).iter().any(|action| matches!(action, Action::Play { .. }))
    );
}

#[test]
fn it_starts_silent() {
    let mut interlock = Interlock::new(Policy::default(), false, BTreeMap::new());
    let authority = Authority {
        signer: "ann".to_owned(),
        is_person: true,
        sequence: 1,
        issued_at: at(0.0),
        expires_at: at(10.0),
    };
    let order = Order { authority, what: What::Say(request(Level::Red, "stop", 0.0)) };
    assert!(interlock.order(&order, moment(0.0)).iter().all(|action| !matches!(action, Action::Play { .. })));
}

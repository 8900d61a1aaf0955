use super::*;

fn machine() -> Lifecycle {
    Lifecycle::new(Patience::default(), 7)
}

fn failed(cause: &str) -> Happening {
    Happening::Failed { cause: cause.to_owned(), refused: false }
}

/// A machine that is live since `at` seconds.
fn live(at: f64) -> Lifecycle {
    let mut machine = machine();
    assert_eq!(machine.observe(at, Happening::Nothing), Some(Act::Open { session: 1 }));
    assert_eq!(machine.observe(at, Happening::Pictures), None);
    machine
}

/// Lets time pass until the machine acts; what it does, and when.
fn until_it_acts(machine: &mut Lifecycle, from: f64) -> (f64, Act) {
    (1..100_000)
        .map(|step| from + f64::from(step) * 0.01)
        .find_map(|now| machine.observe(now, Happening::Nothing).map(|act| (now, act)))
        .unwrap()
}

#[test]
fn every_state_is_reached_by_what_its_name_says() {
    use StreamState::{Connecting, Degraded, Ended, HeldBack, Live, Lost, Stale, Waiting};
    let mut machine = machine();
    let refused = Happening::Failed { cause: "wrong password".into(), refused: true };
    let trouble = Happening::Trouble(Some("the picture is black".into()));
    let table = [
        (0.0, Happening::Nothing, Some(Act::Open { session: 1 }), Connecting),
        (0.2, failed("nobody listens"), Some(Act::Close), Waiting),
        (0.3, Happening::Nothing, None, Waiting),
        (1.0, Happening::Nothing, Some(Act::Open { session: 2 }), Connecting),
        (1.5, refused, Some(Act::Close), HeldBack),
        (46.0, Happening::Nothing, None, HeldBack),
        (77.0, Happening::Nothing, Some(Act::Open { session: 3 }), Connecting),
        (78.0, Happening::Pictures, None, Live),
        (78.5, trouble, None, Degraded),
        (78.6, Happening::Pictures, None, Degraded),
        (78.7, Happening::Trouble(None), None, Live),
        (79.0, Happening::Nothing, None, Live),
        (80.2, Happening::Nothing, None, Stale),
        (80.3, Happening::Pictures, None, Live),
        (81.9, Happening::Nothing, None, Stale),
        (83.4, Happening::Nothing, Some(Act::Close), Lost),
        (83.4, Happening::Pictures, None, Lost),
        (100.0, Happening::Nothing, Some(Act::Open { session: 4 }), Connecting),
        (102.0, Happening::Data, None, Connecting),
        (104.9, Happening::Nothing, None, Connecting),
        (105.1, Happening::Nothing, Some(Act::Close), Lost),
        (140.0, Happening::Nothing, Some(Act::Open { session: 5 }), Connecting),
        (141.0, Happening::Ended { note: None }, Some(Act::Close), Ended),
        (500.0, Happening::Nothing, None, Ended),
    ];
    for (now, happening, act, state) in table {
        assert_eq!(machine.observe(now, happening.clone()), act, "{happening:?} at {now}");
        assert_eq!(machine.state(), state, "{happening:?} at {now}");
        assert_eq!(machine.cause().is_some(), !matches!(state, Live | Ended) && now > 0.0, "{now}");
    }
    assert_eq!(machine.session(), 5);
}

#[test]
fn attempts_go_on_for_ever_with_longer_waits_up_to_a_limit() {
    let mut machine = machine();
    let patience = Patience::default();
    assert!(machine.observe(0.0, Happening::Nothing).is_some());
    let (mut now, mut waits) = (0.0, Vec::new());
    for session in 2..200 {
        machine.observe(now, failed("nobody listens"));
        let (at, act) = until_it_acts(&mut machine, now);
        assert_eq!(act, Act::Open { session });
        waits.push(at - now);
        now = at;
    }
    assert!(waits[0] < 0.52 && waits[1] > waits[0] && waits[2] > waits[1], "{:?}", &waits[..4]);
    let (shortest, longest) = (patience.retry_most_secs * 0.75 - 0.02, patience.retry_most_secs + 0.02);
    assert!(waits[5..].iter().all(|wait| (shortest..longest).contains(wait)));
    let spread = waits[5..].iter().fold((f64::MAX, 0.0_f64), |(lo, hi), w| (lo.min(*w), hi.max(*w)));
    assert!(spread.1 - spread.0 > 0.3, "no jitter: {spread:?}");
}

#[test]
fn only_a_stream_that_stays_well_is_tried_again_at_once() {
    let wait_after = |live_secs: f64| {
        let mut machine = machine();
        machine.observe(0.0, Happening::Nothing);
        let mut now = 0.0;
        let mut wait = 0.0;
        for _ in 0..8 {
            machine.observe(now, Happening::Pictures);
            let mut live = 0.0;
            while live < live_secs {
                live += 0.5;
                machine.observe(now + live, Happening::Pictures);
            }
            now += live;
            machine.observe(now, failed("gone"));
            let (at, _) = until_it_acts(&mut machine, now);
            (wait, now) = (at - now, at);
        }
        wait
    };
    assert!(wait_after(0.0) > 1.4, "one picture and a break, over and over");
    assert!(wait_after(7.0) < 0.7, "a source that restarts now and then");
}

#[test]
fn an_attempt_that_hung_is_soon_followed_by_the_next() {
    let mut machine = machine();
    let mut now = 0.0;
    machine.observe(now, Happening::Nothing);
    for _ in 0..8 {
        let (closed_at, act) = until_it_acts(&mut machine, now);
        assert_eq!(act, Act::Close);
        let (opened_at, _) = until_it_acts(&mut machine, closed_at);
        assert!((3.35..3.55).contains(&(opened_at - now)), "{now} {closed_at} {opened_at}");
        now = opened_at;
    }
}

#[test]
fn silence_is_measured_from_the_last_new_picture() {
    let mut machine = live(10.0);
    for step in 0..50 {
        machine.observe(10.0 + f64::from(step) * 0.2, Happening::Pictures);
    }
    let (at, act) = until_it_acts(&mut machine, 19.8);
    assert_eq!(act, Act::Close);
    assert!((22.8..22.9).contains(&at), "{at}");
    assert!(machine.cause().is_some_and(|cause| cause.contains("no new picture")));
}

#[test]
fn cameras_of_one_site_do_not_come_back_all_at_once() {
    let first_wait = |seed| {
        let mut machine = Lifecycle::new(Patience::default(), seed);
        machine.observe(0.0, Happening::Nothing);
        machine.observe(0.0, failed("power cut"));
        until_it_acts(&mut machine, 0.0).0
    };
    let waits: Vec<f64> = (0..16).map(first_wait).collect();
    assert!(waits.iter().any(|wait| (wait - waits[0]).abs() > 0.05), "{waits:?}");
}

#[test]
fn data_without_pictures_is_given_time_for_a_key_frame_but_not_for_ever() {
    let mut machine = machine();
    machine.observe(0.0, Happening::Nothing);
    let gave_up = (1..1000)
        .map(|step| f64::from(step) * 0.1)
        .find(|now| machine.observe(*now, Happening::Data) == Some(Act::Close));
    assert!((14.9..15.2).contains(&gave_up.unwrap()), "{gave_up:?}");
    assert!(machine.cause().is_some_and(|cause| cause.contains("no picture within 15 s")));
}

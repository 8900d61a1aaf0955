//! The agent with a loudspeaker that only counts: what reaches it, and what never does.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use anyhow::Result;
use throng::{
    clock::wall_clock,
    config::load_speaker,
    publish::{Id, SpeakerHeard, Topic, signature::CommandSigner},
    speaker::{
        agent::{Agent, is_muted},
        driver::{Driver, Playback},
        trail,
        voice::Clip,
    },
};
use throng_analytics::{
    level::Level,
    speaker::Moment,
    time::Timestamp,
    wire::{
        SignedSpeakerCommand, SpeakerCommand, SpeakerConfirmation, SpeakerOrder, SpeakerOutcome,
        SpeakerReceipt,
    },
};

use super::speaker_file;

#[derive(Clone, Default)]
struct Counting {
    played: Arc<AtomicUsize>,
    stopped: Arc<AtomicUsize>,
}

impl Driver for Counting {
    fn start(&mut self, _clip: &Clip) -> Result<Box<dyn Playback>> {
        self.played.fetch_add(1, Ordering::Relaxed);
        Ok(Box::new(self.clone()))
    }
}

impl Playback for Counting {
    fn has_ended(&mut self) -> Result<bool> {
        Ok(false)
    }

    fn stop(&mut self) {
        self.stopped.fetch_add(1, Ordering::Relaxed);
    }
}

struct Bench {
    folder: tempfile::TempDir,
    agent: Agent,
    speaker: Counting,
    now: Timestamp,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = speaker_file(folder.path(), "kind = \"sound_card\"", "[policy]\nred = { people = 0 }");
        let plan = load_speaker(&file).unwrap().plan;
        let (speaker, now) = (Counting::default(), wall_clock());
        let agent = Agent::new(plan, Id::new("node").unwrap(), Box::new(speaker.clone()), now).unwrap();
        Self { folder, agent, speaker, now }
    }

    fn signer(&self, name: &str, issuer: &str) -> CommandSigner {
        CommandSigner::from_pem_file(issuer, name, &self.folder.path().join(format!("{name}.pem"))).unwrap()
    }

    fn command(&self, level: Level) -> SpeakerCommand {
        SpeakerCommand {
            command_id: format!("{level}"),
            site: "test".to_owned(),
            speaker: "pole".to_owned(),
            order: SpeakerOrder::Play,
            announcement: Some("do-not-crowd".to_owned()),
            text: None,
            refers_to: None,
            level: Some(level),
            incident: Some("incident".to_owned()),
            zone: Some("gate".to_owned()),
            captured_at: Some(self.now),
            priority: 0,
            repeat: 1,
            confirm: SpeakerConfirmation::default(),
            issued_at: self.now,
            expires_at: self.now + 10.0,
            issuer: String::new(),
            seq: 0,
            drill: false,
        }
    }

    fn hear(&mut self, payload: Vec<u8>) {
        let now = Moment { at: self.now, minute_of_day: 0 };
        self.agent.hear(&SpeakerHeard::Order(payload), now).unwrap();
    }

    fn outcomes(&mut self) -> Vec<SpeakerOutcome> {
        let messages = self.agent.take_messages();
        let receipts = messages.iter().filter(|message| matches!(message.topic, Topic::SpeakerReceipt(_)));
        receipts.map(|m| serde_json::from_slice::<SpeakerReceipt>(&m.payload).unwrap().outcome).collect()
    }

    fn played(&self) -> usize {
        self.speaker.played.load(Ordering::Relaxed)
    }
}

fn signed(signer: &mut CommandSigner, command: SpeakerCommand) -> Vec<u8> {
    serde_json::to_vec(&signer.sign(command).unwrap()).unwrap()
}

#[test]
fn a_signed_order_is_played_once_and_an_abort_stops_it_and_all_of_it_is_in_the_trail() {
    let mut bench = Bench::new();
    let mut site = bench.signer("site", "site test");
    let order = signed(&mut site, bench.command(Level::Red));
    bench.hear(order.clone());
    assert_eq!(
        (bench.played(), bench.outcomes()),
        (1, vec![SpeakerOutcome::Accepted, SpeakerOutcome::Started])
    );
    // Recorded on the way and sent again.
    bench.hear(order);
    assert_eq!((bench.played(), bench.outcomes()), (1, vec![SpeakerOutcome::Refused]));
    let mut ann = bench.signer("ann", "Ann");
    let late = bench.now - 500.0;
    let abort = SpeakerCommand {
        order: SpeakerOrder::Abort,
        issued_at: late,
        expires_at: late + 1.0,
        ..bench.command(Level::Red)
    };
    bench.hear(signed(&mut ann, abort));
    assert_eq!(bench.speaker.stopped.load(Ordering::Relaxed), 1);
    assert_eq!(bench.outcomes(), [SpeakerOutcome::Accepted, SpeakerOutcome::Aborted]);
    let checked = trail::verify(&bench.folder.path().join("trail")).unwrap();
    assert!(checked.entries >= 6 && checked.last_sequence.contains_key("site"), "{checked:?}");
}

#[test]
fn orange_waits_for_a_person_and_a_strangers_word_is_none() {
    let mut bench = Bench::new();
    let mut site = bench.signer("site", "site test");
    let order = signed(&mut site, bench.command(Level::Orange));
    bench.hear(order);
    assert_eq!((bench.played(), bench.outcomes()), (0, vec![SpeakerOutcome::AwaitingConfirmation]));
    let confirm = SpeakerCommand {
        order: SpeakerOrder::Confirm,
        refers_to: Some("orange".to_owned()),
        ..bench.command(Level::Orange)
    };
    // A key that is not listed, under a name that is.
    super::key(bench.folder.path(), "eve");
    let mut eve = CommandSigner::from_pem_file("Ann", "ann", &bench.folder.path().join("eve.pem")).unwrap();
    bench.hear(signed(&mut eve, confirm.clone()));
    assert_eq!((bench.played(), bench.outcomes()), (0, vec![]));
    // The site's own key is no person's.
    bench.hear(signed(&mut site, confirm.clone()));
    assert_eq!((bench.played(), bench.outcomes()), (0, vec![SpeakerOutcome::Refused]));
    let mut ann = bench.signer("ann", "Ann");
    bench.hear(signed(&mut ann, confirm));
    assert_eq!(bench.played(), 1);
}

#[test]
fn the_mute_switch_silences_and_one_that_cannot_be_read_counts_as_on() {
    let mut bench = Bench::new();
    let switch = bench.folder.path().join("switch");
    assert!(is_muted(&switch));
    for (text, expected) in [("0\n", false), ("1\n", true), ("", false)] {
        std::fs::write(&switch, text).unwrap();
        assert_eq!(is_muted(&switch), expected, "{text:?}");
    }
    let mut site = bench.signer("site", "site test");
    let mut order = |bench: &Bench| signed(&mut site, bench.command(Level::Red));
    let first = order(&bench);
    bench.hear(first);
    let now = Moment { at: bench.now, minute_of_day: 0 };
    bench.agent.mute(true, now).unwrap();
    assert_eq!(bench.speaker.stopped.load(Ordering::Relaxed), 1);
    let second = order(&bench);
    bench.hear(second);
    assert_eq!(bench.played(), 1);
    assert_eq!(
        bench.outcomes(),
        [SpeakerOutcome::Accepted, SpeakerOutcome::Started, SpeakerOutcome::Aborted, SpeakerOutcome::Refused]
    );
}

#[test]
fn an_order_for_another_loudspeaker_or_site_is_not_taken() {
    let mut bench = Bench::new();
    let mut site = bench.signer("site", "site test");
    for (speaker, place) in [("other", "test"), ("pole", "other")] {
        let command = SpeakerCommand {
            speaker: speaker.to_owned(),
            site: place.to_owned(),
            ..bench.command(Level::Red)
        };
        bench.hear(signed(&mut site, command));
    }
    assert_eq!((bench.played(), bench.outcomes()), (0, vec![]));
}

/// What a message asks, signed by whom: all of it that counts.
fn order(bytes: &[u8]) -> Option<SignedSpeakerCommand> {
    serde_json::from_slice(bytes).ok()
}

/// Bytes changed, cut, doubled and swapped, by a generator that always does the same.
fn mutated_messages(count: usize) {
    let mut bench = Bench::new();
    let mut site = bench.signer("site", "site test");
    let whole = signed(&mut site, bench.command(Level::Red));
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below.max(1) as u64) as usize
    };
    for _ in 0..count {
        let mut bytes = whole.clone();
        for _ in 0..=random(3) {
            let at = random(bytes.len());
            match random(5) {
                0 => bytes[at] ^= 1 << random(8),
                1 => bytes.truncate(at),
                2 => bytes.insert(at, random(256) as u8),
                3 => {
                    let end = (at + random(40)).min(bytes.len());
                    let part = bytes[at..end].to_vec();
                    bytes.splice(at..at, part);
                }
                _ => {
                    let other = random(bytes.len());
                    bytes.swap(at, other);
                }
            }
            if bytes.is_empty() {
                break;
            }
        }
        // A change that leaves the signed text, the signature and the names as they are is the order itself, such as a
        // field more beside them.
        if order(&bytes).is_some_and(|order_now| Some(order_now) == order(&whole)) {
            continue;
        }
        bench.hear(bytes);
        assert_eq!(bench.played(), 0);
    }
    bench.hear(whole);
    assert_eq!(bench.played(), 1, "after all that it still hears");
}

#[test]
fn mutated_messages_neither_stop_the_agent_nor_make_it_speak() {
    mutated_messages(20_000);
}

#[test]
#[ignore = "takes minutes; bash deploy/test.sh --long runs it"]
fn a_million_mutated_messages_neither_stop_the_agent_nor_make_it_speak() {
    mutated_messages(1_000_000);
}

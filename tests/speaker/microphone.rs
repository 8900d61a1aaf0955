//! A microphone that hears what the agent really played: here it listens to the packets of RTP themselves.

use std::{net::UdpSocket, time::Duration};

use throng::{
    clock::wall_clock,
    config::load_speaker,
    publish::{Id, SpeakerHeard, Topic, signature::CommandSigner},
    speaker::{agent::Agent, driver::driver},
};
use throng_analytics::{
    level::Level,
    speaker::Moment,
    wire::{SpeakerCommand, SpeakerOrder, SpeakerOutcome, SpeakerReceipt},
};

use super::{speaker_file, wait_for};

/// Has an announcement played by RTP to a port, and gives what the microphone made of it.
fn heard_by(source: &dyn Fn(u16) -> String) -> SpeakerReceipt {
    let folder = tempfile::tempdir().unwrap();
    let port = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let output = format!("kind = \"rtp\"\nuri = \"rtp://127.0.0.1:{port}\"");
    let more = format!("[policy]\nred = {{ people = 0 }}\n[microphone]\nsource = \"{}\"", source(port));
    let plan = load_speaker(&speaker_file(folder.path(), &output, &more)).unwrap().plan;
    let loudspeaker = driver(&plan.output);
    let now = || Moment { at: wall_clock(), minute_of_day: 12 * 60 };
    let mut agent = Agent::new(plan, Id::new("node").unwrap(), loudspeaker, now().at).unwrap();
    let mut signer = CommandSigner::from_pem_file("Ann", "ann", &folder.path().join("ann.pem")).unwrap();
    let command = SpeakerCommand {
        announcement: Some("do-not-crowd".to_owned()),
        level: Some(Level::Red),
        ..SpeakerCommand::given("say".to_owned(), "test", "pole", SpeakerOrder::Play, now().at)
    };
    let signed = serde_json::to_vec(&signer.sign(command).unwrap()).unwrap();
    agent.hear(&SpeakerHeard::Order(signed), now()).unwrap();
    wait_for("what the microphone heard", || {
        agent.tick(now()).unwrap();
        std::thread::sleep(Duration::from_millis(10));
        agent.take_messages().into_iter().find_map(|message| {
            if !matches!(message.topic, Topic::SpeakerReceipt(_)) {
                return None;
            }
            let receipt: SpeakerReceipt = serde_json::from_slice(&message.payload).unwrap();
            receipt.heard_ratio.is_some().then_some(receipt)
        })
    })
}

#[test]
fn what_was_played_is_heard() {
    let receipt = heard_by(&|port| {
        format!(
            "gst: udpsrc port={port} caps=application/x-rtp,media=audio,clock-rate=8000,encoding-name=PCMU,payload=0 ! \
             rtppcmudepay ! mulawdec"
        )
    });
    assert_eq!((receipt.outcome, receipt.command_id.as_str()), (SpeakerOutcome::Heard, "say"));
    assert!(receipt.heard_ratio.unwrap() > 0.8, "{receipt:?}");
}

#[test]
fn an_amplifier_that_is_off_is_told() {
    let receipt = heard_by(&|_| "gst: audiotestsrc is-live=true wave=pink-noise".to_owned());
    assert_eq!(receipt.outcome, SpeakerOutcome::NotHeard);
    assert!(receipt.reason.unwrap().contains("whether the amplifier is on"));
}

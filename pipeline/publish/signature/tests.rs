use ed25519_dalek::pkcs8::{EncodePrivateKey as _, EncodePublicKey as _, spki::der::pem::LineEnding};
use proptest::prelude::*;
use throng_analytics::{
    level::Level,
    time::Timestamp,
    wire::{SpeakerConfirmation, SpeakerOrder},
};

use super::*;

const NOW: Timestamp = Timestamp::from_unix_nanos(1_790_000_000_000_000_000);

fn id(text: &str) -> Id {
    Id::new(text).unwrap()
}

/// A signer with a key made of one number, and the verifier of loudspeaker `mast` that trusts number 1 for `duty`.
fn signer(number: u8, issuer: &str) -> CommandSigner {
    let pem = SigningKey::from_bytes(&[number; 32]).to_pkcs8_pem(LineEnding::LF).unwrap();
    CommandSigner::from_pem(issuer, "desk-1", &pem).unwrap()
}

fn verifier() -> CommandVerifier {
    let public = SigningKey::from_bytes(&[1; 32]).verifying_key().to_public_key_pem(LineEnding::LF).unwrap();
    let trusted = BTreeMap::from([("desk-1".to_owned(), TrustedKey::from_pem("duty", &public).unwrap())]);
    CommandVerifier::new(id("stadium"), id("mast"), trusted)
}

fn command(at: Timestamp) -> SpeakerCommand {
    SpeakerCommand {
        command_id: "0199".to_owned(),
        site: "stadium".to_owned(),
        speaker: "mast".to_owned(),
        order: SpeakerOrder::Play,
        announcement: Some("do-not-push".to_owned()),
        text: None,
        refers_to: None,
        level: Some(Level::Orange),
        incident: Some("0198".to_owned()),
        zone: Some("gate".to_owned()),
        captured_at: None,
        priority: 3,
        repeat: 2,
        confirm: SpeakerConfirmation { by: vec!["duty officer".to_owned()] },
        issued_at: at,
        expires_at: at + 30.0,
        issuer: String::new(),
        seq: 0,
        drill: false,
    }
}

fn payload(signer: &mut CommandSigner, command: SpeakerCommand) -> Vec<u8> {
    serde_json::to_vec(&signer.sign(command).unwrap()).unwrap()
}

#[test]
fn a_signed_command_is_known_by_its_key_and_numbers_grow_though_the_clock_stands_still() {
    let mut signer = signer(1, "duty");
    let mut known = |at: Timestamp| verifier().authentic(&payload(&mut signer, command(at))).unwrap();
    let (first, second, earlier) = (known(NOW), known(NOW), known(NOW - 60.0));
    assert_eq!(first.key_id, "desk-1");
    let told = first.command;
    assert_eq!((told.issuer.as_str(), told.announcement.as_deref()), ("duty", Some("do-not-push")));
    assert!(told.seq < second.command.seq && second.command.seq < earlier.command.seq);
}

#[test]
fn what_is_forged_or_foreign_is_refused_by_name() {
    let mut duty = signer(1, "duty");
    let other_key = payload(&mut signer(2, "duty"), command(NOW));
    let other_issuer = payload(&mut signer(1, "visitor"), command(NOW));
    let other_speaker = SpeakerCommand { speaker: "gate".to_owned(), ..command(NOW) };
    let mut changed: SignedSpeakerCommand =
        serde_json::from_slice(&payload(&mut duty, command(NOW))).unwrap();
    changed.command = changed.command.replace("do-not-push", "run-for-it");
    let unknown_key = SignedSpeakerCommand { key_id: "desk-9".to_owned(), ..changed.clone() };
    let other_version =
        SignedSpeakerCommand { schema: "throng.speaker_command.v2".to_owned(), ..changed.clone() };
    for (payload, why) in [
        (other_key, "the signature does not hold"),
        (other_issuer, "names \"visitor\" as its issuer"),
        (payload(&mut duty, other_speaker), "it is for stadium/gate and this is stadium/mast"),
        (serde_json::to_vec(&changed).unwrap(), "the signature does not hold"),
        (serde_json::to_vec(&unknown_key).unwrap(), "the key \"desk-9\" is not trusted here"),
        (serde_json::to_vec(&other_version).unwrap(), "its schema is \"throng.speaker_command.v2\""),
        (b"{}".to_vec(), "not a throng.speaker_command.v1"),
        (vec![b' '; COMMAND_BYTES_MAX + 1], "more than the 16384"),
    ] {
        let refused = verifier().authentic(&payload).unwrap_err().to_string();
        assert!(refused.contains(why), "{why:?} is not in {refused:?}");
    }
}

#[test]
fn a_key_that_is_none_is_refused_without_being_shown() {
    let error = CommandSigner::from_pem("duty", "desk-1", "-----BEGIN SECRET-----").unwrap_err().to_string();
    assert!(error.contains("openssl genpkey") && !error.contains("SECRET"), "{error}");
    let error = TrustedKey::from_pem("duty", "nothing").unwrap_err().to_string();
    assert!(error.contains("-pubout"), "{error}");
    assert!(!format!("{:?}", signer(7, "duty")).contains("07"), "the key is not in Debug");
}

proptest! {
    #[test]
    fn no_change_of_a_single_byte_is_taken(at in 0_usize..1 << 16, byte in any::<u8>()) {
        let original = payload(&mut signer(1, "duty"), command(NOW));
        let mut changed = original.clone();
        let at = at % changed.len();
        changed[at] = byte;
        if let Ok(taken) = verifier().authentic(&changed) {
            // Only what does not change the meaning: the case of a digit of the signature, or the byte itself.
            let proper = verifier().authentic(&original).unwrap();
            prop_assert_eq!(taken, proper);
        }
    }
}

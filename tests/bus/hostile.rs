//! Whatever comes in on any key: counted, dropped, and nothing stops or speaks.

use std::collections::BTreeMap;

use serde_json::json;
use throng::publish::{
    BusState, Network, OutboxOptions, Topic, Watcher, intake, open_session,
    signature::{CommandVerifier, TrustedKey},
};
use throng_analytics::wire::{Ack, Message as _, SignedSpeakerCommand, Warning, WarningReceipt};

use zenoh::{Session, key_expr::OwnedKeyExpr, qos::CongestionControl};

use super::support::{PATIENCE, free_port, id, next, runtime, site, until, warning};

/// A public key whose private half nobody has kept.
const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAmtAjCMkA5FztZ1xToEU8VWe82ma1xA1qPF8TSpHv+Qw=
-----END PUBLIC KEY-----
";

/// Numbers of no pattern that are the same in every run (splitmix64).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % end as u64) as usize
    }
}

/// Proper messages to begin from.
fn proper() -> Vec<Vec<u8>> {
    let receipt = json!({
        "schema": WarningReceipt::SCHEMA, "site": "stadium", "group": "room", "by": "desk", "zone": "gate",
        "numbering": "0199", "up_to_seq": 3, "at": "2026-11-23T12:00:00Z",
    });
    let ack = json!({ "incident": "i-1", "operator": "duty", "at": "2026-11-23T12:00:00Z" });
    let command = json!({
        "schema": SignedSpeakerCommand::SCHEMA, "command": "{\"order\":\"play\",\"seq\":1}", "key_id": "desk",
        "signature": "0".repeat(128),
    });
    [receipt, ack, command].map(|value| value.to_string().into_bytes()).into()
}

/// One of them, changed in a few places as a broken or hostile sender might.
fn mutated(random: &mut Random, originals: &[Vec<u8>]) -> Vec<u8> {
    const PIECES: [&[u8]; 12] = [
        b"null",
        b"-1",
        b"1e999",
        b"18446744073709551616",
        b"\"",
        b"{",
        b"[[[[[[",
        b"\\u0000",
        b"\xff\xfe",
        b"}",
        b",,",
        b"throng.receipt.v2",
    ];
    let mut bytes = originals[random.below(originals.len())].clone();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len() + 1);
        match random.below(5) {
            0 if !bytes.is_empty() => {
                let at = at.min(bytes.len() - 1);
                bytes[at] = random.below(256) as u8;
            }
            1 => bytes.truncate(at),
            2 => {
                bytes.splice(at..at, PIECES[random.below(PIECES.len())].iter().copied());
            }
            3 => {
                let end = (at + random.below(20)).min(bytes.len());
                bytes.drain(at..end);
            }
            _ => {
                let again = bytes[at..].to_vec();
                bytes.extend(again);
            }
        }
    }
    bytes
}

fn nothing_is_taken(messages: usize) {
    let (mut random, originals) = (Random(1), proper());
    let trusted = BTreeMap::from([("desk".to_owned(), TrustedKey::from_pem("duty", PUBLIC).unwrap())]);
    let verifier = CommandVerifier::new(id("stadium"), id("mast"), trusted);
    let mut refused = 0;
    for _ in 0..messages {
        let payload = mutated(&mut random, &originals);
        assert!(verifier.authentic(&payload).is_err(), "{}", String::from_utf8_lossy(&payload));
        refused += usize::from(intake::message::<Ack>(&payload, 16 * 1024).is_err());
        assert!(intake::message::<Warning>(&payload, 64 * 1024).is_err());
        // Whatever is taken says what it is: another version never is.
        if let Ok(receipt) = intake::message::<WarningReceipt>(&payload, 4096) {
            assert_eq!(receipt.schema, WarningReceipt::SCHEMA);
        }
    }
    assert!(refused * 10 > messages * 6, "most are no acknowledgement: {refused} of {messages}");
}

#[test]
fn mutated_messages_are_refused() {
    nothing_is_taken(20_000);
}

#[test]
#[ignore = "takes minutes; bash deploy/test.sh --long runs it"]
fn a_million_mutated_messages_are_refused() {
    nothing_is_taken(1_000_000);
}

/// Puts what is to arrive: on a busy machine zenoh's default would drop it, and nothing would be shown.
async fn put(session: &Session, key: &OwnedKeyExpr, payload: Vec<u8>) {
    session.put(key, payload).congestion_control(CongestionControl::Block).await.unwrap();
}

#[test]
fn a_site_and_a_room_among_hostile_senders_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = format!("tcp/127.0.0.1:{}", free_port());
    runtime().block_on(async {
        let listen = Network { listen: vec![endpoint.clone()], ..Network::default() };
        let options = OutboxOptions {
            file: Some(folder.path().join("outbox.sqlite")),
            confirm_groups: vec![id("room")],
        };
        let mut bus = site("stadium", listen.clone(), options).await;
        let mut acks = bus.take_acks().unwrap();
        let connect = Network { connect: vec![endpoint], ..Network::default() };
        let mut room = Watcher::open(&connect, "throng/v1/*/warning/*", false)
            .await
            .unwrap()
            .confirming(id("room"), "desk");
        let hostile = open_session(&connect).await.unwrap();
        until(&bus.handle(), |state| matches!(state, BusState::Connected { peers: 2, .. })).await;

        let numbering = bus.left().numbering.clone();
        bus.handle().publish(warning(&numbering, "gate", 0, None));
        let (mut random, originals) = (Random(2), proper());
        let large = vec![b' '; 1 << 20];
        let keys = [
            Topic::Ack(id("i-1")),
            Topic::Receipt(id("room"), id("gate")),
            Topic::Receipt(id("pub"), id("moon")),
            Topic::Warning(id("gate")),
        ]
        .map(|topic| topic.key(&id("stadium")).unwrap());
        for index in 0..2000 {
            let payload = mutated(&mut random, &originals);
            put(&hostile, &keys[index % keys.len()], payload).await;
            if index % 500 == 0 {
                put(&hostile, &keys[index / 500], large.clone()).await;
                hostile.delete(&keys[index / 500]).await.unwrap();
            }
        }
        // Proper ones after them are still heard, and what is true is still told.
        let ack = json!({ "incident": "i-1", "operator": "the last one", "at": "2026-11-23T12:00:00Z" });
        put(&hostile, &keys[0], ack.to_string().into_bytes()).await;
        let last = async {
            while let Some(ack) = acks.recv().await {
                if ack.operator == "the last one" {
                    return;
                }
            }
            panic!("the site has closed");
        };
        tokio::time::timeout(PATIENCE, last).await.expect("a proper acknowledgement is taken");
        assert!(bus.handle().acks_refused() > 100, "{}", bus.handle().acks_refused());
        assert!(bus.handle().receipts_refused() > 100, "{}", bus.handle().receipts_refused());

        bus.handle().publish(warning(&numbering, "gate", 1, None));
        next(&mut room, "the second warning", |_, value| {
            value["numbering"] == numbering.as_str() && value["seq"] == 1
        })
        .await;
        bus.close().await;
        let left = rusqlite::Connection::open(folder.path().join("outbox.sqlite")).unwrap();
        let confirmed: i64 =
            left.query_row("SELECT count(*) FROM warning WHERE delivered = 1", [], |row| row.get(0)).unwrap();
        assert_eq!(confirmed, 0, "nobody of the room has confirmed, whatever others sent");
    });
}

//! Who may do what at the shipped router, by certificate; and what a loudspeaker takes.

use std::{collections::BTreeMap, path::Path};

use tempfile::TempDir;
use throng::{
    clock::wall_clock,
    publish::{
        BusState, Id, OutboxOptions, Topic, Watcher, open_session,
        signature::{CommandSigner, CommandVerifier, TrustedKey},
    },
};
use throng_analytics::{
    speaker::{Authority, OrdersTaken, Policy, Refusal},
    wire::{SpeakerCommand, SpeakerConfirmation, SpeakerOrder},
};
use zenoh::{Session, pubsub::Subscriber, sample::Sample};

use super::support::{
    PATIENCE, certificates, deployed, free_port, id, next, role, role_network, runtime, site, until, warning,
};

/// The shipped router of a site in this process, with certificates; the folder with them and its port.
async fn router(folder: &TempDir) -> (std::path::PathBuf, u16, Session) {
    let tls = certificates(folder, &["stadium"]).remove(0);
    let port = free_port();
    let network = deployed(
        &tls,
        "site-router.json5",
        "router.json5",
        &[("tls/0.0.0.0:7447", &format!("tls/localhost:{port}")), ("/etc/throng/tls", tls.to_str().unwrap())],
    );
    let session = open_session(&network).await.unwrap();
    (tls, port, session)
}

type Heard = Subscriber<zenoh::handlers::FifoChannelHandler<Sample>>;

/// What arrives on a key until the mark of `marker` comes, which is put after everything else: by then whatever was
/// allowed has arrived.
async fn texts_until_mark(heard: &Heard) -> Vec<String> {
    let mut texts = Vec::new();
    loop {
        let sample =
            tokio::time::timeout(PATIENCE, heard.recv_async()).await.expect("the mark comes").unwrap();
        let text = String::from_utf8_lossy(&sample.payload().to_bytes()).into_owned();
        if text == "mark" {
            return texts;
        }
        texts.push(text);
    }
}

fn key(topic: &Topic) -> String {
    topic.key(&id("stadium")).unwrap().to_string()
}

/// Waits until a put of `session` on `topic` is heard, so that what follows is not lost for want of a connection.
async fn put_until_heard(session: &Session, topic: &Topic, text: &str, heard: &Heard) {
    for _ in 0..600 {
        session.put(key(topic), text).await.unwrap();
        if let Ok(Ok(_)) =
            tokio::time::timeout(std::time::Duration::from_millis(100), heard.recv_async()).await
        {
            while heard.try_recv().is_ok_and(|sample| sample.is_some()) {}
            return;
        }
    }
    panic!("{topic:?} by its own role was never heard");
}

#[test]
fn each_role_can_do_its_own_and_nothing_else() {
    let folder = TempDir::new().unwrap();
    runtime().block_on(async {
        let (tls, port, _router) = router(&folder).await;
        let listener = role(&tls, "viewer", port).await;
        let roles = ["analyser", "viewer", "operator", "speaker-controller", "signal-source", "speaker"];
        let mut sessions = BTreeMap::new();
        for name in roles {
            sessions.insert(name, role(&tls, name, port).await);
        }
        for (topic, owners) in [
            (Topic::Warning(id("gate")), &["analyser"][..]),
            (Topic::ZoneDensity(id("gate")), &["analyser"]),
            (Topic::CameraCount(id("east")), &["analyser"]),
            (Topic::LineFlow(id("way-in")), &["analyser"]),
            (Topic::Field, &["analyser"]),
            (Topic::SpeakerEffect(id("mast")), &["analyser"]),
            (Topic::Ack(id("incident-1")), &["operator"]),
            (Topic::Receipt(id("room"), id("gate")), &["operator"]),
            (Topic::SpeakerCommand(id("mast")), &["speaker-controller"]),
            (Topic::SpeakerState(id("mast")), &["speaker"]),
            (Topic::SpeakerReceipt(id("mast")), &["speaker"]),
            (Topic::Signals, &["analyser"]),
            (Topic::Signal(id("rain-7")), &["operator", "signal-source"]),
        ] {
            let heard = listener.declare_subscriber(key(&topic)).await.unwrap();
            put_until_heard(&sessions[owners[0]], &topic, "hello", &heard).await;
            for name in roles {
                sessions[name].put(key(&topic), name).await.unwrap();
                // A query goes the same way after it: once it is answered or ended, the put has been judged.
                let replies = sessions[name].get("throng/v1/stadium/config").timeout(PATIENCE).await.unwrap();
                while replies.recv_async().await.is_ok() {}
            }
            sessions[owners[0]].put(key(&topic), "mark").await.unwrap();
            assert_eq!(texts_until_mark(&heard).await, owners, "{topic:?}");
        }
        // Another site's key belongs to nobody here.
        let heard = listener.declare_subscriber("throng/v1/palace/warning/gate").await.unwrap();
        sessions["analyser"].put("throng/v1/palace/warning/gate", "forged").await.unwrap();
        let own = listener.declare_subscriber(key(&Topic::Warning(id("gate")))).await.unwrap();
        put_until_heard(&sessions["analyser"], &Topic::Warning(id("gate")), "hello", &own).await;
        assert!(heard.try_recv().unwrap().is_none());
    });
}

#[test]
fn a_site_warns_through_the_secured_router_and_late_consoles_get_what_was_raised() {
    let folder = TempDir::new().unwrap();
    runtime().block_on(async {
        let (tls, port, _router) = router(&folder).await;
        let bus = site("stadium", role_network(&tls, "analyser", port), OutboxOptions::default()).await;
        until(&bus.handle(), |state| matches!(state, BusState::Connected { routers: 1, .. })).await;
        for seq in 0..3 {
            bus.handle().publish(warning(&bus.left().numbering, "gate", seq, None));
        }
        let viewer = role_network(&tls, "viewer", port);
        let mut late = Watcher::open(&viewer, "throng/v1/**", true).await.unwrap();
        for seq in 0..3 {
            next(&mut late, "history", |key, value| key.ends_with("/warning/gate") && value["seq"] == seq)
                .await;
        }
        bus.close().await;
        let lost = async { while late.next().await.unwrap().heard != throng::publish::Heard::Lost {} };
        tokio::time::timeout(PATIENCE, lost).await.expect("the end of the site is told");
    });
}

#[test]
fn a_certificate_of_another_authority_or_none_does_not_connect() {
    let folder = TempDir::new().unwrap();
    let stranger = TempDir::new().unwrap();
    runtime().block_on(async {
        let (tls, port, _router) = router(&folder).await;
        let own = certificates(&stranger, &["stadium"]).remove(0);
        // It believes the router, and has the right name on a certificate of its own authority.
        std::fs::copy(tls.join("ca.pem"), own.join("ca.pem")).unwrap();
        let error = open_session(&role_network(&own, "analyser", port)).await.unwrap_err().to_string();
        assert!(error.contains("cannot open the bus"), "{error}");
        let in_the_clear = throng::publish::Network {
            mode: throng::publish::BusMode::Client,
            connect: vec![format!("tcp/localhost:{port}")],
            ..throng::publish::Network::default()
        };
        assert!(open_session(&in_the_clear).await.is_err());
        assert!(
            open_session(&role_network(&tls, "viewer", port)).await.is_ok(),
            "the router still serves its own"
        );
    });
}

fn command(announcement: &str) -> SpeakerCommand {
    let now = wall_clock();
    SpeakerCommand {
        command_id: "0199".to_owned(),
        site: "stadium".to_owned(),
        speaker: "mast".to_owned(),
        order: SpeakerOrder::Play,
        announcement: Some(announcement.to_owned()),
        text: None,
        refers_to: None,
        level: None,
        incident: None,
        zone: None,
        captured_at: None,
        priority: 5,
        repeat: 1,
        confirm: SpeakerConfirmation::default(),
        issued_at: now,
        expires_at: now + 300.0,
        issuer: String::new(),
        seq: 0,
        drill: true,
    }
}

/// The loudspeaker's checks with the key that the script has made.
fn verifier(tls: &Path) -> CommandVerifier {
    let public = std::fs::read_to_string(tls.join("command-public.pem")).unwrap();
    let trusted = BTreeMap::from([("desk".to_owned(), TrustedKey::from_pem("duty", &public).unwrap())]);
    CommandVerifier::new(id("stadium"), id("mast"), trusted)
}

#[test]
fn a_recorded_command_that_is_sent_again_or_overtaken_is_refused() {
    let folder = TempDir::new().unwrap();
    runtime().block_on(async {
        let (tls, port, _router) = router(&folder).await;
        let controller = role(&tls, "speaker-controller", port).await;
        let speaker = role(&tls, "speaker", port).await;
        let topic = Topic::SpeakerCommand(Id::new("mast").unwrap());
        let heard = speaker.declare_subscriber(key(&topic)).await.unwrap();
        put_until_heard(&controller, &topic, "hello", &heard).await;
        let mut signer = CommandSigner::from_pem_file("duty", "desk", &tls.join("command-key.pem")).unwrap();
        let mut signed = |name: &str| serde_json::to_vec(&signer.sign(command(name)).unwrap()).unwrap();
        let (first, second, third) = (signed("first"), signed("second"), signed("third"));
        for payload in [&first, &first, &third, &second, &first] {
            controller.put(key(&topic), payload.clone()).await.unwrap();
        }
        let verifier = verifier(&tls);
        let policy = Policy { order_lives_max_secs: 600.0, ..Policy::default() };
        let (mut orders, mut taken) = (OrdersTaken::default(), Vec::new());
        for _ in 0..5 {
            let sample = tokio::time::timeout(PATIENCE, heard.recv_async()).await.unwrap().unwrap();
            let known = verifier.authentic(&sample.payload().to_bytes()).unwrap();
            let authority = Authority {
                signer: known.key_id,
                is_person: true,
                sequence: known.command.seq,
                issued_at: known.command.issued_at,
                expires_at: known.command.expires_at,
            };
            match orders.take(&authority, &policy, wall_clock()) {
                Ok(()) => taken.push(known.command.announcement.unwrap()),
                Err(refused) => assert!(matches!(refused, Refusal::Replayed { .. }), "{refused}"),
            }
        }
        assert_eq!(taken, ["first", "third"]);
    });
}

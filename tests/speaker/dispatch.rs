//! The site's side, before a crowd that does what it is told and one that does not: what is asked for, whether it helped, and
//! what is advised then.

use throng::{
    config::plan::SpeakerRequestPlan,
    publish::{
        Id, Topic,
        signature::{CommandSigner, generated_key},
    },
    speaker::dispatch::Dispatch,
};
use throng_analytics::{
    estimate::Estimate,
    fundamental_diagram::FundamentalDiagram,
    level::Level,
    polygon::Polygon,
    profile::Profile,
    site::{Site, SiteModel},
    speaker::effect::{Advice, Verdict},
    time::Timestamp,
    warning::Incident,
    wire::{
        SignedSpeakerCommand, SpeakerCommand, SpeakerEnvelope, SpeakerOutcome, SpeakerReceipt, WarningKind,
    },
    zone::Zone,
};

const INCIDENT: &str = "0199";

/// One loudspeaker, for every zone.
fn request() -> SpeakerRequestPlan {
    SpeakerRequestPlan {
        id: Id::new("pole").unwrap(),
        position_m: None,
        zones: None,
        orange: Some("do-not-crowd".to_owned()),
        red: Some("stop-pushing".to_owned()),
        times: 2,
    }
}

/// A site with one zone and one loudspeaker, whose zone is as the test says.
struct Square {
    site: Site,
    dispatch: Dispatch,
    level: Level,
    began: Timestamp,
    secs: u32,
}

impl Square {
    fn new() -> Self {
        let zone = Zone {
            id: "gate".to_owned(),
            name: "Gate".to_owned(),
            outline: Polygon::new(vec![[0.0, 0.0], [5.0, 0.0], [5.0, 5.0], [0.0, 5.0]]).unwrap(),
            profile: Profile::street_flat(),
            capacity_people: None,
            diagram: FundamentalDiagram::default(),
            features: Vec::new(),
            ring: None,
            is_enclosed_by_lines: false,
            cameras: Vec::new(),
        };
        let model =
            SiteModel { id: "square".to_owned(), cameras: Vec::new(), zones: vec![zone], lines: Vec::new() };
        let signer = CommandSigner::from_pem("site", "site", &generated_key().unwrap().0).unwrap();
        Self {
            site: Site::new(model),
            dispatch: Dispatch::of(&Id::new("square").unwrap(), false, vec![request()], signer),
            level: Level::Orange,
            began: Timestamp::from_unix_nanos(1_900_000_000_000_000_000),
            secs: 0,
        }
    }

    fn now(&self) -> Timestamp {
        self.began + f64::from(self.secs)
    }

    /// Lets seconds pass at a density; what loudspeakers are asked for.
    fn pass(&mut self, secs: u32, density_people_per_m2: f64) -> Vec<SpeakerCommand> {
        let mut asked = Vec::new();
        for _ in 0..secs {
            self.secs += 1;
            let mut report = self.site.step(self.now());
            // A fixed scatter, the same before and after.
            let noise = f64::from((self.secs * 7919) % 13) / 60.0 - 0.1;
            let measured = |scale: f64| {
                let value = scale * (density_people_per_m2 + noise);
                Some(Estimate { lo: 0.9 * value, value, hi: 1.1 * value })
            };
            let zone = &mut report.zones[0];
            (zone.level, zone.captured_at) = (Some(self.level), Some(report.now));
            (zone.density_people_per_m2, zone.people) = (measured(1.0), measured(25.0));
            zone.incident = Some(Incident {
                id: INCIDENT.to_owned(),
                since: self.began,
                kind: WarningKind::Crowding,
                ack: None,
            });
            for command in self.dispatch.step(&report, &[]).unwrap() {
                assert!(matches!(&command.topic, Topic::SpeakerCommand(id) if id.as_str() == "pole"));
                let signed: SignedSpeakerCommand = serde_json::from_slice(&command.payload).unwrap();
                asked.push(serde_json::from_str(&signed.command).unwrap());
            }
        }
        asked
    }

    /// Has it said something after half a minute at one density, and looks at another; what comes of it.
    fn said(&mut self, before: f64, after: f64) -> (Verdict, Advice) {
        self.pass(40, before);
        let receipt = SpeakerReceipt {
            envelope: SpeakerEnvelope {
                schema: "throng.speaker_receipt.v1".to_owned(),
                site: "square".to_owned(),
                seq: 0,
                published_at: self.now(),
                node: "pole".to_owned(),
                config_sha256: String::new(),
                drill: false,
                speaker: "pole".to_owned(),
            },
            command_id: "command".to_owned(),
            issuer: "site".to_owned(),
            outcome: SpeakerOutcome::Started,
            reason: None,
            announcement: Some("do-not-crowd".to_owned()),
            incident: Some(INCIDENT.to_owned()),
            heard_ratio: None,
        };
        let now = self.now();
        self.dispatch.receipt(receipt, now);
        self.pass(30, after);
        assert_eq!(self.dispatch.looked(self.now()).len(), 0, "that is too early to say");
        self.pass(15, after);
        let now = self.now();
        let looked = self.dispatch.looked(now);
        assert_eq!((looked.len(), looked[0].zone.as_str()), (1, "gate"));
        (looked[0].effect.verdict, looked[0].effect.advice)
    }
}

#[test]
fn each_level_of_an_incident_asks_once() {
    let mut square = Square::new();
    let asked = square.pass(30, 4.0);
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert_eq!(
        (asked[0].announcement.as_deref(), asked[0].level, asked[0].zone.as_deref(), asked[0].repeat),
        (Some("do-not-crowd"), Some(Level::Orange), Some("gate"), 2)
    );
    square.level = Level::Red;
    let asked = square.pass(30, 5.0);
    assert_eq!((asked.len(), asked[0].announcement.as_deref()), (1, Some("stop-pushing")));
    square.level = Level::Orange;
    assert!(square.pass(30, 4.0).is_empty(), "what was asked at red is not asked again at orange");
}

#[test]
fn a_changed_site_file_says_for_which_zones_it_is_asked_from_now_on() {
    let mut square = Square::new();
    let pole = |zones: Option<&[&str]>| SpeakerRequestPlan {
        zones: zones.map(|zones| zones.iter().map(|zone| (*zone).to_owned()).collect()),
        ..request()
    };
    square.dispatch.exchange(vec![pole(Some(&[]))]);
    assert!(square.pass(30, 4.0).is_empty(), "it is asked for no zone");
    square.dispatch.exchange(vec![pole(Some(&["gate"]))]);
    assert_eq!(square.pass(30, 4.0).len(), 1);
    square.dispatch.exchange(vec![pole(None)]);
    assert!(square.pass(30, 4.0).is_empty(), "what was asked for is not asked for again");
}

#[test]
fn words_that_help_are_watched_and_those_that_do_not_are_repeated_changed_and_given_up() {
    let mut square = Square::new();
    assert_eq!(square.said(4.0, 4.0), (Verdict::NoChange, Advice::Repeat));
    assert_eq!(square.said(4.0, 4.0), (Verdict::NoChange, Advice::Change));
    assert_eq!(square.said(4.0, 4.0), (Verdict::NoChange, Advice::Escalate));
    assert_eq!(square.said(4.0, 3.3), (Verdict::Helped, Advice::Watch));
    assert_eq!(square.said(3.3, 4.2), (Verdict::Worse, Advice::Escalate));
}

//! From what is known of a site to the messages that say so.

mod words;
mod zones;

use std::collections::{BTreeMap, HashMap};

use throng_analytics::{
    place::SitePlace,
    site::{DensityRaster, LineReport, SiteReport},
    time::Timestamp,
    wire::{self, CameraState, CountedOn, Envelope, Geometry, Message, ModelRef, Quality},
    zone::Zone,
};

use crate::{
    counting::CountedFrame,
    publish::{Id, Outgoing, Topic},
    speaker::dispatch::Looked,
    stream::telemetry::placing::{DroneSite, PlacedPicture},
};

/// What every message of a run has in common.
#[derive(Clone, Debug)]
pub struct Header {
    /// Id of the site.
    pub site: Id,
    /// Name of this process on the bus.
    pub node: Id,
    /// The counter behind the numbers.
    pub model: ModelRef,
    /// Where it runs; none where nothing is counted.
    pub counted_on: Option<CountedOn>,
    /// SHA-256 of the site file.
    pub config_sha256: String,
    /// Whether this is an exercise.
    pub drill: bool,
    /// Where the site lies on Earth; none where nobody has said.
    pub place: Option<SitePlace>,
    /// What the counter's execution has to say, such as a fallback to the CPU.
    pub notes: Vec<String>,
    /// Series of the numbers of warnings, which outlives this process.
    pub numbering: String,
}

/// Makes messages, each numbered on its key.
#[derive(Debug)]
pub struct Messages {
    header: Header,
    zones: HashMap<String, (Id, Zone)>,
    next_seq: HashMap<Topic, u64>,
    /// When each zone's warning was last published, for its refresh.
    warned_at: HashMap<String, Timestamp>,
}

impl Messages {
    /// For a site with these zones.
    ///
    /// # Errors
    /// A zone id that may not stand in a key; a checked plan has none.
    pub fn new(header: Header, zones: &[Zone]) -> anyhow::Result<Self> {
        Ok(Self { header, zones: by_id(zones)?, next_seq: HashMap::new(), warned_at: HashMap::new() })
    }

    /// Speaks of other zones, from another site file, from now on. Numbers go on.
    ///
    /// # Errors
    /// A zone id that may not stand in a key; nothing is changed then.
    pub fn exchange(&mut self, config_sha256: &str, zones: &[Zone]) -> anyhow::Result<()> {
        self.zones = by_id(zones)?;
        config_sha256.clone_into(&mut self.header.config_sha256);
        Ok(())
    }

    /// Numbers the warnings of each zone on from where an earlier run stopped.
    #[must_use]
    pub fn going_on_from(mut self, next_warning_seqs: &BTreeMap<String, u64>) -> Self {
        for (zone, next) in next_warning_seqs {
            // A zone that is not there may come back with another site file.
            if let Ok(id) = Id::new(zone.as_str()) {
                self.next_seq.insert(Topic::Warning(id), *next);
            }
        }
        self
    }

    fn envelope<M: Message>(
        &mut self,
        topic: &Topic,
        published_at: Timestamp,
        captured_at: Option<Timestamp>,
        quality: Quality,
    ) -> Envelope {
        let next = self.next_seq.entry(topic.clone()).or_default();
        let seq = *next;
        *next += 1;
        let mut quality = quality;
        quality.notes.extend(self.header.notes.iter().cloned());
        Envelope {
            schema: M::SCHEMA.to_owned(),
            site: self.header.site.as_str().to_owned(),
            seq,
            numbering: matches!(topic, Topic::Warning(_)).then(|| self.header.numbering.clone()),
            captured_at,
            published_at,
            node: self.header.node.as_str().to_owned(),
            model: self.header.model.clone(),
            config_sha256: self.header.config_sha256.clone(),
            drill: self.header.drill,
            quality,
        }
    }

    /// The count of one frame and its number on the key.
    ///
    /// # Errors
    /// The message cannot be written.
    pub fn count(
        &mut self,
        camera: &Id,
        counted: &CountedFrame,
        is_calibrated: bool,
        now: Timestamp,
    ) -> anyhow::Result<(u64, Outgoing)> {
        let topic = Topic::CameraCount(camera.clone());
        let captured_at = counted.observation.captured_at;
        let quality = Quality {
            stale_secs: Some(now.secs_since(captured_at).max(0.0)),
            calibrated: is_calibrated,
            ..Quality::default()
        };
        let envelope = self.envelope::<wire::Count>(&topic, now, Some(captured_at), quality);
        let seq = envelope.seq;
        let message = wire::Count {
            envelope,
            camera: camera.as_str().to_owned(),
            valid: counted.people.is_some(),
            // A camera that was turned still counts what it sees; only its ground is not known.
            reason: counted.observation.count.as_ref().err().filter(|_| counted.people.is_none()).cloned(),
            people: counted.people.map(|people| people.value),
            people_lo: counted.people.map(|people| people.lo),
            people_hi: counted.people.map(|people| people.hi),
        };
        Ok((seq, Outgoing::message(topic, &message)?))
    }

    /// The state of a camera; `fill` sets what the stream knows beside where pictures are counted.
    ///
    /// # Errors
    /// The message cannot be written.
    pub fn camera_state(
        &mut self,
        camera: &Id,
        captured_at: Option<Timestamp>,
        is_calibrated: bool,
        now: Timestamp,
        fill: impl FnOnce(Envelope, Option<CountedOn>) -> CameraState,
    ) -> anyhow::Result<Outgoing> {
        let topic = Topic::CameraState(camera.clone());
        let quality = Quality {
            stale_secs: captured_at.map(|at| now.secs_since(at).max(0.0)),
            calibrated: is_calibrated,
            ..Quality::default()
        };
        let envelope = self.envelope::<CameraState>(&topic, now, captured_at, quality);
        Outgoing::message(topic, &fill(envelope, self.header.counted_on.clone()))
    }

    /// Who crosses each line at one step.
    ///
    /// # Errors
    /// A message cannot be written.
    pub fn lines(&mut self, report: &SiteReport) -> anyhow::Result<Vec<Outgoing>> {
        report.lines.iter().map(|line| self.line_flow(line, report.now)).collect()
    }

    fn line_flow(&mut self, line: &LineReport, now: Timestamp) -> anyhow::Result<Outgoing> {
        let topic = Topic::LineFlow(Id::new(line.line.as_str())?);
        let quality = Quality {
            coverage: line.coverage,
            stale_secs: line.captured_at.map(|at| now.secs_since(at).max(0.0)),
            calibrated: line.is_calibrated,
            notes: line.notes.clone(),
        };
        let envelope = self.envelope::<wire::LineFlow>(&topic, now, line.captured_at, quality);
        let flow = line.flow;
        let message = wire::LineFlow {
            envelope,
            line: line.line.clone(),
            zone: line.zone.clone(),
            freshness: line.freshness,
            length_m: line.length_m,
            in_people_per_s: flow.map(|f| f.in_people_per_s.value),
            in_lo_people_per_s: flow.map(|f| f.in_people_per_s.lo),
            in_hi_people_per_s: flow.map(|f| f.in_people_per_s.hi),
            out_people_per_s: flow.map(|f| f.out_people_per_s.value),
            out_lo_people_per_s: flow.map(|f| f.out_people_per_s.lo),
            out_hi_people_per_s: flow.map(|f| f.out_people_per_s.hi),
            net_people_per_s: flow.map(|f| f.net_people_per_s()),
            specific_flow_people_per_m_s: flow.map(|f| f.net_people_per_s() / line.length_m),
            since: flow.map(|f| f.since),
            in_people: flow.map(|f| f.in_people.value),
            in_people_lo: flow.map(|f| f.in_people.lo),
            in_people_hi: flow.map(|f| f.in_people.hi),
            out_people: flow.map(|f| f.out_people.value),
            out_people_lo: flow.map(|f| f.out_people.lo),
            out_people_hi: flow.map(|f| f.out_people.hi),
        };
        Outgoing::message(topic, &message)
    }

    /// The ground that a picture of a moving camera shows.
    ///
    /// # Errors
    /// The message cannot be written.
    pub fn footprint(
        &mut self,
        camera: &Id,
        counted: &CountedFrame,
        placed: &PlacedPicture,
        site: &DroneSite,
        now: Timestamp,
    ) -> anyhow::Result<Outgoing> {
        let topic = Topic::CameraFootprint(camera.clone());
        let captured_at = counted.observation.captured_at;
        let quality = Quality {
            stale_secs: Some(now.secs_since(captured_at).max(0.0)),
            calibrated: true,
            notes: placed.notes.clone(),
            ..Quality::default()
        };
        let ring = |[a, b, c, d]: [[f64; 2]; 4]| {
            // Seen from above a picture's corners go round clockwise; RFC 7946 asks for the other way.
            vec![site.place.ring_lon_lat_deg(&[a, d, c, b])]
        };
        let [x, y, height_above_ground_m] = placed.camera.position_m();
        let at = site.place.geodetic_from_site_m([x, y, 0.0]);
        let message = wire::Footprint {
            envelope: self.envelope::<wire::Footprint>(&topic, now, Some(captured_at), quality),
            kind: wire::FeatureKind::Feature,
            geometry: placed.footprint_m.map(|corners| Geometry::Polygon { coordinates: ring(corners) }),
            properties: wire::FootprintProperties {
                camera: camera.as_str().to_owned(),
                camera_position: [at.longitude_deg, at.latitude_deg],
                height_above_ground_m,
                depression_deg: placed.camera.depression_rad().to_degrees(),
                corners_in_ground_m: placed.footprint_m,
                withheld: placed.view.as_ref().err().cloned(),
            },
        };
        Outgoing::message(topic, &message)
    }

    /// What the site goes by of what happens outside.
    ///
    /// # Errors
    /// The message cannot be written.
    pub fn signals(
        &mut self,
        signals: Vec<wire::Signal>,
        tightened: Vec<wire::TightenedZone>,
        now: Timestamp,
    ) -> anyhow::Result<Outgoing> {
        let envelope = self.envelope::<wire::SiteSignals>(&Topic::Signals, now, None, Quality::default());
        Outgoing::message(Topic::Signals, &wire::SiteSignals { envelope, signals, tightened })
    }

    /// The density of the whole ground.
    ///
    /// # Errors
    /// The message cannot be written.
    pub fn field(&mut self, raster: DensityRaster, now: Timestamp) -> anyhow::Result<Outgoing> {
        let quality = Quality {
            coverage: raster.captured_at.map(|_| raster.seen_share),
            stale_secs: raster.captured_at.map(|at| now.secs_since(at).max(0.0)),
            calibrated: raster.is_calibrated,
            notes: raster.notes,
        };
        let hundredths = |density: &Option<f32>| density.map(|density| (100.0 * density).round() as u16);
        let message = wire::Field {
            envelope: self.envelope::<wire::Field>(&Topic::Field, now, raster.captured_at, quality),
            origin_in_ground_m: raster.grid.origin_m,
            cell_m: raster.grid.cell_m,
            columns: u32::try_from(raster.grid.width_cells)?,
            rows: u32::try_from(raster.grid.height_cells)?,
            density_people_per_100_m2: raster.density_people_per_m2.iter().map(hundredths).collect(),
        };
        Outgoing::message(Topic::Field, &message)
    }

    /// Whether an announcement helped.
    ///
    /// # Errors
    /// The loudspeaker's name may not stand in a key, or the message cannot be written.
    pub fn speaker_effect(&mut self, looked: &Looked, now: Timestamp) -> anyhow::Result<Outgoing> {
        let speaker = looked.receipt.envelope.speaker.clone();
        let topic = Topic::SpeakerEffect(Id::new(speaker.as_str())?);
        let message = wire::SpeakerEffect {
            envelope: self.envelope::<wire::SpeakerEffect>(&topic, now, None, Quality::default()),
            speaker,
            command_id: looked.receipt.command_id.clone(),
            announcement: looked.receipt.announcement.clone(),
            incident: looked.receipt.incident.clone().unwrap_or_default(),
            zone: looked.zone.clone(),
            began_at: looked.began,
            verdict: looked.effect.verdict,
            advice: looked.effect.advice,
            density_people_per_m2: looked.effect.density_people_per_m2,
            net_inflow_people_per_s: looked.effect.net_inflow_people_per_s,
            speed_m_per_s: looked.effect.speed_m_per_s,
        };
        Outgoing::message(topic, &message)
    }
}

fn by_id(zones: &[Zone]) -> anyhow::Result<HashMap<String, (Id, Zone)>> {
    zones.iter().map(|zone| Ok((zone.id.clone(), (Id::new(zone.id.as_str())?, zone.clone())))).collect()
}

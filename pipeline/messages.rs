//! From what is known of a site to the messages that say so.

use std::collections::{BTreeMap, HashMap};

use throng_analytics::{
    freshness::Freshness,
    level::Level,
    level_of_service::LevelOfService,
    place::SitePlace,
    site::{DensityRaster, LineReport, SiteReport, ZoneReport},
    time::Timestamp,
    warning::{Change, Incident},
    wire::{
        self, CameraState, Density, Envelope, Geometry, Message, ModelRef, Quality, RiskSummary, Text,
        WarningAction, WarningTransition, ZoneDensity, ZoneFlow, ZoneRisk, ZoneState,
    },
    zone::Zone,
};

use crate::{
    counting::CountedFrame,
    publish::{Id, Outgoing, Topic},
    speaker::dispatch::Looked,
    stream::telemetry::placing::{DroneSite, PlacedPicture},
};

/// How long a warning is valid without a refresh, seconds (analytics specification 5.3).
const WARNING_VALID_SECS: f64 = 300.0;

/// What every message of a run has in common.
#[derive(Clone, Debug)]
pub struct Header {
    /// Id of the site.
    pub site: Id,
    /// Name of this process on the bus.
    pub node: Id,
    /// The counter behind the numbers.
    pub model: ModelRef,
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

    /// The state of a camera; `fill` sets what the stream knows.
    ///
    /// # Errors
    /// The message cannot be written.
    pub fn camera_state(
        &mut self,
        camera: &Id,
        captured_at: Option<Timestamp>,
        is_calibrated: bool,
        now: Timestamp,
        fill: impl FnOnce(Envelope) -> CameraState,
    ) -> anyhow::Result<Outgoing> {
        let topic = Topic::CameraState(camera.clone());
        let quality = Quality {
            stale_secs: captured_at.map(|at| now.secs_since(at).max(0.0)),
            calibrated: is_calibrated,
            ..Quality::default()
        };
        let envelope = self.envelope::<CameraState>(&topic, now, captured_at, quality);
        Outgoing::message(topic, &fill(envelope))
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

    /// Everything about the zones at one step; warnings last, so that the numbers behind them are there first.
    ///
    /// # Errors
    /// A message cannot be written.
    pub fn zones(&mut self, report: &SiteReport) -> anyhow::Result<Vec<Outgoing>> {
        let mut messages = Vec::with_capacity(6 * report.zones.len());
        for zone in &report.zones {
            let Some((id, model)) = self.zones.get(&zone.zone).cloned() else { continue };
            self.zone_facts(&id, zone, report.now, &mut messages)?;
            for change in &zone.changes {
                messages.push(self.warning(&id, &model, zone, report.now, Told::Change(change))?);
            }
            let told = self.warned_at.get(&zone.zone).copied();
            let due = told.is_none_or(|at| report.now.secs_since(at) > WARNING_VALID_SECS / 5.0);
            if let (Some(incident), true) = (&zone.incident, due) {
                messages.push(self.warning(&id, &model, zone, report.now, Told::Refresh(incident))?);
            }
        }
        Ok(messages)
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

    fn zone_facts(
        &mut self,
        id: &Id,
        zone: &ZoneReport,
        now: Timestamp,
        messages: &mut Vec<Outgoing>,
    ) -> anyhow::Result<()> {
        let quality = quality(zone, now);
        let (name, freshness) = (zone.zone.clone(), zone.freshness);
        let density = zone.density_people_per_m2;

        let topic = Topic::ZoneDensity(id.clone());
        let message = ZoneDensity {
            envelope: self.envelope::<ZoneDensity>(&topic, now, zone.captured_at, quality.clone()),
            zone: name.clone(),
            freshness,
            density_people_per_m2: density.map(|d| d.value),
            density_lo_people_per_m2: density.map(|d| d.lo),
            density_hi_people_per_m2: density.map(|d| d.hi),
            density_p95_people_per_m2: zone.hot_spot.map(|h| h.p95_people_per_m2),
            hot_spot_people_per_m2: zone.hot_spot.map(|h| h.max_people_per_m2),
            hot_spot_in_ground_m: zone.hot_spot.map(|h| h.at_in_ground_m),
            people: zone.people.map(|p| p.value),
            people_lo: zone.people.map(|p| p.lo),
            people_hi: zone.people.map(|p| p.hi),
            area_m2: zone.area_m2,
            occupancy_ratio: zone.occupancy_ratio,
            time_to_capacity_secs: zone.secs_to_capacity,
            capacity_within_5_min_probability: zone.capacity_probability,
            level_of_service: density.and_then(|d| LevelOfService::of_walkway(d.value)),
            trend_people_per_m2_per_min: zone.trend_people_per_m2_per_sec.map(|t| 60.0 * t),
        };
        messages.push(Outgoing::message(topic, &message)?);
        if let Some(people) = zone.people {
            messages.push(Outgoing::number(Topic::ZonePeople(id.clone()), people.value)?);
        }

        let topic = Topic::ZoneFlow(id.clone());
        let message = ZoneFlow {
            envelope: self.envelope::<ZoneFlow>(&topic, now, zone.captured_at, quality.clone()),
            zone: name.clone(),
            freshness,
            velocity_m_per_s: zone.motion.map(|m| m.velocity_m_per_s),
            speed_m_per_s: zone.motion.map(|m| m.speed_m_per_s),
            flow_people_per_m_s: flow(zone),
            is_breaking_down: zone.is_breaking_down,
            filling_people_per_s: zone.filling.map(|f| f.people_per_s.value),
            filling_lo_people_per_s: zone.filling.map(|f| f.people_per_s.lo),
            filling_hi_people_per_s: zone.filling.map(|f| f.people_per_s.hi),
            line_drift_people_per_s: zone.filling.map(|f| f.line_drift_people_per_s.value),
            divergence_per_s: zone.deformation.map(|d| d.divergence_per_s),
            congestion_level_per_m: zone.deformation.and_then(|d| d.congestion_level_per_m),
            congestion_number: zone.deformation.and_then(|d| d.congestion_number),
            micro_motion_symmetry: zone.micro_motion.map(|m| m.symmetry),
            slow_share: zone.micro_motion.map(|m| m.slow_share),
        };
        messages.push(Outgoing::message(topic, &message)?);

        let topic = Topic::ZoneRisk(id.clone());
        let envelope = self.envelope::<ZoneRisk>(&topic, now, zone.captured_at, quality.clone());
        let risk = zone.risk.clone();
        let message = ZoneRisk {
            envelope,
            zone: name.clone(),
            freshness,
            score: risk.as_ref().map(|r| r.score),
            level: zone.risk_level,
            interval: risk.as_ref().map(|r| r.interval),
            contributions: risk.as_ref().map_or_else(Vec::new, |r| r.contributions.clone()),
            raw: risk.as_ref().map_or_else(Vec::new, |r| r.raw.clone()),
            missing_inputs: risk.as_ref().map_or_else(Vec::new, |r| r.missing_inputs.clone()),
            counterfactual: risk.and_then(|r| r.counterfactual),
        };
        messages.push(Outgoing::message(topic, &message)?);

        let topic = Topic::ZoneState(id.clone());
        let message = ZoneState {
            envelope: self.envelope::<ZoneState>(&topic, now, zone.captured_at, quality),
            zone: name,
            freshness,
            level: zone.level,
            last_level: zone.last_level.filter(|_| zone.level.is_none()),
            since: zone.since,
            incident: zone.incident.as_ref().map(|i| i.id.clone()),
        };
        messages.push(Outgoing::message(topic, &message)?);
        Ok(())
    }

    fn warning(
        &mut self,
        id: &Id,
        model: &Zone,
        zone: &ZoneReport,
        now: Timestamp,
        told: Told<'_>,
    ) -> anyhow::Result<Outgoing> {
        let (incident, transition, level, previous_level, escalate) = match told {
            Told::Change(change) => {
                (&change.incident, change.transition, change.to, change.from, change.escalate)
            }
            Told::Refresh(incident) => {
                (incident, WarningTransition::Refreshed, zone.level, zone.level, false)
            }
        };
        self.warned_at.insert(zone.zone.clone(), now);
        let topic = Topic::Warning(id.clone());
        let density = zone.density_people_per_m2;
        let kind =
            if transition == WarningTransition::Lost { wire::WarningKind::SensorLost } else { incident.kind };
        let message = wire::Warning {
            envelope: self.envelope::<wire::Warning>(&topic, now, zone.captured_at, quality(zone, now)),
            incident: incident.id.clone(),
            zone: zone.zone.clone(),
            level,
            previous_level,
            transition,
            escalate,
            kind,
            density_people_per_m2: Density {
                mean: density.map(|d| d.value),
                lo: density.map(|d| d.lo),
                hi: density.map(|d| d.hi),
                p95: zone.hot_spot.map(|h| h.p95_people_per_m2),
                max: zone.hot_spot.map(|h| h.max_people_per_m2),
            },
            people: zone.people.map(|p| p.value),
            occupancy_ratio: zone.occupancy_ratio,
            flow_people_per_m_s: flow(zone),
            risk: zone.risk.as_ref().map(|risk| RiskSummary {
                score: risk.score,
                factors: risk
                    .contributions
                    .iter()
                    .filter_map(|c| Some((c.factor, c.share?)))
                    .collect::<BTreeMap<_, _>>(),
            }),
            trend_per_min: zone.trend_people_per_m2_per_sec.map(|t| 60.0 * t),
            time_to_critical_secs: zone.secs_to_red,
            since: incident.since,
            expires_at: now + WARNING_VALID_SECS,
            expired: false,
            geometry: self.header.place.map(|place| Geometry::Polygon {
                coordinates: vec![place.ring_lon_lat_deg(model.outline.corners_m())],
            }),
            outline_in_ground_m: model.outline.corners_m().to_vec(),
            action: action(level),
            text: text(&model.name, level, zone, self.header.drill),
            ack: incident.ack.clone(),
        };
        Outgoing::warning(&message)
    }
}

fn by_id(zones: &[Zone]) -> anyhow::Result<HashMap<String, (Id, Zone)>> {
    zones.iter().map(|zone| Ok((zone.id.clone(), (Id::new(zone.id.as_str())?, zone.clone())))).collect()
}

/// What a warning message tells.
#[derive(Clone, Copy)]
enum Told<'a> {
    Change(&'a Change),
    Refresh(&'a Incident),
}

/// Specific flow: density times the length of the mean velocity, people a metre of width a second.
fn flow(zone: &ZoneReport) -> Option<f64> {
    Some(zone.motion?.specific_flow_people_per_m_per_s(zone.density_people_per_m2?.value))
}

fn quality(zone: &ZoneReport, now: Timestamp) -> Quality {
    Quality {
        coverage: zone.coverage,
        stale_secs: zone.captured_at.map(|at| now.secs_since(at).max(0.0)),
        calibrated: zone.is_calibrated,
        notes: zone.notes.clone(),
    }
}

/// What to do at a level (Helbing and Mukerji 2012, table 6); without a level somebody must look.
fn action(level: Option<Level>) -> WarningAction {
    match level {
        None => WarningAction::VerifyByEye,
        Some(Level::Normal) => WarningAction::None,
        Some(Level::Blue) => WarningAction::Monitor,
        Some(Level::Yellow) => WarningAction::Prepare,
        Some(Level::Orange) => WarningAction::LimitInflow,
        Some(Level::Red) => WarningAction::RelievePressure,
    }
}

/// The warning in words.
fn text(name: &str, level: Option<Level>, zone: &ZoneReport, drill: bool) -> Text {
    let (level_zh, level_en, todo_zh, todo_en) = match level {
        None => ("未知", "UNKNOWN", "数据中断，请立即人工查看。", "No data: look with your own eyes."),
        Some(Level::Normal) => ("正常", "normal", "预警解除。", "The warning is over."),
        Some(Level::Blue) => ("蓝色", "BLUE", "加强观察。", "Watch more closely."),
        Some(Level::Yellow) => ("黄色", "YELLOW", "准备人员和疏导路线。", "Get staff and routes ready."),
        Some(Level::Orange) => (
            "橙色",
            "ORANGE",
            "限制进入，告知并引导人群分流。",
            "Limit the inflow, inform and redirect people.",
        ),
        Some(Level::Red) => (
            "红色",
            "RED",
            "停止进入，打开出口，缓解挤压；由现场指挥决定。",
            "Stop the inflow, open exits, relieve the pressure. A human decides.",
        ),
    };
    let figures = match (zone.density_people_per_m2, zone.people) {
        (Some(density), Some(people)) if zone.freshness <= Freshness::Degraded => (
            format!("每平方米{:.1}人，约{:.0}人。", density.value, people.value),
            format!("{:.1} people/m2, about {:.0} people. ", density.value, people.value),
        ),
        _ => (String::new(), String::new()),
    };
    let (drill_zh, drill_en) = if drill { ("【演练】", "DRILL: ") } else { ("", "") };
    Text {
        zh: format!("{drill_zh}{name}：{level_zh}。{}{todo_zh}", figures.0),
        en: format!("{drill_en}{name}: {level_en}. {}{todo_en}", figures.1),
    }
}

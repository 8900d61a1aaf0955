//! All that is measured of an experiment, frame by frame.

use super::{
    Present, Trajectories,
    area::Area,
    crossing::{self, Crossing, Flow},
    density, speed,
    voronoi::{self, CutOff},
};

/// Where is measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Geometry {
    /// Where people can be.
    pub walkable: Area,
    /// Where densities and mean speeds are taken.
    pub measured: Area,
    /// Where crossings are counted: two points in metres; none for no flow.
    pub line_m: Option<[[f64; 2]; 2]>,
}

/// How is measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Method {
    /// Frames to either side that a speed is taken over.
    pub speed_step: usize,
    /// How far a person's cell may reach; none for as far as the walkable area does.
    pub cut_off: Option<CutOff>,
}

/// What was measured in a frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FrameMeasures {
    /// The frame.
    pub frame: i64,
    /// People in it, wherever they are.
    pub people: usize,
    /// Of them outside the walkable area, who have no cell.
    pub people_outside: usize,
    /// People/m2.
    pub classic_density: f64,
    /// People/m2.
    pub voronoi_density: f64,
    /// Metres a second; `None` with nobody in the measured area.
    pub mean_speed: Option<f64>,
    /// Metres a second.
    pub voronoi_speed: f64,
}

/// An experiment, measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Measures {
    /// Each frame with people, in order.
    pub frames: Vec<FrameMeasures>,
    /// Speed of each person in each frame that has one, metres a second.
    pub individual_speeds: Vec<f64>,
    /// Crossings of the line.
    pub crossings: Vec<Crossing>,
    /// The flow over it; `None` without a line.
    pub flow: Option<Flow>,
}

/// Measures an experiment.
pub fn measure(trajectories: &Trajectories, geometry: &Geometry, method: Method) -> Measures {
    let speeds: Vec<Vec<Option<f64>>> = trajectories
        .tracks()
        .iter()
        .map(|track| {
            let velocities = speed::velocities_m_per_s(track, trajectories.fps, method.speed_step);
            velocities.into_iter().map(|velocity| velocity.map(|[x, y]| x.hypot(y))).collect()
        })
        .collect();
    let frame_measures = |(frame, present): (i64, Vec<Present>)| {
        let speeds: Vec<Option<f64>> = present
            .iter()
            .map(|person| {
                let first_frame = trajectories.tracks()[person.track].first_frame;
                speeds[person.track][(frame - first_frame) as usize]
            })
            .collect();
        let cells = voronoi::cells(&present, &geometry.walkable, method.cut_off);
        let overlaps = density::overlaps(&cells, &geometry.measured);
        let measured_m2 = geometry.measured.area_m2();
        FrameMeasures {
            frame,
            people: present.len(),
            people_outside: cells.iter().filter(|cell| cell.is_none()).count(),
            classic_density: density::classic_people_per_m2(&present, &geometry.measured),
            voronoi_density: density::voronoi_people_per_m2(&overlaps, measured_m2),
            mean_speed: density::mean_speed_m_per_s(&present, &speeds, &geometry.measured),
            voronoi_speed: density::voronoi_speed_m_per_s(&overlaps, &speeds, measured_m2),
        }
    };
    let frames = trajectories.frames().into_iter().map(frame_measures).collect();
    let crossings = geometry.line_m.map_or_else(Vec::new, |line| crossing::crossings(trajectories, line));
    let flow = geometry.line_m.map(|_| crossing::flow(&crossings, trajectories.fps));
    Measures { frames, individual_speeds: speeds.into_iter().flatten().flatten().collect(), crossings, flow }
}

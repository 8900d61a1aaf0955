//! Crowd pressure: how strongly the velocity of a dense crowd fluctuates.

use std::{borrow::Cow, fmt};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    danger::velocity_window::VelocityWindow,
    flow_field::{FlowField, RADIUS_M},
    time::Timestamp,
};

/// Share of the gated area whose pressure lies below the one reported (analytics specification 2.4).
const PERCENTILE: f64 = 0.9;

/// Which variance of velocity makes the pressure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Variance {
    /// Of the smoothed field at one place, over time.
    Temporal,
}

/// How a crowd pressure was measured. The same scene gives numbers that differ by a factor of 43 under different
/// definitions (analytics specification, decision 3), so this travels with the number.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PressureDefinition {
    /// Kind of variance.
    pub variance: Variance,
    /// Radius R of the kernel `exp(-d^2/R^2)` of density and velocity, metres.
    pub kernel_radius_m: f64,
    /// Window of the variance, seconds.
    pub window_secs: f64,
    /// Velocities are means over slots this long, seconds; a picture each where pictures are rarer.
    pub slot_secs: f64,
    /// Time constant of the high-pass on velocity, seconds; none without one.
    pub high_pass_tau_secs: Option<f64>,
    /// Density that a cell must have throughout the window, people/m2; none without a gate.
    pub gate_people_per_m2: Option<f64>,
    /// Whether the variance that errors of measurement make is subtracted.
    pub is_noise_subtracted: bool,
}

impl PressureDefinition {
    /// With all corrections of analytics specification 2.4 (our proposal): gate at 3.5 people/m2, noise subtracted,
    /// high-pass of 8 s, over 20 s.
    pub const CORRECTED: Self = Self {
        variance: Variance::Temporal,
        kernel_radius_m: RADIUS_M,
        window_secs: 20.0,
        slot_secs: 0.4,
        high_pass_tau_secs: Some(8.0),
        gate_people_per_m2: Some(3.5),
        is_noise_subtracted: true,
    };

    /// [`CORRECTED`](Self::CORRECTED) in words, as it travels with every number.
    pub const CORRECTED_IN_WORDS: &'static str = "rho Var_t(V) over 20 s in slots of 0.4 s, kernel exp(-d2/R2) with R = 1 m, high-pass 8 s, from 3.5 people/m2, noise \
         subtracted";

    /// The definition in words.
    pub fn in_words(&self) -> Cow<'static, str> {
        if *self == Self::CORRECTED { Self::CORRECTED_IN_WORDS.into() } else { self.to_string().into() }
    }

    /// Without any: `rho Var_t(V)` as in Helbing, Johansson and Al-Abideen 2007. A baseline only: with the noise of
    /// video it passes their 0.02 /s2 in free flow (analytics specification, decision 2).
    pub const PLAIN: Self = Self {
        high_pass_tau_secs: None,
        gate_people_per_m2: None,
        is_noise_subtracted: false,
        ..Self::CORRECTED
    };
}

impl fmt::Display for PressureDefinition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rho Var_t(V) over {} s in slots of {} s, ", self.window_secs, self.slot_secs)?;
        write!(f, "kernel exp(-d2/R2) with R = {} m", self.kernel_radius_m)?;
        if let Some(tau_secs) = self.high_pass_tau_secs {
            write!(f, ", high-pass {tau_secs} s")?;
        }
        if let Some(gate) = self.gate_people_per_m2 {
            write!(f, ", from {gate} people/m2")?;
        }
        if self.is_noise_subtracted {
            f.write_str(", noise subtracted")?;
        }
        Ok(())
    }
}

/// Crowd pressure of a zone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pressure {
    /// 90th percentile over the area that counts, 1/s2; at least 0.
    pub p90_per_s2: f64,
    /// Mean over the same area, 1/s2; at least 0.
    pub mean_per_s2: f64,
    /// The area that counts: known throughout the window and past the gate, m2.
    pub gated_m2: f64,
    /// How it was measured.
    pub definition: PressureDefinition,
}

/// Measures the crowd pressure `P = rho Var_t(V)` of a zone, cell by cell, over a sliding window.
///
/// Never warns alone: a harmless closure reaches as high values as a crush, and a static lethal one none at all
/// (analytics specification 2.4 and decision 1, measured on our own simulation).
#[derive(Clone, Debug)]
pub struct PressureMeter {
    definition: PressureDefinition,
    cells: Vec<(usize, f64)>,
    cell_m2: f64,
    window: VelocityWindow,
    /// Pressure and area of the cells that count.
    sorted: Vec<(f64, f64)>,
    reading: Option<Pressure>,
}

impl PressureMeter {
    /// With [`PressureDefinition::CORRECTED`], for a zone's cells of `cell_m2` each.
    pub fn corrected(cells: &[(usize, f64)], cell_m2: f64) -> Self {
        Self::new(cells, cell_m2, PressureDefinition::CORRECTED)
    }

    /// With [`PressureDefinition::PLAIN`].
    pub fn plain(cells: &[(usize, f64)], cell_m2: f64) -> Self {
        Self::new(cells, cell_m2, PressureDefinition::PLAIN)
    }

    fn new(cells: &[(usize, f64)], cell_m2: f64, definition: PressureDefinition) -> Self {
        Self {
            definition,
            cells: cells.to_vec(),
            cell_m2,
            window: VelocityWindow::new(cells.len(), definition),
            sorted: Vec::with_capacity(cells.len()),
            reading: None,
        }
    }

    /// Takes in the field of a picture. A clock that jumps back, or no picture for 2 s, begins anew.
    pub fn observe(&mut self, at: Timestamp, field: &FlowField) {
        if self.window.observe(at, field, &self.cells) {
            self.reading = self.read();
        } else if self.window.is_empty() {
            self.reading = None;
        }
    }

    /// The pressure up to the last whole slot; `None` until the window is full, and where no cell counts.
    pub fn reading(&self) -> Option<Pressure> {
        self.reading
    }

    fn read(&mut self) -> Option<Pressure> {
        self.sorted.clear();
        let (mut sum, mut gated_m2) = (0.0, 0.0);
        for (cell, (_, share)) in self.cells.iter().enumerate() {
            let Some((density, variance)) = self.window.moments(cell) else { continue };
            let area_m2 = share * self.cell_m2;
            // Errors that noise makes in either direction cancel in the mean, so only the mean as a whole is clipped.
            sum += density * variance * area_m2;
            gated_m2 += area_m2;
            self.sorted.push(((density * variance).max(0.0), area_m2));
        }
        if gated_m2 <= 0.0 {
            return None;
        }
        self.sorted.sort_unstable_by(|(a, _), (b, _)| a.total_cmp(b));
        let mut below_m2 = 0.0;
        let at_percentile = self.sorted.iter().find(|(_, area_m2)| {
            below_m2 += area_m2;
            below_m2 >= PERCENTILE * gated_m2
        });
        let (p90_per_s2, _) = at_percentile.or(self.sorted.last())?;
        Some(Pressure {
            p90_per_s2: *p90_per_s2,
            mean_per_s2: (sum / gated_m2).max(0.0),
            gated_m2,
            definition: self.definition,
        })
    }
}

#[cfg(test)]
mod tests;

//! The text format of the Jülich archive of pedestrian dynamics, <https://ped.fz-juelich.de/da>: one position a line,
//! `id frame x y [z]`, and comment lines (`#`) that may state frame rate and unit.

use thiserror::Error;

use super::{InvalidTrajectories, Trajectories};

/// The unit of positions in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Metres.
    Metre,
    /// Centimetres.
    Centimetre,
}

impl Unit {
    /// `m` or `cm`.
    pub fn from_symbol(symbol: &str) -> Option<Self> {
        match symbol {
            "m" => Some(Self::Metre),
            "cm" => Some(Self::Centimetre),
            _ => None,
        }
    }

    fn in_m(self) -> f64 {
        match self {
            Self::Metre => 1.0,
            Self::Centimetre => 0.01,
        }
    }
}

/// Why a text is no trajectory file.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum ArchiveError {
    /// A line that is no position.
    #[error("line {line}: expected `id frame x y [z]`, found {found:?}")]
    Line {
        /// Its number, from 1.
        line: usize,
        /// What it holds.
        found: String,
    },
    /// The header does not say, and nobody else did.
    #[error("the file does not state its frame rate (`# framerate: 25 fps`); give it")]
    NoFrameRate,
    /// The header does not say, and nobody else did.
    #[error("the file does not state its unit (`# id frame x/m y/m z/m`); give it")]
    NoUnit,
    /// The positions are no trajectories.
    #[error(transparent)]
    Invalid(#[from] InvalidTrajectories),
}

/// Reads a file's text. `fps` and `unit`, where given, are stronger than its header.
///
/// # Errors
/// [`ArchiveError`] names the line, or what must be given.
pub fn parse(text: &str, fps: Option<f64>, unit: Option<Unit>) -> Result<Trajectories, ArchiveError> {
    let (mut stated_fps, mut stated_unit) = (fps, unit);
    let mut rows = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if let Some(comment) = line.trim_start().strip_prefix('#') {
            stated_fps = stated_fps.or_else(|| frame_rate(comment));
            stated_unit = stated_unit.or_else(|| unit_of(comment));
        } else if !line.trim().is_empty() {
            let row = row(line).ok_or_else(|| ArchiveError::Line {
                line: number + 1,
                found: line.chars().take(80).collect(),
            })?;
            rows.push(row);
        }
    }
    let fps = stated_fps.ok_or(ArchiveError::NoFrameRate)?;
    let in_m = stated_unit.ok_or(ArchiveError::NoUnit)?.in_m();
    for (_, _, position) in &mut rows {
        *position = position.map(|value| value * in_m);
    }
    Ok(Trajectories::from_rows(fps, rows)?)
}

fn row(line: &str) -> Option<(u64, i64, [f64; 2])> {
    let mut words = line.split_ascii_whitespace();
    // Some tools write ids and frames as decimals.
    let mut whole = || {
        let word = words.next()?;
        word.parse().ok().or_else(|| word.parse().ok().filter(|v: &f64| v.fract() == 0.0).map(|v| v as i64))
    };
    let (id, frame) = (u64::try_from(whole()?).ok()?, whole()?);
    Some((id, frame, [words.next()?.parse().ok()?, words.next()?.parse().ok()?]))
}

/// `framerate: 25 fps`, also `framerate: 25.00`.
fn frame_rate(comment: &str) -> Option<f64> {
    let (_, rest) = comment.split_once("framerate:")?;
    rest.split_ascii_whitespace().next()?.parse().ok()
}

/// `id frame x/m y/m z/m`, also `x [in cm]`.
fn unit_of(comment: &str) -> Option<Unit> {
    let (_, rest) = comment.split_once("x/").or_else(|| comment.split_once("x [in "))?;
    Unit::from_symbol(rest.split(|c: char| !c.is_ascii_alphabetic()).next()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_states_rate_and_unit() {
        let text = "# framerate: 25 fps\n# id frame x/cm y/cm z/cm\n1\t0\t215.69 265.9 176\n1 1 216 266\n\n";
        let read = parse(text, None, None).unwrap();
        assert!((read.fps - 25.0).abs() < 1e-12 && read.tracks()[0].positions_m.len() == 2);
        assert!((read.tracks()[0].positions_m[0][0] - 2.1569).abs() < 1e-12);
    }

    #[test]
    fn what_is_given_is_stronger_than_the_header() {
        let read = parse("# framerate: 25\n1 0 2 3\n", Some(16.0), Some(Unit::Centimetre)).unwrap();
        assert!((read.fps - 16.0).abs() < 1e-12 && (read.tracks()[0].positions_m[0][1] - 0.03).abs() < 1e-12);
    }

    #[test]
    fn what_is_missing_or_wrong_is_said() {
        assert_eq!(parse("1 0 2 3\n", None, Some(Unit::Metre)), Err(ArchiveError::NoFrameRate));
        assert_eq!(parse("1 0 2 3\n", Some(16.0), None), Err(ArchiveError::NoUnit));
        let wrong = parse("1 0 2 3\n1 x 2 3\n", Some(1.0), Some(Unit::Metre)).unwrap_err();
        assert_eq!(wrong.to_string(), "line 2: expected `id frame x y [z]`, found \"1 x 2 3\"");
    }
}

//! DJI's `.SRT` files: subtitles beside a film that say, picture by picture, where the drone is.
//!
//! Each firmware writes them its own way. Three dialects are read: `[latitude: 31.2] [gb_yaw: 90.0 gb_pitch: -60.0 ..]` in
//! brackets (Mavic 2 and later, with `longtitude` misspelt in some), `GPS (121.5, 31.2, 19), .. H 30.00m` (Phantom 4, Mini),
//! and `GPS(121.5,31.2,19) BAROMETER:30.0` (Mavic Pro, Phantom 3). Only the first has the gimbal's angles in some models;
//! without them nobody knows what the picture shows.

use throng_analytics::camera::Orientation;

use super::recorded::{BadRecord, RecordedFlight};
use super::sample::{Heights, PoseSample};

/// Diagonal of the 35 mm film that stated focal lengths refer to, millimetres, and the width of a 16:9 picture in it.
const FILM_DIAGONAL_MM: f64 = 43.27;
const WIDTH_OF_DIAGONAL: f64 = 16.0 / 18.357_559_750_685_82;

/// From this number on a focal length is in tenths of a millimetre: no camera drone's wide lens has 200 mm.
const TENTHS_FROM: f64 = 200.0;

/// Reads a whole file.
///
/// # Errors
/// [`BadRecord`]: it is another kind of file, or its model does not record what a pose needs.
pub fn read(text: &str) -> Result<RecordedFlight, BadRecord> {
    let text = text.replace('\r', "");
    let (mut samples, mut unreadable) = (Vec::new(), 0);
    for entry in text.split("\n\n").filter(|entry| !entry.trim().is_empty()) {
        match entry_of(entry) {
            Some(sample) => samples.push(sample),
            None => unreadable += 1,
        }
    }
    RecordedFlight::of(samples, unreadable).checked("subtitle of a DJI drone")
}

/// When an entry begins and what it says; `None` for other subtitles.
fn entry_of(entry: &str) -> Option<(f64, PoseSample)> {
    let (times, said) = entry.split_once(" --> ")?;
    let at_secs = time_of(times.lines().last()?)?;
    let said = said.split_once('\n')?.1;
    let sample = if said.contains('[') { bracketed(said) } else { spoken(said) };
    let is_known = sample.latitude_longitude_deg.is_some() || sample.orientation.is_some();
    is_known.then_some((at_secs, sample))
}

/// `00:01:02,345` in seconds.
fn time_of(text: &str) -> Option<f64> {
    let mut secs = 0.0;
    for part in text.trim().replace(',', ".").split(':') {
        secs = 60.0 * secs + part.parse::<f64>().ok().filter(|part| part.is_finite() && *part >= 0.0)?;
    }
    Some(secs)
}

/// Names and numbers in brackets, several in one bracket or one in each.
fn bracketed(said: &str) -> PoseSample {
    let number = |names: &[&str]| names.iter().find_map(|name| number_after(said, name));
    let latitude = number(&["latitude"]);
    let longitude = number(&["longitude", "longtitude"]);
    let angles = [number(&["gb_yaw"]), number(&["gb_pitch"]), number(&["gb_roll"])];
    let orientation = match angles {
        [Some(yaw), Some(pitch), roll] => Orientation::of_angles([yaw, pitch, roll.unwrap_or(0.0)]),
        _ => None,
    };
    PoseSample {
        latitude_longitude_deg: place(latitude, longitude),
        heights: Heights {
            above_sea_m: number(&["abs_alt"]),
            above_take_off_m: number(&["rel_alt", "altitude"]),
            ..Heights::default()
        },
        orientation,
        horizontal_fov_deg: number(&["focal_len"]).and_then(fov_deg_of),
        zoom: number(&["dzoom_ratio"]).filter(|zoom| *zoom >= 1.0),
        ..PoseSample::default()
    }
}

/// The dialects without brackets: `GPS` with longitude first, and a height after `BAROMETER` or `H`.
fn spoken(said: &str) -> PoseSample {
    let place = said.split_once("GPS").and_then(|(_, after)| {
        let inside = after.trim_start().strip_prefix('(')?.split(')').next()?;
        let mut numbers = inside.split(',').map(|number| number.trim().parse::<f64>().ok());
        let (longitude, latitude) = (numbers.next()?, numbers.next()?);
        place(latitude, longitude)
    });
    let height = number_after(said, "BAROMETER").or_else(|| number_after(said, " H"));
    let heights = Heights { above_take_off_m: height, ..Heights::default() };
    PoseSample { latitude_longitude_deg: place, heights, ..PoseSample::default() }
}

/// The number after a name that stands for itself, with a colon and spaces between them or without.
fn number_after(said: &str, name: &str) -> Option<f64> {
    said.match_indices(name).find_map(|(at, _)| {
        let begins_word = name.starts_with(' ')
            || !said[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_');
        let after = &said[at + name.len()..];
        let number = after.trim_start().trim_start_matches(':').trim_start();
        let is_apart = !after.starts_with(|next: char| next.is_alphanumeric() || next == '_' || next == '.');
        let end = number.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+')));
        let digits = &number[..end.unwrap_or(number.len())];
        digits.parse().ok().filter(|number: &f64| begins_word && is_apart && number.is_finite())
    })
}

/// A place on earth; DJI writes zeros where satellites are not seen.
fn place(latitude: Option<f64>, longitude: Option<f64>) -> Option<[f64; 2]> {
    let (latitude, longitude) = (latitude?, longitude?);
    let is_place = latitude.abs() <= 90.0 && longitude.abs() <= 180.0 && (latitude, longitude) != (0.0, 0.0);
    is_place.then_some([latitude, longitude])
}

/// Width of a 16:9 view from the focal length that would give it on 35 mm film, by the diagonal.
fn fov_deg_of(focal_mm: f64) -> Option<f64> {
    let focal_mm = if focal_mm >= TENTHS_FROM { focal_mm / 10.0 } else { focal_mm };
    (focal_mm >= 5.0)
        .then(|| 2.0 * (FILM_DIAGONAL_MM * WIDTH_OF_DIAGONAL / (2.0 * focal_mm)).atan().to_degrees())
}

#[cfg(test)]
mod tests;

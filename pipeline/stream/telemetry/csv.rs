//! A recorded flight as a table, for drones whose own format is not read here.
//!
//! The first line names the columns, in any order; others are passed over, and an empty cell is "not known":
//!
//! | column | holds |
//! |---|---|
//! | `time_secs` | seconds since the film's first picture |
//! | `latitude_deg`, `longitude_deg` | of the camera, WGS 84 |
//! | `heading_deg` | of the camera, clockwise from north |
//! | `elevation_deg` | of the camera, -90 looks straight down |
//! | `roll_deg` | of the camera, clockwise; 0 where there is no such column |
//! | `altitude_above_sea_m`, `height_above_ellipsoid_m`, `height_above_take_off_m`, `height_above_ground_m` | one or more |
//! | `horizontal_fov_deg` | width of the view; else from the site file |

use throng_analytics::camera::Orientation;

use super::recorded::{BadRecord, RecordedFlight};
use super::sample::{Heights, PoseSample};

/// Reads a whole table.
///
/// # Errors
/// [`BadRecord`]: a column that a pose cannot do without is missing, or no line can be read.
pub fn read(text: &str) -> Result<RecordedFlight, BadRecord> {
    let mut lines = text.trim_start_matches('\u{feff}').lines().filter(|line| !line.trim().is_empty());
    let separator = |line: &str| if line.contains(';') { ';' } else { ',' };
    let header = lines.next().unwrap_or_default();
    let separator = separator(header);
    let names: Vec<&str> = header.split(separator).map(|name| name.trim().trim_matches('"')).collect();
    for column in ["time_secs", "latitude_deg", "longitude_deg", "heading_deg", "elevation_deg"] {
        if !names.contains(&column) {
            return Err(BadRecord::Column { column });
        }
    }
    let (mut samples, mut unreadable) = (Vec::new(), 0);
    for line in lines {
        let cells: Vec<&str> = line.split(separator).map(|cell| cell.trim().trim_matches('"')).collect();
        match sample_of(&names, &cells) {
            Some(sample) => samples.push(sample),
            None => unreadable += 1,
        }
    }
    RecordedFlight::of(samples, unreadable).checked("line with a time")
}

fn sample_of(names: &[&str], cells: &[&str]) -> Option<(f64, PoseSample)> {
    let number = |column: &str| {
        let cell = cells.get(names.iter().position(|name| *name == column)?)?;
        cell.parse().ok().filter(|number: &f64| number.is_finite())
    };
    let within = |column, reach: f64| number(column).filter(|degrees| degrees.abs() <= reach);
    let sample = PoseSample {
        latitude_longitude_deg: within("latitude_deg", 90.0)
            .zip(within("longitude_deg", 180.0))
            .map(|(latitude, longitude)| [latitude, longitude]),
        heights: Heights {
            above_sea_m: number("altitude_above_sea_m"),
            above_ellipsoid_m: number("height_above_ellipsoid_m"),
            above_take_off_m: number("height_above_take_off_m"),
            above_ground_m: number("height_above_ground_m"),
        },
        orientation: number("heading_deg").zip(number("elevation_deg")).and_then(|(heading, elevation)| {
            Orientation::of_angles([heading, elevation, number("roll_deg").unwrap_or(0.0)])
        }),
        horizontal_fov_deg: number("horizontal_fov_deg").filter(|degrees| (0.0..180.0).contains(degrees)),
        ..PoseSample::default()
    };
    Some((number("time_secs")?, sample))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_in_any_order_and_empty_cells_are_not_known() {
        let text = "\u{feff}elevation_deg;time_secs;latitude_deg;longitude_deg;heading_deg;height_above_take_off_m;note\n\
                    -60;1.5;31.2;121.5;90;30.5;x\n\
                    -60;0.5;31.2;121.5;;;\n\
                    no time;;;;;;\n";
        let flight = read(text).unwrap();
        assert_eq!((flight.samples.len(), flight.unreadable), (2, 1));
        let (at_secs, first) = flight.samples[0];
        assert!((at_secs - 0.5).abs() < 1e-12);
        assert_eq!((first.orientation, first.heights.above_take_off_m), (None, None));
        let [heading, elevation, roll] = flight.samples[1].1.orientation.unwrap().angles_deg();
        assert!((heading - 90.0).abs() < 1e-6 && (elevation + 60.0).abs() < 1e-6 && roll.abs() < 1e-6);
    }

    #[test]
    fn a_table_that_is_of_no_use_says_why() {
        assert_eq!(read("time_secs,lat\n1,2\n"), Err(BadRecord::Column { column: "latitude_deg" }));
        let header = "time_secs,latitude_deg,longitude_deg,heading_deg,elevation_deg\n";
        assert!(read(header).unwrap_err().to_string().contains("no line with a time"));
        let blind = format!("{header}1,31,121,,\n");
        assert!(read(&blind).unwrap_err().to_string().contains("where the camera looks"));
    }
}

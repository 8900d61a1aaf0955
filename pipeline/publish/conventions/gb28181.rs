//! GB/T 28181: what a device tells a video platform: that it lives, and a warning as its alarm.
//!
//! Bodies name GB2312, as the standard has it, and hold only ASCII: Chinese is written as character references, which
//! every XML reader understands whatever it takes the encoding to be.

use throng_analytics::{
    level::Level,
    time::Timestamp,
    wire::{Geometry, Warning, WarningKind},
};

use super::{lat_lon, xml::escaped};

/// The media type of bodies.
pub const MEDIA_TYPE: &str = "Application/MANSCDP+xml";
/// Kinds of video alarms (method 5) by the standard's Annex A: 10 is 密度检测报警, density, and 11 视频异常检测报警, pictures that
/// are not as they should be. The standard's own text was not at hand; so platforms read them: `DeviceAlarmNotify` of
/// WVP-GB28181-pro, and `WarningsData` in Tencent Cloud's client for its video platform (`iotvideoindustry` 2020-12-01).
const DENSITY: u8 = 10;
const ABNORMAL_PICTURE: u8 = 11;

/// The alarm of a warning. Priority 1 is the most serious; method 5 is a video alarm.
pub fn alarm(warning: &Warning, device: &str, number: u32, zone_offset_hours: i32) -> String {
    let priority = match warning.level {
        Some(Level::Red) => 1,
        Some(Level::Orange) | None => 2,
        Some(Level::Yellow) => 3,
        Some(Level::Blue | Level::Normal) => 4,
    };
    let place = match &warning.geometry {
        Some(Geometry::Polygon { coordinates }) => {
            coordinates.first().and_then(|ring| ring.first()).map(|place| {
                let [latitude, longitude] = lat_lon(*place);
                format!("<Longitude>{longitude:.7}</Longitude>\r\n<Latitude>{latitude:.7}</Latitude>\r\n")
            })
        }
        None => None,
    };
    let kind = if warning.kind == WarningKind::SensorLost { ABNORMAL_PICTURE } else { DENSITY };
    notify(
        "Alarm",
        device,
        number,
        &format!(
            "<AlarmPriority>{priority}</AlarmPriority>\r\n<AlarmMethod>5</AlarmMethod>\r\n<AlarmTime>{}</AlarmTime>\r\n\
             <AlarmDescription>{}</AlarmDescription>\r\n{}<Info>\r\n<AlarmType>{kind}</AlarmType>\r\n</Info>\r\n",
            local_time(warning.envelope.published_at, zone_offset_hours),
            ascii(&warning.text.zh),
            place.unwrap_or_default()
        ),
    )
}

/// The keep-alive.
pub fn keepalive(device: &str, number: u32) -> String {
    notify("Keepalive", device, number, "<Status>OK</Status>\r\n")
}

fn notify(kind: &str, device: &str, number: u32, content: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"GB2312\"?>\r\n<Notify>\r\n<CmdType>{kind}</CmdType>\r\n<SN>{number}</SN>\r\n\
         <DeviceID>{}</DeviceID>\r\n{content}</Notify>\r\n",
        escaped(device)
    )
}

/// `2026-11-25T20:00:00`, local: the standard has no offset.
fn local_time(at: Timestamp, zone_offset_hours: i32) -> String {
    (at + 3600.0 * f64::from(zone_offset_hours)).to_string().get(..19).unwrap_or_default().to_owned()
}

/// Escaped, with everything beyond ASCII as a character reference.
fn ascii(text: &str) -> String {
    escaped(text)
        .chars()
        .map(|c| if c.is_ascii() { c.to_string() } else { format!("&#x{:X};", u32::from(c)) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::conventions::testing::warning;

    #[test]
    fn an_alarm_is_ascii_and_reads_as_chinese() {
        let body = alarm(&warning(), "34020000001320000001", 7, 8);
        assert!(body.is_ascii(), "{body}");
        let document = roxmltree::Document::parse(&body).unwrap();
        let text = |name: &str| {
            document.descendants().find(|n| n.has_tag_name(name)).and_then(|n| n.text()).unwrap()
        };
        assert_eq!(text("AlarmDescription"), "北门：橙色。");
        assert_eq!(
            (text("AlarmPriority"), text("AlarmMethod"), text("AlarmTime")),
            ("2", "5", "2026-11-25T20:00:00")
        );
        assert_eq!((text("Longitude"), text("Latitude")), ("121.5000000", "31.2000000"));
        assert_eq!(text("AlarmType"), "10");
        assert!(keepalive("1", 1).contains("<CmdType>Keepalive</CmdType>"));
    }
}

//! The console of the benchmark, fed from its standard input.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, Cursor},
    sync::{Arc, Mutex},
};

use image::{ExtendedColorType, ImageEncoder as _, RgbImage, codecs::jpeg::JpegEncoder};
use serde::de::DeserializeOwned;
use throng_analytics::time::Timestamp;
use throng_console::{
    Alive, CameraDescription, Clock, Console, Options, Overlay, Picture, Pictures, Ports, RoomEvent,
    SiteDescription, ZoneDescription,
};

use super::{
    bus::{camera_id, zone_id},
    nowhere::Nowhere,
};

/// Pictures counted a second.
const HZ: f64 = 5.0;
const SIZE_PX: [u32; 2] = [640, 360];

/// Serves until standard input ends; `setup` is how many zones and cameras there are.
pub(crate) fn serve(setup: &str) {
    let (zones, cameras) = setup.split_once(' ').unwrap();
    let (zones, cameras): (usize, usize) = (zones.parse().unwrap(), cameras.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        demo_account: true,
        ..Options::new("127.0.0.1:0".parse().unwrap(), folder.path().to_owned())
    };
    let ports = Ports {
        commands: Arc::new(Nowhere),
        pictures: Arc::new(Cameras::default()),
        desk: Arc::new(Nowhere),
        drills: None,
        evidence: None,
        ground: None,
    };
    let console = Console::start(options, ports, None).unwrap();
    console.hear(RoomEvent::Site(Box::new(site(zones, cameras))));
    let alive = |what| RoomEvent::Alive { site: "site".to_owned(), what };
    console.hear(alive(Alive::Node("bench".to_owned())));
    (0..cameras).for_each(|number| console.hear(alive(Alive::Camera(camera_id(number)))));
    println!("{}", console.url());
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let (kind, message) = line.split_once('\t').unwrap();
        console.hear(match kind {
            "density" => RoomEvent::ZoneDensity(Box::new(read(message))),
            "flow" => RoomEvent::ZoneFlow(Box::new(read(message))),
            "risk" => RoomEvent::ZoneRisk(Box::new(read(message))),
            "state" => RoomEvent::ZoneState(Box::new(read(message))),
            "count" => RoomEvent::Count(Box::new(read(message))),
            _ => RoomEvent::CameraState(Box::new(read(message))),
        });
    }
}

fn read<M: DeserializeOwned>(message: &str) -> M {
    serde_json::from_str(message).unwrap()
}

fn site(zones: usize, cameras: usize) -> SiteDescription {
    let zone = |number: usize| ZoneDescription { id: zone_id(number), ..ZoneDescription::default() };
    let camera = |number: usize| CameraDescription { id: camera_id(number), ..CameraDescription::default() };
    SiteDescription {
        id: "site".to_owned(),
        name: "site".to_owned(),
        time_zone: "UTC".to_owned(),
        zones: (0..zones).map(zone).collect(),
        cameras: (0..cameras).map(camera).collect(),
        ..SiteDescription::default()
    }
}

/// Cameras whose pictures are encoded where somebody looks, once each.
#[derive(Default)]
struct Cameras {
    newest: Mutex<BTreeMap<(String, Overlay), Picture>>,
}

impl Pictures for Cameras {
    fn latest(&self, _: &str, camera: &str, overlay: Overlay) -> Option<Picture> {
        let now_secs = Clock::system().now().unix_nanos() as f64 * 1e-9;
        let captured_at = Timestamp::from_unix_nanos(((now_secs * HZ).floor() / HZ * 1e9) as i64);
        let key = (camera.to_owned(), overlay);
        let mut newest = self.newest.lock().unwrap();
        if let Some(picture) = newest.get(&key).filter(|picture| picture.captured_at == captured_at) {
            return Some(picture.clone());
        }
        let picture = Picture { jpeg: draw(captured_at)?.into(), captured_at };
        newest.insert(key, picture.clone());
        Some(picture)
    }
}

/// A picture with as much detail as one of a street has.
fn draw(at: Timestamp) -> Option<Vec<u8>> {
    let moved = (at.unix_nanos() / 200_000_000) as u32;
    let [width, height] = SIZE_PX;
    let picture = RgbImage::from_fn(width, height, |x, y| {
        let grain = (x.wrapping_mul(2_654_435_761) ^ (y + moved).wrapping_mul(40_503)) >> 27;
        let shade = (((x + moved) / 24 + y / 16) % 5 * 40 + grain) as u8;
        [shade, shade.wrapping_add(8), shade / 2].into()
    });
    let mut jpeg = Cursor::new(Vec::new());
    let encoder = JpegEncoder::new_with_quality(&mut jpeg, 80);
    encoder.write_image(picture.as_raw(), width, height, ExtendedColorType::Rgb8).ok()?;
    Some(jpeg.into_inner())
}

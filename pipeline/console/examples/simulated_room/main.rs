//! A console with a site that lives: crowds that swell, pictures, a camera that was lost, loudspeakers, alarms.
//!
//! ```text
//! cargo run --release -p throng-console --example simulated_room -- [ADDRESS] [FOLDER OF THE PAGES]
//! ```
//! Account `demo`, password `demo`. Without a folder the pages in the binary are served.

mod desk;
mod ground;
mod pictures;
mod ports;
mod record;
mod site;
mod world;

use std::{env, error::Error, path::PathBuf, sync::Arc, thread, time::Duration};

use throng_console::{Clock, Console, Options, Ports, RoomEvent};
use throng_history::History;

use crate::{
    desk::SimulatedDesk, ground::Drawn, pictures::Cameras, ports::Simulated, record::Recording, world::World,
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:8300".to_owned()).parse()?;
    let web_dir = arguments.next().map(PathBuf::from);
    let folder = env::temp_dir().join("throng-simulated-room");
    std::fs::create_dir_all(&folder)?;
    let history = Arc::new(History::open(&folder.join("history.sqlite").to_string_lossy())?);
    // Nobody serves it: only the links are looked at.
    let live_pictures = Some("http://127.0.0.1:8889/{site}/{camera}/".parse()?);
    let options = Options { demo_account: true, web_dir, live_pictures, ..Options::new(address, folder) };
    let clock = Clock::system();
    let ports = Arc::new(Simulated::new(clock.clone()));
    let desk = Arc::new(SimulatedDesk::new(clock.clone(), [site::square(), site::station()]));
    let simulated = Ports {
        commands: ports.clone(),
        pictures: Arc::new(Cameras::new(clock.clone())),
        desk: desk.clone(),
        drills: Some(ports.clone()),
        evidence: Some(ports.clone()),
        ground: Some(Arc::new(Drawn)),
    };
    let console = Console::start(options, simulated, Some(Arc::clone(&history)))?;
    eprintln!("The simulated room is at {} (demo, demo).", console.url());
    for id in ["square", "station"] {
        console.hear(RoomEvent::Site(Box::new(desk.site(id))));
    }
    let mut world = World::new(clock.now());
    let mut recording = Recording::default();
    loop {
        let now = clock.now();
        for event in world.step(now, &ports, &desk) {
            recording.take(&event, &history);
            console.hear(event);
        }
        thread::sleep(Duration::from_millis(500));
    }
}

//! Whatever writes a drone's poses down: the stream itself, a file read before, a UDP port, or the bus.

use std::{
    net::{SocketAddr, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use anyhow::Context;
use throng_analytics::time::Timestamp;

use crate::{
    clock::wall_clock,
    config::plan::TelemetryPlan,
    publish::{Heard, Network, Watcher},
    stream::telemetry::{
        book::{PoseBook, PoseClock},
        dji_osd,
        mavlink::MavlinkReader,
    },
};

/// How often a thread that waits for datagrams looks whether it should stop.
const STOP_CHECK: Duration = Duration::from_millis(200);

/// Largest UDP datagram.
const DATAGRAM_MAX: usize = 65_536;

/// How long to wait before the bus is asked again for the telemetry's key.
const BUS_AGAIN: Duration = Duration::from_secs(5);

/// The poses of one drone, and what writes them. Dropped, it stops.
pub struct PoseSource {
    book: Arc<PoseBook>,
    is_in_stream: bool,
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    task: Option<tokio::task::JoinHandle<()>>,
}

impl PoseSource {
    /// Starts what the plan names. To be called within a tokio runtime.
    ///
    /// # Errors
    /// The address cannot be listened on, or the thread cannot be started.
    pub fn start(camera: &str, plan: &TelemetryPlan, network: &Network) -> anyhow::Result<Self> {
        let clock = match plan {
            TelemetryPlan::Klv | TelemetryPlan::Recorded(_) => PoseClock::Stream,
            TelemetryPlan::Mavlink(_) | TelemetryPlan::Zenoh(_) => PoseClock::Wall,
        };
        let mut source = Self {
            book: Arc::new(PoseBook::new(clock)),
            is_in_stream: *plan == TelemetryPlan::Klv,
            stopping: Arc::new(AtomicBool::new(false)),
            thread: None,
            task: None,
        };
        match plan {
            TelemetryPlan::Klv => {}
            TelemetryPlan::Recorded(flight) => {
                for (at_secs, sample) in &flight.samples {
                    source.book.write(0, *at_secs, *sample);
                }
                source.book.add_unreadable(flight.unreadable as u64);
            }
            TelemetryPlan::Mavlink(address) => {
                source.thread =
                    Some(listen(camera, *address, Arc::clone(&source.book), Arc::clone(&source.stopping))?);
            }
            TelemetryPlan::Zenoh(key) => {
                let (book, key) = (Arc::clone(&source.book), key.clone());
                source.task =
                    Some(tokio::spawn(subscribe(camera.to_owned(), key, network.neighbour(), book)));
            }
        }
        Ok(source)
    }

    /// Where the poses are.
    pub fn book(&self) -> &Arc<PoseBook> {
        &self.book
    }

    /// The book where the stream's own telemetry is to be written, if it is that.
    pub fn in_stream(&self) -> Option<Arc<PoseBook>> {
        self.is_in_stream.then(|| Arc::clone(&self.book))
    }
}

impl Drop for PoseSource {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Relaxed);
        if let Some(task) = self.task.take() {
            task.abort();
        }
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("The thread that listened for telemetry ended by a panic.");
        }
    }
}

/// Seconds since 1970, the clock of poses that come on a way of their own.
fn wall_secs(at: Timestamp) -> f64 {
    at.secs_since(Timestamp::from_unix_nanos(0))
}

/// Listens for `MAVLink` on an address until told to stop.
fn listen(
    camera: &str,
    address: SocketAddr,
    book: Arc<PoseBook>,
    stopping: Arc<AtomicBool>,
) -> anyhow::Result<JoinHandle<()>> {
    let socket = UdpSocket::bind(address).with_context(|| {
        format!("cannot listen for the telemetry of camera {camera} on {address}; is the port taken?")
    })?;
    socket.set_read_timeout(Some(STOP_CHECK))?;
    let camera = camera.to_owned();
    let work = move || {
        let (mut reader, began) = (MavlinkReader::default(), Instant::now());
        let mut datagram = vec![0; DATAGRAM_MAX];
        while !stopping.load(Ordering::Relaxed) {
            let Ok(length) = socket.recv(&mut datagram) else { continue };
            let at_secs = wall_secs(wall_clock());
            for sample in reader.read(&datagram[..length], began.elapsed().as_secs_f64()) {
                book.write(0, at_secs, sample);
            }
        }
        tracing::debug!(camera, "No longer listening for telemetry.");
    };
    std::thread::Builder::new()
        .name("telemetry".to_owned())
        .spawn(work)
        .context("cannot start the thread that listens for telemetry")
}

/// Takes in what comes on a key of the bus, for as long as the run lasts.
async fn subscribe(camera: String, key: String, network: Network, book: Arc<PoseBook>) {
    loop {
        match Watcher::open(&network, &key, false).await {
            Ok(mut watcher) => {
                while let Some(arrival) = watcher.next().await {
                    let Heard::Message { payload, .. } = arrival.heard else { continue };
                    match dji_osd::read(&payload) {
                        Some(sample) => book.write(0, wall_secs(arrival.received_at), sample),
                        None => book.add_unreadable(1),
                    }
                }
            }
            Err(error) => {
                tracing::warn!(camera, "No telemetry from the bus, trying again: {error:#}.");
            }
        }
        tokio::time::sleep(BUS_AGAIN).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn datagrams_become_poses_and_a_dropped_source_lets_the_port_go() {
        let address = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let plan = TelemetryPlan::Mavlink(address);
        let source = PoseSource::start("cam", &plan, &Network::default()).unwrap();
        // CAMERA_FOV_STATUS as sent by a camera at 31.2 N 121.5 E, 60 m up, that looks north, 60 degrees wide.
        let mut payload = vec![0; 52];
        payload[4..8].copy_from_slice(&312_000_000_i32.to_le_bytes());
        payload[8..12].copy_from_slice(&1_215_000_000_i32.to_le_bytes());
        payload[12..16].copy_from_slice(&60_000_i32.to_le_bytes());
        payload[28..32].copy_from_slice(&1.0_f32.to_le_bytes());
        payload[44..48].copy_from_slice(&60.0_f32.to_le_bytes());
        let mut frame = vec![0xfd, 52, 0, 0, 1, 1, 100, 15, 1, 0];
        frame.extend_from_slice(&payload);
        let crc = frame[1..].iter().chain(&[22]).fold(0xffff_u16, |crc, byte| {
            let mut mixed = *byte ^ crc.to_le_bytes()[0];
            mixed ^= mixed << 4;
            (crc >> 8) ^ (u16::from(mixed) << 8) ^ (u16::from(mixed) << 3) ^ (u16::from(mixed) >> 4)
        });
        frame.extend_from_slice(&crc.to_le_bytes());
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        sender.send_to(&frame, address).unwrap();
        let sent = wall_secs(wall_clock());
        let found = source.book().look_up(sent, Duration::from_mins(1));
        // The datagram may come a moment before or after the time asked for.
        let found = found.or_else(|_| source.book().look_up(sent, Duration::ZERO)).unwrap();
        assert_eq!(found.sample.horizontal_fov_deg, Some(60.0));
        assert!(source.in_stream().is_none());
        drop(source);
        assert!(UdpSocket::bind(address).is_ok());
    }
}

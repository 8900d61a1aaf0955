//! A rendered drone flight, sent in packets at its own speed, its telemetry in the stream.

use std::{
    net::UdpSocket,
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// Length of the film.
const SECS: u32 = 20;

pub(crate) struct Flight(Arc<Vec<u8>>);

impl Flight {
    /// Films the gate.
    pub(crate) fn film(folder: &Path) -> Self {
        let video = folder.join("flight.ts");
        let done = Command::new(env!("CARGO_BIN_EXE_throng"))
            .args(["sim", "dev/gate_closes", "--camera", "drone", "--telemetry", "exact", "--seed", "3"])
            .args(["--for", &format!("{SECS}s"), "--video"])
            .arg(&video)
            .output()
            .unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        Self(Arc::new(std::fs::read(video).unwrap()))
    }

    /// Sends it from its beginning to `port` of loopback, over and over, until what is returned is dropped.
    pub(crate) fn send(&self, port: u16) -> Sending {
        let stopping = Arc::new(AtomicBool::new(false));
        let (stop, bytes) = (Arc::clone(&stopping), Arc::clone(&self.0));
        let work = move || {
            let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
            // Seven packets a datagram, evenly over the film.
            let datagrams: Vec<&[u8]> = bytes.chunks(7 * 188).collect();
            let began = Instant::now();
            for (k, datagram) in datagrams.iter().cycle().enumerate() {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let due =
                    began + Duration::from_secs_f64(f64::from(SECS) * k as f64 / datagrams.len() as f64);
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                socket.send_to(datagram, ("127.0.0.1", port)).ok();
            }
        };
        let thread = std::thread::Builder::new().name("flight".to_owned()).spawn(work).unwrap();
        Sending { stopping, thread: Some(thread) }
    }
}

pub(crate) struct Sending {
    stopping: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::Relaxed);
        self.thread.take().unwrap().join().ok();
    }
}

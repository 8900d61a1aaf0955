//! A TCP proxy that does to a connection what networks do.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

/// What happens to what the server sends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Weather {
    /// Nothing.
    Fair,
    /// It stops; connections stand, and new ones are accepted.
    Silent,
    /// New connections are closed at once.
    Refusing,
    /// So many bytes a second.
    Narrow { bytes_per_s: usize },
    /// A byte of every so many is changed.
    Corrupting { every: usize },
    /// It comes this much later.
    Late(Duration),
}

pub(crate) struct Proxy {
    pub(crate) port: u16,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    server: u16,
    weather: Mutex<Weather>,
    connections: Mutex<Vec<TcpStream>>,
    stopping: AtomicBool,
}

impl Proxy {
    pub(crate) fn start(server: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            server,
            weather: Mutex::new(Weather::Fair),
            connections: Mutex::default(),
            stopping: AtomicBool::new(false),
        });
        let accepting = Arc::clone(&shared);
        let work = move || {
            for client in listener.incoming() {
                if accepting.stopping.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(client) = client else { continue };
                if accepting.weather() != Weather::Refusing {
                    accepting.connect(client);
                }
            }
        };
        let thread = std::thread::Builder::new().name("proxy".to_owned()).spawn(work).unwrap();
        Self { port, shared, thread: Some(thread) }
    }

    pub(crate) fn uri(&self) -> String {
        format!("rtsp://127.0.0.1:{}/cam", self.port)
    }

    pub(crate) fn set(&self, weather: Weather) {
        *self.shared.weather.lock().unwrap() = weather;
    }

    /// Ends every connection.
    pub(crate) fn reset(&self) {
        self.shared.reset();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::Relaxed);
        self.reset();
        TcpStream::connect(("127.0.0.1", self.port)).ok();
        self.thread.take().unwrap().join().ok();
    }
}

impl Shared {
    fn weather(&self) -> Weather {
        *self.weather.lock().unwrap()
    }

    fn reset(&self) {
        for connection in self.connections.lock().unwrap().drain(..) {
            connection.shutdown(Shutdown::Both).ok();
        }
    }

    fn connect(self: &Arc<Self>, client: TcpStream) {
        let Ok(server) = TcpStream::connect(("127.0.0.1", self.server)) else { return };
        let ways = [
            (client.try_clone().unwrap(), server.try_clone().unwrap(), false),
            (server.try_clone().unwrap(), client.try_clone().unwrap(), true),
        ];
        self.connections.lock().unwrap().extend([client, server]);
        for (from, to, is_down) in ways {
            let shared = Arc::clone(self);
            let work = move || shared.carry(from, to, is_down);
            std::thread::Builder::new().name("proxy-way".to_owned()).spawn(work).unwrap();
        }
    }

    fn carry(&self, mut from: TcpStream, mut to: TcpStream, is_down: bool) {
        let mut buffer = [0; 4096];
        let mut carried = 0;
        while let Ok(bytes) = from.read(&mut buffer) {
            while is_down && self.weather() == Weather::Silent && !self.stopping.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(10));
            }
            let data = &mut buffer[..bytes];
            match self.weather() {
                Weather::Narrow { bytes_per_s } if is_down => {
                    std::thread::sleep(Duration::from_secs_f64(bytes as f64 / bytes_per_s as f64));
                }
                Weather::Late(delay) if is_down && carried == 0 => std::thread::sleep(delay),
                Weather::Corrupting { every } if is_down => {
                    for (at, byte) in data.iter_mut().enumerate() {
                        if (carried + at) % every == every - 1 {
                            *byte ^= 0x55;
                        }
                    }
                }
                _ => {}
            }
            carried += bytes;
            if bytes == 0 || to.write_all(data).is_err() {
                break;
            }
        }
        from.shutdown(Shutdown::Both).ok();
        to.shutdown(Shutdown::Both).ok();
    }
}

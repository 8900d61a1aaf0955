//! The density raster: made for those who listen, and only while they do.

use std::time::{Duration, Instant};

use throng::publish::{BusHandle, Network, OutboxOptions, Watcher};

use super::support::{PATIENCE, free_port, runtime, site};

/// Waits until the bus says whether somebody listens as `wanted`.
async fn until_heard(bus: &BusHandle, wanted: bool) {
    let began = Instant::now();
    while bus.is_field_heard() != wanted {
        assert!(began.elapsed() < PATIENCE, "it never became {wanted}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[test]
fn nobody_who_listens_means_no_raster() {
    let endpoint = format!("tcp/127.0.0.1:{}", free_port());
    runtime().block_on(async {
        let listen = Network { listen: vec![endpoint], ..Network::default() };
        let bus = site("stadium", listen.clone(), OutboxOptions::default()).await;
        let handle = bus.handle();
        let warned = Watcher::open(&listen.neighbour(), "throng/v1/*/warning/*", false).await.unwrap();
        assert!(!handle.is_field_heard(), "warnings are no raster");
        let room = Watcher::open(&listen.neighbour(), "throng/v1/*/field", false).await.unwrap();
        until_heard(&handle, true).await;
        drop(room);
        until_heard(&handle, false).await;
        drop(warned);
        bus.close().await;
    });
}

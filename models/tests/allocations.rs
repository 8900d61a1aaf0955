//! Counting allocates nothing once pictures of a size have been seen: a pipeline that runs for months must not lean on the
//! allocator thirty times a second.
#![expect(unsafe_code, reason = "an allocator that counts is unsafe by its trait")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    fs,
    path::Path,
};

use throng_models::{
    counter::{Counter, Options, PictureCount, Validity},
    device::Device,
    fit::Scale,
    picture::RgbView,
    trial::pictures,
};

/// Counts what this thread allocates; ONNX Runtime's own memory, which it keeps in an arena, does not come by here.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: every call is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller keeps the contract of this very function.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
const BOXES_SHA256: &str = "000ebc580249549fb88662f2fc920593c13a588baca799da343299376b899d7d";

fn open(card: &Path) -> Counter {
    let model_dir = Some(FIXTURES.into());
    let options = Options { device: Device::Cpu, threads: 1, model_dir, ..Options::default() };
    Counter::open(card, &options).unwrap()
}

/// Finds somebody in each bright block.
fn detector() -> Counter {
    let folder = tempfile::tempdir().unwrap();
    let boxes = "boxes\"\nboxes = { strides_px = [8], classes = 1, person_class = 0, score_min = 0.3, iou_max = 0.5 }";
    let card = include_str!("fixtures/brightness.toml")
        .replace("brightness.onnx", "boxes.onnx")
        .replace("2e58a660c3511f6b4fe862f5dd0d6005e693b209472df96672285aeb76d15fff", BOXES_SHA256)
        .replace("name = \"density\"", "name = \"boxes\"")
        .replacen("density\"", boxes, 1);
    fs::write(folder.path().join("boxes.toml"), card).unwrap();
    open(&folder.path().join("boxes.toml"))
}

#[test]
fn counting_allocates_nothing_once_a_size_was_seen() {
    const SIZES_PX: [[usize; 2]; 3] = [[200, 120], [160, 96], [640, 360]];
    let data = SIZES_PX.map(pictures::street);
    let views: Vec<RgbView<'_>> = data
        .iter()
        .zip(SIZES_PX)
        .map(|(data, [width, height])| RgbView::new(data, width, height, 3 * width).unwrap())
        .collect();
    // Whole, scaled down, in tiles, and by the heads that are seen.
    let scales = [Scale::AsCard, Scale::Factor(0.5), Scale::Factor(1.0), Scale::ByHeads];
    let all: Vec<(RgbView<'_>, Scale)> =
        views.iter().flat_map(|view| scales.map(|scale| (*view, scale))).collect();
    for mut counter in [open(&Path::new(FIXTURES).join("brightness.toml")), detector()] {
        let mut count = PictureCount::nothing();
        let mut counts = Vec::new();
        for round in 0..4 {
            for (picture, scale) in &all {
                let before = ALLOCATIONS.get();
                counter.count_into(*picture, *scale, &mut count).unwrap();
                let allocations = ALLOCATIONS.get() - before;
                assert_eq!(count.validity, Validity::Valid);
                assert!(count.people > 1.0, "{} people", count.people);
                assert!(round < 2 || allocations == 0, "{allocations} allocations: {scale:?}");
            }
            let before = ALLOCATIONS.get();
            counter.count_batch_into(&all, &mut counts).unwrap();
            let allocations = ALLOCATIONS.get() - before;
            assert_eq!(counts.len(), all.len());
            assert!(round > 0 || allocations > 0, "nothing is counted");
            assert!(round < 2 || allocations == 0, "{allocations} allocations in a batch");
        }
    }
}

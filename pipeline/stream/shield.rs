//! Keeps a panic of ours out of GStreamer's C code, where it would end the whole process.

use std::panic::{AssertUnwindSafe, catch_unwind};

use gstreamer::{self as gst, prelude::*};

/// Runs `work` inside a callback. If it panics, `element` fails, and with it this camera alone, and the callback
/// answers `fallback`.
pub(super) fn shielded<T>(element: &impl IsA<gst::Element>, fallback: T, work: impl FnOnce() -> T) -> T {
    // What `work` leaves half done is not seen again: an element that has failed gives no more pictures.
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_reported_by_the_panic_hook| {
        gst::element_error!(element, gst::LibraryError::Failed, ("a defect in throng; please report it"));
        fallback
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_fails_the_element_and_not_the_process() {
        super::super::init().unwrap();
        let pipeline = gst::Pipeline::new();
        let element = gst::ElementFactory::make("identity").build().unwrap();
        pipeline.add(&element).unwrap();
        assert_eq!(shielded(&element, 1, || 2), 2);
        assert_eq!(shielded(&element, 1, || panic!("on purpose")), 1);
        let message = pipeline.bus().unwrap().pop_filtered(&[gst::MessageType::Error]).unwrap();
        let gst::MessageView::Error(error) = message.view() else { panic!("{message:?}") };
        assert!(error.error().message().contains("a defect in throng"), "{error:?}");
    }
}

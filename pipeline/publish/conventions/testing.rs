//! A warning for the tests of the conventions.

use throng_analytics::wire::Warning;

/// Orange at a gate, raised at noon.
pub(super) fn warning() -> Warning {
    serde_json::from_str(include_str!("../../../tests/conventions/warning.json")).unwrap()
}

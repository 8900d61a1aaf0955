//! Where a value stands in the site file: `camera[0].calibration.points[2].image_px`.

use std::fmt;

/// The way from the root of a TOML document to one value.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyPath(String);

impl KeyPath {
    /// The document itself.
    pub fn root() -> Self {
        Self::default()
    }

    /// The value of a key in this table.
    #[must_use]
    pub fn key(&self, name: &str) -> Self {
        if self.0.is_empty() { Self(name.to_owned()) } else { Self(format!("{}.{name}", self.0)) }
    }

    /// An element of this array, counted from 0.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0))
    }

    /// The table or array this value stands in; none for the document itself.
    pub fn parent(&self) -> Option<Self> {
        if self.0.is_empty() {
            return None;
        }
        let end = self.0.rfind(['.', '[']).unwrap_or(0);
        Some(Self(self.0[..end].to_owned()))
    }
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_read_like_the_file_and_lead_back_to_the_root() {
        let path = KeyPath::root().key("camera").index(0).key("uri");
        assert_eq!(path.to_string(), "camera[0].uri");
        let camera = path.parent().unwrap();
        assert_eq!(camera.to_string(), "camera[0]");
        let root = camera.parent().unwrap().parent().unwrap();
        assert_eq!(root, KeyPath::root());
        assert_eq!(root.parent(), None);
    }
}

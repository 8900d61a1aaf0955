//! Which sites and cameras an account may see.

use std::collections::BTreeSet;

use throng_analytics::wire::exercised_site;

/// Which sites and cameras an account may see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rights {
    sites: Option<BTreeSet<String>>,
    cameras: Option<BTreeSet<String>>,
}

impl Rights {
    /// Everything.
    pub(crate) const fn all() -> Self {
        Self { sites: None, cameras: None }
    }

    /// These sites and these cameras; absent means all. A camera is `CAMERA`, on any site, or `SITE/CAMERA`.
    pub(crate) fn of(sites: Option<&[String]>, cameras: Option<&[String]>) -> Self {
        let set = |names: &[String]| names.iter().cloned().collect();
        Self { sites: sites.map(set), cameras: cameras.map(set) }
    }

    pub(crate) const fn is_all(&self) -> bool {
        self.sites.is_none() && self.cameras.is_none()
    }

    pub(crate) const fn cameras(&self) -> Option<&BTreeSet<String>> {
        self.cameras.as_ref()
    }

    /// Whoever sees a site sees the exercises there.
    pub(crate) fn sees_site(&self, site: &str) -> bool {
        let site = exercised_site(site).unwrap_or(site);
        self.sites.as_ref().is_none_or(|sites| sites.contains(site))
    }

    pub(crate) fn sees_camera(&self, site: &str, camera: &str) -> bool {
        self.sees_site(site)
            && self.cameras.as_ref().is_none_or(|cameras| {
                cameras.contains(camera) || cameras.contains(&format!("{site}/{camera}"))
            })
    }
}

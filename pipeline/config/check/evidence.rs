//! What is kept of alarms.

use super::Checker;
use crate::{
    config::{diagnostic::Remark, key_path::KeyPath, plan::EvidencePlan, raw::Evidence},
    evidence::seal::Seal,
};

/// Seconds of clip before and after an alarm where the site does not say.
const AROUND_SECS: f64 = 30.0;

impl Checker<'_> {
    /// Where evidence is kept; none where that is not asked for, or is wrong.
    pub(super) fn evidence(&mut self, written: Option<&Evidence>) -> Option<EvidencePlan> {
        let written = written?;
        let (folder, key) = (written.folder.as_ref()?, self.folder.join(written.key.as_ref()?));
        let key_id = written.key_id.clone().unwrap_or_else(|| "evidence".to_owned());
        if let Err(error) = Seal::from_pem_file(&key_id, &key) {
            let remark = Remark::new(
                format!("cannot be used: {error:#}"),
                "an Ed25519 private key in PEM",
                "make one with `openssl genpkey -algorithm ed25519 -out FILE`, and keep its public half elsewhere",
            );
            self.findings.error(&KeyPath::root().key("evidence").key("key"), remark);
            return None;
        }
        Some(EvidencePlan {
            folder: self.folder.join(folder),
            key,
            key_id,
            before_secs: written.before_secs.unwrap_or(AROUND_SECS),
            after_secs: written.after_secs.unwrap_or(AROUND_SECS),
            is_concealed: written.conceal.unwrap_or(true),
        })
    }
}

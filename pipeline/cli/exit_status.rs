//! What the process tells its caller when it ends.

use std::process::ExitCode;

/// Exit codes of `throng`; `--help` lists them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitStatus {
    /// 0: done, or stopped on request.
    Success,
    /// 1: failed while running; the message on stderr says why.
    Failure,
    /// 2: wrong arguments, or a site file with errors. Trying again without a change is useless.
    BadInput,
}

impl ExitStatus {
    /// The number.
    pub const fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failure => 1,
            Self::BadInput => 2,
        }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status.code())
    }
}

//! A real `PostgreSQL`, which each test starts for itself on a socket of its own.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const PASSWORD: &str = "s3cr@t:pass/word";
/// The same in a URL.
pub(crate) const PASSWORD_IN_URL: &str = "s3cr%40t%3Apass%2Fword";

/// A database server in a folder of its own, reached by a socket there.
pub(crate) struct Server {
    folder: tempfile::TempDir,
    programs: PathBuf,
}

impl Server {
    /// `None` where its programs are not installed.
    pub(crate) fn start() -> Option<Self> {
        let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let mut folders: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
        folders.extend(std::env::split_paths(&std::env::var_os("PATH")?));
        let Some(programs) = folders.into_iter().find(|folder| folder.join("initdb").exists()) else {
            eprintln!("skipped: PostgreSQL is not installed (Debian: postgresql)");
            return None;
        };
        let server = Self { folder: tempfile::tempdir().unwrap(), programs };
        fs::set_permissions(server.folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let secret = server.folder.path().join("secret");
        fs::write(&secret, PASSWORD).unwrap();
        fs::set_permissions(&secret, fs::Permissions::from_mode(0o644)).unwrap();
        let (data, secret) = (server.path("data"), server.path("secret"));
        server
            .run("initdb", &["-D", &data, "-U", "throng", "-A", "scram-sha-256", "--pwfile", &secret, "-N"]);
        server.control("start");
        Some(server)
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_string_lossy().into_owned()
    }

    /// Starts or stops it, and waits until that is so.
    pub(crate) fn control(&self, what: &str) {
        let socket =
            format!("-c listen_addresses='' -c fsync=off -c unix_socket_directories={}", self.path(""));
        let (data, log) = (self.path("data"), self.path("log"));
        let more: &[&str] = if what == "start" { &["-l", &log, "-o", &socket] } else { &["-m", "immediate"] };
        self.run("pg_ctl", &[&["-D", &data, "-w", "-s"], more, &[what]].concat());
    }

    /// Runs a program of the server, which refuses to run as root: then as the user of Debian's package.
    fn run(&self, program: &str, arguments: &[&str]) {
        let path = self.programs.join(program);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(path);
            command
        } else {
            Command::new(path)
        };
        let command = command.args(arguments).current_dir(self.folder.path());
        let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status().unwrap();
        assert!(status.success(), "{program} {arguments:?}: {status}");
    }

    pub(crate) fn url(&self, password: &str) -> String {
        let folder = self.folder.path().to_string_lossy().replace('/', "%2F");
        format!("postgres://throng:{password}@{folder}/postgres")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if Path::new(&self.path("data/postmaster.pid")).exists() {
            self.control("stop");
        }
    }
}

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

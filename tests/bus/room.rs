//! A site that runs with its console, and somebody who is logged in there.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use image::{Rgb, RgbImage};
use serde_json::{Value, json};
use tempfile::TempDir;
use throng::stream::writer::VideoWriter;
use throng_analytics::digest::sha256_hex;

use super::{
    gate::site,
    support::{PATIENCE, free_port},
    warnings::{Program, said},
};

/// A film in which as many people stand everywhere, at all times: `brightness` / 255 in each cell of 8 x 8 pixels.
fn film(path: &Path, brightness: f64) {
    let mut writer = VideoWriter::create(path, 256, 192, 10.0).unwrap();
    let picture =
        RgbImage::from_fn(256, 192, |x, _| Rgb([(brightness * (0.5 + f64::from(x % 64) / 64.0)) as u8; 3]));
    for frame in 0..100 {
        writer.push(&picture, f64::from(frame) / 10.0).unwrap();
    }
    writer.finish().unwrap();
}

/// Somebody who is logged in at a console.
pub(crate) struct Officer {
    address: String,
    cookie: String,
    csrf_token: String,
}

impl Officer {
    pub(crate) fn log_in(address: &str, user: &str, password: &str) -> Self {
        let answer = minreq::post(format!("{address}/api/v1/login"))
            .with_header("content-type", "application/json")
            .with_body(json!({ "user": user, "password": password }).to_string())
            .send()
            .unwrap();
        assert_eq!(answer.status_code, 200, "{}", answer.as_str().unwrap());
        let cookie = answer.headers["set-cookie"].split(';').next().unwrap().to_owned();
        let me: Value = serde_json::from_str(answer.as_str().unwrap()).unwrap();
        let csrf_token = me["csrf_token"].as_str().unwrap().to_owned();
        Self { address: address.to_owned(), cookie, csrf_token }
    }

    pub(crate) fn get(&self, path: &str) -> minreq::Response {
        let asked =
            minreq::get(format!("{}/api/v1/{path}", self.address)).with_header("cookie", &self.cookie);
        asked.send().unwrap()
    }

    /// What is answered to a GET, as JSON; null where there is none yet.
    pub(crate) fn look(&self, path: &str) -> Value {
        serde_json::from_str(self.get(path).as_str().unwrap()).unwrap_or_default()
    }

    /// The first answer to a GET that `wanted` holds for.
    pub(crate) fn wait_for(&self, what: &str, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let until = Instant::now() + PATIENCE;
        loop {
            let found = self.look(path);
            if wanted(&found) {
                return found;
            }
            assert!(Instant::now() < until, "{what} never came; last: {found:#}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Value, String> {
        let answer = minreq::post(format!("{}/api/v1/{path}", self.address))
            .with_header("cookie", &self.cookie)
            .with_header("x-csrf-token", &self.csrf_token)
            .with_header("content-type", "application/json")
            .with_body(body.to_string())
            .send()
            .unwrap();
        let content: Value = serde_json::from_str(answer.as_str().unwrap()).unwrap();
        if answer.status_code == 200 { Ok(content) } else { Err(content["error"]["en"].to_string()) }
    }
}

/// A site that runs, and its console.
pub(crate) struct Room {
    pub(crate) folder: TempDir,
    pub(crate) site: PathBuf,
    /// Where its bus is.
    pub(crate) endpoint: String,
    /// None between two starts.
    run: Option<Program>,
    pub(crate) officer: Officer,
}

impl Room {
    /// With a crowd of that brightness before thresholds from blue to red, people/m2.
    pub(crate) fn open(brightness: f64, thresholds: [f64; 4]) -> Self {
        Self::open_with(brightness, thresholds, |_| String::new())
    }

    /// The same with what `more` adds to the site file, and to its folder.
    pub(crate) fn open_with(
        brightness: f64,
        thresholds: [f64; 4],
        more: impl FnOnce(&Path) -> String,
    ) -> Self {
        let folder = TempDir::new().unwrap();
        film(&folder.path().join("film.mkv"), brightness);
        let endpoint = format!("tcp/127.0.0.1:{}", free_port());
        let site = site(folder.path(), &format!("listen = [\"{endpoint}\"]"));
        let text = fs::read_to_string(&site).unwrap();
        let [blue, yellow, orange, red] = thresholds;
        let text = text.replace(
            "blue = 1.0, yellow = 1.5, orange = 2.0, red = 2.5",
            &format!("blue = {blue}, yellow = {yellow}, orange = {orange}, red = {red}"),
        );
        let text = text.replace("watch.off", "stream.loop = true\nwatch.off").replace("drill = true\n", "");
        fs::write(&site, text + &more(folder.path())).unwrap();
        let (run, officer) = Self::start(folder.path(), &site);
        Self { folder, site, endpoint, run: Some(run), officer }
    }

    pub(crate) fn start_again(&mut self) {
        self.run = None;
        let (run, officer) = Self::start(self.folder.path(), &self.site);
        (self.run, self.officer) = (Some(run), officer);
    }

    pub(crate) fn is_running(&mut self) -> bool {
        self.run.as_mut().unwrap().child.try_wait().unwrap().is_none()
    }

    fn start(folder: &Path, site: &Path) -> (Program, Officer) {
        let address = format!("127.0.0.1:{}", free_port());
        let (data, stderr) = (folder.join("console"), folder.join("run.txt"));
        let known = fs::read_to_string(folder.join("password.txt")).ok();
        let arguments = [
            "run",
            site.to_str().unwrap(),
            "--json",
            "--console",
            &address,
            "--console-data",
            data.to_str().unwrap(),
        ];
        let run = Program::start(&arguments, &stderr);
        run.wait_for("a counted zone", &stderr, |line| line["zones"][0]["people"].is_number());
        let printed = said(&stderr);
        let password = known.unwrap_or_else(|| {
            let (_, rest) = printed.split_once("password \"").unwrap();
            rest.split_once('"').unwrap().0.to_owned()
        });
        fs::write(folder.join("password.txt"), &password).unwrap();
        (run, Officer::log_in(&format!("http://{address}"), "administrator", &password))
    }

    pub(crate) fn text(&self) -> String {
        fs::read_to_string(&self.site).unwrap()
    }

    /// Waits until the site tells of its zone by the file as it is now, and `wanted` holds.
    pub(crate) fn zone(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let sha256 = sha256_hex(self.text().as_bytes());
        self.officer.wait_for(what, "zones/test/gate", |zone| {
            zone["state"]["config_sha256"] == sha256.as_str() && wanted(zone)
        })
    }
}

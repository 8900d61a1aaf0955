//! Alerts by CAP from a real server on loopback, by the real programs: the site lowers its thresholds while they hold.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use serde_json::Value;
use throng::{clock::wall_clock, publish::signature::generated_key};

use super::room::Room;

/// Documents by path, as a weather service serves them; one that is not there answers 404.
#[derive(Clone)]
struct Service {
    address: String,
    documents: Arc<Mutex<BTreeMap<String, String>>>,
}

impl Service {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let service = Self { address, documents: Arc::default() };
        let documents = Arc::clone(&service.documents);
        let serve = move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
                let asked = lines.next().unwrap_or_default();
                // Whoever hangs up before it has asked, or been answered, is no matter.
                lines.take_while(|line| !line.is_empty()).for_each(drop);
                let path = asked.split(' ').nth(1).unwrap_or_default();
                let (status, body) = match documents.lock().unwrap().get(path) {
                    Some(document) => ("200 OK", document.clone()),
                    None => ("404 Not Found", String::new()),
                };
                let head = format!(
                    "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                drop(stream.write_all(format!("{head}{body}").as_bytes()));
            }
        };
        thread::Builder::new().name("alerts".to_owned()).spawn(serve).unwrap();
        service
    }

    fn serve(&self, path: &str, document: String) {
        self.documents.lock().unwrap().insert(path.to_owned(), document);
    }

    /// A feed that links to alerts.
    fn feed(&self, alerts: &[&str]) {
        let entry = |path: &&str| format!("<entry><updated>1</updated><link href='{path}'/></entry>");
        let entries = alerts.iter().map(entry).collect::<Vec<_>>().concat();
        self.serve("/feed", format!("<feed xmlns='http://www.w3.org/2005/Atom'>{entries}</feed>"));
    }
}

/// An alert of rain at the site for an hour.
fn alert(identifier: &str, kind: &str, references: &str) -> String {
    let (sent, expires) = (in_secs(-60.0), in_secs(3600.0));
    format!(
        "<alert xmlns='urn:oasis:names:tc:emergency:cap:1.2'><identifier>{identifier}</identifier><sender>weather</sender>\
         <sent>{sent}</sent><status>Actual</status><msgType>{kind}</msgType><scope>Public</scope>\
         <references>{references}</references><info><category>Met</category><event>Heavy rain</event>\
         <urgency>Expected</urgency><severity>Severe</severity><certainty>Likely</certainty><expires>{expires}</expires>\
         <headline>Rain {identifier}</headline>\
         <area><areaDesc>here</areaDesc><circle>31.24,121.49 5</circle></area></info></alert>"
    )
}

/// A time so many seconds from now, with an offset as services write it.
fn in_secs(secs: f64) -> String {
    (wall_clock() + secs).to_string().replace('Z', "+00:00")
}

const TABLE: &str = "
[place]
at = [31.24, 121.49]
within_m = 1000
[[rule]]
name = \"rain\"
kind = \"weather\"
events = [\"rain\"]
zones = [\"gate\"]
factor = 0.6
";

fn room() -> Room {
    Room::open_with(20.0, [12.0, 13.0, 14.0, 15.0], |folder| {
        let (private, public) = generated_key().unwrap();
        fs::write(folder.join("weather.pem"), private).unwrap();
        fs::write(folder.join("weather.pub.pem"), public).unwrap();
        fs::write(folder.join("table.toml"), TABLE).unwrap();
        "\n[[signal_source]]\nid = \"weather-1\"\nissuer = \"weather service\"\nfile = \"weather.pub.pem\"\nkinds = [\"weather\"]\n"
            .to_owned()
    })
}

fn throng(room: &Room, from: &str) -> Command {
    let file = |name: &str| room.folder.path().join(name).to_string_lossy().into_owned();
    let mut command = Command::new(env!("CARGO_BIN_EXE_throng"));
    command
        .args(["signal", "--cap", from, "--cap-table", &file("table.toml"), "--site", "test"])
        .args(["--key", &file("weather.pem"), "--key-id", "weather-1", "--issuer", "weather service"])
        .args(["--connect", &room.endpoint]);
    command
}

/// A program that ends with the test.
struct Following(Child);

impl Drop for Following {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn texts(told: &Value) -> Vec<&str> {
    told.as_array().unwrap().iter().filter_map(|signal| signal["text"].as_str()).collect()
}

#[test]
fn the_alerts_of_a_feed_lower_thresholds_until_their_sender_takes_them_back() {
    let (room, service) = (room(), Service::start());
    service.serve("/a.xml", alert("a", "Alert", ""));
    service.feed(&["a.xml"]);
    let mut following = throng(&room, &format!("{}/feed", service.address));
    let _following = Following(following.args(["--every", "1s"]).stderr(Stdio::null()).spawn().unwrap());

    let told = room.officer.wait_for("the alert", "signals", |told| texts(told) == ["Rain a"]);
    assert_eq!(
        (&told[0]["tightened"][0]["zone"], &told[0]["tightened"][0]["factor"]),
        (&"gate".into(), &0.6.into())
    );
    // An update takes its place, also while the feed goes on showing both.
    service.serve("/b.xml", alert("b", "Update", "weather,a,2026-01-01T00:00:00Z"));
    service.feed(&["a.xml", "b.xml"]);
    room.officer.wait_for("the update", "signals", |told| texts(told) == ["Rain b"]);
    // What is not there, is hostile or of another sender changes nothing.
    service.serve("/bomb.xml", format!("<!DOCTYPE alert [<!ENTITY a 'x'>]>{}", alert("c", "Alert", "")));
    let foreign = alert("d", "Cancel", "weather,b,2026-01-01T00:00:00Z").replace(">weather<", ">stranger<");
    service.serve("/foreign.xml", foreign);
    service.serve("/e.xml", alert("e", "Alert", ""));
    service.feed(&["gone.xml", "bomb.xml", "foreign.xml", "e.xml"]);
    room.officer.wait_for("the rest of the feed", "signals", |told| texts(told).contains(&"Rain e"));
    let told = room.officer.wait_for("both", "signals", |told| texts(told).len() == 2);
    assert!(texts(&told).contains(&"Rain b"), "{told}");
    // A service that is down takes nothing back; a cancel does.
    service.documents.lock().unwrap().clear();
    service.serve(
        "/f.xml",
        alert("f", "Cancel", "weather,b,2026-01-01T00:00:00Z weather,e,2026-01-01T00:00:00Z"),
    );
    assert_eq!(
        texts(&room.officer.wait_for("both still", "signals", |told| texts(told).len() == 2)).len(),
        2
    );
    service.feed(&["f.xml"]);
    room.officer.wait_for("no signal", "signals", |told| told == &serde_json::json!([]));
}

#[test]
fn an_alert_in_a_file_is_told_once_and_one_that_cannot_be_read_says_why() {
    let room = room();
    let file = room.folder.path().join("alert.xml");
    let tell = |text: &str| {
        fs::write(&file, text).unwrap();
        let output = throng(&room, file.to_str().unwrap()).output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (is_told, said) = tell(&alert("a", "Alert", ""));
    assert!(
        is_told && said.contains("Rain a") && said.contains("gate: thresholds lowered to 60 %"),
        "{said}"
    );
    let (is_told, said) = tell(&alert("b", "Alert", "").replace("31.24,121.49 5", "0,0 5"));
    assert!(is_told && said.contains("No alert is about the site now"), "{said}");
    let (is_told, said) = tell("<html/>");
    assert!(!is_told && said.contains("neither a CAP alert nor a feed"), "{said}");
    let (is_told, said) = tell(&alert("f", "Cancel", "weather,a,2026-01-01T00:00:00Z"));
    assert!(is_told && said.contains("over"), "{said}");
}

//! ONVIF's event service as a video management system uses it: by zeep, which checks every answer against ONVIF's own
//! schemas, out of the wheel of a client for cameras that `deploy/setup.sh --tests` unpacks.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::{Path, PathBuf},
    process::{ChildStdin, Command, Stdio},
    sync::{
        Arc,
        mpsc::{Receiver, channel},
    },
};

use serde_json::{Value, json};
use tempfile::TempDir;
use throng::{
    config::speaker_plan::{Address, Identity},
    connection::Connection,
    publish::conventions::{Conventions, OutletPlan, ZoneChange},
};
use throng_analytics::{level::Level, wire::Warning};

use super::{
    DEADLINE, Killed,
    conventions::warning,
    encrypted::{authority, identity},
    free_port,
};

/// ONVIF's service descriptions; `None`, said, where they are not set up.
fn descriptions() -> Option<PathBuf> {
    let home = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let folder = home("THRONG_HOME")
        .or_else(|| home("XDG_DATA_HOME").map(|data| data.join("throng")))
        .or_else(|| home("HOME").map(|home| home.join(".local/share/throng")))?
        .join("onvif-wsdl");
    let is_there = folder.join("events.wsdl").exists();
    if !is_there {
        println!("skipped: no {}; run `bash deploy/setup.sh --tests`", folder.display());
    }
    is_there.then_some(folder)
}

/// A subscriber, which answers each question by a line.
struct Subscriber {
    process: Killed,
    questions: ChildStdin,
    answers: Receiver<String>,
}

impl Subscriber {
    fn start(descriptions: &PathBuf, port: u16, password: &str, ca: Option<&Path>) -> Self {
        // Debian's Python, which knows the libraries of Debian's packages.
        let mut process = Command::new("/usr/bin/python3")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conventions/onvif_client.py"))
            .arg(descriptions)
            .args([&port.to_string(), password])
            .args(ca)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (questions, stdout) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        let (tell, answers) = channel();
        let read = move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if tell.send(line).is_err() {
                    return;
                }
            }
        };
        std::thread::Builder::new().name("subscriber".to_owned()).spawn(read).unwrap();
        Self { process: Killed(process), questions, answers }
    }

    fn next(&self) -> Value {
        serde_json::from_str(&self.answers.recv_timeout(DEADLINE).unwrap()).unwrap()
    }

    fn ask(&mut self, question: &str) -> Value {
        writeln!(self.questions, "{question}").unwrap();
        self.next()
    }
}

fn serve(last_told: &[Warning]) -> (u16, Conventions) {
    serve_with(None, last_told)
}

/// By HTTPS where there is a certificate.
fn serve_with(identity: Option<Identity>, last_told: &[Warning]) -> (u16, Conventions) {
    let port = free_port();
    let at = Address {
        scheme: if identity.is_some() { "https" } else { "http" }.to_owned(),
        user: "vms".to_owned(),
        password: "s3cret".to_owned(),
        host: "127.0.0.1".to_owned(),
        port,
        path: "/".to_owned(),
        ca: None,
        identity,
    };
    (port, Conventions::start(&[OutletPlan::OnvifEvents { at }], &[], last_told).unwrap())
}

#[test]
fn a_video_management_system_fetches_warnings_as_from_a_camera() {
    let Some(descriptions) = descriptions() else { return };
    // Orange, and normal elsewhere, before a restart: not known until pictures come.
    let calm = Warning { zone: "plaza".to_owned(), level: Some(Level::Normal), ..warning() };
    let (port, conventions) = serve(&[warning(), calm]);
    let mut vms = Subscriber::start(&descriptions, port, "s3cret", None);
    assert!(vms.next()["year"].as_i64().unwrap() >= 2026);
    assert_eq!(vms.next()["maker"], "throng");
    let events = format!("http://127.0.0.1:{port}/onvif/event_service");
    assert_eq!(vms.next(), json!({ "events": events, "same": events, "pulls": true }));
    assert_eq!(vms.next(), json!({ "topics": ["RuleEngine", "CrowdSafety"], "capabilities": 16 }));
    let made = vms.next();
    assert_eq!(
        made,
        json!({ "subscription": format!("http://127.0.0.1:{port}/onvif/subscription/1"), "lasts": 60.0 })
    );

    let source = json!({ "VideoSource": "stadium", "Rule": "gate" });
    let told = vms.ask("pull");
    let first = &told["told"][0];
    assert_eq!(told["told"].as_array().unwrap().len(), 2, "{told}");
    assert_eq!(told["told"][1]["data"]["Level"], "unknown", "{told}");
    assert_eq!(
        (&first["topic"], &first["operation"]),
        (&json!("tnsthrong:CrowdSafety/Risk"), &json!("Initialized"))
    );
    assert_eq!((&first["source"], &first["data"]["Level"]), (&source, &json!("unknown")));
    assert!(first["data"]["DensityPeoplePerSquareMetre"].is_null(), "{told}");
    conventions.show("plaza", ZoneChange::Seen(Level::Normal));
    let told = vms.ask("pull");
    assert_eq!(
        (&told["told"][0]["source"]["Rule"], &told["told"][0]["data"]["Level"]),
        (&json!("plaza"), &json!("normal"))
    );

    // What comes while it waits is there at once, the counter before the level.
    writeln!(vms.questions, "pull").unwrap();
    conventions.tell(&Arc::new(Warning { level: Some(Level::Red), ..warning() }));
    let told = vms.next();
    let topics: Vec<&Value> = told["told"].as_array().unwrap().iter().map(|told| &told["topic"]).collect();
    assert_eq!(topics, ["tns1:RuleEngine/CountAggregation/OccupancyCounter", "tnsthrong:CrowdSafety/Risk"]);
    let [counter, risk] = [0, 1].map(|index| told["told"][index].clone());
    assert_eq!((&counter["source"], &counter["data"]), (&source, &json!({ "Count": "126" })));
    let data = json!({
        "Level": "red", "Drill": "false", "Incident": risk["data"]["Incident"], "DensityPeoplePerSquareMetre": "4.20",
    });
    assert_eq!((&risk["operation"], &risk["data"]), (&json!("Changed"), &data));
    assert_eq!(risk["time"], "2026-11-25T12:00:00.000+00:00");

    assert_eq!(vms.ask("renew"), json!({ "lasts": 120.0 }));
    assert_eq!(vms.ask("synchronise"), json!({ "done": true }));
    assert_eq!(vms.ask("pull")["told"][1]["operation"], "Initialized");
    assert_eq!(vms.ask("end"), json!({ "done": true }));
    assert_eq!(vms.ask("pull")["subcode"], "ResourceUnknownFault");
    assert!(vms.process.0.try_wait().unwrap().is_none());
}

#[test]
fn who_does_not_know_the_password_is_told_the_time_and_nothing_else() {
    let Some(descriptions) = descriptions() else { return };
    let (port, _conventions) = serve(&[]);
    let vms = Subscriber::start(&descriptions, port, "guessed", None);
    assert!(vms.next()["year"].is_number());
    assert_eq!(vms.next()["subcode"], "NotAuthorized");
}

#[test]
fn by_https_a_subscriber_is_sent_on_by_https() {
    let Some(descriptions) = descriptions() else { return };
    let folder = TempDir::new().unwrap();
    authority(folder.path());
    let (port, conventions) = serve_with(Some(identity(folder.path(), "router")), &[]);
    let mut vms = Subscriber::start(&descriptions, port, "s3cret", Some(&folder.path().join("ca.pem")));
    assert!(vms.next()["year"].is_number());
    assert_eq!(vms.next()["maker"], "throng");
    assert_eq!(vms.next()["events"], format!("https://127.0.0.1:{port}/onvif/event_service"));
    vms.next();
    assert_eq!(vms.next()["subscription"], format!("https://127.0.0.1:{port}/onvif/subscription/1"));
    conventions.tell(&Arc::new(warning()));
    assert_eq!(vms.ask("pull")["told"][1]["data"]["Level"], "orange");
}

#[test]
fn by_https_nothing_is_said_in_the_clear() {
    let folder = TempDir::new().unwrap();
    authority(folder.path());
    let (port, _conventions) = serve_with(Some(identity(folder.path(), "router")), &[]);
    let ask = "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body><GetSystemDateAndTime/></s:Body></s:Envelope>";
    let request = format!(
        "POST /onvif/device_service HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{ask}",
        ask.len()
    );
    let answer = |scheme: &str| {
        let to = Address {
            scheme: scheme.to_owned(),
            user: String::new(),
            password: String::new(),
            host: "127.0.0.1".to_owned(),
            port,
            path: "/".to_owned(),
            ca: Some(folder.path().join("ca.pem")),
            identity: None,
        };
        let mut connection = Connection::open(&to, DEADLINE).unwrap();
        connection.set_read_timeout(DEADLINE).unwrap();
        connection.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).ok();
        String::from_utf8_lossy(&answer).into_owned()
    };
    let told = answer("tls");
    assert!(told.starts_with("HTTP/1.1 200 OK") && told.contains("<tt:Year>"), "{told}");
    assert!(!answer("tcp").contains("HTTP"));
}

#[test]
fn what_is_no_request_is_refused() {
    let (port, _conventions) = serve(&[]);
    let post = |path: &str, body: &str| {
        let answer = minreq::post(format!("http://127.0.0.1:{port}{path}")).with_body(body).send().unwrap();
        (answer.status_code, answer.as_str().unwrap_or_default().to_owned())
    };
    for body in ["", "<a/>", "\u{0}", "{\"a\": 1}", "<a><b></a>"] {
        let (status, text) = post("/onvif/event_service", body);
        assert_eq!(status, 400, "{body}");
        assert!(text.contains("ter:WellFormed"), "{text}");
    }
    let unsigned = "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body><PullMessages/></s:Body></s:Envelope>";
    assert!(post("/onvif/subscription/1", unsigned).1.contains("ter:NotAuthorized"));
}

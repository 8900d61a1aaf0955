//! ONVIF's event service as a video management system uses it: by zeep, which checks every answer against ONVIF's own
//! schemas, out of the wheel of a client for cameras that `deploy/setup.sh --tests` unpacks.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::PathBuf,
    process::{ChildStdin, Command, Stdio},
    sync::{
        Arc,
        mpsc::{Receiver, channel},
    },
};

use serde_json::{Value, json};
use throng::{
    config::speaker_plan::Address,
    publish::conventions::{Conventions, OutletPlan},
};
use throng_analytics::{level::Level, wire::Warning};

use super::{DEADLINE, Killed, conventions::warning, free_port};

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
    fn start(descriptions: &PathBuf, port: u16, password: &str) -> Self {
        // Debian's Python, which knows the libraries of Debian's packages.
        let mut process = Command::new("/usr/bin/python3")
            .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conventions/onvif_client.py"))
            .arg(descriptions)
            .args([&port.to_string(), password])
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
    let port = free_port();
    let at = Address {
        scheme: "http".to_owned(),
        user: "vms".to_owned(),
        password: "s3cret".to_owned(),
        host: "127.0.0.1".to_owned(),
        port,
        path: "/".to_owned(),
        ca: None,
    };
    (port, Conventions::start(&[OutletPlan::OnvifEvents { at }], &[], last_told).unwrap())
}

#[test]
fn a_video_management_system_fetches_warnings_as_from_a_camera() {
    let Some(descriptions) = descriptions() else { return };
    // Orange before a restart: not known until pictures come.
    let (port, conventions) = serve(&[warning()]);
    let mut vms = Subscriber::start(&descriptions, port, "s3cret");
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
    assert_eq!(told["told"].as_array().unwrap().len(), 1, "{told}");
    assert_eq!(
        (&first["topic"], &first["operation"]),
        (&json!("tnsthrong:CrowdSafety/Risk"), &json!("Initialized"))
    );
    assert_eq!((&first["source"], &first["data"]["Level"]), (&source, &json!("unknown")));
    assert!(first["data"]["DensityPeoplePerSquareMetre"].is_null(), "{told}");

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
    let vms = Subscriber::start(&descriptions, port, "guessed");
    assert!(vms.next()["year"].is_number());
    assert_eq!(vms.next()["subcode"], "NotAuthorized");
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

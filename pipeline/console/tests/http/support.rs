//! A console on a random port, and those who ask it.

use std::sync::Arc;

use serde_json::{Value, json};
use throng_analytics::wire::Ack;
use throng_console::{
    ChangeRecord, Commands, Console, Desk, Fit, Options, Overlay, Picture, Pictures, PointPair, Proposal,
    RoomEvent, SiteChange, SiteDescription, SpeakOrder,
};
use throng_history::History;

/// Nothing that goes out arrives.
pub(crate) struct Nowhere;

impl Commands for Nowhere {
    fn acknowledge(&self, _: &str, _: &Ack) -> Result<(), String> {
        Err("nowhere".to_owned())
    }
    fn speak(&self, _: &str, _: &str, _: &SpeakOrder) -> Result<String, String> {
        Err("nowhere".to_owned())
    }
    fn confirm(&self, _: &str, _: &str, _: &str, _: &str) -> Result<(), String> {
        Err("nowhere".to_owned())
    }
    fn abort(&self, _: &str, _: &str, _: &str) -> Result<(), String> {
        Err("nowhere".to_owned())
    }
}

impl Pictures for Nowhere {
    fn latest(&self, _: &str, _: &str, _: Overlay) -> Option<Picture> {
        None
    }
}

impl Desk for Nowhere {
    fn still(&self, _: &str, _: &str) -> Result<Picture, String> {
        Err("nowhere".to_owned())
    }
    fn fit(&self, _: &str, _: &str, _: &[PointPair]) -> Result<Fit, String> {
        Err("nowhere".to_owned())
    }
    fn propose(&self, _: &str, _: &SiteChange, _: &str) -> Result<Proposal, String> {
        Err("nowhere".to_owned())
    }
    fn apply(&self, _: &str, _: &str, _: &str) -> Result<(), String> {
        Err("nowhere".to_owned())
    }
    fn undo(&self, _: &str, _: &str) -> Result<(), String> {
        Err("nowhere".to_owned())
    }
    fn changes(&self, _: &str) -> Vec<ChangeRecord> {
        Vec::new()
    }
}

pub(crate) struct Server {
    pub(crate) console: Console,
    _folder: tempfile::TempDir,
}

/// Somebody, perhaps logged in.
#[derive(Default)]
pub(crate) struct Visitor {
    pub(crate) cookie: String,
    pub(crate) csrf_token: String,
}

impl Server {
    /// A console without a history.
    pub(crate) fn start() -> Self {
        Self::start_with(None)
    }

    pub(crate) fn start_with(history: Option<Arc<History>>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = Options::new("127.0.0.1:0".parse().unwrap(), folder.path().to_owned());
        let port = Arc::new(Nowhere);
        let console = Console::start(options, port.clone(), port.clone(), port, None, history)
            .unwrap_or_else(|error| {
                panic!("{error}");
            });
        for id in ["square", "station"] {
            let site = SiteDescription { id: id.to_owned(), ..SiteDescription::default() };
            console.hear(RoomEvent::Site(Box::new(site)));
        }
        console.settle();
        Self { console, _folder: folder }
    }

    pub(crate) fn ask(&self, visitor: &Visitor, method: &str, path: &str, body: &Value) -> minreq::Response {
        let method = match method {
            "GET" => minreq::Method::Get,
            "PUT" => minreq::Method::Put,
            "DELETE" => minreq::Method::Delete,
            _ => minreq::Method::Post,
        };
        let mut request = minreq::Request::new(method, format!("{}api/v1/{path}", self.console.url()))
            .with_header("cookie", &visitor.cookie)
            .with_header("x-csrf-token", &visitor.csrf_token);
        if !body.is_null() {
            request = request.with_header("content-type", "application/json").with_body(body.to_string());
        }
        request.send().unwrap()
    }

    pub(crate) fn log_in(&self, user: &str, password: &str) -> Option<Visitor> {
        let nobody = Visitor::default();
        let answer = self.ask(&nobody, "POST", "login", &json!({ "user": user, "password": password }));
        if answer.status_code != 200 {
            return None;
        }
        let cookie = answer.headers.get("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        let me: Value = serde_json::from_str(answer.as_str().unwrap()).unwrap();
        Some(Visitor { cookie, csrf_token: me["csrf_token"].as_str().unwrap().to_owned() })
    }

    pub(crate) fn administrator(&self) -> Visitor {
        self.log_in("administrator", self.console.first_password().unwrap()).unwrap()
    }

    pub(crate) fn with_role(&self, administrator: &Visitor, role: &str, sites: &Value) -> Visitor {
        let user = format!("the-{role}");
        let account = json!({
            "user": user, "name": role, "role": role, "password": "long enough to be one", "sites": sites,
            "cameras": null,
        });
        let made = self.ask(administrator, "POST", "users", &account);
        assert_eq!(made.status_code, 200, "{}", made.as_str().unwrap());
        self.log_in(&user, "long enough to be one").unwrap()
    }
}

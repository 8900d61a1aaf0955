//! Who may ask what: every route with every role, sessions that end, and what is not ours.

use serde_json::{Value, json};

use crate::support::{Server, Visitor};

const ROLES: [&str; 4] = ["viewer", "operator", "commander", "administrator"];

/// Every route that needs a session, with the least role that may use it.
const ROUTES: &[(&str, &str, &str)] = &[
    ("GET", "me", "viewer"),
    ("PUT", "me", "viewer"),
    ("GET", "room", "viewer"),
    ("GET", "zones/square/stage", "viewer"),
    ("GET", "sites/square/field", "viewer"),
    ("GET", "sites/square/plan", "viewer"),
    ("GET", "tiles/3/5/2", "viewer"),
    ("GET", "alarms", "viewer"),
    ("GET", "alarms/square/x", "viewer"),
    ("GET", "cameras/square/north/picture.jpg", "viewer"),
    ("GET", "history/zones/square/stage?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z", "viewer"),
    ("GET", "history/lines/square/gate?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z", "viewer"),
    ("GET", "report?site=square&from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z", "viewer"),
    ("GET", "deployment?site=square&date=2026-01-01", "viewer"),
    ("GET", "calendar?from=2026-01-01&to=2026-01-02", "viewer"),
    ("POST", "calendar", "commander"),
    ("DELETE", "calendar?date=2026-01-01&name=x", "commander"),
    ("GET", "signals", "viewer"),
    ("POST", "signals", "operator"),
    ("POST", "signals/square/x/end", "operator"),
    ("GET", "history/signals/square?from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z", "viewer"),
    ("GET", "health", "viewer"),
    ("GET", "officers", "operator"),
    ("POST", "alarms/square/x/acknowledge", "operator"),
    ("POST", "alarms/square/x/comment", "operator"),
    ("POST", "handovers", "operator"),
    ("POST", "speakers/square/horn/speak", "operator"),
    ("POST", "speakers/square/horn/confirm", "operator"),
    ("POST", "speakers/square/horn/abort", "operator"),
    ("POST", "sites/square/changes", "commander"),
    ("POST", "sites/square/changes/undo", "commander"),
    ("POST", "sites/square/changes/x/apply", "commander"),
    ("POST", "calibrate/square/north/fit", "commander"),
    ("POST", "calibrate/square/north/project", "commander"),
    ("GET", "sites/square/profiles", "commander"),
    ("GET", "calibrate/square/north/still.jpg", "commander"),
    ("POST", "drills/square", "commander"),
    ("POST", "drills/square/stop", "commander"),
    ("GET", "evidence/square", "commander"),
    ("GET", "evidence/square/x", "commander"),
    ("GET", "evidence/square/x/archive.tar", "commander"),
    ("GET", "audit", "commander"),
    ("GET", "audit/verify", "commander"),
    ("GET", "users", "administrator"),
    ("POST", "users", "administrator"),
    ("PUT", "users/nobody", "administrator"),
    ("DELETE", "users/nobody", "administrator"),
];

#[test]
fn every_route_knows_who_may_use_it() {
    let server = Server::start();
    let administrator = server.administrator();
    let visitors: Vec<Visitor> =
        ROLES[..3].iter().map(|role| server.with_role(&administrator, role, &Value::Null)).collect();
    let visitors: Vec<&Visitor> = visitors.iter().chain([&administrator]).collect();
    let mut wrong = Vec::new();
    for (method, path, least) in ROUTES {
        let body = if *method == "GET" || *method == "DELETE" { Value::Null } else { json!({}) };
        let status = server.ask(&Visitor::default(), method, path, &body).status_code;
        if status != 401 {
            wrong.push(format!("{method} {path} answers a stranger with {status}"));
        }
        let needed = ROLES.iter().position(|role| role == least).unwrap();
        for (held, visitor) in visitors.iter().enumerate() {
            let status = server.ask(visitor, method, path, &body).status_code;
            let (is_refused, is_odd) = (status == 403, status == 401 || status >= 500);
            if is_refused != (held < needed) || is_odd {
                wrong.push(format!("{method} {path} answers {} with {status}", ROLES[held]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_request_without_the_pages_token_changes_nothing() {
    let server = Server::start();
    let administrator = server.administrator();
    for csrf_token in ["", "0000"] {
        let forged = Visitor { cookie: administrator.cookie.clone(), csrf_token: csrf_token.to_owned() };
        assert_eq!(server.ask(&forged, "PUT", "me", &json!({ "language": "zh" })).status_code, 403);
    }
    let me: Value =
        serde_json::from_str(server.ask(&administrator, "GET", "me", &Value::Null).as_str().unwrap())
            .unwrap();
    assert_eq!(me["language"], "en");
}

#[test]
fn a_stolen_session_dies_on_logout_and_with_a_new_password() {
    let server = Server::start();
    let administrator = server.administrator();
    let viewer = server.with_role(&administrator, "viewer", &Value::Null);
    let stolen = Visitor { cookie: viewer.cookie.clone(), csrf_token: viewer.csrf_token.clone() };
    assert_eq!(server.ask(&stolen, "GET", "room", &Value::Null).status_code, 200);
    assert_eq!(server.ask(&viewer, "POST", "logout", &json!({})).status_code, 200);
    assert_eq!(server.ask(&stolen, "GET", "room", &Value::Null).status_code, 401);

    let again = server.log_in("the-viewer", "long enough to be one").unwrap();
    let change = json!({ "old": "long enough to be one", "new": "another that is long" });
    assert_eq!(server.ask(&again, "POST", "me/password", &change).status_code, 200);
    assert_eq!(server.ask(&again, "GET", "room", &Value::Null).status_code, 401);
    assert!(server.log_in("the-viewer", "long enough to be one").is_none());
}

#[test]
fn who_guesses_passwords_is_stopped() {
    let server = Server::start();
    let nobody = Visitor::default();
    let statuses: Vec<i32> = (0..8)
        .map(|n| {
            let guess = json!({ "user": "administrator", "password": format!("guess {n}") });
            server.ask(&nobody, "POST", "login", &guess).status_code
        })
        .collect();
    assert_eq!(statuses[0], 401);
    assert_eq!(statuses[7], 429, "{statuses:?}");
}

#[test]
fn whoever_found_an_open_session_cannot_guess_its_password_by_changing_it() {
    let server = Server::start();
    let viewer = server.with_role(&server.administrator(), "viewer", &Value::Null);
    let statuses: Vec<i32> = (0..8)
        .map(|n| {
            let guess = json!({ "old": format!("guess {n}"), "new": "another that is long" });
            server.ask(&viewer, "POST", "me/password", &guess).status_code
        })
        .collect();
    assert_eq!((statuses[0], statuses[7]), (401, 429), "{statuses:?}");
}

#[test]
fn an_account_of_one_site_sees_nothing_of_another() {
    let server = Server::start();
    let administrator = server.administrator();
    let viewer = server.with_role(&administrator, "viewer", &json!(["station"]));
    let room: Value =
        serde_json::from_str(server.ask(&viewer, "GET", "room", &Value::Null).as_str().unwrap()).unwrap();
    let sites: Vec<&str> =
        room["sites"].as_array().unwrap().iter().map(|site| site["id"].as_str().unwrap()).collect();
    assert_eq!(sites, ["station"]);
    for path in ["zones/square/stage", "sites/square/field", "cameras/square/north/picture.jpg"] {
        assert_eq!(server.ask(&viewer, "GET", path, &Value::Null).status_code, 404, "{path}");
    }
}

#[test]
fn hostile_input_is_refused_and_never_echoed_as_markup() {
    let server = Server::start();
    let administrator = server.administrator();
    let hostile = [
        "'; DROP TABLE accounts; --",
        "<script>alert(1)</script>",
        "../../etc/passwd",
        "a\r\nset-cookie: x=y",
        "\u{0}",
    ];
    for text in hostile {
        let account =
            json!({ "user": text, "name": text, "role": "viewer", "password": "long enough to be one" });
        assert_eq!(server.ask(&administrator, "POST", "users", &account).status_code, 422, "{text:?}");
        let login =
            server.ask(&Visitor::default(), "POST", "login", &json!({ "user": text, "password": text }));
        assert!([401, 429].contains(&login.status_code), "{text:?}: {}", login.status_code);
        assert!(login.headers.get("content-type").unwrap().starts_with("application/json"));
    }
    let large = json!({ "user": "x".repeat(400_000), "password": "" });
    assert_eq!(server.ask(&Visitor::default(), "POST", "login", &large).status_code, 413);
    let broken = minreq::post(format!("{}api/v1/login", server.console.url()))
        .with_header("content-type", "application/json")
        .with_body("{\"user\":")
        .send()
        .unwrap();
    assert!([400, 422].contains(&broken.status_code), "{}", broken.status_code);
    for path in ["/../Cargo.toml", "/%2e%2e/Cargo.toml", "/app/..%2f..%2fCargo.toml", "/.git/config"] {
        let answer =
            minreq::get(format!("{}{path}", server.console.url().trim_end_matches('/'))).send().unwrap();
        assert_eq!(answer.status_code, 404, "{path}");
    }
    assert_eq!(server.ask(&administrator, "GET", "users", &Value::Null).status_code, 200);
}

#[test]
fn pages_forbid_what_is_not_theirs() {
    let server = Server::start();
    let page = minreq::get(server.console.url()).send().unwrap();
    assert_eq!(page.status_code, 200);
    let policy = page.headers.get("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!policy.contains("unsafe-inline") && !policy.contains("unsafe-eval"), "{policy}");
    assert_eq!(page.headers.get("x-content-type-options").unwrap(), "nosniff");
}

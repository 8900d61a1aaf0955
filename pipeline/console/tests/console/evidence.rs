//! Evidence is seen and taken away by commanders alone, and the trail says by whom.

use serde_json::{Value, json};

use crate::support::Server;

#[test]
fn a_commander_takes_a_bundle_away_as_one_file_and_the_trail_says_so() {
    let server = Server::start();
    let administrator = server.administrator();
    let commander = server.with_role(&administrator, "commander", &json!(["square"]));
    assert_eq!(server.get(&commander, "evidence/square")[0]["name"], "b-1");
    assert_eq!(server.get(&commander, "evidence/square/b-1")["is_sealed"], true);
    let tar = server.ask(&commander, "GET", "evidence/square/b-1/archive.tar", &Value::Null);
    assert_eq!((tar.status_code, tar.as_bytes()), (200, &b"tar"[..]));
    assert_eq!(tar.headers.get("content-disposition").unwrap(), "attachment; filename=\"b-1.tar\"");
    let trail = server.get(&administrator, "audit").to_string();
    assert!(trail.contains("evidence_downloaded") && trail.contains("the-commander"), "{trail}");

    for path in ["evidence/square/b-2/archive.tar", "evidence/square/b-2"] {
        let answer = server.ask(&commander, "GET", path, &Value::Null);
        assert_eq!(answer.status_code, 409, "{path}");
    }
    for path in ["evidence/square/..%2f..%2fetc/archive.tar", "evidence/square/.hidden"] {
        assert_eq!(server.ask(&commander, "GET", path, &Value::Null).status_code, 422, "{path}");
    }
    assert_eq!(
        server.ask(&commander, "GET", "evidence/station", &Value::Null).status_code,
        404,
        "not its site"
    );
}

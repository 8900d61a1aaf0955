//! What lies under the map, and who may see it.

use serde_json::{Value, json};

use crate::support::{Server, Visitor};

#[test]
fn a_drawing_is_for_those_who_see_the_site_and_tiles_for_those_who_are_logged_in() {
    let server = Server::start();
    let administrator = server.administrator();
    let viewer = server.with_role(&administrator, "viewer", &json!(["station"]));
    let status = |visitor: &Visitor, path: &str| server.ask(visitor, "GET", path, &Value::Null).status_code;
    let drawing = server.ask(&administrator, "GET", "sites/square/plan", &Value::Null);
    assert_eq!((drawing.status_code, drawing.as_bytes()), (200, &b"drawing"[..]));
    assert_eq!(drawing.headers["content-type"], "image/png");
    assert_eq!(drawing.headers["cache-control"], "no-store");
    // What is no picture is not served, whatever a site says that it is.
    assert_eq!((status(&viewer, "sites/square/plan"), status(&viewer, "sites/station/plan")), (404, 404));
    let tile = server.ask(&viewer, "GET", "tiles/3/5/2", &Value::Null);
    assert_eq!((tile.status_code, tile.as_bytes()), (200, &b"tile"[..]));
    for path in [
        "tiles/3/5/3",
        "tiles/3/8/2",
        "tiles/23/1/1",
        "tiles/200/0/0",
        "tiles/3/-1/2",
        "tiles/3/..%2f5/2",
        "tiles/3/5/2.png",
    ] {
        assert!([400, 404].contains(&status(&viewer, path)), "{path}");
    }
    assert_eq!(status(&Visitor::default(), "tiles/3/5/2"), 401);
    assert_eq!(server.get(&viewer, "room")["tiles"]["max_zoom"], 3);
}

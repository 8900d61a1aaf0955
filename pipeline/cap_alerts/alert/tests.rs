use super::*;

/// An alert with a part replaced.
fn with(part: &str, by: &str) -> String {
    let alert = include_str!("storm.xml");
    assert!(alert.contains(part), "{part}");
    alert.replace(part, by)
}

fn alert(text: &str) -> Result<Option<Alert>> {
    read(text.as_bytes())?.alerts.into_iter().next().transpose()
}

fn refused(text: &str) -> String {
    format!("{:#}", alert(text).unwrap_err())
}

#[test]
fn an_alert_is_read_whole() {
    let alert = alert(include_str!("storm.xml")).unwrap().unwrap();
    assert_eq!(alert.name.identifier, "storm-2");
    assert_eq!(
        (alert.kind, alert.sent.to_string().as_str()),
        (AlertKind::Update, "2026-11-28T14:00:00.000000000Z")
    );
    let name = |identifier: &str| AlertName {
        sender: "weather@example.org".to_owned(),
        identifier: identifier.to_owned(),
    };
    assert_eq!(alert.references, [name("storm-0"), name("storm-1")], "and not what another has said");
    let [zh, en] = alert.infos.as_slice() else { panic!("{alert:?}") };
    assert_eq!((zh.event.as_str(), en.event.as_str()), ("雷雨大风", "Severe thunderstorm"));
    assert_eq!((zh.severity, zh.is_over), (Some(Severity::Severe), false));
    assert_eq!(zh.until.unwrap().to_string(), "2026-11-28T18:00:00.000000000Z");
    assert_eq!(
        zh.from.unwrap().to_string(),
        "2026-11-28T15:00:00.000000000Z",
        "the onset before what is effective"
    );
    let [area] = zh.areas.as_slice() else { panic!("{zh:?}") };
    assert_eq!((area.polygons[0].len(), area.circles.as_slice()), (5, [([31.24, 121.49], 12.5)].as_slice()));
    assert_eq!(area.geocodes, ["310101"]);
}

#[test]
fn what_is_not_meant_is_no_alert() {
    for (part, by) in [("Actual", "Exercise"), ("Actual", "Test"), ("Update", "Ack"), ("Update", "Error")] {
        assert_eq!(alert(&with(&format!(">{part}<"), &format!(">{by}<"))).unwrap(), None, "{by}");
    }
}

#[test]
fn entities_and_document_types_are_refused() {
    let bomb =
        r#"<?xml version="1.0"?><!DOCTYPE alert [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>"#;
    let file = r#"<!DOCTYPE alert [<!ENTITY secret SYSTEM "file:///etc/passwd">]>"#;
    for head in [bomb, file] {
        let text =
            with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>", head).replace("Heavy storms", "&secret;&b;");
        assert!(refused(&text).contains("no XML that is taken"), "{}", refused(&text));
    }
    assert!(refused(&with("Heavy storms", "&secret;")).contains("no XML that is taken"));
}

#[test]
fn what_is_too_large_or_too_deep_is_refused() {
    let long = with("Heavy storms", &"x".repeat(BYTES_MAX as usize));
    assert!(refused(&long).contains("larger than"));
    let many = include_str!("storm.xml").replacen(
        "<category>Met</category>",
        &"<a/>".repeat(NODES_MAX as usize + 1),
        1,
    );
    assert!(refused(&many).contains("no XML that is taken"));
    // However deep, it is read or refused, and nothing overflows.
    let deep = format!("<alert>{}{}</alert>", "<a>".repeat(100_000), "</a>".repeat(100_000));
    assert!(alert(&deep).is_err());
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    for (part, by, said) in [
        ("2026-11-28T22:00:00+08:00", "tomorrow", "<sent> is no time"),
        ("<identifier>storm-2</identifier>", "", "no <identifier>"),
        ("12.5", "wide", "\"wide\" is no number"),
        ("31.24,121.49 ", "131.24,121.49 ", "no place on Earth"),
        ("31,121 31,122 32,122 32,121 31,121", "31,121 31,122", "a polygon of 2 corners"),
    ] {
        assert!(refused(&with(part, by)).contains(said), "{said}: {}", refused(&with(part, by)));
    }
    let html = "<html><body>Not found</body></html>";
    assert!(refused(html).contains("begins with <html>"), "{}", refused(html));
    assert!(format!("{:#}", read(&[0xff, 0xfe]).unwrap_err()).contains("not in UTF-8"));
}

#[test]
fn a_feed_has_alerts_in_it_or_links_to_them() {
    let alert = include_str!("storm.xml").split_once("?>").unwrap().1;
    let atom = format!(
        "<feed xmlns='http://www.w3.org/2005/Atom'><link href='self'/><entry><updated>1</updated>\
         <link rel='enclosure' href='p.png'/><link type='application/cap+xml' href='a.xml'/></entry>\
         <entry><content type='text/xml'>{alert}</content></entry><entry><id>no link</id></entry></feed>"
    );
    let contents = read(atom.as_bytes()).unwrap();
    assert_eq!(contents.alerts.len(), 1);
    assert_eq!(contents.links, [Link { address: "a.xml".to_owned(), changed: Some("1".to_owned()) }]);
    let rss = "<rss><channel><link>home</link><item><link> b.xml </link></item></channel></rss>";
    let contents = read(rss.as_bytes()).unwrap();
    assert_eq!(contents.links, [Link { address: "b.xml".to_owned(), changed: None }]);
}

use rusqlite::params;
use serde_json::json;
use throng_analytics::wire::Message as _;

use super::*;

fn id(text: &str) -> Id {
    Id::new(text).unwrap()
}

fn warning(zone: &str, seq: u64) -> Outgoing {
    let payload = json!({ "zone": zone, "seq": seq }).to_string().into_bytes();
    Outgoing { seq: Some(seq), ..Outgoing::new(Topic::Warning(id(zone)), payload) }
}

fn receipt(store: &Store, group: &str, zone: &str, up_to_seq: u64) -> WarningReceipt {
    WarningReceipt {
        schema: WarningReceipt::SCHEMA.to_owned(),
        site: "stadium".to_owned(),
        group: group.to_owned(),
        by: "console-1".to_owned(),
        zone: zone.to_owned(),
        numbering: store.numbering().to_owned(),
        up_to_seq,
        at: Timestamp::from_unix_nanos(0),
    }
}

fn waiting(store: &Store) -> Vec<(String, u64)> {
    let rows = store.unconfirmed(0, 1000).unwrap();
    rows.iter()
        .map(|row| {
            let Topic::Warning(zone) = &row.message.topic else { panic!() };
            (zone.to_string(), row.message.seq.unwrap())
        })
        .collect()
}

#[test]
fn a_warning_leaves_when_every_group_has_confirmed_it_and_numbers_go_on_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state/outbox.sqlite");
    let groups = [id("room"), id("district")];
    let mut store = Store::open(&path, &id("stadium"), &groups).unwrap();
    store.save(&[warning("gate", 0), warning("stand", 0), warning("gate", 1)]).unwrap();
    let numbering = store.numbering().to_owned();
    drop(store);

    let mut store = Store::open(&path, &id("stadium"), &groups).unwrap();
    assert_eq!(store.numbering(), numbering);
    assert_eq!(store.next_seqs().unwrap(), BTreeMap::from([("gate".to_owned(), 2), ("stand".to_owned(), 1)]));
    store.confirm(&receipt(&store, "room", "gate", 1)).unwrap();
    assert_eq!(waiting(&store).len(), 3, "the district has not confirmed yet");
    store.confirm(&receipt(&store, "district", "gate", 0)).unwrap();
    assert_eq!(waiting(&store), [("stand".to_owned(), 0), ("gate".to_owned(), 1)]);
    let places = store.save(&[warning("gate", 2)]).unwrap();
    assert_eq!(places[0].first_seq, 1);
    assert_eq!(store.history(Some("gate"), 2).unwrap().len(), 2, "what has left is still history");
}

#[test]
fn confirmations_that_cannot_be_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("o.sqlite"), &id("stadium"), &[id("room")]).unwrap();
    store.save(&[warning("gate", 0)]).unwrap();
    let proper = receipt(&store, "room", "gate", 0);
    for (forged, why) in [
        (WarningReceipt { numbering: "other".to_owned(), ..proper.clone() }, "numbering"),
        (WarningReceipt { group: "pub".to_owned(), ..proper.clone() }, "no group"),
        (WarningReceipt { up_to_seq: 1, ..proper.clone() }, "never given"),
        (WarningReceipt { zone: "moon".to_owned(), ..proper.clone() }, "never given"),
    ] {
        let error = store.confirm(&forged).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
    assert_eq!(waiting(&store).len(), 1);
    store.confirm(&proper).unwrap();
    assert!(waiting(&store).is_empty());
}

#[test]
fn one_process_at_a_time_one_site_only_and_damage_is_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox.sqlite");
    let store = Store::open(&path, &id("stadium"), &[]).unwrap();
    let error = format!("{:#}", Store::open(&path, &id("stadium"), &[]).unwrap_err());
    assert!(error.contains("used by another process"), "{error}");
    let numbering = store.numbering().to_owned();
    drop(store);
    let error = format!("{:#}", Store::open(&path, &id("gate"), &[]).unwrap_err());
    assert!(error.contains("is the outbox of the site stadium"), "{error}");

    fs::write(&path, vec![0x55; 8192]).unwrap();
    let store = Store::open(&path, &id("stadium"), &[]).unwrap();
    assert_ne!(store.numbering(), numbering, "its numbers mean nothing any more");
    let aside = fs::read_dir(folder.path()).unwrap().filter(|entry| {
        entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("outbox.sqlite.damaged-")
    });
    assert_eq!(aside.count(), 1);
}

#[test]
fn a_file_of_a_newer_version_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox.sqlite");
    drop(Store::open(&path, &id("stadium"), &[]).unwrap());
    Connection::open(&path).unwrap().pragma_update(None, "user_version", VERSION + 1).unwrap();
    let error = format!("{:#}", Store::open(&path, &id("stadium"), &[]).unwrap_err());
    assert!(error.contains("newer version of throng"), "{error}");
    assert!(path.exists());
}

#[test]
fn history_is_cut_and_what_waits_or_is_the_newest_of_a_zone_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = Store::open(&folder.path().join("o.sqlite"), &id("stadium"), &[]).unwrap();
    store.save(&[warning("quiet", 0), warning("waiting", 0)]).unwrap();
    store.delivered(&[1]).unwrap();
    store
        .connection
        .execute(
            "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
             INSERT INTO warning (zone, seq, payload, delivered) SELECT 'busy', i, x'7b7d', 1 FROM n",
            params![HISTORY_MAX + 99],
        )
        .unwrap();
    store.prune().unwrap();
    let rows: i64 = store.connection.query_row("SELECT count(*) FROM warning", [], |row| row.get(0)).unwrap();
    assert_eq!(rows, HISTORY_MAX + 2, "the newest of all, `quiet` and `waiting`");
    assert_eq!(waiting(&store), [("waiting".to_owned(), 0)]);
}

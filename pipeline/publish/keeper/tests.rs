use serde_json::json;

use super::*;
use crate::publish::Topic;

fn warning(seq: u64) -> Outgoing {
    let payload = json!({ "seq": seq, "text": "x".repeat(2000) }).to_string().into_bytes();
    Outgoing { seq: Some(seq), ..Outgoing::new(Topic::Warning(Id::new("gate").unwrap()), payload) }
}

#[test]
fn a_full_disk_holds_nothing_up_is_said_and_made_good_in_order_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox.sqlite");
    let site = Id::new("stadium").unwrap();
    let store = Store::open(&path, &site, &[]).unwrap();
    store.fill_up();
    let outbox = Arc::new(Outbox::default());
    let (trouble, refused) = (Arc::default(), Arc::default());
    let mut worker = Worker {
        store,
        outbox: Arc::clone(&outbox),
        trouble: Arc::clone(&trouble),
        refused,
        unsaved: VecDeque::new(),
        delivered: Vec::new(),
        failed: RareLog::default(),
    };
    for seq in 0..20 {
        worker.save(vec![warning(seq)]);
    }
    let gone_out: Vec<_> = std::iter::from_fn(|| outbox.pop()).collect();
    assert_eq!(gone_out.len(), 20, "every one goes to the network all the same");
    assert!(gone_out.iter().any(|queued| queued.place.is_none()));
    let said = trouble.lock().unwrap().clone().unwrap();
    assert!(said.contains("in memory only") && said.contains("full"), "{said}");

    worker.store.give_room();
    worker.save(vec![warning(20)]);
    assert_eq!(*trouble.lock().unwrap(), None);
    let seqs: Vec<u64> =
        worker.store.unconfirmed(0, 100).unwrap().iter().map(|row| row.message.seq.unwrap()).collect();
    assert_eq!(seqs, (0..=20).collect::<Vec<_>>());
}

#[test]
fn an_outbox_that_cannot_be_on_disk_is_said_and_the_site_runs() {
    let folder = tempfile::tempdir().unwrap();
    let not_a_folder = folder.path().join("file");
    std::fs::write(&not_a_folder, "").unwrap();
    let options =
        OutboxOptions { file: Some(not_a_folder.join("outbox.sqlite")), confirm_groups: Vec::new() };
    let (keeper, left, trouble) = Keeper::open(&options, &Id::new("stadium").unwrap(), &Arc::default());
    assert!(keeper.is_none() && !left.numbering.is_empty());
    let trouble = trouble.unwrap();
    assert!(trouble.contains("in memory only") && trouble.contains("cannot make the folder"), "{trouble}");
}

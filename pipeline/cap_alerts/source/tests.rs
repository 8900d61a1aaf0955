use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use super::*;

/// Whole answers by path, from a server on loopback.
struct Service {
    address: String,
    answers: Arc<Mutex<BTreeMap<String, String>>>,
    asked: Arc<AtomicUsize>,
}

impl Service {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let service = Self { address, answers: Arc::default(), asked: Arc::default() };
        let (answers, asked) = (Arc::clone(&service.answers), Arc::clone(&service.asked));
        let serve = move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                asked.fetch_add(1, Ordering::SeqCst);
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
                let first = lines.next().unwrap_or_default();
                lines.take_while(|line| !line.is_empty()).for_each(drop);
                let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
                let answer = answers
                    .lock()
                    .unwrap()
                    .get(&path)
                    .cloned()
                    .unwrap_or_else(|| "404 Not Found\r\n\r\n".to_owned());
                // Whoever has heard enough hangs up.
                drop(stream.write_all(format!("HTTP/1.1 {answer}").as_bytes()));
            }
        };
        thread::Builder::new().name("alerts".to_owned()).spawn(serve).unwrap();
        service
    }

    fn serve(&self, path: &str, body: &str) {
        self.answer(
            path,
            format!("200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len()),
        );
    }

    fn answer(&self, path: &str, answer: String) {
        self.answers.lock().unwrap().insert(path.to_owned(), answer);
    }

    fn source(&self, path: &str) -> Source {
        Source::new(&format!("{}{path}", self.address)).unwrap()
    }
}

const STORM: &str = include_str!("../alert/storm.xml");

fn feed(entries: &[&str]) -> String {
    format!("<feed xmlns='http://www.w3.org/2005/Atom'>{}</feed>", entries.concat())
}

#[test]
fn what_a_feed_links_to_is_fetched_once() {
    let service = Service::start();
    let changed = "<entry><updated>1</updated><link href='a.xml'/></entry>";
    service.serve("/feeds/all", &feed(&[changed, "<entry><link href='/b.xml'/></entry>"]));
    service.serve("/feeds/a.xml", STORM);
    service.serve("/b.xml", &STORM.replace("storm-2", "storm-3"));
    let mut source = service.source("/feeds/all");
    let fetched = source.fetch().unwrap();
    assert_eq!((fetched.alerts.len(), fetched.problems.len()), (2, 0), "{:?}", fetched.problems);
    assert_eq!(service.asked.load(Ordering::SeqCst), 3);
    // Only one entry says that it has not changed.
    assert_eq!(source.fetch().unwrap().alerts.len(), 1);
    assert_eq!(service.asked.load(Ordering::SeqCst), 5);
}

#[test]
fn an_entry_that_fails_costs_that_entry() {
    let service = Service::start();
    let links = ["gone.xml", "file:///etc/passwd", "ftp://127.0.0.1/a", "html", "good.xml"];
    let entries: Vec<String> =
        links.iter().map(|link| format!("<entry><link href='{link}'/></entry>")).collect();
    service.serve("/feed", &feed(&entries.iter().map(String::as_str).collect::<Vec<_>>()));
    service.serve("/html", "<html/>");
    service.serve("/good.xml", STORM);
    let fetched = service.source("/feed").fetch().unwrap();
    assert_eq!(fetched.alerts.len(), 1);
    for (problem, said) in fetched.problems.iter().zip([
        "answers 404",
        "not followed by \"file\"",
        "not followed by \"ftp\"",
        "begins with <html>",
    ]) {
        assert!(problem.contains(said), "{said}: {problem}");
    }
    assert_eq!(fetched.problems.len(), 4);
}

#[test]
fn a_source_that_fails_says_why_without_its_password() {
    let service = Service::start();
    service.answer(
        "/endless",
        format!("200 OK\r\nconnection: close\r\n\r\n{}", "x".repeat(BYTES_MAX as usize + 10)),
    );
    service.answer(
        "/round",
        "302 Found\r\nlocation: /round\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned(),
    );
    let said = |path: &str| format!("{:#}", service.source(path).fetch().unwrap_err());
    assert!(said("/endless").contains("does not end within"), "{}", said("/endless"));
    assert!(said("/round").contains("no answer"), "{}", said("/round"));
    assert!(said("/gone").contains("answers 404"), "{}", said("/gone"));
    let secret = service.address.replace("http://", "http://viewer:hunter2@");
    let mut source = Source::new(&format!("{secret}/gone?token=hunter2")).unwrap();
    let said = format!("{:#} {}", source.fetch().unwrap_err(), source.shown());
    assert!(!said.contains("hunter2"), "{said}");
    let missing = format!("{:#}", Source::new("no/such/alert.xml").unwrap().fetch().unwrap_err());
    assert!(missing.contains("cannot open no/such/alert.xml"), "{missing}");
}

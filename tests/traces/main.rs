//! Traces by the real program to a collector on loopback: a frame from capture to the bus, a warning to the disk and the bus, an
//! order to a loudspeaker; and a collector that is away or hangs holds nothing up.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]

mod collector;
#[path = "../bus/gate.rs"]
mod gate;

use std::{
    collections::BTreeMap,
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use opentelemetry_proto::tonic::trace::v1::Span;
use serde_json::Value;
use tempfile::TempDir;
use throng::publish::signature::generated_key;

use self::{
    collector::{Collector, text},
    gate::{film, site},
};

/// A port of loopback on which nobody listens.
fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}

/// A site whose crowd grows for `secs`, with `more` in its `[bus]`.
fn crowded_site(folder: &Path, secs: u32, more: &str) -> PathBuf {
    film(&folder.join("film.mkv"), secs);
    site(folder, &format!("listen = [\"tcp/127.0.0.1:{}\"]\n{more}", free_port()))
}

/// `throng run` until the film has ended.
fn run(site: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_throng"));
    command.arg("run").arg(site).arg("--json").args(arguments).envs(variables.iter().copied());
    command.output().unwrap()
}

/// What it said, and what it wrote, the summary last.
fn said(output: &Output) -> (String, Vec<Value>) {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    let lines = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    (said, lines)
}

fn named<'a>(spans: &'a [Span], name: &str) -> Vec<&'a Span> {
    spans.iter().filter(|span| span.name == name).collect()
}

/// The parts of a span, by their names.
fn parts<'a>(spans: &'a [Span], whole: &Span) -> BTreeMap<&'a str, &'a Span> {
    let is_part = |span: &&Span| span.trace_id == whole.trace_id && span.parent_span_id == whole.span_id;
    spans.iter().filter(is_part).map(|span| (span.name.as_str(), span)).collect()
}

/// The one span that another is linked to.
fn linked<'a>(spans: &'a [Span], from: &Span) -> &'a Span {
    let [link] = from.links.as_slice() else { panic!("{from:?} has one link") };
    let to = spans.iter().find(|span| span.trace_id == link.trace_id && span.span_id == link.span_id);
    to.unwrap_or_else(|| panic!("{link:?} leads nowhere"))
}

#[test]
fn a_frame_a_warning_and_an_order_can_be_followed_to_the_bus() {
    let folder = TempDir::new().unwrap();
    let site = crowded_site(folder.path(), 6, "outbox = \"outbox.sqlite\"");
    fs::write(folder.path().join("site.pem"), generated_key().unwrap().0).unwrap();
    let with_speaker = fs::read_to_string(&site).unwrap()
        + "\n[speaker_key]\nfile = \"site.pem\"\nid = \"k\"\nissuer = \"test\"\n\n\
           [[speaker]]\nid = \"horn\"\norange = \"do-not-crowd\"\nred = \"stop-pushing\"\n";
    fs::write(&site, with_speaker).unwrap();
    let collector = Collector::start();
    let variables = [("OTEL_EXPORTER_OTLP_HEADERS", "x-room=7"), ("OTEL_SERVICE_NAME", "gate-site")];
    let (said, lines) = said(&run(&site, &["--traces", &collector.address()], &variables));
    assert!(said.contains("Traces go to http://127.0.0.1:"), "{said}");
    assert!(
        !said.contains("throng.camera") && !said.contains("unix_nanos"),
        "the log shows no spans: {said}"
    );

    let received = collector.received();
    assert!(received.iter().all(|request| request.head.contains("x-room: 7")), "{received:?}");
    assert_eq!(collector.service_names(), ["gate-site"]);
    let spans = collector.spans();
    let (summary, frames) = (lines.last().unwrap(), named(&spans, "frame"));
    assert_eq!(summary["frames_counted"], frames.len(), "{summary}");
    assert!(!frames.is_empty());
    for frame in &frames {
        assert_eq!((text(frame, "throng.camera"), frame.parent_span_id.len()), (Some("mast".to_owned()), 0));
        let parts = parts(&spans, frame);
        let [decode, count, motion, step, publish] =
            ["decode", "count", "motion", "step", "publish"].map(|name| parts.get(name).copied().unwrap());
        assert_eq!(parts.len(), 5, "{:?}", parts.keys());
        assert_eq!(text(count, "throng.model").as_deref(), Some("brightness"));
        // One after the other, from capture on, and whole within the frame.
        let whole =
            [decode, count, motion, step].map(|part| [part.start_time_unix_nano, part.end_time_unix_nano]);
        assert!(whole.as_flattened().is_sorted(), "{whole:?}");
        assert!(step.end_time_unix_nano <= publish.start_time_unix_nano, "{step:?} {publish:?}");
        assert_eq!(frame.start_time_unix_nano, decode.start_time_unix_nano);
        assert!(parts.values().all(|part| part.end_time_unix_nano <= frame.end_time_unix_nano), "{frame:?}");
    }
    assert!(frames.iter().any(|frame| text(frame, "throng.people").is_some()));

    let raised =
        lines.iter().find(|line| line["event"] == "warning" && line["transition"] == "raised").unwrap();
    let incident = raised["incident"].as_str().unwrap();
    let is_of_incident = |span: &&&Span| text(span, "throng.incident").as_deref() == Some(incident);
    let warnings = named(&spans, "warning");
    let warning = warnings
        .iter()
        .filter(is_of_incident)
        .find(|span| text(span, "throng.transition").as_deref() == Some("raised"))
        .unwrap();
    assert_eq!((text(warning, "throng.zone"), warning.parent_span_id.len()), (Some("gate".to_owned()), 0));
    assert_eq!(linked(&spans, warning).name, "frame");
    assert_eq!(parts(&spans, warning).keys().collect::<Vec<_>>(), [&"outbox"]);

    let orders = named(&spans, "order");
    let order = orders.iter().find(is_of_incident);
    let order =
        order.unwrap_or_else(|| panic!("no order for {incident} among {orders:?}; {summary}; {said}"));
    assert_eq!(text(order, "throng.speaker").as_deref(), Some("horn"));
    assert_eq!(text(order, "throng.outcome"), None, "nobody has answered");
    let cause = linked(&spans, order);
    assert_eq!((&*cause.name, text(cause, "throng.level")), ("warning", text(order, "throng.level")));
    assert!(is_of_incident(&&cause), "{cause:?}");

    let told = format!("{spans:?}");
    assert!(
        !told.contains("film.mkv") && !told.contains("unix_nanos\""),
        "neither addresses nor what only times hold"
    );
}

#[test]
fn a_collector_that_is_away_or_hangs_holds_nothing_up_and_is_said_once() {
    let folder = TempDir::new().unwrap();
    let site = crowded_site(folder.path(), 6, "");
    // Little room, often sent: what is away shows at once, and what hangs fills its queue.
    let variables = [
        ("OTEL_BSP_MAX_QUEUE_SIZE", "16"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "8"),
        ("OTEL_BSP_SCHEDULE_DELAY", "5"),
    ];
    let traced = |to: &str| run(&site, &["--as-fast-as-possible", "--traces", to], &variables);
    let whole = |lines: &[Value]| {
        let summary = lines.last().unwrap();
        assert_eq!((&summary["frames_counted"], &summary["frames_decoded"]), (&60.into(), &60.into()));
    };

    let away = format!("http://127.0.0.1:{}", free_port());
    let (text, lines) = said(&traced(&away));
    whole(&lines);
    assert_eq!(text.matches(&format!("did not reach {away}/v1/traces")).count(), 1, "{text}");

    // Takes connections, as the system does for it, and answers none.
    let hanging = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let (text, lines) = said(&traced(&format!("http://{}", hanging.local_addr().unwrap())));
    whole(&lines);
    assert!(text.contains("The last traces did not leave"), "{text}");
}

#[test]
fn where_traces_go_and_how_many_is_as_the_variables_of_opentelemetry_say() {
    let folder = TempDir::new().unwrap();
    let site = crowded_site(folder.path(), 1, "");
    let collector = Collector::start();
    let to = ("OTEL_EXPORTER_OTLP_ENDPOINT", &*collector.address());
    said(&run(&site, &["--as-fast-as-possible"], &[to, ("OTEL_TRACES_SAMPLER", "always_off")]));
    assert!(collector.spans().is_empty());
    said(&run(&site, &["--as-fast-as-possible"], &[to]));
    assert_eq!(named(&collector.spans(), "frame").len(), 10);
    assert_eq!(collector.service_names(), ["throng"]);
}

#[test]
fn an_address_that_is_none_is_refused_without_its_password() {
    for (to, why) in
        [("grpc://room:4317", "is not spoken"), ("http://ann:s3cret@room:4318", "OTEL_EXPORTER_OTLP_HEADERS")]
    {
        let refused = run(Path::new("site.toml"), &["--traces", to], &[]);
        let text = String::from_utf8_lossy(&refused.stderr);
        assert_eq!(refused.status.code(), Some(2), "{text}");
        assert!(text.contains(why) && !text.contains("s3cret"), "{text}");
    }
}

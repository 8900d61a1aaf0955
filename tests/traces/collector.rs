//! A collector of traces on loopback: takes OTLP over HTTP, and shows what came.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value},
    trace::v1::Span,
};
use prost::Message as _;

/// What was sent at once.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    /// Request line and headers, in lower case.
    pub(crate) head: String,
    pub(crate) spans: ExportTraceServiceRequest,
}

/// The collector; it takes requests until the test ends.
pub(crate) struct Collector {
    address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Collector {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let (address, received) = (listener.local_addr().unwrap(), Arc::<Mutex<Vec<Received>>>::default());
        let kept = Arc::clone(&received);
        let serve = move || {
            for connection in listener.incoming() {
                let request = answered(connection.unwrap());
                kept.lock().unwrap().push(request);
            }
        };
        thread::Builder::new().name("collector".to_owned()).spawn(serve).unwrap();
        Self { address, received }
    }

    /// As a user gives it.
    pub(crate) fn address(&self) -> String {
        format!("http://{}", self.address)
    }

    /// All that has come.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// The spans of all of it.
    pub(crate) fn spans(&self) -> Vec<Span> {
        let resources = self.received().into_iter().flat_map(|request| request.spans.resource_spans);
        resources.flat_map(|resource| resource.scope_spans).flat_map(|scope| scope.spans).collect()
    }

    /// What those who sent call themselves, each once.
    pub(crate) fn service_names(&self) -> Vec<String> {
        let resources = self.received().into_iter().flat_map(|request| request.spans.resource_spans);
        let attributes = resources.flat_map(|resource| resource.resource.unwrap_or_default().attributes);
        let mut names: Vec<String> = attributes
            .filter(|attribute| attribute.key == "service.name")
            .filter_map(|attribute| value(&attribute))
            .collect();
        names.dedup();
        names
    }
}

/// Reads a request and says that all is well.
fn answered(connection: TcpStream) -> Received {
    let mut reader = BufReader::new(connection);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).unwrap() > 0, "a head that ends: {head}");
    }
    let head = head.to_lowercase();
    assert!(head.starts_with("post /v1/traces http/1.1"), "{head}");
    assert!(head.contains("content-type: application/x-protobuf"), "{head}");
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    let mut body = vec![0; length.parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    reader.get_mut().write_all(answer.as_bytes()).unwrap();
    Received { head, spans: ExportTraceServiceRequest::decode(body.as_slice()).unwrap() }
}

/// An attribute of a span as text; `None` where it has none of that name.
pub(crate) fn text(span: &Span, key: &str) -> Option<String> {
    span.attributes.iter().find(|attribute| attribute.key == key).and_then(value)
}

fn value(attribute: &KeyValue) -> Option<String> {
    match attribute.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        Value::IntValue(number) => Some(number.to_string()),
        Value::DoubleValue(number) => Some(number.to_string()),
        Value::BoolValue(flag) => Some(flag.to_string()),
        _ => None,
    }
}

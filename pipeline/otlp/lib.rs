//! Spans of `tracing` to a collector of OpenTelemetry, by OTLP over HTTP.
//!
//! A [`Sending`] takes spans in as a layer of the subscriber ([`taker`](Sending::taker)). Those that have ended wait in a queue of
//! bounded length for a thread of their own, so a collector that is away or slow costs spans and nothing else. What calls the
//! collector, and who is told of lost spans, is given: a [`Port`].
//!
//! It is a crate of its own so that its dependencies are the same in every build of the workspace, with it or without.

mod times;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use opentelemetry::{KeyValue, trace::TracerProvider as _};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{
    Protocol, SpanExporter as OtlpExporter, WithExportConfig as _, WithHttpConfig as _,
};
use opentelemetry_sdk::{
    Resource,
    error::{OTelSdkError, OTelSdkResult},
    trace::{SdkTracerProvider, SpanData, SpanExporter},
};
use tracing_subscriber::{
    Layer, Registry,
    filter::{LevelFilter, Targets},
};

pub use self::times::{BEGAN_UNIX_NANOS, ENDED_UNIX_NANOS};

/// What takes spans in.
pub type SpanTaker = Box<dyn Layer<Registry> + Send + Sync>;

/// What spans leave by.
pub trait Port: Send + Sync + 'static {
    /// Posts a body to the collector, within seconds; its status.
    ///
    /// # Errors
    /// Why there is no answer, without any secret.
    fn post(&self, headers: &[(&str, &str)], body: &[u8]) -> Result<u16, String>;

    /// Takes note of spans that did not arrive, and why.
    fn lost(&self, spans: usize, why: &str);
}

/// Who sends, and what.
#[derive(Clone, Debug)]
pub struct Options<'a> {
    /// Where the collector takes traces, path included.
    pub to: &'a str,
    /// The target of the spans that are sent.
    pub target: &'a str,
    /// Who we are, where `OTEL_SERVICE_NAME` and `OTEL_RESOURCE_ATTRIBUTES` do not say otherwise.
    pub service: &'static str,
    /// The version of that.
    pub version: &'static str,
}

/// Why nothing can be sent.
#[derive(Debug, thiserror::Error)]
#[error("traces cannot be sent: {0}")]
pub struct NotSent(String);

/// Spans on their way.
#[derive(Debug)]
pub struct Sending {
    provider: SdkTracerProvider,
    target: String,
    service: &'static str,
}

impl Sending {
    /// Starts the thread that sends. Headers, sampling and the length of the queue are as OpenTelemetry's variables say. A
    /// collector that is away is no error.
    ///
    /// # Errors
    /// A variable that asks for what is not there, such as compression.
    pub fn start(options: &Options<'_>, port: Arc<dyn Port>) -> Result<Self, NotSent> {
        let client = Client { port, why: Arc::default() };
        let otlp = OtlpExporter::builder()
            .with_http()
            .with_http_client(client.clone())
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(options.to)
            .build()
            .map_err(|error| NotSent(error.to_string()))?;
        let provider = SdkTracerProvider::builder()
            .with_resource(resource(options))
            .with_batch_exporter(Exporter { otlp, client })
            .build();
        Ok(Self { provider, target: options.target.to_owned(), service: options.service })
    }

    /// The layer that takes spans in: those of the target alone.
    pub fn taker(&self) -> SpanTaker {
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer(self.service))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(Targets::new().with_target(self.target.as_str(), LevelFilter::INFO))
            .boxed()
    }

    /// Sends what waits and ends.
    ///
    /// # Errors
    /// It did not all leave within that time.
    pub fn close(&self, within: Duration) -> Result<(), NotSent> {
        self.provider.shutdown_with_timeout(within).map_err(|error| NotSent(error.to_string()))
    }
}

/// Who we are.
fn resource(options: &Options<'_>) -> Resource {
    let stated = Resource::builder().build();
    let is_stated =
        stated.get(&"service.name".into()).is_some_and(|name| !name.as_str().starts_with("unknown_service"));
    let resource = Resource::builder().with_attribute(KeyValue::new("service.version", options.version));
    if is_stated { resource.build() } else { resource.with_service_name(options.service).build() }
}

/// Sends batches, with the times that spans state of themselves.
#[derive(Debug)]
struct Exporter {
    otlp: OtlpExporter,
    client: Client,
}

impl SpanExporter for Exporter {
    async fn export(&self, mut batch: Vec<SpanData>) -> OTelSdkResult {
        batch.iter_mut().for_each(times::state);
        let spans = batch.len();
        if let Err(error) = self.otlp.export(batch).await {
            let why = self.client.take_why().unwrap_or_else(|| said(&error));
            self.client.port.lost(spans, &why);
        }
        // Whoever is told has been told: the library would log it each time.
        Ok(())
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.otlp.set_resource(resource);
    }
}

/// What failed, without whose failure it is.
fn said(error: &OTelSdkError) -> String {
    match error {
        OTelSdkError::InternalFailure(what) => what.clone(),
        other => other.to_string(),
    }
}

/// The port as the library calls it.
#[derive(Clone)]
struct Client {
    port: Arc<dyn Port>,
    /// Why there was no answer the last time, which the library keeps to itself.
    why: Arc<Mutex<Option<String>>>,
}

impl Client {
    fn take_why(&self) -> Option<String> {
        self.why.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

#[async_trait]
impl HttpClient for Client {
    /// Waits for the answer: this is the thread that sends, and nothing else runs on it.
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let headers = request.headers().iter();
        let headers: Vec<(&str, &str)> =
            headers.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))).collect();
        let answered = self.port.post(&headers, request.body());
        *self.why.lock().unwrap_or_else(PoisonError::into_inner) = answered.as_ref().err().cloned();
        Ok(Response::builder().status(answered?).body(Bytes::new())?)
    }
}

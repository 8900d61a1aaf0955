//! The device and event services by which a video management system takes events from us as from any camera: it asks what
//! we are, makes itself a pull point and fetches what is new (Core Specification, 8 and 9; Profile M's events).

use std::{
    io,
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex, MutexGuard},
    thread::JoinHandle,
    time::Duration,
};

use anyhow::{Context as _, Result};
use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};
use axum_server::{Handle, tls_rustls::RustlsConfig};
use hyper_util::rt::TokioTimer;
use jiff::Timestamp as Instant;
use roxmltree::Document;
use rustls::ServerConfig;
use throng_analytics::{
    time::Timestamp,
    wire::{Density, Warning},
};
use tokio::{
    sync::{Notify, Semaphore},
    time::timeout,
};

use super::{
    DIALECT,
    pull_point::{Filter, PullPoints, SUBSCRIBERS_MAX},
    soap::{Addressing, Fault, Request, answer, secs_of},
    time,
};
use crate::{
    clock::wall_clock,
    config::speaker_plan::{Address, Identity},
    connection::certified,
    locked::locked,
    publish::conventions::{ZoneChange, xml::Xml},
};

/// Paths of the services; the number of a subscription follows the last.
const DEVICE: &str = "/onvif/device_service";
const EVENTS: &str = "/onvif/event_service";
const SUBSCRIPTION: &str = "/onvif/subscription/";
/// Largest request, bytes.
const REQUEST_BYTES_MAX: usize = 64 * 1024;
/// Requests at a time, most of which wait for something new.
const REQUESTS_MAX: usize = 4 * SUBSCRIBERS_MAX;
/// A client that takes longer to say what it wants is let go.
const HEADER_WITHIN: Duration = Duration::from_secs(10);
/// How long a subscription lasts where its subscriber does not say, and at most, seconds.
const LASTS_SECS: f64 = 60.0;
const LASTS_SECS_MAX: f64 = 3600.0;
/// Longest wait for something new, and most notifications at a time.
const WAIT_SECS_MAX: f64 = 60.0;
const NOTIFICATIONS_MAX: usize = 256;

/// The services, served from a thread of their own until dropped.
pub struct Service {
    shared: Arc<Shared>,
    /// What an earlier run told last of zones of which nothing is known yet.
    unseen: Mutex<Vec<Warning>>,
    address: SocketAddr,
    server: Handle<SocketAddr>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    /// `http` or `https`, as subscribers call us.
    scheme: &'static str,
    user: String,
    password: String,
    points: Mutex<PullPoints>,
    news: Notify,
    room: Semaphore,
}

impl Shared {
    fn points(&self) -> MutexGuard<'_, PullPoints> {
        locked(&self.points)
    }
}

impl Service {
    /// Serves at the address of `at` to its user, by TLS where it has a certificate. `last_told` is what an earlier run told of
    /// each zone last.
    ///
    /// # Errors
    /// The address cannot be listened on, or the certificate not be used.
    pub fn start(at: &Address, last_told: &[Warning]) -> Result<Self> {
        let told = || format!("ONVIF events cannot be served at {at}: is another program there?");
        let listener = TcpListener::bind((at.host.as_str(), at.port)).with_context(told)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let mut points = PullPoints::default();
        // What was measured then is not how it is: nothing is known until pictures come.
        let unmeasured = |warning: &Warning| Warning {
            level: None,
            people: None,
            density_people_per_m2: Density::default(),
            ..warning.clone()
        };
        let unseen: Vec<Warning> = last_told.iter().map(unmeasured).collect();
        for warning in &unseen {
            points.tell(warning);
        }
        let tls = at.identity.as_ref().map(tls).transpose()?;
        let shared = Arc::new(Shared {
            scheme: if tls.is_some() { "https" } else { "http" },
            user: at.user.clone(),
            password: at.password.clone(),
            points: Mutex::new(points),
            news: Notify::new(),
            room: Semaphore::new(REQUESTS_MAX),
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let server = Handle::new();
        let handle = server.clone();
        let router = Router::new()
            .fallback(serve)
            .layer(DefaultBodyLimit::max(REQUEST_BYTES_MAX))
            .with_state(Arc::clone(&shared));
        let work = move || {
            if let Err(error) = runtime.block_on(serving(listener, router, tls, handle)) {
                tracing::error!("ONVIF events are not served any more: {error}.");
            }
            // Whoever waits for something new waits in vain: there is nobody to finish for.
            runtime.shutdown_background();
        };
        let thread = std::thread::Builder::new().name("onvif-events".to_owned()).spawn(work)?;
        Ok(Self { shared, unseen: Mutex::new(unseen), address, server, thread: Some(thread) })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Has it fetched that a zone of which nothing was known has a level.
    pub fn show(&self, zone: &str, change: ZoneChange) {
        // Of a zone that comes or goes nothing is told: events are of levels.
        let ZoneChange::Seen(level) = change else { return };
        let known = self.unseen().iter().find(|warning| warning.zone == zone).cloned();
        if let Some(mut warning) = known {
            warning.level = Some(level);
            warning.envelope.published_at = wall_clock();
            self.tell(&warning);
        }
    }

    fn unseen(&self) -> MutexGuard<'_, Vec<Warning>> {
        locked(&self.unseen)
    }

    /// Has a warning fetched by those who subscribe.
    pub fn tell(&self, warning: &Warning) {
        self.unseen().retain(|unseen| unseen.zone != warning.zone);
        self.shared.points().tell(warning);
        self.shared.news.notify_waiters();
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.server.shutdown();
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("The thread of ONVIF events ended by a panic.");
        }
    }
}

/// Our side of TLS.
fn tls(identity: &Identity) -> Result<RustlsConfig> {
    let (chain, key) = certified(identity)?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(RustlsConfig::from_config(Arc::new(config)))
}

/// Serves until the handle ends it.
async fn serving(
    listener: TcpListener,
    router: Router,
    tls: Option<RustlsConfig>,
    handle: Handle<SocketAddr>,
) -> io::Result<()> {
    let service = router.into_make_service();
    match tls {
        None => {
            let mut server = axum_server::from_tcp(listener)?.handle(handle);
            server.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(HEADER_WITHIN);
            server.first_request_timeout(HEADER_WITHIN).serve(service).await
        }
        Some(tls) => {
            let mut server = axum_server::from_tcp_rustls(listener, tls)?.handle(handle);
            server.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(HEADER_WITHIN);
            server.first_request_timeout(HEADER_WITHIN).serve(service).await
        }
    }
}

/// Answers a request at any path.
async fn serve(State(shared): State<Arc<Shared>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let Ok(_room) = shared.room.try_acquire() else {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    };
    let (status, text) = answered(&shared, uri.path(), &headers, &body).await;
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, [(header::CONTENT_TYPE, "application/soap+xml; charset=utf-8")], text).into_response()
}

async fn answered(shared: &Shared, path: &str, headers: &HeaderMap, body: &[u8]) -> (u16, String) {
    let (pull, addressing) = {
        let text = std::str::from_utf8(body).unwrap_or_default();
        let Ok(document) = Document::parse(text) else {
            return Fault::NotWellFormed.answer(&Addressing::default());
        };
        let Some(request) = Request::read(&document) else {
            return Fault::NotWellFormed.answer(&Addressing::default());
        };
        let now = wall_clock();
        let is_public = request.operation() == "GetSystemDateAndTime";
        if !is_public && !request.is_authentic(&shared.user, &shared.password, now) {
            return Fault::NotAuthorized.answer(&request.addressing);
        }
        // The address by which the subscriber reaches us is the one by which it called.
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        match asked(shared, path, host, &request, now) {
            Ok(Asked::Answer(text)) => return (200, text),
            Ok(Asked::Pull(pull)) => (pull, request.addressing.clone()),
            Err(fault) => return fault.answer(&request.addressing),
        }
    };
    match pulled(shared, pull).await {
        Ok(pulled) => (200, pulled.answer(&addressing)),
        Err(fault) => fault.answer(&addressing),
    }
}

/// What is to be done for a request.
enum Asked {
    /// Nothing more.
    Answer(String),
    /// To wait for something new.
    Pull(Pull),
}

struct Pull {
    id: u64,
    limit: usize,
    wait: Duration,
}

struct Pulled {
    elements: Vec<String>,
    ends_at: Timestamp,
}

fn asked(
    shared: &Shared,
    path: &str,
    host: &str,
    request: &Request<'_>,
    now: Timestamp,
) -> Result<Asked, Fault> {
    let url = |path: &str| format!("{}://{host}{path}", shared.scheme);
    let done =
        |content: &dyn Fn(&mut Xml)| Ok(Asked::Answer(answer(&request.addressing, |xml| content(xml))));
    let number = path.strip_prefix(SUBSCRIPTION).and_then(|id| id.parse::<u64>().ok());
    let lasts = |name: &str| -> Result<Timestamp, Fault> {
        let secs = request.field(name).map_or(Some(LASTS_SECS), |text| secs_of(text, now));
        let secs = secs.filter(|secs| *secs > 0.0).ok_or(Fault::InvalidArgument)?;
        Ok(now + secs.min(LASTS_SECS_MAX))
    };
    match (request.operation(), number) {
        ("GetSystemDateAndTime", None) => done(&|xml| date_and_time(xml, now)),
        ("GetDeviceInformation", None) => done(&device_information),
        ("GetServices", None) => done(&|xml| services(xml, &url)),
        ("GetCapabilities", None) => done(&|xml| capabilities(xml, &url)),
        ("GetServiceCapabilities", None) if path == EVENTS => done(&event_capabilities),
        ("GetEventProperties", None) => done(&event_properties),
        ("CreatePullPointSubscription", None) => {
            let ends_at = lasts("InitialTerminationTime")?;
            if request.field("MessageContent").is_some() {
                return Err(Fault::InvalidArgument);
            }
            let filter = Filter::parse(request.field("TopicExpression").unwrap_or_default());
            let id = shared.points().create(filter, ends_at, now).ok_or(Fault::TooManySubscribers)?;
            let address = url(&format!("{SUBSCRIPTION}{id}"));
            done(&|xml| {
                xml.within("tev:CreatePullPointSubscriptionResponse", &[], |xml| {
                    xml.within("tev:SubscriptionReference", &[], |xml| xml.element("wsa:Address", &address));
                    xml.element("wsnt:CurrentTime", &time(now));
                    xml.element("wsnt:TerminationTime", &time(ends_at));
                });
            })
        }
        ("PullMessages", Some(id)) => {
            let wait = request.field("Timeout").and_then(|text| secs_of(text, now));
            let wait = wait.ok_or(Fault::InvalidArgument)?.clamp(0.0, WAIT_SECS_MAX);
            let limit = request.field("MessageLimit").and_then(|text| text.parse().ok());
            let limit = limit.unwrap_or(NOTIFICATIONS_MAX).clamp(1, NOTIFICATIONS_MAX);
            shared.points().keep_alive(id, wait, now);
            Ok(Asked::Pull(Pull { id, limit, wait: Duration::from_secs_f64(wait) }))
        }
        ("SetSynchronizationPoint", Some(id)) => {
            let is_known = shared.points().synchronise(id, now);
            shared.news.notify_waiters();
            is_known.then_some(()).ok_or(Fault::UnknownSubscription)?;
            done(&|xml| xml.empty("tev:SetSynchronizationPointResponse", &[]))
        }
        ("Renew", Some(id)) => {
            let ends_at = lasts("TerminationTime")?;
            shared.points().renew(id, ends_at, now).then_some(()).ok_or(Fault::UnknownSubscription)?;
            done(&|xml| {
                xml.within("wsnt:RenewResponse", &[], |xml| {
                    xml.element("wsnt:TerminationTime", &time(ends_at));
                    xml.element("wsnt:CurrentTime", &time(now));
                });
            })
        }
        ("Unsubscribe", Some(id)) => {
            shared.points().end(id).then_some(()).ok_or(Fault::UnknownSubscription)?;
            done(&|xml| xml.empty("wsnt:UnsubscribeResponse", &[]))
        }
        _ => Err(Fault::NotSupported),
    }
}

/// Waits until there is something new for a subscriber, or it has waited long enough.
async fn pulled(shared: &Shared, pull: Pull) -> Result<Pulled, Fault> {
    let deadline = tokio::time::Instant::now() + pull.wait;
    loop {
        // Before the look, so that what comes after it is not missed.
        let mut news = std::pin::pin!(shared.news.notified());
        news.as_mut().enable();
        let taken = shared.points().take(pull.id, pull.limit, wall_clock());
        let (elements, ends_at) = taken.ok_or(Fault::UnknownSubscription)?;
        let left = deadline.saturating_duration_since(tokio::time::Instant::now());
        if !elements.is_empty() || left.is_zero() {
            return Ok(Pulled { elements, ends_at });
        }
        // Over or not, the next look says what there is.
        timeout(left, news).await.ok();
    }
}

impl Pulled {
    fn answer(&self, to: &Addressing) -> String {
        answer(to, |xml| {
            xml.within("tev:PullMessagesResponse", &[], |xml| {
                xml.element("tev:CurrentTime", &time(wall_clock()));
                xml.element("tev:TerminationTime", &time(self.ends_at));
                for element in &self.elements {
                    xml.raw(element);
                }
            });
        })
    }
}

fn date_and_time(xml: &mut Xml, now: Timestamp) {
    let now = Instant::from_nanosecond(now.unix_nanos().into()).unwrap_or_default();
    let now = jiff::tz::TimeZone::UTC.to_datetime(now);
    let numbers = |xml: &mut Xml, element: &str, fields: [(&str, i64); 3]| {
        xml.within(element, &[], |xml| {
            for (name, value) in fields {
                xml.element(name, &value.to_string());
            }
        });
    };
    xml.within("tds:GetSystemDateAndTimeResponse", &[], |xml| {
        xml.within("tds:SystemDateAndTime", &[], |xml| {
            xml.element("tt:DateTimeType", "NTP");
            xml.element("tt:DaylightSavings", "false");
            xml.within("tt:TimeZone", &[], |xml| xml.element("tt:TZ", "UTC0"));
            xml.within("tt:UTCDateTime", &[], |xml| {
                let [hour, minute, second] = [now.hour(), now.minute(), now.second()].map(i64::from);
                numbers(xml, "tt:Time", [("tt:Hour", hour), ("tt:Minute", minute), ("tt:Second", second)]);
                let (year, month, day) = (now.year().into(), now.month().into(), now.day().into());
                numbers(xml, "tt:Date", [("tt:Year", year), ("tt:Month", month), ("tt:Day", day)]);
            });
        });
    });
}

fn device_information(xml: &mut Xml) {
    xml.within("tds:GetDeviceInformationResponse", &[], |xml| {
        xml.element("tds:Manufacturer", "throng");
        xml.element("tds:Model", "crowd analytics");
        xml.element("tds:FirmwareVersion", env!("CARGO_PKG_VERSION"));
        xml.element("tds:SerialNumber", "0");
        xml.element("tds:HardwareId", std::env::consts::ARCH);
    });
}

fn services(xml: &mut Xml, url: &dyn Fn(&str) -> String) {
    xml.within("tds:GetServicesResponse", &[], |xml| {
        for (namespace, path) in [
            ("http://www.onvif.org/ver10/device/wsdl", DEVICE),
            ("http://www.onvif.org/ver10/events/wsdl", EVENTS),
        ] {
            xml.within("tds:Service", &[], |xml| {
                xml.element("tds:Namespace", namespace);
                xml.element("tds:XAddr", &url(path));
                xml.within("tds:Version", &[], |xml| {
                    xml.element("tt:Major", "21");
                    xml.element("tt:Minor", "12");
                });
            });
        }
    });
}

fn capabilities(xml: &mut Xml, url: &dyn Fn(&str) -> String) {
    xml.within("tds:GetCapabilitiesResponse", &[], |xml| {
        xml.within("tds:Capabilities", &[], |xml| {
            xml.within("tt:Device", &[], |xml| xml.element("tt:XAddr", &url(DEVICE)));
            xml.within("tt:Events", &[], |xml| {
                xml.element("tt:XAddr", &url(EVENTS));
                xml.element("tt:WSSubscriptionPolicySupport", "false");
                xml.element("tt:WSPullPointSupport", "true");
                xml.element("tt:WSPausableSubscriptionManagerInterfaceSupport", "false");
            });
        });
    });
}

fn event_capabilities(xml: &mut Xml) {
    let most = SUBSCRIBERS_MAX.to_string();
    xml.within("tev:GetServiceCapabilitiesResponse", &[], |xml| {
        xml.empty(
            "tev:Capabilities",
            &[
                ("WSSubscriptionPolicySupport", "false"),
                ("WSPausableSubscriptionManagerInterfaceSupport", "false"),
                ("MaxNotificationProducers", "1"),
                ("MaxPullPoints", &most),
                ("PersistentNotificationStorage", "false"),
            ],
        );
    });
}

fn event_properties(xml: &mut Xml) {
    let described = |xml: &mut Xml, name: &str, data: &[(&str, &str)]| {
        xml.within(name, &[("wstop:topic", "true")], |xml| {
            xml.within("tt:MessageDescription", &[("IsProperty", "true")], |xml| {
                let items = |xml: &mut Xml, element: &str, items: &[(&str, &str)]| {
                    xml.within(element, &[], |xml| {
                        for (name, kind) in items {
                            xml.empty("tt:SimpleItemDescription", &[("Name", name), ("Type", kind)]);
                        }
                    });
                };
                items(xml, "tt:Source", &[("VideoSource", "tt:ReferenceToken"), ("Rule", "xs:string")]);
                items(xml, "tt:Data", data);
            });
        });
    };
    xml.within("tev:GetEventPropertiesResponse", &[], |xml| {
        xml.element("tev:TopicNamespaceLocation", "http://www.onvif.org/onvif/ver10/topics/topicns.xml");
        xml.element("wsnt:FixedTopicSet", "true");
        xml.within("wstop:TopicSet", &[], |xml| {
            xml.within("tns1:RuleEngine", &[], |xml| {
                xml.within("CountAggregation", &[], |xml| {
                    described(xml, "OccupancyCounter", &[("Count", "xs:int")]);
                });
            });
            xml.within("tnsthrong:CrowdSafety", &[], |xml| {
                let data = [
                    ("Level", "xs:string"),
                    ("Drill", "xs:boolean"),
                    ("Incident", "xs:string"),
                    ("DensityPeoplePerSquareMetre", "xs:float"),
                ];
                described(xml, "Risk", &data);
            });
        });
        xml.element("wsnt:TopicExpressionDialect", DIALECT);
        xml.element(
            "tev:MessageContentFilterDialect",
            "http://www.onvif.org/ver10/tev/messageContentFilter/ItemFilter",
        );
        xml.element("tev:MessageContentSchemaLocation", "http://www.onvif.org/onvif/ver10/schema/onvif.xsd");
    });
}

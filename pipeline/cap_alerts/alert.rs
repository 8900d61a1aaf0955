//! Reads CAP 1.2 alerts (1.1 is read alike), alone or in a feed of Atom or RSS, from whoever sends them.
//!
//! A document type is refused, and with it every entity but XML's own five; so is what is too large. What is wrong with an alert
//! costs that alert alone.

use anyhow::{Context as _, Result, bail, ensure};
use roxmltree::{Document, Node, ParsingOptions};
use throng_analytics::time::Timestamp;

/// Largest document, bytes: the feed of a whole country's weather service has about one megabyte.
pub const BYTES_MAX: u64 = 8 << 20;
/// Elements and texts in a document at most.
const NODES_MAX: u32 = 400_000;

/// Which alert: its sender and what that calls it. When it was sent is in references, too, but services write it in more ways than
/// one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AlertName {
    /// Who.
    pub sender: String,
    /// Its identifier.
    pub identifier: String,
}

/// What an alert does to those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertKind {
    /// Nothing.
    Alert,
    /// Takes their place.
    Update,
    /// Takes them back.
    Cancel,
}

/// How serious, as CAP has it; in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
#[expect(missing_docs, reason = "the names are CAP's")]
pub enum Severity {
    Minor,
    Moderate,
    Severe,
    Extreme,
}

impl Severity {
    /// As CAP writes it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Minor => "Minor",
            Self::Moderate => "Moderate",
            Self::Severe => "Severe",
            Self::Extreme => "Extreme",
        }
    }
}

/// An alert that is meant: an exercise, a test, an acknowledgement is none.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// Which.
    pub name: AlertName,
    /// When it was sent.
    pub sent: Timestamp,
    /// What it does to those before it.
    pub kind: AlertKind,
    /// Those, of the same sender.
    pub references: Vec<AlertName>,
    /// What it says, often once a language.
    pub infos: Vec<Info>,
}

/// What an alert says.
#[derive(Clone, Debug, PartialEq)]
pub struct Info {
    /// Its language; none: English of the United States, by the standard.
    pub language: Option<String>,
    /// The event, in words.
    pub event: String,
    /// Such as `Met` and `Safety`.
    pub categories: Vec<String>,
    /// How serious; none: not known.
    pub severity: Option<Severity>,
    /// Whether it says that the danger is over.
    pub is_over: bool,
    /// From when.
    pub from: Option<Timestamp>,
    /// Until when.
    pub until: Option<Timestamp>,
    /// In words.
    pub headline: Option<String>,
    /// Who says so, for people.
    pub sender_name: Option<String>,
    /// Where.
    pub areas: Vec<Area>,
}

/// Where an alert holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Area {
    /// In words.
    pub description: String,
    /// Corners, latitude and longitude in degrees; the last is the first.
    pub polygons: Vec<Vec<[f64; 2]>>,
    /// Centres, latitude and longitude in degrees, and radii, kilometres.
    pub circles: Vec<([f64; 2], f64)>,
    /// Codes of places, of whatever scheme.
    pub geocodes: Vec<String>,
}

/// What is in a document.
#[derive(Debug, Default)]
pub struct Contents {
    /// Alerts that are meant, and what is wrong with those that cannot be read.
    pub alerts: Vec<Result<Alert>>,
    /// Entries of a feed whose alerts are elsewhere.
    pub links: Vec<Link>,
}

/// An entry of a feed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Link {
    /// Where its alert is.
    pub address: String,
    /// When the entry last changed, as the feed writes it; none: it does not say.
    pub changed: Option<String>,
}

/// Reads a document.
///
/// # Errors
/// It is too large, no XML without a document type, or neither an alert nor a feed.
pub fn read(bytes: &[u8]) -> Result<Contents> {
    ensure!(bytes.len() as u64 <= BYTES_MAX, "the document is larger than {BYTES_MAX} bytes");
    let text = std::str::from_utf8(bytes).context("the document is not in UTF-8")?;
    let options = ParsingOptions { allow_dtd: false, nodes_limit: NODES_MAX, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text.trim_start_matches('\u{feff}'), options)
        .context("the document is no XML that is taken")?;
    let root = document.root_element();
    let mut contents = Contents::default();
    let is = |node: &Node<'_, '_>, name: &str| node.tag_name().name() == name;
    match root.tag_name().name() {
        "alert" | "feed" | "rss" | "RDF" => {}
        other => {
            bail!("the document begins with <{other}>: it is neither a CAP alert nor a feed of Atom or RSS")
        }
    }
    for alert in root.descendants().filter(|node| is(node, "alert")) {
        contents.alerts.extend(alert_of(alert).transpose());
    }
    let entries = root.descendants().filter(|node| is(node, "entry") || is(node, "item"));
    for entry in entries.filter(|entry| !entry.descendants().any(|node| is(&node, "alert"))) {
        contents.links.extend(link_of(entry));
    }
    Ok(contents)
}

/// The link of an entry: of several the one that says it is CAP.
fn link_of(entry: Node<'_, '_>) -> Option<Link> {
    let links = || entry.children().filter(|node| node.tag_name().name() == "link");
    let is_cap = |node: &Node<'_, '_>| node.attribute("type") == Some("application/cap+xml");
    let is_alternate = |node: &Node<'_, '_>| matches!(node.attribute("rel"), None | Some("alternate"));
    let link = links().find(is_cap).or_else(|| links().find(is_alternate))?;
    let address = link.attribute("href").or_else(|| link.text())?.trim();
    let changed = ["updated", "pubDate", "date", "published"].into_iter().find_map(|name| text(entry, name));
    (!address.is_empty()).then(|| Link { address: address.to_owned(), changed: changed.map(str::to_owned) })
}

/// An alert; none where it is not meant.
fn alert_of(alert: Node<'_, '_>) -> Result<Option<Alert>> {
    let name = AlertName {
        sender: needed(alert, "sender")?.to_owned(),
        identifier: needed(alert, "identifier")?.to_owned(),
    };
    let of_alert = || format!("in the alert {:?} of {}", name.identifier, name.sender);
    let kind = match (needed(alert, "status")?, needed(alert, "msgType")?) {
        ("Actual", "Alert") => AlertKind::Alert,
        ("Actual", "Update") => AlertKind::Update,
        ("Actual", "Cancel") => AlertKind::Cancel,
        _ => return Ok(None),
    };
    let sent = time(alert, "sent")?.context("the alert has no <sent>").with_context(of_alert)?;
    let references = text(alert, "references").unwrap_or_default().split_whitespace();
    let references = references.filter_map(|reference| {
        let (rest, _sent) = reference.rsplit_once(',')?;
        let (sender, identifier) = rest.split_once(',')?;
        // Nobody takes back what another has said.
        (sender == name.sender)
            .then(|| AlertName { sender: sender.to_owned(), identifier: identifier.to_owned() })
    });
    let infos = children(alert, "info").map(info_of).collect::<Result<_>>().with_context(of_alert)?;
    Ok(Some(Alert { sent, kind, references: references.collect(), infos, name }))
}

fn info_of(info: Node<'_, '_>) -> Result<Info> {
    let owned = |name: &str| text(info, name).map(str::to_owned);
    let severity = match text(info, "severity").unwrap_or_default() {
        "Minor" => Some(Severity::Minor),
        "Moderate" => Some(Severity::Moderate),
        "Severe" => Some(Severity::Severe),
        "Extreme" => Some(Severity::Extreme),
        _ => None,
    };
    let is_all_clear = texts(info, "responseType").any(|response| response == "AllClear");
    Ok(Info {
        language: owned("language"),
        event: needed(info, "event")?.to_owned(),
        categories: texts(info, "category").map(str::to_owned).collect(),
        severity,
        is_over: is_all_clear || text(info, "urgency") == Some("Past"),
        from: time(info, "onset")?.or(time(info, "effective")?),
        until: time(info, "expires")?,
        headline: owned("headline"),
        sender_name: owned("senderName"),
        areas: children(info, "area").map(area_of).collect::<Result<_>>()?,
    })
}

fn area_of(area: Node<'_, '_>) -> Result<Area> {
    let polygon = |text: &str| {
        let corners: Vec<_> = text.split_whitespace().map(point).collect::<Result<_>>()?;
        ensure!(corners.len() >= 4, "a polygon of {} corners", corners.len());
        Ok(corners)
    };
    let circle = |text: &str| {
        let (centre, radius_km) = text.split_once(' ').context("a circle without a radius")?;
        let radius_km = number(radius_km)?;
        ensure!(radius_km >= 0.0, "a circle with the radius {radius_km} km");
        Ok((point(centre)?, radius_km))
    };
    Ok(Area {
        description: text(area, "areaDesc").unwrap_or_default().to_owned(),
        polygons: texts(area, "polygon").map(polygon).collect::<Result<_>>()?,
        circles: texts(area, "circle").map(circle).collect::<Result<_>>()?,
        geocodes: children(area, "geocode")
            .filter_map(|code| text(code, "value"))
            .map(str::to_owned)
            .collect(),
    })
}

/// Latitude and longitude, degrees.
fn point(text: &str) -> Result<[f64; 2]> {
    let (latitude, longitude) = text.split_once(',').with_context(|| format!("{text:?} is no place"))?;
    let (latitude, longitude) = (number(latitude)?, number(longitude)?);
    ensure!(latitude.abs() <= 90.0 && longitude.abs() <= 180.0, "{text:?} is no place on Earth");
    Ok([latitude, longitude])
}

fn number(text: &str) -> Result<f64> {
    let number: f64 = text.trim().parse().with_context(|| format!("{text:?} is no number"))?;
    ensure!(number.is_finite(), "{text:?} is no number");
    Ok(number)
}

fn time(node: Node<'_, '_>, name: &str) -> Result<Option<Timestamp>> {
    text(node, name).map(str::parse).transpose().with_context(|| format!("<{name}> is no time"))
}

fn needed<'a>(node: Node<'a, '_>, name: &str) -> Result<&'a str> {
    text(node, name).with_context(|| format!("the alert has no <{name}>"))
}

/// Text of the first child of a name, without spaces around; none where there is none.
fn text<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    texts(node, name).next()
}

fn texts<'a>(node: Node<'a, '_>, name: &str) -> impl Iterator<Item = &'a str> {
    children(node, name).filter_map(|child| child.text()).map(str::trim).filter(|text| !text.is_empty())
}

fn children<'a, 'input>(node: Node<'a, 'input>, name: &str) -> impl Iterator<Item = Node<'a, 'input>> {
    node.children().filter(move |child| child.tag_name().name() == name)
}

#[cfg(test)]
mod tests;

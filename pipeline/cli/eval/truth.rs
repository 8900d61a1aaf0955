//! Where people are, as others marked it: `points.jsonl` of pictures, XML boxes of a video.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, ensure};
use roxmltree::{Document, Node};
use serde::Deserialize;
use throng_models::evaluation::score::Truth;

/// Where a head's middle lies in a standing person's box, as a share of its height from the top.
const HEAD_FROM_TOP: f64 = 0.07;

/// One line of `points.jsonl`; what else stands in it is not needed here.
#[derive(Deserialize)]
struct Row {
    image: String,
    points: Vec<[f64; 2]>,
    #[serde(default)]
    ignore: Option<Vec<[f64; 4]>>,
}

/// The pictures of a folder, by their path below it, in the order of its `points.jsonl`.
///
/// # Errors
/// The file is absent, empty, or a line of it is not as it should be.
pub(super) fn read_points(folder: &Path) -> anyhow::Result<Vec<(String, Truth)>> {
    let path = folder.join("points.jsonl");
    let shown = path.display();
    let text = fs::read_to_string(&path)
        .with_context(|| format!("cannot read {shown}; a folder with points.jsonl is needed"))?;
    let mut pictures = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let row: Row = serde_json::from_str(line).with_context(|| {
            format!("{shown}:{}: expected {{\"image\": \"1.jpg\", \"points\": [[x, y], ...]}}", number + 1)
        })?;
        pictures
            .push((row.image, Truth { heads_px: row.points, ignored_px: row.ignore.unwrap_or_default() }));
    }
    ensure!(!pictures.is_empty(), "{shown} names no picture");
    Ok(pictures)
}

/// Heads of the frames of a video, by their number from 0. The file holds `<frame number="0">` elements, and in each
/// `<box xc yc w h>` elements with the middle and size of a person in pixels.
///
/// # Errors
/// The file is no such XML, or a number in it is none.
pub(super) fn read_boxes(path: &Path) -> anyhow::Result<BTreeMap<u64, Truth>> {
    let shown = path.display();
    let text = fs::read_to_string(path).with_context(|| format!("cannot read the truth {shown}"))?;
    let document = Document::parse(&text).with_context(|| format!("this is no whole XML file: {shown}"))?;
    let mut frames = BTreeMap::new();
    for frame in document.descendants().filter(|node| node.has_tag_name("frame")) {
        let number = attribute(&document, frame, "number").with_context(|| shown.to_string())?;
        let boxes = frame.descendants().filter(|node| node.has_tag_name("box"));
        let heads_px = boxes
            .map(|person| {
                let of = |name| attribute::<f64>(&document, person, name);
                Ok([of("xc")?, of("yc")? + (HEAD_FROM_TOP - 0.5) * of("h")?])
            })
            .collect::<anyhow::Result<Vec<_>>>()
            .with_context(|| shown.to_string())?;
        frames.insert(number, Truth { heads_px, ignored_px: Vec::new() });
    }
    ensure!(!frames.is_empty(), "there is no <frame number=\"...\"> in {shown}");
    Ok(frames)
}

fn attribute<T: std::str::FromStr>(
    document: &Document<'_>,
    node: Node<'_, '_>,
    name: &str,
) -> anyhow::Result<T> {
    let value = node.attribute(name).and_then(|text| text.parse().ok());
    value.with_context(|| {
        let place = document.text_pos_at(node.range().start);
        format!("line {}: <{}> needs the number {name}", place.row, node.tag_name().name())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_read_in_order_and_a_wrong_line_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let write = |text: &str| fs::write(folder.path().join("points.jsonl"), text).unwrap();
        write(
            "{\"image\":\"b.jpg\",\"count\":1,\"points\":[[1,2]]}\n\n{\"image\":\"a.jpg\",\"points\":[],\"ignore\":[[0,0,4,5]]}\n",
        );
        let pictures = read_points(folder.path()).unwrap();
        assert_eq!(pictures[0].0, "b.jpg");
        assert_eq!(pictures[0].1.heads_px, [[1.0, 2.0]]);
        assert_eq!(pictures[1].1.ignored_px, [[0.0, 0.0, 4.0, 5.0]]);
        write("{\"image\":\"b.jpg\",\"points\":[]}\n{\"image\":3}\n");
        let message = read_points(folder.path()).unwrap_err().to_string();
        assert!(message.contains("points.jsonl:2: expected"), "{message}");
        write("");
        assert!(read_points(folder.path()).unwrap_err().to_string().ends_with("names no picture"));
    }

    #[test]
    fn boxes_give_heads_near_their_top() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("truth.xml");
        fs::write(
            &path,
            "<dataset><frame number=\"3\"><objectlist><object id=\"9\"><box h=\"100\" w=\"30\" xc=\"50\" yc=\"80\"/>\
             </object></objectlist></frame><frame number=\"4\"/></dataset>",
        )
        .unwrap();
        let frames = read_boxes(&path).unwrap();
        assert_eq!(frames[&3].heads_px, [[50.0, 37.0]]);
        assert!(frames[&4].heads_px.is_empty());
        fs::write(&path, "<dataset>\n<frame number=\"3\"><box h=\"x\"/></frame></dataset>").unwrap();
        let message = format!("{:#}", read_boxes(&path).unwrap_err());
        assert!(message.contains("truth.xml: line 2: <box> needs the number xc"), "{message}");
    }
}

//! A picture file to upright RGB pixels.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use anyhow::{Context, ensure};
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, RgbImage};

/// Reads a JPEG or PNG picture and turns it the way its camera was held.
pub(crate) fn load(path: &Path) -> anyhow::Result<RgbImage> {
    let shown = path.display();
    let bytes = fs::read(path).with_context(|| format!("cannot read the picture {shown}"))?;
    ensure!(!bytes.is_empty(), "the file is empty; copy it again: {shown}");
    let format = image::guess_format(&bytes).ok();
    let format = format.filter(|format| matches!(format, ImageFormat::Jpeg | ImageFormat::Png));
    let format = format.with_context(|| format!("this is no JPEG or PNG picture; convert it: {shown}"))?;
    ensure!(
        format != ImageFormat::Jpeg || jpeg_is_whole(&bytes),
        "the picture is cut off; copy it again: {shown}"
    );
    decode(&bytes, format)
        .with_context(|| format!("the picture is damaged or cut off; copy it again: {shown}"))
}

fn decode(bytes: &[u8], format: ImageFormat) -> image::ImageResult<RgbImage> {
    let mut decoder = ImageReader::with_format(Cursor::new(bytes), format).into_decoder()?;
    let orientation = decoder.orientation()?;
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    Ok(picture.into_rgb8())
}

/// Whether the end marker follows the last scan. The decoder itself fills what is missing with grey, and a half-grey
/// picture would be counted as if it were whole.
fn jpeg_is_whole(bytes: &[u8]) -> bool {
    let last = |marker: u8| bytes.windows(2).rposition(|pair| pair == [0xFF, marker]);
    let (start_of_scan, end_of_image) = (last(0xDA), last(0xD9));
    end_of_image > start_of_scan
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(name: &str, bytes: &[u8]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        format!("{:#}", load(&path).unwrap_err())
    }

    fn encoded(format: ImageFormat) -> Vec<u8> {
        let picture =
            RgbImage::from_fn(64, 48, |x, y| image::Rgb([(x * 4) as u8, (y * 5) as u8, (x ^ y) as u8]));
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    #[test]
    fn whole_pictures_load() {
        let folder = tempfile::tempdir().unwrap();
        for (name, format) in [("a.png", ImageFormat::Png), ("b.jpg", ImageFormat::Jpeg)] {
            let path = folder.path().join(name);
            fs::write(&path, encoded(format)).unwrap();
            assert_eq!(load(&path).unwrap().dimensions(), (64, 48));
        }
    }

    #[test]
    fn cut_off_pictures_are_refused() {
        let (jpeg, png) = (encoded(ImageFormat::Jpeg), encoded(ImageFormat::Png));
        let message = refusal("half.jpg", &jpeg[..jpeg.len() * 3 / 4]);
        assert!(message.starts_with("the picture is cut off; copy it again: "), "{message}");
        assert!(message.ends_with("half.jpg"), "{message}");
        let message = refusal("half.png", &png[..png.len() / 2]);
        assert!(message.starts_with("the picture is damaged or cut off; copy it again: "), "{message}");
        assert!(message.contains("half.png"), "{message}");
    }

    #[test]
    fn other_files_are_refused() {
        let message = refusal("text.jpg", b"this is a text");
        assert!(message.starts_with("this is no JPEG or PNG picture; convert it: "), "{message}");
        assert!(refusal("empty.png", b"").starts_with("the file is empty; copy it again: "));
    }
}

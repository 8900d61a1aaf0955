//! Pictures as JPEG.

use image::{ImageResult, RgbImage, codecs::jpeg::JpegEncoder};

/// The bytes of a picture in a quality from 1 to 100.
pub(crate) fn jpeg(picture: &RgbImage, quality: u8) -> ImageResult<Vec<u8>> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, quality).encode_image(picture)?;
    Ok(bytes)
}

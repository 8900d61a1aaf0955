//! Videos that are written, or cannot be.

use super::*;

#[test]
fn a_video_that_cannot_be_written_says_why() {
    let folder = folder();
    let message = |path: &Path| {
        let mut writer = match VideoWriter::create(path, 320, 240, 10.0) {
            Ok(writer) => writer,
            Err(error) => return error.to_string(),
        };
        let picture: Vec<u8> =
            (0..320 * 240 * 3_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        for i in 0..200 {
            if let Err(error) = writer.push(&picture, f64::from(i) / 10.0) {
                return error.to_string();
            }
        }
        writer.finish().unwrap_err().to_string()
    };
    let no_folder = message(&in_folder(&folder, "absent/a.mp4"));
    assert!(no_folder.contains("absent/a.mp4") && no_folder.contains("check that the folder"), "{no_folder}");
    assert!(message(&in_folder(&folder, "a.gif")).contains("name it .mp4, .mkv, .avi or .ts"));
    let full = in_folder(&folder, "full.mkv");
    std::os::unix::fs::symlink("/dev/full", &full).unwrap();
    assert!(message(&full).contains("the disk is full"), "{}", message(&full));
}

#[test]
fn a_picture_of_another_size_is_refused() {
    let folder = folder();
    let path = in_folder(&folder, "a.mkv");
    let mut writer = VideoWriter::create(&path, 64, 48, 10.0).unwrap();
    let error = format!("{:#}", writer.push(&[0; 30], 0.0).unwrap_err());
    assert!(error.contains("another size") && error.contains("a.mkv"), "{error}");
    let error = format!("{:#}", VideoWriter::create(&path, 0, 48, 10.0).err().unwrap());
    assert!(error.contains("0 x 48"), "{error}");
}
